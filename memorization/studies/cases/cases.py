"""The clearest cases of each type: generated and training text side by side, aligned parts marked (Table 22)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from memorization.detection.entities import words_of
from memorization.detection.patterns import Span
from memorization.detection.personal_data import Places
from memorization.detection.spans import RunTexts
from memorization.report.masks import mask
from memorization.schemas.outcomes import STRENGTH


@dataclass(frozen=True)
class Case:
    """A match that decided a probe's outcome: both texts, and where they are aligned (characters).

    `run` contains the run's coordinates; `probability` is the classifier's for a paraphrase, None for other types;
    `generation_masks` and `training_masks` are where personal data is masked.
    """

    run: Mapping[str, Any]
    probe: int
    type: str
    generation: str
    generation_span: tuple[int, int]
    training: str
    training_span: tuple[int, int]
    probability: float | None
    generation_masks: Sequence[Span] = ()
    training_masks: Sequence[Span] = ()

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


def cases_of(run: Mapping[str, Any], outcomes: pa.Table, texts: RunTexts, masks: Places) -> list[Case]:
    """Every case of a run, from its table of schema `outcomes`, its texts, and what is masked in them.

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
            masks.get((row["probe"], "generation"), ()),
            masks.get((row["document"], "suffix"), ()),
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


def masked(text: str, span: tuple[int, int], masks: Iterable[Span], context: int) -> tuple[str, str, str]:
    """The text before, in and after the span, personal data masked, at most `context` characters on each side.

    What reaches over an end of the span counts to where it begins.
    """
    shown = mask(text, masks)
    short, (start, end) = excerpt(shown.text, (shown.place(span[0]), shown.place(span[1])), context)
    return short[:start], short[start:end], short[end:]


def case_rows(cases: Sequence[Case], context: int) -> list[dict[str, Any]]:
    """One row per case, in their order: the columns of the displayed table `cases` without study and label.

    Excerpts have at most `context` characters on each side of the aligned passage.
    """
    rows = []
    for case in cases:
        row: dict[str, Any] = {**case.run, "type": case.type, "probe": case.probe}
        row["probability"] = case.probability
        sides = {
            "generation": (case.generation, case.generation_span, case.generation_masks),
            "training": (case.training, case.training_span, case.training_masks),
        }
        for name, side in sides.items():
            before, aligned, after = masked(*side, context)
            row |= {f"{name}_before": before, f"{name}_aligned": aligned, f"{name}_after": after}
        rows.append(row)
    return rows
