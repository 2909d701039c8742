"""Passages that texts of a corpus have in common."""

import itertools
from collections import defaultdict
from collections.abc import Sequence


def pairs_with_common_run(texts: Sequence[str], size: int) -> set[tuple[int, int]]:
    """Pairs of texts that have `size` characters in a row in common."""
    holders: defaultdict[str, set[int]] = defaultdict(set)
    for index, text in enumerate(texts):
        for start in range(len(text) - size + 1):
            holders[text[start : start + size]].add(index)
    return {pair for group in holders.values() for pair in itertools.combinations(sorted(group), 2)}
