"""What disguises are called in the table and the figure."""

from __future__ import annotations

from memorization.report.context import Row

COPY, UNRELATED = "copy", "unrelated text"

PHRASES = {
    "copy": COPY,
    "dropped": "{amount} of words dropped",
    "swapped": "{amount} of words swapped",
    "reordered": "sentences reordered",
    "halves": "halves of sentences swapped",
    "followed": "other text behind",
    "preceded": "other text before",
    "condensed": "first {amount} of sentences",
}
"""By kind of the disguise."""


def disguise_name(row: Row) -> str:
    """The name of a row's disguise; test inputs are unrelated texts."""
    if row["population"] == "control":
        return UNRELATED
    return PHRASES[row["change"]].format(amount=f"{row['amount']:.0%}")
