"""Test rows whose input a model was trained on: copies, exact or near, of inputs of training rows.

Controls of that kind are no controls. The test split is indexed, because it is the smaller one as a rule, and training
rows pass by it, so that only one split is ever in memory.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from memorization.duplicates import are_near, empty_index, shingles, sketches

# Many texts of one form resemble each other, and are perhaps no copies; the most similar ones decide.
MOST_COMPARED = 50

Kind = Literal["exact", "near"]
KINDS: tuple[Kind, ...] = ("exact", "near")


class Overlap:
    """The test inputs that are copies of training inputs seen so far, by the positions of their rows."""

    def __init__(self, inputs: Sequence[str]) -> None:
        """Index the test inputs."""
        self._positions: dict[str, list[int]] = defaultdict(list)
        for position, text in enumerate(inputs):
            self._positions[text].append(position)
        texts = list(self._positions)
        # Those of which no copy was seen; where there are none, nothing is to be imported.
        self._sketches: dict[str, Any] = {}
        if texts:
            self._index = empty_index()
            for text, sketch in zip(texts, sketches(texts), strict=True):
                self._sketches[text] = sketch
                self._index.insert(text, sketch)
        self._found: dict[str, Kind] = {}

    def see(self, inputs: Sequence[str]) -> None:
        """Compare training inputs with the test inputs."""
        if not self._positions:
            return
        for text in inputs:
            if text in self._positions:
                self._mark(text, "exact")
        # Others have no words by which they could be near.
        worded = [text for text in inputs if any(map(str.isalnum, text))]
        for text, sketch in zip(worded, sketches(worded), strict=True):
            own: set[str] | None = None
            for candidate in self._most_similar(sketch):
                own = shingles(text) if own is None else own
                if are_near(own, shingles(candidate)):
                    self._mark(candidate, "near")

    def positions(self, kind: Kind) -> list[int]:
        """Positions of the test inputs that are exact copies, or near ones that are not exact."""
        return sorted(
            position for text, found in self._found.items() if found == kind for position in self._positions[text]
        )

    def _mark(self, text: str, kind: Kind) -> None:
        if self._found.get(text) is None:
            # Found once, it need not be compared again.
            self._index.remove(text)
            del self._sketches[text]
        if self._found.get(text) != "exact":
            self._found[text] = kind

    def _most_similar(self, sketch: Any) -> list[str]:
        candidates = sorted(self._index.query(sketch))
        if len(candidates) <= MOST_COMPARED:
            return candidates
        values = np.array([self._sketches[text].hashvalues for text in candidates])
        shared = (values == sketch.hashvalues).mean(axis=1)
        return [candidates[place] for place in np.argsort(-shared, kind="stable")[:MOST_COMPARED]]
