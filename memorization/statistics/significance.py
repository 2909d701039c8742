"""Differences between the rates of two runs, with intervals and tests of significance.

Where several probes are one cluster (`clusters`), intervals resample clusters (`bootstrap`), and tests count clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr

from memorization.config.project import Statistics
from memorization.statistics.bootstrap import is_one_cluster, percentiles, resampled_means, sums_by_cluster
from memorization.statistics.rates import categories, in_category


@dataclass(frozen=True)
class Comparison:
    """A category's rate in a run minus that in another, with its interval (all fractions) and the test's p-value.

    `versus` is the other run: `base` or `control`. The fields are columns of the table `comparisons`.
    """

    versus: str
    category: str
    n: int
    n_versus: int
    difference: float
    low: float
    high: float
    p_value: float


def over_base(
    base: Sequence[str],
    fine_tuned: Sequence[str],
    settings: Statistics,
    classified: bool = False,
    clusters: Sequence[int] | None = None,
) -> list[Comparison]:
    """Fine-tuned minus base for every category, on the same probes in the same order; `clusters` as in `bootstrap`.

    Intervals are paired by probe, p-values are those of McNemar's exact test. Raises ValueError where the two differ in
    length or there is no outcome.
    """
    if len(base) != len(fine_tuned) or not len(base):
        raise ValueError(f"paired outcomes: {len(base)} and {len(fine_tuned)}")
    n = len(base)
    comparisons = []
    for category in categories(classified):
        change = in_category(fine_tuned, category).astype(int) - in_category(base, category).astype(int)
        bounds = percentiles(resampled_means(change, f"difference {category}", settings, clusters), settings)
        if is_one_cluster(clusters, n):
            bounds = -1.0, 1.0
        changes, _ = sums_by_cluster(change, clusters)
        p_value = mcnemar(int((changes > 0).sum()), int((changes < 0).sum()))
        comparisons.append(Comparison("base", category, n, n, int(change.sum()) / n, *bounds, p_value))
    return comparisons


# Six parameters: the two sides have clusters of their own.
def over_control(
    member: Sequence[str],
    control: Sequence[str],
    settings: Statistics,
    classified: bool = False,
    clusters: Sequence[int] | None = None,
    control_clusters: Sequence[int] | None = None,
) -> list[Comparison]:
    """Member minus control for every category, on different probes; clusters as in `bootstrap`.

    Intervals resample both, p-values are those of Fisher's exact test. Raises ValueError where one of them is empty.
    """
    if not len(member) or not len(control):
        raise ValueError(f"outcomes to compare: {len(member)} and {len(control)}")
    comparisons = []
    for category in categories(classified):
        purpose = f"over control {category}"
        hits, control_hits = in_category(member, category), in_category(control, category)
        drawn = resampled_means(hits.astype(int), f"{purpose} member", settings, clusters)
        control_drawn = resampled_means(control_hits.astype(int), f"{purpose} control", settings, control_clusters)
        bounds = percentiles(drawn - control_drawn, settings)
        if is_one_cluster(clusters, len(member)) or is_one_cluster(control_clusters, len(control)):
            bounds = -1.0, 1.0
        difference = float(hits.mean() - control_hits.mean())
        # A cluster counts as a hit where any of its probes does.
        p_value = fisher(sums_by_cluster(hits, clusters)[0] > 0, sums_by_cluster(control_hits, control_clusters)[0] > 0)
        comparisons.append(Comparison("control", category, len(member), len(control), difference, *bounds, p_value))
    return comparisons


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided p-value of McNemar's exact test: of the pairs that changed, either direction is as likely."""
    changed = gained + lost
    return min(1.0, 2 * float(bdtr(min(gained, lost), changed, 0.5))) if changed else 1.0


def preload() -> None:
    """Import what tests need."""
    import scipy.stats  # noqa: F401


def fisher(hits: np.ndarray, other_hits: np.ndarray) -> float:
    """Two-sided p-value of Fisher's exact test of the shares of true values in two boolean arrays."""
    from scipy.stats import fisher_exact

    table = [[int(side.sum()), int((~side).sum())] for side in (hits, other_hits)]
    return float(fisher_exact(table).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm, 1979), in their order."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected
