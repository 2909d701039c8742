"""Figures of studies, drawn from their tidy tables: what is measured, with its interval, in percent."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memorization import storage
from memorization.plan import FIGURE_FORMATS
from memorization.report.tables import TASK_HEADINGS, headings

# Colours of Okabe and Ito's palette, which readers of every colour vision can tell apart; low confidence is paler.
COLOURS = {
    "verbatim": "#0072B2",
    "idea": "#E69F00",
    "paraphrase": "#009E73",
    "paraphrase_high": "#009E73",
    "paraphrase_low": "#8FD3BF",
}
Row = Mapping[str, Any]


def task_disparity(
    rows: Sequence[Row],
    titles: Mapping[str, Mapping[str, str]],
    label: str,
    statistics: Mapping[str, Any],
    low: float = 0.5,
) -> Any:
    """Table 2 as a figure: a panel a model, a bar a (dataset, state), stacked by category; the whisker is the total's.

    Rows are those of the schema `table`; `low` is the bound of high confidence. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure

    runs = [row for row in rows if row["state"] != "difference"]
    models = list(dict.fromkeys(row["model"] for row in runs))
    datasets = list(dict.fromkeys(row["dataset"] for row in runs))
    figure = Figure(figsize=(1.6 + 1.5 * len(datasets) * len(models), 4.4), layout="constrained")
    panels = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
    for panel, model in zip(panels, models, strict=True):
        bars = [row for row in runs if row["model"] == model and row["category"] == "total"]
        places = [datasets.index(row["dataset"]) + (0.2 if row["state"] != "base" else -0.2) for row in bars]
        bottoms = [0.0] * len(bars)
        for category, name in headings(rows, low).items():
            if category == "total":
                continue
            heights = [100 * _of(runs, bar, category)["rate"] for bar in bars]
            panel.bar(places, heights, 0.36, bottom=bottoms, color=COLOURS[category], label=name)
            bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
        totals = [100 * bar["rate"] for bar in bars]
        # Where nothing was found the bootstrap knows no spread; the exact bound does.
        uppers = [100 * (bar["high"] if bar["count"] else bar["exact_high"]) for bar in bars]
        below = [total - 100 * bar["low"] for total, bar in zip(totals, bars, strict=True)]
        above = [upper - total for total, upper in zip(totals, uppers, strict=True)]
        panel.errorbar(places, totals, yerr=[below, above], fmt="none", ecolor="black", capsize=3)
        for place, bar in zip(places, bars, strict=True):
            state = "base" if bar["state"] == "base" else "fine-\ntuned"
            panel.annotate(
                state, (place, 0), (0, -4), textcoords="offset points", ha="center", va="top", fontsize=7, color="0.3"
            )
        panel.set_xticks(range(len(datasets)), [_heading(runs, dataset, titles) for dataset in datasets], fontsize=8)
        panel.tick_params(axis="x", length=0, pad=24)
        panel.set_title(titles["models"].get(model, model), fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_ylim(bottom=0)
    panels[0].set_ylabel(f"memorized probes (% of n = {_counts(runs)})")
    panels[-1].legend(frameon=False, fontsize=8, loc="upper right")
    coverage = 100 * (statistics["high"] - statistics["low"])
    said = f"{label} Whiskers: {coverage:g}% bootstrap interval of the total; exact upper bound where it is 0."
    figure.supxlabel("\n".join(textwrap.wrap(said.strip(), 110)), fontsize=7, color="0.3")
    return figure


def _of(rows: Sequence[Row], bar: Row, category: str) -> Row:
    keys = ("model", "dataset", "state")
    return next(row for row in rows if row["category"] == category and all(row[key] == bar[key] for key in keys))


def _heading(rows: Sequence[Row], dataset: str, titles: Mapping[str, Mapping[str, str]]) -> str:
    task = next(row["task"] for row in rows if row["dataset"] == dataset)
    name = titles["datasets"].get(dataset, dataset)
    return "\n".join([*TASK_HEADINGS.get(task, task).split(), f"({name})"])


def _counts(rows: Sequence[Row]) -> str:
    counts = sorted({row["n"] for row in rows})
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def write(figure: Any, output: Path) -> None:
    """Write a figure as `output`.svg and `output`.png, the same bytes every time."""
    import matplotlib as mpl
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        # Names and labels stand for themselves: a dollar sign begins no formula.
        text.set_parse_math(False)
    # Names of elements in an SVG are drawn from a salt, and dates are left out.
    with mpl.rc_context({"svg.hashsalt": "memorization", "svg.fonttype": "none"}):
        for ending in FIGURE_FORMATS:
            with storage.replacing(output.with_name(f"{output.name}.{ending}")) as scratch:
                figure.savefig(scratch, format=ending, dpi=200, metadata={"Date": None} if ending == "svg" else None)
