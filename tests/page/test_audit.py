"""The verdict on the page: the answer first, every threshold, what is not known."""

import re
from html import unescape
from pathlib import Path

import page_results
import pytest
from audit_files import options, results

from memorization import storage
from memorization.errors import UserError
from memorization.page import audit
from memorization.studies.audit.judgement import judgement


def verdict_file(folder: Path) -> Path:
    cells = (({}, 40, 0), ({"decoding": "top_k"}, 10, 0))
    verdict = judgement(results(*cells), options({"rate_percent": 10.0, "canaries_extracted": 3}))
    file = folder / "verdict.json"
    storage.write_text(file, verdict.model_dump_json())
    storage.write_sums(folder / "verdict.sha256", [file])
    return file


def test_the_answer_is_first_and_nothing_is_left_out(tmp_path: Path) -> None:
    study = page_results.study("release", ["table"], kind="audit", title="<b>Release</b>")

    section = audit.section({"verdicts": [verdict_file(tmp_path)]}, page_results.page_context(tmp_path, study))

    assert section is not None
    words = re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", section.html)))
    assert words.startswith(" <b>Release</b> No: 1 of 2 thresholds exceeded, 1 of 2 thresholds cannot be told.")
    assert "fail Training text comes back: 40 [" in words
    assert "cannot tell Planted secrets that greedy decoding writes: not measured, threshold 3 secrets" in words
    assert "The base model was not asked" in words
    assert "decoding: greedy -> top_k: -30.00 points" in words
    assert 'href="#study-release"' in section.html
    assert "<b>" not in section.html


def test_without_an_audit_there_is_no_section(tmp_path: Path) -> None:
    study = page_results.study("rates", ["table"])

    assert audit.section({"verdicts": []}, page_results.page_context(tmp_path, study)) is None


def test_a_damaged_verdict_is_not_shown(tmp_path: Path) -> None:
    file = verdict_file(tmp_path)
    file.write_text(file.read_text(encoding="utf-8").replace('"fail"', '"pass"'), encoding="utf-8")
    study = page_results.study("release", ["table"], kind="audit")

    with pytest.raises(UserError, match="is damaged"):
        audit.section({"verdicts": [file]}, page_results.page_context(tmp_path, study))
