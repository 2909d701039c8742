"""The clearest cases of each type (Table 22)."""


rule cases_table:
    input:
        unpack(masking_input),
        outcomes=lambda wildcards: of_study(wildcards, f"{plan.RUN}/outcomes.parquet"),
        generations=lambda wildcards: of_study(
            wildcards, f"{plan.RUN}/generations.parquet"
        ),
        probes=lambda wildcards: of_study(wildcards, plan.PROBES),
    output:
        multiext(at(plan.TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.TABLE}.html", "table", "cases"),
    log:
        log_of(plan.TABLE),
    benchmark:
        benchmark_of(plan.TABLE)
    wildcard_constraints:
        study=names_of("cases"),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(60),
    params:
        source=source_of("cases_table.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study]),
        runs=lambda wildcards: plan.described_runs(
            CONFIG, CONFIG.studies[wildcards.study]
        ),
        entities=settings(CONFIG.detection.entities, "batch_size"),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        title=title_of,
        label=CONFIG.label,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/cases_table.py"
