"""The page's sections in their order."""

from __future__ import annotations

from memorization.page import answer, attention, audit, cases, provenance, studies
from memorization.page.context import PageContext
from memorization.page.section import Section, escaped
from memorization.report.context import Files

TITLE = "How much came back?"
WHAT = (
    "A language model is fine-tuned on texts, and then shown the beginning of each. Of how many does the rest come "
    "back, word for word or in other words?"
)
KINDS = ("models", "datasets")


def summary(context: PageContext) -> str:
    """The HTML below the page's title: what was done, how much of it is here, and what kind of results these are."""
    models, datasets = ({name for study in context.studies for name in study["titles"][each]} for each in KINDS)
    counts = {"model": len(models), "dataset": len(datasets)}
    shown = [f"{count} {name}{'s' * (count != 1)}" for name, count in counts.items() if count]
    studies = len(context.studies)
    shown.append(f"{studies} {'study' if studies == 1 else 'studies'}")
    what = f'<p>{WHAT}</p>\n<p class="small">{", ".join(shown)}.</p>\n'
    return what + (f'<p class="label">{escaped(context.label)}</p>' if context.label else "")


def sections(files: Files, context: PageContext) -> list[Section]:
    """The sections of what was measured; one about which nothing was is left out."""
    made = tuple(each.section(files, context) for each in (audit, answer, studies, cases, attention, provenance))
    return [section for section in made if section is not None]
