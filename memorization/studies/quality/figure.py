"""The figure of a study of quality: one panel per dataset, one point per metric and model in a state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memorization import storage
from memorization.report.context import Context, Files, Row
from memorization.report.drawing import (
    LINES,
    MARKERS,
    Measure,
    begin_at_zero,
    counts,
    dataset_heading,
    draw_points,
    draw_published,
    mark_notes,
    note_below,
    open_axes,
)
from memorization.report.words import coverage, varying
from memorization.studies.quality.headings import HEADINGS, model_name

SCORE = Measure("value")


def figure(files: Files, context: Context) -> Any:
    """The figure of a study; files: `table` (schema `quality_table`)."""
    return draw(storage.rows(files["table"][0]), context)


def draw(rows: Sequence[Row], context: Context) -> Any:
    """Tables 16 to 21 as a figure: one panel per dataset, its metrics side by side, one point per model in a state.

    Rows are those of schema `quality_table`; lengths of answers are left out. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure

    scores = [row for row in rows if row["unit"] == "fraction"]
    lines = list(dict.fromkeys(_name(row, rows, context) for row in scores))
    panelled = {
        dataset: list(dict.fromkeys(row["metric"] for row in scores if row["dataset"] == dataset))
        for dataset in dict.fromkeys(row["dataset"] for row in scores)
    }
    widths = [max(1.6, (0.3 + 0.16 * len(lines)) * len(metrics)) for metrics in panelled.values()]
    drawn = Figure(figsize=(2.4 + sum(widths) + 0.5 * len(widths), 3.8), layout="constrained")
    panels = drawn.subplots(1, len(panelled), squeeze=False, width_ratios=widths)[0]
    for panel, (dataset, metrics) in zip(panels, panelled.items(), strict=True):
        for number, line in enumerate(lines):
            points = [row for row in scores if row["dataset"] == dataset and _name(row, rows, context) == line]
            step = 0.85 / len(lines)
            shift = step * (number + 0.35 - len(lines) / 2)
            places = [metrics.index(row["metric"]) + shift for row in points]
            draw_points(
                panel,
                places,
                points,
                SCORE,
                color=LINES[number % len(LINES)],
                # A colour that is used again has another marker.
                fmt=MARKERS[(number + number // len(LINES)) % len(MARKERS)],
                label=line,
            )
            # Beside the point, which it would hide.
            draw_published(panel, [place + min(0.4 * step, 0.12) for place in places], points)
        names = [HEADINGS[metric].removesuffix(" (%)").replace(" ", "\n") for metric in metrics]
        panel.set_xticks(range(len(metrics)), names, fontsize=8)
        panel.set_xlim(-0.55, len(metrics) - 0.45)
        for border in range(1, len(metrics)):
            panel.axvline(border - 0.5, color="0.9", linewidth=0.6)
        panel.set_title(dataset_heading(rows, dataset, context), fontsize=9)
        open_axes(panel)
    begin_at_zero(panels)
    panels[0].set_ylabel(f"score (%) on test rows, n = {counts(rows)}", fontsize=9)
    drawn.legend(*panels[0].get_legend_handles_labels(), frameon=False, fontsize=8, loc="outside right upper")
    whiskers = f"Whiskers: {coverage(context.statistics)}; exact upper bound where no answer is right."
    note_below(drawn, [context.label, whiskers, *mark_notes(rows)])
    return drawn


def _name(row: Row, rows: Sequence[Row], context: Context) -> str:
    """What distinguishes a model from the others of its panel."""
    parts = [model_name(row, rows, context)]
    shown = [name for name in varying(rows) if not (name == "epoch" and row["state"] == "base")]
    return ", ".join([*parts, *(f"{row[name]} epochs" if name == "epoch" else str(row[name]) for name in shown)])
