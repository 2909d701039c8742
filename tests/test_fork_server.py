"""Scripts that are handed to the server run as they would by themselves, and end with whoever waits for them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from memorization import fork_client, fork_server

ROOT = Path(__file__).resolve().parents[1]
HAND_OVER = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from memorization import fork_client
fork_client.hand_over()
import os, signal, time
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")


class Run:
    """A process with a server, which ends when `end` is called; scripts are started beside it, as a run's are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
            "import os\n"
            "from memorization import fork_client, fork_server\n"
            "fork_server.start()\n"
            "print(os.environ[fork_client.VARIABLE], flush=True)\n"
            "sys.stdin.read()"
        )
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONPATH": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.variable = self.process.stdout.readline().strip()

    @property
    def socket(self) -> Path:
        return Path(json.loads(self.variable)[1])

    def script(self, text: str, **environment: str) -> "subprocess.Popen[str]":
        script = self.folder / "script.py"
        script.write_text(HAND_OVER + text)
        return subprocess.Popen(
            [sys.executable, str(script)],
            cwd=self.folder,
            env=os.environ | {fork_client.VARIABLE: self.variable} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def end(self) -> None:
        self.process.communicate()


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    started = Run(tmp_path)
    yield started
    started.end()


def lives(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ends(process: int) -> bool:
    return any(not lives(process) or time.sleep(0.02) for _ in range(500))


def test_a_script_runs_in_a_fork_with_its_own_environment_folder_and_streams(run: Run) -> None:
    text = (
        "print(os.getppid(), os.getcwd(), os.environ['ASKED'], 'JE_ARROW_MALLOC_CONF' in os.environ, sys.argv)\n"
        "print('to the other', file=sys.stderr)\n"
    )
    scripts = [run.script(text, ASKED=str(number)) for number in range(3)]
    outputs = [script.communicate() for script in scripts]

    parents = set()
    for number, (script, (output, errors)) in enumerate(zip(scripts, outputs, strict=True)):
        parent, rest = output.split(" ", 1)
        parents.add(int(parent))
        assert rest == f"{run.folder} {number} False ['{run.folder}/script.py']\n"
        assert errors == "to the other\n"
        assert script.returncode == 0
    assert len(parents) == 1
    assert parents.isdisjoint({os.getpid(), run.process.pid})


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("sys.exit(3)", 3, ""),
        ("sys.exit('a message')", 1, "a message\n"),
        ("1 / 0", 1, "ZeroDivisionError: division by zero\n"),
        ("import no_such_module", 1, "ModuleNotFoundError: No module named 'no_such_module'\n"),
        ("os._exit(7)", 137, ""),
        ("os.kill(os.getpid(), signal.SIGKILL)", 137, ""),
    ],
)
def test_a_script_ends_as_it_would_by_itself(run: Run, text: str, code: int, message: str) -> None:
    script = run.script(text)
    _, errors = script.communicate()

    assert script.returncode == code
    assert errors.endswith(message)
    # The server outlives it.
    assert run.script("sys.exit(5)").wait() == 5


def test_nothing_of_one_script_is_left_for_the_next(run: Run) -> None:
    text = (
        "import json\nassert not hasattr(json, 'changed') and 'NEW' not in os.environ\n"
        "json.changed = True; os.environ['NEW'] = ''"
    )

    assert [run.script(text).wait() for _ in range(3)] == [0, 0, 0]


def test_the_server_imports_what_a_script_imports(run: Run) -> None:
    run.script("import wave").wait()

    # Before the script's own lines, by which `wave` would be imported anyway.
    script = run.script("print('wave' in sys.modules)")
    assert script.communicate()[0] == "True\n"


def test_a_signal_is_passed_on(run: Run) -> None:
    script = run.script(
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(9)); print(os.getpid(), flush=True); time.sleep(60)"
    )
    assert script.stdout is not None
    fork = int(script.stdout.readline())

    script.send_signal(signal.SIGTERM)

    assert script.wait() == 9
    assert ends(fork)


def test_a_script_ends_with_the_process_that_waits_for_it(run: Run) -> None:
    script = run.script("print(os.getpid(), flush=True); time.sleep(60)")
    assert script.stdout is not None
    fork = int(script.stdout.readline())
    assert lives(fork)

    script.kill()

    assert ends(fork)


@pytest.mark.parametrize("killed", [False, True])
def test_the_server_ends_with_its_run_and_leaves_nothing(run: Run, killed: bool) -> None:
    script = run.script("print(os.getppid(), flush=True)")
    server = int(script.communicate()[0])
    folder = run.socket.parent
    assert folder.is_dir()

    if killed:
        run.process.kill()
    run.end()

    assert ends(server)
    assert not folder.exists()


def test_a_script_goes_on_by_itself_where_there_is_no_server_of_its_python(run: Run, tmp_path: Path) -> None:
    text = "print(os.getpid())"
    other = run.script(text, **{fork_client.VARIABLE: json.dumps(["/another/python", str(run.socket)])})
    assert int(other.communicate()[0]) == other.pid
    run.end()

    alone = run.script(text)

    assert int(alone.communicate()[0]) == alone.pid
    assert fork_client.VARIABLE not in os.environ


def test_a_server_with_threads_does_not_fork(run: Run) -> None:
    (run.folder / "with_thread.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )

    for text in ("import with_thread\nprint(os.getpid())", "print(os.getpid())"):
        script = run.script(text)
        assert int(script.communicate()[0]) == script.pid


@pytest.mark.parametrize("reason", ["another system", "no temporary folder", "a long temporary folder"])
def test_elsewhere_no_server_is_started(reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(fork_client.VARIABLE, raising=False)
    if reason == "another system":
        monkeypatch.setattr(sys, "platform", "darwin")
    else:
        folder = tmp_path / ("x" * 120 if reason == "a long temporary folder" else "missing")
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        if reason == "a long temporary folder":
            folder.mkdir()

    fork_server.start()

    assert fork_client.VARIABLE not in os.environ
    assert [file for folder in tmp_path.iterdir() for file in folder.iterdir()] == []
