"""The JSON Schema and the reference page of the configuration, generated from its sections.

`python -m memorization.reference` writes `workflow/schemas/config.schema.json`, `docs/configuration.md`, and beside the
former the JSON Schemas of key files of canaries and of verdicts.
"""

from __future__ import annotations

import json
import typing
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from memorization.configfile import section_models
from memorization.datasets.canary_key import CanaryKey
from memorization.studies.audit.verdict import Verdict
from memorization.studies.kinds import Config


def json_schema() -> str:
    """The JSON Schema of a configuration file, as committed in `workflow/schemas/`."""
    return _schema(Config)


def key_schema() -> str:
    """The JSON Schema of a key file of canaries, as committed in `workflow/schemas/`."""
    return _schema(CanaryKey)


def verdict_schema() -> str:
    """The JSON Schema of an audit's `verdict.json`, as committed in `workflow/schemas/`."""
    return _schema(Verdict)


def _schema(section: type[BaseModel]) -> str:
    return json.dumps(section.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def reference_page() -> str:
    """The reference page of every key, as committed in `docs/configuration.md`."""
    lines = [
        "# Configuration",
        "",
        "Every key, generated from the code by `python -m memorization.reference`. `config.yaml` shows their use.",
        "Files given with `--configfile` override `config.yaml`: plain sections are merged key by key, an entry of",
        "`datasets`, `models`, `classifiers`, `recipes` or `decodings` replaces the entry of that name, `studies`",
        "replaces the section.",
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
    return section_models(annotation)


def _type(annotation: Any) -> str:
    if isinstance(annotation, type):
        is_section = issubclass(annotation, BaseModel)
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})" if is_section else annotation.__name__
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
        return "see its section"
    return json.dumps(value, ensure_ascii=False).replace("|", "\\|")


def main() -> None:
    """Write the schema and the reference page into the project that contains this module."""
    root = Path(__file__).resolve().parent.parent
    schemas = root / "workflow" / "schemas"
    (schemas / "config.schema.json").write_text(json_schema(), encoding="utf-8")
    (schemas / "canary-key.schema.json").write_text(key_schema(), encoding="utf-8")
    (schemas / "verdict.schema.json").write_text(verdict_schema(), encoding="utf-8")
    (root / "docs" / "configuration.md").write_text(reference_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
