"""A study's comparisons: each fine-tuned run with the same probes before it, each run on members with its control."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from memorization.config.project import Statistics
from memorization.schemas.comparisons import ComparisonsTable
from memorization.statistics import significance

Key = tuple[Any, ...]


@dataclass(frozen=True)
class RunOutcomes:
    """A run's outcomes (n,), and the number of each probe's input text (n,)."""

    outcomes: Sequence[str]
    texts: Sequence[int]


def key(run: Mapping[str, Any], **changed: Any) -> Key:
    """The coordinates that identify a run, some of them changed."""
    coordinates = ("model", "state", "epoch", "dataset", "population", "prefix_tokens", "decoding")
    return tuple({**run, **changed}[name] for name in coordinates)


def compare(
    runs: Sequence[Mapping[str, Any]],
    outcomes_by_run: Mapping[Key, RunOutcomes],
    classified: bool,
    settings: Statistics,
) -> pa.Table:
    """The table `comparisons`, in the order of `runs` (coordinates with the task).

    `outcomes_by_run` contains every run under its `key`; a run is compared with its base or control where that is among
    them. p-values are corrected (Holm) among all comparisons with the same `versus`, category and population.
    """
    rows: list[dict[str, Any]] = []
    for run in runs:
        own = outcomes_by_run[key(run)]
        base = outcomes_by_run.get(key(run, state="base", epoch=0))
        control = outcomes_by_run.get(key(run, population="control"))
        comparisons: list[significance.Comparison] = []
        if run["state"] != "base" and base is not None:
            comparisons += significance.over_base(base.outcomes, own.outcomes, settings, classified, own.texts)
        if run["population"] == "member" and control is not None:
            comparisons += significance.over_control(
                own.outcomes, control.outcomes, settings, classified, own.texts, control.texts
            )
        rows += [{**run, **asdict(comparison)} for comparison in comparisons]
    families: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault((row["versus"], row["category"], row["population"]), []).append(row)
    for family in families.values():
        for row, corrected in zip(family, significance.holm([row["p_value"] for row in family]), strict=True):
            row["p_holm"] = corrected
    return pa.Table.from_pylist(rows, schema=ComparisonsTable.arrow())
