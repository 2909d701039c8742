"""What a kind of study states: its settings, its runs, the tables and figures it shows, its checks and its cost.

A kind is a class in `studies/<kind>/plan.py`, built on one of the classes below; `kinds` lists them. Nobody outside
this package asks which kind a study is of.
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from memorization import plan
from memorization.config.base import BARE, Count, Section, Side
from memorization.config.detection import Profile
from memorization.config.models import Recipe
from memorization.config.project import Project
from memorization.errors import did_you_mean
from memorization.plan import BASE, UNTRAINED, Run
from memorization.report import endings

PUBLISHED = Path(__file__).resolve().parents[2] / "workflow" / "published"
"""Folder of the published numbers, one CSV file per table."""

PUBLISHED_BEAMS = 4
"""Beams of a checkpoint's own settings, where costs are estimated: BART has 4, FSMT 5, and most have none."""

Fault = tuple[list[str | int], str]
"""Where in the configuration something is wrong, and what is wrong and what is allowed."""

Inputs = Mapping[str, str | Path | Sequence[str]]
"""Files by name: a string is a place below the results folder, a `Path` a file of the program itself."""


@dataclass(frozen=True)
class Exhibit:
    """A table or figure that studies of a kind show: one rule `<kind>_<name>`, made by the kind's module `<name>`.

    `name` is `table`, `figure`, or that of a further table. `inputs` and `options` depend on the configuration, the
    study and (inputs alone) the study's name; `without` names fields of `report.context.Context` that the exhibit does
    not depend on; `shown` decides whether a study has it.
    """

    name: str
    inputs: Callable[[Project, Any, str], Inputs]
    options: Callable[[Project, Any], dict[str, Any]] = lambda config, study: {}
    without: tuple[str, ...] = ()
    shown: Callable[[Any], bool] = lambda study: True
    memory_mb: int = 1000

    @property
    def format(self) -> Literal["table", "figure"]:
        """Whether the exhibit is a table or a figure."""
        return "figure" if self.name == "figure" else "table"

    @property
    def caption(self) -> str:
        """Name of the exhibit's text for the report, an .rst file; table and figure share one."""
        return "caption" if self.name in ("table", "figure") else self.name

    @property
    def place(self) -> str:
        """Pattern of the exhibit's files below the results folder, without their endings."""
        if self.format == "figure":
            return plan.FIGURE
        return plan.TABLE if self.name == "table" else f"{plan.TABLE}-{self.name}"

    def context(self, config: Project, study: Study, name: str) -> dict[str, Any]:
        """Fields of `report.context.Context` for a study, as plain values for a rule's parameters."""
        fields: dict[str, Any] = {
            "study": name,
            "title": study.title or "",
            "titles": study.titles(config),
            "label": config.label,
            "statistics": config.statistics.model_dump(mode="json"),
            "options": self.options(config, study),
        }
        left_out = {*self.without, *(["title"] if self.format == "figure" else [])}
        return {key: value for key, value in fields.items() if key not in left_out}

    def files(self, study: str) -> list[str]:
        """The exhibit's files for a study, below the results folder."""
        known = endings.FIGURE if self.format == "figure" else endings.TABLE
        return [f"{self.place.format(study=study)}.{ending}" for ending in known]


def own_table(config: Project, study: Any, name: str) -> Inputs:
    """Inputs of what is made from a study's own table."""
    return {"table": f"{plan.TABLE.format(study=name)}.parquet"}


def study_settings(config: Project, study: Any) -> dict[str, Any]:
    """Options of an exhibit that depends on all settings of its study."""
    return {"study": study.model_dump(mode="json")}


@dataclass(frozen=True)
class Work:
    """What a model reads and writes for one result: texts of at most that many tokens read, and written after them.

    `texts` is their number, or the dataset whose probes they are; `beams` are written at once for each.
    """

    what: Literal["generations", "answers", "likelihoods", "attention", "membership"]
    model: str
    texts: int | str
    read: int
    written: int = 0
    precision: Literal["fp32", "bf16"] = "fp32"
    beams: int = 1

    @property
    def maps(self) -> bool:
        """Whether attention is kept."""
        return self.what == "attention"


@dataclass(frozen=True)
class Likelihoods:
    """What a study needs of one cell's likelihoods: decodings, first tokens of suffixes, and for extraction n and p."""

    work: Work
    decodings: Sequence[str]
    tokens: int
    draws: Sequence[int] = ()
    probability: Sequence[float] = ()


class Study(Section):
    """Base of all kinds of studies."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = ()
    every_seed: ClassVar[bool] = False
    """Whether the study shows every training of a recipe that has several seeds, or the first alone."""
    detects: ClassVar[bool] = True
    """Whether the study looks for training texts in generations."""

    title: str | None = Field(
        None,
        description="Begins the captions of its tables, and is its name in the report.",
        examples=["Table 5: epochs"],
    )

    @classmethod
    def kind_name(cls) -> str:
        """The key of the kind, which is also the name of its folder and of its rules."""
        name: str = typing.get_args(cls.model_fields["kind"].annotation)[0]
        return name

    def all_models(self) -> list[str]:
        """Models that the study shows, in the order of its table, each once."""
        return []

    def all_datasets(self) -> list[str]:
        """Datasets that the study shows, in the order of its table."""
        return []

    def all_states(self) -> list[str]:
        """States that the study shows, in the order of its table."""
        return []

    def runs(self, config: Project) -> list[Run]:
        """Every run of the study: those of its table, then their controls."""
        return []

    def trainings(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates (model, recipe, seed, dataset) of the training runs that the study needs, each once."""
        return []

    def fine_tuned(self, config: Project) -> list[tuple[str, str]]:
        """Models with their states that others fine-tuned (`models.NAME.fine_tuned`), as the study needs them."""
        return []

    def work(self, config: Project) -> dict[str, Work]:
        """What models do for the study, by place below the results folder, so that shared work is counted once."""
        generated = {
            run.path: written_work(
                config,
                "generations",
                run.model,
                run.dataset,
                read=plan.read_tokens(config, asdict(run)),
                decoding=run.decoding,
            )
            for run in self.runs(config)
        }
        return generated | {place: needed.work for place, needed in self.likelihoods(config).items()}

    def likelihoods(self, config: Project) -> dict[str, Likelihoods]:
        """The likelihoods that the study needs, by folder below the results folder."""
        return {}

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """What is wrong with the study, whose name is given, in this configuration."""
        yield from ()

    def without_test_split(self, name: str, dataset: str) -> Iterator[str]:
        """What the study, whose name is given, lacks where that dataset has no test split."""
        yield from ()

    def run_rows(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates of every run with the task of its dataset, for a rule's parameters."""
        return [asdict(run) | {"task": config.datasets[run.dataset].task} for run in self.runs(config)]

    def titles(self, config: Project) -> dict[str, dict[str, str]]:
        """Names that the study's tables and figures show, by dataset and by model."""
        return {
            "datasets": {name: config.datasets[name].title or name for name in self.all_datasets()},
            "models": {name: config.models[name].title or name for name in self.all_models()},
        }

    def exhibits(self) -> list[Exhibit]:
        """The tables and figures that the study shows."""
        return [exhibit for exhibit in self.EXHIBITS if exhibit.shown(self)]

    def products(self, name: str) -> list[str]:
        """The files that the study, whose name is given, makes for people, below the results folder."""
        return [file for exhibit in self.exhibits() for file in exhibit.files(name)]


class Part(Section):
    """Some of a study's combinations; an axis that is null is all of the study's."""

    models: list[str] | None = Field(None, min_length=1, description="Base models.", examples=[["flan-t5-base"]])
    datasets: list[str] | None = Field(None, min_length=1, description="Datasets.", examples=[["multi_news"]])
    states: list[str] | None = Field(None, min_length=1, description="States.", examples=[["base"]])


class ModelStudy(Study):
    """What every study of models names: which models, on which datasets, in which states."""

    models: list[str] = Field(min_length=1, description="Base models, in the table's order.", examples=[["t5-base"]])
    datasets: list[str] = Field(min_length=1, description="Datasets, in the table's order.", examples=[["multi_news"]])
    states: list[str] = Field(
        min_length=1,
        description="`base` (before fine-tuning), recipes and names of the models' `fine_tuned` (after it), in the "
        "table's order.",
        examples=[["base", "full"]],
    )
    only: list[Part] | None = Field(
        None,
        min_length=1,
        description="Of all combinations, those of these parts; null: all of them.",
        examples=[[{"models": ["flan-t5-base"], "states": ["base"]}, {"models": ["t5-base"], "states": ["full"]}]],
    )

    def all_models(self) -> list[str]:
        """The study's models, each once."""
        return list(dict.fromkeys(self.models))

    def all_datasets(self) -> list[str]:
        """The study's datasets."""
        return self.datasets

    def all_states(self) -> list[str]:
        """The study's states."""
        return self.states

    def includes(self, model: str, dataset: str, state: str) -> bool:
        """Whether the study has that combination of its models, datasets and states."""
        return self.only is None or any(
            model in (part.models or [model])
            and dataset in (part.datasets or [dataset])
            and state in (part.states or [state])
            for part in self.only
        )

    def seeds(self, config: Project, state: str) -> list[int]:
        """Seeds of the trainings that the study shows of a state; 0 for one that is not trained here."""
        if state not in config.recipes:
            return [0]
        seeds = config.recipes[state].seeds
        return seeds if self.every_seed else seeds[:1]

    def trainings(self, config: Project) -> list[dict[str, Any]]:
        """Training runs of the study's recipes on its datasets."""
        recipes = [state for state in self.states if state in config.recipes]
        trained = (
            (model, recipe, seed, plan.checkpoint_dataset(config, recipe, dataset))
            for model, recipe, dataset in product(self.models, recipes, self.datasets)
            if self.includes(model, dataset, recipe)
            for seed in self.seeds(config, recipe)
        )
        return [dict(zip(("model", "recipe", "seed", "dataset"), each, strict=True)) for each in dict.fromkeys(trained)]

    def fine_tuned(self, config: Project) -> list[tuple[str, str]]:
        """The study's combinations of a model and a state that is neither `base` nor a recipe, each once."""
        combined = [
            (model, state)
            for model, state, dataset in product(self.models, self.states, self.datasets)
            if state != BASE and state not in config.recipes and self.includes(model, dataset, state)
        ]
        return list(dict.fromkeys(combined))

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """Names that are not defined, and recipes that cannot be trained on the study's datasets."""
        here: list[str | int] = ["studies", name]
        known = [config.models[model].fine_tuned for model in self.models if model in config.models]
        states: dict[str, Any] = {BASE: None, **config.recipes, **{state: None for each in known for state in each}}
        defined: dict[str, Mapping[str, Any]] = {
            "datasets": config.datasets,
            "models": config.models,
            "states": states,
        }
        for axis, section in defined.items():
            for value in getattr(self, axis):
                yield from undefined([*here, axis], value, section)
        for state in self.states:
            if (recipe := config.recipes.get(state)) is not None:
                yield from self._training_faults(config, name, state, recipe)
        for model, state in self.fine_tuned(config):
            if model in config.models and state in states and state not in config.models[model].fine_tuned:
                yield (
                    [*here, "states"],
                    f"given {state!r}, which model {model!r} does not have; define it (models.{model}.fine_tuned), or "
                    "leave the combination out with `only`",
                )
        for number, part in enumerate(self.only or []):
            for axis in defined:
                for value in getattr(part, axis) or []:
                    yield from undefined([*here, "only", number, axis], value, dict.fromkeys(getattr(self, axis)))

    def _training_faults(self, config: Project, name: str, state: str, recipe: Recipe) -> Iterator[Fault]:
        for dataset in self.datasets:
            if recipe.datasets is not None and dataset not in recipe.datasets:
                yield (
                    ["studies", name, "datasets"],
                    f"given {dataset!r}, which recipe {state!r} does not train on (recipes.{state}.datasets: "
                    f"{', '.join(recipe.datasets)}); add it there, or name one of those",
                )
        if recipe.early_stopping is not None:
            for dataset in recipe.datasets or self.datasets:
                if dataset in config.datasets and not config.datasets[dataset].validation:
                    yield (
                        ["datasets", dataset, "validation"],
                        f"given 0, and recipe {state!r} of study {name!r} stops early by the loss on these rows; set "
                        "how many test rows to set aside",
                    )


class StateGrid(ModelStudy):
    """A study of every combination of states and epochs."""

    epochs: list[Count] | None = Field(
        None, min_length=1, description="Kept epochs to show; null shows the last kept.", examples=[[1, 3, 5, 10]]
    )

    def trained_states(self, config: Project) -> list[dict[str, Any]]:
        """Coordinates (state, epoch, seed) in the study's order, each once: a recipe has the study's epochs or its last
        kept, with each of its seeds; a state that is not trained here has epoch and seed 0.
        """
        trained = (
            (state, epoch, seed)
            for state in self.states
            for epoch in self._epochs(config, state)
            for seed in self.seeds(config, state)
        )
        return [dict(zip(UNTRAINED, each, strict=True)) for each in dict.fromkeys(trained)]

    def _epochs(self, config: Project, state: str) -> list[int]:
        if state not in config.recipes:
            return [0]
        return self.epochs or plan.kept_epochs(config.recipes[state])[-1:]

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every study of models, and epochs that no recipe keeps."""
        yield from super().faults(config, name)
        for state in self.states:
            kept = plan.kept_epochs(config.recipes[state]) if state in config.recipes else []
            for epoch in self.epochs or []:
                if kept and epoch not in kept:
                    yield (
                        ["studies", name, "epochs"],
                        f"given {epoch}, which recipe {state!r} does not keep; allowed: {kept}",
                    )


class Grid(StateGrid):
    """A study with one row for every combination of states, epochs, decodings and prefix lengths."""

    decodings: list[str] = Field(
        ["greedy"], min_length=1, description="Decodings, in the table's order.", examples=[["greedy", "top_k"]]
    )

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every grid of states, and decodings that are not defined."""
        yield from super().faults(config, name)
        for decoding in self.decodings:
            yield from undefined(["studies", name, "decodings"], decoding, config.decodings)


class ProbeGrid(Grid):
    """A grid of studies that give probes to models."""

    prefix_tokens: list[Count] | None = Field(
        None, min_length=1, description="Prefix lengths; null: each dataset's own.", examples=[[10, 30, 50, 100]]
    )
    profiles: list[Profile] | None = Field(
        None,
        min_length=1,
        description="Profiles of the aligner, side by side; null: `detection.profile`.",
        examples=[["zeng2024", "collection"]],
    )
    sides: list[Side] = Field(
        [plan.INPUT],
        min_length=1,
        description="What is searched for in generations, side by side: suffixes of training inputs (`input`), targets "
        "(`target`), or each suffix with its target as one text (`both`). n is all prompts; targets of fewer than "
        "`probes.minimum_suffix_characters` are not searched for, and the ceiling counts them as not found.",
        examples=[["input", "target"]],
    )
    promptings: list[str] = Field(
        [BARE],
        min_length=1,
        description="How models are asked, side by side: names of `promptings`. Where the whole question stands in the "
        "prompt, only targets are searched for, whatever else `sides` names; a prompting that reads no prefix is asked "
        "with the first of the prefix lengths alone.",
        examples=[["bare", "question"]],
    )

    def faults(self, config: Project, name: str) -> Iterator[Fault]:
        """As for every grid, and promptings that are not defined, or whose texts cannot be searched for any side."""
        yield from super().faults(config, name)
        for prompting in dict.fromkeys(self.promptings):
            key: list[str | int] = ["studies", name, "promptings"]
            yield from undefined(key, prompting, config.promptings)
            if (asked := config.promptings.get(prompting)) is None:
                continue
            if not {*asked.sides} & {*self.sides}:
                yield (
                    [*key[:2], "sides"],
                    f"given {self.sides}, and the prompting {prompting!r} shows the model the whole input, which is no "
                    f"leak when it comes back: it takes `sides: [{', '.join(asked.sides)}]`",
                )
            for decoding in self.decodings if prompting != BARE else []:
                if decoding in config.decodings and config.decodings[decoding].with_prompt:
                    yield (
                        key,
                        f"given {prompting!r}, and the decoding {decoding!r} has `with_prompt: true`, which counts the "
                        "prompt as the model's own text: use a decoding without, or the prompting `bare` alone",
                    )

    def member_runs(self, config: Project) -> list[Run]:
        """The rows of the study's table: its runs on training inputs, in the table's order, each once."""
        runs = [
            Run(
                model=model,
                **trained,
                dataset=dataset,
                population="member",
                prefix_tokens=prefix_tokens,
                decoding=decoding,
                prompting=prompting,
                side=side,
                profile=profile,
            )
            for model in self.models
            for dataset in self.datasets
            for place, prefix_tokens in enumerate(self.prefix_tokens or [plan.prefix_length(config, dataset)])
            for decoding in self.decodings
            for prompting in self.promptings
            if place == 0 or config.promptings[prompting].reads_prefix
            for side in self.sides
            if side in config.promptings[prompting].sides
            for profile in self.profiles or [config.detection.profile]
            for trained in self.trained_states(config)
            if self.includes(model, dataset, trained["state"])
        ]
        return list(dict.fromkeys(runs))


def with_controls(runs: Sequence[Run]) -> list[Run]:
    """Runs on training inputs, then the control of each."""
    return [*runs, *(run.control() for run in runs)]


def likelihood_settings(config: Project, studies: Iterable[Study], cell: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What all studies need of one cell: `decodings` (names), `tokens`, `draws` and `probability`, each once, in order.

    One file serves them all, since one forward pass gives every decoding and every length up to the longest.
    """
    place = plan.fill(plan.LIKELIHOOD, cell)
    needed = [study.likelihoods(config) for study in studies]
    here = [each[place] for each in needed if place in each]
    decodings = {decoding for each in here for decoding in each.decodings}
    return {
        "decodings": [name for name in config.decodings if name in decodings],
        "tokens": sorted({each.tokens for each in here}),
        "draws": sorted({n for each in here for n in each.draws}),
        "probability": sorted({p for each in here for p in each.probability}),
    }


def undefined(path: list[str | int], given: str, section: Mapping[str, Any]) -> Iterator[Fault]:
    """A fault where a name is not defined in that section of the configuration."""
    if given not in section:
        names = ", ".join(sorted(section)) or "none is defined"
        yield path, f"given {given!r}, which is not defined; allowed: {names}{did_you_mean(given, section)}"


def answer_faults(path: list[str | int], decodings: Iterable[str], config: Project) -> Iterator[Fault]:
    """Decodings of answers that would repeat the question."""
    for decoding in decodings:
        if decoding in config.decodings and config.decodings[decoding].with_prompt:
            yield (
                path,
                f"given {decoding!r}, which has `with_prompt: true`, and an answer does not contain the question; name "
                "a decoding without",
            )


def likelihood_faults(path: list[str | int], decodings: Iterable[str], config: Project) -> Iterator[Fault]:
    """Decodings of a study of likelihoods whose texts are not drawn from a distribution that likelihoods are of."""
    for decoding in decodings:
        if decoding in config.decodings and config.decodings[decoding].strategy == "as_published":
            yield (
                path,
                f"given {decoding!r}, whose strategy is as_published; beams have no likelihood of a single token: name "
                "a decoding with `strategy: greedy` or `sample`",
            )
        if decoding in config.decodings and config.decodings[decoding].precision != "fp32":
            yield (
                path,
                f"given {decoding!r}, whose precision is {config.decodings[decoding].precision}; likelihoods are "
                "computed in fp32, and would not be those of its texts: name a decoding of fp32",
            )


def answer_work(config: Project, cells: Iterable[Mapping[str, Any]]) -> dict[str, Work]:
    """What models do to answer test rows; `cells` are coordinates of answers."""
    work = {}
    for cell in cells:
        settings = plan.answer_settings(config, cell["state"])
        work[plan.fill(plan.QUALITY, cell)] = written_work(
            config,
            "answers",
            cell["model"],
            settings["n"],
            read=settings["max_input_tokens"],
            decoding=cell["decoding"],
        )
    return work


def written_work(
    config: Project,
    what: Literal["generations", "answers"],
    model: str,
    texts: int | str,
    *,
    read: int,
    decoding: str,
) -> Work:
    """What a model does to write texts by a decoding, each after `read` tokens."""
    settings = config.decodings[decoding]
    beams = PUBLISHED_BEAMS if settings.strategy == "as_published" else 1
    return Work(what, model, texts, read, settings.max_new_tokens, settings.precision, beams)


def published_faults(name: str, published: str | None) -> Iterator[Fault]:
    """A fault where a study names published numbers that are not there."""
    if published is not None and not (PUBLISHED / f"{published}.csv").is_file():
        allowed = sorted(file.stem for file in PUBLISHED.glob("*.csv"))
        yield (
            ["studies", name, "published"],
            f"given {published!r}; allowed: {', '.join(allowed)}{did_you_mean(published, allowed)}",
        )


def published_file(published: str | None) -> Inputs:
    """The file of the published numbers that a study names, if any."""
    return {} if published is None else {"published": PUBLISHED / f"{published}.csv"}


def run_files(runs: Iterable[Run], name: str, pattern: str = plan.DETECTION) -> list[str]:
    """The file of that name in a folder of each run, by default that of what is detected in its generations."""
    return [f"{plan.fill(pattern, run)}/{name}" for run in runs]


def checkpoints(config: Project, study: Study) -> list[str]:
    """The folders of the training runs that a study needs."""
    return [plan.fill(plan.CHECKPOINTS, training) for training in study.trainings(config)]


def control_without_test_split(name: str, dataset: str) -> str:
    """What is wrong where a study has controls and a dataset no test split."""
    return (
        f"studies.{name}.control: controls need a test split, which dataset {dataset!r} does not have; give it one "
        "(`source.test`), or set `control: false`."
    )


def quality_without_test_split(name: str, dataset: str) -> str:
    """What is wrong where a study measures quality and a dataset has no test split."""
    return (
        f"studies.{name}.datasets: quality is measured on a test split, which dataset {dataset!r} does not have; give "
        "it one (`source.test`)."
    )
