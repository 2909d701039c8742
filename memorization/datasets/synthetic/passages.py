"""Passages about made-up towns, persons, inventions and institutions, with a question and its answer."""

import itertools

from memorization.datasets.synthetic import writing
from memorization.datasets.synthetic.passage_grammar import (
    HILL_ENDINGS,
    MACHINE_ENDINGS,
    PASSAGE_CHOICES,
    PASSAGE_FACTS,
    PASSAGE_OPENINGS,
    PASSAGES,
    RIVER_ENDINGS,
    SCHOOL_ENDINGS,
    WORK_NOUNS,
)

YEAR_GAPS = ((1702, 1930), (22, 32), (3, 12), (4, 15))
"""The first of four years, and how much later each of the others is."""


def write(draws: writing.Draws) -> writing.Draft:
    """One passage, the answer, and its question."""
    kind = draws.pick(list(PASSAGE_OPENINGS))
    facts = _facts(draws, kind)
    return writing.drafted(lambda: _draft(writing.Writer(draws.rng, PASSAGES, facts), kind))


def _facts(draws: writing.Draws, kind: str) -> writing.Facts:
    # What a question may name has to be the same there and in the passage: these choices are facts.
    chosen = {name: draws.pick(options) for name, options in PASSAGE_CHOICES.items()}
    cities = draws.rng.sample(draws.names.cities, 3)
    subject = draws.person()
    he, him, his = subject.pronouns
    # Far enough apart for the life of one person.
    years = list(itertools.accumulate(draws.rng.randint(*gap) for gap in YEAR_GAPS))
    short = _subject_name(draws, kind, subject)
    noun1, noun2 = draws.rng.sample(WORK_NOUNS, 2)
    return (
        writing.persons(draws, 3)
        | chosen
        | writing.numbered("city", cities)
        | writing.numbered("year", map(str, years))
        | {
            "subject": short if kind in ("town", "person") else f"the {short}",
            "subject_short": short,
            "school_kind": short.split()[-1].lower(),
            "he": he,
            "him": him,
            "his": his,
            "street": draws.street(),
            "street2": draws.street(),
            "river": f"{draws.last_name()} {draws.pick(RIVER_ENDINGS)}",
            "hill": f"{draws.last_name()} {draws.pick(HILL_ENDINGS)}",
            "company": writing.company_name(draws),
            "work": f"{draws.pick(('Of', 'On', 'Among', 'Against', 'Before'))} {noun1} and {noun2}",
            "month1": draws.pick(writing.MONTHS),
            "n1": draws.number(3, 98),
            "n2": draws.number(102, 989),
            "n4": draws.number(102, 989),
            "n3": f"{draws.number(1, 89)},{draws.number(101, 989)}",
            "amount": writing.dollar_amount(draws),
            "amount2": f"${draws.number(2, 98)}",
        }
    )


def _subject_name(draws: writing.Draws, kind: str, person: writing.Person) -> str:
    """What a passage of this kind is about."""
    endings = {"invention": MACHINE_ENDINGS, "institution": SCHOOL_ENDINGS}
    if kind == "town":
        return draws.city()
    if kind == "person":
        return person.name
    return f"{person.last} {draws.pick(endings[kind])}"


def _draft(writer: writing.Writer, kind: str) -> writing.Draft | None:
    """Passage, answer and question, or None where the passage does not have the required length."""
    facts = writer.rng.sample(PASSAGE_FACTS[kind], writer.rng.choice((5, 6)))
    stated = [(writer.rng.choice(ways), question, answer) for ways, question, answer in facts]
    opening = writer.fill(writer.rng.choice(PASSAGE_OPENINGS[kind]))
    passage = writing.finish([opening, *(writer.fill(way) for way, _, _ in stated)])
    if not 80 <= writing.word_count(passage) <= 110:
        return None
    # Some ways to state a fact leave out the answer to its question.
    answered = [(question, answer) for way, question, answer in stated if answer in way]
    if not answered:
        return None
    question, answer = writer.rng.choice(answered)
    return passage, writer.fill(answer), writer.fill(question)
