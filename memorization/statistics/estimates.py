"""Shares and means of the other definitions of memorization in a run, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from memorization.config.project import Statistics
from memorization.schemas.definitions import DefinitionsTable
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
    """The share of probes that meet a definition, or the mean of a graded one; n counts those where it is defined."""

    definition: str
    unit: str


def estimates(definitions: pa.Table, settings: Statistics, texts: Sequence[int] | None = None) -> list[Estimate]:
    """One estimate for each of `DEFINITIONS`, from the table `definitions`; nulls are left out and not counted in n.

    `texts` (probes,) numbers each probe's input text; without it each probe has its own.
    """
    rows = []
    for name in DEFINITIONS:
        column, values = DefinitionsTable.columns()[name], definitions[name].drop_null().to_numpy()
        defined = definitions[name].is_valid().to_numpy()
        defined_texts = None if texts is None else list(np.asarray(texts)[defined])
        measure = share if pa.types.is_boolean(column.type) else mean
        measurement = measure(values, name, settings, defined_texts)
        rows.append(Estimate(name, column.unit or "fraction", **vars(measurement)))
    return rows
