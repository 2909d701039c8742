"""Memorization against quality as a table: what each recipe gives back, and how well it does its task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization.report import tables
from memorization.report.tables import Row

METRICS = {
    "summarization": "rougeL",
    "dialog": "rougeL",
    "sentiment": "accuracy",
    "classification": "accuracy",
    "qa": "f1",
    "translation": "bleu",
}
"""The metric of the schema `quality` that stands for a task's quality."""

NAMES = {"rougeL": "ROUGE-L", "accuracy": "accuracy", "f1": "F1", "bleu": "BLEU"}
Trained = Mapping[tuple[str, str, str, int], Row]


def write(
    table: pa.Table,
    trained: Trained,
    titles: Mapping[str, Mapping[str, str]],
    title: str,
    label: str,
    statistics: Mapping[str, Any],
    manifest: Mapping[str, Any],
    output: Path,
) -> None:
    """Write a study's table (schema `trade_off`, without its label) as `tables.write_formats` does.

    `trained` has the rows of its training runs by (model, recipe, dataset, epoch).
    """
    rows = table.to_pylist()
    said = caption(rows, trained, statistics)
    wide = layout(rows, trained, titles)
    tables.write_formats(table, "trade_off", wide, f"{title}. {said}" if title else said, label, manifest, output)


def layout(rows: Sequence[Row], trained: Trained, titles: Mapping[str, Mapping[str, str]]) -> list[dict[str, str]]:
    """One row a run, rate and quality side by side; a group's dataset and model stand once."""
    wide: list[dict[str, str]] = []
    varying = tables.varies(rows)
    previous: tuple[str, str] | None = None
    for row in rows:
        group = (row["model"], row["dataset"])
        training = trained.get((row["model"], row["state"], row["dataset"], row["epoch"]))
        dataset = titles["datasets"].get(row["dataset"], row["dataset"])
        model = titles["models"].get(row["model"], row["model"])
        line = {
            "Dataset": "" if group == previous else dataset,
            "Model": "" if group == previous else model,
            "Recipe": row["state"],
            "Epochs": str(training["epoch"]) if training else "",
            **{tables.VARYING[name]: str(row[name]) for name in varying if name != "epoch"},
            "Total Mem Rate": tables.cell(row),
            **tables.matches_cells(row),
        }
        if any(each["control_rate"] is not None for each in rows):
            line["Control"] = tables.control_cell(row)
        line |= {
            "Metric": NAMES[row["metric"]],
            "Quality": _quality(row),
            "n": f"{row['n']:,}",
            "Answers": f"{row['answers']:,}",
            "Training loss": f"{training['loss']:.3f}" if training else "",
        }
        wide.append(line)
        previous = group
    return wide


def _quality(row: Row) -> str:
    keys = {"rate": "quality", "low": "quality_low", "high": "quality_high", "exact_high": "quality_exact_high"}
    counted = row["quality_exact_high"] is not None
    return tables.cell({"count": 0 if counted and not row["quality"] else 1} | {k: row[v] for k, v in keys.items()})


def caption(rows: Sequence[Row], trained: Trained, statistics: Mapping[str, Any]) -> str:
    """What the numbers are, in one paragraph."""
    answers = ", ".join(dict.fromkeys(row["answer_decoding"] for row in rows))
    parts = [
        f"Memorization in percent of n probes ({tables.asked(rows)}) against quality in percent of answers to test "
        f"rows (decoding: {answers}), both with {tables.intervals(statistics)}. Where there is none, the exact "
        f"(Clopper-Pearson) upper bound stands in parentheses. {tables.MATCHES_SAID}"
    ]
    if any(row["control_rate"] is not None for row in rows):
        parts.append("Control: the same of test inputs, never trained on, against test suffixes.")
    parts.append("Epochs: of the weights that are shown. Training loss: mean of that epoch, in nats per token")
    if any(each["validation_loss"] is not None for each in trained.values()):
        parts[-1] += "; with early stopping it is the epoch with the lowest loss on validation rows"
    return " ".join(parts) + "."
