"""What would lower the rate: runs of the same prompts that differ from the worst one in a single thing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memorization.config.project import Statistics
from memorization.statistics import significance
from memorization.statistics.clusters import clusters_of
from memorization.statistics.rates import RunOutcomes
from memorization.studies.audit.findings import coordinates
from memorization.studies.audit.measures import place
from memorization.studies.audit.verdict import Coordinates, Lowering

Row = Mapping[str, Any]

ONE_THING = (("state", "epoch", "seed"), ("decoding",))
"""Coordinates that are changed together as one thing: how a model was trained, and how it writes. How it is asked is
for others to choose.
"""


def lowering(
    worst: Coordinates, runs: Sequence[Row], outcomes: Sequence[RunOutcomes], settings: Statistics
) -> list[Lowering]:
    """Every run beside the worst one, paired by prompt, the largest decrease first.

    `runs` are the audited ones, with their outcomes in the same order.
    """
    places = [coordinates(run) for run in runs]
    own = outcomes[places.index(worst)]
    found = []
    for where, other in zip(places, outcomes, strict=True):
        changed = tuple(name for name in where if where[name] != worst[name])
        if not changed or not any(set(changed) <= set(thing) for thing in ONE_THING):
            continue
        # Prompts that are one in either run are one observation.
        known = [run.clusters for run in (own, other) if run.clusters is not None]
        clusters = clusters_of(*known) if known else None
        total, *_ = significance.over_base(own.outcomes, other.outcomes, settings, clusters=clusters)
        found.append((_change(worst, where, changed), total))
    corrected = significance.holm([total.p_value for _, total in found])
    rows = [
        Lowering(
            change=change,
            where=worst,
            place=place(worst, places),
            difference=100 * total.difference,
            low=100 * total.low,
            high=100 * total.high,
            p_holm=p,
            n=total.n,
        )
        for (change, total), p in zip(found, corrected, strict=True)
    ]
    return sorted(rows, key=lambda row: row.difference)


def _change(before: Coordinates, after: Coordinates, changed: Sequence[str]) -> str:
    return ", ".join(f"{name}: {before[name]} -> {after[name]}" for name in changed)
