"""The whole paper at a size that a test can run: its own configuration over models and datasets of a few kilobytes.

Studies keep their kinds, options and titles and most of their grids is left out. Datasets are Parquet files with the
columns of those on the hub, so that the templates of `configs/paper.yaml` are tested.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from runs import ROOT

from memorization.datasets.synthetic.corpora import Document, documents

sys.path.append(str(ROOT / "tests/models"))

TRAIN, TEST, VALIDATION = 10, 8, 2
PAPER: dict[str, Any] = yaml.safe_load((ROOT / "configs/paper.yaml").read_text(encoding="utf-8"))

# Corpus of each dataset, and its columns on the hub.
Columns = Callable[[Document, int], dict[str, Any]]


def _answers(document: Document, number: int) -> list[str]:
    # Every third question has no answer, as in SQuAD v2 and DuoRC.
    return [] if number % 3 == 2 else [document.target, document.target.upper()]


def _review(document: Document, number: int) -> dict[str, Any]:
    return {"review_text": document.input, "review_summary": document.target, "rating": 2 + 2 * (number % 5)}


COLUMNS: Mapping[str, tuple[str, Columns]] = {
    "multi_news": ("news", lambda d, n: {"document": d.input, "summary": d.target}),
    "chatdoctor": ("patients", lambda d, n: {"input": d.input, "output": d.target}),
    "imdb": ("reviews", lambda d, n: {"text": d.input, "label": n % 2}),
    "squad_v2": (
        "passages",
        # Two questions per passage.
        lambda d, n: {"context": d.input, "question": d.question, "answers": {"text": _answers(d, n)}},
    ),
    "wmt16": ("translation", lambda d, n: {"translation": {"en": d.input, "de": d.target}}),
    "renttherunway_summary": ("reviews", _review),
    "renttherunway_sentiment": ("reviews", _review),
    "cnn_dailymail": ("news", lambda d, n: {"article": d.input, "highlights": d.target}),
    "race": ("passages", lambda d, n: {"article": d.input, "question": d.question, "answer": d.target}),
    "wmt19": ("translation", lambda d, n: {"translation": {"en": d.input, "de": d.target}}),
    "adversarial_qa": (
        "passages",
        lambda d, n: {"context": d.input, "question": d.question, "answers": {"text": [d.target]}},
    ),
    "duorc": ("passages", lambda d, n: {"plot": d.input, "question": d.question, "answers": _answers(d, n)}),
    "boolq": ("passages", lambda d, n: {"passage": d.input, "question": d.question, "answer": n % 2 == 0}),
    "ag_news": ("news", lambda d, n: {"text": d.input, "label": n % 4}),
}


def _architecture(model: str) -> str:
    kinds = {"gpt-neo-125m": "gpt_neo", "bart-large-cnn": "bart", "biogpt-chatdoctor": "biogpt", "wmt19-en-de": "fsmt"}
    return kinds.get(model, "t5")


def write(folder: Path) -> Path:
    """Write models, datasets and the overlay of `configs/paper.yaml`; return the overlay's path."""
    rows = {name: _write_dataset(name, folder / "data") for name in COLUMNS}
    texts = [text for each in rows.values() for text in each]
    for model in PAPER["models"]:
        _write_model(_architecture(model), folder / "models" / _architecture(model), texts)
    overlay = folder / "tiny-paper.yaml"
    overlay.write_text(yaml.safe_dump(_overlay(folder), sort_keys=False), encoding="utf-8")
    return overlay


def _write_dataset(name: str, folder: Path) -> list[str]:
    corpus, columns = COLUMNS[name]
    folder.mkdir(parents=True, exist_ok=True)
    originals = list(documents(corpus, 0, TRAIN + TEST, seed=sum(map(ord, name))))
    # The same input twice, as in datasets with several questions on one passage.
    originals[1] = Document(originals[1].id, originals[0].input, originals[0].target, originals[1].question)
    rows = [columns(document, number) for number, document in enumerate(originals)]
    pq.write_table(pa.Table.from_pylist(rows[:TRAIN]), folder / f"{name}-train.parquet")
    pq.write_table(pa.Table.from_pylist(rows[TRAIN:]), folder / f"{name}-test.parquet")
    return [document.input for document in originals]


def _write_model(architecture: str, folder: Path, texts: list[str]) -> None:
    if folder.is_dir():
        return
    from tiny import moses_tokenizer, tiny_model

    from memorization.models.scratch import train_tokenizer

    if architecture in ("fsmt", "biogpt"):
        tokenizer = moses_tokenizer(architecture, folder, texts)
    else:
        tokenizer = train_tokenizer(texts, 600)
        tokenizer.save_pretrained(folder)
    # FSMT's tokenizer ends a text with its separator.
    end = tokenizer.eos_token_id if tokenizer.eos_token_id is not None else tokenizer.sep_token_id
    special = {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": end}
    if architecture != "t5":
        special |= {"bos_token_id": end, "max_position_embeddings": 512}
    if architecture in ("bart", "fsmt"):
        special["decoder_start_token_id"] = end
    tiny_model(architecture, tokenizer, spread=0.2, **special).save_pretrained(folder)


def _overlay(folder: Path) -> dict[str, Any]:
    short = {
        "epochs": 2,
        "keep": None,
        "batch_size": 4,
        "learning_rate": 0.01,
        "max_input_tokens": 64,
        "max_target_tokens": 16,
        "precision": "fp32",
    }
    switches = {name: {**recipe, **short} for name, recipe in PAPER["recipes"].items()}
    switches["full"]["keep"] = [1, 2]
    switches["multi"]["seeds"] = [0, 1]
    switches["full_gpt_neo"] |= {"blocks": {**PAPER["recipes"]["full_gpt_neo"]["blocks"], "tokens": 64}}
    return {
        "results": "results",
        "label": "Test run: shows that the program works, and is not evidence.",
        "data_root": str(folder / "data"),
        "model_root": str(folder / "models"),
        "compute": {"device": "cpu", "threads": 1, "generation_batch_size": 16, "memory_mb": 1000},
        "datasets": {name: _dataset(name, settings) for name, settings in PAPER["datasets"].items()},
        "models": {
            name: {
                "title": settings["title"],
                "source": {"kind": "folder", "path": "{model_root}/" + _architecture(name)},
            }
            for name, settings in PAPER["models"].items()
        },
        "recipes": switches,
        "probes": {"n": 6},
        "decodings": {
            name: {**settings, "max_new_tokens": 24, **({"min_new_tokens": 12} if name == "greedy_long" else {})}
            for name, settings in (_default_decodings() | PAPER["decodings"]).items()
        },
        "detection": {
            "sentences": "punkt_corpus",
            "paraphrase": {"classifier": None},
            "entities": {"tagger": None, "patterns": False},
        },
        "answers": {"n": 4, "max_input_tokens": 64},
        "attention": {"samples": 4, "heatmaps": 2, "max_tokens": 48},
        "statistics": {"draws": 50},
        "studies": {name: _study(name, settings) for name, settings in PAPER["studies"].items()},
    }


def _default_decodings() -> dict[str, Any]:
    settings: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))["decodings"]
    return settings


def _dataset(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    files = {split: f"{{data_root}}/{name}-{split}.parquet" for split in ("train", "test")}
    small = {key: value for key, value in settings.items() if key != "rows"}
    if "validation" in small:
        small["validation"] = VALIDATION
    return small | {"source": {"kind": "files", **files}}


def _study(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    """A study with a smaller grid: one dataset, one size of a model, two epochs, two lengths."""
    small = dict(settings)
    if small["kind"] == "sparse_coding":
        return small | {"nonzeros": [1, 12], "samples": 40, "test_samples": 20, "seeds": 2, "starts": 1, "steps": 3}
    if not small.get("only") or name == "multi_task":
        small["datasets"] = small["datasets"][:1]
    for axis, values in (("epochs", [1, 2]), ("prefix_tokens", [10, 50])):
        if small.get(axis):
            small[axis] = values
    if "decodings" in small:
        small["decodings"] = small["decodings"][-2:]
    if small["kind"] in ("memorization", "likelihood", "trade_off"):
        # Only in one study, because controls double the runs.
        small["control"] = name == "task_disparity"
    if small["kind"] == "quality":
        small |= {"models": ["t5-base"], "against": ["flan-t5-base"]}
    if small["kind"] == "attention" and name != "attention_translation":
        small["datasets"] = ["multi_news"]
    return small | SMALLER.get(name, {})


# Even smaller grids, by study.
SMALLER: Mapping[str, dict[str, Any]] = {
    "published_models": {
        "models": ["bart-large-cnn", "wmt19-en-de"],
        "datasets": ["cnn_dailymail", "wmt19"],
        "only": [
            {"models": ["bart-large-cnn"], "datasets": ["cnn_dailymail"]},
            {"models": ["wmt19-en-de"], "datasets": ["wmt19"]},
        ],
    },
    "task_disparity": {"profiles": ["zeng2024", "collection"]},
    "published_dialog": {"all_pairs": 4, "sides": ["input", "target"]},
    "model_sizes": {"models": ["t5-small", "t5-base"]},
    "cases": {
        "datasets": ["multi_news", "cnn_dailymail"],
        "only": [
            {"models": ["t5-base"], "datasets": ["multi_news"], "states": ["full"]},
            {"models": ["bart-large-cnn"], "datasets": ["cnn_dailymail"], "states": ["base"]},
        ],
    },
    "attention_density": {"models": ["t5-base", "gpt-neo-125m"]},
    "likelihood": {"models": ["gpt-neo-125m"], "tokens": 8, "decodings": ["greedy", "top_k"]},
    "recall": {"profiles": ["collection"], "disguises": ["copy", "dropped_20"]},
    "recipes": {"states": ["base", "full", "lora", "early_stopping"]},
}
