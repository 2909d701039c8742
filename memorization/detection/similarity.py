"""How similar two texts, or their tokens, are: common runs, BLEU, edit similarity and ROUGE-L.

Edit similarity and ROUGE-L compare every character or word of one text with every one of the other, 64 at a time: they
are for texts of bounded length, as the windows of `definitions` are.
"""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from memorization.detection import passages

REMEMBERED_CHUNKS = 65_536
"""Runs of characters without white space whose words are kept in memory."""


def preload() -> None:
    """Import what measures of similarity need."""
    import rapidfuzz.distance  # noqa: F401
    import sacrebleu.metrics.bleu  # noqa: F401

    from memorization.detection import common_runs  # noqa: F401


def common_head(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Number of first tokens, or characters, that are the same in both."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def longest_common_run(one: str, other: str) -> int:
    """Length of the longest string that both contain, in characters; time grows with both."""
    return _longest_common_run(*(passages.characters(text).astype(np.int32) for text in (one, other)))


def longest_equal_run(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the longest run of tokens that both contain, in tokens; time grows with both."""
    return _longest_common_run(np.array(one, np.int32), np.array(other, np.int32))


def _longest_common_run(one: np.ndarray, other: np.ndarray) -> int:
    # Imported here, since Numba takes longer than the rest of this module, and not all need common runs.
    from memorization.detection.common_runs import longest_common_run as compiled

    return int(compiled(one, other))


@functools.cache
def bleu_metric() -> Any:
    """BLEU of single texts with sacrebleu's advice for them: for under four words, orders up to the text's length."""
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(lowercase=False, tokenize="13a", smooth_method="exp", effective_order=True)


def bleu(generation: str, reference: str) -> float:
    """BLEU-4 of a generation against one reference, from 0 to 1; 0 where one of them has no word."""
    metric = bleu_metric()
    ours, theirs = _words(generation), _words(reference)
    orders = range(1, metric.max_ngram_order + 1)
    correct = _common_ngrams(ours, theirs, metric.max_ngram_order)
    total = [max(0, len(ours) - order + 1) for order in orders]
    score = metric.compute_bleu(
        correct, total, len(ours), len(theirs), metric.smooth_method, effective_order=metric.effective_order
    ).score
    # The geometric mean of four ones is a little more than one.
    return min(1.0, float(score) / 100)


def _words(text: str) -> list[str]:
    """Words of a text by sacrebleu's tokenizer 13a, which reads no further than from one white space to the next.

    It joins what "<skipped>" and a hyphen at the end of a line separate, and reads four entities, before that.
    """
    if "<" in text or "&" in text or "-\n" in text:
        words: list[str] = bleu_metric().tokenizer(text.rstrip()).split()
        return words
    return [word for chunk in text.split() for word in ((chunk,) if chunk.isalnum() else _words_of_chunk(chunk))]


@functools.lru_cache(REMEMBERED_CHUNKS)
def _words_of_chunk(chunk: str) -> tuple[str, ...]:
    return tuple(bleu_metric().tokenizer(chunk).split())


def _common_ngrams(ours: Sequence[str], theirs: Sequence[str], orders: int) -> list[int]:
    """Number of n-grams of orders 1, 2, ... that both have, each as often as the one that has it less often."""
    common = [0] * orders
    for order in range(orders):
        counts = Counter(zip(*(ours[start:] for start in range(order + 1)), strict=False))
        other = Counter(zip(*(theirs[start:] for start in range(order + 1)), strict=False))
        common[order] = sum(min(count, other[ngram]) for ngram, count in counts.items() if ngram in other)
        # Without a common n-gram there is no longer one.
        if not common[order]:
            break
    return common


def edit_similarity(generation: str, reference: str) -> float:
    """1 - Levenshtein distance / length of the longer text, in characters, from 0 to 1; 0 where both are empty."""
    from rapidfuzz.distance import Levenshtein

    return Levenshtein.normalized_similarity(generation, reference) if generation or reference else 0.0


def rouge_l(generation: str, reference: str) -> float:
    """F-measure of the longest common subsequence of words, from 0 to 1; 0 where neither has a word.

    Words are runs of letters and digits of any script, lower-cased, not stemmed. The F-measure is 2 LCS / (words of
    both), which is the normalized insertion-deletion similarity.
    """
    from rapidfuzz.distance import Indel

    one, other = (re.findall(r"\w+", text.lower()) for text in (generation, reference))
    return Indel.normalized_similarity(one, other) if one or other else 0.0
