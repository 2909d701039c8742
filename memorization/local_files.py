"""Local files that a configuration names: their paths, which are missing, and settings without paths.

Paths are input of a rule and not among its parameters, so that moved files make nothing stale.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from memorization import plan
from memorization.config.base import LocalFiles
from memorization.config.data import FilesDataset
from memorization.config.detection import FilesPairs, TrainedClassifier
from memorization.config.models import FolderModel, ScratchModel
from memorization.errors import UserError
from memorization.studies.kinds import Config


def dataset_files(config: Config, dataset: str) -> dict[str, str]:
    """The local files that a dataset is read from, by split; empty for other sources.

    Raises UserError if a path contains `{data_root}` and the configuration does not set it.
    """
    source = config.datasets[dataset].source
    if not isinstance(source, FilesDataset):
        return {}
    return _split_files(config, source, f"datasets.{dataset}.source")


def model_folder(config: Config, model: str) -> str | None:
    """The local folder of a base model; None for other sources. Raises UserError like `dataset_files`."""
    source = config.models[model].source
    if not isinstance(source, FolderModel):
        return None
    return _rooted(source.path, "model_root", config.model_root, f"models.{model}.source.path")


def tokenizer_folder(config: Config, model: str) -> str | None:
    """The local tokenizer of a model from scratch; None if it is trained. Raises UserError like `dataset_files`."""
    source = config.models[model].source
    if not isinstance(source, ScratchModel) or source.tokenizer is None:
        return None
    return _rooted(source.tokenizer, "model_root", config.model_root, f"models.{model}.source.tokenizer")


def dataset_settings(config: Config, dataset: str) -> dict[str, Any]:
    """A dataset's settings for its rule's parameters, without the paths of its files, which are its input."""
    settings = config.datasets[dataset].model_dump(
        mode="json", exclude={"title", "prefix_tokens", "rows", "segmentation"}
    )
    if isinstance(config.datasets[dataset].source, FilesDataset):
        settings["source"] |= {split: split for split in dataset_files(config, dataset)}
        del settings["source"]["optional"]
    return settings


def model_settings(config: Config, model: str) -> dict[str, Any]:
    """A base model's settings for its rule's parameters, without the paths of folders, which are its input."""
    source = config.models[model].source.model_dump(mode="json")
    return source | {key: "folder" for key in ("path", "tokenizer") if isinstance(source.get(key), str)}


def pairs_files(config: Config, classifier: str) -> dict[str, str]:
    """The local files of a trained classifier's pairs, by split; empty for other sources.

    Raises UserError like `dataset_files`.
    """
    source = config.classifiers[classifier].source
    if not isinstance(source, TrainedClassifier) or not isinstance(source.pairs, FilesPairs):
        return {}
    return _split_files(config, source.pairs, f"classifiers.{classifier}.source.pairs")


def classifier_folder(config: Config, classifier: str) -> str | None:
    """The local folder of a classifier, or of the encoder that training starts from; None for other sources.

    Raises UserError like `dataset_files`.
    """
    source = config.classifiers[classifier].source
    key = f"classifiers.{classifier}.source"
    if isinstance(source, TrainedClassifier) and isinstance(source.encoder, FolderModel):
        return _rooted(source.encoder.path, "model_root", config.model_root, f"{key}.encoder.path")
    if isinstance(source, FolderModel):
        return _rooted(source.path, "model_root", config.model_root, f"{key}.path")
    return None


def classifier_settings(config: Config, classifier: str) -> dict[str, Any]:
    """A classifier's settings for its rules' parameters, without the paths of files, which are their input."""
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

    A target with no other studies keeps those that are left out, so that it fails with the file that they lack.
    """
    missing = left_out(config)
    names = {name: [name] for name in config.studies} | config.targets
    return {name: [study for study in studies if study not in missing] or studies for name, studies in names.items()}


def left_out(config: Config) -> dict[str, str]:
    """Studies that need an optional file that is missing, each with a sentence that states the reason."""
    reasons = {}
    for name, study in config.studies.items():
        for dataset in study.all_datasets():
            if is_optional(config, dataset) and (faults := list(_missing_files(config, dataset))):
                reasons[name] = f"study {name} is left out: {faults[0]}"
    return reasons


def is_optional(config: Config, dataset: str) -> bool:
    """Whether studies are left out if the files of a dataset are missing."""
    source = config.datasets[dataset].source
    return isinstance(source, FilesDataset) and source.optional


def _split_files(config: Config, source: LocalFiles, key: str) -> dict[str, str]:
    given = {"train": source.train, "test": source.test}
    return {
        split: _rooted(path, "data_root", config.data_root, f"{key}.{split}") for split, path in given.items() if path
    }


def _rooted(path: str, key: str, root: str | None, where: str) -> str:
    # Replaced, not formatted: a path may contain other braces.
    if "{" + key + "}" in path and root is None:
        raise UserError(
            f"{where}: {path!r} needs `{key}`, which is not set: set it in the configuration, or start with "
            f"`--config {key}=FOLDER`."
        )
    return path.replace("{" + key + "}", root or "")


def check_inputs(config: Config) -> None:
    """Raise UserError with one line per missing local file or folder of the studies' datasets and models."""
    faults = list(_missing(config))
    if faults:
        raise UserError("Inputs are missing.\n" + "\n".join(f"  {fault}" for fault in faults))


def _missing(config: Config) -> Iterator[str]:
    studies = config.studies.values()
    models = dict.fromkeys(model for study in studies for model in study.all_models())
    datasets = dict.fromkeys(dataset for study in studies for dataset in study.all_datasets())
    corpora = dict.fromkeys(corpus for model in models if (corpus := plan.pretraining_dataset(config, model)))
    states = dict.fromkeys(state for study in studies for state in study.all_states() if state != plan.BASE)
    mixed = dict.fromkeys(dataset for state in states for dataset in config.recipes[state].datasets or [])
    for dataset in datasets | corpora | mixed:
        if not is_optional(config, dataset):
            yield from _missing_files(config, dataset)
    for model in models:
        yield from _missing_folder(config, model)
    yield from _missing_classifiers(config)
    for name, study in config.studies.items():
        for dataset in study.all_datasets():
            if not config.datasets[dataset].source.test:
                yield from study.without_test_split(name, dataset)


def _missing_files(config: Config, dataset: str) -> Iterator[str]:
    try:
        files = dataset_files(config, dataset)
    except UserError as error:
        yield str(error)
        return
    yield from _missing_paths(f"datasets.{dataset}.source", files)


def _missing_paths(key: str, files: dict[str, str]) -> Iterator[str]:
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
        yield f"{key}: {folder}: no config.json; a model folder contains config.json, *.safetensors and a tokenizer."


def _missing_classifiers(config: Config) -> Iterator[str]:
    try:
        for classifier in plan.classifier_heads(config):
            key = f"classifiers.{classifier}.source"
            yield from _missing_paths(f"{key}.pairs", pairs_files(config, classifier))
            if (folder := classifier_folder(config, classifier)) is not None:
                part = "encoder.path" if plan.is_trained(config, classifier) else "path"
                yield from _missing_checkpoint(f"{key}.{part}", folder)
    except UserError as error:
        yield str(error)
