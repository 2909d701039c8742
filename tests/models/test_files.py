"""Folders of models before anything is loaded: what is whole passes, everything else is named with its file."""

import json
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from model_folders import write_adapter, write_checkpoint, write_tokenizer
from safetensors.numpy import save_file

from memorization.errors import UserError
from memorization.models import files

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0123\nsize 12345\n"
SHARD = "model-00002-of-00002.safetensors"


def faults(folder: Path) -> list[str]:
    return list(files.model_faults(folder))


def cut(file: Path, by: int = 1) -> None:
    file.write_bytes(file.read_bytes()[:-by])


def header_of(file: Path, length: int) -> None:
    file.write_bytes(struct.pack("<Q", length) + file.read_bytes()[8:])


def change(file: Path, **values: object) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


@pytest.mark.parametrize("shards", [0, 1, 2])
def test_whole_checkpoints_pass(shards: int, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine", shards)

    assert faults(folder) == []
    assert files.parameters(folder) == 12
    assert len(files.weight_files(folder)) == max(1, shards)


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no folder": (lambda f: f.rename(f.with_name("moved")), "no such folder"),
    "no configuration": (lambda f: (f / "config.json").unlink(), "no config.json; a model folder contains"),
    "no JSON": (lambda f: (f / "config.json").write_text("{"), "config.json cannot be used: it is no JSON"),
    "nested": (lambda f: (f / "config.json").write_text("[" * 10**6), "config.json cannot be used: it is no JSON"),
    "long number": (lambda f: (f / "config.json").write_text("9" * 5000), "config.json cannot be used: it is no JSON"),
    "bytes": (lambda f: (f / "config.json").write_bytes(b"\xff\xfe\x00"), "config.json cannot be used: it is no JSON"),
    "a list": (lambda f: (f / "config.json").write_text("[]"), "it contains list, not keys with values"),
    "no type": (lambda f: (f / "config.json").write_text("{}"), "it states no `model_type`"),
    "type": (lambda f: (f / "config.json").write_text('{"model_type": 5}'), "it states no `model_type`"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "it contains no weights; expected model.safetensors"),
    "pickled": (
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
        r"its weights are pickled \(pytorch_model.bin\).* never read",
    ),
    "other name": (lambda f: (f / "model.safetensors").rename(f / "x.safetensors"), "it contains no weights"),
    "cut": (lambda f: cut(f / "model.safetensors"), "no safetensors file, or not a whole one"),
    "cut header": (lambda f: cut(f / "model.safetensors", 100), "no safetensors file, or not a whole one"),
    "emptied": (lambda f: (f / "model.safetensors").write_bytes(b""), "no safetensors file, or not a whole one"),
    "longer": (
        lambda f: (f / "model.safetensors").write_bytes((f / "model.safetensors").read_bytes() + b"x"),
        "no safetensors file, or not a whole one",
    ),
    "long header": (lambda f: header_of(f / "model.safetensors", 2**63), "no safetensors file, or not a whole one"),
    "short header": (lambda f: header_of(f / "model.safetensors", 0), "no safetensors file, or not a whole one"),
    "no header": (lambda f: (f / "model.safetensors").write_bytes(b"\x02" + bytes(7) + b"[]"), "no safetensors file"),
    "text": (lambda f: (f / "model.safetensors").write_text("<html>Not found</html>"), "no safetensors file"),
    "pointer": (lambda f: (f / "model.safetensors").write_text(POINTER), "model.safetensors: a pointer of Git LFS"),
    "link to nothing": (
        lambda f: [(f / "model.safetensors").unlink(), (f / "model.safetensors").symlink_to("gone")],
        "it contains no weights",
    ),
    "no tokenizer": (lambda f: (f / "tokenizer.json").unlink(), "it contains no tokenizer; expected tokenizer.json"),
    "empty tokenizer": (lambda f: (f / "tokenizer.json").write_text(""), "tokenizer.json: damaged: it is empty or cut"),
    "cut tokenizer": (lambda f: (f / "tokenizer.json").write_text('{"a": {"b": 1'), "tokenizer.json: damaged"),
    "empty vocabulary": (lambda f: (f / "spiece.model").write_text(""), "spiece.model: damaged: it is empty"),
    "settings": (lambda f: (f / "tokenizer_config.json").write_text("[1]"), "it contains list, not keys with values"),
    "generation": (
        lambda f: (f / "generation_config.json").write_text("nan?"),
        "generation_config.json cannot be used",
    ),
    "adapter beside": (
        lambda f: (f / "adapter_config.json").write_text("{}"),
        "it contains a whole model and an adapter",
    ),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_damaged_is_named(name: str, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    damage, message = DAMAGE[name]
    damage(folder)

    (fault,) = faults(folder)

    assert fault.startswith(str(folder))
    assert re.search(message, fault)


SHARDS = {
    "missing": (lambda f: (f / SHARD).unlink(), f"{SHARD}: no such file, and model.safetensors.index.json names it"),
    "cut": (lambda f: cut(f / SHARD), f"{SHARD}: no safetensors file, or not a whole one"),
    "pointer": (lambda f: (f / SHARD).write_text(POINTER), f"{SHARD}: a pointer of Git LFS"),
    "of another model": (
        lambda f: (f / SHARD).write_bytes((f / SHARD.replace("00002-", "00001-")).read_bytes()),
        f"{SHARD}: it lacks two.weight and 0 more weights",
    ),
    "no map": (lambda f: change(f / files.SHARDS, weight_map=[]), "index.json: damaged: it names no file"),
    "numbers": (lambda f: change(f / files.SHARDS, weight_map={"one": 1}), "index.json: damaged: it names no file"),
    "elsewhere": (
        lambda f: change(f / files.SHARDS, weight_map={"one": "../other.safetensors"}),
        "it names '../other.safetensors'; allowed are names of .safetensors files in its own folder",
    ),
    "anywhere": (
        lambda f: change(f / files.SHARDS, weight_map={"one": "/etc/passwd"}),
        "it names '/etc/passwd'; allowed are names of .safetensors files",
    ),
    "pickled": (
        lambda f: change(f / files.SHARDS, weight_map={"one": "pytorch_model.bin"}),
        "it names 'pytorch_model.bin'; allowed are names of .safetensors files",
    ),
}


@pytest.mark.parametrize("name", SHARDS)
def test_every_shard_is_looked_at(name: str, tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine", shards=2)
    damage, message = SHARDS[name]
    damage(folder)

    (fault,) = faults(folder)

    assert message in fault


def test_several_faults_are_reported_at_once(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    cut(folder / "model.safetensors")
    (folder / "tokenizer.json").unlink()

    assert [fault.split(": ")[0] for fault in faults(folder)] == [f"{folder}/model.safetensors", str(folder)]


ADAPTERS = {
    "kind": ({"peft_type": "PROMPT_TUNING"}, "an adapter of kind 'PROMPT_TUNING', which is not merged"),
    "no kind": ({"peft_type": None}, "an adapter of kind None, which is not merged"),
    "odd kind": ({"peft_type": ["LORA"]}, "which is not merged"),
    "task": ({"task_type": "SEQ_CLS"}, "an adapter for 'SEQ_CLS'; allowed: adapters of models that write text"),
    "activated": ({"alora_invocation_tokens": [1]}, "it sets `alora_invocation_tokens`, which cannot be merged"),
    "layers": ({"layer_replication": [[0, 1]]}, "it sets `layer_replication`, which cannot be merged"),
    # PEFT would import the module that `megatron_core` names.
    "imports": ({"megatron_config": {"a": 1}, "megatron_core": "evil"}, "it sets `megatron_config`"),
}


@pytest.mark.parametrize("name", ADAPTERS)
def test_adapters_that_cannot_be_merged_are_refused(name: str, tmp_path: Path) -> None:
    changed, message = ADAPTERS[name]

    (fault,) = faults(write_adapter(tmp_path / "adapter", "base", **changed))

    assert message in fault


def test_adapters_are_read_from_safetensors_alone(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter", "base")
    assert files.is_adapter(folder)
    assert faults(folder) == []

    (folder / files.ADAPTER_WEIGHTS).rename(folder / "adapter_model.bin")

    (fault,) = faults(folder)
    assert "its weights are pickled (adapter_model.bin), which can run code when loaded, and are never read" in fault
    assert "a whole model is needed: merge it" in next(files.whole_faults(folder))


@pytest.mark.parametrize("stated", [None, "", 5, "/not/here", "../neither", "a/b/c"])
def test_an_adapter_without_a_base_that_can_be_found_is_refused(stated: object, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter", "x")
    change(folder / files.ADAPTER_CONFIG, base_model_name_or_path=stated)

    with pytest.raises(UserError, match=r"adapter_config\.json: .* name it in the configuration: `base: \{kind"):
        files.stated_base(folder)


def test_a_stated_base_is_a_folder_or_a_repository(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter", str(tmp_path))
    assert files.stated_base(folder) == (str(tmp_path), None)

    change(folder / files.ADAPTER_CONFIG, base_model_name_or_path="google-t5/t5-small", revision="abc")
    assert files.stated_base(folder) == ("google-t5/t5-small", "abc")


def test_a_tokenizer_without_vocabulary_is_one_of_bytes(tmp_path: Path) -> None:
    folder = write_tokenizer(tmp_path / "mine")
    (folder / "tokenizer.json").unlink()
    assert not files.has_tokenizer(folder)

    change(folder / "tokenizer_config.json", tokenizer_class="ByT5Tokenizer")
    assert files.has_tokenizer(folder)


def test_contents_are_what_decides_what_a_model_writes(tmp_path: Path) -> None:
    folder = write_checkpoint(tmp_path / "mine")
    (folder / files.TEMPLATES).mkdir()
    for name in ("chat_template.jinja", "spiece.model", "source.spm", f"{files.TEMPLATES}/tools.jinja"):
        (folder / name).touch()
    for name in ("README.md", "pytorch_model.bin", "training_args.bin", "training.log"):
        (folder / name).touch()
    (folder / "checkpoint-500").mkdir()
    (folder / "checkpoint-500" / "model.safetensors").touch()
    os.mkfifo(folder / "pipe.json")

    found = [str(file.relative_to(folder)) for file in files.contents(folder)]

    assert found == [
        "chat_template.jinja",
        "config.json",
        "model.safetensors",
        "source.spm",
        "spiece.model",
        "tokenizer.json",
        "tokenizer_config.json",
        f"{files.TEMPLATES}/tools.jinja",
    ]


def test_nothing_heavy_is_imported() -> None:
    code = "import sys, memorization.models.files; print({'numpy', 'torch', 'safetensors'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize(("part", "shape", "fits"), [("A", (2, 3), True), ("A", (2, 5), False), ("B", (4, 2), False)])
def test_an_adapter_of_other_sizes_than_its_base_is_told_by_its_header(
    part: str, shape: tuple[int, int], fits: bool, tmp_path: Path
) -> None:
    base, adapter = write_checkpoint(tmp_path / "base", shards=2), write_adapter(tmp_path / "adapter", "base")
    name = f"base_model.model.two.lora_{part}.weight"
    save_file({name: np.zeros(shape)}, adapter / files.ADAPTER_WEIGHTS)
    features = shape[1] if part == "A" else shape[0]

    assert list(files.adapter_misfits(adapter, base)) == (
        []
        if fits
        else [
            f"{adapter}: is an adapter of another model than {base}: its {name} is for {features} features, and two "
            "there is 2 by 3. Name the checkpoint that it was trained on."
        ]
    )
