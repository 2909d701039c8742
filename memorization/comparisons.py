"""What a study compares: every fine-tuned run with the same probes before it, every run with its control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from memorization import statistics
from memorization.storage import SCHEMAS

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Asked:
    """A run's outcomes (n,), and the number of each probe's input text (n,)."""

    outcomes: Sequence[str]
    texts: Sequence[int]


def key(run: Mapping[str, Any], **changed: Any) -> Key:
    """What tells a run from others, with some coordinates changed."""
    coordinates = ("model", "state", "epoch", "dataset", "population", "prefix_tokens", "decoding")
    return tuple({**run, **changed}[name] for name in coordinates)


def compare(
    runs: Sequence[Mapping[str, Any]], asked: Mapping[Key, Asked], classified: bool, settings: Mapping[str, Any]
) -> pa.Table:
    """Table of schema `comparisons`, in the order of `runs` (coordinates with the task), for what `asked` holds.

    p-values are corrected (Holm) among all comparisons of one kind, category and population.
    """
    rows: list[dict[str, Any]] = []
    for run in runs:
        mine = asked[key(run)]
        base = asked.get(key(run, state="base", epoch=0))
        control = asked.get(key(run, population="control"))
        found: list[statistics.Comparison] = []
        if run["state"] != "base" and base is not None:
            found += statistics.over_base(
                base.outcomes, mine.outcomes, **settings, classified=classified, texts=mine.texts
            )
        if run["population"] == "member" and control is not None:
            found += statistics.over_control(
                mine.outcomes,
                control.outcomes,
                **settings,
                classified=classified,
                texts=mine.texts,
                control_texts=control.texts,
            )
        rows += [{**run, **asdict(comparison)} for comparison in found]
    families: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault((row["versus"], row["category"], row["population"]), []).append(row)
    for family in families.values():
        for row, corrected in zip(family, statistics.holm([row["p_value"] for row in family]), strict=True):
            row["p_holm"] = corrected
    return pa.Table.from_pylist(rows, schema=SCHEMAS["comparisons"])
