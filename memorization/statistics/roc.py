"""How well scores tell members from controls: areas under ROC curves, and true positive rates at low false ones.

A row is called a member where its score reaches a threshold. The true positive rate (TPR) is the share of members that
are, the false positive rate (FPR) that of controls; over all thresholds they draw the ROC curve. Rows with equal scores
are called alike, so that a threshold lies between different scores alone, and the area (AUC) is the probability that a
member's score is above a control's, with half of their ties (Mann and Whitney, 1947).

The TPR at an FPR is the highest that a threshold reaches whose measured FPR is no larger: nothing is interpolated. With
n independent controls the smallest FPR above 0 is 1/n, so a smaller one is not measured, and is left out.

**Intervals** are percentiles of a bootstrap of both sides, each by clusters: a resample draws as many clusters as the
side has, each with all of its rows. The threshold is found anew in every resample, so its chance is in the interval.
All scores see the same resamples, so that differences between them are paired. Where everything or nothing is right,
every resample agrees, and the bound is an exact one instead: for a TPR that of Clopper and Pearson over clusters, for
an AUC the same of as many disjoint pairs of a member and a control as there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, isclose

import numpy as np

from memorization.config.project import Statistics
from memorization.statistics.bootstrap import (
    DRAWN_AT_ONCE,
    Bounds,
    clopper_pearson,
    generator_for,
    is_one_cluster,
    percentiles,
)

# Rounding of a rate times a number of rows that are whole together.
SLACK = 1e-9


@dataclass(frozen=True)
class Sides:
    """The rows that scores are of: numbers of the clusters of the members (m,) and of the controls (c,)."""

    members: Sequence[int]
    controls: Sequence[int]

    @property
    def clusters(self) -> tuple[int, int]:
        """Numbers of different clusters of members and of controls."""
        return len(set(self.members)), len(set(self.controls))

    @property
    def one_cluster(self) -> bool:
        """Whether all of several rows of a side are one cluster, which tells nothing of others."""
        return any(is_one_cluster(side, len(side)) for side in (self.members, self.controls))


@dataclass(frozen=True)
class Roc:
    """What a score tells: the AUC with its bounds, and TPRs (r,) at the FPRs (r,) that were asked for, with theirs.

    `auc_draws` (draws,) are the AUCs of the resamples, the same for all scores of the same `Sides`.
    """

    auc: float
    auc_bounds: Bounds
    auc_draws: np.ndarray
    tpr: np.ndarray
    tpr_low: np.ndarray
    tpr_high: np.ndarray


def controls_needed(false_positive_rate: float) -> int:
    """The number of independent controls from which on an FPR above 0 can be measured: 1 / FPR, rounded up."""
    return ceil(1 / false_positive_rate - SLACK)


def rocs(
    scores: Mapping[str, tuple[np.ndarray, np.ndarray]],
    sides: Sides,
    false_positive_rates: Sequence[float],
    settings: Statistics,
) -> dict[str, Roc]:
    """The ROC of every score by its name: scores of the members (m,) and of the controls (c,), higher for members.

    Raises ValueError where a side has no row, or a score is NaN.
    """
    if not len(sides.members) or not len(sides.controls):
        raise ValueError(f"rows to tell apart: {len(sides.members)} members and {len(sides.controls)} controls")
    if any(np.isnan(side).any() for pair in scores.values() for side in pair):
        raise ValueError("a score is NaN")
    rates = np.asarray(false_positive_rates, dtype=float)
    aucs: dict[str, list[np.ndarray]] = {name: [] for name in scores}
    tprs: dict[str, list[np.ndarray]] = {name: [] for name in scores}
    generators = [generator_for(f"roc {side}", settings) for side in ("members", "controls")]
    step = max(1, DRAWN_AT_ONCE // (len(sides.members) + len(sides.controls)))
    for start in range(0, settings.draws, step):
        draws = min(step, settings.draws - start)
        times = [
            _times(clusters, draws, generator)
            for clusters, generator in zip((sides.members, sides.controls), generators, strict=True)
        ]
        for name, (members, controls) in scores.items():
            true, false = _curves(members, controls, *times)
            aucs[name].append(_auc(true, false))
            tprs[name].append(_tpr(true, false, rates))
    once = [np.ones((1, len(side)), dtype=np.int64) for side in (sides.members, sides.controls)]
    found = {}
    for name, (members, controls) in scores.items():
        true, false = _curves(members, controls, *once)
        auc, tpr = float(_auc(true, false)[0]), _tpr(true, false, rates)[0]
        auc_draws, tpr_draws = np.concatenate(aucs[name]), np.concatenate(tprs[name])
        low, high = _tpr_bounds(tpr, tpr_draws, sides, settings)
        found[name] = Roc(auc, _auc_bounds(auc, auc_draws, sides, settings), auc_draws, tpr, low, high)
    return found


def _times(clusters: Sequence[int], draws: int, generator: np.random.Generator) -> np.ndarray:
    """How often each row is in each resample: integers (draws, n)."""
    numbers = np.unique(np.asarray(clusters), return_inverse=True)[1]
    n = int(numbers.max()) + 1
    drawn: np.ndarray = generator.multinomial(n, np.full(n, 1 / n), size=draws)
    return drawn[:, numbers]


def _curves(
    members: np.ndarray, controls: np.ndarray, member_times: np.ndarray, control_times: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Members and controls (draws, thresholds) whose score reaches each threshold, from above all scores downwards."""
    values, places = np.unique(-np.concatenate([members, controls]), return_inverse=True)
    parts = places[: len(members)], places[len(members) :]
    true, false = (
        _reached(part, times, len(values)) for part, times in zip(parts, (member_times, control_times), strict=True)
    )
    return true, false


def _reached(places: np.ndarray, times: np.ndarray, thresholds: int) -> np.ndarray:
    order = np.argsort(places, kind="stable")
    counted = np.zeros((len(times), len(places) + 1), dtype=np.int64)
    np.cumsum(times[:, order], axis=1, out=counted[:, 1:])
    # How many rows reach each threshold; the first one is above all scores.
    ends = np.searchsorted(places[order], np.arange(-1, thresholds), side="right")
    return counted[:, ends]


def _auc(true: np.ndarray, false: np.ndarray) -> np.ndarray:
    """Areas (draws,) under curves (draws, thresholds), in which ties are straight lines."""
    doubled = (np.diff(false, axis=1) * (true[:, 1:] + true[:, :-1])).sum(axis=1)
    return np.asarray(doubled / (2 * true[:, -1] * false[:, -1]))


def _tpr(true: np.ndarray, false: np.ndarray, rates: np.ndarray) -> np.ndarray:
    """TPRs (draws, r): the highest of the thresholds whose FPR is at most the rate."""
    allowed = np.floor(rates[None, :] * false[:, -1:] + SLACK)
    places = np.stack([(false <= column[:, None]).sum(axis=1) - 1 for column in allowed.T], axis=1)
    return np.asarray(np.take_along_axis(true, places, axis=1) / true[:, -1:])


def _auc_bounds(auc: float, drawn: np.ndarray, sides: Sides, settings: Statistics) -> Bounds:
    if sides.one_cluster:
        return 0.0, 1.0
    low, high = percentiles(drawn, settings)
    if auc in (0.0, 1.0):
        pairs = min(sides.clusters)
        exact_low, exact_high = clopper_pearson(auc * pairs, pairs, settings)
        return min(low, exact_low), max(high, exact_high)
    return low, high


def _tpr_bounds(
    tpr: np.ndarray, drawn: np.ndarray, sides: Sides, settings: Statistics
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper bounds (r,) of TPRs (r,) of which resamples (draws, r) are given."""
    if sides.one_cluster:
        return np.zeros_like(tpr), np.ones_like(tpr)
    lows, highs = np.quantile(drawn, [settings.low, settings.high], axis=0)
    for place, value in enumerate(tpr):
        if isclose(value, 0.0) or isclose(value, 1.0):
            observations = sides.clusters[0]
            low, high = clopper_pearson(round(value) * observations, observations, settings)
            lows[place], highs[place] = min(lows[place], low), max(highs[place], high)
    return lows, highs
