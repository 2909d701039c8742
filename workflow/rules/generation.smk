"""Generations: f(p) for every probe."""


rule generations:
    input:
        unpack(generation_input),
    output:
        of_run("generations.parquet"),
    log:
        log_of_run("generations"),
    benchmark:
        benchmark_of_run("generations")
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
    params:
        source=source_of("generations.py"),
        decoding=lambda wildcards: settings(CONFIG.decodings[wildcards.decoding]),
        batch_size=batch_size_where_it_matters,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/generations.py"
