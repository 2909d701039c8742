"""Ranks, exposures and bounds of epsilon against what they are by construction."""

import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from memorization.studies.canaries.exposure import (
    CONFIDENCE,
    GUESSED_FROM,
    EpsilonBound,
    epsilon_bound,
    exposure_of,
    uniform_mean,
)


@given(st.lists(st.integers(-9, 0), min_size=1, max_size=40))
def test_a_rank_in_the_whole_space_is_counted(logs: list[int]) -> None:
    own, *others = logs

    found = exposure_of(float(own), np.array(others, dtype=float), len(logs))

    assert (found.candidates, found.rank) == (len(logs), 1 + sum(other >= own for other in others))
    assert found.exposure == found.exposure_low == found.exposure_high
    assert found.exposure == pytest.approx(math.log2(len(logs) / found.rank))


def test_a_model_that_finds_all_alike_exposes_none() -> None:
    assert exposure_of(-1.0, np.full(99, -1.0 - 1e-9), 100).exposure == 0


@pytest.mark.parametrize("candidates", [2, 3, 50])
def test_the_uniform_mean_is_that_of_all_ranks(candidates: int) -> None:
    everyone = [math.log2(candidates / rank) for rank in range(1, candidates + 1)]

    assert uniform_mean(candidates) == pytest.approx(np.mean(everyone))


def test_the_uniform_mean_of_a_large_space_is_known() -> None:
    assert uniform_mean(10**6) == pytest.approx(1 / math.log(2), abs=1e-4)


def test_the_bounds_of_a_sample_hold_the_exposure_in_the_whole_space() -> None:
    space, sample, draws = 10**12, 300, 2000
    generator = np.random.default_rng(0)
    held = 0
    for _ in range(draws):
        # That many of the others are at least as likely.
        above = int(10 ** generator.uniform(6, 12))
        truth = math.log2(space) - math.log2(1 + above)
        others = np.where(generator.random(sample) < above / (space - 1), 0.0, -2.0)
        found = exposure_of(-1.0, others, space)
        held += found.exposure_low <= truth <= found.exposure_high
        assert found.exposure <= math.log2(sample + 1)
    assert held >= binom.ppf(0.001, draws, CONFIDENCE)


def test_a_sample_in_which_a_secret_is_first_gives_a_lower_bound_alone() -> None:
    found = exposure_of(0.0, np.full(999, -1.0), 10**9)

    assert (found.rank, found.exposure) == (1, pytest.approx(math.log2(1000)))
    assert found.exposure_high == pytest.approx(math.log2(10**9))
    assert 7 < found.exposure_low < math.log2(1000)


@pytest.mark.parametrize("epsilon", [0.0, 0.5, 2.0])
def test_the_bound_exceeds_the_epsilon_of_randomized_response_no_more_often_than_stated(epsilon: float) -> None:
    # Each coin is told with probability e^epsilon / (1 + e^epsilon), which is the worst that epsilon allows.
    draws, canaries, truth = 2000, 60, math.exp(epsilon) / (1 + math.exp(epsilon))
    generator = random.Random(1)
    bounds = []
    for _ in range(draws):
        held_out = [generator.random() < 0.5 for _ in range(canaries)]
        told = [out == (generator.random() < truth) for out in held_out]
        exposures = [0.0 if out else GUESSED_FROM for out in told]
        bounds.append(epsilon_bound(exposures, held_out, 0.5, 10_000).epsilon)

    too_high = sum(bound > epsilon for bound in bounds if bound is not None)
    assert None not in bounds
    assert too_high <= binom.ppf(0.999, draws, 1 - CONFIDENCE)
    if epsilon == 2.0:
        # And it is no empty bound.
        assert np.mean([bound or 0.0 for bound in bounds]) > epsilon / 2


def test_a_model_that_knows_nothing_is_rarely_said_to_leak() -> None:
    generator = np.random.default_rng(3)
    leaks = 0
    for _ in range(1000):
        exposures = (-np.log2(generator.random(200))).tolist()
        bound = epsilon_bound(exposures, (generator.random(200) < 0.5).tolist(), 0.5, 10_000)
        leaks += bool(bound.epsilon)
    assert leaks <= binom.ppf(0.999, 1000, 1 - CONFIDENCE)


def test_canaries_that_are_all_known_give_the_bound_of_their_number() -> None:
    bound = epsilon_bound([13.0] * 10 + [1.0] * 10, [False] * 10 + [True] * 10, 0.5, 10_000)

    # Ten of ten: a share of 0.05^(1/10) at least.
    p = 0.05**0.1
    assert bound == EpsilonBound(10, 10, pytest.approx(math.log(p / (1 - p))))


def test_there_is_no_bound_without_fair_coins_or_a_space_and_none_but_0_without_right_guesses() -> None:
    assert epsilon_bound([9.0], [False], 0.25, 10_000).epsilon is None
    assert "0.25, and not by a fair coin" in epsilon_bound([9.0], [False], 0.25, 10_000).reason
    assert "20 secrets are too few" in epsilon_bound([4.0], [False], 0.5, 20).reason
    assert epsilon_bound([1.0, 9.0], [False, True], 0.5, 10_000) == EpsilonBound(1, 0, 0.0)
