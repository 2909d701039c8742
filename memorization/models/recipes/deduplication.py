"""Deduplication: training rows that equal an earlier row, or nearly so, are left out and the others repeated."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Literal

import numpy as np

from memorization.config.models import Recipe
from memorization.duplicates import are_near, empty_index, shingles, sketches
from memorization.models.recipes.switch import Row, Switch

log = logging.getLogger(__name__)

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

    Near is each text by itself (`duplicates`): in a joint text, two questions on one long passage would be similar.
    Candidates are proposed by the first text.
    """
    if how == "exact":
        return sorted({row: position for position, row in reversed(list(enumerate(rows)))}.values())
    index, kept = empty_index(), []
    for position, (row, sketch) in enumerate(zip(rows, sketches([row[0] for row in rows]), strict=True)):
        if any(_similar(row, rows[candidate]) for candidate in index.query(sketch)):
            continue
        index.insert(position, sketch)
        kept.append(position)
    return kept


def _similar(row: tuple[str, ...], other: tuple[str, ...]) -> bool:
    # The shortest texts first: most questions on one passage differ there.
    pairs = zip(reversed(row), reversed(other), strict=True)
    return all(one == two or are_near(shingles(one), shingles(two)) for one, two in pairs)
