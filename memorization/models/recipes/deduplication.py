"""Deduplication: training rows that equal an earlier row, or nearly so, are left out and the others repeated."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Sequence
from typing import Literal

import numpy as np

from memorization.config.models import Recipe
from memorization.models.recipes.switch import Row, Switch

log = logging.getLogger(__name__)

# Near duplicates: words per shingle, the Jaccard similarity of two texts' sets of shingles, and the number of hashes
# in a band of MinHash. With 32 bands of 4, two texts of that similarity share no band once in twenty million times.
SHINGLE_WORDS = 5
NEAR = 0.8
BANDS, ROWS_PER_BAND = 32, 4

# What is compared, the longest text first.
COLUMNS = {"input": ("input",), "pair": ("input", "target", "instruction")}

Similarity = Literal["exact", "near"]


def switch(recipe: Recipe) -> Switch:
    """The switch `deduplicate`."""
    assert recipe.deduplicate is not None
    return _Deduplication(recipe.deduplicate, recipe.deduplicate_by or "pair", recipe.seed)


class _Deduplication(Switch):
    def __init__(self, how: Similarity, by: Literal["pair", "input"], seed: int) -> None:
        super().__init__()
        self.how, self.by, self.seed = how, by, seed

    def choose_rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        kept = without_duplicates([tuple(row[column] for column in COLUMNS[self.by]) for row in rows], self.how)
        dropped = len(rows) - len(kept)
        log.info("deduplicate %s by %s: %d of %d training rows dropped", self.how, self.by, dropped, len(rows))
        self.counts = {"dropped_duplicates": dropped}
        return [rows[position] for position in in_turn(kept, len(rows), self.seed)]


def in_turn(positions: Sequence[int], count: int, seed: int) -> list[int]:
    """`count` positions: all of them again and again, and in the last turn as many as are missing, drawn by the seed.

    Fewer rows per epoch would be fewer steps, and a lower rate could be due to less training alone.
    """
    turns, missing = divmod(count, len(positions))
    drawn = np.random.default_rng(seed).permutation(len(positions))[:missing]
    return [*positions] * turns + [positions[place] for place in sorted(drawn)]


def without_duplicates(rows: Sequence[tuple[str, ...]], how: Similarity) -> list[int]:
    """Positions of the rows whose texts do not all equal (exact) or resemble (near) those of an earlier kept row.

    Near: sets of word 5-grams of Jaccard similarity 0.8 or more, of each text by itself: in a joint text, two questions
    on one long passage would be similar. MinHash proposes candidates by the first text, which are then compared in
    full, so that no row is left out by chance.
    """
    if how == "exact":
        return sorted({row: position for position, row in reversed(list(enumerate(rows)))}.values())
    from datasketch import MinHash, MinHashLSH

    hashes = BANDS * ROWS_PER_BAND
    index = MinHashLSH(num_perm=hashes, params=(BANDS, ROWS_PER_BAND))
    kept = []
    sketches = MinHash.generator(_encoded([row[0] for row in rows]), num_perm=hashes, seed=1)
    for position, (row, sketch) in enumerate(zip(rows, sketches, strict=True)):
        if any(_similar(row, rows[candidate]) for candidate in index.query(sketch)):
            continue
        index.insert(position, sketch)
        kept.append(position)
    return kept


def _similar(row: tuple[str, ...], other: tuple[str, ...]) -> bool:
    # The shortest texts first: most questions on one passage differ there.
    pairs = zip(reversed(row), reversed(other), strict=True)
    return all(one == two or jaccard(shingles(one), shingles(two)) >= NEAR for one, two in pairs)


def _encoded(texts: Sequence[str]) -> Iterator[list[bytes]]:
    for text in texts:
        yield [shingle.encode() for shingle in shingles(text)]


def shingles(text: str) -> set[str]:
    """The text's runs of five words, in lower case and without punctuation; of a shorter text, all its words."""
    words = re.findall(r"\w+", text.lower())
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    return {" ".join(words[start : start + SHINGLE_WORDS]) for start in range(last)}


def jaccard(one: set[str], other: set[str]) -> float:
    """Number of shared elements over that of all elements of two sets; one of them must not be empty."""
    return len(one & other) / len(one | other)
