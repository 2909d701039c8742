"""Attention of the output on the input, before and after fine-tuning (Section 6.2)."""


rule attention:
    input:
        unpack(attention_input),
    output:
        maps=at(f"{plan.ATTENTION}/maps.parquet"),
        density=at(f"{plan.ATTENTION}/density.parquet"),
    log:
        log_of(plan.ATTENTION),
    benchmark:
        benchmark_of(plan.ATTENTION)
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
    params:
        source=source_of("attention.py"),
        attention=settings(CONFIG.attention),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/attention.py"


rule density_means:
    input:
        at(f"{plan.ATTENTION}/density.parquet"),
    output:
        at(f"{plan.ATTENTION}/density_means.parquet"),
    log:
        log_of(f"{plan.ATTENTION}/density_means"),
    benchmark:
        benchmark_of(f"{plan.ATTENTION}/density_means")
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("density_means.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/density_means.py"


rule attention_table:
    input:
        means=lambda wildcards: attention_of_study(wildcards, "density_means.parquet"),
        query=query_file("attention"),
    output:
        multiext(at(plan.TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.TABLE}.html", "table", "attention"),
    log:
        log_of(plan.TABLE),
    benchmark:
        benchmark_of(plan.TABLE)
    wildcard_constraints:
        study=names_of("attention"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("attention_table.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study]),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        title=title_of,
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/attention_table.py"


rule correlation_table:
    input:
        unpack(correlation_input),
    output:
        multiext(at(plan.CORRELATION_TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.CORRELATION_TABLE}.html", "correlation", "correlation"),
    log:
        log_of(plan.CORRELATION_TABLE),
    benchmark:
        benchmark_of(plan.CORRELATION_TABLE)
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("correlation_table.py"),
        runs=lambda wildcards: plan.described_runs(
            CONFIG, CONFIG.studies[wildcards.study]
        ),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        title=title_of,
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/correlation_table.py"


rule attention_figure:
    input:
        lambda wildcards: attention_of_study(wildcards, "maps.parquet"),
    output:
        at(f"{plan.FIGURE}.svg"),
        shown_in_report(f"{plan.FIGURE}.png", "figure", "attention"),
    log:
        log_of(plan.FIGURE),
    benchmark:
        benchmark_of(plan.FIGURE)
    wildcard_constraints:
        study=names_of("attention"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        source=source_of("attention_figure.py"),
        cells=lambda wildcards: plan.attention_cells(
            CONFIG, CONFIG.studies[wildcards.study]
        ),
        shows=lambda wildcards: CONFIG.studies[wildcards.study].shows,
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
    script:
        "../../scripts/attention_figure.py"
