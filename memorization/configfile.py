"""From YAML files to a checked configuration, with errors a user can act on; and from the models to schema and page.

`python -m memorization.configfile` writes `workflow/schemas/config.schema.json` and `docs/configuration.md`.
"""

from __future__ import annotations

import json
import typing
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from memorization import plan
from memorization.config import (
    AnyStudy,
    Config,
    Grid,
    Likelihood,
    Memorization,
    Quality,
    Recipe,
    ScratchModel,
    Study,
    SyntheticDataset,
    SyntheticPairs,
    TradeOff,
    TrainedClassifier,
)
from memorization.errors import UserError, did_you_mean

# A recipe's name is the state of what it makes; these states are no recipe's.
RESERVED_STATES = {"base": "the model before fine-tuning", "difference": "fine-tuned minus base in tables"}
PUBLISHED = Path(__file__).resolve().parent.parent / "workflow" / "published"


def load(files: Sequence[Path], overrides: Mapping[str, Any] | None = None) -> Config:
    """Read configuration files, later ones over earlier ones, and `--config` overrides over all.

    Plain sections are merged key by key; an entry of `datasets`, `models`, `classifiers`, `recipes` or
    `decodings` replaces the whole entry of that name; `studies` replaces the whole section, so that a run makes only
    what it names.

    Raises UserError, one message with a line for each fault: file, key, what was given, what is allowed.
    """
    sources: list[tuple[str, dict[str, Any]]] = [(str(file), _read(file)) for file in files]
    if overrides:
        sources.append(("--config", dict(overrides)))
    merged: dict[str, Any] = {}
    for _, values in sources:
        _merge(merged, values)
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        lines = [_explain(fault, merged, sources) for fault in error.errors()]
        raise UserError("The configuration is not valid.\n" + "\n".join(f"  {line}" for line in lines)) from None
    faults = list(_dangling_names(config))
    if faults:
        lines = [f"{_where(loc, sources)}: {text}" for loc, text in faults]
        raise UserError("The configuration is not valid.\n" + "\n".join(f"  {line}" for line in lines))
    return config


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML in which a key stands once; PyYAML would take the last one and say nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key_node, _ in node.value:
            if isinstance(key_node, yaml.ScalarNode) and key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"the key {key_node.value!r} stands there twice", problem_mark=key_node.start_mark
                )
            seen.add(key_node.value if isinstance(key_node, yaml.ScalarNode) else None)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def _read(file: Path) -> dict[str, Any]:
    try:
        values = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)
    except FileNotFoundError:
        raise UserError(f"{file}: no such configuration file.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file}: cannot be read: {error}.") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{file}: not valid YAML: line {line}: {error.problem}.") from None
    except yaml.YAMLError as error:
        raise UserError(f"{file}: not valid YAML: {' '.join(str(error).split())}.") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise UserError(f"{file}: holds {type(values).__name__}; a configuration file holds keys and values.")
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
    return f"{where}: given {given}: {fault['msg'].removeprefix('Value error, ')}"


def _kinds(path: Sequence[str | int]) -> list[str]:
    """The kinds that the section at a path may be of."""
    if path[-1] == "pairs":
        return ["files", "synthetic"]
    if path[-1] == "encoder":
        return ["folder", "hub"]
    if path[0] == "studies":
        return sorted(typing.get_args(study.model_fields["kind"].annotation)[0] for study in _models(AnyStudy))
    kinds = {"datasets": ["files", "hub", "synthetic"], "classifiers": ["folder", "hub", "trained"]}
    return kinds.get(str(path[0]), ["folder", "hub", "scratch"])


def _resolve(loc: Sequence[str | int], merged: Any) -> tuple[list[str | int], type[BaseModel] | None]:
    """The path of a fault without the tags that pydantic puts in, and the model that owns its last key."""
    path: list[str | int] = []
    owner: type[BaseModel] | None = Config
    annotation: Any = Config
    value = merged
    for index, key in enumerate(loc):
        if key == "[key]":
            continue
        models = _models(annotation)
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


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if typing.get_origin(annotation) is dict:
        return []
    return [model for part in typing.get_args(annotation) for model in _models(part)]


def _where(path: Sequence[str | int], sources: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """`file: a.b.c`, with the last source that gives the longest part of the path."""

    def depth(values: Any) -> int:
        for reached, key in enumerate(path):
            if not isinstance(values, dict) or key not in values:
                return reached
            values = values[key]
        return len(path)

    file = max(reversed(sources), key=lambda source: depth(source[1]))[0] if sources else "configuration"
    return f"{file}: {'.'.join(str(key) for key in path)}"


def _dangling_names(config: Config) -> Iterable[tuple[list[str | int], str]]:
    def unknown(loc: list[str | int], given: str, section: Mapping[str, Any]) -> Iterable[tuple[list[str | int], str]]:
        if given not in section:
            names = ", ".join(sorted(section)) or "none is defined"
            yield loc, f"given {given!r}, which is not defined; allowed: {names}{did_you_mean(given, section)}"

    for name, study in config.studies.items():
        here: list[str | int] = ["studies", name]
        for dataset in study.datasets:
            yield from unknown([*here, "datasets"], dataset, config.datasets)
        for base in study.models:
            yield from unknown([*here, "models"], base, config.models)
        for base in study.against if isinstance(study, Quality) else []:
            yield from unknown([*here, "against"], base, config.models)
        for state in study.states:
            yield from unknown([*here, "states"], state, {plan.BASE: None} | config.recipes)
            if (recipe := config.recipes.get(state)) is not None and isinstance(study, Study):
                yield from _training_data(here, state, recipe, study, config)
        for number, some in enumerate((study.only or []) if isinstance(study, Study) else []):
            for axis in ("models", "datasets", "states"):
                for value in getattr(some, axis) or []:
                    yield from unknown([*here, "only", number, axis], value, dict.fromkeys(getattr(study, axis)))
        for ending in plan.FURTHER_TABLES:
            if (taken := f"{name}{ending}") in config.studies:
                yield ["studies", taken], f"its table would be one of study {name!r}; choose another name"
        if isinstance(study, Grid):
            yield from _epochs(here, study, config)
            for decoding in study.decodings:
                yield from unknown([*here, "decodings"], decoding, config.decodings)
        if isinstance(study, Memorization | Quality):
            yield from _published(here, study)
        if isinstance(study, Quality):
            yield from _answered(here, study, config)
        if isinstance(study, Likelihood):
            yield from _precision(here, study, config)
        if isinstance(study, TradeOff):
            yield from _judged(here, study, config)
    for target, studies in config.targets.items():
        for name in studies:
            yield from unknown(["targets", target], name, config.studies)
        if target in config.studies:
            yield ["targets", target], "a study has this name, and is a target by it; choose another"
    for name, meaning in RESERVED_STATES.items():
        if name in config.recipes:
            yield ["recipes", name], f"the name `{name}` is reserved for {meaning}; choose another"
    for name, recipe in config.recipes.items():
        for dataset in recipe.datasets or []:
            yield from unknown(["recipes", name, "datasets"], dataset, config.datasets)
    for name, model in config.models.items():
        if isinstance(model.source, ScratchModel):
            at: list[str | int] = ["models", name, "source", "pretraining", "dataset"]
            yield from unknown(at, model.source.pretraining.dataset, config.datasets)
    chosen = {"paraphrase": config.detection.paraphrase.classifier, "entities": config.detection.entities.tagger}
    for part, key in (("paraphrase", "classifier"), ("entities", "tagger")):
        if (classifier := chosen[part]) is not None:
            yield from unknown(["detection", part, key], classifier, config.classifiers)
    yield from _toy_on_real_text(config)


def _training_data(
    here: list[str | int], state: str, recipe: Recipe, study: AnyStudy, config: Config
) -> Iterable[tuple[list[str | int], str]]:
    for dataset in study.datasets:
        if fault := plan.outside_mix(config, state, dataset):
            yield [*here, "datasets"], fault
    if recipe.early_stopping is not None:
        for dataset in recipe.datasets or study.datasets:
            if dataset in config.datasets and not config.datasets[dataset].validation:
                yield (
                    ["datasets", dataset, "validation"],
                    f"given 0, and recipe {state!r} of study {here[-1]!r} stops early by the loss on these rows; set "
                    "how many test rows to set aside",
                )


def _answered(here: list[str | int], study: Quality, config: Config) -> Iterable[tuple[list[str | int], str]]:
    for decoding in study.decodings:
        if decoding in config.decodings and config.decodings[decoding].with_prompt:
            yield (
                [*here, "decodings"],
                f"given {decoding!r}, which has `with_prompt: true`, and an answer does not hold the question; name a "
                "decoding without",
            )


def _judged(here: list[str | int], study: TradeOff, config: Config) -> Iterable[tuple[list[str | int], str]]:
    if study.answers not in config.decodings:
        names = ", ".join(sorted(config.decodings))
        yield (
            [*here, "answers"],
            f"given {study.answers!r}, which is not defined; allowed: {names}"
            f"{did_you_mean(study.answers, config.decodings)}",
        )
    elif config.decodings[study.answers].with_prompt:
        yield (
            [*here, "answers"],
            f"given {study.answers!r}, which has `with_prompt: true`, and an answer does not hold the question; name a "
            "decoding without",
        )
    for dataset in study.datasets:
        if dataset in config.datasets and config.datasets[dataset].task == "pretraining":
            yield [*here, "datasets"], f"given {dataset!r}, whose task has no quality"


def _epochs(here: list[str | int], study: Grid, config: Config) -> Iterable[tuple[list[str | int], str]]:
    for state in study.states:
        recipe = config.recipes.get(state)
        kept = (recipe.keep or [recipe.epochs]) if recipe else []
        for epoch in study.epochs or []:
            if recipe and epoch not in kept:
                yield [*here, "epochs"], f"given {epoch}, which recipe {state!r} does not keep; allowed: {kept}"


def _published(here: list[str | int], study: Memorization | Quality) -> Iterable[tuple[list[str | int], str]]:
    if study.published is not None and not (PUBLISHED / f"{study.published}.csv").is_file():
        allowed = sorted(file.stem for file in PUBLISHED.glob("*.csv"))
        yield (
            [*here, "published"],
            f"given {study.published!r}; allowed: {', '.join(allowed)}{did_you_mean(study.published, allowed)}",
        )


def _precision(here: list[str | int], study: Likelihood, config: Config) -> Iterable[tuple[list[str | int], str]]:
    for name in study.decodings:
        if name in config.decodings and config.decodings[name].precision != "fp32":
            yield (
                [*here, "decodings"],
                f"given {name!r}, whose precision is {config.decodings[name].precision}; likelihoods are told in fp32, "
                "and would not be those of its texts: name a decoding of fp32",
            )


def _toy_on_real_text(config: Config) -> Iterable[tuple[list[str | int], str]]:
    """The demonstration's judge is inherited by whatever lies over it, and says nothing of text that people wrote."""
    name = config.detection.paraphrase.classifier
    judge = config.classifiers.get(name or "")
    if judge is None or not isinstance(judge.source, TrainedClassifier):
        return
    if not isinstance(judge.source.pairs, SyntheticPairs):
        return
    # Likelihoods are of a probe's own suffix: nothing is detected.
    detected = [study for study in config.studies.values() if not isinstance(study, Likelihood)]
    asked = dict.fromkeys(dataset for study in detected for dataset in study.datasets)
    for dataset in asked:
        if dataset in config.datasets and not isinstance(config.datasets[dataset].source, SyntheticDataset):
            yield (
                ["detection", "paraphrase", "classifier"],
                f"given {name!r}, which is trained on synthetic sentences alone, and dataset {dataset!r} is not "
                "synthetic; name a classifier of your own (`classifiers`), or null for none",
            )
            return


def json_schema() -> str:
    """The JSON Schema of a configuration file, as committed in `workflow/schemas/`."""
    return json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def reference_page() -> str:
    """The reference page of every key, as committed in `docs/configuration.md`."""
    lines = [
        "# Configuration",
        "",
        "Every key, made from `memorization/config.py` by `python -m memorization.configfile`. `config.yaml` shows",
        "them at work. Files given with `--configfile` lie over `config.yaml`: plain sections are merged key by key,",
        "an entry of `datasets`, `models`, `classifiers`, `recipes` or `decodings` replaces the entry of that name,",
        "`studies` replaces the section.",
        "",
    ]
    for model in _sections(Config, []):
        title = "The whole file" if model is Config else model.__name__
        lines += [f"## {title}", "", (model.__doc__ or "").strip().splitlines()[0], ""]
        lines += ["| key | type | default | meaning | example |", "|---|---|---|---|---|"]
        for key, field in model.model_fields.items():
            default = "required" if field.is_required() else f"`{_shown(field.get_default(call_default_factory=True))}`"
            example = f"`{_shown(field.examples[0])}`" if field.examples else ""
            lines.append(f"| `{key}` | {_type(field.annotation)} | {default} | {field.description} | {example} |")
        lines.append("")
    return "\n".join(lines)


def _sections(model: type[BaseModel], seen: list[type[BaseModel]]) -> list[type[BaseModel]]:
    if model not in seen:
        seen.append(model)
        for field in model.model_fields.values():
            for inner in _nested(field.annotation):
                _sections(inner, seen)
    return seen


def _nested(annotation: Any) -> list[type[BaseModel]]:
    if typing.get_origin(annotation) is dict:
        annotation = typing.get_args(annotation)[1]
    return _models(annotation)


def _type(annotation: Any) -> str:
    if isinstance(annotation, type):
        anchored = issubclass(annotation, BaseModel)
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})" if anchored else annotation.__name__
    arguments = typing.get_args(annotation)
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        return " \\| ".join(f"`{value}`" for value in arguments)
    if origin is dict:
        return f"names to {_type(arguments[1])}"
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is typing.Annotated:
        return _type(arguments[0])
    if annotation is Any:
        return "any"
    return " \\| ".join("null" if part is type(None) else _type(part) for part in arguments)


def _shown(value: Any) -> str:
    if isinstance(value, BaseModel):
        return "see there"
    return json.dumps(value, ensure_ascii=False).replace("|", "\\|")


def main() -> None:
    """Write the schema and the reference page into the project this module lies in."""
    root = Path(__file__).resolve().parent.parent
    (root / "workflow" / "schemas" / "config.schema.json").write_text(json_schema(), encoding="utf-8")
    (root / "docs" / "configuration.md").write_text(reference_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
