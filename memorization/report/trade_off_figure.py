"""The figure of a trade-off study: memorization over quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memorization.figures import coverage, say_below
from memorization.report.tables import Row
from memorization.report.trade_off_table import NAMES

# Okabe and Ito's palette, without yellow, which is too pale for a point; and marks that differ where colours do not.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = "osD^vPX"


def trade_off(
    rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]], label: str, statistics: Mapping[str, Any]
) -> Any:
    """Rate over quality, both in percent: a panel a (model, dataset), a mark a recipe, intervals on both axes.

    Rows are those of the schema `trade_off`; kept epochs of one recipe are joined by a line. Returns a matplotlib
    figure.
    """
    from matplotlib.figure import Figure

    models, datasets, states = (list(dict.fromkeys(row[key] for row in rows)) for key in ("model", "dataset", "state"))
    width, height = 1.9 + 2.9 * len(datasets), 1.0 + 2.9 * len(models)
    drawn = Figure(figsize=(width, height), layout="constrained")
    panels = drawn.subplots(len(models), len(datasets), squeeze=False)
    shown = {}
    for model, line in zip(models, panels, strict=True):
        for dataset, panel in zip(datasets, line, strict=True):
            here = [row for row in rows if (row["model"], row["dataset"]) == (model, dataset)]
            for state in (state for state in states if any(row["state"] == state for row in here)):
                found = [row for row in here if row["state"] == state]
                shown[state] = _points(panel, found, **_style(state, states))
                _controls(panel, found)
            name = titles["datasets"].get(dataset, dataset)
            named = f"{titles['models'].get(model, model)}, {name}" if len(models) > 1 else name
            panel.set_title(named, fontsize=9)
            panel.set_xlabel(f"{NAMES[here[0]['metric']]} on test rows (%)", fontsize=8)
            panel.tick_params(labelsize=8)
            panel.spines[["top", "right"]].set_visible(False)
            panel.grid(color="0.92", linewidth=0.6)
            panel.set_axisbelow(True)
            # Below 0, so that a mark at 0 is seen whole.
            panel.set_ylim(bottom=-0.04 * panel.get_ylim()[1])
        line[0].set_ylabel("memorized probes (%)", fontsize=8)
    drawn.legend(
        [shown[state] for state in states], states, loc="outside right upper", frameon=False, fontsize=8, title="recipe"
    )
    said = [label, f"Whiskers: {coverage(statistics)}s; exact upper bound where a rate is 0."]
    if any(row["control_rate"] is not None for row in rows):
        said.append("Grey ×: control, test inputs that were never trained on.")
    say_below(drawn, said)
    return drawn


def _style(state: str, states: Sequence[str]) -> dict[str, Any]:
    """The mark of a state: hollow and black before fine-tuning."""
    if state == "base":
        return {"color": "black", "marker": "o", "markerfacecolor": "white"}
    number = [each for each in states if each != "base"].index(state)
    return {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)]}


def _points(panel: Any, rows: Sequence[Row], **style: Any) -> Any:
    """Runs of one recipe with their intervals, in percent."""

    def spread(value: str, low: str, high: str, exact_high: str) -> list[list[float]]:
        uppers = [row[high] if row[value] or row[exact_high] is None else row[exact_high] for row in rows]
        return [
            [100 * (row[value] - row[low]) for row in rows],
            [100 * (upper - row[value]) for upper, row in zip(uppers, rows, strict=True)],
        ]

    return panel.errorbar(
        [100 * row["quality"] for row in rows],
        [100 * row["rate"] for row in rows],
        xerr=spread("quality", "quality_low", "quality_high", "quality_exact_high"),
        yerr=spread("rate", "low", "high", "exact_high"),
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
    found = [row for row in rows if row["control_rate"] is not None]
    uppers = [row["control_high"] if row["control_rate"] else row["control_exact_high"] for row in found]
    panel.errorbar(
        [100 * row["quality"] for row in found],
        [100 * row["control_rate"] for row in found],
        yerr=[
            [100 * (row["control_rate"] - row["control_low"]) for row in found],
            [100 * (upper - row["control_rate"]) for upper, row in zip(uppers, found, strict=True)],
        ],
        fmt="x",
        color="0.6",
        markersize=4,
        linewidth=0.8,
        zorder=2,
    )
