"""The table of a sparse coding study: the printed lines, true sentences, and the files."""

from pathlib import Path

import pytest
from fits import sparse_coding_sheet
from sheets import LABEL, csv_and_parquet, texts, written

from memorization.report import formats
from memorization.report.sheet import Sheet


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return sparse_coding_sheet(tmp_path)


def test_the_printed_table_has_a_line_per_setting(sheet: Sheet) -> None:
    lines = texts(sheet.rows)
    assert [(line["Task"], line["Learned by"], line["Signs of b'"]) for line in lines] == [
        ("Classification", "linear solution", "mixed"),
        ("Classification", "attention, v2 trained", "mixed"),
        ("Classification", "attention, v2 = 1/D", "mixed"),
        ("Summarization", "linear solution", ""),
        ("Summarization", "attention, v2 trained", ""),
    ]
    assert lines[0]["Parameters"] == "28"
    assert lines[0]["Test loss"] == "0.0% [0.0, 0.0]"
    assert lines[1]["of aggregated attention"] == "1.5 → 5.0"
    assert lines[1]["Effective tokens wanted"] == "1.0 → 4.0"
    assert lines[1]["Rank correlation, aggregated"] == "1.00 [1.00, 1.00]"
    assert lines[0]["of attention"] == lines[0]["of v2"] == lines[0]["Rank correlation, attention"] == ""
    assert lines[3]["of aggregated attention"] == "9.0"


@pytest.mark.parametrize(
    "part",
    [
        "1.0% of Z comes back in classification and 100.0% in summarization",
        "as b' goes from 1.0 to 4.0 effective tokens",
        "aggregated attention of a trained v2 goes from 1.5 to 5.0 effective tokens (rank correlation above 0 for 1",
        "its attention itself goes from 8.7 to 7.0 effective tokens (rank correlation above 0 for 0 of 1",
        "best starts of a trained v2, the test loss is 10.0%, the alignment of the aggregated attention 0.50",
        "all starts of a trained v2, the test loss is 50.0%, the alignment of the aggregated attention 0.30",
        "v2 = 1/D leaves a test loss of 75% with mixed signs of b'",
    ],
)
def test_sentences_of_the_caption_follow_from_the_numbers(sheet: Sheet, part: str) -> None:
    assert part in sheet.caption


def test_all_formats_are_written_with_label_and_caption(sheet: Sheet, tmp_path: Path) -> None:
    rows, tidy = csv_and_parquet(sheet, tmp_path / "one")
    assert set(tidy["label"].to_pylist()) == {LABEL}
    assert len(rows) == len(tidy)
    printed = written(sparse_coding_sheet(tmp_path / "again"), tmp_path / "other", ".md")
    assert printed.startswith(f"**{LABEL}**")
    for part in (
        "Section 6.1. The sparse coding model",
        "d = 16, D = 12, k = 12, K = 8",
        "3 seeds",
        "1, 2, 4 nonzeros",
    ):
        assert part in printed
    for ending in formats.FORMATS:
        assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"other.{ending}").read_bytes()
