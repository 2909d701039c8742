"""Rates with bootstrap intervals, and paired differences from the base model (Appendix G)."""


def base_outcomes(wildcards):
    """Outcomes of the same cell before fine-tuning."""
    values = dict(wildcards) | {"state": plan.BASE, "epoch": 0}
    return at(plan.RUN.format(**values) + "/outcomes.parquet")


rule rates:
    input:
        at(plan.RUN + "/outcomes.parquet"),
    output:
        at(plan.RUN + "/rates.parquet"),
    log:
        log_of(plan.RUN + "/rates"),
    benchmark:
        benchmark_of(plan.RUN + "/rates")
    params:
        source=source_of("rates.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        statistics=settings(CONFIG.statistics),
    resources:
        mem_mb=1000,
        runtime=30,
    conda:
        "../../envs/detection.yaml"
    script:
        "../../scripts/rates.py"


rule differences:
    input:
        fine_tuned=at(plan.RUN + "/outcomes.parquet"),
        base=base_outcomes,
    output:
        at(plan.RUN + "/differences.parquet"),
    log:
        log_of(plan.RUN + "/differences"),
    benchmark:
        benchmark_of(plan.RUN + "/differences")
    params:
        source=source_of("differences.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        statistics=settings(CONFIG.statistics),
    resources:
        mem_mb=1000,
        runtime=30,
    conda:
        "../../envs/detection.yaml"
    script:
        "../../scripts/differences.py"
