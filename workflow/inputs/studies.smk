"""Files, values and names of the tables and figures of studies; what disguised suffixes are searched in, and whose
membership is asked.
"""

from memorization.config.models import Recipe
from memorization.studies.audit.plan import Audit, verdict_inputs, verdict_options
from memorization.studies.canaries.plan import reading_limits
from memorization.studies.recall.plan import wanted_disguises

KIND_FOLDER = "memorization/studies"


def exhibit_module(kind, exhibit):
    """The module that makes a kind's table or figure, which the script loads by name."""
    return f"memorization.studies.{kind.kind_name()}.{exhibit.name}"


def exhibit_input(kind, exhibit, wildcards):
    """The files that a table or figure of a study is made from; for a table also its SQL file, if it has one."""
    study = CONFIG.studies[wildcards.study]
    files = places(exhibit.inputs(CONFIG, study, wildcards.study))
    query = ROOT / KIND_FOLDER / kind.kind_name() / f"{exhibit.name}.sql"
    return {**files, "query": str(query)} if query.is_file() else files


def exhibit_context(exhibit, wildcards):
    """The values that a table or figure depends on beside its input."""
    study = CONFIG.studies[wildcards.study]
    return exhibit.context(CONFIG, study, wildcards.study)


def title_of(wildcards):
    """A study's title, for the report."""
    return CONFIG.studies[wildcards.study].title or wildcards.study


def files_of(exhibit, formats, in_report):
    """The files of an exhibit and their checksums, without the file that the report shows."""
    return [
        at(f"{exhibit.place}.{ending}")
        for ending in (*formats, "sha256")
        if ending != in_report
    ]


def shown_in_report(kind, exhibit, ending):
    """A file of a study that the report shows under the study's title, with the exhibit's caption."""
    captions = ROOT / KIND_FOLDER / kind.kind_name()
    return report(
        at(f"{exhibit.place}.{ending}"),
        caption=str(captions / f"{exhibit.caption}.rst"),
        category=title_of,
        labels={"result": exhibit.name},
    )


def names_of(kind):
    """A wildcard constraint: the studies of a kind."""
    names = [
        name for name, study in CONFIG.studies.items() if study.kind == kind.kind_name()
    ]
    # Matches nothing if there is none.
    return "|".join(map(re.escape, names)) or "(?!)"


def exhibits(format):
    """Every (kind, exhibit) of that format."""
    return [
        (kind, exhibit)
        for kind in kinds.KINDS
        for exhibit in kind.EXHIBITS
        if exhibit.format == format
    ]


def canary_key_of(wildcards):
    """The key file of a dataset's canaries."""
    return local_files.canary_key(CONFIG, wildcards.dataset)


def training_probes(wildcards):
    """The probes of training inputs with their index and sentence model, whose suffixes are searched."""
    places = {"probes": plan.PROBES, "index": plan.INDEX, "sentences": plan.SENTENCES}
    member = {**wildcards, "population": "member", "side": plan.INPUT}
    return {name: at(plan.fill(place, member)) for name, place in places.items()}


def trained_on(wildcards):
    """The datasets that a model in a state is trained on, among them the rule's own."""
    return plan.trained_on(CONFIG, wildcards.state, wildcards.dataset)


def membership_input(wildcards):
    """The dataset, all datasets of the training, and the model with its base."""
    datasets = [
        plan.fill(plan.DATASET, {"dataset": name}) for name in trained_on(wildcards)
    ]
    return {
        "dataset": at(plan.fill(plan.DATASET, wildcards)),
        "trained_on": list(map(at, datasets)),
        **model_in_state(wildcards),
    }


def reading_of(wildcards):
    """How the texts of a state are read."""
    return plan.reading(CONFIG, wildcards.state)


def modules_of_reading(wildcards):
    """What is loaded by name to read texts as a recipe does."""
    return chosen_modules(Recipe(epochs=1, **reading_of(wildcards)))


def modules_that_ask(wildcards):
    """What is loaded by name to ask an endpoint what it assigns to texts."""
    return ["memorization.models.endpoint_scores"] if is_asked(wildcards) else []


def where_weights_are_read(value, otherwise=None):
    """A value of jobs that read texts by weights, if only a base model's, and another for those that ask alone."""

    def chosen(wildcards):
        model, state = wildcards.model, wildcards.state
        own = (
            [state, plan.BASE] if plan.reads_as_base(CONFIG, model, state) else [state]
        )
        asked = [plan.endpoint_of(CONFIG, model, each) for each in own]
        return otherwise if all(asked) else value

    return chosen


def instructions_of_training(wildcards):
    """Instructions that all rows of a dataset share, by dataset, of all that a state is trained on."""
    return local_files.shared_instructions(CONFIG, trained_on(wildcards))


def settings_of_datasets(wildcards):
    """The settings of all datasets of a study, by name."""
    names = dict.fromkeys(CONFIG.studies[wildcards.study].all_datasets())
    return {name: local_files.dataset_settings(CONFIG, name) for name in names}


def leaked_records_input(wildcards):
    """What a study's models were asked for training inputs and wrote, what was found in it, and the training data."""
    study, names = CONFIG.studies[wildcards.study], list(
        settings_of_datasets(wildcards)
    )
    runs = study.member_runs(CONFIG)
    sources = [
        local_files.dataset_files(CONFIG, name).get("train", []) for name in names
    ]
    remaining = at(plan.fill(plan.WITHOUT_LEAKED_RECORDS, wildcards))
    local_files.check_apart(remaining, dict(zip(names, sources)))
    return {
        "generations": [
            at(plan.fill(of_run("generations.parquet"), run)) for run in runs
        ],
        "asked": [at(plan.asked(run)) for run in runs],
        **{
            name: [at(plan.fill(detected(f"{name}.parquet"), run)) for run in runs]
            for name in ("matches", *annotated())
        },
        "searched": [at(plan.searched(run)) for run in runs],
        "datasets": [at(plan.fill(plan.DATASET, {"dataset": name})) for name in names],
        **{f"source_{number}": files for number, files in enumerate(sources) if files},
    }


def scores_of_both_sides():
    """The scores of members and of held-out rows."""
    pattern = at(plan.MEMBERSHIP_SCORES)
    return {
        population: pattern.replace("{population}", population)
        for population in ("member", "control")
    }


def verdict_input(wildcards):
    """What the verdict of an audit is made from."""
    study = CONFIG.studies[wildcards.study]
    return places(verdict_inputs(CONFIG, study, wildcards.study))


def options_of_verdict(wildcards):
    """The values that a verdict depends on beside its input."""
    study = CONFIG.studies[wildcards.study]
    return verdict_options(CONFIG, study, wildcards.study)


def audited_files(wildcards):
    """The tables of all audits, and the page where nothing else is on it."""
    try:
        studies = local_files.audits(CONFIG)
    except UserError as error:
        terminal.refuse(logger, error)
    files = [
        file for study in studies for file in CONFIG.studies[study].products(study)
    ]
    is_all = set(studies) == set(CONFIG.studies) - set(LEFT_OUT)
    return [*map(at, files), *(rules.report_page.output if is_all else [])]
