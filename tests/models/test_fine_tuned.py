"""Checkpoints that others fine-tuned: states of a model, with its tokenizer, loaded in place of its own weights."""

import logging
from pathlib import Path
from typing import Any

import pytest
from test_merging import logits, prepare_whole, write_adapter, write_base
from tiny import SIZES, TEXTS, tiny_model

from memorization.config.models import FolderSource
from memorization.errors import UserError
from memorization.models import files, loading
from memorization.models.scratch import train_tokenizer


@pytest.fixture
def base(tokenizer: Any, tmp_path: Path) -> Path:
    """A tiny T5 as a user has it in a folder."""
    return write_base(tmp_path / "base", tokenizer)


@pytest.fixture
def model(base: Path, tmp_path: Path) -> Path:
    """The record folder of that base model."""
    prepare_whole(base, tmp_path / "model")
    return tmp_path / "model"


def fine_tuned(folder: Path, model: Path, **keys: Any) -> Path:
    """The record folder of a fine-tuned state."""
    output = folder.with_name(f"{folder.name}-record")
    source = FolderSource(kind="folder", path=str(folder), **keys)
    where = Path(source.base.path) if source.base is not None else None
    loading.prepare_fine_tuned("mine.fine_tuned.shipped", source, model, folder, output, where)
    return output


def loaded(model: Path, state: Path | None, device: Any) -> Any:
    return loading.load_state(model, "mine", None if state is None else str(state), "0", "fp32", device)[0]


def test_a_folder_is_loaded_in_place_of_the_base_model(
    model: Path, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    import torch

    shipped = fine_tuned(write_base(tmp_path / "shipped", tokenizer, seed=5), model)

    given, own = loading.load_state(model, "mine", str(shipped), "0", "fp32", device)

    expected = tiny_model("t5", tokenizer, seed=5)
    assert torch.equal(logits(given, tokenizer), logits(expected, tokenizer))
    assert not torch.equal(logits(given, tokenizer), logits(loaded(model, None, device), tokenizer))
    assert own.get_vocab() == tokenizer.get_vocab()


@pytest.mark.parametrize("kind", ["folder", "adapter", "scratch"])
def test_an_adapter_belongs_to_the_models_own_checkpoint(
    kind: str, base: Path, model: Path, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    """Which may be an adapter itself, or have been trained here."""
    import torch

    if kind == "adapter":
        write_adapter(base, tmp_path / "first", r=2)
        source = FolderSource(kind="folder", path=str(tmp_path / "first"))
        loading.prepare("mine", source, tmp_path / "first", model, base)
        base = tmp_path / "base-with-first"
        loaded(model, None, device).save_pretrained(base)
    if kind == "scratch":
        record = loading.trained_record("scratch", "mine", "0", tiny_model("t5", tokenizer)) | {"encoder_decoder": True}
        loading.write_model(model, base, record)
    adapted = write_adapter(base, tmp_path / "shipped")

    given = loaded(model, fine_tuned(tmp_path / "shipped", model), device)

    assert torch.allclose(logits(given, tokenizer), logits(adapted, tokenizer), rtol=1e-3, atol=1e-3)


def test_an_adapter_may_have_a_base_of_its_own(model: Path, tokenizer: Any, device: Any, tmp_path: Path) -> None:
    import torch

    other = write_base(tmp_path / "other", tokenizer, seed=5)
    adapted = write_adapter(other, tmp_path / "shipped")

    given = loaded(model, fine_tuned(tmp_path / "shipped", model, base={"kind": "folder", "path": str(other)}), device)

    assert torch.allclose(logits(given, tokenizer), logits(adapted, tokenizer), rtol=1e-3, atol=1e-3)


def test_an_adapter_of_a_base_with_another_name_is_reported(
    base: Path, model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write_adapter(base, tmp_path / "shipped")
    with caplog.at_level(logging.WARNING):
        fine_tuned(tmp_path / "shipped", model)
        assert not caplog.records
        file = tmp_path / "shipped" / files.ADAPTER_CONFIG
        file.write_text(file.read_text().replace(str(base), "google/flan-t5-small"))
        fine_tuned(tmp_path / "shipped", model)

    assert "the adapter was trained on google/flan-t5-small, and is merged into" in caplog.text


def test_embeddings_may_be_padded(base: Path, model: Path, tokenizer: Any, device: Any, tmp_path: Path) -> None:
    padded = tiny_model("t5", tokenizer)
    padded.resize_token_embeddings(pad_to_multiple_of=64)
    padded.save_pretrained(tmp_path / "shipped")

    # Without a tokenizer of its own: the base model's is used in any case.
    given = loaded(model, fine_tuned(tmp_path / "shipped", model), device)

    assert given.get_input_embeddings().weight.shape[0] == 320


def test_another_vocabulary_is_refused(model: Path, tokenizer: Any, tmp_path: Path) -> None:
    other = train_tokenizer([text[::-1] for text in TEXTS], len(tokenizer))
    write_base(tmp_path / "shipped", other)

    with pytest.raises(
        UserError, match=r"models\.mine\.fine_tuned\.shipped: its tokenizer is not the base model's: 30"
    ):
        fine_tuned(tmp_path / "shipped", model)


def test_fewer_embeddings_than_the_bases_tokenizer_needs_are_refused(
    model: Path, tokenizer: Any, tmp_path: Path
) -> None:
    tiny_model("t5", tokenizer, vocab_size=len(tokenizer) - 1).save_pretrained(tmp_path / "shipped")

    with pytest.raises(UserError, match=r"the tokenizer has 30\d entries and the model 2\d\d embeddings"):
        fine_tuned(tmp_path / "shipped", model)


def test_other_sizes_are_refused(model: Path, tokenizer: Any, tmp_path: Path) -> None:
    tiny_model("t5", tokenizer, d_model=2 * SIZES["t5"]["d_model"]).save_pretrained(tmp_path / "shipped")

    with pytest.raises(UserError, match=r"shipped has `hidden_size: \d+` and the model `hidden_size: \d+`: it is no"):
        fine_tuned(tmp_path / "shipped", model)


def test_another_architecture_is_refused(model: Path, tokenizer: Any, tmp_path: Path) -> None:
    write_base(tmp_path / "shipped", tokenizer, "gpt2")

    with pytest.raises(UserError, match=r"shipped is a gpt2 and the model a t5: it is no fine-tuned form of it"):
        fine_tuned(tmp_path / "shipped", model)
