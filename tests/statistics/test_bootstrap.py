"""Bootstrap intervals against scipy and against resampling written out; exact bounds against scipy."""

import numpy as np
import pytest
from samples import HIGH, LOW, clustered, resampled_by_text, settings
from scipy import stats
from scipy.stats import spearmanr

from memorization.config.project import Statistics
from memorization.statistics import bootstrap
from memorization.statistics.bootstrap import (
    bootstrap_mean,
    bootstrap_share,
    bootstrap_spearman,
    bootstrap_sums,
    clopper_pearson,
)
from memorization.statistics.rates import in_category

WIDE = {"low": 0.1, "high": 0.9, "seed": 2}


@pytest.mark.parametrize("n", [1, 7, 50, 1000])
def test_exact_bounds_are_those_of_clopper_and_pearson(n: int) -> None:
    for count in {0, 1, n // 3, n - 1, n}:
        expected = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
        assert clopper_pearson(count, n, settings(1)) == pytest.approx((expected.low, expected.high), abs=1e-12)


# Means


def test_draws_of_means_do_not_depend_on_how_many_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(101)
    bounds = []
    for step in (1, 1000, 1 << 22):
        monkeypatch.setattr(bootstrap, "DRAWN_AT_ONCE", step)
        bounds.append(bootstrap_mean(values, "bleu", settings(99)))
    assert bounds[0] == bounds[1] == bounds[2]


def test_means_and_shares_resample_texts() -> None:
    outcomes, texts = clustered(3, 150)
    hits = in_category(outcomes, "total")
    expected = tuple(np.quantile(resampled_by_text(hits.astype(float), texts, 2000), [LOW, HIGH]))
    assert bootstrap_mean(hits.astype(float), "bleu", settings(4000), texts) == pytest.approx(expected, abs=0.015)
    assert bootstrap_share(hits, "bleu", settings(4000), texts) == pytest.approx(expected, abs=0.015)


def test_each_purpose_has_draws_of_its_own() -> None:
    values = np.random.default_rng(0).random(50)
    assert bootstrap_mean(values, "bleu", settings(99)) == bootstrap_mean(values, "bleu", settings(99))
    assert bootstrap_mean(values, "bleu", settings(99)) != bootstrap_mean(values, "rouge", settings(99))


# Values of sums


def test_an_interval_of_sums_is_that_of_the_mean_where_the_sum_is_divided_by_n() -> None:
    values = np.random.default_rng(4).normal(size=70)
    wide = Statistics(draws=300, low=0.05, high=0.95, seed=1)
    mean = bootstrap_mean(values, "length", wide)
    sums = bootstrap_sums(values[:, None], lambda drawn: drawn[:, 0] / 70, "length", wide)
    assert sums == pytest.approx(mean, abs=1e-12)


def test_an_interval_of_sums_does_not_depend_on_how_many_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = np.random.default_rng(5).integers(9, size=(30, 4))

    def ratio(drawn: np.ndarray) -> np.ndarray:
        return drawn[:, 0] / drawn[:, 1:].sum(axis=1)

    at_once = bootstrap_sums(counts, ratio, "ratio", Statistics(draws=101, **WIDE))
    monkeypatch.setattr(bootstrap, "DRAWN_AT_ONCE", 500)
    assert bootstrap_sums(counts, ratio, "ratio", Statistics(draws=101, **WIDE)) == at_once


def test_sums_of_rows_of_one_text_are_resampled_together() -> None:
    counts = np.random.default_rng(6).integers(9, size=(20, 3))
    ratio = (lambda drawn: drawn[:, 0] / drawn.sum(axis=1), "ratio", Statistics(draws=200, **WIDE))
    each_its_own = bootstrap_sums(counts, *ratio)
    assert bootstrap_sums(counts, *ratio, clusters=range(20)) == each_its_own
    # Three times the same row under one text is one row of three times the counts, and the ratio does not change.
    thrice = np.repeat(counts, 3, axis=0)
    together = bootstrap_sums(thrice, *ratio, clusters=np.repeat(range(20), 3).tolist())
    apart = bootstrap_sums(thrice, *ratio)
    assert together == pytest.approx(each_its_own)
    assert apart[1] - apart[0] < together[1] - together[0]


# Spearman's rank correlation


@pytest.mark.parametrize("ties", [False, True])
def test_spearman_s_interval_is_that_of_scipy(ties: bool) -> None:
    generator = np.random.default_rng(1)
    x = generator.random(60)
    y = x + 0.5 * generator.random(60)
    if ties:
        y = (y > 0.7).astype(float)

    value, low, high, draws = bootstrap_spearman(x, y, "test", settings(4000))

    reference = stats.bootstrap(
        (x, y),
        lambda a, b: spearmanr(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert value == pytest.approx(spearmanr(x, y).statistic)
    assert (low, high) == (pytest.approx(reference.low, abs=0.03), pytest.approx(reference.high, abs=0.03))
    assert draws == 4000


def test_spearman_resamples_texts_with_all_of_their_probes() -> None:
    generator = np.random.default_rng(4)
    texts = generator.integers(25, size=80)
    x = generator.random(25)[texts] + 0.1 * generator.random(80)
    y = (x + generator.random(25)[texts] > 1.1).astype(float)

    value, low, high, draws = bootstrap_spearman(x, y, "test", settings(3000), [f"t{text}" for text in texts])

    members = [np.flatnonzero(texts == text) for text in np.unique(texts)]
    drawn = []
    for _ in range(2000):
        chosen = np.concatenate([members[text] for text in generator.integers(len(members), size=len(members))])
        drawn.append(spearmanr(x[chosen], y[chosen]).statistic)
    assert value == pytest.approx(spearmanr(x, y).statistic)
    assert (low, high) == tuple(pytest.approx(bound, abs=0.04) for bound in np.quantile(drawn, [LOW, HIGH]))
    assert draws == 3000
    alone = bootstrap_spearman(x, y, "test", settings(3000))
    assert alone[0] == value
    assert alone[1] is not None
    assert low is not None
    assert alone[1] > low + 0.03, "independent probes would give a narrower interval"


def test_draws_of_equal_values_are_left_out_and_counted() -> None:
    x, y = np.arange(3.0), np.array([0.0, 0.0, 1.0])

    value, low, high, draws = bootstrap_spearman(x, y, "test", settings(9000))

    assert value == pytest.approx(spearmanr(x, y).statistic)
    # y is constant where the third is never drawn (8 of 27 draws) or alone is (1 of 27); x is wherever y is.
    assert draws / 9000 == pytest.approx(18 / 27, abs=0.02)
    assert value is not None
    assert low is not None
    assert high is not None
    assert -1 <= low <= value <= high <= 1


@pytest.mark.parametrize(
    ("x", "y"), [([1, 2], [1, 2]), ([], []), ([1, 1, 1, 1], [1, 2, 3, 4]), ([1, 2, 3, 4], [0, 0, 0, 0])]
)
def test_there_is_no_correlation_of_few_or_equal_values(x: list[float], y: list[float]) -> None:
    nothing = (None, None, None, 0)
    assert bootstrap_spearman(np.array(x), np.array(y), "test", settings(50)) == nothing
