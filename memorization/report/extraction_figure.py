"""The figure of a study of likelihoods."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from memorization.figures import LINES, counts_of, coverage, say_below
from memorization.report.extraction_table import shown_probability
from memorization.report.tables import Row, varies

# A line's colour tells its decoding, its dashes who is asked.
DASHES: tuple[Any, ...] = ("-", "--", ":", "-.", (0, (5, 1)), (0, (1, 1)), (0, (3, 1, 1, 1, 1, 1)))


def extraction(
    rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]], label: str, statistics: Mapping[str, Any]
) -> Any:
    """What can be extracted: by the number n of draws, discoverable and expected, and greedily by length.

    A row of panels a (model, dataset, prefix length), a colour a decoding, a dash pattern a (state, epoch, population).
    Rows are those of the schema `extraction_table`. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    p = shown_probability(rows)
    places = list(dict.fromkeys((row["model"], row["dataset"], row["prefix_tokens"]) for row in rows))
    decodings = list(dict.fromkeys(row["decoding"] for row in rows))
    varying = varies(rows)
    several = len({row["population"] for row in rows}) > 1
    lines: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["value"] is not None and row["probability"] in (None, p):
            place = (row["model"], row["dataset"], row["prefix_tokens"])
            asker = _asker(row, "epoch" in varying, several)
            lines.setdefault((place, row["measure"], row["decoding"], asker), []).append(row)
    askers = list(dict.fromkeys(asker for *_, asker in lines))
    length = max(row["length"] for row in rows)
    parts = {
        f"(n, {p:g})-discoverable": ("discoverable", "draws", "draws n"),
        "expected share": ("expected", "draws", "draws n"),
        "greedy extractable": ("greedy_extractable", "length", "length (tokens)"),
    }
    parts = {name: part for name, part in parts.items() if any(row["measure"] == part[0] for row in rows)}
    figure = Figure(figsize=(0.6 + 3.1 * len(parts), 1.3 + 2.3 * len(places)), layout="constrained")
    panels = figure.subplots(len(places), len(parts), squeeze=False, sharey="row")
    for place, line in zip(places, panels, strict=True):
        for panel, (name, (measure, x, axis)) in zip(line, parts.items(), strict=True):
            for (number, decoding), (order, asker) in product(enumerate(decodings), enumerate(askers)):
                found = lines.get((place, measure, decoding, asker), [])
                _band(panel, x, found, LINES[number % len(LINES)], DASHES[order % len(DASHES)])
            if x == "draws":
                _by_powers(panel, sorted({row["draws"] for row in rows if row["draws"] is not None}))
            else:
                panel.xaxis.set_major_locator(MaxNLocator(integer=True))
            panel.spines[["top", "right"]].set_visible(False)
            panel.grid(axis="y", color="0.9", linewidth=0.6)
            panel.set_axisbelow(True)
            if place == places[0]:
                panel.set_title(name, fontsize=10)
            if place == places[-1]:
                panel.set_xlabel(axis, fontsize=9)
        # After all of the row is drawn: its panels share this axis, and what comes later would not be seen whole.
        line[0].set_ylim(bottom=0)
        model, dataset, prefix_tokens = place
        names = [titles["datasets"].get(dataset, dataset)]
        names += [titles["models"].get(model, model)] if len({each[0] for each in places}) > 1 else []
        names += [f"prefix of {prefix_tokens} tokens"] if "prefix_tokens" in varying else []
        line[0].set_ylabel("\n".join([*names, "suffixes (%)"]), fontsize=8)
    keys = [Line2D([], [], color=LINES[i % len(LINES)]) for i in range(len(decodings))]
    keys += [Line2D([], [], color="0.3", linestyle=DASHES[i % len(DASHES)]) for i in range(len(askers))]
    figure.legend(keys, [*decodings, *askers], loc="outside upper center", ncols=4, frameon=False, fontsize=8)
    whole = [row for row in rows if row["length"] == length]
    said = [
        label,
        f"First {length} tokens of {counts_of(whole)} suffixes.",
        f"Bands: {coverage(statistics)}. Thin lines: exact upper bound where nothing was found.",
    ]
    say_below(figure, said)
    return figure


def _band(panel: Any, x: str, found: Sequence[Row], colour: str, dashes: Any) -> None:
    """A line of values with the band of their intervals, in percent."""
    at = [row[x] for row in found]
    bounds = [[100 * row[name] for row in found] for name in ("low", "high")]
    panel.fill_between(at, *bounds, color=colour, alpha=0.15, linewidth=0)
    panel.plot(at, [100 * row["value"] for row in found], color=colour, linestyle=dashes, linewidth=1.3)
    # Where nothing was found the bootstrap knows no spread; the exact bound does. Bands of it would hide one another.
    nothing = [100 * row["exact_high"] if row["count"] == 0 else math.nan for row in found]
    panel.plot(at, nothing, color=colour, linestyle=dashes, linewidth=0.5, alpha=0.7)


def _by_powers(panel: Any, values: Sequence[int]) -> None:
    """A logarithmic horizontal axis that names powers of ten: 1, 10, 100, 1k, ..., 1M."""
    from matplotlib.ticker import NullLocator

    names = {10**power: f"{10 ** (power % 3)}{'kMGT'[power // 3 - 1] if power > 2 else ''}" for power in range(15)}
    shown = [value for value in names if min(values) <= value <= max(values)] or sorted(set(values))
    panel.set_xscale("log")
    panel.xaxis.set_minor_locator(NullLocator())
    panel.set_xticks(shown, [names.get(value, f"{value:,}") for value in shown])


def _asker(row: Row, epochs: bool, populations: bool) -> str:
    """What tells a line from the others of its decoding: the state, and where they vary the epoch and population."""
    parts = [row["state"]]
    if epochs and row["state"] != "base":
        parts.append(f"{row['epoch']} epochs")
    if populations:
        parts.append({"member": "training inputs", "control": "test inputs"}[row["population"]])
    return ", ".join(parts)
