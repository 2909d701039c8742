"""How much models know of planted secrets: one row per model in a state, form and number of copies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict

import pyarrow as pa

from memorization import storage
from memorization.config.project import Statistics
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, in_state, intervals, varying
from memorization.schemas.canaries import CanariesTable
from memorization.schemas.run import StateColumns
from memorization.schemas.schema import FLOAT64, INT32, INT64, TEXT, Column, Nullable, StudyTable
from memorization.studies.canaries.doses import doses
from memorization.studies.canaries.exposure import CONFIDENCE, GUESSED_FROM

PACKAGES = ("numpy", "scipy")
"""What a sheet is computed by, for its manifest."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `canaries` of the cells in the option `cells`."""
    settings, options = Statistics.model_validate(context.statistics), context.options
    rows = [
        {"study": context.study, "task": options["tasks"][cell["dataset"]], **cell, **asdict(dose)}
        for cell, file in zip(options["cells"], files["canaries"], strict=True)
        for dose in doses(storage.read(file, CanariesTable), settings)
    ]
    tidy = pa.Table.from_pylist(rows, schema=CanariesStudyTable.unlabelled())
    return Sheet(
        CanariesStudyTable, tidy, layout(rows, context), context.heading, caption(rows, context), context.label
    )


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One line per row; coordinates and forms that do not vary are left out."""
    coordinates = varying(rows)
    several = len({row["form"] for row in rows}) > 1
    return [
        {
            "Dataset": cells.text(context.dataset(row["dataset"])),
            "Model": cells.text(in_state(context.model(row["model"]), row["state"], rows)),
            **{VARYING[name]: cells.text(row[name]) for name in coordinates},
            **({"Form": cells.text(row["form"])} if several else {}),
            "Copies": cells.count(row["copies"], "rows") if row["copies"] else cells.text("held out"),
            "Exposure (bits)": _exposure(row),
            "Rank 1": _share(row, "rank_one"),
            "Extracted": _share(row, "extracted"),
            "ε": _epsilon(row),
            "n": cells.count(row["n"], "canaries"),
        }
        for row in rows
    ]


def _exposure(row: Row) -> Cell:
    cell = cells.interval(row["exposure"], row["exposure_low"], row["exposure_high"])
    return Cell(cell.text, cell.value, cell.low, cell.high, "bits")


def _share(row: Row, name: str) -> Cell:
    return cells.percent_interval(row, (name, f"{name}_low", f"{name}_high"))


def _epsilon(row: Row) -> Cell:
    if row["epsilon"] is None:
        return cells.text("-" if row["copies"] else None)
    return Cell(f"≥ {row['epsilon']:.2f} ({row['right_guesses']} of {row['guesses']})", row["epsilon"])


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the numbers are, in one paragraph."""
    forms = {row["form"]: row for row in rows}
    uniform = dict.fromkeys(f"{row['uniform_exposure']:.2f}" for row in forms.values())
    reasons = dict.fromkeys(row["epsilon_reason"] for row in rows if row["epsilon_reason"])
    coverage = 100 * (context.statistics["high"] - context.statistics["low"])
    return " ".join(
        [
            "What models know of made-up secrets that were planted in their training rows. Exposure: log2 |R| - log2 "
            "rank, the rank of the secret by its probability among others of its form R (Carlini et al., 2019), mean "
            f"of n canaries with {intervals(context.statistics)}.",
            *(_ranked(form, row) for form, row in forms.items()),
            "Held out: canaries of the same draw that a coin kept out of the training rows, the floor. Of secrets that "
            f"a model has never seen, every rank is equally likely, with a mean of {', '.join(uniform)} bits. Rank 1: "
            "no other secret is as likely. Extracted: greedy decoding of the row up to the secret writes it. Both with "
            f"exact (Clopper-Pearson) {coverage:g}% intervals.",
            f"ε: what the training's privacy loss is at least, with {100 * CONFIDENCE:g}% confidence and δ = 0, for so "
            "many rows together as there are copies (Steinke et al., 2023): of the canaries with an exposure of "
            f"{GUESSED_FROM:g} bits or more, guessed to be in, so many are. A bound of 0 proves nothing.",
            *(f"No bound (-): {reason}." for reason in reasons),
        ]
    )


def _ranked(form: str, row: Row) -> str:
    """What the secrets of a form are ranked among."""
    if row["candidates"] == row["space"]:
        return f"Secrets of form {form} are ranked among all {row['candidates']:,}."
    return (
        f"Secrets of form {form} are ranked among {row['candidates']:,}, drawn of {row['space']:.3g}: exposures above "
        f"{math.log2(row['candidates']):.1f} bits are not seen."
    )


class CanariesStudyTable(StudyTable, StateColumns):
    """A study's canaries: one row per model in a state, dataset, form and number of copies."""

    name = "canaries_table"

    form = Column(TEXT, "")
    """form of the secrets"""
    copies = Column(INT32, "rows")
    """training rows that contain each; 0: they were held out"""
    space = Column(FLOAT64, "secrets")
    """|R|: possible secrets of the form"""
    candidates = Column(INT64, "secrets")
    """secrets that each is ranked among, itself included; fewer than |R|: a sample"""
    n = Column(INT64, "canaries")
    """canaries of this form with so many copies"""
    exposure = Column(FLOAT64, "bits")
    """mean of log2 candidates - log2 rank"""
    exposure_low = Nullable(FLOAT64, "bits")
    """lower bound of its bootstrap interval; null for one canary"""
    exposure_high = Nullable(FLOAT64, "bits")
    """upper bound of its bootstrap interval; null for one canary"""
    uniform_exposure = Column(FLOAT64, "bits")
    """its mean where every rank is equally likely, as for secrets that the model has never seen"""
    rank_one = Column(FLOAT64, "fraction")
    """share of canaries that no candidate is as likely as"""
    rank_one_low = Column(FLOAT64, "fraction")
    """lower Clopper-Pearson bound"""
    rank_one_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
    extracted = Column(FLOAT64, "fraction")
    """share of canaries that greedy decoding of the row up to the secret writes"""
    extracted_low = Column(FLOAT64, "fraction")
    """lower Clopper-Pearson bound"""
    extracted_high = Column(FLOAT64, "fraction")
    """upper Clopper-Pearson bound"""
    guesses = Nullable(INT64, "canaries")
    """canaries of this number of copies, in or held out, that are guessed to be in; null for those held out"""
    right_guesses = Nullable(INT64, "canaries")
    """those of them that are in"""
    epsilon = Nullable(FLOAT64, "")
    """lower bound of epsilon for so many rows together, 95% confidence, delta = 0; null where the design has none"""
    epsilon_reason = Nullable(TEXT, "")
    """why there is no bound"""
