"""Texts that every tokenizer gives back as they are, and a tokenizer that does so with few others."""

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

PLAIN = [
    "The committee reviewed the proposal for a new bridge across the northern river during its spring meeting.",
    "Don't worry: 1,234 farmers have seen 56% more rain, and won't complain (at least not before autumn).",
    "A pod of grey whales passed the lighthouse on Tuesday, watched by two hundred delighted tourists.",
]


def letters_only() -> Tokenizer:
    """A tokenizer of the letters a to z and single spaces, without case, that knows no other character."""
    letters = {letter: number for number, letter in enumerate("abcdefghijklmnopqrstuvwxyz\u2581")}
    tokenizer = Tokenizer(models.BPE({**letters, "<unk>": len(letters)}, [], unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="never")
    tokenizer.add_special_tokens(["<unk>"])
    return tokenizer
