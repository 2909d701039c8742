"""What is searched for in generations beside the suffixes of inputs: targets, or suffixes with targets.

A side of the training data is a table like that of the probes, with the same rows, in which the text that is searched
for stands as `suffix`; so every stage of detection reads it as it reads the probes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.config.base import Population, Side
from memorization.probed_rows import ROWS_PER_CALL, ProbedRows
from memorization.probes import SPLIT_OF
from memorization.schemas.probes import ProbesTable

log = logging.getLogger(__name__)


def write_side(
    probes: Path,
    dataset: Path,
    side: Side,
    population: Population,
    minimum_characters: int,
    output: Path,
    manifest: Mapping[str, Any],
) -> None:
    """Write the side `target` or `both` of a file of schema `probes`, with the same schema, rows and numbers.

    `dataset` is the file that the probes were cut from, `population` theirs. The text of `target` is the target of the
    probe's row, that of `both` the suffix, a newline and the target. A target of fewer than `minimum_characters` (white
    space around it does not count) is no text to search for: the suffix is empty, or that of the input alone. The
    manifest counts them; where there are any, the log does, too.
    ValueError where the probes are not those of the dataset.
    """
    texts = _Texts(probes, dataset, side, SPLIT_OF[population], minimum_characters)

    def counted() -> dict[str, Any]:
        return {**manifest, "n": texts.count, "left_out_target_too_short": texts.short}

    storage.write_batches(output, ProbesTable, texts.batches(), counted)
    if texts.short:
        log.log(
            logging.WARNING if texts.short == texts.count else logging.INFO,
            "dataset %s, split %s: %d of %d targets have fewer than %d characters and are not searched for; n counts "
            "their probes, too, and the ceiling counts them as not found",
            *(dataset.stem, SPLIT_OF[population], texts.short, texts.count, minimum_characters),
        )


class _Texts:
    """The texts of a side, and on the way the number of probes, and of targets that are too short."""

    def __init__(self, probes: Path, dataset: Path, side: Side, split: str, minimum_characters: int) -> None:
        self._probes, self._side, self._minimum = probes, side, minimum_characters
        self._rows = ProbedRows(dataset, split, ["target"])
        self.count = self.short = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches of schema `probes`."""
        for batch in storage.stream(self._probes, rows=ROWS_PER_CALL):
            rows = batch.to_pylist()
            for row in rows:
                row["suffix"] = self._text(row)
                row["suffix_characters"] = len(row["suffix"])
            yield pa.RecordBatch.from_pylist(rows, schema=ProbesTable.arrow())

    def _text(self, probe: Mapping[str, Any]) -> str:
        target = str(self._rows.of(probe)["target"])
        self.count += 1
        if len(target.strip()) < self._minimum:
            self.short += 1
            target = ""
        if self._side == "target":
            return target
        return f"{probe['suffix']}\n{target}" if target else str(probe["suffix"])
