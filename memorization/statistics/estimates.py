"""Shares and means of the other definitions of memorization in a run, with intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from memorization.config.project import Statistics
from memorization.schemas.definitions import DefinitionsTable
from memorization.statistics.bootstrap import observations
from memorization.statistics.measurements import Measurement, mean, share

# Columns of the table `definitions` that have a share or mean per run, in the order of the table of them.
DEFINITIONS = (
    "extractable",
    "approximate",
    "copies_input",
    "copies_target",
    "equal_tokens",
    "longest_equal_run",
    "longest_common_substring",
    "bleu",
    "edit_similarity",
    "rouge_l",
    "comparable",
    "shared_prefix",
    "match_in_prefix",
)


@dataclass(frozen=True)
class Estimate(Measurement):
    """The share of probes that meet a definition, or the mean of a graded one; n counts those where it is defined.

    `prefixes` counts the clusters among them.
    """

    definition: str
    unit: str
    prefixes: int = 0


def estimates(definitions: pa.Table, settings: Statistics, clusters: Sequence[int] | None = None) -> list[Estimate]:
    """One estimate for each of `DEFINITIONS`, from the table `definitions`; nulls are left out and not counted in n.

    `clusters` (probes,) numbers each probe's cluster; without it each probe is one.
    """
    rows = []
    for name in DEFINITIONS:
        column, values = DefinitionsTable.columns()[name], definitions[name].drop_null().to_numpy()
        defined = definitions[name].is_valid().to_numpy()
        own = None if clusters is None else np.asarray(clusters)[defined].tolist()
        if pa.types.is_boolean(column.type):
            measurement = share(values, name, settings, own)
        else:
            measurement = mean(values, name, settings, own, 1.0 if column.unit == "fraction" else math.inf)
        unit = column.unit or "fraction"
        rows.append(Estimate(name, unit, observations(own, len(values)), **vars(measurement)))
    return rows
