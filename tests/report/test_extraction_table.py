import csv
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from memorization import figures, storage
from memorization.config import Statistics
from memorization.extraction import extraction, table_of
from memorization.report import extraction_table, tables
from memorization.report.extraction_figure import extraction as extraction_figure

SQL = Path(__file__).resolve().parents[2] / "workflow/queries/extraction.sql"
STATISTICS = Statistics(draws=100)
TITLES = {"datasets": {"news": "Multi-news"}, "models": {"t5": "T5_base"}}
LABEL = "Demonstration: 100% made up"
AXES = {
    "datasets": ["news", "chat"],
    "models": ["t5"],
    "states": ["base", "full"],
    "decodings": ["greedy", "top_k"],
    "draws": [1, 10, 1_000_000],
    "probability": [0.1, 0.5, 0.9],
    "tokens": 4,
}


def extracted(dataset: str, state: str, population: str, likely: float, greedy: int, probes: int = 20) -> pa.Table:
    """Shares of probes whose tokens all have the probability `likely`, and of which `greedy` are written greedily."""
    rows = [
        {
            "probe": probe,
            "decoding": decoding,
            "tokens": 6,
            "greedy_tokens": 6 if probe < greedy else probe % 4,
            "log_probability": 0.0,
            "token_log_probabilities": logs,
        }
        for probe in range(probes)
        for decoding, logs in {
            "top_p": [-1.0] * 6,
            "top_k": [float(np.log(likely)) * (1 + probe / 10)] * 6,
            "greedy": [0.0] * 6 if probe < greedy else [0.0, -np.inf, 0.0, 0.0, 0.0, 0.0],
        }.items()
    ]
    likelihoods = pa.Table.from_pylist(rows, schema=storage.SCHEMAS["likelihoods"])
    run = {"dataset": dataset, "task": "qa", "model": "t5", "state": state, "epoch": 0 if state == "base" else 3}
    run |= {"population": population, "prefix_tokens": 50}
    asked = ([4, 6], [1, 10, 100, 1_000_000], [0.1, 0.3, 0.5, 0.9])
    return table_of(extraction(likelihoods, range(probes), ["greedy"], *asked, STATISTICS), run)


@pytest.fixture
def table(tmp_path: Path) -> pa.Table:
    parts = [
        extracted("chat", "full", "member", 0.9, 3),
        extracted("news", "full", "control", 0.01, 0),
        extracted("news", "full", "member", 0.5, 5),
        extracted("news", "base", "member", 0.001, 0),
    ]
    files = [tmp_path / f"part-{number}.parquet" for number in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        storage.write_table(file, "extraction", part, {})
    return tables.query(SQL, {"rates": files}, study="likely", **AXES)


def written(table: pa.Table, output: Path) -> Path:
    settings = STATISTICS.model_dump()
    extraction_table.write(table, TITLES, "Discoverable", LABEL, settings, {"rule": "extraction_table"}, output)
    return output


def test_rows_are_those_that_the_study_asks_for_in_its_order(table: pa.Table) -> None:
    rows = table.to_pylist()

    runs = list(dict.fromkeys((row["dataset"], row["decoding"], row["state"], row["population"]) for row in rows))
    assert runs == [
        (dataset, decoding, state, population)
        for dataset, askers in {
            "news": [("base", "member"), ("full", "member"), ("full", "control")],
            "chat": [("full", "member")],
        }.items()
        for decoding in ("greedy", "top_k")
        for state, population in askers
    ]
    assert {row["draws"] for row in rows} == {None, 1, 10, 1_000_000}
    assert {row["probability"] for row in rows} == {None, 0.1, 0.5, 0.9}
    lengths = [row["length"] for row in rows if row["measure"] == "greedy_extractable" and row["dataset"] == "chat"]
    assert lengths == [1, 2, 3, 4]
    assert {row["length"] for row in rows if row["measure"] != "greedy_extractable"} == {4}


def test_people_are_shown_the_middle_probability_by_draws(table: pa.Table) -> None:
    lines = extraction_table.layout(table.to_pylist(), TITLES)

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


def test_no_comparable_probe_is_a_dash(table: pa.Table) -> None:
    rows = [row | ({"n": 0, "value": None} if row["dataset"] == "chat" else {}) for row in table.to_pylist()]

    lines = extraction_table.layout(rows, TITLES)

    assert {line["n = 1"] for line in lines if line["Dataset"] == "chat"} == {"-"}


def test_files_for_programs_and_for_people_are_written(table: pa.Table, tmp_path: Path) -> None:
    output = written(table, tmp_path / "likely.v1")

    stored = storage.read(output.with_name("likely.v1.parquet"), "extraction_table").to_pylist()
    with output.with_name("likely.v1.csv").open(encoding="utf-8", newline="") as file:
        sheet = list(csv.DictReader(file))
    assert [float(row["value"]) for row in sheet] == [row["value"] for row in stored]
    assert {row["label"] for row in sheet} == {LABEL}
    for ending in ("md", "tex", "html"):
        text = output.with_name(f"likely.v1.{ending}").read_text(encoding="utf-8")
        assert "Discoverable." in text
        assert "p = 0.5 (Hayes et al., 2024)" in text
        assert "first 4 tokens" in text


def test_the_figure_shows_the_table(table: pa.Table, tmp_path: Path) -> None:
    rows = table.to_pylist()

    figure = extraction_figure(rows, TITLES, LABEL, STATISTICS.model_dump())

    panels = figure.axes
    assert [panel.get_title() for panel in panels[:3]] == [
        "(n, 0.5)-discoverable",
        "expected share",
        "greedy extractable",
    ]
    assert [panel.get_xscale() for panel in panels[:3]] == ["log", "log", "linear"]
    assert [text.get_text() for text in panels[0].get_xticklabels()] == ["1", "10", "100", "1k", "10k", "100k", "1M"]
    for panel, measure in zip(panels[:3], ("discoverable", "expected", "greedy_extractable"), strict=True):
        told = [
            row
            for row in rows
            if (row["dataset"], row["measure"]) == ("news", measure) and row["probability"] in (None, 0.5)
        ]
        drawn, bounds = (
            sorted(value for line in panel.lines[part::2] for value in line.get_ydata() if not np.isnan(value))
            for part in (0, 1)
        )
        assert drawn == pytest.approx(sorted(100 * row["value"] for row in told))
        assert bounds == pytest.approx(sorted(100 * row["exact_high"] for row in told if row["count"] == 0))
        assert panel.get_ylim()[0] == 0 < max(drawn) < panel.get_ylim()[1]
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["greedy", "top_k", "base, training inputs", "full, training inputs", "full, test inputs"]
    assert LABEL in figure._supxlabel.get_text()


def test_the_figure_is_the_same_every_time(table: pa.Table, tmp_path: Path) -> None:
    def files(folder: str) -> list[bytes]:
        figures.write(extraction_figure(table.to_pylist(), TITLES, LABEL, STATISTICS.model_dump()), tmp_path / folder)
        return [(tmp_path / f"{folder}.{ending}").read_bytes() for ending in ("svg", "png")]

    assert files("one") == files("two")


def test_a_study_without_a_greedy_decoding_has_no_panel_by_length(table: pa.Table) -> None:
    rows: list[dict[str, Any]] = [row for row in table.to_pylist() if row["decoding"] == "top_k"]

    figure = extraction_figure(rows, TITLES, LABEL, STATISTICS.model_dump())

    assert len(figure.axes) == 4
