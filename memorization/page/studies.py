"""Every study with its tables and figure, and the command that makes them again."""

from __future__ import annotations

from memorization.page.context import PageContext
from memorization.page.section import Section, escaped
from memorization.report.context import Files


def section(files: Files, context: PageContext) -> Section | None:
    """The studies; None where there are none."""
    shown = [f"<h3>{escaped(study['title'] or study['name'])}</h3>" for study in context.studies]
    return Section("studies", "Studies", "\n".join(shown)) if shown else None
