"""The rates of an audit's runs: the table of a study of kind `memorization`."""

from memorization.studies.memorization.table import PACKAGES, sheet

__all__ = ["PACKAGES", "sheet"]
