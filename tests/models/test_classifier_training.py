"""Training of classifiers: from nothing and from an encoder, the same every time, and better than chance."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from test_classifiers import SMALL, saved, some_pairs

from memorization import storage
from memorization.config.detection import SyntheticPairs, TrainedClassifier
from memorization.config.models import FolderModel
from memorization.errors import UserError
from memorization.models import classifier_training, classifiers, loading
from memorization.models.resumption import TrainingJob
from memorization.schemas.pairs import PairsTable

# Random weights of a useful size, not the wild ones that make a random judge's answers differ.
ARCHITECTURE = {"model_type": "bert", **SMALL, "hidden_size": 32, "initializer_range": 0.05, "hidden_dropout_prob": 0.0}


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Pairs whose second text contains the label as a word, so that training works for any seed."""
    rows = []
    for number, (first, second) in enumerate(some_pairs(220, 6)):
        rows.append(
            {
                "split": "train" if number < 180 else "test",
                "text1": first,
                "text2": f"{second} {('false', 'true')[number % 2]}",
                "label": number % 2,
            }
        )
    file = tmp_path / "pairs.parquet"
    storage.write_table(file, PairsTable, pa.Table.from_pylist(rows, schema=PairsTable.arrow()), {})
    return file


def source(**changed: Any) -> TrainedClassifier:
    values: dict[str, Any] = {
        "kind": "trained",
        "architecture": ARCHITECTURE,
        # Enough for whole words: pairs in single letters would be cut.
        "vocabulary": 1000,
        "pairs": SyntheticPairs(kind="synthetic", train=1),
        "epochs": 2,
        "batch_size": 8,
        "learning_rate": 0.002,
        "max_tokens": 40,
    }
    return TrainedClassifier(**values | changed)


def train(
    given: TrainedClassifier, pairs: Path, device: Any, output: Path, encoder: Path | None = None
) -> dict[str, Any]:
    job = TrainingJob(output, output.with_name(f"{output.name}.unfinished"), device, "source")
    classifier_training.train("mine", given, pairs, encoder, job)
    assert not job.work.exists()
    return loading.read_record(output)


def test_a_trained_classifier_can_be_used_and_tells_its_quality(pairs: Path, device: Any, tmp_path: Path) -> None:
    record = train(source(epochs=8), pairs, device, tmp_path / "trained")

    classifier = classifiers.load(record, "mine", device)
    again = classifier_training.quality(
        classifier, [row for row in storage.read(pairs, PairsTable).to_pylist() if row["split"] == "test"]
    )

    assert record["test"] == again
    assert again["pairs"] == 40
    assert again["accuracy"] > 0.9
    assert (record["head"], len(record["labels"]), classifier.max_tokens) == ("sequence", 2, 40)


def test_training_gives_the_same_bytes_again(pairs: Path, device: Any, tmp_path: Path) -> None:
    for name in ("one", "two"):
        train(source(), pairs, device, tmp_path / name)

    files = sorted(file.name for file in (tmp_path / "one").iterdir())
    assert {"model.safetensors", "model.json", "tokenizer.json", "config.json"} <= set(files)
    assert [(tmp_path / "one" / file).read_bytes() for file in files] == [
        (tmp_path / "two" / file).read_bytes() for file in files
    ]


def test_attention_begins_with_likeness(device: Any) -> None:
    tokenizer = classifier_training.train_tokenizer(["a fox", "a dog"], 300, 40)
    model = classifier_training._from_architecture("mine", source(), tokenizer, 2)

    attention = model.bert.encoder.layer[0].attention.self
    assert attention.query.weight.equal(attention.key.weight)
    assert not model.bert.embeddings.position_embeddings.weight.any()


def test_training_can_begin_with_an_encoder(pairs: Path, device: Any, tmp_path: Path) -> None:
    folder = saved(tmp_path / "encoder", "sequence", initializer_range=0.05)
    given = source(architecture=None, encoder=FolderModel(kind="folder", path="encoder"), max_tokens=32)

    record = train(given, pairs, device, tmp_path / "trained", folder)

    assert record["model_type"] == "bert"
    assert classifiers.load(record, "mine", device).max_tokens == 32


def test_an_encoder_of_another_head_gets_a_new_one(pairs: Path, device: Any, tmp_path: Path) -> None:
    folder = saved(tmp_path / "encoder", "token", initializer_range=0.05)
    given = source(architecture=None, encoder=FolderModel(kind="folder", path="encoder"))

    assert len(train(given, pairs, device, tmp_path / "trained", folder)["labels"]) == 2


def test_an_architecture_that_cannot_be_built_is_told(pairs: Path, device: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^classifiers.mine.source.architecture: cannot be built"):
        train(source(architecture={"model_type": "nonsense"}), pairs, device, tmp_path / "trained")


def test_too_few_positions_are_told(pairs: Path, device: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"max_tokens: given 64, and the architecture reads 40 tokens"):
        train(source(max_tokens=64), pairs, device, tmp_path / "trained")
