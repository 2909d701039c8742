"""The workflow through a real Slurm queue: jobs run on both nodes, grow after a failure, and change no result."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

from cluster import Cluster, clean_environment
from runs import Workplace

ROOT = Path(__file__).resolve().parents[2]
SNAKEFILE = ROOT / "Snakefile"
PROFILE = "workflow/profiles/slurm"

SLURM = [
    "--workflow-profile",
    PROFILE,
    # The test cluster has no accounting database.
    "--slurm-status-command",
    "squeue",
    # By default the plugin checks after 40 s, and waits 10 s longer whenever no job is finished. A job here takes 9 s,
    # and several at once 12 s: the second check finds them.
    "--slurm-init-seconds-before-status-checks",
    "2",
    "--seconds-between-status-checks",
    "5",
    # A rule may request more than the two processors of a test node, which sbatch would refuse.
    "--max-threads",
    "2",
]

TOY = """
rule all:
    input:
        expand("node/{part}.txt", part=range(4)),
        "grown.txt"

rule part:
    output:
        "node/{part}.txt"
    shell:
        "echo $SLURMD_NODENAME > {output}"

rule grown:
    output:
        "grown.txt"
    log:
        "grown.log"
    shell:
        "(test {resources.mem_mb} -gt 8000 && echo {resources.mem_mb} > {output}) 2> {log}"
"""


def snakemake(*options: str, snakefile: Path, directory: Path, limit: float) -> subprocess.CompletedProcess[str]:
    """Run `snakemake` from the root of the repository, as a user does; after `limit` seconds it is killed.

    Its output is written to one file beside `directory` and returned as `stdout`; a failing run fails the test with it.
    """
    command = [
        sys.executable,
        "-m",
        "snakemake",
        "--snakefile",
        str(snakefile),
        "--directory",
        str(directory),
        *options,
    ]
    directory.mkdir(parents=True, exist_ok=True)
    log = directory.with_suffix(".log")
    with log.open("w") as sink:
        process = subprocess.Popen(
            command, cwd=ROOT, env=clean_environment(), stdout=sink, stderr=sink, start_new_session=True
        )
        try:
            process.wait(limit)
        finally:
            # The whole session: local jobs are children of this process and must not outlive a test that gave up.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
    output = log.read_text()
    assert process.returncode == 0, f"`{' '.join(command)}` ended with {process.returncode}:\n{output}"
    return subprocess.CompletedProcess(command, process.returncode, output)


def nodes_used(cluster: Cluster) -> set[str]:
    """Names of the nodes on which the cluster's finished jobs ran."""
    return {job.node for job in cluster.jobs() if job.state == "COMPLETED"}


def files_below(folder: Path) -> dict[str, bytes]:
    """Content of every file below `folder` by its relative path."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_jobs_run_on_both_nodes_and_grow_after_a_failure(cluster: Cluster, tmp_path: Path) -> None:
    snakefile = tmp_path / "Snakefile"
    snakefile.write_text(TOY)
    directory = tmp_path / "work"

    run = snakemake(*SLURM, snakefile=snakefile, directory=directory, limit=240)

    assert f"workflow specific profile {PROFILE} for setting default" in run.stdout
    nodes = {path.read_text().strip() for path in (directory / "node").iterdir()}
    assert nodes == nodes_used(cluster) == set(cluster.nodes)
    parts = {job.comment for job in cluster.jobs() if job.comment.startswith("rule_part")}
    assert len(parts) == 4
    attempts = [job for job in cluster.jobs() if job.comment == "rule_grown"]
    assert [(job.state, job.memory, job.time_limit) for job in attempts] == [
        ("FAILED", "8000M", "2:00:00"),
        ("COMPLETED", "16000M", "4:00:00"),
    ]
    assert (directory / "grown.txt").read_text() == "16000\n"


def test_slurm_gives_the_tables_of_a_local_run(
    finished: Workplace, cluster: Cluster, small_config: Path, tmp_path: Path
) -> None:
    study = ["--configfile", str(small_config), "--config", "results=results"]

    snakemake(*study, *SLURM, snakefile=SNAKEFILE, directory=tmp_path / "slurm", limit=1800)

    jobs = cluster.jobs()
    assert {job.state for job in jobs} == {"COMPLETED"}
    assert nodes_used(cluster) == set(cluster.nodes)
    local = {
        name: content for name, content in files_below(finished.results / "tables").items() if name.startswith("small")
    }
    queued = files_below(tmp_path / "slurm/results/tables")
    assert local, "the local run wrote no table"
    assert sorted(queued) == sorted(local)
    assert [name for name in local if queued[name] != local[name]] == []
