"""The table of attention's density: its rows, the printed lines of the last layer, and the files."""

from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pytest
from sheets import STATISTICS, context, csv_and_parquet, run, sql, texts, write_parts, written

from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.density import DensityTable
from memorization.schemas.density_means import DensityMeansTable
from memorization.schemas.run import AttentionColumns
from memorization.studies.attention import table
from memorization.studies.attention.density_means import AVERAGED, means
from memorization.studies.attention.table import layout


def density(n: int, layers: int, spread: float) -> pa.Table:
    """The table `density` of n samples, whose entropy is `spread` times the number of the layer."""
    rows = [
        {
            "probe": probe,
            "id": str(probe),
            "input_digest": str(probe),
            "layer": layer,
            "output_tokens": 4,
            "input_tokens": 10,
            "input_share": 0.75,
        }
        | {"normalized_entropy": spread * layer, "effective_tokens": 3.0, "gini": 0.5, "share_above_uniform": 0.25}
        for probe in range(n)
        for layer in range(1, layers + 1)
    ]
    return pa.Table.from_pylist(rows, schema=DensityTable.arrow())


def attention_context() -> Context:
    study = {"datasets": ["news", "chat"], "models": ["t5", "gpt"], "states": ["base", "full"]}
    options = {"study": study}
    return context({"news": "Multi-news"}, {"t5": "T5_base"}, study="figure_4", title="Figure 4", options=options)


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    parts = []
    for model, dataset, state, layers in (
        ("t5", "news", "full", 3),
        ("gpt", "news", "base", 2),
        ("t5", "chat", "base", 3),
        ("t5", "news", "base", 3),
    ):
        coordinates = {name: run(dataset, model, state)[name] for name in AttentionColumns.columns()}
        averaged = means(density(20, layers, 0.1 if state == "base" else 0.3), STATISTICS)
        rows = [coordinates | asdict(mean) for mean in averaged]
        parts.append(pa.Table.from_pylist(rows, schema=DensityMeansTable.arrow()))
    files = {"query": [sql("attention")], "means": write_parts(tmp_path, DensityMeansTable, parts)}
    return table.sheet(files, attention_context())


def test_rows_are_in_the_study_s_order_with_every_layer(sheet: Sheet, tmp_path: Path) -> None:
    printed, parquet = csv_and_parquet(sheet, tmp_path / "study")

    rows = parquet.to_pylist()
    runs = [(row["model"], row["dataset"], row["state"], row["layer"]) for row in rows if row["measure"] == "gini"]
    assert runs == [
        *[("t5", "news", state, layer) for state in ("base", "full") for layer in (1, 2, 3)],
        *[("t5", "chat", "base", layer) for layer in (1, 2, 3)],
        *[("gpt", "news", "base", layer) for layer in (1, 2)],
    ]
    assert {(row["model"], row["layer"]) for row in rows if row["last_layer"]} == {("t5", 3), ("gpt", 2)}
    assert len(printed) == len(rows) == 11 * len(AVERAGED)


def test_the_last_layer_is_printed(sheet: Sheet, tmp_path: Path) -> None:
    lines = texts(sheet.rows)

    assert [line["Entropy / ln L"] for line in lines] == [
        "0.300 [0.300, 0.300]",
        "0.900 [0.900, 0.900]",
        "0.300 [0.300, 0.300]",
        "0.200 [0.200, 0.200]",
    ]
    assert lines[0] == {
        "Task": "Reading Comprehension",
        "Dataset": "Multi-news",
        "Model": "T5_base (base)",
        "Entropy / ln L": "0.300 [0.300, 0.300]",
        "Effective tokens": "3.0 [3.0, 3.0]",
        "Gini": "0.500 [0.500, 0.500]",
        "Tokens above 1/L": "25.0% [25.0, 25.0]",
        "On input": "75.0%",
        "L": "10.0",
        "T": "4.0",
        "n": "20",
    }
    for ending in (".md", ".tex"):
        assert "95% bootstrap intervals" in written(sheet, tmp_path / "study", ending).replace(r"\%", "%")
    assert r"T5\_base" in written(sheet, tmp_path / "study", ".tex")


def test_epochs_are_shown_where_there_are_several(sheet: Sheet) -> None:
    rows = sheet.tidy.to_pylist()
    later = [{**row, "epoch": 5} for row in rows if row["state"] == "full"]

    assert "Epochs" not in sheet.rows[0]
    lines = texts(layout([*rows, *later], attention_context()))
    assert [line["Epochs"] for line in lines] == ["0", "3", "0", "0", "5"]
