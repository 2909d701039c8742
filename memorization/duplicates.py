"""Texts that nearly equal others: sets of word 5-grams of Jaccard similarity 0.8 or more.

MinHash proposes candidates, which are then to be compared in full, so that nothing is similar by chance.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

# Words per shingle, the Jaccard similarity of two texts' sets of shingles, and the number of hashes in a band of
# MinHash. With 32 bands of 4, two texts of that similarity share no band once in twenty million times.
SHINGLE_WORDS = 5
NEAR = 0.8
BANDS, ROWS_PER_BAND = 32, 4


def preload() -> None:
    """Import what sketches need."""
    import datasketch  # noqa: F401


def empty_index() -> Any:
    """An index (`datasketch.MinHashLSH`) of no sketches, which proposes those of similar texts."""
    from datasketch import MinHashLSH

    return MinHashLSH(num_perm=BANDS * ROWS_PER_BAND, params=(BANDS, ROWS_PER_BAND))


def sketches(texts: Sequence[str]) -> Iterator[Any]:
    """Each text's sketch (`datasketch.MinHash`)."""
    from datasketch import MinHash

    encoded = ([shingle.encode() for shingle in shingles(text)] for text in texts)
    return iter(MinHash.generator(encoded, num_perm=BANDS * ROWS_PER_BAND, seed=1))


def shingles(text: str) -> set[str]:
    """The text's runs of five words, in lower case and without punctuation; of a shorter text, all its words."""
    words = re.findall(r"\w+", text.lower())
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    return {" ".join(words[start : start + SHINGLE_WORDS]) for start in range(last)}


def are_near(one: set[str], other: set[str]) -> bool:
    """Whether two texts with these sets of shingles are near duplicates."""
    return jaccard(one, other) >= NEAR


def jaccard(one: set[str], other: set[str]) -> float:
    """Number of shared elements over that of all elements of two sets; one of them must not be empty."""
    return len(one & other) / len(one | other)
