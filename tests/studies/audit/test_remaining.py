"""Leaked records in the files that they come from, and those files without them."""

import json
import logging
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization.config.data import Dataset
from memorization.datasets.files import UserFile, records
from memorization.datasets.sources import write_dataset
from memorization.errors import UserError
from memorization.studies.audit.leaks import Leak, Leaks, leaked_records
from memorization.studies.audit.remaining import find_rows, write_remaining
from memorization.studies.audit.texts import key_of


def remaining(
    folder: Path, leaked: list[str], files: list[Path], source: dict[str, Any] | None = None, **settings: Any
) -> tuple[list[dict[str, Any]], Path]:
    """The leaked records with their places, and the folder of what remains, where these texts have come back."""
    stated = source or {"kind": "files", "train": list(map(str, files))}
    dataset = Dataset.model_validate({"task": "dialog", "source": stated, **settings})
    rows_file = folder / "results" / "dataset.parquet"
    rows_file.parent.mkdir(exist_ok=True)
    write_dataset("letters", dataset, {"train": files, "test": []}, rows_file, {})
    leaks = Leaks()
    leaks.found = {key_of(text): Leak(strength=0) for text in leaked}
    leaks.searched = set(leaks.found)
    rows, _ = leaked_records("letters", rows_file, leaks)
    placed, removed = find_rows("letters", dataset, files, rows, leaks)
    output = folder / "remaining"
    write_remaining("letters", dataset, files, removed, output)
    return placed, output


def places(rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(row["id"], row["file"], row["row"], row["turn"]) for row in rows]


def lines(file: Path, rows: list[dict[str, Any]]) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return file


def row(text: str, **more: Any) -> dict[str, Any]:
    return {"input": text, "target": f"on {text}", **more}


def test_several_files_stay_several_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    one = lines(tmp_path / "data" / "old" / "rows.jsonl", [row("a"), row("b")])
    two = tmp_path / "data" / "rows.csv"
    two.write_bytes(b"input,target\r\n\r\nc,d\r\nsecret,f\r\n")
    before = [one.read_bytes(), two.read_bytes()]

    with caplog.at_level(logging.INFO):
        rows, output = remaining(tmp_path, ["b", "secret"], [one, two])

    assert places(rows) == [("train-1", "old/rows.jsonl", 1, None), ("train-3", "rows.csv", 1, None)]
    assert (output / "old" / "rows.jsonl").read_bytes() == before[0].splitlines(keepends=True)[0]
    assert (output / "rows.csv").read_bytes() == b"input,target\r\n\r\nc,d\r\n"
    assert [one.read_bytes(), two.read_bytes()] == before
    assert "dataset letters: 1 rows left out of a copy of rows.csv" in caplog.messages
    assert "secret" not in caplog.text


def test_the_other_splits_rows_in_the_file_stay(tmp_path: Path) -> None:
    rows = [row("a", split="test"), row("b", split="train"), row("a", split="train"), row("a", split="test")]
    file = lines(tmp_path / "rows.jsonl", rows)
    source = {"kind": "files", "train": str(file), "split_column": "split"}

    found, output = remaining(tmp_path, ["a"], [file], source)

    assert places(found) == [("train-2", "rows.jsonl", 2, None)]
    kept = [json.loads(line) for line in (output / "rows.jsonl").read_text("utf-8").splitlines()]
    assert kept == [rows[0], rows[1], rows[3]]


def test_a_conversation_leaves_as_a_whole(tmp_path: Path) -> None:
    def talk(*texts: str) -> dict[str, Any]:
        return {
            "messages": [
                {"role": ("user", "assistant")[number % 2], "content": text} for number, text in enumerate(texts)
            ]
        }

    file = lines(tmp_path / "rows.jsonl", [talk("a", "b"), talk("c", "d", "e", "secret"), talk("g", "h")])

    rows, output = remaining(tmp_path, ["secret"], [file], conversation={})

    assert places(rows) == [("train-1:3", "rows.jsonl", 1, 3)]
    kept = [json.loads(line)["messages"][0]["content"] for line in (output / "rows.jsonl").read_text().splitlines()]
    assert kept == ["a", "g"]


def test_repeats_that_were_not_trained_on_leave_too(tmp_path: Path) -> None:
    file = lines(tmp_path / "rows.jsonl", [row("a"), row("b"), row("a"), row("c")])

    rows, output = remaining(tmp_path, ["a"], [file], deduplicate=True)

    assert places(rows) == [("train-0", "rows.jsonl", 0, None)]
    assert [json.loads(line)["input"] for line in (output / "rows.jsonl").read_text().splitlines()] == ["b", "c"]


def test_records_with_one_identifier_have_each_their_row(tmp_path: Path) -> None:
    file = lines(tmp_path / "rows.jsonl", [row("a", id="x"), row("b", id="x"), row("a", id="x"), row("c", id="x")])

    rows, output = remaining(tmp_path, ["a", "on c"], [file])

    assert places(rows) == [("x", "rows.jsonl", 0, None), ("x", "rows.jsonl", 2, None), ("x", "rows.jsonl", 3, None)]
    assert [json.loads(line)["input"] for line in (output / "rows.jsonl").read_text().splitlines()] == ["b"]


def test_a_source_that_has_changed_is_refused(tmp_path: Path) -> None:
    file = lines(tmp_path / "rows.jsonl", [row("a"), row("b")])
    dataset = Dataset.model_validate({"task": "qa", "source": {"kind": "files", "train": str(file)}})
    leaks = Leaks()
    leaks.found = {key_of("c"): Leak(strength=0)}

    with pytest.raises(UserError, match=r"^datasets\.letters: 1 of 1 leaked records are not in its source"):
        find_rows("letters", dataset, [file], [{"id": "train-2", "text": key_of("c\non c")}], leaks)


def test_nothing_leaked_is_the_same_file(tmp_path: Path) -> None:
    file = lines(tmp_path / "rows.jsonl", [row("a")])

    rows, output = remaining(tmp_path, [], [file])

    assert rows == []
    assert (output / "rows.jsonl").read_bytes() == file.read_bytes()


def test_a_saved_dataset_can_be_loaded_and_has_another_fingerprint(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    saved = tmp_path / "saved"
    datasets.Dataset.from_list([row("a"), row("b"), row("c")]).save_to_disk(str(saved), num_shards=2)

    rows, output = remaining(tmp_path, ["b"], sorted(saved.glob("*.arrow")))

    assert places(rows) == [("train-1", "data-00000-of-00002.arrow", 1, None)]
    loaded = datasets.load_from_disk(str(output))
    assert loaded["input"][:] == ["a", "c"]
    assert loaded.features == datasets.load_from_disk(str(saved)).features
    state = [json.loads((folder / "state.json").read_text())["_fingerprint"] for folder in (saved, output)]
    assert state[0] != state[1]


def test_generated_documents_become_parquet(tmp_path: Path) -> None:
    source = {"kind": "synthetic", "corpora": ["news"], "train": 4}
    settings = {"task": "summarization", "source": source}
    file = tmp_path / "dataset.parquet"
    write_dataset("letters", Dataset.model_validate(settings), {}, file, {})
    texts = pq.read_table(file)["input"].to_pylist()

    rows, output = remaining(tmp_path, [texts[2]], [], source)

    assert [(each["file"], each["row"]) for each in rows] == [(None, 2)]
    assert pq.read_table(output / "train.parquet")["input"].to_pylist() == [texts[0], texts[1], texts[3]]


def test_a_parquet_file_keeps_its_other_columns(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"input": ["a", "b"], "target": ["c", "d"], "score": [0.5, 1.5]}), file)

    _, output = remaining(tmp_path, ["d"], [file])

    [kept] = records(UserFile("train", output / "rows.parquet"), ["input", "score"])
    assert dict(kept.values) == {"input": "a", "score": 0.5}
