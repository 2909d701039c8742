"""Table `density_means`."""

from __future__ import annotations

from memorization.schemas.run import AttentionColumns
from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column


class DensityMeansTable(AttentionColumns):
    """Means of a model in a state on a dataset: one row per layer and measure."""

    name = "density_means"

    layer = Column(INT32, "")
    """layer of the decoder, from 1"""
    measure = Column(TEXT, "")
    """column of the table `density`"""
    unit = Column(TEXT, "")
    """unit of value, low and high"""
    n = Column(INT64, "samples")
    """samples"""
    value = Column(FLOAT64, "see unit")
    """mean over samples"""
    low = Column(FLOAT64, "see unit")
    """lower bound of the bootstrap interval"""
    high = Column(FLOAT64, "see unit")
    """upper bound of the bootstrap interval"""
