"""Table `definition_rates`."""

from __future__ import annotations

from memorization.schemas.run import RunColumns
from memorization.schemas.schema import FLOAT64, INT64, TEXT, Column, Nullable


class DefinitionRatesTable(RunColumns):
    """Estimates of a run: one row per definition."""

    name = "definition_rates"

    definition = Column(TEXT, "")
    """column of the table `definitions`"""
    unit = Column(TEXT, "")
    """unit of value, low and high"""
    n = Column(INT64, "probes")
    """probes of which the definition can be told"""
    prefixes = Column(INT64, "prefixes")
    """different prefixes among them, each a prompt: probes of one are resampled together"""
    count = Nullable(INT64, "probes")
    """probes for which it holds; null for means and without probes"""
    value = Nullable(FLOAT64, "see unit")
    """count / n, or the mean; null without probes"""
    low = Nullable(FLOAT64, "see unit")
    """lower bound of the bootstrap interval"""
    high = Nullable(FLOAT64, "see unit")
    """upper bound of the bootstrap interval"""
    exact_low = Nullable(FLOAT64, "fraction")
    """lower Clopper-Pearson bound; null for means"""
    exact_high = Nullable(FLOAT64, "fraction")
    """upper Clopper-Pearson bound; null for means"""
