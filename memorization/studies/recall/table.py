"""How many disguised suffixes the detector finds: one row per dataset, profile of the aligner and disguise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pyarrow as pa

from memorization import storage
from memorization.config.project import Statistics
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.groups import side_by_side
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, intervals, varying
from memorization.schemas.recall import RecallTable
from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column, StudyTable
from memorization.studies.recall.headings import disguise_name
from memorization.studies.recall.shares import OWN, shares

PACKAGES = ("numpy", "scipy")
"""What a sheet is computed by, for its manifest."""

COORDINATES = ("dataset", "model", "prefix_tokens", "tokens", "profile", "population")

MEANINGS = {
    "copy": "Copy: the suffix itself.",
    "dropped": "Words dropped: these are left out.",
    "swapped": "Words swapped: these change places, in pairs, anywhere in the text.",
    "reordered": "Sentences reordered: all sentences, in another order.",
    "halves": "Halves of sentences swapped: of every sentence the second half comes first.",
    "followed": "Other text behind: the prefix of another input, which no suffix contains, follows.",
    "preceded": "Other text before: it comes first.",
    "condensed": "First sentences: these alone are kept, one at least.",
}
"""What a kind of disguise is, for the caption."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `recall` of the cells in the option `cells`."""
    options, settings = context.options, Statistics.model_validate(context.statistics)
    rows = [
        {"study": context.study} | {name: cell[name] for name in COORDINATES} | asdict(share)
        for cell, file in zip(options["cells"], files["recall"], strict=True)
        for share in shares(
            storage.read(file, RecallTable),
            options["study"]["disguises"] if cell["population"] == "member" else ["copy"],
            settings,
            options["classified"],
        )
        if cell["population"] == "member" or share.category != OWN
    ]
    tidy = pa.Table.from_pylist(rows, schema=RecallStudyTable.unlabelled())
    shown = layout(rows, context)
    return Sheet(RecallStudyTable, tidy, shown, context.heading, caption(rows, context), context.label)


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per cell and disguise with the categories side by side; coordinates that do not vary are left out."""
    several = len({row["model"] for row in rows}) > 1
    coordinates = varying(rows)
    lines = []
    for found in side_by_side(rows, (*COORDINATES, "disguise"), "category"):
        total = found["total"]
        lines.append(
            {
                "Dataset": cells.text(context.dataset(total["dataset"])),
                **({"Tokenizer": cells.text(context.model(total["model"]))} if several else {}),
                **{VARYING[name]: cells.text(total[name]) for name in coordinates},
                "Disguise": cells.text(disguise_name(total)),
                "Found": cells.rate(total, "value"),
                "Own suffix": cells.rate(found[OWN], "value") if total["population"] == "member" else Cell(),
                "Verbatim": cells.rate(found["verbatim"], "value"),
                "Changed": cells.percent(total["changed"], digits=0),
                "Characters": cells.number(total["characters"], 0, "characters"),
                "n": cells.count(total["n"], "probes"),
            }
        )
    return lines


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the numbers are, in one paragraph."""
    study = context.options["study"]
    kinds = dict.fromkeys(row["change"] for row in rows if row["population"] == "member")
    profiles = ", ".join(dict.fromkeys(row["profile"] for row in rows))
    parts = [
        f"Recall of the detector (aligner: {profiles}): true suffixes of training inputs, cut to {study['tokens']} "
        "tokens and disguised, take the place of a model's texts. Found: percent of n probes with any match, with "
        f"{intervals(context.statistics)}; where none is found, the exact (Clopper-Pearson) upper bound stands in "
        "parentheses. A model that gave back every suffix in such a form would have this rate and no higher one. Own "
        "suffix: the match that decides is with the probe's own suffix, and not with another one that contains the "
        "same passage. Verbatim: the outcome is verbatim. Disguises are drawn by a seed.",
        *(MEANINGS[kind] for kind in kinds),
        "Changed: texts that the disguise changes at all; where there is one sentence, none can be reordered.",
    ]
    if any(row["population"] == "control" for row in rows):
        parts.append(
            "Unrelated text: suffixes of test inputs, unchanged, searched in those of the training inputs. None of "
            "them was trained on, and what is found of them are false alarms: phrases that both share, or an input "
            "that is in both splits."
        )
    if any(row["category"] == "total" and row["n"] > row["input_texts"] for row in rows):
        parts.append("Where probes share an input text, texts are resampled, each with all of its probes.")
    return " ".join(parts)


class RecallStudyTable(StudyTable):
    """A study's recall: one row per cell, disguise and category."""

    name = "recall_table"

    dataset = Column(TEXT, "")
    """dataset"""
    model = Column(TEXT, "")
    """base model whose tokenizer cuts"""
    prefix_tokens = Column(INT32, "tokens")
    """prefix length asked for"""
    tokens = Column(INT32, "tokens")
    """at most so many first tokens of a suffix"""
    profile = Column(TEXT, "")
    """profile of the aligner"""
    population = Column(TEXT, "")
    """member (disguised suffixes of the train split) or control (suffixes of the test split, for false alarms)"""
    n = Column(INT64, "probes")
    """probes whose suffixes are searched for"""
    count = Column(INT64, "probes")
    """probes that count"""
    value = Column(FLOAT64, "fraction")
    """count / n: recall where the category is total, for controls the rate of false alarms"""
    low = Column(FLOAT64, "fraction")
    """lower bound of the bootstrap interval"""
    high = Column(FLOAT64, "fraction")
    """upper bound of the bootstrap interval"""
    exact_low = Column(FLOAT64, "fraction")
    """lower Clopper-Pearson bound"""
    exact_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
    disguise = Column(TEXT, "")
    """name of the disguise; controls are copies"""
    change = Column(TEXT, "")
    """what the disguise does"""
    amount = Column(FLOAT64, "fraction")
    """fraction of the words that it changes, or of the sentences that it keeps; 1 where it has none"""
    category = Column(TEXT, "")
    """total, verbatim, idea, paraphrase, paraphrase_high or paraphrase_low; own_suffix where the probe's own suffix
    decides
    """
    changed = Column(FLOAT64, "fraction")
    """texts that the disguise changes by more than white space"""
    characters = Column(FLOAT64, "characters")
    """mean length of the disguised texts"""
    input_texts = Column(INT64, "texts")
    """different inputs of the probes"""
