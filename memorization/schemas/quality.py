"""Table `quality`."""

from __future__ import annotations

from memorization.schemas.run import AnswerColumns
from memorization.schemas.schema import FLOAT64, INT64, TEXT, Column, Nullable


class QualityScoresTable(AnswerColumns):
    """Scores of a model in a state: one row per metric."""

    name = "quality"

    metric = Column(TEXT, "")
    """metric of the answers to test rows"""
    unit = Column(TEXT, "")
    """unit of value, low and high"""
    n = Column(INT64, "answers")
    """answers counted"""
    count = Nullable(INT64, "answers")
    """right answers; null where the metric is no share"""
    value = Column(FLOAT64, "see unit")
    """count / n, mean over answers, or the corpus' score"""
    low = Column(FLOAT64, "see unit")
    """lower bound of the bootstrap interval"""
    high = Column(FLOAT64, "see unit")
    """upper bound of the bootstrap interval"""
    exact_low = Nullable(FLOAT64, "fraction")
    """lower Clopper-Pearson bound; null for no share"""
    exact_high = Nullable(FLOAT64, "fraction")
    """upper Clopper-Pearson bound; null for no share"""
