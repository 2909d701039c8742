"""Refusal of a dataset whose words cannot be found: texts in scripts without spaces, and no segmentation configured."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

import numpy as np

from memorization import segmentation
from memorization.errors import UserError

MOST_UNSPACED = 0.2
"""Share of letters without spaces that is left to white space. Names and quotations in another language stay far below;
above it, a fifth or more of every copy consists of words that detection does not see."""

SCRIPTS = tuple(segmentation.BLOCKS)
# Kinds of a character: no letter, a letter of scripts with spaces, and one kind per script without.
_OTHER, _FIRST = 1, 2
# Beyond it Unicode has no letters.
_CODES = 0x40000


class LetterCounts:
    """Letters of texts, per script without spaces and of all others together."""

    def __init__(self) -> None:
        self._counts = np.zeros(_FIRST + len(SCRIPTS), np.int64)

    def add(self, texts: Iterable[str]) -> None:
        """Count the letters of texts."""
        for text in texts:
            codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
            self._counts += np.bincount(_kinds()[np.minimum(codes, _CODES)], minlength=len(self._counts))

    def check(self, name: str, configured: str | None) -> None:
        """UserError where the dataset `name` needs a segmentation, and its `segmentation` is None."""
        letters = max(int(self._counts[_OTHER:].sum()), 1)
        shares = dict(zip(SCRIPTS, self._counts[_FIRST:] / letters, strict=True))
        share = sum(shares.values())
        if configured is None and share > MOST_UNSPACED:
            found = ", ".join(f"{script} {part:.0%}" for script, part in shares.items() if part >= 0.005)
            raise UserError(
                f"datasets.{name}: {share:.1%} of the letters of its training inputs are of scripts without spaces "
                f"between words ({found}), and detection finds words by spaces: copies would not be found. Set "
                f"`datasets.{name}.segmentation: characters`; null is for texts with at most {MOST_UNSPACED:.0%} such "
                "letters."
            )


@cache
def _kinds() -> np.ndarray:
    """The kind of every character, by code point; one more entry stands for all beyond `_CODES`."""
    kinds = np.fromiter((chr(code).isalpha() for code in range(_CODES)), np.uint8, _CODES)
    for number, script in enumerate(SCRIPTS, _FIRST):
        for first, last in segmentation.letters_of(script):
            kinds[first : last + 1] *= np.uint8(number)
    return np.append(kinds, np.uint8(0))
