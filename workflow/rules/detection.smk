"""Detection: alignment of each generation with its candidates, and one outcome per probe (Appendix B)."""


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


rule outcomes:
    input:
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
    script:
        "../../scripts/definitions.py"
