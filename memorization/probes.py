"""From a dataset's inputs to probes: x = [p || s], p the first k tokens of the model's tokenizer (Section 3.1)."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from tokenizers import Tokenizer

from memorization import storage
from memorization.config import Population, Probes
from memorization.errors import UserError

log = logging.getLogger(__name__)

SPLIT_OF: dict[str, str] = {"member": "train", "control": "test"}


def write_probes(
    dataset: Path,
    tokenizer: Tokenizer,
    probes: Probes,
    prefix_tokens: int,
    population: Population,
    output: Path,
    manifest: Mapping[str, Any],
) -> None:
    """Draw at most `probes.n` usable inputs of the population's split and write them with schema `probes`.

    Inputs with no suffix left, or one shorter than the stated minimum (white space around it does not count), are left
    out and counted, as are those with a blank prefix. The draw is seeded, the rows stay in the dataset's order. Raises
    UserError where no input is usable; warns where fewer than n are.
    """
    split = SPLIT_OF[population]
    name = dataset.stem
    rows = short = 0
    kept: list[tuple[str, str, int]] = []
    for batch in storage.stream(dataset, ["id", "split", "input"]):
        selected = [row for row in batch.to_pylist() if row["split"] == split]
        rows += len(selected)
        cuts = prefix_ends([row["input"] for row in selected], tokenizer, prefix_tokens)
        for row, cut in zip(selected, cuts, strict=True):
            prefix, suffix = row["input"][:cut], row["input"][cut:]
            if not prefix.strip() or len(suffix.strip()) < probes.minimum_suffix_characters:
                short += 1
            else:
                kept.append((row["id"], row["input"], cut))
    if not rows:
        raise UserError(f"{dataset}: no rows in split {split!r}, which the population {population!r} is drawn from.")
    if not kept:
        raise UserError(
            f"dataset {name!r}: none of the {rows} inputs is longer than the prefix of {prefix_tokens} tokens (with at "
            f"least {probes.minimum_suffix_characters} characters after it): lower `probes.prefix_tokens`, or the "
            "dataset's own `prefix_tokens`."
        )
    if len(kept) < probes.n:
        given = (name, split, probes.n, len(kept), len(kept))
        log.warning("dataset %s, split %s: %d probes asked for, %d usable inputs: n is %d", *given)
    if short:
        log.info("dataset %s: %d of %d inputs left out: suffix too short", name, short, rows)
    drawn = sorted(random.Random(probes.seed).sample(range(len(kept)), min(probes.n, len(kept))))
    counts = {"n_asked": probes.n, "n": len(drawn), "inputs": rows, "left_out_suffix_too_short": short}
    storage.write_batches(output, "probes", _batches([kept[index] for index in drawn]), {**manifest, **counts})


def read_tokenizer(file: Path) -> Tokenizer:
    """The tokenizer of a `tokenizer.json`, which neither cuts nor pads texts, whatever the file says."""
    tokenizer: Tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def prefix_ends(texts: Sequence[str], tokenizer: Tokenizer, prefix_tokens: int) -> list[int]:
    """For each text, the character where its first `prefix_tokens` tokens end; its length where it has no more.

    White space after the prefix belongs to the suffix, so that prefix + suffix is the text. Where the last token
    shares its character with the next one (SentencePiece's lone word mark, the bytes of an emoji), that character
    belongs to the suffix: a prefix never reaches into a later token.
    """
    ends = []
    for text, encoding in zip(texts, tokenizer.encode_batch(list(texts), add_special_tokens=False), strict=True):
        offsets = encoding.offsets
        if len(offsets) <= prefix_tokens:
            ends.append(len(text))
        else:
            end, following = offsets[prefix_tokens - 1][1], offsets[prefix_tokens][0]
            ends.append(min(end, following) or end)
    return ends


def _batches(rows: Sequence[tuple[str, str, int]]) -> Iterator[pa.RecordBatch]:
    texts: dict[str, int] = {}
    for start in range(0, len(rows), storage.ROWS_PER_GROUP):
        part = rows[start : start + storage.ROWS_PER_GROUP]
        yield pa.RecordBatch.from_pylist(
            [
                {
                    "probe": start + number,
                    "id": identifier,
                    "prefix": text[:cut],
                    "suffix": text[cut:],
                    "prefix_characters": cut,
                    "suffix_characters": len(text) - cut,
                    "input_text": texts.setdefault(text, len(texts)),
                }
                for number, (identifier, text, cut) in enumerate(part)
            ],
            schema=storage.SCHEMAS["probes"],
        )
