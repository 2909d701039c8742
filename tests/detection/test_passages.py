"""Passages and common runs, against plain programs that compare every place with every place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_similarity import longest_run_by_table

from memorization.detection import passages
from memorization.detection.passages import Passages, characters, longest_common_run

TEXTS = st.text(st.sampled_from("ab \n\ud800"), max_size=30)


def windows(text: str, length: int) -> set[str]:
    found = {text[start : start + length] for start in range(len(text) - length + 1)}
    return {window for window in found if "\n" not in window}


@given(TEXTS, TEXTS, st.integers(1, 9))
def test_passages_of_a_text_are_those_that_it_shares(own: str, other: str, length: int) -> None:
    numbered = Passages(own, length)
    assert len(numbered) == len(windows(own, length)) == len(numbered.of(own))
    assert len(numbered.of(other)) == len(windows(own, length) & windows(other, length))
    one, two = numbered.of(other[: len(other) // 2]), numbered.of(other[len(other) // 2 :])
    assert set(one) | set(two) <= set(numbered.of(other))


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
        assert len(numbered.of(other)) == len(windows(own, length) & windows(other, length))


@given(*[st.lists(st.integers(0, 3), max_size=40)] * 2)
def test_the_longest_common_run_is_that_of_a_table(one: list[int], other: list[int]) -> None:
    expected = longest_run_by_table(one, other)
    assert longest_common_run(np.array(one, np.int64), np.array(other, np.int64)) == expected


def test_characters_are_code_points() -> None:
    assert characters("a猫🙂\ud800").tolist() == [97, 0x732B, 0x1F642, 0xD800]
