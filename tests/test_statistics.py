import random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from memorization import statistics, storage
from memorization.statistics import (
    CATEGORIES,
    DEFINITIONS,
    Estimate,
    Rate,
    bootstrap_mean,
    clopper_pearson,
    estimates,
    holm,
    in_category,
    matches,
    mcnemar,
    over_base,
    over_control,
    rates,
    table_of,
)

OUTCOMES = ("none", "verbatim", "idea", "paraphrase")
LOW, HIGH = 0.025, 0.975
OUTCOME_LISTS = st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=60)


def drawn(seed: int, n: int, shares: tuple[float, ...]) -> list[str]:
    return list(np.random.default_rng(seed).choice(OUTCOMES, size=n, p=shares))


def allowed(count_rate: float, n: int, draws: int) -> float:
    """Four standard errors of the difference of two 2.5% quantiles, each of `draws` draws, and one step of 1/n.

    The quantile of a normal distribution with standard deviation s has a standard error of
    s * sqrt(q (1 - q) / draws) / density(q); a bootstrapped rate moves in steps of 1/n.
    """
    deviation = np.sqrt(max(count_rate * (1 - count_rate), 1 / n) / n)
    error = deviation * np.sqrt(LOW * HIGH / draws) / stats.norm.pdf(stats.norm.ppf(LOW))
    return float(4 * np.sqrt(2) * error + 1 / n)


@pytest.mark.parametrize("n", [200, 500, 1000])
def test_intervals_are_those_of_resampled_rows(n: int) -> None:
    draws = 4000
    outcomes = drawn(n, n, (0.7, 0.05, 0.1, 0.15))
    for rate in rates(outcomes, draws, LOW, HIGH, seed=1):
        hits = in_category(outcomes, rate.category).astype(float)
        expected = stats.bootstrap(
            (hits,),
            np.mean,
            n_resamples=draws,
            confidence_level=HIGH - LOW,
            method="percentile",
            vectorized=True,
            rng=2,
        ).confidence_interval
        tolerance = allowed(rate.rate, n, draws)
        assert rate.low == pytest.approx(expected.low, abs=tolerance)
        assert rate.high == pytest.approx(expected.high, abs=tolerance)


@pytest.mark.parametrize("n", [200, 500, 1000])
def test_intervals_of_differences_are_those_of_resampled_pairs(n: int) -> None:
    draws = 4000
    base = drawn(n, n, (0.85, 0.05, 0.05, 0.05))
    fresh = drawn(n + 1, n, (0.5, 0.2, 0.1, 0.2))
    # Half of the probes keep their outcome, so that the pairs depend on one another.
    keep = np.random.default_rng(n + 2).random(n) < 0.5
    fine_tuned = [old if kept else new for old, new, kept in zip(base, fresh, keep, strict=True)]
    for rate in over_base(base, fine_tuned, draws, LOW, HIGH, seed=1):
        before, after = (in_category(each, rate.category).astype(float) for each in (base, fine_tuned))
        expected = stats.bootstrap(
            (before, after),
            lambda x, y, axis: np.mean(y, axis=axis) - np.mean(x, axis=axis),
            paired=True,
            n_resamples=draws,
            confidence_level=HIGH - LOW,
            method="percentile",
            vectorized=True,
            rng=2,
        ).confidence_interval
        changed = float(np.mean(before != after))
        tolerance = allowed(changed / 2, n, draws) * np.sqrt(2)
        assert rate.difference == pytest.approx(np.mean(after) - np.mean(before))
        assert rate.low == pytest.approx(expected.low, abs=tolerance)
        assert rate.high == pytest.approx(expected.high, abs=tolerance)


def test_pairing_makes_intervals_shorter_than_two_independent_samples() -> None:
    base = ["none"] * 160 + ["verbatim"] * 40
    fine_tuned = ["none"] * 150 + ["verbatim"] * 50
    paired = over_base(base, fine_tuned, 2000, LOW, HIGH, seed=0)[0]
    apart = over_base(base, fine_tuned[::-1], 2000, LOW, HIGH, seed=0)[0]
    assert paired.difference == apart.difference == pytest.approx(0.05)
    assert paired.high - paired.low < 0.5 * (apart.high - apart.low)


@pytest.mark.parametrize("n", [1, 7, 50, 1000])
def test_exact_bounds_are_those_of_clopper_and_pearson(n: int) -> None:
    for count in {0, 1, n // 3, n - 1, n}:
        expected = stats.binomtest(count, n).proportion_ci(0.95, method="exact")
        assert clopper_pearson(count, n, LOW, HIGH) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_none_of_n_has_an_empty_interval_and_a_positive_exact_bound() -> None:
    for rate in rates(["none"] * 40, 1000, LOW, HIGH, seed=0):
        assert (rate.count, rate.rate, rate.low, rate.high, rate.exact_low) == (0, 0, 0, 0, 0)
        assert rate.exact_high == pytest.approx(1 - LOW ** (1 / 40))


def test_all_of_n_has_an_empty_interval_and_an_exact_bound_below_one() -> None:
    total, verbatim, idea, _ = rates(["verbatim"] * 40, 1000, LOW, HIGH, seed=0)
    for rate in (total, verbatim):
        assert (rate.count, rate.rate, rate.low, rate.high, rate.exact_high) == (40, 1, 1, 1, 1)
        assert rate.exact_low == pytest.approx(LOW ** (1 / 40))
    assert idea.count == 0


def test_one_probe_is_enough() -> None:
    assert [rate.rate for rate in rates(["idea"], 10, LOW, HIGH, seed=0)] == [1, 0, 1, 0]
    assert [rate.difference for rate in over_base(["idea"], ["none"], 10, LOW, HIGH, seed=0)] == [-1, 0, -1, 0]


def test_the_same_seed_gives_the_same_intervals_and_another_seed_others() -> None:
    outcomes, base = drawn(0, 300, (0.7, 0.1, 0.1, 0.1)), drawn(1, 300, (0.7, 0.1, 0.1, 0.1))
    assert rates(outcomes, 500, LOW, HIGH, 3) == rates(outcomes, 500, LOW, HIGH, 3)
    assert rates(outcomes, 500, LOW, HIGH, 3) != rates(outcomes, 500, LOW, HIGH, 4)
    assert over_base(base, outcomes, 500, LOW, HIGH, 3) == over_base(base, outcomes, 500, LOW, HIGH, 3)


def test_one_category_does_not_shift_the_draws_of_another() -> None:
    one = rates(["verbatim"] * 20 + ["none"] * 80, 500, LOW, HIGH, 0)
    other = rates(["verbatim"] * 20 + ["idea"] * 30 + ["none"] * 50, 500, LOW, HIGH, 0)
    assert one[1] == other[1]


@pytest.mark.parametrize("p", [0.02, 0.1, 0.5])
def test_intervals_cover_the_true_rate_about_as_often_as_they_say(p: float) -> None:
    n = 400
    covered = exactly = 0.0
    # Every count that can come out, weighted by how often it does.
    for count, chance in enumerate(stats.binom.pmf(range(n + 1), n, p)):
        if chance > 1e-6:
            rate = rates(["idea"] * count + ["none"] * (n - count), 1000, LOW, HIGH, seed=count)[0]
            assert rate.exact_low is not None
            assert rate.exact_high is not None
            covered += chance * (rate.low <= p <= rate.high)
            exactly += chance * (rate.exact_low <= p <= rate.exact_high)
    # The percentile interval falls short for rare outcomes: that is why the exact one stands beside it.
    assert (0.90 if p < 0.05 else 0.93) <= covered <= 0.97
    assert 0.95 <= exactly <= 0.98


def test_no_outcome_and_unpaired_outcomes_are_refused() -> None:
    with pytest.raises(ValueError, match="no outcomes"):
        rates([], 10, LOW, HIGH, 0)
    with pytest.raises(ValueError, match="3 and 2"):
        over_base(["none"] * 3, ["none"] * 2, 10, LOW, HIGH, 0)
    with pytest.raises(ValueError, match="paired outcomes"):
        over_base([], [], 10, LOW, HIGH, 0)


def consistent(found: list[Rate]) -> bool:
    return [rate.category for rate in found] == list(CATEGORIES) and found[0].count == sum(r.count for r in found[1:])


@given(OUTCOME_LISTS, st.integers(0, 100))
def test_rates_are_fractions_inside_both_intervals_and_add_up(outcomes: list[str], seed: int) -> None:
    found = rates(outcomes, 200, LOW, HIGH, seed)
    assert consistent(found)
    for rate in found:
        assert rate.n == len(outcomes)
        assert rate.rate == rate.count / rate.n
        assert 0 <= rate.low <= rate.high <= 1
        assert 0 <= rate.exact_low <= rate.rate <= rate.exact_high <= 1


@given(OUTCOME_LISTS, st.randoms(use_true_random=False))
def test_differences_add_up_and_change_sign_with_their_order(base: list[str], shuffler: random.Random) -> None:
    fine_tuned = base.copy()
    shuffler.shuffle(fine_tuned)
    there, back = (over_base(*pair, 50, LOW, HIGH, 0) for pair in ((base, fine_tuned), (fine_tuned, base)))
    assert there[0].difference == pytest.approx(sum(each.difference for each in there[1:]))
    for one, other in zip(there, back, strict=True):
        assert one.difference == -other.difference
        assert one.p_value == other.p_value
        assert -1 <= one.low <= one.high <= 1


@given(OUTCOME_LISTS)
def test_nothing_changed_is_no_difference(outcomes: list[str]) -> None:
    for rate in over_base(outcomes, outcomes, 50, LOW, HIGH, 0):
        assert (rate.difference, rate.low, rate.high, rate.p_value) == (0, 0, 0, 1)


def test_rows_have_the_schema_of_rates() -> None:
    coordinates = {
        "dataset": "news",
        "task": "qa",
        "model": "t5",
        "state": "full",
        "epoch": "3",
        "population": "member",
        "prefix_tokens": "50",
        "decoding": "greedy",
    }
    found = rates(["idea", "none"], 10, LOW, HIGH, 0)
    table = table_of(found, coordinates, input_texts=2, generated_tokens=7.5, own_matches=0, matched_suffixes=1)
    assert table.schema.equals(storage.SCHEMAS["rates"])
    assert table["epoch"].to_pylist() == [3] * 4
    assert table["category"].to_pylist() == list(CATEGORIES)


def test_matches_are_told_by_whose_suffix_they_are_with() -> None:
    outcomes = pa.table({"document": [4, 4, 2, None], "own_suffix": [False, True, True, None]})
    assert matches(outcomes) == {"own_matches": 2, "matched_suffixes": 2}
    assert matches(outcomes.slice(3)) == {"own_matches": 0, "matched_suffixes": 0}


def definitions_of(n: int, **columns: list[object]) -> pa.Table:
    """A table of schema `definitions` with the given columns, and nothing found in the others."""
    schema = storage.SCHEMAS["definitions"]
    nothing = {field.name: [False if pa.types.is_boolean(field.type) else 0] * n for field in schema}
    return pa.table(nothing | columns, schema=schema)


def estimate(table: pa.Table, name: str, draws: int = 4000, seed: int = 1) -> Estimate:
    return next(each for each in estimates(table, draws, LOW, HIGH, seed) if each.definition == name)


def test_every_definition_is_estimated_in_its_unit() -> None:
    found = estimates(definitions_of(3), 10, LOW, HIGH, 0)
    assert [each.definition for each in found] == list(DEFINITIONS)
    units = {each.unit: each for each in found}
    assert set(units) == {"fraction", "tokens", "characters"}
    assert all((each.count is None) == (each.exact_high is None) for each in found)


def test_shares_are_of_the_probes_that_can_be_told() -> None:
    table = definitions_of(6, extractable=[True, None, False, None, True, False])
    share = estimate(table, "extractable")
    assert (share.n, share.count, share.value) == (4, 2, 0.5)
    assert (share.exact_low, share.exact_high) == clopper_pearson(2, 4, LOW, HIGH)


def test_shares_have_the_intervals_of_rates() -> None:
    held = np.random.default_rng(0).random(500) < 0.2
    share = estimate(definitions_of(500, approximate=held.tolist()), "approximate")
    rate = rates(["verbatim" if each else "none" for each in held], 4000, LOW, HIGH, 1)[1]
    tolerance = allowed(rate.rate, 500, 4000)
    assert (share.value, share.exact_low, share.exact_high) == (rate.rate, rate.exact_low, rate.exact_high)
    assert share.low == pytest.approx(rate.low, abs=tolerance)
    assert share.high == pytest.approx(rate.high, abs=tolerance)


def test_what_can_be_told_of_no_probe_has_no_value() -> None:
    nothing = Estimate("match_in_prefix", "fraction", 0)
    assert estimate(definitions_of(2, match_in_prefix=[None, None]), "match_in_prefix") == nothing
    assert {each.n for each in estimates(definitions_of(0), 10, LOW, HIGH, 0)} == {0}


@pytest.mark.parametrize("n", [50, 1000])
def test_intervals_of_means_are_those_of_resampled_values(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "DRAWN_AT_ONCE", 7 * n)
    draws = 4000
    values = np.random.default_rng(n).exponential(30, size=n).round()
    mean = estimate(definitions_of(n, equal_tokens=values.astype(int).tolist()), "equal_tokens", draws)
    expected = stats.bootstrap(
        (values,), np.mean, n_resamples=draws, confidence_level=HIGH - LOW, method="percentile", rng=2
    ).confidence_interval
    deviation = values.std() / np.sqrt(n)
    error = deviation * np.sqrt(LOW * HIGH / draws) / stats.norm.pdf(stats.norm.ppf(LOW))
    tolerance = 4 * np.sqrt(2) * error + 1 / n
    assert (mean.n, mean.count, mean.value) == (n, None, pytest.approx(values.mean()))
    assert mean.low == pytest.approx(expected.low, abs=tolerance)
    assert mean.high == pytest.approx(expected.high, abs=tolerance)


def test_draws_of_means_do_not_depend_on_how_many_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(0).random(101)
    found = []
    for step in (1, 1000, 1 << 22):
        monkeypatch.setattr(statistics, "DRAWN_AT_ONCE", step)
        found.append(bootstrap_mean(values, "bleu", 99, LOW, HIGH, 0))
    assert found[0] == found[1] == found[2]


def test_estimates_have_the_schema_of_definition_rates() -> None:
    run = {"dataset": "news", "task": "qa", "model": "t5", "state": "full", "epoch": "3"}
    run |= {"population": "member", "prefix_tokens": "50", "decoding": "greedy"}
    table = table_of(estimates(definitions_of(4), 10, LOW, HIGH, 0), run, "definition_rates")
    assert table.schema.equals(storage.SCHEMAS["definition_rates"])
    assert table["definition"].to_pylist() == list(DEFINITIONS)


TEXTS = [0, 0, 0, 1, 2, 2, 3, 4, 4, 4, 4, 5]


def clustered(seed: int, texts: int) -> tuple[list[str], list[int]]:
    """Outcomes that depend on their text, one to six probes a text."""
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, 7, size=texts)
    chances = generator.beta(0.3, 1.2, size=texts)
    numbers = np.repeat(np.arange(texts), sizes)
    hits = generator.random(len(numbers)) < chances[numbers]
    return ["verbatim" if hit else "none" for hit in hits], numbers.tolist()


def resampled_by_text(values: np.ndarray, texts: list[int], draws: int) -> np.ndarray:
    """Means when texts are resampled row by row, each with its probes: the plain way."""
    generator = np.random.default_rng(5)
    of_text = [values[np.array(texts) == text] for text in sorted(set(texts))]
    return np.array(
        [
            np.concatenate([of_text[index] for index in generator.integers(len(of_text), size=len(of_text))]).mean()
            for _ in range(draws)
        ]
    )


def test_probes_of_one_text_are_resampled_together() -> None:
    outcomes, texts = clustered(3, 150)
    rate = rates(outcomes, 4000, LOW, HIGH, 1, texts=texts)[0]
    expected = np.quantile(resampled_by_text(in_category(outcomes, "total").astype(float), texts, 2000), [LOW, HIGH])
    assert (rate.low, rate.high) == pytest.approx(tuple(expected), abs=0.015)
    alone = rates(outcomes, 4000, LOW, HIGH, 1)[0]
    assert rate.rate == alone.rate
    assert rate.high - rate.low > 1.3 * (alone.high - alone.low)


def test_differences_and_means_resample_texts_too() -> None:
    base, texts = clustered(3, 150)
    fine_tuned = clustered(4, 150)[0][: len(base)]
    fine_tuned += ["none"] * (len(base) - len(fine_tuned))
    change = in_category(fine_tuned, "total").astype(float) - in_category(base, "total")
    expected = np.quantile(resampled_by_text(change, texts, 2000), [LOW, HIGH])
    paired = over_base(base, fine_tuned, 4000, LOW, HIGH, 1, texts=texts)[0]
    assert (paired.low, paired.high) == pytest.approx(tuple(expected), abs=0.02)
    values = in_category(base, "total").astype(float)
    expected = np.quantile(resampled_by_text(values, texts, 2000), [LOW, HIGH])
    assert bootstrap_mean(values, "bleu", 4000, LOW, HIGH, 0, texts) == pytest.approx(tuple(expected), abs=0.015)


def test_a_text_for_each_probe_changes_nothing() -> None:
    outcomes = drawn(0, 60, (0.5, 0.2, 0.2, 0.1))
    other = drawn(1, 60, (0.5, 0.2, 0.2, 0.1))
    texts = list(range(60))[::-1]
    assert rates(outcomes, 100, LOW, HIGH, 1, texts=texts) == rates(outcomes, 100, LOW, HIGH, 1)
    assert over_base(outcomes, other, 100, LOW, HIGH, 1, texts=texts) == over_base(outcomes, other, 100, LOW, HIGH, 1)


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (1, 0), (5, 5), (12, 3), (3, 12), (40, 11), (0, 7)])
def test_mcnemars_test_is_a_sign_test_of_what_changed(gained: int, lost: int) -> None:
    expected = stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0
    assert mcnemar(gained, lost) == pytest.approx(expected)


def test_significance_counts_texts_not_probes() -> None:
    # One text of four probes gained, nothing else changed: as good as one pair.
    base = ["none"] * len(TEXTS)
    fine_tuned = ["verbatim" if text == 4 else "none" for text in TEXTS]
    assert over_base(base, fine_tuned, 10, LOW, HIGH, 0)[0].p_value == pytest.approx(2 / 2**4)
    assert over_base(base, fine_tuned, 10, LOW, HIGH, 0, texts=TEXTS)[0].p_value == 1.0
    control = ["none"] * 5
    together = over_control(fine_tuned, control, 10, LOW, HIGH, 0, texts=TEXTS)[0]
    assert together.p_value == pytest.approx(stats.fisher_exact([[1, 5], [0, 5]]).pvalue)


def test_members_and_controls_are_resampled_apart() -> None:
    member, control = drawn(0, 400, (0.6, 0.2, 0.1, 0.1)), drawn(1, 150, (0.9, 0.02, 0.04, 0.04))
    found = over_control(member, control, 4000, LOW, HIGH, 1)[0]
    sides = [in_category(each, "total").astype(float) for each in (member, control)]
    expected = stats.bootstrap(
        sides,
        lambda x, y, axis: np.mean(x, axis=axis) - np.mean(y, axis=axis),
        n_resamples=4000,
        method="percentile",
        vectorized=True,
        rng=2,
    ).confidence_interval
    assert found.difference == pytest.approx(sides[0].mean() - sides[1].mean())
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=0.02)
    table = [[int(side.sum()), int((1 - side).sum())] for side in sides]
    assert found.p_value == pytest.approx(stats.fisher_exact(table).pvalue)
    assert (found.n, found.n_versus) == (400, 150)
    with pytest.raises(ValueError, match="2 and 0"):
        over_control(["none"] * 2, [], 10, LOW, HIGH, 0)


def test_holms_correction_steps_down_and_never_falls() -> None:
    # By hand: 0.01 * 4, 0.02 * 3, then 0.03 * 2 and 0.04 * 1, neither below the one before.
    assert holm([0.04, 0.01, 0.03, 0.02]) == pytest.approx([0.06, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([]) == []
