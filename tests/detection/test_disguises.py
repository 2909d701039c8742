"""Disguises: what each of them changes, and what it leaves."""

import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorization.detection.disguises import DISGUISES, Disguise, disguised


class FullStops:
    """A sentence ends with a full stop."""

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [match.span() for match in re.finditer(r"[^.\s][^.]*\.?", text)]


WORDS = st.lists(
    st.sampled_from(["river", "bridge", "whale", "music", "corn", "No", "river,"]), min_size=1, max_size=30
)
TEXTS = st.lists(WORDS, max_size=8).map(lambda text: " ".join(f"{' '.join(words)}." for words in text))
SEEDS = st.tuples(st.integers(0, 9), st.integers(0, 99))
BY_NAME = {disguise.name: disguise for disguise in DISGUISES}


def changed(text: str, name: str, seed: tuple[int, int] = (0, 0), other: str = "Another one.") -> str:
    return disguised(text, BY_NAME[name], FullStops(), other, seed)


def sentences(text: str) -> list[str]:
    return [text[start:end] for start, end in FullStops().span_tokenize(text)]


def test_names_are_unique() -> None:
    assert len(BY_NAME) == len(DISGUISES)


@given(TEXTS, SEEDS)
def test_a_copy_is_the_text(text: str, seed: tuple[int, int]) -> None:
    assert changed(text, "copy", seed) == text


@given(TEXTS, SEEDS, st.sampled_from([10, 20, 40]))
def test_so_many_words_are_dropped_and_the_others_keep_their_order(
    text: str, seed: tuple[int, int], percent: int
) -> None:
    words, kept = text.split(), changed(text, f"dropped_{percent}", seed).split()
    assert len(words) - len(kept) == round(percent / 100 * len(words))
    rest = iter(words)
    assert all(word in rest for word in kept)


@given(TEXTS, SEEDS, st.sampled_from([10, 20, 40]))
def test_so_many_words_change_places(text: str, seed: tuple[int, int], percent: int) -> None:
    # Every word another one.
    text = " ".join(f"{word}{place}" for place, word in enumerate(text.split()))
    words, swapped = text.split(), changed(text, f"swapped_{percent}", seed).split()
    assert Counter(words) == Counter(swapped)
    moved = sum(word != other for word, other in zip(words, swapped, strict=True))
    assert moved == 2 * round(percent / 200 * len(words))


@given(TEXTS, SEEDS)
def test_sentences_change_their_order_and_nothing_else(text: str, seed: tuple[int, int]) -> None:
    text = " ".join(f"{place} {sentence}" for place, sentence in enumerate(sentences(text)))
    reordered = changed(text, "reordered", seed)
    assert Counter(sentences(reordered)) == Counter(sentences(text))
    assert (reordered != text) == (len(sentences(text)) > 1)


@given(TEXTS, SEEDS)
def test_halves_of_sentences_are_exchanged(text: str, seed: tuple[int, int]) -> None:
    assert Counter(changed(text, "halves", seed).split()) == Counter(text.split())
    assert changed("One two three. Four five.", "halves", seed) == "two three. One five. Four"


@given(TEXTS, TEXTS, SEEDS)
def test_another_text_follows_or_comes_first(text: str, other: str, seed: tuple[int, int]) -> None:
    assert changed(text, "followed", seed, other) == f"{text} {other}".strip()
    assert changed(text, "preceded", seed, other) == f"{other} {text}".strip()


@pytest.mark.parametrize(("count", "kept"), [(0, 0), (1, 1), (2, 1), (3, 2), (6, 3)])
def test_the_first_sentences_are_kept(count: int, kept: int) -> None:
    numbered = [f"Sentence {number}." for number in range(count)]
    assert changed(" ".join(numbered), "condensed") == " ".join(numbered[:kept])


@given(TEXTS, SEEDS, st.sampled_from(DISGUISES))
def test_the_same_seed_gives_the_same_text(text: str, seed: tuple[int, int], disguise: Disguise) -> None:
    assert changed(text, disguise.name, seed) == changed(text, disguise.name, seed)


def test_seeds_numbers_and_names_have_draws_of_their_own() -> None:
    text = " ".join(map(str, range(200)))
    variants = [changed(text, "dropped_40", seed) for seed in [(0, 0), (0, 1), (1, 0), (1, 1)]]
    same_amount = disguised(text, Disguise("another", "dropped", 0.4), FullStops(), "", (0, 0))
    assert len({*variants, same_amount}) == 5
