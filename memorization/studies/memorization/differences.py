"""Differences between the rates of fine-tuned models: one row per pair of tasks, of recipes, or of epochs.

Intervals and tests are those of means over trainings (`statistics.trainings`); of one training they hold the chance of
inputs alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa

from memorization.config.project import Statistics
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, coordinate, intervals, prompts, searched, varying
from memorization.schemas.run import RunColumns
from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column, StudyTable
from memorization.statistics.bootstrap import observations
from memorization.statistics.rates import RunOutcomes, in_category, read_outcomes
from memorization.statistics.significance import holm
from memorization.statistics.trainings import TrainingDraws, paired_difference, training_draws

PACKAGES = ("numpy", "scipy")
"""What a sheet is computed by, for its manifest."""

AXES: Mapping[str, tuple[str, ...]] = {
    "dataset": ("dataset", "task", "prefix_tokens"),
    "state": ("state", "epoch"),
    "epoch": ("epoch",),
}
"""What differs in a pair, with the other coordinates that may differ with it."""

SHARED = ("decoding", "prompting", "side", "profile")
"""Coordinates that both of a pair have, and that tell pairs from one another."""


@dataclass(frozen=True)
class Trained:
    """All trainings of one cell: its coordinates, hits (trainings, n) and clusters (n,) of the same probes."""

    run: Mapping[str, Any]
    hits: np.ndarray
    clusters: Sequence[int] | None


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `outcomes` and `probes` of the runs in the option `runs`."""
    runs = zip(context.options["runs"], files["outcomes"], files["probes"], strict=True)
    read = [(run, read_outcomes(outcomes, probes, None)) for run, outcomes, probes in runs if run["state"] != "base"]
    rows = differences(read, Statistics.model_validate(context.statistics))
    tidy = pa.Table.from_pylist(
        [{"study": context.study, **row} for row in rows], schema=MemorizationDifferencesTable.unlabelled()
    )
    lines = layout(tidy.to_pylist(), context)
    return Sheet(MemorizationDifferencesTable, tidy, lines, context.title, caption(rows, context), context.label)


def differences(runs: Sequence[tuple[Mapping[str, Any], RunOutcomes]], settings: Statistics) -> list[dict[str, Any]]:
    """Rows of the table `memorization_differences`, by what differs and in the order of the runs."""
    rows = []
    for axis in AXES:
        family = [_row(axis, one, other, settings) for one, other in _pairs(_cells(runs), axis)]
        corrected = holm([row["p_value"] for row in family])
        rows += [{**row, "p_holm": p} for row, p in zip(family, corrected, strict=True)]
    return rows


def _cells(runs: Sequence[tuple[Mapping[str, Any], RunOutcomes]]) -> list[Trained]:
    groups: dict[tuple[Any, ...], list[tuple[Mapping[str, Any], RunOutcomes]]] = {}
    for run, outcomes in runs:
        groups.setdefault(_without(run, ("seed",)), []).append((run, outcomes))
    return [
        Trained(run, np.stack([in_category(each.outcomes, "total") for _, each in group]), first.clusters)
        for group in groups.values()
        for run, first in group[:1]
    ]


def _pairs(trained: Sequence[Trained], axis: str) -> Iterator[tuple[Trained, Trained]]:
    """Pairs of cells that differ on the axis, and in nothing else but what depends on it."""
    free = ("seed", *AXES[axis])
    for one, other in combinations(trained, 2):
        if one.run[axis] != other.run[axis] and _without(one.run, free) == _without(other.run, free):
            yield one, other


def _without(run: Mapping[str, Any], names: Sequence[str]) -> tuple[Any, ...]:
    return tuple(run[name] for name in RunColumns.columns() if name not in names)


def _row(axis: str, one: Trained, other: Trained, settings: Statistics) -> dict[str, Any]:
    drawn = _difference(axis, one, other, settings)
    low, high = drawn.bounds(settings, -1, 1)
    shared = {name: one.run[name] for name in RunColumns.columns() if name not in ("population", "seed")}
    return {
        **shared,
        "differs": axis,
        "first": str(one.run[axis]),
        "second": str(other.run[axis]),
        "n": one.hits.shape[1],
        "prefixes": observations(one.clusters, one.hits.shape[1]),
        "n_second": other.hits.shape[1],
        "prefixes_second": observations(other.clusters, other.hits.shape[1]),
        "trainings": len(one.hits),
        "trainings_second": len(other.hits),
        "rate": float(one.hits.mean()),
        "rate_second": float(other.hits.mean()),
        "difference": drawn.value,
        "low": low,
        "high": high,
        "p_value": drawn.p_value(),
    }


def _difference(axis: str, one: Trained, other: Trained, settings: Statistics) -> TrainingDraws:
    """First minus second, paired by what both share: probes, and in two epochs of a training that too."""
    if axis == "dataset":
        return training_draws(one.hits, "first", settings, one.clusters, "first") - training_draws(
            other.hits, "second", settings, other.clusters, "second"
        )
    if axis == "epoch":
        return training_draws(one.hits.astype(int) - other.hits, "epochs", settings, one.clusters)
    return paired_difference(one.hits, other.hits, "recipes", settings, one.clusters)


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per pair."""
    lines = []
    for row in rows:
        name = context.dataset if row["differs"] == "dataset" else str
        unit = " epochs" if row["differs"] == "epoch" else ""
        bounds = {f"difference_{each}": row[each] for each in ("low", "high", "p_holm")}
        lines.append(
            {
                "Model": cells.text(context.model(row["model"])),
                **({} if row["differs"] == "dataset" else {"Dataset": cells.text(context.dataset(row["dataset"]))}),
                **{VARYING[each]: cells.text(coordinate(row, each)) for each in varying(rows) if each in SHARED},
                "First": cells.text(name(row["first"]) + unit),
                "Second": cells.text(name(row["second"]) + unit),
                "Rate": cells.percent(row["rate"]),
                "Second rate": cells.percent(row["rate_second"]),
                "Difference": cells.difference({**row, **bounds}, "difference"),
                "p (Holm)": p_value(row["p_holm"]),
                "Trainings": cells.count(row["trainings"], "trainings"),
                "n": cells.probes(row["n"], row["prefixes"]),
            }
        )
    return lines


def p_value(value: float) -> Cell:
    """A p-value with four digits; small ones by their bound."""
    shown = cells.number(value, 4)
    return replace(shown, text="< 0.0001") if value < 0.00005 else shown


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the numbers are, in one paragraph."""
    source = (
        "intervals and tests hold both sources of chance, trainings and inputs"
        if context.options["several_seeds"]
        else "there is one training of each, so that intervals and tests hold the chance of inputs alone: another seed "
        "could give another difference"
    )
    seconds = [{"n": row["n_second"], "prefixes": row["prefixes_second"]} for row in rows]
    return (
        f"Total memorization rates of fine-tuned models, first minus second, with {intervals(context.statistics)}; "
        f"{source}. Two recipes or two numbers of epochs are compared on the same probes, two tasks on their own. "
        "Stars: p < 0.05 (*), 0.01 (**) or 0.001 (***) by Student's t with the variances of trainings and of inputs, "
        f"after Holm's correction over the pairs that differ in the same. {searched(rows)}{prompts([*rows, *seconds])}"
    ).strip()


class MemorizationDifferencesTable(StudyTable):
    """Differences between fine-tuned models: one row per pair; the other coordinates are those of the first."""

    name = "memorization_differences"

    dataset = Column(TEXT, "")
    """dataset"""
    task = Column(TEXT, "")
    """task of the dataset"""
    model = Column(TEXT, "")
    """base model"""
    state = Column(TEXT, "")
    """recipe of the fine-tuning"""
    epoch = Column(INT32, "epochs")
    """epochs of fine-tuning"""
    prefix_tokens = Column(INT32, "tokens")
    """prefix length of the configuration"""
    decoding = Column(TEXT, "")
    """decoding"""
    prompting = Column(TEXT, "")
    """how the model is asked: bare (the prefix alone), or another prompting"""
    side = Column(TEXT, "")
    """what is searched for: input (suffixes of training inputs), target, or both"""
    profile = Column(TEXT, "")
    """profile of the aligner"""
    differs = Column(TEXT, "")
    """dataset, state (recipe) or epoch"""
    first = Column(TEXT, "")
    """value of that coordinate in the first"""
    second = Column(TEXT, "")
    """value of that coordinate in the second"""
    n = Column(INT64, "probes")
    """probes of the first"""
    prefixes = Column(INT64, "prefixes")
    """different prefixes among them, each a prompt"""
    n_second = Column(INT64, "probes")
    """probes of the second"""
    prefixes_second = Column(INT64, "prefixes")
    """different prefixes among them"""
    trainings = Column(INT64, "trainings")
    """trainings of the first"""
    trainings_second = Column(INT64, "trainings")
    """trainings of the second"""
    rate = Column(FLOAT64, "fraction")
    """total rate of the first, the mean of its trainings"""
    rate_second = Column(FLOAT64, "fraction")
    """total rate of the second"""
    difference = Column(FLOAT64, "fraction")
    """first minus second"""
    low = Column(FLOAT64, "fraction")
    """lower bound of its interval"""
    high = Column(FLOAT64, "fraction")
    """upper bound of its interval"""
    p_value = Column(FLOAT64, "")
    """probability of a difference at least as large where there is none"""
    p_holm = Column(FLOAT64, "")
    """the same, corrected for the study's pairs that differ in the same"""
