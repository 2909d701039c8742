"""From a dataset's source to rows `id, split, instruction, input, target, references` (schema `dataset`).

Text is data: templates come from the configuration and only name columns; what stands in a column is put in as it is.
"""

from __future__ import annotations

import csv
import hashlib
import heapq
import json
import logging
import random
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from memorization import storage
from memorization.config import Dataset, FilesDataset, HubDataset, SyntheticDataset
from memorization.errors import UserError, did_you_mean

log = logging.getLogger(__name__)

# Of a source; a dataset may have `validation` too, which comes out of test.
SPLITS = ("train", "test")

Rendered = dict[str, Any]
"""A row of the schema."""


@dataclass(frozen=True)
class Row:
    """A row of a source: `split` (train or test), its values, and `place` for messages (file and row number)."""

    split: str
    place: str
    number: int
    values: Mapping[str, Any]


def write_dataset(
    name: str, dataset: Dataset, files: Mapping[str, Path], output: Path, manifest: Mapping[str, Any]
) -> None:
    """Read a dataset's source and write it with schema `dataset`; log and record what was left out.

    `files` gives the local file of each split where the source has files. Raises UserError for a missing file or
    column, a dataset or split without rows, null or non-text inputs, labels outside the mapping, fewer test rows than
    are set aside, no network.
    """
    left_out: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    splits = [split for split in SPLITS if split == "train" or _has_test(dataset)]

    def batches() -> Iterator[pa.RecordBatch]:
        for split in splits:
            rows = _rendered(name, dataset, _rows(name, dataset, split, files), left_out)
            aside = dataset.validation if split == "test" else 0
            if dataset.limit is not None:
                rows = iter(_drawn(rows, dataset.limit + aside, dataset.seed, left_out))
            if aside:
                rows = iter(_set_aside(name, list(rows), aside, dataset.seed))
            batch: list[Rendered] = []
            for row in rows:
                kept[row["split"]] += 1
                batch.append(row)
                if len(batch) == storage.ROWS_PER_GROUP:
                    yield pa.RecordBatch.from_pylist(batch, schema=storage.SCHEMAS["dataset"])
                    batch = []
            if batch:
                yield pa.RecordBatch.from_pylist(batch, schema=storage.SCHEMAS["dataset"])
            if not kept[split]:
                counts = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items())) or "none was read"
                raise UserError(
                    f"datasets.{name}: no usable rows in split {split!r} ({counts}). Check the source, `limit` and "
                    "`minimum_input_characters`."
                )
            log.info("dataset %s, split %s: %d rows", name, split, kept[split])
            if aside:
                log.info("dataset %s: %d more rows of that split set aside as validation", name, kept["validation"])

    storage.write_batches(
        output,
        "dataset",
        batches(),
        lambda: {**manifest, "rows": dict(kept), "left_out": dict(left_out)},
    )
    for reason, count in sorted(left_out.items()):
        log.info("dataset %s: %d rows left out: %s", name, count, reason)


def _has_test(dataset: Dataset) -> bool:
    return bool(dataset.source.test)


def _rows(name: str, dataset: Dataset, split: str, files: Mapping[str, Path]) -> Iterator[Row]:
    source = dataset.source
    if isinstance(source, HubDataset):
        return _hub_rows(name, source, split)
    if isinstance(source, FilesDataset):
        return file_rows(f"datasets.{name}.source", source.split_column, split, files[split])
    return _synthetic_rows(source, split)


def _synthetic_rows(source: SyntheticDataset, split: str) -> Iterator[Row]:
    from memorization.datasets.synthetic import documents

    start, count = (0, source.train) if split == "train" else (source.train, source.test)
    streams = [documents(corpus, start, count, source.seed) for corpus in source.corpora]
    for number, group in enumerate(zip(*streams, strict=True)):
        for document in group:
            yield Row(split, f"synthetic document {document.id}", number, vars(document))


def _hub_rows(name: str, source: HubDataset, split: str) -> Iterator[Row]:
    import datasets

    wanted = source.train if split == "train" else str(source.test)
    shown = f"datasets.{name}: {source.name!r} (configuration {source.configuration!r}, revision {source.revision!r})"
    try:
        rows = datasets.load_dataset(source.name, source.configuration, revision=source.revision, split=wanted)
    except ValueError as error:
        raise UserError(f"{shown}, split {wanted!r}: {_line(error)}") from error
    except Exception as error:
        # The hub's client raises one of a dozen classes of three libraries where it cannot reach or find something.
        raise UserError(
            f"{shown}: cannot be loaded from the hub: {_line(error)} "
            "Check the network and the name; without a network, download it elsewhere and use `kind: files`."
        ) from error
    for number, values in enumerate(rows):
        yield Row(split, f"{source.name}, split {wanted!r}, row {number}", number, values)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith(".") else text + "."


def file_rows(key: str, split_column: str | None, split: str, path: Path) -> Iterator[Row]:
    """Rows of a split of a Parquet, CSV or JSONL file; `key` of the configuration is for messages.

    Raises UserError where the file cannot be read, or its split column has no such split.
    """
    if not path.is_file():
        raise UserError(f"{key}.{split}: {path}: no such file.")
    readers = {".parquet": _parquet, ".csv": _csv, ".jsonl": _jsonl}
    if path.suffix.lower() not in readers:
        raise UserError(f"{key}.{split}: {path}: ending {path.suffix!r}; allowed: {', '.join(readers)}.")
    found: Counter[str] = Counter()
    try:
        for number, values in enumerate(readers[path.suffix.lower()](path)):
            if split_column is not None:
                require(f"{key}.split_column", [split_column], values, f"{path}, row {number}")
                found[str(values[split_column])] += 1
                if values[split_column] != split:
                    continue
            yield Row(split, f"{path}, row {number}", number, values)
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{key}.{split}: {path}: not a readable {path.suffix[1:]} file: {_line(error)}") from error
    if split_column is not None and not found[split]:
        shown = ", ".join(f"{value!r} ({count} rows)" for value, count in found.most_common(10)) or "no rows at all"
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
                    f"{path}, row {number}: has more fields than the heading; put a text that holds commas in quotes."
                )
            yield values


def _jsonl(path: Path) -> Iterator[Mapping[str, Any]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file):
            if line.strip():
                try:
                    values = json.loads(line)
                except json.JSONDecodeError as error:
                    raise UserError(f"{path}, row {number}: not a JSON object: {_line(error)}") from error
                if not isinstance(values, dict):
                    raise UserError(
                        f"{path}, row {number}: holds {type(values).__name__}; a line holds one JSON object."
                    )
                yield values


def _rendered(name: str, dataset: Dataset, rows: Iterable[Row], left_out: Counter[str]) -> Iterator[Rendered]:
    """Rows of the schema, without short inputs, targets that stand for none and, where asked for, repeated inputs."""
    fields = {key: _fields(name, key, getattr(dataset, key)) for key in ("instruction", "input", "target")}
    named = {key: [field.split(".")[0] for field in names] for key, names in fields.items()}
    if dataset.references is not None:
        named["references"] = [dataset.references.split(".")[0]]
    seen: set[bytes] = set()
    for row in rows:
        for key, names in named.items():
            require(f"datasets.{name}.{key}", names, row.values, row.place)
        target = _target(name, dataset, fields["target"], row)
        if target is None:
            left_out["targets whose label is null"] += 1
            continue
        rendered = {key: _render(name, dataset, key, fields[key], row) for key in ("instruction", "input")}
        rendered["target"] = target
        references = _references(name, dataset.references, row)
        for key, value in [*rendered.items(), *(("references", text) for text in references or [])]:
            _require_unicode(name, key, value, row)
        text = rendered["input"]
        if len(text) < dataset.minimum_input_characters:
            left_out[f"inputs shorter than {dataset.minimum_input_characters} characters"] += 1
            continue
        if dataset.deduplicate:
            digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
            if digest in seen:
                left_out["repeated inputs"] += 1
                continue
            seen.add(digest)
        identifier = row.values.get("id")
        identifier = f"{row.split}-{row.number}" if identifier is None else str(identifier)
        yield {"id": identifier, "split": row.split, **rendered, "references": references}


def _drawn(rows: Iterable[Rendered], limit: int, seed: int, left_out: Counter[str]) -> list[Rendered]:
    """`limit` rows drawn without holding more than that many; in their own order."""
    generator = random.Random(seed)
    total = 0

    def keyed() -> Iterator[tuple[float, int, Rendered]]:
        nonlocal total
        for number, row in enumerate(rows):
            total += 1
            yield generator.random(), number, row

    drawn = heapq.nsmallest(limit, keyed(), key=lambda item: item[:2])
    if total > limit:
        left_out[f"beyond the limit of {limit}"] += total - limit
    return [row for _, _, row in sorted(drawn, key=lambda item: item[1])]


def _set_aside(name: str, rows: list[Rendered], count: int, seed: int) -> list[Rendered]:
    """The test rows, `count` of them drawn to be validation rows and put behind the others; both in their own order."""
    if count >= len(rows):
        raise UserError(
            f"datasets.{name}.validation: given {count}, and the test split has {len(rows)} usable rows: some must be "
            "left for testing. Lower it."
        )
    # Not the stream of the limit's draw, which would set aside rows by how that draw came out.
    drawn = set(random.Random(f"validation {seed}").sample(range(len(rows)), count))
    kept = [row for number, row in enumerate(rows) if number not in drawn]
    return kept + [{**rows[number], "split": "validation"} for number in sorted(drawn)]


def _fields(name: str, key: str, template: str) -> list[str]:
    """Columns that a template names; conversions and format specifications are refused."""
    names = []
    try:
        parts = list(string.Formatter().parse(template))
    except ValueError as error:
        raise UserError(f"datasets.{name}.{key}: template {template!r}: {_line(error)}") from error
    for _, field, specification, conversion in parts:
        if field is None:
            continue
        if not field or specification or conversion or "[" in field:
            raise UserError(
                f"datasets.{name}.{key}: template {template!r}: {{{field}}} is not allowed; a template names columns, "
                "as in {column} or {column.inner.0}."
            )
        names.append(field)
    return names


def require(key: str, columns: Iterable[str], values: Mapping[str, Any], place: str) -> None:
    """UserError where a row lacks a column that a key of the configuration names."""
    for column in columns:
        if column not in values:
            known = [str(known) for known in values if known is not None]
            raise UserError(
                f"{key}: names column {column!r}, which {place} does not have; "
                f"columns there: {', '.join(known)}{did_you_mean(column, known)}"
            )


def _require_unicode(name: str, key: str, text: str, row: Row) -> None:
    # JSON can spell half of a surrogate pair, which no file can hold.
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UserError(
            f"datasets.{name}.{key}: {row.place}: character {error.start} is half of a surrogate pair "
            f"({text[error.start]!r}); every {key} must be Unicode text."
        ) from error


def _render(name: str, dataset: Dataset, key: str, fields: list[str], row: Row) -> str:
    values = {field: _reach(name, key, field, row) for field in fields}
    for field, value in values.items():
        if value is None:
            raise UserError(
                f"datasets.{name}.{key}: {row.place}: column {field!r} is null; every {key} must be text.{_advice(key)}"
            )
        if not isinstance(value, str) and (key == "input" or not isinstance(value, (int, float, bool))):
            raise UserError(
                f"datasets.{name}.{key}: {row.place}: column {field!r} holds {type(value).__name__} "
                f"({str(value)[:40]!r}); every {key} must be text."
            )
    template = getattr(dataset, key)
    return "".join(
        literal + (str(values[field]) if field is not None else "")
        for literal, field, _, _ in string.Formatter().parse(template)
    )


def _target(name: str, dataset: Dataset, fields: list[str], row: Row) -> str | None:
    """A row's target; None where its label leaves the row out."""
    if dataset.missing_target is not None and any(_is_missing(field, row) for field in fields):
        return dataset.missing_target
    text = _render(name, dataset, "target", fields, row)
    if dataset.labels is None:
        return text
    if text not in dataset.labels:
        raise UserError(
            f"datasets.{name}.labels: {row.place}: the target is {text[:40]!r}, which stands for nothing; "
            f"allowed: {', '.join(dataset.labels)}."
        )
    return dataset.labels[text]


def _is_missing(field: str, row: Row) -> bool:
    """Whether a path ends at a null or beyond the end of a list; a name that is not there is an error instead."""
    value: Any = row.values
    for step in field.split("."):
        if isinstance(value, list) and step.isdecimal() and int(step) >= len(value):
            return True
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return False
        if value is None:
            return True
    return False


def _references(name: str, path: str | None, row: Row) -> list[str] | None:
    """All right answers of a row, as its column lists them; None where no column is named."""
    if path is None:
        return None
    value = _reach(name, "references", path, row)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise UserError(
            f"datasets.{name}.references: {row.place}: {path!r} holds {type(value).__name__} ({str(value)[:40]!r}); it "
            "must be a list of texts."
        )
    return value


def _reach(name: str, key: str, field: str, row: Row) -> Any:
    value: Any = row.values
    for step in field.split("."):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            raise UserError(
                f"datasets.{name}.{key}: {row.place}: {{{field}}} cannot be reached at {step!r}.{_advice(key)}"
            ) from None
    return value


def _advice(key: str) -> str:
    return " Where rows have none, say what it then is: `missing_target`." if key == "target" else ""
