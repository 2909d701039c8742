"""Rates and means with intervals, and comparisons of a study with the base model and with controls (Appendix G)."""


include: "../inputs/rates.smk"


rule rates:
    input:
        unpack(positive_controls_of),
        outcomes=at(detected("outcomes.parquet")),
        generations=at(of_run("generations.parquet")),
        probes=of_prompting,
    output:
        at(detected("rates.parquet")),
    log:
        log_of(detected("rates.parquet")),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("rates.py"),
        task=task_of,
        statistics=settings(CONFIG.statistics),
        classified=CONFIG.detection.paraphrase.classifier is not None,
    script:
        "../../scripts/rates.py"


rule comparisons:
    input:
        outcomes=study_run_files(detected("outcomes.parquet")),
        probes=prompts_of_study,
        rates=study_run_files(detected("rates.parquet")),
        positive_controls=study_run_files(
            detected("positive_controls.parquet"), "member"
        ),
    output:
        comparisons=at(plan.COMPARISONS),
        means=at(plan.MEANS),
    log:
        log_of(plan.COMPARISONS),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("comparisons.py"),
        runs=lambda wildcards: CONFIG.studies[wildcards.study].run_rows(CONFIG),
        statistics=settings(CONFIG.statistics),
        classified=CONFIG.detection.paraphrase.classifier is not None,
    script:
        "../../scripts/comparisons.py"


rule definition_rates:
    input:
        definitions=at(detected("definitions.parquet")),
        probes=of_prompting,
    output:
        at(detected("definition_rates.parquet")),
    log:
        log_of(detected("definition_rates.parquet")),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("definition_rates.py"),
        task=task_of,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/definition_rates.py"


rule extraction:
    input:
        likelihoods=at(f"{plan.LIKELIHOOD}/likelihoods.parquet"),
        probes=at(plan.PROBES),
    output:
        at(f"{plan.LIKELIHOOD}/extraction.parquet"),
    log:
        log_of(f"{plan.LIKELIHOOD}/extraction.parquet"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("extraction.py"),
        task=task_of,
        greedy=greedy_decodings,
        lengths=likelihood_setting("tokens"),
        draws=likelihood_setting("draws"),
        probability=likelihood_setting("probability"),
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/extraction.py"


rule quality:
    input:
        at(f"{plan.QUALITY}/answers.parquet"),
    output:
        at(f"{plan.QUALITY}/quality.parquet"),
    log:
        log_of(f"{plan.QUALITY}/quality"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(120),
    params:
        source=source_of("quality.py"),
        task=task_of,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/quality.py"


rule density_means:
    input:
        at(f"{plan.ATTENTION}/density.parquet"),
    output:
        at(f"{plan.ATTENTION}/density_means.parquet"),
    log:
        log_of(f"{plan.ATTENTION}/density_means"),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        source=source_of("density_means.py"),
        task=task_of,
        statistics=settings(CONFIG.statistics),
    script:
        "../../scripts/density_means.py"
