"""Rates with bootstrap intervals, and what a study compares: with the base model, with controls (Appendix G)."""


rule rates:
    input:
        outcomes=of_run("outcomes.parquet"),
        generations=of_run("generations.parquet"),
        probes=at(plan.PROBES),
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


rule comparisons:
    input:
        outcomes=lambda wildcards: of_study(wildcards, f"{plan.RUN}/outcomes.parquet"),
        probes=lambda wildcards: of_study(wildcards, plan.PROBES),
    output:
        at(plan.COMPARISONS),
    log:
        log_of(plan.COMPARISONS),
    benchmark:
        benchmark_of(plan.COMPARISONS)
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("comparisons.py"),
        runs=lambda wildcards: plan.described_runs(
            CONFIG, CONFIG.studies[wildcards.study]
        ),
        statistics=settings(CONFIG.statistics),
        classified=CONFIG.detection.paraphrase.classifier is not None,
    script:
        "../../scripts/comparisons.py"


rule definition_rates:
    input:
        definitions=of_run("definitions.parquet"),
        probes=at(plan.PROBES),
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
