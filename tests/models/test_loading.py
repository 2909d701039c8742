"""Loading: what can be used is loaded as it is; what cannot is refused with one message."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fine_tuning import data_of
from generating import texts_of
from tiny import ARCHITECTURES, ENCODER_DECODER, tiny_model

from memorization import hub
from memorization.config.generation import Decoding
from memorization.config.models import FolderSource, HubSource, Recipe
from memorization.errors import UserError
from memorization.models import loading, torch_setup
from memorization.models.fitting import Trainer
from memorization.models.resumption import Unfinished
from memorization.models.scratch import train_tokenizer

REAL_MODELS = Path(__file__).resolve().parents[3] / "shared" / "models"


@pytest.fixture
def folder(tokenizer: Any, tmp_path: Path) -> Path:
    """A tiny T5 as a user has it in a folder."""
    return saved("t5", tokenizer, tmp_path / "given")


def saved(architecture: str, tokenizer: Any, folder: Path, **changed: Any) -> Path:
    tiny_model(architecture, tokenizer, **changed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def prepare(folder: Path, output: Path) -> dict[str, Any]:
    """The record of a folder model."""
    loading.prepare("mine", FolderSource(kind="folder", path=str(folder)), folder, output)
    return loading.read_record(output)


def refusal(folder: Path) -> str:
    """The message about a folder model that cannot be used; nothing is written."""
    output = folder.parent / "record"
    with pytest.raises(UserError) as error:
        prepare(folder, output)
    assert not output.exists()
    assert str(error.value).startswith("models.mine")
    return str(error.value)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_kind_of_model_follows_from_its_configuration(
    architecture: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    record = prepare(saved(architecture, tokenizer, tmp_path / "given"), tmp_path / "record")

    model = loading.load_model(record, "mine", None, "fp32", device)

    assert record["encoder_decoder"] == (architecture in ENCODER_DECODER)
    assert record["model_type"] == model.config.model_type == architecture
    assert not model.training
    assert {str(parameter.dtype) for parameter in model.parameters()} == {"torch.float32"}


def test_bf16_is_loaded_as_bf16(folder: Path, device: Any, tmp_path: Path) -> None:
    model = loading.load_model(prepare(folder, tmp_path / "record"), "mine", None, "bf16", device)

    assert "torch.bfloat16" in {str(parameter.dtype) for parameter in model.parameters()}


def test_a_checkpoint_is_loaded_in_place_of_the_base_model(
    folder: Path, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    import torch

    record = prepare(folder, tmp_path / "record")
    checkpoint = saved("t5", tokenizer, tmp_path / "checkpoint", seed=5)

    model = loading.load_model(record, "mine", checkpoint, "fp32", device)

    expected = tiny_model("t5", tokenizer, seed=5).state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in model.state_dict().items())


def test_the_digest_of_a_folder_follows_its_weights_and_not_its_place(
    folder: Path, tokenizer: Any, tmp_path: Path
) -> None:
    moved = tmp_path / "moved"
    shutil.copytree(folder, moved)
    other = saved("t5", tokenizer, tmp_path / "other", seed=5)

    digests = [prepare(each, tmp_path / f"record-{each.name}")["digest"] for each in (folder, moved, other)]

    assert digests[0] == digests[1] != digests[2]


def test_missing_weights_are_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()

    assert "it contains no weights; expected model.safetensors" in refusal(folder)


def test_pickled_weights_are_never_read(folder: Path, device: Any) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    message = refusal(folder)

    assert "its weights are pickled (pytorch_model.bin), which can run code when loaded, and are never read" in message
    record = {"name": str(folder), "revision": None, "trust_remote_code": False, "encoder_decoder": True}
    with pytest.raises(UserError, match="cannot be loaded"):
        loading.load_model(record, "mine", None, "fp32", device)


@pytest.mark.parametrize("text", ["{", "{}", '{"model_type": "nonsense"}', '{"model_type": "t5", "num_heads": "many"}'])
def test_a_configuration_that_cannot_be_used_is_refused(folder: Path, text: str) -> None:
    (folder / "config.json").write_text(text)

    assert "its config.json cannot be used" in refusal(folder)


def test_a_missing_tokenizer_is_refused(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()

    assert "it contains no tokenizer" in refusal(folder)


def test_a_tokenizer_with_more_entries_than_embeddings_is_refused(folder: Path) -> None:
    words = [f"{chr(97 + i)}{chr(97 + j)}" * 3 for i in range(26) for j in range(26)]
    train_tokenizer(words, 900).save_pretrained(folder)

    assert "the tokenizer has 900 entries and the model 3" in refusal(folder)


def test_a_tokenizer_with_another_end_token_is_refused(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "eos_token_id": 2}))

    assert "the tokenizer ends texts with token 1, the model with 2" in refusal(folder)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"num_layers": 2}, r"models\.mine: .* weights are missing \(encoder\.block\.1.*would be random"),
        ({"d_ff": 64}, r"models\.mine: .* cannot be loaded"),
    ],
    ids=["architecture", "size"],
)
def test_weights_of_another_model_are_refused(
    changed: dict[str, int], message: str, folder: Path, device: Any, tmp_path: Path
) -> None:
    record = prepare(folder, tmp_path / "record")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changed))

    with pytest.raises(UserError, match=message):
        loading.load_model(record, "mine", None, "fp32", device)


def test_broken_weights_are_refused(folder: Path, device: Any, tmp_path: Path) -> None:
    record = prepare(folder, tmp_path / "record")
    (folder / "model.safetensors").write_bytes(b"no safetensors")

    with pytest.raises(UserError, match=r"models\.mine: .* cannot be loaded"):
        loading.load_model(record, "mine", None, "fp32", device)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_weights_that_are_no_numbers_are_refused(number: str, dtype: str, folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    weights = {name: tensor.to(getattr(torch, dtype)) for name, tensor in load_file(file).items()}
    name = sorted(weights)[1]
    weights[name].view(-1)[3] = float(number)
    save_file(weights, file, {"format": "pt"})

    assert f"{file}: {name} contains NaN or infinity" in refusal(folder)


def test_a_model_without_padding_token_pads_with_its_end_token(folder: Path, tmp_path: Path) -> None:
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    settings.pop("pad_token")
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))

    tokenizer = loading.load_tokenizer(prepare(folder, tmp_path / "record"), "mine")

    assert tokenizer.pad_token_id == tokenizer.eos_token_id


def test_a_hub_model_is_pinned_to_the_commit_of_its_revision(
    folder: Path, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub
    from transformers import AutoConfig

    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = tmp_path / "cache" / commit
    shutil.copytree(folder, snapshot)
    downloads: list[tuple[str, str, list[str]]] = []
    read: list[tuple[str, str]] = []

    def download(name: str, revision: str, allow_patterns: list[str]) -> str:
        downloads.append((name, revision, allow_patterns))
        return str(snapshot)

    def config(record: dict[str, Any], name: str) -> Any:
        read.append((record["name"], record["revision"]))
        return AutoConfig.from_pretrained(snapshot)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(loading, "load_config", config)
    monkeypatch.setattr(loading, "load_tokenizer", lambda record, name: tokenizer)

    loading.prepare("mine", HubSource(kind="hub", name="some/model", revision="main"), None, tmp_path / "record")

    record = loading.read_record(tmp_path / "record")
    assert (record["name"], record["revision"]) == ("some/model", commit)
    assert read == [("some/model", commit)]
    ((name, revision, patterns),) = downloads
    assert (name, revision) == ("some/model", "main")
    assert not {"*.bin", "*.pt", "*.py"} & set(patterns)


def test_a_hub_that_cannot_be_reached_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def download(*_: Any, **__: Any) -> str:
        raise ConnectionError("nobody answers")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", download)
    monkeypatch.setattr(hub, "WAITS", ())

    with pytest.raises(
        UserError, match=r"models\.mine: 'some/model' .*no connection \(nobody answers\)\. Check the net"
    ):
        loading.prepare("mine", HubSource(kind="hub", name="some/model", revision="main"), None, tmp_path / "record")


def test_a_gpu_that_is_not_there_is_refused(device: Any) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(UserError, match="given 'cuda', and torch sees no GPU here; allowed here: auto, cpu"):
        torch_setup.start("cuda", 1)


def test_denormal_numbers_are_zero_in_a_job() -> None:
    import torch

    torch.set_flush_denormal(False)
    small = torch.full((3,), 1e-39)
    assert (0.5 * small).count_nonzero() == 3
    torch_setup.start("cpu", 1)
    assert (0.5 * small).count_nonzero() == 0


@pytest.mark.skipif(not REAL_MODELS.is_dir(), reason="no real models here")
@pytest.mark.parametrize("name", ["t5-tiny-real", "stories260k"])
def test_real_checkpoints_load_train_and_generate(name: str, device: Any, tmp_path: Path) -> None:
    record = prepare(REAL_MODELS / name, tmp_path / "record")
    model = loading.load_model(record, "mine", None, "fp32", device)
    tokenizer = loading.load_tokenizer(record, "mine")
    decoding = Decoding(strategy="greedy", max_new_tokens=16)
    prefixes = ["Once upon a time there was a little", "The sun"]

    before = texts_of(model, tokenizer, prefixes, decoding, 2)
    recipe = Recipe(epochs=1, batch_size=2, learning_rate=1e-3)
    rows = [{"instruction": "", "input": "Once upon a time there was a dog.", "target": "A dog."}]
    data = data_of(model, tokenizer, rows, recipe)
    reports = Trainer(model, data, recipe, Unfinished(tmp_path / "work", "one"), "test").train({})
    after = texts_of(model, tokenizer, prefixes, decoding, 2)

    assert [len(text.generation) > 10 for text in before] == [True, True]
    assert 0.0 < reports[0].loss < 20.0
    assert before != after
