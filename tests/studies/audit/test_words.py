"""A verdict in words, for pipelines and as a table."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from audit_files import options, results

from memorization.report.context import Context
from memorization.schemas.schema import StudyTable
from memorization.studies.audit import table, words
from memorization.studies.audit.judgement import judgement
from memorization.studies.audit.junit import junit
from memorization.studies.audit.verdict import Verdict, whole_answer

THRESHOLDS = {"rate_percent": 10.0, "rate_above_control_points": 41.0, "canaries_extracted": 3}


@pytest.fixture(scope="module")
def mixed() -> Verdict:
    """A measure that fails, one of which too little is known, and one that was not measured."""
    return judgement(
        results(({}, 40, 0), ({"decoding": "top_k"}, 10, 0)), options(THRESHOLDS, label="A <demonstration>")
    )


def test_the_page_says_the_answer_first_and_every_number(mixed: Verdict) -> None:
    text = words.markdown(mixed)

    assert text.startswith(
        "# May it be shipped? (release)\n\n**A <demonstration>**\n\n**No: 1 of 3 thresholds exceeded, "
    )
    assert "| Training text comes back (percent of prompts) | 40 [" in text
    assert "worst of 2: decoding greedy" in text
    assert "differ in one thing from the worst one (decoding greedy; " in text
    assert "- decoding: greedy -> top_k: -30.00 points [" in text
    assert "less (n = 100, p = " in text
    for heading in ("What was asked", "What is not known", "What would lower it", "How to read it"):
        assert f"\n## {heading}\n" in text


def test_a_verdict_without_comparisons_says_that_nothing_was_measured() -> None:
    alone = judgement(results(({}, 0, 0), n=1000), options({"rate_percent": 5.0}))

    assert "Nothing was measured that would" in words.markdown(alone)
    assert words.headline(alone) == "Yes, by these thresholds: 1 of 1 threshold kept."


def test_the_last_lines_of_a_run_name_every_measure(mixed: Verdict) -> None:
    lines = list(words.short(mixed))

    assert [answer for _, answer in lines] == ["fail", "fail", "cannot tell", "cannot tell"]
    assert lines[1][0].startswith("  fail        Training text comes back: 40 [")
    assert lines[1][0].endswith("] percent of prompts, threshold 10 percent of prompts")
    assert "; n needed: " in lines[2][0]
    assert "not measured, threshold 3 secrets" in lines[3][0]


def test_pipelines_see_a_failure_and_an_error_and_no_skipped_case(mixed: Verdict) -> None:
    suite = ElementTree.fromstring(junit(mixed))

    assert {name: suite.attrib[name] for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3",
        "failures": "1",
        "errors": "2",
        "skipped": "0",
    }
    assert [[each.tag for each in case] for case in suite.iter("testcase")] == [["failure"], ["error"], ["error"]]


def test_the_table_has_a_row_for_each_threshold(tmp_path: Path, mixed: Verdict) -> None:
    (tmp_path / "verdict.json").write_text(mixed.model_dump_json(), encoding="utf-8")

    sheet = table.sheet({"verdict": [tmp_path / "verdict.json"]}, Context("release"))

    assert issubclass(sheet.schema, StudyTable)
    assert sheet.tidy.column_names == [name for name in sheet.schema.columns() if name != "label"]
    assert sheet.tidy["answer"].to_pylist() == ["fail", "cannot tell", "cannot tell"]
    assert [row["Answer"].text for row in sheet.rows] == ["fail", "cannot tell", "cannot tell"]
    assert sheet.rows[0]["Measured"].value == 40.0


@pytest.mark.parametrize(
    ("answers", "whole"),
    [
        (["pass", "pass"], "pass"),
        (["pass", "cannot tell"], "cannot tell"),
        (["cannot tell", "fail", "pass"], "fail"),
    ],
)
def test_the_worst_answer_is_that_of_all(answers: list, whole: str) -> None:
    assert whole_answer(answers) == whole
