"""Local files that a configuration names: their paths, which are missing, and settings without paths.

Paths are input of a rule and not among its parameters, so that moved files make nothing stale.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from memorization import plan
from memorization.config.base import LocalFiles
from memorization.config.data import FilesDataset
from memorization.config.detection import FilesPairs, TrainedClassifier
from memorization.config.models import FolderModel, FolderSource, HubSource, ScratchModel
from memorization.datasets.templates import shared_instruction
from memorization.errors import UserError
from memorization.models import files
from memorization.models.engine import candidates
from memorization.studies.audit.plan import Audit
from memorization.studies.kinds import Config

# Keys of sections that name local files, without which an existing configuration has other settings than before.
NEW_KEYS = ("separator", "encoding", "join", "conversation", "drop_overlap")


def dataset_files(config: Config, dataset: str) -> dict[str, list[str]]:
    """The local files that a dataset is read from, by split, in the order of their rows; empty for other sources.

    A path or pattern that leads to no file is returned as it is. Raises UserError if a path contains `{data_root}` and
    the configuration does not set it, or if a file is named twice.
    """
    source = config.datasets[dataset].source
    if not isinstance(source, FilesDataset):
        return {}
    return _split_files(config, source, f"datasets.{dataset}.source")


def check_apart(output: str, files: Mapping[str, Iterable[str]]) -> None:
    """Raise UserError where a dataset is read from below a folder that is written anew from it."""
    for dataset, paths in files.items():
        for path in paths:
            if Path(output).absolute() in Path(path).absolute().parents:
                raise UserError(
                    f"datasets.{dataset}.source.train: {path}: is below {output}, which this study writes and first "
                    "removes: copy it elsewhere, or give the study another name."
                )


def canary_key(config: Config, dataset: str) -> str | None:
    """The local key file of a dataset's planted canaries, if it has any. Raises UserError like `dataset_files`."""
    given, key = config.datasets[dataset].canaries, f"datasets.{dataset}.canaries"
    return None if given is None else _rooted(given, "data_root", config.data_root, key)


def checkpoint_folders(config: Config, model: str, state: str = plan.BASE) -> dict[str, str]:
    """The local folders of a base model, or of one of its states that others fine-tuned.

    `files`: the checkpoint or adapter; `base`: the checkpoint that an adapter belongs to, where that is not the model's
    own. Those of the hub are left out. Raises UserError like `dataset_files`, and for an adapter without a base.
    """
    source, key = _checkpoint(config, model, state)
    if isinstance(source, ScratchModel):
        return {}
    folders = {}
    if isinstance(source, FolderModel):
        folders["files"] = _rooted(source.path, "model_root", config.model_root, f"{key}.path")
    if isinstance(source.base, FolderModel):
        folders["base"] = _rooted(source.base.path, "model_root", config.model_root, f"{key}.base.path")
    elif source.base is None and state == plan.BASE and "files" in folders and files.is_adapter(Path(folders["files"])):
        try:
            name, _ = files.stated_base(Path(folders["files"]))
        except UserError as error:
            raise UserError(f"{key}.path: {error}") from None
        if Path(name).is_dir():
            folders["base"] = name
    return folders


def weights_folder(config: Config, model: str) -> str | None:
    """The local folder of a base model's weights, for an adapter that of its base; None for other sources.

    Raises UserError like `checkpoint_folders`.
    """
    folders = checkpoint_folders(config, model)
    folder = folders.get("files")
    return folders.get("base") if folder is None or files.is_adapter(Path(folder)) else folder


def architecture(config: Config, model: str) -> dict[str, Any] | None:
    """A base model's transformers configuration, as the configuration or its local config.json states it, or None."""
    settings = config.models[model]
    if settings.architecture is not None:
        return settings.architecture
    if isinstance(settings.source, ScratchModel):
        return {"vocab_size": settings.source.vocabulary, **settings.source.architecture}
    folder = weights_folder(config, model)
    if folder is None:
        return None
    try:
        return files.read_object(Path(folder, files.CONFIG))
    except UserError:
        # The look at its files reports what is wrong with it.
        return None


def _checkpoint(config: Config, model: str, state: str) -> tuple[HubSource | FolderSource | ScratchModel, str]:
    """Where a base model, or one of its fine-tuned states, comes from, and its key in the configuration."""
    settings = config.models[model]
    if state == plan.BASE:
        return settings.source, f"models.{model}.source"
    return settings.fine_tuned[state], f"models.{model}.fine_tuned.{state}"


def tokenizer_folder(config: Config, model: str) -> str | None:
    """The local tokenizer of a model from scratch; None if it is trained. Raises UserError like `dataset_files`."""
    source = config.models[model].source
    if not isinstance(source, ScratchModel) or source.tokenizer is None:
        return None
    return _rooted(source.tokenizer, "model_root", config.model_root, f"models.{model}.source.tokenizer")


def dataset_settings(config: Config, dataset: str) -> dict[str, Any]:
    """A dataset's settings for its rule's parameters, without the paths of its files, which are its input.

    And without the instruction where all rows share it: it is no row's, and a parameter of the rules that read it.
    """
    source = config.datasets[dataset].source
    settings = config.datasets[dataset].model_dump(
        mode="json", exclude={"title", "prefix_tokens", "rows", "segmentation", "canaries"}
    )
    if isinstance(source, FilesDataset):
        settings["source"] = _without_paths(settings["source"])
        del settings["source"]["optional"]
    if shared_instruction(dataset, config.datasets[dataset]) is not None:
        del settings["instruction"]
    return _without_new_defaults(settings)


def shared_instructions(config: Config, datasets: Iterable[str]) -> dict[str, str]:
    """The instruction of each dataset whose rows share one, for parameters of the rules that read it."""
    shared = {name: shared_instruction(name, config.datasets[name]) for name in datasets}
    return {name: instruction for name, instruction in shared.items() if instruction is not None}


def _without_paths(source: dict[str, Any]) -> dict[str, Any]:
    """Settings of local files with the name of each split in place of its files."""
    return _without_new_defaults(source | {split: split for split in ("train", "test") if source[split]})


def _without_new_defaults(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings without those that are newer than results, where they are not set: they change nothing then."""
    return {key: value for key, value in settings.items() if key not in NEW_KEYS or value is not None}


def model_settings(config: Config, model: str, state: str = plan.BASE) -> dict[str, Any]:
    """Settings of a base model or of a fine-tuned state for its rule's parameters, without the paths of folders.

    These are its input.
    """
    source = _checkpoint(config, model, state)[0].model_dump(mode="json")
    if (base := source.get("base")) is None:
        # Left out, so that records of whole checkpoints do not become stale by a key for adapters.
        source.pop("base", None)
    elif "path" in base:
        source["base"] = base | {"path": "folder"}
    return source | {key: "folder" for key in ("path", "tokenizer") if isinstance(source.get(key), str)}


def pairs_files(config: Config, classifier: str) -> dict[str, list[str]]:
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
    if settings.get("pairs", {"kind": None})["kind"] == "files":
        settings["pairs"] = _without_paths(settings["pairs"])
    return settings


def targets(config: Config) -> dict[str, list[str]]:
    """Names for `snakemake NAME`, each with its studies: every study by its own name, and the configuration's.

    A target with no other studies keeps those that are left out, so that it fails with the file that they lack.
    """
    missing = left_out(config)
    names = {name: [name] for name in config.studies} | config.targets
    return {name: [study for study in studies if study not in missing] or studies for name, studies in names.items()}


def audits(config: Config) -> list[str]:
    """The studies of kind `audit`, which the target `audit` makes. Raises UserError where there is none."""
    missing = left_out(config)
    found = [name for name, study in config.studies.items() if isinstance(study, Audit)]
    if not found:
        raise UserError(
            "audit: there is no study of kind `audit` in this configuration, so there is nothing to judge; name a file "
            "with one (`--configfile configs/audit.yaml`)."
        )
    return [name for name in found if name not in missing] or found


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


def _split_files(config: Config, source: LocalFiles, key: str) -> dict[str, list[str]]:
    found = {}
    for split, given in (("train", source.train), ("test", source.test)):
        if given is not None:
            paths = [given] if isinstance(given, str) else given
            rooted = [_rooted(path, "data_root", config.data_root, f"{key}.{split}") for path in paths]
            found[split] = [file for path in rooted for file in _files_of(path, split)]
            if repeated := [file for number, file in enumerate(found[split]) if file in found[split][:number]]:
                raise UserError(f"{key}.{split}: {repeated[0]}: is named twice, and would be read twice.")
    both = [file for file in found.get("test", []) if file in found["train"]]
    if both and source.split_column is None:
        raise UserError(
            f"{key}: {both[0]}: is a file of both splits, so that training inputs would be their own controls; name "
            "different files, or the column that tells the splits apart (`split_column`)."
        )
    return found


def _files_of(path: str, split: str) -> list[str]:
    """The files that a path stands for: itself, those of a saved dataset, or those that it matches, by name.

    A path that stands for none is returned as it is.
    """
    try:
        if Path(path).is_dir():
            return _saved_files(Path(path), split) or [path]
        if not Path(path).exists() and glob.has_magic(path):
            return sorted(file for file in _matching(path) if Path(file).is_file()) or [path]
    except (OSError, ValueError):
        # No permission, too long a name, or none: whoever looks for the path itself tells.
        pass
    return [path]


def _matching(pattern: str) -> list[str]:
    # `Path.glob` refuses absolute patterns.
    return glob.glob(pattern, recursive=True)  # noqa: PTH207


def _saved_files(folder: Path, split: str) -> list[str]:
    """Files of a folder that `save_to_disk` has written: of one dataset, or of several by split."""
    if (folder / "dataset_dict.json").is_file():
        folder = folder / split
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        return [str(folder / file["filename"]) for file in state["_data_files"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


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


def engines(config: Config, model: str, decoding: str) -> list[str]:
    """The engines of which one generates a model's texts under a decoding, by preference, as modules' full names.

    Raises UserError where the configuration names one that does not know the model's architecture.
    """
    compute, kind = config.compute, (architecture(config, model) or {}).get("model_type")
    try:
        return candidates(compute.engine, compute.device, kind, config.decodings[decoding])
    except UserError as error:
        raise UserError(f"models.{model}: {error}") from None


def check_engines(config: Config) -> None:
    """Raise UserError where the configuration names an engine that does not know a run's model."""
    if config.compute.engine != "auto":
        for study in config.studies.values():
            for model, decoding in dict.fromkeys((run.model, run.decoding) for run in study.runs(config)):
                engines(config, model, decoding)


def datasets_in_use(config: Config) -> list[str]:
    """Datasets of the studies, of their models' pretraining and of their recipes, each once."""
    studies = config.studies.values()
    models = dict.fromkeys(model for study in studies for model in study.all_models())
    datasets = dict.fromkeys(dataset for study in studies for dataset in study.all_datasets())
    corpora = dict.fromkeys(corpus for model in models if (corpus := plan.pretraining_dataset(config, model)))
    states = dict.fromkeys(state for study in studies for state in study.all_states() if state in config.recipes)
    mixed = dict.fromkeys(dataset for state in states for dataset in config.recipes[state].datasets or [])
    return list(datasets | corpora | mixed)


def is_missing(config: Config, dataset: str) -> bool:
    """Whether a local file of a dataset is missing."""
    return any(_missing_files(config, dataset))


def classifiers_in_use(config: Config) -> list[str]:
    """Classifiers that detection uses, each once."""
    return list(plan.classifier_heads(config))


def _missing(config: Config) -> Iterator[str]:
    fine_tuned = dict.fromkeys(each for study in config.studies.values() for each in study.fine_tuned(config))
    for dataset in datasets_in_use(config):
        if not is_optional(config, dataset):
            yield from _missing_files(config, dataset)
    for model in dict.fromkeys(model for study in config.studies.values() for model in study.all_models()):
        yield from _missing_folder(config, model)
    for model, state in fine_tuned:
        yield from _missing_checkpoint(config, model, state)
    yield from _missing_templates(config)
    yield from _missing_classifiers(config)
    for name, study in config.studies.items():
        for dataset in study.all_datasets():
            if not config.datasets[dataset].source.test:
                yield from study.without_test_split(name, dataset)


def _missing_files(config: Config, dataset: str) -> Iterator[str]:
    try:
        files, key = dataset_files(config, dataset), canary_key(config, dataset)
    except UserError as error:
        yield str(error)
        return
    yield from _missing_paths(f"datasets.{dataset}.source", files)
    if key is not None and not Path(key).is_file():
        yield f"datasets.{dataset}.canaries: {key}: no such file."


def _missing_paths(key: str, files: dict[str, list[str]]) -> Iterator[str]:
    for split, paths in files.items():
        for path in paths:
            if reason := _why_missing(Path(path), split):
                yield f"{key}.{split}: {path}: {reason}"


def _why_missing(path: Path, split: str) -> str | None:
    """Why a path is no file; None where it is one."""
    try:
        if path.is_file():
            return None
        is_folder = path.is_dir()
    except OSError as error:
        return f"cannot be read ({error.strerror})."
    if is_folder:
        if (path / "dataset_dict.json").is_file():
            splits = ", ".join(sorted(file.parent.name for file in path.glob("*/state.json")))
            return f"this saved dataset has no split {split!r}; it has {splits or 'none'}: name the folder of one."
        return "is a folder, and no dataset that `save_to_disk` has written; name its files, as in `folder/*.parquet`."
    return "no file matches this pattern." if glob.has_magic(str(path)) else "no such file."


def _missing_folder(config: Config, model: str) -> Iterator[str]:
    try:
        tokenizer = tokenizer_folder(config, model)
    except UserError as error:
        yield str(error)
        return
    if tokenizer is not None:
        for fault in files.tokenizer_faults(Path(tokenizer)):
            yield f"models.{model}.source.tokenizer: {fault}"
    yield from _missing_checkpoint(config, model, plan.BASE)


def _missing_checkpoint(config: Config, model: str, state: str) -> Iterator[str]:
    source, key = _checkpoint(config, model, state)
    try:
        folders = {part: Path(folder) for part, folder in checkpoint_folders(config, model, state).items()}
    except UserError as error:
        yield str(error)
        return
    faults: list[str] = []
    if (folder := folders.get("files")) is not None:
        faults += (f"{key}.path: {fault}" for fault in files.model_faults(folder, tokenizer=state == plan.BASE))
        if not isinstance(source, ScratchModel) and source.base is not None and not files.is_adapter(folder):
            faults.append(
                f"{key}.base: given, and {folder} contains no adapter ({files.ADAPTER_CONFIG}); leave it out."
            )
    if (base := folders.get("base")) is not None:
        faults += (f"{key}.base.path: {fault}" for fault in files.whole_faults(base))
    yield from faults
    if not faults and folder is not None and files.is_adapter(folder):
        yield from (f"{key}: {fault}" for fault in _misfits(config, model, folder, base))


def _misfits(config: Config, model: str, adapter: Path, base: Path | None) -> Iterator[str]:
    """Why an adapter does not fit its base, or that of its model; nothing where that is not a whole model here."""
    stated = base or weights_folder(config, model)
    if stated is not None and not list(files.whole_faults(Path(stated), tokenizer=False)):
        yield from files.adapter_misfits(adapter, Path(stated))


def _missing_templates(config: Config) -> Iterator[str]:
    """What keeps decoder-only models from being trained on conversations in their chat template."""
    trained = [each for study in config.studies.values() for each in study.trainings(config)]
    for model, recipe, mixed in dict.fromkeys((each["model"], each["recipe"], each["dataset"]) for each in trained):
        chats = [name for name in mixed.split("+") if _wants_template(config, name)]
        if not chats:
            continue
        try:
            known, has_template = architecture(config, model), _may_have_template(config, model)
        except UserError:
            # The look at the model's files reports what is wrong with them.
            continue
        if known is None or files.is_encoder_decoder(known):
            continue
        wanted = f"`datasets.{chats[0]}.conversation` has `chat_template: true`"
        if config.recipes[recipe].blocks is not None:
            yield f"recipes.{recipe}.blocks: {wanted}, and a stream of texts has no turns: leave one of them out."
        if not has_template:
            yield (
                f"models.{model}.source: {wanted}, and the model has no chat template (`chat_template.jinja`, or a key "
                "of `tokenizer_config.json`): set it to false, or name a model that has one."
            )


def _wants_template(config: Config, dataset: str) -> bool:
    conversation = config.datasets[dataset].conversation
    return conversation is not None and conversation.chat_template


def _may_have_template(config: Config, model: str) -> bool:
    """Whether a model's local files have a chat template; True where not all of them are here."""
    source = config.models[model].source
    if isinstance(source, ScratchModel):
        tokenizer = tokenizer_folder(config, model)
        return source.chat_template is not None or (tokenizer is not None and files.has_chat_template(Path(tokenizer)))
    folders = {part: Path(folder) for part, folder in checkpoint_folders(config, model).items()}
    if "files" not in folders or (files.is_adapter(folders["files"]) and "base" not in folders):
        return True
    return any(map(files.has_chat_template, folders.values()))


def _missing_classifiers(config: Config) -> Iterator[str]:
    try:
        for classifier in plan.classifier_heads(config):
            key = f"classifiers.{classifier}.source"
            yield from _missing_paths(f"{key}.pairs", pairs_files(config, classifier))
            if (folder := classifier_folder(config, classifier)) is not None:
                part = "encoder.path" if plan.is_trained(config, classifier) else "path"
                yield from (f"{key}.{part}: {fault}" for fault in files.whole_faults(Path(folder)))
    except UserError as error:
        yield str(error)
