"""Datasets: any source to rows of instruction, input and target."""


rule dataset:
    input:
        unpack(lambda wildcards: local_files.dataset_files(CONFIG, wildcards.dataset)),
    output:
        at(plan.DATASET),
    log:
        log_of(plan.DATASET),
    benchmark:
        benchmark_of(plan.DATASET)
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("dataset.py"),
        # Without its files' places: those stand in the input.
        dataset=lambda wildcards: local_files.dataset_settings(
            CONFIG, wildcards.dataset
        ),
    script:
        "../../scripts/dataset.py"
