"""Measured values beside published ones: columns, cells and caption of the tables that compare them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memorization.report import cells
from memorization.report.bounds import upper_bound
from memorization.report.cells import Cell
from memorization.report.context import Context, Row
from memorization.report.words import intervals
from memorization.schemas.schema import BOOL, FLOAT64, Column, Nullable, Schema


class PublishedColumns(Schema):
    """A published value, the measured one, and their difference."""

    published = Column(FLOAT64, "fraction")
    """published value"""
    published_low = Nullable(FLOAT64, "fraction")
    """published lower bound"""
    published_high = Nullable(FLOAT64, "fraction")
    """published upper bound"""
    measured = Column(FLOAT64, "fraction")
    """the same, measured"""
    low = Column(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    high = Column(FLOAT64, "fraction")
    """upper bound; the exact one where a share is 0"""
    difference = Column(FLOAT64, "fraction")
    """measured minus published"""
    inside = Column(BOOL, "")
    """the published value lies in the measured interval"""


def comparison(row: Row, value: str, prefix: str = "", published: str = "published") -> dict[str, Any] | None:
    """The columns of `PublishedColumns` for one value of a row; None where it was not measured or not published.

    `value` and `published` are the columns of both values; the columns of the measured interval begin with `prefix`.
    """
    if row[published] is None or row[value] is None:
        return None
    low, high = row[f"{prefix}low"], upper_bound(row, value, prefix)
    return {
        "published": row[published],
        "published_low": row[f"{published}_low"],
        "published_high": row[f"{published}_high"],
        "measured": row[value],
        "low": low,
        "high": high,
        "difference": row[value] - row[published],
        "inside": low <= row[published] <= high,
    }


def comparison_cells(row: Row, unit: str, sign: str = "%") -> dict[str, Cell]:
    """Cells of a row of `PublishedColumns`, and of the number `n` of what was measured, which has that unit."""
    return {
        "Published": cells.percent_interval(row, ("published", "published_low", "published_high"), sign),
        "Measured": cells.percent_interval(row, ("measured", "low", "high"), sign),
        "Difference": cells.points(row["difference"]),
        "Inside": cells.yes(row["inside"]),
        "n": cells.count(row["n"], unit),
    }


def caption(rows: Sequence[Row], context: Context, things: str, nothing: str) -> str:
    """How many published values lie in the measured interval, and what the columns mean.

    `things` is what was published, in the plural; `nothing` describes a share of 0 (a clause).
    """
    inside = sum(row["inside"] for row in rows)
    return (
        f"{inside} of {len(rows)} published {things} lie in the measured interval ({intervals(context.statistics)}; "
        f"up to the exact bound where {nothing}). Difference: measured minus published, in percentage points."
    )


def title(context: Context) -> str:
    """The title of such a table."""
    return f"{context.heading}: published and measured"
