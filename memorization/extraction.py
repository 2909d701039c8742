"""What n drawn texts give back of the suffixes, from likelihoods alone.

Hayes et al. (2024), "Measuring Memorization through Probabilistic Discoverable Extraction": where one draw begins with
a suffix's first tokens with probability q, one of n draws does with 1 - (1 - q)^n; the suffix is (n, p)-discoverable
where that is at least p.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization.config import Statistics
from memorization.statistics import bootstrap_mean, bootstrap_share, clopper_pearson
from memorization.storage import SCHEMAS


@dataclass(frozen=True)
class Extraction:
    """Row of schema `extraction`, without the run's other coordinates."""

    decoding: str
    measure: str
    length: int
    draws: int | None = None
    probability: float | None = None
    n: int = 0
    count: int | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    exact_low: float | None = None
    exact_high: float | None = None


def extraction(
    likelihoods: pa.Table,
    texts: Sequence[int],
    greedy: Collection[str],
    lengths: Sequence[int],
    draws: Sequence[int],
    probabilities: Sequence[float],
    settings: Statistics,
) -> list[Extraction]:
    """What can be extracted of the suffixes' first tokens, from a table of schema `likelihoods`.

    For the decodings of `greedy`: greedy extractability at every length up to the longest of `lengths`. For every
    decoding and each of `lengths`, by n of `draws`: the share of (n, p)-discoverable suffixes for each p of
    `probabilities`, and the expected share, the mean of 1 - (1 - q)^n. Probes whose suffix is shorter are left out and
    not counted in n. `texts` (probes,) numbers each probe's input text, as in `statistics.rates`.
    """
    found = []
    of = np.asarray(texts)
    for decoding in dict.fromkeys(likelihoods["decoding"].to_pylist()):
        rows = likelihoods.filter(pc.equal(likelihoods["decoding"], decoding))
        probes, tokens, likeliest = (rows[name].to_numpy() for name in ("probe", "tokens", "greedy_tokens"))
        if decoding in greedy:
            for length in range(1, max(lengths) + 1):
                told = tokens >= length
                row = Extraction(decoding, "greedy_extractable", length)
                found.append(_share(row, likeliest[told] >= length, of[probes[told]], settings))
        logs = rows["token_log_probabilities"].to_pylist()
        for length in sorted(set(lengths)):
            told = tokens >= length
            sums = np.array([sum(logs[place][:length]) for place in np.flatnonzero(told)], dtype=np.float64)
            for n in draws:
                extracted = at_least_once(sums, n)
                for p in probabilities:
                    row = Extraction(decoding, "discoverable", length, n, p)
                    found.append(_share(row, extracted >= p, of[probes[told]], settings))
                row = Extraction(decoding, "expected", length, n)
                found.append(_mean(row, extracted, of[probes[told]], settings))
    return found


def at_least_once(log_probabilities: np.ndarray, draws: int) -> np.ndarray:
    """1 - (1 - q)^draws for log q (n,) in nats, -inf for q = 0; exact to rounding for the smallest and largest q."""
    half = -np.log(2)
    with np.errstate(divide="ignore"):
        # log(1 - q), by that of two forms in which nothing cancels.
        rest = np.where(
            log_probabilities > half,
            np.log(-np.expm1(np.minimum(log_probabilities, 0.0))),
            np.log1p(-np.exp(np.minimum(log_probabilities, half))),
        )
    return np.asarray(-np.expm1(draws * rest))


def _share(row: Extraction, hits: np.ndarray, texts: np.ndarray, settings: Statistics) -> Extraction:
    n, count = len(hits), int(hits.sum())
    if not n:
        return row
    low, high = bootstrap_share(hits, row.measure, **settings.model_dump(), texts=texts.tolist())
    exact_low, exact_high = clopper_pearson(count, n, settings.low, settings.high)
    row = replace(row, n=n, count=count, value=count / n, low=low, high=high)
    return replace(row, exact_low=exact_low, exact_high=exact_high)


def _mean(row: Extraction, values: np.ndarray, texts: np.ndarray, settings: Statistics) -> Extraction:
    if not len(values):
        return row
    low, high = bootstrap_mean(values, row.measure, **settings.model_dump(), texts=texts.tolist())
    return replace(row, n=len(values), value=float(values.mean()), low=low, high=high)


def table_of(found: Sequence[Extraction], coordinates: Mapping[str, Any]) -> pa.Table:
    """What was found as a table of schema `extraction`; `coordinates` are the run's, with its task."""
    rows = [{**coordinates, **asdict(each)} for each in found]
    whole = ("epoch", "prefix_tokens")
    return pa.Table.from_pylist(
        [row | {key: int(row[key]) for key in whole} for row in rows], schema=SCHEMAS["extraction"]
    )
