"""Entities of matches: which are on both sides, and which of the training text leaked into the generation."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence

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
EMAIL = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
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


def pattern_spans(text: str, region: str) -> list[Span]:
    """E-mail addresses, telephone numbers, dates, ages and identifiers of a text, from left to right.

    Telephone numbers are those that libphonenumber takes for possible: with a country's code, or written as in
    `region`.
    """
    entities: list[Span] = []
    for kind, spans in (
        ("email", _matches(EMAIL, text)),
        ("date", _matches(DATE, text)),
        ("age", _matches(AGE, text)),
        ("phone", _phones(text, region)),
        ("identifier", _matches(IDENTIFIER, text)),
    ):
        entities += [(kind, start, end) for start, end in spans if not _overlaps(entities, start, end)]
    return sorted(entities, key=lambda span: span[1:])


def _matches(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(text)]


def _phones(text: str, region: str) -> list[tuple[int, int]]:
    # Its tables take a tenth of a second to load, and most texts have no run of digits that could be a number.
    if not re.search(r"(?:\d\W{0,2}){7}", text):
        return []
    from phonenumbers import Leniency, PhoneNumberMatcher

    # Possible, not valid: numbers that are made up, or out of use, are personal data in a text all the same.
    matcher = PhoneNumberMatcher(text, region, Leniency.POSSIBLE, 1000)
    return [(match.start, match.end) for match in matcher if re.search(r"[\s().+/-]", match.raw_string)]


def _overlaps(spans: Iterable[Span], start: int, end: int) -> bool:
    return any(start < other_end and other_start < end for _, other_start, other_end in spans)


def finder(patterns: bool, region: str, tag: Find | None) -> Find:
    """A function that returns the entities of patterns, and those of a tagger that overlap none of a pattern."""

    def find(texts: Sequence[str]) -> list[list[Span]]:
        by_pattern = [pattern_spans(text, region) if patterns else [] for text in texts]
        if tag is None or not texts:
            return by_pattern
        return [
            sorted([*fixed, *(span for span in tagged if not _overlaps(fixed, *span[1:]))], key=lambda span: span[1:])
            for fixed, tagged in zip(by_pattern, tag(texts), strict=True)
        ]

    return find


def words_of(text: str) -> str:
    """The words of a text between single spaces, so that `Ms. Smith` and `ms smith` are the same.

    Compatibility forms of Unicode and case do not count; every character but letters and digits divides words.
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"[^\W_]+", folded))


def annotate(matches: pa.Table, texts: RunTexts, find: Find) -> pa.Table:
    """Table of schema `entities`: one row per match of schema `matches`, in their order.

    Every different passage is searched once, and `find` is called only where there is a match.
    """
    rows = matches.to_pylist()
    aligned = [texts.passages(row) for row in rows]
    passages = sorted({passage for pair in aligned for passage in pair})
    entities_of = dict(zip(passages, find(passages), strict=True)) if passages else {}
    for row, pair in zip(rows, aligned, strict=True):
        generated, trained = (_named(passage, entities_of[passage]) for passage in pair)
        relation = relation_of(*({words_of(entity["text"]) for entity in side} for side in (generated, trained)))
        generation, prefix = (
            f" {words_of(by_probe[row['probe']])} " for by_probe in (texts.generations, texts.prefixes)
        )
        row |= {
            "generation_entities": generated,
            "training_entities": trained,
            "relation": relation,
            "entities_match": relation != "different",
            "leaked": [entity for entity in trained if _leaked(entity, generation, prefix)],
        }
    return pa.Table.from_pylist(rows, schema=EntitiesTable.arrow())


def _leaked(entity: dict[str, str], generation: str, prefix: str) -> bool:
    """Whether an entity's words are in the generation and not in the prefix, both given by their words."""
    words = f" {words_of(entity['text'])} "
    return words in generation and words not in prefix


def _named(text: str, spans: Iterable[Span]) -> list[dict[str, str]]:
    """Entities of a text in the form of the schema, each once; a span without letter or digit is no entity."""
    named: dict[tuple[str, str], dict[str, str]] = {}
    for kind, start, end in spans:
        entity = text[start:end]
        if words_of(entity):
            named.setdefault((kind, words_of(entity)), {"type": kind, "text": entity})
    return list(named.values())


def relation_of(generated: set[str], trained: set[str]) -> str:
    """`equal`, `subset`, `different`, or `none` where both sets are empty."""
    if not generated and not trained:
        return "none"
    if generated == trained:
        return "equal"
    return "subset" if generated <= trained or trained <= generated else "different"
