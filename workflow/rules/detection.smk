"""Detection: candidates, alignment, confidence and entities of matches, one outcome per probe (Appendix B)."""


include: "../inputs/detection.smk"


rule index:
    input:
        of_side,
    output:
        directory(at(plan.INDEX)),
    log:
        log_of(plan.INDEX),
    conda:
        "../../envs/detection.yaml"
    # One reads, one writes. Reduced by `--cores`: no result depends on it.
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("index.py"),
        segmentation=segmentation_of,
    script:
        "../../scripts/index.py"


rule candidates:
    input:
        generations=at(of_run("generations.parquet")),
        index=at(plan.INDEX),
    output:
        at(plan.CANDIDATES),
    log:
        log_of(plan.CANDIDATES),
    conda:
        "../../envs/detection.yaml"
    # Reduced by `--cores`: no result depends on it.
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("candidates.py"),
        segmentation=segmentation_of,
        retrieval=settings(CONFIG.retrieval),
    script:
        "../../scripts/candidates.py"


rule sentences:
    input:
        of_side,
    output:
        model=at(plan.SENTENCES),
        checksum=at(plan.SENTENCES_CHECKSUM),
    log:
        log_of(plan.SENTENCES),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("sentences.py"),
        segmentation=segmentation_of,
        sentences=CONFIG.detection.sentences,
    script:
        "../../scripts/sentences.py"


rule matches:
    input:
        generations=at(of_run("generations.parquet")),
        candidates=at(plan.CANDIDATES),
        probes=of_side,
        sentences=at(plan.SENTENCES),
    output:
        at(detected("matches.parquet")),
    log:
        log_of(detected("matches.parquet")),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        source=source_of("matches.py"),
        segmentation=segmentation_of,
        thresholds=thresholds_of,
    script:
        "../../scripts/matches.py"


rule all_pairs:
    input:
        generations=at(of_run("generations.parquet")),
        candidates=at(plan.CANDIDATES),
        probes=of_side,
        sentences=at(plan.SENTENCES),
    output:
        at(plan.ALL_PAIRS),
    log:
        log_of(plan.ALL_PAIRS),
    conda:
        "../../envs/detection.yaml"
    # Reduced by `--cores`: no result depends on it.
    threads: 2
    resources:
        mem_mb=growing(2000),
        runtime=growing(480),
    params:
        source=source_of("all_pairs.py"),
        segmentation=segmentation_of,
        thresholds=thresholds_of,
        seed=CONFIG.probes.seed,
    script:
        "../../scripts/all_pairs.py"


rule paraphrases:
    input:
        generations=at(of_run("generations.parquet")),
        matches=at(detected("matches.parquet")),
        probes=of_side,
        sentences=at(plan.SENTENCES),
        classifier=classifier_folder(CONFIG.detection.paraphrase.classifier),
    output:
        at(detected("paraphrases.parquet")),
    log:
        log_of(detected("paraphrases.parquet")),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=GPU,
    params:
        source=source_of("paraphrases.py"),
        segmentation=segmentation_of,
        paraphrase=settings(CONFIG.detection.paraphrase, "batch_size"),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/paraphrases.py"


rule entities:
    input:
        unpack(tagger_input),
        generations=at(of_run("generations.parquet")),
        matches=at(detected("matches.parquet")),
        probes=of_side,
        prompts=of_prompting,
    output:
        at(detected("entities.parquet")),
    log:
        log_of(detected("entities.parquet")),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=GPU if CONFIG.detection.entities.tagger else 0,
    params:
        source=source_of("entities.py"),
        entities=settings(CONFIG.detection.entities, "batch_size"),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/entities.py"


rule personal_data_of_probes:
    input:
        unpack(tagger_input),
        probes=at(plan.PROBES),
        searched=of_side,
    output:
        at(plan.PERSONAL_DATA),
    log:
        log_of(plan.PERSONAL_DATA),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=GPU if CONFIG.detection.entities.tagger else 0,
    params:
        source=source_of("personal_data.py"),
        tagger=CONFIG.detection.entities.tagger,
        region=CONFIG.detection.entities.region,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/personal_data.py"


rule personal_data_of_generations:
    input:
        unpack(tagger_input),
        generations=at(of_run("generations.parquet")),
        probes=of_prompting,
    output:
        at(plan.GENERATED_PERSONAL_DATA),
    log:
        log_of(plan.GENERATED_PERSONAL_DATA),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=GPU if CONFIG.detection.entities.tagger else 0,
    params:
        source=source_of("personal_data.py"),
        tagger=CONFIG.detection.entities.tagger,
        region=CONFIG.detection.entities.region,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/personal_data.py"


rule outcomes:
    input:
        unpack(annotations),
        probes=at(plan.PROBES),
        matches=at(detected("matches.parquet")),
    output:
        at(detected("outcomes.parquet")),
    log:
        log_of(detected("outcomes.parquet")),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("outcomes.py"),
        decides=CONFIG.detection.decides,
    script:
        "../../scripts/outcomes.py"


rule positive_controls:
    input:
        unpack(judge_input),
        unpack(answer_starts),
        generations=at(of_run("generations.parquet")),
        probes=of_side,
        index=at(plan.INDEX),
        sentences=at(plan.SENTENCES),
        model=at(plan.BASE_MODEL),
    output:
        at(detected("positive_controls.parquet")),
    log:
        log_of(detected("positive_controls.parquet")),
    # The judge and the models' tokenizers are there.
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=GPU if CONFIG.detection.paraphrase.classifier else 0,
    params:
        source=source_of("positive_controls.py"),
        detector=detector_of,
        decoding=lambda wildcards: {
            key: getattr(CONFIG.decodings[wildcards.decoding], key)
            for key in ("max_new_tokens", "with_prompt")
        },
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/positive_controls.py"


rule references:
    input:
        probes=at(plan.PROBES),
        dataset=at(plan.DATASET),
        model=at(plan.BASE_MODEL),
    output:
        at(plan.REFERENCES),
    log:
        log_of(plan.REFERENCES),
    # The models' tokenizers are there.
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("references.py"),
    script:
        "../../scripts/references.py"


rule definitions:
    input:
        references=at(plan.REFERENCES),
        generations=at(of_run("generations.parquet")),
        outcomes=at(detected("outcomes.parquet")),
        matches=at(detected("matches.parquet")),
        dataset=at(plan.DATASET),
        model=at(plan.BASE_MODEL),
    output:
        at(detected("definitions.parquet")),
    log:
        log_of(detected("definitions.parquet")),
    wildcard_constraints:
        # They compare with the own suffix.
        side=plan.INPUT,
    # The models' tokenizers are there.
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("definitions.py"),
        definitions=settings(CONFIG.detection.definitions),
        max_new_tokens=lambda wildcards: CONFIG.decodings[
            wildcards.decoding
        ].max_new_tokens,
        with_prompt=lambda wildcards: CONFIG.decodings[wildcards.decoding].with_prompt,
    script:
        "../../scripts/definitions.py"
