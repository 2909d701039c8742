"""A study's attacks of membership inference: one row per model in a state, dataset and attack."""

from __future__ import annotations

from collections.abc import Sequence

from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.query import query
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, coverage, in_state, intervals, varying
from memorization.schemas.attacks import AttackColumns
from memorization.schemas.schema import StudyTable
from memorization.studies.membership.headings import HEADINGS, ORDER, without_distribution

PACKAGES = ("duckdb",)
"""What a sheet is computed by, for its manifest."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `query`, `attacks`."""
    study = context.options["study"]
    tidy = query(
        files["query"][0],
        {"attacks": files["attacks"]},
        study=context.study,
        attacks=list(ORDER),
        **{axis: study[axis] for axis in ("datasets", "models", "states")},
    )
    rows = tidy.to_pylist()
    return Sheet(
        MembershipStudyTable, tidy, layout(rows, context), context.heading, caption(rows, context), context.label
    )


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One line per row; what cannot be measured says how many inputs it takes."""
    lines: list[dict[str, Cell]] = []
    previous = None
    for row in rows:
        lines.append(
            {
                "Dataset": cells.text("" if row["dataset"] == previous else context.dataset(row["dataset"])),
                "Model": cells.text(in_state(context.model(row["model"]), row["state"], rows)),
                **{VARYING[name]: cells.text(row[name]) for name in varying(rows)},
                "Attack": cells.text(HEADINGS[row["attack"]]),
                "AUC": _area(row, "auc"),
                "TPR at 1% FPR": _tpr(row, "tpr_1"),
                "TPR at 0.1% FPR": _tpr(row, "tpr_01"),
                "AUC over blind": _over(row),
                "Differ by themselves": Cell() if row["differ"] is None else cells.yes(row["differ"]),
                "Training rows": _rows(row["members"], row["member_inputs"]),
                "Held-out rows": _rows(row["controls"], row["control_inputs"]),
            }
        )
        previous = row["dataset"]
    return lines


def _area(row: Row, name: str) -> Cell:
    value, low, high = (row[f"{name}{part}"] for part in ("", "_low", "_high"))
    return cells.interval(value, low, high, digits=3)


def _tpr(row: Row, name: str) -> Cell:
    if row[name] is None:
        return cells.text(row[f"{name}_reason"])
    return cells.percent_interval(row, (name, f"{name}_low", f"{name}_high"), digits=1)


def _over(row: Row) -> Cell:
    value, low, high = (row[f"over_blind{part}"] for part in ("", "_low", "_high"))
    if value is None:
        return Cell()
    shown = f"{cells.signed(value, 3)} [{cells.signed(low, 3)}, {cells.signed(high, 3)}]"
    return Cell(shown, value, low, high)


def _rows(rows: int, inputs: int) -> Cell:
    shown = f"{rows:,}" if rows == inputs else f"{rows:,} ({inputs:,} input{'s' * (inputs != 1)})"
    return Cell(shown, rows, unit="rows")


def caption(rows: Sequence[Row], context: Context) -> str:
    """What the numbers are, what they are blind to, and where they mean nothing by themselves."""
    parts = [
        "Whether rows that a model was trained on are told from held-out rows of the test split by what the model "
        "assigns to them. AUC: the chance that a training row's score is above a held-out row's; 0.5 is chance. TPR at "
        "1% FPR: the share of training rows that are found where one held-out row in a hundred is taken for one; "
        f"chance finds as many, 1%. With {intervals(context.statistics)}; inputs are resampled, each with all of its "
        "rows. With n different held-out inputs no FPR below 1/n can be measured.",
        "Attacks: loss (mean per token); loss of the base model minus it; bits that the model needs for the text over "
        "bits that zlib needs; Min-K% (Shi et al., 2024) and Min-K%++ (Zhang et al., 2025), of the least likely "
        "tokens.",
        "Blind: a classifier of the words of the same texts, cross-validated, that has seen no model; its interval is "
        "widened for what its folds share. AUC over blind: minus the baseline's, or minus 0.5 where that is lower.",
    ]
    differing = list(dict.fromkeys(row["dataset"] for row in rows if row["differ"]))
    if differing:
        names = ", ".join(context.dataset(name) for name in differing)
        parts.append(
            f"Training rows and held-out rows of {names} differ by themselves: the blind baseline tells them apart "
            f"(its {coverage(context.statistics)} lies above 0.5). There the AUC of an attack means nothing by itself; "
            "only what it is over the blind one may come from the model."
        )
    if any(row["blind_auc"] is None for row in rows):
        parts.append("Where the baseline is missing, there are too few inputs for it.")
    if without_distribution(rows):
        parts.append(
            "Min-K%++ is missing of models that can only be asked: it takes the probabilities of all tokens, and a "
            "server gives those of the text's own. Their end tokens are not scored."
        )
    if any(row["state"] == "base" for row in rows):
        parts.append("A base model was not trained on either: what its attacks find is no memory of fine-tuning.")
    parts.append(
        "One training, and attacks that train no further models: stronger ones find more, so a low number clears "
        "nothing."
    )
    return " ".join(parts)


class MembershipStudyTable(StudyTable, AttackColumns):
    """A study's attacks: one row per model in a state, dataset and attack."""

    name = "membership_table"
