"""Reads YAML files into a checked configuration, with errors that a user can correct."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from memorization import plan, yaml_file
from memorization.config.base import JOINED_LENGTH
from memorization.config.data import SyntheticDataset
from memorization.config.detection import SyntheticPairs, TrainedClassifier
from memorization.config.generation import Decoding
from memorization.config.models import Endpoint, ScratchModel
from memorization.datasets.templates import TEMPLATES, refuse_bare_name, template_columns
from memorization.errors import UserError, did_you_mean
from memorization.plan import Run
from memorization.studies.kind import Fault, Study, undefined
from memorization.studies.kinds import KINDS, Config, further_tables

# Recipes and entries of `fine_tuned` are states by their names; none of them may have the name of these states.
RESERVED_STATES = {"base": "the model before fine-tuning", "difference": "fine-tuned minus base in tables"}


def load(files: Sequence[Path], overrides: Mapping[str, Any] | None = None) -> Config:
    """Read configuration files: later ones override earlier ones, and `--config` overrides all.

    Plain sections are merged key by key; an entry of `datasets`, `models`, `classifiers`, `recipes`, `decodings` or
    `promptings` replaces the whole entry of that name; `studies` replaces the whole section, so that a run makes only
    what it names.

    Raises UserError with one line per fault: file, key, given value, allowed values.
    """
    sources: list[tuple[str, dict[str, Any]]] = [(str(file), _read(file)) for file in files]
    if overrides:
        sources.append(("--config", yaml_file.resolved(overrides, "--config")))
    merged: dict[str, Any] = {}
    for _, values in sources:
        _merge(merged, values)
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        lines = [_explain(fault, merged, sources) for fault in error.errors()]
        raise UserError("The configuration is not valid.\n" + "\n".join(f"  {line}" for line in lines)) from None
    faults = list(_faults(config)) or list(_endpoint_faults(config))
    if faults:
        lines = [f"{_where(loc, sources)}: {text}" for loc, text in faults]
        raise UserError("The configuration is not valid.\n" + "\n".join(f"  {line}" for line in lines))
    return config


def _read(file: Path) -> dict[str, Any]:
    values = yaml_file.read(file)
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UserError(f"{file}: contains {type(values).__name__}; a configuration file contains keys and values.")
    return values


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for section, value in values.items():
        present = into.get(section)
        if section != "studies" and isinstance(present, dict) and isinstance(value, Mapping):
            into[section] = {**present, **value}
        else:
            into[section] = value


def _explain(fault: Any, merged: dict[str, Any], sources: Sequence[tuple[str, dict[str, Any]]]) -> str:
    path, owner = _resolve(fault["loc"], merged)
    where = _where(path, sources)
    kind = fault["type"]
    if kind == "extra_forbidden":
        allowed = sorted(owner.model_fields) if owner else []
        return f"{where}: unknown key {path[-1]!r}; allowed: {', '.join(allowed)}{did_you_mean(str(path[-1]), allowed)}"
    if kind == "missing":
        return f"{where}: this key is missing; it must be given"
    given = repr(fault["input"])
    given = given if len(given) <= 80 else given[:77] + "..."
    if path[0] == "models" and path[-1] in ("key", "url"):
        # It may be a secret, in the wrong place.
        given = "a value that is not shown"
    if kind in ("model_type", "dict_type"):
        return f"{where}: given {given}; allowed: keys with their values"
    if kind == "literal_error":
        expected = fault["ctx"]["expected"]
        options = [option.strip("' ") for option in expected.replace(" or ", ", ").split(", ")]
        return f"{where}: given {given}; allowed: {expected}{did_you_mean(str(fault['input']), options)}"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        allowed = _kinds(path)
        tag = fault["input"].get("kind") if isinstance(fault["input"], dict) else fault["input"]
        return f"{where}.kind: given {tag!r}; allowed: {', '.join(allowed)}{did_you_mean(str(tag), allowed)}"
    hint = yaml_file.hint(fault["input"]) if kind in ("int_type", "float_type", "bool_type") else ""
    return f"{where}: given {given}: {fault['msg'].removeprefix('Value error, ')}{hint}"


def _kinds(path: Sequence[str | int]) -> list[str]:
    """The kinds that are allowed for the section at a path."""
    if path[-1] == "pairs":
        return ["files", "synthetic"]
    if path[-1] in ("encoder", "base", "tokenizer"):
        return ["folder", "hub"]
    if "fine_tuned" in path[2:]:
        return ["endpoint", "folder", "hub"]
    if path[0] == "studies":
        return sorted(kind.kind_name() for kind in KINDS)
    kinds = {"datasets": ["files", "hub", "synthetic"], "classifiers": ["folder", "hub", "trained"]}
    return kinds.get(str(path[0]), ["endpoint", "folder", "hub", "scratch"])


def _resolve(loc: Sequence[str | int], merged: Any) -> tuple[list[str | int], type[BaseModel] | None]:
    """The path of a fault without the tags that pydantic inserts, and the model that its last key belongs to."""
    path: list[str | int] = []
    owner: type[BaseModel] | None = Config
    annotation: Any = Config
    value = merged
    for index, key in enumerate(loc):
        if key == "[key]":
            continue
        models = section_models(annotation)
        if (
            any("kind" in model.model_fields for model in models)
            and isinstance(value, dict)
            and key == value.get("kind")
        ):
            annotation = next(m for m in models if typing.get_args(m.model_fields["kind"].annotation) == (key,))
            continue
        path.append(key)
        owner = models[0] if models and index == len(loc) - 1 else owner
        if models and str(key) in models[0].model_fields:
            annotation = models[0].model_fields[str(key)].annotation
        elif typing.get_origin(annotation) is dict:
            annotation = typing.get_args(annotation)[1]
        else:
            annotation = None
        value = value.get(key) if isinstance(value, dict) else None
    return path, owner


def section_models(annotation: Any) -> list[type[BaseModel]]:
    """The sections that a value of that type may be; empty for dictionaries of sections."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) is dict:
        return []
    return [model for part in typing.get_args(annotation) for model in section_models(part)]


def _where(path: Sequence[str | int], sources: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """`file: a.b.c`, with the source whose value counts: the last one that replaces it, as `_merge` does.

    If none does, the last one that contains the longest part of the path.
    """
    replaced = 1 if path and path[0] == "studies" else 2

    def depth(values: Any) -> int:
        for reached, key in enumerate(path):
            if not isinstance(values, dict) or key not in values:
                return reached
            values = values[key]
        return len(path)

    file = max(reversed(sources), key=lambda source: min(depth(source[1]), replaced))[0] if sources else "configuration"
    return f"{file}: {'.'.join(str(key) for key in path)}"


def _faults(config: Config) -> Iterator[Fault]:
    """Faults that no section can detect alone: names that are not defined, and sections that contradict each other."""
    for name, study in config.studies.items():
        yield from study.faults(config, name)
        for ending in further_tables():
            if (taken := f"{name}{ending}") in config.studies:
                yield ["studies", taken], f"its table would overwrite one of study {name!r}; choose another name"
    for target, studies in config.targets.items():
        for name in studies:
            yield from undefined(["targets", target], name, config.studies)
        if target in config.studies:
            yield ["targets", target], "a study has this name, and every study is a target by its name; choose another"
    for name, meaning in RESERVED_STATES.items():
        if name in config.recipes:
            yield ["recipes", name], f"the name `{name}` is reserved for {meaning}; choose another"
        for owner, settings in config.models.items():
            if name in settings.fine_tuned:
                yield (
                    ["models", owner, "fine_tuned", name],
                    f"the name `{name}` is reserved for {meaning}; choose another",
                )
    yield from _names_of_one_folder(config)
    for name, recipe in config.recipes.items():
        joined = "+".join(recipe.datasets or [])
        if len(joined) > JOINED_LENGTH:
            yield (
                ["recipes", name, "datasets"],
                f"the names have {len(joined)} characters together; their checkpoints' folder is named after all of "
                f"them, and takes {JOINED_LENGTH}",
            )
        for dataset in recipe.datasets or []:
            yield from undefined(["recipes", name, "datasets"], dataset, config.datasets)
    for name, model in config.models.items():
        for state in model.fine_tuned:
            if state in config.recipes:
                yield ["models", name, "fine_tuned", state], "a recipe has this name; choose another"
        if isinstance(model.source, ScratchModel):
            at: list[str | int] = ["models", name, "source", "pretraining", "dataset"]
            yield from undefined(at, model.source.pretraining.dataset, config.datasets)
    detection = config.detection
    for part, key, classifier in (
        ("paraphrase", "classifier", detection.paraphrase.classifier),
        ("entities", "tagger", detection.entities.tagger),
    ):
        if classifier is not None:
            yield from undefined(["detection", part, key], classifier, config.classifiers)
    yield from _template_faults(config)
    yield from _toy_on_real_text(config)


def _endpoint_faults(config: Config) -> Iterator[Fault]:
    """What cannot be had of models that can only be asked: all but their texts, by some decodings."""
    only_asked = plan.endpoint_states(config)
    for model, state in only_asked:
        others = [name for name, each in config.models[model].fine_tuned.items() if not isinstance(each, Endpoint)]
        if state == plan.BASE and others:
            yield (
                ["models", model, "fine_tuned", others[0]],
                "its base model can only be asked (`kind: endpoint`), so that nothing tells whether this is a form of "
                "it: make it a model of its own (`models`)",
            )
    for name, study in config.studies.items() if only_asked else []:
        if trained := [each["model"] for each in study.trainings(config) if (each["model"], plan.BASE) in only_asked]:
            yield (
                ["studies", name, "states"],
                f"model {trained[0]!r} can only be asked, and a recipe trains weights: name `base` and endpoints of "
                "its `fine_tuned`, or leave the combination out with `only`",
            )
        else:
            yield from _unanswered(config, name, study)


def _unanswered(config: Config, name: str, study: Study) -> Iterator[Fault]:
    """What a study needs of a model that can only be asked, and no server answers: one fault for each reason."""
    faults: dict[tuple[str, str], str] = {}
    for place, work in study.work(config).items():
        if (cell := plan.endpoint_at(config, place)) and work.what == "membership":
            if (unscored := _unscored(config, cell, place)) is not None:
                faults.setdefault(("kind", unscored), unscored)
        elif cell and work.what != "generations":
            reason = f"it needs {NEEDED[work.what]}"
            faults.setdefault(
                ("kind", reason),
                f"{reason}, and model {cell[0]!r} in state {cell[1]!r} can only be asked for texts (`kind: endpoint`): "
                "name models whose weights are here, or a study of generations",
            )
    for run in study.runs(config):
        if (endpoint := plan.endpoint_of(config, run.model, run.state)) is None:
            continue
        reasons = {
            "decodings": (run.decoding, _unasked(config.decodings[run.decoding], endpoint)),
            "promptings": (run.prompting, _unprompted(config, run, endpoint)),
        }
        for key, (given, found) in reasons.items():
            for reason in found:
                faults.setdefault(
                    (key, f"{given} {reason}"),
                    f"given {given!r}, and model {run.model!r} in state {run.state!r} can only be asked (`kind: "
                    f"endpoint`): {reason}",
                )
    for (key, _), text in faults.items():
        yield ["studies", name, key], text


def _unscored(config: Config, cell: tuple[str, str], place: str) -> str | None:
    """Why a model that can only be asked does not tell what it assigns to a dataset's rows; None if it does."""
    endpoint = plan.endpoint_of(config, *cell)
    reason = f"it needs the probabilities of given texts, and model {cell[0]!r} in state {cell[1]!r} can only be asked"
    if endpoint is None or not endpoint.log_probabilities:
        return (
            f"{reason} for texts (`kind: endpoint`): set `log_probabilities: true` where its server gives those of a "
            "prompt, name models whose weights are here, or a study of generations"
        )
    dataset = next(name for name in config.datasets if f"/dataset={name}/" in place)
    conversation = config.datasets[dataset].conversation
    if conversation is not None and conversation.chat_template:
        return (
            f"{reason} about plain text (`kind: endpoint`), not about the turns of dataset {dataset!r}: set "
            "`chat_template: false` in its `conversation`"
        )
    return None


NEEDED = {
    "answers": "answers to test rows",
    "likelihoods": "the probabilities of given tokens",
    "attention": "attention",
}
"""What a study has a model do, by `Work.what`, as messages name it."""


def _unprompted(config: Config, run: Run, endpoint: Endpoint) -> Iterator[str]:
    """Promptings that an API cannot express."""
    prompting, conversation = config.promptings[run.prompting], config.datasets[run.dataset].conversation
    in_turns = prompting.reads_row and conversation is not None and conversation.chat_template
    if endpoint.api == "chat" and prompting.begins_answer:
        yield "a chat begins its answers itself; use `api: completions`, or the prompting `question`"
    if endpoint.api == "completions" and (prompting.in_chat_template or in_turns):
        yield "it is asked in turns, and its API continues texts; use `api: chat`, or set `chat_template: false`"


def _unasked(decoding: Decoding, endpoint: Endpoint) -> Iterator[str]:
    """What a server cannot be asked for."""
    if decoding.strategy == "as_published":
        yield "`strategy: as_published` reads a checkpoint's own settings; use greedy or sample"
    if decoding.top_k is not None and not endpoint.top_k:
        yield "its API has no `top_k`; use `top_p`, or set `top_k: true` of the endpoint where the server knows it"
    if decoding.min_new_tokens:
        yield "it takes no `min_new_tokens`; leave it out"
    if decoding.with_prompt:
        yield "it returns the continuation alone, not `with_prompt: true`"
    if decoding.precision != "fp32":
        yield "the server decides in which precision it computes; leave `precision` out"


def _template_faults(config: Config) -> Iterator[Fault]:
    """Templates that are none, or that name no column where a text must come from the data."""
    for name, dataset in config.datasets.items():
        if dataset.conversation is not None:
            continue
        columns: set[str] = set()
        # The instruction last, since it may be none of the columns that the others name.
        for key in reversed(TEMPLATES):
            try:
                columns.update(field.split(".")[0] for field in template_columns(name, key, getattr(dataset, key)))
                if key == "instruction":
                    refuse_bare_name(name, dataset.instruction, columns)
            except UserError as error:
                yield ["datasets", name, key], str(error).removeprefix(f"datasets.{name}.{key}: ").rstrip(".")


def _names_of_one_folder(config: Config) -> Iterator[Fault]:
    """Names that some file systems take for one, since they do not tell `A` from `a`."""
    for section in ("datasets", "models", "classifiers", "recipes", "decodings", "promptings", "studies"):
        seen: dict[str, str] = {}
        for name in getattr(config, section):
            first = seen.setdefault(name.lower(), name)
            if first != name:
                yield (
                    [section, name],
                    f"differs from {first!r} in capitals alone, and their results would be one folder",
                )


def _toy_on_real_text(config: Config) -> Iterator[Fault]:
    """Every configuration inherits the demonstration's judge, which cannot judge text that people wrote."""
    name = config.detection.paraphrase.classifier
    judge = config.classifiers.get(name or "")
    if judge is None or not isinstance(judge.source, TrainedClassifier):
        return
    if not isinstance(judge.source.pairs, SyntheticPairs):
        return
    detecting = [study for study in config.studies.values() if study.detects]
    for dataset in dict.fromkeys(dataset for study in detecting for dataset in study.all_datasets()):
        if dataset in config.datasets and not isinstance(config.datasets[dataset].source, SyntheticDataset):
            yield (
                ["detection", "paraphrase", "classifier"],
                f"given {name!r}, which is trained on synthetic sentences alone, and dataset {dataset!r} is not "
                "synthetic; name a classifier of your own (`classifiers`), or null for none",
            )
            return
