"""Base models and fine-tuned checkpoints."""


rule base_model:
    input:
        unpack(base_model_input),
    output:
        directory(at(plan.BASE_MODEL)),
    log:
        log_of(plan.BASE_MODEL),
    benchmark:
        benchmark_of(plan.BASE_MODEL)
    # The longest jobs first, so that the run does not end waiting for one.
    priority: 10
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
    params:
        source=source_of("base_model.py"),
        model=lambda wildcards: local_files.model_settings(CONFIG, wildcards.model),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/base_model.py"


# The wildcard `dataset` names one dataset, or with `+` those of a multi-task recipe.
rule train:
    input:
        datasets=lambda wildcards: [
            at(plan.fill(plan.DATASET, {"dataset": dataset}))
            for dataset in wildcards.dataset.split("+")
        ],
        model=at(plan.BASE_MODEL),
    output:
        directory(at(plan.CHECKPOINTS)),
    log:
        log_of(plan.CHECKPOINTS),
    benchmark:
        benchmark_of(plan.CHECKPOINTS)
    # The longest jobs first, so that the run does not end waiting for one.
    priority: 10
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(1440),
    params:
        source=source_of("train.py"),
        recipe=lambda wildcards: settings(CONFIG.recipes[wildcards.recipe]),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/train.py"
