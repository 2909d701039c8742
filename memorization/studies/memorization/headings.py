"""Headings of the categories of memorization, for tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memorization.report.context import Row

CATEGORY_HEADINGS = {"total": "Total Mem Rate", "verbatim": "Verbatim", "idea": "Idea", "paraphrase": "Paraphrase"}
"""Headings of Table 2, in its order; those of high and low confidence replace the last where it was measured."""


def category_headings(rows: Sequence[Row], paraphrase: Mapping[str, Any] | None) -> dict[str, str]:
    """Headings of the categories that are shown; `paraphrase["low"]` is the lower bound of high confidence."""
    if not any(row["category"] == "paraphrase_high" for row in rows):
        return CATEGORY_HEADINGS
    low = paraphrase["low"] if paraphrase else 0.5
    shown = {category: heading for category, heading in CATEGORY_HEADINGS.items() if category != "paraphrase"}
    name = CATEGORY_HEADINGS["paraphrase"]
    return {**shown, "paraphrase_high": f"{name} (p>{low:g})", "paraphrase_low": f"{name} (p<{low:g})"}
