"""Costs of a configuration: runs, hours of training and inference, disk; estimated before anything starts.

Hours are operations divided by what a job sustains (`compute.teraflops`): 6 operations per parameter and token of
training, 2 per parameter and token read or written (Kaplan et al., 2020, Section 2.1), each text at its maximum length.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from memorization import local_files, plan
from memorization.config.data import FilesDataset, SyntheticDataset
from memorization.studies.kind import Work
from memorization.studies.kinds import Config

BYTES_PER_PARAMETER = 4
# Generations, candidates, matches, outcomes and definitions of one probe of one run, measured on real text.
BYTES_PER_PROBE = 3000
TRAINING, INFERENCE = 6, 2


@dataclass(frozen=True)
class Cost:
    """What one study adds to the costs of those before it: runs, training runs, hours, and bytes."""

    study: str
    runs: int
    training_runs: int
    training_hours: float
    inference_hours: float
    checkpoint_bytes: float
    result_bytes: float


def costs(config: Config) -> list[Cost]:
    """The cost of every study, in order; what it shares with an earlier one is counted there."""
    counted: set[Any] = set()
    rows = []
    for name, study in config.studies.items():
        runs = [run for run in study.runs(config) if run not in counted]
        trainings = [each for each in study.trainings(config) if tuple(each.values()) not in counted]
        work = {place: each for place, each in study.work(config).items() if place not in counted}
        counted |= {*runs, *work, *(tuple(each.values()) for each in trainings)}
        kept = [
            len(plan.kept_epochs(config.recipes[each["recipe"]])) * (parameters(config, each["model"]) or 0)
            for each in trainings
        ]
        rows.append(
            Cost(
                name,
                len(runs),
                len(trainings),
                sum(_training_operations(config, each) for each in trainings) / _operations_per_hour(config),
                sum(_operations(config, each) for each in work.values()) / _operations_per_hour(config),
                BYTES_PER_PARAMETER * sum(kept),
                BYTES_PER_PROBE * sum(_probes(config, run.dataset) for run in runs),
            )
        )
    return rows


def _operations_per_hour(config: Config) -> float:
    return config.compute.teraflops * 1e12 * 3600


def _training_operations(config: Config, training: Mapping[str, Any]) -> float:
    settings, model, dataset = config.recipes[training["recipe"]], training["model"], training["dataset"]
    tokens = settings.max_input_tokens + settings.max_target_tokens
    # The coordinate joins several datasets of one training run by `+`.
    rows = sum(training_rows(config, each) or 0 for each in dataset.split("+"))
    return float(TRAINING * (parameters(config, model) or 0) * rows * settings.epochs * tokens)


def _operations(config: Config, work: Work) -> float:
    texts = work.texts if isinstance(work.texts, int) else _probes(config, work.texts)
    return float(INFERENCE * (parameters(config, work.model) or 0) * texts * work.tokens)


def _probes(config: Config, dataset: str) -> int:
    rows = training_rows(config, dataset)
    return config.probes.n if rows is None else min(config.probes.n, rows)


def training_rows(config: Config, dataset: str) -> int | None:
    """Maximum rows of a dataset's train split; None if neither the configuration nor a local file states them."""
    settings = config.datasets[dataset]
    rows = settings.rows
    if rows is None and isinstance(settings.source, SyntheticDataset):
        rows = settings.source.train * len(settings.source.corpora)
    if rows is None and isinstance(settings.source, FilesDataset):
        files = [Path(file) for file in local_files.dataset_files(config, dataset)["train"]]
        if all(file.suffix == ".parquet" and file.is_file() for file in files):
            import pyarrow.parquet as pq

            rows = sum(pq.read_metadata(file).num_rows for file in files)
    return settings.limit if rows is None else min(rows, settings.limit or rows)


def parameters(config: Config, model: str) -> int | None:
    """Number of parameters of a model, from the configuration or its local files; None if neither states it."""
    stated = config.models[model].parameters
    folder = local_files.model_folder(config, model)
    if stated is not None or folder is None:
        return stated
    return sum(_elements(file) for file in sorted(Path(folder).glob("*.safetensors"))) or None


def _elements(file: Path) -> int:
    """Number of elements of all tensors of a safetensors file, from its header."""
    with file.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(length))
    total = 0
    for name, tensor in header.items():
        if name != "__metadata__":
            size = 1
            for dimension in tensor["shape"]:
                size *= dimension
            total += size
    return total


def summary(config: Config) -> str:
    """The costs of a configuration as a text for a terminal."""
    from tabulate import tabulate

    rows = costs(config)
    total = Cost(
        "total",
        sum(each.runs for each in rows),
        sum(each.training_runs for each in rows),
        *(
            sum(getattr(each, name) for each in rows)
            for name in ("training_hours", "inference_hours", "checkpoint_bytes", "result_bytes")
        ),
    )
    lines = [
        {
            "study": each.study,
            "runs": f"{each.runs:,}",
            "training runs": f"{each.training_runs:,}",
            "training hours": _hours(each.training_hours),
            "inference hours": _hours(each.inference_hours),
            "checkpoints": _bytes(each.checkpoint_bytes),
            "other results": _bytes(each.result_bytes),
        }
        for each in [*rows, total]
    ]
    table = tabulate(lines, headers="keys", tablefmt="simple", disable_numparse=True, colalign=["left"] + ["right"] * 6)
    return "\n".join([str(table), "", *_assumptions(config)])


def _assumptions(config: Config) -> list[str]:
    lines = [
        "What a study shares with an earlier one is counted there. Hours are those of jobs one after another, at "
        f"{config.compute.teraflops:g} TFLOP/s sustained (`compute.teraflops`), every text at its maximum length; "
        "generation is often slower, because it waits for memory. A training job also keeps weights and optimizer, 12 "
        "bytes per parameter, until it ends.",
    ]
    studies = config.studies.values()
    datasets = (name for study in studies for name in study.all_datasets())
    models = (name for study in studies for name in study.all_models())
    unknown = [
        *_unknown("rows", (name for name in datasets if training_rows(config, name) is None)),
        *_unknown("parameters", (name for name in models if not parameters(config, name))),
    ]
    return lines + unknown


def _unknown(what: str, names: Iterable[str]) -> Sequence[str]:
    listed = ", ".join(dict.fromkeys(names))
    return [f"Unknown, and therefore left out ({what}): {listed}."] if listed else []


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= 0.05 else "< 0.1" if hours else "0"


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
