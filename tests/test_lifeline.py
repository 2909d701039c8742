import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memorization import lifeline

ROOT = Path(__file__).resolve().parents[1]
RUN = """
import signal, subprocess, sys
from memorization import lifeline
lifeline.offer(sys.argv[1] == "here")
# A shell between the two, as in a run.
subprocess.run(["bash", "-c", f"trap '' INT; {sys.executable} -c '{sys.argv[2]}'; true"])
"""
JOB = """
import os, re, signal, sys
from memorization import lifeline
assert lifeline.take()
print(os.getpid(), flush=True)
{then}
"""
BUSY = 're.match("(a+)+b", "a" * 60)'
STOPPED = "os.kill(os.getpid(), signal.SIGSTOP)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has it")


def run(then: str, place: str = "here") -> tuple["subprocess.Popen[str]", int]:
    """A run with one job, and the job's process."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, place, JOB.format(then=then)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.parametrize("then", [BUSY, STOPPED], ids=["in compiled code", "stopped"])
def test_a_job_ends_with_a_killed_run(then: str) -> None:
    process, job = run(then)
    with process:
        assert lives(job)
        process.kill()
        process.wait()
        for _ in range(1000):
            if not lives(job):
                return
            time.sleep(0.01)
    os.kill(job, signal.SIGKILL)
    pytest.fail("the job outlived its run")


def test_a_job_elsewhere_outlives_the_process_that_submitted_it() -> None:
    process, job = run(STOPPED, "elsewhere")
    with process:
        process.kill()
        process.wait()
        time.sleep(0.1)
        assert lives(job)
        os.kill(job, signal.SIGKILL)


def test_a_job_of_a_run_that_has_ended_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", environment := dict(os.environ))
    lifeline.offer(True)
    *system, process, number, pipe = environment[lifeline.VARIABLE].split()
    gone = subprocess.Popen(["true"])
    gone.wait()
    for other in (f"{gone.pid} {number} {pipe}", f"{process} {number} {int(pipe) + 1}", f"{process} 9999 {pipe}"):
        environment[lifeline.VARIABLE] = f"{' '.join(system)} {other}"
        assert not lifeline.take()


@pytest.mark.parametrize("offered", ["", "another-boot pid:[1] 1 3 5"])
def test_without_a_lifeline_for_this_system_a_job_goes_on(monkeypatch: pytest.MonkeyPatch, offered: str) -> None:
    monkeypatch.setenv(lifeline.VARIABLE, offered)
    assert lifeline.take()
