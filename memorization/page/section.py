"""A section of the page, and how text and data come into it.

Texts of datasets and models are data here: `escaped` is the one way of a text into HTML, and the two kinds of blocks
are the one way of data to the page's programs.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

from memorization.report.texts import printable


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading, to which its navigation leads.

    `id` is its anchor, `title` its heading (plain text), `html` what stands below, with every text in it escaped.
    `blocks` are data for the page's programs by name (`page.block(NAME)`), each made by `json_block` or `packed_block`.
    """

    id: str
    title: str
    html: str
    blocks: Mapping[str, str] = field(default_factory=dict)


def escaped(text: object) -> str:
    """A text as HTML shows it: on one line, without control characters and those that turn the direction of writing."""
    return escape(printable(str(text)))


def json_block(value: Any) -> str:
    """A value as the text of a block, which no text in it can end."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def packed_block(data: bytes | Iterable[bytes]) -> str:
    """Bytes, given whole or in pieces, as the text of a block: gzip in base64, the same for the same bytes."""
    pieces = [data] if isinstance(data, bytes) else data
    return base64.b64encode(gzip.compress(b"".join(pieces), compresslevel=9, mtime=0)).decode("ascii")
