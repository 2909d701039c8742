"""Headings of metrics and names of models, for the tables and the figure of quality."""

from __future__ import annotations

from collections.abc import Sequence

from memorization.report.context import Context, Row
from memorization.report.words import in_state

HEADINGS = {
    "rouge1": "ROUGE-1 (%)",
    "rouge2": "ROUGE-2 (%)",
    "rougeL": "ROUGE-L (%)",
    "rougeLsum": "ROUGE-Lsum (%)",
    "accuracy": "Accuracy (%)",
    "exact_match": "Exact match (%)",
    "f1": "F1 (%)",
    "bleu": "BLEU (%)",
    "answer_tokens": "Answer (tokens)",
}
"""Headings by metric, in the table's order."""


def model_name(row: Row, rows: Sequence[Row], context: Context) -> str:
    """A model's name with its state; without it where the rows contain this model in state base alone."""
    name = context.model(row["model"])
    states = {each["state"] for each in rows if each["model"] == row["model"]}
    return name if states == {"base"} else in_state(name, row["state"], rows)
