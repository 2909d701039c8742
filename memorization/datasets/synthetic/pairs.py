"""Labelled sentence pairs for a paraphrase classifier, from sentences of the synthetic corpora.

Pair `number` follows from (number, seed) alone. Two sentences are equivalent where they state the same facts in other
words: synonyms, another order, an opening more or less. They are not where the facts differ: the same words with other
names, numbers, days or things, or another sentence about the same persons.
"""

import functools
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

from memorization.datasets.synthetic.corpora import CORPORA, document
from memorization.datasets.synthetic.writing import MONTHS, WEEKDAYS, all_names, hashed_seed, words

NOT_EQUIVALENT, EQUIVALENT = 0, 1
SENTENCE_END = re.compile(r'(?<=[.?"]) (?=["A-Z0-9])')
NUMBER = re.compile(r"\d+")
NAME = re.compile(r"(?<!^)(?<![.?] )\b[A-Z][a-z]{2,}\b")
LEADING_TIME = re.compile(rf"^(On (?:{'|'.join(WEEKDAYS)})(?: (?:morning|afternoon|evening|night))?), (.+?)([.?])$")
TRAILING_TIME = re.compile(rf"^([A-Z].+?) (on (?:{'|'.join(WEEKDAYS)})(?: (?:morning|afternoon|evening|night))?)([.])$")
SAID_LAST = re.compile(r"^(.+), said ([^,]+(?:, [^,]+)?)\.$")
# A document takes longer to generate than its pairs.
PAIRS_PER_DOCUMENT = 4


@dataclass(frozen=True)
class LabelledPair:
    """Two sentences, and whether they are equivalent (1) or not (0)."""

    text1: str
    text2: str
    label: int


def labelled_pair(number: int, seed: int) -> LabelledPair:
    """Pair `number`; the same for the same two arguments in every process. Every other one is equivalent."""
    rng = random.Random(hashed_seed("pairs", number, seed))
    sentence = reworded = another = ""
    sentences = _sentences(number // PAIRS_PER_DOCUMENT, seed)
    for _ in range(20):
        sentence, another = rng.sample(sentences, 2)
        reworded = reword(sentence, rng)
        if reworded != sentence:
            break
    if number % 2:
        return LabelledPair(sentence, reworded, EQUIVALENT)
    # Mostly the harder kind: the same sentence about something else.
    wrong = alter(reworded, rng) if rng.random() < 0.7 else reword(another, rng)
    return LabelledPair(sentence, wrong, NOT_EQUIVALENT)


@functools.lru_cache(8)
def _sentences(number: int, seed: int) -> list[str]:
    """Sentences of document `number`, of one corpus after the other."""
    return SENTENCE_END.split(document(CORPORA[number % len(CORPORA)], number, seed).input)


def labelled_pairs(start: int, count: int, seed: int) -> Iterator[LabelledPair]:
    """The pairs `start` to `start + count - 1`, in order."""
    return (labelled_pair(number, seed) for number in range(start, start + count))


def reword(sentence: str, rng: random.Random) -> str:
    """The same facts in other words, or the same sentence where no word of it can be replaced."""
    if (quote := SAID_LAST.match(sentence)) and rng.random() < 0.5:
        sentence = f"{quote[2][0].upper()}{quote[2][1:]} said that {quote[1][0].lower()}{quote[1][1:]}."
    elif (time := LEADING_TIME.match(sentence)) and rng.random() < 0.5:
        sentence = f"{time[2][0].upper()}{time[2][1:]} on{time[1][2:]}{time[3]}"
    elif (time := TRAILING_TIME.match(sentence)) and rng.random() < 0.5:
        sentence = f"O{time[2][1:]}, {time[1]}{time[3]}"
    return SYNONYMS.replace(sentence, rng, 0.8)


def alter(sentence: str, rng: random.Random) -> str:
    """The same words about something else: about half of its names, numbers, days and things are replaced."""
    names = all_names()
    people = (*names.female, *names.male, *names.last)

    def number(match: re.Match[str]) -> str:
        drawn = "".join(str(rng.randint(1, 9)) for _ in match[0])
        return drawn if rng.random() < 0.6 else match[0]

    def name(match: re.Match[str]) -> str:
        if match[0] in WEEKDAYS or match[0] in MONTHS or rng.random() < 0.4:
            return match[0]
        return rng.choice(people)

    for _ in range(10):
        altered = NAME.sub(name, NUMBER.sub(number, sentence))
        altered = CONTRASTS.replace(altered, rng, 0.6)
        if altered != sentence:
            return altered
    return f"It is not true that {sentence[0].lower()}{sentence[1:]}"


class Groups:
    """Words and phrases, each of which can replace the others of its line."""

    def __init__(self, text: str) -> None:
        lines = [words(line) for line in text.strip().splitlines()]
        self.others = {entry.lower(): tuple(each for each in line if each != entry) for line in lines for entry in line}
        longest_first = sorted(self.others, key=len, reverse=True)
        self.pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b", re.IGNORECASE)

    def replace(self, sentence: str, rng: random.Random, chance: float) -> str:
        """The sentence with every entry, with that chance, replaced by another of its group."""

        def other(match: re.Match[str]) -> str:
            if rng.random() >= chance:
                return match[0]
            chosen = rng.choice(self.others[match[0].lower()])
            return chosen[0].upper() + chosen[1:] if match[0][0].isupper() else chosen

        return self.pattern.sub(other, sentence)


SYNONYMS = Groups(
    """
    after | following
    began | started
    begin | start
    bought | purchased | acquired
    built | constructed
    called | named
    cheap | inexpensive
    children | kids
    cold | chilly
    cost | price
    damaged | harmed
    destroyed | wrecked
    discovered | came upon
    doctor | physician
    each | every
    enormous | large | big | huge
    explained | made clear
    families | households
    famous | well-known
    father | dad
    fierce | violent
    film | movie
    finds | comes across
    friends | companions
    gave | handed over
    helped | assisted
    home | house
    ill | sick
    in addition | besides | also
    in the meantime | meanwhile
    keeps | holds on to
    lived | resided
    lives | resides
    lost | mislaid
    made | produced
    many | numerous
    mother | mum
    moved | shifted
    near | close to
    needed | required
    needs | requires
    nevertheless | even so | despite this
    nobody | no one
    noticed | observed
    pain | ache
    people | persons
    pictures | images
    planned | intended
    poor | bad
    promised | pledged
    quiet | silent
    rare | uncommon
    reached | got to
    received | got
    recommended | advised
    refused | declined
    repaired | fixed
    reported | stated
    returned | came back
    road | street
    ruined | spoilt
    said | stated | remarked
    saw | watched
    shop | store
    shops | stores
    small | little
    stole | took away
    stolen | taken away
    strange | odd
    strong | powerful
    strike | walkout
    stood | was standing
    teacher | instructor
    theater | playhouse
    thief | robber
    tired | weary
    told | informed
    town | village
    ugly | unsightly
    unusual | out of the ordinary
    wants | wishes
    wanted | wished
    weekly | every week
    wonderful | marvellous
    workers | employees
    worried | anxious
    wrote | penned
    yearly | every year
    young | youthful
    """
)
# Words that are replaced by another thing, time or number.
CONTRASTS = Groups(
    """
    morning | afternoon | evening | night
    Monday | Tuesday | Wednesday | Thursday | Friday | Saturday | Sunday
    January | February | March | April | June | July | August | September | October | November | December
    two | three | four | five | six | seven | eight | nine
    first | second | third | last
    red | blue | green | yellow | black | white | gray
    before | after
    always | never
    fire | storm | flood | strike | theft
    hours | days | weeks | months | years
    library | museum | bakery | hotel | school | church | clinic | warehouse | garage | sawmill
    baker | nurse | teacher | lawyer | farmer | judge | surgeon | painter | engineer | chemist | printer | dancer
    bicycles | batteries | paper | glass | tires | furniture | shoes | cheese | toys | paint
    stomach | throat | knee | elbow | shoulder | ankle | wrist | chest
    brother | sister | mother | father | cousin
    dog | horse | cat | bird
    north | south | east | west
    million | hundred
    boat | bicycle | guitar | violin | suitcase | table | garden | clock
    closed | opened | sold | repaired | flooded
    """
)
