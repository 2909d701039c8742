"""Where personal data stands in whole texts: in prefixes and suffixes, and in generations (schema `personal_data`).

The entities of matches (`entities`) say what a model gave back; these say what has to be masked before somebody reads a
text. So patterns count here whatever the configuration compares, and what two texts share between them is found in
both: an address that a prefix cuts is found in the input, and one that a generation continues is found across the seam.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from memorization import storage
from memorization.detection.entities import Find
from memorization.detection.patterns import Span
from memorization.detection.spans import read_texts
from memorization.schemas.personal_data import PersonalDataTable
from memorization.schemas.probes import ProbesTable

SEAM = 100
"""Characters on both sides of the place where a generation begins that are searched together."""

TextKey = tuple[int, str]
"""Probe, and which of its texts: `prefix`, `suffix` or `generation`."""

Places = Mapping[TextKey, Sequence[Span]]
"""Personal data by text; texts without any are left out."""


def in_inputs(probes: Path, find: Find) -> pa.Table:
    """Table of schema `personal_data` of the prefixes and suffixes of a file of schema `probes`.

    A probe's input is searched as a whole, and what the cut divides is in both parts.
    """
    rows = storage.read(probes, ProbesTable, ["probe", "prefix", "suffix"]).to_pylist()
    found = _found([row["prefix"] + row["suffix"] for row in rows], find)
    places: dict[TextKey, list[Span]] = {}
    for row in rows:
        prefix, suffix = row["prefix"], row["suffix"]
        spans, cut = found[prefix + suffix], len(prefix)
        places[row["probe"], "prefix"] = _within(spans, 0, cut)
        places[row["probe"], "suffix"] = _within(spans, cut, cut + len(suffix))
    return _table(places)


def in_targets(probes: Path, targets: Path, find: Find) -> pa.Table:
    """Table of schema `personal_data` of the prefixes of a file of schema `probes`, as in their inputs, and of targets.

    These are the suffixes in the other file, and each is searched by itself.
    """
    inputs = in_inputs(probes, find)
    texts = storage.read(targets, ProbesTable, ["probe", "suffix"]).to_pylist()
    found = _found([row["suffix"] for row in texts], find)
    places: dict[TextKey, list[Span]] = {(row["probe"], "suffix"): list(found[row["suffix"]]) for row in texts}
    return pa.concat_tables([inputs.filter(pc.equal(inputs["text"], "prefix")), _table(places)])


def in_generations(generations: Path, probes: Path, find: Find) -> pa.Table:
    """Table of schema `personal_data` of a run's generations, from its files of schemas `generations` and `probes`.

    A generation is searched by itself, and its beginning once more behind the end of its prefix.
    """
    texts = read_texts(generations, probes)
    seams = {
        probe: (texts.prefixes[probe][-SEAM:], generation[:SEAM]) for probe, generation in texts.generations.items()
    }
    found = _found([*texts.generations.values(), *("".join(seam) for seam in seams.values())], find)
    places: dict[TextKey, list[Span]] = {}
    for probe, generation in texts.generations.items():
        before, after = seams[probe]
        cut = len(before)
        across = [span for span in found[before + after] if span[1] < cut < span[2]]
        begun = _within(across, cut, cut + len(after))
        places[probe, "generation"] = disjoint([*begun, *found[generation]])
    return _table(places)


def _found(texts: Iterable[str], find: Find) -> dict[str, Sequence[Span]]:
    """What is found in each text; equal texts are searched once."""
    different = list(dict.fromkeys(texts))
    return dict(zip(different, map(disjoint, find(different)), strict=True)) if different else {}


def disjoint(spans: Iterable[Span]) -> list[Span]:
    """Spans from left to right, those that overlap joined into one of the first one's type; empty ones are left out."""
    joined: list[Span] = []
    for kind, start, end in sorted(spans, key=lambda span: (span[1], -span[2])):
        if joined and start < joined[-1][2]:
            before = joined[-1]
            joined[-1] = (before[0], before[1], max(before[2], end))
        elif end > start:
            joined.append((kind, start, end))
    return joined


def _within(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The parts of spans between two places of a text, counted from the first of them."""
    parts = [(kind, max(first, start) - start, min(last, end) - start) for kind, first, last in spans]
    return [part for part in parts if part[1] < part[2]]


def _table(places: Places) -> pa.Table:
    rows = [
        {"probe": probe, "text": text, "type": kind, "start": start, "length": end - start}
        for (probe, text), spans in places.items()
        for kind, start, end in spans
    ]
    return pa.Table.from_pylist(rows, schema=PersonalDataTable.arrow())


def read_places(*files: Path) -> dict[TextKey, list[Span]]:
    """Personal data by text, from files of schema `personal_data`: of a run's probes, and of its generations."""
    places: dict[TextKey, list[Span]] = {}
    for file in files:
        for key, rows in groupby(_rows(file), lambda row: (row["probe"], row["text"])):
            places[key] = [(row["type"], row["start"], row["start"] + row["length"]) for row in rows]
    return places


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    yield from storage.read(file, PersonalDataTable).to_pylist()
