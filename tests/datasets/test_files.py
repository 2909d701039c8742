"""Rows of files, and what is wrong with a file."""

from pathlib import Path

import pytest
from source_files import ROWS, WRITERS, read, refused, source


@pytest.mark.parametrize("ending", WRITERS)
def test_every_kind_of_file_gives_the_same_rows(tmp_path: Path, ending: str) -> None:
    assert read(source(tmp_path / f"rows{ending}")) == [
        {"split": "train", "instruction": "", **row, "references": None} for row in ROWS
    ]


def test_endings_may_be_capitals_and_csv_may_begin_with_a_mark(tmp_path: Path) -> None:
    file = tmp_path / "rows.CSV"
    file.write_text("\ufeffid,input,target\na,text,yes\n", encoding="utf-8")
    assert read(file)[0]["id"] == "a"


def test_blank_lines_between_json_lines_are_passed_over(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl")
    file.write_text(file.read_text(encoding="utf-8").replace("\n", "\n\n"), encoding="utf-8")
    assert [row["id"] for row in read(file)] == ["a", "b", "c"]


@pytest.mark.parametrize("ending", WRITERS)
def test_a_column_may_contain_the_split(tmp_path: Path, ending: str) -> None:
    rows = [row | {"part": part} for row, part in zip(ROWS, ("test", "train", "test"), strict=True)]
    file = source(tmp_path / f"rows{ending}", rows)
    assert [(row["id"], row["split"]) for row in read(file, file, "part")] == [
        ("b", "train"),
        ("a", "test"),
        ("c", "test"),
    ]


def test_two_files_are_two_splits_and_rows_without_id_are_numbered(tmp_path: Path) -> None:
    train = source(tmp_path / "train.jsonl", [{"input": "x", "target": "y"}] * 2)
    test = source(tmp_path / "test.csv", [{"input": "z", "target": "y"}])
    assert [row["id"] for row in read(train, test)] == ["train-0", "train-1", "test-0"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "nowhere.csv"
    assert refused(file) == f"datasets.mine.source.train: {file}: no such file."


def test_an_unknown_ending_is_named_with_those_allowed(tmp_path: Path) -> None:
    file = tmp_path / "rows.tsv"
    file.touch()
    assert refused(file) == f"datasets.mine.source.train: {file}: ending '.tsv'; allowed: .parquet, .csv, .jsonl."


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    file.write_bytes(b"PAR1 but not really")
    assert refused(file).startswith(f"datasets.mine.source.train: {file}: not a readable parquet file: ")


@pytest.mark.parametrize("place", [0.1, 0.3, 0.5])
def test_a_damaged_parquet_file_is_named(tmp_path: Path, place: float) -> None:
    file = source(tmp_path / "rows.parquet", [{"input": f"{n} " * 50, "target": str(n)} for n in range(500)])
    content = bytearray(file.read_bytes())
    begin = int(place * len(content))
    content[begin : begin + 200] = bytes(200)
    file.write_bytes(content)
    assert refused(file).startswith(f"datasets.mine.source.train: {file}: not a readable parquet file: ")


@pytest.mark.parametrize("ending", [".csv", ".jsonl"])
def test_a_file_in_another_encoding_is_named(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"rows{ending}"
    file.write_bytes('{"input": "Größe", "target": "x"}\n'.encode("latin-1"))
    assert refused(file).startswith(f"datasets.mine.source.train: {file}: not a readable {ending[1:]} file: ")


def test_a_json_line_that_is_broken_is_named_with_its_row(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.jsonl")
    with file.open("a", encoding="utf-8") as stream:
        stream.write('{"input": "half\n')
    assert refused(file).startswith(f"{file}, row 3: not a JSON object: ")


def test_a_json_line_that_is_no_object_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('["text"]\n')
    assert refused(file) == f"{file}, row 0: contains list; a line contains one JSON object."


def test_a_csv_row_that_is_cut_by_a_comma_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("target,input\nyes,one text\nno,two, texts\n")
    assert refused(file) == f"{file}, row 1: has more fields than the heading; put a text with commas in quotes."


def test_a_csv_row_that_is_too_short_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("input,target\nyes\n")
    assert "row 0: column 'target' is null" in refused(file)


def test_a_missing_split_column_is_named(tmp_path: Path) -> None:
    file = source(tmp_path / "rows.csv")
    assert refused(file, split_column="part").startswith(
        "datasets.mine.source.split_column: names column 'part', which "
    )


def test_a_split_that_the_column_lacks_is_named_with_those_it_has(tmp_path: Path) -> None:
    rows = [row | {"part": part} for row, part in zip(ROWS, ("train", "valid", "valid"), strict=True)]
    file = source(tmp_path / "rows.parquet", rows)
    assert refused(file, test=file, split_column="part") == (
        f"datasets.mine.source.split_column: {file}: column 'part' has no 'test'; "
        "found: 'valid' (2 rows), 'train' (1 rows)."
    )
