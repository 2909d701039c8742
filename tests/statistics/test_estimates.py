"""Estimates of the other definitions: units, probes that count, and intervals against scipy and against rates."""

import numpy as np
import pyarrow as pa
import pytest
from samples import allowed, quantile_error, scipy_bounds, settings

from memorization.schemas.definitions import DefinitionsTable
from memorization.statistics import bootstrap
from memorization.statistics.bootstrap import clopper_pearson
from memorization.statistics.estimates import DEFINITIONS, Estimate, estimates
from memorization.statistics.rates import RunOutcomes, rates


def definitions_of(n: int, **columns: list[object]) -> pa.Table:
    """The table `definitions` with the given columns; the others are false or 0."""
    schema = DefinitionsTable.arrow()
    nothing = {field.name: [False if pa.types.is_boolean(field.type) else 0] * n for field in schema}
    return pa.table(nothing | columns, schema=schema)


def estimate(table: pa.Table, name: str, draws: int = 4000) -> Estimate:
    return next(each for each in estimates(table, settings(draws, 1)) if each.definition == name)


def test_every_definition_is_estimated_in_its_unit() -> None:
    rows = estimates(definitions_of(3), settings(10))
    assert [each.definition for each in rows] == list(DEFINITIONS)
    assert {each.unit for each in rows} == {"fraction", "tokens", "characters"}
    assert all((each.count is None) == (each.exact_high is None) for each in rows)


def test_shares_count_the_probes_for_which_the_definition_has_a_value() -> None:
    table = definitions_of(6, extractable=[True, None, False, None, True, False])
    share = estimate(table, "extractable")
    assert (share.n, share.count, share.value) == (4, 2, 0.5)
    assert (share.exact_low, share.exact_high) == clopper_pearson(2, 4, settings(1))


def test_shares_have_the_intervals_of_rates() -> None:
    hits = np.random.default_rng(0).random(500) < 0.2
    share = estimate(definitions_of(500, approximate=hits.tolist()), "approximate")
    rate = rates(RunOutcomes(["verbatim" if hit else "none" for hit in hits]), settings(4000, 1))[1]
    tolerance = allowed(rate.rate, 500, 4000)
    assert (share.value, share.exact_low, share.exact_high) == (rate.rate, rate.exact_low, rate.exact_high)
    assert share.low == pytest.approx(rate.low, abs=tolerance)
    assert share.high == pytest.approx(rate.high, abs=tolerance)


def test_a_definition_without_a_value_for_any_probe_has_no_estimate() -> None:
    nothing = Estimate("match_in_prefix", "fraction")
    assert estimate(definitions_of(2, match_in_prefix=[None, None]), "match_in_prefix") == nothing
    assert {each.n for each in estimates(definitions_of(0), settings(10))} == {0}


def test_texts_are_those_of_the_probes_that_count() -> None:
    columns = {"extractable": [True, None, False, True], "match_in_prefix": [None, True, False, True]}
    without_nulls = definitions_of(3, extractable=[True, False, True])
    shares = [
        next(each for each in estimates(table, settings(50), texts) if each.definition == "extractable")
        for table, texts in ((definitions_of(4, **columns), [0, 1, 2, 2]), (without_nulls, [0, 2, 2]))
    ]
    assert shares[0] == shares[1]


@pytest.mark.parametrize("n", [50, 1000])
def test_intervals_of_means_are_those_of_resampled_values(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "DRAWN_AT_ONCE", 7 * n)
    draws = 4000
    values = np.random.default_rng(n).exponential(30, size=n).round()
    mean = estimate(definitions_of(n, equal_tokens=values.astype(int).tolist()), "equal_tokens", draws)
    expected = scipy_bounds((values,), np.mean, draws)
    tolerance = quantile_error(values.std() / np.sqrt(n), draws) + 1 / n
    assert (mean.n, mean.count, mean.value) == (n, None, pytest.approx(values.mean()))
    assert (mean.low, mean.high) == pytest.approx(expected, abs=tolerance)
