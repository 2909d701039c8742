"""The figure of a study of quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from memorization.figures import LINES, MARKERS, beside, counts_of, coverage, heading_of, say_below, whiskers
from memorization.report import quality_table
from memorization.report.tables import Row, varies


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
            whiskers(
                panel,
                places,
                runs,
                color=LINES[number % len(LINES)],
                # Where colours come again, they come with another marker.
                fmt=MARKERS[(number + number // len(LINES)) % len(MARKERS)],
                label=line,
            )
            # Beside the point, which it would hide.
            beside(panel, [place + min(0.4 * step, 0.12) for place in places], runs)
        names = [quality_table.HEADINGS[metric].removesuffix(" (%)").replace(" ", "\n") for metric in metrics]
        panel.set_xticks(range(len(metrics)), names, fontsize=8)
        panel.set_xlim(-0.55, len(metrics) - 0.45)
        for border in range(1, len(metrics)):
            panel.axvline(border - 0.5, color="0.9", linewidth=0.6)
        panel.set_title(heading_of(rows, dataset, titles), fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
        panel.set_ylim(bottom=0)
        panel.grid(axis="y", color="0.9", linewidth=0.6)
        panel.set_axisbelow(True)
    panels[0].set_ylabel(f"score (%) on test rows, n = {counts_of(rows)}", fontsize=9)
    figure.legend(*panels[0].get_legend_handles_labels(), frameon=False, fontsize=8, loc="outside right upper")
    said = [label, f"Whiskers: {coverage(statistics)}; exact upper bound where no answer is right."]
    if any(row["published"] is not None for row in rows):
        said.append("◇: published.")
    say_below(figure, said)
    return figure


def _quality_line(row: Row, rows: Sequence[Row], titles: Mapping[str, Mapping[str, str]]) -> str:
    """What tells a model from the others of its panel."""
    parts = [quality_table.name_of(row, rows, titles)]
    shown = [name for name in varies(rows) if not (name == "epoch" and row["state"] == "base")]
    return ", ".join([*parts, *(f"{row[name]} epochs" if name == "epoch" else str(row[name]) for name in shown)])
