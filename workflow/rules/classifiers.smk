"""Classifiers of sentence pairs and taggers of entities: checked, or trained on labelled pairs."""


rule pairs:
    input:
        unpack(lambda wildcards: local_files.pairs_files(CONFIG, wildcards.classifier)),
    output:
        at(plan.PAIRS),
    log:
        log_of(plan.PAIRS),
    benchmark:
        benchmark_of(plan.PAIRS)
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("pairs.py"),
        # Without its files' places: those stand in the input.
        pairs=lambda wildcards: local_files.classifier_settings(
            CONFIG, wildcards.classifier
        )["pairs"],
    script:
        "../../scripts/pairs.py"


rule classifier:
    input:
        unpack(classifier_input),
    output:
        directory(at(plan.CLASSIFIER)),
    log:
        log_of(plan.CLASSIFIER),
    benchmark:
        benchmark_of(plan.CLASSIFIER)
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
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
