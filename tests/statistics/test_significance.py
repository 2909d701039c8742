"""Differences between runs: intervals against resampled pairs, tests against scipy, corrections by hand."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HIGH, LOW, OUTCOMES, TEXTS, allowed, clustered, drawn, resampled_by_text, scipy_bounds, settings
from scipy import stats

from memorization.statistics.rates import in_category
from memorization.statistics.significance import holm, mcnemar, over_base, over_control

OUTCOME_LISTS = st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=60)


def difference_of_means(x: np.ndarray, y: np.ndarray, axis: int) -> np.ndarray:
    return np.asarray(np.mean(x, axis=axis) - np.mean(y, axis=axis))


@pytest.mark.parametrize("n", [200, 500, 1000])
def test_intervals_of_differences_are_those_of_resampled_pairs(n: int) -> None:
    draws = 4000
    base = drawn(n, n, (0.85, 0.05, 0.05, 0.05))
    fresh = drawn(n + 1, n, (0.5, 0.2, 0.1, 0.2))
    # Half of the probes keep their outcome, so that the pairs depend on one another.
    keep = np.random.default_rng(n + 2).random(n) < 0.5
    fine_tuned = [old if kept else new for old, new, kept in zip(base, fresh, keep, strict=True)]
    for comparison in over_base(base, fine_tuned, settings(draws, 1)):
        before, after = (in_category(each, comparison.category).astype(float) for each in (base, fine_tuned))
        expected = scipy_bounds((after, before), difference_of_means, draws, paired=True)
        changed = float(np.mean(before != after))
        tolerance = allowed(changed / 2, n, draws) * np.sqrt(2)
        assert comparison.difference == pytest.approx(np.mean(after) - np.mean(before))
        assert (comparison.low, comparison.high) == pytest.approx(expected, abs=tolerance)


def test_pairing_makes_intervals_shorter_than_two_independent_samples() -> None:
    base = ["none"] * 160 + ["verbatim"] * 40
    fine_tuned = ["none"] * 150 + ["verbatim"] * 50
    paired = over_base(base, fine_tuned, settings(2000))[0]
    apart = over_base(base, fine_tuned[::-1], settings(2000))[0]
    assert paired.difference == apart.difference == pytest.approx(0.05)
    assert paired.high - paired.low < 0.5 * (apart.high - apart.low)


def test_one_pair_is_enough() -> None:
    assert [each.difference for each in over_base(["idea"], ["none"], settings(10))] == [-1, 0, -1, 0]


def test_the_same_seed_gives_the_same_intervals() -> None:
    base, fine_tuned = (drawn(seed, 300, (0.7, 0.1, 0.1, 0.1)) for seed in (1, 0))
    assert over_base(base, fine_tuned, settings(500, 3)) == over_base(base, fine_tuned, settings(500, 3))


def test_no_outcome_and_unpaired_outcomes_are_refused() -> None:
    with pytest.raises(ValueError, match="3 and 2"):
        over_base(["none"] * 3, ["none"] * 2, settings(10))
    with pytest.raises(ValueError, match="paired outcomes"):
        over_base([], [], settings(10))


@given(OUTCOME_LISTS, st.randoms(use_true_random=False))
def test_differences_add_up_and_change_sign_with_their_order(base: list[str], shuffler: random.Random) -> None:
    fine_tuned = base.copy()
    shuffler.shuffle(fine_tuned)
    there, back = (over_base(*pair, settings(50)) for pair in ((base, fine_tuned), (fine_tuned, base)))
    assert there[0].difference == pytest.approx(sum(each.difference for each in there[1:]))
    for one, other in zip(there, back, strict=True):
        assert one.difference == -other.difference
        assert one.p_value == other.p_value
        assert -1 <= one.low <= one.high <= 1


@given(OUTCOME_LISTS)
def test_nothing_changed_is_no_difference(outcomes: list[str]) -> None:
    for each in over_base(outcomes, outcomes, settings(50)):
        assert (each.difference, each.low, each.high, each.p_value) == (0, 0, 0, 1)


def test_differences_resample_texts() -> None:
    base, texts = clustered(3, 150)
    fine_tuned = clustered(4, 150)[0][: len(base)]
    fine_tuned += ["none"] * (len(base) - len(fine_tuned))
    change = in_category(fine_tuned, "total").astype(float) - in_category(base, "total")
    expected = np.quantile(resampled_by_text(change, texts, 2000), [LOW, HIGH])
    paired = over_base(base, fine_tuned, settings(4000, 1), clusters=texts)[0]
    assert (paired.low, paired.high) == pytest.approx(tuple(expected), abs=0.02)


def test_a_text_for_each_probe_changes_nothing() -> None:
    outcomes, other = (drawn(seed, 60, (0.5, 0.2, 0.2, 0.1)) for seed in (0, 1))
    numbered = over_base(outcomes, other, settings(100, 1), clusters=list(range(60))[::-1])
    assert numbered == over_base(outcomes, other, settings(100, 1))


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (5, 5), (12, 3), (3, 12), (40, 11), (0, 7)])
def test_mcnemars_test_is_a_sign_test_of_what_changed(gained: int, lost: int) -> None:
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected)


def test_significance_counts_texts_not_probes() -> None:
    # One text of four probes gained, nothing else changed: that is one changed pair.
    base = ["none"] * len(TEXTS)
    fine_tuned = ["verbatim" if text == 4 else "none" for text in TEXTS]
    assert over_base(base, fine_tuned, settings(10))[0].p_value == pytest.approx(2 / 2**4)
    assert over_base(base, fine_tuned, settings(10), clusters=TEXTS)[0].p_value == 1.0
    control = ["none"] * 5
    together = over_control(fine_tuned, control, settings(10), clusters=TEXTS)[0]
    assert together.p_value == pytest.approx(stats.fisher_exact([[1, 5], [0, 5]]).pvalue)


def test_members_and_controls_are_resampled_apart() -> None:
    member, control = drawn(0, 400, (0.6, 0.2, 0.1, 0.1)), drawn(1, 150, (0.9, 0.02, 0.04, 0.04))
    comparison = over_control(member, control, settings(4000, 1))[0]
    sides = [in_category(each, "total").astype(float) for each in (member, control)]
    expected = scipy_bounds(sides, difference_of_means, 4000)
    assert comparison.difference == pytest.approx(sides[0].mean() - sides[1].mean())
    assert (comparison.low, comparison.high) == pytest.approx(expected, abs=0.02)
    table = [[int(side.sum()), int((1 - side).sum())] for side in sides]
    assert comparison.p_value == pytest.approx(stats.fisher_exact(table).pvalue)
    assert (comparison.n, comparison.n_versus) == (400, 150)
    with pytest.raises(ValueError, match="2 and 0"):
        over_control(["none"] * 2, [], settings(10))


def test_holms_correction_steps_down_and_never_falls() -> None:
    # By hand: 0.01 * 4, 0.02 * 3, then 0.03 * 2 and 0.04 * 1, neither below the one before.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []
