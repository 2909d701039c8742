"""Entities of matches: which are on both sides, and which of the training text leaked into the generation.

What counts as *written* depends on the kind (`Written`). Compatibility forms of Unicode (full-width digits) and case
never count.

- An e-mail address: the same address, alone. `name@example.com` is not in `myname@example.com`,
  `name@example.com.au` or `name<example.com`.
- A telephone number: the same digits in a row, with any of white space and ``( ) . / + -`` between them, alone or
  behind a country's code. It is not in a number that has more digits on either side.
- An identifier, and the number of a card or an account: the same letters, digits and signs, alone; white space and
  hyphens may be left out, or be one for the other.
- A secret: the same characters, alone, but for white space, of which private keys are full.
- A date or an age: the same words, alone; white space, commas, full stops and hyphens between them may be one for the
  other, but not what joins two numbers (`3/5/19`).
- A postal address, and what a tagger finds (names of people, places, organizations): the same words in a row, whatever
  is between them.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby

import pyarrow as pa

from memorization.detection.patterns import Span, emails, pattern_spans, with_others
from memorization.detection.spans import RunTexts
from memorization.schemas.entities import EntitiesTable

Find = Callable[[Sequence[str]], Sequence[Sequence[Span]]]
"""From n different texts to the entities of each text."""

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
_ALONE["card"] = _ALONE["account"] = _ALONE["identifier"]
_ALONE["secret"] = (r"(?<![^\W_])(?<![^\W_]-)", r"(?![^\W_])(?!-[^\W_])")
_ALONE["date"] = _ALONE["age"] = (r"(?<![^\W_])(?<!\d[-./])", r"(?![^\W_])(?![-./]\d)")


def finder(patterns: bool, region: str, tag: Find | None) -> Find:
    """A function that returns the entities of patterns, and those of a tagger that overlap none of a pattern."""

    def find(texts: Sequence[str]) -> list[list[Span]]:
        by_pattern = [pattern_spans(text, region) if patterns else [] for text in texts]
        if tag is None or not texts:
            return by_pattern
        return [with_others(fixed, tagged) for fixed, tagged in zip(by_pattern, tag(texts), strict=True)]

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

    The address itself of an e-mail address, the digits of a telephone number, identifiers and numbers of cards and
    accounts without white space and hyphens, secrets without white space, the words of all others.
    """
    match entity["type"]:
        case "email":
            return folded(entity["text"])
        case "phone":
            return "".join(re.findall(r"\d+", folded(entity["text"])))
        case "identifier" | "card" | "account":
            return re.sub(r"[\s-]+", "", folded(entity["text"]))
        case "secret":
            return re.sub(r"\s+", "", folded(entity["text"]))
    return words_of(entity["text"])


class Written:
    """A text, in the forms in which entities are searched in it."""

    def __init__(self, text: str) -> None:
        """Prepare the text."""
        self._folded = folded(text)
        self._words = f" {words_of(text)} "
        self._addresses = {
            self._folded[start:end]
            for start, end in emails(self._folded)
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
    """The pattern of everything that counts as this number, secret, date or age; None where words are compared."""
    if kind not in _ALONE:
        return None
    before, after = _ALONE[kind]
    if kind == "secret":
        return re.compile(before + r"\s+".join(map(re.escape, entity.split())) + after)
    if kind == "phone":
        return re.compile(before + _COUNTRY + _PHONE_SIGNS.join(re.findall(r"\d", entity)) + after)
    # Words, and the signs between them.
    parts = re.split(r"([\W_]+)", entity)
    parts = parts[0 if parts[0] else 2 : len(parts) if parts[-1] else -2]
    pattern = ""
    for place, part in enumerate(parts):
        if not place % 2:
            pattern += re.escape(part)
        elif kind not in ("date", "age"):
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
