"""Quality: answers to test rows, and how well they do the task (Appendix I)."""


def answered_by(wildcards):
    """Dataset, base model and, for a fine-tuned state, the checkpoints of its training run."""
    inputs = {
        "dataset": at(plan.fill(plan.DATASET, wildcards)),
        "model": at(plan.fill(plan.BASE_MODEL, wildcards)),
    }
    if wildcards.state != plan.BASE:
        inputs["checkpoints"] = checkpoints_of(wildcards)
    return inputs


rule answers:
    input:
        unpack(answered_by),
    output:
        at(f"{plan.QUALITY}/answers.parquet"),
    log:
        log_of(f"{plan.QUALITY}/answers"),
    benchmark:
        benchmark_of(f"{plan.QUALITY}/answers")
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
    params:
        source=source_of("answers.py"),
        answers=lambda wildcards: plan.answer_settings(CONFIG, wildcards.state),
        decoding=lambda wildcards: settings(CONFIG.decodings[wildcards.decoding]),
        batch_size=batch_size_where_it_matters,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/answers.py"


rule quality:
    input:
        at(f"{plan.QUALITY}/answers.parquet"),
    output:
        at(f"{plan.QUALITY}/quality.parquet"),
    log:
        log_of(f"{plan.QUALITY}/quality"),
    benchmark:
        benchmark_of(f"{plan.QUALITY}/quality")
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(120),
    params:
        source=source_of("quality.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/quality.py"
