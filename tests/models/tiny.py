"""Models of a few thousand parameters, one for each architecture that is used, made in milliseconds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from memorization.models import loading
from memorization.models.scratch import train_tokenizer

WORDS = "The quick brown fox jumps over the lazy dog while seven wizards mix bright potions under old stone bridges"
TEXTS = [f"{word} {' '.join(reversed(WORDS.split()))} {word}" for word in WORDS.split()]
PREFIXES = [
    "The quick",
    "seven wizards mix bright potions under",
    "dog",
    "old stone bridges jump over",
    "lazy",
    "fox while over the brown bright dog mix seven",
    "bridges under potions",
]
ENCODER_DECODER = ("t5", "bart", "fsmt")
DECODER_ONLY = ("gpt_neo", "gpt2", "biogpt", "llama")
ARCHITECTURES = (*ENCODER_DECODER, *DECODER_ONLY)

BART = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_position_embeddings": 64,
    "decoder_start_token_id": 1,
    "forced_eos_token_id": None,
}
SIZES: dict[str, dict[str, Any]] = {
    "t5": {
        "d_model": 16,
        "d_kv": 8,
        "d_ff": 32,
        "num_heads": 2,
        "num_layers": 1,
        "decoder_start_token_id": 0,
        "dropout_rate": 0.1,
    },
    "bart": BART,
    "gpt_neo": {
        "hidden_size": 16,
        "num_layers": 2,
        "num_heads": 2,
        "attention_types": [[["global", "local"], 1]],
        "window_size": 8,
        "max_position_embeddings": 64,
    },
    "fsmt": {
        "langs": ["en", "de"],
        **BART,
    },
    "biogpt": {
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
    },
    "gpt2": {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 64},
    "llama": {
        "hidden_size": 16,
        "intermediate_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": 64,
    },
}


def tiny_tokenizer() -> Any:
    """A tokenizer of 300 entries; 0 is padding, 1 the end."""
    return train_tokenizer(TEXTS, 300)


def moses_tokenizer(kind: str, folder: Path, texts: list[str] | None = None) -> Any:
    """A tokenizer as FSMT or BioGPT have it, Moses words and then BPE in Python, with its files in `folder`.

    0 begins a text, 1 is padding, 2 the end, 3 what is unknown.
    """
    from sacremoses import MosesTokenizer
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import BioGptTokenizer, FSMTTokenizer

    words = MosesTokenizer(lang="en")
    given = [words.tokenize(text, aggressive_dash_splits=True, return_str=True) for text in texts or TEXTS]
    bpe = Tokenizer(models.BPE(unk_token="<unk>", end_of_word_suffix="</w>"))
    bpe.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    letters = [chr(number) for number in range(33, 127)]
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
        initial_alphabet=letters,
        end_of_word_suffix="</w>",
        show_progress=False,
    )
    # Entities and dashes, so that they are whole tokens as in the published vocabularies.
    bpe.train_from_iterator(
        [*given, *["&amp; &#124; &lt; &gt; &apos; &apos;s &quot; &#91; &#93; @-@"] * 50, " ".join(letters)], trainer
    )
    model = json.loads(bpe.to_str())["model"]
    folder.mkdir(parents=True, exist_ok=True)
    merges = "".join(f"{' '.join(pair)}\n" for pair in model["merges"])
    (folder / "merges.txt").write_text(merges, encoding="utf-8")
    vocabulary = json.dumps(model["vocab"])
    if kind == "biogpt":
        (folder / "vocab.json").write_text(vocabulary, encoding="utf-8")
        tokenizer = BioGptTokenizer(folder / "vocab.json", folder / "merges.txt")
    else:
        for side in ("src", "tgt"):
            (folder / f"vocab-{side}.json").write_text(vocabulary, encoding="utf-8")
        files = {f"{side}_vocab_file": folder / f"vocab-{side}.json" for side in ("src", "tgt")}
        tokenizer = FSMTTokenizer(["en", "de"], merges_file=folder / "merges.txt", **files)
    tokenizer.save_pretrained(folder)
    return tokenizer


def tiny_model(architecture: str, tokenizer: Any, seed: int = 0, spread: float = 1.0, **changed: Any) -> Any:
    """A random model; a larger `spread` of its weights makes its texts less monotonous."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    values = {
        "vocab_size": len(tokenizer),
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 1,
        **({"src_vocab_size": len(tokenizer)} if architecture == "fsmt" else {}),
        **SIZES[architecture],
        **changed,
    }
    config = AutoConfig.for_model(architecture, **values)
    torch.manual_seed(seed)
    model = (AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM).from_config(config)
    loading.repair_fsmt(model, [])
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1 and parameter.requires_grad:
                parameter.normal_(0.0, 0.02 + 0.25 * spread)
    return model.eval()
