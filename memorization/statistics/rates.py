"""Memorization rates: the share of a run's probes in each category of outcomes, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from memorization import storage
from memorization.config.project import Statistics
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.positive_controls import PositiveControlsTable
from memorization.schemas.probes import ProbesTable
from memorization.statistics.bootstrap import Bounds, bootstrap_share, clopper_pearson, observations
from memorization.statistics.clusters import clusters_of

# Order of the columns of Table 2; `total` is the sum of verbatim, idea and paraphrase.
CATEGORIES = ("total", "verbatim", "idea", "paraphrase")
# Parts of `paraphrase`, where a classifier of paraphrases is configured.
CONFIDENCES = ("paraphrase_high", "paraphrase_low")

CEILINGS = {"ceiling": "length", "limit_ceiling": "limit"}
"""Ceilings of a rate, as the table `rates` names them, and the cuts of the table `positive_controls`."""


@dataclass(frozen=True)
class RunOutcomes:
    """Outcomes of a run's probes (n,), and what is known of these: all in the order of the probes.

    `texts` numbers each probe's whole input and `prefixes` contains its prefix; without them each probe has its own.
    `ceilings` are the outcomes (n,) of positive controls, by name (`CEILINGS`); empty for controls. `entities` counts
    what each probe leaks; None where none are looked for.
    """

    outcomes: Sequence[str]
    texts: Sequence[int] | None = None
    prefixes: Sequence[str] | None = None
    ceilings: Mapping[str, Sequence[str]] = field(default_factory=dict)
    entities: Sequence[int] | None = None

    @cached_property
    def clusters(self) -> list[int] | None:
        """Numbers of the probes' clusters (n,), as `clusters_of` has them; None where nothing is known of them."""
        known = [labels for labels in (self.texts, self.prefixes) if labels is not None]
        return clusters_of(*known) if known else None

    def hits(self, category: str) -> dict[str, np.ndarray]:
        """Boolean arrays (n,) of what is counted for a category: "", "once" and the ceilings."""
        hits = in_category(self.outcomes, category)
        ceilings = {name: in_category(outcomes, category) for name, outcomes in self.ceilings.items()}
        return {"": hits, "once": hits & self.is_first(), **ceilings}

    def is_first(self) -> np.ndarray:
        """Boolean array (n,): the probe is the first one with its prefix."""
        first = np.ones(len(self.outcomes), dtype=bool)
        if self.prefixes is not None:
            seen: set[str] = set()
            for place, prefix in enumerate(self.prefixes):
                first[place] = prefix not in seen
                seen.add(prefix)
        return first


@dataclass(frozen=True)
class Rate:
    """How many of n probes are in a category, their share (`rate`) and its bootstrap and exact bounds (fractions).

    `once`: the same where each different prefix counts once, n unchanged. The ceilings are rates of positive controls;
    None without them. The fields are columns of the table `rates`.
    """

    category: str
    n: int
    count: int
    rate: float
    low: float
    high: float
    exact_low: float
    exact_high: float
    once_count: int
    once_rate: float
    once_low: float
    once_high: float
    once_exact_high: float
    ceiling: float | None = None
    ceiling_low: float | None = None
    ceiling_high: float | None = None
    ceiling_exact_high: float | None = None
    limit_ceiling: float | None = None
    limit_ceiling_low: float | None = None
    limit_ceiling_high: float | None = None
    limit_ceiling_exact_high: float | None = None


def read_outcomes(outcomes: Path, probes: Path, controls: Path | None) -> RunOutcomes:
    """The outcomes of a run from its files of schemas `outcomes`, `probes` and `positive_controls` (None: without)."""
    cut_inputs = storage.read(probes, ProbesTable, ["prefix", "input_text"])
    ceilings: dict[str, Sequence[str]] = {}
    if controls is not None:
        cuts = storage.read(controls, PositiveControlsTable, ["cut", "outcome"])
        ceilings = {
            name: cuts.filter(pc.equal(cuts["cut"], cut))["outcome"].to_pylist() for name, cut in CEILINGS.items()
        }
    found = storage.read(outcomes, OutcomesTable, ["outcome", "entities"])
    entities = found["entities"].to_pylist()
    return RunOutcomes(
        found["outcome"].to_pylist(),
        cut_inputs["input_text"].to_pylist(),
        cut_inputs["prefix"].to_pylist(),
        ceilings,
        None if None in entities else entities,
    )


def rates(run: RunOutcomes, settings: Statistics, classified: bool = False) -> list[Rate]:
    """The rate of every category in a run, with percentile bootstrap and Clopper-Pearson bounds.

    `classified`: paraphrases have outcomes of high and low confidence. Both take clusters as independent. Raises
    ValueError where there is no outcome.
    """
    if not len(run.outcomes):
        raise ValueError("no outcomes")
    return [
        rate_of(
            category,
            {
                name: (float(hits.mean()), bootstrap_share(hits, f"{name} {category}".strip(), settings, run.clusters))
                for name, hits in run.hits(category).items()
            },
            run,
            settings,
        )
        for category in categories(classified)
    ]


def rate_of(
    category: str, measured: Mapping[str, tuple[float, Bounds]], run: RunOutcomes, settings: Statistics
) -> Rate:
    """A category's row from shares of a run's probes with their bootstrap bounds, by the names of `RunOutcomes.hits`.

    Of several trainings, `run` is any: they are asked the same probes.
    """
    n = len(run.outcomes)
    values: dict[str, float] = {}
    for name, (share, (low, high)) in measured.items():
        prefix = f"{name}_" if name else ""
        count = round(share * n)
        exact_low, exact_high = clopper_pearson(count, n, settings, observations(run.clusters, n))
        values |= {f"{prefix}low": low, f"{prefix}high": high, f"{prefix}exact_high": exact_high}
        values |= {name: share} if name in CEILINGS else {f"{prefix}count": count, f"{prefix}rate": share}
        if not name:
            values["exact_low"] = exact_low
    return Rate(category, n, **values)  # type: ignore[arg-type]


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

    The keys are columns of the table `rates`; the outcomes need the columns `document`, `own_suffix` and `condenses` of
    the table `outcomes`. A model that writes the same few texts for every prefix can have a high rate: then few
    suffixes explain all of its matches.
    """
    return {
        "own_matches": outcomes["own_suffix"].to_pylist().count(True),
        "matched_suffixes": len(set(outcomes["document"].to_pylist()) - {None}),
        "condensing": outcomes["condenses"].to_pylist().count(True),
    }
