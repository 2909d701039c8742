"""Local files that a configuration names: where they lie, which are missing, and settings without their places.

A place is no parameter of a rule, so that moved files make nothing stale; it stands among the rule's input.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memorization import plan
from memorization.config import (
    Attention,
    Config,
    FilesDataset,
    FilesPairs,
    FolderModel,
    Likelihood,
    Memorization,
    Quality,
    ScratchModel,
    TradeOff,
    TrainedClassifier,
)
from memorization.errors import UserError


def dataset_files(config: Config, dataset: str) -> dict[str, str]:
    """The local files that a dataset is read from, by split; none for other sources.

    UserError where a path names `{data_root}` and the configuration does not set it.
    """
    source = config.datasets[dataset].source
    if not isinstance(source, FilesDataset):
        return {}
    return _split_files(config, source, f"datasets.{dataset}.source")


def model_folder(config: Config, model: str) -> str | None:
    """The local folder of a base model; None for other sources. UserError as in `dataset_files`."""
    source = config.models[model].source
    if not isinstance(source, FolderModel):
        return None
    return _rooted(source.path, "model_root", config.model_root, f"models.{model}.source.path")


def tokenizer_folder(config: Config, model: str) -> str | None:
    """The local tokenizer of a model from scratch; None where it is trained. UserError as in `dataset_files`."""
    source = config.models[model].source
    if not isinstance(source, ScratchModel) or source.tokenizer is None:
        return None
    return _rooted(source.tokenizer, "model_root", config.model_root, f"models.{model}.source.tokenizer")


def dataset_settings(config: Config, dataset: str) -> dict[str, Any]:
    """A dataset's settings for its rule's parameters, without the places of its files, which stand in its input."""
    settings = config.datasets[dataset].model_dump(mode="json", exclude={"title", "prefix_tokens", "rows"})
    if isinstance(config.datasets[dataset].source, FilesDataset):
        settings["source"] |= {split: split for split in dataset_files(config, dataset)}
        del settings["source"]["optional"]
    return settings


def model_settings(config: Config, model: str) -> dict[str, Any]:
    """A base model's settings for its rule's parameters, without the places of folders, which stand in its input."""
    source = config.models[model].source.model_dump(mode="json")
    return source | {key: "folder" for key in ("path", "tokenizer") if isinstance(source.get(key), str)}


def pairs_files(config: Config, classifier: str) -> dict[str, str]:
    """The local files of a trained classifier's pairs, by split; none for other sources. UserError as above."""
    source = config.classifiers[classifier].source
    if not isinstance(source, TrainedClassifier) or not isinstance(source.pairs, FilesPairs):
        return {}
    return _split_files(config, source.pairs, f"classifiers.{classifier}.source.pairs")


def classifier_folder(config: Config, classifier: str) -> str | None:
    """The local folder of a classifier, or of the encoder it is trained from; None for others. UserError as above."""
    source = config.classifiers[classifier].source
    key = f"classifiers.{classifier}.source"
    if isinstance(source, TrainedClassifier) and isinstance(source.encoder, FolderModel):
        return _rooted(source.encoder.path, "model_root", config.model_root, f"{key}.encoder.path")
    if isinstance(source, FolderModel):
        return _rooted(source.path, "model_root", config.model_root, f"{key}.path")
    return None


def classifier_settings(config: Config, classifier: str) -> dict[str, Any]:
    """A classifier's settings for its rules' parameters, without the places of files, which stand in their input."""
    settings = config.classifiers[classifier].source.model_dump(mode="json")
    if settings.get("path"):
        settings["path"] = "folder"
    if settings.get("encoder") and settings["encoder"].get("path"):
        settings["encoder"]["path"] = "folder"
    if settings.get("pairs"):
        settings["pairs"] |= {split: split for split in pairs_files(config, classifier)}
    return settings


def targets(config: Config) -> dict[str, list[str]]:
    """Names for `snakemake NAME`, each with its studies: every study by its own name, and the configuration's.

    Studies that are left out stand where there are no others, so that asking for one says which file it lacks.
    """
    missing = left_out(config)
    asked = {name: [name] for name in config.studies} | config.targets
    return {name: [study for study in studies if study not in missing] or studies for name, studies in asked.items()}


def left_out(config: Config) -> dict[str, str]:
    """Studies that need an optional file which is not there, each with what is said of it."""
    found = {}
    for name, study in config.studies.items():
        for dataset in study.datasets:
            if is_optional(config, dataset) and (faults := list(_missing_files(config, dataset))):
                found[name] = f"study {name} is left out: {faults[0]}"
    return found


def is_optional(config: Config, dataset: str) -> bool:
    """Whether studies go without a dataset whose files are not there."""
    source = config.datasets[dataset].source
    return isinstance(source, FilesDataset) and source.optional


def _split_files(config: Config, source: FilesDataset | FilesPairs, key: str) -> dict[str, str]:
    given = {"train": source.train, "test": source.test}
    return {
        split: _rooted(path, "data_root", config.data_root, f"{key}.{split}") for split, path in given.items() if path
    }


def _rooted(path: str, key: str, root: str | None, where: str) -> str:
    # Replaced, not formatted: a path may hold braces of its own.
    if "{" + key + "}" in path and root is None:
        raise UserError(
            f"{where}: {path!r} needs `{key}`, which is not set: set it in the configuration, or start with "
            f"`--config {key}=FOLDER`."
        )
    return path.replace("{" + key + "}", root or "")


def check_inputs(config: Config) -> None:
    """UserError, one line for each local file or folder of the studies' datasets and models that is not there."""
    faults = list(_missing(config))
    if faults:
        raise UserError("Inputs are missing.\n" + "\n".join(f"  {fault}" for fault in faults))


def _missing(config: Config) -> Iterator[str]:
    models = dict.fromkeys(model for study in config.studies.values() for model in plan.models_of(study))
    datasets = dict.fromkeys(dataset for study in config.studies.values() for dataset in study.datasets)
    corpora = dict.fromkeys(corpus for model in models if (corpus := plan.pretraining_dataset(config, model)))
    states = dict.fromkeys(state for study in config.studies.values() for state in study.states if state != plan.BASE)
    mixed = dict.fromkeys(dataset for state in states for dataset in config.recipes[state].datasets or [])
    for dataset in datasets | corpora | mixed:
        if not is_optional(config, dataset):
            yield from _missing_files(config, dataset)
    for model in models:
        yield from _missing_folder(config, model)
    yield from _missing_classifiers(config)
    for name, study in config.studies.items():
        for dataset in study.datasets:
            if config.datasets[dataset].source.test:
                continue
            if isinstance(study, Attention) and study.population == "control":
                yield (
                    f"studies.{name}.population: `control` needs a test split, which dataset {dataset!r} does not have."
                )
            if isinstance(study, Memorization | Likelihood | TradeOff) and study.control:
                yield (
                    f"studies.{name}.control: controls need a test split, which dataset {dataset!r} does not have; "
                    "give it one (`source.test`), or set `control: false`."
                )
            if isinstance(study, Quality | TradeOff):
                yield (
                    f"studies.{name}.datasets: quality is told on a test split, which dataset {dataset!r} does not "
                    "have; give it one (`source.test`)."
                )


def _missing_files(config: Config, dataset: str) -> Iterator[str]:
    try:
        files = dataset_files(config, dataset)
    except UserError as error:
        yield str(error)
        return
    yield from _not_there(f"datasets.{dataset}.source", files)


def _not_there(key: str, files: dict[str, str]) -> Iterator[str]:
    for split, path in files.items():
        if not Path(path).is_file():
            yield f"{key}.{split}: {path}: no such file."


def _missing_folder(config: Config, model: str) -> Iterator[str]:
    try:
        folder, tokenizer = model_folder(config, model), tokenizer_folder(config, model)
    except UserError as error:
        yield str(error)
        return
    if tokenizer is not None and not any(Path(tokenizer).glob("*.*")):
        yield f"models.{model}.source.tokenizer: {tokenizer}: no such folder, or an empty one; expected tokenizer.json."
    if folder is not None:
        yield from _missing_checkpoint(f"models.{model}.source.path", folder)


def _missing_checkpoint(key: str, folder: str) -> Iterator[str]:
    if not Path(folder).is_dir():
        yield f"{key}: {folder}: no such folder."
    elif not Path(folder, "config.json").is_file():
        yield f"{key}: {folder}: no config.json there; a model folder holds config.json, *.safetensors and a tokenizer."


def _missing_classifiers(config: Config) -> Iterator[str]:
    try:
        for classifier in plan.classifier_heads(config):
            key = f"classifiers.{classifier}.source"
            yield from _not_there(f"{key}.pairs", pairs_files(config, classifier))
            if (folder := classifier_folder(config, classifier)) is not None:
                part = "encoder.path" if plan.is_trained(config, classifier) else "path"
                yield from _missing_checkpoint(f"{key}.{part}", folder)
    except UserError as error:
        yield str(error)
