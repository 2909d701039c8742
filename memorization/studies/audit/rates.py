"""The rates of an audit's runs: the table of a study of kind `memorization`."""

from __future__ import annotations

from memorization.report.context import Context, Files
from memorization.report.sheet import Sheet
from memorization.studies.memorization import table
from memorization.studies.memorization.table import PACKAGES

__all__ = ["PACKAGES", "sheet"]


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files as `memorization.table` reads them."""
    return table.sheet(files, context)
