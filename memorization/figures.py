"""Figures of studies, drawn from their tidy tables: what is measured, with its interval, in percent."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memorization import storage
from memorization.report.tables import TASK_HEADINGS, Row, headings, varies

# Colours of Okabe and Ito's palette, which readers of every colour vision can tell apart; low confidence is paler.
COLOURS = {
    "verbatim": "#0072B2",
    "idea": "#E69F00",
    "paraphrase": "#009E73",
    "paraphrase_high": "#009E73",
    "paraphrase_low": "#8FD3BF",
}

# What stands beside our own values.
CONTROL, PUBLISHED = "0.45", "black"
# Lines' colours, of the same palette; markers, without the diamond, which stands for what was published.
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "os^vPX"


def memorization(
    rows: Sequence[Row],
    x: str,
    titles: Mapping[str, Mapping[str, str]],
    label: str,
    statistics: Mapping[str, Any],
    low: float = 0.5,
) -> Any:
    """A study of rates as a figure: stacked bars by dataset, or a point a run along another coordinate `x`.

    Rows are those of the schema `table`; `low` is the bound of high confidence. Returns a matplotlib figure.
    """
    figure = _bars(rows, titles, low) if x == "dataset" else _points(rows, x, titles)
    said = [label, f"Whiskers: {coverage(statistics)} of the total; exact upper bound where it is 0."]
    if any(row["control_rate"] is not None for row in rows):
        said.append("Grey ×: control, test inputs that were never trained on.")
    if any(row["published"] is not None for row in rows):
        said.append("◇: published.")
    say_below(figure, said)
    return figure


def coverage(statistics: Mapping[str, Any]) -> str:
    """What intervals are, in a few words."""
    return f"{100 * (statistics['high'] - statistics['low']):g}% bootstrap interval"


def say_below(figure: Any, said: Sequence[str]) -> None:
    """Sentences in small print below a figure, in lines as long as it is wide."""
    text = "\n".join(textwrap.wrap(" ".join(said).strip(), max(60, int(14 * figure.get_figwidth()))))
    figure.supxlabel(text, fontsize=7, color="0.3")


def _bars(rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]], low: float) -> Any:
    """Table 2 as a figure: a panel a model, a bar a run, stacked by category; the whisker is the total's."""
    from matplotlib.figure import Figure

    models = list(dict.fromkeys(row["model"] for row in rows))
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row["category"] == "total":
            groups.setdefault((row["model"], row["dataset"]), []).append(row)
    widest = max(map(len, groups.values()))
    of_model = {model: [dataset for each, dataset in groups if each == model] for model in models}
    widths = [max(1.5, 0.6 * widest) * len(datasets) for datasets in of_model.values()]
    figure = Figure(figsize=(2.6 + sum(widths), 4.6), layout="constrained")
    panels = figure.subplots(1, len(models), sharey=True, squeeze=False, width_ratios=widths)[0]
    for panel, model in zip(panels, models, strict=True):
        bars, places, datasets = [], [], of_model[model]
        for index, dataset in enumerate(datasets):
            group = groups[model, dataset]
            bars += group
            places += [index + 0.8 * (place + 0.5) / len(group) - 0.4 for place in range(len(group))]
        bottoms = [0.0] * len(bars)
        for category, name in headings(rows, low).items():
            if category == "total":
                continue
            heights = [100 * _of(rows, bar, category)["rate"] for bar in bars]
            panel.bar(places, heights, 0.72 / widest, bottom=bottoms, color=COLOURS[category], label=name)
            bottoms = [bottom + height for bottom, height in zip(bottoms, heights, strict=True)]
        whiskers(panel, places, bars, color="black", fmt="none")
        # Beside the whisker, which would hide them.
        beside(panel, [place + 0.22 / widest for place in places], bars)
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
        panel.set_xticks(range(len(datasets)), [heading_of(rows, dataset, titles) for dataset in datasets], fontsize=8)
        lines = max(name.count("\n") for name in names) + 1
        panel.tick_params(axis="x", length=0, pad=6 + 9 * lines)
        panel.set_title(titles["models"].get(model, model), fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_ylim(bottom=0)
    panels[0].set_ylabel(f"memorized probes (% of n = {counts_of(rows)})")
    figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, fontsize=8, loc="outside right upper")
    return figure


def _points(rows: Sequence[Row], x: str, titles: Mapping[str, Mapping[str, str]]) -> Any:
    """A panel a dataset, a point a run at its place on `x`, a line what else tells runs apart."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import NullLocator

    totals = [row for row in rows if row["category"] == "total" and not (x == "epoch" and row["state"] == "base")]
    bases = [row for row in rows if row["category"] == "total" and x == "epoch" and row["state"] == "base"]
    datasets = list(dict.fromkeys(row["dataset"] for row in totals))
    values = list(dict.fromkeys(row[x] for row in totals))
    places = {value: value if isinstance(value, int) else index for index, value in enumerate(values)}
    figure = Figure(figsize=(0.8 + 2.6 * len(datasets), 3.6), layout="constrained")
    panels = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
    named = [(row, _line_of(row, rows, x, titles)) for row in totals]
    lines = list(dict.fromkeys(line for _, line in named))
    for panel, dataset in zip(panels, datasets, strict=True):
        for number, line in enumerate(lines):
            found = [row for row, name in named if (row["dataset"], name) == (dataset, line)]
            # Beside one another, where intervals would hide each other.
            shift = 0.0 if isinstance(values[0], int) else 0.12 * (number - (len(lines) - 1) / 2)
            at = [places[row[x]] + shift for row in found]
            style = "-" if isinstance(values[0], int) or x == "model" else ""
            whiskers(
                panel,
                at,
                found,
                color=LINES[number % len(LINES)],
                fmt=f"{MARKERS[number % len(MARKERS)]}{style}",
                label=line or None,
            )
            beside(panel, at, found)
        for base in [row for row in bases if row["dataset"] == dataset]:
            panel.axhline(100 * base["rate"], color="0.3", linestyle="--", linewidth=0.8, label="before fine-tuning")
        if isinstance(values[0], int):
            panel.set_xscale("log" if min(values) > 0 and max(values) / min(values) > 4 else "linear")
            panel.xaxis.set_minor_locator(NullLocator())
            panel.set_xticks(values, [str(value) for value in values])
        else:
            names = [titles["models"].get(value, value) if x == "model" else value for value in values]
            panel.set_xticks(range(len(values)), names, fontsize=8, rotation=20 if len(values) > 3 else 0)
            panel.set_xlim(-0.5, len(values) - 0.5)
        panel.set_title(heading_of(rows, dataset, titles), fontsize=9)
        panel.set_xlabel(AXES[x], fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_ylim(bottom=0)
        panel.grid(axis="y", color="0.9", linewidth=0.6)
        panel.set_axisbelow(True)
    panels[0].set_ylabel(f"memorized probes (% of n = {counts_of(rows)})")
    if len(lines) > 1 or bases:
        keys = {name: key for panel in panels for key, name in zip(*panel.get_legend_handles_labels(), strict=True)}
        figure.legend(keys.values(), keys.keys(), frameon=False, fontsize=8, loc="outside right upper")
    return figure


AXES = {
    "model": "model",
    "state": "state",
    "epoch": "epochs of fine-tuning",
    "prefix_tokens": "prefix length (tokens)",
    "decoding": "decoding",
}


def whiskers(panel: Any, places: Sequence[float], runs: Sequence[Row], **style: Any) -> None:
    """Totals with their intervals, in percent."""
    totals = [100 * run["rate"] for run in runs]
    # Where nothing was found the bootstrap knows no spread; the exact bound does.
    uppers = [100 * (run["high"] if run["count"] else run["exact_high"]) for run in runs]
    below = [total - 100 * run["low"] for total, run in zip(totals, runs, strict=True)]
    above = [upper - total for total, upper in zip(totals, uppers, strict=True)]
    panel.errorbar(places, totals, yerr=[below, above], capsize=3, markersize=4, linewidth=1.2, **style)


def beside(panel: Any, places: Sequence[float], runs: Sequence[Row]) -> None:
    """The controls and the published values of runs, where there are any."""
    controls = [(place, run) for place, run in zip(places, runs, strict=True) if run["control_rate"] is not None]
    if controls:
        rates = [100 * run["control_rate"] for _, run in controls]
        above = [100 * (run["control_high"] or run["control_exact_high"]) for _, run in controls]
        panel.errorbar(
            [place for place, _ in controls],
            rates,
            yerr=[
                [rate - 100 * run["control_low"] for rate, (_, run) in zip(rates, controls, strict=True)],
                [upper - rate for upper, rate in zip(above, rates, strict=True)],
            ],
            fmt="x",
            color=CONTROL,
            markersize=4,
            linewidth=0.8,
            zorder=3,
        )
    published = [(place, run) for place, run in zip(places, runs, strict=True) if run["published"] is not None]
    panel.plot(
        [place for place, _ in published],
        [100 * run["published"] for _, run in published],
        linestyle="",
        marker="D",
        markerfacecolor="white",
        markeredgecolor=PUBLISHED,
        markersize=5,
        zorder=4,
    )


def _bar_name(bar: Row, rows: Sequence[Row]) -> str:
    """What tells a bar from the others of its dataset, on short lines."""
    state = bar["state"]
    several = len({row["state"] for row in rows} - {"base"}) > 1
    parts = [state if state == "base" or several else "fine-tuned"]
    parts += [f"{bar[name]}{UNITS.get(name, '')}" for name in varies(rows) if not (name == "epoch" and state == "base")]
    return "\n".join(line for part in parts for line in _narrow(part))


def _narrow(name: str) -> list[str]:
    """A name in lines as wide as a bar's place, broken after hyphens and underscores where it is wider."""
    lines = textwrap.wrap(name.replace("_", "_ "), 9, break_long_words=False)
    return [line.replace("_ ", "_") for line in lines]


UNITS = {"epoch": " epochs", "prefix_tokens": " tokens"}


def _line_of(row: Row, rows: Sequence[Row], x: str, titles: Mapping[str, Mapping[str, str]]) -> str:
    """What tells a point's line from the others of its panel."""
    parts = []
    if x != "model" and len({each["model"] for each in rows}) > 1:
        parts.append(titles["models"].get(row["model"], row["model"]))
    if x != "state" and len({each["state"] for each in rows}) > 1:
        parts.append(row["state"])
    parts += [f"{row[name]}" for name in varies(rows) if name != x]
    return ", ".join(parts)


def _of(rows: Sequence[Row], bar: Row, category: str) -> Row:
    keys = ("model", "dataset", "state", "epoch", "prefix_tokens", "decoding")
    return next(row for row in rows if row["category"] == category and all(row[key] == bar[key] for key in keys))


def heading_of(rows: Sequence[Row], dataset: str, titles: Mapping[str, Mapping[str, str]]) -> str:
    """A dataset's task and name, on short lines."""
    task = next(row["task"] for row in rows if row["dataset"] == dataset)
    name = titles["datasets"].get(dataset, dataset)
    return "\n".join([*TASK_HEADINGS.get(task, task).split(), f"({name})"])


def counts_of(rows: Sequence[Row]) -> str:
    """How many probes or answers the rows count."""
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
        for ending in storage.FIGURE_FORMATS:
            with storage.replacing(output.with_name(f"{output.name}.{ending}")) as scratch:
                figure.savefig(scratch, format=ending, dpi=200, metadata={"Date": None} if ending == "svg" else None)
