"""A study's rates of memorization in the layout of Table 2: one row per run, one column per category."""

from __future__ import annotations

from collections.abc import Sequence

from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.groups import side_by_side
from memorization.report.query import axes, query
from memorization.report.runs import (
    CEILINGS_MEANING,
    MATCHES_MEANING,
    Trained,
    ceiling_cells,
    match_cells,
    training_loss,
    training_rows,
)
from memorization.report.sheet import Sheet
from memorization.report.words import (
    VARYING,
    coordinate,
    in_state,
    intervals,
    prompts,
    searched,
    sources,
    task_heading,
    varying,
)
from memorization.schemas.rates import RatesTable
from memorization.schemas.run import RunColumns
from memorization.schemas.schema import FLOAT64, INT32, INT64, Nullable, StudyTable
from memorization.statistics.rates import categories
from memorization.studies.memorization.headings import category_headings

PACKAGES = ("duckdb",)
"""What a sheet is computed by, for its manifest."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study.

    Files: `query`, `rates`, `means`, `comparisons`, `training` (folders), `published` (one or none).
    """
    study = context.options["study"]
    tidy = query(
        files["query"][0],
        {name: files[name] for name in ("rates", "means", "comparisons")},
        published=next(iter(files.get("published", [])), None),
        study=context.study,
        **axes(study),
        categories=list(categories(classified=True)),
    )
    rows, trained = tidy.to_pylist(), training_rows(files["training"])
    return Sheet(
        MemorizationTable, tidy, layout(rows, trained, context), context.title, caption(rows, context), context.label
    )


def layout(rows: Sequence[Row], trained: Trained, context: Context) -> list[dict[str, Cell]]:
    """One row per run with the categories side by side, and one for its difference from the base model.

    Coordinates that do not vary are left out; task and dataset are written once per model and dataset.
    """
    lines: list[dict[str, Cell]] = []
    previous: tuple[str, str] | None = None
    shown = category_headings(rows, context.options.get("paraphrase"))
    for run in side_by_side(rows, RunColumns.columns(), "category"):
        total = run["total"]
        group = (total["model"], total["dataset"])
        line = {
            "Task": cells.text("" if group == previous else task_heading(total["task"])),
            "Dataset": cells.text("" if group == previous else context.dataset(total["dataset"])),
            "Model": cells.text(in_state(context.model(total["model"]), total["state"], rows)),
            **{VARYING[name]: coordinate_cell(total, name) for name in varying(rows)},
            **{heading: cells.rate(run[category]) for category, heading in shown.items()},
            **match_cells(total),
        }
        if any(row["control_rate"] is not None for row in rows):
            line |= {"Control": cells.control(total), "Above control": cells.difference(total, "over_control")}
        if any(row["entities"] is not None for row in rows):
            line["Entities"] = cells.entities(total)
            if any(row["control_entities"] is not None for row in rows):
                line["Control entities"] = cells.entities(total, "control_")
                line["Entities above control"] = cells.entity_difference(total, "entities_over_control")
        line |= ceiling_cells(total)
        if any(row["prefixes"] < row["n"] for row in rows):
            line |= {"Each prefix once": cells.rate(total, "once_rate", "once_")}
        if any(row["condensing"] for row in rows):
            line |= {"Condensing": cells.count(total["condensing"], "probes")}
        if any(row["published"] is not None for row in rows):
            line |= {"Published": cells.percent(total["published"])}
        line |= {
            "n": cells.probes(total["n"], total["prefixes"]),
            "Tokens": cells.number(total["generated_tokens"], 1, "tokens"),
            "Training loss": cells.number(training_loss(total, trained), 3, "nats/token"),
        }
        lines.append(line)
        if total["over_base"] is not None:
            changes = {heading: cells.difference(run[category], "over_base") for category, heading in shown.items()}
            if "Entities" in line:
                changes["Entities"] = cells.entity_difference(total, "entities_over_base")
            if "Published" in line:
                changes["Published"] = cells.arrow(total["published_over_base"])
            lines.append(dict.fromkeys(line, Cell()) | {"Model": cells.text("Difference")} | changes)
        previous = group
    return lines


def coordinate_cell(row: Row, name: str) -> Cell:
    """The value of a coordinate; the seed of a mean is the word for it, and a base model has none."""
    if name == "seed":
        return cells.text("mean" if row["seed"] is None else "" if row["state"] == "base" else row["seed"])
    return cells.text(coordinate(row, name))


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the numbers are, in one paragraph."""
    paraphrase = context.options.get("paraphrase")
    parts = [
        f"Memorization in percent of n probes ({sources(rows)}), with {intervals(context.statistics)}. "
        f"Where no probe is memorized, the exact (Clopper-Pearson) upper bound is in parentheses. {MATCHES_MEANING}"
    ]
    if meaning := searched(rows):
        parts.append(meaning.strip())
    if any(row["over_base"] is not None for row in rows):
        parts.append("Difference: fine-tuned minus base, paired by probe; stars by McNemar's exact test.")
    if any(row["control_rate"] is not None for row in rows):
        parts.append(
            "Control: the same of test inputs, which no model was trained on, against test suffixes: what the detector "
            "finds there is no memory of training data; stars by Fisher's exact test."
        )
    if any(row["entities"] is not None for row in rows):
        parts.append(
            "Entities: mean number of different names, addresses, numbers and the like that a probe leaks, each in the "
            "passage of a suffix that the generation matches and in the generation, and not in the prefix. They tell a "
            "record from the boilerplate around it, which a control matches too. Their intervals and stars: Student's "
            "t over prompts, which tells nothing where all are alike."
        )
    parts.append(CEILINGS_MEANING)
    if any(row["seed"] is None for row in rows):
        parts.append(
            "Mean: of the trainings with different seeds; its intervals resample trainings, then inputs, and its stars "
            "are those of Student's t with both variances. With three trainings such a 95% interval holds the truth in "
            "88 to 96% of cases."
        )
    if any(row["prefixes"] < row["n"] for row in rows):
        parts.append(
            "Each prefix once: of several probes with one prefix the first alone is counted, n unchanged, as the "
            "paper's authors count; the other columns count every probe."
        )
    if any(row["condensing"] for row in rows):
        parts.append(
            "Condensing: paraphrases among these whose passages of the suffix are at least three times as long as the "
            "generation's; the aligner reports as idea the opposite alone, a generation three times as long as the "
            "passage of the suffix."
        )
    if any(row[name] is not None for row in rows for name in ("over_base", "over_control")):
        parts.append("Stars: p < 0.05 (*), 0.01 (**) or 0.001 (***) after Holm's correction over this table.")
    if shared := prompts(rows):
        parts.append(shared)
    parts.append("Tokens: mean length of the generations. Training loss: mean of the shown epoch, in nats per token.")
    if paraphrase:
        low, high = (f"{paraphrase[key]:g}" for key in ("low", "high"))
        parts.append(
            f"Paraphrase (p>{low}): {paraphrase['title']} gives a pair of sentences of the match a probability of "
            f"equivalence between {low} and {high}; (p<{low}): it gives none."
        )
    return " ".join(parts)


class MemorizationTable(StudyTable, RatesTable):
    """A study's rates: one row per run and category."""

    name = "memorization_table"

    seed = Nullable(INT32, "")
    """seed of the fine-tuning; 0 for base, null for the mean of all seeds of the recipe"""
    control_n = Nullable(INT64, "probes")
    """probes of the control; null without one"""
    control_rate = Nullable(FLOAT64, "fraction")
    """rate of the control; null without one"""
    control_low = Nullable(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    control_high = Nullable(FLOAT64, "fraction")
    """upper bound of its bootstrap interval"""
    control_exact_high = Nullable(FLOAT64, "fraction")
    """its upper Clopper-Pearson bound"""
    over_control = Nullable(FLOAT64, "fraction")
    """rate minus the control's; p by Fisher's exact test"""
    over_control_low = Nullable(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    over_control_high = Nullable(FLOAT64, "fraction")
    """upper bound of its bootstrap interval"""
    over_control_p = Nullable(FLOAT64, "")
    """probability of a difference at least as large where there is none"""
    over_control_p_holm = Nullable(FLOAT64, "")
    """the same, corrected for the study's comparisons of this category"""
    control_entities = Nullable(FLOAT64, "entities")
    """mean number of entities that a probe of the control leaks, of test suffixes; null without one"""
    control_entities_low = Nullable(FLOAT64, "entities")
    """lower bound of its interval"""
    control_entities_high = Nullable(FLOAT64, "entities")
    """upper bound of its interval"""
    entities_over_control = Nullable(FLOAT64, "entities")
    """entities minus the control's; p by Student's t over prompts"""
    entities_over_control_low = Nullable(FLOAT64, "entities")
    """lower bound of its interval; infinite, as the upper one, where several probes of a side have one prompt"""
    entities_over_control_high = Nullable(FLOAT64, "entities")
    """upper bound of its interval"""
    entities_over_control_p = Nullable(FLOAT64, "")
    """probability of a difference at least as large where there is none"""
    entities_over_control_p_holm = Nullable(FLOAT64, "")
    """the same, corrected for the study's comparisons of entities"""
    entities_over_base = Nullable(FLOAT64, "entities")
    """entities minus those before fine-tuning; p by Student's t over prompts"""
    entities_over_base_low = Nullable(FLOAT64, "entities")
    """lower bound of its interval"""
    entities_over_base_high = Nullable(FLOAT64, "entities")
    """upper bound of its interval"""
    entities_over_base_p = Nullable(FLOAT64, "")
    """probability of a difference at least as large where there is none"""
    entities_over_base_p_holm = Nullable(FLOAT64, "")
    """the same, corrected for the study's comparisons of entities"""
    over_base = Nullable(FLOAT64, "fraction")
    """rate minus that before fine-tuning; p by McNemar's exact test"""
    over_base_low = Nullable(FLOAT64, "fraction")
    """lower bound of its bootstrap interval"""
    over_base_high = Nullable(FLOAT64, "fraction")
    """upper bound of its bootstrap interval"""
    over_base_p = Nullable(FLOAT64, "")
    """probability of a difference at least as large where there is none"""
    over_base_p_holm = Nullable(FLOAT64, "")
    """the same, corrected for the study's comparisons of this category"""
    published = Nullable(FLOAT64, "fraction")
    """published rate"""
    published_low = Nullable(FLOAT64, "fraction")
    """its published lower bound"""
    published_high = Nullable(FLOAT64, "fraction")
    """its upper bound"""
    published_over_base = Nullable(FLOAT64, "fraction")
    """published difference from the base model"""
    published_over_base_low = Nullable(FLOAT64, "fraction")
    """its published lower bound"""
    published_over_base_high = Nullable(FLOAT64, "fraction")
    """its upper bound"""
