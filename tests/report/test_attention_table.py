import csv
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from memorization import correlation, storage
from memorization.density import MEASURES
from memorization.report import attention_table, tables

SQL = Path(__file__).resolve().parents[2] / "workflow/queries/attention.sql"
STATISTICS = {"draws": 200, "low": 0.025, "high": 0.975, "seed": 0}
TITLES = {"datasets": {"news": "Multi-news"}, "models": {"t5": "T5_base"}}
LABEL = "Demonstration: 100% made up"


def measured(n: int, layers: int, spread: float) -> pa.Table:
    found = [
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
    return pa.Table.from_pylist(found, schema=storage.SCHEMAS["density"])


@pytest.fixture
def table(tmp_path: Path) -> pa.Table:
    files = []
    for number, (model, dataset, state, layers) in enumerate(
        [("t5", "news", "full", 3), ("gpt", "news", "base", 2), ("t5", "chat", "base", 3), ("t5", "news", "base", 3)]
    ):
        run = {"dataset": dataset, "task": "qa", "model": model, "state": state, "population": "member"}
        run["epoch"] = 0 if state == "base" else 3
        means = correlation.means(measured(20, layers, 0.1 if state == "base" else 0.3), **STATISTICS)
        files.append(tmp_path / f"part={number}" / "density_means.parquet")
        storage.write_table(files[-1], "density_means", correlation.table_of(means, run), {})
    lists = {"datasets": ["news", "chat"], "models": ["t5", "gpt"], "states": ["base", "full"]}
    return tables.query(SQL, {"means": files}, study="figure_4", **lists, measures=list(correlation.TOLD))


def test_rows_stand_in_the_study_s_order_with_every_layer(table: pa.Table, tmp_path: Path) -> None:
    attention_table.write_density(table, TITLES, "Figure 4", LABEL, STATISTICS, {}, tmp_path / "study")

    rows = storage.read(tmp_path / "study.parquet", "density_table").to_pylist()
    runs = [(row["model"], row["dataset"], row["state"], row["layer"]) for row in rows if row["measure"] == "gini"]
    assert runs == [
        *[("t5", "news", state, layer) for state in ("base", "full") for layer in (1, 2, 3)],
        *[("t5", "chat", "base", layer) for layer in (1, 2, 3)],
        *[("gpt", "news", "base", layer) for layer in (1, 2)],
    ]
    assert {(row["model"], row["layer"]) for row in rows if row["last_layer"]} == {("t5", 3), ("gpt", 2)}
    with (tmp_path / "study.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(rows) == 11 * len(correlation.TOLD)


def test_people_read_the_last_layer(table: pa.Table, tmp_path: Path) -> None:
    wide = attention_table.density_layout(table.to_pylist(), TITLES)

    assert [row["Entropy / ln L"] for row in wide] == [
        "0.300 [0.300, 0.300]",
        "0.900 [0.900, 0.900]",
        "0.300 [0.300, 0.300]",
        "0.200 [0.200, 0.200]",
    ]
    assert wide[0] == {
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
    attention_table.write_density(table, TITLES, "Figure 4", LABEL, STATISTICS, {}, tmp_path / "study")
    for ending in ("md", "tex"):
        text = (tmp_path / f"study.{ending}").read_text(encoding="utf-8")
        assert "95" in text
        assert "bootstrap intervals" in text
    assert r"T5\_base" in text


def cells() -> list[correlation.Cell]:
    generator = np.random.default_rng(0)
    found = []
    for number, dataset in enumerate(("news", "chat", "films", "quiz")):
        # Probes of `news` and `chat` are memorized where attention is dense; of `quiz` none is.
        spread = {measure: 0.2 * number + generator.random(40) for measure in MEASURES}
        dense = spread[MEASURES[0]] > np.median(spread[MEASURES[0]])
        memorized = {"news": dense, "chat": dense, "films": ~dense, "quiz": dense & False}[dataset]
        texts = [str(probe) for probe in range(40)]
        found.append(correlation.Cell("t5", dataset, "full", 3, "greedy", spread, memorized, texts, 0.1 * number))
    return found


def test_the_caption_says_what_is_found_in_numbers(tmp_path: Path) -> None:
    table = correlation.correlations_table(correlation.correlations(cells(), **STATISTICS), "figure_4")

    attention_table.write_correlations(table, TITLES, "Figure 4", LABEL, STATISTICS, {}, tmp_path / "study-correlation")

    text = (tmp_path / "study-correlation.md").read_text(encoding="utf-8")
    overall = next(row for row in table.to_pylist() if row["over"] == "cells")
    assert overall["n"] == 4
    assert f"over 4 cells the correlation is +1.00 [{overall['low']:+.2f}, +1.00]" in text
    assert "of 4 intervals 1 are undefined, 2 lie above 0, 1 below, and 0 contain it." in text
    [line] = [line for line in text.splitlines() if "quiz" in line]
    assert [cell.strip() for cell in line.split("|")[5:11]] == ["-", "-", "-", "-", "40", "0"]
    rows = storage.read(tmp_path / "study-correlation.parquet", "correlations").to_pylist()
    assert len(rows) == 6 * len(MEASURES)


@pytest.mark.parametrize(
    ("low", "high", "said"), [(0.1, 0.9, "lies above 0"), (-0.9, -0.1, "lies below 0"), (-0.1, 0.2, "contains 0")]
)
def test_an_interval_is_told_by_where_it_lies(low: float, high: float, said: str) -> None:
    row = {"spearman": 0.05, "low": low, "high": high}

    assert attention_table._sentence(row).endswith(f"its interval {said}")


def test_too_few_cells_have_no_correlation() -> None:
    table = correlation.correlations_table(correlation.correlations(cells()[:2], **STATISTICS), "figure_4")

    said = attention_table.correlation_caption(table.to_pylist(), STATISTICS)
    assert "over 2 cells the correlation is undefined" in said


def test_epochs_are_told_where_there_are_several(table: pa.Table) -> None:
    rows = table.to_pylist()
    later = [{**row, "epoch": 5} for row in rows if row["state"] == "full"]

    assert "Epochs" not in attention_table.density_layout(rows, TITLES)[0]
    wide = attention_table.density_layout([*rows, *later], TITLES)
    assert [row["Epochs"] for row in wide] == ["0", "3", "0", "0", "5"]
