"""Scripts that are handed to the server run as they would by themselves, and end with whoever waits for them."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from snakemake.script import PythonScript

from memorization import fork_client, fork_server

ROOT = Path(__file__).resolve().parents[1]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")


class Run:
    """A process with a server, which ends when `end` is called; scripts are handed to its server from here."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = (
            f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
            "from memorization import fork_server\n"
            "print(fork_server.start(), flush=True)\n"
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
        self.socket = self.process.stdout.readline().strip()
        (self.server,) = (int(each) for each in children(self.process.pid))

    def written(self, text: str) -> Path:
        script = self.folder / "script.py"
        script.write_text(f"import os, signal, sys, time\n{text}")
        return script

    def ran(self, text: str, **environment: str) -> tuple[int | None, str, str]:
        """Exit code, output and errors of a script; None where the server does not take it."""
        script = self.written(text)
        outputs = [self.folder / f"{kind}-{threading.get_ident()}" for kind in ("output", "errors")]
        with Path(os.devnull).open() as nothing, outputs[0].open("w") as output, outputs[1].open("w") as errors:
            streams = [nothing.fileno(), output.fileno(), errors.fileno()]
            code = fork_client.hand_over(self.socket, script, os.environ | environment, streams)
        return code, outputs[0].read_text(), outputs[1].read_text()

    def end(self) -> None:
        self.process.communicate()


def children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


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


def appears(file: Path) -> str:
    """The text of a file, once there is one."""
    return next(text for _ in range(500) if (text := file.exists() and file.read_text()) or time.sleep(0.02))


def open_files() -> set[int]:
    return {int(file.name) for file in Path("/proc/self/fd").iterdir() if file.exists()}


def test_a_script_runs_in_a_fork_with_its_own_environment_folder_and_streams(run: Run) -> None:
    text = (
        "print(os.getppid(), os.getcwd(), os.environ['ASKED'], 'JE_ARROW_MALLOC_CONF' in os.environ, sys.argv)\n"
        "print('to the other', file=sys.stderr)\n"
        "assert sys.stdin.read() == ''\n"
    )
    run.written(text)
    with ThreadPoolExecutor(3) as pool:
        ended = list(pool.map(lambda number: run.ran(text, ASKED=str(number)), range(3)))

    for number, (code, output, errors) in enumerate(ended):
        assert output == f"{run.server} {Path.cwd()} {number} False ['{run.folder}/script.py']\n"
        assert errors == "to the other\n"
        assert code == 0


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
    ended, _, errors = run.ran(text)

    assert ended == code
    assert errors.endswith(message)
    # The server outlives it.
    assert run.ran("sys.exit(5)")[0] == 5


def test_nothing_of_one_script_is_left_for_the_next(run: Run) -> None:
    text = (
        "import json\nassert not hasattr(json, 'changed') and 'NEW' not in os.environ\n"
        "json.changed = True; os.environ['NEW'] = ''"
    )

    assert [run.ran(text)[0] for _ in range(3)] == [0, 0, 0]


def test_the_server_imports_what_a_script_imports(run: Run) -> None:
    run.ran("import wave")

    # Before the script's own lines, by which `wave` would be imported anyway.
    assert run.ran("print('wave' in sys.modules)")[1] == "True\n"


def test_a_script_ends_with_the_process_that_waits_for_it(run: Run) -> None:
    script = run.written("with open('process', 'w') as file: print(os.getpid(), file=file)\ntime.sleep(60)")
    program = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from memorization import fork_client\n"
        f"fork_client.hand_over({run.socket!r}, Path({str(script)!r}), os.environ)"
    )
    waits = subprocess.Popen([sys.executable, "-c", program], cwd=run.folder)
    fork = int(appears(run.folder / "process"))
    assert lives(fork)

    waits.kill()
    waits.wait()

    assert ends(fork)


@pytest.mark.parametrize("killed", [False, True])
def test_the_server_ends_with_its_run_and_leaves_nothing(run: Run, killed: bool) -> None:
    folder = Path(run.socket).parent
    assert folder.is_dir()

    if killed:
        run.process.kill()
    run.end()

    assert ends(run.server)
    assert not folder.exists()


def test_a_server_that_has_ended_takes_no_script(run: Run) -> None:
    run.end()

    assert run.ran("print('it ran')") == (None, "", "")


def test_a_server_with_threads_does_not_fork(run: Run) -> None:
    (run.folder / "with_thread.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )

    for text in ("import with_thread\nprint('it ran')", "print('it ran')"):
        assert run.ran(text) == (None, "", "")


def test_no_file_stays_open_behind_a_script(run: Run) -> None:
    run.ran("pass")
    before = open_files()

    for text in ("pass", "sys.exit(1)", "os._exit(1)"):
        run.ran(text)

    assert open_files() == before


def snakemake_script(**changed: Any) -> Any:
    """What Snakemake makes of a script in a rule, as far as it matters when the script is started."""
    script = object.__new__(PythonScript)
    names = "bench_record conda_env conda_base_path container_img env_modules runtime_paths shadow_dir singularity_args"
    script.__dict__.update(dict.fromkeys(names.split()), threads=3, resources={"tmpdir": "/a/folder"})
    script.__dict__.update(changed)
    return script


@pytest.fixture
def beside(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A run in whose folder this process works; what is changed of Snakemake's scripts is changed back."""
    monkeypatch.setattr(PythonScript, "execute_script", PythonScript.execute_script)
    monkeypatch.chdir(run.folder)
    return run


@pytest.fixture
def taken(beside: Run) -> Run:
    """A run whose server gets the scripts of this process."""
    fork_client.take_scripts(PythonScript, beside.socket)
    return beside


def told(run: Run, text: str, **changed: Any) -> Any:
    """What a script that Snakemake starts writes as JSON; it has the name `told`."""
    file = run.folder / "told.json"
    file.unlink(missing_ok=True)
    script = run.written(f"import json\ntold = {text}\nwith open('told.json', 'w') as file: json.dump(told, file)")
    snakemake_script(**changed).execute_script(str(script))
    return json.loads(file.read_text())


def test_snakemake_hands_a_script_over_with_the_environment_that_it_would_start_it_with(beside: Run) -> None:
    # What a shell sets by itself.
    text = "[os.getppid(), {name: value for name, value in os.environ.items() if name not in ('PWD', 'SHLVL', '_')}]"

    _, started = told(beside, text)
    fork_client.take_scripts(PythonScript, beside.socket)
    parent, handed_over = told(beside, text)

    assert handed_over == started
    assert handed_over["OMP_NUM_THREADS"] == "3" and handed_over["TMPDIR"] == "/a/folder"
    assert parent == beside.server


def test_snakemake_is_told_of_a_script_that_fails(taken: Run) -> None:
    with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
        snakemake_script().execute_script(str(taken.written("sys.exit(3)")))


@pytest.mark.parametrize("reason", ["an environment of its own", "a server that has ended"])
def test_snakemake_starts_what_is_not_handed_over(reason: str, taken: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {}
    if reason == "an environment of its own":
        # Snakemake asks the environment for its Python, which is this one here.
        monkeypatch.setattr(PythonScript, "_is_python_env", lambda _: False)
        changed = {"env_modules": SimpleNamespace(shellcmd=lambda command: command)}
    else:
        taken.end()

    assert told(taken, "os.getppid()", **changed) != taken.server


@pytest.mark.parametrize("reason", ["another system", "no temporary folder", "a long temporary folder"])
def test_elsewhere_no_server_is_started(reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if reason == "another system":
        monkeypatch.setattr(sys, "platform", "darwin")
    else:
        folder = tmp_path / ("x" * 120 if reason == "a long temporary folder" else "missing")
        monkeypatch.setattr("tempfile.tempdir", str(folder))
        if reason == "a long temporary folder":
            folder.mkdir()

    assert fork_server.start() is None
    assert [file for folder in tmp_path.iterdir() for file in folder.iterdir()] == []
