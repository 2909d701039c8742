"""Masks over personal data: each place replaced by its type in brackets, as [EMAIL]."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

from memorization.detection.patterns import Span


def token(kind: str) -> str:
    """What stands for personal data of that type."""
    return f"[{kind.upper()}]"


@dataclass(frozen=True)
class Masked:
    """A text whose personal data is replaced; `places` are where the tokens are, `replaced` what they stand for."""

    text: str
    places: list[Span]
    replaced: list[Span]

    def place(self, offset: int) -> int:
        """Where a place between two characters of the original text is in the masked one.

        A place within personal data is behind its token, which no passage divides therefore.
        """
        number = bisect_left(self.replaced, offset, key=lambda span: span[2])
        if number < len(self.replaced) and self.replaced[number][1] < offset:
            return self.places[number][2]
        if number == 0:
            return offset
        return self.places[number - 1][2] + offset - self.replaced[number - 1][2]


def mask(text: str, entities: Iterable[Span]) -> Masked:
    """A text with each of its entities, which do not overlap and follow one another, replaced by its type."""
    replaced = list(entities)
    parts, places, length, done = [], [], 0, 0
    for kind, start, end in replaced:
        shown = token(kind)
        parts += [text[done:start], shown]
        length += start - done
        places.append((kind, length, length + len(shown)))
        length, done = length + len(shown), end
    return Masked("".join([*parts, text[done:]]), places, replaced)
