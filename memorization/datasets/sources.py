"""From a dataset's source to rows `id, split, instruction, input, target, references` (schema `dataset`)."""

from __future__ import annotations

import heapq
import logging
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import hub, storage
from memorization.config.data import Dataset, FilesDataset, HubDataset, SyntheticDataset
from memorization.datasets.files import file_rows
from memorization.datasets.letters import LetterCounts
from memorization.datasets.rendering import columns_read, rendered
from memorization.datasets.rows import RenderedRow, Row, one_line
from memorization.errors import UserError
from memorization.schemas.dataset import DatasetTable

log = logging.getLogger(__name__)

# Of a source; a dataset may have `validation` too, which is taken from test.
SPLITS = ("train", "test")

# A split of the hub of which only the first rows are wanted, such as `train[:1000]`.
FIRST_ROWS = re.compile(r"(?P<split>[^\[\]+]+)\[:(?P<rows>\d+)\]")


def write_dataset(
    name: str, dataset: Dataset, files: Mapping[str, Sequence[Path]], output: Path, manifest: Mapping[str, Any]
) -> None:
    """Read a dataset's source and write it with schema `dataset`; log and record what was left out.

    `files` gives the local files of each split where the source has files. Raises UserError for a missing file or
    column, a dataset or split without rows, null or non-text inputs, labels outside the mapping, fewer test rows than
    are set aside, no network, training inputs in scripts without spaces where no segmentation is configured.
    """
    left_out: Counter[str] = Counter()
    kept: Counter[str] = Counter()
    letters = LetterCounts()
    splits = [split for split in SPLITS if split == "train" or dataset.source.test]

    def batches() -> Iterator[pa.RecordBatch]:
        for split in splits:
            rows = rendered(name, dataset, _source_rows(name, dataset, split, files), left_out)
            for batch in _in_batches(_chosen(name, dataset, split, rows, left_out)):
                kept.update(row["split"] for row in batch)
                if split == "train":
                    letters.add(row["input"] for row in batch)
                yield pa.RecordBatch.from_pylist(batch, schema=DatasetTable.arrow())
            _check_split(name, split, kept, left_out)
            letters.check(name, dataset.segmentation)

    storage.write_batches(
        output,
        DatasetTable,
        batches(),
        lambda: {**manifest, "rows": dict(kept), "left_out": dict(left_out)},
    )
    for reason, count in sorted(left_out.items()):
        log.info("dataset %s: %d rows left out: %s", name, count, reason)


def _chosen(
    name: str, dataset: Dataset, split: str, rows: Iterator[RenderedRow], left_out: Counter[str]
) -> Iterator[RenderedRow]:
    """Rows of a split within the limit, those that are set aside last."""
    aside = dataset.validation if split == "test" else 0
    if dataset.limit is not None:
        rows = iter(_drawn(rows, dataset.limit + aside, dataset.seed, left_out))
    return iter(_set_aside(name, list(rows), aside, dataset.seed)) if aside else rows


def _in_batches(rows: Iterator[RenderedRow]) -> Iterator[list[RenderedRow]]:
    while batch := list(islice(rows, storage.ROWS_PER_GROUP)):
        yield batch


def no_usable_rows(name: str, split: str, left_out: Counter[str]) -> UserError:
    """What is wrong with a split of which all rows are left out, or that has none."""
    counts = ", ".join(f"{count} {reason}" for reason, count in sorted(left_out.items())) or "none was read"
    return UserError(
        f"datasets.{name}: no usable rows in split {split!r} ({counts}). Check the source, `limit` and "
        "`minimum_input_characters`."
    )


def _check_split(name: str, split: str, kept: Counter[str], left_out: Counter[str]) -> None:
    """UserError where a split has no rows; log how many it has."""
    if not kept[split]:
        raise no_usable_rows(name, split, left_out)
    log.info("dataset %s, split %s: %d rows", name, split, kept[split])
    if split == "test" and kept["validation"]:
        log.info("dataset %s: %d more rows of that split set aside as validation", name, kept["validation"])


def _source_rows(name: str, dataset: Dataset, split: str, files: Mapping[str, Sequence[Path]]) -> Iterator[Row]:
    source = dataset.source
    if isinstance(source, HubDataset):
        return _hub_rows(name, dataset, source, split)
    if isinstance(source, FilesDataset):
        return local_rows(name, dataset, source, split, files[split])
    return _synthetic_rows(source, split)


def local_rows(
    name: str, dataset: Dataset, source: FilesDataset, split: str, files: Sequence[Path], at_most: int | None = None
) -> Iterator[Row]:
    """Rows of a split of local files, with the columns that the dataset's settings name; see `file_rows`."""
    columns = columns_read(name, dataset)
    return file_rows(f"datasets.{name}.source", source, split, files, columns, at_most)


def _synthetic_rows(source: SyntheticDataset, split: str) -> Iterator[Row]:
    from memorization.datasets.synthetic.corpora import documents

    start, count = (0, source.train) if split == "train" else (source.train, source.test)
    streams = [documents(corpus, start, count, source.seed) for corpus in source.corpora]
    for number, group in enumerate(zip(*streams, strict=True)):
        for document in group:
            yield Row(split, f"synthetic document {document.id}", number, vars(document))


def _hub_rows(name: str, dataset: Dataset, source: HubDataset, split: str) -> Iterator[Row]:
    hub_split = source.train if split == "train" else str(source.test)
    shown = f"datasets.{name}: {source.name!r} (configuration {source.configuration!r}, revision {source.revision!r})"
    try:
        rows = hub.ask(shown, "files", lambda: _loaded(source, hub_split))
    except ValueError as error:
        raise UserError(f"{shown}, split {hub_split!r}: {one_line(error)}") from error
    columns = columns_read(name, dataset)
    if columns - {"id"} <= set(rows.column_names):
        rows = rows.select_columns([column for column in rows.column_names if column in columns])
    for number, values in enumerate(rows):
        yield Row(split, f"{source.name}, split {hub_split!r}, row {number}", number, values)


def _loaded(source: HubDataset, split: str) -> Any:
    """A split of a hub dataset, as the library's `Dataset`, from its own files; first rows, from the first of them.

    The library by itself reads all files of all splits. Raises ValueError where there is no such split.
    """
    import datasets

    of_hub = (source.name, source.configuration)
    builder = datasets.load_dataset_builder(*of_hub, revision=source.revision)
    places = builder.config.data_files or {}
    name = split.partition("[")[0]
    if not places or "+" in split:
        return datasets.load_dataset(*of_hub, revision=source.revision, split=split)
    if name not in places:
        raise ValueError(f"it has no split {name!r}; it has: {', '.join(sorted(places))}")
    files = list(places[name])
    first = FIRST_ROWS.fullmatch(split)
    count = len(files) if first is None else 1
    while True:
        rows = datasets.load_dataset(
            *of_hub,
            revision=source.revision,
            data_files={name: files[:count]},
            features=builder.info.features,
            split=split if first is None else name,
        )
        if first is None:
            return rows
        if len(rows) >= int(first["rows"]) or count >= len(files):
            return rows.select(range(min(int(first["rows"]), len(rows))))
        count *= 2


def _drawn(rows: Iterable[RenderedRow], limit: int, seed: int, left_out: Counter[str]) -> list[RenderedRow]:
    """`limit` rows drawn with no more than that many in memory, in their own order."""
    generator = random.Random(seed)
    total = 0

    def keyed() -> Iterator[tuple[float, int, RenderedRow]]:
        nonlocal total
        for number, row in enumerate(rows):
            total += 1
            yield generator.random(), number, row

    drawn = heapq.nsmallest(limit, keyed(), key=lambda item: item[:2])
    if total > limit:
        left_out[f"beyond the limit of {limit}"] += total - limit
    return [row for _, _, row in sorted(drawn, key=lambda item: item[1])]


def _set_aside(name: str, rows: list[RenderedRow], count: int, seed: int) -> list[RenderedRow]:
    """The test rows, then `count` of them that are drawn as validation rows; both in their own order."""
    if count >= len(rows):
        raise UserError(
            f"datasets.{name}.validation: given {count}, and the test split has {len(rows)} usable rows: some must be "
            "left for testing. Lower it."
        )
    # Another stream than that of the limit's draw, which would make the two draws depend on each other.
    drawn = set(random.Random(f"validation {seed}").sample(range(len(rows)), count))
    kept = [row for number, row in enumerate(rows) if number not in drawn]
    return kept + [{**rows[number], "split": "validation"} for number in sorted(drawn)]
