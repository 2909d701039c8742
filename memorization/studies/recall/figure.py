"""The figure of a study of recall: what is found against the amount of change, and of every other disguise."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from memorization import storage
from memorization.report.context import Context, Files, Row
from memorization.report.drawing import LINES, MARKERS, Measure, counts, draw_points, note_below, open_axes
from memorization.report.words import coverage, varying
from memorization.studies.recall.headings import COPY, UNRELATED, disguise_name

GRADED = {"dropped": "words dropped (%)", "swapped": "words swapped (%)"}
"""Disguises that change a stated fraction of the words, with the axis of that fraction; a copy is their 0."""

FOUND = Measure("value")


def figure(files: Files, context: Context) -> Any:
    """The figure of a study; files: `table` (schema `recall_table`)."""
    return draw(storage.rows(files["table"][0]), context)


def draw(rows: Sequence[Row], context: Context) -> Any:
    """What is found in percent: by amount of change for each graded disguise, and of the others side by side.

    One row of panels per profile, tokenizer and prefix length, one line per dataset. Rows are those of schema
    `recall_table`. Returns a matplotlib figure.
    """
    from matplotlib.figure import Figure

    found = [row for row in rows if row["category"] == "total"]
    graded = [change for change in GRADED if any(row["change"] == change for row in found)]
    # The 0 of an amount is a copy, which needs no place among the others then.
    others = list(dict.fromkeys(disguise_name(row) for row in found if row["change"] not in GRADED))
    others = [name for name in others if name != COPY or not graded]
    datasets = list(dict.fromkeys(row["dataset"] for row in found))
    places = list(dict.fromkeys(_names(row, found, context) for row in found))
    widths = [2.4] * len(graded) + ([max(2.4, len(others) * max(0.8, 0.2 + 0.13 * len(datasets)))] if others else [])
    drawn = Figure(figsize=(1.2 + sum(widths), 1.6 + 2.4 * len(places)), layout="constrained")
    panels = drawn.subplots(len(places), len(widths), squeeze=False, sharey=True, sharex="col", width_ratios=widths)
    for place, line in zip(places, panels, strict=True):
        here = [row for row in found if _names(row, found, context) == place]
        for number, dataset in enumerate(datasets):
            own = [row for row in here if row["dataset"] == dataset]
            style = {
                "color": LINES[number % len(LINES)],
                "marker": MARKERS[(number + number // len(LINES)) % len(MARKERS)],
                "label": context.dataset(dataset),
            }
            shift = (number + 0.5) / len(datasets) - 0.5
            for panel, change in zip(line, graded, strict=False):
                points = [row for row in own if row["change"] == change or disguise_name(row) == COPY]
                points.sort(key=_amount)
                draw_points(panel, [100 * _amount(row) + 2.5 * shift for row in points], points, FOUND, **style)
            if others:
                points = [row for row in own if disguise_name(row) in others]
                spots = [others.index(disguise_name(row)) + 0.8 * shift for row in points]
                draw_points(line[-1], spots, points, FOUND, linestyle="", **style)
        for panel in line:
            open_axes(panel)
            panel.set_ylim(-4, 104)
        line[0].set_ylabel("\n".join([*place, "found (%)"]), fontsize=8)
    for panel, change in zip(panels[-1], graded, strict=False):
        amounts = {_amount(row) for row in found if row["change"] == change or disguise_name(row) == COPY}
        panel.set_xticks([100 * amount for amount in sorted(amounts)])
        panel.set_xlabel(GRADED[change], fontsize=9)
    if others:
        panels[-1][-1].set_xticks(range(len(others)), [textwrap.fill(name, 12) for name in others], fontsize=8)
        panels[-1][-1].set_xlim(-0.55, len(others) - 0.45)
        for panel in panels[:, -1]:
            for border in range(1, len(others)):
                panel.axvline(border - 0.5, color="0.9", linewidth=0.6)
    keys, names = panels[0][0].get_legend_handles_labels()
    drawn.legend(keys, names, loc="outside upper center", ncols=5, frameon=False, fontsize=8)
    note_below(drawn, _notes(found, context))
    return drawn


def _amount(row: Row) -> float:
    """The fraction of words that are changed; none in a copy."""
    return 0.0 if row["change"] == "copy" else float(row["amount"])


def _names(row: Row, rows: Sequence[Row], context: Context) -> tuple[str, ...]:
    """What tells a row's panels from others, on short lines: profile, and where they vary tokenizer and prefix length.

    Prefix lengths that differ only from dataset to dataset share their panels.
    """
    names = [row["profile"]]
    names += [context.model(row["model"])] if len({each["model"] for each in rows}) > 1 else []
    names += [f"prefix of {row['prefix_tokens']} tokens"] if "prefix_tokens" in varying(rows) else []
    return tuple(names)


def _notes(rows: Sequence[Row], context: Context) -> list[str]:
    """What the numbers are, in short sentences."""
    notes = [
        context.label,
        f"True suffixes of {counts(rows)} probes per dataset, disguised: share of which the detector finds a match.",
    ]
    if any(disguise_name(row) == UNRELATED for row in rows):
        notes.append("Unrelated text: suffixes of test inputs, of which each match is a false alarm.")
    return [*notes, f"Whiskers: {coverage(context.statistics)}; exact upper bound where nothing is found."]
