"""Cards: what is found of them, and one for each process; `nvidia-smi` is a stand-in."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from stand_in_cards import DIVIDED, TWO, stand_in

from memorization import cards
from memorization.cards import Card
from memorization.errors import UserError

ROOT = Path(__file__).resolve().parents[1]
FIRST, SECOND = "GPU-11111111-aaaa", "GPU-22222222-bbbb"
PART, OTHER_PART = "MIG-33333333-cccc", "MIG-44444444-dddd"

# Takes a card, logs that, reports what it sees, and waits until its standard input ends.
HOLDER = """
import logging, os, sys
from memorization import cards
logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
cards.take(int(sys.argv[1]))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without cards, with locks of its own."""
    monkeypatch.setattr(cards, "DRIVER", tmp_path / "driver")
    monkeypatch.setattr(cards, "_locks", [])
    monkeypatch.delenv(cards.VISIBLE, raising=False)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


@pytest.fixture
def two(machine: Path) -> Path:
    """A machine with two cards."""
    return stand_in(machine, TWO)


@pytest.fixture
def holders() -> "Iterator[list[subprocess.Popen[str]]]":
    """Processes that must not outlive the test."""
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def hold(holders: "list[subprocess.Popen[str]]", per_card: int = 1, **environment: str) -> "subprocess.Popen[str]":
    """Start a process that takes a card."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(per_card)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    holders.append(process)
    return process


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def card_of(process: "subprocess.Popen[str]") -> str:
    """The one card that the process sees, which is the one that it has taken."""
    taken, seen = line_of(process), line_of(process)
    assert taken == f"card {seen}"
    return seen


def test_without_a_driver_there_are_no_cards(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cards.visible() == []
    # The user's variable does not make one.
    monkeypatch.setenv(cards.VISIBLE, "0")
    assert cards.visible() == []
    assert cards.memory_gb([]) is None
    cards.take()
    assert os.environ[cards.VISIBLE] == "0"


def test_a_driver_that_fails_has_no_cards(machine: Path) -> None:
    tool = machine / "nvidia-smi"
    tool.write_text("#!/bin/sh\necho 'NVIDIA-SMI has failed'\nexit 9\n")
    tool.chmod(0o755)

    assert cards.visible() == []


def test_cards_are_found_with_their_memory(two: Path) -> None:
    assert cards.visible() == [Card(FIRST, FIRST), Card(SECOND, SECOND)]
    assert cards.memory_gb(cards.visible()) == pytest.approx(81559 * 2**20 / 1e9)
    assert cards.memory_gb(cards.visible()[1:]) == pytest.approx(81920 * 2**20 / 1e9)


def test_without_its_tool_the_driver_lists_cards(machine: Path) -> None:
    for place, uuid in (("0000:3b:00.0", FIRST), ("0000:af:00.0", SECOND)):
        file = machine / "driver" / place / "information"
        file.parent.mkdir(parents=True)
        file.write_text(f"Model: \t\t NVIDIA H100\nGPU UUID: \t {uuid}\nBus Type: \t PCIe\n")

    assert [card.uuid for card in cards.visible()] == [FIRST, SECOND]
    assert cards.memory_gb(cards.visible()) is None


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("0", ["0"]),
        ("1", ["1"]),
        ("1,0", ["1", "0"]),
        (" 1 , 0 ", ["1", "0"]),
        (SECOND, [SECOND]),
        ("GPU-2222", ["GPU-2222"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("2", []),
        # CUDA ignores what follows a card that does not exist.
        ("0,7,1", ["0"]),
    ],
)
def test_chosen_cards_are_those_that_cuda_would_see(
    two: Path, monkeypatch: pytest.MonkeyPatch, chosen: str, names: list[str]
) -> None:
    monkeypatch.setenv(cards.VISIBLE, chosen)

    assert [card.name for card in cards.visible()] == names
    uuids = {"0": FIRST, "1": SECOND, SECOND: SECOND, "GPU-2222": SECOND}
    assert [card.uuid for card in cards.visible()] == [uuids[name] for name in names]


def test_a_divided_card_is_used_in_parts(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(machine, DIVIDED)

    assert [card.uuid for card in cards.visible()] == [FIRST, PART, OTHER_PART]
    assert cards.memory_gb(cards.visible()[1:]) == pytest.approx(10 * 2**30 / 1e9)
    monkeypatch.setenv(cards.VISIBLE, f"{OTHER_PART},MIG-3333")
    assert [card.uuid for card in cards.visible()] == [OTHER_PART, PART]


def test_processes_get_different_cards_and_a_third_waits_for_one(
    two: Path, holders: "list[subprocess.Popen[str]]"
) -> None:
    first, second = hold(holders), hold(holders)
    taken = [card_of(first), card_of(second)]
    assert set(taken) == {FIRST, SECOND}
    third = hold(holders)
    assert line_of(third) == "all 2 cards are taken: waits for one"

    first.send_signal(signal.SIGKILL)

    assert card_of(third) == taken[0]


def test_several_jobs_share_a_card_once_every_card_has_one(two: Path, holders: "list[subprocess.Popen[str]]") -> None:
    taken = [card_of(hold(holders, per_card=2)) for _ in range(4)]

    assert set(taken[:2]) == set(taken[2:]) == {FIRST, SECOND}


def test_a_process_takes_one_of_the_chosen_cards_by_its_chosen_name(
    two: Path, holders: "list[subprocess.Popen[str]]"
) -> None:
    assert card_of(hold(holders, CUDA_VISIBLE_DEVICES="1")) == "1"
    # It is the same card by another name: the other one is free.
    assert card_of(hold(holders, CUDA_VISIBLE_DEVICES=f"{SECOND},0")) == "0"


def test_locks_that_cannot_be_written_are_a_user_error(two: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards.tempfile, "gettempdir", lambda: str(two / "nvidia-smi"))

    with pytest.raises(UserError, match=r"nvidia-smi/finetune-memorization-\d+: cannot be written .*TMPDIR"):
        cards.take()


@pytest.mark.parametrize(
    ("device", "cluster", "installed", "expected"),
    [
        ("cpu", False, True, (0, 0)),
        ("auto", False, True, (1, 2)),
        ("auto", False, False, (0, 0)),
        ("cuda", False, False, (1, 0)),
        # The cards of a login node are not those of the jobs.
        ("auto", True, True, (0, 0)),
        ("cuda", True, True, (1, 0)),
    ],
)
def test_what_jobs_ask_for(
    machine: Path, device: str, cluster: bool, installed: bool, expected: tuple[int, int]
) -> None:
    if installed:
        stand_in(machine, TWO)

    wanted, found = cards.wanted(device, cluster)

    assert (wanted, len(found)) == expected


def test_a_gpu_that_is_required_and_missing_is_a_user_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"compute\.device: given 'cuda', and there is no NVIDIA GPU here: neither"):
        cards.refuse_without([])
    monkeypatch.setenv(cards.VISIBLE, "")
    with pytest.raises(UserError, match="`CUDA_VISIBLE_DEVICES` is ''"):
        cards.refuse_without([])


def test_cards_are_found_without_pytorch() -> None:
    code = "import json, sys; from memorization import cards; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"torch", "transformers", "pandas", "numpy"} & set(json.loads(run.stdout))
