"""The page as one file: sections behind one another, then the programs, and at the end the data.

Data come last, so that a browser shows the page before it has read them. The page asks nothing of any network, and its
policy (Content-Security-Policy) lets a browser refuse what would.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from memorization import storage
from memorization.page.section import Section, escaped

ASSETS = Path(__file__).resolve().parent / "assets"
STYLES = ("page.css", "cases.css")
"""Files of `assets` that are the page's style, in their order."""
CASES = (
    "columns.js",
    "search.js",
    "texts.js",
    "case_data.js",
    "case_facets.js",
    "case_list.js",
    "case_tools.js",
    "case.js",
    "cases.js",
)
"""Those of the case browser, which is the last of them."""
SCRIPTS = ("page.js", "tips.js", "tables.js", "attention.js", *CASES)
"""Files of `assets` that are the page's program, in their order: one program, in which `page` is defined first."""
# Characters of a block that are encoded at once.
PIECE = 2**20


def assets() -> list[Path]:
    """The files that the page's style and program are made of."""
    return [ASSETS / name for name in (*STYLES, *SCRIPTS)]


def assets_digest() -> str:
    """The digest (16 hexadecimal digits) of style and program: another one makes the page anew."""
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in assets())).hexdigest()[:16]


def write(path: Path, title: str, summary: str, sections: Sequence[Section]) -> None:
    """Write the page with its checksum beside it; `summary` is the HTML below its title.

    Raises ValueError for a block that could end the element around it.
    """
    with storage.replacing(path) as scratch, scratch.open("w", encoding="utf-8", newline="\n") as file:
        for piece in pieces(title, summary, sections):
            file.write(piece)
    storage.write_sums(path.with_suffix(".sha256"), [path])


def pieces(title: str, summary: str, sections: Sequence[Section]) -> Iterator[str]:
    """The page's text, piece by piece, so that large blocks are not in memory twice."""
    style, script = (_joined(names) for names in (STYLES, SCRIPTS))
    yield (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        '<a class="skip" href="#main">Skip to the results</a>\n'
    )
    links = "".join(f'<li><a href="#{section.id}">{escaped(section.title)}</a></li>' for section in sections)
    yield (
        '<header class="top"><nav aria-label="Sections"><a class="brand" href="#top">memorization</a>'
        f'<ul>{links}</ul></nav><button type="button" id="theme" hidden></button></header>\n'
        f'<main id="main" tabindex="-1"><div class="intro" id="top"><h1>{escaped(title)}</h1>\n{summary}</div>\n'
    )
    for section in sections:
        yield f'<section id="{section.id}" aria-labelledby="{section.id}-heading">\n'
        yield f'<h2 id="{section.id}-heading">{escaped(section.title)}</h2>\n{section.html}\n</section>\n'
    # As it is digested for the policy: every character between the tags counts.
    yield f'</main>\n<div id="said" role="status" aria-live="polite"></div>\n<script>{script}</script>\n'
    for section in sections:
        for name, text in section.blocks.items():
            yield from _block(name, text)
    yield "</body>\n</html>\n"


def _block(name: str, text: str) -> Iterator[str]:
    if "<" in text:
        raise ValueError(f"block {name}: contains '<', which could end the element around it")
    yield f'<script type="text/plain" id="block-{name}">'
    for start in range(0, len(text), PIECE):
        yield text[start : start + PIECE]
    yield "</script>\n"


def _joined(names: Sequence[str]) -> str:
    return "".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def _policy(script: str) -> str:
    """What the page may do: run this program and no other, in workers too, and load nothing."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    return (
        f"default-src 'none'; script-src 'sha256-{digest}' blob:; worker-src blob:; style-src 'unsafe-inline'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
