"""Estimates of a sparse coding study: means over seeds, and rank correlations over nonzeros."""

from pathlib import Path
from typing import Any

import pytest
from fits import sparse_coding_sheet
from sheets import STATISTICS

from memorization.studies.sparse_coding.estimates import estimates

Rows = list[dict[str, Any]]


@pytest.fixture
def rows(tmp_path: Path) -> Rows:
    table: Rows = sparse_coding_sheet(tmp_path).tidy.to_pylist()
    return table


def estimate(rows: Rows, solver: str, nonzeros: int | None, measure: str) -> dict[str, Any]:
    [row] = [
        row
        for row in rows
        if (row["task"], row["solver"], row["nonzeros"], row["measure"])
        == ("classification", solver, nonzeros, measure)
    ]
    return row


def test_values_are_means_over_seeds_of_the_chosen_start(rows: Rows) -> None:
    loss = estimate(rows, "attention", 2, "test_loss")
    assert (loss["value"], loss["seeds"], loss["unit"]) == (pytest.approx(0.1), 3, "fraction")
    assert 0 <= loss["low"] < 0.1 < loss["high"] <= 0.2
    assert estimate(rows, "attention", 2, "aggregated_effective_tokens")["value"] == pytest.approx(3.0)
    assert estimate(rows, "attention", 2, "aggregated_effective_tokens")["unit"] == "tokens"
    assert estimate(rows, "attention", None, "aggregated_effective_tokens")["value"] == pytest.approx(9.5 / 3)
    assert estimate(rows, "attention", None, "parameters")["value"] == 796


def test_measures_of_any_start_are_means_over_all_of_them(rows: Rows) -> None:
    assert estimate(rows, "attention", 2, "test_loss_any_start")["value"] == pytest.approx((0.1 + 0.9) / 2)
    assert estimate(rows, "attention", None, "alignment_any_start")["value"] == pytest.approx((0.5 + 0.1) / 2)
    assert estimate(rows, "linear", 2, "test_loss_any_start")["value"] == 0


def test_rank_correlations_are_those_within_a_seed(rows: Rows) -> None:
    aggregated = estimate(rows, "attention", None, "aggregated_rank_correlation")
    assert (aggregated["value"], aggregated["low"], aggregated["high"]) == (pytest.approx(1), 1, 1)
    # By hand, of ranks 1, 2, 3 with 3, 2, 1; with 2, 3, 1; with 2, 3, 1.
    attention = estimate(rows, "attention", None, "attention_rank_correlation")
    assert attention["value"] == pytest.approx((-1 - 0.5 - 0.5) / 3)
    # What never changes follows nothing.
    assert estimate(rows, "attention_uniform", None, "attention_rank_correlation")["value"] == 0
    # Linear solutions have no attention.
    measures = {row["measure"] for row in rows if row["solver"] == "linear"}
    assert "aggregated_rank_correlation" in measures
    assert not any(measure.startswith("attention") for measure in measures)


def test_two_nonzeros_have_no_rank_correlation() -> None:
    measured = [
        {"task": "classification", "solver": "linear", "feature_mean": 0.0, "signs": "mixed", "nonzeros": count}
        | {"seed": 0, "measure": measure, "value": float(count)}
        for count in (1, 2)
        for measure in ("wanted_effective_tokens", "aggregated_effective_tokens")
    ]
    measures = {row["measure"] for row in estimates(measured, STATISTICS)}
    assert measures == {"wanted_effective_tokens", "aggregated_effective_tokens"}
