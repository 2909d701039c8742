"""The table of a study of canaries: doses with their intervals, printed lines, files."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from evidence_files import canaries_context, canaries_sheet, evidence_rows
from scipy.stats import binom
from sheets import LABEL, STATISTICS, csv_and_parquet, texts

from memorization.config.project import Statistics
from memorization.report.sheet import Sheet
from memorization.schemas.canaries import CanariesTable
from memorization.statistics.bootstrap import clopper_pearson
from memorization.studies.canaries.doses import doses
from memorization.studies.canaries.table import layout


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return canaries_sheet(tmp_path)


def test_doses_are_counted_by_hand() -> None:
    rows = evidence_rows({1: [(1.0, False), (13.0, False), (6.0, True)], 8: [(13.0, False), (2.0, True)]})

    held_out, one, eight = doses(pa.Table.from_pylist(rows, schema=CanariesTable.arrow()), STATISTICS)

    assert [(dose.copies, dose.n, dose.exposure) for dose in (held_out, one, eight)] == [
        (0, 2, 4.0),
        (1, 2, 7.0),
        (8, 1, 13.0),
    ]
    assert (one.rank_one, one.extracted, held_out.extracted) == (0.5, 0.5, 0.0)
    assert (one.extracted_low, one.extracted_high) == clopper_pearson(1, 2, STATISTICS)
    assert (one.guesses, one.right_guesses, held_out.guesses) == (2, 1, None)
    assert (eight.exposure_low, eight.exposure_high) == (None, None)
    assert one.exposure_low is not None and one.exposure_high is not None
    assert 1.0 <= one.exposure_low <= 7.0 <= one.exposure_high <= 13.0
    assert one.uniform_exposure == pytest.approx(1.4427, abs=0.001)


def test_intervals_of_mean_exposures_hold_the_truth_as_often_as_known() -> None:
    # Exposures of held-out secrets are exponential; for 40 of them, a percentile bootstrap holds their mean some 93%.
    draws, held, settings = 400, 0, Statistics(draws=300)
    generator = np.random.default_rng(0)
    for _ in range(draws):
        exposures = -np.log2(generator.random(40))
        rows = evidence_rows({1: [(float(each), True) for each in exposures]})
        [dose] = doses(pa.Table.from_pylist(rows, schema=CanariesTable.arrow()), settings)
        assert dose.exposure_low is not None and dose.exposure_high is not None
        held += dose.exposure_low <= 1 / np.log(2) <= dose.exposure_high
    assert binom.ppf(0.001, draws, 0.92) <= held <= binom.ppf(0.999, draws, 0.95)


def test_intervals_of_extracted_shares_hold_the_truth_at_least_as_often_as_stated() -> None:
    draws, held = 400, 0
    generator = random.Random(0)
    for _ in range(draws):
        rows = evidence_rows({1: [(13.0 if generator.random() < 0.3 else 1.0, False) for _ in range(12)]})
        [dose] = doses(pa.Table.from_pylist(rows, schema=CanariesTable.arrow()), STATISTICS)
        held += dose.extracted_low <= 0.3 <= dose.extracted_high
    assert held >= binom.ppf(0.001, draws, 0.95)


def test_rows_are_in_the_studys_order_with_the_held_out_first(sheet: Sheet) -> None:
    rows = sheet.tidy.to_pylist()

    assert [(row["state"], row["copies"]) for row in rows] == [
        (state, copies) for state in ("base", "full") for copies in (0, 1, 8)
    ]
    lines = texts(sheet.rows)
    assert list(lines[0]) == ["Dataset", "Model", "Copies", "Exposure (bits)", "Rank 1", "Extracted", "ε", "n"]
    assert [line["Copies"] for line in lines[:3]] == ["held out", "1", "8"]
    assert lines[0]["ε"] == ""
    assert lines[5]["ε"] == "≥ 0.79 (8 of 8)"
    assert lines[5]["Extracted"].startswith("100.00% [63.06, 100.00]")
    assert "1.44 bits" in sheet.caption
    assert "among all 10,000" in sheet.caption


def test_a_sample_and_a_missing_bound_are_stated(tmp_path: Path) -> None:
    sheet = canaries_sheet(tmp_path, space=1e12, candidates=1001, held_out_share=0.3)

    assert "among 1,001, drawn of 1e+12: exposures above 10.0 bits are not seen" in sheet.caption
    assert "No bound (-): each canary was held out with probability 0.3" in sheet.caption
    assert {line["ε"] for line in texts(sheet.rows)} == {"", "-"}
    assert sheet.tidy["epsilon"].null_count == sheet.tidy.num_rows


def test_several_forms_have_their_rows(sheet: Sheet) -> None:
    rows: list[dict[str, Any]] = sheet.tidy.to_pylist()

    lines = texts(layout([*rows, *({**row, "form": "code"} for row in rows)], canaries_context()))

    assert {line["Form"] for line in lines} == {"digits:4", "code"}


def test_files_have_numbers_and_no_secret(sheet: Sheet, tmp_path: Path) -> None:
    rows, parquet = csv_and_parquet(sheet, tmp_path / "table")

    assert [float(row["exposure"]) for row in rows] == parquet["exposure"].to_pylist()
    assert {row["label"] for row in rows} == {LABEL}
    for file in tmp_path.glob("table.*"):
        assert b"S3CRET" not in file.read_bytes()
