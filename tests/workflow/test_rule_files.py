"""Snakemake's own linter and formatter report nothing."""

import subprocess
import sys
from pathlib import Path

from runs import ROOT


def test_linter_reports_nothing(code: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "snakemake", "--lint", "--snakefile", str(code / "Snakefile")]

    lint = subprocess.run([*command, "--directory", str(tmp_path)], cwd=tmp_path, capture_output=True, text=True)

    assert lint.returncode == 0, lint.stderr + lint.stdout
    assert "Lints for" not in lint.stdout + lint.stderr


def test_formatter_would_change_nothing() -> None:
    command = [str(Path(sys.executable).with_name("snakefmt")), "--check", "Snakefile", "workflow"]

    check = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert check.returncode == 0, check.stderr + check.stdout
