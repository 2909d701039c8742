"""What a configuration will take: runs, hours of training and inference, disk; told before anything starts.

Hours are arithmetic divided by what a job is said to sustain (`compute.teraflops`): 6 operations a parameter and token
of training, 2 a parameter and token read or written (Kaplan et al., 2020, Section 2.1), each text at its longest.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from memorization import local_files, plan
from memorization.config import (
    AnyStudy,
    Attention,
    Config,
    FilesDataset,
    Likelihood,
    Quality,
    SyntheticDataset,
    TradeOff,
)

BYTES_A_PARAMETER = 4
# Generations, candidates, matches, outcomes and definitions of one probe of one run, as measured on real text.
BYTES_A_PROBE = 3000
TRAINING, INFERENCE = 6, 2


@dataclass(frozen=True)
class Cost:
    """What one study adds to those before it: runs, training runs, hours and bytes of checkpoints and of results."""

    study: str
    runs: int
    training_runs: int
    training_hours: float
    inference_hours: float
    checkpoint_bytes: float
    result_bytes: float


def costs(config: Config) -> list[Cost]:
    """The cost of every study in order; what it shares with an earlier one counts there."""
    seen_runs: set[plan.Run] = set()
    seen_asked: set[str] = set()
    seen_trainings: set[tuple[str, ...]] = set()
    found = []
    for name, study in config.studies.items():
        runs = [run for run in plan.study_runs(config, study) if run not in seen_runs]
        trainings = [
            training for training in plan.training_runs(config, study) if tuple(training.values()) not in seen_trainings
        ]
        seen_runs |= set(runs)
        seen_trainings |= {tuple(training.values()) for training in trainings}
        asked = {path: work for path, work in _asked(config, study).items() if path not in seen_asked}
        seen_asked |= set(asked)
        kept = [
            len(plan.kept_epochs(config.recipes[each["recipe"]])) * (parameters(config, each["model"]) or 0)
            for each in trainings
        ]
        found.append(
            Cost(
                name,
                len(runs),
                len(trainings),
                sum(_training_operations(config, **each) for each in trainings) / _an_hour(config),
                sum(asked.values()) / _an_hour(config),
                BYTES_A_PARAMETER * sum(kept),
                BYTES_A_PROBE * sum(_probes(config, run.dataset) for run in runs),
            )
        )
    return found


def _an_hour(config: Config) -> float:
    return config.compute.teraflops * 1e12 * 3600


def _training_operations(config: Config, model: str, recipe: str, dataset: str) -> float:
    settings = config.recipes[recipe]
    tokens = settings.max_input_tokens + settings.max_target_tokens
    # Several datasets in one training run stand in its coordinate, joined.
    rows = sum(training_rows(config, each) or 0 for each in dataset.split("+"))
    return float(TRAINING * (parameters(config, model) or 0) * rows * settings.epochs * tokens)


def _asked(config: Config, study: AnyStudy) -> dict[str, float]:
    """Operations of everything that a study's models read and write, by path, so that what is shared counts once."""
    found: dict[str, tuple[str, int, int]] = {}
    for run in plan.study_runs(config, study):
        tokens = run.prefix_tokens + config.decodings[run.decoding].max_new_tokens
        found[run.path] = (run.model, _probes(config, run.dataset), tokens)
    cells: list[dict[str, Any]] = []
    if isinstance(study, Quality):
        cells = plan.quality_runs(config, study)
    if isinstance(study, TradeOff):
        cells = [asdict(run) | {"decoding": study.answers} for run in plan.member_runs(config, study)]
    for cell in cells:
        settings = plan.answer_settings(config, cell["state"])
        tokens = settings["max_input_tokens"] + config.decodings[cell["decoding"]].max_new_tokens
        found[plan.fill(plan.QUALITY, cell)] = (cell["model"], settings["n"], tokens)
    if isinstance(study, Likelihood):
        for cell in plan.likelihood_cells(config, study):
            tokens = cell["prefix_tokens"] + study.tokens
            found[plan.fill(plan.LIKELIHOOD, cell)] = (cell["model"], _probes(config, cell["dataset"]), tokens)
    if isinstance(study, Attention):
        samples, tokens = config.attention.samples, config.attention.max_tokens
        for cell in plan.attention_cells(config, study):
            found[plan.fill(plan.ATTENTION, cell)] = (cell["model"], samples, tokens)
    return {
        path: float(INFERENCE * (parameters(config, model) or 0) * texts * tokens)
        for path, (model, texts, tokens) in found.items()
    }


def _probes(config: Config, dataset: str) -> int:
    rows = training_rows(config, dataset)
    return config.probes.n if rows is None else min(config.probes.n, rows)


def training_rows(config: Config, dataset: str) -> int | None:
    """Rows of a dataset's train split, at most; None where neither the configuration nor a local file tells them."""
    settings = config.datasets[dataset]
    rows = settings.rows
    if rows is None and isinstance(settings.source, SyntheticDataset):
        rows = settings.source.train * len(settings.source.corpora)
    if rows is None and isinstance(settings.source, FilesDataset):
        file = Path(local_files.dataset_files(config, dataset)["train"])
        if file.suffix == ".parquet" and file.is_file():
            import pyarrow.parquet as pq

            rows = pq.read_metadata(file).num_rows
    return settings.limit if rows is None else min(rows, settings.limit or rows)


def parameters(config: Config, model: str) -> int | None:
    """Parameters of a model, from the configuration or its local files; None where neither tells them."""
    stated = config.models[model].parameters
    folder = local_files.model_folder(config, model)
    if stated is not None or folder is None:
        return stated
    return sum(_elements(file) for file in sorted(Path(folder).glob("*.safetensors"))) or None


def _elements(file: Path) -> int:
    """Elements of all tensors of a safetensors file, from its header."""
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


def told(config: Config) -> str:
    """The costs of a configuration as a text for a terminal."""
    from tabulate import tabulate

    found = costs(config)
    total = Cost(
        "total",
        sum(each.runs for each in found),
        sum(each.training_runs for each in found),
        *(
            sum(getattr(each, name) for each in found)
            for name in ("training_hours", "inference_hours", "checkpoint_bytes", "result_bytes")
        ),
    )
    rows = [
        {
            "study": each.study,
            "runs": f"{each.runs:,}",
            "training runs": f"{each.training_runs:,}",
            "training hours": _hours(each.training_hours),
            "inference hours": _hours(each.inference_hours),
            "checkpoints": _bytes(each.checkpoint_bytes),
            "other results": _bytes(each.result_bytes),
        }
        for each in [*found, total]
    ]
    table = tabulate(rows, headers="keys", tablefmt="simple", disable_numparse=True, colalign=["left"] + ["right"] * 6)
    return "\n".join([str(table), "", *_assumptions(config)])


def _assumptions(config: Config) -> list[str]:
    lines = [
        "What a study shares with an earlier one counts there. Hours are of jobs one after another, at "
        f"{config.compute.teraflops:g} TFLOP/s sustained (`compute.teraflops`), every text at its longest; generation "
        "is often slower, because it waits for memory. A training job also keeps weights and optimizer, 12 bytes a "
        "parameter, until it ends.",
    ]
    studies = config.studies.values()
    unknown = [
        *_unknown(
            "rows", (name for study in studies for name in study.datasets if training_rows(config, name) is None)
        ),
        *_unknown("parameters", (name for study in studies for name in study.models if not parameters(config, name))),
    ]
    return lines + unknown


def _unknown(what: str, names: Iterable[str]) -> Sequence[str]:
    found = ", ".join(dict.fromkeys(names))
    return [f"Not told, and so left out ({what}): {found}."] if found else []


def _hours(hours: float) -> str:
    return f"{hours:,.1f}" if hours >= 0.05 else "< 0.1" if hours else "0"


def _bytes(size: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"
