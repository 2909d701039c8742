"""Which upper bound is shown."""

import pytest

from memorization.report.bounds import is_zero_share, upper_bound


@pytest.mark.parametrize(
    ("value", "exact_high", "expected"),
    [(0.0, 0.036, 0.036), (0.2, 0.31, 0.3), (0.0, None, 0.3), (0.2, None, 0.3)],
)
def test_the_exact_bound_counts_where_a_share_is_zero(value: float, exact_high: float | None, expected: float) -> None:
    row = {"quality": value, "quality_high": 0.3, "quality_exact_high": exact_high}
    assert upper_bound(row, "quality", "quality_") == expected
    assert is_zero_share(row, "quality", "quality_") == (expected == 0.036)


def test_a_value_without_exact_bounds_is_no_share() -> None:
    assert upper_bound({"value": 0.0, "high": 0.0}, "value") == 0.0
