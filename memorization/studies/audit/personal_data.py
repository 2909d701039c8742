"""What personal data leaks, by type: one row per run and type. Contains no value."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from memorization import storage
from memorization.config.project import Statistics
from memorization.detection.patterns import PATTERN_TYPES
from memorization.detection.personal_data import read_places
from memorization.detection.spans import by_probe
from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, coordinate, in_state, intervals, varying
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.run import GeneratedColumns
from memorization.schemas.schema import FLOAT64, INT32, TEXT, Column, Nullable, StudyTable
from memorization.statistics.clusters import read_clusters
from memorization.studies.audit.leaked_values import (
    ALL,
    RunValues,
    Trained,
    Value,
    joined,
    leaks,
    measures,
    types_of,
    values_of,
)

PACKAGES = ("numpy", "scipy")
"""What a sheet is computed by, for its manifest."""

TAGGED = ("person", "place", "organization")


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study.

    Files, one for each of the option `runs`: `generations`, `personal_data` in them, `prompts`, `searched` with what is
    searched for, and `searched_personal_data`. The option `tagger` says whether there is one.
    """
    settings = Statistics.model_validate(context.statistics)
    trained = functools.lru_cache(4)(_training_values)
    runs = {}
    for number, run in enumerate(context.options["runs"]):
        of_run = {name: paths[number] for name, paths in files.items()}
        runs[_cell(run)] = read_run(of_run, trained(of_run["searched"], of_run["searched_personal_data"], run["side"]))
    kinds = types_of(runs.values(), (*PATTERN_TYPES, *(TAGGED if context.options["tagger"] else ())))
    rows = []
    for run in context.options["runs"]:
        if run["population"] != "member":
            continue
        base = None if run["state"] == "base" else runs.get(_cell({**run, "state": "base", "epoch": 0, "seed": 0}))
        control = runs.get(_cell({**run, "population": "control"}))
        shown = {name: value for name, value in run.items() if name in PersonalDataStudyTable.columns()}
        rows += [
            {"study": context.study, **shown, "type": kind, **measures(runs[_cell(run)], kind, settings, base, control)}
            for kind in kinds
        ]
    tidy = pa.Table.from_pylist(rows, schema=PersonalDataStudyTable.unlabelled())
    rows = tidy.to_pylist()
    return Sheet(
        PersonalDataStudyTable, tidy, layout(rows, context), context.heading, caption(rows, context), context.label
    )


def _cell(run: Mapping[str, Any]) -> tuple[Any, ...]:
    """The coordinates that tell a run from others; the aligner's profile is none of them."""
    return tuple(value for name, value in sorted(run.items()) if name != "profile")


def _training_values(searched: Path, places: Path, side: str) -> dict[int, list[Value]]:
    """Values of what is searched for, by probe: whole inputs (with their targets), or targets alone."""
    spans = read_places(places)
    values = {}
    for row in storage.read(searched, ProbesTable, ["probe", "prefix", "suffix"]).to_pylist():
        prefix, suffix = (spans.get((row["probe"], text), []) for text in ("prefix", "suffix"))
        if side == "target":
            values[row["probe"]] = values_of(row["suffix"], suffix)
        else:
            text = row["prefix"] + row["suffix"]
            values[row["probe"]] = values_of(text, joined(prefix, suffix, len(row["prefix"])))
    return values


def read_run(files: Mapping[str, Path], training: Mapping[int, Sequence[Value]]) -> RunValues:
    """The personal data of a run, from its files (`sheet`) and the values of its training texts by probe."""
    texts = by_probe(storage.read(files["generations"], GenerationsTable, ["probe", "generation"]), "generation")
    prompts = by_probe(storage.read(files["prompts"], ProbesTable, ["probe", "prefix"]), "prefix")
    places, clusters = read_places(files["personal_data"]), read_clusters(files["prompts"])
    trained = Trained.of(training.values())
    generated = [values_of(text, places.get((probe, "generation"), [])) for probe, text in texts.items()]
    return RunValues(
        trained,
        generated,
        [leaks(trained, values, prompts[probe]) for probe, values in zip(texts, generated, strict=True)],
        [leaks(trained, training[probe], prompts[probe]) for probe in texts],
        [clusters[probe] for probe in texts],
    )


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One line per row of which something is in the data or was written; all types together in any case."""
    lines = []
    for row in rows:
        if row["type"] != ALL and not row["training_values"] and not row["generated_values"]:
            continue
        lines.append(
            {
                "Dataset": cells.text(context.dataset(row["dataset"])),
                "Model": cells.text(in_state(context.model(row["model"]), row["state"], rows)),
                **{VARYING[name]: cells.text(coordinate(row, name)) for name in varying(rows)},
                "Type": cells.text(row["type"]),
                "In training texts": _values(row, "training"),
                "Written": _values(row, "generated"),
                "Leaked": cells.count(row["leaked_values"], "values"),
                "Also written elsewhere": (
                    Cell() if row["elsewhere_values"] is None else cells.count(row["elsewhere_values"], "values")
                ),
                "Leaked per 1,000 prompts": _rate(row),
                "Control": _rate(row, "control_"),
                "Above control": _difference(row, "over_control"),
                "Base": _rate(row, "base_"),
                "Above base": _difference(row, "over_base"),
                "If all came back": cells.number(row["own_per_1000"], 1),
                "Prompts": cells.probes(row["n"], row["clusters"]),
            }
        )
    return lines


def _values(row: Row, where: str) -> Cell:
    values, places = row[f"{where}_values"], row[f"{where}_places"]
    return Cell(f"{values:,}" if values == places else f"{values:,} ({places:,} times)", values, unit="values")


def _rate(row: Row, prefix: str = "") -> Cell:
    value, low, high = (row[f"{prefix}{part}"] for part in ("per_1000", "low", "high"))
    if value is None:
        return Cell()
    if value == 0 and not prefix:
        return Cell(f"0.0 (≤ {cells.fixed(row['exact_high'], 1)})", 0.0, 0.0, row["exact_high"], "per 1,000 prompts")
    # Where all prompts are alike, an interval would tell nothing.
    shown = cells.fixed(value, 1) if low == high else cells.interval(value, low, high, digits=1).text
    return Cell(shown, value, low, high, "per 1,000 prompts")


def _difference(row: Row, name: str) -> Cell:
    value, low, high = (row[f"{name}{part}"] for part in ("", "_low", "_high"))
    if value is None:
        return Cell()
    if value == low == high == 0:
        return Cell("-", 0.0, 0.0, 0.0, "per 1,000 prompts")
    shown = f"{cells.signed(value, 1)} [{cells.signed(low, 1)}, {cells.signed(high, 1)}]"
    return Cell(shown, value, low, high, "per 1,000 prompts")


def caption(rows: Sequence[Row], context: Context) -> str:
    """What counts as leaked, what the numbers are blind to, and what they are compared with."""
    parts = [
        "Personal data by type: different values in the training texts that are searched for, and how often; in what "
        "the model wrote; and leaked, which is in a training text and in the generation and not in its prompt. Values "
        "are compared by their digits or letters, not by how they are written. Leaked per 1,000 prompts: different "
        f"values of each generation, with {intervals(context.statistics)} over prompts; where nothing leaked, the "
        "exact bound of prompts that leak anything.",
        "Control: the same model asked with test inputs, and compared with test texts: what the type has in common by "
        "chance. Base: the model before fine-tuning with the same prompts. Also written elsewhere: leaked values that "
        "the base model wrote too, or the same model for test inputs. If all came back: the rate if each generation "
        "were the probe's own text.",
        "Lower bounds: what no pattern knows is not found, nor what a prompt begins and the generation ends."
        + (
            " The tagger errs: see its precision."
            if context.options["tagger"]
            else " Names of persons, places and organizations are not looked for, because no tagger is configured."
        ),
    ]
    if any(row["type"] not in (ALL, *PATTERN_TYPES, *TAGGED) for row in rows):
        parts.append("Other types are the tagger's own.")
    return " ".join(parts)


class PersonalDataStudyTable(StudyTable, GeneratedColumns):
    """What personal data leaks: one row per run, side and type. Rates are values per 1,000 prompts."""

    name = "audit_personal_data"

    prompting = Column(TEXT, "")
    """how the model is asked: bare (the prefix alone), or another prompting"""
    side = Column(TEXT, "")
    """what is searched for: input (whole training inputs), target, or both"""
    type = Column(TEXT, "")
    """type of personal data; `all` for all together"""
    n = Column(INT32, "prompts")
    """number of prompts"""
    clusters = Column(INT32, "prompts")
    """independent observations among them: those with one text or prompt are one"""
    training_values = Column(INT32, "values")
    """different values in the training texts that are searched for"""
    training_places = Column(INT32, "places")
    """how often values stand in those texts"""
    generated_values = Column(INT32, "values")
    """different values in the generations"""
    generated_places = Column(INT32, "places")
    """how often values stand in the generations"""
    leaked = Column(INT32, "values")
    """leaked values, those of each prompt counted once"""
    leaking_prompts = Column(INT32, "prompts")
    """prompts to which any value leaked"""
    leaked_values = Column(INT32, "values")
    """different values that leaked"""
    elsewhere_values = Nullable(INT32, "values")
    """of these, those that the base model wrote too, or the same model for test inputs; null without both"""
    per_1000 = Column(FLOAT64, "values per 1,000 prompts")
    """leaked values per 1,000 prompts"""
    low = Column(FLOAT64, "values per 1,000 prompts")
    """lower end of its interval"""
    high = Column(FLOAT64, "values per 1,000 prompts")
    """upper end of its interval; infinite where all prompts are one observation"""
    exact_high = Column(FLOAT64, "prompts per 1,000 prompts")
    """exact upper bound (Clopper-Pearson) of the prompts to which any value leaks"""
    own_per_1000 = Column(FLOAT64, "values per 1,000 prompts")
    """what would leak if each generation were the probe's own text"""
    control_n = Nullable(INT32, "prompts")
    """prompts of the control (test inputs); null without one"""
    control_per_1000 = Nullable(FLOAT64, "values per 1,000 prompts")
    """leaked values of test texts to them"""
    control_low = Nullable(FLOAT64, "values per 1,000 prompts")
    """lower end of its interval"""
    control_high = Nullable(FLOAT64, "values per 1,000 prompts")
    """upper end of its interval"""
    over_control = Nullable(FLOAT64, "values per 1,000 prompts")
    """`per_1000` minus that of the control"""
    over_control_low = Nullable(FLOAT64, "values per 1,000 prompts")
    """lower end of its interval"""
    over_control_high = Nullable(FLOAT64, "values per 1,000 prompts")
    """upper end of its interval"""
    base_per_1000 = Nullable(FLOAT64, "values per 1,000 prompts")
    """leaked values of the base model with the same prompts; null without that run, and for itself"""
    base_low = Nullable(FLOAT64, "values per 1,000 prompts")
    """lower end of its interval"""
    base_high = Nullable(FLOAT64, "values per 1,000 prompts")
    """upper end of its interval"""
    over_base = Nullable(FLOAT64, "values per 1,000 prompts")
    """`per_1000` minus that of the base model, paired by prompt"""
    over_base_low = Nullable(FLOAT64, "values per 1,000 prompts")
    """lower end of its interval"""
    over_base_high = Nullable(FLOAT64, "values per 1,000 prompts")
    """upper end of its interval"""
