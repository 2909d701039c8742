"""The table and figure of a sparse coding study: means over seeds, correlations over nonzeros, true sentences."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from memorization import figures, storage
from memorization.config import SparseCoding
from memorization.report import sparse_coding_table, tables
from memorization.report.sparse_coding_figure import sparse_coding

SQL = Path(__file__).resolve().parents[2] / "workflow/queries/sparse_coding.sql"
STATISTICS = {"draws": 200, "low": 0.025, "high": 0.975, "seed": 0}
STUDY = SparseCoding.model_validate(
    {"kind": "sparse_coding", "title": "Section 6.1", "nonzeros": [1, 2, 4], "seeds": 3, "starts": 2}
).model_dump(mode="json")
LABEL = "Demonstration: 100% made up"

# Effective tokens of the (aggregated attention, attention) of a trained v2 for 1, 2 and 4 nonzeros, by seed.
SHAPES = {1: [(1.5, 9.0), (1.5, 9.0), (1.5, 8.0)], 2: [(3.0, 8.0), (2.5, 9.5), (3.5, 9.0)], 4: [(5.0, 7.0)] * 3}
NUMBERS = [field.name for field in storage.SCHEMAS["sparse_coding"] if pa.types.is_float64(field.type)]


def fit(solver: str, nonzeros: int | None, seed: int, **changed: Any) -> dict[str, Any]:
    linear = solver == "linear"
    row = dict.fromkeys(NUMBERS, 0.5)
    row |= {name: None for name in NUMBERS if linear and name.startswith(("attention_", "v2_"))}
    return {
        **row,
        "task": "summarization" if nonzeros is None else "classification",
        "solver": solver,
        "feature_mean": 0.0,
        "signs": None if nonzeros is None else "mixed",
        "nonzeros": nonzeros,
        "seed": seed,
        "start": 0,
        "chosen": True,
        "parameters": 28 if linear else 796,
        "wanted_effective_tokens": float(nonzeros or 9),
        "aggregated_effective_tokens": float(nonzeros or 9),
        **changed,
    }


def fits() -> list[dict[str, Any]]:
    rows = []
    for seed in range(3):
        for count in SHAPES:
            aggregated, attention = SHAPES[count][seed]
            shape = {"aggregated_effective_tokens": aggregated, "attention_effective_tokens": attention}
            rows += [
                fit("linear", count, seed, test_loss=0.0, recovered=0.01),
                fit("attention", count, seed, test_loss=0.1 * seed, **shape),
                fit("attention", count, seed, start=1, chosen=False, test_loss=0.9, alignment=0.1, **shape),
                fit("attention_uniform", count, seed, test_loss=0.75, attention_effective_tokens=3.0),
            ]
        rows += [fit("linear", None, seed, recovered=1.0), fit("attention", None, seed)]
    # In no order.
    return [rows[index] for index in np.random.default_rng(0).permutation(len(rows))]


@pytest.fixture
def table(tmp_path: Path) -> pa.Table:
    file = tmp_path / "fits.parquet"
    found = pa.Table.from_pylist(fits(), schema=storage.SCHEMAS["sparse_coding"])
    storage.write_table(file, "sparse_coding", found, {})
    measured = tables.query(SQL, {"fits": [file]}, solvers=list(sparse_coding_table.SOLVERS)).to_pylist()
    return sparse_coding_table.estimates(measured, "theory", STATISTICS)


def value(table: pa.Table, solver: str, nonzeros: int | None, measure: str) -> dict[str, Any]:
    [row] = [
        row
        for row in table.to_pylist()
        if (row["task"], row["solver"], row["nonzeros"], row["measure"])
        == ("classification", solver, nonzeros, measure)
    ]
    return row


def test_values_are_means_over_seeds_of_the_chosen_start(table: pa.Table) -> None:
    loss = value(table, "attention", 2, "test_loss")
    assert (loss["value"], loss["seeds"], loss["unit"]) == (pytest.approx(0.1), 3, "fraction")
    assert 0 <= loss["low"] < 0.1 < loss["high"] <= 0.2
    assert value(table, "attention", 2, "aggregated_effective_tokens")["value"] == pytest.approx(3.0)
    assert value(table, "attention", 2, "aggregated_effective_tokens")["unit"] == "tokens"
    assert value(table, "attention", None, "aggregated_effective_tokens")["value"] == pytest.approx(9.5 / 3)
    assert value(table, "attention", None, "parameters")["value"] == 796


def test_measures_of_any_start_are_means_over_all_of_them(table: pa.Table) -> None:
    assert value(table, "attention", 2, "test_loss_any_start")["value"] == pytest.approx((0.1 + 0.9) / 2)
    assert value(table, "attention", None, "alignment_any_start")["value"] == pytest.approx((0.5 + 0.1) / 2)
    assert value(table, "linear", 2, "test_loss_any_start")["value"] == 0


def test_rank_correlations_are_those_within_a_seed(table: pa.Table) -> None:
    aggregated = value(table, "attention", None, "aggregated_rank_correlation")
    assert (aggregated["value"], aggregated["low"], aggregated["high"]) == (pytest.approx(1), 1, 1)
    # By hand, of ranks 1, 2, 3 with 3, 2, 1; with 2, 3, 1; with 2, 3, 1.
    assert value(table, "attention", None, "attention_rank_correlation")["value"] == pytest.approx((-1 - 0.5 - 0.5) / 3)
    # What never changes follows nothing.
    assert value(table, "attention_uniform", None, "attention_rank_correlation")["value"] == 0
    # Linear solutions have no attention.
    measures = {row["measure"] for row in table.to_pylist() if row["solver"] == "linear"}
    assert "aggregated_rank_correlation" in measures
    assert not any(measure.startswith("attention") for measure in measures)


def test_two_nonzeros_have_no_rank_correlation() -> None:
    measured = [
        {"task": "classification", "solver": "linear", "feature_mean": 0.0, "signs": "mixed", "nonzeros": count}
        | {"seed": 0, "measure": measure, "value": float(count)}
        for count in (1, 2)
        for measure in ("wanted_effective_tokens", "aggregated_effective_tokens")
    ]
    found = {row["measure"] for row in sparse_coding_table.estimates(measured, "theory", STATISTICS).to_pylist()}
    assert found == {"wanted_effective_tokens", "aggregated_effective_tokens"}


def test_the_printed_table_has_a_line_a_setting(table: pa.Table) -> None:
    lines = sparse_coding_table.layout(table.to_pylist())
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


def test_sentences_follow_from_the_numbers(table: pa.Table) -> None:
    said = " ".join(sparse_coding_table.findings(table.to_pylist()))
    for part in (
        "1.0% of Z comes back in classification and 100.0% in summarization",
        "as b' goes from 1.0 to 4.0 effective tokens",
        "aggregated attention of a trained v2 goes from 1.5 to 5.0 effective tokens (rank correlation above 0 for 1",
        "its attention itself goes from 8.7 to 7.0 effective tokens (rank correlation above 0 for 0 of 1",
        "best starts of a trained v2, the test loss is 10.0%, the alignment of the aggregated attention 0.50",
        "all starts of a trained v2, the test loss is 50.0%, the alignment of the aggregated attention 0.30",
        "v2 = 1/D leaves a test loss of 75% with mixed signs of b'",
    ):
        assert part in said


def test_all_formats_are_written_with_label_and_caption(table: pa.Table, tmp_path: Path) -> None:
    for name in ("one", "other"):
        sparse_coding_table.write(table, STUDY, LABEL, STATISTICS, {"rule": "sparse_coding_table"}, tmp_path / name)
    tidy = storage.read(tmp_path / "one.parquet", "sparse_coding_table")
    assert set(tidy["label"].to_pylist()) == {LABEL}
    with (tmp_path / "one.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(tidy)
    printed = (tmp_path / "one.md").read_text(encoding="utf-8")
    assert printed.startswith(f"**{LABEL}**")
    for part in (
        "Section 6.1. The sparse coding model",
        "d = 16, D = 12, k = 12, K = 8",
        "3 seeds",
        "1, 2, 4 nonzeros",
    ):
        assert part in printed
    for ending in (".parquet", ".csv", ".md", ".tex", ".html"):
        assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"other{ending}").read_bytes()


def test_the_figure_shows_the_numbers_of_the_table(table: pa.Table, tmp_path: Path) -> None:
    figure = sparse_coding(table.to_pylist(), LABEL, STATISTICS)
    panels = {panel.get_label(): panel for panel in figure.axes}
    aggregated = {line.get_label(): line for line in panels["aggregated_effective_tokens 0.0"].containers}
    assert list(aggregated) == [
        "linear solution",
        "attention, v2 trained, mixed signs",
        "attention, v2 = 1/D, mixed signs",
    ]
    points = aggregated["attention, v2 trained, mixed signs"].lines[0]
    assert list(points.get_xdata()) == [1, 2, 4]
    assert list(points.get_ydata()) == pytest.approx([1.5, 3.0, 5.0])
    losses = {line.get_label(): line for line in panels["test_loss 0.0"].containers}
    assert list(losses["attention, v2 trained, mixed signs"].lines[0].get_ydata()) == pytest.approx([10, 10, 10])
    # Linear solutions have no attention to show.
    assert len(panels["attention_effective_tokens 0.0"].containers) == 2

    for name in ("one", "other"):
        figures.write(sparse_coding(table.to_pylist(), LABEL, STATISTICS), tmp_path / name)
    for ending in ("svg", "png"):
        assert (tmp_path / f"one.{ending}").read_bytes() == (tmp_path / f"other.{ending}").read_bytes()
    shown = re.findall(r"<text [^>]*>([^<]*)</text>", (tmp_path / "one.svg").read_text(encoding="utf-8"))
    assert any(LABEL in text for text in shown)
    assert "parameters" in shown
