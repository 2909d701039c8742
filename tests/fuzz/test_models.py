"""Model folders that are damaged or hostile: refused with a message, or loaded and of finite numbers; nothing runs."""

from __future__ import annotations

import contextlib
import json
import pickle
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from cases import in_time, seeds
from generating import texts_of
from tiny import tiny_model, tiny_tokenizer

from memorization.config.generation import Decoding
from memorization.config.models import FolderSource
from memorization.errors import UserError
from memorization.models import files, loading, torch_setup
from memorization.models.generation import Generation

ARCHITECTURES = ("t5", "gpt2")
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1, 3, 2**40, 10**400, 0.5, 1e300, [], [1], ["x"], [[]], {}, {"x": 1}, "", "x", "../x",
    "a" * 5000, "__import__('os').system('touch CANARY')",
)  # fmt: skip


@pytest.fixture(scope="session")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Whole checkpoints of each architecture, and an adapter of the first."""
    folder, tokenizer = tmp_path_factory.mktemp("originals"), tiny_tokenizer()
    torch_setup.start("cpu", 1)
    for architecture in ARCHITECTURES:
        model = tiny_model(architecture, tokenizer)
        # A second one in several files.
        for name, size in ((architecture, "1GB"), (f"{architecture}-shards", "20KB")):
            model.save_pretrained(folder / name, max_shard_size=size)
            tokenizer.save_pretrained(folder / name)
    model = tiny_model("t5", tokenizer)
    model.name_or_path = str(folder / "t5")
    settings = peft.LoraConfig(r=2, task_type="SEQ_2_SEQ_LM", target_modules=["q", "v"], init_lora_weights=False)
    peft.get_peft_model(model, settings).save_pretrained(folder / "adapter")
    originals = {each.name: each for each in sorted(folder.iterdir())}
    # Libraries are imported when they are first needed, and that takes seconds.
    for name, original in originals.items():
        assert len(use(original, folder.parent / f"record-{name}", originals["t5"])) == 1
    return originals


def use(folder: Path, output: Path, base: Path) -> list[Generation]:
    """One generation of a model in a folder, by the ways that jobs go."""
    loading.prepare("mine", FolderSource(kind="folder", path=str(folder)), folder, output, base)
    record = loading.read_record(output)
    model = loading.load_model(record, "mine", None, "fp32", torch.device("cpu"))
    assert all(bool(parameter.isfinite().all()) for parameter in model.parameters())
    tokenizer = loading.load_tokenizer(record, "mine")
    return texts_of(model, tokenizer, ["The quick brown fox"], Decoding(strategy="greedy", max_new_tokens=3), 1)


class Canary:
    """Touches a file where it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.file,))


def one_of(draw: random.Random, folder: Path, *patterns: str) -> Path:
    found = sorted(file for pattern in patterns for file in folder.glob(pattern))
    return draw.choice(found or sorted(folder.iterdir()))


def places(values: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Paths of all values in JSON, at most some hundred of a vocabulary."""
    items = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else ()
    return [path, *(place for key, value in list(items)[:300] for place in places(value, (*path, key)))]


def change_json(draw: random.Random, folder: Path, canary: Path) -> None:
    file = one_of(draw, folder, "*.json")
    root = {"": json.loads(file.read_text())}
    for _ in range(draw.choice((1, 1, 2, 5))):
        # The top is drawn more often than a vocabulary's thousands of entries.
        found = places(root[""])
        path = ("", *draw.choice([place for place in found if len(place) <= draw.choice((1, 2, 9))]))
        holder: Any = root
        for key in path[:-1]:
            holder = holder[key]
        action = draw.choice(("set", "set", "set", "delete", "add"))
        if action == "set" or path == ("",):
            holder[path[-1]] = draw.choice(VALUES)
        elif action == "delete":
            del holder[path[-1]]
        elif isinstance(holder, dict):
            holder[draw.choice(("torch_dtype", "num_beams", "x", "quantization_config", "attn_implementation"))] = (
                draw.choice(VALUES)
            )
        if not isinstance(root[""], dict | list):
            break
    file.write_text(json.dumps(root[""]).replace("CANARY", str(canary)))


def hide_code(draw: random.Random, folder: Path, canary: Path) -> None:
    """Everything by which a folder can ask for its own code to be run."""
    (folder / "evil.py").write_text(f"from pathlib import Path\nPath({str(canary)!r}).touch()\nclass Evil: pass\n")
    for name in ("config.json", "tokenizer_config.json", "generation_config.json", "adapter_config.json"):
        file = folder / name
        if file.is_file() and draw.random() < 0.7:
            values = json.loads(file.read_text())
            names = ("AutoConfig", "AutoModelForCausalLM", "AutoModelForSeq2SeqLM", "AutoTokenizer")
            values["auto_map"] = dict.fromkeys(names, draw.choice(("evil.Evil", ["evil.Evil", "evil.Evil"])))
            values["trust_remote_code"] = True
            values |= {"megatron_config": {"x": 1}, "megatron_core": "evil"} if draw.random() < 0.3 else {}
            values |= {"model_type": "evil"} if draw.random() < 0.3 else {}
            file.write_text(json.dumps(values))


def add_pickles(draw: random.Random, folder: Path, canary: Path) -> None:
    data = pickle.dumps(Canary(canary))
    for name in ("pytorch_model.bin", "adapter_model.bin", "training_args.bin", "model.pt", "scheduler.pt"):
        (folder / name).write_bytes(data)
    if draw.random() < 0.7:
        one_of(draw, folder, "*.safetensors").write_bytes(data)
    elif draw.random() < 0.5:
        one_of(draw, folder, "*.safetensors").unlink()


def damage_bytes(draw: random.Random, folder: Path, canary: Path) -> None:
    file = one_of(draw, folder, "*.safetensors", "*.json")
    data = bytearray(file.read_bytes())
    for _ in range(draw.choice((1, 1, 8, 200))):
        # The header of weights more often than their numbers.
        end = draw.choice((16, 400, len(data)))
        data[draw.randrange(min(end, len(data)))] ^= 1 << draw.randrange(8)
    file.write_bytes(data)


def cut(draw: random.Random, folder: Path, canary: Path) -> None:
    file = one_of(draw, folder, "*")
    data = file.read_bytes()
    file.write_bytes(draw.choice((b"", data[: draw.randrange(len(data) + 1)], data[:-1], data + b"\0", data * 2)))


def remove(draw: random.Random, folder: Path, canary: Path) -> None:
    one_of(draw, folder, "*").unlink()


def replace(draw: random.Random, folder: Path, canary: Path) -> None:
    """Another kind of thing under a file's name: a folder, a link, a pointer, text, a long header."""
    file = one_of(draw, folder, "*")
    data = file.read_bytes()
    file.unlink()
    kind = draw.choice(("folder", "gone", "loop", "copy", "pointer", "page", "header"))
    if kind == "folder":
        file.mkdir()
    elif kind in ("gone", "loop"):
        file.symlink_to("/not/here" if kind == "gone" else file)
    elif kind == "copy":
        shutil.move(shutil.copy2(one_of(draw, folder, "*"), folder / "copied"), file)
    elif kind == "header":
        file.write_bytes(struct.pack("<Q", draw.choice((0, 1, 2**20, 2**63))) + data[8:])
    else:
        file.write_text(
            "version https://git-lfs.github.com/spec/v1\nsize 5\n" if kind == "pointer" else "<html></html>"
        )


def misplace_shards(draw: random.Random, folder: Path, canary: Path) -> None:
    """A list of shards that names files elsewhere, or other files."""
    (folder.parent / "outside.safetensors").write_bytes(one_of(draw, folder, "*.safetensors").read_bytes())
    names = (
        "../outside.safetensors",
        str(folder.parent / "outside.safetensors"),
        "pytorch_model.bin",
        "",
        ".",
        5,
        None,
    )
    (folder / "model.safetensors").unlink(missing_ok=True)
    weights = draw.choice(({"shared.weight": draw.choice(names)}, {}, [], {"x": "model-00001-of-00002.safetensors"}))
    (folder / files.SHARDS).write_text(json.dumps({"metadata": {}, "weight_map": weights}))


DAMAGES: tuple[Callable[[random.Random, Path, Path], None], ...] = (
    change_json, change_json, change_json, hide_code, add_pickles, damage_bytes, cut, remove, replace, misplace_shards,
)  # fmt: skip


@pytest.mark.parametrize("seed", seeds("models"))
def test_a_folder_is_refused_or_loaded_and_nothing_of_it_runs(
    seed: int, originals: dict[str, Path], tmp_path: Path
) -> None:
    draw = random.Random(seed)
    folder, canary = tmp_path / "given", tmp_path / "canary"
    name = draw.choice(sorted(originals))
    shutil.copytree(originals[name], folder)
    for _ in range(draw.choice((1, 1, 1, 2))):
        # What an earlier damage broke, no later one reads.
        with contextlib.suppress(ValueError, OSError, RecursionError):
            draw.choice(DAMAGES)(draw, folder, canary)

    with in_time():
        faults = list(files.model_faults(folder))
        try:
            texts = use(folder, tmp_path / "record", originals["t5"])
        except UserError as error:
            # One message, and not a page.
            assert 20 < len(str(error)) < 3000
            refused = True
        else:
            assert len(texts) == 1
            refused = False
    assert not canary.exists()
    # What is seen before the run is what is refused in it.
    assert refused or not faults
    assert all(fault.startswith(str(folder)) for fault in faults)
