"""The table of leaked records: the most severe first, numbers and identifiers, how many there are."""

from pathlib import Path
from typing import Any

import pyarrow as pa
from sheets import csv_and_parquet, texts

from memorization import storage
from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.leaked_records import LeakedRecordsTable
from memorization.studies.audit.records import SHOWN, sheet

ROW = {
    "severity": 1,
    "dataset": "letters",
    "id": "train-7:1",
    "file": "old/rows.jsonl",
    "row": 7,
    "turn": 1,
    "sides": "target",
    "category": "paraphrase_high",
    "copies": 2,
    "prompts": 3,
    "decodings": 1,
    "promptings": 1,
    "prefix_lengths": 1,
    "longest_run_characters": 41,
    "longest_run_words": 6,
    "own_prompt": True,
    "other_prompt": True,
    "base": False,
    "entities": 2,
    "entity_types": "email, phone",
}


def made(folder: Path, rows: list[dict[str, Any]]) -> Sheet:
    file = folder / "leaked_records.parquet"
    counts = {"letters": {"training": 1200, "searched": 1000, "leaked": len(rows)}}
    table = pa.Table.from_pylist(rows, schema=LeakedRecordsTable.arrow())
    storage.write_table(file, LeakedRecordsTable, table, {"records": counts})
    return sheet({"leaked": [file]}, Context("release"))


def test_a_record_is_shown_by_its_place_and_numbers(tmp_path: Path) -> None:
    [line] = texts(made(tmp_path, [ROW]).rows)

    assert line == {
        "Severity": "1",
        "Dataset": "letters",
        "Record": "train-7:1",
        "File": "old/rows.jsonl",
        "Row": "7",
        "What": "target",
        "Category": "Paraphrase (high confidence)",
        "Entities": "2 (email, phone)",
        "Longest run (characters)": "41",
        "Longest run (words)": "6",
        "Prompts": "3",
        "Whose": "its own and others",
        "Decodings": "1",
        "Promptings": "1",
        "Prefix lengths": "1",
        "Copies": "2",
        "Base model too": "no",
    }


def test_the_first_are_shown_and_all_are_counted(tmp_path: Path) -> None:
    rows = [ROW | {"severity": number + 1, "file": None, "base": None} for number in range(SHOWN + 5)]

    made_sheet = made(tmp_path, rows)

    csv, parquet = csv_and_parquet(made_sheet, tmp_path)
    assert len(made_sheet.rows) == len(csv) == len(parquet) == SHOWN
    assert "File" not in texts(made_sheet.rows)[0]
    assert "letters: 105 of 1,000 records that were searched for (1,200 training records)" in made_sheet.whole_caption


def test_no_record_is_an_empty_table(tmp_path: Path) -> None:
    assert made(tmp_path, []).rows == []
