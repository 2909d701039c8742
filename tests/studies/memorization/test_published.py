"""A study's measured rates beside published ones."""

from pathlib import Path

import pytest
from rate_files import OUTCOMES, PUBLISHED, memorization_context, memorization_sheet
from sheets import texts, written

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
    assert [(row["state"], row["published"], row["inside"]) for row in rows] == [
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
    assert [line["Inside"] for line in lines] == ["no", "yes", "no"]
    assert "Table 2: published and measured. 1 of 3 published numbers lie" in written(sheet, tmp_path / "p", ".md")
    assert storage.read(tmp_path / "p.parquet", MemorizationPublishedTable).num_rows == 3


def test_nothing_found_is_compared_up_to_the_exact_bound(tmp_path: Path) -> None:
    outcomes = {("base", "member"): ["none"] * 100}
    rows = memorization_sheet(tmp_path, outcomes, published=PUBLISHED.replace("0.14", "0.03")).tidy.to_pylist()
    assert [row["inside"] for row in published.compared(rows).to_pylist()] == [True]


def test_meanings_are_those_of_rates() -> None:
    meanings = MemorizationPublishedTable.meanings()
    assert meanings["published"] == "published rate, or difference where the state says so"
    assert meanings["high"] == "upper bound; the exact one where nothing was found"
    assert list(MemorizationPublishedTable.columns())[-9:-7] == ["published", "published_low"]
