"""What the tests of datasets share: files of three kinds, and datasets read from them."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import storage
from memorization.config.data import Dataset
from memorization.datasets.sources import write_dataset
from memorization.errors import UserError
from memorization.schemas.dataset import DatasetTable

ROWS: list[dict[str, Any]] = [
    {"id": "a", "input": "First text, with a comma.", "target": "yes"},
    {"id": "b", "input": 'Second "text"\nof two lines {input}', "target": "no"},
    {"id": "c", "input": "Größe 😀 {0} {} %s", "target": "no"},
]
Rows = Sequence[dict[str, Any]]


def parquet(file: Path, rows: Rows) -> None:
    pq.write_table(pa.Table.from_pylist(list(rows)), file)


def comma_separated(file: Path, rows: Rows) -> None:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def json_lines(file: Path, rows: Rows) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


WRITERS = {".parquet": parquet, ".csv": comma_separated, ".jsonl": json_lines}


def source(file: Path, rows: Rows = ROWS) -> Path:
    WRITERS[file.suffix](file, rows)
    return file


def read(
    train: Path, test: Path | None = None, split_column: str | None = None, **settings: Any
) -> list[dict[str, Any]]:
    files = {"kind": "files", "train": str(train), "test": test and str(test), "split_column": split_column}
    return written({"source": files, **settings}, {"train": train, **({"test": test} if test else {})}, train.parent)


def written(settings: dict[str, Any], files: dict[str, Path], folder: Path) -> list[dict[str, Any]]:
    output = folder / "out.parquet"
    write_dataset("mine", Dataset.model_validate({"task": "qa", **settings}), files, output, {"rule": "dataset"})
    rows: list[dict[str, Any]] = storage.read(output, DatasetTable).to_pylist()
    return rows


def refused(train: Path, **settings: Any) -> str:
    with pytest.raises(UserError) as raised:
        read(train, **settings)
    message = str(raised.value)
    assert "\n" not in message
    assert not (train.parent / "out.parquet").exists()
    assert not list(train.parent.glob(".*.partial"))
    return message
