"""Models trained from scratch: a tokenizer trained on a dataset, then prefix language modelling on its inputs."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from memorization import storage
from memorization.config.models import Pretraining, ScratchModel
from memorization.errors import UserError
from memorization.models import loading
from memorization.models.examples import Example, collate, continuation
from memorization.models.fitting import NO_CACHE, TrainingData, check_positions, checkpoint_gradients, fit_new_model
from memorization.models.resumption import TrainingJob, file_digest, identity_of

log = logging.getLogger(__name__)

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"


def build(name: str, source: ScratchModel, dataset: Path, tokenizer_folder: Path | None, job: TrainingJob) -> None:
    """Train a model and write it with its record into `job.output`.

    The tokenizer is that of a given folder, or is trained too. Raises UserError for an architecture that transformers
    does not know or cannot build.
    """
    import torch

    settings = source.pretraining
    rows = [
        row
        for batch in storage.stream(dataset, ["split", "input", "target"])
        for row in batch.to_pylist()
        if row["split"] == "train"
    ]
    if tokenizer_folder is None:
        tokenizer = train_tokenizer((text for row in rows for text in (row["input"], row["target"])), source.vocabulary)
        tokenizer.chat_template = source.chat_template
    else:
        place = {"name": str(tokenizer_folder), "revision": None, "trust_remote_code": False}
        tokenizer = loading.load_tokenizer(place, name)
    torch.manual_seed(settings.seed)
    model = _model(name, source, tokenizer).to(job.device)
    if job.gradient_checkpointing:
        checkpoint_gradients(model)
    encoder_decoder = bool(model.config.is_encoder_decoder)
    loading.check_tokenizer(name, tokenizer, model.config)
    log.info("model %s: %d parameters", name, sum(parameter.numel() for parameter in model.parameters()))
    examples = prefix_examples([row["input"] for row in rows], tokenizer, settings, encoder_decoder)
    check_positions(model, examples, f"`models.{name}.source.pretraining.max_tokens`, or state more positions")
    identity = identity_of(
        source.model_dump_json(exclude={"tokenizer"}),
        loading.folder_digest(tokenizer_folder) if tokenizer_folder else "",
        job.source_digest,
        str(job.device),
        file_digest(dataset),
    )
    batch_of = partial(collate, pad=tokenizer.pad_token_id, encoder_decoder=encoder_decoder)
    data = TrainingData(examples, batch_of, arguments=NO_CACHE)
    unfinished = job.unfinished(identity)
    loss = fit_new_model(model, tokenizer, data, settings, unfinished, f"pretraining {name}")
    record = loading.trained_record("scratch", name, identity, model) | {
        "encoder_decoder": encoder_decoder,
        "pretraining_loss": loss,
    }
    loading.write_model(job.output, unfinished.checkpoint(settings.epochs), record)
    unfinished.remove()


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    """A byte-level BPE tokenizer with at most `vocabulary` entries, the same for the same texts."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=[PAD, END, UNKNOWN],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=True),
            processors.TemplateProcessing(single=f"$A {END}", special_tokens=[(END, tokenizer.token_to_id(END))]),
        ]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, unk_token=UNKNOWN)


def _model(name: str, source: ScratchModel, tokenizer: Any) -> Any:
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    values = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id, **source.architecture}
    values.setdefault("vocab_size", len(tokenizer))
    values.setdefault("decoder_start_token_id", tokenizer.pad_token_id)
    try:
        config = AutoConfig.for_model(**values)
        kind = AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM
        model = kind.from_config(config)
    except (ValueError, TypeError, KeyError, StrictDataclassError) as error:
        raise UserError(
            f"models.{name}.source.architecture: cannot be built: {' '.join(str(error).split())[:300]}"
        ) from error
    loading.repair_fsmt(model, [])
    return model


def prefix_examples(texts: list[str], tokenizer: Any, settings: Pretraining, encoder_decoder: bool) -> list[Example]:
    """Each text cut at a random place, drawn by the seed: the first part is read, the rest is written.

    Decoder-only models: the whole text is read and written. UserError where no text has two tokens.
    """
    generator = np.random.default_rng([settings.seed, 0])
    end = np.array([tokenizer.eos_token_id], dtype=np.int32)
    examples = []
    for tokens in tokenizer(texts, add_special_tokens=False, truncation=True, max_length=settings.max_tokens)[
        "input_ids"
    ]:
        ids = np.array(tokens, dtype=np.int32)
        if len(ids) < 2:
            continue
        cut = int(generator.integers(1, len(ids)))
        if encoder_decoder:
            examples.append(continuation(ids, cut, end[:0], end))
        else:
            whole = np.concatenate([ids, end])
            examples.append(Example(whole, whole))
    if not examples:
        raise UserError("pretraining: no text of the dataset has two tokens.")
    return examples
