"""Attention of the output on the input, before and after fine-tuning (Section 6.2)."""


def attention_input(wildcards):
    """Probes at the dataset's prefix length, their dataset, base model and, for a fine-tuned state, checkpoints."""
    prefix_tokens = (
        CONFIG.datasets[wildcards.dataset].prefix_tokens or CONFIG.probes.prefix_tokens
    )
    inputs = {
        "dataset": at(plan.fill(plan.DATASET, wildcards)),
        "probes": at(plan.PROBES.format(prefix_tokens=prefix_tokens, **wildcards)),
        "model": at(plan.fill(plan.BASE_MODEL, wildcards)),
    }
    if wildcards.state != plan.BASE:
        inputs["checkpoints"] = at(
            plan.CHECKPOINTS.format(recipe=wildcards.state, **wildcards)
        )
    return inputs


rule attention:
    input:
        unpack(attention_input),
    output:
        maps=at(f"{plan.ATTENTION}/maps.parquet"),
        density=at(f"{plan.ATTENTION}/density.parquet"),
    log:
        log_of(plan.ATTENTION),
    benchmark:
        benchmark_of(plan.ATTENTION)
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
    params:
        source=source_of("attention.py"),
        attention=settings(CONFIG.attention),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/attention.py"


rule density_means:
    input:
        at(f"{plan.ATTENTION}/density.parquet"),
    output:
        at(f"{plan.ATTENTION}/density_means.parquet"),
    log:
        log_of(f"{plan.ATTENTION}/density_means"),
    benchmark:
        benchmark_of(f"{plan.ATTENTION}/density_means")
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("density_means.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/density_means.py"
