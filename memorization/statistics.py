"""Memorization rates with bootstrap intervals (Appendix G), exact bounds, differences and their significance.

The bootstrap draws counts instead of rows. Resampling n rows with replacement and counting a category gives a
binomial draw with the observed rate; counting several categories at once gives a multinomial draw; and for a paired
difference the pairs (outcome before, outcome after) are resampled together, a multinomial draw of their joint table. So
the distribution is that of resampling rows, at a cost that does not grow with n. Means of graded values do resample
rows.

Where several probes are cut from one input text (as with several questions about one passage), their outcomes are not
independent: the texts are resampled, each with all of its probes, again as counts of equal texts; and tests of
significance count texts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import bdtr, betaincinv

from memorization.storage import SCHEMAS

# Published order of the columns of Table 2; `total` is the sum of verbatim, idea and paraphrase.
CATEGORIES = ("total", "verbatim", "idea", "paraphrase")
# Parts of `paraphrase`, where a classifier told them apart.
CONFIDENCES = ("paraphrase_high", "paraphrase_low")

# Columns of schema `definitions` of which a run's share or mean is told, in the order of their table.
DEFINITIONS = (
    "extractable",
    "approximate",
    "copies_input",
    "copies_target",
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
    exact_low: float
    exact_high: float


@dataclass(frozen=True)
class Comparison:
    """A category's rate minus another (fraction), with its interval (fractions) and test; schema `comparisons`."""

    versus: str
    category: str
    n: int
    n_versus: int
    difference: float
    low: float
    high: float
    p_value: float


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
    outcomes: Sequence[str],
    draws: int,
    low: float,
    high: float,
    seed: int,
    classified: bool = False,
    texts: Sequence[int] | None = None,
) -> list[Rate]:
    """The rate of every category among outcomes (n,), with percentile bootstrap and Clopper-Pearson bounds.

    `low` and `high` are quantiles: 0.025 and 0.975 give 95% intervals; `classified`: outcomes tell the confidence of
    paraphrases; `texts` (n,) numbers each probe's input text, and without it each has its own. The Clopper-Pearson
    bounds take probes as independent. ValueError where there is no outcome.
    """
    n = len(outcomes)
    if not n:
        raise ValueError("no outcomes")
    result = []
    for category in categories(classified):
        hits = in_category(outcomes, category)
        count = int(hits.sum())
        bounds = bootstrap_share(hits, category, draws, low, high, seed, texts)
        result.append(Rate(category, n, count, count / n, *bounds, *clopper_pearson(count, n, low, high)))
    return result


def matches(outcomes: pa.Table) -> dict[str, int]:
    """What the matches of outcomes (columns document and own_suffix of schema `outcomes`) are with, as in `rates`.

    A model that writes the same few texts whatever it is asked can have a high rate; few suffixes then decide it.
    """
    return {
        "own_matches": outcomes["own_suffix"].to_pylist().count(True),
        "matched_suffixes": len(set(outcomes["document"].to_pylist()) - {None}),
    }


def _resampled(
    values: np.ndarray, texts: Sequence[int] | None, generator: np.random.Generator, draws: int
) -> np.ndarray:
    """Means (draws,) of values (n,) of -1, 0 and 1 when the texts that they belong to are resampled."""
    n = len(values)
    if texts is None or len(set(texts)) == n:
        if values.min() >= 0:
            return np.asarray(generator.binomial(n, values.sum() / n, size=draws) / n)
        counts = [int((values == value).sum()) for value in (1, -1, 0)]
        drawn = generator.multinomial(n, np.array(counts) / n, size=draws)
        return np.asarray((drawn[:, 0] - drawn[:, 1]) / n)
    sums, sizes = _by_text(values, texts)
    # Texts of the same size and sum are interchangeable: how often each kind is drawn is multinomial.
    kinds, counts_of = np.unique(np.stack([sizes, sums], axis=1).astype(int), axis=0, return_counts=True)
    drawn = generator.multinomial(len(sizes), counts_of / len(sizes), size=draws)
    return np.asarray((drawn @ kinds[:, 1]) / (drawn @ kinds[:, 0]))


def _by_text(values: np.ndarray, texts: Sequence[int] | None) -> tuple[np.ndarray, np.ndarray]:
    """Sums and numbers of the values (n,) of each text; without texts each value has its own."""
    if texts is None:
        return values, np.ones(len(values))
    place = np.unique(texts, return_inverse=True)[1]
    return np.bincount(place, weights=values), np.bincount(place).astype(float)


def bootstrap_share(
    hits: np.ndarray,
    purpose: str,
    draws: int,
    low: float,
    high: float,
    seed: int,
    texts: Sequence[int] | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap bounds of the mean of a boolean array (n,); `purpose` names the draws; see `rates`."""
    bounds = np.quantile(_resampled(hits.astype(int), texts, _generator(seed, purpose), draws), [low, high])
    return float(bounds[0]), float(bounds[1])


def bootstrap_mean(
    values: np.ndarray,
    purpose: str,
    draws: int,
    low: float,
    high: float,
    seed: int,
    texts: Sequence[int] | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap bounds of the mean of values (n,); `purpose` names the draws; see `rates` for `texts`."""
    generator = _generator(seed, purpose)
    if texts is not None and len(set(texts)) == len(values):
        # One probe a text: the draws are those of the probes, in their order.
        texts = None
    sums, sizes = _by_text(values, texts)
    n = len(sums)
    step = max(1, DRAWN_AT_ONCE // n)
    means = []
    for start in range(0, draws, step):
        chosen = generator.integers(n, size=(min(step, draws - start), n))
        means.append(sums[chosen].mean(axis=1) / sizes[chosen].mean(axis=1))
    bounds = np.quantile(np.concatenate(means), [low, high])
    return float(bounds[0]), float(bounds[1])


def bootstrap_sums(
    counts: np.ndarray,
    value: Callable[[np.ndarray], np.ndarray],
    purpose: str,
    draws: int,
    low: float,
    high: float,
    seed: int,
    texts: Sequence[int] | None = None,
) -> tuple[float, float]:
    """Percentile bootstrap bounds of what is computed from a corpus' sums, such as BLEU; `purpose` names the draws.

    `counts` (n, k) are a row's sufficient statistics; `value` makes (draws,) of the sums of resampled rows (draws, k);
    `texts` (n,) numbers each row's input text, and rows of one text are resampled together.
    """
    counts = np.stack([_by_text(column, texts)[0] for column in counts.T], axis=1)
    generator, n = _generator(seed, purpose), len(counts)
    step = max(1, DRAWN_AT_ONCE // counts.size)
    values = [
        value(counts[generator.integers(n, size=(min(step, draws - start), n))].sum(axis=1))
        for start in range(0, draws, step)
    ]
    bounds = np.quantile(np.concatenate(values), [low, high])
    return float(bounds[0]), float(bounds[1])


def bootstrap_spearman(
    x: np.ndarray,
    y: np.ndarray,
    purpose: str,
    draws: int,
    low: float,
    high: float,
    seed: int,
    texts: Sequence[Any] | None = None,
) -> tuple[float | None, float | None, float | None, int]:
    """Spearman's rank correlation of x and y (n,), its percentile bootstrap bounds, and the draws that have one.

    `purpose` names the draws; `texts` as in `rates`, of any type. Where x or y of a draw is constant there is no
    correlation: such draws are left out of the bounds. Without 3 texts, or where x or y is constant, there is no value.
    """
    place = np.arange(len(x)) if texts is None else np.unique(np.asarray(texts), return_inverse=True)[1]
    groups = len(set(place.tolist()))
    if groups < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None, None, None, 0
    generator, step = _generator(seed, purpose), max(1, DRAWN_AT_ONCE // len(x))
    found = []
    for start in range(0, draws, step):
        drawn = generator.multinomial(groups, np.full(groups, 1 / groups), size=min(step, draws - start))
        found.append(_spearman(x, y, drawn[:, place]))
    value = float(_spearman(x, y, np.ones((1, len(x))))[0])
    defined = np.concatenate(found)
    defined = defined[~np.isnan(defined)]
    if not len(defined):
        return value, None, None, 0
    bounds = np.quantile(defined, [low, high])
    return value, float(bounds[0]), float(bounds[1]), len(defined)


def _spearman(x: np.ndarray, y: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Rank correlation (draws,) of samples that hold the pair i `times[:, i]` times; nan where x or y is constant."""
    middle = (times.sum(axis=1, keepdims=True) + 1) / 2
    a, b = (_ranks(values, times) - middle for values in (x, y))
    spread = np.sqrt((times * a**2).sum(axis=1) * (times * b**2).sum(axis=1))
    product = (times * a * b).sum(axis=1)
    return np.asarray(np.divide(product, spread, out=np.full(len(times), np.nan), where=spread > 0))


def _ranks(values: np.ndarray, times: np.ndarray) -> np.ndarray:
    """Mean ranks (draws, n) of values (n,), of which each draw has i `times[:, i]` times."""
    _, place = np.unique(values, return_inverse=True)
    order = np.argsort(place, kind="stable")
    first = np.flatnonzero(np.diff(place[order], prepend=-1))
    equal = np.add.reduceat(times[:, order], first, axis=1)
    ranks = equal.cumsum(axis=1) - (equal - 1) / 2
    return np.asarray(ranks[:, place])


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


def estimates(
    definitions: pa.Table, draws: int, low: float, high: float, seed: int, texts: Sequence[int] | None = None
) -> list[Estimate]:
    """One estimate for each of `DEFINITIONS`, from a table of that schema; nulls are left out and not counted in n.

    `texts` as in `rates`.
    """
    found = []
    for name in DEFINITIONS:
        field, column = SCHEMAS["definitions"].field(name), definitions[name]
        unit = field.metadata[b"unit"].decode() or "fraction"
        told = column.is_valid().to_numpy()
        values, n = column.drop_null().to_numpy(), int(told.sum())
        of = None if texts is None else list(np.asarray(texts)[told])
        if not n:
            found.append(Estimate(name, unit, 0))
        elif pa.types.is_boolean(field.type):
            count = int(values.sum())
            bounds = bootstrap_share(values, name, draws, low, high, seed, of)
            exact = clopper_pearson(count, n, low, high)
            found.append(Estimate(name, unit, n, count, count / n, *bounds, *exact))
        else:
            bounds = bootstrap_mean(values.astype(float), name, draws, low, high, seed, of)
            found.append(Estimate(name, unit, n, None, float(values.mean()), *bounds))
    return found


def over_base(
    base: Sequence[str],
    fine_tuned: Sequence[str],
    draws: int,
    low: float,
    high: float,
    seed: int,
    classified: bool = False,
    texts: Sequence[int] | None = None,
) -> list[Comparison]:
    """Fine-tuned minus base for every category, on the same probes in the same order; see `rates`.

    Intervals are paired by probe, p-values are McNemar's exact test. ValueError where the two differ in length or there
    is no outcome.
    """
    if len(base) != len(fine_tuned) or not len(base):
        raise ValueError(f"paired outcomes: {len(base)} and {len(fine_tuned)}")
    n = len(base)
    result = []
    for category in categories(classified):
        change = in_category(fine_tuned, category).astype(int) - in_category(base, category).astype(int)
        drawn = _resampled(change, texts, _generator(seed, f"difference {category}"), draws)
        bounds = np.quantile(drawn, [low, high])
        changed, _ = _by_text(change, texts)
        p_value = mcnemar(int((changed > 0).sum()), int((changed < 0).sum()))
        result.append(
            Comparison("base", category, n, n, int(change.sum()) / n, float(bounds[0]), float(bounds[1]), p_value)
        )
    return result


def over_control(
    member: Sequence[str],
    control: Sequence[str],
    draws: int,
    low: float,
    high: float,
    seed: int,
    classified: bool = False,
    texts: Sequence[int] | None = None,
    control_texts: Sequence[int] | None = None,
) -> list[Comparison]:
    """Member minus control for every category, on different probes; see `rates`.

    Intervals resample both, p-values are Fisher's exact test. ValueError where one of them is empty.
    """
    if not len(member) or not len(control):
        raise ValueError(f"outcomes to compare: {len(member)} and {len(control)}")
    result = []
    for category in categories(classified):
        sides = [
            (in_category(member, category), texts, "member"),
            (in_category(control, category), control_texts, "control"),
        ]
        drawn = [
            _resampled(hits.astype(int), of, _generator(seed, f"over control {category} {side}"), draws)
            for hits, of, side in sides
        ]
        bounds = np.quantile(drawn[0] - drawn[1], [low, high])
        difference = float(sides[0][0].mean() - sides[1][0].mean())
        # A text is a hit where any of its probes is.
        p_value = fisher([_by_text(hits, of)[0] > 0 for hits, of, _ in sides])
        result.append(
            Comparison(
                "control",
                category,
                len(member),
                len(control),
                difference,
                float(bounds[0]),
                float(bounds[1]),
                p_value,
            )
        )
    return result


def mcnemar(gained: int, lost: int) -> float:
    """Two-sided p-value of McNemar's exact test: of the pairs that changed, either direction is as likely."""
    changed = gained + lost
    return min(1.0, 2 * float(bdtr(min(gained, lost), changed, 0.5))) if changed else 1.0


def fisher(sides: Sequence[np.ndarray]) -> float:
    """Two-sided p-value of Fisher's exact test of two boolean arrays."""
    from scipy.stats import fisher_exact

    table = [[int(hits.sum()), int((~hits).sum())] for hits in sides]
    return float(fisher_exact(table).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """p-values corrected for their number (Holm, 1979), in their order."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected = [0.0] * len(p_values)
    largest = 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def clopper_pearson(count: int, n: int, low: float, high: float) -> tuple[float, float]:
    """Exact binomial bounds (Clopper and Pearson, 1934) with tail masses `low` and 1 - `high`."""
    lower = 0.0 if count == 0 else float(betaincinv(count, n - count + 1, low))
    upper = 1.0 if count == n else float(betaincinv(count + 1, n - count, high))
    return lower, upper


def table_of(
    found: Sequence[Rate | Estimate], coordinates: Mapping[str, Any], schema: str = "rates", **shared: Any
) -> pa.Table:
    """A run's rates as a table of that schema (or `definition_rates`).

    `coordinates` are the run's, with its task; `shared` are columns that have one value for the whole run.
    """
    rows = [{**coordinates, **shared, **asdict(each)} for each in found]
    whole = ("epoch", "prefix_tokens")
    return pa.Table.from_pylist([row | {key: int(row[key]) for key in whole} for row in rows], schema=SCHEMAS[schema])


def _generator(seed: int, purpose: str) -> np.random.Generator:
    """A generator of its own for each purpose, so that one category's draws do not shift another's."""
    return np.random.default_rng([seed, *purpose.encode()])
