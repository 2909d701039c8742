"""Rows of a tidy table that one line of the printed table shows side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from memorization.report.context import Row


def side_by_side(rows: Sequence[Row], coordinates: Iterable[str], column: str) -> list[dict[Any, Row]]:
    """Rows grouped by their `coordinates`, in the order of the rows; each group is a mapping by `column`.

    So the categories of a run become one mapping from category to row.
    """
    names = tuple(coordinates)
    groups: dict[tuple[Any, ...], dict[Any, Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), {})[row[column]] = row
    return list(groups.values())
