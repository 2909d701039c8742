"""Columns of numbers and texts as one compressed block of the page, which `assets/columns.js` unpacks.

The bytes, before they are compressed: the length of a heading (four bytes, the least significant one first), the
heading, a JSON list of [name, kind, rows, bytes] of each column, and the columns one after another. Texts are the
number of UTF-16 units of each, as int32, and then their UTF-8: so a program decodes all of them at once, and cuts
them out of one string.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

Column = Sequence[str] | np.ndarray
"""Texts (n,), or numbers (n,) of one of the types in `KINDS`."""

KINDS = {"u1": np.uint8, "u2": np.uint16, "i4": np.int32, "f4": np.float32}
"""Types of numbers by the name that the program knows them under."""
TEXT = "text"
LEVEL = 6


def pack(columns: Mapping[str, Column]) -> str:
    """Columns, of any lengths, as the text of a block.

    Raises UnicodeEncodeError (a ValueError) for a text that is no Unicode (a lone surrogate), which no file of the
    results can contain, and KeyError for numbers of another type than those of `KINDS`.
    """
    heading, data = [], bytearray()
    for name, column in columns.items():
        if isinstance(column, np.ndarray):
            kind = column.dtype.str[1:]
            packed = column.astype(np.dtype(KINDS[kind]).newbyteorder("<")).tobytes()
        else:
            kind, packed = TEXT, _packed_texts(column)
        heading.append([name, kind, len(column), len(packed)])
        data += packed
    stated = json.dumps(heading).encode()
    return encoded(len(stated).to_bytes(4, "little") + stated + data)


def _packed_texts(texts: Sequence[str]) -> bytes:
    lengths = np.array([units(text) for text in texts], dtype="<i4")
    return lengths.tobytes() + "".join(texts).encode("utf-8")


def units(text: str) -> int:
    """The length of a text in UTF-16 units, as programs of a browser count."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def encoded(data: bytes) -> str:
    """Bytes as the text of a block: gzip in base64, the same for the same bytes."""
    return base64.b64encode(gzip.compress(data, compresslevel=LEVEL, mtime=0)).decode("ascii")


def unpack(block: str) -> dict[str, list[str] | np.ndarray]:
    """The columns of a block that `pack` made."""
    data = gzip.decompress(base64.b64decode(block))
    begin = 4 + int.from_bytes(data[:4], "little")
    columns: dict[str, list[str] | np.ndarray] = {}
    for name, kind, count, length in json.loads(data[4:begin]):
        part = data[begin : begin + length]
        columns[name] = _texts(part, count) if kind == TEXT else np.frombuffer(part, KINDS[kind])
        begin += length
    return columns


def _texts(packed: bytes, count: int) -> list[str]:
    whole = packed[4 * count :].decode("utf-8").encode("utf-16-le")
    places = [0, *(2 * np.cumsum(np.frombuffer(packed[: 4 * count], "<i4")))]
    return [whole[start:end].decode("utf-16-le") for start, end in pairwise(places)]
