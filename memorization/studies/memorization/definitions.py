"""The same generations by the literature's other definitions: one row per run, one column per definition.

Sources of the definitions are in the caption.
"""

from __future__ import annotations

from collections.abc import Sequence

from memorization.report import cells
from memorization.report.cells import Cell
from memorization.report.context import Context, Files, Row
from memorization.report.groups import side_by_side
from memorization.report.query import axes, query
from memorization.report.sheet import Sheet
from memorization.report.words import VARYING, in_state, intervals, prompts, sources, varying
from memorization.schemas.definition_rates import DefinitionRatesTable
from memorization.schemas.run import RunColumns
from memorization.schemas.schema import StudyTable

PACKAGES = ("duckdb",)
"""What a sheet is computed by, for its manifest."""

HEADINGS = {
    "extractable": "Extractable",
    "approximate": "BLEU > {bleu:g}",
    "copies_input": "Copies an input",
    "copies_target": "Copies a target",
    "equal_tokens": "Equal tokens",
    "longest_equal_run": "Longest run (tokens)",
    "longest_common_substring": "Longest run (characters)",
    "bleu": "BLEU",
    "edit_similarity": "Edit similarity",
    "rouge_l": "ROUGE-L",
    "comparable": "Comparable",
    "shared_prefix": "Shared prefix",
    "match_in_prefix": "Match in prefix",
}
"""Headings by definition, in the table's order; they may name a threshold."""

RATES = ("extractable", "approximate", "copies_input", "copies_target")
"""What counts as memorization, and so is shown with its interval."""


def sheet(files: Files, context: Context) -> Sheet:
    """The sheet of a study; files: `query`, `rates` (schema `definition_rates`)."""
    study = context.options["study"]
    tidy = query(
        files["query"][0],
        {"rates": files["rates"]},
        study=context.study,
        **axes(study),
        definitions=list(HEADINGS),
    )
    rows = tidy.to_pylist()
    return Sheet(MemorizationDefinitionsTable, tidy, layout(rows, context), "", caption(rows, context), context.label)


def layout(rows: Sequence[Row], context: Context) -> list[dict[str, Cell]]:
    """One row per run with the definitions side by side."""
    lines = []
    for run in side_by_side(rows, RunColumns.columns(), "definition"):
        # Whether a probe is comparable is known of every probe.
        first = run["comparable"]
        line = {
            "Dataset": cells.text(context.dataset(first["dataset"])),
            "Model": cells.text(in_state(context.model(first["model"]), first["state"], rows)),
            **{VARYING[name]: cells.text(first[name]) for name in varying(rows)},
            **{
                heading.format(**context.options["definitions"]): estimate(run[name])
                for name, heading in HEADINGS.items()
            },
            "n": cells.probes(first["n"], first["prefixes"]),
        }
        lines.append(line)
    return lines


def estimate(row: Row) -> Cell:
    """A rate with its interval in percent, other fractions in percent, lengths unchanged; `-` without probes."""
    if row["value"] is None:
        return cells.text("-")
    if row["definition"] in RATES:
        return cells.rate(row, "value")
    return cells.percent(row["value"]) if row["unit"] == "fraction" else cells.number(row["value"], 1, row["unit"])


def caption(rows: Sequence[Row], context: Context) -> str:
    """What each definition is and where it comes from, in one paragraph."""
    definitions = context.options["definitions"]
    m, bleu = definitions["tokens"], definitions["bleu"]
    return (
        f"Other definitions of memorization on the same n probes ({sources(rows)}). Against the probe's own suffix: "
        f"extractable (Carlini et al., 2021, 2023): the first {m} tokens of the generation are the suffix's, in "
        "percent of the comparable probes, whose suffix and decoding have so many. "
        f"BLEU > {bleu:g}: approximate memorization (Ippolito et al., 2023). Against all that was trained on (as Nasr "
        f"et al., 2023): generations that hold {definitions['passage']} characters in a row of any training input, or "
        "of any training target, and not in the prefix that they were asked with; white space and case aside. "
        f"These four with {intervals(context.statistics)}; those of the other columns are in the .parquet and .csv "
        "files; where no probe counts, the exact (Clopper-Pearson) upper bound is in parentheses. "
        "Means over probes, against the own suffix again: tokens equal from the first one on; longest run of tokens, "
        f"and of characters, that stands in both whole texts; and on the first {m} tokens of both, or as many as there "
        "can be, BLEU (Papineni et al., 2002), edit similarity (1 - Levenshtein distance / characters of the longer "
        "text) and ROUGE-L (F-measure; Lin, 2004). "
        "Shared prefix: probes whose prefix stands in another training input too. Match in prefix: of the detector's "
        f"matches, those that lie wholly in the prompt's own prefix. {prompts(rows)}"
    ).strip()


class MemorizationDefinitionsTable(StudyTable, DefinitionRatesTable):
    """A study's estimates by the other definitions: one row per run and definition."""

    name = "memorization_definitions"
