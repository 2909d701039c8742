"""The figure of a trade-off study: memorization over quality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memorization import storage
from memorization.report.context import Context, Files, Row
from memorization.report.drawing import (
    CONTROL_RATE,
    LINES,
    RATE,
    Measure,
    begin_at_zero,
    draw_ceilings,
    draw_intervals,
    mark_notes,
    note_below,
    open_axes,
)
from memorization.report.words import SIDES, coverage, varying
from memorization.studies.trade_off.headings import METRIC_NAMES

# Without black, the colour of the base model.
COLOURS = LINES[:-1]
# One more than colours, so that both together differ for many recipes.
MARKERS = "osD^vPX"
QUALITY = Measure("quality", "quality_")


def figure(files: Files, context: Context) -> Any:
    """The figure of a study; files: `table` (schema `trade_off_table`)."""
    return draw(storage.rows(files["table"][0]), context)


def draw(rows: Sequence[Row], context: Context) -> Any:
    """Rate over quality, both in percent: one panel per (model, dataset), one mark per recipe, intervals on both axes.

    Rows are those of schema `trade_off_table`; kept epochs of one recipe are joined by a line. Returns a matplotlib
    figure.
    """
    from matplotlib.figure import Figure

    models, datasets = (list(dict.fromkeys(row[key] for row in rows)) for key in ("model", "dataset"))
    lines = list(dict.fromkeys(map(_line, rows)))
    width, height = 1.9 + 2.9 * len(datasets), 1.0 + 2.9 * len(models)
    drawn = Figure(figsize=(width, height), layout="constrained")
    panels = drawn.subplots(len(models), len(datasets), squeeze=False)
    shown = {}
    for model, line in zip(models, panels, strict=True):
        for dataset, panel in zip(datasets, line, strict=True):
            here = [row for row in rows if (row["model"], row["dataset"]) == (model, dataset)]
            for each in (each for each in lines if any(_line(row) == each for row in here)):
                points = [row for row in here if _line(row) == each]
                shown[each] = _points(panel, points, **_style(each, lines))
                _controls(panel, points)
                draw_ceilings(panel, QUALITY.values(points), points)
            name = context.dataset(dataset)
            named = f"{context.model(model)}, {name}" if len(models) > 1 else name
            panel.set_title(named, fontsize=9)
            panel.set_xlabel(f"{METRIC_NAMES[here[0]['metric']]} on test rows (%)", fontsize=8)
            panel.tick_params(labelsize=8)
            open_axes(panel, grid="both", colour="0.92")
        line[0].set_ylabel("memorized probes (%)", fontsize=8)
    begin_at_zero(panels.flat)
    drawn.legend(
        [shown[each] for each in lines],
        [state if "side" not in varying(rows) else f"{state}, {SIDES[side]}" for state, side in lines],
        loc="outside right upper",
        frameon=False,
        fontsize=8,
        title="recipe",
    )
    whiskers = f"Whiskers: {coverage(context.statistics)}s; exact upper bound where a rate is 0."
    note_below(drawn, [context.label, whiskers, *mark_notes(rows)])
    return drawn


def _line(row: Row) -> tuple[str, str]:
    """What one line is of: a state, and what is searched for."""
    return row["state"], row["side"]


def _style(line: tuple[str, str], lines: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The mark of a line: hollow and black before fine-tuning, there with another form for each side."""
    if line[0] == "base":
        place = [each for each in lines if each[0] == "base"].index(line)
        return {"color": "black", "marker": MARKERS[place], "markerfacecolor": "white"}
    number = [each for each in lines if each[0] != "base"].index(line)
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}


def _points(panel: Any, rows: Sequence[Row], **style: Any) -> Any:
    """Runs of one recipe with their intervals, in percent."""
    return draw_intervals(
        panel,
        QUALITY.values(rows),
        rows,
        RATE,
        xerr=QUALITY.whiskers(rows),
        linestyle="-",
        linewidth=0.8,
        elinewidth=1.0,
        markersize=6,
        capsize=2.5,
        zorder=3,
        **style,
    )


def _controls(panel: Any, rows: Sequence[Row]) -> None:
    """Controls with their intervals, below the quality of their run."""
    controlled = [row for row in rows if row["control_rate"] is not None]
    draw_intervals(
        panel,
        QUALITY.values(controlled),
        controlled,
        CONTROL_RATE,
        fmt="x",
        color="0.6",
        markersize=4,
        linewidth=0.8,
        zorder=2,
    )
