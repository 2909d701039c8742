"""Confidence in paraphrases: sentence pairs of a match, judged by a classifier (Appendix B.2)."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization import storage
from memorization.detection.text import Sentences

log = logging.getLogger(__name__)

Pair = tuple[str, str]
"""A generated sentence and a training sentence."""

Judge = Callable[[Sequence[Pair]], tuple[np.ndarray, np.ndarray]]
"""From n different pairs to p(equivalent) and whether a pair was cut: (n,), (n,)."""


def confidence(
    matches: pa.Table,
    generations: Sequence[str],
    suffixes: Sequence[str],
    sentences: Callable[[], Sentences],
    judge: Judge,
    low: float,
    high: float,
) -> pa.Table:
    """Table of schema `paraphrases`: a row for every match of type `other`, in the order of the matches.

    `matches` has the schema `matches`; texts are found by probe and document. Confidence is high where a sentence pair
    has low < p < high. Every different pair is judged once; `sentences` and `judge` are called only where there is a
    match to be judged.
    """
    rows = [row for row in numbered(matches) if row["type"] == "other"]
    pairs_of: list[list[int]] = []
    known: dict[Pair, int] = {}
    if rows:
        model = sentences()
        split = functools.cache(lambda text: tuple(_sentences(text, model)))
        for row in rows:
            generated, trained = slices(row, generations, suffixes)
            pairs = sentence_pairs(split(generated), split(trained))
            pairs_of.append([known.setdefault(pair, len(known)) for pair in pairs])
    probabilities, cut = judge(list(known)) if known else (np.empty(0), np.empty(0, dtype=bool))
    if cut.any():
        log.warning("paraphrase confidence: %d of %d sentence pairs were cut to be judged", cut.sum(), len(known))
    for row, numbers in zip(rows, pairs_of, strict=True):
        values, between = probabilities[numbers], probabilities[numbers]
        between = between[(low < between) & (between < high)]
        row |= {
            "pairs": len(numbers),
            "cut_pairs": int(cut[numbers].sum()),
            "probability": float(values.max()) if len(values) else None,
            "probability_between": float(between.max()) if len(between) else None,
            "high": bool(len(between)),
        }
    return pa.Table.from_pylist(rows, schema=storage.SCHEMAS["paraphrases"])


def sentence_pairs(generated: Sequence[str], trained: Sequence[str]) -> list[Pair]:
    """Every (generated, training) pair but those of equal sentences, which are no paraphrases."""
    plain = [sentence.lower().strip() for sentence in trained]
    return [
        (first, second)
        for first in generated
        for second, same in zip(trained, plain, strict=True)
        if first.lower().strip() != same
    ]


def _sentences(text: str, model: Sentences) -> list[str]:
    """Sentences of a slice; newlines are dropped, as in the authors' program."""
    return [text[start:end].replace("\n", "") for start, end in model.span_tokenize(text)]


def numbered(matches: pa.Table) -> list[dict[str, Any]]:
    """Rows of matches by probe and rank, each with its number `span` among those of its candidate, from 0."""
    order = pc.sort_indices(matches, [("probe", "ascending"), ("rank", "ascending")])
    rows: list[dict[str, Any]] = matches.take(order).to_pylist()
    previous: tuple[int, int] | None = None
    span = 0
    for row in rows:
        key = (row["probe"], row["rank"])
        span = span + 1 if key == previous else 0
        row["span"], previous = span, key
    return rows


def slices(match: dict[str, Any], generations: Sequence[str], suffixes: Sequence[str]) -> tuple[str, str]:
    """The aligned passages of a match: generated and training text."""
    generation, suffix = generations[match["probe"]], suffixes[match["document"]]
    start, end = match["generation_start"], match["generation_start"] + match["generation_length"]
    begin, stop = match["suffix_start"], match["suffix_start"] + match["suffix_length"]
    return generation[start:end], suffix[begin:stop]
