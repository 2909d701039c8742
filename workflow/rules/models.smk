"""Base models, fine-tuned checkpoints, and classifiers of sentence pairs and tokens."""

from memorization.models.recipes.chosen import chosen as chosen_modules


include: "../inputs/models.smk"


rule base_model:
    input:
        unpack(base_model_input),
    output:
        directory(at(plan.BASE_MODEL)),
    log:
        log_of(plan.BASE_MODEL),
    # The longest jobs first, so that the end of the run does not wait for one.
    priority: 10
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=gpu_of_base_model,
    params:
        source=source_of("base_model.py"),
        model=lambda wildcards: local_files.model_settings(CONFIG, wildcards.model),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/base_model.py"


rule fine_tuned_model:
    input:
        unpack(fine_tuned_model_input),
        model=at(plan.BASE_MODEL),
    output:
        directory(at(plan.FINE_TUNED)),
    log:
        log_of(plan.FINE_TUNED),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
    params:
        source=source_of("fine_tuned_model.py"),
        model=lambda wildcards: local_files.model_settings(
            CONFIG, wildcards.model, wildcards.state
        ),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/fine_tuned_model.py"


# The wildcard `dataset` names one dataset, or those of a multi-task recipe, joined by `+`.
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
    # The longest jobs first, so that the end of the run does not wait for one.
    priority: 10
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(1440),
        gpu=GPU,
    params:
        source=lambda wildcards: digest_of(
            "train.py", *chosen_modules(CONFIG.recipes[wildcards.recipe])
        ),
        # Without the seeds: each is a coordinate, so that another one trains nothing anew.
        recipe=lambda wildcards: settings(CONFIG.recipes[wildcards.recipe], "seeds"),
        instructions=instructions_of,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/train.py"


rule classifier:
    input:
        unpack(classifier_input),
    output:
        directory(at(plan.CLASSIFIER)),
    log:
        log_of(plan.CLASSIFIER),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
        gpu=gpu_of_classifier,
    params:
        source=source_of("classifier.py"),
        classifier=lambda wildcards: local_files.classifier_settings(
            CONFIG, wildcards.classifier
        ),
        head=lambda wildcards: plan.classifier_heads(CONFIG)[wildcards.classifier],
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/classifier.py"
