"""A small sheet, for the tests of sheets and of their formats."""

import pyarrow as pa
from sheets import LABEL

from memorization.report.cells import Cell
from memorization.report.sheet import Sheet
from memorization.schemas.schema import FLOAT64, Column, StudyTable


class ExampleTable(StudyTable):
    """A table of the tests: one row per state."""

    name = "example"

    rate = Column(FLOAT64, "fraction")
    """rate"""


def example(dataset: str = "Multi-news", model: str = "T5_base", label: str = LABEL, title: str = "") -> Sheet:
    """A sheet with three lines and three columns; every line has a bound or an arrow."""
    tidy = pa.table({"study": ["example"] * 2, "rate": [0.05, 0.2]}, schema=ExampleTable.unlabelled())
    rates = ("0.00% (≤ 3.62%)", "20.00% [13.00, 28.00]", "↑15.00%*** [+8.00, +22.00]", "↓1.00% [-3.00, +1.00]")
    rows = [{"Dataset": Cell(dataset), "Model": Cell(model), "Rate": Cell(rate)} for rate in rates]
    return Sheet(ExampleTable, tidy, rows, title, "Memorization in percent of n probes.", label, {"rule": "example"})
