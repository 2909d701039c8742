"""The table of a study of rates: its rows and numbers, the printed lines, and the caption."""

import dataclasses
from pathlib import Path

import pytest
from rate_files import (
    BASE,
    FINE_TUNED,
    OUTCOMES,
    PUBLISHED,
    WITH_CONTROLS,
    memorization_context,
    memorization_sheet,
    rates_of,
)
from sheets import LABEL, csv_and_parquet, markdown_lines, run, texts, written
from training_folders import training

from memorization.report.sheet import Sheet
from memorization.statistics.rates import CATEGORIES
from memorization.studies.memorization.table import MemorizationTable, caption, layout


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return memorization_sheet(tmp_path, OUTCOMES)


def test_the_bound_of_none_is_the_exact_one(tmp_path: Path) -> None:
    nothing = memorization_sheet(tmp_path, {("full", "member"): ["none"] * 40})
    assert written(nothing, tmp_path / "t", ".md").count(f"0.00% (≤ {100 * (1 - 0.025 ** (1 / 40)):.2f}%)") == 4


def test_rows_are_in_the_order_of_the_study(tmp_path: Path) -> None:
    study = memorization_context(("news", "chat"), ("t5", "gpt"))
    rows = memorization_sheet(tmp_path, WITH_CONTROLS, study).tidy.to_pylist()
    assert [(row["model"], row["dataset"], row["state"], row["category"]) for row in rows] == [
        (model, dataset, state, category)
        for model in ("t5", "gpt")
        for dataset in ("news", "chat")
        for state in ("base", "full")
        for category in CATEGORIES
    ]
    assert {(row["study"], row["population"]) for row in rows} == {("disparity", "member")}


def test_values_of_the_runs_come_through_the_query_unchanged(sheet: Sheet) -> None:
    expected = [
        row
        for state, outcomes in (("base", BASE), ("full", FINE_TUNED))
        for row in rates_of(outcomes, run(state=state, task="summarization")).to_pylist()
    ]
    rows = sheet.tidy.to_pylist()
    assert [{key: row[key] for key in expected[0]} for row in rows] == expected
    assert {row["control_rate"] for row in rows} == {None}
    assert {row["published"] for row in rows} == {None}


def test_every_run_is_beside_its_base_and_its_control(tmp_path: Path) -> None:
    rows = memorization_sheet(tmp_path, WITH_CONTROLS).tidy.to_pylist()
    by_category = {(row["state"], row["category"]): row for row in rows}
    total = by_category["full", "total"]
    assert total["over_base"] == pytest.approx(0.15)
    assert total["over_base_low"] < 0.15 < total["over_base_high"]
    assert (total["control_n"], total["control_rate"]) == (50, 0.02)
    assert total["over_control"] == pytest.approx(0.18)
    assert by_category["base", "total"]["over_base"] is None
    assert by_category["base", "total"]["over_control"] == pytest.approx(0.03)
    assert by_category["full", "verbatim"]["over_base"] == pytest.approx(0.12)


def test_significance_is_corrected_over_the_table(tmp_path: Path) -> None:
    alone = memorization_sheet(tmp_path / "alone", WITH_CONTROLS).tidy.to_pylist()
    three = memorization_context(("news", "chat", "qa"))
    among = memorization_sheet(tmp_path / "among", WITH_CONTROLS, three).tidy.to_pylist()
    for one, other in zip(alone, among, strict=False):
        if one["category"] == "verbatim" and one["state"] == "full":
            assert one["over_base_p"] == one["over_base_p_holm"] == other["over_base_p"]
            assert other["over_base_p_holm"] == pytest.approx(min(1.0, 3 * other["over_base_p"]))


def test_published_numbers_are_beside_their_runs(tmp_path: Path) -> None:
    sheet = memorization_sheet(tmp_path, OUTCOMES, published=PUBLISHED)
    rows = {(row["state"], row["category"]): row for row in sheet.tidy.to_pylist()}
    assert (rows["base", "total"]["published"], rows["base", "total"]["published_low"]) == (0.14, 0.13)
    assert (rows["full", "total"]["published"], rows["full", "total"]["published_over_base"]) == (0.2, 0.5)
    assert rows["full", "verbatim"]["published"] is None
    assert [line["Published"] for line in texts(sheet.rows)] == ["14.00%", "20.00%", "↑50.00%"]


def test_tidy_files_have_exactly_the_columns_of_the_schema(tmp_path: Path, sheet: Sheet) -> None:
    rows, parquet = csv_and_parquet(sheet, tmp_path / "disparity")
    assert parquet.schema.equals(MemorizationTable.arrow())
    assert list(rows[0]) == MemorizationTable.arrow().names
    assert len(rows) == parquet.num_rows == 2 * len(CATEGORIES)
    for one, other in zip(rows, parquet.to_pylist(), strict=True):
        assert float(one["rate"]) == other["rate"]
        assert one["label"] == other["label"] == LABEL
        assert (float(one["exact_low"]) if one["exact_low"] else None) == other["exact_low"]


def test_categories_add_up_to_the_total_in_every_state(sheet: Sheet) -> None:
    counts: dict[str, dict[str, int]] = {}
    for row in sheet.tidy.to_pylist():
        counts.setdefault(row["state"], {})[row["category"]] = row["count"]
    for state in counts.values():
        assert state["total"] == state["verbatim"] + state["idea"] + state["paraphrase"]


def test_the_same_rates_give_the_same_sheet(tmp_path: Path, sheet: Sheet) -> None:
    again = memorization_sheet(tmp_path / "again", OUTCOMES)
    assert again.tidy.equals(sheet.tidy)
    assert dataclasses.replace(again, tidy=sheet.tidy) == sheet


def test_the_printed_table_has_a_line_per_state(tmp_path: Path) -> None:
    trained = [training(tmp_path, "full", "news", [None, None, None], 3)]
    sheet = memorization_sheet(tmp_path, OUTCOMES, training=trained)
    heading, *lines = markdown_lines(written(sheet, tmp_path / "t", ".md"))
    assert heading == [
        "Task",
        "Dataset",
        "Model",
        "Total Mem Rate",
        "Verbatim",
        "Idea",
        "Paraphrase",
        "Own suffix",
        "Suffixes",
        "Ceiling",
        "Full ceiling",
        "n",
        "Tokens",
        "Training loss",
    ]
    assert [line[:3] for line in lines] == [
        ["Summarization", "Multi-news", "T5-base (base)"],
        ["", "", "T5-base (fine-tuned)"],
        ["", "", "Difference"],
    ]
    assert [line[-3:] for line in lines] == [["100", "20.5", ""], ["100", "20.5", "0.333"], ["", "", ""]]
    assert [line[7:9] for line in lines] == [["2.00%", "1,234"], ["2.00%", "1,234"], ["", ""]]
    assert [line[9].split(" ")[0] for line in lines] == ["50.00%", "50.00%", ""]
    assert [line[10].split(" ")[0] for line in lines] == ["100.00%", "100.00%", ""]
    assert lines[0][3].startswith("5.00% [")
    assert lines[0][4].startswith("0.00% (≤ 3.62%)")
    assert lines[1][3].startswith("20.00% [")
    assert lines[2][3].startswith("↑15.00%")
    assert lines[2][5] == "-"


def test_task_and_dataset_are_written_again_where_another_group_begins(tmp_path: Path) -> None:
    lines = texts(memorization_sheet(tmp_path, OUTCOMES, memorization_context(models=("t5", "gpt"))).rows)
    assert [line["Dataset"] for line in lines] == ["Multi-news", "", ""] * 2
    assert lines[3]["Model"] == "gpt (base)"


def test_controls_are_shown_where_there_are_any(tmp_path: Path, sheet: Sheet) -> None:
    assert "Control" not in sheet.rows[0]
    base, full, difference = texts(memorization_sheet(tmp_path / "c", WITH_CONTROLS).rows)
    headings = list(full)
    assert headings[headings.index("Control") + 1] == "Above control"
    assert full["Control"].startswith("2.00% [")
    assert full["Above control"].startswith("↑18.00%")
    assert base["Above control"].startswith("↑3.00% [")
    assert (difference["Control"], difference["Above control"]) == ("", "")


def test_a_studys_title_begins_its_caption(tmp_path: Path) -> None:
    sheet = memorization_sheet(tmp_path, OUTCOMES, memorization_context(title="Table 2: tasks"))
    assert "Table 2: tasks. Memorization in percent" in written(sheet, tmp_path / "t", ".md")


def test_without_a_title_the_caption_is_alone(sheet: Sheet) -> None:
    assert sheet.whole_caption.startswith("Memorization in percent")


def test_the_caption_describes_the_numbers(tmp_path: Path, sheet: Sheet) -> None:
    rows = sheet.tidy.to_pylist()
    shown = caption(rows, memorization_context(statistics={"draws": 1000, "low": 0.05, "high": 0.95}))
    for part in ("training inputs", "greedy", "90% bootstrap", "1,000 draws", "0.05 and 0.95", "Clopper-Pearson"):
        assert part in shown
    assert "McNemar" in shown
    assert "Fisher" not in shown
    assert "Fisher" in memorization_sheet(tmp_path / "c", WITH_CONTROLS).caption
    assert "count prompts" not in shown
    shared = caption([row | {"prefixes": 60} for row in rows], memorization_context())
    assert "tests and exact bounds count prompts" in shared
    assert "One prompt alone" not in shared
    assert "One prompt alone" in caption([row | {"prefixes": 1} for row in rows], memorization_context())


def test_confidence_of_paraphrases_replaces_their_category(sheet: Sheet) -> None:
    judge = {"title": "A judge", "low": 0.6, "high": 0.99}
    study = memorization_context(options={"paraphrase": judge})
    rows = sheet.tidy.to_pylist()
    parts = [row | {"category": f"paraphrase_{part}"} for row in rows for part in ("high", "low")]

    headings = list(layout([*rows, *parts], {}, study)[0])
    assert headings[3:8] == ["Total Mem Rate", "Verbatim", "Idea", "Paraphrase (p>0.6)", "Paraphrase (p<0.6)"]
    assert "Paraphrase (p>0.6): A judge gives" in caption(rows, study)
