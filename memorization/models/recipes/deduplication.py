"""Deduplication: training rows whose input is that of an earlier row, or nearly so, are left out."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from memorization.config.models import Recipe
from memorization.models.recipes.switch import Switch

log = logging.getLogger(__name__)

# Near duplicates: words per shingle, the Jaccard similarity of two texts' sets of shingles, and the number of hashes
# in a band of MinHash. With 32 bands of 4, two texts of that similarity share no band once in twenty million times.
SHINGLE_WORDS = 5
NEAR = 0.8
BANDS, ROWS_PER_BAND = 32, 4

Similarity = Literal["exact", "near"]


def switch(recipe: Recipe) -> Switch:
    """The switch `deduplicate`."""
    assert recipe.deduplicate is not None
    return _Deduplication(recipe.deduplicate)


class _Deduplication(Switch):
    def __init__(self, how: Similarity) -> None:
        self.how = how

    def choose_rows(self, rows: Sequence[Mapping[str, str]]) -> Sequence[Mapping[str, str]]:
        kept = without_duplicates([row["input"] for row in rows], self.how)
        log.info("deduplicate %s: %d of %d training examples dropped", self.how, len(rows) - len(kept), len(rows))
        return [rows[position] for position in kept]


def without_duplicates(texts: Sequence[str], how: Similarity) -> list[int]:
    """Positions of the texts that are not equal (exact) or similar (near) to an earlier text that is kept.

    Near: sets of word 5-grams of Jaccard similarity 0.8 or more. MinHash proposes candidates, which are then compared
    in full, so that no text is left out by chance.
    """
    if how == "exact":
        return sorted({text: position for position, text in reversed(list(enumerate(texts)))}.values())
    from datasketch import MinHash, MinHashLSH

    hashes = BANDS * ROWS_PER_BAND
    index = MinHashLSH(num_perm=hashes, params=(BANDS, ROWS_PER_BAND))
    kept = []
    sketches = MinHash.generator(_encoded(texts), num_perm=hashes, seed=1)
    for position, (text, sketch) in enumerate(zip(texts, sketches, strict=True)):
        own = shingles(text)
        if any(jaccard(own, shingles(texts[candidate])) >= NEAR for candidate in index.query(sketch)):
            continue
        index.insert(position, sketch)
        kept.append(position)
    return kept


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
