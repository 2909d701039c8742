"""Datasets: any source to rows of instruction, input and target."""


rule dataset:
    input:
        unpack(lambda wildcards: plan.dataset_files(CONFIG, wildcards.dataset)),
    output:
        at(plan.DATASET),
    log:
        log_of(plan.DATASET),
    benchmark:
        benchmark_of(plan.DATASET)
    params:
        source=source_of("dataset.py"),
        # Without its files' places: those stand in the input.
        dataset=lambda wildcards: plan.dataset_settings(CONFIG, wildcards.dataset),
    resources:
        mem_mb=2000,
        runtime=60,
    conda:
        "../../envs/models.yaml"
    script:
        "../../scripts/dataset.py"
