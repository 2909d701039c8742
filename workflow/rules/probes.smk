"""Probes: training inputs cut into prefix and suffix (Section 3.1)."""


rule probes:
    input:
        dataset=at(plan.DATASET),
        model=at(plan.BASE_MODEL),
    output:
        at(plan.PROBES),
    log:
        log_of(plan.PROBES),
    benchmark:
        benchmark_of(plan.PROBES)
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("probes.py"),
        probes=settings(CONFIG.probes, "prefix_tokens"),
    script:
        "../../scripts/probes.py"
