"""What figures share: colours, values with whiskers, controls and published values, axes, notes below, files.

Values are drawn from the rows of tidy tables, with their intervals; rates and scores in percent.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import isfinite
from pathlib import Path
from typing import Any

from memorization import storage
from memorization.report.bounds import upper_bound
from memorization.report.cells import fixed, prompted
from memorization.report.context import Context, Row
from memorization.report.texts import printable
from memorization.report.words import coordinate, task_heading
from memorization.schemas.run import RunColumns

FORMATS: dict[str, dict[str, None]] = {"svg": {"Date": None}, "png": {}}
"""Endings of a figure's files, and the metadata that would contain the time of drawing."""
# Grey for controls, black for published values.
CONTROL_COLOUR, PUBLISHED_COLOUR = "0.45", "black"
# Lines' colours, of Okabe and Ito's palette, which readers of every colour vision can distinguish; markers, without the
# diamond, which is kept for published values.
LINES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "os^vPX"


def preload() -> None:
    """Import what every figure needs."""
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure  # noqa: F401


def note_below(figure: Any, notes: Sequence[str]) -> None:
    """Write sentences in small print below a figure, in lines that are as long as the figure is wide."""
    text = "\n".join(textwrap.wrap(" ".join(notes).strip(), max(60, int(14 * figure.get_figwidth()))))
    figure.supxlabel(text, fontsize=7, color="0.3")


@dataclass(frozen=True)
class Measure:
    """What is drawn of rows: a column, the columns of its interval behind a prefix, and the factor of what is shown.

    By default, the rate of a run in percent.
    """

    value: str = "rate"
    prefix: str = ""
    factor: float = 100

    def values(self, rows: Sequence[Row]) -> list[float]:
        """The values of rows, in the unit of the drawing."""
        return [self.factor * row[self.value] for row in rows]

    def whiskers(self, rows: Sequence[Row]) -> list[list[float]]:
        """Lengths of the whiskers below and above the values of rows; at a share of 0 up to the exact bound."""
        values = self.values(rows)
        lows = [self.factor * row[f"{self.prefix}low"] for row in rows]
        highs = [self.factor * upper_bound(row, self.value, self.prefix) for row in rows]
        # Rounding may leave a value outside of its interval by nothing that could be seen; matplotlib would refuse it.
        return [
            [max(0.0, value - low) for value, low in zip(values, lows, strict=True)],
            [max(0.0, high - value) for value, high in zip(values, highs, strict=True)],
        ]


RATE, CONTROL_RATE, PUBLISHED = Measure(), Measure("control_rate", "control_"), Measure("published", "published_")
# Ceilings with the filling of their marks, and with their bars behind those of a rate.
CEILINGS = {"ceiling": CONTROL_COLOUR, "limit_ceiling": "white"}
CEILING_BARS: dict[str, dict[str, Any]] = {
    "ceiling": {"color": "0.92"},
    "limit_ceiling": {"fill": False, "edgecolor": "0.6", "linestyle": ":"},
}


@dataclass(frozen=True)
class Mark:
    """A value in a drawing: where it is in the units of its panel's axes, and what it is of."""

    panel: Any
    x: float
    y: float
    row: Row
    measure: Measure

    def text(self, named: Iterable[str]) -> str:
        """The value in words, behind those coordinates of its row."""
        base = self.row.get("state") == "base"
        names = [
            f"{UNITS.get(name, '')}{coordinate(self.row, name)}"
            for name in named
            if self.row.get(name) not in (None, "", "total") and not (base and name in ("epoch", "seed"))
        ]
        names += [MEASURES[self.measure.value]] if self.measure.value in MEASURES else []
        value = fixed(self.measure.factor * self.row[self.measure.value])
        low, high = (self.row.get(f"{self.measure.prefix}{end}") for end in ("low", "high"))
        if low is not None and high is not None:
            bounds = (low, upper_bound(self.row, self.measure.value, self.measure.prefix))
            value += f" [{', '.join(fixed(self.measure.factor * bound) for bound in bounds)}]"
        return f"{', '.join(names) or 'value'}: {value}{' %' if self.measure.factor == 100 else ''}"


# Values of the figures that are drawn and not written yet.
_marks: dict[Any, list[Mark]] = {}
# What values are, but for rates and for those that their row names; coordinates that say little by their number alone.
MEASURES = {
    "control_rate": "control",
    "ceiling": "ceiling",
    "limit_ceiling": "full ceiling",
    "published": "published",
}
UNITS = {"epoch": "epoch ", "seed": "seed ", "prefix_tokens": "prefix ", "draws": "n = ", "length": "length "}
# Coordinates of rows that name a value where they differ in a figure, in this order; the first always.
COORDINATES = (
    "dataset",
    "model",
    "state",
    "epoch",
    "seed",
    "population",
    "prefix_tokens",
    "decoding",
    "prompting",
    "side",
    "profile",
    "metric",
    "category",
    "change",
    "amount",
    "measure",
    "length",
    "draws",
    "task",
    "solver",
    "signs",
    "nonzeros",
    "feature_mean",
)


def name_values(
    panel: Any, places: Sequence[float], heights: Sequence[float], rows: Sequence[Row], measure: Measure
) -> None:
    """Let the figure's SVG file say what is drawn at these places and heights: the rows' values."""
    marks = [Mark(panel, *where) for where in zip(places, heights, rows, [measure] * len(rows), strict=True)]
    _marks.setdefault(panel.get_figure(root=True), []).extend(marks)


def draw_intervals(panel: Any, places: Sequence[float], rows: Sequence[Row], measure: Measure, **style: Any) -> Any:
    """Values of rows at these places, with their intervals as whiskers; returns what is drawn, for a legend."""
    name_values(panel, places, measure.values(rows), rows, measure)
    drawn = panel.errorbar(places, measure.values(rows), yerr=measure.whiskers(rows), **style)
    if drawn.lines[0] is not None:
        _show_whole(drawn.lines[0])
    return drawn


def _show_whole(marks: Any) -> None:
    """Let marks on an axis be seen whole: of a cross at 0 the upper half alone, on a whisker, would be an arrow."""
    marks.set_clip_on(False)
    # The layout makes room for what is not clipped, and begins with axes of no size.
    marks.set_in_layout(False)


def draw_points(
    panel: Any, places: Sequence[float], rows: Sequence[Row], measure: Measure = RATE, **style: Any
) -> None:
    """Values of runs with their intervals, in one size of marks and caps."""
    draw_intervals(panel, places, rows, measure, capsize=3, markersize=4, linewidth=1.2, **style)


def draw_controls(panel: Any, places: Sequence[float], rows: Sequence[Row]) -> None:
    """The controls of runs with their intervals, where there are any."""
    controlled = [(place, row) for place, row in zip(places, rows, strict=True) if row["control_rate"] is not None]
    if controlled:
        draw_intervals(
            panel,
            [place for place, _ in controlled],
            [row for _, row in controlled],
            CONTROL_RATE,
            fmt="x",
            color=CONTROL_COLOUR,
            markersize=4,
            linewidth=0.8,
            zorder=3,
        )


def draw_ceilings(panel: Any, places: Sequence[float], rows: Sequence[Row], width: float | None = None) -> None:
    """Both ceilings of runs with their intervals, where there are any: marks, or bars of that width behind others."""
    for name, filling in CEILINGS.items():
        limited = [(place, row) for place, row in zip(places, rows, strict=True) if row[name] is not None]
        if not limited:
            continue
        shown, own = [place for place, _ in limited], [row for _, row in limited]
        measure = Measure(name, f"{name}_")
        if width is not None:
            panel.bar(shown, measure.values(own), width, zorder=0.5, **CEILING_BARS[name])
            shown = [place - 0.4 * width for place in shown]
        style = {"fmt": "v", "markerfacecolor": filling, "markersize": 4.5} if width is None else {"fmt": "none"}
        draw_intervals(panel, shown, own, measure, color=CONTROL_COLOUR, linewidth=0.8, zorder=3, **style)


def draw_trainings(panel: Any, places: Sequence[float], rows: Sequence[Row], trainings: Sequence[Row]) -> None:
    """The rates of single trainings, of the runs whose mean is drawn at these places."""
    matched = [
        (place, training)
        for place, row in zip(places, rows, strict=True)
        if row["seed"] is None
        for training in trainings
        if all(row[name] == training[name] for name in RunColumns.columns() if name != "seed")
        and row["category"] == training["category"]
    ]
    if matched:
        places, own = zip(*matched, strict=True)
        heights = RATE.values(own)
        name_values(panel, places, heights, own, RATE)
        [dots] = panel.plot(places, heights, linestyle="", marker=".", color="black", markersize=3, zorder=4)
        _show_whole(dots)


def draw_published(panel: Any, places: Sequence[float], rows: Sequence[Row]) -> None:
    """The published values of rows, where there are any."""
    published = [(place, row) for place, row in zip(places, rows, strict=True) if row["published"] is not None]
    shown, own = [place for place, _ in published], [row for _, row in published]
    name_values(panel, shown, PUBLISHED.values(own), own, PUBLISHED)
    [diamonds] = panel.plot(
        shown,
        PUBLISHED.values(own),
        linestyle="",
        marker="D",
        markerfacecolor="white",
        markeredgecolor=PUBLISHED_COLOUR,
        markersize=5,
        zorder=4,
    )
    _show_whole(diamonds)


def mark_notes(rows: Sequence[Row], ceilings: tuple[str, str] = ("Grey ▼", "▽")) -> list[str]:
    """What the marks of controls, ceilings and published values mean, where the rows have any."""
    own, full = ceilings
    notes = {
        "control_rate": "Grey ×: control, test inputs that were never trained on.",
        "ceiling": f"{own}: ceiling, the true suffixes cut to the length of what the model wrote; {full}: the same, "
        "cut to the limit of the decoding, the most that any model could show.",
        "published": "◇: published.",
    }
    return [note for column, note in notes.items() if any(row.get(column) is not None for row in rows)]


def training_note(rows: Sequence[Row]) -> str:
    """Whether several trainings are drawn, or one that may be luck; nothing for base models alone."""
    if any(row["seed"] is None for row in rows):
        return "Dots: single trainings; bars and points are their mean."
    trained = any(row["state"] != "base" for row in rows)
    return "One training per recipe: what another seed would give is not measured." if trained else ""


def open_axes(panel: Any, grid: str = "y", colour: str = "0.9") -> None:
    """Axes without a box, and pale lines behind what is drawn; `grid` is the axis that they belong to, or `both`."""
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(axis=grid, color=colour, linewidth=0.6)
    panel.set_axisbelow(True)


def begin_at_zero(panels: Iterable[Any]) -> None:
    """Vertical axes from 0 to the highest of what is drawn.

    For panels in which everything is drawn already: a limit ends autoscaling, and so would cut what is drawn later, in
    any panel that shares the axis.
    """
    for panel in panels:
        panel.set_ylim(bottom=0)


def dataset_heading(rows: Sequence[Row], dataset: str, context: Context) -> str:
    """A dataset's task and name, on short lines."""
    task = next(row["task"] for row in rows if row["dataset"] == dataset)
    return "\n".join([*task_heading(task).split(), f"({context.dataset(dataset)})"])


def counts(rows: Sequence[Row]) -> str:
    """How many probes or answers the rows are about, of how many prompts: a number, or the least and the greatest."""
    numbers = sorted({(row["n"], row.get("prefixes") or row["n"]) for row in rows})
    return " to ".join(prompted(*each) for each in dict.fromkeys((numbers[0], numbers[-1])))


def write(figure: Any, output: Path) -> None:
    """Write a figure as `output`.svg and `output`.png, the same bytes every time, and their checksums."""
    import matplotlib as mpl
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        # A dollar sign in a name or label is no beginning of a formula.
        text.set_parse_math(False)
    # Names of elements in an SVG follow from a salt.
    with mpl.rc_context({"svg.hashsalt": "memorization", "svg.fonttype": "none"}):
        files = {ending: output.with_name(f"{output.name}.{ending}") for ending in FORMATS}
        for ending, dates in FORMATS.items():
            with storage.replacing(files[ending]) as scratch:
                figure.savefig(scratch, format=ending, dpi=200, metadata=dates)
                if ending == "svg":
                    _write_values(figure, scratch)
    storage.write_sums(output.with_name(f"{output.name}.sha256"), files.values())


def _write_values(figure: Any, svg: Path) -> None:
    """Add to a drawn SVG file a circle over each value of the figure, with the value in words as its title.

    They are seen by nobody, and found by a pointer: a browser shows an element's title beside it.
    """
    marks = _marks.pop(figure, [])
    values = {name: {mark.row.get(name) for mark in marks} for name in COORDINATES}
    named = [name for name in COORDINATES if name == "dataset" or len(values[name]) > 1]
    points, height = 72 / figure.dpi, 72 * figure.get_figheight()
    circles = []
    for mark in marks:
        x, y = points * mark.panel.transData.transform((mark.x, mark.y))
        if isfinite(x) and isfinite(y):
            title = f"<title>{escape(printable(mark.text(named)))}</title>"
            circles.append(f'<circle cx="{x:.1f}" cy="{height - y:.1f}" r="6">{title}</circle>')
    drawn, end = svg.read_text(encoding="utf-8").rstrip().removesuffix("</svg>"), "</svg>\n"
    group = ['<g id="values" style="fill: transparent; stroke: none">', *circles, "</g>\n"]
    svg.write_text(drawn + ("\n".join(group) if circles else "") + end, encoding="utf-8")
