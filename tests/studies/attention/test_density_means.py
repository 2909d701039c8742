"""Means of density: values, intervals and units in each layer."""

import numpy as np
import pytest
from density_rows import density_table

from memorization.config.project import Statistics
from memorization.studies.attention.density_means import AVERAGED, means

SETTINGS = Statistics(draws=400)


def test_means_are_those_of_each_layer_with_their_intervals() -> None:
    table = density_table()

    rows = means(table, SETTINGS)

    assert [(mean.layer, mean.measure) for mean in rows] == [(layer, name) for layer in (1, 2) for name in AVERAGED]
    for mean in rows:
        values = np.array([row[mean.measure] for row in table.to_pylist() if row["layer"] == mean.layer], float)
        assert (mean.n, mean.value) == (20, pytest.approx(values.mean()))
        spread = values.std() / np.sqrt(20)
        assert mean.low == pytest.approx(values.mean() - 1.96 * spread, abs=0.4 * spread + 1e-12)
        assert mean.high == pytest.approx(values.mean() + 1.96 * spread, abs=0.4 * spread + 1e-12)
    assert {mean.measure: mean.unit for mean in rows}["effective_tokens"] == "tokens"


def test_means_resample_texts() -> None:
    own, shared = (means(density_table(60, 1, texts), SETTINGS) for texts in (100, 3))

    for one, other in zip(own, shared, strict=True):
        assert one.value == other.value
    lengths = (
        {mean.measure: mean.high - mean.low for mean in shared},
        {mean.measure: mean.high - mean.low for mean in own},
    )
    # Three texts of nearly equal means leave less to resample than sixty probes do.
    assert lengths[0]["input_tokens"] < lengths[1]["input_tokens"] / 3
