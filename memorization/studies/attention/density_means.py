"""Means of attention's density in each layer, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization.config.project import Statistics
from memorization.schemas.density import DensityTable
from memorization.statistics.bootstrap import bootstrap_mean
from memorization.studies.attention.density import MEASURES

AVERAGED = (*MEASURES, "input_share", "input_tokens", "output_tokens")
"""Columns of the table `density` that are averaged, in the order of the displayed table."""


@dataclass(frozen=True)
class DensityMean:
    """Mean of a column of `AVERAGED` over n samples in one layer, with its bootstrap interval, in its unit."""

    layer: int
    measure: str
    unit: str
    n: int
    value: float
    low: float
    high: float


def means(samples: pa.Table, settings: Statistics) -> list[DensityMean]:
    """The means in every layer, from the table `density`; intervals resample input texts.

    Not prefixes: attention is that on the whole input, of which a prefix is only the beginning.
    """
    rows = []
    for layer in sorted(set(samples["layer"].to_pylist())):
        in_layer = samples.filter(pc.equal(samples["layer"], layer))
        texts = np.unique(in_layer["input_digest"].to_pylist(), return_inverse=True)[1].tolist()
        for measure in AVERAGED:
            values = in_layer[measure].to_numpy().astype(float)
            unit = DensityTable.columns()[measure].unit
            bounds = bootstrap_mean(values, measure, settings, texts, 1.0 if unit == "fraction" else math.inf)
            rows.append(DensityMean(layer, measure, unit, len(values), float(values.mean()), *bounds))
    return rows
