"""A program that asks a hub through the project's own code: `python asking.py < questions.json`.

A process of its own, because the hub's address is read when its client is imported. Answers, by name: a summary or the
message of a UserError. Anything else ends the program with its traceback.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memorization import hub, storage
from memorization.config.data import Dataset
from memorization.config.models import HubSource
from memorization.datasets.sources import write_dataset
from memorization.errors import UserError

hub.WAITS = (0.01,)


def dataset(settings: dict[str, Any], output: Path) -> Any:
    write_dataset("mine", Dataset.model_validate(settings), {}, output.with_suffix(".parquet"), {"rule": "dataset"})
    return storage.rows(output.with_suffix(".parquet"))


def model(settings: dict[str, Any], output: Path) -> Any:
    from memorization.models import loading, torch_setup

    device = torch_setup.start("cpu", 1)
    loading.prepare("mine", HubSource.model_validate(settings), None, output)
    record = loading.read_record(output)
    loaded = loading.load_model(record, "mine", None, "fp32", device)
    tokenizer = loading.load_tokenizer(record, "mine")
    return {
        "revision": record["revision"],
        "parameters": sum(float(each.double().abs().sum()) for each in loaded.parameters()),
        "tokens": tokenizer("seven wizards mix bright potions")["input_ids"],
    }


def answers(questions: dict[str, Any], folder: Path) -> Iterator[tuple[str, Any]]:
    for name, (kind, settings) in questions.items():
        try:
            yield name, {"dataset": dataset, "model": model}[kind](settings, folder / name)
        except UserError as error:
            yield name, str(error)


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    Path(asked["answers"]).write_text(json.dumps(dict(answers(asked["questions"], Path(asked["folder"])))))
