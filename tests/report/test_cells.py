"""Cells: numbers as people read them, and the value, interval and unit behind them."""

import math
from typing import Any

import pytest

from memorization.report import cells
from memorization.report.cells import Cell


def row(**values: Any) -> dict[str, Any]:
    return {"rate": 0.0, "low": 0.0, "high": 0.0, "exact_high": 0.0, "control_rate": None} | values


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"rate": 0.12, "low": 0.0601, "high": 0.19}, "12.00% [6.01, 19.00]"),
        ({"rate": 1.0, "low": 1.0, "high": 1.0}, "100.00% [100.00, 100.00]"),
        ({"exact_high": 0.03622}, "0.00% (≤ 3.62%)"),
        ({"rate": 0.0001, "low": 0.0, "high": 0.0003}, "0.01% [0.00, 0.03]"),
        ({"exact_high": None}, "0.00% [0.00, 0.00]"),
    ],
)
def test_a_cell_shows_the_rate_in_percent_with_its_interval(values: dict[str, Any], shown: str) -> None:
    assert cells.rate(row(**values)).text == shown


def test_a_rate_keeps_its_value_and_its_bounds_as_fractions() -> None:
    assert cells.rate(row(rate=0.12, low=0.06, high=0.19)) == Cell("12.00% [6.00, 19.00]", 0.12, 0.06, 0.19, "fraction")
    assert cells.rate(row(exact_high=0.5), sign="") == Cell("0.00 (≤ 50.00)", 0.0, 0.0, 0.5, "fraction")


def test_a_control_is_shown_as_a_rate_and_none_as_nothing() -> None:
    assert cells.control(row()) == Cell()
    controlled = {"control_rate": 0.02, "control_low": 0.0, "control_high": 0.05, "control_exact_high": 0.1}
    assert cells.control(row(**controlled)).text == "2.00% [0.00, 5.00]"
    assert cells.control(row(**controlled | {"control_rate": 0.0})).text == "0.00% (≤ 10.00%)"


@pytest.mark.parametrize(
    ("difference", "low", "high", "p", "shown"),
    [
        (None, None, None, None, ""),
        (0.0, 0.0, 0.0, 1.0, "-"),
        (0.03, -0.01, 0.07, 0.4, "↑3.00% [-1.00, +7.00]"),
        (-0.03, -0.07, 0.01, 0.05, "↓3.00% [-7.00, +1.00]"),
        (0.0, -0.02, 0.02, 1.0, "0.00% [-2.00, +2.00]"),
        (0.03, -0.00004, 0.07, 0.4, "↑3.00% [0.00, +7.00]"),
        (-0.03, -0.07, 0.0, 0.4, "↓3.00% [-7.00, 0.00]"),
        (0.05, 0.01, 0.09, 0.049, "↑5.00%* [+1.00, +9.00]"),
        (0.05, 0.01, 0.09, 0.009, "↑5.00%** [+1.00, +9.00]"),
        (0.05, 0.01, 0.09, 0.0009, "↑5.00%*** [+1.00, +9.00]"),
    ],
)
def test_a_difference_shows_its_direction_and_significance(
    difference: float | None, low: float | None, high: float | None, p: float | None, shown: str
) -> None:
    names = ("over_base", "over_base_low", "over_base_high", "over_base_p_holm")
    values = dict(zip(names, (difference, low, high, p), strict=True))
    assert cells.difference(values, "over_base").text == shown


ENTITIES = {"entities": 2.5, "entities_low": 1.0, "entities_high": 4.0}


def test_entities_are_numbers_with_their_unit() -> None:
    assert cells.entities(ENTITIES) == Cell("2.50 [1.00, 4.00]", 2.5, 1.0, 4.0, "entities")
    controls = {f"control_{name}": value for name, value in ENTITIES.items()}
    assert cells.entities(controls, "control_") == cells.entities(ENTITIES)
    assert cells.entities(dict.fromkeys(ENTITIES)) == Cell()
    assert cells.entities(ENTITIES | {"entities_low": 2.5, "entities_high": 2.5}).text == "2.50"
    unknown = ENTITIES | {"entities_high": math.inf}
    assert cells.entities(unknown).text == "2.50 [1.00, ∞]"


@pytest.mark.parametrize(
    ("difference", "low", "high", "p", "shown"),
    [
        (None, None, None, None, ""),
        (0.0, 0.0, 0.0, 1.0, "-"),
        (0.5, -0.001, 1.0, 0.04, "↑0.50* [0.00, +1.00]"),
        (-3.0, -math.inf, math.inf, 1.0, "↓3.00 [-∞, +∞]"),
    ],
)
def test_a_difference_in_entities_shows_its_direction_and_significance(
    difference: float | None, low: float | None, high: float | None, p: float | None, shown: str
) -> None:
    names = ("entities_over_base", *(f"entities_over_base_{part}" for part in ("low", "high", "p_holm")))
    cell = cells.entity_difference(dict(zip(names, (difference, low, high, p), strict=True)), "entities_over_base")
    assert cell.text == shown


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (cells.text("a"), Cell("a")),
        (cells.text(3), Cell("3")),
        (cells.text(None), Cell()),
        (cells.count(1234, "probes"), Cell("1,234", 1234, unit="probes")),
        (cells.number(1.2345, 3, "tokens"), Cell("1.234", 1.2345, unit="tokens")),
        (cells.number(None, 3), Cell()),
        (cells.percent(0.125), Cell("12.50%", 0.125, unit="fraction")),
        (cells.percent(0.125, "", 1), Cell("12.5", 0.125, unit="fraction")),
        (cells.percent(None), Cell()),
        (cells.interval(0.5, 0.25, 0.75), Cell("0.50 [0.25, 0.75]", 0.5, 0.25, 0.75)),
        (cells.interval(0.5, None, None, 1), Cell("0.5", 0.5)),
        (cells.arrow(None), Cell()),
        (cells.arrow(0.5), Cell("↑50.00%", 0.5, unit="fraction")),
        (cells.arrow(-0.5), Cell("↓50.00%", -0.5, unit="fraction")),
        (cells.arrow(0.0), Cell("0.00%", 0.0, unit="fraction")),
        (cells.points(-0.019, -0.03, 0.001), Cell("-1.90 [-3.00, +0.10]", -0.019, -0.03, 0.001, "fraction")),
        (cells.points(-0.00001, -0.03, -0.00002), Cell("0.00 [-3.00, 0.00]", -0.00001, -0.03, -0.00002, "fraction")),
        (cells.interval(-0.001, -0.004, 0.75), Cell("0.00 [0.00, 0.75]", -0.001, -0.004, 0.75)),
        (cells.number(-0.0004, 3), Cell("0.000", -0.0004)),
        (cells.probes(1000, 1000), Cell("1,000", 1000, unit="probes")),
        (cells.probes(1000, 30), Cell("1,000 (30 prompts)", 1000, unit="probes")),
        (cells.probes(16, 1), Cell("16 (1 prompt)", 16, unit="probes")),
        (cells.yes(True), Cell("yes", 1.0)),
        (cells.yes(False), Cell("no", 0.0)),
    ],
)
def test_other_cells(cell: Cell, expected: Cell) -> None:
    assert cell == expected
