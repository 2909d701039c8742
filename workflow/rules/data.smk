"""Datasets, labelled pairs, and probes: training inputs cut into prefix and suffix (Section 3.1)."""


include: "../inputs/data.smk"


rule dataset:
    input:
        unpack(lambda wildcards: local_files.dataset_files(CONFIG, wildcards.dataset)),
    output:
        at(plan.DATASET),
    log:
        log_of(plan.DATASET),
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("dataset.py"),
        # Without the paths of its files, which are its input.
        dataset=lambda wildcards: local_files.dataset_settings(
            CONFIG, wildcards.dataset
        ),
    script:
        "../../scripts/dataset.py"


rule pairs:
    input:
        unpack(lambda wildcards: local_files.pairs_files(CONFIG, wildcards.classifier)),
    output:
        at(plan.PAIRS),
    log:
        log_of(plan.PAIRS),
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("pairs.py"),
        # Without the paths of its files, which are its input.
        pairs=lambda wildcards: local_files.classifier_settings(
            CONFIG, wildcards.classifier
        )["pairs"],
    script:
        "../../scripts/pairs.py"


rule probes:
    input:
        dataset=at(plan.DATASET),
        model=at(plan.BASE_MODEL),
    output:
        at(plan.PROBES),
    log:
        log_of(plan.PROBES),
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


rule prompts:
    input:
        unpack(prompt_input),
    output:
        at(plan.PROMPTS),
    log:
        log_of(plan.PROMPTS),
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("prompts.py"),
        prompting=lambda wildcards: settings(CONFIG.promptings[wildcards.prompting]),
        instructions=instructions_of_prompts,
    script:
        "../../scripts/prompts.py"


rule sides:
    input:
        probes=at(plan.PROBES),
        dataset=at(plan.DATASET),
    output:
        at(plan.SEARCHED),
    log:
        log_of(plan.SEARCHED),
    wildcard_constraints:
        # Suffixes are searched for in the probes themselves.
        side="target|both",
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("sides.py"),
        minimum_characters=CONFIG.probes.minimum_suffix_characters,
    script:
        "../../scripts/sides.py"
