"""The table of what the search misses: its numbers, the printed lines, and the study's files."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from configurations import configuration, study
from pydantic import ValidationError
from sheets import LABEL, context, csv_and_parquet, markdown_lines, run, texts, write_parts, written

from memorization import plan
from memorization.report.sheet import Sheet
from memorization.schemas.all_pairs import AllPairsTable
from memorization.schemas.probes import ProbesTable
from memorization.studies.memorization import search
from memorization.studies.memorization.search import MemorizationSearchTable

# Suffixes that match, those among the candidates, and the strongest type of both: of four probes of 30 suffixes.
MATCHED = [(12, 3, "verbatim", "summary"), (1, 0, "other", "none"), (2, 2, "other", "other"), (0, 0, "none", "none")]
NOTHING = [(0, 0, "none", "none")] * 4


def all_pairs(rows: list[tuple[int, int, str, str]], first: int = 0) -> pa.Table:
    """A table of probes that are numbered from `first`."""
    values = [
        {"probe": probe, "pairs": 30, "matching_suffixes": matching, "found_suffixes": found, "found": found > 0}
        | {"missed": matching > 0 and not found, "type": kind, "found_type": found_kind}
        # The own suffix is the last one that matches.
        | {"own_matches": matching > 0, "own_found": matching > 0 and found == matching}
        for probe, (matching, found, kind, found_kind) in enumerate(rows, start=first)
    ]
    return pa.Table.from_pylist(values, schema=AllPairsTable.arrow())


def probes(input_texts: list[int]) -> pa.Table:
    rows = [
        {"probe": probe, "id": "", "prefix": f"{text}", "suffix": "", "prefix_characters": 0, "suffix_characters": 0}
        | {"input_text": text}
        for probe, text in enumerate(input_texts)
    ]
    return pa.Table.from_pylist(rows, schema=ProbesTable.arrow())


def sheet_of(
    folder: Path, parts: list[pa.Table], runs: list[dict[str, Any]], input_texts: list[int] | None = None
) -> Sheet:
    files = {
        "all_pairs": write_parts(folder, AllPairsTable, parts),
        "probes": write_parts(folder, ProbesTable, [probes(input_texts or list(range(30)))] * len(parts)),
    }
    options = {"runs": runs, "candidates": 10}
    return search.sheet(files, context({"news": "Multi-news"}, {"t5": "T5_base"}, study="disparity", options=options))


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    runs = [run(), run(population="control")]
    return sheet_of(tmp_path, [all_pairs(MATCHED), all_pairs(NOTHING, first=20)], runs)


def test_rates_and_shares_follow_from_the_probes(sheet: Sheet) -> None:
    member, control = sheet.tidy.to_pylist()

    assert {key: member[key] for key in ("study", "n", "pairs", "population")} == {
        "study": "disparity",
        "n": 4,
        "pairs": 120,
        "population": "member",
    }
    shown = ("candidates", "all_pairs", "missed", "weaker")
    assert [member[f"{name}_rate"] for name in shown] == [0.5, 0.75, 0.25, 0.25]
    assert [member[f"{name}_count"] for name in shown] == [2, 3, 1, 1]
    assert (member["matching_suffixes"], member["found_suffixes"]) == (15, 5)
    assert member["found_share"] == pytest.approx(5 / 15)
    assert member["mean_found_share"] == pytest.approx((3 / 12 + 0 + 1) / 3)
    assert (member["own_matches"], member["own_found"]) == (3, 1)
    assert [control[f"{name}_rate"] for name in shown] == [0, 0, 0, 0]
    assert control["found_share"] is control["mean_found_share"] is None
    assert all(0 < control[f"{name}_exact_high"] < 1 for name in shown)


def test_probes_of_one_text_are_resampled_together(tmp_path: Path) -> None:
    rows = [(1, 1, "other", "other")] * 10 + [(0, 0, "none", "none")] * 10

    def bounds(folder: str, input_texts: list[int]) -> tuple[float, float]:
        [row] = sheet_of(tmp_path / folder, [all_pairs(rows)], [run()], input_texts).tidy.to_pylist()
        return row["candidates_low"], row["candidates_high"]

    apart, together = bounds("apart", list(range(20))), bounds("together", [number // 5 for number in range(20)])
    assert together[0] < apart[0] < 0.5 < apart[1] < together[1]


def test_texts_are_those_of_the_drawn_probes(tmp_path: Path) -> None:
    # The last three of six probes, two texts; those before have texts of their own.
    [row] = sheet_of(
        tmp_path,
        [all_pairs([(1, 1, "other", "other"), (0, 0, "none", "none"), (0, 0, "none", "none")], first=3)],
        [run()],
        [0, 1, 2, 3, 4, 4],
    ).tidy.to_pylist()
    # Both of one text, or both of the other, or one of each.
    assert (row["candidates_low"], row["candidates_high"]) == (0.0, 1.0)
    assert (row["n"], row["prefixes"]) == (3, 2)


def test_one_prompt_tells_nothing_of_others(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, [all_pairs(MATCHED)], [run()], [7] * 4)
    [row], [line] = sheet.tidy.to_pylist(), texts(sheet.rows)
    assert (row["candidates_low"], row["candidates_high"]) == (0, 1)
    assert line["n"] == "4 (1 prompt)"
    assert "One prompt alone tells nothing of others" in sheet.caption


def test_the_printed_table_has_a_line_per_run(tmp_path: Path, sheet: Sheet) -> None:
    markdown = written(sheet, tmp_path / "t", ".md")
    assert markdown.startswith(f"**{LABEL}**\n\n|")
    heading, member, control = markdown_lines(markdown)
    shown = dict(zip(heading, member, strict=True))
    assert (shown["Dataset"], shown["Model"], shown["Population"]) == ("Multi-news", "T5_base (fine-tuned)", "member")
    assert shown["By candidates"].startswith("50.00% [")
    assert shown["By all pairs"].startswith("75.00% [")
    assert shown["Missed"].startswith("25.00% [")
    assert (shown["Suffixes found (mean)"], shown["Suffixes found (all)"]) == ("41.67%", "33.33%")
    assert shown["Own suffix found"] == "33.33%"
    assert (shown["n"], shown["Pairs"]) == ("4", "120")
    shown = dict(zip(heading, control, strict=True))
    assert shown["Missed"].startswith("0.00% (≤ ")
    assert {shown[f"Suffixes found ({kind})"] for kind in ("mean", "all")} == {shown["Own suffix found"]} == {"-"}


def test_the_population_is_shown_where_it_varies(tmp_path: Path) -> None:
    [line] = texts(sheet_of(tmp_path, [all_pairs(MATCHED)], [run()]).rows)
    assert "Population" not in line


def test_tidy_files_have_exactly_the_columns_of_the_schema(tmp_path: Path, sheet: Sheet) -> None:
    rows, parquet = csv_and_parquet(sheet, tmp_path / "disparity-search")
    assert parquet.schema.equals(MemorizationSearchTable.arrow())
    assert list(rows[0]) == MemorizationSearchTable.arrow().names


def test_the_caption_explains_what_was_compared(sheet: Sheet) -> None:
    for part in ("the 10 suffixes", "Missed:", "95% bootstrap", "may be chance"):
        assert part in sheet.caption


def test_a_study_that_states_all_pairs_has_the_table_of_all_its_runs() -> None:
    config = configuration(studies={"table": study(all_pairs=7), "without": study()})
    stated, without = config.studies["table"], config.studies["without"]

    [exhibit] = [each for each in stated.exhibits() if each.name == "search"]

    inputs = exhibit.inputs(config, stated, "table")
    assert inputs["all_pairs"] == [
        f"{plan.fill(plan.DETECTION, each)}/all_pairs=7.parquet" for each in stated.runs(config)
    ]
    assert exhibit.files("table")[0].startswith("tables/table-search.")
    assert not any(each.name == "search" for each in without.exhibits())


@pytest.mark.parametrize("number", [0, -1])
def test_all_pairs_are_those_of_one_probe_at_least(number: int) -> None:
    with pytest.raises(ValidationError, match="all_pairs"):
        configuration(studies={"table": study(all_pairs=number)})
