"""Examples per processor second of fine-tuning: ours, and transformers' own Trainer.

    python benchmarks/training.py --model t5-tiny-real --texts ag_news.parquet=128/16 sumpubmed.parquet=512/128

`--texts` names Parquet files with columns `split`, `input` and `target`, and the tokens that their inputs and targets
are cut to. Without it texts are made up, short ones and long ones; without `--model` a small T5 has random weights.
`--before` is another checkout of this repository, which is measured beside this one. Each training is a process of its
own on one thread, several times in turn: from the table of rows to a saved checkpoint, without start-up and loading.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import resource
import sys
import tempfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

from processes import add_options, measurement

EPOCHS, BATCH = 2, 16
SMALL_T5: dict[str, Any] = {"d_model": 64, "d_ff": 128, "num_layers": 2, "num_heads": 4, "d_kv": 16, "vocab_size": 1000}


def main(arguments: list[str] | None = None) -> None:
    """Print a Markdown table, one line per program and kind of text."""
    parser = argparse.ArgumentParser(description="Examples per processor second of fine-tuning.")
    parser.add_argument("--texts", nargs="+", default=["short=64/16", "long=256/64"], metavar="FILE=READ/WRITTEN")
    parser.add_argument("--model", type=Path, help="folder of an encoder-decoder model and its tokenizer")
    parser.add_argument("--rows", type=int, default=160, help="texts of each kind")
    parser.add_argument("--repeats", type=int, default=3, help="measurements of each program")
    parser.add_argument("--before", type=Path, help="another checkout, to compare with")
    add_options(parser, PROGRAMS)
    given = parser.parse_args(arguments)
    # The package beside this file is measured, whichever is installed; or that of the other checkout.
    before = given.measure == "ours, before"
    sys.path.insert(0, str(given.before if before else Path(__file__).resolve().parent.parent))
    if given.measure:
        print(json.dumps(measured(given)))
        return
    programs = [name for name in PROGRAMS if name != "ours, before" or given.before]
    print(
        f"{given.rows} texts of each kind, {EPOCHS} epochs, batches of {BATCH}, one thread, {given.repeats} repeats\n"
    )
    print("| texts | program | examples per processor second | range | kernel's share (%) | memory (GB) | last loss |")
    print("|---|---|---|---|---|---|---|")
    for texts in given.texts:
        place, lengths = texts.rsplit("=", 1)
        label = f"{Path(place).stem}, {lengths}"
        options = ["--texts", texts, "--rows", str(given.rows)]
        for name in ("model", "before"):
            options += [f"--{name}", str(getattr(given, name))] if getattr(given, name) else []
        rounds = [
            {name: measurement(__file__, name, options, Path()) for name in programs} for _ in range(given.repeats)
        ]
        for name in programs:
            values = [each[name] for each in rounds]
            rates = [EPOCHS * given.rows / each["seconds"] for each in values]
            kernel = median(100 * each["kernel_seconds"] / each["seconds"] for each in values)
            print(
                f"| {label} | {name} | {median(rates):.2f} | {min(rates):.2f} to {max(rates):.2f} "
                f"| {kernel:.0f} | {max(each['gigabytes'] for each in values):.2f} | {values[0]['loss']:.3f} |",
                flush=True,
            )


def measured(given: argparse.Namespace) -> dict[str, float]:
    """Processor seconds of one training and those of them in the kernel, peak memory, loss of the last epoch."""
    from memorization.models import torch_setup

    torch_setup.start("cpu", 1)
    place, lengths = given.texts[0].rsplit("=", 1)
    read, written = map(int, lengths.split("/"))
    rows = rows_of(place, read, given.rows)
    model, tokenizer = model_and_tokenizer(given.model, rows)
    program = PROGRAMS[given.measure]
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as other:
        # What is imported and started on the way is not measured.
        program(copy.deepcopy(model), tokenizer, rows[:2], (read, written), Path(other))
        begun = resource.getrusage(resource.RUSAGE_SELF)
        loss = program(model, tokenizer, rows, (read, written), Path(scratch))
        ended = resource.getrusage(resource.RUSAGE_SELF)
    kernel = ended.ru_stime - begun.ru_stime
    seconds = ended.ru_utime - begun.ru_utime + kernel
    return {"seconds": seconds, "kernel_seconds": kernel, "gigabytes": ended.ru_maxrss * 1024 / 1e9, "loss": loss}


def rows_of(place: str, read: int, count: int) -> list[dict[str, str]]:
    """The first training rows of a Parquet file, or made-up ones whose longest have `read` tokens or more."""
    import pyarrow.parquet as pq

    if place.endswith(".parquet"):
        rows = pq.ParquetFile(place).read(["split", "input", "target"]).to_pylist()
        return [row for row in rows if row["split"] == "train"][:count]
    generator = random.Random(0)
    words = ["".join(generator.choices("abcdefghij", k=4)) for _ in range(200)]

    def text(most: int) -> str:
        return " ".join(generator.choices(words, k=generator.randint(1, most)))

    return [{"split": "train", "input": text(read), "target": text(1 + read // 8)} for _ in range(count)]


def model_and_tokenizer(folder: Path | None, rows: list[dict[str, str]]) -> tuple[Any, Any]:
    """Those of a folder; or random weights, and a tokenizer trained on the rows."""
    import torch
    from transformers import AutoConfig, AutoModelForSeq2SeqLM, AutoTokenizer

    from memorization.models.scratch import train_tokenizer

    if folder:
        return (
            AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32),
            AutoTokenizer.from_pretrained(folder),
        )
    tokens = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
    torch.manual_seed(0)
    model = AutoModelForSeq2SeqLM.from_config(AutoConfig.for_model("t5", **SMALL_T5, **tokens))
    return model, train_tokenizer((row["input"] for row in rows), SMALL_T5["vocab_size"])


Lengths = tuple[int, int]


def ours(
    model: Any,
    tokenizer: Any,
    rows: list[dict[str, str]],
    lengths: Lengths,
    folder: Path,
    frees: bool = False,
    **changed: Any,
) -> float:
    """Fine-tune as the workflow does; with `frees` freed memory goes back to the kernel, as it does by default."""
    import pyarrow as pa
    import torch

    from memorization import storage
    from memorization.config.models import Recipe
    from memorization.models import fitting, training
    from memorization.models.resumption import TrainingJob
    from memorization.schemas.dataset import DatasetTable

    file = folder / "texts.parquet"
    whole = [{"id": "", "instruction": "", **row} for row in rows]
    storage.write_table(file, DatasetTable, pa.Table.from_pylist(whole, schema=DatasetTable.arrow()), {})
    read, written = lengths
    recipe = Recipe(
        epochs=EPOCHS, batch_size=BATCH, max_input_tokens=read, max_target_tokens=written, seeds=[0], **changed
    )
    job = TrainingJob(folder / "out", folder / "work", torch.device("cpu"), "source")
    with patch.object(fitting, "keep_freed_memory", lambda: None) if frees else nullcontext():
        training.fine_tune(training.BaseModel(model, tokenizer, "base"), [file], recipe, job, {})
    loss: float = storage.rows(job.output / "training.parquet")[-1]["loss"]
    return loss


def theirs(
    model: Any,
    tokenizer: Any,
    rows: list[dict[str, str]],
    lengths: Lengths,
    folder: Path,
    padding: str | None = None,
    **changed: Any,
) -> float:
    """Fine-tune with transformers' Trainer and the same settings; save the last checkpoint."""
    import torch
    from transformers import DataCollatorForSeq2Seq, Trainer, TrainingArguments, default_data_collator

    def encoded(name: str, limit: int) -> list[list[int]]:
        texts = [row[name] for row in rows]
        ids: list[list[int]] = tokenizer(texts, truncation=True, max_length=limit, padding=padding or False)[
            "input_ids"
        ]
        return ids

    inputs, labels = (encoded(name, limit) for name, limit in zip(("input", "target"), lengths, strict=True))
    pad = tokenizer.pad_token_id
    examples = [
        {
            "input_ids": one,
            "attention_mask": [int(token != pad) for token in one],
            "labels": [token if token != pad else -100 for token in other],
        }
        for one, other in zip(inputs, labels, strict=True)
    ]
    settings = TrainingArguments(
        output_dir=str(folder / "theirs"),
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        learning_rate=1e-4,
        weight_decay=0.0,
        optim="adamw_torch_fused",
        use_cpu=True,
        seed=0,
        save_strategy="no",
        logging_strategy="epoch",
        report_to="none",
        disable_tqdm=True,
        **changed,
    )
    collator = default_data_collator if padding else DataCollatorForSeq2Seq(tokenizer, model)
    # As by itself; the workflow flushes denormal numbers to zero.
    torch.set_flush_denormal(False)
    trainer = Trainer(model, settings, data_collator=collator, train_dataset=examples)
    trainer.train()
    trainer.save_model()
    loss: float = [each["loss"] for each in trainer.state.log_history if "loss" in each][-1]
    return loss


def to_the_maximum(*given: Any) -> float:
    """Transformers' Trainer without a collator, whose texts must have one length."""
    return theirs(*given, padding="max_length")


def dynamic(*given: Any) -> float:
    """Transformers' Trainer, each batch as long as its longest text."""
    return theirs(*given)


def grouped(*given: Any) -> float:
    """The same with grouped lengths."""
    return theirs(*given, train_sampling_strategy="group_by_length")


def freeing(*given: Any) -> float:
    """Ours, without the memory kept."""
    return ours(*given, frees=True)


def ours_grouped(*given: Any) -> float:
    """Ours with grouped lengths."""
    return ours(*given, group_by_length=True)


PROGRAMS: dict[str, Callable[..., float]] = {
    "transformers, padded to the maximum": to_the_maximum,
    "transformers, padded to the longest": dynamic,
    "transformers, group_by_length": grouped,
    "ours, before": ours,
    "ours, freed memory given back": freeing,
    "ours": ours,
    "ours, group_by_length": ours_grouped,
}


if __name__ == "__main__":
    main()
