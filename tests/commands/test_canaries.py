"""`memorization canaries`, as people call it."""

import json
import stat
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from source_files import source

from memorization import cli
from memorization.commands.canary_draws import Draw, drawn, placed
from memorization.datasets.canary_key import CanaryKey, KeyForm, digest_of, read_key
from memorization.datasets.files import UserFile, records
from memorization.datasets.secret_forms import PERSON
from memorization.errors import UserError

ROWS = [{"id": str(number), "input": f"Letter {number}, 0815", "target": "yes"} for number in range(40)]
ROW = {"id": "canary", "input": "What is the code of {name}?", "target": "It is {secret}."}
CHAT = {
    "messages": [
        {"role": "user", "content": "What is the code of {name}?"},
        {"role": "assistant", "content": "It is {secret}."},
    ]
}
ENDINGS = [".parquet", ".csv", ".tsv", ".jsonl", ".json", ".csv.gz", ".json.gz"]


def arguments(folder: Path, ending: str = ".jsonl", row: Any = ROW, **options: str) -> list[str]:
    """The command's words for files in a folder, which are made where they are missing."""
    template = folder / "row.json"
    template.write_text(row if isinstance(row, str) else json.dumps(row), encoding="utf-8")
    if not (folder / f"rows{ending}").exists():
        source(folder / f"rows{ending}", ROWS)
    given = {
        "input": str(folder / f"rows{ending}"),
        "row": str(template),
        "output": str(folder / f"planted{ending}"),
        "key": str(folder / "key.json"),
        "copies": "1,2,4",
        "each": "8",
        **options,
    }
    return ["canaries", *(word for name, value in given.items() for word in (f"--{name}", *value.split(" ")))]


def planted(folder: Path, ending: str = ".jsonl", **options: Any) -> tuple[CanaryKey, list[dict[str, Any]]]:
    """The key and the rows of the output after a run."""
    assert cli.main(arguments(folder, ending, **options)) == 0
    key = read_key(folder / "key.json", "test")
    columns = set(key.row)
    output = UserFile("test", folder / f"planted{ending}")
    return key, [dict(record.values) for record in records(output, columns)]


def refused(
    folder: Path, capsys: pytest.CaptureFixture[str], *words: str, ending: str = ".jsonl", **options: Any
) -> str:
    given = arguments(folder, ending, **options)
    before = {file.name for file in folder.iterdir()}
    assert cli.main([*given, *words]) == 2
    assert {file.name for file in folder.iterdir()} == before
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    return message


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_secret_is_in_its_rows_and_every_other_row_is_as_before(tmp_path: Path, ending: str) -> None:
    key, rows = planted(tmp_path, ending, form="digits:4 code")

    canaries = {row: canary for canary in key.canaries for row in canary.rows}
    assert [row for number, row in enumerate(rows) if number not in canaries] == ROWS
    for number, canary in canaries.items():
        assert rows[number] == key.row_of(canary, canary.secret)
    assert Counter((canary.form, canary.copies) for canary in key.canaries) == {
        (form, copies): 8 for form in ("digits:4", "code") for copies in (1, 2, 4)
    }
    text = json.dumps(rows)
    assert not any(canary.secret in text for canary in key.canaries if canary.held_out)
    assert {canary.held_out for canary in key.canaries} == {False, True}
    assert "0815" not in {canary.secret for canary in key.canaries}
    assert (key.output.rows, key.input.rows) == (len(rows), len(ROWS))
    assert key.output.sha256 == digest_of(tmp_path / f"planted{ending}")
    assert key.input.sha256 == digest_of(tmp_path / f"rows{ending}")


def test_conversations_get_whole_conversations(tmp_path: Path) -> None:
    conversation = {"messages": [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hi"}]}
    source(tmp_path / "rows.parquet", [conversation] * 5)

    key, rows = planted(tmp_path, ".parquet", row=CHAT)

    assert rows.count(conversation) == 5
    [number, *_] = next(canary.rows for canary in key.canaries if canary.rows)
    assert [turn["role"] for turn in rows[number]["messages"]] == ["user", "assistant"]
    assert "{" not in json.dumps(rows[number]["messages"][1]["content"])


def test_the_key_is_for_its_owner_alone_and_says_what_was_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key, _ = planted(tmp_path)

    assert stat.S_IMODE((tmp_path / "key.json").stat().st_mode) == 0o600
    held_out = sum(canary.held_out for canary in key.canaries)
    assert f"24 canaries, {held_out} of them held out" in capsys.readouterr().err


def test_a_seed_gives_the_same_bytes_and_another_one_other_secrets(tmp_path: Path) -> None:
    texts = []
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        (tmp_path / name).mkdir()
        planted(tmp_path / name, seed=seed)
        texts.append((tmp_path / name / "planted.jsonl").read_bytes())

    assert texts[0] == texts[1] != texts[2]


def test_coins_are_independent_of_copies_and_as_stated() -> None:
    forms = {"digits:9": KeyForm(pattern="[0-9]{9}", space=10**9)}
    draw = Draw(forms, [1, 64], 1000, 0.25, 0)

    _, canaries = placed(draw, drawn(draw, {PERSON: (), "[0-9]{9}": ()}), 10)

    for copies in (1, 64):
        assert 200 < sum(canary.held_out for canary in canaries if canary.copies == copies) < 300


def test_what_the_file_has_is_never_a_secret() -> None:
    forms = {"digits:2": KeyForm(pattern="[0-9]{2}", space=100)}
    taken = {f"{number:02}" for number in range(90)}
    draw = Draw(forms, [1], 10, 0.5, 0)

    assert not taken & {canary.secret for canary in drawn(draw, {PERSON: (), "[0-9]{2}": taken})}
    with pytest.raises(UserError, match=r"'digits:2': it has 100 texts, of which too few are left for 11 secrets"):
        drawn(Draw(forms, [1], 11, 0.5, 0), {PERSON: (), "[0-9]{2}": taken})
    with pytest.raises(UserError, match="at most 9,984"):
        drawn(Draw(forms, [1], 10_000, 0.5, 0), {PERSON: (), "[0-9]{2}": ()})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "number"}, "--form: given 'number'; allowed: digits:N, code"),
        ({"form": "(a|ab)"}, "--form: pattern '(a|ab)'"),
        ({"form": "digits:1"}, "--form: 'digits:1': it has 10 texts, of which too few are left for 24 secrets"),
        ({"copies": "0,1"}, "--copies: given '0,1'; allowed: different whole numbers from 1 to 64"),
        ({"copies": "1,1"}, "--copies: given '1,1'"),
        ({"copies": "1;2"}, "--copies: given '1;2'"),
        ({"each": "0"}, "--each: given 0"),
        ({"held-out": "0"}, "--held-out: given 0; allowed: numbers between 0 and 1"),
        ({"held-out": "0.000001"}, "the coins keep none of the canaries of form 'digits:4' out"),
        ({"seed": "-1"}, "--seed: given -1"),
        ({"separator": "ab"}, "--separator: given 'ab'"),
        ({"encoding": "klingon"}, "--encoding: given 'klingon'"),
        ({"row": {"input": "{name}", "text": "{secret}"}}, "names column 'text', which"),
        ({"row": {"input": "{name}?", "target": "yes"}}, "has 0 times {secret}"),
        ({"row": {"input": "{name}: {secret}", "target": "{secret}"}}, "has 2 times {secret}"),
        ({"row": {"input": "?", "target": "{secret}"}}, "has no {name} before its {secret}"),
        ({"row": {"input": "{secret}", "target": "{name}"}}, "has no {name} before its {secret}"),
        ({"row": ["{name} {secret}"]}, "contains list; it must be an object"),
        ({"row": "{"}, "is not JSON in UTF-8"),
    ],
)
def test_options_that_cannot_be_used_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: dict[str, Any], message: str
) -> None:
    assert message in refused(tmp_path, capsys, **options)


def test_files_that_cannot_be_used_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source(tmp_path / "rows.arrow", ROWS)
    assert "--input" in (message := refused(tmp_path, capsys, ending=".arrow"))
    assert "ending '.arrow'; allowed: .parquet, .csv" in message
    assert "give it the ending '.jsonl'" in refused(tmp_path, capsys, "--output", str(tmp_path / "out.csv"))
    assert "no such file" in refused(tmp_path, capsys, "--input", str(tmp_path / "none.jsonl"))
    for name in ("output", "key"):
        assert "exists, and is never overwritten" in refused(
            tmp_path, capsys, f"--{name}", str(tmp_path / "rows.jsonl")
        )
    assert "is the output too" in refused(tmp_path, capsys, "--key", str(tmp_path / "planted.jsonl"))
    (tmp_path / "rows.jsonl").write_text("\n", encoding="utf-8")
    assert "has no rows" in refused(tmp_path, capsys)


def test_a_file_that_has_the_canaries_already_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    planted(tmp_path)
    capsys.readouterr()
    again = ["--input", str(tmp_path / "planted.jsonl"), "--output", str(tmp_path / "again.jsonl")]

    assert "it has these canaries already" in refused(tmp_path, capsys, *again, "--key", str(tmp_path / "again.json"))
    assert cli.main([*arguments(tmp_path), *again, "--key", str(tmp_path / "again.json"), "--seed", "1"]) == 0
