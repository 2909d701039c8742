"""Measured values beside published ones."""

from typing import Any

import numpy as np
import pytest
from sheets import context

from memorization.report.cells import Cell
from memorization.report.published import (
    caption,
    chance_of_disagreement,
    comparison,
    comparison_cells,
    difference_bounds,
    title,
)


def row(**values: Any) -> dict[str, Any]:
    plain = {"rate": 0.05, "low": 0.01, "high": 0.1, "exact_high": 0.11}
    return plain | {"published": 0.14, "published_low": 0.13, "published_high": None} | values


@pytest.mark.parametrize("missing", ["rate", "published"])
def test_nothing_is_compared_where_either_value_is_missing(missing: str) -> None:
    assert comparison(row(**{missing: None}), "rate", None) is None


@pytest.mark.parametrize(
    ("values", "error", "high", "agrees"),
    [
        # Without a published error, the published value is in the measured interval or not.
        ({}, None, 0.1, False),
        ({"published": 0.011}, None, 0.1, True),
        ({"published": 0.099}, None, 0.1, True),
        ({"published": 0.009}, None, 0.1, False),
        # 9 points apart: the measured error reaches up by 5, the published one down by 7 or 8, together 8.6 or 9.4.
        ({}, (0.07, 0.15), 0.1, False),
        ({}, (0.06, 0.15), 0.1, True),
        # Its other end does not count.
        ({}, (0.13, 0.9), 0.1, False),
        # The bootstrap interval of a share of 0 is [0, 0]; the exact bound counts.
        ({"rate": 0.0, "low": 0.0, "high": 0.0, "published": 0.03}, None, 0.11, True),
    ],
)
def test_values_agree_where_their_errors_together_reach_as_far_as_their_difference(
    values: dict[str, Any], error: tuple[float, float] | None, high: float, agrees: bool
) -> None:
    compared = comparison(row(**values), "rate", error)
    assert compared is not None
    assert (compared["high"], compared["agrees"]) == (high, agrees)
    assert compared["difference"] == pytest.approx(compared["measured"] - compared["published"])
    assert compared["difference_low"] <= compared["difference"] <= compared["difference_high"]


def test_the_halves_of_both_intervals_are_added_in_quadrature() -> None:
    bounds = difference_bounds(0.5, (0.47, 0.56), 0.2, (0.12, 0.24))
    # 3 down and 4 up, 6 up and 8 down.
    assert bounds == pytest.approx((0.3 - 0.05, 0.3 + 0.1))


@pytest.mark.parametrize(("both_errors", "expected"), [(True, 0.05), (False, 0.1658)])
def test_a_perfect_replication_disagrees_as_often_as_stated(both_errors: bool, expected: float) -> None:
    statistics = {"low": 0.025, "high": 0.975}
    assert chance_of_disagreement(statistics, both_errors) == pytest.approx(expected, abs=1e-4)
    one, other = np.random.default_rng(0).normal(0.3, 0.01, size=(2, 20_000))
    half = 1.959964 * 0.01
    disagree = 0
    for measured, published in zip(one, other, strict=True):
        values = {"rate": measured, "low": measured - half, "high": measured + half, "published": published}
        compared = comparison(row(**values), "rate", (published - half, published + half) if both_errors else None)
        assert compared is not None
        disagree += not compared["agrees"]
    assert disagree / 20_000 == pytest.approx(expected, abs=0.01)


def test_a_comparison_is_printed_in_percent() -> None:
    compared = comparison(row(published_high=0.15), "rate", (0.13, 0.15))
    assert compared is not None
    assert comparison_cells(compared | {"n": 1000}, "probes") == {
        "Published": Cell("14.00% [13.00, 15.00]", 0.14, 0.13, 0.15, "fraction"),
        "Measured": Cell("5.00% [1.00, 10.00]", 0.05, 0.01, 0.1, "fraction"),
        "Difference": Cell(
            "-9.00 [-13.12, -3.90]",
            compared["difference"],
            compared["difference_low"],
            compared["difference_high"],
            "fraction",
        ),
        "Agrees": Cell("no", 0.0),
        "n": Cell("1,000", 1000, unit="probes"),
    }


@pytest.mark.parametrize(
    ("error", "allowed"),
    [
        ("of 10,000 probes", "both errors, added in quadrature (of 10,000 probes). A perfect replication disagrees by"),
        ("", "the measured error alone, because the paper states none. A perfect replication disagrees by"),
    ],
)
def test_the_caption_counts_what_agrees_and_states_how_often_it_need_not(error: str, allowed: str) -> None:
    rows = [{"agrees": agrees} for agrees in (True, False, False)]
    text = caption(rows, context(), "numbers", "nothing was found", error)
    assert text.startswith("1 of 3 published numbers agree with the measured ones: the interval of the difference")
    assert f"{allowed} chance in {5 if error else 17}% of the numbers" in text
    assert "95% bootstrap intervals (200 draws, " in text
    assert "up to the exact bound where nothing was found" in text
    assert title(context(title="Table 2")) == "Table 2: published and measured"
