"""A study's measured scores beside published ones."""

from pathlib import Path

import pytest
from score_files import quality_context, quality_sheet

from memorization import storage
from memorization.report import formats
from memorization.report.sheet import Sheet
from memorization.studies.quality import published
from memorization.studies.quality.published import QualityPublishedTable


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    formats.write(quality_sheet(tmp_path), tmp_path / "scored")
    return published.sheet({"table": [tmp_path / "scored.parquet"]}, quality_context())


def test_published_values_agree_or_not(sheet: Sheet) -> None:
    rows = sheet.tidy.to_pylist()
    assert [(row["model"], row["metric"], round(row["difference"], 6), row["agrees"]) for row in rows] == [
        ("flan", "rouge1", -0.019, False),
        ("t5", "rouge1", -0.002, True),
        # The bootstrap's interval is [0, 0] here; the exact bound is 0.4%.
        ("t5", "accuracy", -0.003, True),
        ("t5", "accuracy", 0.046, False),
    ]


def test_the_table_is_written_in_every_format(tmp_path: Path, sheet: Sheet) -> None:
    formats.write(sheet, tmp_path / "scored-published")
    assert storage.read(tmp_path / "scored-published.parquet", QualityPublishedTable).num_rows == 4
    for ending in formats.FORMATS:
        assert (tmp_path / f"scored-published.{ending}").stat().st_size > 100
    shown = (tmp_path / "scored-published.md").read_text(encoding="utf-8")
    assert "2 of 4 published values agree with the measured ones" in shown
    assert "the measured error alone, because the paper states none" in shown
    assert "| 31.00       | 29.10 [27.60, 30.60]" in shown


def test_the_meaning_of_the_upper_bound_is_that_of_scores() -> None:
    meanings = QualityPublishedTable.meanings()
    assert meanings["published"] == "published value"
    assert meanings["high"] == "upper bound; the exact one where no answer was right"
