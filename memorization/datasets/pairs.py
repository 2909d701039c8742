"""Labelled sentence pairs for a paraphrase classifier, from any source (schema `pairs`)."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.config.detection import FilesPairs, SyntheticPairs
from memorization.datasets.files import file_rows
from memorization.datasets.rows import require, require_unicode
from memorization.errors import UserError
from memorization.schemas.pairs import PairsTable

log = logging.getLogger(__name__)


def write_pairs(
    classifier: str,
    pairs: SyntheticPairs | FilesPairs,
    files: Mapping[str, Sequence[Path]],
    output: Path,
    manifest: Mapping[str, Any],
) -> None:
    """Read a classifier's pairs and write them with schema `pairs`, the train split first.

    `files` gives the local files of each split where the source has files. Raises UserError for a missing file or
    column, a value that is not text, a label that is not a whole number from 0, and pairs with fewer than two labels.
    """
    key = f"classifiers.{classifier}.source.pairs"
    rows = [
        row
        for split in ("train", "test")
        if split == "train" or pairs.test
        for row in (
            _synthetic(pairs, split)
            if isinstance(pairs, SyntheticPairs)
            else from_files(key, pairs, split, files[split])
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


def from_files(
    key: str, pairs: FilesPairs, split: str, files: Sequence[Path], at_most: int | None = None
) -> Iterator[dict[str, Any]]:
    """Pairs of a split of local files, as rows of schema `pairs`; `key` is for messages, `at_most` as in `file_rows`.

    Raises UserError as `write_pairs` does.
    """
    columns = {"text1": pairs.text1, "text2": pairs.text2, "label": pairs.label}
    for row in file_rows(key, pairs, split, files, columns.values(), at_most):
        for name, column in columns.items():
            require(f"{key}.{name}", [column], row)
        texts = {name: row.values[columns[name]] for name in ("text1", "text2")}
        for name, text in texts.items():
            if not isinstance(text, str):
                raise UserError(f"{key}.{name}: {row.place}: {columns[name]!r} is {text!r:.40}; it must be text.")
            require_unicode(f"{key}.{name}", "text", text, row)
        label = str(row.values[pairs.label])
        if not label.isdecimal() or len(label) > 9:
            raise UserError(
                f"{key}.label: {row.place}: {pairs.label!r} is {label[:40]!r}; labels are whole numbers from 0."
            )
        yield {"split": split, **texts, "label": int(label)}
