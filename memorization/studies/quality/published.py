"""A study's measured scores beside published ones, with the difference: one row per published value."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from memorization import storage
from memorization.report import cells, published
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.published import PublishedColumns
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, varying
from memorization.schemas.run import AnswerColumns
from memorization.schemas.schema import FLOAT64, INT64, TEXT, Column, Schema, StudyTable
from memorization.studies.quality.headings import HEADINGS, model_name

PACKAGES = ("pyarrow",)
"""What a sheet is computed by, for its manifest."""


class MetricColumns(Schema):
    """Which metric was published."""

    metric = Column(TEXT, "")
    """as in `quality`"""
    n = Column(INT64, "answers")
    """answers measured"""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `table` (schema `quality_table`)."""
    rows = storage.rows(files["table"][0])
    tidy = compared(rows)
    pairs = tidy.to_pylist()
    caption = published.caption(pairs, context, "values", "no answer was right")
    lines = layout(pairs, rows, context)
    return Sheet(QualityPublishedTable, tidy, lines, published.title(context), caption, context.label)


def compared(rows: Sequence[Row]) -> pa.Table:
    """All published scores: `quality_published` without its label, from rows of schema `quality_table`."""
    coordinates = ("study", *AnswerColumns.columns(), *MetricColumns.columns())
    pairs = [
        {**{name: row[name] for name in coordinates}, **pair}
        for row in rows
        if (pair := published.comparison(row, "value", error=None)) is not None
    ]
    return pa.Table.from_pylist(pairs, schema=QualityPublishedTable.unlabelled())


def layout(pairs: Sequence[Row], rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per published value; `rows` are those of the study's table."""
    return [
        {
            "Dataset": cells.text(context.dataset(pair["dataset"])),
            "Model": cells.text(model_name(pair, rows, context)),
            **{VARYING[name]: cells.text(pair[name]) for name in varying(rows)},
            "Metric": cells.text(HEADINGS[pair["metric"]]),
            **published.comparison_cells(pair, "answers", sign=""),
        }
        for pair in pairs
    ]


class QualityPublishedTable(StudyTable, AnswerColumns, MetricColumns, PublishedColumns):
    """Measured scores beside published ones: one row per published value."""

    name = "quality_published"

    # The same column with another meaning.
    high = Column(FLOAT64, "fraction")
    """upper bound; the exact one where no answer was right"""
