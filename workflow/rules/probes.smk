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
    params:
        source=source_of("probes.py"),
        probes=settings(CONFIG.probes, "prefix_tokens"),
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../../envs/models.yaml"
    script:
        "../../scripts/probes.py"
