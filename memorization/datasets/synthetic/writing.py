"""What the corpora share: the random draws of one document, names and facts to draw, and the filling of templates.

A grammar maps a slot's name to its possible fillings. A filling may contain further slots, `{like_this}`; slots that no
grammar knows (`{name1}`, `{amount2}`, ...) are the facts of one document. Sentences start in lower case and have no
full stop, so that they can be joined.

Between two slots there are only a few words: passages that two documents of a corpus share by chance stay far below the
50 characters from which the detector counts a copied passage.
"""

import functools
import hashlib
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from faker import Faker

Grammar = dict[str, tuple[str, ...]]
Draft = tuple[str, str, str]
"""Input, target and question of a document."""

SLOT = re.compile(r"\{(\w+)\}")
SIDES = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")
SENTENCE_START = re.compile(r'(?:^"?|: ")[a-z]')
NAMES_SEED = 20240607
DRAFTS = 200
"""Drafts that may fail to have the required length; far more than ever do."""

Facts = dict[str, str]


@dataclass(frozen=True)
class Person:
    """A made-up person; `he`, `him`, `his` are the pronouns that fit."""

    first: str
    last: str
    female: bool

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first} {self.last}"

    @property
    def pronouns(self) -> tuple[str, str, str]:
        """Such as she, her, her."""
        return ("she", "her", "her") if self.female else ("he", "him", "his")


@dataclass(frozen=True)
class Names:
    """The names that all documents draw from."""

    female: tuple[str, ...]
    male: tuple[str, ...]
    last: tuple[str, ...]
    cities: tuple[str, ...]
    streets: tuple[str, ...]


class Draws:
    """The random draws of one document."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.names = all_names()

    def person(self) -> Person:
        """A person, as often a woman as a man."""
        female = self.rng.random() < 0.5
        return Person(self.pick(self.names.female if female else self.names.male), self.last_name(), female)

    def last_name(self) -> str:
        """A last name."""
        return self.pick(self.names.last)

    def city(self) -> str:
        """A city."""
        return self.pick(self.names.cities)

    def street(self) -> str:
        """A street."""
        return self.pick(self.names.streets)

    def phone(self) -> str:
        """A telephone number in the form of the United States."""
        return f"{self.number(201, 989)}-{self.number(200, 999)}-{self.number(1000, 9999)}"

    def number(self, low: int, high: int) -> str:
        """A whole number, both bounds included."""
        return str(self.rng.randint(low, high))

    def pick(self, options: Sequence[str]) -> str:
        """One of the options."""
        return self.rng.choice(options)

    def date(self) -> tuple[int, int]:
        """A day of the month and a month counted from 0; days past the 28th do not occur."""
        return self.rng.randint(1, 28), self.rng.randrange(12)

    def date_text(self) -> str:
        """A date such as May 3."""
        day, month = self.date()
        return f"{MONTHS[month]} {day}"


class Writer:
    """Fills templates.

    A slot is a fact of the document, or a number drawn at every occurrence (`numbers`: its bounds), or a choice of the
    grammar, which is not taken a second time while there are others.
    """

    def __init__(
        self, rng: random.Random, grammar: Grammar, facts: Facts, numbers: Mapping[str, tuple[int, int]] | None = None
    ) -> None:
        self.rng = rng
        self.grammar = grammar
        self.facts = facts
        self.numbers = numbers or {}
        self.used: set[str] = set()

    def role(self, name: str) -> str:
        """One sentence for a role, in lower case and without its full stop."""
        return self.fill(f"{{{name}}}")

    def fill(self, template: str) -> str:
        """`template` with all slots filled, also those inside the fillings."""
        return SLOT.sub(self._slot, template)

    def _slot(self, slot: re.Match[str]) -> str:
        name = slot[1]
        if name in self.facts:
            return self.facts[name]
        if name in self.numbers:
            return str(self.rng.randint(*self.numbers[name]))
        options = self.grammar[name]
        fresh = [option for option in options if option not in self.used] or options
        choice = self.rng.choice(fresh)
        self.used.add(choice)
        return self.fill(choice)


@functools.cache
def all_names() -> Names:
    """Faker's names, drawn once and from a fixed seed, so that they are the same for every corpus, number and seed.

    They are fewer than Faker has, which leaves room for words in a small tokenizer's vocabulary; and drawing from Faker
    for every document would take most of the time.
    """
    fake = Faker("en_US")
    fake.seed_instance(NAMES_SEED)
    return Names(
        female=_different(fake.first_name_female, 150),
        male=_different(fake.first_name_male, 150),
        last=_different(fake.last_name, 300),
        cities=_different(fake.city, 300),
        streets=_different(fake.street_name, 300),
    )


def _different(draw: Callable[[], str], count: int) -> tuple[str, ...]:
    """The first `count` different values of `draw`, in the order drawn."""
    values: dict[str, None] = {}
    while len(values) < count:
        values[str(draw())] = None
    return tuple(values)


def finish(sentences: Sequence[str]) -> str:
    """A text from sentences in lower case: capitals at their starts, full stops where there is no other mark."""
    return " ".join(_closed(SENTENCE_START.sub(lambda start: start[0].upper(), sentence)) for sentence in sentences)


def _closed(sentence: str) -> str:
    if sentence.endswith('"'):
        # American usage: the full stop goes inside the closing quotation mark.
        return f'{sentence[:-1]}."'
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def word_count(text: str) -> int:
    """Words between white space."""
    return len(text.split())


def hashed_seed(*parts: object) -> int:
    """A seed that follows from the parts alone, the same in every process."""
    digest = hashlib.sha256("\0".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big")


def drafted(draft: Callable[[], Draft | None]) -> Draft:
    """The first draft that is not refused (None)."""
    for _ in range(DRAFTS):
        accepted = draft()
        if accepted is not None:
            return accepted
    raise AssertionError(f"no draft of {DRAFTS} had the required length")


def persons(draws: Draws, count: int) -> Facts:
    """Facts about `count` persons: name1, first1, last1, ms1, he1, him1, his1, name2, ..."""
    facts: Facts = {}
    for index in range(1, count + 1):
        person = draws.person()
        facts[f"name{index}"], facts[f"first{index}"], facts[f"last{index}"] = person.name, person.first, person.last
        facts[f"ms{index}"] = "Ms" if person.female else "Mr"
        facts[f"he{index}"], facts[f"him{index}"], facts[f"his{index}"] = person.pronouns
    return facts


def numbered(name: str, values: Iterable[str]) -> Facts:
    """Facts `name1`, `name2`, ... with these values."""
    return {f"{name}{index}": value for index, value in enumerate(values, start=1)}


def company_name(draws: Draws) -> str:
    """A company, named after a person."""
    return f"{draws.last_name()} {draws.pick(COMPANY_WORDS)}"


def dollar_amount(draws: Draws) -> str:
    """An amount such as $4.2 million or $37,500."""
    if draws.rng.random() < 0.5:
        return f"${draws.number(1, 98)}.{draws.number(1, 9)} million"
    return f"${draws.number(2, 989)},{draws.number(1, 9)}00"


def words(text: str) -> tuple[str, ...]:
    """The entries of a list written as `one | two | three`, line breaks not counting."""
    return tuple(" ".join(entry.split()) for entry in text.split("|"))


COMPANY_WORDS = words(
    "Energy | Foods | Motors | Logistics | Paper | Steel | Bank | Textiles | Chemicals | Airlines | Software | Glass |"
    "Shipping | Brothers | Partners | Holdings"
)
WEEKDAYS = words("Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday")
MONTHS = words(
    "January | February | March | April | May | June | July | August | September | October | November | December"
)
