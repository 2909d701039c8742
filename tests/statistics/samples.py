"""Outcomes and settings for the tests of statistics, and intervals by other means."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from memorization.config.project import Statistics

OUTCOMES = ("none", "verbatim", "idea", "paraphrase")
LOW, HIGH = 0.025, 0.975
TEXTS = [0, 0, 0, 1, 2, 2, 3, 4, 4, 4, 4, 5]


def settings(draws: int, seed: int = 0) -> Statistics:
    return Statistics(draws=draws, low=LOW, high=HIGH, seed=seed)


def drawn(seed: int, n: int, shares: tuple[float, ...]) -> list[str]:
    return list(np.random.default_rng(seed).choice(OUTCOMES, size=n, p=shares))


def scipy_bounds(
    sides: Sequence[np.ndarray], statistic: Callable[..., np.ndarray], draws: int, paired: bool = False
) -> tuple[float, float]:
    """Percentile bootstrap bounds that scipy gives by resampling the rows of each side."""
    interval = stats.bootstrap(
        sides,
        statistic,
        paired=paired,
        n_resamples=draws,
        confidence_level=HIGH - LOW,
        method="percentile",
        vectorized=True,
        rng=2,
    ).confidence_interval
    return float(interval.low), float(interval.high)


def quantile_error(deviation: float, draws: int) -> float:
    """Four standard errors of the difference of two 2.5% quantiles, each of `draws` draws.

    The quantile of a normal distribution with standard deviation s has a standard error of
    s * sqrt(q (1 - q) / draws) / density(q).
    """
    error = deviation * np.sqrt(LOW * HIGH / draws) / stats.norm.pdf(stats.norm.ppf(LOW))
    return float(4 * np.sqrt(2) * error)


def allowed(share: float, n: int, draws: int) -> float:
    """`quantile_error` of a share, and one step of 1/n, in which bootstrapped shares move."""
    return quantile_error(np.sqrt(max(share * (1 - share), 1 / n) / n), draws) + 1 / n


def clustered(seed: int, texts: int) -> tuple[list[str], list[int]]:
    """Outcomes that depend on their text, one to six probes per text, and the numbers of the texts."""
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, 7, size=texts)
    chances = generator.beta(0.3, 1.2, size=texts)
    numbers = np.repeat(np.arange(texts), sizes)
    hits = generator.random(len(numbers)) < chances[numbers]
    return ["verbatim" if hit else "none" for hit in hits], numbers.tolist()


def resampled_by_text(values: np.ndarray, texts: list[int], draws: int) -> np.ndarray:
    """Means when texts are resampled one by one, each with its probes: the plain way."""
    generator = np.random.default_rng(5)
    by_text = [values[np.array(texts) == text] for text in sorted(set(texts))]
    return np.array(
        [
            np.concatenate([by_text[index] for index in generator.integers(len(by_text), size=len(by_text))]).mean()
            for _ in range(draws)
        ]
    )
