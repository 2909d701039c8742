"""The figure of a sparse coding study: what is recovered for how many parameters, and what attention shows of b'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memorization import storage
from memorization.report.context import Context, Files, Row
from memorization.report.drawing import Measure, draw_intervals, note_below
from memorization.report.words import coverage
from memorization.studies.sparse_coding.headings import SOLVERS

STYLES = {"linear": ("#000000", "s"), "attention": ("#0072B2", "o"), "attention_uniform": ("#D55E00", "^")}
"""Colour (Okabe and Ito) and marker of each solver."""

RECOVERY_LIMITS = (0.01, 500)
"""Ends of the axis of recovery (%)."""

MARKS: dict[str, Any] = {"capsize": 2, "markersize": 5, "linewidth": 1.2}
"""Sizes of marks, caps and lines."""

UNCHANGED, PERCENT = Measure("value", factor=1), Measure("value")

PANELS = {
    "aggregated_effective_tokens": ("effective tokens", "Aggregated attention", UNCHANGED),
    "attention_effective_tokens": ("effective tokens", "Attention itself", UNCHANGED),
    "test_loss": ("test loss (% of a constant's)", "Fit", PERCENT),
}
"""Panels by row: measure, title of the axis, title of the panel, and how the values are drawn."""


def figure(files: Files, context: Context) -> Any:
    """The figure of a study; files: `table` (schema `sparse_coding_table`)."""
    return draw(storage.rows(files["table"][0]), context)


def draw(rows: Sequence[Row], context: Context) -> Any:
    """What is recovered for how many parameters, and what attention shows of b', by its nonzeros.

    Rows are those of schema `sparse_coding_table`. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure

    means = list(dict.fromkeys(row["feature_mean"] for row in rows))
    drawn = Figure(figsize=(4.2 + 3.1 * len(means), 8.2), layout="constrained")
    names: list[Any] = [["recovered", *(f"{measure} {mean}" for mean in means)] for measure in PANELS]
    panels = drawn.subplot_mosaic([*names[:2], ["legend", *names[2][1:]]])
    _recovered(panels["recovered"], rows)
    for measure in PANELS:
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
    notes = [
        context.label,
        f"Means over {rows[0]['seeds']} seeds; whiskers: {coverage(context.statistics)} over seeds.",
        "Aggregated attention: softmax(...) v2, as in Appendix A.",
        "Attention itself: summed over queries, as in heatmaps.",
        "Recovery: by a linear map learned from pairs of texts and outputs; points beside one another differ in signs "
        "and mean, and what lies below the axis is not shown.",
    ]
    note_below(drawn, notes)
    return drawn


def _recovered(panel: Any, rows: Sequence[Row]) -> None:
    """Parameters against the variance of Z that outputs give back: one point per task and solver, any mean, signs."""
    points = [row for row in rows if row["nonzeros"] is None and row["measure"] == "recovered_from_pairs"]
    counts = {
        (row["task"], row["solver"]): row["value"]
        for row in rows
        if row["nonzeros"] is None and row["measure"] == "parameters"
    }
    for (task, solver), count in counts.items():
        name, (colour, marker) = SOLVERS[solver], STYLES[solver]
        own = [row for row in points if (row["task"], row["solver"]) == (task, solver)]
        filled = colour if task == "summarization" else "white"
        for number, row in enumerate(own):
            # Beside one another, where intervals would hide each other.
            at = count * 1.06 ** (number - (len(own) - 1) / 2)
            if 100 * row["value"] >= RECOVERY_LIMITS[0]:
                draw_intervals(
                    panel, [at], [row], PERCENT, **MARKS, color=colour, marker=marker, markerfacecolor=filled
                )
        # Labels lie above the highest point or below the lowest, so that they do not overlap.
        above = solver == "linear" or (task, solver) == ("classification", "attention")
        values = [100 * row["high" if above else "low"] for row in own]
        panel.annotate(
            f"{task},\n{name.replace(', ', chr(10))}",
            (count, max(max(values), RECOVERY_LIMITS[0]) if above else max(min(values), 6 * RECOVERY_LIMITS[0])),
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
    """One measure of classification by the nonzeros of b', one line per solver and signs."""
    from matplotlib.ticker import NullLocator

    unit, heading, drawn = PANELS[measure]
    shown = [
        row
        for row in rows
        if row["task"] == "classification" and row["nonzeros"] is not None and row["feature_mean"] == mean
    ]
    counts = sorted({row["nonzeros"] for row in shown})
    for solver, (colour, marker) in STYLES.items():
        for signs in dict.fromkeys(row["signs"] for row in shown):
            line = [row for row in shown if (row["solver"], row["signs"], row["measure"]) == (solver, signs, measure)]
            # A linear solution is exact for any signs.
            if not line or (solver == "linear" and signs != shown[0]["signs"]):
                continue
            draw_intervals(
                panel,
                [row["nonzeros"] for row in line],
                line,
                drawn,
                **MARKS,
                color=colour,
                marker=marker,
                linestyle="--" if signs == "positive" else "-",
                markerfacecolor="white" if signs == "positive" else colour,
                label=SOLVERS[solver] if solver == "linear" else f"{SOLVERS[solver]}, {signs} signs",
            )
    if measure == "test_loss":
        panel.set_yscale("symlog", linthresh=1)
        panel.set_ylim(-0.1, max(150, 1.25 * panel.dataLim.y1))
        panel.set_yticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    else:
        wanted = [row for row in shown if row["measure"] == "wanted_effective_tokens"]
        points = sorted({(row["nonzeros"], row["value"]) for row in wanted})
        panel.plot(*zip(*points, strict=True), color="0.6", linewidth=3, alpha=0.5, label="b' itself", zorder=0)
        panel.set_yscale("log")
        # Attention itself may be spread over more tokens than b' has nonzeros.
        highest = max(1.25 * counts[-1], 1.1 * panel.dataLim.y1)
        ticks = [*counts]
        while 2 * ticks[-1] <= highest:
            ticks.append(2 * ticks[-1])
        panel.set_ylim(0.9, highest)
        panel.set_yticks(ticks, [str(tick) for tick in ticks])
        panel.yaxis.set_minor_locator(NullLocator())
    panel.set_xscale("log")
    panel.set_xticks(counts, [str(count) for count in counts])
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xlabel("nonzeros of b' (tokens)", fontsize=8)
    panel.set_ylabel(unit, fontsize=8)
    panel.set_title(f"{heading}\nfeatures of mean {mean:g}", fontsize=9)
