"""Adapters of PEFT as users bring them: merged into their base, or refused with one message."""

import json
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file
from tiny import TEXTS, tiny_model

from memorization.config.models import FolderModel, FolderSource
from memorization.errors import UserError
from memorization.models import files, loading
from memorization.models.scratch import train_tokenizer

TARGETS = {"t5": ["q", "v"], "gpt2": ["c_attn"], "llama": ["q_proj", "v_proj"]}


def write_base(folder: Path, tokenizer: Any, architecture: str = "t5", **changed: Any) -> Path:
    tiny_model(architecture, tokenizer, **changed).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def settings(kind: str, architecture: str) -> dict[str, Any]:
    targets = {"target_modules": TARGETS[architecture]}
    if kind == "IA3":
        return targets | {"feedforward_modules": []}
    if kind == "OFT":
        return targets | {"oft_block_size": 4}
    return targets | {"r": 4}


def write_adapter(base: Path, folder: Path, kind: str = "LORA", changes: Any = None, **keys: Any) -> Any:
    """An adapter of random weights; its PEFT model in the state in which it was saved. `changes` changes the base."""
    import peft
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    config = AutoConfig.from_pretrained(base)
    model = (AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM).from_pretrained(base)
    if changes is not None:
        changes(model)
    values = {**settings(kind, config.model_type), **keys}
    task = "SEQ_2_SEQ_LM" if config.is_encoder_decoder else "CAUSAL_LM"
    adapted = peft.get_peft_model(model, peft.PEFT_TYPE_TO_CONFIG_MAPPING[kind](task_type=task, **values))
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in adapted.parameters():
            if parameter.requires_grad:
                parameter.add_(0.2 * torch.randn_like(parameter))
    adapted.save_pretrained(folder)
    return adapted.eval()


def prepared(folder: Path, output: Path, **keys: Any) -> dict[str, Any]:
    """The record of an adapter as a model; its stated base is found as when the workflow is read."""
    source = FolderSource(kind="folder", path=str(folder), **keys)
    base = Path(source.base.path if isinstance(source.base, FolderModel) else files.stated_base(folder)[0])
    loading.prepare("mine", source, folder, output, base)
    return loading.read_record(output)


def logits(model: Any, tokenizer: Any) -> Any:
    import torch

    ids = torch.tensor([tokenizer.encode(TEXTS[0])])
    with torch.no_grad():
        decoder = {"decoder_input_ids": ids} if model.config.is_encoder_decoder else {}
        return model(input_ids=ids, **decoder).logits


@pytest.mark.parametrize("kind", files.MERGEABLE)
def test_every_kind_that_is_allowed_is_merged(kind: str, tokenizer: Any, device: Any, tmp_path: Path) -> None:
    import torch

    base = write_base(tmp_path / "base", tokenizer)
    adapted = write_adapter(base, tmp_path / "adapter", kind)

    model = loading.load_model(prepared(tmp_path / "adapter", tmp_path / "out"), "mine", None, "fp32", device)

    plain = loading.load_model(prepare_whole(base, tmp_path / "plain"), "mine", None, "fp32", device)
    assert type(model) is type(plain)
    assert torch.allclose(logits(model, tokenizer), logits(adapted, tokenizer), rtol=1e-3, atol=1e-3)
    assert not torch.allclose(logits(model, tokenizer), logits(plain, tokenizer), rtol=1e-2, atol=1e-2)


def prepare_whole(folder: Path, output: Path) -> dict[str, Any]:
    loading.prepare("mine", FolderSource(kind="folder", path=str(folder)), folder, output)
    return loading.read_record(output)


@pytest.mark.parametrize("architecture", ["gpt2", "llama"])
@pytest.mark.parametrize(
    "keys", [{}, {"use_dora": True}, {"modules_to_save": ["lm_head"]}], ids=["lora", "dora", "head"]
)
def test_decoder_only_models_are_merged(
    architecture: str, keys: dict[str, Any], tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    import torch

    base = write_base(tmp_path / "base", tokenizer, architecture, tie_word_embeddings=False)
    adapted = write_adapter(base, tmp_path / "adapter", **keys)

    model = loading.load_model(prepared(tmp_path / "adapter", tmp_path / "out"), "mine", None, "fp32", device)

    assert torch.allclose(logits(model, tokenizer), logits(adapted, tokenizer), rtol=1e-3, atol=1e-3)


def refusal(folder: Path, output: Path, device: Any, **keys: Any) -> str:
    """The message about an adapter that cannot be used, when it is prepared or loaded."""
    with pytest.raises(UserError) as error:
        loading.load_model(prepared(folder, output, **keys), "mine", None, "fp32", device)
    assert str(error.value).startswith("models.mine")
    return str(error.value)


def change(folder: Path, **values: Any) -> None:
    file = folder / files.ADAPTER_CONFIG
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def test_an_adapter_of_another_model_is_refused(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", tokenizer)
    write_adapter(base, tmp_path / "adapter")
    other = {"wider": {"d_model": 32}, "longer": {"num_layers": 2}, "gpt2": {"architecture": "gpt2"}}

    for name, changed in other.items():
        folder = write_base(tmp_path / name, tokenizer, **changed)
        keys = {"base": {"kind": "folder", "path": str(folder)}}
        message = refusal(tmp_path / "adapter", tmp_path / "out", device, **keys)
        assert f"the adapter in {tmp_path}/adapter cannot be merged into {folder}: " in message
        assert "Name the checkpoint that it was trained on: `base`" in message or "are not of one adapter" in message


def test_weights_of_another_rank_than_stated_are_refused(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    write_adapter(write_base(tmp_path / "base", tokenizer), tmp_path / "adapter")
    change(tmp_path / "adapter", r=8)

    assert "size mismatch" in refusal(tmp_path / "adapter", tmp_path / "out", device)


@pytest.mark.parametrize("name", ["missing", "unknown"])
def test_weights_that_do_not_belong_to_the_settings_are_refused(
    name: str, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    write_adapter(write_base(tmp_path / "base", tokenizer), tmp_path / "adapter")
    file = tmp_path / "adapter" / files.ADAPTER_WEIGHTS
    weights = load_file(file)
    first = sorted(weights)[0]
    tensor = weights.pop(first)
    save_file(weights if name == "missing" else weights | {first: tensor, f"{first}x": tensor.clone()}, file)

    message = refusal(tmp_path / "adapter", tmp_path / "out", device)

    assert ("1 of the adapter's weights are not in its file" if name == "missing" else "has no module for") in message


def test_a_vocabulary_that_grew_in_training_is_refused(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", tokenizer, "llama", tie_word_embeddings=False)
    entries = len(tokenizer)
    write_adapter(
        base,
        tmp_path / "adapter",
        changes=lambda model: model.resize_token_embeddings(entries + 8),
        modules_to_save=["embed_tokens", "lm_head"],
    )

    message = refusal(tmp_path / "adapter", tmp_path / "out", device)

    assert f"it has a vocabulary of {entries + 8} entries and the model one of {entries}" in message
    assert "merge it yourself (`resize_token_embeddings`" in message


def test_an_adapter_of_weights_that_are_shared_is_refused(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", tokenizer, "gpt2")
    write_adapter(base, tmp_path / "adapter", target_modules=["lm_head"])

    message = refusal(tmp_path / "adapter", tmp_path / "out", device)

    assert "it changes lm_head, which shares its weights with another module" in message


def test_pickled_and_broken_adapters_are_refused(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    write_adapter(write_base(tmp_path / "base", tokenizer), tmp_path / "adapter")
    file = tmp_path / "adapter" / files.ADAPTER_WEIGHTS
    weights = load_file(file)
    first = sorted(weights)[0]
    save_file({**weights, first: weights[first] * float("nan")}, file)
    assert f"{file}: {first} contains NaN or infinity" in refusal(tmp_path / "adapter", tmp_path / "out", device)

    file.rename(file.with_name("adapter_model.bin"))
    assert "its weights are pickled (adapter_model.bin)" in refusal(tmp_path / "adapter", tmp_path / "out", device)


def test_a_digest_holds_base_and_adapter(tokenizer: Any, tmp_path: Path) -> None:
    base = write_base(tmp_path / "base", tokenizer)
    write_adapter(base, tmp_path / "adapter")
    digests = [
        prepared(tmp_path / "adapter", tmp_path / "one")["digest"],
        prepare_whole(base, tmp_path / "two")["digest"],
    ]
    write_base(base, tokenizer, seed=5)
    digests.append(prepared(tmp_path / "adapter", tmp_path / "three")["digest"])
    write_adapter(base, tmp_path / "adapter", r=2)
    digests.append(prepared(tmp_path / "adapter", tmp_path / "four")["digest"])

    assert len(set(digests)) == 4


def test_the_bases_tokenizer_is_used_unless_the_adapter_has_one(tokenizer: Any, tmp_path: Path) -> None:
    write_adapter(write_base(tmp_path / "base", tokenizer), tmp_path / "adapter")
    of_base = loading.load_tokenizer(prepared(tmp_path / "adapter", tmp_path / "one"), "mine")
    train_tokenizer(TEXTS[:3], 290).save_pretrained(tmp_path / "adapter")

    own = loading.load_tokenizer(prepared(tmp_path / "adapter", tmp_path / "two"), "mine")

    assert (of_base.get_vocab() == tokenizer.get_vocab(), own.get_vocab() == tokenizer.get_vocab()) == (True, False)


def test_a_base_that_the_configuration_names_wins(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    write_adapter(write_base(tmp_path / "base", tokenizer), tmp_path / "adapter")
    other = write_base(tmp_path / "other", tokenizer, seed=5)

    record = prepared(tmp_path / "adapter", tmp_path / "out", base={"kind": "folder", "path": str(other)})

    assert record["name"] == str(other)
    assert loading.load_model(record, "mine", None, "bf16", device).dtype.itemsize == 2


def test_a_base_beside_a_whole_checkpoint_is_refused(tokenizer: Any, tmp_path: Path) -> None:
    folder = write_base(tmp_path / "whole", tokenizer)
    source = FolderSource(kind="folder", path=str(folder), base=FolderModel(kind="folder", path=str(folder)))

    with pytest.raises(UserError, match=r"`base` is given, and .* contains no adapter"):
        loading.prepare("mine", source, folder, tmp_path / "out", folder)
