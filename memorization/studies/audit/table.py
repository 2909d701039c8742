"""An audit's measures: one row per threshold."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from memorization.checksums import check_file
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files
from memorization.report.sheet import Sheet
from memorization.schemas.schema import FLOAT64, INT64, TEXT, Column, Nullable, StudyTable
from memorization.studies.audit.verdict import Measure, Verdict
from memorization.studies.audit.words import EXPLAINED, headline, measured, n

PACKAGES = ()
"""What a sheet is computed by, for its manifest."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `verdict`."""
    check_file(files["verdict"][0])
    verdict = Verdict.model_validate_json(files["verdict"][0].read_bytes())
    rows = [
        {"study": context.study, **measure.model_dump(include=set(AuditTable.columns()))}
        for measure in verdict.measures
    ]
    tidy = pa.Table.from_pylist(rows, schema=AuditTable.unlabelled())
    return Sheet(AuditTable, tidy, layout(verdict.measures), context.heading, caption(verdict), context.label)


def layout(measures: Sequence[Measure]) -> list[dict[str, Cell]]:
    """One line per threshold."""
    return [
        {
            "Measure": cells.text(measure.title),
            "Measured": Cell(measured(measure), measure.value, measure.low, measure.high, measure.unit),
            "Threshold": cells.number(measure.threshold, 2, measure.unit),
            "Unit": cells.text(measure.unit),
            "Answer": cells.text(measure.answer),
            "n": Cell(n(measure), measure.n, unit=measure.n_of),
            "n needed": Cell() if measure.n_needed is None else cells.count(measure.n_needed, measure.n_of),
            "Floor": cells.number(measure.floor, 2, measure.unit),
            "Ceiling": cells.number(measure.ceiling, 2, measure.unit),
            "Base": cells.number(measure.base, 2, measure.unit),
        }
        for measure in measures
    ]


def caption(verdict: Verdict) -> str:
    """What the numbers are, and the answer."""
    reasons = [f"{measure.title}: {measure.why}." for measure in verdict.measures if measure.why]
    return " ".join([headline(verdict), EXPLAINED, *reasons])


class AuditTable(StudyTable):
    """A study's measures: one row per threshold."""

    name = "audit_table"

    key = Column(TEXT, "")
    """key of the threshold; behind a point the type of personal data"""
    title = Column(TEXT, "")
    """what is measured"""
    unit = Column(TEXT, "")
    """unit of value, interval and threshold"""
    threshold = Column(FLOAT64, "as unit")
    """the most that is accepted"""
    answer = Column(TEXT, "")
    """pass, fail or cannot tell"""
    value = Nullable(FLOAT64, "as unit")
    """the largest of all cells; null where none was measured"""
    low = Nullable(FLOAT64, "as unit")
    """lower end of the interval of the largest true value"""
    high = Nullable(FLOAT64, "as unit")
    """its upper end; null where it is not bounded"""
    n = Nullable(INT64, "as n_of")
    """what the value is counted over"""
    n_of = Column(TEXT, "")
    """what n counts"""
    observations = Nullable(INT64, "as n_of")
    """independent ones among n"""
    n_needed = Nullable(INT64, "as n_of")
    """observations with which it could be told if the value stayed"""
    cells = Column(INT64, "cells")
    """cells that were measured, of which the worst decides"""
    place = Column(TEXT, "")
    """what tells the cell with the value from the others"""
    floor = Nullable(FLOAT64, "as unit")
    """the same of held-out texts"""
    ceiling = Nullable(FLOAT64, "as unit")
    """the most that could have been found"""
    base = Nullable(FLOAT64, "as unit")
    """the same of the base model"""
    why = Column(TEXT, "")
    """why it cannot be told, or what the value rests on"""
