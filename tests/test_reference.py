"""The committed schema and reference page are those of the sections."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from test_configfile import BASE, changed

from memorization import reference
from memorization.studies.kinds import Config

ROOT = Path(__file__).resolve().parents[1]


def schema() -> Any:
    return json.loads(reference.json_schema())


def test_the_committed_schema_is_that_of_the_models() -> None:
    committed = (ROOT / "workflow/schemas/config.schema.json").read_text(encoding="utf-8")
    assert committed == reference.json_schema(), "run `python -m memorization.reference`"


def test_the_committed_schema_of_keys_is_that_of_the_models() -> None:
    committed = (ROOT / "workflow/schemas/canary-key.schema.json").read_text(encoding="utf-8")
    assert committed == reference.key_schema(), "run `python -m memorization.reference`"


def test_the_committed_schema_of_verdicts_is_that_of_the_models() -> None:
    committed = (ROOT / "workflow/schemas/verdict.schema.json").read_text(encoding="utf-8")
    assert committed == reference.verdict_schema(), "run `python -m memorization.reference`"


def test_the_committed_reference_page_is_that_of_the_models() -> None:
    committed = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    assert committed == reference.reference_page(), "run `python -m memorization.reference`"


def test_the_schema_accepts_what_the_models_accept() -> None:
    jsonschema.validate(BASE, schema())
    jsonschema.validate(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")), schema())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("recipes", "full", "precision"), "fp16"),
        (("decodings", "greedy", "precision"), "fp16"),
        (("compute", "thread"), 1),
        (("datasets", "news", "source", "kind"), "hubb"),
        (("recipes", "full", "epochs"), 0),
    ],
)
def test_the_schema_refuses_what_the_models_refuse(path: tuple[str, ...], value: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(changed(*path, value=value), schema())


def test_the_reference_page_names_every_key_of_every_section() -> None:
    page = reference.reference_page()
    for model, described in schema()["$defs"].items():
        section = page.split(f"## {model}\n")[1].split("\n## ")[0]
        assert all(f"| `{key}` |" in section for key in described["properties"])
    assert all(f"| `{key}` |" in page for key in Config.model_fields)
