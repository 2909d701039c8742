"""Maps of attention that a reader can follow token by token, with the density beside them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from memorization import storage
from memorization.page.context import PageContext
from memorization.page.section import Section, json_block, packed_block
from memorization.report.context import Files
from memorization.report.words import in_state

SAMPLES = 3
"""Samples whose maps the page has: the first ones drawn."""
WEIGHTS = 3_000_000
"""Weights that the page has at most, of two bytes each; maps beyond them are left out, later samples first."""
SCALE = 2**16 - 1
"""A weight is kept as a whole number of this part of 1."""
COLUMNS = ["sample", "layer", "output_tokens", "input_tokens", "weights", "output_texts", "input_texts"]


def section(files: Files, context: PageContext) -> Section | None:
    """The last layer's maps of the studies of attention, state beside state; None where there are none."""
    if not context.attention:
        return None
    found = [
        (number, sample, map_)
        for number, file in enumerate(files["maps"])
        for sample, map_ in enumerate(read_maps(file))
    ]
    kept: list[tuple[int, int, dict[str, Any]]] = []
    weights = 0
    for number, sample, map_ in sorted(found, key=lambda each: (each[1], each[0])):
        weights += map_["weights"].size
        if weights > WEIGHTS and kept:
            break
        kept.append((number, sample, map_))
    titled = [*context.attention]
    cells = [
        {
            "dataset": cell["dataset_title"],
            "state": in_state(cell["model_title"], cell["state"], titled),
            "epoch": cell["epoch"],
            "group": f"{cell['dataset']} {cell['population']}",
            "density": _density(file),
        }
        for cell, file in zip(context.attention, files["density_means"], strict=True)
    ]
    absent = context.personal_data == "absent"
    maps = [
        {
            "cell": number,
            "sample": sample,
            "layer": map_["layer"],
            "inputs": [None] * map_["shape"][1] if absent else map_["inputs"],
            "outputs": [None] * map_["shape"][0] if absent else map_["outputs"],
        }
        for number, sample, map_ in kept
    ]
    data = {"cells": cells, "maps": maps, "scale": SCALE, "masked": context.personal_data == "masked"}
    blocks = {
        "attention": packed_block(json_block(data).encode()),
        "attention-weights": packed_block(map_["weights"].tobytes() for _, _, map_ in kept),
    }
    return Section("attention", "Where it looks", _html(len(kept) < len(found), absent), blocks)


def _html(left_out: bool, absent: bool) -> str:
    notes = [
        f"Shown: the first {SAMPLES} samples, last layer, mean of the heads.",
        "Maps beyond the page's bound are left out." if left_out else "",
        "Tokens are numbers here, since the page is made without personal data." if absent else "",
    ]
    return (
        '<p class="lead">What an output token attends to in the input. Dense attention, spread over many tokens, is '
        'the paper\'s explanation of why some tasks memorize more.</p>\n<div class="maps" id="maps">'
        "<noscript><p>The maps need JavaScript.</p></noscript></div>\n"
        f'<p class="small">{" ".join(filter(None, notes))}</p>'
    )


def read_maps(file: Path) -> list[dict[str, Any]]:
    """The last layer's maps of the first samples of a file of schema `attention_maps`: whole numbers of 1 / SCALE."""
    last = max(max(batch["layer"].to_pylist()) for batch in storage.stream(file, ["layer"]))
    maps: list[dict[str, Any]] = []
    for batch in storage.stream(file, COLUMNS, rows=16):
        samples, layers = batch["sample"].to_pylist(), batch["layer"].to_pylist()
        for row in range(batch.num_rows):
            if samples[row] >= SAMPLES:
                # Samples are in their order.
                return maps
            if layers[row] == last:
                # Only these become objects of Python: a map may have a quarter of a million weights.
                weights = batch["weights"][row].values.to_numpy().astype(np.float64)
                maps.append(
                    {
                        "layer": last,
                        "shape": (batch["output_tokens"][row].as_py(), batch["input_tokens"][row].as_py()),
                        "weights": np.rint(weights * SCALE).astype("<u2"),
                        "inputs": batch["input_texts"][row].as_py(),
                        "outputs": batch["output_texts"][row].as_py(),
                    }
                )
    return maps


def _density(file: Path) -> Mapping[str, float] | None:
    """The mean number of effective tokens in the last layer, with its interval and the number of samples."""
    rows = [row for row in storage.rows(file) if row["measure"] == "effective_tokens"]
    if not rows:
        return None
    last = max(rows, key=lambda row: row["layer"])
    return {name: last[name] for name in ("value", "low", "high", "n")}
