"""Memorization rates with bootstrap intervals (Appendix G), exact bounds, and paired differences.

The bootstrap draws counts instead of rows. Resampling n rows with replacement and counting a category gives a
binomial draw with the observed rate; counting several categories at once gives a multinomial draw; and for a paired
difference the pairs (outcome before, outcome after) are resampled together, a multinomial draw of their joint table. So
the distribution is that of resampling rows, at a cost that does not grow with n. Means of graded values do resample
rows.
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

# Columns of schema `definitions` of which a run's share or mean is told, in the order of their table.
DEFINITIONS = (
    "extractable",
    "approximate",
    "equal_tokens",
    "longest_equal_run",
    "longest_common_substring",
    "bleu",
    "edit_similarity",
    "rouge_l",
    "comparable",
    "shared_prefix",
    "match_in_prefix",
)

# Rows that one step of resampling draws at most.
DRAWN_AT_ONCE = 1 << 22


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
        bounds = bootstrap_share(count, n, category, draws, low, high, seed)
        result.append(Rate(category, n, count, count / n, *bounds, *clopper_pearson(count, n, low, high)))
    return result


def bootstrap_share(
    count: int, n: int, purpose: str, draws: int, low: float, high: float, seed: int
) -> tuple[float, float]:
    """Percentile bootstrap bounds of count / n; `purpose` names the draws."""
    drawn = _generator(seed, purpose).binomial(n, count / n, size=draws) / n
    bounds = np.quantile(drawn, [low, high])
    return float(bounds[0]), float(bounds[1])


def bootstrap_mean(
    values: np.ndarray, purpose: str, draws: int, low: float, high: float, seed: int
) -> tuple[float, float]:
    """Percentile bootstrap bounds of the mean of values (n,); `purpose` names the draws."""
    generator, n = _generator(seed, purpose), len(values)
    step = max(1, DRAWN_AT_ONCE // n)
    means = [
        values[generator.integers(n, size=(min(step, draws - start), n))].mean(axis=1)
        for start in range(0, draws, step)
    ]
    bounds = np.quantile(np.concatenate(means), [low, high])
    return float(bounds[0]), float(bounds[1])


def bootstrap_spearman(
    x: np.ndarray, y: np.ndarray, purpose: str, draws: int, low: float, high: float, seed: int
) -> tuple[float | None, float | None, float | None, int]:
    """Spearman's rank correlation of x and y (n,), its percentile bootstrap bounds, and the draws that have one.

    Pairs are resampled; `purpose` names the draws. Where x or y of a draw is constant there is no correlation: such
    draws are left out of the bounds. Without 3 pairs, or where x or y is constant, there is no value.
    """
    from scipy.stats import rankdata, spearmanr

    n = len(x)
    if n < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None, None, None, 0
    generator, step = _generator(seed, purpose), max(1, DRAWN_AT_ONCE // n)
    found = []
    for start in range(0, draws, step):
        chosen = generator.integers(n, size=(min(step, draws - start), n))
        ranks = [rankdata(values[chosen], axis=1) - (n + 1) / 2 for values in (x, y)]
        spread = np.sqrt((ranks[0] ** 2).sum(axis=1) * (ranks[1] ** 2).sum(axis=1))
        found.append((ranks[0] * ranks[1]).sum(axis=1)[spread > 0] / spread[spread > 0])
    defined = np.concatenate(found)
    value = float(spearmanr(x, y).statistic)
    if not len(defined):
        return value, None, None, 0
    bounds = np.quantile(defined, [low, high])
    return value, float(bounds[0]), float(bounds[1]), len(defined)


@dataclass(frozen=True)
class Estimate:
    """The share of probes for which a definition holds, or the mean of a graded one, with its intervals in its unit.

    `n` counts the probes of which it can be told; without any there is no value. Means have no count and no exact
    bounds.
    """

    definition: str
    unit: str
    n: int
    count: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    exact_low: float | None = None
    exact_high: float | None = None


def estimates(definitions: pa.Table, draws: int, low: float, high: float, seed: int) -> list[Estimate]:
    """One estimate for each of `DEFINITIONS`, from a table of that schema; nulls are left out and not counted in n."""
    found = []
    for name in DEFINITIONS:
        field, column = SCHEMAS["definitions"].field(name), definitions[name].drop_null()
        unit = field.metadata[b"unit"].decode() or "fraction"
        values, n = column.to_numpy(), len(column)
        if not n:
            found.append(Estimate(name, unit, 0))
        elif pa.types.is_boolean(field.type):
            count = int(values.sum())
            bounds = bootstrap_share(count, n, name, draws, low, high, seed)
            exact = clopper_pearson(count, n, low, high)
            found.append(Estimate(name, unit, n, count, count / n, *bounds, *exact))
        else:
            bounds = bootstrap_mean(values.astype(float), name, draws, low, high, seed)
            found.append(Estimate(name, unit, n, None, float(values.mean()), *bounds))
    return found


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


def table_of(rates: Sequence[Rate | Estimate], coordinates: Mapping[str, Any], schema: str = "rates") -> pa.Table:
    """A run's rates as a table of that schema (or `definition_rates`); `coordinates` are the run's, with its task."""
    rows = [{**coordinates, **asdict(rate)} for rate in rates]
    whole = ("epoch", "prefix_tokens")
    return pa.Table.from_pylist([row | {key: int(row[key]) for key in whole} for row in rows], schema=SCHEMAS[schema])


def _generator(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for each purpose, so that one category's draws do not shift another's."""
    return np.random.default_rng([seed, *purpose.encode()])
