"""Classifiers: judges of sentence pairs (paraphrase or not) and taggers of tokens (named entities).

A classifier's folder (`prepare`) contains `model.json`, which states where its checkpoint is and which labels it has;
a checkpoint that the workflow trains is in the folder itself.

Numbers depend on a text alone. The order of floating-point sums follows the shape of a batch, so shapes are fixed: a
text is padded to the next multiple of `STEP` tokens, and a batch to a multiple of `STEP` texts. On the CPU, batches of
any such size then give the same bits; differences on other devices are below the `DECIMALS` that a probability keeps.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from memorization import storage
from memorization.config.models import FolderModel, HubModel
from memorization.errors import UserError
from memorization.models import loading, torch_setup
from memorization.progress import Progress

log = logging.getLogger(__name__)

Head = Literal["sequence", "token"]
SUFFIX_OF: dict[Head, str] = {"sequence": "ForSequenceClassification", "token": "ForTokenClassification"}
MEANING_OF: dict[Head, str] = {"sequence": "a sentence-pair classifier", "token": "a token classifier (tagger)"}

STEP = 8
DECIMALS = 6
OUTSIDE = "O"
# Schemes of entity tags (BIO, BIOES, BILOU): prefixes that begin an entity, and those that continue one.
BEGINS, CONTINUES = "BSU", "IEL"
# Tokens that two windows over a long text share, as a fraction of a window.
OVERLAP = 0.25


def prepare(name: str, source: FolderModel | HubModel, path: Path | None, head: Head, output: Path) -> None:
    """Check that a hub or local checkpoint can be used with that head, and write its record folder.

    Raises UserError as `loading.prepare` does, and for a checkpoint with another head, or a tagger without entity tags.
    """
    record = loading.locate(f"classifiers.{name}", source, path)
    config = loading.load_config(record, name, "classifiers")
    loading.check_tokenizer(name, loading.load_tokenizer(record, name, "classifiers"), config, "classifiers")
    architectures = list(config.architectures or [])
    if not any(architecture.endswith(SUFFIX_OF[head]) for architecture in architectures):
        raise UserError(
            f"classifiers.{name}: {record['name']} is {', '.join(architectures) or 'of no stated architecture'}; it is "
            f"used as {MEANING_OF[head]}, which takes a checkpoint of ...{SUFFIX_OF[head]}."
        )
    labels = [str(config.id2label[number]) for number in range(config.num_labels)]
    if head == "token":
        _check_tags(name, labels)
    record |= {"model_type": config.model_type, "head": head, "labels": labels}
    with storage.replacing(output) as folder:
        folder.mkdir()
        loading.write_record(folder, record)


def _check_tags(name: str, labels: Sequence[str]) -> None:
    if OUTSIDE not in labels or not any(_parts(label)[0] for label in labels):
        raise UserError(
            f"classifiers.{name}: its labels are {', '.join(labels[:12])}; a tagger of entities has `O` and tags such "
            "as `B-PER` and `I-PER` (`id2label` in config.json)."
        )


def check_label(record: Mapping[str, Any], name: str, equivalent: int) -> None:
    """UserError where a classifier of pairs has no label of that number."""
    labels = record["labels"]
    if equivalent >= len(labels):
        named = ", ".join(f"{number} ({label})" for number, label in enumerate(labels))
        raise UserError(
            f"detection.paraphrase.equivalent: given {equivalent}, and the classifier {name!r} has the labels {named}."
        )


Span = tuple[str, int, int]
"""Type of an entity, its first character and the character after its last."""


@dataclass(frozen=True)
class Classifier:
    """A loaded classifier: model and tokenizer, its device and labels, and the most tokens that it reads."""

    model: Any
    tokenizer: Any
    device: Any
    labels: tuple[str, ...]
    max_tokens: int


def load(record: dict[str, Any], name: str, device: Any) -> Classifier:
    """A recorded classifier in fp32 on `device`; UserError where weights cannot be read or are missing."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification

    kind = AutoModelForSequenceClassification if record["head"] == "sequence" else AutoModelForTokenClassification
    model, missing = loading.read_weights(kind, record, f"classifiers.{name}", torch.float32)
    loading.refuse_missing(missing, record, f"classifiers.{name}")
    tokenizer = loading.load_tokenizer(record, name, "classifiers")
    return Classifier(
        model.to(device).eval(), tokenizer, device, tuple(record["labels"]), longest_input(model, tokenizer)
    )


class DeferredClassifier:
    """A classifier that loads its checkpoint when it first has to classify something."""

    def __init__(self, folder: Path, name: str, device: str, threads: int, batch_size: int) -> None:
        """Read the record of a classifier's folder (`prepare`).

        `name` is its key in the configuration, `device` and `threads` are those of `torch_setup.start`; `batch_size`
        changes no result.
        """
        self.record = loading.read_record(folder)
        self.folder = folder
        self.name = name
        self.batch_size = batch_size
        self._device, self._threads = device, threads
        self._classifier: Classifier | None = None

    @property
    def digest(self) -> str:
        """Digest of what decides the checkpoint's numbers."""
        return str(self.record["digest"])

    @property
    def device_type(self) -> str | None:
        """`cpu` or `cuda`; None where nothing has been classified."""
        return None if self._classifier is None else str(self._classifier.device.type)

    def judge(self, equivalent: int) -> Callable[[Sequence[tuple[str, str]]], tuple[np.ndarray, np.ndarray]]:
        """The function `probabilities` of the label `equivalent`; UserError where there is no label of that number."""
        check_label(self.record, self.name, equivalent)
        return functools.partial(self.probabilities, label=equivalent)

    def probabilities(self, pairs: Sequence[tuple[str, str]], label: int) -> tuple[np.ndarray, np.ndarray]:
        """The probability of `label` for each pair and whether the pair was cut: (n,), (n,)."""
        return probabilities(self._loaded(), pairs, label, self.batch_size)

    def entities(self, texts: Sequence[str]) -> list[list[Span]]:
        """The entities of each text, from left to right."""
        return entities(self._loaded(), texts, self.batch_size)

    def _loaded(self) -> Classifier:
        if self._classifier is None:
            loading.check_source(self.record, f"classifiers.{self.name}", self.folder)
            device = torch_setup.start(self._device, self._threads)
            self._classifier = load(self.record, self.name, device)
        return self._classifier


def longest_input(model: Any, tokenizer: Any) -> int:
    """Most tokens that a model can read: its positions, without those that models like RoBERTa keep for padding."""
    import torch

    positions = model.config.max_position_embeddings or tokenizer.model_max_length
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, torch.nn.Embedding):
            kept = 0 if module.padding_idx is None else module.padding_idx + 1
            positions = min(positions, module.num_embeddings - kept)
    return int(min(positions, tokenizer.model_max_length))


def probabilities(
    classifier: Classifier, pairs: Sequence[tuple[str, str]], label: int, batch_size: int
) -> tuple[np.ndarray, np.ndarray]:
    """The probability of `label` for each pair, to six decimals, and whether the pair was cut: (n,), (n,).

    A pair of too many tokens is cut, the longer of its texts first.
    """
    tokenizer = classifier.tokenizer
    encodings, cut = [], np.zeros(len(pairs), dtype=bool)
    for start in range(0, len(pairs), 1000):
        first, second = map(list, zip(*pairs[start : start + 1000], strict=True))
        whole = tokenizer(first, second, verbose=False)
        shortened = tokenizer(first, second, truncation="longest_first", max_length=classifier.max_tokens)
        cut[start : start + 1000] = [len(ids) > classifier.max_tokens for ids in whole["input_ids"]]
        encodings += _rows(shortened)
    result = np.empty(len(pairs))
    with Progress(len(pairs), "paraphrase confidence", "pairs") as progress:
        for index, logits in _logits(classifier, encodings, batch_size):
            shifted = np.exp(logits.astype(np.float64) - logits.max())
            result[index] = round(float(shifted[label] / shifted.sum()), DECIMALS)
            progress.advance()
    return result, cut


def entities(classifier: Classifier, texts: Sequence[str], batch_size: int) -> list[list[Span]]:
    """The entities of each text, from left to right.

    A word has the tag of its first token. Longer texts are read in windows that overlap by a quarter; a word's tag is
    taken from the window in which it is farthest from an edge.
    """
    tokenizer = classifier.tokenizer
    special = tokenizer.num_special_tokens_to_add()
    owners, offsets, encodings = [], [], []
    for number, text in enumerate(texts):
        windows = tokenizer(
            text,
            truncation=True,
            max_length=classifier.max_tokens,
            stride=int(OVERLAP * (classifier.max_tokens - special)),
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        owners += [number] * len(windows["input_ids"])
        offsets += windows.pop("offset_mapping")
        windows.pop("overflow_to_sample_mapping", None)
        encodings += _rows(windows)
    words = [word_spans(text) for text in texts]
    best: list[dict[int, tuple[int, str]]] = [{} for _ in texts]
    tags: dict[int, np.ndarray] = {}
    with Progress(len(encodings), "entities", "texts") as progress:
        for index, logits in _logits(classifier, encodings, batch_size):
            tags[index] = logits.argmax(-1)
            progress.advance()
    # In the order of the windows, so that the first of two equally good ones counts, whatever batches they were in.
    for index, (owner, spans) in enumerate(zip(owners, offsets, strict=True)):
        kept = best[owner]
        begins_text = index == 0 or owners[index - 1] != owner
        for word, token in _first_tokens(words[owner], spans, begins_text):
            distance = min(token, len(spans) - 1 - token)
            if word not in kept or distance > kept[word][0]:
                kept[word] = (distance, classifier.labels[tags[index][token]])
    return [
        decode([(spans[word], tag) for word, (_, tag) in sorted(kept.items())])
        for spans, kept in zip(words, best, strict=True)
    ]


def word_spans(text: str) -> list[tuple[int, int]]:
    """Words (start, end) as taggers are trained on them: runs between white space, without punctuation at the edges.

    Each punctuation character at an edge is a word of its own. A full stop stays with a word that has another one
    (U.S.) or is a single letter (J.).
    """
    spans = []
    position = 0
    for word in text.split():
        start = text.index(word, position)
        end = position = start + len(word)
        while start < end and not text[start].isalnum():
            spans.append((start, start + 1))
            start += 1
        tail = []
        while end > start and not text[end - 1].isalnum():
            core = text[start : end - 1]
            if text[end - 1] == "." and ("." in core or (len(core) == 1 and core.isalpha())):
                break
            tail.append((end - 1, end))
            end -= 1
        if end > start:
            spans.append((start, end))
        spans += reversed(tail)
    return spans


def _first_tokens(
    words: Sequence[tuple[int, int]], tokens: Sequence[tuple[int, int]], begins_text: bool
) -> Iterator[tuple[int, int]]:
    """(word, token): the first token of a window that shares characters with each word; both run from left to right.

    A word that begins before the window is left out: an earlier window contains it.
    """
    real = [(number, start, end) for number, (start, end) in enumerate(tokens) if end > start]
    position = 0
    for word, (begins, ends) in enumerate(words):
        while position < len(real) and real[position][2] <= begins:
            position += 1
        if position == len(real):
            return
        number, start, _ = real[position]
        if start < ends and (begins_text or start <= begins or position > 0):
            yield word, number


def decode(tagged: Sequence[tuple[tuple[int, int], str]]) -> list[Span]:
    """Entities from words' spans and tags, as conlleval reads them: another type, or a tag that begins, begins one."""
    decoded: list[Span] = []
    open_kind: str | None = None
    for (start, end), tag in tagged:
        prefix, kind = _parts(tag)
        if not prefix:
            open_kind = None
        elif prefix in BEGINS or kind != open_kind:
            decoded.append((kind, start, end))
            open_kind = kind
        else:
            decoded[-1] = (kind, decoded[-1][1], end)
    return decoded


def _parts(tag: str) -> tuple[str, str]:
    """Prefix and type of a tag: ("B", "PER") for B-PER; both empty outside of entities."""
    prefix, _, kind = tag.partition("-")
    return (prefix, kind) if kind and prefix in (*BEGINS, *CONTINUES) else ("", "")


def _rows(encoding: Mapping[str, Any]) -> list[dict[str, list[int]]]:
    keys = [key for key in ("input_ids", "token_type_ids") if key in encoding]
    return [{key: encoding[key][row] for key in keys} for row in range(len(encoding["input_ids"]))]


def _logits(
    classifier: Classifier, encodings: Sequence[Mapping[str, list[int]]], batch_size: int
) -> Iterator[tuple[int, np.ndarray]]:
    """(index, logits) of every encoded text, in batches of one padded length; logits (labels,) or (tokens, labels)."""
    import torch

    batch_size = STEP * -(-batch_size // STEP)
    by_length: dict[int, list[int]] = {}
    for index, encoding in enumerate(encodings):
        length = min(STEP * -(-len(encoding["input_ids"]) // STEP), classifier.max_tokens)
        by_length.setdefault(length, []).append(index)
    for length, indices in sorted(by_length.items()):
        for start in range(0, len(indices), batch_size):
            chosen = indices[start : start + batch_size]
            rows = chosen + chosen[:1] * (-len(chosen) % STEP)
            batch = _padded([encodings[index] for index in rows], length, classifier.tokenizer.pad_token_id)
            with torch.inference_mode():
                output = classifier.model(
                    **{key: torch.from_numpy(value).to(classifier.device) for key, value in batch.items()}
                )
            values = output.logits.float().cpu().numpy()
            for index, row in zip(chosen, values, strict=False):
                yield index, row


def _padded(rows: Sequence[Mapping[str, list[int]]], length: int, pad: int) -> dict[str, np.ndarray]:
    """int64 arrays (rows, length), padded on the right, with their attention mask."""
    batch = {key: np.full((len(rows), length), pad if key == "input_ids" else 0, dtype=np.int64) for key in rows[0]}
    batch["attention_mask"] = np.zeros((len(rows), length), dtype=np.int64)
    for number, row in enumerate(rows):
        for key, values in row.items():
            batch[key][number, : len(values)] = values
        batch["attention_mask"][number, : len(row["input_ids"])] = 1
    return batch
