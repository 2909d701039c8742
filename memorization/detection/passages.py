"""Runs of characters or tokens that sequences share, in a time that does not depend on what repeats in them.

Passages of one length are found by their hashes, and compared in full where these are equal. The longest common run is
found by numbering equal runs of 1, 2, 4, ... alike (Karp, Miller and Rosenberg, 1972): a run of 2k has the number of
the pair of its halves. Neither compares every place of one text with every place of the other.
"""

from __future__ import annotations

from itertools import count

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

NONE = -1
"""Number of a run that the other sequence does not contain."""

SEPARATOR = "\n"
"""Stands between texts that are searched together: no passage contains it."""

COMPARED_CHARACTERS = 10_000_000
"""Characters that are compared at a time, four bytes each."""

# Odd numbers without a pattern (the golden ratio's, and those of SplitMix64).
_FACTORS = tuple(np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))
_SHIFT = np.uint64(31)


def characters(text: str) -> np.ndarray:
    """Code points of a text, uint32 array (characters)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


class Passages:
    """The different passages of `length` characters of a text, numbered from 0."""

    def __init__(self, text: str, length: int) -> None:
        """Number the passages without `SEPARATOR` of a text."""
        self._length = length
        self._codes = characters(text)
        is_whole = _windows(self._codes != ord(SEPARATOR), length).all(axis=1)
        for salt in count():
            hashes = _hashes(self._codes, length, salt)
            order = np.flatnonzero(is_whole)
            order = order[np.argsort(hashes[order], kind="stable")]
            is_same = hashes[order[1:]] == hashes[order[:-1]]
            # Once in a million runs two passages have one hash; other hashes tell them apart.
            if self._equal(self._codes, order[1:][is_same], order[:-1][is_same]).all():
                break
        self._salt = salt
        self._places = order[np.append(np.ones(min(1, len(order)), bool), ~is_same)]
        self._hashes = hashes[self._places]
        # Most passages of other texts are not among these, and one look at a table of bits shows it.
        self._mask = np.uint64((1 << (8 * len(self._places)).bit_length()) - 1)
        self._is_possible = np.zeros(int(self._mask) + 1, bool)
        self._is_possible[self._hashes & self._mask] = True

    def __len__(self) -> int:
        return len(self._places)

    def of(self, text: str) -> np.ndarray:
        """Numbers of those passages that a text contains, each once, in increasing order."""
        codes = characters(text)
        hashes = _hashes(codes, self._length, self._salt)
        places = np.flatnonzero(self._is_possible[hashes & self._mask])
        numbers = np.searchsorted(self._hashes, hashes[places])
        is_same = self._hashes.take(numbers, mode="clip") == hashes[places] if len(self) else np.zeros(0, bool)
        places, numbers = places[is_same], numbers[is_same]
        return np.unique(numbers[self._equal(codes, places, self._places[numbers])])

    def _equal(self, codes: np.ndarray, places: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Whether the passages at places of a text equal those at places of the text that was numbered, (places,)."""
        windows, own_windows = _windows(codes, self._length), _windows(self._codes, self._length)
        is_equal = np.empty(len(places), bool)
        step = max(1, COMPARED_CHARACTERS // self._length)
        for start in range(0, len(places), step):
            part = slice(start, start + step)
            is_equal[part] = (windows[places[part]] == own_windows[own[part]]).all(axis=1)
        return is_equal


def _windows(values: np.ndarray, length: int) -> np.ndarray:
    """Every run of so many values, a view (runs, length); none where there are fewer values."""
    return sliding_window_view(values, length) if len(values) >= length else np.empty((0, length), values.dtype)


def _hashes(codes: np.ndarray, length: int, salt: int) -> np.ndarray:
    """A hash of every passage of `length` characters, uint64 array (passages); equal passages have equal ones."""
    hashes = (codes + np.uint64(salt)) * _FACTORS[0]
    span = 1
    while span < length:
        shift = min(span, length - span)
        later = hashes[shift:]
        hashes = hashes[: len(later)] * _FACTORS[1] + later
        hashes = (hashes ^ (hashes >> _SHIFT)) * _FACTORS[2]
        span += shift
    return hashes


def longest_common_run(one: np.ndarray, other: np.ndarray) -> int:
    """Length of the longest run that two arrays of integers from 0 up both contain; time grows as n log n."""
    levels = [_common(one, other)]
    if not levels[0][2]:
        return 0
    # Runs of 1, 2, 4, ... that both have, and then as much more as is possible, the larger steps first.
    while (longer := _joined(levels[-1], levels[-1], 1 << (len(levels) - 1)))[2]:
        levels.append(longer)
    longest, length = levels[-1], 1 << (len(levels) - 1)
    for power in range(len(levels) - 2, -1, -1):
        longer = _joined(longest, levels[power], length)
        if longer[2]:
            longest, length = longer, length + (1 << power)
    return length


Common = tuple[np.ndarray, np.ndarray, int]
"""At every place of two arrays, the number of the run that begins there, NONE where the other has no equal one; and how
many different ones both have."""


def _common(one: np.ndarray, other: np.ndarray) -> Common:
    table = np.intersect1d(one[one >= 0], other[other >= 0])
    return _numbered(one, table), _numbered(other, table), len(table)


def _joined(first: Common, second: Common, shift: int) -> Common:
    one, other = (_pairs(*sides, shift, second[2]) for sides in zip(first[:2], second[:2], strict=True))
    return _common(one, other)


def _pairs(first: np.ndarray, second: np.ndarray, shift: int, size: int) -> np.ndarray:
    """At every place one number for the pair of a run and that `shift` further, of `size` different ones, or NONE."""
    second = second[shift:]
    first = first[: len(second)]
    return np.where((first < 0) | (second < 0), NONE, first * size + second)


def _numbered(numbers: np.ndarray, table: np.ndarray) -> np.ndarray:
    """Places in a table of increasing numbers; NONE for one that it lacks."""
    found = np.full(len(numbers), NONE, np.int64)
    if len(table):
        known = np.flatnonzero(numbers >= 0)
        places = np.searchsorted(table, numbers[known])
        equal = table[np.minimum(places, len(table) - 1)] == numbers[known]
        found[known[equal]] = places[equal]
    return found
