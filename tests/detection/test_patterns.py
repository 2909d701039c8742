"""What patterns find of personal data, and what they leave alone."""

import re
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorization.detection.patterns import Span, pattern_spans, with_others


def pattern_entities(text: str, region: str = "US") -> list[tuple[str, str]]:
    return [(kind, text[start:end]) for kind, start, end in pattern_spans(text, region)]


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("Write to john.smith+x@mail.example.co.uk.", "email", "john.smith+x@mail.example.co.uk"),
        ("Call 555-123-4567 now", "phone", "555-123-4567"),
        ("Call (415) 555 2671.", "phone", "(415) 555 2671"),
        ("Call +49 30 901820!", "phone", "+49 30 901820"),
        ("on May 3, 2019 at noon", "date", "May 3, 2019"),
        ("on the 3rd of March 2020", "date", "3rd of March 2020"),
        ("since 12 Sept. 1999", "date", "12 Sept. 1999"),
        ("in october 2001", "date", "october 2001"),
        ("2019-05-03 10:00", "date", "2019-05-03"),
        ("seen 3/5/19", "date", "3/5/19"),
        ("on 03-05-2019", "date", "03-05-2019"),
        ("She is 45 years old.", "age", "45 years old"),
        ("a 45-year-old man", "age", "45-year-old"),
        ("a 6 month old boy", "age", "6 month old"),
        ("aged 7", "age", "aged 7"),
        ("SSN 123-45-6789", "identifier", "123-45-6789"),
        ("under M417816;", "identifier", "M417816"),
        ("MRN 88213", "identifier", "88213"),
        ("order no. A77-12", "identifier", "A77-12"),
        ("DE89 3704 0044 0532 0130 00 is it", "account", "DE89 3704 0044 0532 0130 00"),
        ("to nl91abna0417164300.", "account", "nl91abna0417164300"),
        ("account no. 0012345678", "account", "0012345678"),
        ("routing number: 021000021", "account", "021000021"),
        ("4111 1111 1111 1111", "card", "4111 1111 1111 1111"),
        ("5555-5555-5555-4444", "card", "5555-5555-5555-4444"),
        ("378282246310005", "card", "378282246310005"),
        ("3056 930902 5904", "card", "3056 930902 5904"),
        ("at 12 Main Street, Springfield, IL 62704.", "address", "12 Main Street, Springfield, IL 62704"),
        ("at 221B Baker Street, London NW1 6XE", "address", "221B Baker Street, London NW1 6XE"),
        ("at 9 N. 5th Ave.\nApt 4\nNew York, NY 10001", "address", "9 N. 5th Ave.\nApt 4\nNew York, NY 10001"),
        ("Flat 3, Rose Plain, Exeter EX4 4QJ", "address", "Flat 3, Rose Plain, Exeter EX4 4QJ"),
        ("In der Hauptstraße 5a, 12345 Bad Ems", "address", "Hauptstraße 5a, 12345 Bad Ems"),
        ("Rosenweg 3\n01067 Dresden", "address", "Rosenweg 3\n01067 Dresden"),
        ("au 12 bis, rue de la Paix, 75002 Paris", "address", "12 bis, rue de la Paix, 75002 Paris"),
        ("Calle de Alcalá 45", "address", "Calle de Alcalá 45"),
        ("P.O. Box 1234", "address", "P.O. Box 1234"),
        ("the code is SW1A 1AA,", "address", "SW1A 1AA"),
        ("AKIAABCDEFGHIJKLMNOP!", "secret", "AKIAABCDEFGHIJKLMNOP"),
        (f"sk-proj-{'a1B_' * 10} is", "secret", f"sk-proj-{'a1B_' * 10}"),
        ("password: hunter2!.", "secret", "hunter2"),
        ("Passwort ist 'geheim1'", "secret", "geheim1"),
        ("my PIN is 4821", "secret", "4821"),
        ("ftp://bob:pa55@host/x", "secret", "pa55"),
        (f"eyJ{'a' * 20}.eyJ{'b' * 20}.{'c' * 20}", "secret", f"eyJ{'a' * 20}.eyJ{'b' * 20}.{'c' * 20}"),
        (
            f"k: -----BEGIN RSA PRIVATE KEY-----\n{'aB3/' * 16}\nAB==\n-----END RSA PRIVATE KEY----- ok",
            "secret",
            f"-----BEGIN RSA PRIVATE KEY-----\n{'aB3/' * 16}\nAB==\n-----END RSA PRIVATE KEY-----",
        ),
        # Cut off, as a model writes it.
        (f"-----BEGIN PRIVATE KEY-----\n{'aB3/' * 16} And", "secret", f"-----BEGIN PRIVATE KEY-----\n{'aB3/' * 16}"),
        # What has the form and the wrong check digit is a number of some kind still.
        ("4111 1111 1111 1112", "identifier", "4111 1111 1111 1112"),
        ("DE88 3704 0044 0532 0130 00", "identifier", "DE88 3704 0044 0532 0130 00"),
        ("(935-106-4169)", "phone", "935-106-4169"),
        ("ISBN 9783161484100", "identifier", "9783161484100"),
    ],
)
def test_a_pattern_finds(text: str, kind: str, expected: str) -> None:
    assert pattern_entities(text) == [(kind, expected)]


@pytest.mark.parametrize(
    "text",
    [
        "It cost $1,234,567.89 in 1997.",
        "Pi is 3.14159265.",
        "between 1997 and 2003, 12.50 or 100",
        "they may 3 times a day",
        "the score was 3:2, 10-12",
        "table: 44 82 .349 28 1 and 3 1 0 2 3 3 3, 58 68 .460 14 1",
        "version 12.34.56.78",
        "In 1997 Wall Street rose",
        "order #935-1064169-8273645",
        "the password is required, the API key: optional, and sk-is-a-kebab-case-word",
        "We won 0 Paris St Germain 2",
        "Spring 20 and String 5",
        "",
        "İ 😀 \x00",
    ],
)
def test_other_numbers_are_no_entities(text: str) -> None:
    assert pattern_entities(text) == []


def test_local_numbers_are_those_of_the_region() -> None:
    assert pattern_entities("Ruf 030 901820 an", "DE") == [("phone", "030 901820")]


def test_what_one_pattern_has_matched_no_other_takes() -> None:
    assert pattern_entities("5551234567@example.com") == [("email", "5551234567@example.com")]


def plain_addresses(text: str) -> list[tuple[int, int]]:
    pattern = re.compile(r"[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}", re.IGNORECASE)
    return [match.span() for match in pattern.finditer(text)]


@given(st.text(st.sampled_from("abK_.+-@ 1é雨"), max_size=40))
def test_addresses_are_those_of_the_plain_pattern(text: str) -> None:
    found = [(start, end) for kind, start, end in pattern_spans(text, "US") if kind == "email"]
    assert found == plain_addresses(text)


SPANS = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 20), st.integers(1, 4)), max_size=8)


@given(SPANS, SPANS)
def test_of_overlapping_spans_the_first_kind_is_kept(first: list[Any], others: list[Any]) -> None:
    def overlaps(spans: Iterable[Span], start: int, end: int) -> bool:
        return any(start < other_end and other_start < end for _, other_start, other_end in spans)

    fixed: list[Span] = []
    for kind, start, length in first:
        if not overlaps(fixed, start, start + length):
            fixed = sorted([*fixed, (kind, start, start + length)], key=lambda span: span[1:])
    tagged = [(kind, start, start + length) for kind, start, length in others]
    kept = [span for span in tagged if not overlaps(fixed, *span[1:])]
    assert with_others(fixed, tagged) == sorted([*fixed, *kept], key=lambda span: span[1:])
