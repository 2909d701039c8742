"""Texts of data and of users as every format can show them."""

from __future__ import annotations

import re

# Control characters but white space, those that order the direction of writing, and characters of private use.
UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ue000-\uf8ff]")


def visible(text: str) -> str:
    """A text without characters that cannot be seen: controls, and those that turn the direction of what follows."""
    return UNPRINTABLE.sub("", text)


def printable(text: str) -> str:
    """The same on one line."""
    return re.sub(r"\s+", " ", visible(text))
