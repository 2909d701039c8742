"""Labelled sentence pairs for a paraphrase classifier, from any source (schema `pairs`)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.config.detection import FilesPairs, SyntheticPairs
from memorization.datasets.files import file_rows
from memorization.datasets.rows import require
from memorization.errors import UserError
from memorization.schemas.pairs import PairsTable

log = logging.getLogger(__name__)


def write_pairs(
    classifier: str,
    pairs: SyntheticPairs | FilesPairs,
    files: Mapping[str, Path],
    output: Path,
    manifest: Mapping[str, Any],
) -> None:
    """Read a classifier's pairs and write them with schema `pairs`, the train split first.

    `files` gives the local file of each split where the source has files. Raises UserError for a missing file or
    column, a value that is not text, a label that is not a whole number from 0, and pairs with fewer than two labels.
    """
    key = f"classifiers.{classifier}.source.pairs"
    rows = [
        row
        for split in ("train", "test")
        if split == "train" or pairs.test
        for row in (
            _synthetic(pairs, split) if isinstance(pairs, SyntheticPairs) else _from_file(key, pairs, split, files)
        )
    ]
    labels = Counter((row["split"], row["label"]) for row in rows)
    if len({label for split, label in labels if split == "train"}) < 2:
        raise UserError(f"{key}: pairs to train on have {len(labels)} label; a classifier needs pairs of two or more.")
    log.info("pairs of classifier %s: %s", classifier, dict(labels))
    table = pa.Table.from_pylist(rows, schema=PairsTable.arrow())
    storage.write_table(output, PairsTable, table, manifest)


def _synthetic(pairs: SyntheticPairs, split: str) -> Iterator[dict[str, Any]]:
    from memorization.datasets.synthetic.pairs import labelled_pairs

    start, count = (0, pairs.train) if split == "train" else (pairs.train, pairs.test)
    for pair in labelled_pairs(start, count, pairs.seed):
        yield {"split": split, **vars(pair)}


def _from_file(key: str, pairs: FilesPairs, split: str, files: Mapping[str, Path]) -> Iterator[dict[str, Any]]:
    columns = {"text1": pairs.text1, "text2": pairs.text2, "label": pairs.label}
    for row in file_rows(key, pairs.split_column, split, files[split]):
        for name, column in columns.items():
            require(f"{key}.{name}", [column], row.values, row.place)
        texts = {name: row.values[columns[name]] for name in ("text1", "text2")}
        for name, text in texts.items():
            if not isinstance(text, str):
                raise UserError(f"{key}.{name}: {row.place}: {columns[name]!r} is {text!r:.40}; it must be text.")
        label = str(row.values[pairs.label])
        if not label.isdecimal():
            raise UserError(
                f"{key}.label: {row.place}: {pairs.label!r} is {label!r:.40}; labels are whole numbers from 0."
            )
        yield {"split": split, **texts, "label": int(label)}
