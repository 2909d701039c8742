"""Test rows that are copies of training rows: which are found, counted, told and dropped."""

import random
from pathlib import Path
from typing import Any

import pytest
from source_files import read, refused, source

from memorization import storage
from memorization.datasets import overlap
from memorization.datasets.overlap import Overlap
from memorization.duplicates import jaccard, shingles

WORDS = [f"word{number}" for number in range(40)]


def text(draw: random.Random, words: int) -> list[str]:
    return draw.choices(WORDS, k=words)


def rows(*inputs: str) -> list[dict[str, Any]]:
    return [{"input": each, "target": "y"} for each in inputs]


LONG = " ".join(f"w{number}" for number in range(100))
NEARLY = LONG.replace("w50 ", "other ").upper()
UNLIKE = " ".join(f"v{number}" for number in range(100))
TRAIN = rows("Hello.", LONG, "!", "one two three")
TEST = rows(UNLIKE, "Hello.", NEARLY, LONG, "hello", "?", "one two", "Hello.")


def overlap_of(folder: Path) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    manifest = storage.manifest_of(folder / "out.parquet")
    return manifest["overlap"], manifest["rows"], manifest["left_out"]


def test_copies_are_counted_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train, test = source(tmp_path / "train.jsonl", TRAIN), source(tmp_path / "test.jsonl", TEST)
    read(train, test)
    assert overlap_of(tmp_path) == ({"exact": 3, "near": 2}, {"train": 4, "test": 8}, {})
    [warning] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning == (
        "dataset mine: the inputs of 5 of 8 test rows are copies of training inputs (3 exact, 2 near): a model was "
        "trained on them, so that they are no controls; `datasets.mine.drop_overlap: near` leaves such rows out"
    )


@pytest.mark.parametrize(
    ("drop", "kept", "warnings"),
    [("exact", [UNLIKE, NEARLY, "hello", "?", "one two"], 1), ("near", [UNLIKE, "?", "one two"], 0)],
)
def test_copies_are_dropped_from_the_test_split(
    tmp_path: Path, drop: str, kept: list[str], warnings: int, caplog: pytest.LogCaptureFixture
) -> None:
    train, test = source(tmp_path / "train.jsonl", TRAIN), source(tmp_path / "test.jsonl", TEST)
    read_ = read(train, test, drop_overlap=drop)
    assert [row["input"] for row in read_ if row["split"] == "test"] == kept
    assert [row["input"] for row in read_ if row["split"] == "train"] == [row["input"] for row in TRAIN]
    counts, of_split, left_out = overlap_of(tmp_path)
    assert (counts, of_split) == ({"exact": 3, "near": 2}, {"train": 4, "test": len(kept)})
    assert left_out == {"test rows whose input is a copy of a training input": 8 - len(kept)}
    assert len([record for record in caplog.records if record.levelname == "WARNING"]) == warnings


def test_nothing_is_told_where_nothing_is_a_copy(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    train, test = source(tmp_path / "train.jsonl", TRAIN), source(tmp_path / "test.jsonl", rows(UNLIKE))
    read(train, test)
    assert overlap_of(tmp_path)[0] == {"exact": 0, "near": 0}
    assert "copies" not in caplog.text
    read(train)
    assert "overlap" not in storage.manifest_of(tmp_path / "out.parquet")


def test_validation_rows_are_drawn_from_those_that_are_no_copies(tmp_path: Path) -> None:
    train = source(tmp_path / "train.jsonl", rows(*(f"text {n}" for n in range(10))))
    test = source(tmp_path / "test.jsonl", rows(*(f"text {n}" for n in range(5, 30))))
    read_ = read(train, test, drop_overlap="exact", validation=8)
    assert overlap_of(tmp_path)[1] == {"train": 10, "test": 12, "validation": 8}
    assert not {row["input"] for row in read_ if row["split"] != "train"} & {f"text {n}" for n in range(10)}


def test_a_test_split_of_copies_alone_is_refused(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl", TRAIN)
    assert refused(file, test=file, drop_overlap="exact").startswith(
        "datasets.mine: no usable rows in split 'test' (4 test rows whose input is a copy of a training input)."
    )


@pytest.mark.parametrize("seed", range(3))
def test_copies_are_those_that_comparing_all_pairs_finds(seed: int) -> None:
    draw = random.Random(seed)
    known = [text(draw, draw.randrange(1, 60)) for _ in range(60)]
    changed = [list(draw.choice(known)) for _ in range(120)]
    for each in changed:
        for _ in range(draw.randrange(4)):
            each[draw.randrange(len(each))] = draw.choice(WORDS)
    train, test = ([" ".join(each) for each in texts] for texts in (known, changed))

    copies = Overlap(test)
    for start in range(0, len(train), 7):
        copies.see(train[start : start + 7])
    exact = [place for place, each in enumerate(test) if each in train]
    near = [
        place
        for place, each in enumerate(test)
        if place not in exact and any(jaccard(shingles(each), shingles(other)) >= 0.8 for other in train)
    ]
    assert (copies.positions("exact"), copies.positions("near")) == (exact, near)
    assert min(len(near), len(exact)) >= 3


def test_of_many_texts_of_one_form_the_most_similar_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlap, "MOST_COMPARED", 2)
    form = [f"w{number}" for number in range(100)]
    # The form without its last words, of which all but 20 are too few.
    test = [" ".join(form[:words]) for words in (50, 95, 60, 85, 90, 70)]
    copies = Overlap(test)
    copies.see([" ".join(form) + " end"])
    assert copies.positions("near") == [1, 4]
    copies.see([" ".join(form)])
    assert copies.positions("near") == [1, 3, 4]
