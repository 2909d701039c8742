"""The table of the other definitions: its rows and numbers, the printed lines, and the caption."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sheets import LABEL, STATISTICS, context, csv_and_parquet, markdown_lines, run, sql, write_parts, written

from memorization.report.sheet import Sheet
from memorization.schemas.definition_rates import DefinitionRatesTable
from memorization.schemas.definitions import DefinitionsTable
from memorization.statistics.estimates import DEFINITIONS, estimates
from memorization.studies.memorization import definitions
from memorization.studies.memorization.definitions import MemorizationDefinitionsTable


def estimated(model: str, dataset: str, state: str, n: int = 20, **columns: list[Any]) -> pa.Table:
    """Estimates of a run of n probes, for which all is 0 or False but these columns."""
    schema = DefinitionsTable.arrow()
    values = {field.name: [False if pa.types.is_boolean(field.type) else 0] * n for field in schema} | columns
    coordinates = run(dataset, model, state)
    rows = [coordinates | asdict(each) for each in estimates(pa.table(values, schema=schema), STATISTICS)]
    return pa.Table.from_pylist(rows, schema=DefinitionRatesTable.arrow())


def sheet_of(folder: Path, parts: list[pa.Table]) -> Sheet:
    axes = {"datasets": ["news", "chat"], "models": ["t5", "gpt"], "states": ["base", "full"], "decodings": ["greedy"]}
    axes |= {"promptings": ["bare"], "sides": ["input"], "profiles": None}
    options = {"study": axes, "definitions": {"tokens": 40, "bleu": 0.8, "passage": 60}}
    files = {"query": [sql("memorization", "definitions")], "rates": write_parts(folder, DefinitionRatesTable, parts)}
    return definitions.sheet(
        files, context({"news": "Multi-news"}, {"t5": "T5_base"}, study="disparity", options=options)
    )


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    fine_tuned = {
        "extractable": [True] * 3 + [False] * 9 + [None] * 8,
        "comparable": [True] * 12 + [False] * 8,
        "approximate": [True] * 5 + [False] * 15,
        "equal_tokens": [50] * 3 + [1] * 17,
        "bleu": [0.5] * 20,
        "longest_common_substring": [123] * 20,
        "match_in_prefix": [True, False, False, False] + [None] * 16,
    }
    parts = [
        estimated("t5", "news", "full", **fine_tuned),
        estimated("t5", "news", "base", extractable=[None] * 20, match_in_prefix=[None] * 20),
    ]
    return sheet_of(tmp_path, parts)


def test_every_estimated_definition_has_a_heading_in_the_same_order() -> None:
    assert tuple(definitions.HEADINGS) == DEFINITIONS


def test_rows_are_in_the_order_of_the_study(tmp_path: Path) -> None:
    runs = [
        (model, dataset, state) for model in ("t5", "gpt") for dataset in ("news", "chat") for state in ("base", "full")
    ]
    rows = sheet_of(tmp_path, [estimated(*coordinates) for coordinates in runs[::-1]]).tidy.to_pylist()
    assert [(row["model"], row["dataset"], row["state"], row["definition"]) for row in rows] == [
        (*coordinates, definition) for coordinates in runs for definition in DEFINITIONS
    ]


def test_values_of_the_runs_come_through_the_query_unchanged(tmp_path: Path) -> None:
    part = estimated("t5", "news", "full", approximate=[True] * 7 + [False] * 13)
    expected = [{"study": "disparity", **row} for row in part.to_pylist()]
    assert sheet_of(tmp_path, [part]).tidy.to_pylist() == expected


def test_tidy_files_have_exactly_the_columns_of_the_schema(tmp_path: Path, sheet: Sheet) -> None:
    rows, parquet = csv_and_parquet(sheet, tmp_path / "disparity-definitions")
    assert parquet.schema.equals(MemorizationDefinitionsTable.arrow())
    assert list(rows[0]) == MemorizationDefinitionsTable.arrow().names
    for one, other in zip(rows, parquet.to_pylist(), strict=True):
        assert (float(one["value"]) if one["value"] else None) == other["value"]
        assert one["label"] == other["label"] == LABEL
    assert {file.suffix for file in tmp_path.glob("disparity-definitions.*")} == {
        ".parquet",
        ".csv",
        ".json",
        ".md",
        ".tex",
        ".html",
        ".sha256",
    }


def test_the_printed_table_has_a_line_per_state(tmp_path: Path, sheet: Sheet) -> None:
    markdown = written(sheet, tmp_path / "t", ".md")
    assert markdown.startswith(f"**{LABEL}**\n\n|")
    heading, base, fine_tuned = markdown_lines(markdown)
    assert heading[:4] == ["Dataset", "Model", "Extractable", r"BLEU > 0.8"]
    shown = dict(zip(heading, base, strict=True))
    assert (shown["Dataset"], shown["Model"], shown["n"]) == ("Multi-news", "T5_base (base)", "20")
    assert shown["Extractable"] == shown["Match in prefix"] == "-"
    assert shown["BLEU > 0.8"].startswith("0.00% (≤ ")
    shown = dict(zip(heading, fine_tuned, strict=True))
    assert shown["Model"] == "T5_base (fine-tuned)"
    assert shown["Extractable"].startswith("25.00% [")
    assert shown["Comparable"] == "60.00%"
    assert shown["Equal tokens"] == f"{(3 * 50 + 17) / 20:.1f}"
    assert shown["BLEU"] == "50.00%"
    assert shown["Longest run (characters)"] == "123.0"
    assert shown["Match in prefix"] == "25.00%"


def test_the_caption_describes_each_definition(sheet: Sheet) -> None:
    for part in (
        "Carlini et al.",
        "first 40 tokens",
        "BLEU > 0.8",
        "Ippolito et al., 2023",
        "Lin, 2004",
        "95% bootstrap",
    ):
        assert part in sheet.caption


def test_latex_shows_texts_literally(tmp_path: Path, sheet: Sheet) -> None:
    latex = written(sheet, tmp_path / "t", ".tex")
    assert r"T5\_base (base)" in latex
    assert r"BLEU \textgreater{} 0.8: approximate" in latex
    assert not {">", "≤"} & set(latex.replace(r"\ensuremath{>}", ""))
