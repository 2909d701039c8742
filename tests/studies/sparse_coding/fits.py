"""Fits of a sparse coding study, for the tests of its estimates, table and figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sheets import context, sql, write_parts

from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.sparse_coding_fits import SparseCodingFitsTable
from memorization.studies.sparse_coding import table
from memorization.studies.sparse_coding.plan import SparseCoding

# Effective tokens of the (aggregated attention, attention) of a trained v2 for 1, 2 and 4 nonzeros, by seed.
SHAPES = {1: [(1.5, 9.0), (1.5, 9.0), (1.5, 8.0)], 2: [(3.0, 8.0), (2.5, 9.5), (3.5, 9.0)], 4: [(5.0, 7.0)] * 3}
NUMBERS = [field.name for field in SparseCodingFitsTable.arrow() if pa.types.is_float64(field.type)]


def fit(solver: str, nonzeros: int | None, seed: int, **changed: Any) -> dict[str, Any]:
    """A row of the table `sparse_coding_fits`; without nonzeros it is one of summarization."""
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
    """All fits of a study, in no order."""
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
    return [rows[index] for index in np.random.default_rng(0).permutation(len(rows))]


def sparse_coding_context() -> Context:
    """The context of the study's table and figure."""
    settings = {"kind": "sparse_coding", "nonzeros": [1, 2, 4], "seeds": 3, "starts": 2}
    study = SparseCoding.model_validate(settings).model_dump(mode="json")
    return context(study="theory", title="Section 6.1", options={"study": study})


def sparse_coding_sheet(folder: Path) -> Sheet:
    """The sheet of the study over `fits`."""
    rows = pa.Table.from_pylist(fits(), schema=SparseCodingFitsTable.arrow())
    files = {"query": [sql("sparse_coding")], "fits": write_parts(folder, SparseCodingFitsTable, [rows])}
    return table.sheet(files, sparse_coding_context())
