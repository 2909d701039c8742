"""Retrieval: an index over the suffixes, and the candidates of each generation (Appendix B.1)."""


rule index:
    input:
        at(plan.PROBES),
    output:
        directory(at(plan.INDEX)),
    log:
        log_of(plan.INDEX),
    benchmark:
        benchmark_of(plan.INDEX)
    conda:
        "../../envs/detection.yaml"
    # Scaled down with `--cores`: no result depends on it.
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("index.py"),
    script:
        "../../scripts/index.py"


rule candidates:
    input:
        generations=of_run("generations.parquet"),
        index=at(plan.INDEX),
    output:
        of_run("candidates.parquet"),
    log:
        log_of_run("candidates"),
    benchmark:
        benchmark_of_run("candidates")
    conda:
        "../../envs/detection.yaml"
    # Scaled down with `--cores`: no result depends on it.
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("candidates.py"),
        retrieval=settings(CONFIG.retrieval),
    script:
        "../../scripts/candidates.py"
