"""Shares and means with their intervals, as every table of measures has them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memorization.config.project import Statistics
from memorization.statistics.bootstrap import bootstrap_mean, bootstrap_share, clopper_pearson, observations


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


def share(hits: np.ndarray, purpose: str, settings: Statistics, clusters: Sequence[int] | None = None) -> Measurement:
    """The share of true values among hits (n,); `purpose` and `clusters` as in `bootstrap`."""
    n, count = len(hits), int(hits.sum())
    if not n:
        return Measurement()
    low, high = bootstrap_share(hits, purpose, settings, clusters)
    exact_low, exact_high = clopper_pearson(count, n, settings, observations(clusters, n))
    return Measurement(
        n=n, count=count, value=count / n, low=low, high=high, exact_low=exact_low, exact_high=exact_high
    )


# Five parameters: the unit of the values decides the highest.
def mean(
    values: np.ndarray,
    purpose: str,
    settings: Statistics,
    clusters: Sequence[int] | None = None,
    highest: float = math.inf,
) -> Measurement:
    """The mean of values (n,) from 0 to `highest`, in their unit; `purpose` and `clusters` as in `bootstrap`."""
    if not len(values):
        return Measurement()
    low, high = bootstrap_mean(values, purpose, settings, clusters, highest)
    return Measurement(n=len(values), value=float(values.mean()), low=low, high=high)
