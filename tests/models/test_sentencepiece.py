"""Tokenizers of SentencePiece without a tokenizer.json, as older checkpoints have them."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
import sentencepiece
from test_merging import prepare_whole
from tiny import TEXTS, WORDS, tiny_model

from memorization.models import loading
from memorization.probes import prefix_ends, read_tokenizer

KINDS = {
    "t5": ("spiece.model", "unigram", {"tokenizer_class": "T5Tokenizer", "extra_ids": 0}),
    "llama": ("tokenizer.model", "bpe", {"tokenizer_class": "LlamaTokenizer", "legacy": False}),
}


def write_sentencepiece(architecture: str, folder: Path) -> sentencepiece.SentencePieceProcessor:
    """A tiny checkpoint whose tokenizer is a SentencePiece model trained here."""
    name, kind, settings = KINDS[architecture]
    folder.mkdir()
    letters = " ".join("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,!?'")
    ids = {"pad_id": 0, "eos_id": 1, "unk_id": 2, "bos_id": -1} if architecture == "t5" else {}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*TEXTS, letters, *WORDS.split()] * 5),
        model_prefix=str(folder / "trained"),
        model_type=kind,
        vocab_size=120 if kind == "unigram" else 400,
        # Llama's has bytes for characters that it does not know.
        byte_fallback=kind == "bpe",
        character_coverage=1.0,
        hard_vocab_limit=False,
        minloglevel=2,
        num_threads=1,
        **ids,
    )
    (folder / "trained.model").rename(folder / name)
    (folder / "trained.vocab").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    processor = sentencepiece.SentencePieceProcessor(model_file=str(folder / name))
    tokenizer = range(processor.get_piece_size())
    end = {"eos_token_id": processor.eos_id(), "bos_token_id": None}
    tiny_model(architecture, tokenizer, **end).save_pretrained(folder)
    return processor


def sentences() -> list[str]:
    draw = random.Random(0)
    words = [*WORDS.split(), "wizardry", "42", "I'm", "unbridged,", "Zebra!"]
    return [" ".join(draw.choices(words, k=12)) for _ in range(30)]


@pytest.mark.parametrize("architecture", KINDS)
def test_tokens_are_those_of_sentencepiece(architecture: str, device: Any, tmp_path: Path) -> None:
    processor = write_sentencepiece(architecture, tmp_path / "given")

    record = prepare_whole(tmp_path / "given", tmp_path / "record")
    tokenizer = loading.load_tokenizer(record, "mine")
    loading.load_model(record, "mine", None, "fp32", device)

    # The tokenizer that probes are cut with, of tokenizer.json, and that of the model.
    assert tokenizer.is_fast
    fast = read_tokenizer(tmp_path / "record")
    for text in sentences():
        expected = processor.encode(text)
        assert tokenizer.encode(text, add_special_tokens=False) == expected
        assert fast.encode_batch_fast([text], add_special_tokens=False)[0].ids == expected
        assert tokenizer.decode(expected) == processor.decode(expected) == text
    ends = prefix_ends(sentences(), fast, 5)
    assert all(0 < end < len(text) for end, text in zip(ends, sentences(), strict=True))


def test_a_fast_form_beside_it_gives_equal_tokens(tmp_path: Path) -> None:
    write_sentencepiece("t5", tmp_path / "given")
    place = {"name": str(tmp_path / "given"), "revision": None, "trust_remote_code": False}
    slow = loading.load_tokenizer(place, "mine")
    slow.save_pretrained(tmp_path / "given")
    assert (tmp_path / "given" / "tokenizer.json").is_file()

    fast = loading.load_tokenizer(place, "mine")

    assert [fast.encode(text) for text in sentences()] == [slow.encode(text) for text in sentences()]
