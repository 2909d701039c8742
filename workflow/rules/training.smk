"""Base models and fine-tuned checkpoints."""


def base_model_input(wildcards):
    """A local checkpoint's files, or the dataset that a model from scratch is pretrained on."""
    folder = plan.model_folder(CONFIG, wildcards.model)
    if folder is not None:
        return {"files": sorted(map(str, Path(folder).glob("*.*")))}
    corpus = plan.pretraining_dataset(CONFIG, wildcards.model)
    return {"dataset": at(plan.fill(plan.DATASET, {"dataset": corpus}))} if corpus else {}


rule base_model:
    input:
        unpack(base_model_input),
    output:
        directory(at(plan.BASE_MODEL)),
    log:
        log_of(plan.BASE_MODEL),
    benchmark:
        benchmark_of(plan.BASE_MODEL)
    params:
        source=source_of("base_model.py"),
        model=lambda wildcards: plan.model_settings(CONFIG, wildcards.model),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    threads: CONFIG.compute.threads
    resources:
        mem_mb=lambda wildcards, attempt: CONFIG.compute.memory_mb * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 240 * attempt,
    conda:
        "../../envs/models.yaml"
    script:
        "../../scripts/base_model.py"


rule train:
    input:
        dataset=at(plan.DATASET),
        model=at(plan.BASE_MODEL),
    output:
        directory(at(plan.CHECKPOINTS)),
    log:
        log_of(plan.CHECKPOINTS),
    benchmark:
        benchmark_of(plan.CHECKPOINTS)
    params:
        source=source_of("train.py"),
        recipe=lambda wildcards: settings(CONFIG.recipes[wildcards.recipe]),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    threads: CONFIG.compute.threads
    resources:
        mem_mb=lambda wildcards, attempt: CONFIG.compute.memory_mb * 2 ** (attempt - 1),
        runtime=lambda wildcards, attempt: 1440 * attempt,
    conda:
        "../../envs/models.yaml"
    script:
        "../../scripts/train.py"
