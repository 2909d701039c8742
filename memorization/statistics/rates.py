"""Memorization rates: the share of a run's probes in each category of outcomes, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from memorization.config.project import Statistics
from memorization.statistics.bootstrap import bootstrap_share, clopper_pearson

# Order of the columns of Table 2; `total` is the sum of verbatim, idea and paraphrase.
CATEGORIES = ("total", "verbatim", "idea", "paraphrase")
# Parts of `paraphrase`, where a classifier of paraphrases is configured.
CONFIDENCES = ("paraphrase_high", "paraphrase_low")


@dataclass(frozen=True)
class Rate:
    """How many of n probes are in a category, their share (`rate`) and its bootstrap and exact bounds (fractions)."""

    category: str
    n: int
    count: int
    rate: float
    low: float
    high: float
    exact_low: float
    exact_high: float


def rates(
    outcomes: Sequence[str], settings: Statistics, classified: bool = False, texts: Sequence[int] | None = None
) -> list[Rate]:
    """The rate of every category among outcomes (n,), with percentile bootstrap and Clopper-Pearson bounds.

    `classified`: paraphrases have outcomes of high and low confidence; `texts` (n,) numbers each probe's input text,
    and without it each probe has its own. The Clopper-Pearson bounds take probes as independent. Raises ValueError
    where there is no outcome.
    """
    n = len(outcomes)
    if not n:
        raise ValueError("no outcomes")
    rows = []
    for category in categories(classified):
        hits = in_category(outcomes, category)
        count = int(hits.sum())
        bounds = bootstrap_share(hits, category, settings, texts)
        rows.append(Rate(category, n, count, count / n, *bounds, *clopper_pearson(count, n, settings)))
    return rows


def categories(classified: bool) -> tuple[str, ...]:
    """The categories that have rates; with those of confidence where paraphrases were classified."""
    return (*CATEGORIES, *CONFIDENCES) if classified else CATEGORIES


def in_category(outcomes: Sequence[str], category: str) -> np.ndarray:
    """Boolean array (n,): the outcome is in the category.

    `total` contains every outcome but `none`, and `paraphrase` contains those of both confidences.
    """
    array = np.asarray(outcomes, dtype=object)
    if category == "total":
        return np.asarray(array != "none")
    return np.isin(array, [category, *CONFIDENCES] if category == "paraphrase" else [category])


def count_matches(outcomes: pa.Table) -> dict[str, int]:
    """Which suffixes a run's matches point to: how many to the probe's own, and to how many different suffixes.

    The keys are columns of the table `rates`; the outcomes need the columns `document` and `own_suffix` of the table
    `outcomes`. A model that writes the same few texts for every prefix can have a high rate: then few suffixes explain
    all of its matches.
    """
    return {
        "own_matches": outcomes["own_suffix"].to_pylist().count(True),
        "matched_suffixes": len(set(outcomes["document"].to_pylist()) - {None}),
    }
