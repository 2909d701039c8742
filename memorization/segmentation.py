"""Texts in scripts without spaces between words, in a form that is read by words and sentences.

Words of the index and of the aligner are found by white space and punctuation, sentences by full stops. Chinese,
Japanese, Thai, Lao, Khmer and Myanmar have no such words, and no sentence mark that English rules know. The *readable
form* of a text has both: every character of such a script, with its marks, is a word of its own. Texts share most of
their characters, so that the search engine reads another form (`by_neighbours`), of two and three characters in a row.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

Ranges = list[tuple[int, int]]
"""First and last code points."""

BLOCKS: dict[str, Ranges] = {
    "Han": [(0x3005, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)],
    "Kana": [(0x3041, 0x309F), (0x30A1, 0x30FF), (0x31F0, 0x31FF), (0xFF66, 0xFF9F)],
    "Thai": [(0x0E01, 0x0E7F)],
    "Lao": [(0x0E80, 0x0EFF)],
    "Khmer": [(0x1780, 0x17FF)],
    "Myanmar": [(0x1000, 0x109F), (0xA9E0, 0xA9FF), (0xAA60, 0xAA7F)],
}
"""Blocks of Unicode of the scripts without spaces, by script; Korean has spaces."""

# In these a white space ends a sentence or a part of one, and most texts have no other sign for it.
_SPACED_SENTENCES = ("Thai", "Lao", "Khmer", "Myanmar")

# Each becomes one character, so that only inserted spaces change places. All ends of sentences become exclamation
# marks, since Punkt takes a full stop for that of an abbreviation at times; brackets and quotes become the parentheses
# that it lets close a sentence.
_ENDS = "。｡．！？‼⁇⁈⁉។៕။"
_CLOSING = "」』）〉》】〕”｣"
_SIGNS = str.maketrans(
    {
        **dict.fromkeys(_ENDS, "!"),
        **dict.fromkeys(_CLOSING, ")"),
        **dict.fromkeys("「『（〈《【〔“｢", "("),
        **dict.fromkeys("，、､၊", ","),
        "；": ";",
        "：": ":",
    }
)
# Variation selectors choose a form of the character before.
_SELECTORS: Ranges = [(0xFE00, 0xFE0F), (0xE0100, 0xE01EF)]


def letters_of(script: str) -> Ranges:
    """Ranges of a script's letters and digits; its marks, which are written on a letter, and its signs are left out."""
    return list(_of_categories("LN", BLOCKS[script]))


def _of_categories(categories: str, blocks: Ranges) -> Iterator[tuple[int, int]]:
    """The parts of blocks whose characters have one of the general categories, by first letter."""
    for first, last in blocks:
        start = None
        for code in range(first, last + 2):
            # The last planes of Han are not all assigned yet.
            inside = code <= last and (code >= 0x20000 or unicodedata.category(chr(code))[0] in categories)
            if inside and start is None:
                start = code
            elif not inside and start is not None:
                yield start, code - 1
                start = None


def _characters(ranges: Iterable[tuple[int, int]]) -> str:
    """Ranges as the inside of a character class."""
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


def _of_scripts(scripts: Iterable[str]) -> tuple[str, str]:
    """Letters and marks of scripts, as insides of character classes."""
    names = list(scripts)
    letters = _characters(part for name in names for part in letters_of(name))
    marks = _characters(part for name in names for part in _of_categories("M", BLOCKS[name]))
    return letters, marks


_LETTERS, _MARKS = _of_scripts(BLOCKS)
_MARKS += "\u3099\u309a" + _characters(_SELECTORS)
_MARK = re.compile(f"[{_MARKS}]")
_RUN = re.compile(f"[{_LETTERS}]+")
_WORD = re.compile(f"[{_LETTERS}][{_MARKS}]*")
_BOUNDARY = re.compile(
    rf"(?<=\S)(?=[{_LETTERS}])"
    rf"|(?<=[{_LETTERS}{_MARKS}])(?=[^\s{_LETTERS}{_MARKS}])"
    rf"|(?<=[{_ENDS}])(?=[^\s{_ENDS}{_CLOSING}\"')\]}}])"
)
_SPACED = _of_scripts(_SPACED_SENTENCES)
_SPACE_AS_END = re.compile(rf"(?<=[{_SPACED[0]}{_SPACED[1]}])\s(?=\s*[{_SPACED[0]}])")


class Readable(NamedTuple):
    """The readable form of a text."""

    text: str
    inserted: np.ndarray
    """Places in `text` of the spaces that the original does not have, from left to right."""

    def origins(self, places: np.ndarray) -> np.ndarray:
        """Places between the characters of the original text for places between those of `text`, same shape.

        A span of `text` is thereby mapped to the original characters that it contains; one of inserted spaces alone
        becomes empty.
        """
        return places - np.searchsorted(self.inserted, places)


def by_characters(text: str) -> Readable:
    """The readable form of a text by characters: 今天下雨。 becomes 今 天 下 雨 !

    Every letter of a script without spaces, with its marks, is between white space. Signs that end a sentence become
    exclamation marks, followed by white space; so does a white space between two letters of Thai, Lao, Khmer or
    Myanmar. Commas, brackets and quotes become those of ASCII. No other character changes.
    """
    ended = _SPACE_AS_END.sub("。", text)
    places = [boundary.start() for boundary in _BOUNDARY.finditer(ended)]
    readable = _BOUNDARY.sub(" ", ended).translate(_SIGNS)
    return Readable(readable, np.array(places, np.int64) + np.arange(len(places)))


def reader(segmentation: str | None) -> Callable[[str], str]:
    """From a text to its readable form by a dataset's `segmentation`: None leaves it unchanged."""
    return str if segmentation is None else lambda text: by_characters(text).text


def by_neighbours(text: str) -> str:
    """The text with every two and every three letters in a row as words, where its script has no spaces between words.

    今天下雨 becomes 今天 天下 下雨 今天下 天下雨, as Lucene's analyzer of Chinese, Japanese and Korean makes every two.
    Marks are left out, because the search engine ends a word at some of them.
    """
    return _RUN.sub(lambda run: f" {' '.join(_neighbours(run[0]))} ", _MARK.sub("", text))


def _neighbours(run: str) -> list[str]:
    return [run[start : start + n] for n in (2, 3) for start in range(len(run) - n + 1)] or [run]


def search_reader(segmentation: str | None) -> Callable[[str], str]:
    """From a text to the form that is indexed and searched, by a dataset's `segmentation`: None leaves it unchanged."""
    return str if segmentation is None else by_neighbours


def is_character_word(word: str) -> bool:
    """Whether a word is one character of a script without spaces, with its marks."""
    return _WORD.fullmatch(word) is not None
