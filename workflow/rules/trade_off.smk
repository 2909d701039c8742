"""Memorization against quality: one point a recipe."""


def trade_off_input(wildcards):
    """Rates of a study's runs, the quality of their states, and the tables of its training runs."""
    study = CONFIG.studies[wildcards.study]
    answered = dict.fromkeys(
        plan.answered(run, study.answers) for run in plan.member_runs(CONFIG, study)
    )
    trained = plan.training_runs(CONFIG, study)
    return {
        "rates": of_study(wildcards, f"{plan.RUN}/rates.parquet"),
        "quality": [at(f"{folder}/quality.parquet") for folder in answered],
        "training": [at(plan.fill(plan.CHECKPOINTS, run)) for run in trained],
        "query": query_file("trade_off"),
    }


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
