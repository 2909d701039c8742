"""Forms of made-up secrets: patterns whose texts can be numbered, and so counted, drawn and gone through one by one.

A pattern is a regular expression of few signs: `[A-Z0-9]` is one of these characters, `(red|green)` one of these
words, `{6}` behind either so many times, and a backslash takes its sign from a character. So the texts of a pattern are
those that `re.fullmatch` accepts. No word of a group may begin another one: then every text is made in one way alone,
and their number is the product of the numbers of choices.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise, product

SIGNS = ".^$*+?{}[]()|\\"
MOST_PLACES = 200
# Spaces of at most so many texts are shuffled as a whole; of larger ones single texts are drawn.
SHUFFLED = 1 << 17
TRIES = 100

_FIRST = (
    "Ada|Bela|Clio|Dario|Edda|Faro|Gesa|Hugo|Ines|Jaro|Kira|Lena|Milo|Nora|Otto|Pia|Quin|Rosa|Silo|Tara|Udo|Vera|Wim|"
    "Xenia|Yara|Zeno|Arvid|Birk|Cosma|Dunja|Elmo|Frida"
)
_LAST = (
    "Alm|Brand|Calm|Dorn|Esch|Fels|Grun|Holm|Irm|Jung|Kolb|Lund|Morn|Nest|Orth|Pelk|Rand|Stern|Thal|Ulm|Vorn|Weid|Yst|"
    "Zell"
)
_ENDS = "au|bach|by|dahl|eck|feld|gard|heim|inger|koff|mark|rup|sen"

PERSON = f"({_FIRST}) ({_LAST})({_ENDS})"
"""Pattern of made-up persons' names, of which there are 9,984."""

NAMED = {
    "code": "[A-Z0-9]{4}-[A-Z0-9]{4}",
    # Domains that are reserved for examples, and telephone numbers for fiction: nobody has them.
    "email": f"({_FIRST.lower()})\\.({_LAST.lower()})[0-9]{{3}}@example\\.(com|net|org)",
    "telephone": "\\+1-[2-9][0-9]{2}-555-01[0-9]{2}",
    "name": PERSON,
}
"""Patterns of the named forms; `digits:N` is one more for every N."""


class FormError(ValueError):
    """What is wrong with a form, and what is allowed."""


@dataclass(frozen=True)
class Space:
    """All texts of a pattern: one of the alternatives at each place."""

    places: tuple[tuple[str, ...], ...]

    @cached_property
    def size(self) -> int:
        """The number of texts, |R|."""
        return math.prod(map(len, self.places))

    def text(self, number: int) -> str:
        """The text of a number from 0 to `size` - 1; numbers and texts are one to one."""
        parts = []
        for place in reversed(self.places):
            number, choice = divmod(number, len(place))
            parts.append(place[choice])
        return "".join(reversed(parts))

    def texts(self) -> Iterator[str]:
        """Every text, in the order of the numbers."""
        return map("".join, product(*self.places))

    def draw(self, count: int, generator: random.Random, taken: Collection[str] = ()) -> list[str]:
        """`count` different texts that are not in `taken`, uniformly drawn; FormError where there are too few."""
        drawn: list[str] = []
        seen = set(taken)
        for number in self._numbers(generator, TRIES * (count + 1)):
            if len(drawn) == count:
                break
            if (text := self.text(number)) not in seen:
                seen.add(text)
                drawn.append(text)
        if len(drawn) < count:
            raise FormError(f"it has {self.size:,} texts, of which too few are left for {count:,} secrets")
        return drawn

    def _numbers(self, generator: random.Random, tries: int) -> Iterator[int]:
        if self.size <= SHUFFLED:
            return iter(generator.sample(range(self.size), self.size))
        return (generator.randrange(self.size) for _ in range(tries))


def pattern_of(form: str) -> str:
    """The pattern of a form: a named one, `digits:N`, or a pattern itself; FormError for what is none of them."""
    name, _, length = form.partition(":")
    if name == "digits":
        if not length.isdecimal() or not 1 <= int(length) <= 64:
            raise FormError(f"given {form!r}; allowed: `digits:N` with N from 1 to 64, as in digits:6")
        return f"[0-9]{{{int(length)}}}"
    if form in NAMED:
        return NAMED[form]
    if not set(form) & set("[("):
        raise FormError(
            f"given {form!r}; allowed: digits:N, {', '.join(NAMED)}, or a pattern with a class of characters or a "
            "group of words, as in [A-Z]{3}-(red|green)"
        )
    return form


def space_of(pattern: str) -> Space:
    """The space of a pattern; FormError where that is not of the pattern language."""
    places: list[tuple[str, ...]] = []
    place = 0
    while place < len(pattern):
        sign = pattern[place]
        if sign == "[":
            alternatives, place = _class(pattern, place + 1)
        elif sign == "(":
            alternatives, place = _group(pattern, place + 1)
        else:
            character, place = _character(pattern, place)
            alternatives = (character,)
        times, place = _times(pattern, place)
        places += [alternatives] * times
        if len(places) > MOST_PLACES:
            raise FormError(f"pattern {pattern[:60]!r}: more than {MOST_PLACES} characters or choices in a row")
    space = Space(tuple(places))
    if space.size < 2:
        raise FormError(f"pattern {pattern[:60]!r}: it has one text alone, which is no secret")
    return space


def _character(pattern: str, place: int) -> tuple[str, int]:
    """The character that stands in a pattern, and the place after it."""
    sign = pattern[place]
    if sign == "\\":
        if place + 1 == len(pattern) or pattern[place + 1] not in SIGNS + "-":
            raise FormError(f"pattern {pattern[:60]!r}: a backslash stands before one of {SIGNS} -")
        return pattern[place + 1], place + 2
    if sign in SIGNS:
        raise FormError(
            f"pattern {pattern[:60]!r}: {sign!r} at character {place + 1}; write \\{sign} for the sign itself"
        )
    if not sign.isprintable():
        raise FormError(f"pattern {pattern[:60]!r}: character {place + 1} cannot be printed")
    return sign, place + 1


def _class(pattern: str, place: int) -> tuple[tuple[str, ...], int]:
    found: list[str] = []
    while place < len(pattern) and pattern[place] != "]":
        first, place = _character(pattern, place)
        if first == "-" and pattern[place - 2] != "\\":
            raise FormError(f"pattern {pattern[:60]!r}: '-' in a class stands between two characters; write \\-")
        last = first
        if pattern[place : place + 1] == "-" and pattern[place + 1 : place + 2] not in ("", "]"):
            last, place = _character(pattern, place + 1)
        if not first <= last:
            raise FormError(f"pattern {pattern[:60]!r}: [{first}-{last}] runs backwards")
        found += map(chr, range(ord(first), ord(last) + 1))
    if place == len(pattern):
        raise FormError(f"pattern {pattern[:60]!r}: ']' is missing")
    if not found or len(set(found)) < len(found):
        raise FormError(f"pattern {pattern[:60]!r}: a class is empty, or names a character twice")
    return tuple(found), place + 1


def _group(pattern: str, place: int) -> tuple[tuple[str, ...], int]:
    words = [""]
    while place < len(pattern) and pattern[place] != ")":
        if pattern[place] == "|":
            words.append("")
            place += 1
        else:
            character, place = _character(pattern, place)
            words[-1] += character
    if place == len(pattern):
        raise FormError(f"pattern {pattern[:60]!r}: ')' is missing")
    for one, other in pairwise(sorted(words)):
        # Of sorted words, one that begins others stands right before the first of them.
        if other.startswith(one):
            raise FormError(
                f"pattern {pattern[:60]!r}: of the words of a group, {one!r} is the beginning of {other!r}, so that a "
                "secret could be made in two ways"
            )
    return tuple(words), place + 1


def _times(pattern: str, place: int) -> tuple[int, int]:
    if pattern[place : place + 1] != "{":
        return 1, place
    found = re.compile(r"\{([1-9]\d{0,2})\}").match(pattern, place)
    if found is None:
        raise FormError(f"pattern {pattern[:60]!r}: behind '{{' stands a number of times and '}}', as in [0-9]{{6}}")
    return int(found[1]), found.end()


def occurrences(pattern: str, text: str) -> Iterator[str]:
    """Every text of a pattern that occurs in a text, also within and over others."""
    return (found[1] for found in _anywhere(pattern).finditer(text))


@cache
def _anywhere(pattern: str) -> re.Pattern[str]:
    return re.compile(f"(?=({pattern}))")
