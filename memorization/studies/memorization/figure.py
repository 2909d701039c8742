"""The figure of a study of rates: stacked bars by dataset, or one point per run along another coordinate."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from memorization import storage
from memorization.report.context import Context, Files, Row
from memorization.report.drawing import (
    LINES,
    MARKERS,
    RATE,
    begin_at_zero,
    counts,
    dataset_heading,
    draw_ceilings,
    draw_controls,
    draw_points,
    draw_published,
    draw_trainings,
    mark_notes,
    name_values,
    note_below,
    open_axes,
    training_note,
)
from memorization.report.groups import one_per_state, single_trainings
from memorization.report.words import coordinate, coverage, varying
from memorization.schemas.run import RunColumns
from memorization.studies.memorization.headings import category_headings

# Colours of Okabe and Ito's palette, paler for low confidence.
COLOURS = {
    "verbatim": "#0072B2",
    "idea": "#E69F00",
    "paraphrase": "#009E73",
    "paraphrase_high": "#009E73",
    "paraphrase_low": "#8FD3BF",
}
AXES = {
    "model": "model",
    "state": "state",
    "epoch": "epochs of fine-tuning",
    "prefix_tokens": "prefix length (tokens)",
    "decoding": "decoding",
    "prompting": "prompting",
    "side": "searched for",
    "profile": "detector",
}
UNITS = {"epoch": " epochs", "prefix_tokens": " tokens"}


def figure(files: Files, context: Context) -> Any:
    """The figure of a study; files: `table` (schema `memorization_table`)."""
    return draw(storage.rows(files["table"][0]), context)


def draw(rows: Sequence[Row], context: Context) -> Any:
    """A study of rates along the option `x`: `dataset` for stacked bars, or another coordinate.

    Rows are those of schema `memorization_table`. Returns a matplotlib figure.
    """
    x = context.options["x"]
    shown, trainings = one_per_state(rows), single_trainings(rows)
    drawn = _bars(shown, trainings, context) if x == "dataset" else _points(shown, trainings, x, context)
    notes = mark_notes(rows, ("Grey bar", "dotted bar")) if x == "dataset" else mark_notes(rows)
    whiskers = f"Whiskers: {coverage(context.statistics)} of the total; exact upper bound where it is 0."
    note_below(drawn, [context.label, whiskers, *notes, training_note(rows)])
    return drawn


def _bars(rows: Sequence[Row], trainings: Sequence[Row], context: Context) -> Any:
    """Table 2 as a figure: one panel per model, one bar per run, stacked by category; the whisker is the total's."""
    from matplotlib.figure import Figure

    models = list(dict.fromkeys(row["model"] for row in rows))
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["category"] == "total":
            groups.setdefault((row["model"], row["dataset"]), []).append(row)
    widest = max(map(len, groups.values()))
    shown_datasets = {model: [dataset for each, dataset in groups if each == model] for model in models}
    widths = [max(1.5, 0.6 * widest) * len(datasets) for datasets in shown_datasets.values()]
    drawn = Figure(figsize=(2.6 + sum(widths), 4.6), layout="constrained")
    panels = drawn.subplots(1, len(models), sharey=True, squeeze=False, width_ratios=widths)[0]
    for panel, model in zip(panels, models, strict=True):
        bars, places, datasets = [], [], shown_datasets[model]
        for index, dataset in enumerate(datasets):
            group = groups[model, dataset]
            bars += group
            places += [index + 0.8 * (place + 0.5) / len(group) - 0.4 for place in range(len(group))]
        bottoms = [0.0] * len(bars)
        for category, name in category_headings(rows, context.options.get("paraphrase")).items():
            if category == "total":
                continue
            parts = [_category_row(rows, bar, category) for bar in bars]
            heights = RATE.values(parts)
            # In the middle of each part of a bar that can be seen.
            seen = [number for number, height in enumerate(heights) if height]
            name_values(
                panel,
                [places[number] for number in seen],
                [bottoms[number] + heights[number] / 2 for number in seen],
                [parts[number] for number in seen],
                RATE,
            )
            panel.bar(places, heights, 0.72 / widest, bottom=bottoms, color=COLOURS[category], label=name)
            bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
        draw_points(panel, places, bars, color="black", fmt="none")
        # Beside the whisker, which would hide them, and beside one another.
        draw_controls(panel, [place + 0.16 / widest for place in places], bars)
        draw_ceilings(panel, places, bars, 0.72 / widest)
        draw_trainings(panel, [place - 0.22 / widest for place in places], bars, trainings)
        draw_published(panel, [place + 0.28 / widest for place in places], bars)
        names = [_bar_name(bar, rows) for bar in bars]
        for place, name in zip(places, names, strict=True):
            panel.annotate(
                name,
                (place, 0),
                (0, -4),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=7,
                color="0.3",
            )
        panel.set_xticks(
            range(len(datasets)), [dataset_heading(rows, dataset, context) for dataset in datasets], fontsize=8
        )
        lines = max(name.count("\n") for name in names) + 1
        panel.tick_params(axis="x", length=0, pad=6 + 9 * lines)
        panel.set_title(context.model(model), fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
    begin_at_zero(panels)
    panels[0].set_ylabel(f"memorized probes (% of n = {counts(rows)})")
    drawn.legend(*panels[0].get_legend_handles_labels(), frameon=False, fontsize=8, loc="outside right upper")
    return drawn


def _points(rows: Sequence[Row], trainings: Sequence[Row], x: str, context: Context) -> Any:
    """One panel per dataset, one point per run at its place on `x`, one line for what else distinguishes runs."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    totals = [row for row in rows if row["category"] == "total" and not (x == "epoch" and row["state"] == "base")]
    bases = [row for row in rows if row["category"] == "total" and x == "epoch" and row["state"] == "base"]
    datasets = list(dict.fromkeys(row["dataset"] for row in totals))
    values = list(dict.fromkeys(row[x] for row in totals))
    places = {value: value if isinstance(value, int) else index for index, value in enumerate(values)}
    drawn = Figure(figsize=(0.8 + 2.6 * len(datasets), 3.6), layout="constrained")
    panels = drawn.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
    named = [(row, _line_name(row, rows, x, context)) for row in totals]
    lines = list(dict.fromkeys(line for _, line in named))
    for panel, dataset in zip(panels, datasets, strict=True):
        for number, line in enumerate(lines):
            runs = [row for row, name in named if (row["dataset"], name) == (dataset, line)]
            # Beside one another, where intervals would hide each other.
            step = min(0.12, 0.8 / len(lines))
            shift = 0.0 if isinstance(values[0], int) else step * (number - (len(lines) - 1) / 2)
            shifted = [places[row[x]] + shift for row in runs]
            dashes = "-" if isinstance(values[0], int) or x == "model" else ""
            draw_points(
                panel,
                shifted,
                runs,
                color=LINES[number % len(LINES)],
                fmt=f"{MARKERS[number % len(MARKERS)]}{dashes}",
                label=line or None,
            )
            draw_controls(panel, shifted, runs)
            draw_ceilings(panel, shifted, runs)
            draw_trainings(panel, shifted, runs, trainings)
            draw_published(panel, shifted, runs)
        for base in [row for row in bases if row["dataset"] == dataset]:
            panel.axhline(100 * base["rate"], color="0.3", linestyle="--", linewidth=0.8, label="before fine-tuning")
        if isinstance(values[0], int):
            panel.set_xscale("log" if min(values) > 0 and max(values) / min(values) > 4 else "linear")
            panel.xaxis.set_minor_locator(NullLocator())
            panel.set_xticks(values, [str(value) for value in values])
        else:
            names = [context.model(value) if x == "model" else coordinate({x: value}, x) for value in values]
            panel.set_xticks(range(len(values)), names, fontsize=8, rotation=20 if len(values) > 3 else 0)
            panel.set_xlim(-0.5, len(values) - 0.5)
        panel.set_title(dataset_heading(rows, dataset, context), fontsize=9)
        panel.set_xlabel(AXES[x], fontsize=9)
        open_axes(panel)
    begin_at_zero(panels)
    panels[0].set_ylabel(f"memorized probes (% of n = {counts(rows)})")
    if len(lines) > 1 or bases:
        keys = {name: key for panel in panels for key, name in zip(*panel.get_legend_handles_labels(), strict=True)}
        drawn.legend(keys.values(), keys.keys(), frameon=False, fontsize=8, loc="outside right upper")
    return drawn


def _bar_name(bar: Row, rows: Sequence[Row]) -> str:
    """What distinguishes a bar from the others of its dataset, on short lines."""
    state = bar["state"]
    several = len({row["state"] for row in rows} - {"base"}) > 1
    parts = [state if state == "base" or several else "fine-tuned"]
    parts += [
        f"{coordinate(bar, name)}{UNITS.get(name, '')}"
        for name in varying(rows)
        if not (name in ("epoch", "seed") and state == "base")
    ]
    return "\n".join(line for part in parts for line in _narrow(part))


def _narrow(name: str) -> list[str]:
    """A name in lines that fit below a bar, broken after hyphens and underscores where it is longer."""
    lines = textwrap.wrap(name.replace("_", "_ "), 9, break_long_words=False)
    return [line.replace("_ ", "_") for line in lines]


def _line_name(row: Row, rows: Sequence[Row], x: str, context: Context) -> str:
    """What distinguishes a point's line from the others of its panel."""
    parts = []
    if x != "model" and len({each["model"] for each in rows}) > 1:
        parts.append(context.model(row["model"]))
    if x != "state" and len({each["state"] for each in rows}) > 1:
        parts.append(row["state"])
    parts += [coordinate(row, name) for name in varying(rows) if name != x]
    return ", ".join(parts)


def _category_row(rows: Sequence[Row], bar: Row, category: str) -> Row:
    return next(
        row for row in rows if row["category"] == category and all(row[key] == bar[key] for key in RunColumns.columns())
    )
