"""Shares and means with their intervals, as every table of measures has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memorization.config.project import Statistics
from memorization.statistics.bootstrap import bootstrap_mean, bootstrap_share, clopper_pearson


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """The share of n that meet a condition, or the mean of n values, with its intervals in its unit.

    Means have no count and no exact bounds; where n is 0 there is no value.
    """

    n: int = 0
    count: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    exact_low: float | None = None
    exact_high: float | None = None


def share(hits: np.ndarray, purpose: str, settings: Statistics, texts: Sequence[int] | None = None) -> Measurement:
    """The share of true values among hits (n,); `purpose` and `texts` as in `bootstrap`."""
    n, count = len(hits), int(hits.sum())
    if not n:
        return Measurement()
    low, high = bootstrap_share(hits, purpose, settings, texts)
    exact_low, exact_high = clopper_pearson(count, n, settings)
    return Measurement(
        n=n, count=count, value=count / n, low=low, high=high, exact_low=exact_low, exact_high=exact_high
    )


def mean(values: np.ndarray, purpose: str, settings: Statistics, texts: Sequence[int] | None = None) -> Measurement:
    """The mean of values (n,), in their unit; `purpose` and `texts` as in `bootstrap`."""
    if not len(values):
        return Measurement()
    low, high = bootstrap_mean(values, purpose, settings, texts)
    return Measurement(n=len(values), value=float(values.mean()), low=low, high=high)
