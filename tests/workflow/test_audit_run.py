"""`snakemake audit`: its exit code is the verdict's, also where nothing is to do, and its files are there."""

import json
from pathlib import Path

from conftest import SECOND_STUDY
from runs import Workplace

RELEASE = {
    "kind": "audit",
    "models": ["small"],
    "datasets": ["letters"],
    "states": ["base", "short"],
    "decodings": ["drawn"],
    "sides": ["input"],
    "profiles": None,
    "thresholds": {"rate_above_control_points": 40.0},
}


def test_a_run_ends_with_the_verdict_and_its_exit_code(finished: Workplace, tmp_path: Path) -> None:
    studies = {"studies": {**SECOND_STUDY["studies"], "release": RELEASE}}
    workplace = finished.copy(tmp_path / "work").with_configuration(tmp_path / "audit.yaml", studies)
    folder = workplace.results / "audit/release"

    # Each of its runs is there already; a dry run judges nothing.
    made = {name for name in workplace.dry_run("audit") if not name.startswith(("audit_", "personal_data_of_"))}
    assert made == {"comparisons", "copies", "leaked_records"}
    first = workplace.run("audit")
    verdict = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))
    again = workplace.run("audit")

    # Of twelve tokens the detector sees nothing, so that nothing found says nothing.
    assert (verdict["answer"], verdict["exit_code"]) == ("cannot tell", 3)
    assert (first.code, again.code) == (3, 3), again.output
    assert first.output.rstrip().endswith("Exit code 3.")
    assert "release: Cannot tell: 1 of 1 threshold cannot be told." in again.output
    assert {file.name for file in folder.glob("verdict*")} == {
        f"verdict.{each}" for each in ("json", "md", "xml", "sha256")
    }


def test_without_an_audit_there_is_one_message(finished: Workplace) -> None:
    run = finished.run("audit", "--dry-run")

    assert run.code == 1
    assert "there is no study of kind `audit` in this configuration" in run.output
    assert "Traceback" not in run.output
