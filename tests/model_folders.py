"""Folders of models as far as they are looked at before a run: headers, small files, no numbers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file


def write_checkpoint(folder: Path, shards: int = 0) -> Path:
    """A whole model of two weights, in one file or in as many `shards` with their list."""
    write_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "t5"}))
    weights = {name: np.zeros((2, 3), dtype=np.float32) for name in ("one.weight", "two.weight")}
    if not shards:
        save_file(weights, folder / "model.safetensors")
        return folder
    places = {name: f"model-{1 + number % shards:05}-of-{shards:05}.safetensors" for number, name in enumerate(weights)}
    for file in set(places.values()):
        save_file({name: weights[name] for name, place in places.items() if place == file}, folder / file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))
    return folder


def write_adapter(folder: Path, base: str | None, **changed: Any) -> Path:
    """An adapter of one weight."""
    folder.mkdir(parents=True)
    values = {"peft_type": "LORA", "task_type": "SEQ_2_SEQ_LM", "r": 2, "base_model_name_or_path": base, **changed}
    (folder / "adapter_config.json").write_text(json.dumps(values))
    save_file({"base_model.model.one.lora_A.weight": np.zeros((2, 3))}, folder / "adapter_model.safetensors")
    return folder


def write_tokenizer(folder: Path) -> Path:
    """A tokenizer's files, without words."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text("{}")
    (folder / "tokenizer_config.json").write_text("{}")
    return folder
