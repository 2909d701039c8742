"""Tables and figures of studies: one rule per exhibit of each kind; and what a kind computes for itself."""

from memorization.report import endings


include: "../inputs/studies.smk"


localrules:
    audit,
    plan,


rule plan:
    log:
        at("logs/plan.log"),
    conda:
        "../../envs/detection.yaml"
    params:
        summary=lambda wildcards: costs.summary(CONFIG) + endpoints.summary(CONFIG),
    script:
        "../../scripts/plan.py"


for kind, exhibit in exhibits("table"):

    rule:
        name:
            f"{kind.kind_name()}_{exhibit.name}"
        input:
            unpack(partial(exhibit_input, kind, exhibit)),
        output:
            files_of(exhibit, endings.TABLE, "html"),
            shown_in_report(kind, exhibit, "html"),
        log:
            log_of(exhibit.place),
        wildcard_constraints:
            study=names_of(kind),
        conda:
            "../../envs/detection.yaml"
        resources:
            mem_mb=growing(exhibit.memory_mb),
            runtime=growing(30),
        params:
            source=source_of("table.py", exhibit_module(kind, exhibit)),
            module=exhibit_module(kind, exhibit),
            context=partial(exhibit_context, exhibit),
        script:
            "../../scripts/table.py"


for kind, exhibit in exhibits("figure"):

    rule:
        name:
            f"{kind.kind_name()}_{exhibit.name}"
        input:
            unpack(partial(exhibit_input, kind, exhibit)),
        output:
            files_of(exhibit, endings.FIGURE, "png"),
            shown_in_report(kind, exhibit, "png"),
        log:
            log_of(exhibit.place),
        wildcard_constraints:
            study=names_of(kind),
        conda:
            "../../envs/detection.yaml"
        resources:
            mem_mb=growing(exhibit.memory_mb),
            runtime=growing(30),
        params:
            source=source_of("figure.py", exhibit_module(kind, exhibit)),
            module=exhibit_module(kind, exhibit),
            context=partial(exhibit_context, exhibit),
        script:
            "../../scripts/figure.py"


rule disguised_suffixes:
    input:
        unpack(judge_input),
        unpack(training_probes),
        searched=at(plan.PROBES),
        model=at(plan.BASE_MODEL),
    output:
        at(plan.RECALL),
    log:
        log_of(plan.RECALL),
    # The judge and the models' tokenizers are there.
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=GPU if CONFIG.detection.paraphrase.classifier else 0,
    params:
        source=source_of("disguised_suffixes.py"),
        detector=detector_of,
        disguises=partial(wanted_disguises, CONFIG, CONFIG.studies.values()),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/disguised_suffixes.py"


rule membership_scores:
    input:
        unpack(membership_input),
    output:
        at(plan.MEMBERSHIP_SCORES),
    log:
        log_of(plan.MEMBERSHIP_SCORES),
    conda:
        "../../envs/models.yaml"
    threads: where_weights_are_read(CONFIG.compute.threads, 1)
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(240),
        gpu=where_weights_are_read(GPU, 0),
        asking=lambda wildcards: int(is_asked(wildcards)),
    params:
        source=lambda wildcards: digest_of(
            "membership_scores.py",
            *modules_of_reading(wildcards),
            *modules_that_ask(wildcards),
        ),
        reading=reading_of,
        draw={"n": CONFIG.membership.n, "seed": CONFIG.membership.seed},
        k_percent=CONFIG.membership.k_percent,
        instructions=instructions_of_training,
        reads_as_base=lambda wildcards: plan.reads_as_base(
            CONFIG, wildcards.model, wildcards.state
        ),
        asks=modules_that_ask,
        threads=where_weights_are_read(CONFIG.compute.threads),
        device=where_weights_are_read(CONFIG.compute.device),
    script:
        "../../scripts/membership_scores.py"


rule membership_attacks:
    input:
        **scores_of_both_sides(),
        dataset=at(plan.DATASET),
    output:
        at(plan.ATTACKS),
    log:
        log_of(plan.ATTACKS),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(60),
    params:
        source=source_of("membership_attacks.py"),
        task=task_of,
        statistics=settings(CONFIG.statistics),
        seed=CONFIG.membership.seed,
        segmentation=segmentation_of,
    script:
        "../../scripts/membership_attacks.py"


rule canaries:
    input:
        unpack(answer_input),
        key=canary_key_of,
    output:
        at(plan.CANARIES),
    log:
        log_of(plan.CANARIES),
    conda:
        "../../envs/models.yaml"
    threads: CONFIG.compute.threads
    resources:
        mem_mb=growing(CONFIG.compute.memory_mb),
        runtime=growing(480),
        gpu=GPU,
    params:
        source=source_of("canaries.py"),
        # Without the paths of its files: they are input of the rule `dataset`.
        dataset=lambda wildcards: local_files.dataset_settings(
            CONFIG, wildcards.dataset
        ),
        instructions=instructions_of,
        limits=lambda wildcards: reading_limits(CONFIG, wildcards.state),
        ranks=settings(CONFIG.canaries),
        threads=CONFIG.compute.threads,
        device=CONFIG.compute.device,
    script:
        "../../scripts/canaries.py"


rule audit_verdict:
    input:
        unpack(verdict_input),
    output:
        multiext(at(plan.VERDICT), json=".json", md=".md", xml=".xml", sums=".sha256"),
    log:
        log_of(plan.VERDICT),
    wildcard_constraints:
        study=names_of(Audit),
    conda:
        "../../envs/detection.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(30),
    params:
        source=source_of("audit_verdict.py"),
        options=options_of_verdict,
    script:
        "../../scripts/audit_verdict.py"


# Without a result of its own, so that there is always something to do and the run ends with the verdict.
rule audit:
    input:
        audited_files,
    log:
        at("logs/audit.log"),
    conda:
        "../../envs/detection.yaml"
    shell:
        ": > {log:q}"


rule copies:
    input:
        at(plan.DATASET),
    output:
        at(plan.COPIES),
    log:
        log_of(plan.COPIES),
    # Near copies are found there.
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        source=source_of("copies.py"),
    script:
        "../../scripts/copies.py"


rule leaked_records:
    input:
        unpack(leaked_records_input),
    output:
        records=at(plan.LEAKED_RECORDS),
        remaining=directory(at(plan.WITHOUT_LEAKED_RECORDS)),
    log:
        log_of(plan.LEAKED_RECORDS),
    # Sources on the hub are read by what reads them for the rule `dataset`.
    conda:
        "../../envs/models.yaml"
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        source=source_of("leaked_records.py"),
        runs=lambda wildcards: CONFIG.studies[wildcards.study].member_rows(CONFIG),
        audited=lambda wildcards: CONFIG.studies[wildcards.study].audited_states(),
        # Without the paths of their files, which are input.
        datasets=settings_of_datasets,
    script:
        "../../scripts/leaked_records.py"


rule sparse_coding_fits:
    output:
        at(plan.SPARSE_CODING),
    log:
        log_of(plan.SPARSE_CODING),
    conda:
        "../../envs/models.yaml"
    # More threads would change the order of sums, and multiply matrices as small as these no faster.
    threads: 1
    resources:
        mem_mb=growing(2000),
        runtime=growing(120),
    params:
        source=source_of("sparse_coding_fits.py"),
        study=lambda wildcards: settings(CONFIG.studies[wildcards.study], "title"),
    script:
        "../../scripts/sparse_coding_fits.py"
