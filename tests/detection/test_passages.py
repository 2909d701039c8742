"""Passages, against a plain program that compares every place with every place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorization.detection import passages
from memorization.detection.passages import Passages, characters

TEXTS = st.text(st.sampled_from("ab \n\ud800"), max_size=30)


def windows(text: str, length: int) -> set[str]:
    found = {text[start : start + length] for start in range(len(text) - length + 1)}
    return {window for window in found if "\n" not in window}


def shared(numbered: Passages, *texts: str) -> int:
    return int(numbered.marked(texts).sum())


@given(TEXTS, st.lists(TEXTS, max_size=4), st.integers(1, 9))
def test_passages_of_a_text_are_those_that_it_shares(own: str, others: list[str], length: int) -> None:
    numbered = Passages(own, length)
    assert len(numbered) == len(windows(own, length)) == shared(numbered, own)
    assert shared(numbered, *others) == len(windows(own, length) & windows("\n".join(others), length))


@given(TEXTS, st.integers(1, 9))
def test_a_passage_has_one_number_at_every_place(own: str, length: int) -> None:
    numbered = Passages(own, length)
    assert len(numbered.numbers) == len(own)
    for place, number in enumerate(numbered.numbers):
        passage = own[place : place + length]
        assert (number == passages.NONE) == (passage not in windows(own, length))
        again = [other for other, of in enumerate(numbered.numbers) if of == number != passages.NONE]
        assert all(own[other : other + length] == passage for other in again)


@given(TEXTS, TEXTS, st.integers(1, 9))
def test_passages_of_one_hash_are_told_apart(own: str, other: str, length: int) -> None:
    hashes = passages._hashes

    def weak(codes: np.ndarray, length: int, salt: int) -> np.ndarray:
        # Those of a first trial are all equal; the later ones keep few bits, so that other texts have them too.
        kept = 0 if salt == 0 else 0xFF
        return hashes(codes, length, salt) & np.uint64(kept if salt < 3 else 0xFFFF)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passages, "_hashes", weak)
        numbered = Passages(own, length)
        assert len(numbered) == len(windows(own, length))
        assert shared(numbered, other) == len(windows(own, length) & windows(other, length))


@given(TEXTS, st.lists(TEXTS, max_size=6), st.integers(1, 9), st.integers(1, 12))
def test_passages_reach_over_the_parts_that_are_read_at_a_time(
    own: str, others: list[str], length: int, characters: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passages, "CHARACTERS_PER_CALL", characters)
        numbered = Passages(own, length)
        assert len(numbered) == len(windows(own, length))
        assert shared(numbered, *others) == len(windows(own, length) & windows("\n".join(others), length))


def test_characters_are_code_points() -> None:
    assert characters("a猫🙂\ud800").tolist() == [97, 0x732B, 0x1F642, 0xD800]
