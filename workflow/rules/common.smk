"""What the rules share: places, parameters and input functions."""


def at(pattern):
    """A path of the grammar below the results folder."""
    return f"{RESULTS}/{pattern}"


def log_of(pattern):
    """Where the log of a rule with this output lies."""
    return at(f"logs/{pattern}.log")


def benchmark_of(pattern):
    """Where the benchmark (time and memory) of a rule with this output lies."""
    return at(f"benchmarks/{pattern}.tsv")


def source_of(script):
    """The digest of a script and the modules it reaches: changed code makes what it wrote stale."""
    return freshness.digest(ROOT / "scripts" / script, ROOT)


def settings(section, *left_out):
    """A section of the configuration as plain values, for a rule's parameters."""
    return section.model_dump(mode="json", exclude=set(left_out))


def growing(amount):
    """A resource that grows with every attempt: memory in MB, time in minutes."""
    return lambda wildcards, attempt: amount * attempt


def of_run(name):
    """A file of a run's folder."""
    return at(f"{plan.RUN}/{name}")


def log_of_run(name):
    """Where the log of a rule with this file of a run as its output lies."""
    return log_of(f"{plan.RUN}/{name}")


def benchmark_of_run(name):
    """Where the benchmark of a rule with this file of a run as its output lies."""
    return benchmark_of(f"{plan.RUN}/{name}")


def base_model_input(wildcards):
    """A local checkpoint's files; for a model from scratch its pretraining dataset, and its tokenizer if given."""
    folder = plan.model_folder(CONFIG, wildcards.model)
    if folder is not None:
        return {"files": sorted(map(str, Path(folder).glob("*.*")))}
    inputs = {}
    if corpus := plan.pretraining_dataset(CONFIG, wildcards.model):
        inputs["dataset"] = at(plan.fill(plan.DATASET, {"dataset": corpus}))
    if tokenizer := plan.tokenizer_folder(CONFIG, wildcards.model):
        inputs["tokenizer"] = sorted(map(str, Path(tokenizer).glob("*.*")))
    return inputs


def generation_input(wildcards):
    """Probes, base model and, for a fine-tuned state, the checkpoints of its training run."""
    inputs = {
        "probes": at(plan.fill(plan.PROBES, wildcards)),
        "model": at(plan.fill(plan.BASE_MODEL, wildcards)),
    }
    if wildcards.state != plan.BASE:
        inputs["checkpoints"] = at(
            plan.CHECKPOINTS.format(recipe=wildcards.state, **wildcards)
        )
    return inputs


def batch_size_where_it_matters(wildcards):
    """fp32 text does not depend on the batch size; bf16 text does, and is stale when it changes."""
    return (
        CONFIG.compute.generation_batch_size
        if CONFIG.decodings[wildcards.decoding].precision == "bf16"
        else None
    )


def classifier_input(wildcards):
    """A trained classifier's pairs; and the files of a local checkpoint, or of the encoder that it is trained from."""
    inputs = {}
    if plan.is_trained(CONFIG, wildcards.classifier):
        inputs["pairs"] = at(plan.fill(plan.PAIRS, wildcards))
    if folder := plan.classifier_folder(CONFIG, wildcards.classifier):
        inputs["files"] = sorted(map(str, Path(folder).glob("*.*")))
    return inputs


def classifier_of(name):
    """The folder of a classifier that detection uses."""
    return at(plan.CLASSIFIER.format(classifier=name))


def tagger_input(wildcards):
    """The tagger of entities, where there is one."""
    tagger = CONFIG.detection.entities.tagger
    return {"tagger": classifier_of(tagger)} if tagger is not None else {}


def masking_input(wildcards):
    """The tagger, where cases are masked and there is one."""
    return tagger_input(wildcards) if CONFIG.studies[wildcards.study].mask else {}


def annotations(wildcards):
    """What outcomes read beside matches: confidence and entities, where they are asked for."""
    asked = {
        "paraphrases": CONFIG.detection.paraphrase.classifier is not None,
        "entities": CONFIG.detection.entities.tagger is not None
        or CONFIG.detection.entities.patterns,
    }
    return {
        name: of_run(f"{name}.parquet").format(**wildcards)
        for name, wanted in asked.items()
        if wanted
    }


def of_study(wildcards, pattern):
    """The file of that pattern of every run of a study."""
    runs = plan.study_runs(CONFIG, CONFIG.studies[wildcards.study])
    return [at(plan.fill(pattern, run)) for run in runs]


def of_table(wildcards, pattern):
    """The file of that pattern of every run on training inputs of a study."""
    runs = plan.member_runs(CONFIG, CONFIG.studies[wildcards.study])
    return [at(plan.fill(pattern, run)) for run in runs]


def table_input(wildcards):
    """Rates of a study's runs, how they compare, and the losses of its training runs."""
    study = CONFIG.studies[wildcards.study]
    trained = plan.training_runs(CONFIG, study)
    published = study.published and {"published": published_file(study.published)}
    return {
        "rates": of_study(wildcards, f"{plan.RUN}/rates.parquet"),
        "comparisons": at(plan.fill(plan.COMPARISONS, wildcards)),
        "training": [at(plan.fill(plan.CHECKPOINTS, run)) for run in trained],
        "query": query_file("memorization"),
        **(published or {}),
    }


def query_file(name):
    """The SQL file of a final table."""
    return f"{workflow.basedir}/workflow/queries/{name}.sql"


def published_file(name):
    """A file of published numbers."""
    return f"{workflow.basedir}/workflow/published/{name}.csv"


def title_of(wildcards):
    """A study's title, for the report."""
    return CONFIG.studies[wildcards.study].title or wildcards.study


def shown_in_report(pattern, what, caption):
    """A file of a study that the report shows, by its target's title, with a caption of `workflow/report`."""
    return report(
        at(pattern),
        caption=f"{workflow.basedir}/workflow/report/{caption}.rst",
        category=title_of,
        labels={"result": what},
    )


def names_of(kind):
    """A wildcard constraint: the studies of a kind."""
    names = plan.studies_of(CONFIG, kind)
    # Matches nothing where there is none.
    return "|".join(map(re.escape, names)) or "(?!)"
