"""Exposure of planted secrets, and what it proves of the privacy of their training.

Carlini et al. (2019), "The Secret Sharer": a secret of a space R has the exposure log2 |R| - log2 rank, its rank being
the number of secrets in R that the model finds at least as likely. Of a secret that the model has never seen, every
rank is equally likely, whatever the model prefers, since the secret was drawn without it: the mean exposure is then
1 / ln 2 = 1.44 bits. Where R is too large, a sample of it takes its place, in which the rank is as uniform; the paper's
extrapolation by a skew-normal distribution is not used, because it has no stated error in the tail, where it matters.

Steinke et al. (2023), "Privacy Auditing with One (1) Training Run": where each canary is in or out by a fair coin of
its own, and training is (epsilon, 0)-differentially private, then of r guesses of coins from the model at most a
binomial number with probability e^epsilon / (1 + e^epsilon) is right. The bound holds given whatever was guessed, so it
does not matter how many canaries are guessed, as long as the rule does not look at the coins.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from memorization.config.project import Statistics
from memorization.statistics.bootstrap import clopper_pearson

GUESSED_FROM = 5.0
"""Exposure (bits) from which a canary is guessed to be in: one that is out has as much once in 2^5 = 32 times."""
CONFIDENCE = 0.95
"""Confidence of the lower bound of epsilon, and of the bounds of an exposure from a sample."""
DECIMALS = 6


@dataclass(frozen=True)
class Exposure:
    """A secret's rank among candidates, itself included, and its exposure with bounds in the whole space (bits)."""

    candidates: int
    rank: int
    exposure: float
    exposure_low: float
    exposure_high: float


def exposure_of(log_probability: float, others: np.ndarray, space: int) -> Exposure:
    """The exposure of a secret of that log-probability among others (n,) of its space, all of them or a sample.

    Ties count against it, so that a model that finds all alike exposes none.
    """
    # Sums of single-precision numbers have no more precision, and equal texts must not differ by it.
    rank = 1 + int((np.round(others, DECIMALS) >= round(log_probability, DECIMALS)).sum())
    candidates = len(others) + 1
    exposure = math.log2(candidates) - math.log2(rank)
    if candidates == space:
        return Exposure(candidates, rank, exposure, exposure, exposure)
    tail = (1 - CONFIDENCE) / 2
    shares = clopper_pearson(rank - 1, len(others), Statistics(low=tail, high=1 - tail))
    high, low = (math.log2(space) - math.log2(1 + share * (space - 1)) for share in shares)
    return Exposure(candidates, rank, exposure, low, high)


def uniform_mean(candidates: int) -> float:
    """The mean exposure (bits) of a rank that is uniform among so many: 1 / ln 2 for many."""
    return math.log2(candidates) - math.lgamma(candidates + 1) / math.log(2) / candidates


@dataclass(frozen=True)
class EpsilonBound:
    """A lower bound of epsilon: of that many guesses so many were right; None with the reason where there is none."""

    guesses: int
    right: int
    epsilon: float | None
    reason: str = ""


def epsilon_bound(exposures: Sequence[float], held_out: Sequence[bool], share: float, candidates: int) -> EpsilonBound:
    """The lower bound of epsilon, at `CONFIDENCE`, from the exposures (n,) of canaries that were in, and held out.

    `share` is the probability of being held out; `candidates` are those that each is ranked among. Canaries of that
    many rows each: the epsilon is that of such a group of rows.
    """
    if share != 0.5:
        return EpsilonBound(0, 0, None, f"each canary was held out with probability {share:g}, and not by a fair coin")
    if math.log2(candidates) < GUESSED_FROM:
        return EpsilonBound(0, 0, None, f"{candidates} secrets are too few to tell any apart")
    guessed = [out for exposure, out in zip(exposures, held_out, strict=True) if exposure >= GUESSED_FROM]
    right = guessed.count(False)
    if not right:
        return EpsilonBound(len(guessed), 0, 0.0)
    p, _ = clopper_pearson(right, len(guessed), Statistics(low=1 - CONFIDENCE, high=CONFIDENCE))
    return EpsilonBound(len(guessed), right, max(0.0, math.log(p) - math.log1p(-p)))
