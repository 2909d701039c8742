"""The clearest cases of each type: generated and training text side by side, aligned parts marked (Table 22)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from memorization.detection.entities import Find, Span, words_of
from memorization.detection.spans import RunTexts
from memorization.schemas.outcomes import STRENGTH


@dataclass(frozen=True)
class Case:
    """A match that decided a probe's outcome: both texts, and where they are aligned (characters).

    `run` contains the run's coordinates; `probability` is the classifier's for a paraphrase, None for other types.
    """

    run: Mapping[str, Any]
    probe: int
    type: str
    generation: str
    generation_span: tuple[int, int]
    training: str
    training_span: tuple[int, int]
    probability: float | None

    @property
    def aligned(self) -> tuple[str, str]:
        """The aligned passages: generated and training text."""
        return self.generation[slice(*self.generation_span)], self.training[slice(*self.training_span)]

    def clarity(self) -> tuple[float, int]:
        """The key that cases are ranked by: a clearer case has a higher one; the shorter passage's length comes last.

        For paraphrases the classifier's probability times the ratio of the passages' lengths comes first: the
        classifier judges pairs of sentences, and its probability is high already where one sentence of a passage ten
        times as long is paraphrased.
        """
        shorter, longer = sorted(map(len, self.aligned))
        return (self.probability or 0.0) * shorter / longer, shorter


def cases_of(run: Mapping[str, Any], outcomes: pa.Table, texts: RunTexts) -> list[Case]:
    """Every case of a run, from its table of schema `outcomes` and its texts.

    A match that only repeats the probe's own prefix is no case.
    """
    cases = []
    for row in outcomes.to_pylist():
        if row["outcome"] == "none":
            continue
        case = Case(
            run,
            row["probe"],
            row["outcome"],
            texts.generations[row["probe"]],
            (row["generation_start"], row["generation_start"] + row["generation_length"]),
            texts.suffixes[row["document"]],
            (row["suffix_start"], row["suffix_start"] + row["suffix_length"]),
            row["paraphrase_probability"],
        )
        if f" {words_of(case.aligned[0])} " not in f" {words_of(texts.prefixes[row['probe']])} ":
            cases.append(case)
    return cases


def clearest(cases: Iterable[Case], each: int) -> list[Case]:
    """At most `each` cases of every type, the clearest first; a training passage is shown once."""
    chosen: list[Case] = []
    shown: set[str] = set()
    # Sorting is stable: equally clear cases keep their order.
    ranked = sorted(cases, key=lambda case: case.clarity(), reverse=True)
    for kind in STRENGTH:
        taken = 0
        for case in ranked:
            passage = words_of(case.aligned[1])
            if case.type == kind and passage not in shown and taken < each:
                shown.add(passage)
                chosen.append(case)
                taken += 1
    return chosen


def excerpt(text: str, span: tuple[int, int], context: int) -> tuple[str, tuple[int, int]]:
    """The span of a text with at most `context` characters on each side, cut between words, and its new place."""
    before, after = text[max(0, span[0] - context) : span[0]], text[span[1] : span[1] + context]
    if len(before) < span[0]:
        before = "…" + before.partition(" ")[2]
    if span[1] + len(after) < len(text):
        after = after.rpartition(" ")[0] + "…"
    aligned = text[slice(*span)]
    return before + aligned + after, (len(before), len(before) + len(aligned))


def masked(text: str, span: tuple[int, int], entities: Iterable[Span]) -> tuple[str, str, str]:
    """The text before, in and after the span, with each entity replaced by its type in brackets, as [PER]."""
    shown = list(text)
    done = 0
    for kind, start, end in sorted(entities, key=lambda entity: entity[1:]):
        if start >= done:
            shown[start:end] = [f"[{kind.upper()}]"] + [""] * (end - start - 1)
            done = end
    start, end = span
    return "".join(shown[:start]), "".join(shown[start:end]), "".join(shown[end:])


def case_rows(cases: Sequence[Case], context: int, find: Find | None) -> list[dict[str, Any]]:
    """One row per case, in their order: the columns of the displayed table `cases` without study and label.

    Excerpts have at most `context` characters on each side of the aligned passage; the entities that `find` returns for
    them are masked.
    """
    sides: list[tuple[str, tuple[int, int]]] = []
    for case in cases:
        sides.append(excerpt(case.generation, case.generation_span, context))
        sides.append(excerpt(case.training, case.training_span, context))
    texts = sorted({text for text, _ in sides})
    entities = dict(zip(texts, find(texts), strict=True)) if find is not None and texts else {}
    rows = []
    for number, case in enumerate(cases):
        row: dict[str, Any] = {**case.run, "type": case.type, "probe": case.probe}
        row["probability"] = case.probability
        for name, (text, span) in zip(("generation", "training"), sides[2 * number : 2 * number + 2], strict=True):
            before, aligned, after = masked(text, span, entities.get(text, ()))
            row |= {f"{name}_before": before, f"{name}_aligned": aligned, f"{name}_after": after}
        rows.append(row)
    return rows
