"""Correlations of density with memorization: against scipy, by hand, and where there is none."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from density_rows import density_table
from scipy.stats import spearmanr

from memorization.config.project import Statistics
from memorization.studies.attention.correlations import Cell, cell_of, correlations
from memorization.studies.attention.density import MEASURES

SETTINGS = Statistics(draws=400)


def outcomes(kinds: list[str]) -> pa.Table:
    return pa.table(
        {"probe": list(range(len(kinds))), "id": [f"p{probe // 3}" for probe in range(len(kinds))], "outcome": kinds}
    )


def test_a_cell_joins_the_last_layer_s_density_with_the_outcome_of_the_same_probe() -> None:
    table = density_table()
    kinds = ["none"] * 60
    for probe in (3, 9, 10, 11):
        kinds[probe] = "idea"
    kinds[57] = "verbatim"
    coordinates = {"model": "t5", "dataset": "news", "state": "full", "epoch": "3", "decoding": "greedy"}

    prefixes = {probe: f"begins {probe // 2}" for probe in range(60)}
    cell = cell_of(table, outcomes(kinds), prefixes, coordinates)

    last = [row for row in table.to_pylist() if row["layer"] == 2]
    assert [row["probe"] for row, memorized in zip(last, cell.memorized, strict=True) if memorized] == [
        row["probe"] for row in last if row["probe"] in (3, 9, 57)
    ]
    assert cell.memorized.sum() == 3
    assert cell.rate == 5 / 60
    assert cell.prefixes == [prefixes[row["probe"]] for row in last]
    assert (cell.state, cell.epoch, cell.decoding) == ("full", 3, "greedy")
    for measure in MEASURES:
        assert cell.density[measure].tolist() == [row[measure] for row in last]
    with pytest.raises(ValueError, match="without an outcome"):
        cell_of(table, outcomes(kinds[:40]), prefixes, coordinates)


def cell(model: str, dataset: str, density: list[float], memorized: list[int], rate: float, **changed: Any) -> Cell:
    measured = {measure: np.array(density) for measure in MEASURES}
    texts = [f"{dataset} {number}" for number in range(len(density))]
    return Cell(
        model,
        dataset,
        changed.get("state", "full"),
        3,
        changed.get("decoding", "greedy"),
        measured,
        np.array(memorized, bool),
        texts,
        changed.get("prefixes", texts),
        rate,
    )


CELLS = [
    cell("t5", "a", [0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1], 0.5),
    cell("t5", "b", [0.5, 0.6, 0.7, 0.8], [0, 0, 0, 0], 0.0),
    cell("t5", "c", [0.1, 0.1, 0.1, 0.2], [1, 1, 0, 1], 0.7),
    cell("gpt", "a", [0.3, 0.3, 0.3, 0.3], [0, 1, 0, 1], 0.4),
]


def test_correlations_over_cells_models_and_samples() -> None:
    by_group = {
        (each.over, each.model, each.dataset): each for each in correlations(CELLS, SETTINGS) if each.measure == "gini"
    }

    assert list(by_group) == [
        ("cells", None, None),
        ("cells", "t5", None),
        ("cells", "gpt", None),
        ("samples", None, None),
        *[("samples", each.model, each.dataset) for each in CELLS],
    ]
    # Means 0.25, 0.65, 0.125, 0.3 have ranks 2 4 1 3; rates have 3 1 4 2.
    assert by_group["cells", None, None].spearman == pytest.approx(-1)
    assert (by_group["cells", None, None].n, by_group["cells", None, None].memorized) == (4, None)
    assert by_group["cells", "t5", None].spearman == pytest.approx(-1)
    assert (by_group["cells", "gpt", None].n, by_group["cells", "gpt", None].spearman) == (1, None)
    pooled = by_group["samples", None, None]
    density = np.concatenate([each.density["gini"] for each in CELLS])
    memorized = np.concatenate([each.memorized for each in CELLS])
    assert (pooled.n, pooled.memorized) == (16, 7)
    assert pooled.spearman == pytest.approx(spearmanr(density, memorized).statistic)
    assert by_group["samples", "t5", "a"].spearman == pytest.approx(spearmanr([1, 2, 3, 4], [0, 0, 1, 1]).statistic)
    assert by_group["samples", "t5", "b"].spearman is None, "nothing is memorized"
    assert by_group["samples", "gpt", "a"].spearman is None, "all are as dense"


def test_samples_of_one_prompt_or_text_are_resampled_together() -> None:
    density, memorized = np.random.default_rng(0).random(40).tolist(), [0, 1] * 20
    alone, prompts = (
        {each.over: each for each in correlations([cell("t5", "a", density, memorized, 0.5, **changed)], SETTINGS)}
        for changed in ({}, {"prefixes": [f"begins {number // 20}" for number in range(40)]})
    )

    assert (alone["samples"].n, alone["samples"].prefixes, alone["cells"].prefixes) == (40, 40, None)
    assert alone["samples"].low is not None
    # Two clusters are too few for an interval, and for a correlation over clusters.
    assert (prompts["samples"].n, prompts["samples"].prefixes, prompts["samples"].low) == (40, 2, None)
    # One text in two models, under prefixes of two lengths: all of it is one cluster.
    models = [
        cell("t5", "a", density[:4], memorized[:4], 0.5, prefixes=["A", "B", "C", "D"]),
        cell("gpt", "a", density[:4], memorized[:4], 0.5, prefixes=["A a", "A a", "C c", "D d"]),
    ]
    pooled = next(each for each in correlations(models, SETTINGS) if each.over == "samples" and each.model is None)
    assert (pooled.n, pooled.prefixes) == (8, 3)


def test_recipes_are_kept_apart_and_draws_are_repeated() -> None:
    other = [
        cell(each.model, each.dataset, each.density["gini"].tolist(), [1, 0, 0, 0], 1 - each.rate, state="lora")
        for each in CELLS
    ]

    rows = correlations([*CELLS, *other], SETTINGS)

    assert rows == correlations(CELLS, SETTINGS) + correlations(other, SETTINGS)
    assert [each.spearman for each in rows if each.over == "cells" and each.model is None][:: len(MEASURES)] == [
        pytest.approx(-1),
        pytest.approx(1),
    ]
