"""The benchmark of the page prints a line for each page."""

import os
import shutil
from pathlib import Path

import pytest
from programs import load

from memorization.page import page
from memorization.page.section import Section


@pytest.mark.skipif(not (os.environ.get("CHROMIUM") or shutil.which("chromium")), reason="Chromium is not installed")
def test_a_page_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "index.html"
    page.write(file, "Title", "<p>Summary</p>", [Section("some", "Some", "<p>Text</p>")])

    load("page").main([str(file), "--repeats", "1"])

    line = capsys.readouterr().out.splitlines()[-1]
    name, megabytes, paint, read = (part.strip() for part in line.strip("| ").split("|"))
    assert (name, megabytes) == (str(file), f"{file.stat().st_size / 1e6:.2f}")
    assert float(paint) > 0
    assert float(read) > 0
