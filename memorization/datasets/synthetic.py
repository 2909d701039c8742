"""Five seeded synthetic corpora for a demo that needs no download.

Document `number` of a corpus follows from (corpus, number, seed) and the version of Faker, from nothing else: whoever
needs a train and a test split takes disjoint ranges of numbers. Every document has made-up persons and facts of its
own, and no two have a long passage in common, so that a passage given back by a model tells which document it is from.
"""

import functools
import hashlib
import itertools
import random
import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from faker import Faker

from memorization.datasets import vocabulary
from memorization.datasets.vocabulary import Grammar
from memorization.errors import UserError, did_you_mean

SLOT = re.compile(r"\{(\w+)\}")
SIDES = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")
SENTENCE_START = re.compile(r'(?:^"?|: ")[a-z]')
NAMES_SEED = 20240607
DRAFTS = 200
"""How many drafts may fail to have the wanted length; far more than ever happens."""

Facts = dict[str, str]


@dataclass(frozen=True)
class Document:
    """One row of a corpus: `input` and `target` as a model is trained on them, `question` for passages only."""

    id: str
    input: str
    target: str
    question: str


@dataclass(frozen=True)
class _Person:
    """A made-up person; `he`, `him`, `his` are the pronouns that fit."""

    first: str
    last: str
    female: bool

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def pronouns(self) -> tuple[str, str, str]:
        return ("she", "her", "her") if self.female else ("he", "him", "his")


@dataclass(frozen=True)
class _Names:
    """The names that all documents draw from."""

    female: tuple[str, ...]
    male: tuple[str, ...]
    last: tuple[str, ...]
    cities: tuple[str, ...]
    streets: tuple[str, ...]


class _Source:
    """The randomness of one document."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.names = _names()

    def person(self) -> _Person:
        female = self.rng.random() < 0.5
        return _Person(self.pick(self.names.female if female else self.names.male), self.last_name(), female)

    def last_name(self) -> str:
        return self.pick(self.names.last)

    def city(self) -> str:
        return self.pick(self.names.cities)

    def street(self) -> str:
        return self.pick(self.names.streets)

    def phone(self) -> str:
        return f"{self.number(201, 989)}-{self.number(200, 999)}-{self.number(1000, 9999)}"

    def number(self, low: int, high: int) -> str:
        return str(self.rng.randint(low, high))

    def pick(self, options: Sequence[str]) -> str:
        return self.rng.choice(options)

    def date(self) -> tuple[int, int]:
        """A day of the month and a month counted from 0; days past the 28th do not occur."""
        return self.rng.randint(1, 28), self.rng.randrange(12)

    def date_text(self) -> str:
        day, month = self.date()
        return f"{vocabulary.MONTHS[month]} {day}"


class _Writer:
    """Fills templates.

    A slot is a fact of the document, or a number drawn anew at every place (`numbers`: its bounds), or a choice of the
    grammar, used up once it was taken.
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


def document(corpus: str, number: int, seed: int) -> Document:
    """Document `number` of `corpus`; the same for the same three arguments in every process.

    Raises UserError when there is no such corpus.
    """
    if corpus not in WRITERS:
        hint = did_you_mean(corpus, CORPORA)
        raise UserError(f"There is no synthetic corpus {corpus!r}{hint}. There are: {', '.join(CORPORA)}.")
    digest = hashlib.sha256(f"{corpus}\0{number}\0{seed}".encode()).digest()
    text, target, question = WRITERS[corpus](_Source(int.from_bytes(digest[:8], "big")))
    return Document(f"{corpus}-{number:06d}", text, target, question)


def documents(corpus: str, start: int, count: int, seed: int) -> Iterator[Document]:
    """The documents `start` to `start + count - 1` of `corpus`, in order."""
    return (document(corpus, number, seed) for number in range(start, start + count))


@functools.cache
def _names() -> _Names:
    """Faker's names, drawn once and from a fixed seed, so that they are the same for every corpus, number and seed.

    Fewer names than Faker has leave a small tokenizer room for words; and Faker takes most of the time when every
    document asks it anew.
    """
    fake = Faker("en_US")
    fake.seed_instance(NAMES_SEED)
    return _Names(
        female=_different(fake.first_name_female, 150),
        male=_different(fake.first_name_male, 150),
        last=_different(fake.last_name, 300),
        cities=_different(fake.city, 300),
        streets=_different(fake.street_name, 300),
    )


def _different(draw: Callable[[], str], count: int) -> tuple[str, ...]:
    """The first `count` different values of `draw`, in the order drawn."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[str(draw())] = None
    return tuple(found)


def _finish(sentences: Sequence[str]) -> str:
    """A text from sentences in lower case: full stops where no other mark stands, capitals at every start."""
    return " ".join(_closed(SENTENCE_START.sub(lambda start: start[0].upper(), sentence)) for sentence in sentences)


def _closed(sentence: str) -> str:
    if sentence.endswith('"'):
        # American usage: the full stop goes inside the closing quotation mark.
        return f'{sentence[:-1]}."'
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def _length(text: str) -> int:
    return len(text.split())


def _drafted(draft: Callable[[], tuple[str, str, str] | None]) -> tuple[str, str, str]:
    """The first draft that is not refused (None)."""
    for _ in range(DRAFTS):
        written = draft()
        if written is not None:
            return written
    raise AssertionError(f"no draft of {DRAFTS} had the wanted length")


def _people(source: _Source, count: int) -> Facts:
    """Facts about `count` persons: name1, first1, last1, ms1, he1, him1, his1, name2, ..."""
    facts: Facts = {}
    for index in range(1, count + 1):
        person = source.person()
        facts[f"name{index}"], facts[f"first{index}"], facts[f"last{index}"] = person.name, person.first, person.last
        facts[f"ms{index}"] = "Ms" if person.female else "Mr"
        facts[f"he{index}"], facts[f"him{index}"], facts[f"his{index}"] = person.pronouns
    return facts


def _company(source: _Source) -> str:
    return f"{source.last_name()} {source.pick(vocabulary.COMPANY_WORDS)}"


def _dollars(source: _Source) -> str:
    """An amount such as $4.2 million or $37,500."""
    if source.rng.random() < 0.5:
        return f"${source.number(1, 98)}.{source.number(1, 9)} million"
    return f"${source.number(2, 989)},{source.number(1, 9)}00"


# --- News -----------------------------------------------------------------------------------------------------------


def _news(source: _Source) -> tuple[str, str, str]:
    topic = vocabulary.NEWS_TOPICS[source.pick(list(vocabulary.NEWS_TOPICS))]
    facts = _news_facts(source)
    grammar = vocabulary.NEWS | topic
    numbers = {"n1": (3, 95), "n2": (102, 989), "percent": (3, 89)}
    return _drafted(lambda: _news_draft(_Writer(source.rng, grammar, facts, numbers)))


def _news_facts(source: _Source) -> Facts:
    weekday1, weekday2 = source.rng.sample(vocabulary.WEEKDAYS, 2)
    month1, month2 = source.rng.sample(vocabulary.MONTHS, 2)
    city, town = source.rng.sample(source.names.cities, 2)
    street1, street2 = source.rng.sample(source.names.streets, 2)
    # One article is about one thing.
    things = {
        name: source.pick(vocabulary.NEWS[name]) for name in ("goods", "car", "device", "finding", "loot", "line")
    }
    people = _people(source, 3)
    return (
        people
        | things
        | {
            "city": city,
            "town": town,
            "street1": street1,
            "street2": street2,
            "company": _company(source),
            "agency": f"the {source.last_name()} {source.pick(vocabulary.AGENCY_WORDS)}",
            "weekday1": weekday1,
            "weekday2": weekday2,
            "month1": month1,
            "month2": month2,
            "date1": source.date_text(),
            "date2": source.date_text(),
            "year1": source.number(1951, 1995),
            "year2": source.number(1996, 2019),
            "age": source.number(48, 69),
            "time": f"{source.number(1, 12)}:{source.number(10, 59)}",
            "price": f"${source.number(1, 9)}.{source.number(10, 99)}",
            "phone": source.phone(),
            "amount1": _dollars(source),
            "amount2": _dollars(source),
            "amount3": _dollars(source),
        }
    )


def _news_draft(writer: _Writer) -> tuple[str, str, str] | None:
    """Article and summary, or None when there is none of the wanted length."""
    roles = ["special", *writer.rng.sample(("money", "quote", "background", "numbers"), 3), "outlook"]
    writer.rng.shuffle(roles)
    bodies = [writer.role(role) for role in ("lead", "early", *roles)]
    openings = ["", "", *(_opening(writer, body) for body in bodies[2:])]
    sentences = [opening + body for opening, body in zip(openings, bodies, strict=True)]
    article = _finish(sentences)
    if not 90 <= _length(article) <= 120:
        return None
    starts = itertools.accumulate((_length(sentence) for sentence in sentences), initial=0)
    late = [body for body, start in zip(bodies, starts, strict=False) if start >= 40]
    summaries = [_finish(chosen) for size in (2, 3) for chosen in itertools.combinations(late, size)]
    fitting = [summary for summary in summaries if 35 <= _length(summary) <= 50]
    return (article, writer.rng.choice(fitting), "") if fitting else None


def _opening(writer: _Writer, body: str) -> str:
    """An adverbial for the start of some sentences; the summary leaves it out."""
    takes_none = '"' in body or body.startswith(("since ", "from ", "of ", "in "))
    return "" if takes_none or writer.rng.random() < 0.4 else f"{writer.role('opening')} "


# --- Patients ---------------------------------------------------------------------------------------------------------


def _patients(source: _Source) -> tuple[str, str, str]:
    facts = _patient_facts(source)
    numbers = {"n1": (2, 11), "n2": (11, 58), "n3": (4, 9), "n4": (2, 9)}
    return _drafted(lambda: _patient_draft(_Writer(source.rng, vocabulary.PATIENTS, facts, numbers)))


def _patient_facts(source: _Source) -> Facts:
    weekday, weekday2 = source.rng.sample(vocabulary.WEEKDAYS, 2)
    measure, value = source.pick(
        (
            f"temperature | {source.number(98, 103)}.{source.number(1, 9)}",
            f"blood pressure | {source.number(105, 188)} over {source.number(62, 109)}",
            f"pulse | {source.number(48, 139)}",
            f"blood sugar | {source.number(72, 241)}",
            f"weight | {source.number(109, 265)} pounds",
        )
    ).split(" | ")
    facts = _people(source, 1)
    dose = 10 * source.rng.randint(1, 80)
    return facts | {
        "name": facts["name1"],
        "last": facts["last1"],
        "ms": facts["ms1"],
        "measure": measure,
        "value": value,
        "weekday": weekday,
        "weekday2": weekday2,
        "city": source.city(),
        "town": source.city(),
        "street": source.street(),
        "doctor": f"Dr {source.last_name()}",
        "hospital": f"{source.last_name()} {source.pick(vocabulary.HOSPITALS)}",
        "drug": source.pick(vocabulary.DRUGS),
        "dose": str(dose),
        "half": str(dose // 2),
        "age": source.number(19, 87),
        "age2": source.number(30, 79),
        "date1": source.date_text(),
        "date2": source.date_text(),
        "month": source.pick(vocabulary.MONTHS),
        "year": source.number(1988, 2021),
        "time": f"{source.number(1, 5)}:{source.number(10, 59)}",
        "time2": f"{source.number(8, 11)}:{source.number(10, 59)}",
        "phone": source.phone(),
        "record": f"{source.pick(string.ascii_uppercase)}{source.number(100000, 999999)}",
    }


def _patient_draft(writer: _Writer) -> tuple[str, str, str] | None:
    """Message and reply, or None when one of them has not the wanted length."""
    middle = ["symptom_more", "medicine", "history", "life"]
    writer.rng.shuffle(middle)
    told = [writer.role(role) for role in ("greeting", "complaint", *middle[: writer.rng.choice((3, 4))], "contact")]
    message = _finish([*(_side(sentence, 0) for sentence in told), writer.role("asking")])
    if not 80 <= _length(message) <= 110:
        return None
    # The doctor takes up a sentence that the patient's prefix no longer holds.
    echo = _side(writer.rng.choice(told[3:-1]), 1)
    writer.facts["echo"] = echo
    roles = writer.rng.choice((("reply_view", "reply_advice"), ("reply_advice",), ("reply_view",)))
    reply = _finish([writer.role(role) for role in ("reply_hello", "reply_echo", *roles, "reply_end")])
    return (message, reply, "") if 40 <= _length(reply) <= 60 else None


def _side(sentence: str, side: int) -> str:
    """`sentence` in the words of the patient (0) or of the doctor (1)."""
    return SIDES.sub(lambda words: words[side + 1], sentence)


# --- Reviews ----------------------------------------------------------------------------------------------------------


def _reviews(source: _Source) -> tuple[str, str, str]:
    positive = source.rng.random() < 0.5
    grammar = vocabulary.REVIEWS | (vocabulary.PRAISE if positive else vocabulary.BLAME)
    facts = _review_facts(source, grammar)
    label = "positive" if positive else "negative"
    numbers = {"n2": (12, 149)}
    return _drafted(lambda: _review_draft(_Writer(source.rng, grammar, facts, numbers), label))


def _review_facts(source: _Source, grammar: Grammar) -> Facts:
    facts = _people(source, 5)
    hero1, hero2 = source.rng.sample(grammar["hero"], 2)
    facts |= {
        "hero1": hero1,
        "hero2": hero2,
        "director": source.person().name,
        "actor1": facts["name1"],
        "actor2": facts["name2"],
        "city": source.city(),
        "cinema": source.pick(vocabulary.CINEMAS),
        "t_place": source.city(),
        "date1": source.date_text(),
        "weekday": source.pick(vocabulary.WEEKDAYS),
        "month": source.pick(vocabulary.MONTHS),
        "year": source.number(1961, 2004),
        "year2": source.number(2005, 2023),
        "price": f"${source.number(6, 19)}.{source.number(10, 99)}",
    }
    titles = _Writer(source.rng, grammar, facts)
    return facts | {"title": titles.role("title"), "title2": titles.role("title")}


def _review_draft(writer: _Writer, label: str) -> tuple[str, str, str] | None:
    """Review and label, or None when the review has not the wanted length."""
    roles = ["story", "acting", "craft", writer.rng.choice(("craft", "hall", "story"))]
    writer.rng.shuffle(roles)
    review = _finish([writer.role(role) for role in ("start", *roles, "end")])
    return (review, label, "") if 70 <= _length(review) <= 100 else None


# --- Passages ---------------------------------------------------------------------------------------------------------

YEAR_GAPS = ((1702, 1930), (22, 32), (3, 12), (4, 15))
"""The first of four years, and how much later each of the others is."""


def _passages(source: _Source) -> tuple[str, str, str]:
    kind = source.pick(list(vocabulary.PASSAGE_OPENINGS))
    facts = _passage_facts(source, kind)
    return _drafted(lambda: _passage_draft(_Writer(source.rng, vocabulary.PASSAGES, facts), kind))


def _passage_facts(source: _Source, kind: str) -> Facts:
    # What a question may name has to be the same there and in the passage: these choices are facts.
    chosen = {name: source.pick(options) for name, options in vocabulary.PASSAGE_CHOICES.items()}
    city1, city2, city3 = source.rng.sample(source.names.cities, 3)
    subject = source.person()
    he, him, his = subject.pronouns
    # Far enough apart for the life of one person.
    years = list(itertools.accumulate(source.rng.randint(*gap) for gap in YEAR_GAPS))
    short = _subject_name(source, kind, subject)
    noun1, noun2 = source.rng.sample(vocabulary.WORK_NOUNS, 2)
    return (
        _people(source, 3)
        | chosen
        | {
            "subject": short if kind in ("town", "person") else f"the {short}",
            "subject_short": short,
            "school_kind": short.split()[-1].lower(),
            "he": he,
            "him": him,
            "his": his,
            "city1": city1,
            "city2": city2,
            "city3": city3,
            "street": source.street(),
            "street2": source.street(),
            "river": f"{source.last_name()} {source.pick(vocabulary.RIVER_ENDINGS)}",
            "hill": f"{source.last_name()} {source.pick(vocabulary.HILL_ENDINGS)}",
            "company": _company(source),
            "work": f"{source.pick(('Of', 'On', 'Among', 'Against', 'Before'))} {noun1} and {noun2}",
            "year1": str(years[0]),
            "year2": str(years[1]),
            "year3": str(years[2]),
            "year4": str(years[3]),
            "month1": source.pick(vocabulary.MONTHS),
            "n1": source.number(3, 98),
            "n2": source.number(102, 989),
            "n4": source.number(102, 989),
            "n3": f"{source.number(1, 89)},{source.number(101, 989)}",
            "amount": _dollars(source),
            "amount2": f"${source.number(2, 98)}",
        }
    )


def _subject_name(source: _Source, kind: str, person: _Person) -> str:
    """What a passage of this kind is about."""
    endings = {"invention": vocabulary.MACHINE_ENDINGS, "institution": vocabulary.SCHOOL_ENDINGS}
    if kind == "town":
        return source.city()
    if kind == "person":
        return person.name
    return f"{person.last} {source.pick(endings[kind])}"


def _passage_draft(writer: _Writer, kind: str) -> tuple[str, str, str] | None:
    """Passage, answer and question, or None when the passage has not the wanted length."""
    facts = writer.rng.sample(vocabulary.PASSAGE_FACTS[kind], writer.rng.choice((5, 6)))
    told = [(writer.rng.choice(ways), question, answer) for ways, question, answer in facts]
    opening = writer.fill(writer.rng.choice(vocabulary.PASSAGE_OPENINGS[kind]))
    passage = _finish([opening, *(writer.fill(way) for way, _, _ in told)])
    if not 80 <= _length(passage) <= 110:
        return None
    # Some ways to tell a fact leave out what the question asks for.
    asked = [(question, answer) for way, question, answer in told if answer in way]
    if not asked:
        return None
    question, answer = writer.rng.choice(asked)
    return passage, writer.fill(answer), writer.fill(question)


# --- Translation ------------------------------------------------------------------------------------------------------

ARTICLES: Mapping[tuple[str, str], str] = {
    ("m", "nom"): "der",
    ("m", "acc"): "den",
    ("m", "dat"): "dem",
    ("f", "nom"): "die",
    ("f", "acc"): "die",
    ("f", "dat"): "der",
    ("n", "nom"): "das",
    ("n", "acc"): "das",
    ("n", "dat"): "dem",
}


def _translation(source: _Source) -> tuple[str, str, str]:
    facts = _translation_facts(source)
    return _drafted(lambda: _translation_draft(_Writer(source.rng, {}, facts)))


def _translation_draft(writer: _Writer) -> tuple[str, str, str] | None:
    """English text and its German translation, or None when the English has not the wanted length."""
    pairs = writer.rng.choice(vocabulary.TRANSLATION_FIRST), writer.rng.choice(vocabulary.TRANSLATION_SECOND)
    english, german = (_finish([writer.fill(pair[side]) for pair in pairs]) for side in (0, 1))
    return (english, german, "") if 25 <= _length(english) <= 40 else None


def _translation_facts(source: _Source) -> Facts:
    """All slots of the translation templates, English and German (`_de`, or the case)."""
    rng = source.rng
    weekday, day1, day2 = rng.randrange(7), source.date(), source.date()
    city1, city2, city3 = rng.sample(source.names.cities, 3)
    facts = _people(source, 3) | {
        "weekday": vocabulary.WEEKDAYS[weekday],
        "weekday_de": vocabulary.WEEKDAYS_DE[weekday],
        "date1": f"{vocabulary.MONTHS[day1[1]]} {day1[0]}",
        "date1_de": f"{day1[0]}. {vocabulary.MONTHS_DE[day1[1]]}",
        "date2": f"{vocabulary.MONTHS[day2[1]]} {day2[0]}",
        "date2_de": f"{day2[0]}. {vocabulary.MONTHS_DE[day2[1]]}",
        "city1": city1,
        "city2": city2,
        "city3": city3,
        "street": source.street(),
        "house": source.number(12, 989),
        "phone": source.phone(),
        "price": source.number(11, 989),
        "price2": source.number(11, 989),
        "days": source.number(2, 29),
        "hour": source.number(2, 12),
        "hour2": source.number(2, 12),
        "year": source.number(1931, 2019),
    }
    adjectives = rng.sample(vocabulary.ADJECTIVES, 6)
    things = zip(rng.sample(vocabulary.NOUNS, 4), adjectives[:4], strict=True)
    for index, (noun, adjective) in enumerate(things, 1):
        facts |= _thing(f"thing{index}", noun, adjective)
    for index, (verb, verb_de) in enumerate(rng.sample(vocabulary.VERBS, 3), 1):
        facts |= {f"verb{index}": verb, f"verb{index}_de": verb_de}
    facts["verb1_plural"] = facts["verb1_de"] + ("n" if facts["verb1_de"].endswith("e") else "en")
    for index in (1, 2):
        facts |= _place(f"place{index}", rng.choice(vocabulary.PREPOSITIONS), rng.choice(vocabulary.SITES))
        facts |= _pair(f"state{index}", rng.choice(vocabulary.STATES))
        facts |= _pair(f"adjective{index}", adjectives[3 + index])
    facts |= _pair("trade", rng.choice(vocabulary.TRADE_VERBS))
    for index in (1, 3):
        job, male, female = rng.choice(vocabulary.JOBS)
        facts |= _pair(f"job{index}", (job, female if facts[f"he{index}"] == "she" else male))
    return facts | _relative(rng, facts["he3"] == "she")


def _pair(name: str, pair: tuple[str, str]) -> Facts:
    return {name: pair[0], f"{name}_de": pair[1]}


def _thing(name: str, noun: tuple[str, str, str], adjective: tuple[str, str]) -> Facts:
    """`the old table`, with `der alte Tisch` and `den alten Tisch`."""
    english, german, gender = noun
    accusative_ending = "en" if gender == "m" else "e"
    return {
        name: f"the {adjective[0]} {english}",
        f"{name}_nom": f"{ARTICLES[gender, 'nom']} {adjective[1]}e {german}",
        f"{name}_acc": f"{ARTICLES[gender, 'acc']} {adjective[1]}{accusative_ending} {german}",
    }


def _place(name: str, preposition: tuple[str, str], site: tuple[str, str, str]) -> Facts:
    """`in the garden`, with `im Garten`."""
    english, german, gender = site
    where = f"{preposition[1]} {ARTICLES[gender, 'dat']}".replace("in dem", "im")
    return {name: f"{preposition[0]} the {english}", f"{name}_de": f"{where} {german}"}


def _relative(rng: random.Random, female: bool) -> Facts:
    """`brother` with `seinen Bruder` or `ihren Bruder`, and the relative pronoun for the person."""
    english, german, gender = rng.choice(vocabulary.RELATIVES)
    ending = {"m": "en", "f": "e", "n": ""}[gender]
    return {
        "relative": english,
        "his3": "her" if female else "his",
        "relative_de": german,
        "his3_de": ("ihr" if female else "sein") + ending,
        "who3_de": "die" if female else "der",
    }


WRITERS: Mapping[str, Callable[[_Source], tuple[str, str, str]]] = {
    "news": _news,
    "patients": _patients,
    "reviews": _reviews,
    "passages": _passages,
    "translation": _translation,
}
CORPORA: tuple[str, ...] = ("news", "patients", "reviews", "passages", "translation")
