"""Shares of disguised suffixes that are found, by disguise and category, with intervals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from memorization.config.project import Statistics
from memorization.detection.disguises import DISGUISES
from memorization.statistics.measurements import Measurement, share
from memorization.statistics.rates import categories, in_category

OWN = "own_suffix"


@dataclass(frozen=True)
class Share(Measurement):
    """Row of a study's table, without the coordinates that all rows of a cell share."""

    disguise: str
    change: str
    amount: float
    category: str
    changed: float
    characters: float
    input_texts: int


def shares(found: pa.Table, disguises: Sequence[str], settings: Statistics, classified: bool) -> Iterator[Share]:
    """The share of every category for each of the disguises, from the table `recall`.

    Categories are those of rates, and `own_suffix` for suffixes that are matched with themselves. Probes of one input
    are one cluster. Those of one prefix are not: no model is asked, and their suffixes differ.
    """
    by_name = {disguise.name: disguise for disguise in DISGUISES}
    for name in dict.fromkeys(disguises):
        own, disguise = found.filter(pc.equal(found["disguise"], name)), by_name[name]
        outcomes, texts = own["outcome"].to_pylist(), own["input_text"].to_pylist()
        hits = {category: in_category(outcomes, category) for category in categories(classified)}
        hits[OWN] = own["own_suffix"].fill_null(False).to_numpy()
        for category, hit in hits.items():
            yield Share(
                disguise=name,
                change=disguise.kind,
                amount=disguise.amount,
                category=category,
                changed=pc.mean(own["changed"]).as_py(),
                characters=pc.mean(own["characters"]).as_py(),
                input_texts=len(set(texts)),
                **vars(share(hit, f"{name} {category}", settings, texts)),
            )
