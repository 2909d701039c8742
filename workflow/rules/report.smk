"""Tables: one SQL file a study, over the rates of its runs."""


def table_input(wildcards):
    """Rates of a study's runs, and the differences of its fine-tuned ones."""
    study = CONFIG.studies[wildcards.study]
    return {
        "rates": [at(run.path + "/rates.parquet") for run in plan.study_runs(CONFIG, study)],
        "differences": [at(run.path + "/differences.parquet") for run in plan.fine_tuned_runs(CONFIG, study)],
        "training": list(
            dict.fromkeys(
                at(plan.CHECKPOINTS.format(model=run.model, recipe=run.state, dataset=run.dataset))
                for run in plan.fine_tuned_runs(CONFIG, study)
            )
        ),
        "query": f"{workflow.basedir}/workflow/queries/{study.kind}.sql",
    }


rule table:
    input:
        unpack(table_input),
    output:
        multiext(at(plan.TABLE), *[f".{suffix}" for suffix in plan.TABLE_FORMATS]),
    log:
        log_of(plan.TABLE),
    benchmark:
        benchmark_of(plan.TABLE)
    params:
        source=source_of("table.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study]),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    resources:
        mem_mb=1000,
        runtime=30,
    conda:
        "../../envs/detection.yaml"
    script:
        "../../scripts/table.py"
