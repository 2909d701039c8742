"""Which probability p of a study is printed and drawn."""

from __future__ import annotations

from collections.abc import Sequence

from memorization.report.context import Row


def shown_probability(rows: Sequence[Row]) -> float:
    """The p at which discoverable shares are printed and drawn: the middle one of the rows."""
    probabilities = sorted({row["probability"] for row in rows if row["probability"] is not None})
    middle: float = probabilities[len(probabilities) // 2]
    return middle
