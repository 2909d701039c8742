"""The figure of a study of membership: ROC curves on logarithmic axes, one panel per model in a state and dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memorization import storage
from memorization.report.context import Context, Files, Row
from memorization.report.drawing import CONTROL_COLOUR, LINES, note_below, open_axes
from memorization.report.words import coverage, in_state, varying
from memorization.studies.membership.headings import BLIND, HEADINGS, ORDER

COLUMNS = 3
"""Panels side by side, at most."""


def figure(files: Files, context: Context) -> Any:
    """The figure of a study; files: `attacks` (schema `attacks`), in the order of the table."""
    return draw([row for file in files["attacks"] for row in storage.rows(file)], context)


def draw(rows: Sequence[Row], context: Context) -> Any:
    """One panel per (dataset, model, state, epoch): a curve per attack, the baseline in grey, and the diagonal.

    Rows are those of schema `attacks`. The band is that of the attack with the highest AUC, since all of them would
    hide one another. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    panels: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        panels.setdefault(tuple(row[name] for name in ("dataset", "model", "state", "epoch")), []).append(row)
    columns = min(COLUMNS, len(panels))
    lines = -(-len(panels) // columns)
    drawn = Figure(figsize=(0.6 + 3.1 * columns, 1.4 + 2.7 * lines), layout="constrained")
    axes = drawn.subplots(lines, columns, squeeze=False).ravel()
    shown = [attack for attack in ORDER if any(row["attack"] == attack for row in rows)]
    colours = {attack: CONTROL_COLOUR if attack == BLIND else LINES[ORDER.index(attack)] for attack in shown}
    epochs = "epoch" in varying(rows)
    for panel, own in zip(axes, panels.values(), strict=False):
        _curves(panel, own, colours)
        first = own[0]
        names = [context.dataset(first["dataset"]), in_state(context.model(first["model"]), first["state"], rows)]
        names += [f"{first['epoch']} epochs"] if epochs and first["state"] != "base" else []
        panel.set_title("\n".join(names), fontsize=8)
        panel.set_xlabel("false positive rate (%)", fontsize=8)
        panel.set_ylabel("true positive rate (%)", fontsize=8)
    for panel in axes[len(panels) :]:
        panel.remove()
    keys = [Line2D([], [], color=colours[attack], linestyle="--" if attack == BLIND else "-") for attack in shown]
    drawn.legend(
        [*keys, Line2D([], [], color="0.7", linestyle=":")],
        [*(HEADINGS[attack] for attack in shown), "chance"],
        loc="outside upper center",
        ncols=4,
        frameon=False,
        fontsize=8,
    )
    notes = [
        context.label,
        f"Band: {coverage(context.statistics)} of the attack with the highest AUC. Curves begin at the smallest false "
        "positive rate that the held-out inputs can show; a true positive rate of 0 is at the lower edge.",
    ]
    note_below(drawn, notes)
    return drawn


def _curves(panel: Any, rows: Sequence[Row], colours: dict[str, str]) -> None:
    """The curves of one panel, in percent, from the smallest rate above 0 to 100%."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    smallest = min(rate for row in rows for rate in [row["roc_fpr"][0], *(each for each in row["roc_tpr"] if each > 0)])
    floor = 100 * smallest / 1.5
    best = max((row for row in rows if row["attack"] != BLIND), key=lambda row: row["auc"])
    panel.plot([floor, 100], [floor, 100], color="0.7", linestyle=":", linewidth=1)
    for row in rows:
        places = [100 * rate for rate in row["roc_fpr"]]
        low, value, high = (
            [max(floor, 100 * rate) for rate in row[name]] for name in ("roc_tpr_low", "roc_tpr", "roc_tpr_high")
        )
        colour, dashes = colours[row["attack"]], "--" if row["attack"] == BLIND else "-"
        if row is best:
            panel.fill_between(places, low, high, color=colour, alpha=0.15, linewidth=0)
        panel.plot(places, value, color=colour, linestyle=dashes, linewidth=1.2)
    panel.set_xscale("log")
    panel.set_yscale("log")
    panel.set_xlim(floor, 110)
    panel.set_ylim(floor, 110)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.set_minor_formatter(NullFormatter())
    panel.tick_params(labelsize=8)
    open_axes(panel)
