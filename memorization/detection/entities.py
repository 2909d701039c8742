"""Entities of matches: which are on both sides, and which of the training text leaked into the generation.

What counts as *written* depends on the kind (`Written`). Compatibility forms of Unicode (full-width digits) and case
never count.

- An e-mail address: the same address, alone. `name@example.com` is not in `myname@example.com`,
  `name@example.com.au` or `name<example.com`.
- A telephone number: the same digits in a row, with any of white space and ``( ) . / + -`` between them, alone or
  behind a country's code. It is not in a number that has more digits on either side.
- An identifier: the same letters, digits and signs, alone; white space and hyphens may be left out, or be one for the
  other.
- A date or an age: the same words, alone; white space, commas, full stops and hyphens between them may be one for the
  other, but not what joins two numbers (`3/5/19`).
- What a tagger finds (names of people, places, organizations): the same words in a row, whatever is between them.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

import pyarrow as pa

from memorization.detection.spans import RunTexts
from memorization.schemas.entities import EntitiesTable

Span = tuple[str, int, int]
"""Type of an entity, its first character and the character after its last."""

Find = Callable[[Sequence[str]], Sequence[Sequence[Span]]]
"""From n different texts to the entities of each text."""

_MONTH = (
    r"(?:jan(?:uary|\.)?|feb(?:ruary|\.)?|mar(?:ch|\.)?|apr(?:il|\.)?|(?-i:May)|june?|july?|aug(?:ust|\.)?|"
    r"sept?(?:ember|\.)?|oct(?:ober|\.)?|nov(?:ember|\.)?|dec(?:ember|\.)?)"
)
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[89]|20)\d\d"

# In the order in which they are searched: what one pattern has matched, no later one takes.
# A run of the characters of an address is read once, whether an address follows or not: only a match with a
# domain is one.
EMAIL = re.compile(r"[\w.+-]++(?P<domain>@(?:[\w-]++\.)+[a-z]{2,})?", re.IGNORECASE)
DATE = re.compile(
    rf"\b(?:{_YEAR}-\d\d-\d\d|\d\d?[/.]\d\d?[/.](?:{_YEAR}|\d\d)|\d\d?-\d\d?-{_YEAR}|{_MONTH}\s{_DAY}(?:,?\s{_YEAR})?|"
    rf"{_DAY}\s(?:of\s)?{_MONTH}(?:,?\s{_YEAR})?|{_MONTH}\s{_YEAR})\b",
    re.IGNORECASE,
)
AGE = re.compile(
    r"\b(?:\d{1,3}[\s-](?:year|yr|month|week)s?[\s-]old|\d{1,3}\s?(?:y/o|yo)|aged?\s(?:of\s)?\d{1,3})\b", re.IGNORECASE
)
# United States social security numbers, IBANs, codes of capitals and digits, long numbers, and what a word before it
# calls a number.
IDENTIFIER = re.compile(
    r"(?<![.,])\b(?:\d{3}-\d\d-\d{4}|[A-Z]{2}\d\d(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?|[A-Z]{1,5}-?\d{4,}\w*|"
    r"\d{4}(?:[\s-]\d{4}){3}|\d{8,})\b"
    r"|(?<=\b[Nn]o\.\s)[A-Z0-9][\w-]*\d[\w-]*|(?<=\bID\s)[A-Z0-9][\w-]*\d[\w-]*|(?<=\bMRN\s)[A-Z0-9][\w-]*\d[\w-]*"
)


MARKS_IN_ORDER = 32
"""Signs in a row from which combining marks are put in order before a text is normalized."""
_SIGNS = re.compile(rf"[^\w\s]{{{MARKS_IN_ORDER},}}")

# Signs within a telephone number, and the country's code before it.
_PHONE_SIGNS, _COUNTRY = r"[\s().+/\u2010-\u2015-]{0,3}", r"(?:\+\d{1,3}[\s.-]{0,2}\(?)?"
# Nothing that would make a number or an identifier a part of a longer one; letters of other scripts
# may stand beside either without a space.
_ALONE = {
    "identifier": (r"(?<![a-z\d])(?<![a-z\d][-/_])(?<!\d\.)", r"(?![a-z\d@])(?![-/_][a-z\d])(?!\.\d)"),
    "phone": (r"(?<![a-z\d])(?<!\d[-./])", r"(?![a-z\d@])(?![-./]\d)"),
}
_ALONE["date"] = _ALONE["age"] = (r"(?<![^\W_])(?<!\d[-./])", r"(?![^\W_])(?![-./]\d)")

TRIES = 1000
"""Rows of digits that are tried as telephone numbers and are none, after which no more are searched in a text."""


def pattern_spans(text: str, region: str) -> list[Span]:
    """E-mail addresses, telephone numbers, dates, ages and identifiers of a text, from left to right.

    Telephone numbers are those that libphonenumber takes for possible: with a country's code, or written as in
    `region`; not behind `TRIES` rows of digits of one text that are none. Time grows with the characters of the text.
    """
    entities: list[Span] = []
    for kind, spans in (
        ("email", _emails(text)),
        ("date", _matches(DATE, text)),
        ("age", _matches(AGE, text)),
        ("phone", _phones(text, region)),
        ("identifier", _matches(IDENTIFIER, text)),
    ):
        entities = _with_others(entities, [(kind, start, end) for start, end in spans])
    return entities


def _matches(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(text)]


def _emails(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in EMAIL.finditer(text) if match["domain"]]


def _phones(text: str, region: str) -> list[tuple[int, int]]:
    # Its tables take a tenth of a second to load, and most texts have no run of digits that could be a number.
    if not re.search(r"(?:\d\W{0,2}){7}", text):
        return []
    from phonenumbers import Leniency, PhoneNumberMatcher

    # Possible, not valid: numbers that are made up, or out of use, are personal data in a text all the same.
    matcher = PhoneNumberMatcher(text, region, Leniency.POSSIBLE, TRIES)
    return [(match.start, match.end) for match in matcher if re.search(r"[\s().+/-]", match.raw_string)]


def _with_others(fixed: Sequence[Span], others: Iterable[Span]) -> list[Span]:
    """Spans of which none overlap, and those of others that overlap none of them, from left to right."""
    ends = [end for _, _, end in fixed]
    kept = list(fixed)
    for other in others:
        _, start, end = other
        # The first that ends behind the start.
        place = bisect_right(ends, start)
        if place == len(fixed) or fixed[place][1] >= end:
            kept.append(other)
    return sorted(kept, key=lambda span: span[1:])


def finder(patterns: bool, region: str, tag: Find | None) -> Find:
    """A function that returns the entities of patterns, and those of a tagger that overlap none of a pattern."""

    def find(texts: Sequence[str]) -> list[list[Span]]:
        by_pattern = [pattern_spans(text, region) if patterns else [] for text in texts]
        if tag is None or not texts:
            return by_pattern
        return [_with_others(fixed, tagged) for fixed, tagged in zip(by_pattern, tag(texts), strict=True)]

    return find


def folded(text: str) -> str:
    """A text in compatibility forms of Unicode (NFKC) and without case."""
    # Normalizing puts combining marks in order by moving each past all that belong behind it, which takes hours for a
    # million of them; where they are in order already, it moves none.
    ordered = text if text.isascii() else _SIGNS.sub(lambda signs: _in_order(signs[0]), text)
    return unicodedata.normalize("NFKC", ordered).casefold()


def _in_order(signs: str) -> str:
    decomposed = "".join(unicodedata.normalize("NFKD", sign) for sign in signs)
    groups = groupby(decomposed, lambda sign: unicodedata.combining(sign) > 0)
    return "".join("".join(sorted(group, key=unicodedata.combining) if marks else group) for marks, group in groups)


def words_of(text: str) -> str:
    """The words of a text between single spaces, so that `Ms. Smith` and `ms smith` are the same.

    Compatibility forms of Unicode and case do not count; every character but letters and digits divides words.
    """
    return " ".join(re.findall(r"[^\W_]+", folded(text)))


def key_of(entity: Mapping[str, str]) -> str:
    """What two writings of an entity (type and text) have in common, whatever its type: equal keys are one entity.

    The address itself of an e-mail address, the letters and digits of a number, an identifier without white space and
    hyphens, the words of all others.
    """
    match entity["type"]:
        case "email":
            return folded(entity["text"])
        case "phone":
            return "".join(re.findall(r"\d+", folded(entity["text"])))
        case "identifier":
            return re.sub(r"[\s-]+", "", folded(entity["text"]))
    return words_of(entity["text"])


class Written:
    """A text, in the forms in which entities are searched in it."""

    def __init__(self, text: str) -> None:
        """Prepare the text."""
        self._folded = folded(text)
        self._words = f" {words_of(text)} "
        self._addresses = {
            self._folded[start:end]
            for start, end in _emails(self._folded)
            # What goes on like a domain, or a word, is a part of something longer.
            if not re.match(r"\.?[\w-]", self._folded[end : end + 2])
        }

    def contains(self, entity: Mapping[str, str]) -> bool:
        """Whether an entity (type and text) is written in the text, by the rules above."""
        if entity["type"] == "email":
            return key_of(entity) in self._addresses
        pattern = _writing(entity["type"], folded(entity["text"]))
        if pattern is None:
            return f" {words_of(entity['text'])} " in self._words
        return pattern.search(self._folded) is not None


@functools.lru_cache(10_000)
def _writing(kind: str, entity: str) -> re.Pattern[str] | None:
    """The pattern of everything that counts as this number, identifier, date or age; None for other kinds."""
    if kind not in _ALONE:
        return None
    before, after = _ALONE[kind]
    if kind == "phone":
        return re.compile(before + _COUNTRY + _PHONE_SIGNS.join(re.findall(r"\d", entity)) + after)
    # Words, and the signs between them.
    parts = re.split(r"([\W_]+)", entity)
    parts = parts[0 if parts[0] else 2 : len(parts) if parts[-1] else -2]
    pattern = ""
    for place, part in enumerate(parts):
        if not place % 2:
            pattern += re.escape(part)
        elif kind == "identifier":
            pattern += r"[\s-]{0,3}" if re.fullmatch(r"[\s-]+", part) else re.escape(part)
        else:
            joins_numbers = parts[place - 1][-1:].isdecimal() and parts[place + 1][:1].isdecimal()
            is_sign = joins_numbers and re.fullmatch(r"[/.-]", part)
            pattern += re.escape(part) if is_sign else r"[\s,.-]{1,3}"
    return re.compile(before + pattern + after)


def annotate(matches: pa.Table, texts: RunTexts, find: Find) -> pa.Table:
    """Table of schema `entities`: one row per match of schema `matches`, in their order.

    Every different passage is searched once, and `find` is called only where there is a match.
    """
    rows = matches.to_pylist()
    # A probe's matches follow one another.
    written = functools.lru_cache(2)(Written)
    aligned = [texts.passages(row) for row in rows]
    passages = sorted({passage for pair in aligned for passage in pair})
    entities_of = dict(zip(passages, find(passages), strict=True)) if passages else {}
    for row, pair in zip(rows, aligned, strict=True):
        generated, trained = (_named(passage, entities_of[passage]) for passage in pair)
        relation = relation_of(*({key_of(entity) for entity in side} for side in (generated, trained)))
        generation, prefix = written(texts.generations[row["probe"]]), written(texts.prefixes[row["probe"]])
        row |= {
            "generation_entities": generated,
            "training_entities": trained,
            "relation": relation,
            "entities_match": relation != "different",
            "leaked": [entity for entity in trained if generation.contains(entity) and not prefix.contains(entity)],
        }
    return pa.Table.from_pylist(rows, schema=EntitiesTable.arrow())


def _named(text: str, spans: Iterable[Span]) -> list[dict[str, str]]:
    """Entities of a text in the form of the schema, each once; a span without letter or digit is no entity."""
    named: dict[tuple[str, str], dict[str, str]] = {}
    for kind, start, end in spans:
        entity = text[start:end]
        if words_of(entity):
            stated = {"type": kind, "text": entity}
            named.setdefault((kind, key_of(stated)), stated)
    return list(named.values())


def relation_of(generated: set[str], trained: set[str]) -> str:
    """`equal`, `subset`, `different`, or `none` where both sets are empty."""
    if not generated and not trained:
        return "none"
    if generated == trained:
        return "equal"
    return "subset" if generated <= trained or trained <= generated else "different"
