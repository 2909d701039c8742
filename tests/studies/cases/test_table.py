"""The table of cases: how passages are marked and shortened, and what the caption says of masking."""

import re
from pathlib import Path

import pyarrow as pa
import pytest
from example_cases import case
from sheets import context, run, texts, write_parts, written

from memorization import storage
from memorization.report import formats
from memorization.report.cells import Excerpt
from memorization.report.context import Context
from memorization.report.sheet import Sheet
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.outcomes import OutcomesTable
from memorization.schemas.personal_data import PersonalDataTable
from memorization.schemas.probes import ProbesTable
from memorization.studies.cases import table
from memorization.studies.cases.cases import Case, case_rows
from memorization.studies.cases.table import LONGEST, CasesTable, excerpt, layout


def cases_context(mask: bool = False, runs: int = 0) -> Context:
    options = {"study": {"mask": mask, "each": 3, "context": 50}, "runs": [run("chat", task="dialog")] * runs}
    return context({"chat": "Chat"}, study="cases", title="Table 22", label="", options=options | {"tagger": False})


def sheet_of(cases: list[Case]) -> Sheet:
    rows = [{"study": "cases", **row} for row in case_rows(cases, 50)]
    tidy = pa.Table.from_pylist(rows, schema=CasesTable.unlabelled())
    return Sheet(CasesTable, tidy, layout(rows, cases_context()), "Table 22", "A caption.", "")


def case_files(folder: Path, passage: str) -> dict[str, list[Path]]:
    """Files of a run whose second of two generations contains the passage, which is a suffix, and what is masked."""
    whole = f"He said {passage} again."
    masked = {"type": "email", "start": whole.index("ann@"), "length": len("ann@x.org")}
    matched = {"generation_start": 8, "suffix_start": 8, "generation_length": len(passage)}
    matched |= {"suffix_length": len(passage), "rank": 1, "document": 0, "document_id": "a", "own_suffix": False}
    tables = {
        OutcomesTable: [
            {"probe": 0, "id": "a", "outcome": "none", "spans": 0},
            {"probe": 1, "id": "b", "outcome": "verbatim", "spans": 1, **matched},
        ],
        GenerationsTable: [
            {"probe": probe, "generation": text, "generated_tokens": 9, "at_limit": False}
            for probe, text in enumerate(["Nothing.", whole])
        ],
        ProbesTable: [
            {"probe": probe, "id": identifier, "prefix": "Dear doctor. ", "suffix": suffix, "prefix_characters": 13}
            | {"suffix_characters": len(suffix), "input_text": probe}
            for probe, (identifier, suffix) in enumerate([("a", whole), ("b", "Other words.")])
        ],
    }
    files = {
        schema.name: write_parts(folder, schema, [pa.Table.from_pylist(rows, schema=schema.arrow())])
        for schema, rows in tables.items()
    }
    for name, probe, text in (("personal_data", 1, "generation"), ("probes_personal_data", 0, "suffix")):
        files[name] = write_parts(folder / name, PersonalDataTable, [{"probe": probe, "text": text, **masked}])
    return files


@pytest.mark.parametrize(
    ("mask", "passage", "sentence"),
    [
        (False, "write to ann@x.org today", "Personal data are not masked."),
        (True, "write to [EMAIL] today", "names are not, because no tagger is configured"),
    ],
)
def test_cases_of_the_runs_are_shown_and_masked_where_configured(
    tmp_path: Path, mask: bool, passage: str, sentence: str
) -> None:
    files = case_files(tmp_path, "write to ann@x.org today")
    if not mask:
        del files["personal_data"], files["probes_personal_data"]
    sheet = table.sheet(files, cases_context(mask, runs=1))
    [row] = sheet.tidy.to_pylist()
    assert (row["study"], row["type"], row["probe"], row["generation_aligned"]) == ("cases", "verbatim", 1, passage)
    assert row["generation_aligned"] == row["training_aligned"]
    [line] = sheet.rows
    assert line["Machine-written text"] == Excerpt("He said ", passage, " again.")
    assert texts([{heading: line[heading] for heading in ("Type", "From")}]) == [
        {"Type": "Verbatim", "From": "Chat, t5, full"}
    ]
    assert "The clearest of 1 cases" in sheet.caption
    assert sentence in sheet.caption


def test_aligned_passages_are_marked_in_every_format_and_texts_are_shown_literally(tmp_path: Path) -> None:
    formats.write(sheet_of([case(passage="two\nlines\ue000 <b> 5% | here")]), tmp_path / "cases")
    shown = {ending: (tmp_path / f"cases{ending}").read_text(encoding="utf-8") for ending in (".md", ".html", ".tex")}
    assert r"He said **two lines \<b> 5% \| here** again." in shown[".md"]
    assert "He said <mark>two lines &lt;b&gt; 5% | here</mark> again." in shown[".html"]
    assert r"He said \textbf{two lines \ensuremath{<}b\ensuremath{>} 5\%" in shown[".tex"]
    for text in shown.values():
        assert "Chat, t5, full" in text
    assert storage.read(tmp_path / "cases.parquet", CasesTable).num_rows == 1


def test_spaces_are_outside_of_the_mark() -> None:
    assert excerpt("a", " b ", "c") == Excerpt("a ", "b", " c")


def test_the_middle_of_a_long_passage_is_left_out() -> None:
    words = " ".join(f"word{number}" for number in range(200))
    shown = re.fullmatch(r"(.*) \[…([\d,]+) characters…\] (.*)", excerpt("", words, "").passage, re.DOTALL)
    assert shown is not None
    first, count, last = shown.groups()
    assert words.startswith(f"{first} word")
    assert words.endswith(f" {last}")
    assert int(count.replace(",", "")) == len(words) - len(first) - len(last)
    assert len(first + last) <= LONGEST
    assert f"[…{600:,} characters…]" in excerpt("", "x" * 1200, "").passage


def test_no_case_is_a_table_too(tmp_path: Path) -> None:
    sheet = table.sheet({"outcomes": [], "generations": [], "probes": [], "prompts": []}, cases_context())
    assert "The clearest of 0 cases" in written(sheet, tmp_path / "cases", ".md")
    assert storage.read(tmp_path / "cases.parquet", CasesTable).num_rows == 0
