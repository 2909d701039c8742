"""Paths of results from coordinates: runs, patterns of paths, and functions that all kinds of studies share.

Reads no file. A path consists of `key=value` folders, one per coordinate that varies, so that one path is one run.
Patterns have two uses: as Snakemake's wildcards, and filled in by `fill`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from memorization.config.base import BARE, Population, Side
from memorization.config.detection import TrainedClassifier
from memorization.config.models import Endpoint, Recipe, ScratchModel
from memorization.config.project import Project
from memorization.errors import UserError

BASE = "base"
INPUT: Side = "input"
"""The prompting that asks with the bare prefix."""
UNTRAINED: dict[str, Any] = {"state": BASE, "epoch": 0, "seed": 0}
"""Coordinates of a base model; a fine-tuned model that is not trained here has its state, and the same other two."""

DATASET = "datasets/{dataset}.parquet"
BASE_MODEL = "models/{model}"
PAIRS = "pairs/{classifier}.parquet"
CLASSIFIER = "classifiers/{classifier}"
CHECKPOINTS = "checkpoints/model={model}/recipe={recipe}/seed={seed}/dataset={dataset}"
# What someone else fine-tuned from a base model.
FINE_TUNED = "fine_tuned/model={model}/state={state}"
# Models with the same tokenizer could share probes; a tokenizer is named after the model that contains it.
PROBED = "probes/dataset={dataset}/tokenizer={model}/population={population}/prefix_tokens={prefix_tokens}"
PROBES = PROBED + "/probes.parquet"
# What models are asked for these probes, where it is not the bare prefix (`asked`).
PROMPTS = PROBED + "/prompting={prompting}/prompts.parquet"
REFERENCES = PROBED + "/references.parquet"
# What is searched for in generations: the suffixes of the probes, targets, or both (`searched`).
SIDE = PROBED + "/side={side}"
SEARCHED = SIDE + "/probes.parquet"
INDEX = SIDE + "/index"
SENTENCES = SIDE + "/sentences.json"
SENTENCES_CHECKSUM = SIDE + "/sentences.sha256"
# Where personal data stands: in prefixes and what is searched for, and in what a run's model wrote.
PERSONAL_DATA = SIDE + "/personal_data.parquet"
# What the detector finds of these probes' suffixes in disguise: those of test inputs, in the index of training inputs.
RECALL = PROBED + "/recall/tokens={tokens}/n={n}/seed={seed}/profile={profile}/recall.parquet"
STATE = "model={model}/state={state}/epoch={epoch}/seed={seed}"
RUN = (
    f"runs/{STATE}/dataset={{dataset}}/population={{population}}/prefix_tokens={{prefix_tokens}}/decoding={{decoding}}"
    "/prompting={prompting}"
)
GENERATED_PERSONAL_DATA = RUN + "/personal_data.parquet"
# A part of a run's probes: the texts of one job, of a run that has several.
SHARD = RUN + "/shards={shards}/shard={shard}.parquet"
# What is searched for in a run's generations, which do not depend on it; and what the aligner finds there, on whose
# profile candidates do not depend.
SEARCH = RUN + "/side={side}"
CANDIDATES = SEARCH + "/candidates.parquet"
DETECTION = SEARCH + "/profile={profile}"
# As many of the run's probes are compared with every suffix.
ALL_PAIRS = DETECTION + "/all_pairs={all_pairs}.parquet"
ATTENTION = f"attention/{STATE}/dataset={{dataset}}/population={{population}}"
QUALITY = f"quality/{STATE}/dataset={{dataset}}/decoding={{decoding}}"
LIKELIHOOD = f"likelihoods/{STATE}/dataset={{dataset}}/population={{population}}/prefix_tokens={{prefix_tokens}}"
MEMBERSHIP = f"membership/{STATE}/dataset={{dataset}}"
# Of the rows that a model was trained on (member), or of held-out ones (control).
MEMBERSHIP_SCORES = MEMBERSHIP + "/population={population}/scores.parquet"
ATTACKS = MEMBERSHIP + "/attacks.parquet"
CANARIES = f"canaries/{STATE}/dataset={{dataset}}/canaries.parquet"
# How many training records have each text, exactly and nearly, that is searched for on a side.
COPIES = "copies/dataset={dataset}/side={side}.parquet"
LEAKED_RECORDS = "audit/{study}/leaked_records.parquet"
WITHOUT_LEAKED_RECORDS = "audit/{study}/without_leaked_records"
COMPARISONS = "comparisons/{study}.parquet"
MEANS = "means/{study}.parquet"
# The verdict of an audit: .json, .md and .xml.
VERDICT = "audit/{study}/verdict"
SPARSE_CODING = "sparse_coding/{study}.parquet"
TABLE = "tables/{study}"
FIGURE = "figures/{study}"
PAGE = "report/index.html"
PAGE_CHECKSUM = "report/index.sha256"


@dataclass(frozen=True)
class Run:
    """One cell of the grid: a model in a state, asked for the probes of a dataset, with one decoding, and a detector.

    Its `prompting` is how it is asked, its `side` of the training data what is searched for, its `profile` the aligner.
    """

    model: str
    state: str
    epoch: int
    seed: int
    dataset: str
    population: Population
    prefix_tokens: int
    decoding: str
    prompting: str
    side: Side
    profile: str

    @property
    def path(self) -> str:
        """The folder of the run's generations below the results."""
        return fill(RUN, self)

    def base(self) -> Run:
        """The same cell before fine-tuning."""
        return replace(self, **UNTRAINED)

    def control(self) -> Run:
        """The same cell with probes that were never trained on."""
        return replace(self, population="control")


def fill(pattern: str, values: Any) -> str:
    """A pattern filled in with a run's coordinates, or a mapping's values."""
    return pattern.format(**(asdict(values) if isinstance(values, Run) else values))


def asked(coordinates: Any) -> str:
    """The file whose column `prefix` contains what stands in the prompts of a run: for bare prefixes, the probes.

    Of schema `prompts` where it is another one. `coordinates` are a run, or a mapping.
    """
    prompting = coordinates.prompting if isinstance(coordinates, Run) else coordinates["prompting"]
    return fill(PROBES if prompting == BARE else PROMPTS, coordinates)


def searched(coordinates: Any) -> str:
    """The file of schema `probes` whose column `suffix` contains what is searched for: for the side `input`, the probes
    themselves.

    `coordinates` are a run, or a mapping.
    """
    side = coordinates.side if isinstance(coordinates, Run) else coordinates["side"]
    return fill(PROBES if side == INPUT else SEARCHED, coordinates)


def kept_epochs(recipe: Recipe) -> list[int]:
    """Epochs whose checkpoint a recipe keeps, in increasing order."""
    return sorted(set(recipe.keep or [recipe.epochs]))


def checkpoint_dataset(config: Project, recipe: str, dataset: str) -> str:
    """The checkpoints' dataset coordinate for a run of that recipe on that dataset.

    The dataset itself, or the names of a multi-task recipe's datasets joined by `+`, which no name contains.
    """
    return "+".join(config.recipes[recipe].datasets or [dataset])


def model_inputs(config: Project, coordinates: Mapping[str, Any]) -> dict[str, str]:
    """Paths that a model in a state is loaded from, by name: `model` and, if fine-tuned, `checkpoints`.

    `coordinates` are model, state, seed and dataset.
    """
    inputs = {"model": fill(BASE_MODEL, coordinates)}
    state = coordinates["state"]
    if state in config.recipes:
        dataset = checkpoint_dataset(config, state, coordinates["dataset"])
        inputs["checkpoints"] = fill(CHECKPOINTS, {**coordinates, "recipe": state, "dataset": dataset})
    elif state != BASE:
        inputs["checkpoints"] = fill(FINE_TUNED, coordinates)
    return inputs


def endpoint_of(config: Project, model: str, state: str) -> Endpoint | None:
    """The endpoint that is asked for the texts of a model in a state; None where its weights are here."""
    settings = config.models[model]
    source = settings.source if state == BASE else settings.fine_tuned.get(state)
    return source if isinstance(source, Endpoint) else None


def endpoint_states(config: Project) -> list[tuple[str, str]]:
    """Models and states that can only be asked."""
    states = [(name, state) for name, model in config.models.items() for state in (BASE, *model.fine_tuned)]
    return [each for each in states if endpoint_of(config, *each)]


def endpoint_at(config: Project, place: str) -> tuple[str, str] | None:
    """Model and state that are asked for a result, which is given by its place; None for results of models here."""
    cells = endpoint_states(config)
    return next((cell for cell in cells if f"/model={cell[0]}/state={cell[1]}/" in f"/{place}/"), None)


def reads_as_base(config: Project, model: str, state: str) -> bool:
    """Whether the base model of a state tells its probabilities of the texts that the state's model is tested on."""
    base = endpoint_of(config, model, BASE)
    return state != BASE and (base is None or base.log_probabilities)


def asked_base(config: Project, coordinates: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Coordinates of the base model where it, too, is asked about the texts of a state, given by its coordinates."""
    model, state = coordinates["model"], coordinates["state"]
    if endpoint_of(config, model, BASE) is None or not reads_as_base(config, model, state):
        return []
    return [{**coordinates, **UNTRAINED}]


def prefix_length(config: Project, dataset: str) -> int:
    """Length of a dataset's prefixes in tokens, if a study states none."""
    return config.datasets[dataset].prefix_tokens or config.probes.prefix_tokens


def answer_settings(config: Project, state: str) -> dict[str, Any]:
    """Which test rows are answered and how long their inputs may be, for a rule's parameters.

    A model that is fine-tuned here reads as many tokens as in its training.
    """
    settings = config.answers.model_dump(mode="json")
    if state not in config.recipes:
        return settings
    return settings | {"max_input_tokens": config.recipes[state].max_input_tokens}


def read_tokens(config: Project, coordinates: Mapping[str, Any]) -> int:
    """Tokens of a run's prompts at most, about; `coordinates` are state, prefix_tokens and prompting."""
    prompting = config.promptings[coordinates["prompting"]]
    if prompting.reads_row:
        longest: int = answer_settings(config, coordinates["state"])["max_input_tokens"]
        return longest + prompting.further_tokens
    return int(coordinates["prefix_tokens"]) + prompting.further_tokens


READING = ("max_input_tokens", "max_target_tokens", "loss", "blocks", "deduplicate", "deduplicate_by")
"""Keys of a recipe that decide which rows a training reads, and which tokens of them its loss counts."""


def reading(config: Project, state: str) -> dict[str, Any]:
    """How the texts of a state are read to ask whether it was trained on them: keys of a recipe.

    A model that is fine-tuned here reads them as in its training; nobody knows how others were trained.
    """
    if state in config.recipes:
        return config.recipes[state].model_dump(mode="json", include=set(READING))
    return config.membership.model_dump(mode="json", include=set(READING))


def trained_on(config: Project, state: str, dataset: str) -> list[str]:
    """The datasets whose train splits a state is trained on, of which `dataset` is one."""
    return checkpoint_dataset(config, state, dataset).split("+") if state in config.recipes else [dataset]


def pretraining_dataset(config: Project, model: str) -> str | None:
    """The dataset that a model from scratch is pretrained on; None for other sources."""
    source = config.models[model].source
    return source.pretraining.dataset if isinstance(source, ScratchModel) else None


def classifier_heads(config: Project) -> dict[str, str]:
    """The classifiers that detection uses, each with the head that it needs: `sequence` or `token`.

    Raises UserError if one is used for both.
    """
    paraphrase, tagger = config.detection.paraphrase.classifier, config.detection.entities.tagger
    if paraphrase is not None and paraphrase == tagger:
        raise UserError(
            f"detection.entities.tagger: given {tagger!r}, which detection.paraphrase.classifier uses too: one judges "
            "sentence pairs, the other tags tokens, and a checkpoint can only do one of them."
        )
    return {name: head for name, head in ((paraphrase, "sequence"), (tagger, "token")) if name is not None}


def is_trained(config: Project, classifier: str) -> bool:
    """Whether the workflow trains that classifier."""
    return isinstance(config.classifiers[classifier].source, TrainedClassifier)
