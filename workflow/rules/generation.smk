"""Generations: f(p) for every probe."""


def generation_input(wildcards):
    """Probes, base model and, for a fine-tuned state, the checkpoints of its training run."""
    inputs = {
        "probes": at(plan.fill(plan.PROBES, wildcards)),
        "model": at(plan.fill(plan.BASE_MODEL, wildcards)),
    }
    if wildcards.state != plan.BASE:
        inputs["checkpoints"] = at(plan.CHECKPOINTS.format(recipe=wildcards.state, **wildcards))
    return inputs


def batch_size_where_it_matters(wildcards):
    """fp32 text does not depend on the batch size; bf16 text does, and is stale when it changes."""
    return CONFIG.compute.generation_batch_size if CONFIG.decodings[wildcards.decoding].precision == "bf16" else None


rule generations:
    input:
        unpack(generation_input),
    output:
        at(plan.RUN + "/generations.parquet"),
    log:
        log_of(plan.RUN + "/generations"),
    benchmark:
        benchmark_of(plan.RUN + "/generations")
    params:
        source=source_of("generations.py"),
        decoding=lambda wildcards: settings(CONFIG.decodings[wildcards.decoding]),
        batch_size=batch_size_where_it_matters,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    threads: CONFIG.compute.threads
    resources:
        mem_mb=lambda wildcards, attempt: CONFIG.compute.memory_mb * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 480 * attempt,
    conda:
        "../../envs/models.yaml"
    script:
        "../../scripts/generations.py"
