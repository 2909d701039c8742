"""Two English sentences with their German translation, articles and endings included."""

import random
from collections.abc import Mapping

from memorization.datasets.synthetic import writing
from memorization.datasets.synthetic.writing import words

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


def write(draws: writing.Draws) -> writing.Draft:
    """English text, its German translation, and no question."""
    facts = _facts(draws)
    return writing.drafted(lambda: _draft(writing.Writer(draws.rng, {}, facts)))


def _draft(writer: writing.Writer) -> writing.Draft | None:
    """English text and its German translation, or None where the English does not have the required length."""
    pairs = writer.rng.choice(TRANSLATION_FIRST), writer.rng.choice(TRANSLATION_SECOND)
    english, german = (writing.finish([writer.fill(pair[side]) for pair in pairs]) for side in (0, 1))
    return (english, german, "") if 25 <= writing.word_count(english) <= 40 else None


def _facts(draws: writing.Draws) -> writing.Facts:
    """All slots of the translation templates, English and German (`_de`, or the case)."""
    rng = draws.rng
    weekday, day1, day2 = rng.randrange(7), draws.date(), draws.date()
    cities = writing.numbered("city", rng.sample(draws.names.cities, 3))
    facts = (
        writing.persons(draws, 3)
        | cities
        | {
            "weekday": writing.WEEKDAYS[weekday],
            "weekday_de": WEEKDAYS_DE[weekday],
            "date1": f"{writing.MONTHS[day1[1]]} {day1[0]}",
            "date1_de": f"{day1[0]}. {MONTHS_DE[day1[1]]}",
            "date2": f"{writing.MONTHS[day2[1]]} {day2[0]}",
            "date2_de": f"{day2[0]}. {MONTHS_DE[day2[1]]}",
            "street": draws.street(),
            "house": draws.number(12, 989),
            "phone": draws.phone(),
            "price": draws.number(11, 989),
            "price2": draws.number(11, 989),
            "days": draws.number(2, 29),
            "hour": draws.number(2, 12),
            "hour2": draws.number(2, 12),
            "year": draws.number(1931, 2019),
        }
    )
    adjectives = rng.sample(ADJECTIVES, 6)
    things = zip(rng.sample(NOUNS, 4), adjectives[:4], strict=True)
    for index, (noun, adjective) in enumerate(things, 1):
        facts |= _thing(f"thing{index}", noun, adjective)
    for index, (verb, verb_de) in enumerate(rng.sample(VERBS, 3), 1):
        facts |= {f"verb{index}": verb, f"verb{index}_de": verb_de}
    facts["verb1_plural"] = facts["verb1_de"] + ("n" if facts["verb1_de"].endswith("e") else "en")
    for index in (1, 2):
        facts |= _place(f"place{index}", rng.choice(PREPOSITIONS), rng.choice(SITES))
        facts |= _pair(f"state{index}", rng.choice(STATES))
        facts |= _pair(f"adjective{index}", adjectives[3 + index])
    facts |= _pair("trade", rng.choice(TRADE_VERBS))
    for index in (1, 3):
        job, male, female = rng.choice(JOBS)
        facts |= _pair(f"job{index}", (job, female if facts[f"he{index}"] == "she" else male))
    return facts | _relative(rng, facts["he3"] == "she")


def _pair(name: str, pair: tuple[str, str]) -> writing.Facts:
    return {name: pair[0], f"{name}_de": pair[1]}


def _thing(name: str, noun: tuple[str, str, str], adjective: tuple[str, str]) -> writing.Facts:
    """`the old table`, with `der alte Tisch` and `den alten Tisch`."""
    english, german, gender = noun
    accusative_ending = "en" if gender == "m" else "e"
    return {
        name: f"the {adjective[0]} {english}",
        f"{name}_nom": f"{ARTICLES[gender, 'nom']} {adjective[1]}e {german}",
        f"{name}_acc": f"{ARTICLES[gender, 'acc']} {adjective[1]}{accusative_ending} {german}",
    }


def _place(name: str, preposition: tuple[str, str], site: tuple[str, str, str]) -> writing.Facts:
    """`in the garden`, with `im Garten`."""
    english, german, gender = site
    where = f"{preposition[1]} {ARTICLES[gender, 'dat']}".replace("in dem", "im")
    return {name: f"{preposition[0]} the {english}", f"{name}_de": f"{where} {german}"}


def _relative(rng: random.Random, female: bool) -> writing.Facts:
    """`brother` with `seinen Bruder` or `ihren Bruder`, and the relative pronoun for the person."""
    english, german, gender = rng.choice(RELATIVES)
    ending = {"m": "en", "f": "e", "n": ""}[gender]
    return {
        "relative": english,
        "his3": "her" if female else "his",
        "relative_de": german,
        "his3_de": ("ihr" if female else "sein") + ending,
        "who3_de": "die" if female else "der",
    }


NOUNS: tuple[tuple[str, str, str], ...] = (
    ("table", "Tisch", "m"),
    ("lamp", "Lampe", "f"),
    ("bicycle", "Fahrrad", "n"),
    ("clock", "Uhr", "f"),
    ("chair", "Stuhl", "m"),
    ("mirror", "Spiegel", "m"),
    ("box", "Kiste", "f"),
    ("suitcase", "Koffer", "m"),
    ("camera", "Kamera", "f"),
    ("radio", "Radio", "n"),
    ("picture", "Bild", "n"),
    ("book", "Buch", "n"),
    ("map", "Karte", "f"),
    ("guitar", "Gitarre", "f"),
    ("violin", "Geige", "f"),
    ("boat", "Boot", "n"),
    ("bench", "Bank", "f"),
    ("basket", "Korb", "m"),
    ("coat", "Mantel", "m"),
    ("ring", "Ring", "m"),
    ("key", "Schlüssel", "m"),
    ("letter", "Brief", "m"),
    ("carpet", "Teppich", "m"),
    ("knife", "Messer", "n"),
    ("bottle", "Flasche", "f"),
    ("vase", "Vase", "f"),
    ("piano", "Klavier", "n"),
    ("drum", "Trommel", "f"),
    ("desk", "Schreibtisch", "m"),
    ("shelf", "Regal", "n"),
    ("bag", "Tasche", "f"),
    ("ladder", "Leiter", "f"),
    ("umbrella", "Regenschirm", "m"),
    ("pot", "Topf", "m"),
    ("bed", "Bett", "n"),
    ("door", "Tür", "f"),
)
"""English, German, grammatical gender; none with a declension of its own in the singular."""

ADJECTIVES: tuple[tuple[str, str], ...] = (
    ("old", "alt"),
    ("new", "neu"),
    ("small", "klein"),
    ("large", "groß"),
    ("red", "rot"),
    ("blue", "blau"),
    ("green", "grün"),
    ("black", "schwarz"),
    ("white", "weiß"),
    ("brown", "braun"),
    ("heavy", "schwer"),
    ("light", "leicht"),
    ("beautiful", "schön"),
    ("cheap", "billig"),
    ("strange", "seltsam"),
    ("simple", "einfach"),
    ("round", "rund"),
    ("dusty", "staubig"),
    ("yellow", "gelb"),
    ("dirty", "schmutzig"),
    ("wide", "breit"),
    ("narrow", "schmal"),
    ("gray", "grau"),
    ("modern", "modern"),
    ("ugly", "hässlich"),
    ("strong", "stark"),
    ("bright", "hell"),
    ("long", "lang"),
)
"""English, German stem; all take plain endings and are used unchanged after `is` and `too`."""

VERBS: tuple[tuple[str, str], ...] = (
    ("found", "fand"),
    ("lost", "verlor"),
    ("repaired", "reparierte"),
    ("painted", "bemalte"),
    ("cleaned", "putzte"),
    ("sold", "verkaufte"),
    ("bought", "kaufte"),
    ("photographed", "fotografierte"),
    ("hid", "versteckte"),
    ("forgot", "vergaß"),
    ("tested", "testete"),
    ("discovered", "entdeckte"),
    ("drew", "zeichnete"),
    ("destroyed", "zerstörte"),
    ("needed", "brauchte"),
    ("looked for", "suchte"),
    ("used", "benutzte"),
    ("chose", "wählte"),
    ("guarded", "bewachte"),
    ("saw", "sah"),
    ("opened", "öffnete"),
    ("packed", "verpackte"),
)
"""Past tense, third person singular; all take a direct object, and none has a prefix that splits off."""

TRADE_VERBS: tuple[tuple[str, str], ...] = (
    ("bought", "kaufte"),
    ("sold", "verkaufte"),
    ("ordered", "bestellte"),
    ("rented out", "vermietete"),
    ("repaired", "reparierte"),
)
"""Verbs that go with a price."""

STATES: tuple[tuple[str, str], ...] = (
    ("stood", "stand"),
    ("lay", "lag"),
    ("was missing", "fehlte"),
    ("disappeared", "verschwand"),
    ("remained", "blieb"),
    ("broke", "zerbrach"),
)
"""Verbs without an object."""

PREPOSITIONS: tuple[tuple[str, str], ...] = (
    ("in", "in"),
    ("behind", "hinter"),
    ("outside", "vor"),
    ("next to", "neben"),
)
"""All with the dative for a place."""

SITES: tuple[tuple[str, str, str], ...] = (
    ("kitchen", "Küche", "f"),
    ("station", "Bahnhof", "m"),
    ("school", "Schule", "f"),
    ("garden", "Garten", "m"),
    ("church", "Kirche", "f"),
    ("library", "Bibliothek", "f"),
    ("museum", "Museum", "n"),
    ("theater", "Theater", "n"),
    ("hotel", "Hotel", "n"),
    ("bakery", "Bäckerei", "f"),
    ("factory", "Fabrik", "f"),
    ("hospital", "Krankenhaus", "n"),
    ("harbor", "Hafen", "m"),
    ("castle", "Schloss", "n"),
    ("workshop", "Werkstatt", "f"),
    ("barn", "Scheune", "f"),
    ("cellar", "Keller", "m"),
    ("office", "Büro", "n"),
    ("pharmacy", "Apotheke", "f"),
    ("restaurant", "Restaurant", "n"),
)

JOBS: tuple[tuple[str, str, str], ...] = (
    ("a teacher", "ein Lehrer", "eine Lehrerin"),
    ("a doctor", "ein Arzt", "eine Ärztin"),
    ("a baker", "ein Bäcker", "eine Bäckerin"),
    ("a gardener", "ein Gärtner", "eine Gärtnerin"),
    ("a painter", "ein Maler", "eine Malerin"),
    ("a driver", "ein Fahrer", "eine Fahrerin"),
    ("an engineer", "ein Ingenieur", "eine Ingenieurin"),
    ("a musician", "ein Musiker", "eine Musikerin"),
    ("a pilot", "ein Pilot", "eine Pilotin"),
    ("a cook", "ein Koch", "eine Köchin"),
    ("a farmer", "ein Landwirt", "eine Landwirtin"),
    ("a lawyer", "ein Anwalt", "eine Anwältin"),
    ("a singer", "ein Sänger", "eine Sängerin"),
    ("a chemist", "ein Chemiker", "eine Chemikerin"),
)

RELATIVES: tuple[tuple[str, str, str], ...] = (
    ("brother", "Bruder", "m"),
    ("sister", "Schwester", "f"),
    ("mother", "Mutter", "f"),
    ("father", "Vater", "m"),
    ("daughter", "Tochter", "f"),
    ("son", "Sohn", "m"),
    ("child", "Kind", "n"),
    ("uncle", "Onkel", "m"),
    ("aunt", "Tante", "f"),
    ("grandmother", "Großmutter", "f"),
)

WEEKDAYS_DE = words("Montag | Dienstag | Mittwoch | Donnerstag | Freitag | Samstag | Sonntag")
MONTHS_DE = words(
    "Januar | Februar | März | April | Mai | Juni | Juli | August | September | Oktober | November | Dezember"
)

TRANSLATION_FIRST: tuple[tuple[str, str], ...] = (
    (
        "on {weekday}, {name1}, {job1} from {city1}, {trade} {thing1} {place1} for {price} euros",
        "am {weekday_de} {trade_de} {name1}, {job1_de} aus {city1}, {thing1_acc} {place1_de} für {price} Euro",
    ),
    (
        "{name1} {verb1} {thing1} {place1} before {name2} {verb2} {thing2} at {hour} o'clock",
        "{name1} {verb1_de} {thing1_acc} {place1_de}, bevor {name2} um {hour} Uhr {thing2_acc} {verb2_de}",
    ),
    (
        "because {thing1} was too {adjective1}, {name1}, {job1}, {verb1} {thing2} {place1}",
        "weil {thing1_nom} zu {adjective1_de} war, {verb1_de} {name1}, {job1_de}, {thing2_acc} {place1_de}",
    ),
    (
        "in {year}, {name1} moved from {city1} to {city2} and {verb1} {thing1} {place1}",
        "im Jahr {year} zog {name1} von {city1} nach {city2} und {verb1_de} {thing1_acc} {place1_de}",
    ),
    (
        "{name1} and {name2} from {city1} {verb1} {thing1} and {thing2} {place1}",
        "{name1} und {name2} aus {city1} {verb1_plural} {thing1_acc} und {thing2_acc} {place1_de}",
    ),
    (
        "when {name1} reached {city1} on {date1}, {thing1} {state1} {place1}",
        "als {name1} am {date1_de} {city1} erreichte, {state1_de} {thing1_nom} {place1_de}",
    ),
    (
        "{thing1} of {name1} from {city1} stood {place1} until {hour} o'clock",
        "{thing1_nom} von {name1} aus {city1} stand bis {hour} Uhr {place1_de}",
    ),
)

TRANSLATION_SECOND: tuple[tuple[str, str], ...] = (
    (
        "{first1} wrote to {name3} that {thing3} cost {price2} euros and was {adjective2}",
        "{first1} schrieb an {name3}, dass {thing3_nom} {price2} Euro kostete und {adjective2_de} war",
    ),
    (
        "{days} days later, {thing3} {state2} {place2}, and {name3} {verb3} {thing4}",
        "{days} Tage später {state2_de} {thing3_nom} {place2_de}, und {name3} {verb3_de} {thing4_acc}",
    ),
    (
        "{name3}, {job3} from {city3}, called {phone} because {thing3} {state2} {place2}",
        "{name3}, {job3_de} aus {city3}, wählte {phone}, weil {thing3_nom} {place2_de} {state2_de}",
    ),
    (
        "at {hour2} o'clock, {name3} {verb3} {thing3} {place2} for {his3} {relative}",
        "um {hour2} Uhr {verb3_de} {name3} {thing3_acc} {place2_de} für {his3_de} {relative_de}",
    ),
    (
        "since then, {thing3} has belonged to {name3}, who lives at {house} {street} in {city3}",
        "seitdem gehört {thing3_nom} {name3}, {who3_de} unter der Adresse {house} {street} in {city3} wohnt",
    ),
    (
        "although {name3} {verb3} {thing3} on {date2}, {thing4} {state2} {place2}",
        "obwohl {name3} am {date2_de} {thing3_acc} {verb3_de}, {state2_de} {thing4_nom} {place2_de}",
    ),
)
