"""Table `extraction`."""

from __future__ import annotations

from memorization.schemas.run import GeneratedColumns
from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column, Nullable


class ExtractionTable(GeneratedColumns):
    """Shares of a run: one row per measure, length, number of draws and probability."""

    name = "extraction"

    measure = Column(TEXT, "")
    """greedy_extractable (the suffix's first tokens are the likeliest ones), discoverable (n draws give them at least
    once with probability p or more), or expected (share of probes of which n draws give them)
    """
    length = Column(INT32, "tokens")
    """first tokens of the suffix that are asked for"""
    draws = Nullable(INT64, "draws")
    """n: texts drawn for a prefix; null for greedy_extractable"""
    probability = Nullable(FLOAT64, "")
    """p of discoverable; null for other measures"""
    n = Column(INT64, "probes")
    """comparable probes: their suffix has so many tokens"""
    prefixes = Column(INT64, "prefixes")
    """different prefixes among them, each a prompt: probes of one are resampled together"""
    count = Nullable(INT64, "probes")
    """probes that count; null for expected and without probes"""
    value = Nullable(FLOAT64, "fraction")
    """count / n, or the mean of 1 - (1 - q)^draws"""
    low = Nullable(FLOAT64, "fraction")
    """lower bound of the bootstrap interval"""
    high = Nullable(FLOAT64, "fraction")
    """upper bound of the bootstrap interval"""
    exact_low = Nullable(FLOAT64, "fraction")
    """lower Clopper-Pearson bound; null for expected"""
    exact_high = Nullable(FLOAT64, "fraction")
    """upper Clopper-Pearson bound; null for expected"""
