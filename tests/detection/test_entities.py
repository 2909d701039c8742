"""Entities: what patterns find, how two sides compare, and what leaked."""

import unicodedata
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorization import storage
from memorization.detection.entities import (
    Written,
    annotate,
    finder,
    folded,
    relation_of,
    words_of,
)
from memorization.detection.patterns import Span
from memorization.detection.spans import RunTexts
from memorization.schemas.entities import EntitiesTable
from memorization.schemas.matches import MatchesTable


def test_words_leave_out_case_marks_and_forms() -> None:
    assert words_of("Ms. SMITH's  «Straße»\nﬁne №5") == "ms smith s strasse fine no5"


@pytest.mark.parametrize(
    ("generated", "trained", "relation"),
    [
        (set(), set(), "none"),
        ({"a"}, {"a"}, "equal"),
        ({"a"}, {"a", "b"}, "subset"),
        ({"a", "b"}, {"a"}, "subset"),
        (set(), {"a"}, "subset"),
        ({"a", "b"}, {"a", "c"}, "different"),
    ],
)
def test_relation_of_two_sets(generated: set[str], trained: set[str], relation: str) -> None:
    assert relation_of(generated, trained) == relation


def test_a_taggers_entities_are_added_to_those_of_patterns_where_they_overlap_none() -> None:
    def tag(texts: Sequence[str]) -> list[list[Span]]:
        return [[("PER", 0, 4), ("ORG", 10, 15)] for _ in texts]

    assert finder(True, "US", tag)(["Anna, see a@b.org, May 3"]) == [
        [("PER", 0, 4), ("email", 10, 17), ("date", 19, 24)]
    ]
    assert finder(False, "US", tag)(["Anna, see a@b.org"]) == [[("PER", 0, 4), ("ORG", 10, 15)]]
    assert finder(False, "US", None)(["a@b.org"]) == [[]]


def test_a_tagger_is_not_called_without_texts() -> None:
    def tag(texts: Sequence[str]) -> Any:
        raise AssertionError

    assert finder(True, "US", tag)([]) == []


def match_of(generation: str, suffix: str, probe: int = 0, document: int = 0) -> dict[str, Any]:
    """A match that aligns both whole texts."""
    keys = {"probe": probe, "rank": 1, "document": document, "span": 0, "type": "other"}
    spans = {"generation_start": 0, "generation_length": len(generation), "suffix_start": 0}
    return keys | spans | {"suffix_length": len(suffix)}


def annotations(matches: list[dict[str, Any]], texts: RunTexts) -> list[dict[str, Any]]:
    table = pa.Table.from_pylist(matches, schema=MatchesTable.arrow())
    rows: list[dict[str, Any]] = annotate(table, texts, finder(True, "US", None)).to_pylist()
    return rows


def annotated(generation: str, suffix: str, prefix: str = "") -> dict[str, Any]:
    """The only row of one match that aligns both whole texts."""
    [row] = annotations([match_of(generation, suffix)], RunTexts({0: generation}, {0: prefix}, {0: suffix}))
    return row


def test_entities_of_both_sides_are_listed_each_once() -> None:
    row = annotated("On May 3, on may 3 and on MAY 3", "See a@b.org on May 3")

    assert row["generation_entities"] == [{"type": "date", "text": "May 3"}]
    assert row["training_entities"] == [{"type": "email", "text": "a@b.org"}, {"type": "date", "text": "May 3"}]
    assert (row["relation"], row["entities_match"]) == ("subset", True)


def test_entities_of_the_training_text_that_the_prefix_lacks_have_leaked() -> None:
    row = annotated("call 555-123-4567 or a@b.org", "a@b.org or (555) 123-4567 or c@d.org", prefix="I am A@B.org.")

    assert row["leaked"] == [{"type": "phone", "text": "(555) 123-4567"}]


def test_a_leak_counts_in_the_whole_generation_and_as_whole_words() -> None:
    suffix = "born May 3"
    matches = [match_of("born", suffix)]

    def leaked(generation: str) -> list[dict[str, str]]:
        [row] = annotations(matches, RunTexts({0: generation}, {0: ""}, {0: suffix}))
        return list(row["leaked"])

    assert leaked("born on May 3.") == [{"type": "date", "text": "May 3"}]
    assert leaked("born on May 31.") == []


@pytest.mark.parametrize(
    ("kind", "entity", "written", "others"),
    [
        (
            "email",
            "Name@example.com",
            [
                "name@EXAMPLE.com",
                "to name@example.com.",
                "<name@example.com>, 'name@example.com'",
                "mailto:name@example.com",
            ],
            [
                "name<example.com",
                "name example com",
                "name@ example.com",
                "myname@example.com",
                "my.name@example.com",
                "x-name@example.com",
                "name@example.com.au",
                "name@example.community",
                "name@example.com-x.org",
                "name@example.com.1",
                "name@example-com",
            ],
        ),
        (
            "phone",
            "(555) 123-4567",
            [
                "555-123-4567",
                "555.123.4567.",
                "5551234567",
                "+1 555 123 4567",
                "+1-555-123-4567",
                "电话5551234567",
                "５５５-1234567",
            ],
            [
                "1555-123-4567",
                "555-123-45678",
                "9-555-123-4567",
                "555-123-4567-8",
                "555 123 456",
                "555, 123, 4567",
                "5551234567@example.com",
            ],
        ),
        (
            "identifier",
            "123-45-6789",
            ["123-45-6789.", "123 45 6789", "123456789", "no.123-45-6789"],
            ["1123-45-6789", "123-45-67890", "0-123-45-6789", "123-45-6789-1", "123/45/6789", "12-345-6789"],
        ),
        (
            "identifier",
            "M417816",
            ["(m417816)", "号M417816号"],
            ["M4178160", "AM417816", "M-417816", "M417816-2", "x/M417816"],
        ),
        (
            "date",
            "May 3, 2019",
            ["may 3 2019", "May\n3, 2019."],
            ["May 3, 20190", "May 13, 2019", "May 3 (2019)", "May 3/2019"],
        ),
        ("date", "3/5/19", ["on 3/5/19."], ["3-5-19", "3 5 19", "13/5/19", "3/5/190", "3/5/19/2", "2/3/5/19"]),
        ("date", "May 3", ["on May 3."], ["May 31", "May 3.5", "dismay 3"]),
        (
            "age",
            "45 years old",
            ["a 45-years-old", "45 Years Old"],
            ["145 years old", "0.45 years old", "45 years older"],
        ),
        ("PER", "Ms. Smith", ["ms smith", "MS, SMITH", "Ms.\n(Smith)"], ["Ms. Smithson", "Ms. J. Smith"]),
    ],
)
def test_what_counts_as_written(kind: str, entity: str, written: list[str], others: list[str]) -> None:
    stated = {"type": kind, "text": entity}
    for text in [entity, *written]:
        assert Written(f"so {text} it is").contains(stated), text
        assert Written(text).contains(stated), text
    for text in others:
        assert not Written(f"so {text} it is").contains(stated), text
        assert not Written(text).contains(stated), text


def test_an_address_has_not_leaked_where_its_words_stand_side_by_side() -> None:
    assert annotated("write to name<example.com", "name@example.com")["leaked"] == []
    assert annotated("see name@example.com.au", "name@example.com")["leaked"] == []
    assert annotated("it is name@example.com", "name@example.com", prefix="name<example.com")["leaked"]
    row = annotated("a-b@c.org", "a.b@c.org")
    assert (row["relation"], row["entities_match"]) == ("different", False)


@given(st.text(st.sampled_from("aé\u0301\u0316\u0344\u0f73\u0f71\u1dce가- "), max_size=120))
def test_marks_in_order_change_no_normal_form(text: str) -> None:
    marks = "\u0316\u0301" * 20
    for each in (text, text + marks, "a" + marks + text):
        assert folded(each) == unicodedata.normalize("NFKC", each).casefold()


def test_without_entities_the_relation_is_none_and_a_match() -> None:
    row = annotated("nothing here", "nor here")

    assert (row["relation"], row["entities_match"], row["leaked"]) == ("none", True, [])


def test_without_matches_nothing_is_searched() -> None:
    def unwanted(texts: Sequence[str]) -> Any:
        raise AssertionError

    empty = pa.Table.from_pylist([], schema=MatchesTable.arrow())
    table = annotate(empty, RunTexts({0: "a"}, {0: "b"}, {0: "c"}), unwanted)

    assert table.num_rows == 0
    assert table.schema.names == EntitiesTable.arrow().names


def test_a_part_of_the_generations_gives_the_rows_of_the_whole() -> None:
    generations = ["on May 3", "a@b.org", "aged 7, on May 4"]
    suffixes, prefixes = ["aged 7 on May 4", "on May 3", "aged 7"], ["", "a@b.org", "May 4"]
    matches = [match_of(generations[probe], suffixes[2 - probe], probe, 2 - probe) for probe in range(3)]
    texts = [dict(enumerate(side)) for side in (generations, prefixes, suffixes)]
    whole = annotations(matches, RunTexts(*texts))

    part = {probe: generations[probe] for probe in (1, 2)}

    assert annotations(matches[1:], RunTexts(part, *texts[1:])) == whole[1:]
    assert [row["relation"] for row in whole] == ["different", "different", "equal"]
    assert whole[2]["leaked"] == [{"type": "age", "text": "aged 7"}]


def test_the_table_can_be_written_and_read(tmp_path: Any) -> None:
    table = pa.Table.from_pylist([annotated("on May 3", "on May 3")], schema=EntitiesTable.arrow())

    storage.write_table(tmp_path / "entities.parquet", EntitiesTable, table, {})

    assert storage.read(tmp_path / "entities.parquet", EntitiesTable).to_pylist() == table.to_pylist()
