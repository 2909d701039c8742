"""The test cluster itself: it does not touch other installations and leaves nothing behind."""

import contextlib
import time
from pathlib import Path

import cluster as module
import pytest
from cluster import Cluster, ClusterError, ClusterUnavailableError, client, configuration, slurm_cluster


def programs_in(folder: Path) -> set[str]:
    """Programs that run with `folder` as their working folder: the cluster's daemons and job managers."""
    programs = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended meanwhile, or a kernel thread
            if (process / "cwd").readlink().is_relative_to(folder):
                # Debian's slurmd is a link to slurmd-wlm.
                programs.add((process / "exe").readlink().name.removesuffix("-wlm"))
    return programs


def wait_for(folder: Path, program: str, limit: float = 20.0) -> set[str]:
    """The programs in `folder` as soon as `program` is among them, or after `limit` seconds."""
    deadline = time.monotonic() + limit
    while program not in (programs := programs_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return programs


def test_configuration_names_two_nodes_with_their_own_ports(tmp_path: Path) -> None:
    text = configuration(tmp_path, cpus=2, memory_mb=1000)

    nodes = [line for line in text.splitlines() if line.startswith("NodeName=")]
    assert [line.split()[0] for line in nodes] == ["NodeName=node1", "NodeName=node2"]
    assert len({field for line in nodes for field in line.split() if field.startswith("Port=")}) == 2


def test_another_installation_stays_unchanged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    foreign = tmp_path / "slurm.conf"
    foreign.write_text("ClusterName=production\n")
    monkeypatch.setattr(module, "CONFIGURATION", foreign)
    monkeypatch.setattr(module.shutil, "which", lambda name, path: name)
    monkeypatch.setattr(module.os, "geteuid", lambda: 0)

    with pytest.raises(ClusterUnavailableError, match="belongs to another Slurm installation"), slurm_cluster():
        pass

    assert foreign.read_text() == "ClusterName=production\n"


def test_missing_programs_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SEARCH_PATH", "")

    with pytest.raises(ClusterUnavailableError, match=r"munged.*slurmctld.*apt-get install slurm-wlm munge"):
        module.check_machine()


def test_there_is_one_cluster_at_a_time(cluster: Cluster) -> None:
    with pytest.raises(ClusterUnavailableError, match="another test run"), slurm_cluster():
        pass

    assert "idle" in client("sinfo", "--noheader", "--format=%T")


@pytest.mark.usefixtures("slurm_machine")
def test_a_failure_leaves_nothing_behind() -> None:
    with pytest.raises(ZeroDivisionError), slurm_cluster() as running:
        client("sbatch", "--output=/dev/null", "--wrap=sleep 600")
        assert {"munged", "slurmctld", "slurmd", "slurmstepd"} <= wait_for(running.folder, "slurmstepd")
        raise ZeroDivisionError

    assert programs_in(running.folder) == set()
    assert not running.folder.exists()
    assert not module.CONFIGURATION.exists()


@pytest.mark.usefixtures("slurm_machine")
def test_a_daemon_that_refuses_to_start_is_reported_with_its_log(monkeypatch: pytest.MonkeyPatch) -> None:
    text = configuration

    def broken(folder: Path, cpus: int, memory_mb: int) -> str:
        return text(folder, cpus, memory_mb).replace("SelectType=select/cons_tres", "SelectType=select/nonsense")

    monkeypatch.setattr(module, "configuration", broken)

    with pytest.raises(ClusterError, match=r"(?s)ended with.*select/nonsense"), slurm_cluster():
        pass

    assert not module.CONFIGURATION.exists()


@pytest.mark.usefixtures("slurm_machine")
def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    left = tmp_path / "left"
    (left / "state").mkdir(parents=True)
    module.CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    module.CONFIGURATION.write_text(configuration(left, cpus=1, memory_mb=1000))

    with slurm_cluster() as running:
        assert client("sinfo", "--noheader", "--format=%D").strip() == str(len(running.nodes))

    assert not left.exists()
    assert not module.CONFIGURATION.exists()
