"""What models compute: generations, answers to test rows, likelihoods, attention."""


include: "../inputs/generation.smk"


rule generations:
    input:
        unpack(generation_input),
    output:
        at(of_run("generations.parquet")),
    log:
        log_of(of_run("generations.parquet")),
    wildcard_constraints:
        dataset=datasets_of(several=False),
    conda:
        "../../envs/models.yaml"
    threads: unless_asked(CONFIG.compute.threads, 1)
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
        gpu=unless_asked(GPU, 0),
        asking=lambda wildcards: int(is_asked(wildcards)),
    params:
        **generation_settings(),
        source=lambda wildcards: digest_of("generations.py", *engines(wildcards)),
        probes=[0, None],
    script:
        "../../scripts/generations.py"


rule generation_shards:
    input:
        unpack(generation_input),
    output:
        temp(at(plan.SHARD)),
    log:
        log_of(plan.SHARD),
    conda:
        "../../envs/models.yaml"
    threads: unless_asked(CONFIG.compute.threads, 1)
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
        gpu=unless_asked(GPU, 0),
        asking=lambda wildcards: int(is_asked(wildcards)),
    params:
        **generation_settings(),
        source=lambda wildcards: digest_of("generations.py", *engines(wildcards)),
        probes=probes_of_shard,
    script:
        "../../scripts/generations.py"


rule gathered_generations:
    input:
        unpack(generation_input),
        shards=all_shards,
    output:
        at(of_run("generations.parquet")),
    log:
        log_of(of_run("generations.parquet")),
    wildcard_constraints:
        dataset=datasets_of(several=True),
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(1000),
        runtime=growing(30),
    params:
        **generation_settings(),
        source=source_of("gathered_generations.py"),
        # What made the shards, which are gone when it changes.
        shards=lambda wildcards: digest_of("generations.py", *engines(wildcards)),
        shard_probes=shard_size_where_it_matters,
    script:
        "../../scripts/gathered_generations.py"


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
        source=lambda wildcards: digest_of("answers.py", *engines(wildcards)),
        answers=lambda wildcards: plan.answer_settings(CONFIG, wildcards.state),
        instructions=instructions_of,
        decoding=lambda wildcards: settings(CONFIG.decodings[wildcards.decoding]),
        engines=engines,
        batch_size=batch_size_where_it_matters,
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/answers.py"


rule likelihoods:
    input:
        unpack(likelihood_input),
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
