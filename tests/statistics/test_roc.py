"""ROC curves: areas and rates against scikit-learn's, and intervals against a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, norm
from sklearn.metrics import roc_auc_score, roc_curve

from memorization.config.project import Statistics
from memorization.statistics.roc import Roc, Sides, controls_needed, rocs

RATES = (0.001, 0.01, 0.05, 0.3, 1.0)
SETTINGS = Statistics(draws=200)


def roc(members: np.ndarray, controls: np.ndarray, sides: Sides | None = None, seed: int = 0, draws: int = 200) -> Roc:
    sides = sides or Sides(range(len(members)), range(len(controls)))
    return rocs({"score": (members, controls)}, sides, RATES, Statistics(draws=draws, seed=seed))["score"]


@pytest.mark.parametrize("digits", [0, 1, 6])
@pytest.mark.parametrize(("m", "c"), [(40, 130), (300, 25), (1, 1)])
def test_area_and_rates_are_those_of_scikit_learn_with_ties(digits: int, m: int, c: int) -> None:
    generator = np.random.default_rng([digits, m])
    members = np.round(generator.normal(0.7, 1, m), digits)
    controls = np.round(generator.normal(0, 1, c), digits)

    found = roc(members, controls)

    truth, scores = np.repeat([1, 0], [m, c]), np.concatenate([members, controls])
    assert found.auc == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
    false, true, _ = roc_curve(truth, scores, drop_intermediate=False)
    assert found.tpr.tolist() == pytest.approx([true[false <= rate + 1e-12].max() for rate in RATES], abs=1e-12)


def test_a_rate_of_whole_rows_counts_them() -> None:
    # 0.29 x 100 is 28.999999999999996 in floating point, and 29 controls are allowed.
    members, controls = np.array([98.5, 71.0, 70.5]), np.arange(100.0)

    found = rocs({"score": (members, controls)}, Sides(range(3), range(100)), [0.28, 0.29, 0.3], SETTINGS)["score"]

    assert found.tpr.tolist() == [1 / 3, 1.0, 1.0]


def test_equal_scores_tell_nothing() -> None:
    found = roc(np.zeros(30), np.zeros(20))

    assert (found.auc, found.auc_bounds) == (0.5, (0.5, 0.5))
    assert found.tpr.tolist() == [0, 0, 0, 0, 1]


def test_intervals_hold_the_truth_as_often_as_they_state() -> None:
    shift, n, repetitions = 1.0, 120, 150
    area, rate = norm.cdf(shift / np.sqrt(2)), norm.sf(norm.isf(0.05) - shift)
    hits = np.zeros(2)
    for seed in range(repetitions):
        generator = np.random.default_rng(seed)
        found = roc(generator.normal(shift, 1, n), generator.normal(0, 1, n), seed=seed)
        low, high = found.auc_bounds
        hits += [low <= area <= high, found.tpr_low[2] <= rate <= found.tpr_high[2]]
    # Percentile intervals of so few rows hold it a little less often than 95%; no fewer than 88% are allowed, within
    # the error of the repetitions.
    least, most = binom.ppf(0.001, repetitions, 0.92), binom.ppf(0.999, repetitions, 0.98)
    assert (hits >= least).all() and (hits <= most).all(), hits


def test_rows_of_one_cluster_are_one_observation() -> None:
    generator = np.random.default_rng(1)
    members, controls = generator.normal(0.5, 1, 40), generator.normal(0, 1, 40)
    single = roc(members, controls)

    copied = roc(np.repeat(members, 5), np.repeat(controls, 5), Sides(np.repeat(range(40), 5), np.repeat(range(40), 5)))

    assert copied.auc == pytest.approx(single.auc)
    assert copied.auc_bounds == pytest.approx(single.auc_bounds)
    apart = roc(np.repeat(members, 5), np.repeat(controls, 5))
    assert np.ptp(apart.auc_bounds) < 0.7 * np.ptp(single.auc_bounds)


def test_where_all_is_right_the_bounds_are_exact() -> None:
    found = roc(np.full(30, 2.0), np.arange(20) / 20)

    # One-sided 97.5%: 20 disjoint pairs, and 30 members.
    assert (found.auc, found.auc_bounds) == (1.0, (pytest.approx(0.025 ** (1 / 20)), 1.0))
    assert found.tpr[0] == 1.0
    assert (found.tpr_low[0], found.tpr_high[0]) == (pytest.approx(0.025 ** (1 / 30)), 1.0)
    wrong = roc(np.arange(20) / 20, np.full(30, 2.0))
    assert wrong.auc_bounds == (0.0, pytest.approx(1 - 0.025 ** (1 / 20)))
    assert (wrong.tpr_low[0], wrong.tpr_high[0]) == (0.0, pytest.approx(1 - 0.025 ** (1 / 20)))


def test_one_cluster_of_several_rows_tells_nothing_of_others() -> None:
    found = roc(np.array([1.0, 2.0]), np.array([0.0, 0.5]), Sides([0, 0], [1, 2]))

    assert found.auc_bounds == (0.0, 1.0)
    assert (found.tpr_low.tolist(), found.tpr_high.tolist()) == ([0.0] * 5, [1.0] * 5)


def test_scores_see_the_same_resamples() -> None:
    generator = np.random.default_rng(2)
    members, controls = generator.normal(0.5, 1, 50), generator.normal(0, 1, 50)
    sides = Sides(range(50), range(50))

    found = rocs({"one": (members, controls), "same": (3 * members, 3 * controls)}, sides, RATES, SETTINGS)

    assert (found["one"].auc_draws == found["same"].auc_draws).all()
    alone = rocs({"same": (3 * members, 3 * controls)}, sides, RATES, SETTINGS)["same"]
    assert (alone.auc_draws == found["same"].auc_draws).all()


def test_controls_that_a_rate_needs() -> None:
    assert [controls_needed(rate) for rate in (0.01, 0.001, 0.003, 1.0)] == [100, 1000, 334, 1]


def test_no_rows_and_nan_are_refused() -> None:
    with pytest.raises(ValueError, match="0 controls"):
        roc(np.zeros(2), np.zeros(0))
    with pytest.raises(ValueError, match="NaN"):
        roc(np.array([np.nan]), np.zeros(1))
