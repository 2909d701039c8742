"""Memorization against quality as a table: one row per run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.query import axes, query
from memorization.report.runs import (
    CEILINGS_MEANING,
    MATCHES_MEANING,
    Trained,
    ceiling_cells,
    match_cells,
    training_rows,
)
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, coordinate, intervals, prompts, searched, sources, varying
from memorization.schemas.rates import RatesTable
from memorization.schemas.schema import FLOAT64, INT64, TEXT, Column, Nullable, StudyTable
from memorization.studies.trade_off.headings import METRIC_NAMES, METRICS

PACKAGES = ("duckdb",)
"""What a sheet is computed by, for its manifest."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `query`, `rates`, `quality`, `training` (folders)."""
    study = context.options["study"]
    tidy = query(
        files["query"][0],
        {"rates": files["rates"], "quality": files["quality"]},
        study=context.study,
        **axes(study),
        tasks=list(METRICS),
        metrics=list(METRICS.values()),
    )
    rows, trained = tidy.to_pylist(), training_rows(files["training"])
    lines = layout(rows, trained, context)
    return Sheet(TradeOffTable, tidy, lines, context.title, caption(rows, trained, context), context.label)


def layout(rows: Sequence[Row], trained: Trained, context: Context) -> list[dict[str, Cell]]:
    """One row per run, with rate and quality side by side; dataset and model are written once per group of runs."""
    lines: list[dict[str, Cell]] = []
    previous: tuple[str, str] | None = None
    for row in rows:
        group = (row["model"], row["dataset"])
        training = trained.get((row["model"], row["state"], row["dataset"], row["epoch"], row["seed"]))
        line = {
            "Dataset": cells.text("" if group == previous else context.dataset(row["dataset"])),
            "Model": cells.text("" if group == previous else context.model(row["model"])),
            "Recipe": cells.text(row["state"]),
            "Epochs": cells.text(training["epoch"] if training else None),
            **{VARYING[name]: cells.text(coordinate(row, name)) for name in varying(rows) if name != "epoch"},
            "Total Mem Rate": cells.rate(row),
            **match_cells(row),
        }
        if any(each["control_rate"] is not None for each in rows):
            line["Control"] = cells.control(row)
        line |= ceiling_cells(row)
        line |= {
            "Metric": cells.text(METRIC_NAMES[row["metric"]]),
            "Quality": quality(row),
            "n": cells.probes(row["n"], row["prefixes"]),
            "Answers": cells.count(row["answers"], "answers"),
            "Training loss": cells.number(training["loss"] if training else None, 3, "nats/token"),
        }
        lines.append(line)
        previous = group
    return lines


def quality(row: Row) -> Cell:
    """A metric with its interval in percent; a share of 0 with the exact upper bound."""
    return cells.rate(row, "quality", "quality_")


def caption(rows: Sequence[Row], trained: Trained, context: Context) -> str:
    """What the numbers are, in one paragraph."""
    answers = ", ".join(dict.fromkeys(row["answer_decoding"] for row in rows))
    parts = [
        f"Memorization in percent of n probes ({sources(rows)}) against quality in percent of answers to test "
        f"rows (decoding: {answers}), both with {intervals(context.statistics)}. Where there is none, the exact "
        f"(Clopper-Pearson) upper bound is in parentheses. {MATCHES_MEANING}"
    ]
    if meaning := searched(rows):
        parts.append(meaning.strip())
    if any(row["control_rate"] is not None for row in rows):
        parts.append("Control: the same of test inputs, never trained on, against test suffixes.")
    parts.append(CEILINGS_MEANING)
    parts.append("Epochs: of the weights that are shown. Training loss: mean of that epoch, in nats per token")
    if any(each["validation_loss"] is not None for each in trained.values()):
        parts[-1] += "; with early stopping it is the epoch with the lowest loss on validation rows"
    parts[-1] += "."
    shown = {row["state"] for row in rows}
    if shared := prompts(rows):
        parts.append(shared)
    parts += [goldfish(state, settings) for state, settings in context.options["goldfish"].items() if state in shown]
    return " ".join(parts)


def goldfish(state: str, settings: Mapping[str, Any]) -> str:
    """What the goldfish loss of a recipe protects, and what it leaves as it is."""
    text = (
        f"{state}: goldfish loss leaves out about one token in {settings['every']}, and none of the first "
        f"{settings['context']} of what is learned"
    )
    if settings["loss"] == "input_and_target":
        return f"{text}."
    return (
        f"{text}, which for encoder-decoder models is the target alone: inputs, and targets of no more tokens, are not "
        "protected."
    )


class TradeOffTable(StudyTable, RatesTable):
    """A study's rates and quality: one row per run."""

    name = "trade_off_table"

    control_rate = Nullable(FLOAT64, "fraction")
    """rate of the control; null without one"""
    control_low = Nullable(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    control_high = Nullable(FLOAT64, "fraction")
    """upper bound of its bootstrap interval"""
    control_exact_high = Nullable(FLOAT64, "fraction")
    """its upper Clopper-Pearson bound"""
    answer_decoding = Column(TEXT, "")
    """decoding of the answers to test rows"""
    metric = Column(TEXT, "")
    """metric of the answers to test rows"""
    answers = Column(INT64, "answers")
    """answers counted"""
    quality = Column(FLOAT64, "fraction")
    """value of the metric"""
    quality_low = Column(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    quality_high = Column(FLOAT64, "fraction")
    """upper bound of its bootstrap interval"""
    quality_exact_high = Nullable(FLOAT64, "fraction")
    """its upper Clopper-Pearson bound; null where the metric is no share"""
