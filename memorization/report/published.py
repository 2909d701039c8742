"""Measured values beside published ones: columns, cells and caption of the tables that compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import hypot, sqrt
from statistics import NormalDist
from typing import Any

from memorization.report import cells
from memorization.report.bounds import upper_bound
from memorization.report.cells import Cell
from memorization.report.context import Context, Row
from memorization.report.words import intervals
from memorization.schemas.schema import BOOL, FLOAT64, Column, Nullable, Schema

Bounds = tuple[float, float]
"""Lower and upper end of an interval (fractions)."""


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
    difference_low = Column(FLOAT64, "fraction")
    """lower bound of the difference, with the errors of both values"""
    difference_high = Column(FLOAT64, "fraction")
    """upper bound of the difference"""
    agrees = Column(BOOL, "")
    """0 lies in the interval of the difference"""


def comparison(
    row: Row, value: str, error: Bounds | None, prefix: str = "", published: str = "published"
) -> dict[str, Any] | None:
    """The columns of `PublishedColumns` for one value of a row; None where it was not measured or not published.

    `value` and `published` are the columns of both values; the columns of the measured interval begin with `prefix`.
    `error` is the interval of the published value that its error is taken from; None: as if it had none.
    """
    if row[published] is None or row[value] is None:
        return None
    low, high = row[f"{prefix}low"], upper_bound(row, value, prefix)
    theirs = error or (row[published], row[published])
    lowest, highest = difference_bounds(row[value], (low, high), row[published], theirs)
    return {
        "published": row[published],
        "published_low": row[f"{published}_low"],
        "published_high": row[f"{published}_high"],
        "measured": row[value],
        "low": low,
        "high": high,
        "difference": row[value] - row[published],
        "difference_low": lowest,
        "difference_high": highest,
        "agrees": lowest <= 0 <= highest,
    }


def difference_bounds(one: float, bounds_of_one: Bounds, other: float, bounds_of_other: Bounds) -> Bounds:
    """The interval of one - other, two independent values: the halves of their intervals are added in quadrature.

    The bound of the difference is where one is lower and the other higher, and the reverse (Newcombe, 1998).
    """
    difference = one - other
    return (
        difference - hypot(one - bounds_of_one[0], bounds_of_other[1] - other),
        difference + hypot(bounds_of_one[1] - one, other - bounds_of_other[0]),
    )


def chance_of_disagreement(statistics: Mapping[str, Any], both_errors: bool) -> float:
    """How often a perfect replication disagrees (fraction): two normal draws with one mean and one standard error.

    Where the interval of the difference has one error of the two (not `both_errors`), it is too narrow by sqrt(2).
    """
    normal = NormalDist()
    reach = normal.inv_cdf((1 + statistics["high"] - statistics["low"]) / 2)
    return 2 * normal.cdf(-reach if both_errors else -reach / sqrt(2))


def comparison_cells(row: Row, unit: str, sign: str = "%") -> dict[str, Cell]:
    """Cells of a row of `PublishedColumns`, and of the number `n` of what was measured, which has that unit."""
    return {
        "Published": cells.percent_interval(row, ("published", "published_low", "published_high"), sign),
        "Measured": cells.percent_interval(row, ("measured", "low", "high"), sign),
        "Difference": cells.points(row["difference"], row["difference_low"], row["difference_high"]),
        "Agrees": cells.yes(row["agrees"]),
        "n": cells.count(row["n"], unit),
    }


def caption(rows: Sequence[Row], context: Context, things: str, nothing: str, error: str = "") -> str:
    """How many published values agree with the measured ones, how many need not, and what the columns mean.

    `things` is what was published, in the plural; `nothing` describes a share of 0 (a clause); `error` says where the
    error of published values is from (a clause), and is empty where they have none.
    """
    agree = sum(row["agrees"] for row in rows)
    chance = f"in {100 * chance_of_disagreement(context.statistics, bool(error)):.0f}% of the {things}"
    allowed = (
        f"both errors, added in quadrature ({error}). A perfect replication disagrees by chance {chance}."
        if error
        else f"the measured error alone, because the paper states none. A perfect replication disagrees by chance "
        f"{chance} if the published error is of the same size."
    )
    return (
        f"{agree} of {len(rows)} published {things} agree with the measured ones: the interval of the difference "
        f"contains 0. It has {allowed} Measured: with {intervals(context.statistics)}, up to the exact bound where "
        f"{nothing}. Difference: measured minus published, in percentage points."
    )


def title(context: Context) -> str:
    """The title of such a table."""
    return f"{context.heading}: published and measured"
