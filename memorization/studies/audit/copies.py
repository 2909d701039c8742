"""Copies of training texts, exact and near, and how much comes back by their number.

Near copies are linked: texts that resemble one another through others are one family (Lee et al., 2022), whatever two
of them have in common. MinHash proposes pairs, which are compared in full.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from memorization import storage
from memorization.config.base import Side
from memorization.duplicates import BANDS, ROWS_PER_BAND, are_near, shingles, sketches
from memorization.schemas.copies import CopiesTable
from memorization.studies.audit.texts import key_of, side_text

PLAUSIBLE = 0.65
"""Share of equal hashes from which two texts are compared in full; at most one near copy in ten thousand has fewer."""

SHINGLES_KEPT = 10_000
"""Texts whose shingles are in memory together."""


def copies(dataset: Path, side: Side) -> pa.Table:
    """Table of schema `copies` of a file of schema `dataset`: the texts of its training records on a side.

    The different texts are in memory together.
    """
    counts: Counter[str] = Counter()
    for batch in storage.stream(dataset, ["split", "input", "target"], 1000):
        counts.update(side_text(record, side) for record in batch.to_pylist() if record["split"] == "train")
    texts, exact = list(counts), np.array(list(counts.values()), np.int64)
    family = families(texts)
    rows = {
        "text": [key_of(text).hex() for text in texts],
        "exact": exact,
        "near": np.bincount(family, weights=exact).astype(np.int64)[family] if texts else exact,
        "family": family,
    }
    return pa.table(rows).cast(CopiesTable.arrow())


def families(texts: Sequence[str]) -> np.ndarray:
    """Numbers (n,) of the families of n different texts, in the order of their first texts."""
    # Others have no words by which they could be near.
    worded = [place for place, text in enumerate(texts) if any(map(str.isalnum, text))]
    hashes = np.array([sketch.hashvalues for sketch in sketches([texts[place] for place in worded])], np.uint32)
    shingles_of = lru_cache(SHINGLES_KEPT)(lambda place: shingles(texts[worded[place]]))
    label = np.arange(len(worded))
    members = [[place] for place in range(len(worded))]
    for places in _buckets(hashes):
        for number, place in enumerate(places[:-1]):
            others = places[number + 1 :]
            others = others[label[others] != label[place]]
            similar = (hashes[others] == hashes[place]).mean(axis=1) >= PLAUSIBLE
            for other in others[similar]:
                if label[other] != label[place] and are_near(shingles_of(int(place)), shingles_of(int(other))):
                    large, small = sorted((label[place], label[other]), key=lambda each: -len(members[each]))
                    members[large] += members[small]
                    label[members[small]] = large
    whole = np.arange(len(texts))
    whole[worded] = np.array(worded, int)[label]
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def _buckets(hashes: np.ndarray) -> Iterator[np.ndarray]:
    """Places of texts whose sketches (n, hashes) agree in a band, several at a time."""
    for band in range(BANDS if len(hashes) else 0):
        part = hashes[:, band * ROWS_PER_BAND : (band + 1) * ROWS_PER_BAND]
        _, numbers, counts = np.unique(part, axis=0, return_inverse=True, return_counts=True)
        order = np.argsort(numbers, kind="stable")
        starts = np.cumsum(counts) - counts
        for bucket in np.flatnonzero(counts > 1):
            yield order[starts[bucket] : starts[bucket] + counts[bucket]]
