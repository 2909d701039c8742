"""Which attacks there are, and how the table and the figure call them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ATTACKS = ("loss", "loss_over_base", "zlib", "min_k", "min_k_plus_plus")
"""Attacks, in the table's order."""

BLIND = "blind"
"""The baseline, which sees no model."""

ORDER = (*ATTACKS, BLIND)

HEADINGS = {
    "loss": "loss",
    "loss_over_base": "loss over base",
    "zlib": "loss / zlib",
    "min_k": "Min-K%",
    "min_k_plus_plus": "Min-K%++",
    BLIND: "blind (text alone)",
}
"""Names by attack, in the order of the table."""


def without_distribution(rows: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the attacks lack Min-K%++ for a model, which is then one that can only be asked."""
    attacks: dict[tuple[Any, ...], set[str]] = {}
    for row in rows:
        attacks.setdefault((row["model"], row["state"], row["dataset"]), set()).add(row["attack"])
    return any("min_k_plus_plus" not in found for found in attacks.values())
