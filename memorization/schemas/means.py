"""Table `means`."""

from __future__ import annotations

from memorization.schemas.rates import RatesTable
from memorization.schemas.schema import INT32, Nullable


class MeansTable(RatesTable):
    """Mean rates of several trainings: one row per recipe with several seeds and category; counts are rounded."""

    name = "means"

    seed = Nullable(INT32, "")
    """null: the mean of all seeds of the recipe"""
