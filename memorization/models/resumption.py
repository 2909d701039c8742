"""Resumption: the state of an unfinished training, from which a killed job continues with the same numbers.

After some steps the state is in a folder of its own, outside the declared outputs: trainable weights and optimizer in
full, the streams of random numbers, and what has been counted so far.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from memorization import checksums, storage

log = logging.getLogger(__name__)

STATE = "state.json"
# Seconds of training for each second of saving: at most a twentieth of the time goes into states.
SECONDS_BETWEEN_SAVES = 20.0


@dataclass(frozen=True)
class TrainingJob:
    """One job that trains.

    `output` is the folder that it writes, `work` the folder of its unfinished state, `device` the torch device that it
    computes on, and `source_digest` the digest of its code. `gradient_checkpointing` saves memory, and the state is
    saved every `state_minutes` of the `clock` (seconds): neither changes a number.
    """

    output: Path
    work: Path
    device: Any
    source_digest: str
    gradient_checkpointing: bool = False
    state_minutes: float = 10.0
    clock: Callable[[], float] = time.monotonic

    def unfinished(self, identity: str) -> Unfinished:
        """Its state, of a training whose numbers are determined by what `identity` is the digest of."""
        return Unfinished(self.work, identity, self.state_minutes, self.clock)


@dataclass
class Unfinished:
    """The state of an unfinished training: its folder, and the digest of everything that determines its numbers.

    It is saved at the end of an epoch, and within one every `minutes` of the `clock` (seconds).
    """

    folder: Path
    identity: str
    minutes: float = 10.0
    clock: Callable[[], float] = time.monotonic
    _saved_at: float = field(init=False)
    _seconds_per_save: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        self._saved_at = self.clock()

    def is_due(self, epoch_is_over: bool) -> bool:
        """Whether the state is to be saved now: an epoch that is short beside the time of saving is left out."""
        passed = self.clock() - self._saved_at
        if epoch_is_over and passed >= SECONDS_BETWEEN_SAVES * self._seconds_per_save:
            return True
        return passed >= 60 * self.minutes

    def has_saved(self, begun: float) -> None:
        """Count from now on to the next state; saving this one began at `begun`."""
        self._saved_at = self.clock()
        self._seconds_per_save = self._saved_at - begun

    def checkpoint(self, epoch: int) -> Path:
        """The folder of an epoch's checkpoint, until training is finished."""
        return self.folder / f"kept-{epoch}"

    def remove(self) -> None:
        """Remove the folder."""
        self.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def clear(self) -> None:
        """Remove all in the folder but the hidden lock of the job.

        States first: where a process is killed meanwhile, no state is left that needs a checkpoint which is gone.
        """
        for state in self.folder.glob(f"step-*/{STATE}"):
            state.unlink()
        for place in self.folder.glob("[!.]*"):
            shutil.rmtree(place, ignore_errors=True)


def identity_of(*parts: str) -> str:
    """One digest of everything that determines a training's numbers: `parts`, torch's version, number of threads."""
    import torch

    return hashlib.sha256("\n".join([*parts, torch.__version__, str(torch.get_num_threads())]).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def save_state(unfinished: Unfinished, model: Any, optimizer: Any, step: int, progress: Mapping[str, Any]) -> None:
    """Write the state after a number of steps, and remove older ones; `progress` is what JSON can hold of it."""
    import torch
    from safetensors.torch import save_file

    begun = unfinished.clock()
    latest = unfinished.folder / f"step-{step}"
    with storage.replacing(latest) as folder:
        folder.mkdir()
        # Tied weights share memory, which safetensors refuses: named_parameters() lists each once.
        save_file(
            {key: value.detach().contiguous() for key, value in model.named_parameters() if value.requires_grad},
            folder / "weights.safetensors",
        )
        moments = {
            f"{index}.{key}": value.contiguous()
            for index, state in optimizer.state_dict()["state"].items()
            for key, value in state.items()
        }
        save_file(moments, folder / "optimizer.safetensors")
        streams = {"cpu": torch.get_rng_state()}
        if (device := _device(model)).type == "cuda":
            streams["cuda"] = torch.cuda.get_rng_state(device)
        save_file(streams, folder / "streams.safetensors")
        state = {"identity": unfinished.identity, "progress": dict(progress)}
        (folder / STATE).write_text(json.dumps(state), encoding="utf-8")
    for older in unfinished.folder.glob("step-*"):
        if older.name != latest.name:
            shutil.rmtree(older)
    unfinished.has_saved(begun)


def _device(model: Any) -> Any:
    return next(model.parameters()).device


def _is_damaged(folder: Path) -> bool:
    """Whether a file of a state or of a kept checkpoint is damaged or missing."""
    listed = folder / checksums.SUMS
    return not listed.is_file() or any(checksums.damage(listed))


def resume(unfinished: Unfinished, model: Any, optimizer: Any) -> dict[str, Any]:
    """Load the last state of the same identity into model, optimizer and streams of random numbers.

    Returns its `progress`; nothing where there is no such state. A state of another identity is removed, and so is one
    in which a file is damaged.
    """
    import torch
    from safetensors.torch import load_file

    states = sorted(
        unfinished.folder.glob("step-*/" + STATE), key=lambda file: int(file.parent.name.removeprefix("step-"))
    )
    # Not older states: one of them may be half removed.
    needed = [*(file.parent for file in states[-1:]), *unfinished.folder.glob("kept-*")]
    if any(map(_is_damaged, needed)):
        log.warning("%s: the state of an unfinished training is damaged: it begins anew", unfinished.folder)
        states = []
    state = json.loads(states[-1].read_text(encoding="utf-8")) if states else {}
    if state.get("identity") != unfinished.identity:
        unfinished.clear()
        return {}
    folder, device = states[-1].parent, _device(model)
    weights = load_file(folder / "weights.safetensors", device=str(device))
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.data.copy_(weights[key])
    moments: dict[int, dict[str, Any]] = {}
    for key, value in load_file(folder / "optimizer.safetensors", device=str(device)).items():
        index, name = key.split(".", 1)
        moments.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    streams = load_file(folder / "streams.safetensors")
    torch.set_rng_state(streams["cpu"])
    if device.type == "cuda":
        torch.cuda.set_rng_state(streams["cuda"], device)
    progress: dict[str, Any] = state["progress"]
    return progress
