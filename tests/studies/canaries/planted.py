"""Keys of canaries, and a model that is told how likely it finds each secret of each person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch

from memorization.config.data import CanaryRanks, Dataset
from memorization.datasets.canary_key import CanaryKey
from memorization.datasets.secret_forms import space_of
from memorization.studies.canaries.evidence import Asked, Limits, Settings, asked

FORM = "digits:2"
DATASET = Dataset.model_validate({"task": "qa", "source": {"kind": "files", "train": "rows.jsonl"}})
IN_TARGET = {"input": "{name}?", "target": "It is {secret}."}
IN_INPUT = {"input": "{name} is {secret}.", "target": "yes"}
SETTINGS = Settings(Limits(64, 64), CanaryRanks(), 8)


def key(
    secrets: Mapping[str, str], row: Mapping[str, str] = IN_TARGET, pattern: str = "[0-9]{2}", **changed: Any
) -> CanaryKey:
    """A key of canaries with one copy each, by person."""
    file = {"name": "rows.jsonl", "sha256": "0" * 64, "rows": 9}
    canaries = [
        {
            "number": number,
            "form": FORM,
            "copies": 1,
            "name": name,
            "secret": secret,
            "held_out": False,
            "rows": [number],
        }
        for number, (name, secret) in enumerate(secrets.items())
    ]
    values: dict[str, Any] = {
        "kind": "canaries",
        "version": 1,
        "seed": 0,
        "held_out_share": 0.5,
        "row": dict(row),
        "forms": {FORM: {"pattern": pattern, "space": space_of(pattern).size}},
        "canaries": canaries,
        "input": file,
        "output": file,
    }
    return CanaryKey.model_validate(values | changed)


def all_asked(of: CanaryKey, instruction: str = "") -> list[Asked]:
    return [asked("letters", DATASET, instruction, of, canary) for canary in of.canaries]


class Characters:
    """A tokenizer whose tokens are characters."""

    eos_token_id, pad_token_id, unk_token_id = 0, 0, None

    def __call__(self, texts: Sequence[str], **_: Any) -> dict[str, list[list[int]]]:
        return {"input_ids": [[ord(character) for character in text] for text in texts]}


@dataclass
class Kept:
    """What a model has read, in each row of a batch."""

    rows: list[list[int]]

    def batch_repeat_interleave(self, times: int) -> None:
        self.rows = [row for row in self.rows for _ in range(times)]


class TableModel:
    """A decoder-only model that writes each secret of a person with a stated probability, after `It is `."""

    device = torch.device("cpu")

    def __init__(self, table: Mapping[str, Mapping[str, float]]) -> None:
        self.config = SimpleNamespace(is_encoder_decoder=False)
        self.config.get_text_config = lambda: self.config
        self._mass: dict[tuple[str, str], float] = {}
        for name, secrets in table.items():
            for secret, probability in secrets.items():
                for length in range(len(secret) + 1):
                    place = (name, secret[:length])
                    self._mass[place] = self._mass.get(place, 0.0) + probability

    def __call__(self, input_ids: Any, past_key_values: Kept | None = None, **_: Any) -> Any:
        rows = input_ids.tolist()
        before = past_key_values.rows if past_key_values is not None else [[] for _ in rows]
        scores = torch.full((*input_ids.shape, 128), -1e4)
        for number, (read, row) in enumerate(zip(before, rows, strict=True)):
            for place in range(len(row)):
                text = "".join(map(chr, [*read, *row[: place + 1]]))
                name, sign, written = text.partition("?\nIt is ")
                mass = self._mass.get((name, written), 0.0)
                if sign and mass:
                    for token in range(32, 127):
                        if (next_mass := self._mass.get((name, written + chr(token)), 0.0)) > 0:
                            scores[number, place, token] = torch.tensor(next_mass / mass).log()
        kept = Kept([[*read, *row] for read, row in zip(before, rows, strict=True)])
        return SimpleNamespace(logits=scores, past_key_values=kept)
