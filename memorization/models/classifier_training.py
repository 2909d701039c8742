"""Training of sentence-pair classifiers on labelled pairs: from an encoder's checkpoint, or from random weights."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from memorization import storage
from memorization.config.detection import TrainedClassifier
from memorization.errors import UserError
from memorization.models import classifiers, loading
from memorization.models.fitting import TrainingData, fit_new_model
from memorization.models.padding import padded
from memorization.models.resumption import TrainingJob, file_digest, identity_of
from memorization.schemas.pairs import PairsTable

log = logging.getLogger(__name__)

PAD, UNKNOWN, BEGIN, SEPARATOR = "[PAD]", "[UNK]", "[CLS]", "[SEP]"
EQUIVALENT = 1
# Attention score between two occurrences of the same token before training.
SAME_TOKEN_SCORE = 8.0


@dataclass(frozen=True)
class EncodedPair:
    """Token ids of a pair, their types (0 first text, 1 second; None where the model uses none), and the label."""

    ids: Sequence[int]
    types: Sequence[int] | None
    label: int


def train(name: str, source: TrainedClassifier, pairs: Path, encoder: Path | None, job: TrainingJob) -> None:
    """Train a classifier on the train split of a table of schema `pairs`; write it with its record into `job.output`.

    `encoder` is the local folder of the checkpoint to start from, where that is a folder. Record and log contain
    accuracy and F1 on the test split. Raises UserError for an architecture that cannot be built, and for an encoder or
    labels that cannot be used.
    """
    import torch

    rows = storage.read(pairs, PairsTable).to_pylist()
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
        model, digest = _from_architecture(name, source, tokenizer, labels), ""
    model.to(job.device)
    log.info("classifier %s: %d parameters", name, sum(parameter.numel() for parameter in model.parameters()))
    identity = identity_of(
        source.model_dump_json(exclude={"encoder", "pairs"}),
        digest,
        job.source_digest,
        str(job.device),
        file_digest(pairs),
    )
    data = TrainingData(encode(train_rows, tokenizer, source.max_tokens), partial(batch_of, pad=tokenizer.pad_token_id))
    unfinished = job.unfinished(identity)
    loss = fit_new_model(model, tokenizer, data, source, unfinished, f"training classifier {name}")
    record = loading.trained_record("trained", name, identity, model) | {
        "head": "sequence",
        "labels": [str(model.config.id2label[number]) for number in range(labels)],
        "training_loss": loss,
    }
    trained = classifiers.Classifier(
        model, tokenizer, job.device, tuple(record["labels"]), classifiers.longest_input(model, tokenizer)
    )
    record["test"] = quality(trained, [row for row in rows if row["split"] == "test"])
    log.info("classifier %s: loss %.4f, on held-out pairs: %s", name, loss, record["test"] or "none given")
    loading.write_model(job.output, unfinished.checkpoint(source.epochs), record)
    unfinished.remove()


def quality(classifier: classifiers.Classifier, rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Pairs, accuracy and F1 of the label 1 (equivalent) on rows of schema `pairs`; empty without any."""
    if not rows:
        return {}
    pairs = [(row["text1"], row["text2"]) for row in rows]
    predicted = classifiers.probabilities(classifier, pairs, EQUIVALENT, 32)[0] > 0.5
    true = np.array([row["label"] == EQUIVALENT for row in rows])
    hits = int((predicted & true).sum())
    return {
        "pairs": len(rows),
        "accuracy": round(float((predicted == true).mean()), 4),
        "f1": round(2 * hits / max(1, int(predicted.sum() + true.sum())), 4),
    }


def encode(rows: Sequence[dict[str, Any]], tokenizer: Any, max_tokens: int) -> list[EncodedPair]:
    """Token ids of labelled pairs; where a pair is too long, the longer of its texts is cut first."""
    first, second = [row["text1"] for row in rows], [row["text2"] for row in rows]
    encoded = tokenizer(first, second, truncation="longest_first", max_length=max_tokens)
    types = encoded.get("token_type_ids") or [None] * len(rows)
    return [
        EncodedPair(ids, kinds, row["label"]) for ids, kinds, row in zip(encoded["input_ids"], types, rows, strict=True)
    ]


def batch_of(pairs: Sequence[EncodedPair], pad: int) -> dict[str, np.ndarray]:
    """int64 arrays (pairs, longest), padded on the right, and `labels` (pairs,)."""
    ids, mask = padded([pair.ids for pair in pairs], pad)
    batch = {"input_ids": ids, "attention_mask": mask}
    if pairs[0].types is not None:
        batch["token_type_ids"] = padded([pair.types or [] for pair in pairs], 0)[0]
    batch["labels"] = np.array([pair.label for pair in pairs], dtype=np.int64)
    return batch


def train_tokenizer(texts: Iterable[str], vocabulary: int, max_tokens: int) -> Any:
    """A lower-casing tokenizer of pairs with at most `vocabulary` entries, the same for the same texts.

    Byte-level BPE between BERT's marks, because the WordPiece trainer of `tokenizers` numbers its pieces at random.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    # With the space, so that the first word of a sentence has the same tokens as elsewhere.
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
    # The head is new, and so is the pooling layer of a checkpoint that was trained on masked words alone.
    body = [weight for weight in missing if weight.startswith(f"{model.base_model_prefix}.") and "pooler" not in weight]
    loading.refuse_missing(body, start, key)
    return model, tokenizer


def _from_architecture(name: str, source: TrainedClassifier, tokenizer: Any, labels: int) -> Any:
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
    if (limit := classifiers.longest_input(model, tokenizer)) < source.max_tokens:
        raise UserError(
            f"classifiers.{name}.source.max_tokens: given {source.max_tokens}, and the architecture reads "
            f"{limit} tokens."
        )
    loading.check_tokenizer(name, tokenizer, model.config, "classifiers")
    _attend_to_same_tokens(model)
    return model


def _attend_to_same_tokens(model: Any) -> None:
    """Initialize attention so that a token attends to the same token at any position; changes `model` in place.

    Two sentences are equivalent mainly where they have the same words, and from random weights a small encoder needs
    hundreds of thousands of pairs to learn that. Where the weights of keys equal those of queries, a token has a score
    of `SAME_TOKEN_SCORE` with the same token, and about 0 with others; position embeddings of 0 do not disturb this.
    """
    import torch

    with torch.no_grad():
        for name, module in model.named_modules():
            query, key = getattr(module, "query", None), getattr(module, "key", None)
            if isinstance(query, torch.nn.Linear) and isinstance(key, torch.nn.Linear):
                width = model.config.hidden_size // model.config.num_attention_heads
                query.weight.normal_(0.0, math.sqrt(SAME_TOKEN_SCORE / (math.sqrt(width) * query.in_features)))
                key.weight.copy_(query.weight)
            if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
                module.weight.zero_()
