"""Memorization rates with bootstrap intervals (Appendix G), exact bounds, and paired differences.

The bootstrap draws counts instead of rows. Resampling n rows with replacement and counting a category gives a
binomial draw with the observed rate; counting several categories at once gives a multinomial draw; and for a paired
difference the pairs (outcome before, outcome after) are resampled together, a multinomial draw of their joint table. So
the distribution is that of resampling rows, at a cost that does not grow with n.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import betaincinv

from memorization.storage import SCHEMAS

# Published order of the columns of Table 2; `total` is the sum of verbatim, idea and paraphrase.
CATEGORIES = ("total", "verbatim", "idea", "paraphrase")
# Parts of `paraphrase`, where a classifier told them apart.
CONFIDENCES = ("paraphrase_high", "paraphrase_low")


@dataclass(frozen=True)
class Rate:
    """A category's count of n probes, its rate (fraction) and its intervals (fractions)."""

    category: str
    n: int
    count: int
    rate: float
    low: float
    high: float
    exact_low: float | None
    exact_high: float | None


def in_category(outcomes: Sequence[str], category: str) -> np.ndarray:
    """Boolean array (n,): the outcome is of the category; any memorization is of `total`, any paraphrase of that."""
    array = np.asarray(outcomes, dtype=object)
    if category == "total":
        return np.asarray(array != "none")
    return np.isin(array, [category, *CONFIDENCES] if category == "paraphrase" else [category])


def categories(classified: bool) -> tuple[str, ...]:
    """The categories whose rates are told; those of confidence where paraphrases were classified."""
    return (*CATEGORIES, *CONFIDENCES) if classified else CATEGORIES


def rates(
    outcomes: Sequence[str], draws: int, low: float, high: float, seed: int, classified: bool = False
) -> list[Rate]:
    """The rate of every category among outcomes (n,), with percentile bootstrap and Clopper-Pearson bounds.

    `low` and `high` are quantiles: 0.025 and 0.975 give 95% intervals; `classified`: outcomes tell the confidence of
    paraphrases. ValueError where there is no outcome.
    """
    n = len(outcomes)
    if not n:
        raise ValueError("no outcomes")
    result = []
    for category in categories(classified):
        count = int(in_category(outcomes, category).sum())
        drawn = _generator(seed, category).binomial(n, count / n, size=draws) / n
        bounds = np.quantile(drawn, [low, high])
        exact = clopper_pearson(count, n, low, high)
        result.append(Rate(category, n, count, count / n, float(bounds[0]), float(bounds[1]), *exact))
    return result


def differences(
    base: Sequence[str],
    fine_tuned: Sequence[str],
    draws: int,
    low: float,
    high: float,
    seed: int,
    classified: bool = False,
) -> list[Rate]:
    """Fine-tuned minus base for every category, on the same probes in the same order, with paired intervals.

    ValueError where the two differ in length or there is no outcome.
    """
    if len(base) != len(fine_tuned) or not len(base):
        raise ValueError(f"paired outcomes: {len(base)} and {len(fine_tuned)}")
    n = len(base)
    result = []
    for category in categories(classified):
        before, after = in_category(base, category), in_category(fine_tuned, category)
        gained, lost = int((after & ~before).sum()), int((before & ~after).sum())
        drawn = _generator(seed, f"difference {category}").multinomial(
            n, [gained / n, lost / n, (n - gained - lost) / n], size=draws
        )
        bounds = np.quantile((drawn[:, 0] - drawn[:, 1]) / n, [low, high])
        count = gained - lost
        result.append(Rate(category, n, count, count / n, float(bounds[0]), float(bounds[1]), None, None))
    return result


def clopper_pearson(count: int, n: int, low: float, high: float) -> tuple[float, float]:
    """Exact binomial bounds (Clopper and Pearson, 1934) with tail masses `low` and 1 - `high`."""
    lower = 0.0 if count == 0 else float(betaincinv(count, n - count + 1, low))
    upper = 1.0 if count == n else float(betaincinv(count + 1, n - count, high))
    return lower, upper


def table_of(rates: Sequence[Rate], coordinates: Mapping[str, Any]) -> pa.Table:
    """A run's rates as a table of schema `rates`; `coordinates` are the run's, with its task."""
    rows = [{**coordinates, **asdict(rate)} for rate in rates]
    whole = ("epoch", "prefix_tokens")
    return pa.Table.from_pylist([row | {key: int(row[key]) for key in whole} for row in rows], schema=SCHEMAS["rates"])


def _generator(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for each purpose, so that one category's draws do not shift another's."""
    return np.random.default_rng([seed, *purpose.encode()])
