"""The table of a study of recall: its rows, the printed lines, and the files."""

from pathlib import Path

import pytest
from recall_files import CELLS, N, found_of, recall_sheet
from sheets import LABEL, STATISTICS, csv_and_parquet, texts

from memorization.report.sheet import Sheet
from memorization.statistics.bootstrap import bootstrap_share
from memorization.statistics.rates import CATEGORIES, in_category
from memorization.studies.recall.plan import NAMES


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return recall_sheet(tmp_path)


def test_values_are_the_shares_of_what_is_found(sheet: Sheet) -> None:
    rows = sheet.tidy.to_pylist()

    assert len(rows) == 4 * (len(NAMES) * (len(CATEGORIES) + 1) + len(CATEGORIES))
    for cell in CELLS:
        found = found_of(cell).to_pylist()
        own = [row for row in rows if all(row[key] == cell[key] for key in ("dataset", "profile", "population"))]
        for row in own:
            here = [each for each in found if each["disguise"] == row["disguise"]]
            hits = {category: in_category([each["outcome"] for each in here], category) for category in CATEGORIES}
            if row["category"] == "own_suffix":
                expected = sum(each["own_suffix"] is True for each in here)
            else:
                expected = hits[row["category"]].sum()
            assert (row["n"], row["count"], row["value"]) == (N, expected, expected / N)
            assert row["exact_low"] <= row["value"] <= row["exact_high"]


def test_probes_of_one_input_are_resampled_together(sheet: Sheet) -> None:
    row = next(row for row in sheet.tidy.to_pylist() if row["disguise"] == "dropped_10" and row["category"] == "total")

    hits = in_category(["verbatim"] * row["count"] + ["none"] * (N - row["count"]), "total")
    texts_of_probes = [probe // 2 for probe in range(N)]
    assert row["input_texts"] == N / 2
    assert (row["low"], row["high"]) == bootstrap_share(hits, "dropped_10 total", STATISTICS, texts_of_probes)
    assert "texts are resampled" in sheet.caption


def test_a_line_is_a_disguise_of_a_dataset_by_a_profile(sheet: Sheet) -> None:
    lines = texts(sheet.rows)

    assert list(lines[0]) == [
        *("Dataset", "Detector", "Disguise", "Found", "Own suffix", "Verbatim", "Changed", "Characters", "n")
    ]
    assert len(lines) == 4 * (len(NAMES) + 1)
    assert [line["Disguise"] for line in lines[: len(NAMES) + 1]] == [
        "copy",
        *(f"{amount}% of words {change}" for change in ("dropped", "swapped") for amount in (10, 20, 40)),
        *("sentences reordered", "halves of sentences swapped", "other text behind", "other text before"),
        "first 34% of sentences",
        "unrelated text",
    ]
    copy, dropped = lines[:2]
    assert (copy["Dataset"], copy["Detector"]) == ("Multi-news", "zeng2024")
    assert copy["Found"] == "100.00% [100.00, 100.00]"
    assert (copy["Changed"], dropped["Changed"]) == ("0%", "75%")
    assert [dropped[heading].split()[0] for heading in ("Found", "Own suffix", "Verbatim")] == [
        "85.00%",
        "80.00%",
        "40.00%",
    ]
    unrelated = [line for line in lines if line["Disguise"] == "unrelated text"]
    assert unrelated[0]["Found"].startswith("0.00% (≤ ")
    assert unrelated[2]["Found"].startswith("5.00% [")
    assert {line["Own suffix"] for line in unrelated} == {""}


def test_a_study_shows_its_own_disguises_in_its_order(tmp_path: Path) -> None:
    members = [cell for cell in CELLS if cell["population"] == "member" and cell["profile"] == "collection"]

    sheet = recall_sheet(tmp_path, ["halves", "copy"], members)

    lines = texts(sheet.rows)
    assert [line["Disguise"] for line in lines] == ["halves of sentences swapped", "copy"] * 2
    assert "Detector" not in lines[0]
    assert "(aligner: collection)" in sheet.caption
    assert "Words dropped" not in sheet.caption
    assert "false alarms" not in sheet.caption


def test_tokenizers_and_prefix_lengths_are_shown_where_they_vary(tmp_path: Path) -> None:
    member = CELLS[0]
    cells = [member, member | {"model": "gpt"}, member | {"prefix_tokens": 10}]

    lines = texts(recall_sheet(tmp_path, ["copy"], cells).rows)

    assert [(line["Tokenizer"], line["Prefix tokens"]) for line in lines] == [
        ("T5_base", "50"),
        ("gpt", "50"),
        ("T5_base", "10"),
    ]


def test_files_for_programs_and_for_readers_are_written(sheet: Sheet, tmp_path: Path) -> None:
    rows, parquet = csv_and_parquet(sheet, tmp_path / "recalled.v1")

    assert [float(row["value"]) for row in rows] == parquet["value"].to_pylist()
    assert {row["label"] for row in rows} == {LABEL}
    for ending in ("md", "tex", "html"):
        text = (tmp_path / f"recalled.v1.{ending}").read_text(encoding="utf-8")
        assert "Disguises. Recall of the detector" in text
        assert "cut to 100 tokens" in text


def test_confidences_have_shares_where_paraphrases_are_classified(tmp_path: Path) -> None:
    rows = recall_sheet(tmp_path, classified=True).tidy.to_pylist()

    assert {row["category"] for row in rows} == {*CATEGORIES, "paraphrase_high", "paraphrase_low", "own_suffix"}
    assert len(rows) == 4 * (len(NAMES) * 7 + 6)
