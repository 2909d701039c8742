"""What happens to machines under a run: full disks, homes and folders that take no files, code that is edited."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from runs import Workplace, copy_of_the_code, ended, results_of, wait_until

from memorization import launch

DETECTED = (
    "runs/model=small/state=short/epoch=40/seed=0/dataset=letters/population=member/prefix_tokens=20/decoding=drawn/"
    "profile=zeng2024"
)

# A disk of three megabytes with the results, filled up to some kilobytes; then with space again.
FULL_DISK = """
set -eu
mount -t tmpfs -o size=3m disk results
cp -a saved/. results
cat /dev/zero > results/other 2> cat.txt || true
truncate -s -20K results/other
{command} > full.txt 2>&1 && exit 3
find results -name '*.partial' > left.txt
rm results/other
{command} > again.txt 2>&1
cp -a results/. made
"""


def without_its_end(workplace: Workplace) -> Workplace:
    """The workplace with the last results of one run removed: matches, what follows from them, and all figures."""
    for name in ("matches", "outcomes", "rates"):
        (workplace.results / DETECTED / f"{name}.parquet").unlink()
    shutil.rmtree(workplace.results / "tables")
    shutil.rmtree(workplace.results / "figures")
    return workplace


def test_a_run_needs_no_home_no_temporary_folder_and_no_byte_code(finished: Workplace, tmp_path: Path) -> None:
    """And its results may be a link; only Snakemake insists on a place of its own (XDG_CACHE_HOME)."""
    copy = finished.copy(tmp_path / "work")
    copy.results.rename(tmp_path / "elsewhere")
    copy.results.symlink_to(tmp_path / "elsewhere")
    workplace = without_its_end(Workplace(copy_of_the_code(tmp_path / "code"), copy.directory, copy.configs))
    for package in (workplace.code / "memorization").rglob("__init__.py"):
        # Not a folder: nobody, not even root, can write files there.
        (package.parent / "__pycache__").touch()

    run = workplace.run(
        HOME="/proc/none", XDG_CACHE_HOME=str(tmp_path / "snakemake"), TMPDIR="/proc/none", PYTHONDONTWRITEBYTECODE="1"
    )

    assert run.code == 0, run.output
    assert "Traceback" not in run.output
    assert "Warning" not in run.output
    assert results_of(workplace) == results_of(finished)


def test_a_run_on_a_full_disk_says_so_and_goes_on_when_there_is_space(finished: Workplace, tmp_path: Path) -> None:
    workplace = without_its_end(finished.copy(tmp_path / "work"))
    workplace.results.rename(workplace.directory / "saved")
    workplace.results.mkdir()
    (workplace.directory / "made").mkdir()
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile", str(finished.code / "Snakefile")]
    command += ["--configfile", *map(str, finished.configs)]
    script = FULL_DISK.format(command=" ".join(command))
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*namespace, "true"], check=False, capture_output=True).returncode:
        pytest.skip("needs unshare(1) with user namespaces")

    ended = subprocess.run(
        [*namespace, "sh", "-c", script], cwd=workplace.directory, capture_output=True, text=True, check=False
    )

    full = (workplace.directory / "full.txt").read_text()
    assert ended.returncode == 0, f"{ended.stderr}\n{full}"
    assert "the disk is full" in full
    assert "Traceback" not in full
    assert (workplace.directory / "left.txt").read_text() == ""
    (workplace.directory / "results").rmdir()
    (workplace.directory / "made").rename(workplace.results)
    assert results_of(workplace) == results_of(finished)


def test_code_that_is_edited_during_a_run_is_not_taken_for_the_old_one(finished: Workplace, tmp_path: Path) -> None:
    copy = finished.copy(tmp_path / "work")
    workplace = without_its_end(Workplace(copy_of_the_code(tmp_path / "code"), copy.directory, copy.configs))
    module = workplace.code / "memorization/statistics/rates.py"
    before = module.read_text()
    lock = workplace.results / launch.LOCK
    lock.write_text("")

    first = workplace.start()
    wait_until(lambda: lock.read_text() == str(first.pid), first)
    module.write_text(f"{before}\nCHANGED = True\n")
    first_run = ended(first)
    module.write_text(before)
    again = workplace.run()

    assert first_run.code == 1, first_run.output
    assert "the program was changed while the run was at work (scripts/rates.py" in first_run.output
    assert again.code == 0, again.output
    assert results_of(workplace) == results_of(finished)
