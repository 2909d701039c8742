"""What the tests of datasets share: files of three kinds, and datasets read from them."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Sequence
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


def arrow_stream(file: Path, rows: Rows) -> None:
    table = pa.Table.from_pylist(list(rows))
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)


def separated(rows: Rows, separator: str) -> str:
    stream = io.StringIO(newline="")
    writer = csv.DictWriter(stream, list(rows[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


TEXTS: dict[str, Callable[[Rows], str]] = {
    ".csv": lambda rows: separated(rows, ","),
    ".tsv": lambda rows: separated(rows, "\t"),
    ".jsonl": lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
    ".json": lambda rows: json.dumps(rows, indent=1),
}
ENDINGS = [".parquet", ".arrow", *TEXTS, *(f"{ending}.gz" for ending in TEXTS)]


def source(file: Path, rows: Rows = ROWS, encoding: str = "utf-8") -> Path:
    """Write rows as the file's ending says."""
    plain = file.with_suffix("") if file.suffix == ".gz" else file
    if plain.suffix in TEXTS:
        content = TEXTS[plain.suffix](rows).encode(encoding)
        file.write_bytes(content if plain == file else gzip.compress(content))
    else:
        {".parquet": parquet, ".arrow": arrow_stream}[file.suffix](file, rows)
    return file


def read(
    train: Path | list[Path], test: Path | None = None, source: dict[str, Any] | None = None, **settings: Any
) -> list[dict[str, Any]]:
    """Rows of schema `dataset` of local files; `source` has further keys of the source, `settings` of the dataset."""
    trains = train if isinstance(train, list) else [train]
    files = {"kind": "files", "train": list(map(str, trains)), "test": test and str(test), **(source or {})}
    paths = {"train": trains, **({"test": [test]} if test else {})}
    return written({"source": files, **settings}, paths, trains[0].parent)


def written(settings: dict[str, Any], files: dict[str, list[Path]], folder: Path) -> list[dict[str, Any]]:
    output = folder / "out.parquet"
    write_dataset("mine", Dataset.model_validate({"task": "qa", **settings}), files, output, {"rule": "dataset"})
    rows: list[dict[str, Any]] = storage.read(output, DatasetTable).to_pylist()
    return rows


def refused(train: Path | list[Path], **settings: Any) -> str:
    with pytest.raises(UserError) as raised:
        read(train, **settings)
    message = str(raised.value)
    assert "\n" not in message
    assert message.isprintable()
    folder = (train if isinstance(train, Path) else train[0]).parent
    assert not (folder / "out.parquet").exists()
    assert not list(folder.glob(".*.partial"))
    return message
