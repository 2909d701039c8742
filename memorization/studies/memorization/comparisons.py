"""A study's comparisons: each fine-tuned run with the same probes before it, each run on members with its control.

Where a recipe has several seeds, the mean of its trainings is compared, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from memorization.config.project import Statistics
from memorization.schemas.comparisons import ComparisonsTable
from memorization.schemas.means import MeansTable
from memorization.schemas.run import RunColumns
from memorization.statistics import significance
from memorization.statistics.entities import compare_entities, mean_entities
from memorization.statistics.rates import RunOutcomes, categories, in_category, rate_of
from memorization.statistics.trainings import training_draws

Key = tuple[Any, ...]
Run = Mapping[str, Any]
"""Coordinates of a run, with the task."""


def key(run: Run, **changed: Any) -> Key:
    """The coordinates that identify a run, some of them changed."""
    coordinates = {**run, **changed}
    return tuple(coordinates[name] for name in RunColumns.columns() if name != "task")


def trainings(runs: Sequence[Run]) -> list[list[Run]]:
    """Runs of one recipe with several seeds, grouped; the groups in the order of their first runs."""
    groups: dict[Key, list[Run]] = {}
    for run in runs:
        groups.setdefault(key(run, seed=None), []).append(run)
    return [group for group in groups.values() if len(group) > 1]


def compare(
    runs: Sequence[Run], outcomes_by_run: Mapping[Key, RunOutcomes], classified: bool, settings: Statistics
) -> pa.Table:
    """The table `comparisons`, in the order of `runs`, then of the means of several trainings (seed null).

    `outcomes_by_run` contains every run under its `key`; a run is compared with its base or control where that is among
    them. p-values are corrected (Holm) among all comparisons with the same `versus`, category and population, those of
    single trainings and of means apart.
    """
    rows: list[dict[str, Any]] = []
    for run in runs:
        own = outcomes_by_run[key(run)]
        base = outcomes_by_run.get(key(run, state="base", epoch=0, seed=0))
        control = outcomes_by_run.get(key(run, population="control"))
        comparisons: list[significance.Comparison] = []
        if run["state"] != "base" and base is not None:
            comparisons += significance.over_base(base.outcomes, own.outcomes, settings, classified, own.clusters)
        if run["population"] == "member" and control is not None:
            comparisons += significance.over_control(
                own.outcomes, control.outcomes, settings, classified, own.clusters, control.clusters
            )
        comparisons += compare_entities(
            [own],
            base if run["state"] != "base" else None,
            [control] if run["population"] == "member" and control is not None else [],
            settings,
        )
        rows += [{**run, **asdict(comparison)} for comparison in comparisons]
    for group in trainings(runs):
        rows += [
            {**group[0], "seed": None, **asdict(comparison)}
            for category in categories(classified)
            for comparison in _of_mean(group, outcomes_by_run, category, settings)
        ]
        rows += [
            {**group[0], "seed": None, **asdict(comparison)}
            for comparison in _entities_of_mean(group, outcomes_by_run, settings)
        ]
    families: dict[Key, list[dict[str, Any]]] = {}
    for row in rows:
        family = (row["versus"], row["category"], row["population"], row["seed"] is None)
        families.setdefault(family, []).append(row)
    for members in families.values():
        for row, corrected in zip(members, significance.holm([row["p_value"] for row in members]), strict=True):
            row["p_holm"] = corrected
    return pa.Table.from_pylist(rows, schema=ComparisonsTable.arrow())


def _of_mean(
    group: Sequence[Run], outcomes_by_run: Mapping[Key, RunOutcomes], category: str, settings: Statistics
) -> Iterable[significance.Comparison]:
    """A category's comparisons of the mean of some trainings."""
    own = [outcomes_by_run[key(run)] for run in group]
    clusters, hits = own[0].clusters, _hits(own, category)
    n = hits.shape[1]
    if (base := outcomes_by_run.get(key(group[0], state="base", epoch=0, seed=0))) is not None:
        change = hits.astype(int) - in_category(base.outcomes, category).astype(int)
        drawn = training_draws(change, f"difference {category}", settings, clusters)
        bounds = drawn.bounds(settings, -1, 1)
        yield significance.Comparison("base", category, n, n, drawn.value, *bounds, drawn.p_value())
    if controls := _controls(group, outcomes_by_run):
        control_hits = _hits(controls, category)
        drawn = training_draws(hits, f"over control {category} member", settings, clusters)
        drawn -= training_draws(control_hits, f"over control {category} control", settings, controls[0].clusters)
        bounds = drawn.bounds(settings, -1, 1)
        yield significance.Comparison(
            "control", category, n, control_hits.shape[1], drawn.value, *bounds, drawn.p_value()
        )


def _entities_of_mean(
    group: Sequence[Run], outcomes_by_run: Mapping[Key, RunOutcomes], settings: Statistics
) -> Iterable[significance.Comparison]:
    """The comparisons of leaked entities of the mean of some trainings."""
    own = [outcomes_by_run[key(run)] for run in group]
    base = outcomes_by_run.get(key(group[0], state="base", epoch=0, seed=0))
    return compare_entities(own, base, _controls(group, outcomes_by_run), settings)


def _controls(group: Sequence[Run], outcomes_by_run: Mapping[Key, RunOutcomes]) -> list[RunOutcomes]:
    """The controls of all trainings of a group on members; empty where one has none."""
    controls = [outcomes_by_run.get(key(run, population="control")) for run in group]
    found = [each for each in controls if each is not None]
    return found if group[0]["population"] == "member" and len(found) == len(group) else []


def _hits(trained: Sequence[RunOutcomes], category: str, name: str = "") -> np.ndarray:
    """Boolean array (trainings, n): hits of a category in each training (`RunOutcomes.hits`)."""
    return np.stack([run.hits(category)[name] for run in trained])


def means(
    runs: Sequence[Run],
    outcomes_by_run: Mapping[Key, RunOutcomes],
    rates: Iterable[Mapping[str, Any]],
    classified: bool,
    settings: Statistics,
) -> pa.Table:
    """The table `means`: the mean rates of recipes with several seeds, whose intervals hold both sources of chance.

    `rates` are rows of the table `rates` of all runs, of which counts and lengths are averaged.
    """
    facts = {key(row): row for row in rates if row["category"] == "total"}
    rows = []
    for group in trainings(runs):
        own = [outcomes_by_run[key(run)] for run in group]
        averaged = {
            name: float(np.mean([facts[key(run)][name] for run in group]))
            for name in ("generated_tokens", "own_matches", "matched_suffixes", "condensing")
        }
        shared = {name: facts[key(group[0])][name] for name in ("input_texts", "prefixes")}
        # One training in three that matches a suffix is no mean of none.
        counts = {"matched_suffixes": math.ceil(averaged.pop("matched_suffixes"))}
        counts |= {name: round(averaged.pop(name)) for name in ("own_matches", "condensing")}
        shared |= {**averaged, **counts, **mean_entities(own, settings)}
        for category in categories(classified):
            measured = {}
            for name in own[0].hits(category):
                hits = _hits(own, category, name)
                drawn = training_draws(hits, f"{name} {category}".strip(), settings, own[0].clusters)
                measured[name] = (drawn.value, drawn.bounds(settings, 0, 1))
            rows.append({**group[0], "seed": None, **shared, **asdict(rate_of(category, measured, own[0], settings))})
    return pa.Table.from_pylist(rows, schema=MeansTable.arrow())
