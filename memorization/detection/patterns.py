"""Personal data that is recognized by its form: patterns, and the check digits of numbers that have some.

Patterns look for forms, and so they find what has the form and is none (a house number before a word that ends like a
street), and miss what is written in another one. How often is measured: `docs/classifiers.md`. What repeats in them has
a bound, or begins where no run of the same characters goes on, so that time grows with the characters of a text.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

Span = tuple[str, int, int]
"""Type of an entity, its first character and the character after its last."""

_MONTH = (
    r"(?:jan(?:uary|\.)?|feb(?:ruary|\.)?|mar(?:ch|\.)?|apr(?:il|\.)?|(?-i:May)|june?|july?|aug(?:ust|\.)?|"
    r"sept?(?:ember|\.)?|oct(?:ober|\.)?|nov(?:ember|\.)?|dec(?:ember|\.)?)"
)
_DAY = r"(?:[12]\d|3[01]|0?[1-9])(?:st|nd|rd|th)?"
_YEAR = r"(?:1[89]|20)\d\d"

# A run of the characters of an address is read once, whether an address follows or not: only a match with a
# domain is one.
EMAIL = re.compile(r"[\w.+-]++(?P<domain>@(?:[\w-]++\.)+[a-z]{2,})?", re.IGNORECASE)
DATE = re.compile(
    rf"\b(?:{_YEAR}-\d\d-\d\d|(?<!\d[./-])(?:\d\d?[/.]\d\d?[/.](?:{_YEAR}|\d\d)|\d\d?-\d\d?-{_YEAR})(?![./-]\d)|"
    rf"{_MONTH}\s{_DAY}(?:,?\s{_YEAR})?|{_DAY}\s(?:of\s)?{_MONTH}(?:,?\s{_YEAR})?|{_MONTH}\s{_YEAR})\b",
    re.IGNORECASE,
)
AGE = re.compile(
    r"\b(?:\d{1,3}[\s-](?:year|yr|month|week)s?[\s-]old|\d{1,3}\s?(?:y/o|yo)|aged?\s(?:of\s)?\d{1,3})\b", re.IGNORECASE
)
# United States social security numbers, codes of capitals and digits in the form of an IBAN, long numbers, and what a
# word before it calls a number.
IDENTIFIER = re.compile(
    r"(?<![.,])\b(?:\d{3}-\d\d-\d{4}|[A-Z]{2}\d\d(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?|[A-Z]{1,5}-?\d{4,}\w*|"
    r"\d{4}(?:[\s-]\d{4}){3}|\d{8,})\b"
    r"|(?<=\b[Nn]o\.\s)[A-Z0-9][\w-]*\d[\w-]*|(?<=\bID\s)[A-Z0-9][\w-]*\d[\w-]*|(?<=\bMRN\s)[A-Z0-9][\w-]*\d[\w-]*"
)

# Numbers of cards by their issuers' first digits and numbers of digits: in fours, as 4-6-5 or 4-6-4, or in one.
CARD = re.compile(
    r"(?<![\w.,-])(?<![A-Z]{2}\d\d[ ])(?<!\d[ ])"
    r"(?:(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6011|64[4-9]\d|65\d\d|62\d\d|35[2-8]\d)(?:([ -]?)\d{4}(?:\1\d{4}){2})"
    r"|3[47]\d\d([ -]?)\d{6}\2\d{5}|3(?:0[0-5]|[689]\d)\d([ -]?)\d{6}\3\d{4})(?![\w-]|[., ]\d)"
)
# Letters of a country, two check digits and fours, as far as capitals and digits go: how many a country has says where
# the number ends.
IBAN = re.compile(r"(?<![\w-])[A-Z]{2}\d\d(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,3})?(?!\w)", re.IGNORECASE)
SHORTEST_IBAN = 15
# What a word before it calls the number of an account, or of a bank; the latter has check digits.
ACCOUNT = re.compile(
    r"\b(?P<word>account|acct\.?|a/c|konto|compte|cuenta|conto|routing|aba)(?:nummer)?"
    r"(?:\s(?:no\.?|nr\.?|number|num\.?))?(?:\sis)?\s?[:#]?\s?#?(?P<number>\d(?:[ -]?\d){5,16})(?![\w-]|[.,]\d)",
    re.IGNORECASE,
)

# Parts of addresses. Line breaks are where addresses are broken.
_THEN = r"(?:,\s?|\s)"
# With a full stop behind one or two letters alone.
_NAME = r"(?:[^\W\d_a-z]|\d{1,3}(?:st|nd|rd|th)\b)[\w'’-]{0,30}(?:(?:(?<=\b[A-Z])|(?<=\b[A-Z][a-z]))\.)?"
_NAMES = rf"{_NAME}(?:[ ]{_NAME}){{0,3}}"
_HOUSE = r"\d{1,4}(?:\s?[a-z]\b)?(?:[/-]\d{1,4})?"
_UK_CODE = r"[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}"
_FLAT = r"(?:Apt\.?|Apartment|Suite|Ste\.?|Unit|Flat|Studio|#)\s?\w{1,6}"
_ENGLISH = (
    r"(?:Street|St\.?(?!\s[A-Z])|Avenue|Ave\.?|Road|Rd\.?|Boulevard|Blvd\.?|Lane|Ln\.?|Drive|Dr\.?|Court|Ct\.?|Place|Pl\.?|"
    r"Square|Sq\.?|Terrace|Way|Parkway|Pkwy\.?|Highway|Hwy\.?|Close|Crescent|Gardens|Mews|Circle|Cir\.?|Trail|Alley)"
)
_ENGLISH_TOWN = rf"(?:{_THEN}{_FLAT})?{_THEN}{_NAMES},?\s(?:[A-Z]{{2}},?\s\d{{5}}(?:-\d{{4}})?|{_UK_CODE})(?!\w)"
# A town's code stands before its name (of four digits and two letters in the Netherlands), or behind it.
_CODE = r"(?:[A-Z]{1,2}-)?\d{4,5}(?:\s?[A-Z]{2})?"
_TOWN = rf"{_THEN}(?:{_CODE},?\s{_NAMES}(?:\s\([A-Z]{{2}}\))?|{_NAMES},\s\d{{5}})(?!\w)"
_GERMANIC = r"(?:[Ss]tra(?:ß|ss)e|[Ss]tr\.|[Pp]latz|[Aa]llee|[Gg]asse|straat|laan|gracht|singel|plein|gatan|vej)"
_GERMANIC_IN_TOWN = r"(?:[Ww]eg|[Rr]ing|[Dd]amm|[Uu]fer|[Mm]arkt|[Ss]teig|[Hh]of|dijk|kade|pad|boulevard)"
_FRENCH = (
    r"(?:rue|avenue|boulevard|place|allée|chemin|impasse|quai|cours)\s(?:(?:de\sla|de|du|des)\s)?(?:(?:de\s)?[ld]['’])?"
)
_SOUTHERN = (
    r"(?:Calle|C/|Avenida|Av\.|Avda\.|Plaza|Paseo|Pasaje|Camino|Carretera|Ronda|Via|Vía|Viale|Piazza|Corso|Vicolo|"
    r"Strada|Largo|Rua|Travessa)\s?(?:(?:del|della|de\sla|de|di|da|dos)\s)?"
)
_SOUTHERN_FLAT = r"(?:\s(?:Apt\.|Piso|Puerta|Interno|Piano|Appartamento)\s\d{1,3})?\s?"
ADDRESS = re.compile(
    "|".join(
        (
            # A year before a street is no house number; before a town and its code it is one.
            rf"(?<![\w.,/-])(?!{_YEAR}\b)[1-9]\d{{0,4}}[A-Za-z]?(?:-\d{{1,4}})?\s(?:[NSEW]\.?\s)?"
            rf"{_NAME}(?:[ ]{_NAME}){{0,3}}?[ ]{_ENGLISH}(?!\w)(?:{_ENGLISH_TOWN})?",
            rf"(?<![\w.,/-])(?:{_FLAT}{_THEN}(?:\d{{1,5}}[A-Za-z]?\s)?|\d{{1,5}}[A-Za-z]?\s){_NAMES}{_ENGLISH_TOWN}",
            rf"\b[A-ZÄÖÜ][\w.-]{{1,30}}?(?:{_GERMANIC}\s{_HOUSE}(?:{_TOWN})?|{_GERMANIC_IN_TOWN}\s{_HOUSE}{_TOWN})(?!\w)",
            rf"(?<![\w.,/-])(?:\d{{1,4}}(?:\s(?:bis|ter))?,?\s{_FRENCH}{_NAMES}(?:{_TOWN})?|{_FRENCH}{_NAMES}{_TOWN})(?!\w)",
            rf"\b{_SOUTHERN}{_NAMES},?\s(?:n\.?º?\s?)?{_HOUSE}(?:{_SOUTHERN_FLAT}{_TOWN})?(?!\w)",
            r"\b(?:P\.?\s?O\.?\sBox|Postfach)\s\d{1,7}\b",
            rf"(?<![\w-]){_UK_CODE.replace(' ?', ' ')}(?![\w-])",
        )
    )
)

# Prefixes that say whose key it is, and forms that nothing else has.
KEY = re.compile(
    r"(?<![\w-])(?:(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{22,255}|glpat-[\w-]{20,64}|"
    r"sk-(?=[a-zA-Z_-]{0,64}\d)[\w-]{20,255}|[prs]k_(?:live|test)_[A-Za-z0-9]{16,255}|"
    r"xox[abposr]-[A-Za-z0-9-]{10,255}|AIza[\w-]{35}|"
    r"hf_[A-Za-z0-9]{30,64}|npm_[A-Za-z0-9]{36}|pypi-[\w-]{50,255}|SG\.[\w-]{16,64}\.[\w-]{16,64}|"
    r"\d{8,10}:AA[\w-]{33}|eyJ[\w-]{8,4096}\.[\w-]{8,4096}\.[\w-]{8,4096})(?![\w-])"
)
_LINE_BREAK = r"(?:\s|\\n)"
_OF_PRIVATE_KEY = r"(?:[A-Z0-9]{2,9} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
PRIVATE_KEY = re.compile(
    rf"-----BEGIN {_OF_PRIVATE_KEY}(?:{_LINE_BREAK}{{1,4}}[A-Za-z0-9+/=]{{16,128}})*+"
    rf"(?:{_LINE_BREAK}{{0,4}}[A-Za-z0-9+/=]{{0,16}}{_LINE_BREAK}{{0,4}}-----END {_OF_PRIVATE_KEY})?"
)
URL_PASSWORD = re.compile(r"(?<=://)[^\s/:@]{1,64}:(?P<value>[^\s/@]{3,64})@")
# What a word before it calls a password, a key or a PIN. A word alone would be every sentence on passwords: so there
# is a digit in it.
_SECRET_WORD = (
    r"(?:pass(?:word|wd|phrase|code|wort)|pwd|kennwort|mot de passe|contraseña|(?:secret|access|api|private)[ _-]?key|"
    r"(?:access|auth|api|bearer)[ _-]?token|client[ _-]?secret)"
)
STATED_SECRET = re.compile(
    rf"\b(?:{_SECRET_WORD}(?:\s(?:is|was|ist)\s?:?|\s?(?:=>|:=|[:=]))\s?[\"'`“]?"
    r"(?P<value>(?=[^\s\d]{0,63}\d)[^\s\"'`”,;<>]{6,128})|Bearer\s(?P<bearer>[\w.~+/-]{20,512}=*)"
    r"|PIN(?:[ -]code)?(?:\sis\s?:?|\s?[:=])\s?(?P<pin>\d{4,8})\b)",
    re.IGNORECASE,
)
# What nobody takes for another number: with a country's code or the 0 before an area's, or as in North America.
WRITTEN_PHONE = re.compile(
    r"\+|\(?00?[1-9]\d*\D|\d{3}-\d{4}$|(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\d)"
)

TRIES = 1000
"""Rows of digits that are tried as telephone numbers and are none, after which no more are searched in a text."""

PATTERN_TYPES = ("secret", "email", "account", "card", "date", "age", "phone", "address", "identifier")
"""Types that patterns find, in the order in which they are searched: what one has matched, no later one takes."""


def pattern_spans(text: str, region: str) -> list[Span]:
    """Entities of a text of the types `PATTERN_TYPES`, from left to right.

    Telephone numbers are those that libphonenumber takes for possible, with a country's code or written as in `region`,
    and that are written as such or are valid; not behind `TRIES` rows of digits of one text that are none. Time grows
    with the characters of the text.
    """
    found = {
        "secret": _secrets(text),
        "email": emails(text),
        "card": _cards(text),
        "account": _accounts(text),
        "date": _matches(DATE, text),
        "age": _matches(AGE, text),
        "phone": _phones(text, region),
        "address": _matches(ADDRESS, text),
        "identifier": _matches(IDENTIFIER, text),
    }
    entities: list[Span] = []
    for kind in PATTERN_TYPES:
        entities = with_others(entities, [(kind, start, end) for start, end in found[kind]])
    return entities


def _matches(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [match.span() for match in pattern.finditer(text)]


def emails(text: str) -> list[tuple[int, int]]:
    """Places of the e-mail addresses of a text."""
    return [match.span() for match in EMAIL.finditer(text) if match["domain"]]


def _cards(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in CARD.finditer(text) if _has_check_digit(match[0])]


def _has_check_digit(number: str) -> bool:
    from stdnum import luhn

    return bool(luhn.is_valid(re.sub(r"\D", "", number)))


def _accounts(text: str) -> list[tuple[int, int]]:
    spans: list[Span] = []
    for match in IBAN.finditer(text):
        end = _end_of_iban(match[0])
        if end is not None:
            spans.append(("account", match.start(), match.start() + end))
    stated = [
        ("account", *match.span("number"))
        for match in ACCOUNT.finditer(text)
        if match["word"].lower() not in ("routing", "aba") or _is_routing_number(match["number"])
    ]
    return [(start, end) for _, start, end in with_others(spans, stated)]


def _end_of_iban(written: str) -> int | None:
    """Where a valid IBAN ends that begins where that text does; None where none does."""
    from stdnum import iban

    for place in range(len(written), SHORTEST_IBAN - 1, -1):
        # Not within a word or number.
        ends = written[place - 1].isalnum() and not written[place : place + 1].isalnum()
        if ends and iban.is_valid(written[:place], check_country=False):
            return place
    return None


def _is_routing_number(number: str) -> bool:
    from stdnum.us import rtn

    return bool(rtn.is_valid(re.sub(r"\D", "", number)))


def _phones(text: str, region: str) -> list[tuple[int, int]]:
    # Its tables take a tenth of a second to load, and most texts have no run of digits that could be a number.
    if not re.search(r"(?:\d\W{0,2}){7}", text):
        return []
    from phonenumbers import Leniency, PhoneNumberMatcher

    # Possible, not valid: numbers that are made up, or out of use, are personal data in a text all the same.
    matcher = PhoneNumberMatcher(text, region, Leniency.POSSIBLE, TRIES)
    spans = []
    for match in matcher:
        written = match.raw_string
        # A bracket that is closed behind the number is none of it.
        before = int(written.startswith("(") and ")" not in written)
        if _is_phone(written[before:], match.number):
            spans.append((match.start + before, match.end))
    return spans


def _is_phone(written: str, number: PhoneNumber) -> bool:
    from phonenumbers import is_valid_number

    # Rows of a table are possible numbers, too, and some of them valid ones.
    if WRITTEN_PHONE.match(written):
        return True
    groups = re.findall(r"\d+", written)
    single = sum(len(group) == 1 for group in groups)
    if not 1 < len(groups) < 6 or single > 1 or re.search(r"\s\.\d|/\d\b", written):
        return False
    return bool(is_valid_number(number))


def _secrets(text: str) -> list[tuple[int, int]]:
    spans: list[Span] = []
    for places in (
        _matches(PRIVATE_KEY, text),
        _matches(KEY, text),
        [match.span("value") for match in URL_PASSWORD.finditer(text)],
        map(_stated, STATED_SECRET.finditer(text)),
    ):
        spans = with_others(spans, [("secret", start, end) for start, end in places])
    return [(start, end) for _, start, end in spans]


def _stated(match: re.Match[str]) -> tuple[int, int]:
    start, end = next(match.span(name) for name in ("value", "bearer", "pin") if match[name])
    # A sentence's or a bracket's end is none of the password's.
    return start, start + len(match.string[start:end].rstrip(".)]?!:"))


def with_others(fixed: Sequence[Span], others: Iterable[Span]) -> list[Span]:
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
