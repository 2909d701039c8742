"""Quality: answers to test rows, and how well they do the task (Appendix I)."""


rule answers:
    input:
        unpack(answered_by),
    output:
        at(f"{plan.QUALITY}/answers.parquet"),
    log:
        log_of(f"{plan.QUALITY}/answers"),
    benchmark:
        benchmark_of(f"{plan.QUALITY}/answers")
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
    params:
        source=source_of("answers.py"),
        answers=lambda wildcards: plan.answer_settings(CONFIG, wildcards.state),
        decoding=lambda wildcards: settings(CONFIG.decodings[wildcards.decoding]),
        batch_size=batch_size_where_it_matters,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/answers.py"


rule quality:
    input:
        at(f"{plan.QUALITY}/answers.parquet"),
    output:
        at(f"{plan.QUALITY}/quality.parquet"),
    log:
        log_of(f"{plan.QUALITY}/quality"),
    benchmark:
        benchmark_of(f"{plan.QUALITY}/quality")
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(120),
    params:
        source=source_of("quality.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/quality.py"


rule quality_table:
    input:
        unpack(quality_table_input),
    output:
        multiext(at(plan.TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.TABLE}.html", "table", "quality"),
    log:
        log_of(plan.TABLE),
    benchmark:
        benchmark_of(plan.TABLE)
    wildcard_constraints:
        study=names_of("quality"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("quality_table.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study]),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        title=title_of,
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/quality_table.py"


rule quality_published_table:
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
        study=names_of("quality"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("quality_published_table.py"),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        title=title_of,
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/quality_published_table.py"


rule quality_figure:
    input:
        at(f"{plan.TABLE}.parquet"),
    output:
        at(f"{plan.FIGURE}.svg"),
        shown_in_report(f"{plan.FIGURE}.png", "figure", "quality"),
    log:
        log_of(plan.FIGURE),
    benchmark:
        benchmark_of(plan.FIGURE)
    wildcard_constraints:
        study=names_of("quality"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("quality_figure.py"),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/quality_figure.py"
