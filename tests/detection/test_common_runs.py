"""Common runs, against a plain program that compares every place with every place."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_similarity import longest_run_by_table

from memorization.detection.common_runs import longest_common_run


def longest(one: list[int], other: list[int]) -> int:
    return int(longest_common_run(np.array(one, np.int32), np.array(other, np.int32)))


@given(*[st.lists(st.integers(0, 3), max_size=40)] * 2)
def test_the_longest_common_run_is_that_of_a_table(one: list[int], other: list[int]) -> None:
    assert longest(one, other) == longest_run_by_table(one, other)


@pytest.mark.parametrize("numbers", [1, 2, 3, 30, 1_000_000])
def test_runs_of_long_sequences_are_those_of_a_table(numbers: int) -> None:
    draws = random.Random(numbers)
    for _ in range(15):
        one, other = ([draws.randrange(numbers) for _ in range(draws.randrange(90))] for _ in range(2))
        # A part of the one within the other, and again with one number changed.
        other[5:5] = one[3:60]
        other += [*one[:20], numbers, *one[21:]]
        assert longest(one, other) == longest(other, one) == longest_run_by_table(one, other)
