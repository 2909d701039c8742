"""How much comes back of training records by their number of copies: one row per model in a state, side and number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from memorization import storage
from memorization.config.project import Statistics
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, coordinate, in_state, intervals, varying
from memorization.schemas.copies import CopiesTable
from memorization.schemas.run import StateColumns
from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column, StudyTable
from memorization.statistics.clusters import clusters_of
from memorization.statistics.measurements import share
from memorization.studies.audit.texts import Key, Searched, key_of

PACKAGES = ("numpy", "scipy")
"""What a sheet is computed by, for its manifest."""

KINDS = {"exact": "exact", "near": "exact or near"}
CELL = ("dataset", "task", "model", "state", "epoch", "seed", "side")
"""Coordinates of which all runs are taken together."""


@dataclass
class Asked:
    """Training records that were searched for in runs: one entry per record, by identifier and text."""

    places: dict[tuple[str, Key], int]
    prefixes: list[Key]
    """Of the first run in which each was a probe."""
    came_back: list[bool]
    """In one of the runs at least."""
    runs: int = 0

    def add(self, texts: Searched, documents: Iterable[int]) -> None:
        """Add a run on training inputs: what was searched for, and the documents that matched."""
        matched = {probe for document in documents for probe in texts.equal(document)}
        for probe in texts.searched():
            entry = texts.identifier(probe), texts.key(probe)
            place = self.places.setdefault(entry, len(self.places))
            if place == len(self.prefixes):
                self.prefixes.append(key_of(texts.prefix(probe)))
                self.came_back.append(False)
            self.came_back[place] |= probe in matched
        self.runs += 1


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `matches`, `searched` and `copies` of each of the option `runs`."""
    settings = Statistics.model_validate(context.statistics)
    order = list(dict.fromkeys(tuple(run[name] for name in CELL) for run in context.options["runs"]))
    asked = {cell: Asked({}, [], []) for cell in order}
    copies: dict[tuple[Any, ...], Path] = {}
    runs = zip(context.options["runs"], files["matches"], files["searched"], files["copies"], strict=True)
    for (file, side), group in groupby(sorted(runs, key=_searched), _searched):
        texts = Searched(file, side)
        for run, matches, _, counted in group:
            cell = tuple(run[name] for name in CELL)
            copies[cell] = counted
            asked[cell].add(texts, _documents(matches))
    rows = [
        {"study": context.study, **dict(zip(CELL, cell, strict=True)), **row}
        for cell in order
        for row in by_copies(asked[cell], storage.read(copies[cell], CopiesTable), settings)
    ]
    tidy = pa.Table.from_pylist(rows, schema=AuditDuplicatesTable.unlabelled())
    title = f"{context.heading}: duplicates"
    return Sheet(AuditDuplicatesTable, tidy, layout(rows, context), title, caption(rows, context), context.label)


def _searched(run: tuple[Row, Path, Path, Path]) -> tuple[Path, Any]:
    return run[2], run[0]["side"]


def _documents(matches: Path) -> set[int]:
    return {document for batch in storage.stream(matches, ["document"]) for document in batch["document"].to_pylist()}


def by_copies(asked: Asked, copies: pa.Table, settings: Statistics) -> Iterator[dict[str, Any]]:
    """Columns of `audit_duplicates` without coordinates: for exact, then near copies, each number that records have.

    Records of one family, and of one prompt, are one cluster.
    """
    counted = {row["text"]: row for row in copies.to_pylist()}
    known = [counted[key.hex()] for _, key in asked.places]
    clusters = np.array(clusters_of([row["family"] for row in known], asked.prefixes))
    came_back = np.array(asked.came_back, bool)
    for kind in KINDS:
        numbers = np.array([row[kind] for row in known])
        for low, high in buckets(int(numbers.max(initial=0))):
            here = (low <= numbers) & (numbers <= high)
            if here.any():
                own = clusters[here].tolist()
                measured = share(came_back[here], f"{kind} {low}", settings, own)
                yield {
                    "copies": kind,
                    "copies_low": low,
                    "copies_high": high,
                    "runs": asked.runs,
                    "clusters": len(set(own)),
                    "rate": measured.value,
                    **asdict(measured),
                }


def buckets(most: int) -> Iterator[tuple[int, int]]:
    """Numbers of copies that are shown together, first and last: 1, 2, 3 to 4, 5 to 8, and so on up to `most`."""
    low, high = 1, 1
    while low <= most:
        yield low, high
        low, high = high + 1, 2 * high


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One line per row; coordinates that do not vary are left out."""
    coordinates = [name for name in varying(rows) if name in CELL]
    return [
        {
            "Dataset": cells.text(context.dataset(row["dataset"])),
            "Model": cells.text(in_state(context.model(row["model"]), row["state"], rows)),
            **{VARYING[name]: cells.text(coordinate(row, name)) for name in coordinates},
            "Kind": cells.text(KINDS[row["copies"]]),
            "Copies": cells.text(_number(row)),
            "Came back": cells.rate(row),
            "n": cells.count(row["n"], "records"),
            "Clusters": cells.count(row["clusters"], "clusters"),
        }
        for row in rows
    ]


def _number(row: Mapping[str, Any]) -> str:
    low, high = row["copies_low"], row["copies_high"]
    return str(low) if low == high else f"{low}-{high}"


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the numbers are, in one paragraph."""
    return " ".join(
        [
            "Training records by the number of records with their text, themselves included, and the share of them "
            f"that came back in one of the runs at least, with {intervals(context.statistics)}.",
            "Text: what was searched for, whole inputs or targets. Exact: the same text; near: of the same family, "
            "texts linked by a Jaccard similarity of their word 5-grams of 0.8 or more.",
            "Every match counts, of whichever prompt. n: records whose text was searched for; those of one family or "
            "one prompt are one cluster, and are resampled together.",
            "A difference between numbers of copies is no effect of copying by itself: texts that occur often differ "
            "from others in more than that; the base model's rows, where there are any, show how much.",
        ]
    )


class AuditDuplicatesTable(StudyTable, StateColumns):
    """How much comes back by number of copies: one row per model in a state, side, kind of copies and number."""

    name = "audit_duplicates"

    side = Column(TEXT, "")
    """what is searched for: input (suffixes of training inputs), target, or both"""
    copies = Column(TEXT, "")
    """exact, or near: exact and near ones"""
    copies_low = Column(INT32, "records")
    """least number of records with a text, itself included"""
    copies_high = Column(INT32, "records")
    """greatest number"""
    runs = Column(INT32, "runs")
    """runs that are taken together: of all prefix lengths, decodings, promptings and profiles"""
    n = Column(INT64, "records")
    """training records with so many copies whose text was searched for"""
    clusters = Column(INT64, "clusters")
    """clusters among them: records linked by near copies or equal prompts"""
    count = Column(INT64, "records")
    """those that came back in at least one run"""
    rate = Column(FLOAT64, "fraction")
    """count / n"""
    low = Column(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    high = Column(FLOAT64, "fraction")
    """upper bound of its bootstrap interval"""
    exact_low = Column(FLOAT64, "fraction")
    """lower Clopper-Pearson bound, for as many observations as there are clusters"""
    exact_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
