"""Costs of a configuration: runs, hours of training, inference and detection, disk; estimated before anything starts.

Training and reading take operations, of which a job sustains `compute.teraflops`: 6 per parameter and token of
training (8 where layers are computed again), 2 per parameter and token read (Kaplan et al., 2020, Section 2.1).
Writing takes memory, of which a job reads `compute.gigabytes_per_second`: for each token of a batch all weights of the
decoder and the keys and values of what precedes it; and no step is faster than Python starts its operations. Each text
has its maximum length. Jobs start, and detection compares, in times measured in the demonstration.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from math import ceil
from pathlib import Path
from typing import Any

from memorization import local_files, memory, plan
from memorization.config.data import FilesDataset, SyntheticDataset
from memorization.config.models import HubModel
from memorization.memory import BYTES, Need, parameters
from memorization.plan import Run
from memorization.studies.kind import Work
from memorization.studies.kinds import Config

# Generations, candidates, matches, outcomes and definitions of one probe of one run, measured on real text.
BYTES_PER_PROBE = 3000
TRAINING, AGAIN, READING = 6, 2, 2
# Measured in the demonstration, on one core, where jobs are forks: a step of one layer, forwards; the start of a job;
# detection in one run, and in one text of it. Positive controls are two more texts for each probe.
SECONDS_PER_LAYER = 0.001
SECONDS_PER_JOB = 0.5
SECONDS_PER_DETECTION = 2.0
SECONDS_PER_DETECTED = 0.004
# Patterns of personal data in a text of 1,000 characters and in half an input, which two runs share.
SECONDS_PER_SEARCHED = 0.0005
HOUR = 3600


@dataclass(frozen=True)
class Cost:
    """What one study adds to the costs of those before it: runs, training runs, hours, and bytes."""

    study: str
    runs: int
    training_runs: int
    training_hours: float
    inference_hours: float
    detection_hours: float
    checkpoint_bytes: float
    result_bytes: float


def costs(config: Config) -> list[Cost]:
    """The cost of every study, in order; what it shares with an earlier one is counted there."""
    counted: set[Any] = set()
    limit = memory.card_gb(config)
    rows = []
    for name, study in config.studies.items():
        runs = [run for run in study.runs(config) if run not in counted]
        trainings = [each for each in study.trainings(config) if tuple(each.values()) not in counted]
        work = {place: each for place, each in study.work(config).items() if place not in counted}
        counted |= {*runs, *work, *(tuple(each.values()) for each in trainings)}
        rows.append(
            Cost(
                name,
                len(runs),
                len(trainings),
                sum(_training_seconds(config, each) for each in trainings) / HOUR,
                sum(_seconds(config, each, limit) for place, each in work.items() if _is_here(config, place)) / HOUR,
                sum(_detection_seconds(config, run) for run in runs) / HOUR,
                sum(_checkpoint_bytes(config, each) for each in trainings),
                BYTES_PER_PROBE * sum(most_probes(config, run.dataset) for run in runs),
            )
        )
    return rows


def _is_here(config: Config, place: str) -> bool:
    """Whether a model of this machine computes a result; what endpoints are asked for is counted apart."""
    return plan.endpoint_at(config, place) is None


def _checkpoint_bytes(config: Config, training: Mapping[str, Any]) -> float:
    recipe = config.recipes[training["recipe"]]
    count = parameters(config, training["model"]) or 0
    return len(plan.kept_epochs(recipe)) * count * BYTES[recipe.weights]


def _training_seconds(config: Config, training: Mapping[str, Any]) -> float:
    recipe, model = config.recipes[training["recipe"]], training["model"]
    count, sizes = parameters(config, model) or 0, memory.shape(config, model)
    # The coordinate joins several datasets of one training run by `+`.
    rows = sum(training_rows(config, each) or 0 for each in training["dataset"].split("+"))
    texts, tokens = rows, rows * (recipe.max_input_tokens + recipe.max_target_tokens)
    if recipe.blocks is not None:
        texts = ceil(tokens / recipe.blocks.tokens)
    elif recipe.loss == "input_and_target" and sizes is not None and sizes.encoder_layers:
        # The second half of each input after the first.
        texts, tokens = 2 * rows, tokens + rows * recipe.max_input_tokens
    operations = TRAINING + (AGAIN if config.models[model].gradient_checkpointing else 0)
    arithmetic = operations * count * tokens / (config.compute.teraflops * 1e12)
    passes = ceil(texts / recipe.batch_size) * recipe.accumulation_steps
    # Forwards, and twice as much backwards.
    steps = passes * 3 * (sizes.layers if sizes is not None else 0) * SECONDS_PER_LAYER
    return recipe.epochs * max(arithmetic, steps) + SECONDS_PER_JOB


def _seconds(config: Config, work: Work, limit: float | None) -> float:
    count, sizes = parameters(config, work.model) or 0, memory.shape(config, work.model)
    texts = work.texts if isinstance(work.texts, int) else most_probes(config, work.texts)
    reading = READING * count * texts * work.read / (config.compute.teraflops * 1e12)
    need = memory.work_need(config, work, limit)
    batches = ceil(texts / (need.rows if need is not None else config.compute.batch_size))
    numbers: float = count
    layers = 0
    if sizes is not None:
        layers = sizes.decoder_layers
        seen = work.read + work.written / 2
        rows = texts / batches * work.beams
        numbers = sizes.decoder_parameters + 2 * layers * sizes.attention * rows * seen
    step = numbers * BYTES[work.precision] / (config.compute.gigabytes_per_second * 1e9)
    writing = batches * work.written * max(step, layers * SECONDS_PER_LAYER)
    jobs = shards(config, texts) if work.what == "generations" else 1
    return reading + writing + jobs * SECONDS_PER_JOB


def shards(config: Config, probes: int) -> int:
    """The number of jobs that write the texts of so many probes."""
    return max(1, ceil(probes / config.compute.shard_probes))


def _detection_seconds(config: Config, run: Run) -> float:
    probes = most_probes(config, run.dataset)
    detected = SECONDS_PER_DETECTION + probes * (3 if run.population == "member" else 1) * SECONDS_PER_DETECTED
    return detected + (SECONDS_PER_JOB + probes * SECONDS_PER_SEARCHED if _masks(config) else 0.0)


def _masks(config: Config) -> bool:
    """Whether personal data is searched in all texts, for the page."""
    return config.report.personal_data != "revealed"


def needs(config: Config) -> list[Need]:
    """The largest memory of each kind of job and model, in the order of the studies; unknown sizes are left out."""
    limit = memory.card_gb(config)
    largest: dict[tuple[str, str], Need] = {}
    for study in config.studies.values():
        found = [
            *(memory.training_need(config, each["model"], each["recipe"]) for each in study.trainings(config)),
            *(
                memory.work_need(config, work, limit)
                for place, work in study.work(config).items()
                if _is_here(config, place)
            ),
        ]
        for need in found:
            if need is not None:
                key = (need.what, need.model)
                largest[key] = max(largest.get(key, need), need, key=lambda each: each.gb)
    return list(largest.values())


def download_bytes(config: Config) -> float:
    """What the hub's cache takes of the studies' models: four bytes per parameter, where their number is known."""
    models = dict.fromkeys(name for study in config.studies.values() for name in study.all_models())
    hub = [name for name in models if isinstance(config.models[name].source, HubModel)]
    return sum(BYTES["fp32"] * (parameters(config, name) or 0) for name in hub)


def most_probes(config: Config, dataset: str) -> int:
    """The most probes that a population of a dataset has, as far as that is known before they are made."""
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
            import pyarrow as pa
            import pyarrow.parquet as pq

            # What cannot be read is the job's to report.
            with contextlib.suppress(OSError, pa.ArrowException):
                rows = sum(pq.read_metadata(file).num_rows for file in files)
    return settings.limit if rows is None else min(rows, settings.limit or rows)


def summary(config: Config) -> str:
    """The costs of a configuration as a text for a terminal."""
    from tabulate import tabulate

    rows = costs(config)
    total = Cost("total", *(sum(column) for column in list(zip(*map(astuple, rows), strict=True))[1:]))
    lines = [
        {
            "study": each.study,
            "runs": f"{each.runs:,}",
            "training runs": f"{each.training_runs:,}",
            "training hours": _hours(each.training_hours),
            "inference hours": _hours(each.inference_hours),
            "detection hours": _hours(each.detection_hours),
            "checkpoints": _bytes(each.checkpoint_bytes),
            "other results": _bytes(each.result_bytes),
        }
        for each in [*rows, total]
    ]
    options: dict[str, Any] = {"headers": "keys", "tablefmt": "simple", "disable_numparse": True}
    table = tabulate(lines, **options, colalign=["left"] + ["right"] * 7)
    limit = memory.card_gb(config)
    jobs = [
        {
            "job": need.what,
            "model": need.model,
            "largest": need.how,
            "batch": str(need.rows),
            "memory": _bytes(need.gb * 1e9),
            "": "exceeds the GPU" if limit is not None and need.gb > limit else "",
        }
        for need in needs(config)
    ]
    memories = tabulate(jobs, **options, colalign=["left"] * 3 + ["right"] * 2 + ["left"]) if jobs else ""
    return "\n".join([str(table), "", *([str(memories), ""] if jobs else []), *_assumptions(config, limit)])


def _assumptions(config: Config, limit: float | None) -> list[str]:
    compute, downloads = config.compute, download_bytes(config)
    lines = [
        "What a study shares with an earlier one is counted there. Hours are those of jobs one after another, every "
        f"text at its maximum length: training and reading at {compute.teraflops:g} TFLOP/s sustained "
        f"(`compute.teraflops`), writing at {compute.gigabytes_per_second:g} GB/s of memory "
        "(`compute.gigabytes_per_second`), detection on one core. A training job also keeps weights and optimizer, 12 "
        "bytes per parameter (half of that with `weights: bf16`), until it ends.",
    ]
    if downloads:
        lines.append(
            f"The hub's cache (HF_HOME) takes about {_bytes(downloads)} for models, beside datasets and classifiers."
        )
    if compute.device != "cpu":
        lines.append(
            "Memory is that of one job"
            + (f"; a GPU has {limit:.3g} GB for each." if limit is not None else " (`compute.gpu_memory_gb`: unknown).")
        )
    if config.detection.entities.tagger is not None and _masks(config):
        lines.append(
            "The tagger (`detection.entities.tagger`) also reads all generations and inputs, for the masks of the page "
            "(`report.personal_data`); what classifiers take is left out."
        )
    studies = config.studies.values()
    datasets = (name for study in studies for name in study.all_datasets())
    models = list(dict.fromkeys(name for study in studies for name in study.all_models()))
    models = [name for name in models if plan.endpoint_of(config, name, plan.BASE) is None]
    unknown = [
        *_unknown("rows", (name for name in datasets if training_rows(config, name) is None)),
        *_unknown("parameters", (name for name in models if not parameters(config, name))),
        *_unknown("memory", (name for name in models if memory.shape(config, name) is None)),
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
