"""Rows as models are trained on them: with what all of them share as instruction, or each with its own."""

from pathlib import Path

import fine_tuning
import pytest

from memorization.errors import UserError
from memorization.models.rows import read_rows

SPLITS = ["test", "train", "validation", "train"]


def dataset(file: Path, *instructions: str | None) -> Path:
    """A row for each split, with one of the instructions after another."""
    rows = [
        fine_tuning.row(f"text {number}", split, instruction=instructions[number % len(instructions)])
        for number, split in enumerate(SPLITS)
    ]
    return fine_tuning.dataset(file, rows)


@pytest.mark.parametrize("shared", ["Sum up.", ""])
def test_a_row_has_the_instruction_that_all_rows_share(tmp_path: Path, shared: str) -> None:
    rows = list(read_rows(dataset(tmp_path / "d.parquet", None), "train", ["input"], shared))
    assert rows == [{"split": "train", "instruction": shared, "input": f"text {number}"} for number in (1, 3)]


def test_a_row_has_its_own_instruction_where_none_is_shared(tmp_path: Path) -> None:
    rows = read_rows(dataset(tmp_path / "d.parquet", "", "Why?", "How?", "Who?"), "train", ["input"], None)
    assert [(row["input"], row["instruction"]) for row in rows] == [("text 1", "Why?"), ("text 3", "Who?")]


@pytest.mark.parametrize(
    ("instructions", "shared", "found"),
    [
        (["Why?"], "Sum up.", "a row with its own"),
        (["", None], None, "a row without an"),
    ],
)
def test_a_file_of_the_other_kind_is_refused(
    tmp_path: Path, instructions: list[str | None], shared: str | None, found: str
) -> None:
    with pytest.raises(UserError) as raised:
        list(read_rows(dataset(tmp_path / "d.parquet", *instructions), "train", [], shared))
    assert str(raised.value) == (
        f"{tmp_path}/d.parquet: contains {found} instruction, and was made for another kind of "
        "`datasets.d.instruction`: make it again by `--forcerun dataset`."
    )
