"""Resumption: the state of an unfinished training, from which a killed job continues with the same numbers.

After every epoch the state is in a folder of its own, outside the declared outputs: trainable weights and optimizer in
full, and the reports so far. Random numbers need no state: they are drawn anew from (seed, epoch).
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memorization import checksums, storage

log = logging.getLogger(__name__)

STATE = "state.json"


@dataclass(frozen=True)
class TrainingJob:
    """One job that trains.

    `output` is the folder that it writes, `work` the folder of its unfinished state, `device` the torch device that it
    computes on, and `source_digest` the digest of its code; `gradient_checkpointing` saves memory, and changes no
    number.
    """

    output: Path
    work: Path
    device: Any
    source_digest: str
    gradient_checkpointing: bool = False


@dataclass(frozen=True)
class Unfinished:
    """The folder of an unfinished training, and the digest of everything that determines its numbers."""

    folder: Path
    identity: str

    def checkpoint(self, epoch: int) -> Path:
        """The folder of an epoch's checkpoint, until training is finished."""
        return self.folder / f"kept-{epoch}"

    def remove(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


def identity_of(*parts: str) -> str:
    """One digest of everything that determines a training's numbers: `parts`, torch's version, number of threads."""
    import torch

    return hashlib.sha256("\n".join([*parts, torch.__version__, str(torch.get_num_threads())]).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def save_state(unfinished: Unfinished, model: Any, optimizer: Any, reports: Sequence[Mapping[str, Any]]) -> None:
    """Write the state after the last finished epoch, and remove older ones; `reports` contains one entry per epoch."""
    from safetensors.torch import save_file

    latest = unfinished.folder / f"epoch-{len(reports)}"
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
        state = {"identity": unfinished.identity, "reports": [dict(report) for report in reports]}
        (folder / STATE).write_text(json.dumps(state), encoding="utf-8")
    for older in unfinished.folder.glob("epoch-*"):
        if older.name != latest.name:
            shutil.rmtree(older)


def _is_damaged(folder: Path) -> bool:
    """Whether a file of a state or of a kept checkpoint is damaged or missing."""
    listed = folder / checksums.SUMS
    return not listed.is_file() or any(checksums.damage(listed))


def resume(unfinished: Unfinished, model: Any, optimizer: Any) -> list[dict[str, Any]]:
    """Load the last state of the same identity into model and optimizer; return its reports, one per finished epoch.

    A state of another identity is removed, and nothing is loaded; so is one in which a file is damaged.
    """
    from safetensors.torch import load_file

    states = sorted(
        unfinished.folder.glob("epoch-*/" + STATE), key=lambda file: int(file.parent.name.removeprefix("epoch-"))
    )
    # Not older states: one of them may be half removed.
    needed = [*(file.parent for file in states[-1:]), *unfinished.folder.glob("kept-*")]
    if any(map(_is_damaged, needed)):
        log.warning("%s: the state of an unfinished training is damaged: it begins anew", unfinished.folder)
        states = []
    state = json.loads(states[-1].read_text(encoding="utf-8")) if states else {}
    if state.get("identity") != unfinished.identity:
        # All but the hidden lock of the job.
        for other in unfinished.folder.glob("[!.]*"):
            shutil.rmtree(other)
        return []
    folder, device = states[-1].parent, str(next(model.parameters()).device)
    weights = load_file(folder / "weights.safetensors", device=device)
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.data.copy_(weights[key])
    moments: dict[int, dict[str, Any]] = {}
    for key, value in load_file(folder / "optimizer.safetensors", device=device).items():
        index, name = key.split(".", 1)
        moments.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    reports: list[dict[str, Any]] = state["reports"]
    return reports
