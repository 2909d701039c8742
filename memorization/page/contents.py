"""The page's sections in their order."""

from __future__ import annotations

from memorization.page import answer, attention, provenance, studies
from memorization.page.context import PageContext
from memorization.page.section import Section, escaped
from memorization.report.context import Files

TITLE = "How much came back?"
PACKAGES = ("pyarrow",)
"""What the page is computed by, for its manifest."""


def summary(context: PageContext) -> str:
    """The HTML below the page's title: what kind of results these are."""
    return f'<p class="label">{escaped(context.label)}</p>' if context.label else ""


def sections(files: Files, context: PageContext) -> list[Section]:
    """The sections of what was measured; one about which nothing was is left out."""
    made = tuple(each.section(files, context) for each in (answer, studies, attention, provenance))
    return [section for section in made if section is not None]
