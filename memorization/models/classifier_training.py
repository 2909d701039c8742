"""Training of sentence-pair classifiers on labelled pairs: from an encoder's checkpoint, or from nothing."""

from __future__ import annotations

import logging
import math
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from memorization import storage
from memorization.config import Recipe, TrainedClassifier
from memorization.errors import UserError
from memorization.models import classifiers, loading
from memorization.models.training import file_digest, fit, identify, saving

log = logging.getLogger(__name__)

PAD, UNKNOWN, BEGIN, SEPARATOR = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
EQUIVALENT = 1
# Attention score of a token with its like before training.
LIKENESS = 8.0


@dataclass(frozen=True)
class EncodedPair:
    """Token ids of a pair, their types (0 first text, 1 second; None where the model knows none), and the label."""

    ids: Sequence[int]
    types: Sequence[int] | None
    label: int


def train(
    name: str,
    source: TrainedClassifier,
    pairs: Path,
    encoder: Path | None,
    device: Any,
    work: Path,
    source_digest: str,
    output: Path,
) -> None:
    """Train a classifier on the train split of a table of schema `pairs`; write it with its record into `output`.

    `encoder` is the local folder of the checkpoint to start from, where it is one. The record and the log tell accuracy
    and F1 on the test split. Raises UserError for an architecture that cannot be built, and an encoder or labels that
    cannot be used.
    """
    import torch

    rows = storage.read(pairs, "pairs").to_pylist()
    train_rows = [row for row in rows if row["split"] == "train"]
    labels = max(2, 1 + max(row["label"] for row in rows))
    torch.manual_seed(source.seed)
    if source.encoder is not None:
        start = loading.locate(f"classifiers.{name}.source.encoder", source.encoder, encoder)
        model, tokenizer = _from_encoder(name, start, labels)
        tokenizer.model_max_length = source.max_tokens
        digest = start["digest"]
    else:
        tokenizer = train_tokenizer(
            (row[text] for row in train_rows for text in ("text1", "text2")), source.vocabulary, source.max_tokens
        )
        model, digest = _from_nothing(name, source, tokenizer, labels), ""
    model.to(device)
    log.info("classifier %s: %d parameters", name, sum(parameter.numel() for parameter in model.parameters()))
    identity = identify(
        source.model_dump_json(exclude={"encoder", "pairs"}), digest, source_digest, str(device), file_digest(pairs)
    )
    recipe = Recipe(**source.model_dump(include={"epochs", "batch_size", "learning_rate", "seed"}))
    reports = fit(
        model,
        encode(train_rows, tokenizer, source.max_tokens),
        recipe,
        tokenizer.pad_token_id,
        device,
        work,
        identity,
        {recipe.epochs: saving(model, tokenizer)},
        f"training classifier {name}",
        batch_of,
    )
    record = {
        "kind": "trained",
        "name": name,
        "revision": None,
        "trust_remote_code": False,
        "digest": identity,
        "model_type": model.config.model_type,
        "head": "sequence",
        "labels": [str(model.config.id2label[number]) for number in range(labels)],
        "training_loss": reports[-1].loss,
    }
    trained = classifiers.Classifier(
        model, tokenizer, device, tuple(record["labels"]), classifiers.longest_input(model, tokenizer)
    )
    record["test"] = quality(trained, [row for row in rows if row["split"] == "test"])
    log.info("classifier %s: loss %.4f, on held-out pairs: %s", name, reports[-1].loss, record["test"] or "none given")
    with storage.replacing(output) as folder:
        shutil.copytree(work / f"kept-{recipe.epochs}", folder)
        loading.write_record(folder, record)
    shutil.rmtree(work, ignore_errors=True)


def quality(classifier: classifiers.Classifier, rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Pairs, accuracy and F1 of the label 1 (equivalent) on rows of schema `pairs`; empty without any."""
    if not rows:
        return {}
    pairs = [(row["text1"], row["text2"]) for row in rows]
    said = classifiers.probabilities(classifier, pairs, EQUIVALENT, 32)[0] > 0.5
    true = np.array([row["label"] == EQUIVALENT for row in rows])
    hits = int((said & true).sum())
    return {
        "pairs": len(rows),
        "accuracy": round(float((said == true).mean()), 4),
        "f1": round(2 * hits / max(1, int(said.sum() + true.sum())), 4),
    }


def encode(rows: Sequence[dict[str, Any]], tokenizer: Any, max_tokens: int) -> list[EncodedPair]:
    """Token ids of labelled pairs; where a pair is too long, the longer of its texts is cut first."""
    first, second = [row["text1"] for row in rows], [row["text2"] for row in rows]
    found = tokenizer(first, second, truncation="longest_first", max_length=max_tokens)
    types = found.get("token_type_ids") or [None] * len(rows)
    return [
        EncodedPair(ids, kinds, row["label"]) for ids, kinds, row in zip(found["input_ids"], types, rows, strict=True)
    ]


def batch_of(pairs: Sequence[EncodedPair], pad: int) -> dict[str, np.ndarray]:
    """int64 arrays (pairs, longest), padded on the right, and `labels` (pairs,)."""
    shape = (len(pairs), max(len(pair.ids) for pair in pairs))
    batch = {"input_ids": np.full(shape, pad, dtype=np.int64), "attention_mask": np.zeros(shape, dtype=np.int64)}
    if pairs[0].types is not None:
        batch["token_type_ids"] = np.zeros(shape, dtype=np.int64)
    for row, pair in enumerate(pairs):
        batch["input_ids"][row, : len(pair.ids)] = pair.ids
        batch["attention_mask"][row, : len(pair.ids)] = 1
        if pair.types is not None:
            batch["token_type_ids"][row, : len(pair.ids)] = pair.types
    batch["labels"] = np.array([pair.label for pair in pairs], dtype=np.int64)
    return batch


def train_tokenizer(texts: Iterable[str], vocabulary: int, max_tokens: int) -> Any:
    """A lower-casing tokenizer of pairs with at most `vocabulary` entries, the same for the same texts.

    Byte-level BPE between BERT's marks: the WordPiece trainer of `tokenizers` numbers its pieces by chance.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    # With the space, so that a sentence's first word is the word that it is elsewhere.
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, UNKNOWN, BEGIN, SEPARATOR],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    marks = processors.TemplateProcessing(
        single=f"{BEGIN} $A {SEPARATOR}",
        pair=f"{BEGIN} $A {SEPARATOR} $B:1 {SEPARATOR}:1",
        special_tokens=[(token, tokenizer.token_to_id(token)) for token in (BEGIN, SEPARATOR)],
    )
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=True), marks])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        unk_token=UNKNOWN,
        cls_token=BEGIN,
        sep_token=SEPARATOR,
        model_max_length=max_tokens,
        model_input_names=["input_ids", "token_type_ids", "attention_mask"],
    )


def _from_encoder(name: str, start: dict[str, Any], labels: int) -> tuple[Any, Any]:
    import torch
    from transformers import AutoModelForSequenceClassification

    key = f"classifiers.{name}.source.encoder"
    tokenizer = loading.load_tokenizer(start, name, "classifiers")
    config = loading.load_config(start, name, "classifiers")
    loading.check_tokenizer(name, tokenizer, config, "classifiers")
    model, missing = loading.read_weights(
        AutoModelForSequenceClassification, start, key, torch.float32, num_labels=labels, ignore_mismatched_sizes=True
    )
    # The head is new, and with it the pooling layer of a checkpoint that was trained on masked words alone.
    body = [weight for weight in missing if weight.startswith(f"{model.base_model_prefix}.") and "pooler" not in weight]
    loading.refuse_missing(body, start, key)
    return model, tokenizer


def _from_nothing(name: str, source: TrainedClassifier, tokenizer: Any, labels: int) -> Any:
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig, AutoModelForSequenceClassification

    values = {
        "vocab_size": len(tokenizer),
        "pad_token_id": tokenizer.pad_token_id,
        "max_position_embeddings": source.max_tokens,
        **(source.architecture or {}),
        "num_labels": labels,
    }
    try:
        model = AutoModelForSequenceClassification.from_config(AutoConfig.for_model(**values))
    except (ValueError, TypeError, KeyError, StrictDataclassError) as error:
        raise UserError(
            f"classifiers.{name}.source.architecture: cannot be built: {' '.join(str(error).split())[:300]}"
        ) from error
    if (read := classifiers.longest_input(model, tokenizer)) < source.max_tokens:
        raise UserError(
            f"classifiers.{name}.source.max_tokens: given {source.max_tokens}, and the architecture reads "
            f"{read} tokens."
        )
    loading.check_tokenizer(name, tokenizer, model.config, "classifiers")
    _attend_to_like(model)
    return model


def _attend_to_like(model: Any) -> None:
    """Let attention begin by looking for the same token, wherever it stands.

    What makes two sentences equivalent is which of their words are the same, and from random weights a small encoder
    needs hundreds of thousands of pairs to find that out. Keys that equal their queries give a token with its like a
    score of `LIKENESS`, with others about 0; positions that begin as 0 do not blur it.
    """
    import torch

    with torch.no_grad():
        for name, module in model.named_modules():
            query, key = getattr(module, "query", None), getattr(module, "key", None)
            if isinstance(query, torch.nn.Linear) and isinstance(key, torch.nn.Linear):
                width = model.config.hidden_size // model.config.num_attention_heads
                query.weight.normal_(0.0, math.sqrt(LIKENESS / (math.sqrt(width) * query.in_features)))
                key.weight.copy_(query.weight)
            if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
                module.weight.zero_()
