"""Known disguises of a text, with which the recall of a detector is measured: how often it finds a disguised suffix.

Words are what white space separates; in a disguised text single spaces do.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from memorization.detection.text import SentenceSplitter

Kind = Literal["copy", "dropped", "swapped", "reordered", "halves", "followed", "preceded", "condensed"]


@dataclass(frozen=True)
class Disguise:
    """How a text is changed.

    `copy` leaves it as it is; `dropped` leaves out words; `swapped` lets words change places, in pairs, anywhere in the
    text; `reordered` puts the sentences in another order, and `halves` the two halves of each sentence; another text
    follows it (`followed`) or comes first (`preceded`); `condensed` keeps its first sentences.
    """

    name: str
    kind: Kind
    amount: float = 1.0
    """Fraction of the words that are dropped or swapped, or of the sentences that are kept (one at least)."""


DISGUISES = (
    Disguise("copy", "copy"),
    Disguise("dropped_10", "dropped", 0.1),
    Disguise("dropped_20", "dropped", 0.2),
    Disguise("dropped_40", "dropped", 0.4),
    Disguise("swapped_10", "swapped", 0.1),
    Disguise("swapped_20", "swapped", 0.2),
    Disguise("swapped_40", "swapped", 0.4),
    Disguise("reordered", "reordered"),
    Disguise("halves", "halves"),
    Disguise("followed", "followed"),
    Disguise("preceded", "preceded"),
    Disguise("condensed", "condensed", 0.34),
)
"""The disguises that are measured."""


def disguised(text: str, disguise: Disguise, sentences: SentenceSplitter, other: str, seed: tuple[int, int]) -> str:
    """The text in a disguise.

    `other`: the text that follows it or comes first. `seed`: a seed and the number of the text; with the name of the
    disguise they decide every draw. A text of one sentence is unchanged by `reordered` and `condensed`.
    """
    draws = random.Random(f"{seed[0]} {seed[1]} {disguise.name}")
    words = text.split()
    match disguise.kind:
        case "copy":
            return text
        case "dropped":
            dropped = set(draws.sample(range(len(words)), round(disguise.amount * len(words))))
            words = [word for place, word in enumerate(words) if place not in dropped]
        case "swapped":
            places = draws.sample(range(len(words)), 2 * round(disguise.amount * len(words) / 2))
            for first, second in zip(places[::2], places[1::2], strict=True):
                words[first], words[second] = words[second], words[first]
        case "reordered":
            split = _sentences(text, sentences)
            words = [word for place in _other_order(len(split), draws) for word in split[place]]
        case "halves":
            words = []
            for sentence in _sentences(text, sentences):
                middle = len(sentence) // 2
                words += sentence[middle:] + sentence[:middle]
        case "followed":
            words += other.split()
        case "preceded":
            words = other.split() + words
        case "condensed":
            split = _sentences(text, sentences)
            words = [word for sentence in split[: math.ceil(disguise.amount * len(split))] for word in sentence]
    return " ".join(words)


def _sentences(text: str, sentences: SentenceSplitter) -> list[list[str]]:
    """The words of each sentence."""
    return [text[start:end].split() for start, end in sentences.span_tokenize(text)]


def _other_order(count: int, draws: random.Random) -> list[int]:
    """A random order of 0 to count - 1 that is not this one, where there is another."""
    order = list(range(count))
    while count > 1 and order == list(range(count)):
        draws.shuffle(order)
    return order
