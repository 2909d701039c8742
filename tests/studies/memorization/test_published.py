"""A study's measured rates beside published ones."""

from math import hypot
from pathlib import Path

import pytest
from rate_files import OUTCOMES, PUBLISHED, memorization_context, memorization_sheet
from sheets import STATISTICS, texts, written

from memorization import storage
from memorization.report import formats
from memorization.report.sheet import Sheet
from memorization.studies.memorization import published
from memorization.studies.memorization.published import MemorizationPublishedTable


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    formats.write(memorization_sheet(tmp_path, OUTCOMES, published=PUBLISHED), tmp_path / "disparity")
    return published.sheet({"table": [tmp_path / "disparity.parquet"]}, memorization_context(title="Table 2"))


def test_every_published_number_of_a_run_is_compared(sheet: Sheet) -> None:
    rows = sheet.tidy.to_pylist()
    assert [(row["state"], row["published"], row["agrees"]) for row in rows] == [
        ("base", 0.14, False),
        ("full", 0.2, True),
        ("difference", 0.5, False),
    ]
    assert rows[0]["difference"] == pytest.approx(0.05 - 0.14)
    assert (rows[2]["published_low"], rows[2]["published_high"]) == (0.4, 0.6)


def test_the_printed_table_has_a_line_per_number(tmp_path: Path, sheet: Sheet) -> None:
    lines = texts(sheet.rows)
    assert [line["Model"] for line in lines] == ["T5-base (base)", "T5-base (fine-tuned)", "Difference"]
    assert lines[0]["Published"] == "14.00% [13.00, 15.00]"
    assert [line["Agrees"] for line in lines] == ["no", "yes", "no"]
    shown = written(sheet, tmp_path / "p", ".md")
    assert "Table 2: published and measured. 1 of 3 published numbers agree" in shown
    assert "the exact one of a rate of 10,000 probes" in shown
    assert storage.read(tmp_path / "p.parquet", MemorizationPublishedTable).num_rows == 3


def test_nothing_found_is_compared_up_to_the_exact_bound(tmp_path: Path) -> None:
    outcomes = {("base", "member"): ["none"] * 100}
    rows = memorization_sheet(tmp_path, outcomes, published=PUBLISHED.replace("0.14", "0.03")).tidy.to_pylist()
    assert [row["agrees"] for row in published.compared(rows, STATISTICS).to_pylist()] == [True]


def error_of(**values: float | None) -> tuple[float, float]:
    """How far the interval of the last comparison reaches down and up, for the published error."""
    row = {
        "study": "s",
        "prefix_tokens": 50,
        "decoding": "greedy",
        "category": "total",
        "n": 100,
        "epoch": 1,
        "seed": 0,
    }
    row |= {
        "side": "input",
        "profile": "zeng2024",
        "seed": 0,
        "task": "qa",
        "dataset": "news",
        "model": "t5",
        "state": "full",
    }
    parts = ("", "_low", "_high")
    row |= dict.fromkeys([f"published{name}{part}" for name in ("", "_over_base") for part in parts])
    # Measured without any error.
    row |= {"once_rate": 0.2, "once_low": 0.2, "once_high": 0.2, "once_exact_high": 0.3, "over_base": None} | values
    row |= {"over_base_low": row["over_base"], "over_base_high": row["over_base"]}
    compared = published.compared([row], STATISTICS).to_pylist()[-1]
    return (
        compared["difference"] - compared["difference_low"],
        compared["difference_high"] - compared["difference"],
    )


def test_the_published_error_is_that_of_the_paper_or_of_its_probes() -> None:
    stated = error_of(published=0.25, published_low=0.22, published_high=0.29)
    assert stated == pytest.approx((0.04, 0.03))

    exact = error_of(published=0.25)
    assert exact == pytest.approx((0.0086, 0.0084), abs=1e-4)
    # No interval that the bootstrap gives where nothing was found.
    assert error_of(published=0.0, published_low=0.0, published_high=0.0) == pytest.approx((3.69e-4, 0), abs=1e-6)

    # A difference of two rates has the errors of both.
    twice = error_of(published=0.25, published_over_base=0.0, over_base=0.0)
    assert twice == pytest.approx((hypot(*exact), hypot(*exact)))
    stated = error_of(
        published=0.25,
        published_over_base=0.1,
        published_over_base_low=0.05,
        published_over_base_high=0.12,
        over_base=0.1,
    )
    assert stated == pytest.approx((0.02, 0.05))


def test_meanings_are_those_of_rates() -> None:
    meanings = MemorizationPublishedTable.meanings()
    assert meanings["published"] == "published rate, or difference where the state says so"
    assert meanings["high"] == "upper bound; the exact one where nothing was found"
    assert list(MemorizationPublishedTable.columns())[-11:-9] == ["published", "published_low"]
