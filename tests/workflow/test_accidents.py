"""What happens to machines under a run: full disks, homes and folders that take no files, code that is edited."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from runs import Workplace, copy_of_the_code, ended, results_of, wait_until

from memorization import launch

# Three jobs without models and texts: fits, a table, a figure.
STUDY = {"kind": "sparse_coding", "embedding": 4, "tokens": 4, "embedding_features": 3, "token_features": 3}
STUDY |= {"nonzeros": [1, 4], "samples": 40, "test_samples": 20, "seeds": 1, "starts": 1, "steps": 2}

# A disk of one megabyte with the results, filled up to some kilobytes; then with space again.
FULL_DISK = """
set -eu
mount -t tmpfs -o size=4m disk results
cp -a saved/. results
cat /dev/zero > results/other 2> cat.txt || true
truncate -s -20K results/other
{command} > full.txt 2>&1 && exit 3
find results -name '*.partial' > left.txt
rm results/other
{command} > again.txt 2>&1
cp -a results/. made
"""


@pytest.fixture(scope="module")
def done(code: Path, tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """A workplace with a finished run of one small study; for reading only."""
    folder = tmp_path_factory.mktemp("done")
    config = folder / "sparse.yaml"
    config.write_text(yaml.safe_dump({"studies": {"sparse": STUDY}}), encoding="utf-8")
    workplace = Workplace(code, folder / "work", (config,))
    run = workplace.run()
    assert run.code == 0, run.output
    return workplace


def to_be_made(done: Workplace, folder: Path) -> Workplace:
    """A workplace of its own, with a copy of the code, and without the study's results but for their records."""
    copy = done.copy(folder / "work")
    for name in ("sparse_coding", "tables", "figures"):
        shutil.rmtree(copy.results / name)
    return Workplace(copy_of_the_code(folder / "code"), copy.directory, copy.configs)


def test_a_run_needs_no_home_no_temporary_folder_and_no_byte_code(done: Workplace, tmp_path: Path) -> None:
    """And its results may be a link; only Snakemake insists on a place of its own (XDG_CACHE_HOME)."""
    workplace = to_be_made(done, tmp_path)
    workplace.results.rename(tmp_path / "elsewhere")
    workplace.results.symlink_to(tmp_path / "elsewhere")
    for package in (workplace.code / "memorization").rglob("__init__.py"):
        # Not a folder: nobody, not even root, can write files there.
        (package.parent / "__pycache__").touch()

    run = workplace.run(
        HOME="/proc/none", XDG_CACHE_HOME=str(tmp_path / "snakemake"), TMPDIR="/proc/none", PYTHONDONTWRITEBYTECODE="1"
    )

    assert run.code == 0, run.output
    assert "Traceback" not in run.output
    assert "Warning" not in run.output
    assert results_of(workplace) == results_of(done)


def test_a_run_on_a_full_disk_says_so_and_goes_on_when_there_is_space(done: Workplace, tmp_path: Path) -> None:
    workplace = to_be_made(done, tmp_path)
    workplace.results.rename(workplace.directory / "saved")
    workplace.results.mkdir()
    (workplace.directory / "made").mkdir()
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--snakefile", str(workplace.code / "Snakefile")]
    command += ["--configfile", *map(str, workplace.configs)]
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
    assert results_of(workplace) == results_of(done)


def test_code_that_is_edited_during_a_run_is_not_taken_for_the_old_one(done: Workplace, tmp_path: Path) -> None:
    workplace = to_be_made(done, tmp_path)
    module = workplace.code / "memorization/studies/sparse_coding/table.py"
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
    assert "the program was changed while the run was at work (scripts/table.py" in first_run.output
    assert again.code == 0, again.output
    assert results_of(workplace) == results_of(done)
