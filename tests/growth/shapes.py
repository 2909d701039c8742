"""Texts that repeat themselves, of any length, and how processor time grows with their length."""

import time
from collections.abc import Callable

SMALL, TIMES = 3_000, 8
"""Characters of the small text, and how many times as long the large one is."""
FACTOR, FLOOR = 24, 0.006
"""Linear time grows `TIMES`-fold, quadratic time by its square; below so many seconds nothing is measured."""


def filled(unit: str) -> Callable[[int], str]:
    """A text of n characters that repeats a unit."""
    return lambda n: (unit * (n // len(unit) + 1))[:n]


SHAPES: dict[str, Callable[[int], str]] = {
    "one character": filled("a"),
    "one word": filled("information"),
    "tiny lines": filled("a\n"),
    "words": filled("word "),
    "a phrase": filled("the parties hereto agree that "),
    "signature lines": filled("By: " + "_" * 60 + "\nName:\nTitle:\n\n"),
    "underscores": filled("_"),
    "white space": filled(" \n"),
    "full stops": filled("."),
    "abbreviations": filled("U.S. "),
    "quotes": filled("\"'"),
    "brackets": lambda n: "(" * (n // 2) + ")" * (n // 2),
    "digits": filled("1"),
    "digits apart": filled("12 3-"),
    "telephone numbers": filled("+49 30 901820, "),
    "dates": filled("May 3, 2019 at 3/5/19 "),
    "identifiers": filled("No. A- AB12 ABCD "),
    "an address": lambda n: "x@" + filled("a.")(n - 2),
    "addresses": filled("x@a.b-c.de, "),
    "at signs": filled("x@"),
    "zero width": filled("a\u200b"),
    "marks": lambda n: "a" + filled("\u0301\u0316")(n - 1),
    "Chinese": filled("今天下雨。"),
    "one Chinese character": filled("雨"),
    "Thai": filled("ที่นี่ "),
    "pictures": filled("👩\u200d👧"),
    "markup": filled("|<b>*[a](b)`$_\\"),
}


def grows_linearly(
    function: Callable[[str], object], shape: Callable[[int], str], small: int = SMALL, times: int = TIMES
) -> bool:
    """Whether time grows less than `FACTOR`-fold with a text `times` as long as a small one.

    In one of three trials: what other processes do takes time too.
    """
    brief, long = shape(small), shape(small * times)
    return any(_seconds(function, long) < FACTOR * max(FLOOR, _seconds(function, brief)) for _ in range(3))


def _seconds(function: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    function(text)
    return time.process_time() - start
