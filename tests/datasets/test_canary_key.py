"""Key files: read as they were written, and refused where they were changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from memorization.datasets.canary_key import CanaryKey, digest_of, filled, read_key, written
from memorization.errors import UserError


def key(**changed: Any) -> CanaryKey:
    file = {"name": "rows.jsonl", "sha256": "0" * 64, "rows": 9}
    values: dict[str, Any] = {
        "kind": "canaries",
        "version": 1,
        "seed": 0,
        "held_out_share": 0.5,
        "row": {"input": "{name}?", "turns": ["{secret}", {"x": "{name}: {secret}"}, 3]},
        "forms": {"digits:9": {"pattern": "[0-9]{9}", "space": 10**9}},
        "canaries": [
            {
                "number": number,
                "form": "digits:9",
                "copies": 2,
                "name": f"Ada {number}",
                "secret": f"{number:09}",
                "held_out": number == 1,
                "rows": [] if number == 1 else [0, 3],
            }
            for number in range(2)
        ],
        "input": file,
        "output": file,
    }
    return CanaryKey.model_validate(values | changed)


def test_a_key_is_read_as_it_was_written(tmp_path: Path) -> None:
    large = key(
        forms={"digits:9": {"pattern": "[0-9]{9}", "space": 10**9}, "x": {"pattern": "[0-9]{64}", "space": 10**64}}
    )
    file = tmp_path / "key.json"
    file.write_text(written(large), encoding="utf-8")

    assert read_key(file, "datasets.x.canaries") == large


def test_a_row_gets_a_person_and_a_secret_in_all_its_texts() -> None:
    row = key().row_of(key().canaries[0], "s")

    assert row == {"input": "Ada 0?", "turns": ["s", {"x": "Ada 0: s"}, 3]}
    assert filled("{name}{secret}", {"{name}": "a"}) == "a{secret}"


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"abc")

    assert digest_of(file) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["kind"], "keys", "kind: Input should be 'canaries'"),
        (["canaries", 1, "number"], 7, "not numbered from 0"),
        (["canaries", 1, "secret"], "000000000", "two canaries have the same secret"),
        (["canaries", 1, "name"], "Ada 0", "two canaries have the same name"),
        (["canaries", 1, "form"], "code", "form 'code' of a canary is not among the forms"),
        (["canaries", 1, "held_out"], False, "canary 1 has 0 rows and 2 copies"),
        (["forms", "digits:9", "space"], 10, "has 1000000000 texts, not 10"),
        (["forms", "digits:9", "pattern"], "[0-9", "']' is missing"),
        (["output", "sha256"], "x", "output.sha256"),
    ],
)
def test_what_was_changed_is_refused_with_its_place(
    tmp_path: Path, path: list[str | int], value: Any, message: str
) -> None:
    values = json.loads(written(key()))
    inner: Any = values
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    file = tmp_path / "key.json"
    file.write_text(json.dumps(values), encoding="utf-8")

    with pytest.raises(UserError) as raised:
        read_key(file, "datasets.x.canaries")

    assert str(raised.value).startswith(f"datasets.x.canaries: {file}: is no key file of `memorization canaries`")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_no_json_and_no_file_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "key.json"
    with pytest.raises(UserError, match="cannot be read"):
        read_key(file, "here")
    file.write_bytes(b"\xff{")
    with pytest.raises(UserError, match="is no key file"):
        read_key(file, "here")
