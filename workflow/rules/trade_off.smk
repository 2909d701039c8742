"""Memorization against quality: one point a recipe."""


rule trade_off_table:
    input:
        unpack(trade_off_input),
    output:
        multiext(at(plan.TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.TABLE}.html", "table", "trade_off"),
    log:
        log_of(plan.TABLE),
    benchmark:
        benchmark_of(plan.TABLE)
    wildcard_constraints:
        study=names_of("trade_off"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("trade_off_table.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study]),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/trade_off_table.py"


rule trade_off_figure:
    input:
        at(f"{plan.TABLE}.parquet"),
    output:
        at(f"{plan.FIGURE}.svg"),
        shown_in_report(f"{plan.FIGURE}.png", "figure", "trade_off"),
    log:
        log_of(plan.FIGURE),
    benchmark:
        benchmark_of(plan.FIGURE)
    wildcard_constraints:
        study=names_of("trade_off"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("trade_off_figure.py"),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/trade_off_figure.py"
