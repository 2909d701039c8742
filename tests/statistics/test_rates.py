"""Rates: against resampled rows, exact bounds at the ends, coverage, and what a run's matches point to."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import HIGH, LOW, OUTCOMES, allowed, clustered, drawn, resampled_by_text, scipy_bounds, settings
from scipy import stats

from memorization.config.project import Statistics
from memorization.statistics.rates import CATEGORIES, Rate, RunOutcomes, count_matches, in_category, rates


def rates_of(outcomes: list[str], statistics: Statistics, texts: list[int] | None = None) -> list[Rate]:
    return rates(RunOutcomes(outcomes, texts), statistics)


@pytest.mark.parametrize("n", [200, 500, 1000])
def test_intervals_are_those_of_resampled_rows(n: int) -> None:
    draws = 4000
    outcomes = drawn(n, n, (0.7, 0.05, 0.1, 0.15))
    for rate in rates_of(outcomes, settings(draws, seed=1)):
        hits = in_category(outcomes, rate.category).astype(float)
        expected = scipy_bounds((hits,), np.mean, draws)
        assert (rate.low, rate.high) == pytest.approx(expected, abs=allowed(rate.rate, n, draws))


def test_none_of_n_has_an_empty_interval_and_a_positive_exact_bound() -> None:
    for rate in rates_of(["none"] * 40, settings(1000)):
        assert (rate.count, rate.rate, rate.low, rate.high, rate.exact_low) == (0, 0, 0, 0, 0)
        assert rate.exact_high == pytest.approx(1 - LOW ** (1 / 40))


def test_all_of_n_has_an_empty_interval_and_an_exact_bound_below_one() -> None:
    total, verbatim, idea, _ = rates_of(["verbatim"] * 40, settings(1000))
    for rate in (total, verbatim):
        assert (rate.count, rate.rate, rate.low, rate.high, rate.exact_high) == (40, 1, 1, 1, 1)
        assert rate.exact_low == pytest.approx(LOW ** (1 / 40))
    assert idea.count == 0


def test_one_probe_is_enough_and_none_is_an_error() -> None:
    assert [rate.rate for rate in rates_of(["idea"], settings(10))] == [1, 0, 1, 0]
    with pytest.raises(ValueError, match="no outcomes"):
        rates_of([], settings(10))


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    outcomes = drawn(0, 300, (0.7, 0.1, 0.1, 0.1))
    assert rates_of(outcomes, settings(500, 3)) == rates_of(outcomes, settings(500, 3))
    assert rates_of(outcomes, settings(500, 3)) != rates_of(outcomes, settings(500, 4))


def test_one_category_does_not_shift_the_draws_of_another() -> None:
    one = rates_of(["verbatim"] * 20 + ["none"] * 80, settings(500))
    other = rates_of(["verbatim"] * 20 + ["idea"] * 30 + ["none"] * 50, settings(500))
    assert one[1] == other[1]


@pytest.mark.parametrize("p", [0.02, 0.1, 0.5])
def test_intervals_cover_the_true_rate_about_as_often_as_they_claim(p: float) -> None:
    n = 400
    covered = exactly = 0.0
    # Every count that can occur, weighted by its probability.
    for count, chance in enumerate(stats.binom.pmf(range(n + 1), n, p)):
        if chance > 1e-6:
            rate = rates_of(["idea"] * count + ["none"] * (n - count), settings(1000, seed=count))[0]
            covered += chance * (rate.low <= p <= rate.high)
            exactly += chance * (rate.exact_low <= p <= rate.exact_high)
    # The percentile interval is too short for rare outcomes: that is why there is an exact one too.
    assert (0.90 if p < 0.05 else 0.93) <= covered <= 0.97
    assert 0.95 <= exactly <= 0.98


def consistent(rows: list[Rate]) -> bool:
    return [rate.category for rate in rows] == list(CATEGORIES) and rows[0].count == sum(r.count for r in rows[1:])


@given(st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=60), st.integers(0, 100))
def test_rates_are_fractions_inside_both_intervals_and_add_up(outcomes: list[str], seed: int) -> None:
    rows = rates_of(outcomes, settings(200, seed))
    assert consistent(rows)
    for rate in rows:
        assert rate.n == len(outcomes)
        assert rate.rate == rate.count / rate.n
        assert 0 <= rate.low <= rate.high <= 1
        assert 0 <= rate.exact_low <= rate.rate <= rate.exact_high <= 1


def test_probes_of_one_text_are_resampled_together() -> None:
    outcomes, texts = clustered(3, 150)
    rate = rates_of(outcomes, settings(4000, 1), texts=texts)[0]
    expected = np.quantile(resampled_by_text(in_category(outcomes, "total").astype(float), texts, 2000), [LOW, HIGH])
    assert (rate.low, rate.high) == pytest.approx(tuple(expected), abs=0.015)
    alone = rates_of(outcomes, settings(4000, 1))[0]
    assert rate.rate == alone.rate
    assert rate.high - rate.low > 1.3 * (alone.high - alone.low)


def test_a_text_for_each_probe_changes_nothing() -> None:
    outcomes = drawn(0, 60, (0.5, 0.2, 0.2, 0.1))
    assert rates_of(outcomes, settings(100, 1), texts=list(range(60))[::-1]) == rates_of(outcomes, settings(100, 1))


def test_matches_are_counted_by_the_suffixes_that_they_point_to() -> None:
    columns = {"document": [4, 4, 2, None], "own_suffix": [False, True, True, None]}
    outcomes = pa.table({**columns, "condenses": [True, False, False, None]})
    assert count_matches(outcomes) == {"own_matches": 2, "matched_suffixes": 2, "condensing": 1}
    assert count_matches(outcomes.slice(3)) == {"own_matches": 0, "matched_suffixes": 0, "condensing": 0}


def test_each_prefix_counts_once_and_n_stays() -> None:
    run = RunOutcomes(["idea", "idea", "none", "verbatim"], prefixes=["a", "a", "b", "b"])
    total, verbatim, idea, _ = rates(run, settings(200))
    assert (total.n, total.count, total.once_count, total.once_rate) == (4, 3, 1, 0.25)
    assert (verbatim.count, verbatim.once_count) == (1, 0)
    assert (idea.count, idea.once_count) == (2, 1)
    assert total.once_low <= 0.25 <= total.once_high


def test_ceilings_are_the_rates_of_positive_controls_by_category() -> None:
    found = {"ceiling": ["none", "verbatim", "idea", "idea"], "limit_ceiling": ["verbatim"] * 4}
    total, verbatim, idea, _ = rates(RunOutcomes(["none"] * 4, ceilings=found), settings(200))
    assert (total.ceiling, verbatim.ceiling, idea.ceiling) == (0.75, 0.25, 0.5)
    assert (total.limit_ceiling, verbatim.limit_ceiling, idea.limit_ceiling) == (1, 1, 0)
    assert idea.limit_ceiling_exact_high == pytest.approx(1 - LOW ** (1 / 4))
    assert rates_of(["none"], settings(10))[0].ceiling is None
