"""Outcomes of disguised suffixes in files, for the tests of the table and the figure of recall."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
from sheets import context, write_parts

from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.recall import RecallTable
from memorization.studies.recall import table
from memorization.studies.recall.plan import NAMES

N = 20
CELLS = [
    {
        "dataset": dataset,
        "model": "t5",
        "prefix_tokens": 50,
        "tokens": 100,
        "profile": profile,
        "population": population,
        "n": N,
        "seed": 0,
    }
    for dataset, profile, population in product(("news", "chat"), ("zeng2024", "collection"), ("member", "control"))
]


def found_of(cell: dict[str, Any], disguises: Sequence[str] = NAMES) -> pa.Table:
    """Of the nth disguise all but 3 n suffixes are found, in `collection` all but n; the first half verbatim.

    The last of these by another suffix. Two probes share each input. Of test inputs none is found in news, one in chat.
    """
    member, step = cell["population"] == "member", 1 if cell["profile"] == "collection" else 3
    rows = []
    for place, name in enumerate(disguises if member else ["copy"]):
        found = max(0, N - step * place) if member else int(cell["dataset"] == "chat")
        rows += [
            {
                "probe": probe,
                "input_text": probe // 2,
                "disguise": name,
                "characters": 100 + probe,
                "changed": name != "copy" and probe % 4 > 0,
                "outcome": "none" if probe >= found else "verbatim" if probe < found // 2 else "paraphrase",
                "own_suffix": probe + 1 < found if member and probe < found else None,
            }
            for probe in range(N)
        ]
    return pa.Table.from_pylist(rows, schema=RecallTable.arrow())


def recall_context(
    disguises: Sequence[str] = NAMES, cells: Sequence[dict[str, Any]] = (), classified: bool = False
) -> Context:
    """The context of the study's table and figure."""
    options = {
        "study": {"tokens": 100, "seed": 0, "disguises": list(disguises)},
        "cells": list(cells or CELLS),
        "classified": classified,
    }
    plain = {"study": "recalled", "title": "Disguises", "options": options}
    return context({"news": "Multi-news", "chat": "Chat"}, {"t5": "T5_base"}, **plain)


def recall_sheet(
    folder: Path,
    disguises: Sequence[str] = NAMES,
    cells: Sequence[dict[str, Any]] = (),
    classified: bool = False,
) -> Sheet:
    """The sheet of the study; its files have all disguises."""
    parts = [found_of(cell) for cell in cells or CELLS]
    return table.sheet(
        {"recall": write_parts(folder, RecallTable, parts)}, recall_context(disguises, cells, classified)
    )
