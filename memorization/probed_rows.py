"""The rows of a dataset that probes were cut from, found again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from memorization import storage

ROWS_PER_CALL = 1_000
"""Rows of a dataset, and probes, whose texts are in memory together."""


class ProbedRows:
    """Rows of a dataset's split by their probes, which are asked for in their order: the file is read once."""

    def __init__(self, dataset: Path, split: str, columns: Sequence[str]) -> None:
        """Read these columns of schema `dataset`, with those that tell rows apart."""
        self._rows = chain.from_iterable(_parts(dataset, split, ["id", "split", "input", *columns]))

    def of(self, probe: Mapping[str, Any]) -> dict[str, Any]:
        """The row of a probe (`probe, id, prefix, suffix`); each is asked for after the probes before it.

        ValueError where no further row has the probe's input.
        """
        whole = probe["prefix"] + probe["suffix"]
        for row in self._rows:
            # Identifiers may repeat: they are the user's.
            if row["id"] == probe["id"] and row["input"] == whole:
                return row
        raise ValueError(f"no row of the dataset has the input of probe {probe['probe']}")


def _parts(dataset: Path, split: str, columns: list[str]) -> Iterator[list[dict[str, Any]]]:
    for batch in storage.stream(dataset, columns, ROWS_PER_CALL):
        yield batch.filter(pc.equal(batch["split"], split)).to_pylist()
