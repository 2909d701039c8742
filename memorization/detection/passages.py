"""Passages of one length that texts share, found by their hashes, and compared in full where these are equal.

So neither every place of one text is compared with every place of the other, nor does it matter what repeats in them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

NONE = -1
"""Number of a passage that contains a `SEPARATOR`."""

SEPARATOR = "\n"
"""Stands between texts that are searched together: no passage contains it."""

CHARACTERS_PER_CALL = 100_000
"""Characters that are hashed, or compared, at a time: so many fit into a processor's cache."""

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
        places = np.flatnonzero(_is_whole(self._codes, length)).astype(np.int32)
        for salt in count():
            self._salt = salt
            hashes = self._hashes_of(self._codes)[places]
            order = np.argsort(hashes)
            hashes, in_order = hashes[order], places[order]
            is_first = np.append(np.ones(min(1, len(order)), bool), hashes[1:] != hashes[:-1])
            numbers = np.cumsum(is_first, dtype=np.int32) - np.int32(1)
            self._places, self._hashes = in_order[is_first], Hashes(hashes[is_first])
            # Once in a million runs two passages have one hash; other hashes tell them apart.
            if self._equal(self._codes, in_order, numbers).all():
                break
        self.numbers = np.full(len(self._codes), NONE, np.int32)
        """Number of the passage at every place of the text, (characters,); NONE where none begins."""
        self.numbers[in_order] = numbers

    def __len__(self) -> int:
        return len(self._places)

    def marked(self, texts: Iterable[str]) -> np.ndarray:
        """Whether one of the texts contains each passage, (passages,)."""
        marks = np.zeros(len(self), bool)
        for together in _joined(texts):
            codes = characters(together)
            for start in range(0, len(codes), CHARACTERS_PER_CALL):
                self._mark(marks, codes[start : start + CHARACTERS_PER_CALL + self._length - 1])
        return marks

    def _mark(self, marks: np.ndarray, codes: np.ndarray) -> None:
        places, numbers = self._hashes.found(self._hashes_of(codes))
        # A passage that is marked already need not be compared again.
        is_new = ~marks[numbers]
        places, numbers = places[is_new], numbers[is_new]
        marks[numbers[self._equal(codes, places, numbers)]] = True

    def _hashes_of(self, codes: np.ndarray) -> np.ndarray:
        return hashes_of(codes, self._length, self._salt)

    def _equal(self, codes: np.ndarray, places: np.ndarray, numbers: np.ndarray) -> np.ndarray:
        """Whether the passages at places of a text are those with these numbers, (places,)."""
        windows, own_windows = _windows(codes, self._length), _windows(self._codes, self._length)
        is_equal = np.empty(len(places), bool)
        step = max(1, CHARACTERS_PER_CALL // self._length)
        for start in range(0, len(places), step):
            part = slice(start, start + step)
            is_equal[part] = (windows[places[part]] == own_windows[self._places[numbers[part]]]).all(axis=1)
        return is_equal


class Hashes:
    """Different hashes in increasing order, and where others are among them."""

    def __init__(self, hashes: np.ndarray) -> None:
        """Keep `hashes`, uint64 array (hashes)."""
        self._hashes = hashes
        # Most others are not among these, and one look at a table of bits shows it.
        self._mask = np.uint64((1 << (4 * len(hashes)).bit_length()) - 1)
        self._is_possible = np.zeros(int(self._mask) + 1, bool)
        self._is_possible[hashes & self._mask] = True

    def found(self, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places in `others` of hashes that are among these, in any order, and their places among these."""
        places = np.flatnonzero(self._is_possible[others & self._mask])
        # In order, neighbours are looked up in the same part of the memory.
        places = places[np.argsort(others[places])]
        numbers = np.searchsorted(self._hashes, others[places])
        is_found = self._hashes.take(numbers, mode="clip") == others[places] if len(self._hashes) else np.zeros(0, bool)
        return places[is_found], numbers[is_found]


def hashes_of(codes: np.ndarray, length: int, salt: int = 0) -> np.ndarray:
    """A hash of every passage of `length` characters, uint64 array (passages); equal passages have equal ones."""
    hashes = np.empty(max(0, len(codes) - length + 1), np.uint64)
    for start in range(0, len(hashes), CHARACTERS_PER_CALL):
        part = codes[start : start + CHARACTERS_PER_CALL + length - 1]
        hashes[start : start + CHARACTERS_PER_CALL] = _hashes(part, length, salt)
    return hashes


def _hashes(codes: np.ndarray, length: int, salt: int) -> np.ndarray:
    hashes = (codes + np.uint64(salt)) * _FACTORS[0]
    span = 1
    while span < length:
        shift = min(span, length - span)
        later = hashes[shift:]
        hashes = hashes[: len(later)] * _FACTORS[1] + later
        hashes = (hashes ^ (hashes >> _SHIFT)) * _FACTORS[2]
        span += shift
    return hashes


def _is_whole(codes: np.ndarray, length: int) -> np.ndarray:
    """Whether the passage at each place contains no separator, (passages,)."""
    before = np.append(np.zeros(1, np.int32), np.cumsum(codes == ord(SEPARATOR), dtype=np.int32))
    is_whole: np.ndarray = before[length:] == before[: max(0, len(before) - length)]
    return is_whole


def _windows(values: np.ndarray, length: int) -> np.ndarray:
    """Every run of so many values, a view (runs, length); none where there are fewer values."""
    return sliding_window_view(values, length) if len(values) >= length else np.empty((0, length), values.dtype)


def _joined(texts: Iterable[str]) -> Iterator[str]:
    """Texts with separators between them, of about `CHARACTERS_PER_CALL` characters together or more."""
    part: list[str] = []
    size = 0
    for text in texts:
        part.append(text)
        size += len(text)
        if size >= CHARACTERS_PER_CALL:
            yield SEPARATOR.join(part)
            part, size = [], 0
    if part:
        yield SEPARATOR.join(part)
