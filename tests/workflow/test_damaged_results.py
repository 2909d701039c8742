"""A damaged result: the job that reads it says so, and the command that it names makes everything again."""

import os
import re
from pathlib import Path

import pytest
from runs import Workplace

from memorization import cli


def flip_a_bit(file: Path) -> None:
    """Change one bit in the middle of a file, and not its time, as a disk does."""
    status, content = file.stat(), bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_the_command_that_a_damaged_result_names_makes_it_again(
    finished: Workplace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workplace = finished.copy(tmp_path / "work")
    tables = {file.name: file.read_bytes() for file in workplace.results.glob("tables/*")}
    damaged = "comparisons/small.parquet"
    assert cli.main(["verify", str(workplace.results)]) == 0
    flip_a_bit(workplace.results / damaged)
    assert workplace.dry_run() == {}

    failed = workplace.run("--forcerun", "results/tables/small.csv")
    code = cli.main(["verify", str(workplace.results)])

    message = f"results/{damaged}: is damaged: its content is not what was written. Make it again"
    assert failed.code != 0
    assert message in failed.output
    assert (code, capsys.readouterr().out.count(message)) == (1, 1)
    option = re.search(r"`(--forcerun) (\S+)`", failed.output)
    assert option
    mended = workplace.run(*option.groups())
    assert mended.code == 0, mended.output
    assert mended.jobs()["comparisons"] == [f"results/{damaged}"]
    assert {file.name: file.read_bytes() for file in workplace.results.glob("tables/*")} == tables
    assert cli.main(["verify", str(workplace.results)]) == 0
    # A deleted result whose tables are up to date is not missed, and made again in the same way.
    (workplace.results / damaged).unlink()
    assert workplace.dry_run() == {}
    assert workplace.dry_run("--forcerun", f"results/{damaged}")["comparisons"] == [f"results/{damaged}"]


def test_after_a_failed_job_the_same_command_makes_what_the_job_was_to_make(
    finished: Workplace, tmp_path: Path
) -> None:
    workplace = finished.copy(tmp_path / "work")
    changed = workplace.with_configuration(tmp_path / "changed.yaml", {"detection": {"definitions": {"tokens": 7}}})
    table = workplace.results / "tables/small-definitions.csv"
    before = table.read_bytes()
    generations = next(
        workplace.results.glob("runs/model=small/state=short/**/decoding=short/prompting=bare/generations.parquet")
    )
    flip_a_bit(generations)

    failed = changed.run("--", "results/tables/small-definitions.csv")
    flip_a_bit(generations)

    assert "damaged" in failed.output
    # Snakemake has removed the result of older settings, and would not miss it, nor make the table again.
    assert len(list(workplace.results.glob("runs/**/definitions.parquet"))) == 3
    assert table.read_bytes() == before
    plan = changed.run("--dry-run", "--", "results/tables/drawn-definitions.csv")
    assert "was interrupted, or failed" not in plan.output
    plan = changed.run("--dry-run")
    assert re.search(r"definitions of 1 of 4 runs .*decoding=short\b.*\): was interrupted, or failed", plan.output)
    again = changed.run("--", "results/tables/small-definitions.csv")
    assert again.code == 0, again.output
    assert table.read_bytes() != before
    assert changed.dry_run("--", "results/tables/small-definitions.csv") == {}
