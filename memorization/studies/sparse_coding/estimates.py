"""Means over seeds of what the fits of a sparse coding study measure, and rank correlations with the nonzeros of b'."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from memorization.config.project import Statistics
from memorization.schemas.sparse_coding_fits import SparseCodingFitsTable
from memorization.statistics.bootstrap import bootstrap_mean

Row = Mapping[str, Any]

SETTING = ("task", "solver", "feature_mean", "signs")
"""What one line of the printed table is about."""

RANK_CORRELATIONS = {
    "aggregated_effective_tokens": "aggregated_rank_correlation",
    "attention_effective_tokens": "attention_rank_correlation",
}
"""Measures that are correlated by rank with the effective tokens of b', and the name of that correlation."""


def estimates(measured: Sequence[Row], settings: Statistics) -> list[dict[str, Any]]:
    """Means over seeds with bootstrap intervals, as rows of schema `sparse_coding_table` without study and label.

    `measured` are the rows of `table.sql`. Besides a row for each number of nonzeros,
    classification has rows without one: the mean over them within a seed, and Spearman's rank correlation over them
    (at least three).
    """
    groups: dict[tuple[Any, ...], dict[int, float]] = {}
    for row in [*measured, *_over_nonzeros(measured)]:
        key = tuple(row[name] for name in (*SETTING, "nonzeros", "measure"))
        groups.setdefault(key, {})[row["seed"]] = row["value"]
    rows = []
    for (task, solver, feature_mean, signs, nonzeros, measure), by_seed in groups.items():
        values = np.array([by_seed[seed] for seed in sorted(by_seed)])
        purpose = f"{task} {solver} {feature_mean} {signs} {nonzeros} {measure}"
        low, high = bootstrap_mean(values, purpose, settings)
        rows.append(
            {
                "task": task,
                "solver": solver,
                "feature_mean": feature_mean,
                "signs": signs,
                "nonzeros": nonzeros,
                "measure": measure,
                "unit": _unit(measure),
                "seeds": len(values),
                "value": float(values.mean()),
                "low": low,
                "high": high,
            }
        )
    return rows


def _over_nonzeros(measured: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Within each seed of classification: means of all measures over the nonzeros, and rank correlations."""
    cells: dict[tuple[Any, ...], dict[str, dict[int, float]]] = {}
    for row in measured:
        if row["nonzeros"] is not None:
            cell = cells.setdefault(tuple(row[name] for name in (*SETTING, "seed")), {})
            cell.setdefault(row["measure"], {})[row["nonzeros"]] = row["value"]
    for key, cell in cells.items():
        shared = dict(zip((*SETTING, "seed"), key, strict=True)) | {"nonzeros": None}
        for measure, values in cell.items():
            yield {**shared, "measure": measure, "value": float(np.mean(list(values.values())))}
        wanted = cell["wanted_effective_tokens"]
        for measure, name in RANK_CORRELATIONS.items():
            if measure in cell and len(wanted) >= 3:
                shown = [cell[measure][count] for count in wanted]
                # What never changes follows nothing.
                correlation = spearmanr(list(wanted.values()), shown).statistic if np.ptp(shown) else 0.0
                yield {**shared, "measure": name, "value": float(correlation)}


def _unit(measure: str) -> str:
    name = measure.removesuffix("_any_start")
    return SparseCodingFitsTable.unit_of(name) if name in SparseCodingFitsTable.columns() else ""
