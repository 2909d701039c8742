"""A sheet in all formats: Parquet and CSV for programs, Markdown, LaTeX and HTML for readers, JSON for the page.

Texts are escaped in every format, so that none of them is taken for markup.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from math import isfinite
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv

from memorization import storage
from memorization.report.cells import Cell, Excerpt
from memorization.report.sheet import Sheet
from memorization.report.texts import printable, visible

# Characters with a meaning in LaTeX, and how they are written literally.
LATEX = str.maketrans(
    {character: f"\\{character}" for character in "&%$#_{}"}
    | {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
    | {"<": r"\textless{}", ">": r"\textgreater{}"}
)
LATEX_SIGNS = {"↑": r"$\uparrow$", "↓": r"$\downarrow$", "≤": r"$\leq$", "∞": r"$\infty$"}
# How a text begins that a spreadsheet takes for a formula, behind white space too.
FORMULA = r"^\s*[=+\-@\t\r]"
# Signs around a marked passage until the table is laid out: characters of private use, which no cell contains.
MARKS = ("\ue000", "\ue001")
STYLE = (
    "body{font-family:sans-serif;margin:1em}table{border-collapse:collapse}caption{caption-side:bottom;"
    "text-align:left;max-width:60em;padding-top:.5em;color:#444}td,th{padding:.2em .6em;white-space:nowrap;"
    "text-align:left}thead{border-bottom:1px solid}"
)


def write(sheet: Sheet, output: Path) -> None:
    """Write `output` with each ending of `FORMATS`: the tidy table for programs, the printed table for people.

    Their checksums are in `output`.sha256.
    """
    # Not with_suffix: a study's name may contain dots.
    files = {ending: output.with_name(f"{output.name}.{ending}") for ending in FORMATS}
    for ending, write_file in FORMATS.items():
        write_file(sheet, files[ending])
    storage.write_sums(output.with_name(f"{output.name}.sha256"), files.values())


def _write_parquet(sheet: Sheet, path: Path) -> None:
    storage.write_table(path, sheet.schema, sheet.labelled, sheet.manifest)


def csv(sheet: Sheet) -> str:
    """The tidy table, with its label.

    A text that a spreadsheet would run as a formula has an apostrophe before it, as OWASP advises; numbers have none.
    """
    import pyarrow.compute as pc

    stream = io.BytesIO()
    table = sheet.labelled
    for position, field in enumerate(table.schema):
        if pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            table = table.set_column(position, field, pc.replace_substring_regex(table[position], FORMULA, r"'\0"))
    pacsv.write_csv(table, stream)
    return stream.getvalue().decode()


def html(sheet: Sheet) -> str:
    """The table as an HTML page, with label and caption; every text is escaped."""
    from html import escape

    caption = escape(_caption(sheet))
    body = _tabulated(sheet, "html").replace("<table>", f"<table>\n<caption>{caption}</caption>", 1)
    body = _marked(body, "<mark>", "</mark>")
    return (
        f'<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Table</title>\n<style>{STYLE}</style>\n'
        f"{body}\n</html>\n"
    )


def markdown(sheet: Sheet) -> str:
    """The table as Markdown, with label and caption; every text is escaped."""
    label = [f"**{_escaped(printable(sheet.label))}**", ""] if sheet.label else []
    body = _tabulated(sheet, "github", lambda text: _marked(_escaped(text), "**", "**"))
    return "\n".join([*label, body, "", _escaped(visible(sheet.whole_caption)), ""])


def latex(sheet: Sheet) -> str:
    """The table as a LaTeX `table` (packages: booktabs), with label and caption."""
    # Behind the end of a row LaTeX takes a bracket or an asterisk for a part of the command that ends it.
    body = re.sub(r"(?m)^(\s*)([\[*])", r"\1{\2}", _tabulated(sheet, "latex_booktabs"))
    for sign, command in LATEX_SIGNS.items():
        body = body.replace(sign, command)
    body = _marked(body, r"\textbf{", "}")
    caption = _caption(sheet).translate(LATEX)
    lines = [r"\begin{table*}", r"\centering", r"\small", f"\\caption{{{caption}}}", body, r"\end{table*}", ""]
    return "\n".join(lines)


def printed(sheet: Sheet) -> str:
    """The printed table as JSON: its cells with the numbers behind them, its title, caption and label.

    `rows` has one list per line, in the order of `headings`. A cell has its `text`, and where it is a number `value`,
    `low`, `high` and `unit`, each left out where there is none (infinite ones are the words `inf` and `-inf`); an
    excerpt has `before`, `passage` and `after`. Texts are those of the other formats, without control characters.
    """
    headings = list(sheet.rows[0]) if sheet.rows else []
    content = {
        "title": visible(sheet.title),
        "caption": visible(sheet.caption),
        "label": visible(sheet.label),
        "headings": headings,
        "rows": [[_plain(row[heading]) for heading in headings] for row in sheet.rows],
    }
    return json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _plain(cell: Cell | Excerpt) -> dict[str, Any]:
    if isinstance(cell, Excerpt):
        return {key: printable(text) for key, text in asdict(cell).items()}
    numbers = {key: getattr(cell, key) for key in ("value", "low", "high")}
    shown = {key: value if isfinite(value) else str(value) for key, value in numbers.items() if value is not None}
    return {"text": printable(cell.text), **shown, **({"unit": cell.unit} if cell.unit else {})}


def without_markup(markdown_text: str) -> str:
    """The Markdown of `markdown` as a terminal shows it: without marks for bold, and escaped signs as themselves."""
    return re.sub(r"\\([\\|<*`~(_&])|\*\*", lambda found: found[1] or "", markdown_text)


def _tabulated(sheet: Sheet, layout: str, change: Callable[[str], str] = str) -> str:
    from tabulate import tabulate

    rows = [{heading: change(_text(cell)) for heading, cell in row.items()} for row in sheet.rows]
    return str(tabulate(rows, headers="keys", tablefmt=layout, disable_numparse=True))


def _caption(sheet: Sheet) -> str:
    """Label and caption."""
    return visible(f"{sheet.label} {sheet.whole_caption}".strip())


def _text(cell: Cell | Excerpt) -> str:
    if isinstance(cell, Excerpt):
        before, passage, after = map(printable, (cell.before, cell.passage, cell.after))
        return f"{before}{MARKS[0]}{passage}{MARKS[1]}{after}"
    return printable(cell.text)


def _marked(text: str, begin: str, end: str) -> str:
    return text.replace(MARKS[0], begin).replace(MARKS[1], end)


def _escaped(text: str) -> str:
    """A text that Markdown shows literally: it ends no cell, and begins no HTML element, emphasis or link."""
    # An underscore between letters or digits is one, and so is an ampersand that begins no entity; a backslash is one
    # unless punctuation follows.
    escaped = r"[|<*`~]|(?<=\])\(|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)|\\(?=[!-/:-@\[-`{-~\ue000\ue001]|$)"
    return re.sub(escaped, r"\\\g<0>", text)


def _text_file(text_of: Callable[[Sheet], str]) -> Callable[[Sheet, Path], None]:
    return lambda sheet, path: storage.write_text(path, text_of(sheet))


FORMATS: dict[str, Callable[[Sheet, Path], None]] = {
    "parquet": _write_parquet,
    "csv": _text_file(csv),
    "md": _text_file(markdown),
    "tex": _text_file(latex),
    "html": _text_file(html),
    "json": _text_file(printed),
}
"""Endings of a table's files, and what writes each."""
