"""Rows of a tidy table that are shown side by side, or that stand for others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from memorization.report.context import Row
from memorization.schemas.run import RunColumns


def side_by_side(rows: Sequence[Row], coordinates: Iterable[str], column: str) -> list[dict[Any, Row]]:
    """Rows grouped by their `coordinates`, in the order of the rows; each group is a mapping by `column`.

    So the categories of a run become one mapping from category to row.
    """
    names = tuple(coordinates)
    groups: dict[tuple[Any, ...], dict[Any, Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), {})[row[column]] = row
    return list(groups.values())


def one_per_state(rows: Sequence[Row]) -> list[Row]:
    """Rows without those of single trainings whose mean is among them."""
    means = {_without_seed(row) for row in rows if row["seed"] is None}
    return [row for row in rows if row["seed"] is None or _without_seed(row) not in means]


def single_trainings(rows: Sequence[Row]) -> list[Row]:
    """Rows of single trainings whose mean is among the rows."""
    shown = one_per_state(rows)
    return [row for row in rows if row not in shown]


def _without_seed(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in RunColumns.columns() if name != "seed")
