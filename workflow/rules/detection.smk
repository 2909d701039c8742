"""Detection: alignment with the candidates, confidence and entities of matches, one outcome per probe (Appendix B)."""


rule sentences:
    input:
        at(plan.PROBES),
    output:
        at(plan.SENTENCES),
    log:
        log_of(plan.SENTENCES),
    benchmark:
        benchmark_of(plan.SENTENCES)
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("sentences.py"),
        sentences=CONFIG.detection.sentences,
    script:
        "../../scripts/sentences.py"


rule matches:
    input:
        generations=of_run("generations.parquet"),
        candidates=of_run("candidates.parquet"),
        probes=at(plan.PROBES),
        sentences=at(plan.SENTENCES),
    output:
        of_run("matches.parquet"),
    log:
        log_of_run("matches"),
    benchmark:
        benchmark_of_run("matches")
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(240),
    params:
        source=source_of("matches.py"),
        profile=CONFIG.detection.profile,
    script:
        "../../scripts/matches.py"


rule paraphrases:
    input:
        generations=of_run("generations.parquet"),
        matches=of_run("matches.parquet"),
        probes=at(plan.PROBES),
        sentences=at(plan.SENTENCES),
        classifier=classifier_of(CONFIG.detection.paraphrase.classifier),
    output:
        of_run("paraphrases.parquet"),
    log:
        log_of_run("paraphrases"),
    benchmark:
        benchmark_of_run("paraphrases")
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
    params:
        source=source_of("paraphrases.py"),
        paraphrase=settings(CONFIG.detection.paraphrase, "batch_size"),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/paraphrases.py"


rule entities:
    input:
        unpack(tagger_input),
        generations=of_run("generations.parquet"),
        matches=of_run("matches.parquet"),
        probes=at(plan.PROBES),
    output:
        of_run("entities.parquet"),
    log:
        log_of_run("entities"),
    benchmark:
        benchmark_of_run("entities")
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
    params:
        source=source_of("entities.py"),
        entities=settings(CONFIG.detection.entities, "batch_size"),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/entities.py"


rule outcomes:
    input:
        unpack(annotations),
        probes=at(plan.PROBES),
        matches=of_run("matches.parquet"),
    output:
        of_run("outcomes.parquet"),
    log:
        log_of_run("outcomes"),
    benchmark:
        benchmark_of_run("outcomes")
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


rule definitions:
    input:
        probes=at(plan.PROBES),
        generations=of_run("generations.parquet"),
        outcomes=of_run("outcomes.parquet"),
        matches=of_run("matches.parquet"),
        dataset=at(plan.DATASET),
        model=at(plan.BASE_MODEL),
    output:
        of_run("definitions.parquet"),
    log:
        log_of_run("definitions"),
    benchmark:
        benchmark_of_run("definitions")
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
