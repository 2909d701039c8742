"""Table `rates`."""

from __future__ import annotations

from memorization.schemas.run import RunColumns
from memorization.schemas.schema import FLOAT64, INT64, TEXT, Column


class RatesTable(RunColumns):
    """Rates of a run: one row per category."""

    name = "rates"

    n = Column(INT64, "probes")
    """probes counted"""
    input_texts = Column(INT64, "texts")
    """different input texts among them, which the bootstrap resamples"""
    generated_tokens = Column(FLOAT64, "tokens")
    """mean length of the generations"""
    own_matches = Column(INT64, "probes")
    """probes of any category whose deciding suffix is their own"""
    matched_suffixes = Column(INT64, "suffixes")
    """different suffixes that decide for any category"""
    category = Column(TEXT, "")
    """total, verbatim, idea, paraphrase, paraphrase_high or paraphrase_low"""
    count = Column(INT64, "probes")
    """probes of the category"""
    rate = Column(FLOAT64, "fraction")
    """count / n"""
    low = Column(FLOAT64, "fraction")
    """lower bound of the bootstrap interval"""
    high = Column(FLOAT64, "fraction")
    """upper bound of the bootstrap interval"""
    exact_low = Column(FLOAT64, "fraction")
    """lower Clopper-Pearson bound"""
    exact_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
