"""The sparse coding model of Section 6.1 and Appendix A: fits of drawn texts, their table and figure."""


rule sparse_coding_fits:
    output:
        at(plan.SPARSE_CODING),
    log:
        log_of(plan.SPARSE_CODING),
    benchmark:
        benchmark_of(plan.SPARSE_CODING)
    conda:
        "../../envs/models.yaml"
    # More would change the order of sums, and matrices as small as these are not multiplied faster.
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        source=source_of("sparse_coding_fits.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study], "title"),
    script:
        "../../scripts/sparse_coding_fits.py"


rule sparse_coding_table:
    input:
        fits=at(plan.SPARSE_CODING),
        query=query_file("sparse_coding"),
    output:
        multiext(at(plan.TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.TABLE}.html", "table", "sparse_coding"),
    log:
        log_of(plan.TABLE),
    benchmark:
        benchmark_of(plan.TABLE)
    wildcard_constraints:
        study=names_of("sparse_coding"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("sparse_coding_table.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/sparse_coding_table.py"


rule sparse_coding_figure:
    input:
        at(f"{plan.TABLE}.parquet"),
    output:
        at(f"{plan.FIGURE}.svg"),
        shown_in_report(f"{plan.FIGURE}.png", "figure", "sparse_coding"),
    log:
        log_of(plan.FIGURE),
    benchmark:
        benchmark_of(plan.FIGURE)
    wildcard_constraints:
        study=names_of("sparse_coding"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("sparse_coding_figure.py"),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/sparse_coding_figure.py"
