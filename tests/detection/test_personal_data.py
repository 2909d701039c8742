"""Where personal data stands in whole texts: across the cut of prefix and suffix, across the seam of a generation."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorization import storage
from memorization.detection.entities import finder
from memorization.detection.patterns import Span
from memorization.detection.personal_data import Places, disjoint, in_generations, in_inputs, in_targets, read_places
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.personal_data import PersonalDataTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.schema import Schema

PATTERNS = finder(True, "US", None)


def written(folder: Path, schema: type[Schema], rows: Sequence[dict[str, Any]]) -> Path:
    file = folder / f"{schema.name}.parquet"
    storage.write_table(file, schema, pa.Table.from_pylist(list(rows), schema=schema.arrow()), {})
    return file


def probes_file(folder: Path, *texts: tuple[str, str], first: int = 0) -> Path:
    rows = [
        {"probe": probe, "id": f"row-{probe}", "prefix": prefix, "suffix": suffix, "input_text": probe}
        | {"prefix_characters": len(prefix), "suffix_characters": len(suffix)}
        for probe, (prefix, suffix) in enumerate(texts, start=first)
    ]
    return written(folder, ProbesTable, rows)


def generations_file(folder: Path, *texts: str) -> Path:
    rows = [
        {"probe": probe, "generation": text, "generated_tokens": 9, "at_limit": False}
        for probe, text in enumerate(texts)
    ]
    return written(folder, GenerationsTable, rows)


def places_of(table: pa.Table, folder: Path) -> Places:
    file = folder / "personal_data.parquet"
    storage.write_table(file, PersonalDataTable, table, {})
    return read_places(file)


def test_an_input_is_searched_as_a_whole_and_what_the_cut_divides_is_in_both_parts(tmp_path: Path) -> None:
    probes = probes_file(tmp_path, ("Write to ann@exa", "mple.org by 3 May 2020."), ("No", " data."), first=4)

    table = in_inputs(probes, PATTERNS)

    assert places_of(table, tmp_path) == {
        (4, "prefix"): [("email", 9, 16)],
        (4, "suffix"): [("email", 0, 8), ("date", 12, 22)],
    }


def test_a_target_is_searched_by_itself_and_its_prefix_in_the_input(tmp_path: Path) -> None:
    for name in ("probes", "targets"):
        (tmp_path / name).mkdir()
    probes = probes_file(tmp_path / "probes", ("Write to ann@exa", "mple.org by 3 May 2020."))
    targets = probes_file(tmp_path / "targets", ("Write to ann@exa", "mple of bob@example.org"))

    table = in_targets(probes, targets, PATTERNS)

    assert places_of(table, tmp_path) == {(0, "prefix"): [("email", 9, 16)], (0, "suffix"): [("email", 8, 23)]}


def test_a_generation_is_searched_by_itself_and_across_its_beginning(tmp_path: Path) -> None:
    probes = probes_file(tmp_path, ("Call 555-123", "-4567 now."), ("Born on ", "3 May 2020."), ("I am", " Ann."))
    generations = generations_file(tmp_path, "-4567 or bob@example.org", "4 May 2020, I think", "")

    table = in_generations(generations, probes, PATTERNS)

    assert places_of(table, tmp_path) == {
        (0, "generation"): [("phone", 0, 5), ("email", 9, 24)],
        (1, "generation"): [("date", 0, 10)],
    }


def test_equal_texts_are_searched_once(tmp_path: Path) -> None:
    searched: list[str] = []

    def find(texts: Sequence[str]) -> list[list[Span]]:
        searched.extend(texts)
        return [[] for _ in texts]

    in_inputs(probes_file(tmp_path, ("a", "b"), ("ab", ""), ("c", "d")), find)

    assert searched == ["ab", "cd"]


def test_without_texts_nothing_is_searched(tmp_path: Path) -> None:
    assert in_inputs(probes_file(tmp_path), lambda texts: pytest.fail("called")).num_rows == 0


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.integers(0, 20), st.integers(0, 20))))
def test_places_do_not_overlap_and_cover_what_was_found(spans: list[Span]) -> None:
    places = disjoint(spans)

    assert all(before[2] <= after[1] for before, after in itertools.pairwise(places))
    covered = {each for _, start, end in places for each in range(start, end)}
    assert covered == {each for _, start, end in spans for each in range(start, end)}
