"""Models from scratch: built from a configuration, the same every time, with a trained or a given tokenizer."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from tiny import DECODER_ONLY, SIZES, TEXTS

from memorization import storage
from memorization.config.models import Pretraining, ScratchModel
from memorization.errors import UserError
from memorization.models import loading, scratch
from memorization.models.resumption import TrainingJob
from memorization.schemas.dataset import DatasetTable


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    file = tmp_path / "background.parquet"
    rows = [
        {"id": str(number), "split": "train", "instruction": "", "input": text, "target": "short"}
        for number, text in enumerate(TEXTS)
    ]
    storage.write_table(file, DatasetTable, pa.Table.from_pylist(rows, schema=DatasetTable.arrow()), {})
    return file


def source(architecture: str, **changed: Any) -> ScratchModel:
    return ScratchModel(
        kind="scratch",
        architecture={"model_type": architecture, **SIZES[architecture], **changed},
        vocabulary=300,
        pretraining=Pretraining(dataset="background", epochs=2, batch_size=4, max_tokens=24),
    )


def build(
    folder: Path, model: ScratchModel, dataset: Path, device: Any, tokenizer: Path | None = None
) -> dict[str, bytes]:
    """Build a model into `folder`; the files of its folder."""
    job = TrainingJob(folder / "model", folder / "work", device, "source")
    scratch.build("tiny", model, dataset, tokenizer, job)
    return {file.name: file.read_bytes() for file in sorted((folder / "model").iterdir())}


@pytest.mark.parametrize("architecture", ["t5", *DECODER_ONLY])
def test_a_model_is_built_and_loads_as_any_base_model(
    architecture: str, dataset: Path, device: Any, tmp_path: Path
) -> None:
    build(tmp_path, source(architecture), dataset, device)

    record = loading.read_record(tmp_path / "model")
    model = loading.load_model(record, "tiny", None, "fp32", device)

    assert record["encoder_decoder"] == (architecture == "t5")
    assert record["pretraining_loss"] > 0
    assert model.config.model_type == architecture
    assert model.get_input_embeddings().num_embeddings == len(loading.load_tokenizer(record, "tiny")) == 300
    assert not (tmp_path / "work").exists()


def test_its_tokenizer_has_the_chat_template_that_is_stated(dataset: Path, device: Any, tmp_path: Path) -> None:
    template = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}"
    chatty = source("llama").model_copy(update={"chat_template": template})
    build(tmp_path, chatty, dataset, device)

    tokenizer = loading.load_tokenizer(loading.read_record(tmp_path / "model"), "tiny")

    turns = [{"role": "user", "content": "Hello."}]
    assert tokenizer.apply_chat_template(turns, tokenize=False) == "user: Hello.\n"


def test_a_chat_template_beside_a_folder_that_has_its_own_is_refused() -> None:
    values = source("llama").model_dump() | {"tokenizer": "here", "chat_template": "x"}
    with pytest.raises(ValueError, match="`chat_template` and `tokenizer` are given"):
        ScratchModel.model_validate(values)


def test_texts_beyond_the_positions_are_refused(dataset: Path, device: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"has 16 positions, and an example has 25 tokens: lower `models\.tiny\.source"):
        build(tmp_path, source("gpt2", max_position_embeddings=16), dataset, device)


def test_built_twice_it_is_the_same_bit_by_bit(dataset: Path, device: Any, tmp_path: Path) -> None:
    first = build(tmp_path / "first", source("t5"), dataset, device)
    assert build(tmp_path / "second", source("t5"), dataset, device) == first
    assert "model.safetensors" in first


def test_a_given_tokenizer_is_used_and_its_place_changes_nothing(
    dataset: Path, device: Any, tokenizer: Any, tmp_path: Path
) -> None:
    for place in ("here", "there"):
        tokenizer.save_pretrained(tmp_path / place / "tokenizer")
    built = [
        build(tmp_path / place, source("t5"), dataset, device, tmp_path / place / "tokenizer")
        for place in ("here", "there")
    ]
    given = json.loads((tmp_path / "here/tokenizer/tokenizer.json").read_text(encoding="utf-8"))

    assert json.loads(built[0]["tokenizer.json"])["model"]["vocab"] == given["model"]["vocab"]
    assert built[0] == built[1]


@pytest.mark.parametrize("changed", [{"model_type": "no-such-model"}, {"num_heads": "many"}])
def test_what_cannot_be_built_is_refused(changed: dict[str, Any], dataset: Path, device: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"models\.tiny\.source\.architecture: cannot be built"):
        build(tmp_path, source("t5", **changed), dataset, device)
    assert not (tmp_path / "model").exists()
