"""Means of density, and its correlation with memorization: against scipy, and where nothing can be said."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import bootstrap, spearmanr

from memorization import correlation
from memorization.correlation import TOLD, Cell, cell_of, correlations
from memorization.density import MEASURES
from memorization.statistics import bootstrap_spearman
from memorization.storage import SCHEMAS

STATISTICS = {"draws": 400, "low": 0.025, "high": 0.975, "seed": 0}


def density_table(n: int = 20, layers: int = 2, texts: int = 100) -> pa.Table:
    generator = np.random.default_rng(0)
    found = [
        {
            "probe": 3 * probe,
            "id": f"p{probe}",
            "input_digest": f"{probe % texts}",
            "layer": layer,
            "output_tokens": 4,
            "input_tokens": 9 + probe,
        }
        | {"input_share": 1.0}
        | {measure: float(generator.random()) for measure in MEASURES}
        for probe in generator.permutation(n).tolist()
        for layer in range(1, layers + 1)
    ]
    return pa.Table.from_pylist(found, schema=SCHEMAS["density"])


def test_means_are_those_of_each_layer_with_their_intervals() -> None:
    table = density_table()

    found = correlation.means(table, **STATISTICS)

    assert [(mean.layer, mean.measure) for mean in found] == [(layer, name) for layer in (1, 2) for name in TOLD]
    for mean in found:
        values = np.array([row[mean.measure] for row in table.to_pylist() if row["layer"] == mean.layer], float)
        assert (mean.n, mean.value) == (20, pytest.approx(values.mean()))
        spread = values.std() / np.sqrt(20)
        assert mean.low == pytest.approx(values.mean() - 1.96 * spread, abs=0.4 * spread + 1e-12)
        assert mean.high == pytest.approx(values.mean() + 1.96 * spread, abs=0.4 * spread + 1e-12)
    assert {mean.measure: mean.unit for mean in found}["effective_tokens"] == "tokens"
    coordinates = {"dataset": "d", "task": "qa", "model": "m", "state": "base", "epoch": "0", "population": "member"}
    assert correlation.table_of(found, coordinates).num_rows == 2 * len(TOLD)


@pytest.mark.parametrize("ties", [False, True])
def test_spearman_s_interval_is_that_of_scipy(ties: bool) -> None:
    generator = np.random.default_rng(1)
    x = generator.random(60)
    y = x + 0.5 * generator.random(60)
    if ties:
        y = (y > 0.7).astype(float)

    value, low, high, draws = bootstrap_spearman(x, y, "test", 4000, 0.025, 0.975, 0)

    reference = bootstrap(
        (x, y),
        lambda a, b: spearmanr(a, b).statistic,
        paired=True,
        vectorized=False,
        n_resamples=2000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    assert value == pytest.approx(spearmanr(x, y).statistic)
    assert (low, high) == (pytest.approx(reference.low, abs=0.03), pytest.approx(reference.high, abs=0.03))
    assert draws == 4000


def test_spearman_resamples_texts_with_all_of_their_probes() -> None:
    generator = np.random.default_rng(4)
    texts = generator.integers(25, size=80)
    x = generator.random(25)[texts] + 0.1 * generator.random(80)
    y = (x + generator.random(25)[texts] > 1.1).astype(float)

    value, low, high, draws = bootstrap_spearman(x, y, "test", 3000, 0.025, 0.975, 0, [f"t{text}" for text in texts])

    members = [np.flatnonzero(texts == text) for text in np.unique(texts)]
    drawn = []
    for _ in range(2000):
        chosen = np.concatenate([members[text] for text in generator.integers(len(members), size=len(members))])
        drawn.append(spearmanr(x[chosen], y[chosen]).statistic)
    assert value == pytest.approx(spearmanr(x, y).statistic)
    assert (low, high) == tuple(pytest.approx(bound, abs=0.04) for bound in np.quantile(drawn, [0.025, 0.975]))
    assert draws == 3000
    alone = bootstrap_spearman(x, y, "test", 3000, 0.025, 0.975, 0)
    assert alone[0] == value
    assert alone[1] is not None
    assert alone[1] > low + 0.03, "probes taken as independent would claim a narrower interval"


def test_draws_of_equal_values_are_left_out_and_counted() -> None:
    x, y = np.arange(3.0), np.array([0.0, 0.0, 1.0])

    value, low, high, draws = bootstrap_spearman(x, y, "test", 9000, 0.025, 0.975, 0)

    assert value == pytest.approx(spearmanr(x, y).statistic)
    # y is constant where the third is never drawn (8 of 27 draws) or alone is (1 of 27); x is wherever y is.
    assert draws / 9000 == pytest.approx(18 / 27, abs=0.02)
    assert low is not None
    assert high is not None
    assert -1 <= low <= value <= high <= 1


@pytest.mark.parametrize(
    ("x", "y"), [([1, 2], [1, 2]), ([], []), ([1, 1, 1, 1], [1, 2, 3, 4]), ([1, 2, 3, 4], [0, 0, 0, 0])]
)
def test_there_is_no_correlation_of_few_or_equal_values(x: list[float], y: list[float]) -> None:
    nothing = (None, None, None, 0)
    assert bootstrap_spearman(np.array(x), np.array(y), "test", 50, 0.025, 0.975, 0) == nothing


def test_means_resample_texts() -> None:
    own, shared = (correlation.means(density_table(60, 1, texts), **STATISTICS) for texts in (100, 3))

    for one, other in zip(own, shared, strict=True):
        assert one.value == other.value
    lengths = (
        {mean.measure: mean.high - mean.low for mean in shared},
        {mean.measure: mean.high - mean.low for mean in own},
    )
    # Three texts of nearly equal means leave less to resample than sixty probes do.
    assert lengths[0]["input_tokens"] < lengths[1]["input_tokens"] / 3


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

    cell = cell_of(table, outcomes(kinds), coordinates)

    last = [row for row in table.to_pylist() if row["layer"] == 2]
    assert [row["probe"] for row, memorized in zip(last, cell.memorized, strict=True) if memorized] == [
        row["probe"] for row in last if row["probe"] in (3, 9, 57)
    ]
    assert cell.memorized.sum() == 3
    assert cell.rate == 5 / 60
    assert (cell.state, cell.epoch, cell.decoding) == ("full", 3, "greedy")
    for measure in MEASURES:
        assert cell.density[measure].tolist() == [row[measure] for row in last]
    with pytest.raises(ValueError, match="without an outcome"):
        cell_of(table, outcomes(kinds[:40]), coordinates)


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
        rate,
    )


CELLS = [
    cell("t5", "a", [0.1, 0.2, 0.3, 0.4], [0, 0, 1, 1], 0.5),
    cell("t5", "b", [0.5, 0.6, 0.7, 0.8], [0, 0, 0, 0], 0.0),
    cell("t5", "c", [0.1, 0.1, 0.1, 0.2], [1, 1, 0, 1], 0.7),
    cell("gpt", "a", [0.3, 0.3, 0.3, 0.3], [0, 1, 0, 1], 0.4),
]


def test_correlations_over_cells_models_and_samples() -> None:
    found = {
        (each.over, each.model, each.dataset): each
        for each in correlations(CELLS, **STATISTICS)
        if each.measure == "gini"
    }

    assert list(found) == [
        ("cells", None, None),
        ("cells", "t5", None),
        ("cells", "gpt", None),
        ("samples", None, None),
        *[("samples", each.model, each.dataset) for each in CELLS],
    ]
    # Means 0.25, 0.65, 0.125, 0.3 have ranks 2 4 1 3; rates have 3 1 4 2.
    assert found["cells", None, None].spearman == pytest.approx(-1)
    assert (found["cells", None, None].n, found["cells", None, None].memorized) == (4, None)
    assert found["cells", "t5", None].spearman == pytest.approx(-1)
    assert (found["cells", "gpt", None].n, found["cells", "gpt", None].spearman) == (1, None)
    pooled = found["samples", None, None]
    density = np.concatenate([each.density["gini"] for each in CELLS])
    memorized = np.concatenate([each.memorized for each in CELLS])
    assert (pooled.n, pooled.memorized) == (16, 7)
    assert pooled.spearman == pytest.approx(spearmanr(density, memorized).statistic)
    assert found["samples", "t5", "a"].spearman == pytest.approx(spearmanr([1, 2, 3, 4], [0, 0, 1, 1]).statistic)
    assert found["samples", "t5", "b"].spearman is None, "nothing is memorized"
    assert found["samples", "gpt", "a"].spearman is None, "all are as dense"


def test_recipes_are_told_apart_and_draws_are_repeated() -> None:
    other = [
        cell(each.model, each.dataset, each.density["gini"].tolist(), [1, 0, 0, 0], 1 - each.rate, state="lora")
        for each in CELLS
    ]

    found = correlations([*CELLS, *other], **STATISTICS)

    assert found == correlations(CELLS, **STATISTICS) + correlations(other, **STATISTICS)
    assert [each.spearman for each in found if each.over == "cells" and each.model is None][:: len(MEASURES)] == [
        pytest.approx(-1),
        pytest.approx(1),
    ]
