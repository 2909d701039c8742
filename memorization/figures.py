"""Figures of studies, drawn from their tidy tables: what is measured, with its interval, in percent."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from memorization import storage
from memorization.plan import FIGURE_FORMATS
from memorization.report import quality_table
from memorization.report.tables import TASK_HEADINGS, headings, varies

# Colours of Okabe and Ito's palette, which readers of every colour vision can tell apart; low confidence is paler.
COLOURS = {
    "verbatim": "#0072B2",
    "idea": "#E69F00",
    "paraphrase": "#009E73",
    "paraphrase_high": "#009E73",
    "paraphrase_low": "#8FD3BF",
}
Row = Mapping[str, Any]


# What stands beside our own values.
CONTROL, PUBLISHED = "0.45", "black"
MARKERS = "osD^vPX"


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
    coverage = 100 * (statistics["high"] - statistics["low"])
    said = [label, f"Whiskers: {coverage:g}% bootstrap interval of the total; exact upper bound where it is 0."]
    if any(row["control_rate"] is not None for row in rows):
        said.append("Grey ×: control, test inputs that were never trained on.")
    if any(row["published"] is not None for row in rows):
        said.append("◇: published.")
    text = "\n".join(textwrap.wrap(" ".join(said).strip(), max(60, int(14 * figure.get_figwidth()))))
    figure.supxlabel(text, fontsize=7, color="0.3")
    return figure


def _bars(rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]], low: float) -> Any:
    """Table 2 as a figure: a panel a model, a bar a run, stacked by category; the whisker is the total's."""
    from matplotlib.figure import Figure

    models = list(dict.fromkeys(row["model"] for row in rows))
    datasets = list(dict.fromkeys(row["dataset"] for row in rows))
    groups = {
        (model, dataset): [
            row for row in rows if (row["model"], row["dataset"], row["category"]) == (model, dataset, "total")
        ]
        for model in models
        for dataset in datasets
    }
    widest = max(map(len, groups.values()))
    width = sum(max(1.5, 0.55 * widest) for _ in datasets) * len(models)
    figure = Figure(figsize=(1.6 + width, 4.6), layout="constrained")
    panels = figure.subplots(1, len(models), sharey=True, squeeze=False)[0]
    for panel, model in zip(panels, models, strict=True):
        bars, places = [], []
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
        _whiskers(panel, places, bars, color="black", fmt="none")
        _beside(panel, places, bars)
        for place, bar in zip(places, bars, strict=True):
            panel.annotate(
                _bar_name(bar, rows),
                (place, 0),
                (0, -4),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=7,
                color="0.3",
            )
        panel.set_xticks(range(len(datasets)), [_heading(rows, dataset, titles) for dataset in datasets], fontsize=8)
        lines = max(_bar_name(bar, rows).count("\n") for bar in bars) + 1
        panel.tick_params(axis="x", length=0, pad=6 + 9 * lines)
        panel.set_title(titles["models"].get(model, model), fontsize=10)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_ylim(bottom=0)
    panels[0].set_ylabel(f"memorized probes (% of n = {_counts(rows)})")
    panels[-1].legend(frameon=False, fontsize=8, loc="upper right")
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
    lines = list(dict.fromkeys(_line_of(row, rows, x, titles) for row in totals))
    colours = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
    for panel, dataset in zip(panels, datasets, strict=True):
        for number, line in enumerate(lines):
            found = [row for row in totals if (row["dataset"], _line_of(row, rows, x, titles)) == (dataset, line)]
            # Beside one another, where intervals would hide each other.
            shift = 0.0 if isinstance(values[0], int) else 0.12 * (number - (len(lines) - 1) / 2)
            at = [places[row[x]] + shift for row in found]
            style = "-" if isinstance(values[0], int) or x == "model" else ""
            _whiskers(
                panel,
                at,
                found,
                color=colours[number % len(colours)],
                fmt=f"{MARKERS[number % len(MARKERS)]}{style}",
                label=line or None,
            )
            _beside(panel, at, found)
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
        panel.set_title(_heading(rows, dataset, titles), fontsize=9)
        panel.set_xlabel(AXES[x], fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_ylim(bottom=0)
        panel.grid(axis="y", color="0.9", linewidth=0.6)
        panel.set_axisbelow(True)
    panels[0].set_ylabel(f"memorized probes (% of n = {_counts(rows)})")
    if len(lines) > 1 or bases:
        panels[-1].legend(frameon=False, fontsize=8)
    return figure


AXES = {
    "model": "model",
    "state": "state",
    "epoch": "epochs of fine-tuning",
    "prefix_tokens": "prefix length (tokens)",
    "decoding": "decoding",
}


def _whiskers(panel: Any, places: Sequence[float], runs: Sequence[Row], **style: Any) -> None:
    """Totals with their intervals, in percent."""
    totals = [100 * run["rate"] for run in runs]
    # Where nothing was found the bootstrap knows no spread; the exact bound does.
    uppers = [100 * (run["high"] if run["count"] else run["exact_high"]) for run in runs]
    below = [total - 100 * run["low"] for total, run in zip(totals, runs, strict=True)]
    above = [upper - total for total, upper in zip(totals, uppers, strict=True)]
    panel.errorbar(places, totals, yerr=[below, above], capsize=3, markersize=4, linewidth=1.2, **style)


def _beside(panel: Any, places: Sequence[float], runs: Sequence[Row]) -> None:
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
    parts = [state if state == "base" or several else "fine-\ntuned"]
    parts += [f"{bar[name]}{UNITS.get(name, '')}" for name in varies(rows) if not (name == "epoch" and state == "base")]
    return "\n".join(parts)


UNITS = {"epoch": "\nepochs", "prefix_tokens": "\ntokens"}


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


def _heading(rows: Sequence[Row], dataset: str, titles: Mapping[str, Mapping[str, str]]) -> str:
    task = next(row["task"] for row in rows if row["dataset"] == dataset)
    name = titles["datasets"].get(dataset, dataset)
    return "\n".join([*TASK_HEADINGS.get(task, task).split(), f"({name})"])


def _counts(rows: Sequence[Row]) -> str:
    counts = sorted({row["n"] for row in rows})
    return f"{counts[0]:,}" if len(counts) == 1 else f"{counts[0]:,} to {counts[-1]:,}"


def quality(
    rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]], label: str, statistics: Mapping[str, Any]
) -> Any:
    """Tables 16 to 21 as a figure: a panel a dataset, its metrics side by side, a point a (model, state).

    Rows are those of the schema `quality_table`; lengths of answers are left out. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure

    scores = [row for row in rows if row["unit"] == "fraction"]
    lines = list(dict.fromkeys(_quality_line(row, rows, titles) for row in scores))
    panelled = {
        dataset: list(dict.fromkeys(row["metric"] for row in scores if row["dataset"] == dataset))
        for dataset in dict.fromkeys(row["dataset"] for row in scores)
    }
    widths = [max(1.6, (0.3 + 0.16 * len(lines)) * len(metrics)) for metrics in panelled.values()]
    figure = Figure(figsize=(2.4 + sum(widths) + 0.5 * len(widths), 3.8), layout="constrained")
    panels = figure.subplots(1, len(panelled), squeeze=False, width_ratios=widths)[0]
    for panel, (dataset, metrics) in zip(panels, panelled.items(), strict=True):
        for number, line in enumerate(lines):
            points = [row for row in scores if row["dataset"] == dataset and _quality_line(row, rows, titles) == line]
            step = 0.85 / len(lines)
            shift = step * (number + 0.35 - len(lines) / 2)
            places = [metrics.index(row["metric"]) + shift for row in points]
            # As runs of rates, whose upper bound is settled.
            bounds = [{"low": row["low"], "high": quality_table.upper(row), "count": row["n"]} for row in points]
            runs = [
                {"rate": row["value"], "control_rate": None, "published": row["published"], **bound}
                for row, bound in zip(points, bounds, strict=True)
            ]
            _whiskers(
                panel,
                places,
                runs,
                color=LINES[number % len(LINES)],
                # Where colours come again, they come with another marker.
                fmt=POINTS[(number + number // len(LINES)) % len(POINTS)],
                label=line,
            )
            # Beside the point, which it would hide.
            _beside(panel, [place + min(0.4 * step, 0.12) for place in places], runs)
        names = [quality_table.HEADINGS[metric].removesuffix(" (%)").replace(" ", "\n") for metric in metrics]
        panel.set_xticks(range(len(metrics)), names, fontsize=8)
        panel.set_xlim(-0.55, len(metrics) - 0.45)
        for border in range(1, len(metrics)):
            panel.axvline(border - 0.5, color="0.9", linewidth=0.6)
        panel.set_title(_heading(rows, dataset, titles), fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_ylim(bottom=0)
        panel.grid(axis="y", color="0.9", linewidth=0.6)
        panel.set_axisbelow(True)
    panels[0].set_ylabel(f"score (%) on test rows, n = {_counts(rows)}", fontsize=9)
    figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, fontsize=8, loc="outside right upper")
    coverage = 100 * (statistics["high"] - statistics["low"])
    said = [label, f"Whiskers: {coverage:g}% bootstrap interval; exact upper bound where no answer is right."]
    if any(row["published"] is not None for row in rows):
        said.append("◇: published.")
    text = "\n".join(textwrap.wrap(" ".join(said).strip(), max(60, int(14 * figure.get_figwidth()))))
    figure.supxlabel(text, fontsize=7, color="0.3")
    return figure


LINES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
# Without the diamond, which stands for what was published.
POINTS = MARKERS.replace("D", "")


def _quality_line(row: Row, rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]]) -> str:
    """What tells a model from the others of its panel."""
    parts = [quality_table.name_of(row, rows, titles)]
    shown = [name for name in quality_table.varies(rows) if not (name == "epoch" and row["state"] == "base")]
    return ", ".join([*parts, *(f"{row[name]} epochs" if name == "epoch" else str(row[name]) for name in shown)])


# Solvers of a sparse coding study: name, colour and marker.
SPARSE_CODING_SOLVERS = {
    "linear": ("linear solution", "#000000", "s"),
    "attention": ("attention, v2 trained", "#0072B2", "o"),
    "attention_uniform": ("attention, v2 = 1/D", "#D55E00", "^"),
}
RECOVERY_LIMITS = (0.01, 500)
# Its panels by row: measure, what the axis says, what the panel says, and the factor of the shown values.
SPARSE_CODING_PANELS = {
    "aggregated_effective_tokens": ("effective tokens", "Aggregated attention", 1),
    "attention_effective_tokens": ("effective tokens", "Attention itself", 1),
    "test_loss": ("test loss (% of a constant's)", "Fit", 100),
}


def sparse_coding(rows: Sequence[Row], label: str, statistics: Mapping[str, Any]) -> Any:
    """What is recovered for how many parameters, and what attention shows of b', by its nonzeros.

    Rows are those of the schema `sparse_coding_table`. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure

    means = list(dict.fromkeys(row["feature_mean"] for row in rows))
    figure = Figure(figsize=(4.2 + 3.1 * len(means), 8.2), layout="constrained")
    names: list[Any] = [["recovered", *(f"{measure} {mean}" for mean in means)] for measure in SPARSE_CODING_PANELS]
    panels = figure.subplot_mosaic([*names[:2], ["legend", *names[2][1:]]])
    _recovered(panels["recovered"], rows)
    for measure in SPARSE_CODING_PANELS:
        for mean in means:
            _by_nonzeros(panels[f"{measure} {mean}"], rows, measure, mean)
    handles: list[Any] = [(line, line.get_label()) for line in panels[f"test_loss {means[-1]}"].containers]
    handles += [(line, line.get_label()) for line in panels[names[0][1]].lines if line.get_label() == "b' itself"]
    panels["legend"].axis("off")
    panels["legend"].legend(
        *zip(*handles, strict=True), frameon=False, fontsize=8, loc="center left", title="Classification"
    )
    for panel in panels.values():
        panel.spines[["top", "right"]].set_visible(False)
    coverage = 100 * (statistics["high"] - statistics["low"])
    said = (
        f"{label} Means over {rows[0]['seeds']} seeds; whiskers: {coverage:g}% bootstrap interval over seeds. "
        "Aggregated attention: softmax(...) v2, as in Appendix A; attention itself: summed over queries, as in "
        "heatmaps. Recovery: by a linear map learned from pairs of texts and outputs; points beside one another differ "
        "in signs and mean, and what lies below the axis is not shown."
    )
    figure.supxlabel("\n".join(textwrap.wrap(said.strip(), 130)), fontsize=7, color="0.3")
    return figure


def _recovered(panel: Any, rows: Sequence[Row]) -> None:
    """Parameters against the variance of Z that outputs give back, one point a task and solver, any mean and signs."""
    points = [row for row in rows if row["nonzeros"] is None and row["measure"] == "recovered_from_pairs"]
    counts = {
        (row["task"], row["solver"]): row["value"]
        for row in rows
        if row["nonzeros"] is None and row["measure"] == "parameters"
    }
    for (task, solver), count in counts.items():
        name, colour, marker = SPARSE_CODING_SOLVERS[solver]
        found = [row for row in points if (row["task"], row["solver"]) == (task, solver)]
        filled = colour if task == "summarization" else "white"
        for number, row in enumerate(found):
            # Beside one another, where intervals would hide each other.
            at = count * 1.06 ** (number - (len(found) - 1) / 2)
            _errorbar(panel, [at], [row], 100, color=colour, marker=marker, markerfacecolor=filled)
        # Labels lie above the highest point or below the lowest, so that they stand clear of one another.
        above = solver == "linear" or (task, solver) == ("classification", "attention")
        values = [100 * row["high" if above else "low"] for row in found]
        panel.annotate(
            f"{task},\n{name.replace(', ', chr(10))}",
            (count, max(values) if above else max(min(values), 6 * RECOVERY_LIMITS[0])),
            (0, 8 if above else -8),
            textcoords="offset points",
            ha="center",
            va="bottom" if above else "top",
            fontsize=7,
            color=colour,
        )
    panel.set(xscale="log", yscale="log", ylim=RECOVERY_LIMITS)
    panel.set_xlim(min(counts.values()) / 3, max(counts.values()) * 4)
    places = [each for each in (10, 100, 1000, 10_000) if min(counts.values()) / 3 < each < max(counts.values()) * 4]
    panel.set_xticks(places, [f"{each:,}" for each in places])
    panel.set_yticks([0.01, 0.1, 1, 10, 100], ["0.01", "0.1", "1", "10", "100"])
    panel.set_xlabel("parameters")
    panel.set_ylabel("variance of Z recovered from the outputs (%)")
    panel.set_title("Recovery of texts", fontsize=10)


def _by_nonzeros(panel: Any, rows: Sequence[Row], measure: str, mean: float) -> None:
    """One measure of classification by the nonzeros of b', a line a solver and signs."""
    from matplotlib.ticker import NullLocator

    unit, heading, factor = SPARSE_CODING_PANELS[measure]
    shown = [
        row
        for row in rows
        if row["task"] == "classification" and row["nonzeros"] is not None and row["feature_mean"] == mean
    ]
    counts = sorted({row["nonzeros"] for row in shown})
    for solver, (name, colour, marker) in SPARSE_CODING_SOLVERS.items():
        for signs in dict.fromkeys(row["signs"] for row in shown):
            line = [row for row in shown if (row["solver"], row["signs"], row["measure"]) == (solver, signs, measure)]
            # A linear solution is exact for any signs.
            if not line or (solver == "linear" and signs != shown[0]["signs"]):
                continue
            _errorbar(
                panel,
                [row["nonzeros"] for row in line],
                line,
                factor,
                color=colour,
                marker=marker,
                linestyle="--" if signs == "positive" else "-",
                markerfacecolor="white" if signs == "positive" else colour,
                label=name if solver == "linear" else f"{name}, {signs} signs",
            )
    if measure == "test_loss":
        panel.set_yscale("symlog", linthresh=1)
        panel.set_ylim(-0.1, 150)
        panel.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    else:
        wanted = [row for row in shown if row["measure"] == "wanted_effective_tokens"]
        points = sorted({(row["nonzeros"], row["value"]) for row in wanted})
        panel.plot(*zip(*points, strict=True), color="0.6", linewidth=3, alpha=0.5, label="b' itself", zorder=0)
        panel.set_yscale("log")
        panel.set_ylim(0.9, 1.25 * counts[-1])
        panel.set_yticks(counts, [str(count) for count in counts])
        panel.yaxis.set_minor_locator(NullLocator())
    panel.set_xscale("log")
    panel.set_xticks(counts, [str(count) for count in counts])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xlabel("nonzeros of b' (tokens)", fontsize=8)
    panel.set_ylabel(unit, fontsize=8)
    panel.set_title(f"{heading}\nfeatures of mean {mean:g}", fontsize=9)


def _errorbar(panel: Any, places: Sequence[float], rows: Sequence[Row], factor: float, **style: Any) -> None:
    values = [factor * row["value"] for row in rows]
    below = [max(0.0, value - factor * row["low"]) for value, row in zip(values, rows, strict=True)]
    above = [max(0.0, factor * row["high"] - value) for value, row in zip(values, rows, strict=True)]
    panel.errorbar(places, values, yerr=[below, above], capsize=2, markersize=5, linewidth=1.2, **style)


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
