"""Likelihoods of the probes' own suffixes, what can be extracted of them, and the table and figure of a study."""


rule likelihoods:
    input:
        unpack(generation_input),
    output:
        at(of_likelihood("likelihoods.parquet")),
    log:
        log_of(of_likelihood("likelihoods")),
    benchmark:
        benchmark_of(of_likelihood("likelihoods"))
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
    params:
        source=source_of("likelihoods.py"),
        # Without what shapes no distribution.
        decodings=lambda wildcards: {
            name: settings(CONFIG.decodings[name], "seed", "with_prompt")
            for name in asked_of("decodings")(wildcards)
        },
        tokens=lambda wildcards: max(asked_of("tokens")(wildcards)),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/likelihoods.py"


rule extraction:
    input:
        likelihoods=at(of_likelihood("likelihoods.parquet")),
        probes=at(plan.PROBES),
    output:
        at(of_likelihood("extraction.parquet")),
    log:
        log_of(of_likelihood("extraction")),
    benchmark:
        benchmark_of(of_likelihood("extraction"))
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("extraction.py"),
        task=lambda wildcards: CONFIG.datasets[wildcards.dataset].task,
        greedy=greedy_decodings,
        lengths=asked_of("tokens"),
        draws=asked_of("draws"),
        probability=asked_of("probability"),
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/extraction.py"


rule extraction_table:
    input:
        rates=lambda wildcards: [
            at(plan.fill(of_likelihood("extraction.parquet"), cell))
            for cell in plan.likelihood_cells(CONFIG, CONFIG.studies[wildcards.study])
        ],
        query=query_file("extraction"),
    output:
        multiext(at(plan.TABLE), ".parquet", ".csv", ".md", ".tex"),
        shown_in_report(f"{plan.TABLE}.html", "table", "extraction"),
    log:
        log_of(plan.TABLE),
    benchmark:
        benchmark_of(plan.TABLE)
    wildcard_constraints:
        study=names_of("likelihood"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("extraction_table.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study]),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        title=title_of,
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/extraction_table.py"


rule extraction_figure:
    input:
        at(f"{plan.TABLE}.parquet"),
    output:
        at(f"{plan.FIGURE}.svg"),
        shown_in_report(f"{plan.FIGURE}.png", "figure", "extraction"),
    log:
        log_of(plan.FIGURE),
    benchmark:
        benchmark_of(plan.FIGURE)
    wildcard_constraints:
        study=names_of("likelihood"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("extraction_figure.py"),
        titles=lambda wildcards: plan.titles(CONFIG, CONFIG.studies[wildcards.study]),
        label=CONFIG.label,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/extraction_figure.py"
