"""Rates with bootstrap intervals, and paired differences from the base model (Appendix G)."""


rule rates:
    input:
        of_run("outcomes.parquet"),
    output:
        of_run("rates.parquet"),
    log:
        log_of_run("rates"),
    benchmark:
        benchmark_of_run("rates")
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("rates.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        statistics=settings(CONFIG.statistics),
        classified=CONFIG.detection.paraphrase.classifier is not None,
    script:
        "../../scripts/rates.py"


rule differences:
    input:
        fine_tuned=of_run("outcomes.parquet"),
        base=base_outcomes,
    output:
        of_run("differences.parquet"),
    log:
        log_of_run("differences"),
    benchmark:
        benchmark_of_run("differences")
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("differences.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        statistics=settings(CONFIG.statistics),
        classified=CONFIG.detection.paraphrase.classifier is not None,
    script:
        "../../scripts/differences.py"


rule definition_rates:
    input:
        of_run("definitions.parquet"),
    output:
        of_run("definition_rates.parquet"),
    log:
        log_of_run("definition_rates"),
    benchmark:
        benchmark_of_run("definition_rates")
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("definition_rates.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/definition_rates.py"
