"""A configuration of three models and four datasets, for tests of plans, kinds of studies and local files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from memorization import configfile
from memorization.plan import Run
from memorization.studies.kinds import Config

MODELS = ["t5-small", "t5-base", "gpt-neo"]
DATASETS = ["news", "news-2", "chat", "qa.v1"]
DECODINGS = ["greedy", "top_k", "top_p"]
POPULATIONS = ("member", "control")


def study(**keys: Any) -> dict[str, Any]:
    plain = {"kind": "memorization", "datasets": ["news"], "models": ["t5-small"], "states": ["base", "full"]}
    return plain | keys


def configuration(**sections: Any) -> Config:
    files = {
        "kind": "files",
        "train": "{data_root}/{name}.parquet",
        "test": "{data_root}/{name}.parquet",
        "split_column": "split",
    }
    values: dict[str, Any] = {
        "data_root": "data",
        "model_root": "models",
        "datasets": {
            name: {
                "task": "qa",
                "source": {key: value.replace("{name}", name) for key, value in files.items()},
                "prefix_tokens": 20 if name == "chat" else None,
            }
            for name in DATASETS
        },
        "models": {name: {"source": {"kind": "folder", "path": f"{{model_root}}/{name}"}} for name in MODELS},
        "recipes": {"full": {"epochs": 10, "keep": [10, 1, 5]}, "head": {"epochs": 2}},
        "decodings": {name: {"strategy": "sample" if name != "greedy" else "greedy"} for name in DECODINGS},
        "studies": {"table": study()},
    }
    return Config.model_validate(values | sections)


def grid() -> Config:
    everything = study(
        datasets=DATASETS,
        models=MODELS,
        states=["base", "full", "head"],
        decodings=DECODINGS,
    )
    return configuration(
        studies={
            "last": everything,
            "epochs": everything | {"states": ["full"], "epochs": [1, 5, 10]},
            "prefixes": everything | {"prefix_tokens": [15, 50]},
            "members": everything | {"control": False},
        }
    )


def all_runs(config: Config) -> list[Run]:
    """Every run of the configuration; what studies share appears once."""
    return list(dict.fromkeys(run for study in config.studies.values() for run in study.runs(config)))


def loaded(text: str, folder: Path, *replaced: tuple[str, str]) -> Config:
    """The configuration of a YAML text in which parts are replaced, as the program reads it from a file."""
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    file = folder / "config.yaml"
    file.write_text(text, encoding="utf-8")
    return configfile.load([file])
