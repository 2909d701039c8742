"""Which cases are shown, where they are cut, and what is masked in them."""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from memorization import storage
from memorization.cases import Case, cases_of, clearest, excerpt, masked, table_of
from memorization.detection.entities import Span
from memorization.report import cases_table, tables

RUN = {
    "dataset": "chat",
    "task": "dialog",
    "model": "t5",
    "state": "full",
    "epoch": 3,
    "population": "member",
    "prefix_tokens": 50,
    "decoding": "greedy",
}
TITLES = {"datasets": {"chat": "Chat"}, "models": {}}


def case(kind: str = "verbatim", passage: str = "the same words", probe: int = 0, **changed: Any) -> Case:
    whole = f"He said {passage} again."
    span = (8, 8 + len(passage))
    return Case(RUN, probe, kind, whole, span, whole, span, changed.get("probability"))


def test_a_case_is_the_match_that_decided_and_not_one_that_repeats_its_prompt() -> None:
    suffix = "My name is Ann Lee, and I am ill."
    probes = pa.table({"prefix": ["Dear doctor. ", "I am ill. "], "suffix": ["Nothing.", suffix]})
    generations = ["her name is Ann Lee, and so", "I am ill"]
    row = {"paraphrase_probability": None, "generation_length": 10, "suffix_length": 10, "document": 1}
    outcomes = pa.Table.from_pylist(
        [
            row | {"probe": 0, "outcome": "verbatim", "generation_start": 12, "suffix_start": 11},
            row
            | {"probe": 1, "outcome": "idea", "generation_start": 0, "generation_length": 8}
            | {"suffix_start": 24, "suffix_length": 8},
            {"probe": 2, "outcome": "none"},
        ]
    )
    (found,) = cases_of(RUN, outcomes, generations, probes)
    assert (found.probe, found.type) == (0, "verbatim")
    assert found.aligned == ("Ann Lee, a", "Ann Lee, a")


def test_the_clearest_of_each_type_are_shown_and_a_passage_once() -> None:
    cases = [
        case("idea", "short one", 0),
        case("verbatim", "a rather long passage of text", 1),
        case("verbatim", "A rather long passage, of text", 2),
        case("verbatim", "the longest passage of text that is there", 3),
        case("verbatim", "short", 4),
        case("paraphrase_high", "long but improbable as can be", 5, probability=0.6),
        case("paraphrase_high", "probable", 6, probability=0.9),
    ]
    chosen = [(each.type, each.probe) for each in clearest(cases, 2)]
    assert chosen == [
        ("verbatim", 3),
        ("verbatim", 2),
        ("paraphrase_high", 6),
        ("paraphrase_high", 5),
        ("idea", 0),
    ]
    assert [each.probe for each in clearest(cases, 1)] == [3, 6, 0]


def test_a_paraphrase_of_one_sentence_in_a_long_passage_is_not_a_clear_one() -> None:
    text = "It is a long passage, of which only the first sentence is paraphrased. " + "More. " * 50
    one_sided = Case(RUN, 0, "paraphrase_high", text, (0, 70), text, (0, len(text)), 0.98)
    alike = case("paraphrase_high", "as long as the other", 1, probability=0.9)
    assert clearest([one_sided, alike], 1) == [alike]


@pytest.mark.parametrize(
    ("context", "shown", "marked"),
    [
        (0, "…Ann Lee…", "Ann Lee"),
        (4, "…is Ann Lee,…", "Ann Lee"),
        (7, "…is Ann Lee, and…", "Ann Lee"),
        (100, "my name is Ann Lee, and I am", "Ann Lee"),
    ],
)
def test_excerpts_are_cut_between_words_and_keep_the_aligned_passage(context: int, shown: str, marked: str) -> None:
    text, span = excerpt("my name is Ann Lee, and I am", (11, 18), context)
    assert text == shown
    assert text[slice(*span)] == marked


def test_entities_are_replaced_by_their_type_wherever_they_stand() -> None:
    text = "Ann wrote to bob@x.org on 3 May."
    entities: list[Span] = [("date", 26, 31), ("per", 0, 3), ("email", 13, 22), ("per", 14, 16)]
    assert masked(text, (10, 25), entities) == ("[PER] wrote ", "to [EMAIL] on", " [DATE].")
    # One that reaches over an end of the passage counts to where it begins, and no part of it is left.
    assert masked(text, (15, 28), entities) == ("[PER] wrote to [EMAIL]", " on [DATE]", ".")
    assert masked(text, (0, 3), []) == ("", "Ann", text[3:])


def test_the_table_masks_excerpts_and_never_shows_what_was_found() -> None:
    secret = case(passage="call Ann Lee now")

    def find(texts: Any) -> list[list[Span]]:
        return [[("per", text.index("Ann Lee"), text.index("Ann Lee") + 7)] for text in texts]

    table = table_of([secret], "cases", 50, find)
    assert table.schema.names == storage.SCHEMAS["cases"].names[:-1]
    assert "Ann" not in str(table.to_pylist())
    assert table["generation_aligned"].to_pylist() == table["training_aligned"].to_pylist() == ["call [PER] now"]
    assert "Ann Lee" in str(table_of([secret], "cases", 50, None).to_pylist())


def test_aligned_passages_are_marked_in_every_format_and_texts_stand_for_themselves(tmp_path: Path) -> None:
    table = table_of([case(passage="two\nlines\ue000 <b> 5% | here")], "cases", 50, None)
    cases_table.write(table, 7, TITLES, "Table 22", "", "patterns", {}, tmp_path / "cases")
    shown = {ending: (tmp_path / f"cases{ending}").read_text(encoding="utf-8") for ending in (".md", ".html", ".tex")}
    assert r"He said **two lines \<b> 5% \| here** again." in shown[".md"]
    assert "He said <mark>two lines &lt;b&gt; 5% | here</mark> again." in shown[".html"]
    assert r"He said \textbf{two lines \ensuremath{<}b\ensuremath{>} 5\%" in shown[".tex"]
    for text in shown.values():
        assert "Chat, t5, full" in text
        assert "The clearest of 7 cases" in text
        assert "names are not, because no tagger is configured" in text
    assert storage.read(tmp_path / "cases.parquet", "cases").num_rows == 1


def test_marks_stand_beside_no_space_and_a_long_passage_loses_its_middle() -> None:
    assert cases_table.in_context("a", " b ", "c") == f"a {tables.marked('b')} c"
    words = " ".join(f"word{number}" for number in range(200))
    shown = cases_table.in_context("", words, "")
    first, count, last = re.fullmatch(r".(.*) \[…([\d,]+) characters…\] (.*).", shown, re.DOTALL).groups()  # type: ignore[union-attr]
    assert words.startswith(f"{first} word")
    assert words.endswith(f" {last}")
    assert int(count.replace(",", "")) == len(words) - len(first) - len(last)
    assert len(first + last) <= cases_table.LONGEST
    assert f"[…{600:,} characters…]" in cases_table.in_context("", "x" * 1200, "")


def test_no_case_is_a_table_too(tmp_path: Path) -> None:
    cases_table.write(table_of([], "cases", 50, None), 0, TITLES, "T", "", "nothing", {}, tmp_path / "cases")
    assert "The clearest of 0 cases" in (tmp_path / "cases.md").read_text(encoding="utf-8")
    assert storage.read(tmp_path / "cases.parquet", "cases").num_rows == 0
