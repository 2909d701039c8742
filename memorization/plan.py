"""From studies to runs to paths: the whole grid, known before anything is computed. Pure: reads no file.

The path grammar is `key=value` folders, one for each coordinate that varies, so that one path is one run, and DuckDB
reads the coordinates from the paths. Patterns serve twice: as Snakemake's wildcards, and filled in by `fill`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import product, zip_longest
from typing import Any

from memorization.config import (
    AnyStudy,
    Attention,
    Cases,
    Config,
    Likelihood,
    Memorization,
    Population,
    ProbeGrid,
    Quality,
    Recipe,
    ScratchModel,
    SparseCoding,
    Study,
    TradeOff,
    TrainedClassifier,
)
from memorization.errors import UserError
from memorization.storage import FIGURE_FORMATS

BASE = "base"

DATASET = "datasets/{dataset}.parquet"
BASE_MODEL = "models/{model}"
PAIRS = "pairs/{classifier}.parquet"
CLASSIFIER = "classifiers/{classifier}"
CHECKPOINTS = "checkpoints/model={model}/recipe={recipe}/dataset={dataset}"
# Models with one tokenizer could share probes; the tokenizer is named by the model that brings it.
PROBED = "probes/dataset={dataset}/tokenizer={model}/population={population}/prefix_tokens={prefix_tokens}"
PROBES = PROBED + "/probes.parquet"
INDEX = PROBED + "/index"
SENTENCES = PROBED + "/sentences.json"
RUN = (
    "runs/model={model}/state={state}/epoch={epoch}/dataset={dataset}/population={population}"
    "/prefix_tokens={prefix_tokens}/decoding={decoding}"
)
ATTENTION = "attention/model={model}/state={state}/epoch={epoch}/dataset={dataset}/population={population}"
QUALITY = "quality/model={model}/state={state}/epoch={epoch}/dataset={dataset}/decoding={decoding}"
LIKELIHOOD = (
    "likelihoods/model={model}/state={state}/epoch={epoch}/dataset={dataset}/population={population}"
    "/prefix_tokens={prefix_tokens}"
)
COMPARISONS = "comparisons/{study}.parquet"
SPARSE_CODING = "theory/{study}.parquet"
TABLE = "tables/{study}"
DEFINITIONS_TABLE = "tables/{study}-definitions"
PUBLISHED_TABLE = "tables/{study}-published"
CORRELATION_TABLE = "tables/{study}-correlation"
# What a study's further tables are called after its name.
FURTHER_TABLES = ("-definitions", "-published", "-correlation")
TABLE_FORMATS = ("parquet", "csv", "md", "tex", "html")
FIGURE = "figures/{study}"


@dataclass(frozen=True)
class Run:
    """One cell of the grid: a model in a state, asked with the probes of a dataset, decoded in one way."""

    model: str
    state: str
    epoch: int
    dataset: str
    population: Population
    prefix_tokens: int
    decoding: str

    @property
    def path(self) -> str:
        """The run's folder below the results."""
        return RUN.format(**asdict(self))

    def base(self) -> Run:
        """The same cell before fine-tuning."""
        return replace(self, state=BASE, epoch=0)

    def control(self) -> Run:
        """The same cell asked with texts that were never trained on."""
        return replace(self, population="control")


def fill(pattern: str, values: Any) -> str:
    """A pattern with a run's coordinates, or a mapping's values, put in."""
    return pattern.format(**(asdict(values) if isinstance(values, Run) else values))


def kept_epochs(recipe: Recipe) -> list[int]:
    """Epochs whose checkpoint a recipe keeps, in order."""
    return sorted(set(recipe.keep or [recipe.epochs]))


def trained_on(config: Config, recipe: str, dataset: str) -> str:
    """The checkpoints' dataset coordinate for a run of that recipe on that dataset.

    The dataset itself, or the names of a multi-task recipe's datasets with `+` between; no name holds one.
    """
    return "+".join(config.recipes[recipe].datasets or [dataset])


def outside_mix(config: Config, recipe: str, dataset: str) -> str | None:
    """What is wrong where a run asks a multi-task recipe for a dataset that it does not train on; None if nothing."""
    mix = config.recipes[recipe].datasets
    if mix is None or dataset in mix:
        return None
    return (
        f"given {dataset!r}, which recipe {recipe!r} does not train on (recipes.{recipe}.datasets: {', '.join(mix)}); "
        "add it there, or ask for one of those"
    )


def states_of(config: Config, study: Study, epochs: Sequence[int] | None) -> list[tuple[str, int]]:
    """(state, epoch) of a study, in its order: base has epoch 0; of a recipe these epochs, or the last it keeps."""
    return [
        (state, epoch)
        for state in study.states
        for epoch in ([0] if state == BASE else epochs or kept_epochs(config.recipes[state])[-1:])
    ]


def is_part(study: AnyStudy | Study, model: str, dataset: str, state: str) -> bool:
    """Whether a study has that combination of its models, datasets and states."""
    return (
        isinstance(study, SparseCoding)
        or study.only is None
        or any(
            model in (part.models or [model])
            and dataset in (part.datasets or [dataset])
            and state in (part.states or [state])
            for part in study.only
        )
    )


def member_runs(config: Config, study: ProbeGrid) -> list[Run]:
    """The rows of a study's table: its runs on training inputs, in the table's order, each once."""
    runs = [
        Run(model, state, epoch, dataset, "member", prefix_tokens, decoding)
        for model in study.models
        for dataset in study.datasets
        for prefix_tokens in study.prefix_tokens or [prefix_length(config, dataset)]
        for decoding in study.decodings
        for state, epoch in states_of(config, study, study.epochs)
        if is_part(study, model, dataset, state)
    ]
    return list(dict.fromkeys(runs))


def study_runs(config: Config, study: AnyStudy) -> list[Run]:
    """Every run of a study: those of its table, then their controls; none where a study asks in another way."""
    if isinstance(study, Attention):
        return correlated_runs(config, study)
    if not isinstance(study, Memorization | Cases | TradeOff):
        return []
    members = member_runs(config, study)
    controlled = isinstance(study, Memorization | TradeOff) and study.control
    return members + ([run.control() for run in members] if controlled else [])


def attention_cells(config: Config, study: Attention) -> list[dict[str, Any]]:
    """Coordinates of the attention that a study shows, in its order, each once."""
    return [
        {"model": model, "state": state, "epoch": epoch, "dataset": dataset, "population": study.population}
        for model in dict.fromkeys(study.models)
        for dataset in dict.fromkeys(study.datasets)
        for state, epoch in dict.fromkeys(states_of(config, study, study.epochs))
        if is_part(study, model, dataset, state)
    ]


def is_correlated(study: Attention) -> bool:
    """Whether a study shows the base model and fine-tuned ones, on texts that these were trained on."""
    return BASE in study.states and set(study.states) != {BASE} and study.population == "member"


def correlated_runs(config: Config, study: Attention) -> list[Run]:
    """The fine-tuned runs whose memorization a study correlates with the base model's density, if it does."""
    if not is_correlated(study):
        return []
    return [
        Run(**cell, prefix_tokens=prefix_length(config, cell["dataset"]), decoding=decoding)
        for decoding in dict.fromkeys(study.decodings)
        for cell in attention_cells(config, study)
        if cell["state"] != BASE
    ]


def described_runs(config: Config, study: AnyStudy) -> list[dict[str, Any]]:
    """Coordinates of every run of a study, with its task, for a rule's parameters."""
    return [asdict(run) | {"task": config.datasets[run.dataset].task} for run in study_runs(config, study)]


def answered(run: Run, decoding: str) -> str:
    """The folder of a run's state's quality on the test rows of its dataset, with that decoding of the answers."""
    return QUALITY.format(**(asdict(run) | {"decoding": decoding}))


def likelihood_cells(config: Config, study: Likelihood) -> list[dict[str, Any]]:
    """What a study asks for likelihoods: coordinates of a run but its decoding, in the table's order, each once."""
    return [
        {
            "model": model,
            "state": state,
            "epoch": epoch,
            "dataset": dataset,
            "population": population,
            "prefix_tokens": prefix_tokens,
        }
        for model in study.models
        for dataset in study.datasets
        for prefix_tokens in dict.fromkeys(study.prefix_tokens or [prefix_length(config, dataset)])
        for state, epoch in dict.fromkeys(states_of(config, study, study.epochs))
        if is_part(study, model, dataset, state)
        for population in (["member", "control"] if study.control else ["member"])
    ]


def likelihood_settings(config: Config, cell: Mapping[str, Any]) -> dict[str, list[Any]]:
    """All that studies ask of one cell: `decodings` (names), `tokens`, `draws` and `probability`, each once, in order.

    One file serves them all, since one forward pass tells every decoding and every length up to the longest.
    """
    place = fill(LIKELIHOOD, cell)
    studies = [
        study
        for study in config.studies.values()
        if isinstance(study, Likelihood)
        and any(fill(LIKELIHOOD, each) == place for each in likelihood_cells(config, study))
    ]
    decodings = {decoding for study in studies for decoding in study.decodings}
    return {
        "decodings": [name for name in config.decodings if name in decodings],
        "tokens": sorted({study.tokens for study in studies}),
        "draws": sorted({n for study in studies for n in study.draws}),
        "probability": sorted({p for study in studies for p in study.probability}),
    }


def all_runs(config: Config) -> list[Run]:
    """Every run of the configuration; what studies share appears once."""
    return list(dict.fromkeys(run for study in config.studies.values() for run in study_runs(config, study)))


def prefix_length(config: Config, dataset: str) -> int:
    """Tokens of a dataset's prefixes, where a study names none."""
    return config.datasets[dataset].prefix_tokens or config.probes.prefix_tokens


def training_runs(config: Config, study: AnyStudy) -> list[dict[str, str]]:
    """Coordinates (model, recipe, dataset) of the training runs behind a study, each once; none where none is asked."""
    if not isinstance(study, Study):
        return []
    recipes = [state for state in study.states if state != BASE]
    trained = (
        (model, recipe, trained_on(config, recipe, dataset))
        for model, recipe, dataset in product(study.models, recipes, study.datasets)
        if is_part(study, model, dataset, recipe)
    )
    return [{"model": model, "recipe": recipe, "dataset": dataset} for model, recipe, dataset in dict.fromkeys(trained)]


def models_of(study: AnyStudy | Study) -> list[str]:
    """A study's models in the order of its table, each once; those shown as they are before the model beside them."""
    against = study.against if isinstance(study, Quality) else []
    pairs = zip_longest(against, study.models)
    return list(dict.fromkeys(name for pair in pairs for name in pair if name is not None))


def quality_runs(config: Config, study: Quality) -> list[dict[str, Any]]:
    """Coordinates of the answers that a study of quality shows, in the order of its table."""
    return [
        {"model": model, "state": state, "epoch": epoch, "dataset": dataset, "decoding": decoding}
        for dataset in dict.fromkeys(study.datasets)
        for model in models_of(study)
        for decoding in dict.fromkeys(study.decodings)
        for state, epoch in (
            dict.fromkeys(states_of(config, study, study.epochs)) if model in study.models else [(BASE, 0)]
        )
        if model not in study.models or is_part(study, model, dataset, state)
    ]


def answer_settings(config: Config, state: str) -> dict[str, Any]:
    """Which test rows are answered and where their inputs are cut, for a rule's parameters.

    A fine-tuned model reads as many tokens as in its training.
    """
    settings = config.answers.model_dump(mode="json")
    return settings if state == BASE else settings | {"max_input_tokens": config.recipes[state].max_input_tokens}


def products(config: Config, name: str) -> list[str]:
    """What a study makes for people, below the results folder."""
    patterns = [f"{pattern}.{suffix}" for pattern in tables_of(config.studies[name]) for suffix in TABLE_FORMATS]
    if not isinstance(config.studies[name], Cases):
        patterns += [f"{FIGURE}.{suffix}" for suffix in FIGURE_FORMATS]
    return [pattern.format(study=name) for pattern in patterns]


def tables_of(study: AnyStudy) -> list[str]:
    """Patterns of a study's tables."""
    tables = [TABLE]
    if isinstance(study, Attention) and is_correlated(study):
        tables.append(CORRELATION_TABLE)
    if isinstance(study, Memorization):
        tables.append(DEFINITIONS_TABLE)
    if isinstance(study, Memorization | Quality) and study.published is not None:
        tables.append(PUBLISHED_TABLE)
    return tables


def studies_of(config: Config, kind: str) -> list[str]:
    """Names of the studies of a kind."""
    return [name for name, study in config.studies.items() if study.kind == kind]


def pretraining_dataset(config: Config, model: str) -> str | None:
    """The dataset that a model from scratch is pretrained on; None for other sources."""
    source = config.models[model].source
    return source.pretraining.dataset if isinstance(source, ScratchModel) else None


def classifier_heads(config: Config) -> dict[str, str]:
    """The classifiers that detection uses, each with the head that its use takes: `sequence` or `token`.

    UserError where one is used for both.
    """
    paraphrase, tagger = config.detection.paraphrase.classifier, config.detection.entities.tagger
    if paraphrase is not None and paraphrase == tagger:
        raise UserError(
            f"detection.entities.tagger: given {tagger!r}, which detection.paraphrase.classifier uses too: one judges "
            "sentence pairs, the other tags tokens, and a checkpoint does one of them."
        )
    return {name: head for name, head in ((paraphrase, "sequence"), (tagger, "token")) if name is not None}


def is_trained(config: Config, classifier: str) -> bool:
    """Whether the workflow trains that classifier."""
    return isinstance(config.classifiers[classifier].source, TrainedClassifier)


def confidence(config: Config) -> dict[str, Any] | None:
    """How the confidence of paraphrases is told, for tables: classifier's title and bounds; None where it is not."""
    settings = config.detection.paraphrase
    if settings.classifier is None:
        return None
    title = config.classifiers[settings.classifier].title or settings.classifier
    return {"title": title, "low": settings.low, "high": settings.high}


def titles(config: Config, study: Study) -> dict[str, dict[str, str]]:
    """Names shown in a study's table and figure, by dataset and by model."""
    return {
        "datasets": {name: config.datasets[name].title or name for name in study.datasets},
        "models": {name: config.models[name].title or name for name in models_of(study)},
    }
