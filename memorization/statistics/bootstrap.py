"""Percentile bootstrap intervals (Appendix G), and exact bounds of shares.

For shares and differences of shares the bootstrap draws counts instead of rows. Resampling n rows with replacement and
counting a category gives a binomial draw with the observed rate; counting several categories at once gives a
multinomial draw; and for a paired difference the pairs (outcome before, outcome after) are resampled together, a
multinomial draw of their joint table. So the distribution is the one that resampling rows has, at a cost that does not
grow with n. For means of graded values, and for what is computed from sums, rows are resampled.

Where several probes share an input text or a prompt, their outcomes are not independent: their clusters (`clusters`)
are resampled, each with all of its probes, again as counts of equal clusters. Every function takes the numbers of the
probes' clusters as `clusters`; without them, each value is a cluster. Where all of several values are one cluster,
nothing is known of others, and the bounds are the least and the greatest possible value.

Every function takes a `purpose`: a name from which, with the seed, its random draws follow. So one category's draws do
not change another's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from scipy.special import betaincinv

from memorization.config.project import Statistics

# Rows that one step of resampling draws at most, to limit memory.
DRAWN_AT_ONCE = 1 << 22

Bounds = tuple[float, float]


def bootstrap_share(
    hits: np.ndarray, purpose: str, settings: Statistics, clusters: Sequence[int] | None = None
) -> Bounds:
    """Bootstrap bounds (fractions) of the share of true values in a boolean array (n,); `clusters` has length n."""
    if is_one_cluster(clusters, len(hits)):
        return 0.0, 1.0
    return percentiles(resampled_means(hits.astype(int), purpose, settings, clusters), settings)


def bootstrap_mean(
    values: np.ndarray,
    purpose: str,
    settings: Statistics,
    clusters: Sequence[int] | None = None,
    highest: float = math.inf,
) -> Bounds:
    """Bootstrap bounds of the mean of values (n,) from 0 to `highest`, in their unit; `clusters` has length n."""
    if is_one_cluster(clusters, len(values)):
        return 0.0, highest
    generator = generator_for(purpose, settings)
    if clusters is not None and len(set(clusters)) == len(values):
        # One probe per cluster: the probes themselves are drawn, in their order.
        clusters = None
    sums, sizes = sums_by_cluster(values, clusters)
    means = []
    for draws in _batches(settings.draws, len(sums)):
        drawn = generator.integers(len(sums), size=(draws, len(sums)))
        means.append(sums[drawn].mean(axis=1) / sizes[drawn].mean(axis=1))
    return percentiles(np.concatenate(means), settings)


def bootstrap_sums(
    counts: np.ndarray,
    value: Callable[[np.ndarray], np.ndarray],
    purpose: str,
    settings: Statistics,
    clusters: Sequence[int] | None = None,
    highest: float = math.inf,
) -> Bounds:
    """Bootstrap bounds of a value that is computed from the sums over a corpus, such as BLEU, in its unit.

    The value lies between 0 and `highest`. `counts` (n, k) are the sufficient statistics of each row; `value` computes
    values (draws,) from the sums of resampled rows (draws, k); `clusters` has length n.
    """
    if is_one_cluster(clusters, len(counts)):
        return 0.0, highest
    counts = np.stack([sums_by_cluster(column, clusters)[0] for column in counts.T], axis=1)
    generator, n = generator_for(purpose, settings), len(counts)
    values = [
        value(counts[generator.integers(n, size=(draws, n))].sum(axis=1))
        for draws in _batches(settings.draws, counts.size)
    ]
    return percentiles(np.concatenate(values), settings)


def bootstrap_spearman(
    x: np.ndarray, y: np.ndarray, purpose: str, settings: Statistics, clusters: Sequence[Any] | None = None
) -> tuple[float | None, float | None, float | None, int]:
    """Spearman's rank correlation of x and y (n,), its two bootstrap bounds, and the number of draws that have one.

    `clusters` (n,) may be of any type. Where x or y of a draw is constant there is no correlation: such draws are left
    out of the bounds. With fewer than 3 clusters, or where x or y is constant, value and bounds are None.
    """
    numbers = np.arange(len(x)) if clusters is None else np.unique(np.asarray(clusters), return_inverse=True)[1]
    n_clusters = len(set(numbers.tolist()))
    if n_clusters < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None, None, None, 0
    generator = generator_for(purpose, settings)
    drawn = []
    for draws in _batches(settings.draws, len(x)):
        times = generator.multinomial(n_clusters, np.full(n_clusters, 1 / n_clusters), size=draws)
        drawn.append(_spearman(x, y, times[:, numbers]))
    value = float(_spearman(x, y, np.ones((1, len(x))))[0])
    correlations = np.concatenate(drawn)
    defined = correlations[~np.isnan(correlations)]
    if not len(defined):
        return value, None, None, 0
    return value, *percentiles(defined, settings), len(defined)


def _spearman(x: np.ndarray, y: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Rank correlation (draws,) of samples that contain pair i `times[:, i]` times; nan where x or y is constant."""
    middle = (times.sum(axis=1, keepdims=True) + 1) / 2
    a, b = (_ranks(values, times) - middle for values in (x, y))
    spread = np.sqrt((times * a**2).sum(axis=1) * (times * b**2).sum(axis=1))
    product = (times * a * b).sum(axis=1)
    return np.asarray(np.divide(product, spread, out=np.full(len(times), np.nan), where=spread > 0))


def _ranks(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Mean ranks (draws, n) of values (n,) in samples that contain value i `times[:, i]` times."""
    _, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    first = np.flatnonzero(np.diff(place[order], prepend=-1))
    equal = np.add.reduceat(times[:, order], first, axis=1)
    ranks = equal.cumsum(axis=1) - (equal - 1) / 2
    return np.asarray(ranks[:, place])


def clopper_pearson(count: float, n: int, settings: Statistics, observations: int | None = None) -> Bounds:
    """Exact binomial bounds (fractions) of count / n (Clopper and Pearson, 1934), for independent observations.

    Their tail masses are `low` and 1 - `high` of the settings. Where n probes are in fewer clusters, these are the
    `observations`, and the bounds are those of the same share of them.
    """
    if observations is not None:
        count, n = count * observations / n, observations
    lower = 0.0 if count == 0 else float(betaincinv(count, n - count + 1, settings.low))
    upper = 1.0 if count == n else float(betaincinv(count + 1, n - count, settings.high))
    return lower, upper


def resampled_means(
    values: np.ndarray, purpose: str, settings: Statistics, clusters: Sequence[int] | None = None
) -> np.ndarray:
    """Means (draws,) of integers -1, 0 and 1 (n,) when the clusters that they belong to are resampled."""
    generator, draws, n = generator_for(purpose, settings), settings.draws, len(values)
    if clusters is None or len(set(clusters)) == n:
        if values.min() >= 0:
            return np.asarray(generator.binomial(n, values.sum() / n, size=draws) / n)
        counts = [int((values == value).sum()) for value in (1, -1, 0)]
        drawn = generator.multinomial(n, np.array(counts) / n, size=draws)
        return np.asarray((drawn[:, 0] - drawn[:, 1]) / n)
    sums, sizes = sums_by_cluster(values, clusters)
    # Clusters of the same size and sum are interchangeable: how often each kind is drawn is multinomial.
    kinds, clusters_per_kind = np.unique(np.stack([sizes, sums], axis=1).astype(int), axis=0, return_counts=True)
    drawn = generator.multinomial(len(sizes), clusters_per_kind / len(sizes), size=draws)
    return np.asarray((drawn @ kinds[:, 1]) / (drawn @ kinds[:, 0]))


def sums_by_cluster(values: np.ndarray, clusters: Sequence[int] | None) -> tuple[np.ndarray, np.ndarray]:
    """Sum and number of the values (n,) of each cluster: two arrays (number of clusters,)."""
    if clusters is None:
        return values, np.ones(len(values))
    numbers = np.unique(clusters, return_inverse=True)[1]
    return np.bincount(numbers, weights=values), np.bincount(numbers).astype(float)


def is_one_cluster(clusters: Sequence[int] | None, n: int) -> bool:
    """Whether all of several probes (n) are in one cluster, which tells nothing of others."""
    return n > 1 and clusters is not None and len(set(clusters)) == 1


def observations(clusters: Sequence[int] | None, n: int) -> int:
    """The number of clusters of n probes: as many as probes where each is a cluster."""
    return n if clusters is None else len(set(clusters))


def percentiles(drawn: np.ndarray, settings: Statistics) -> Bounds:
    """The two quantiles of the settings, of drawn values (draws,)."""
    low, high = np.quantile(drawn, [settings.low, settings.high])
    return float(low), float(high)


def generator_for(purpose: str, settings: Statistics) -> np.random.Generator:
    """The random generator of one purpose."""
    return np.random.default_rng([settings.seed, *purpose.encode()])


def _batches(draws: int, rows: int) -> Iterator[int]:
    """Numbers of draws that together are `draws`, each of at most `DRAWN_AT_ONCE` rows where a draw has `rows`."""
    step = max(1, DRAWN_AT_ONCE // rows)
    for start in range(0, draws, step):
        yield min(step, draws - start)
