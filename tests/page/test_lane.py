"""The picture of a rate: where its marks are, and what they say."""

import re
from typing import Any

import pytest

from memorization.page.lane import between, lane, percent

TOTAL = {
    "rate": 0.2,
    "low": 0.1,
    "high": 0.3,
    "exact_high": 0.35,
    "control_rate": 0.05,
    "control_low": 0.0,
    "control_high": 0.1,
    "control_exact_high": 0.15,
    "ceiling": 0.9,
    "published": None,
}


def rows(**changed: Any) -> dict[str, dict[str, Any]]:
    return {"total": TOTAL | changed, "verbatim": {"rate": 0.15}, "idea": {"rate": 0.0}, "paraphrase": {"rate": 0.05}}


def test_marks_are_at_their_shares_of_the_axis() -> None:
    picture = lane(rows(), {"rate": 0.02}, 1.0)

    assert '<rect class="verbatim" x="0.00%" y="36" width="15.00%"' in picture
    assert '<rect class="paraphrase" x="15.00%" y="36" width="5.00%"' in picture
    assert 'class="idea"' not in picture
    assert '<rect class="range" x="5.00%" y="32" width="85.00%"' in picture
    assert '<line x1="10.00%" x2="30.00%"' in picture
    assert '<svg class="floor" x="5.00%"' in picture
    assert '<svg class="ceiling" x="90.00%"' in picture
    assert '<line class="base" x1="2.00%"' in picture
    assert 'aria-label="rate 20%, floor 5%, ceiling 90%, before fine-tuning 2%"' in picture


def test_a_shorter_axis_has_its_own_numbers_and_ends_what_is_longer() -> None:
    picture = lane(rows(), None, 0.4)

    assert re.findall(r"<text [^>]*>([^<]*)</text>", picture) == ["0%", "10%", "20%", "30%", "40%"]
    assert '<rect class="verbatim" x="0.00%" y="36" width="37.50%"' in picture
    assert '<svg class="ceiling" x="100.00%"' in picture
    assert 'class="base"' not in picture
    assert 'class="published"' not in picture


def test_a_published_rate_is_beside_the_measured_one() -> None:
    picture = lane(rows(published=0.25), None, 1.0)

    assert '<svg class="published" x="25.00%" y="22" overflow="visible" data-tip="published: 25%">' in picture
    assert 'ceiling 90%, published 25%"' in picture


def test_a_rate_of_zero_has_its_exact_bound() -> None:
    picture = lane({"total": TOTAL | {"rate": 0.0, "low": 0.0, "high": 0.0, "control_rate": 0.0}}, None, 1.0)

    assert 'data-tip="rate: 0%, interval 0 to 35%"' in picture
    assert 'data-tip="floor: 0% of texts that it never saw, at most 15%"' in picture


def test_what_was_not_measured_is_not_drawn() -> None:
    picture = lane(rows(control_rate=None, ceiling=None), None, 1.0)

    assert not re.search('class="(floor|ceiling|range|base)"', picture)


@pytest.mark.parametrize(("fraction", "shown"), [(0.3, "30%"), (0.0333, "3.3%"), (-0.0001, "0%"), (1.0, "100%")])
def test_percentages_have_one_digit_at_most(fraction: float, shown: str) -> None:
    assert percent(fraction) == shown
    assert between(0, fraction) == f"0 to {shown.removesuffix('%')}"
