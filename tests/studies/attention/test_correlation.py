"""The table of correlations: the printed lines, and sentences that follow from the numbers."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sheets import context, texts, written

from memorization import storage
from memorization.report.sheet import Sheet
from memorization.schemas.density import DensityTable
from memorization.studies.attention import correlation
from memorization.studies.attention.correlation import AttentionCorrelationTable
from memorization.studies.attention.density import MEASURES

N = 40
# Further probes of the fine-tuned runs, which have no sample of attention, as (outcome, number): they settle the rate.
FURTHER = {"news": ("none", 160), "chat": ("none", 60), "films": ("none", 10), "quiz": ("idea", 360)}


def write_cell(folder: Path, number: int, dataset: str) -> tuple[Path, Path, Path]:
    """Files of density, outcomes and probes; density and rate are greater for greater numbers.

    Probes of `news` and `chat` are memorized where attention is dense, those of `films` where it is not, and of `quiz`
    none is.
    """
    generator = np.random.default_rng(number)
    densities = {measure: 0.2 * number + generator.random(N) for measure in MEASURES}
    dense = densities[MEASURES[0]] > np.median(densities[MEASURES[0]])
    memorized = {"news": dense, "chat": dense, "films": ~dense, "quiz": dense & False}[dataset]
    rows = [
        {"probe": probe, "id": str(probe), "input_digest": str(probe), "layer": 1}
        | {"output_tokens": 4, "input_tokens": 10, "input_share": 1.0}
        | {measure: float(values[probe]) for measure, values in densities.items()}
        for probe in range(N)
    ]
    outcome, count = FURTHER[dataset]
    outcomes = ["verbatim" if each else "none" for each in memorized] + [outcome] * count
    probes = {"probe": list(range(len(outcomes))), "id": [str(probe) for probe in range(len(outcomes))]}
    density, outcomes_file, probes_file = (
        folder / f"{dataset}-{name}.parquet" for name in ("density", "outcomes", "probes")
    )
    storage.write_table(density, DensityTable, pa.Table.from_pylist(rows, schema=DensityTable.arrow()), {})
    pq.write_table(pa.table(probes | {"outcome": outcomes}), outcomes_file)
    pq.write_table(pa.table(probes | {"prefix": probes["id"]}), probes_file)
    return density, outcomes_file, probes_file


def correlation_sheet(folder: Path, *datasets: str) -> Sheet:
    """The sheet of a study of T5 on these datasets."""
    files = [write_cell(folder, number, dataset) for number, dataset in enumerate(datasets)]
    runs = [
        {"model": "t5", "dataset": dataset, "state": "full", "epoch": 3, "decoding": "greedy"} for dataset in datasets
    ]
    study = context({"news": "Multi-news"}, {"t5": "T5_base"}, title="Figure 4", options={"runs": runs})
    inputs = dict(zip(("density", "outcomes", "probes"), map(list, zip(*files, strict=True)), strict=True))
    return correlation.sheet(inputs, study)


def test_the_caption_gives_the_results_in_numbers(tmp_path: Path) -> None:
    sheet = correlation_sheet(tmp_path, "news", "chat", "films", "quiz")

    text = written(sheet, tmp_path / "study-correlation", ".md")

    overall = next(row for row in sheet.tidy.to_pylist() if row["over"] == "cells")
    assert overall["n"] == 4
    assert "Figure 4. Spearman's rank correlation" in text
    assert f"over 4 cells the correlation is +1.00 [{overall['low']:+.2f}, +1.00]" in text
    assert "of 4 intervals 1 are undefined, 2 lie above 0, 1 below, and 0 contain it." in text
    [line] = [line for line in texts(sheet.rows) if line["Dataset"] == "quiz"]
    assert list(line.values())[-6:] == ["-", "-", "-", "-", "40", "0"]
    assert storage.read(tmp_path / "study-correlation.parquet", AttentionCorrelationTable).num_rows == 6 * len(MEASURES)


@pytest.mark.parametrize(
    ("low", "high", "where"), [(0.1, 0.9, "lies above 0"), (-0.9, -0.1, "lies below 0"), (-0.1, 0.2, "contains 0")]
)
def test_an_interval_is_described_by_its_place(low: float, high: float, where: str) -> None:
    row = {"spearman": 0.05, "low": low, "high": high}

    assert correlation._sentence(row).endswith(f"its interval {where}")


def test_too_few_cells_have_no_correlation(tmp_path: Path) -> None:
    assert "over 2 cells the correlation is undefined" in correlation_sheet(tmp_path, "news", "chat").caption
