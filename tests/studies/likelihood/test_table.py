"""The table of a study of likelihoods: its rows, the printed lines, and the files."""

from pathlib import Path

import pytest
from share_files import likelihood_context, likelihood_sheet
from sheets import LABEL, csv_and_parquet, texts

from memorization.report.sheet import Sheet
from memorization.studies.likelihood.table import layout


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return likelihood_sheet(tmp_path)


def test_rows_are_those_of_the_study_in_its_order(sheet: Sheet) -> None:
    rows = sheet.tidy.to_pylist()

    runs = list(dict.fromkeys((row["dataset"], row["decoding"], row["state"], row["population"]) for row in rows))
    assert runs == [
        (dataset, decoding, state, population)
        for dataset, sources in {
            "news": [("base", "member"), ("full", "member"), ("full", "control")],
            "chat": [("full", "member")],
        }.items()
        for decoding in ("greedy", "top_k")
        for state, population in sources
    ]
    assert {row["draws"] for row in rows} == {None, 1, 10, 1_000_000}
    assert {row["probability"] for row in rows} == {None, 0.1, 0.5, 0.9}
    lengths = [row["length"] for row in rows if row["measure"] == "greedy_extractable" and row["dataset"] == "chat"]
    assert lengths == [1, 2, 3, 4]
    assert {row["length"] for row in rows if row["measure"] != "greedy_extractable"} == {4}


def test_the_middle_probability_is_printed_by_draws(sheet: Sheet) -> None:
    lines = texts(sheet.rows)

    headings = ["Dataset", "Model", "Inputs", "Decoding", "n = 1", "n = 10", "n = 1,000,000", "Expected, n = 1,000,000"]
    assert list(lines[0]) == [*headings, "Probes"]
    base, member, control = (line for line in lines if (line["Dataset"], line["Decoding"]) == ("Multi-news", "top_k"))
    assert [base["Model"], base["Inputs"], base["Probes"]] == ["T5_base (base)", "training", "20"]
    assert [control["Model"], control["Inputs"]] == ["T5_base (fine-tuned)", "test"]
    # 0.5^4 = 1/16 once in ten draws with 0.475, and all of these in a million.
    assert member["n = 10"].startswith("0.00% (≤ ")
    assert member["n = 1,000,000"] == "100.00% [100.00, 100.00]"
    greedy = [line for line in lines if line["Decoding"] == "greedy"][1]
    shown = [greedy[heading].split()[0] for heading in headings[4:]]
    assert shown == ["25.00%"] * 4


def test_no_comparable_probe_is_a_dash(sheet: Sheet) -> None:
    rows = [row | ({"n": 0, "value": None} if row["dataset"] == "chat" else {}) for row in sheet.tidy.to_pylist()]

    lines = texts(layout(rows, likelihood_context()))

    assert {line["n = 1"] for line in lines if line["Dataset"] == "chat"} == {"-"}


def test_files_for_programs_and_for_readers_are_written(sheet: Sheet, tmp_path: Path) -> None:
    rows, parquet = csv_and_parquet(sheet, tmp_path / "likely.v1")

    assert [float(row["value"]) for row in rows] == parquet["value"].to_pylist()
    assert {row["label"] for row in rows} == {LABEL}
    for ending in ("md", "tex", "html"):
        text = (tmp_path / f"likely.v1.{ending}").read_text(encoding="utf-8")
        assert "Discoverable." in text
        assert "p = 0.5 (Hayes et al., 2024)" in text
        assert "first 4 tokens" in text
