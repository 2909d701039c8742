"""From a dataset's source to rows `id, split, instruction, input, target, references` (schema `dataset`)."""

from __future__ import annotations

import heapq
import logging
import random
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import hub, storage
from memorization.config.data import Dataset, FilesDataset, HubDataset, SyntheticDataset
from memorization.datasets.files import file_rows
from memorization.datasets.letters import LetterCounts
from memorization.datasets.overlap import KINDS, Kind, Overlap
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

    Recorded too is how many test inputs are copies of training inputs. The test split is held in memory.
    `files` gives the local files of each split where the source has files. Raises UserError for a missing file or
    column, a dataset or split without rows, null or non-text inputs, labels outside the mapping, fewer test rows than
    are set aside, no network, training inputs in scripts without spaces where no segmentation is configured.
    """
    left_out: dict[str, Counter[str]] = {split: Counter() for split in SPLITS}
    kept: Counter[str] = Counter()
    overlap: dict[str, int] = {}
    letters = LetterCounts()

    def rows_of(split: str) -> Iterator[RenderedRow]:
        rows = rendered(name, dataset, source_rows(name, dataset, split, files), left_out[split])
        return _within_limit(dataset, split, rows, left_out[split])

    def written(split: str, rows: Iterator[RenderedRow]) -> Iterator[tuple[list[RenderedRow], pa.RecordBatch]]:
        for batch in _in_batches(rows):
            kept.update(row["split"] for row in batch)
            yield batch, pa.RecordBatch.from_pylist(batch, schema=DatasetTable.arrow())
        _check_split(name, split, kept, left_out[split])

    def batches() -> Iterator[pa.RecordBatch]:
        test = list(rows_of("test")) if dataset.source.test else []
        copies = Overlap([row["input"] for row in test])
        for rows, batch in written("train", rows_of("train")):
            inputs = [row["input"] for row in rows]
            letters.add(inputs)
            copies.see(inputs)
            yield batch
        letters.check(name, dataset.segmentation)
        if dataset.source.test:
            overlap.update({kind: len(copies.positions(kind)) for kind in KINDS})
            test = _without_overlap(name, dataset, test, copies, left_out["test"])
            if dataset.validation:
                test = _set_aside(name, test, dataset.validation, dataset.seed)
            yield from (batch for _, batch in written("test", iter(test)))

    def counts() -> dict[str, Any]:
        total = left_out["train"] + left_out["test"]
        return {**manifest, "rows": dict(kept), "left_out": dict(total), **({"overlap": overlap} if overlap else {})}

    storage.write_batches(output, DatasetTable, batches(), counts)
    for reason, count in sorted((left_out["train"] + left_out["test"]).items()):
        log.info("dataset %s: %d rows left out: %s", name, count, reason)


def _within_limit(
    dataset: Dataset, split: str, rows: Iterator[RenderedRow], left_out: Counter[str]
) -> Iterator[RenderedRow]:
    """Rows of a split within the limit, to which test rows come that are set aside."""
    if dataset.limit is None:
        return rows
    aside = dataset.validation if split == "test" else 0
    return iter(_drawn(rows, dataset.limit + aside, dataset.seed, left_out))


def _without_overlap(
    name: str, dataset: Dataset, rows: list[RenderedRow], copies: Overlap, left_out: Counter[str]
) -> list[RenderedRow]:
    """Test rows without the copies of training inputs that the dataset drops; warns of those that stay."""
    kinds: dict[str | None, tuple[Kind, ...]] = {None: (), "exact": ("exact",), "near": KINDS}
    dropped = set(chain.from_iterable(copies.positions(kind) for kind in kinds[dataset.drop_overlap]))
    stay = {kind: len(copies.positions(kind)) for kind in KINDS if kind not in kinds[dataset.drop_overlap]}
    if any(stay.values()):
        log.warning(
            "dataset %s: the inputs of %d of %d test rows are copies of training inputs (%s): a model was trained on "
            "them, so that they are no controls; `datasets.%s.drop_overlap: near` leaves such rows out",
            name,
            sum(stay.values()),
            len(rows),
            ", ".join(f"{count} {kind}" for kind, count in stay.items()),
            name,
        )
    if dropped:
        left_out["test rows whose input is a copy of a training input"] += len(dropped)
    return [row for position, row in enumerate(rows) if position not in dropped]


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


def source_rows(name: str, dataset: Dataset, split: str, files: Mapping[str, Sequence[Path]]) -> Iterator[Row]:
    """Rows of a split of any source; `files` gives the local files of each split where the source has files."""
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
    hub_name, rows = hub_split(name, source, split)
    columns = columns_read(name, dataset)
    if columns - {"id"} <= set(rows.column_names):
        rows = rows.select_columns([column for column in rows.column_names if column in columns])
    for number, values in enumerate(rows):
        yield Row(split, f"{source.name}, split {hub_name!r}, row {number}", number, values)


def hub_split(name: str, source: HubDataset, split: str) -> tuple[str, Any]:
    """The hub's name of a split, and its rows with all columns (the library's `Dataset`).

    UserError where there is no such split, or no network.
    """
    hub_name = source.train if split == "train" else str(source.test)
    shown = f"datasets.{name}: {source.name!r} (configuration {source.configuration!r}, revision {source.revision!r})"
    try:
        return hub_name, hub.ask(shown, "files", lambda: _loaded(source, hub_name))
    except ValueError as error:
        raise UserError(f"{shown}, split {hub_name!r}: {one_line(error)}") from error


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
