"""May it be shipped: the verdict of every audit, before all other numbers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memorization.checksums import check_file
from memorization.page.context import PageContext
from memorization.page.section import Section, escaped
from memorization.report.context import Files
from memorization.studies.audit.verdict import Measure, Verdict
from memorization.studies.audit.words import headline, lowering_heading, lowering_line, n, sentence


def section(files: Files, context: PageContext) -> Section | None:
    """One card per audit; None without any. Files: `verdicts`, in the order of the studies."""
    studies = [study for study in context.studies if study["kind"] == "audit"]
    if not studies:
        return None
    cards = "\n".join(map(_card, studies, files["verdicts"]))
    return Section("audit", "May it be shipped?", f'<div class="answers">\n{cards}\n</div>')


def _card(study: Mapping[str, Any], file: Path) -> str:
    check_file(file)
    verdict = Verdict.model_validate_json(file.read_bytes())
    name, title = f"audit-{study['name']}", study["title"] or study["name"]
    measures = "".join(f"<li>{_measure(measure)}</li>" for measure in verdict.measures)
    unknown = "".join(f"<li>{escaped(text)}</li>" for text in verdict.not_known)
    lower = "".join(f"<li>{escaped(lowering_line(row))}</li>" for row in verdict.lowering)
    heading = f'<p class="small">{escaped(lowering_heading(verdict.lowering))}</p>' if lower else ""
    lowers = f"{heading}<ul>{lower}</ul>" if lower else '<p class="small">Nothing was measured that would.</p>'
    return (
        f'<article class="card" aria-labelledby="{name}">\n<h3 id="{name}">{escaped(title)}</h3>\n'
        f'<p class="lead">{escaped(headline(verdict))}</p>\n<ul class="measures">{measures}</ul>\n'
        f'<details class="exhibit"><summary><h4>What is not known</h4></summary><ul>{unknown}</ul></details>\n'
        f'<details class="exhibit"><summary><h4>What would lower it</h4></summary>{lowers}</details>\n'
        f'<p class="small">Records, rates and all numbers: <a href="#study-{study["name"]}">{escaped(title)}</a>.</p>\n'
        "</article>"
    )


def _measure(measure: Measure) -> str:
    """One threshold in words: answer, value, what it is counted over, and why it cannot be told."""
    needed = f"n needed: {measure.n_needed:,}" if measure.n_needed is not None else ""
    rest = "; ".join(part for part in (n(measure), needed, measure.why) if part)
    return (
        f'<strong class="{measure.answer.partition(" ")[0]}">{escaped(measure.answer)}</strong> '
        f'<span>{escaped(sentence(measure))} <span class="small">{escaped(rest)}</span></span>'
    )
