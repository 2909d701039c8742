"""Padding: rows of token ids of different lengths as one array."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def padded(
    rows: Sequence[Sequence[int] | np.ndarray], pad: int, left: bool = False, length: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Token ids and attention mask, int64 arrays (rows, longest row); at least `length` wide.

    Padding with the token `pad` is on the right, or on the left where `left` is true.
    """
    longest = max([length, *map(len, rows)])
    ids = np.full((len(rows), longest), pad, dtype=np.int64)
    mask = np.zeros_like(ids)
    for index, row in enumerate(rows):
        place = slice(longest - len(row), longest) if left else slice(0, len(row))
        ids[index, place] = row
        mask[index, place] = 1
    return ids, mask
