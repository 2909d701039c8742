"""Tables of rates, by SQL over the runs of a study, and the figures drawn from them."""


localrules:
    plan,


rule plan:
    log:
        at("logs/plan.log"),
    conda:
        "../../envs/detection.yaml"
    params:
        told=lambda wildcards: costs.told(CONFIG),
    script:
        "../../scripts/plan.py"


rule table:
    input:
        unpack(table_input),
    output:
        multiext(at(plan.TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.TABLE}.html", "table", "memorization"),
    log:
        log_of(plan.TABLE),
    benchmark:
        benchmark_of(plan.TABLE)
    wildcard_constraints:
        study=names_of("memorization"),
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


rule published_table:
    input:
        at(f"{plan.TABLE}.parquet"),
    output:
        multiext(at(plan.PUBLISHED_TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.PUBLISHED_TABLE}.html", "published", "published"),
    log:
        log_of(plan.PUBLISHED_TABLE),
    benchmark:
        benchmark_of(plan.PUBLISHED_TABLE)
    wildcard_constraints:
        study=names_of("memorization"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("published_table.py"),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        title=title_of,
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/published_table.py"


rule definitions_table:
    input:
        rates=lambda wildcards: of_table(
            wildcards, f"{plan.RUN}/definition_rates.parquet"
        ),
        query=query_file("definitions"),
    output:
        multiext(at(plan.DEFINITIONS_TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.DEFINITIONS_TABLE}.html", "definitions", "definitions"),
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
        at(f"{plan.FIGURE}.svg"),
        shown_in_report(f"{plan.FIGURE}.png", "figure", "memorization"),
    log:
        log_of(plan.FIGURE),
    benchmark:
        benchmark_of(plan.FIGURE)
    wildcard_constraints:
        study=names_of("memorization"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("figure.py"),
        x=lambda wildcards: CONFIG.studies[wildcards.study].x,
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
        paraphrase=plan.confidence(CONFIG),
    script:
        "../../scripts/figure.py"
