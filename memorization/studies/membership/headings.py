"""Which attacks there are, and how the table and the figure call them."""

from __future__ import annotations

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
