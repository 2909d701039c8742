"""What is known of canaries in files, for the tests of the table and the figure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from sheets import context, write_parts

from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.canaries import CanariesTable
from memorization.studies.canaries import table

KNOWN = 13.0
"""Exposure (bits) from which a secret is the first of its space, and extracted."""


def evidence_rows(exposures: Mapping[int, Sequence[tuple[float, bool]]], **changed: Any) -> list[dict[str, Any]]:
    """Rows of schema `canaries`: by number of copies the exposure of each canary, and whether it was held out."""
    plain = {
        "form": "digits:4",
        "held_out_share": 0.5,
        "secret": "S3CRET",
        "tokens": 4,
        "log_probability": -1.0,
        "space": 10_000.0,
        "candidates": 10_000,
    }
    return [
        {
            **plain,
            "number": number,
            "copies": copies,
            "held_out": held_out,
            "greedy_tokens": 4 if exposure >= KNOWN else 0,
            "extracted": exposure >= KNOWN,
            "rank": 1 if exposure >= KNOWN else 2,
            "exposure": exposure,
            "exposure_low": exposure,
            "exposure_high": exposure,
            **changed,
        }
        for copies, each in exposures.items()
        for number, (exposure, held_out) in enumerate(each)
    ]


def canaries_context(**fields: Any) -> Context:
    """The context of a study of two states of a model."""
    cells = [
        {"model": "t5", "state": state, "epoch": epoch, "seed": 0, "dataset": "news"}
        for state, epoch in (("base", 0), ("full", 3))
    ]
    plain = {"study": "secrets", "title": "Secrets", "options": {"cells": cells, "tasks": {"news": "qa"}}}
    return context({"news": "Multi-news"}, {"t5": "T5_base"}, **plain | fields)


def canaries_sheet(folder: Path, **changed: Any) -> Sheet:
    """The sheet of the study: the base model knows nothing, the fine-tuned one more with more copies."""
    nothing = [(each / 4, each % 2 == 1) for each in range(16)]
    some = [(KNOWN if each == 0 else each / 4, each % 2 == 1) for each in range(16)]
    everything = [(each / 4 if each % 2 else KNOWN, each % 2 == 1) for each in range(16)]
    states: list[dict[int, list[tuple[float, bool]]]] = [{1: nothing, 8: nothing}, {1: some, 8: everything}]
    parts = [pa.Table.from_pylist(evidence_rows(each, **changed), schema=CanariesTable.arrow()) for each in states]
    return table.sheet({"canaries": write_parts(folder, CanariesTable, parts)}, canaries_context())
