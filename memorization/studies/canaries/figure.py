"""The figure of a study of canaries: exposure and extraction against the number of copies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memorization import storage
from memorization.report.context import Context, Files, Row
from memorization.report.drawing import (
    CONTROL_COLOUR,
    LINES,
    MARKERS,
    Measure,
    begin_at_zero,
    draw_intervals,
    note_below,
    open_axes,
)
from memorization.report.words import coverage, varying

# Place of the canaries that were held out, on an axis of powers of two whose first is 1.
HELD_OUT = 0.5
EXPOSURE, EXTRACTED = Measure("exposure", "exposure_", 1), Measure("extracted", "extracted_")


def figure(files: Files, context: Context) -> Any:
    """The figure of a study; files: `table` (schema `canaries_table`)."""
    return draw(storage.rows(files["table"][0]), context)


def draw(rows: Sequence[Row], context: Context) -> Any:
    """Two panels per (model, dataset), exposure and extraction by copies; one line per form, state and epoch.

    Rows are those of schema `canaries_table`. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    places = list(dict.fromkeys((row["model"], row["dataset"]) for row in rows))
    names = list(dict.fromkeys(_name(row, rows) for row in rows))
    copies = sorted({row["copies"] for row in rows if row["copies"]})
    drawn = Figure(figsize=(7.2, 1.4 + 2.4 * len(places)), layout="constrained")
    panels = drawn.subplots(len(places), 2, squeeze=False, sharex=True)
    keys: dict[str, Any] = {}
    for place, (exposure, extraction) in zip(places, panels, strict=True):
        here = [row for row in rows if (row["model"], row["dataset"]) == place]
        for number, name in enumerate(names):
            own = [row for row in here if _name(row, rows) == name]
            shift = 2 ** (0.06 * (number - (len(names) - 1) / 2))
            style = {"color": LINES[number % len(LINES)], "marker": MARKERS[number % len(MARKERS)]}
            for panel, measure in ((exposure, EXPOSURE), (extraction, EXTRACTED)):
                for held_out in (True, False):
                    part = [row for row in own if (row["copies"] == 0) == held_out]
                    keys[name] = _points(panel, part, measure, shift, style, held_out)
        for floor in sorted({row["uniform_exposure"] for row in here}):
            exposure.axhline(floor, color=CONTROL_COLOUR, linewidth=0.8, linestyle="--", zorder=1)
        for panel, title in ((exposure, "exposure (bits)"), (extraction, "extracted (%)")):
            open_axes(panel)
            panel.set_xscale("log", base=2)
            panel.xaxis.set_minor_locator(NullLocator())
            panel.set_xticks([HELD_OUT, *copies], ["held\nout", *map(str, copies)], fontsize=8)
            panel.set_ylabel(title, fontsize=9)
        model, dataset = place
        exposure.set_title(f"{context.dataset(dataset)}, {context.model(model)}", fontsize=9, loc="left")
    for panel in panels[-1]:
        panel.set_xlabel("copies in the training rows", fontsize=9)
    begin_at_zero(panels.flat)
    drawn.legend(keys.values(), keys, loc="outside upper center", ncols=3, frameon=False, fontsize=8)
    notes = [
        context.label,
        "Dashed: the mean exposure of secrets that a model has never seen.",
        f"Whiskers: {coverage(context.statistics)}s of mean exposures, exact intervals of shares.",
    ]
    note_below(drawn, notes)
    return drawn


def _points(
    panel: Any, rows: Sequence[Row], measure: Measure, shift: float, style: dict[str, Any], held_out: bool
) -> Any:
    """Values of rows with their intervals, side by side with those of other lines; those held out as open marks."""
    # The exposure of one canary alone has no interval.
    bounds = {f"{measure.prefix}{end}" for end in ("low", "high")}
    known = [
        {**row, **{bound: row[measure.value] if row[bound] is None else row[bound] for bound in bounds}} for row in rows
    ]
    places = [(HELD_OUT if held_out else row["copies"]) * shift for row in rows]
    look = {"linestyle": "", "markerfacecolor": "white"} if held_out else {"linestyle": "-"}
    return draw_intervals(panel, places, known, measure, markersize=4, capsize=2, linewidth=1, **style, **look)


def _name(row: Row, rows: Sequence[Row]) -> str:
    """What distinguishes a line: state, and where they vary form and epoch."""
    parts = [row["state"]]
    if "epoch" in varying(rows) and row["state"] != "base":
        parts.append(f"{row['epoch']} epochs")
    if len({each["form"] for each in rows}) > 1:
        parts.append(row["form"])
    return ", ".join(parts)
