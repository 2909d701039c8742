"""A verdict in words: the page `verdict.md`, and the lines at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator

from memorization.studies.audit.verdict import Answer, Lowering, Measure, Verdict

HEADLINES: dict[Answer, str] = {
    "pass": "Yes, by these thresholds",
    "fail": "No",
    "cannot tell": "Cannot tell",
}
EXPLAINED = (
    "A measure passes only if the upper end of its interval is not above the threshold, and fails if the lower end is "
    "above it; else it cannot be told, and n needed is the number of independent observations with which it could, if "
    "the value stays. The worst cell (run, model, attack) decides: its interval holds the largest true value of all "
    "cells, so its lower end is that of a tail as many times smaller (Bonferroni). Counts of what was asked in full "
    "have no interval. A prompt that reads nothing of the data is the only one of its kind, so each of its texts is an "
    "observation. The floor is the same of held-out texts, the ceiling the most that could have been found, base "
    "the model before fine-tuning."
)


def headline(verdict: Verdict) -> str:
    """The answer in one sentence."""
    counts = {answer: [each.answer for each in verdict.measures].count(answer) for answer in HEADLINES}
    total = len(verdict.measures)
    of = f"of {total} threshold{'s' * (total != 1)}"
    parts = [
        f"{counts['fail']} {of} exceeded" if counts["fail"] else "",
        f"{counts['cannot tell']} {of} cannot be told" if counts["cannot tell"] else "",
    ]
    why = ", ".join(part for part in parts if part) or f"{total} {of} kept"
    return f"{HEADLINES[verdict.answer]}: {why}."


def markdown(verdict: Verdict) -> str:
    """The page of a verdict. It contains names, numbers and sentences of this program alone."""
    asked = verdict.asked
    records = "; ".join(
        f"{name}: {asked.records_asked[name]:,} of {records:,} training records"
        for name, records in asked.records.items()
    )
    parts = [
        f"# May it be shipped? ({verdict.study})",
        *([f"**{verdict.label}**"] if verdict.label else []),
        f"**{headline(verdict)}**",
        "\n".join(_table(verdict)),
        "\n".join(f"- {line}" for line in _reasons(verdict)),
        "## What was asked",
        f"Models {', '.join(asked.models)} in states {', '.join(asked.states)}; {records}; decodings "
        f"{', '.join(asked.decodings)}; promptings {', '.join(asked.promptings)}; searched for "
        f"{' and '.join(asked.sides)}; runs that are judged: {asked.runs}.",
        "Which records came back: `leaked_records.parquet` beside this page. The training data without them: "
        "`without_leaked_records/`.",
        "## What is not known",
        "\n".join(f"- {sentence}" for sentence in verdict.not_known),
        "## What would lower it",
        "\n".join(_lowering(verdict.lowering)),
        "## How to read it",
        EXPLAINED,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table(verdict: Verdict) -> Iterator[str]:
    headings = ("Measure", "Measured", "Threshold", "Answer", "n", "n needed", "Floor", "Ceiling", "Base")
    yield f"| {' | '.join(headings)} |"
    yield f"|{'---|' * len(headings)}"
    for measure in verdict.measures:
        cells = (
            f"{measure.title} ({measure.unit})",
            measured(measure),
            f"{measure.threshold:g}",
            measure.answer,
            n(measure),
            f"{measure.n_needed:,}" if measure.n_needed is not None else "",
            *(_number(value) for value in (measure.floor, measure.ceiling, measure.base)),
        )
        yield f"| {' | '.join(cells)} |"


def sentence(measure: Measure) -> str:
    """A measure in one line: what it is, its value with its interval, and the threshold."""
    unit = f" {measure.unit}" if measure.value is not None else ""
    return f"{measure.title}: {measured(measure)}{unit}, threshold {measure.threshold:g} {measure.unit}"


def measured(measure: Measure) -> str:
    """A measure's value with its interval, where it has one."""
    if measure.value is None:
        return "not measured"
    if measure.low == measure.high:
        return _number(measure.value)
    return f"{_number(measure.value)} [{_number(measure.low)}, {_number(measure.high) or '∞'}]"


def n(measure: Measure) -> str:
    """What a measure is counted over."""
    if measure.n is None:
        return ""
    fewer = f" ({measure.observations:,} independent)" if measure.observations != measure.n else ""
    return f"{measure.n:,} {measure.n_of}{fewer}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _reasons(verdict: Verdict) -> Iterator[str]:
    """Where the value of a measure is from, and what its answer rests on."""
    for measure in verdict.measures:
        cells = f"worst of {measure.cells}: {measure.place}" if measure.place else f"the same in all {measure.cells}"
        where = cells if measure.cells > 1 else ""
        text = "; ".join(part for part in (where, measure.why) if part)
        if text:
            yield f"{measure.title}: {measure.answer}; {text}."


def _lowering(rows: list[Lowering]) -> Iterator[str]:
    if not rows:
        yield (
            "Nothing was measured that would: no other state or decoding of the same prompts is in this "
            "study. Add one (`states`, `decodings`), such as fewer epochs, a recipe with `deduplicate` or LoRA."
        )
        return
    yield lowering_heading(rows)
    yield ""
    for row in rows:
        yield f"- {lowering_line(row)}"


def lowering_heading(rows: list[Lowering]) -> str:
    """What the lines are about; at least one row."""
    return (
        f"Runs that differ in one thing from the worst one ({rows[0].place}; the largest rate, above held-out texts "
        "where these were asked), and by how much the share of prompts after which training text comes back differs, "
        "record by record:"
    )


def lowering_line(row: Lowering) -> str:
    """What one change did to the share of prompts."""
    said = "less" if row.high < 0 else "more" if row.low > 0 else "no difference is shown"
    return (
        f"{row.change}: {row.difference:+.2f} points [{row.low:+.2f}, {row.high:+.2f}], {said} (n = {row.n:,}, p = "
        f"{row.p_holm:.2g})"
    )


def short(verdict: Verdict) -> Iterator[tuple[str, Answer | None]]:
    """The lines at the end of a run, each with the answer that it gives, if any."""
    yield f"{verdict.study}: {headline(verdict)}", verdict.answer
    for measure in verdict.measures:
        needed = f"; n needed: {measure.n_needed:,}" if measure.n_needed is not None else ""
        why = f" ({measure.why})" if measure.answer == "cannot tell" and measure.why else ""
        yield f"  {measure.answer:11} {sentence(measure)}{needed}{why}", measure.answer
