"""Cards: the GPUs of this machine that a run may use, and one of them for each job.

Snakemake counts how many jobs run models at the same time (resource `gpu`), and does not say on which card. So a job
locks one before PyTorch starts, and sees no other. The kernel releases the lock when the job ends, in whatever way.
Nothing here imports PyTorch: cards are also counted where the workflow is only planned.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from memorization import locks
from memorization.errors import UserError

log = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"
DRIVER = Path("/proc/driver/nvidia/gpus")
# A driver that hangs must not keep a dry run waiting for ever.
DRIVER_SECONDS = 60
WAIT_SECONDS = 0.5

# Open as long as the process lives.
_locks: list[IO[str]] = []


@dataclass(frozen=True)
class Card:
    """A GPU, or a part of one (MIG): what `CUDA_VISIBLE_DEVICES` calls it, and the name that no other card has."""

    name: str
    uuid: str


def visible(environment: Mapping[str, str] = os.environ) -> list[Card]:
    """The cards that a program started with this environment could use, in order; none: empty.

    `CUDA_VISIBLE_DEVICES`, which Slurm or the user may have set, is read as CUDA reads it: numbers of cards or
    beginnings of their identifiers, up to the first that does not exist.
    """
    installed = list(_installed())
    chosen = environment.get(VISIBLE)
    if chosen is None:
        return [part for card in installed for part in card.usable()]
    cards: list[Card] = []
    for name in (each.strip() for each in chosen.split(",")):
        uuid = next((uuid for card in installed for uuid in card.called(name)), None)
        if uuid is None:
            break
        cards.append(Card(name, uuid))
    return cards


@dataclass(frozen=True)
class _Installed:
    """A card as the driver lists it, with the identifiers of its MIG parts."""

    number: int
    uuid: str
    parts: tuple[str, ...] = ()

    def usable(self) -> list[Card]:
        """The card, or its parts: CUDA uses a card that is divided only in parts."""
        return [Card(uuid, uuid) for uuid in self.parts or (self.uuid,)]

    def called(self, name: str) -> Iterator[str]:
        """The identifiers, among those of the card and its parts, that a name stands for."""
        if name.isdecimal() and int(name) == self.number:
            yield self.uuid
        for uuid in (self.uuid, *self.parts):
            if name.startswith(("GPU-", "MIG-")) and uuid.startswith(name):
                yield uuid


def _installed() -> Iterator[_Installed]:
    listed = _driver("-L")
    if listed is None:
        # Without its tool, the driver still lists its cards.
        for number, file in enumerate(sorted(DRIVER.glob("*/information"))):
            if found := re.search(r"GPU UUID:\s*(GPU-\S+)", file.read_text(encoding="utf-8", errors="replace")):
                yield _Installed(number, found[1])
        return
    for block in re.split(r"^(?=GPU )", listed, flags=re.MULTILINE):
        if first := re.match(r"GPU (\d+):.*\(UUID: (GPU-[^)]+)\)", block):
            yield _Installed(int(first[1]), first[2], tuple(re.findall(r"\(UUID: (MIG-[^)]+)\)", block)))


def _driver(*options: str) -> str | None:
    """What `nvidia-smi` prints; None where it is missing, fails or hangs."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return None
    try:
        return subprocess.run(
            [tool, *options], capture_output=True, text=True, check=True, timeout=DRIVER_SECONDS
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None


def memory_gb(cards: list[Card]) -> float | None:
    """Memory of the smallest of these cards (10^9 bytes); None where the driver does not state it."""
    sizes = {}
    for line in (_driver("--query-gpu=uuid,memory.total", "--format=csv,noheader,nounits") or "").splitlines():
        uuid, _, mebibytes = line.partition(",")
        if mebibytes.strip().isdecimal():
            sizes[uuid.strip()] = int(mebibytes) * 2**20 / 1e9
    # A part's memory is in the name of its kind: `MIG 3g.20gb Device 0: (UUID: MIG-...)`.
    for gibibytes, uuid in re.findall(r"MIG \S*?\.(\d+)gb\S*\s.*\(UUID: (MIG-[^)]+)\)", _driver("-L") or ""):
        sizes[uuid] = int(gibibytes) * 2**30 / 1e9
    known = [sizes[card.uuid] for card in cards if card.uuid in sizes]
    return min(known, default=None)


def wanted(device: str, cluster: bool) -> tuple[int, list[Card]]:
    """How many cards a job that runs models asks for (0 or 1), and this machine's cards that such jobs share.

    `device` is `compute.device`. On a cluster the queue has the cards, and only `cuda` says that there are any.
    """
    if device == "cpu":
        return 0, []
    if cluster:
        return int(device == "cuda"), []
    cards = visible()
    return int(device == "cuda" or bool(cards)), cards


def refuse_without(cards: list[Card]) -> None:
    """UserError where there is no card; called only where a job needs one."""
    if not cards:
        hidden = f" (`{VISIBLE}` is {os.environ[VISIBLE]!r})" if VISIBLE in os.environ else ""
        raise UserError(
            f"compute.device: given 'cuda', and there is no NVIDIA GPU here{hidden}: neither `nvidia-smi -L` nor "
            f"{DRIVER} lists one. Set `compute.device` to auto or cpu, or start the run where there is one."
        )


def take(jobs_per_card: int = 1) -> None:
    """Give this process one of the visible cards, the emptiest, until it ends; wait where all are taken.

    At most `jobs_per_card` processes of this user have a card at the same time, whatever run they belong to. Without
    cards nothing happens. UserError where the locks cannot be written.
    """
    cards = visible()
    if not cards:
        return
    folder = _lock_folder()
    waits = False
    while True:
        for place in range(jobs_per_card):
            for card in cards:
                if _locked(folder / f"{card.uuid}.{place}"):
                    os.environ[VISIBLE] = card.name
                    log.info("card %s", card.name)
                    return
        if not waits:
            log.info("all %d cards are taken: waits for one", len(cards))
            waits = True
        time.sleep(WAIT_SECONDS)


def _lock_folder() -> Path:
    # On this machine, not with the results, which several machines may share: a card belongs to a machine.
    folder = Path(tempfile.gettempdir(), f"finetune-memorization-{os.getuid()}")
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be written ({error.strerror}): set TMPDIR to a folder that can.") from error
    return folder


def _locked(file: Path) -> bool:
    """Whether this process has locked the file now."""
    try:
        stream = locks.hold(file)
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror}): set TMPDIR to a folder that can.") from error
    if stream is None:
        return False
    _locks.append(stream)
    return True
