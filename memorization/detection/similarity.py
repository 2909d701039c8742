"""How similar two texts, or their tokens, are: common runs, BLEU, edit similarity and ROUGE-L.

Edit similarity and ROUGE-L compare every character or word of one text with every one of the other, 64 at a time: they
are for texts of bounded length, as the windows of `definitions` are.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from itertools import takewhile
from typing import Any

import numpy as np

from memorization.detection import passages

MOST_SEARCHED = 4_000_000
"""Product of two texts' lengths up to which searching one in the other takes less time than numbering runs."""


def common_head(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Number of first tokens, or characters, that are the same in both."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def longest_common_run(one: str, other: str) -> int:
    """Length of the longest string that both contain, in characters.

    Time is at most that of n log n, for n characters of both.
    """
    if len(one) * len(other) > MOST_SEARCHED:
        return passages.longest_common_run(*(passages.characters(text).astype(np.int64) for text in (one, other)))
    longest = 0
    for start in range(len(one)):
        # Only a longer one counts, so that the search continues from the longest length so far.
        while start + longest < len(one) and one[start : start + longest + 1] in other:
            longest += 1
    return longest


def longest_equal_run(one: Iterable[int], other: Iterable[int]) -> int:
    """Length of the longest run of tokens that both contain, in tokens."""
    # One character per token, so that runs of tokens are searched as substrings are.
    return longest_common_run("".join(map(chr, one)), "".join(map(chr, other)))


@functools.cache
def bleu_metric() -> Any:
    """BLEU of single texts with sacrebleu's advice for them: for under four words, orders up to the text's length."""
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(lowercase=False, tokenize="13a", smooth_method="exp", effective_order=True)


def bleu(generation: str, reference: str) -> float:
    """BLEU-4 of a generation against one reference, from 0 to 1; 0 where one of them has no word."""
    # The geometric mean of four ones is a little more than one.
    return min(1.0, float(bleu_metric().sentence_score(generation, [reference]).score) / 100)


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
