"""A real Slurm cluster of two nodes on one machine, for the duration of a test.

One controller (`slurmctld`) and two node daemons (`slurmd -N nodeK`) run on this host, with their own MUNGE daemon.
They write only to one temporary folder, except for the configuration: jobs are started with every `SLURM_*` variable
removed, `SLURM_CONF` too, so that commands inside a job read the configuration in Slurm's default place.

This module is independent of pytest and Snakemake. On Debian the binaries come from packages `slurm-wlm` and `munge`.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = Path("/etc/slurm/slurm.conf")
"""The configuration that Debian's build of Slurm reads if no variable names another."""

SIGNATURE = "# Written by tests/slurm/cluster.py, removed when the test cluster stops."
"""First line of the configuration: distinguishes ours, left by a killed run, from that of a real cluster."""

LOCK = Path("/tmp/slurm-test-cluster.lock")
NODES = ("node1", "node2")
DAEMONS = ("munged", "slurmctld", "slurmd")
CLIENTS = ("sbatch", "scancel", "sinfo", "squeue", "srun")
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

COMMAND_LIMIT = 20.0
START_LIMIT = 60.0
DRAIN_LIMIT = 20.0
STOP_LIMIT = 10.0
"""Seconds: one client command, all nodes idle, the last job gone, a daemon gone after SIGTERM."""


class ClusterUnavailableError(Exception):
    """This machine cannot run the test cluster; the message states why and what to do."""


class ClusterError(Exception):
    """The test cluster was started here but failed; the message ends with the daemons' logs."""


@dataclass(frozen=True)
class Job:
    """One Slurm job in the controller's records.

    `memory` is the requested memory in Slurm's notation (`500M`), `time_limit` is `[days-]hours:minutes:seconds`,
    `comment` comes from the submitter (Snakemake's plugin: rule and wildcards), `node` is empty until the job starts.
    """

    id: str
    state: str
    node: str
    memory: str
    time_limit: str
    comment: str


@dataclass(frozen=True)
class Cluster:
    """A running cluster: its folder (configuration, state, logs) and the names of its nodes."""

    folder: Path
    nodes: tuple[str, ...] = NODES

    def jobs(self) -> list[Job]:
        """Every job since the cluster started, in any state, oldest first."""
        listing = client("squeue", "--states=all", "--noheader", "--sort=i", "--format=%i|%T|%N|%m|%l|%k")
        return [Job(*line.split("|", maxsplit=5)) for line in listing.splitlines() if line]

    def logs(self, lines: int = 15) -> str:
        """The last lines of every daemon's log, for error messages."""
        parts = []
        for path in sorted(self.folder.glob("*.log")):
            text = path.read_text(errors="replace").splitlines()
            parts.append("\n".join([f"--- {path.name}", *text[-lines:]]))
        return "\n".join(parts)


def clean_environment() -> dict[str, str]:
    """This process's environment without Slurm's variables, which would point clients at another cluster or job."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("SLURM_", "SBATCH_"))}
    return environment | {"PATH": SEARCH_PATH}


def client(program: str, *arguments: str, limit: float = COMMAND_LIMIT) -> str:
    """Run one Slurm command and return what it printed.

    Raises `ClusterError` if it fails or takes longer than `limit` seconds.
    """
    command = [program, *arguments]
    try:
        answer = subprocess.run(
            command, env=clean_environment(), capture_output=True, text=True, timeout=limit, check=True
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"`{' '.join(command)}` gave no answer within {limit:.0f} s") from error
    except subprocess.CalledProcessError as error:
        raise ClusterError(f"`{' '.join(command)}` failed: {error.stderr.strip()}") from error
    return answer.stdout


def check_machine() -> None:
    """Raise `ClusterUnavailableError` unless a test cluster may be started here."""
    missing = [name for name in (*DAEMONS, *CLIENTS) if shutil.which(name, path=SEARCH_PATH) is None]
    if missing:
        raise ClusterUnavailableError(f"missing: {', '.join(missing)} (Debian: apt-get install slurm-wlm munge)")
    if os.geteuid() != 0:
        raise ClusterUnavailableError(f"needs root, to write {CONFIGURATION} and to start jobs")
    if CONFIGURATION.exists() and not CONFIGURATION.read_text(errors="replace").startswith(SIGNATURE):
        raise ClusterUnavailableError(f"{CONFIGURATION} belongs to another Slurm installation, which stays unchanged")
    if importlib.util.find_spec("snakemake_executor_plugin_slurm") is None:
        raise ClusterUnavailableError("missing: Snakemake's plugin for Slurm (make slurm)")


@contextlib.contextmanager
def sole_cluster() -> Iterator[None]:
    """Lock the machine: there is one default configuration, so there can be only one cluster.

    A kernel lock ends with its process, so a killed run never blocks the next one.
    """
    with LOCK.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ClusterUnavailableError("another test run uses the test cluster of this machine") from error
        yield


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, below the range from which the kernel serves outgoing connections."""
    ports: list[int] = []
    for port in range(16817, 32000):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
            except OSError:
                continue
        ports.append(port)
        if len(ports) == count:
            return ports
    raise ClusterError(f"fewer than {count} free ports")


def configuration(folder: Path, cpus: int, memory_mb: int) -> str:
    """The text of `slurm.conf` for a cluster in `folder` whose nodes each claim `cpus` and `memory_mb`.

    The nodes may claim more than the machine has (`config_overrides`): the tests concern how work is distributed.
    """
    host = socket.gethostname().split(".")[0]
    controller_port, *node_ports = free_ports(1 + len(NODES))
    settings = {
        "ClusterName": "test",
        # slurmctld refuses to start under any name but the host's own; with the address it needs no name server.
        "SlurmctldHost": f"{host}(127.0.0.1)",
        "SlurmctldPort": controller_port,
        "SlurmUser": "root",
        "SlurmdUser": "root",
        "AuthType": "auth/munge",
        "CredType": "cred/munge",
        # A socket of our own, so that a MUNGE daemon of the system is neither needed nor disturbed.
        "AuthInfo": f"socket={folder}/munge.socket",
        "StateSaveLocation": f"{folder}/state",
        "SlurmctldPidFile": f"{folder}/slurmctld.pid",
        # %n is the node's name: two daemons on one host must not share a spool folder or a pid file.
        "SlurmdSpoolDir": f"{folder}/%n",
        "SlurmdPidFile": f"{folder}/%n.pid",
        # Containers give no writable cgroups: track processes by parent instead, and bind none to cores.
        "ProctrackType": "proctrack/linuxproc",
        "TaskPlugin": "task/none",
        "JobAcctGatherType": "jobacct_gather/none",
        "AccountingStorageType": "accounting_storage/none",
        "MpiDefault": "none",
        "MailProg": shutil.which("true"),
        "SelectType": "select/cons_tres",
        # Memory is a resource as on real clusters; LLN spreads jobs over the nodes instead of filling the first.
        "SelectTypeParameters": "CR_Core_Memory,CR_LLN",
        "SlurmdParameters": "config_overrides",
        # Place a job when it is submitted instead of up to three seconds later.
        "SchedulerParameters": "batch_sched_delay=0",
        # A node that was slow to answer comes back by itself.
        "ReturnToService": 2,
        # Longer than any test, because without accounting only squeue knows a finished job. Below three times
        # `--slurm-init-seconds-before-status-checks` the plugin would use sacct, which has no data.
        "MinJobAge": 86400,
        "KillWait": 2,
    }
    lines = [SIGNATURE, *(f"{key}={value}" for key, value in settings.items())]
    for node, port in zip(NODES, node_ports, strict=True):
        lines.append(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={cpus} RealMemory={memory_mb}"
        )
    lines.append(f"PartitionName=main Nodes={','.join(NODES)} Default=YES MaxTime=INFINITE State=UP")
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def installed(text: str) -> Iterator[None]:
    """Install `text` as the system's Slurm configuration, and remove it at exit.

    Only called if `check_machine` detected no configuration, or one that a killed test run left behind.
    """
    created = not CONFIGURATION.parent.exists()
    CONFIGURATION.parent.mkdir(parents=True, exist_ok=True)
    draft = CONFIGURATION.with_suffix(".draft")
    draft.write_text(text)
    draft.replace(CONFIGURATION)
    try:
        yield
    finally:
        CONFIGURATION.unlink(missing_ok=True)
        if created:
            with contextlib.suppress(OSError):
                CONFIGURATION.parent.rmdir()


@contextlib.contextmanager
def daemon(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a daemon in the foreground; at exit SIGTERM, a bounded wait, then SIGKILL.

    `setpriv` lets the kernel stop it when this process dies without reaching the exit. Its working folder is the
    cluster's, by which `stragglers` recognizes its child processes.
    """
    program = shutil.which(command[0], path=SEARCH_PATH)
    with log.open("ab") as sink:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", str(program), *command[1:]],
            env=clean_environment(),
            cwd=log.parent,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_LIMIT)


def stragglers(folder: Path) -> list[int]:
    """Ids of job managers (`slurmstepd`) that were started by the daemons of the cluster in `folder` and still run."""
    managers = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            manager = (process / "exe").readlink().name.startswith("slurmstepd")
            if manager and (process / "cwd").readlink().is_relative_to(folder):
                managers.append(int(process.name))
    return managers


def family(process: int) -> list[int]:
    """The ids of a process and of all its descendants."""
    members = [process]
    with contextlib.suppress(OSError):
        for child in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            members += family(int(child))
    return members


def kill_stragglers(folder: Path) -> None:
    """Kill the remaining jobs of the cluster in `folder`, the job managers first."""
    for process in [member for straggler in stragglers(folder) for member in family(straggler)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def drain(folder: Path, daemons: Sequence[subprocess.Popen[bytes]]) -> None:
    """Cancel every job and wait until the last has ended; kill those that run after `DRAIN_LIMIT` seconds.

    If a daemon has already ended, no job can be cancelled, so all are killed at once.
    """
    if all(process.poll() is None for process in daemons):
        deadline = time.monotonic() + DRAIN_LIMIT
        with contextlib.suppress(ClusterError):
            client("scancel", "--user=root")
            while client("squeue", "--noheader") and time.monotonic() < deadline:
                time.sleep(0.2)
        while stragglers(folder) and time.monotonic() < deadline:
            time.sleep(0.2)
    kill_stragglers(folder)


def clear_leftovers() -> None:
    """Remove the jobs and the folder of a cluster whose test run was killed.

    Its daemons ended with that run, its jobs did not, and its configuration still names its folder. Only called under
    the lock of `sole_cluster`: nobody uses that cluster any more.
    """
    if not CONFIGURATION.exists():
        return
    for line in CONFIGURATION.read_text().splitlines():
        key, _, value = line.partition("=")
        if key == "StateSaveLocation":
            folder = Path(value).parent
            kill_stragglers(folder)
            shutil.rmtree(folder, ignore_errors=True)


def wait_until_idle(cluster: Cluster, daemons: Sequence[subprocess.Popen[bytes]]) -> None:
    """Return when every node is idle; raise `ClusterError` if a daemon ended or after `START_LIMIT` seconds."""
    deadline = time.monotonic() + START_LIMIT
    expected = {f"{node} idle" for node in cluster.nodes}
    state = "no answer from the controller"
    while time.monotonic() < deadline:
        for process in daemons:
            if process.poll() is not None:
                raise ClusterError(f"{process.args!r} ended with {process.returncode}\n{cluster.logs()}")
        try:
            state = client("sinfo", "--noheader", "--Node", "--format=%N %T")
        except ClusterError as error:  # the controller does not listen yet
            state = str(error)
        if {line.strip() for line in state.splitlines()} == expected:
            return
        time.sleep(0.2)
    raise ClusterError(f"not all nodes idle within {START_LIMIT:.0f} s: {state.strip()}\n{cluster.logs()}")


@contextlib.contextmanager
def munge(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A MUNGE daemon with a new key, by which the cluster's daemons and clients authenticate one another."""
    key = folder / "munge.key"
    key.touch(mode=0o400)
    key.write_bytes(secrets.token_bytes(128))
    paths = {"key-file": "key", "socket": "socket", "pid-file": "pid", "log-file": "log", "seed-file": "seed"}
    options = [f"--{option}={folder}/munge.{suffix}" for option, suffix in paths.items()]
    with daemon(["munged", "--foreground", *options], folder / "munged.log") as process:
        deadline = time.monotonic() + STOP_LIMIT
        while not (folder / "munge.socket").exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ClusterError(f"munged did not start\n{Cluster(folder).logs()}")
            time.sleep(0.05)
        yield process


@contextlib.contextmanager
def slurm_cluster(cpus: int = 2, memory_mb: int = 64_000) -> Iterator[Cluster]:
    """Start a cluster of two nodes, each with `cpus` and `memory_mb`, and stop it at exit, also after a failure.

    Raises `ClusterUnavailableError` if it cannot or must not run, `ClusterError` if it fails to start.
    """
    check_machine()
    with contextlib.ExitStack() as stack:
        stack.enter_context(sole_cluster())
        clear_leftovers()
        # Not in $TMPDIR: the path of a socket has at most 107 characters.
        folder = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # munged refuses a socket that not everybody can reach
        for name in ("state", *NODES):
            (folder / name).mkdir()
        stack.enter_context(installed(configuration(folder, cpus, memory_mb)))
        daemons = [stack.enter_context(munge(folder))]
        commands = {"slurmctld": ["slurmctld", "-D", "-c", "-f", str(CONFIGURATION)]}
        commands |= {node: ["slurmd", "-D", "-N", node, "-f", str(CONFIGURATION)] for node in NODES}
        for name, command in commands.items():
            daemons.append(stack.enter_context(daemon(command, folder / f"{name}.log")))
        stack.callback(drain, folder, daemons)
        cluster = Cluster(folder)
        wait_until_idle(cluster, daemons)
        yield cluster
