"""Detection: alignment of each generation with its candidates, and one outcome per probe (Appendix B)."""


rule matches:
    input:
        generations=at(plan.RUN + "/generations.parquet"),
        candidates=at(plan.RUN + "/candidates.parquet"),
        probes=at(plan.PROBES),
    output:
        at(plan.RUN + "/matches.parquet"),
    log:
        log_of(plan.RUN + "/matches"),
    benchmark:
        benchmark_of(plan.RUN + "/matches")
    params:
        source=source_of("matches.py"),
        detection=settings(CONFIG.detection),
    resources:
        mem_mb=2000,
        runtime=240,
    conda:
        "../../envs/detection.yaml"
    script:
        "../../scripts/matches.py"


rule outcomes:
    input:
        probes=at(plan.PROBES),
        matches=at(plan.RUN + "/matches.parquet"),
    output:
        at(plan.RUN + "/outcomes.parquet"),
    log:
        log_of(plan.RUN + "/outcomes"),
    benchmark:
        benchmark_of(plan.RUN + "/outcomes")
    params:
        source=source_of("outcomes.py"),
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../../envs/detection.yaml"
    script:
        "../../scripts/outcomes.py"
