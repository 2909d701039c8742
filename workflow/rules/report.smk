"""Tables, one SQL file a study over the rates of its runs, and the figures drawn from them."""


rule table:
    input:
        unpack(table_input),
    output:
        multiext(at(plan.TABLE), *[f".{suffix}" for suffix in plan.TABLE_FORMATS]),
    log:
        log_of(plan.TABLE),
    benchmark:
        benchmark_of(plan.TABLE)
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("table.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study]),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
        paraphrase=plan.confidence(CONFIG),
    script:
        "../../scripts/table.py"


rule definitions_table:
    input:
        rates=lambda wildcards: rates_of_study(wildcards, "definition_rates"),
        query=f"{workflow.basedir}/workflow/queries/definitions.sql",
    output:
        multiext(
            at(plan.DEFINITIONS_TABLE),
            *[f".{suffix}" for suffix in plan.TABLE_FORMATS],
        ),
    log:
        log_of(plan.DEFINITIONS_TABLE),
    benchmark:
        benchmark_of(plan.DEFINITIONS_TABLE)
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("definitions_table.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study]),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
        definitions=settings(CONFIG.detection.definitions),
    script:
        "../../scripts/definitions_table.py"


rule figure:
    input:
        at(f"{plan.TABLE}.parquet"),
    output:
        multiext(at(plan.FIGURE), *[f".{suffix}" for suffix in plan.FIGURE_FORMATS]),
    log:
        log_of(plan.FIGURE),
    benchmark:
        benchmark_of(plan.FIGURE)
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("figure.py"),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
        paraphrase=plan.confidence(CONFIG),
    script:
        "../../scripts/figure.py"
