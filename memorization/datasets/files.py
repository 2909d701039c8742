"""Rows of Parquet, CSV and JSONL files."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from memorization.datasets.rows import Row, one_line, require
from memorization.errors import UserError


def file_rows(key: str, split_column: str | None, split: str, path: Path) -> Iterator[Row]:
    """Rows of a split of a Parquet, CSV or JSONL file; `key` of the configuration is for messages.

    Raises UserError where the file cannot be read, or its split column has no such split.
    """
    if not path.is_file():
        raise UserError(f"{key}.{split}: {path}: no such file.")
    readers = {".parquet": _parquet, ".csv": _csv, ".jsonl": _jsonl}
    if path.suffix.lower() not in readers:
        raise UserError(f"{key}.{split}: {path}: ending {path.suffix!r}; allowed: {', '.join(readers)}.")
    counts: Counter[str] = Counter()
    try:
        for number, values in enumerate(readers[path.suffix.lower()](path)):
            if split_column is not None:
                require(f"{key}.split_column", [split_column], values, f"{path}, row {number}")
                counts[str(values[split_column])] += 1
                if values[split_column] != split:
                    continue
            yield Row(split, f"{path}, row {number}", number, values)
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{key}.{split}: {path}: not a readable {path.suffix[1:]} file: {one_line(error)}") from error
    if split_column is not None and not counts[split]:
        shown = ", ".join(f"{value!r} ({count} rows)" for value, count in counts.most_common(10)) or "no rows at all"
        raise UserError(f"{key}.split_column: {path}: column {split_column!r} has no {split!r}; found: {shown}.")


def _parquet(path: Path) -> Iterator[Mapping[str, Any]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1000):
            yield from batch.to_pylist()


def _csv(path: Path) -> Iterator[Mapping[str, Any]]:
    csv.field_size_limit(1 << 30)
    with path.open(newline="", encoding="utf-8-sig") as file:
        for number, values in enumerate(csv.DictReader(file, strict=True)):
            if None in values:
                raise UserError(
                    f"{path}, row {number}: has more fields than the heading; put a text with commas in quotes."
                )
            yield values


def _jsonl(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            if line.strip():
                try:
                    values = json.loads(line)
                except json.JSONDecodeError as error:
                    raise UserError(f"{path}, row {number}: not a JSON object: {one_line(error)}") from error
                if not isinstance(values, dict):
                    raise UserError(
                        f"{path}, row {number}: contains {type(values).__name__}; a line contains one JSON object."
                    )
                yield values
