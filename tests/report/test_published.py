"""Measured values beside published ones."""

from typing import Any

import pytest
from sheets import context

from memorization.report.cells import Cell
from memorization.report.published import caption, comparison, comparison_cells, title


def row(**values: Any) -> dict[str, Any]:
    plain = {"rate": 0.05, "low": 0.01, "high": 0.1, "exact_high": 0.11}
    return plain | {"published": 0.14, "published_low": 0.13, "published_high": None} | values


@pytest.mark.parametrize("missing", ["rate", "published"])
def test_nothing_is_compared_where_either_value_is_missing(missing: str) -> None:
    assert comparison(row(**{missing: None}), "rate") is None


@pytest.mark.parametrize(
    ("values", "high", "inside"),
    [
        ({}, 0.1, False),
        ({"published": 0.01}, 0.1, True),
        ({"published": 0.1}, 0.1, True),
        ({"published": 0.009}, 0.1, False),
        # The bootstrap interval of a share of 0 is [0, 0]; the exact bound counts.
        ({"rate": 0.0, "low": 0.0, "high": 0.0, "published": 0.03}, 0.11, True),
    ],
)
def test_a_published_value_is_inside_of_the_measured_interval_or_not(
    values: dict[str, Any], high: float, inside: bool
) -> None:
    compared = comparison(row(**values), "rate")
    assert compared is not None
    assert (compared["high"], compared["inside"]) == (high, inside)
    assert compared["difference"] == pytest.approx(compared["measured"] - compared["published"])


def test_a_comparison_is_printed_in_percent() -> None:
    compared = comparison(row(published_high=0.15), "rate")
    assert compared is not None
    assert comparison_cells(compared | {"n": 1000}, "probes") == {
        "Published": Cell("14.00% [13.00, 15.00]", 0.14, 0.13, 0.15, "fraction"),
        "Measured": Cell("5.00% [1.00, 10.00]", 0.05, 0.01, 0.1, "fraction"),
        "Difference": Cell("-9.00", compared["difference"], unit="fraction"),
        "Inside": Cell("no", 0.0),
        "n": Cell("1,000", 1000, unit="probes"),
    }


def test_the_caption_counts_what_is_inside() -> None:
    rows = [{"inside": inside} for inside in (True, False, False)]
    text = caption(rows, context(), "numbers", "nothing was found")
    assert text.startswith("1 of 3 published numbers lie in the measured interval (95% bootstrap intervals (200 draws,")
    assert "up to the exact bound where nothing was found)" in text
    assert title(context(title="Table 2")) == "Table 2: published and measured"
