"""The figure of a study of likelihoods: shares of suffixes that can be extracted, by draws and by length."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import Any

from memorization import storage
from memorization.report.context import Context, Files, Row
from memorization.report.drawing import LINES, Measure, begin_at_zero, counts, name_values, note_below, open_axes
from memorization.report.words import coverage, varying
from memorization.studies.likelihood.headings import shown_probability

SHARE = Measure("value")
# A line has the colour of its decoding, and the dashes of its state, epoch and population.
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1, 1, 1)))


def figure(files: Files, context: Context) -> Any:
    """The figure of a study; files: `table` (schema `likelihood_table`)."""
    return draw(storage.rows(files["table"][0]), context)


def draw(rows: Sequence[Row], context: Context) -> Any:
    """What can be extracted: by the number n of draws, discoverable and expected, and greedily by length.

    One row of panels per (model, dataset, prefix length), one colour per decoding, one dash pattern per (state, epoch,
    population). Rows are those of schema `likelihood_table`. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    p = shown_probability(rows)
    places = list(dict.fromkeys((row["model"], row["dataset"], row["prefix_tokens"]) for row in rows))
    decodings = list(dict.fromkeys(row["decoding"] for row in rows))
    coordinates = varying(rows)
    several = len({row["population"] for row in rows}) > 1
    lines: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["value"] is not None and row["probability"] in (None, p):
            place = (row["model"], row["dataset"], row["prefix_tokens"])
            source = _source(row, "epoch" in coordinates, several)
            lines.setdefault((place, row["measure"], row["decoding"], source), []).append(row)
    sources = list(dict.fromkeys(source for *_, source in lines))
    length = max(row["length"] for row in rows)
    parts = {
        f"(n, {p:g})-discoverable": ("discoverable", "draws", "draws n"),
        "expected share": ("expected", "draws", "draws n"),
        "greedy extractable": ("greedy_extractable", "length", "length (tokens)"),
    }
    parts = {name: part for name, part in parts.items() if any(row["measure"] == part[0] for row in rows)}
    drawn = Figure(figsize=(0.6 + 3.1 * len(parts), 1.3 + 2.3 * len(places)), layout="constrained")
    panels = drawn.subplots(len(places), len(parts), squeeze=False, sharey="row")
    for place, line in zip(places, panels, strict=True):
        for panel, (name, (measure, x, axis)) in zip(line, parts.items(), strict=True):
            for (number, decoding), (order, source) in product(enumerate(decodings), enumerate(sources)):
                points = lines.get((place, measure, decoding, source), [])
                _band(panel, x, points, LINES[number % len(LINES)], DASHES[order % len(DASHES)])
            if x == "draws":
                _by_powers(panel, sorted({row["draws"] for row in rows if row["draws"] is not None}))
            else:
                panel.xaxis.set_major_locator(MaxNLocator(integer=True))
            open_axes(panel)
            if place == places[0]:
                panel.set_title(name, fontsize=10)
            if place == places[-1]:
                panel.set_xlabel(axis, fontsize=9)
        begin_at_zero(line)
        model, dataset, prefix_tokens = place
        names = [context.dataset(dataset)]
        names += [context.model(model)] if len({each[0] for each in places}) > 1 else []
        names += [f"prefix of {prefix_tokens} tokens"] if "prefix_tokens" in coordinates else []
        line[0].set_ylabel("\n".join([*names, "suffixes (%)"]), fontsize=8)
    keys = [Line2D([], [], color=LINES[i % len(LINES)]) for i in range(len(decodings))]
    keys += [Line2D([], [], color="0.3", linestyle=DASHES[i % len(DASHES)]) for i in range(len(sources))]
    drawn.legend(keys, [*decodings, *sources], loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    whole = [row for row in rows if row["length"] == length]
    notes = [
        context.label,
        f"First {length} tokens of {counts(whole)} suffixes.",
        f"Bands: {coverage(context.statistics)}. Thin lines: exact upper bound where nothing was found.",
    ]
    note_below(drawn, notes)
    return drawn


def _band(panel: Any, x: str, rows: Sequence[Row], colour: str, dashes: Any) -> None:
    """A line of values with the band of their intervals, in percent."""
    places = [row[x] for row in rows]
    bounds = [[100 * row[name] for row in rows] for name in ("low", "high")]
    panel.fill_between(places, *bounds, color=colour, alpha=0.15, linewidth=0)
    name_values(panel, places, SHARE.values(rows), rows, SHARE)
    panel.plot(places, SHARE.values(rows), color=colour, linestyle=dashes, linewidth=1.3)
    # Where nothing is extracted, the bootstrap interval is [0, 0], and the exact bound is drawn as a line: bands would
    # hide one another.
    nothing = [100 * row["exact_high"] if row["count"] == 0 else math.nan for row in rows]
    panel.plot(places, nothing, color=colour, linestyle=dashes, linewidth=0.5, alpha=0.7)


def _by_powers(panel: Any, values: Sequence[int]) -> None:
    """A logarithmic horizontal axis that names powers of ten: 1, 10, 100, 1k, ..., 1M."""
    from matplotlib.ticker import NullLocator

    names = {10**power: f"{10 ** (power % 3)}{'kMGT'[power // 3 - 1] if power > 2 else ''}" for power in range(15)}
    shown = [value for value in names if min(values) <= value <= max(values)] or sorted(set(values))
    panel.set_xscale("log")
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticks(shown, [names.get(value, f"{value:,}") for value in shown])


def _source(row: Row, epochs: bool, populations: bool) -> str:
    """What distinguishes a line from others of its decoding: state, and where they vary epoch and population."""
    parts = [row["state"]]
    if epochs and row["state"] != "base":
        parts.append(f"{row['epoch']} epochs")
    if populations:
        parts.append({"member": "training inputs", "control": "test inputs"}[row["population"]])
    return ", ".join(parts)
