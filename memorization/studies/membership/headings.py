"""How attacks are called, for the table and the figure."""

from __future__ import annotations

from memorization.studies.membership.attacks import ATTACKS, BLIND

HEADINGS = {
    "loss": "loss",
    "loss_over_base": "loss over base",
    "zlib": "loss / zlib",
    "min_k": "Min-K%",
    "min_k_plus_plus": "Min-K%++",
    BLIND: "blind (text alone)",
}
"""Names by attack; in the order of the table, which is that of `ATTACKS` with the baseline last."""

ORDER = (*ATTACKS, BLIND)
