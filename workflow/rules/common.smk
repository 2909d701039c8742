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
    folder = local_files.model_folder(CONFIG, wildcards.model)
    if folder is not None:
        return {"files": sorted(map(str, Path(folder).glob("*.*")))}
    inputs = {}
    if corpus := plan.pretraining_dataset(CONFIG, wildcards.model):
        inputs["dataset"] = at(plan.fill(plan.DATASET, {"dataset": corpus}))
    if tokenizer := local_files.tokenizer_folder(CONFIG, wildcards.model):
        inputs["tokenizer"] = sorted(map(str, Path(tokenizer).glob("*.*")))
    return inputs


def model_in_state(wildcards):
    """Base model and, for a fine-tuned state, the checkpoints of its training run, which may be on several datasets."""
    inputs = {"model": at(plan.fill(plan.BASE_MODEL, wildcards))}
    if wildcards.state != plan.BASE:
        trained = {
            "model": wildcards.model,
            "recipe": wildcards.state,
            "dataset": plan.trained_on(CONFIG, wildcards.state, wildcards.dataset),
        }
        inputs["checkpoints"] = at(plan.fill(plan.CHECKPOINTS, trained))
    return inputs


def generation_input(wildcards):
    """Probes, and the model that continues them."""
    return {
        "probes": at(plan.fill(plan.PROBES, wildcards)),
        **model_in_state(wildcards),
    }


def answered_by(wildcards):
    """Dataset, and the model that answers its test rows."""
    return {
        "dataset": at(plan.fill(plan.DATASET, wildcards)),
        **model_in_state(wildcards),
    }


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
    if folder := local_files.classifier_folder(CONFIG, wildcards.classifier):
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
    return {
        "rates": of_study(wildcards, f"{plan.RUN}/rates.parquet"),
        "comparisons": at(plan.fill(plan.COMPARISONS, wildcards)),
        "training": trainings_of(study),
        "query": query_file("memorization"),
        **published_input(study),
    }


def quality_table_input(wildcards):
    """Scores of everything that a study shows."""
    study = CONFIG.studies[wildcards.study]
    runs = plan.quality_runs(CONFIG, study)
    return {
        "quality": [
            at(plan.fill(f"{plan.QUALITY}/quality.parquet", run)) for run in runs
        ],
        "query": query_file("quality"),
        **published_input(study),
    }


def query_file(name):
    """The SQL file of a final table."""
    return f"{workflow.basedir}/workflow/queries/{name}.sql"


def published_input(study):
    """The file of the published numbers that a study names, if any."""
    if study.published is None:
        return {}
    return {"published": f"{workflow.basedir}/workflow/published/{study.published}.csv"}


def trainings_of(study):
    """The checkpoints of the training runs behind a study."""
    runs = plan.training_runs(CONFIG, study)
    return [at(plan.fill(plan.CHECKPOINTS, run)) for run in runs]


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


def attention_input(wildcards):
    """Probes at the dataset's prefix length, their dataset, and the model that reads it."""
    prefix_tokens = plan.prefix_length(CONFIG, wildcards.dataset)
    return {
        "probes": at(plan.PROBES.format(prefix_tokens=prefix_tokens, **wildcards)),
        **answered_by(wildcards),
    }


def attention_of_study(wildcards, name):
    """The file of that name of all attention that a study shows."""
    cells = plan.attention_cells(CONFIG, CONFIG.studies[wildcards.study])
    return [at(f"{plan.fill(plan.ATTENTION, cell)}/{name}") for cell in cells]


def correlation_input(wildcards):
    """Outcomes of fine-tuned runs, each beside the density of its base model's attention."""
    runs = plan.correlated_runs(CONFIG, CONFIG.studies[wildcards.study])
    return {
        "outcomes": [at(f"{run.path}/outcomes.parquet") for run in runs],
        "density": [
            at(f"{plan.fill(plan.ATTENTION, run.base())}/density.parquet")
            for run in runs
        ],
    }


def of_likelihood(name):
    """A file of a likelihood's folder."""
    return f"{plan.LIKELIHOOD}/{name}"


def asked_of(key):
    """What studies ask of a likelihood's folder: its `decodings`, `tokens`, `draws` or `probability`."""
    return lambda wildcards: plan.likelihood_settings(CONFIG, wildcards)[key]


def greedy_decodings(wildcards):
    """Names of the greedy ones of the decodings that studies ask of a likelihood's folder."""
    asked = plan.likelihood_settings(CONFIG, wildcards)["decodings"]
    return [name for name in asked if CONFIG.decodings[name].strategy == "greedy"]


def trade_off_input(wildcards):
    """Rates of a study's runs, the quality of their states, and the tables of its training runs."""
    study = CONFIG.studies[wildcards.study]
    answered = dict.fromkeys(
        plan.answered(run, study.answers) for run in plan.member_runs(CONFIG, study)
    )
    return {
        "rates": of_study(wildcards, f"{plan.RUN}/rates.parquet"),
        "quality": [at(f"{folder}/quality.parquet") for folder in answered],
        "training": trainings_of(study),
        "query": query_file("trade_off"),
    }
