import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from memorization import storage
from memorization.report import definitions_table, tables
from memorization.statistics import DEFINITIONS, estimates, table_of

SQL = Path(__file__).resolve().parents[2] / "workflow/queries/definitions.sql"
STATISTICS = {"draws": 200, "low": 0.025, "high": 0.975, "seed": 0}
SETTINGS = {"tokens": 40, "bleu": 0.8, "passage": 60}
TITLES = {"datasets": {"news": "Multi-news"}, "models": {"t5": "T5_base"}}
LABEL = "Demonstration: 100% made up"


def estimated(model: str, dataset: str, state: str, n: int = 20, **columns: list[Any]) -> pa.Table:
    schema = storage.SCHEMAS["definitions"]
    found = {field.name: [False if pa.types.is_boolean(field.type) else 0] * n for field in schema} | columns
    run = {"dataset": dataset, "task": "qa", "model": model, "state": state, "epoch": 0 if state == "base" else 3}
    run |= {"population": "member", "prefix_tokens": 50, "decoding": "greedy"}
    return table_of(estimates(pa.table(found, schema=schema), **STATISTICS), run, "definition_rates")


def queried(folder: Path, parts: list[pa.Table]) -> pa.Table:
    files = [folder / f"part={number}.parquet" for number in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        storage.write_table(file, "definition_rates", part, {})
    names = {"datasets": ["news", "chat"], "models": ["t5", "gpt"], "definitions": list(definitions_table.HEADINGS)}
    names |= {"states": ["base", "full"], "decodings": ["greedy"]}
    return tables.query(SQL, {"rates": files}, study="disparity", **names)


@pytest.fixture
def table(tmp_path: Path) -> pa.Table:
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
    return queried(tmp_path, parts)


def write(table: pa.Table, output: Path) -> Path:
    definitions_table.write(table, TITLES, LABEL, STATISTICS, SETTINGS, {"rule": "definitions_table"}, output)
    return output


def test_every_estimated_definition_has_a_heading_in_the_same_order() -> None:
    assert tuple(definitions_table.HEADINGS) == DEFINITIONS


def test_rows_stand_in_the_order_of_the_study(tmp_path: Path) -> None:
    runs = [
        (model, dataset, state) for model in ("t5", "gpt") for dataset in ("news", "chat") for state in ("base", "full")
    ]
    found = queried(tmp_path, [estimated(*run) for run in runs[::-1]]).to_pylist()
    assert [(r["model"], r["dataset"], r["state"], r["definition"]) for r in found] == [
        (*run, definition) for run in runs for definition in DEFINITIONS
    ]


def test_values_of_the_runs_come_through_the_query_unchanged(tmp_path: Path) -> None:
    part = estimated("t5", "news", "full", approximate=[True] * 7 + [False] * 13)
    expected = [{"study": "disparity", **row} for row in part.to_pylist()]
    assert queried(tmp_path, [part]).to_pylist() == expected


def test_tidy_tables_have_exactly_the_columns_of_the_schema(tmp_path: Path, table: pa.Table) -> None:
    output = write(table, tmp_path / "disparity-definitions")
    parquet = storage.read(output.with_name("disparity-definitions.parquet"), "definitions_table")
    assert parquet.schema.equals(storage.SCHEMAS["definitions_table"])
    with output.with_name("disparity-definitions.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == storage.SCHEMAS["definitions_table"].names
    for one, other in zip(rows, parquet.to_pylist(), strict=True):
        assert (float(one["value"]) if one["value"] else None) == other["value"]
        assert one["label"] == other["label"] == LABEL
    assert {file.suffix for file in tmp_path.glob("disparity-definitions.*")} == {
        ".parquet",
        ".csv",
        ".md",
        ".tex",
        ".html",
    }


def test_the_table_for_people_has_a_line_a_state(tmp_path: Path, table: pa.Table) -> None:
    text = write(table, tmp_path / "t").with_name("t.md").read_text(encoding="utf-8")
    assert text.startswith(f"**{LABEL}**\n\n|")
    heading, _, base, fine_tuned = (
        [cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")
    )
    assert heading[:4] == ["Dataset", "Model", "Extractable", "BLEU > 0.8"]
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


def test_the_caption_says_what_each_definition_is(table: pa.Table) -> None:
    said = definitions_table.caption(table.to_pylist(), STATISTICS, SETTINGS)
    for part in (
        "Carlini et al.",
        "first 40 tokens",
        "BLEU > 0.8",
        "Ippolito et al., 2023",
        "Lin, 2004",
        "95% bootstrap",
    ):
        assert part in said


def test_latex_stands_for_itself(tmp_path: Path, table: pa.Table) -> None:
    text = write(table, tmp_path / "t").with_name("t.tex").read_text(encoding="utf-8")
    assert r"T5\_base (base)" in text
    assert r"BLEU \textgreater{} 0.8: approximate" in text
    assert not {">", "≤"} & set(text.replace(r"\ensuremath{>}", ""))
