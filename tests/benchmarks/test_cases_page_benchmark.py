"""The benchmark of the case browser measures what a reader does."""

import os
import shutil

import pytest
from programs import load


@pytest.mark.skipif(not (os.environ.get("CHROMIUM") or shutil.which("chromium")), reason="Chromium is not installed")
def test_a_page_of_cases_is_measured(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    benchmark = load("cases_page")
    monkeypatch.setattr(benchmark, "REPEATS", 1)

    benchmark.main(["--cases", "200", "--characters", "400"])

    rows = [[part.strip() for part in line.strip("| ").split("|")] for line in capsys.readouterr().out.splitlines()[2:]]
    measured = dict(rows)
    assert measured["cases"] == "200 of 400 characters on each side"
    assert measured["gaps while scrolling"] == "0"
    assert {"first paint", "until cases can be filtered", "a filter", "sorting", "opening a case"} <= set(measured)
    assert all(any(sign.isdigit() for sign in value) for value in measured.values())
