"""Similarity of texts, against the plainest programs that compute it."""

import math
import random
import re
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memorization.detection.similarity import (
    bleu,
    bleu_metric,
    common_head,
    edit_similarity,
    longest_common_run,
    longest_equal_run,
    rouge_l,
)

TEXTS = st.text(st.sampled_from("ab c\n.é猫🙂"), max_size=24)
WORDS = st.lists(st.sampled_from(["the", "The", "cat", "sat", "Straße", "猫", "7", "--", "."]), max_size=12).map(
    " ".join
)
LETTERS = st.lists(st.sampled_from("abcd"), max_size=14)


def longest_run_by_table(one: Any, other: Any) -> int:
    longest = 0
    ends = [0] * (len(other) + 1)
    for each in one:
        ends = [0] + [ends[place] + 1 if each == with_ else 0 for place, with_ in enumerate(other)]
        longest = max(longest, *ends)
    return longest


def distance_by_table(one: str, other: str) -> int:
    row = list(range(len(other) + 1))
    for above, each in enumerate(one):
        left = [above + 1]
        for place, with_ in enumerate(other):
            left.append(min(left[-1] + 1, row[place + 1] + 1, row[place] + (each != with_)))
        row = left
    return row[-1]


def subsequence_by_table(one: list[str], other: list[str]) -> int:
    row = [0] * (len(other) + 1)
    for each in one:
        left = [0]
        for place, with_ in enumerate(other):
            left.append(row[place] + 1 if each == with_ else max(left[-1], row[place + 1]))
        row = left
    return row[-1]


@given(TEXTS, TEXTS)
@example("", "")
@example("aaaa", "aaa")
def test_longest_common_run_is_that_of_a_table(one: str, other: str) -> None:
    assert longest_common_run(one, other) == longest_run_by_table(one, other) == longest_common_run(other, one)


@given(st.lists(st.integers(0, 3), max_size=20), st.lists(st.integers(0, 3), max_size=20))
def test_longest_equal_run_of_tokens_is_that_of_a_table(one: list[int], other: list[int]) -> None:
    # Large vocabularies reach the surrogates, which are characters of no text.
    high = [0xD7FE + 2 * token for token in one], [0xD7FE + 2 * token for token in other]
    expected = longest_run_by_table(one, other)
    for pair in ((one, other), high):
        assert longest_equal_run(*pair) == expected


@given(st.lists(st.integers(0, 2), max_size=9), st.lists(st.integers(0, 2), max_size=9))
def test_the_common_head_ends_at_the_first_difference(one: list[int], other: list[int]) -> None:
    size = common_head(one, other)
    assert one[:size] == other[:size]
    assert size == min(len(one), len(other)) or one[size] != other[size]


@given(TEXTS, TEXTS)
def test_edit_similarity_is_that_of_a_table(one: str, other: str) -> None:
    longer = max(len(one), len(other))
    expected = 1 - distance_by_table(one, other) / longer if longer else 0.0
    assert edit_similarity(one, other) == pytest.approx(expected)


@given(WORDS, WORDS)
def test_rouge_l_is_that_of_a_table(one: str, other: str) -> None:
    first, second = (re.findall(r"\w+", text.lower()) for text in (one, other))
    common = subsequence_by_table(first, second)
    precision, recall = (common / len(first) if first else 0, common / len(second) if second else 0)
    expected = 2 * precision * recall / (precision + recall) if common else 0
    assert rouge_l(one, other) == pytest.approx(expected)


def test_rouge_l_of_a_known_example() -> None:
    # Lin (2004), Section 3: LCS 3 of 4 words.
    assert rouge_l("police kill the gunman", "police killed the gunman") == pytest.approx(0.75)
    assert rouge_l("the gunman kill police", "police killed the gunman") == pytest.approx(0.5)


def bleu_by_counts(generation: list[str], reference: list[str]) -> float:
    """BLEU-4 as Papineni et al. (2002) define it; an order without a hit counts 1/2, 1/4, ... hits, as in NIST's."""
    logs, halved = [], 1.0
    for order in range(1, min(4, len(generation)) + 1):
        ours, theirs = (
            Counter(tuple(words[i : i + order]) for i in range(len(words) - order + 1))
            for words in (generation, reference)
        )
        hits = float(sum((ours & theirs).values()))
        if not hits:
            halved /= 2
            hits = halved
        logs.append(math.log(hits / sum(ours.values())))
    if not generation or not set(generation) & set(reference):
        return 0.0
    brevity = min(0.0, 1 - len(reference) / len(generation))
    return math.exp(brevity + sum(logs) / len(logs))


SIGNS = [*"ab1.,-&<>;$ \n\t\x1c\x85\u2028\xa0'\"!é猫%/()[]{}~`", "&quot;", "&amp;lt;", "<skipped>", "-\n", "1.", ".1"]


@given(*[st.lists(st.sampled_from(SIGNS), max_size=16).map("".join)] * 2)
def test_bleu_is_that_of_sacrebleu(generation: str, reference: str) -> None:
    score = bleu_metric().sentence_score(generation, [reference]).score
    assert bleu(generation, reference) == min(1.0, score / 100)


@given(LETTERS, LETTERS)
def test_bleu_is_that_of_counted_n_grams(generation: list[str], reference: list[str]) -> None:
    assert bleu(" ".join(generation), " ".join(reference)) == pytest.approx(bleu_by_counts(generation, reference))


def test_bleu_is_that_of_nltk() -> None:
    from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

    draw = random.Random(0)
    for _ in range(200):
        generation = draw.choices("abcdef", k=draw.randint(4, 30))
        reference = [each if draw.random() < 0.8 else draw.choice("abcdef") for each in generation][
            : draw.randint(4, 30)
        ]
        expected = sentence_bleu([reference], generation, smoothing_function=SmoothingFunction().method3)
        assert bleu(" ".join(generation), " ".join(reference)) == pytest.approx(expected)


@given(TEXTS)
def test_a_text_is_fully_similar_to_itself(text: str) -> None:
    for similarity in (bleu, edit_similarity, rouge_l):
        assert similarity(text, text) in (0.0, 1.0)
    assert edit_similarity(text, text) == float(text != "")
