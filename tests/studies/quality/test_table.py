"""The table of a study of quality: its rows, the printed lines, and the caption."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from score_files import MEASURED, PUBLISHED, quality_context, quality_sheet
from sheets import LABEL, texts

from memorization import storage
from memorization.report import formats
from memorization.report.sheet import Sheet
from memorization.studies.quality.headings import HEADINGS
from memorization.studies.quality.scores import METRICS
from memorization.studies.quality.table import QualityTable, caption, layout


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    return quality_sheet(tmp_path)


def test_headings_are_those_of_all_metrics() -> None:
    assert set(HEADINGS) == {metric for metrics in METRICS.values() for metric in metrics}


def test_rows_are_in_the_study_s_order_with_their_published_values(sheet: Sheet) -> None:
    rows = sheet.tidy.to_pylist()
    assert [(row["dataset"], row["model"], row["state"], row["metric"]) for row in rows] == [
        (*coordinates, metric) for coordinates, values in MEASURED.items() for metric in (*values, "answer_tokens")
    ]
    beside = {
        (row["dataset"], row["model"], row["state"], row["metric"], row["published"])
        for row in rows
        if row["published"] is not None
    }
    assert beside == set(PUBLISHED[:4])


def test_a_line_is_a_model_in_a_state_and_published_values_are_below(sheet: Sheet) -> None:
    lines = texts(sheet.rows)
    assert [(line["Dataset"], line["Model"], line["ROUGE-1 (%)"], line["Accuracy (%)"]) for line in lines] == [
        ("Multi-news", "FLAN-T5", "29.10 [27.60, 30.60]", ""),
        ("", "Published", "31.00", ""),
        ("", "T5-base (base)", "10.00 [8.50, 11.50]", ""),
        ("", "T5-base (fine-tuned)", "29.80 [28.30, 31.30]", ""),
        ("", "Published", "30.00", ""),
        ("IMDB", "FLAN-T5", "", "93.60 [92.10, 95.10]"),
        ("", "T5-base (base)", "", "0.00 (≤ 0.40)"),
        ("", "Published", "", "0.30"),
        ("", "T5-base (fine-tuned)", "", "94.60 [93.10, 96.10]"),
        ("", "Published", "", "90.00"),
    ]
    assert lines[0]["Answer (tokens)"] == "12.2"
    assert lines[0]["n"] == "1,000"
    assert "Epochs" not in lines[0]
    assert "F1 (%)" not in lines[0]


def test_several_recipes_are_named_and_varied_epochs_shown(tmp_path: Path) -> None:
    rows = quality_sheet(tmp_path, with_published=False).tidy.to_pylist()
    more = [{**row, "state": "lora", "epoch": 5} for row in rows if row["state"] == "full"]
    lines = texts(layout(rows + more, quality_context()))
    assert {line["Model"] for line in lines} == {"FLAN-T5", "T5-base (base)", "T5-base (full)", "T5-base (lora)"}
    assert [line["Epochs"] for line in lines if line["Model"] == "T5-base (lora)"] == ["5", "5"]


def test_the_caption_explains_what_is_shown_and_nothing_else(sheet: Sheet) -> None:
    for part in ("ROUGE-Lsum", "Accuracy:", "Clopper-Pearson", "Published:", "1,000 draws"):
        assert part in sheet.caption
    rouge = [row for row in sheet.tidy.to_pylist() if row["metric"] == "rouge1"]
    for word in ("Accuracy:", "SQuAD", "sacreBLEU", "Clopper-Pearson"):
        assert word not in caption(rouge, quality_context())


def test_the_table_is_written_in_every_format(tmp_path: Path, sheet: Sheet) -> None:
    formats.write(sheet, tmp_path / "scored")
    labelled = storage.read(tmp_path / "scored.parquet", QualityTable)
    assert labelled["label"].to_pylist() == [LABEL] * sheet.tidy.num_rows
    assert pq.read_schema(tmp_path / "scored.parquet").names[:3] == ["study", "dataset", "task"]
    for ending in formats.FORMATS:
        assert (tmp_path / f"scored.{ending}").stat().st_size > 100
