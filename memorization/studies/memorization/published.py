"""A study's measured rates beside published ones, with the difference: one row per published number."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from memorization import storage
from memorization.config.project import Statistics
from memorization.report import cells, published
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.groups import one_per_state
from memorization.report.published import Bounds, PublishedColumns, difference_bounds
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, coordinate, in_state, varying
from memorization.schemas.run import StateColumns
from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column, Nullable, StudyTable
from memorization.statistics.bootstrap import clopper_pearson
from memorization.studies.memorization.headings import CATEGORY_HEADINGS

PACKAGES = ("pyarrow", "scipy")
"""What a sheet is computed by, for its manifest."""

PROBES = 10_000
"""Probes of each of the paper's rates."""

DIFFERENCE = "difference"
"""The state of a published difference between fine-tuned and base model."""

CATEGORIES = {
    **CATEGORY_HEADINGS,
    "paraphrase_high": "Paraphrase (high confidence)",
    "paraphrase_low": "Paraphrase (low confidence)",
}
"""Names of the categories, without bounds of confidence, which the paper does not give."""


class RateCoordinates(StateColumns):
    """Which rate was published."""

    seed = Nullable(INT32, "")
    """seed of the fine-tuning; 0 for base, null for the mean of all seeds of the recipe"""

    prefix_tokens = Column(INT32, "tokens")
    """prefix length of the configuration"""
    decoding = Column(TEXT, "")
    """decoding"""
    side = Column(TEXT, "")
    """what is searched for: input (suffixes of training inputs), of which rates are published"""
    profile = Column(TEXT, "")
    """profile of the aligner: the authors', whose rates are published"""
    category = Column(TEXT, "")
    """as in `rates`"""
    n = Column(INT64, "probes")
    """probes measured"""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `table` (schema `memorization_table`)."""
    rows = one_per_state(storage.rows(files["table"][0]))
    tidy = compared(rows, Statistics.model_validate(context.statistics))
    pairs = tidy.to_pylist()
    error = (
        f"the published one by the paper's interval, which is shown, or the exact one of a rate of {PROBES:,} probes"
    )
    counting = (
        "Measured rates count each different prefix once and keep n, as the authors' program does; differences count "
        "every probe."
    )
    caption = f"{published.caption(pairs, context, 'numbers', 'nothing was found', error)} {counting}"
    lines = layout(pairs, rows, context)
    return Sheet(MemorizationPublishedTable, tidy, lines, published.title(context), caption, context.label)


def compared(rows: Sequence[Row], statistics: Statistics) -> pa.Table:
    """All published rates and differences: `memorization_published` without its label, from rows of `memorization`."""
    pairs = []
    for row in rows:
        coordinates = {name: row[name] for name in ("study", *RateCoordinates.columns())}
        # Where prefixes repeat, the authors' program counts each once.
        of_rate = published.comparison(row, "once_rate", _rate_error(row, statistics), "once_")
        error = _difference_error(row, statistics)
        of_difference = published.comparison(row, "over_base", error, "over_base_", "published_over_base")
        for state, pair in ((row["state"], of_rate), (DIFFERENCE, of_difference)):
            if pair is not None:
                pairs.append({**coordinates, "state": state, **pair})
    return pa.Table.from_pylist(pairs, schema=MemorizationPublishedTable.unlabelled())


def _rate_error(row: Row, statistics: Statistics) -> Bounds | None:
    """The published interval of a rate; the exact one where there is none, or where nothing was found."""
    rate, low, high = (row[f"published{part}"] for part in ("", "_low", "_high"))
    if rate is None:
        return None
    if rate == 0 or low is None or high is None:
        return clopper_pearson(round(rate * PROBES), PROBES, statistics)
    return low, high


def _difference_error(row: Row, statistics: Statistics) -> Bounds | None:
    """The published interval of a difference; where there is none, that of its two rates, as if independent."""
    rate, difference, low, high = (
        row[name]
        for name in ("published", "published_over_base", "published_over_base_low", "published_over_base_high")
    )
    if low is not None and high is not None:
        return low, high
    own = _rate_error(row, statistics)
    if difference is None or own is None:
        return None
    base = rate - difference
    return difference_bounds(rate, own, base, clopper_pearson(round(base * PROBES), PROBES, statistics))


def layout(pairs: Sequence[Row], rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per published number; `rows` are those of the study's table."""
    return [
        {
            "Dataset": cells.text(context.dataset(pair["dataset"])),
            "Model": cells.text(
                "Difference"
                if pair["state"] == DIFFERENCE
                else in_state(context.model(pair["model"]), pair["state"], rows)
            ),
            **{VARYING[name]: cells.text(coordinate(pair, name)) for name in varying(rows)},
            "Category": cells.text(CATEGORIES[pair["category"]]),
            **published.comparison_cells(pair, "probes"),
        }
        for pair in pairs
    ]


class MemorizationPublishedTable(StudyTable, RateCoordinates, PublishedColumns):
    """Measured rates beside published ones: one row per published number."""

    name = "memorization_published"

    # The same columns with other meanings.
    published = Column(FLOAT64, "fraction")
    """published rate, or difference where the state says so"""
    high = Column(FLOAT64, "fraction")
    """upper bound; the exact one where nothing was found"""
