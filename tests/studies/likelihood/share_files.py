"""Shares of runs in files, for the tests of the table and the figure of likelihoods."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from sheets import context, run, sql, write_parts

from memorization.config.project import Statistics
from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.extraction import ExtractionTable
from memorization.schemas.likelihoods import LikelihoodsTable
from memorization.studies.likelihood import table
from memorization.studies.likelihood.extraction import ExtractionGrid, extraction

STATISTICS = Statistics(draws=100)
AXES = {
    "datasets": ["news", "chat"],
    "models": ["t5"],
    "states": ["base", "full"],
    "decodings": ["greedy", "top_k"],
    "draws": [1, 10, 1_000_000],
    "probability": [0.1, 0.5, 0.9],
    "tokens": 4,
}


def shares(dataset: str, state: str, population: str, likely: float, greedy: int, probes: int = 20) -> pa.Table:
    """Shares of probes whose tokens all have the probability `likely`; `greedy` of them are written greedily."""
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
    likelihoods = pa.Table.from_pylist(rows, schema=LikelihoodsTable.arrow())
    grid = ExtractionGrid(["greedy"], [4, 6], [1, 10, 100, 1_000_000], [0.1, 0.3, 0.5, 0.9])
    extracted = extraction(likelihoods, range(probes), grid, STATISTICS)
    coordinates = run(dataset, state=state, population=population)
    return pa.Table.from_pylist([coordinates | asdict(row) for row in extracted], schema=ExtractionTable.arrow())


def likelihood_context(**fields: Any) -> Context:
    """The context of the study's table and figure."""
    plain = {"study": "likely", "title": "Discoverable", "options": {"study": AXES}}
    return context(
        {"news": "Multi-news"}, {"t5": "T5_base"}, **plain | {"statistics": STATISTICS.model_dump()} | fields
    )


def likelihood_sheet(folder: Path) -> Sheet:
    """The sheet of the study, from files in another order."""
    parts = [
        shares("chat", "full", "member", 0.9, 3),
        shares("news", "full", "control", 0.01, 0),
        shares("news", "full", "member", 0.5, 5),
        shares("news", "base", "member", 0.001, 0),
    ]
    files = {"query": [sql("likelihood")], "rates": write_parts(folder, ExtractionTable, parts)}
    return table.sheet(files, likelihood_context())
