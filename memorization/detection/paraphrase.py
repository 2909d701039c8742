"""Confidence in paraphrases: sentence pairs of a match, judged by a classifier (Appendix B.2)."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from memorization.config.detection import Paraphrase
from memorization.detection.spans import RunTexts
from memorization.detection.text import SentenceSplitter
from memorization.schemas.paraphrases import ParaphrasesTable

log = logging.getLogger(__name__)

SentencePair = tuple[str, str]
"""A generated sentence and a training sentence."""

Judge = Callable[[Sequence[SentencePair]], tuple[np.ndarray, np.ndarray]]
"""From n different pairs to p(equivalent) and whether a pair was cut: (n,), (n,)."""


def confidence(
    matches: pa.Table, texts: RunTexts, sentences: Callable[[], SentenceSplitter], judge: Judge, settings: Paraphrase
) -> pa.Table:
    """Table of schema `paraphrases`: one row per match of type `other`, in the order of the matches.

    `matches` has the schema `matches`. Confidence is high where a sentence pair has low < p < high (`settings`). Every
    different pair is judged once; `sentences` and `judge` are called only where a match has to be judged.
    """
    rows = [match for match in matches.to_pylist() if match["type"] == "other"]
    pairs_of_row: list[list[int]] = []
    pair_numbers: dict[SentencePair, int] = {}
    if rows:
        model = sentences()
        split = functools.cache(lambda text: tuple(_sentences(text, model)))
        for row in rows:
            generated, trained = texts.passages(row)
            pairs = sentence_pairs(split(generated), split(trained))
            pairs_of_row.append([pair_numbers.setdefault(pair, len(pair_numbers)) for pair in pairs])
    probabilities, cut = judge(list(pair_numbers)) if pair_numbers else (np.empty(0), np.empty(0, dtype=bool))
    if cut.any():
        log.warning("paraphrase confidence: %d of %d sentence pairs were cut to be judged", cut.sum(), len(cut))
    for row, numbers in zip(rows, pairs_of_row, strict=True):
        values = probabilities[numbers]
        between = values[(settings.low < values) & (values < settings.high)]
        row |= {
            "pairs": len(numbers),
            "cut_pairs": int(cut[numbers].sum()),
            "probability": float(values.max()) if len(values) else None,
            "probability_between": float(between.max()) if len(between) else None,
            "high": bool(len(between)),
        }
    return pa.Table.from_pylist(rows, schema=ParaphrasesTable.arrow())


def sentence_pairs(generated: Sequence[str], trained: Sequence[str]) -> list[SentencePair]:
    """Every (generated, training) pair except those of equal sentences, which are no paraphrases.

    Pairs are as many as the product of both; what a model writes, and so one of the factors, has a bounded length.
    """
    compared = [sentence.lower().strip() for sentence in trained]
    return [
        (first, second)
        for first in generated
        for second, same in zip(trained, compared, strict=True)
        if first.lower().strip() != same
    ]


def _sentences(passage: str, model: SentenceSplitter) -> list[str]:
    """Sentences of a passage, each on one line.

    The authors' program deletes the newlines of generations ("new\\nhouse" is "newhouse") and keeps those of suffixes:
    here a space replaces them in both, so that words stay apart.
    """
    return [passage[start:end].replace("\n", " ") for start, end in model.span_tokenize(passage)]
