"""Texts as every format can show them."""

import pytest

from memorization.report.texts import printable, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b\x7f\x9fc", "abc"),
        ("\u202eright\u2066 to left\u2069", "right to left"),
        ("\ue000marked\uf8ff", "marked"),
        ("ä – 中文 😀", "ä – 中文 😀"),
    ],
)
def test_what_cannot_be_seen_is_left_out(text: str, shown: str) -> None:
    assert visible(text) == printable(text) == shown


def test_lines_are_kept_or_joined() -> None:
    assert visible("one\n two\tthree") == "one\n two\tthree"
    assert printable("one\n two\tthree\u2028four") == "one two three four"
