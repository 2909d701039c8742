"""Every study with its tables and figure, and the command that makes them again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memorization.page import figures, tables
from memorization.page.context import PageContext
from memorization.page.section import Section, escaped
from memorization.report.context import Files

HEADINGS = {
    "table": "Table",
    "figure": "Figure",
    "definitions": "By other definitions",
    "differences": "Differences between tasks, recipes and epochs",
    "search": "What the search for candidates misses",
    "published": "Beside the published numbers",
    "rates": "Rates of all runs",
    "membership": "Membership of training rows",
    "canaries": "Planted secrets",
    "records": "Which records",
    "correlation": "Density of attention against memorization",
}
"""What the page calls the exhibits of a study; another one has its own name."""


def section(files: Files, context: PageContext) -> Section | None:
    """The studies in the order of the configuration, those that are not shown with the reason; None without any."""
    shown = [_study(study, context) for study in context.studies]
    reasons = "".join(f"<li>{escaped(reason)}</li>" for reason in context.left_out.values())
    left_out = f'<div class="left-out"><h3>Left out</h3><ul>{reasons}</ul></div>' if reasons else ""
    if not shown and not left_out:
        return None
    links = "".join(f'<li><a href="#study-{study["name"]}">{_title(study)}</a></li>' for study in context.studies)
    contents = f'<ul class="contents">{links}</ul>' if len(shown) > 1 else ""
    html = "\n".join([contents, *(text for text, _ in shown), left_out])
    return Section("studies", "Every study", html, {name: text for _, own in shown for name, text in own.items()})


def _study(study: Mapping[str, Any], context: PageContext) -> tuple[str, dict[str, str]]:
    """A study's HTML and blocks: figure first, then its table, then further tables, folded."""
    key = f"study-{study['name']}"
    blocks: dict[str, str] = {}
    parts = [
        f'<article class="study" id="{key}" aria-labelledby="{key}-heading">',
        f'<h3 id="{key}-heading">{_title(study)} <span class="kind">{escaped(study["kind"])}</span></h3>',
    ]
    exhibits = sorted(study["exhibits"], key=lambda exhibit: exhibit["format"] != "figure")
    for exhibit in exhibits:
        name = HEADINGS.get(exhibit["name"], exhibit["name"].replace("_", " ").capitalize())
        place, own = context.results / exhibit["place"], f"{key}-{exhibit['name']}"
        if exhibit["format"] == "figure":
            parts.append(figures.figure(place.with_name(f"{place.name}.svg"), own, study["title"] or study["name"]))
            continue
        html, own_blocks = _table(study, exhibit, place, own, name, context)
        blocks |= own_blocks
        parts.append(html)
    command = f"snakemake --cores 2 {study['name']} {context.options}".strip()
    parts.append(f'<p class="again">Make it again: <code>{escaped(command)}</code></p>\n</article>')
    return "\n".join(parts), blocks


def _table(
    study: Mapping[str, Any], exhibit: Mapping[str, Any], place: Path, key: str, name: str, context: PageContext
) -> tuple[str, dict[str, str]]:
    """A table that can be folded; one of texts only where a reader may see them, and folded until asked for."""
    content = tables.printed(place)
    summary, kind, opened = name, "exhibit", exhibit["name"] in ("table", "published")
    if tables.has_texts(content) and context.personal_data != "revealed":
        if context.personal_data == "absent":
            why = "left out, since its texts may contain personal data"
            return f'<p class="small" id="{key}">{escaped(name)}: {why}.</p>', {}
        summary, kind, opened = f"{name}: texts as they are, with personal data in them", "exhibit texts", False
    if len(content["headings"]) > tables.WIDE:
        kind += " wide"
    html, blocks = tables.table(content, place, key, f"{name}: {study['title'] or study['name']}")
    heading = f"<summary><h4>{escaped(summary)}</h4></summary>"
    return f'<details class="{kind}" id="{key}"{" open" if opened else ""}>{heading}\n{html}\n</details>', blocks


def _title(study: Mapping[str, Any]) -> str:
    return escaped(study["title"] or study["name"])
