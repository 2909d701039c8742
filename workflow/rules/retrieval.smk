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
    params:
        source=source_of("index.py"),
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../../envs/detection.yaml"
    script:
        "../../scripts/index.py"


rule candidates:
    input:
        generations=at(plan.RUN + "/generations.parquet"),
        index=at(plan.INDEX),
    output:
        at(plan.RUN + "/candidates.parquet"),
    log:
        log_of(plan.RUN + "/candidates"),
    benchmark:
        benchmark_of(plan.RUN + "/candidates")
    params:
        source=source_of("candidates.py"),
        retrieval=settings(CONFIG.retrieval),
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../../envs/detection.yaml"
    script:
        "../../scripts/candidates.py"
