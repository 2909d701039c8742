"""Outcomes of suffixes in known disguises: what the detector finds of them, in place of a model's texts."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.detection.disguises import DISGUISES, disguised
from memorization.detection.splitter import read_splitter
from memorization.detector import Detector
from memorization.positive_controls import spelled
from memorization.probes import read_tokenizer
from memorization.schemas.probes import ProbesTable
from memorization.schemas.recall import RecallTable


@dataclass(frozen=True)
class Draw:
    """Which texts are searched for: the suffixes of at most n probes, drawn by a seed, cut to so many first tokens."""

    n: int
    seed: int
    tokens: int


def search(probes: Path, model: Path, detector: Detector, disguises: Collection[str], draw: Draw) -> pa.Table:
    """Table `recall`: outcomes of the probes' suffixes in each of the disguises (names).

    `probes` are the detector's own, or others, none of whose suffixes it searches; of those no more are drawn than it
    has. `model` is the base model's folder, whose tokenizer cuts.
    """
    rows = storage.read(probes, ProbesTable, ["prefix", "suffix", "input_text"]).to_pylist()
    n = min(draw.n, len(rows), storage.rows_of(detector.probes))
    drawn = sorted(random.Random(draw.seed).sample(range(len(rows)), n))
    tokenizer, sentences = read_tokenizer(model), read_splitter(detector.sentences, detector.segmentation)
    suffixes = spelled([rows[probe]["suffix"] for probe in drawn], [draw.tokens] * n, tokenizer)
    others = spelled([_other(rows, probe, draw.seed) for probe in drawn], None, tokenizer)
    own = probes == detector.probes
    found: list[dict[str, Any]] = []
    for disguise in (each for each in DISGUISES if each.name in disguises):
        texts = [
            disguised(suffix, disguise, sentences, other, (draw.seed, probe))
            for suffix, other, probe in zip(suffixes, others, drawn, strict=True)
        ]
        outcomes = detector.outcomes(drawn if own else range(n), texts)
        found += [
            {
                "probe": probe,
                "input_text": rows[probe]["input_text"],
                "disguise": disguise.name,
                "characters": len(text),
                "changed": text.split() != suffix.split(),
                "outcome": outcome["outcome"],
                "own_suffix": outcome["own_suffix"] if own else None,
            }
            for probe, text, suffix, outcome in zip(drawn, texts, suffixes, outcomes.to_pylist(), strict=True)
        ]
    return pa.Table.from_pylist(found, schema=RecallTable.arrow())


def _other(rows: Sequence[Mapping[str, Any]], probe: int, seed: int) -> str:
    """The prefix of another input, which is in no suffix that is searched; "" where all inputs are the same."""
    others: list[str] = [row["prefix"] for row in rows if row["input_text"] != rows[probe]["input_text"]]
    return random.Random(f"{seed} {probe}").choice(others or [""])
