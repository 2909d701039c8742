"""Folders of models as users bring them: what is in them, and what is wrong with it, seen before anything is loaded.

Reads small JSON files and the headers of weights, and needs no deep learning library, so that a truncated download is
reported when the workflow is read and not in its last hour.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from math import prod
from pathlib import Path
from typing import Any

from memorization.errors import UserError

CONFIG, WEIGHTS, SHARDS = "config.json", "model.safetensors", "model.safetensors.index.json"
ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
PICKLED = (".bin", ".pt", ".pth", ".ckpt")
SETTINGS = ("tokenizer_config.json", "generation_config.json", "special_tokens_map.json", "added_tokens.json")
VOCABULARIES = ("tokenizer.json", "*.model", "*.spm", "*.tiktoken", "vocab*", "tekken.json")
TEMPLATES = "additional_chat_templates"
PEFT_PREFIX = "base_model.model."
"""What PEFT writes before the name of a weight."""
# Endings of the files that decide what a model writes; others are pictures, logs, or weights for other programs.
ENDINGS = {".safetensors", ".json", ".model", ".txt", ".jinja", ".spm", ".tiktoken", ".codes", ".vocab"}

# Kinds of PEFT adapters that are an update of weights, and of which a merged model is tested to write the same.
MERGEABLE = ("HRA", "IA3", "LOHA", "LOKR", "LORA", "OFT")
# What an adapter of such a kind can ask for beside: weights cannot have it, or it imports code.
NOT_MERGEABLE = ("alora_invocation_tokens", "layer_replication", "megatron_config")
TASKS = (None, "CAUSAL_LM", "SEQ_2_SEQ_LM")

# Architectures whose configuration need not say that they have an encoder.
ENCODER_DECODERS = ("t5", "mt5", "umt5", "bart", "fsmt")

LONGEST_HEADER = 100_000_000
BITS = {"F64": 64, "F32": 32, "F16": 16, "BF16": 16, "I64": 64, "I32": 32, "I16": 16, "I8": 8, "U8": 8, "BOOL": 8}
# Names of hub repositories, with their owner or without.
REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*(/[\w.-]+)?")
POINTER = b"version https://git-lfs.github.com/spec/"


def is_adapter(folder: Path) -> bool:
    """Whether a folder contains an adapter of PEFT and no whole model."""
    return (folder / ADAPTER_CONFIG).is_file() and not _has_weights(folder)


def has_tokenizer(folder: Path) -> bool:
    """Whether a folder contains a tokenizer."""
    if any(any(folder.glob(pattern)) for pattern in VOCABULARIES):
        return True
    # Tokenizers of bytes and characters have no vocabulary, and are named in their settings.
    settings = read_object(folder / SETTINGS[0]) if (folder / SETTINGS[0]).is_file() else {}
    return str(settings.get("tokenizer_class")).startswith(("ByT5", "Canine", "Perceiver"))


def has_chat_template(folder: Path) -> bool:
    """Whether a folder contains a chat template, in a file of its own or in the tokenizer's settings."""
    if any(folder.glob("chat_template.*")) or any(folder.glob(f"{TEMPLATES}/*.jinja")):
        return True
    settings = folder / SETTINGS[0]
    return settings.is_file() and bool(read_object(settings).get("chat_template"))


def is_encoder_decoder(architecture: Mapping[str, Any]) -> bool:
    """Whether a transformers configuration is that of an encoder-decoder model."""
    return architecture.get("model_type") in ENCODER_DECODERS or architecture.get("is_encoder_decoder") is True


def contents(folder: Path) -> list[Path]:
    """The files that decide what a model writes, those in the folder itself first."""
    found = sorted(file for file in folder.iterdir() if file.suffix in ENDINGS and file.is_file())
    return found + sorted(folder.glob(f"{TEMPLATES}/*.jinja"))


def weight_files(folder: Path) -> list[Path]:
    """The files that a model's or an adapter's weights are read from; UserError where a list of them is damaged."""
    if is_adapter(folder):
        return [folder / ADAPTER_WEIGHTS]
    if (folder / WEIGHTS).exists() or not (folder / SHARDS).is_file():
        return [folder / WEIGHTS]
    return [folder / name for name in _shards(folder)]


def stated_base(folder: Path) -> tuple[str, str | None]:
    """Name (a folder that is there, or of a hub repository) and revision of the base that an adapter states.

    UserError where it states none, or a folder that is not there.
    """
    values = read_object(folder / ADAPTER_CONFIG)
    name, revision = values.get("base_model_name_or_path"), values.get("revision")
    remedy = (
        "name it in the configuration: `base: {kind: folder, path: ...}`, or `base: {kind: hub, name: ..., revision: "
        "...}`."
    )
    if not isinstance(name, str) or not name.strip() or not isinstance(revision, str | None):
        raise UserError(
            f"{folder / ADAPTER_CONFIG}: it does not name the model that the adapter belongs to "
            f"(`base_model_name_or_path`); {remedy}"
        )
    if not Path(name).is_dir() and not REPOSITORY.fullmatch(name):
        raise UserError(
            f"{folder / ADAPTER_CONFIG}: the model that the adapter belongs to is {name}, and there is no such folder "
            f"here; {remedy}"
        )
    return name, revision or None


def model_faults(folder: Path, tokenizer: bool = True) -> Iterator[str]:
    """What is wrong with the folder of a whole model or an adapter; without `tokenizer` it may lack one."""
    if is_adapter(folder):
        yield from _faults(folder, _check_adapter, _check_settings)
    else:
        yield from whole_faults(folder, tokenizer)


def whole_faults(folder: Path, tokenizer: bool = True) -> Iterator[str]:
    """What is wrong with the folder of a whole model, as classifiers and bases of adapters are."""
    checks = [_check_whole, _check_config]
    if (folder / CONFIG).is_file():
        # Otherwise this is no model's folder, and that is all there is to say.
        checks += [_check_weights, _check_settings, *[check_tokenizer] * tokenizer]
    yield from _faults(folder, *checks)


def tokenizer_faults(folder: Path) -> Iterator[str]:
    """What is wrong with the folder of a tokenizer alone."""
    yield from _faults(folder, _check_settings, check_tokenizer)


def _faults(folder: Path, *checks: Callable[[Path], None]) -> Iterator[str]:
    if not folder.is_dir():
        yield f"{folder}: no such folder."
        return
    try:
        _refuse_pointers(folder)
    except UserError as error:
        # Nothing else can be said of files that are not there.
        yield str(error)
        return
    for check in checks:
        try:
            check(folder)
        except UserError as error:
            yield str(error)


def _refuse_pointers(folder: Path) -> None:
    pointers = [file.name for file in contents(folder) if _is_pointer(file)]
    if pointers:
        raise UserError(
            f"{folder}: {', '.join(pointers[:3])}{', ...' * (len(pointers) > 3)}: a pointer of Git LFS and not the "
            "file itself: run `git lfs pull` in that folder, or download the files."
        )


def _is_pointer(file: Path) -> bool:
    try:
        with file.open("rb") as stream:
            return stream.read(len(POINTER)) == POINTER
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}).") from error


def _check_whole(folder: Path) -> None:
    if not (folder / ADAPTER_CONFIG).is_file():
        return
    if _has_weights(folder):
        raise UserError(
            f"{folder}: it contains a whole model and an adapter ({ADAPTER_CONFIG}), and only one of them can be "
            "meant: move the adapter to a folder of its own."
        )
    raise UserError(
        f"{folder}: it contains an adapter, and here a whole model is needed: merge it (`merge_and_unload` of PEFT, "
        "then `save_pretrained`)."
    )


def _has_weights(folder: Path) -> bool:
    return (folder / WEIGHTS).is_file() or (folder / SHARDS).is_file()


def _check_config(folder: Path) -> None:
    file = folder / CONFIG
    if not file.is_file():
        raise UserError(
            f"{folder}: no {CONFIG}; a model folder contains {CONFIG}, *.safetensors and a tokenizer (an adapter's "
            f"{ADAPTER_CONFIG} and {ADAPTER_WEIGHTS})."
        )
    if not isinstance(read_object(file).get("model_type"), str):
        raise UserError(f"{file}: its config.json cannot be used: it states no `model_type` (t5, gpt2, llama, ...).")


def _check_weights(folder: Path) -> None:
    if not _has_weights(folder):
        refuse_pickled(str(folder), (file.name for file in folder.iterdir()))
        raise UserError(
            f"{folder}: it contains no weights; expected {WEIGHTS}, or {SHARDS} with the files that it names."
        )
    if (folder / WEIGHTS).exists():
        shapes(folder / WEIGHTS)
        return
    for name, tensors in _shards(folder).items():
        file = folder / name
        if not file.is_file():
            raise UserError(f"{file}: no such file, and {SHARDS} names it: download it again.")
        if missing := sorted(tensors - shapes(file).keys()):
            raise UserError(
                f"{file}: it lacks {missing[0]} and {len(missing) - 1} more weights that {SHARDS} names: these files "
                "are not of one model; download them again."
            )


def refuse_pickled(place: str, names: Iterable[str]) -> None:
    """UserError where files of these names are pickled weights; `place` is for the message."""
    pickled = sorted(name for name in names if Path(name).suffix in PICKLED)
    if pickled:
        raise UserError(
            f"{place}: its weights are pickled ({', '.join(pickled[:3])}), which can run code when loaded, and are "
            "never read; allowed: *.safetensors. If you trust them, convert them (`save_pretrained` writes "
            "safetensors)."
        )


def _shards(folder: Path) -> dict[str, set[str]]:
    """Names of the files that a list of shards names, in order, each with its tensors."""
    file = folder / SHARDS
    places = read_object(file).get("weight_map")
    if not isinstance(places, dict) or not places or not all(isinstance(name, str) for name in places.values()):
        raise UserError(f"{file}: damaged: it names no file for each weight (`weight_map`); download it again.")
    shards: dict[str, set[str]] = {}
    for tensor, name in sorted(places.items(), key=lambda place: place[1]):
        if name != Path(name).name or not name.endswith(".safetensors"):
            raise UserError(f"{file}: it names {name!r}; allowed are names of .safetensors files in its own folder.")
        shards.setdefault(name, set()).add(tensor)
    return shards


def _check_settings(folder: Path) -> None:
    for name in SETTINGS:
        if (folder / name).is_file():
            read_object(folder / name)


def check_tokenizer(folder: Path) -> None:
    """UserError where a folder contains no tokenizer, or one whose file is empty or cut off."""
    if not has_tokenizer(folder):
        # Without an error, transformers would construct a tokenizer without words.
        raise UserError(
            f"{folder}: it contains no tokenizer; expected tokenizer.json. Put the model's own tokenizer into its "
            "folder; for a hub model, `tokenizer: {name: ..., revision: ...}` names another repository that contains "
            "it."
        )
    for file in sorted(file for pattern in VOCABULARIES for file in folder.glob(pattern) if file.is_file()):
        with file.open("rb") as stream:
            first = stream.read(1)
            last = b""
            if first:
                stream.seek(-min(16, file.stat().st_size), 2)
                last = stream.read().rstrip()[-1:]
        if not first or (file.suffix == ".json" and (first, last) != (b"{", b"}")):
            raise UserError(f"{file}: damaged: it is empty or cut off; copy or download it again.")


def _check_adapter(folder: Path) -> None:
    file = folder / ADAPTER_CONFIG
    values = read_object(file)
    kind, task = values.get("peft_type"), values.get("task_type")
    if kind not in MERGEABLE:
        raise UserError(
            f"{file}: given an adapter of kind {kind!r}, which is not merged into weights here; allowed: "
            f"{', '.join(MERGEABLE)}. Where PEFT can merge it, do so first (`merge_and_unload`, `save_pretrained`)."
        )
    if task not in TASKS:
        raise UserError(
            f"{file}: given an adapter for {task!r}; allowed: adapters of models that write text "
            f"({', '.join(filter(None, TASKS))})."
        )
    for key in NOT_MERGEABLE:
        if values.get(key):
            raise UserError(f"{file}: it sets `{key}`, which cannot be merged into a model's weights.")
    if not (folder / ADAPTER_WEIGHTS).is_file():
        refuse_pickled(str(folder), (file.name for file in folder.iterdir()))
        raise UserError(f"{folder}: it contains no weights of the adapter; expected {ADAPTER_WEIGHTS}.")
    shapes(folder / ADAPTER_WEIGHTS)


def adapter_misfits(adapter: Path, base: Path) -> Iterator[str]:
    """Why a low-rank adapter is of another model than the one in `base`, for messages: the first weight of other sizes.

    Sizes alone are compared, and of weights that have one name in both; merging finds the rest.
    """
    known = {name: shape for file in weight_files(base) for name, shape in shapes(file).items()}
    for name, shape in sorted(shapes(adapter / ADAPTER_WEIGHTS).items()):
        module, _, part = name.removeprefix(PEFT_PREFIX).partition(".lora_")
        of_base = known.get(f"{module}.weight", [])
        if part not in ("A.weight", "B.weight") or not len(shape) == len(of_base) == 2:
            continue
        features = shape[1] if part == "A.weight" else shape[0]
        # Some architectures keep a matrix the other way round.
        if features not in of_base:
            yield (
                f"{adapter}: is an adapter of another model than {base}: its {name} is for {features} features, and "
                f"{module} there is {of_base[0]} by {of_base[1]}. Name the checkpoint that it was trained on."
            )
            return


def shapes(file: Path) -> dict[str, list[int]]:
    """Shapes of a safetensors file's tensors, by name, from its header.

    UserError where the file is not whole: emptied, cut off, longer than its header says, or something else.
    """
    try:
        size = file.stat().st_size
        with file.open("rb") as stream:
            (length,) = struct.unpack("<Q", stream.read(8))
            if not 2 <= length <= min(size - 8, LONGEST_HEADER):
                raise ValueError(f"{size:,} bytes, and a header of {length:,}")
            header = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        tensors = {name: _shape(tensor) for name, tensor in header.items()}
        end = max((tensor["data_offsets"][1] for tensor in header.values()), default=0)
        if size != 8 + length + end:
            raise ValueError(f"{size:,} bytes in place of {8 + length + end:,}")
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}).") from error
    except (struct.error, ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        reason = "no more than 7 bytes" if isinstance(error, struct.error) else " ".join(str(error).split())[:100]
        raise UserError(
            f"{file}: no safetensors file, or not a whole one ({reason}): copy or download it again."
        ) from error
    return tensors


def _shape(tensor: dict[str, Any]) -> list[int]:
    shape, (begin, end) = [int(size) for size in tensor["shape"]], tensor["data_offsets"]
    bits = BITS.get(tensor["dtype"])
    if bits is not None and prod(shape) * bits != 8 * (end - begin):
        raise ValueError(f"shape {shape} and {end - begin:,} bytes")
    return shape


def parameters(folder: Path) -> int:
    """Number of elements of all tensors of a model's weights; 0 where they cannot be read."""
    try:
        return sum(prod(shape) for file in weight_files(folder) for shape in shapes(file).values())
    except UserError:
        return 0


def read_object(file: Path) -> dict[str, Any]:
    """The keys and values of a JSON file; UserError where it contains none."""
    try:
        values = json.loads(file.read_bytes())
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())[:100]
        raise UserError(f"{file}: its {file.name} cannot be used: it is no JSON ({reason}).") from error
    if not isinstance(values, dict):
        raise UserError(
            f"{file}: its {file.name} cannot be used: it contains {type(values).__name__}, not keys with values."
        )
    return values
