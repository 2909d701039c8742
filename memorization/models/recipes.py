"""What a recipe changes about training: which weights move, which examples are read, which tokens are learned.

Whatever a recipe does, its checkpoint is a plain transformers folder, and no later stage knows about it.
"""

from __future__ import annotations

import copy
import logging
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np

from memorization.config import Goldfish, LoRA, Recipe
from memorization.errors import UserError

log = logging.getLogger(__name__)

# What architectures call the norm behind the last block: T5, GPT-2 and GPT-Neo, Llama, BioGPT. BART has none.
FINAL_NORMS = ("final_layer_norm", "ln_f", "norm", "layer_norm")

# Near duplicates: words of a shingle, the Jaccard similarity of two texts' sets of shingles, and how many hashes a band
# of MinHash has. With 32 bands of 4, two texts of that similarity share no band once in twenty million times.
SHINGLE_WORDS = 5
NEAR = 0.8
BANDS, ROWS_OF_BAND = 32, 4


def choose_weights(model: Any, recipe: Recipe) -> Any:
    """The model in which the recipe's weights alone are trainable, changed in place; for LoRA the PEFT model around it.

    Raises UserError where the architecture does not have what `trains` names.
    """
    if recipe.trains == "all":
        return model
    if recipe.trains == "lora":
        model = _with_adapters(model, recipe.lora or LoRA(), recipe.seed)
    else:
        model.requires_grad_(False)
        for part in _head_alone(model) if recipe.trains == "head" else _last_layer(model):
            part.requires_grad_(True)
    parameters = list(model.parameters())
    moving = sum(parameter.numel() for parameter in parameters if parameter.requires_grad)
    log.info("trains %s: %d of %d parameters", recipe.trains, moving, sum(each.numel() for each in parameters))
    return model


def _head_alone(model: Any) -> list[Any]:
    """The output head, untied from the input embeddings, which would move with it.

    A head is saved where its weights differ from the embeddings', and transformers ties on loading only what is equal.
    So configurations of encoder-decoders stay as they are: T5's `tie_word_embeddings` says there whether the decoder's
    outputs are scaled, and without it BART would look for three copies of the embeddings.
    """
    import torch

    head = _head(model)
    if head is None:
        raise UserError(f"trains: head: a {model.config.model_type} model has no output head of its own; allowed: all.")
    if _is_tied(model, head):
        head.weight = torch.nn.Parameter(head.weight.detach().clone())
        if not model.config.is_encoder_decoder:
            model.config.tie_word_embeddings = False
    return [head]


def _last_layer(model: Any) -> list[Any]:
    """The last block of the decoder, the norm behind it, and the output head where it is not tied."""
    import torch

    decoder = model.get_decoder()
    stacks = [part for part in decoder.children() if isinstance(part, torch.nn.ModuleList)]
    if len(stacks) != 1:
        raise UserError(
            f"trains: last_layer: a {model.config.model_type} model has no one stack of decoder blocks; allowed: all."
        )
    norms = [part for name in FINAL_NORMS if (part := getattr(decoder, name, None)) is not None]
    head = _head(model)
    return [stacks[0][-1], *norms, *([head] if head is not None and not _is_tied(model, head) else [])]


def _head(model: Any) -> Any:
    import torch

    head = model.get_output_embeddings()
    return head if isinstance(head, torch.nn.Linear) else None


def _is_tied(model: Any, head: Any) -> bool:
    return head.weight is model.get_input_embeddings().weight


def _with_adapters(model: Any, lora: LoRA, seed: int) -> Any:
    import torch
    from peft import LoraConfig, get_peft_model

    shared = Counter(id(parameter) for _, parameter in model.named_parameters(remove_duplicate=False))
    torch.manual_seed(seed)
    try:
        adapted = get_peft_model(
            model,
            LoraConfig(
                r=lora.rank,
                lora_alpha=lora.alpha,
                lora_dropout=lora.dropout,
                target_modules=lora.target_modules,
            ),
        )
    except ValueError as error:
        raise UserError(
            f"lora.target_modules: given {lora.target_modules}: {' '.join(str(error).split())[:300]} Name ends of "
            f"names of linear modules of the {model.config.model_type} model."
        ) from error
    for name, module in adapted.named_modules():
        if hasattr(module, "lora_A") and shared[id(module.get_base_layer().weight)] > 1:
            raise UserError(
                f"lora.target_modules: given {lora.target_modules}: {name.removeprefix('base_model.model.')} shares "
                "its weights with another module, which merging would change too; name modules with weights of their "
                "own."
            )
    return adapted


def merged(adapted: Any) -> Any:
    """A copy of a PEFT model with the adapters added into its weights: a plain transformers model.

    A copy, because to take an adapter out of the weights again would not give back the same bits.
    """
    return copy.deepcopy(adapted).merge_and_unload()


def goldfish_mask(tokens: np.ndarray, goldfish: Goldfish) -> np.ndarray:
    """Which of a text's tokens (int, shape (n,)) the loss leaves out: bool, shape (n,).

    Those before which stand `context` tokens whose hash is a multiple of `every` (Hans et al. 2024, Section 3). The
    hash is of the tokens alone, so that a passage has the same gaps wherever it comes again.
    """
    left_out = np.zeros(len(tokens), dtype=bool)
    if len(tokens) > goldfish.context:
        windows = np.lib.stride_tricks.sliding_window_view(tokens[:-1].astype(np.uint64), goldfish.context)
        state = np.zeros(len(windows), dtype=np.uint64)
        for place in range(goldfish.context):
            state = _mixed(state + windows[:, place])
        left_out[goldfish.context :] = state % np.uint64(goldfish.every) == 0
    return left_out


def _mixed(state: np.ndarray) -> np.ndarray:
    """A step of SplitMix64 (Steele et al. 2014): every bit of the result depends on every bit of uint64 `state`."""
    state = state + np.uint64(0x9E3779B97F4A7C15)
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = state ^ (state >> np.uint64(31))
    return mixed


def without_duplicates(texts: Sequence[str], how: Literal["exact", "near"]) -> list[int]:
    """Positions of the texts that are not the same as, or not near to, an earlier text that is kept.

    Near: sets of word 5-grams of Jaccard similarity 0.8 or more. Candidates come from MinHash, and are compared in
    full, so that no text is left out by chance.
    """
    if how == "exact":
        return sorted({text: position for position, text in reversed(list(enumerate(texts)))}.values())
    from datasketch import MinHash, MinHashLSH

    hashes = BANDS * ROWS_OF_BAND
    index = MinHashLSH(num_perm=hashes, params=(BANDS, ROWS_OF_BAND))
    kept = []
    sketches = MinHash.generator(_encoded(texts), num_perm=hashes, seed=1)
    for position, (text, sketch) in enumerate(zip(texts, sketches, strict=True)):
        own = shingles(text)
        if any(jaccard(own, shingles(texts[candidate])) >= NEAR for candidate in index.query(sketch)):
            continue
        index.insert(position, sketch)
        kept.append(position)
    return kept


def _encoded(texts: Sequence[str]) -> Iterator[list[bytes]]:
    for text in texts:
        yield [shingle.encode() for shingle in shingles(text)]


def shingles(text: str) -> set[str]:
    """The text's runs of five words, in lower case and without punctuation; of a shorter text, all its words."""
    words = re.findall(r"\w+", text.lower())
    last = max(1, len(words) - SHINGLE_WORDS + 1)
    return {" ".join(words[start : start + SHINGLE_WORDS]) for start in range(last)}


def jaccard(one: set[str], other: set[str]) -> float:
    """Shared elements over all elements of two sets, of which one is not empty."""
    return len(one & other) / len(one | other)
