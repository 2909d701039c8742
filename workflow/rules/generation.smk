"""What models compute: generations, answers to test rows, likelihoods, attention."""

from memorization.models.engine import engine_module

# Loaded by name, so that an engine's code makes stale only what was generated with it.
ENGINE = engine_module()


include: "../inputs/generation.smk"


rule generations:
    input:
        unpack(generation_input),
    output:
        at(of_run("generations.parquet")),
    log:
        log_of(of_run("generations.parquet")),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
        gpu=GPU,
    params:
        source=source_of("generations.py", ENGINE),
        decoding=lambda wildcards: settings(CONFIG.decodings[wildcards.decoding]),
        engine=ENGINE,
        batch_size=batch_size_where_it_matters,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/generations.py"


rule answers:
    input:
        unpack(answer_input),
    output:
        at(f"{plan.QUALITY}/answers.parquet"),
    log:
        log_of(f"{plan.QUALITY}/answers"),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
        gpu=GPU,
    params:
        source=source_of("answers.py", ENGINE),
        answers=lambda wildcards: plan.answer_settings(CONFIG, wildcards.state),
        instructions=instructions_of,
        decoding=lambda wildcards: settings(CONFIG.decodings[wildcards.decoding]),
        engine=ENGINE,
        batch_size=batch_size_where_it_matters,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/answers.py"


rule likelihoods:
    input:
        unpack(generation_input),
    output:
        at(f"{plan.LIKELIHOOD}/likelihoods.parquet"),
    log:
        log_of(f"{plan.LIKELIHOOD}/likelihoods.parquet"),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=GPU,
    params:
        source=source_of("likelihoods.py"),
        # Without the settings that do not change a distribution.
        decodings=lambda wildcards: {
            name: settings(CONFIG.decodings[name], "seed", "with_prompt")
            for name in likelihood_setting("decodings")(wildcards)
        },
        tokens=lambda wildcards: max(likelihood_setting("tokens")(wildcards)),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/likelihoods.py"


rule attention:
    input:
        unpack(attention_input),
    output:
        maps=at(f"{plan.ATTENTION}/maps.parquet"),
        density=at(f"{plan.ATTENTION}/density.parquet"),
    log:
        log_of(plan.ATTENTION),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=GPU,
    params:
        source=source_of("attention.py"),
        attention=settings(CONFIG.attention),
        instructions=instructions_of,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/attention.py"
