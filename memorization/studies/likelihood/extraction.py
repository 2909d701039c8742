"""How many suffixes are extracted by n drawn texts, computed from likelihoods without drawing any.

Hayes et al. (2024), "Measuring Memorization through Probabilistic Discoverable Extraction": where one draw begins with
a suffix's first tokens with probability q, at least one of n draws does with probability 1 - (1 - q)^n; the suffix is
(n, p)-discoverable where that is at least p.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization.config.project import Statistics
from memorization.statistics.measurements import Measurement, mean, share


@dataclass(frozen=True)
class ExtractionGrid:
    """What extraction is computed for.

    `greedy`: decodings that search greedily; `lengths`: numbers of first tokens of a suffix; `draws`: values of n;
    `probabilities`: values of p.
    """

    greedy: Collection[str]
    lengths: Sequence[int]
    draws: Sequence[int]
    probabilities: Sequence[float]


@dataclass(frozen=True)
class Extraction(Measurement):
    """Row of the table `extraction`, without those of the run's coordinates that all rows share.

    `prefixes` counts the clusters among the n probes.
    """

    decoding: str
    measure: str
    length: int
    prefixes: int
    draws: int | None = None
    probability: float | None = None


def extraction(
    likelihoods: pa.Table, clusters: Mapping[int, int], grid: ExtractionGrid, settings: Statistics
) -> list[Extraction]:
    """Shares of suffixes whose first tokens are extracted, from the table `likelihoods`.

    For greedy decodings: greedy extractability at every length up to the longest of the grid. For every decoding and
    each length and n of the grid: the share of (n, p)-discoverable suffixes for each p, and the expected share, the
    mean of 1 - (1 - q)^n. Probes whose suffix is shorter are left out and not counted. `clusters` has the number of
    each probe's cluster, by the probe's number.
    """
    rows = []
    for decoding in dict.fromkeys(likelihoods["decoding"].to_pylist()):
        own = likelihoods.filter(pc.equal(likelihoods["decoding"], decoding))
        tokens, greedy_tokens = (own[name].to_numpy() for name in ("tokens", "greedy_tokens"))
        own_clusters = np.array([clusters[probe] for probe in own["probe"].to_pylist()])
        if decoding in grid.greedy:
            for length in range(1, max(grid.lengths) + 1):
                comparable = tokens >= length
                name, hits = "greedy_extractable", greedy_tokens[comparable] >= length
                comparable_clusters = own_clusters[comparable].tolist()
                measured = share(hits, name, settings, comparable_clusters)
                prefixes = len(set(comparable_clusters))
                rows.append(Extraction(decoding, name, length, prefixes, **vars(measured)))
        logs = own["token_log_probabilities"].to_pylist()
        for length in sorted(set(grid.lengths)):
            comparable = tokens >= length
            comparable_clusters = own_clusters[comparable].tolist()
            prefixes = len(set(comparable_clusters))
            sums = np.array([sum(logs[place][:length]) for place in np.flatnonzero(comparable)], dtype=np.float64)
            for n in grid.draws:
                extracted = at_least_once(sums, n)
                for p in grid.probabilities:
                    measured = share(extracted >= p, "discoverable", settings, comparable_clusters)
                    rows.append(Extraction(decoding, "discoverable", length, prefixes, n, p, **vars(measured)))
                measured = mean(extracted, "expected", settings, comparable_clusters, highest=1.0)
                rows.append(Extraction(decoding, "expected", length, prefixes, n, **vars(measured)))
    return rows


def at_least_once(log_probabilities: np.ndarray, draws: int) -> np.ndarray:
    """1 - (1 - q)^draws (n,) from log q (n,) in nats, -inf for q = 0; exact to rounding for all q."""
    half = -np.log(2)
    with np.errstate(divide="ignore"):
        # log(1 - q), by the one of two forms in which nothing cancels.
        log_rest = np.where(
            log_probabilities > half,
            np.log(-np.expm1(np.minimum(log_probabilities, 0.0))),
            np.log1p(-np.exp(np.minimum(log_probabilities, half))),
        )
    return np.asarray(-np.expm1(draws * log_rest))
