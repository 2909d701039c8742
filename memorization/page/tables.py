"""A study's printed table in the page, with the numbers behind its cells, and its files for copying."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memorization.checksums import check_file
from memorization.page.section import escaped, packed_block

COPIED = {"md": "Markdown", "tex": "LaTeX", "csv": "CSV"}
"""Endings of the files that a reader can copy, with their names."""
WIDE = 12
"""Columns from which a table is printed on a page of its own, sideways."""
# What the row of a difference is called; it belongs to the row above it.
DIFFERENCE = "Difference"


def printed(place: Path) -> dict[str, Any]:
    """The printed table whose files are at `place`, without their endings (`report.formats.printed`).

    Raises UserError where the file is damaged.
    """
    content: dict[str, Any] = json.loads(_bytes(place, "json"))
    return content


def _bytes(place: Path, ending: str) -> bytes:
    file = place.with_name(f"{place.name}.{ending}")
    check_file(file)
    return file.read_bytes()


def has_texts(content: Mapping[str, Any]) -> bool:
    """Whether a printed table shows texts of data or models, which may contain personal data."""
    return any("passage" in cell for row in content["rows"] for cell in row)


def table(content: Mapping[str, Any], place: Path, key: str, name: str) -> tuple[str, dict[str, str]]:
    """The HTML of a printed table, and the blocks with its files.

    `place` is that of its files without their endings, `key` begins the names of its blocks, `name` is its
    heading. Sorting, hiding and copying are the page's program's (`assets/tables.js`).

    Raises UserError where one of the files is damaged.
    """
    if not content["rows"]:
        return f'<p class="empty">The table has no rows.</p>\n{_caption(content)}', {}
    headings = "".join(f'<th scope="col">{escaped(heading)}</th>' for heading in content["headings"])
    rows = "\n".join(map(_row, content["rows"]))
    html = (
        f'<div class="table" data-files="{key}">\n'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(name)}"><table>\n'
        f"<thead><tr>{headings}</tr></thead>\n<tbody>\n{rows}\n</tbody>\n</table></div>\n{_caption(content)}</div>"
    )
    return html, {f"{key}-{ending}": packed_block(_bytes(place, ending)) for ending in COPIED}


def _caption(content: Mapping[str, Any]) -> str:
    """The label, which a reader cannot miss, and the caption, which opens."""
    label = f'<p class="label">{escaped(content["label"])}</p>' if content["label"] else ""
    text = f"<summary>What the columns mean</summary><p>{escaped(content['caption'])}</p>"
    return f'<div class="caption">{label}<details>{text}</details></div>\n'


def _row(cells: list[dict[str, Any]]) -> str:
    follows = ' class="follows"' if any(cell.get("text") == DIFFERENCE for cell in cells) else ""
    return f"<tr{follows}>{''.join(map(_cell, cells))}</tr>"


def _cell(cell: dict[str, Any]) -> str:
    if "passage" in cell:
        before, passage, after = (escaped(cell[key]) for key in ("before", "passage", "after"))
        return f'<td class="excerpt"><div dir="auto">{before}<mark>{passage}</mark>{after}</div></td>'
    number = f' class="number" data-value="{cell["value"]}"' if "value" in cell else ""
    text = escaped(cell["text"])
    # A long text is shown in lines.
    shown = f'<div class="long" dir="auto">{text}</div>' if len(cell["text"]) > 60 else text
    return f"<td{number}>{shown}</td>"
