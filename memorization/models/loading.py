"""Base models and checkpoints: where they come from, whether they can be used, loading them.

A base model's folder (`prepare`) contains its tokenizer and its record, `model.json`, which names the place of the
weights: the folder itself for a model trained from scratch, otherwise a local folder or the hub. A fine-tuned
checkpoint is a plain transformers folder. Weights are read only from safetensors.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NoReturn

from memorization import hub, storage
from memorization.checksums import MISSING, DamagedError, check_folder, remedy
from memorization.config.models import FolderModel, HubModel
from memorization.errors import UserError

RECORD = "model.json"


def start_torch(device: str, threads: int) -> Any:
    """Set torch up for repeatable results and return the `torch.device` for `auto`, `cpu` or `cuda`.

    UserError where a GPU is required and there is none.
    """
    # Read when the libraries start: a fixed number of threads gives a fixed order of floating-point sums.
    os.environ["MKL_DYNAMIC"] = os.environ["OMP_DYNAMIC"] = "FALSE"
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    import torch
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError("compute.device: given 'cuda', and torch sees no GPU here; allowed here: auto, cpu.")
    torch.set_num_threads(threads)
    # Like `use_deterministic_algorithms`, which would also import a compiler that is not used here, in two seconds.
    torch.set_deterministic_debug_mode("warn")
    # Otherwise every new tensor would first be filled with NaN, to reveal reads of memory that was never written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    chosen = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    return torch.device(chosen)


def prepare(name: str, source: FolderModel | HubModel, path: Path | None, output: Path) -> None:
    """Check that a hub or local checkpoint can be used, and write its record folder.

    Raises UserError for a folder without configuration, weights or tokenizer, weights in pickle files only, a
    tokenizer that is not the model's, and a hub that cannot be reached.
    """
    record = locate(f"models.{name}", source, path)
    config = load_config(record, name)
    tokenizer = load_tokenizer(record, name)
    check_tokenizer(name, tokenizer, config)
    record |= {"model_type": config.model_type, "encoder_decoder": bool(config.is_encoder_decoder)}
    with storage.replacing(output) as folder:
        folder.mkdir()
        # Probes are cut with it, without a deep learning library.
        if tokenizer.is_fast:
            tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
        else:
            tokenizer.save_pretrained(folder)
        write_record(folder, record)


def locate(key: str, source: FolderModel | HubModel, path: Path | None) -> dict[str, Any]:
    """The first entries of a checkpoint's record: where its files are, and the digest of what determines its numbers.

    `key` is its key in the configuration, for messages. Raises UserError as `prepare` does.
    """
    if isinstance(source, FolderModel):
        assert path is not None
        _check_folder(f"{key}.source.path", path)
        record: dict[str, Any] = {"kind": "folder", "name": str(path), "revision": None, "trust_remote_code": False}
        record["digest"] = folder_digest(path)
    else:
        record = {
            "kind": "hub",
            "name": source.name,
            "revision": _download(key, source),
            "trust_remote_code": source.trust_remote_code,
        }
        parts = [f"{source.name}@{record['revision']}"]
        if source.tokenizer is not None:
            files = HubModel(kind="hub", name=source.tokenizer.name, revision=source.tokenizer.revision)
            place = {"name": files.name, "revision": _download(f"{key}.source.tokenizer", files, weights=False)}
            record["tokenizer"] = {**place, "trust_remote_code": False}
            parts.append(f"{place['name']}@{place['revision']}")
        record["digest"] = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return record


def trained_record(kind: str, name: str, digest: str, model: Any) -> dict[str, Any]:
    """The first entries of the record of a checkpoint that was trained here."""
    return {
        "kind": kind,
        "name": name,
        "revision": None,
        "trust_remote_code": False,
        "digest": digest,
        "model_type": model.config.model_type,
    }


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write a checkpoint's record into its folder."""
    (folder / RECORD).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def write_model(output: Path, checkpoint: Path, record: dict[str, Any]) -> None:
    """Write the folder of a model that was trained here: a copy of its checkpoint's folder, with its record."""
    with storage.replacing(output) as folder:
        shutil.copytree(checkpoint, folder)
        write_record(folder, record)


def read_record(base: Path) -> dict[str, Any]:
    """The record of a base model's or classifier's folder; the name of one that was trained here is that folder.

    UserError where a file of the folder is damaged or missing.
    """
    check_folder(base)
    try:
        record: dict[str, Any] = json.loads((base / RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError) as error:
        raise DamagedError(base / RECORD, str(error), base) from error
    if record["kind"] in ("scratch", "trained"):
        record["name"] = str(base)
    return record


def check_source(record: dict[str, Any], key: str, base: Path) -> None:
    """UserError where the files of a local checkpoint are not those of its record, which is in the folder `base`."""
    if record["kind"] == "folder" and folder_digest(Path(record["name"])) != record["digest"]:
        raise UserError(
            f"{key}: {record['name']}: its files are not those that this run began with: they are damaged, or others "
            f"have taken their place. Put the right ones there. If these are the right ones: {remedy([base])}"
        )


def _check_folder(key: str, path: Path) -> None:
    key = f"{key}: {path}"
    if not path.is_dir():
        raise UserError(f"{key}: no such folder.")
    _check_weights(key, path)
    _check_tokenizer_files(key, path)


def _check_weights(key: str, path: Path) -> None:
    if not any(path.glob("*.safetensors")):
        _refuse_weights(key, [file.name for file in path.iterdir()])


def _refuse_weights(key: str, names: Iterable[str]) -> NoReturn:
    """UserError for a checkpoint of these files, none of which are safetensors."""
    pickled = sorted(name for name in names if name.endswith((".bin", ".pt", ".pth", ".ckpt")))
    if pickled:
        raise UserError(
            f"{key}: its weights are pickled ({', '.join(pickled[:3])}), which can run code when loaded, and are "
            "never read; allowed: *.safetensors. If you trust them, convert them (`save_pretrained` writes "
            "safetensors). Many repositories have them in a pull request of their own: `revision: refs/pr/N`."
        )
    raise UserError(f"{key}: it contains no weights; expected model.safetensors.")


def _check_tokenizer_files(key: str, path: Path) -> None:
    if not any(any(path.glob(pattern)) for pattern in ("tokenizer*", "*.model", "vocab*")):
        # Without an error, transformers would construct a tokenizer without words.
        raise UserError(
            f"{key}: it contains no tokenizer; expected tokenizer.json. Put the model's own tokenizer into its folder; "
            "for a hub model, `tokenizer: {name: ..., revision: ...}` names another repository that contains it."
        )


def folder_digest(path: Path) -> str:
    """Digest of the files that determine what a model writes."""
    digest = hashlib.sha256()
    for file in sorted(path.iterdir()):
        if file.is_file() and file.suffix in {".safetensors", ".json", ".model", ".txt"}:
            digest.update(file.name.encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _download(key: str, source: HubModel, weights: bool = True) -> str:
    """Download a hub model, or its tokenizer alone, into the hub's cache; return the commit of its revision."""
    from huggingface_hub import list_repo_files, snapshot_download

    patterns = ["*.json", "*.model", "*.txt"] + ["*.safetensors"] * weights + ["*.py"] * source.trust_remote_code
    shown = f"{key}: {source.name!r} (revision {source.revision!r})"
    folder = hub.ask(
        shown,
        "folder",
        lambda: snapshot_download(source.name, revision=source.revision, allow_patterns=patterns),
    )
    where = f"{key}.source: {folder}"
    if weights:
        if not any(Path(folder).glob("*.safetensors")):
            # Those files were not downloaded, and only their names tell what the repository has instead.
            names = hub.ask(shown, "folder", lambda: list_repo_files(source.name, revision=source.revision))
            _refuse_weights(shown, names)
        _check_weights(where, Path(folder))
    if source.tokenizer is None:
        _check_tokenizer_files(where, Path(folder))
    return Path(folder).name


def load_config(record: dict[str, Any], name: str, section: str = "models") -> Any:
    """The transformers configuration of a recorded checkpoint; UserError where it cannot be read.

    `section` of the configuration and `name` in it are for messages, here and below.
    """
    from huggingface_hub.errors import StrictDataclassError
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(
            record["name"], revision=record["revision"], trust_remote_code=record["trust_remote_code"]
        )
    except (OSError, ValueError, KeyError, StrictDataclassError) as error:
        raise UserError(
            f"{section}.{name}: its config.json cannot be used: {' '.join(str(error).split())[:300]}"
        ) from error


def load_tokenizer(record: dict[str, Any], name: str, section: str = "models") -> Any:
    """The tokenizer of a recorded model, with a padding and an end token; UserError where it cannot be used.

    Classifiers need fast tokenizers, which give character offsets.
    """
    from transformers import AutoTokenizer

    place = record.get("tokenizer") or record
    try:
        tokenizer = AutoTokenizer.from_pretrained(
            place["name"], revision=place["revision"], trust_remote_code=place["trust_remote_code"]
        )
    except Exception as error:
        # A missing or foreign tokenizer raises OSError, ValueError, TypeError or ImportError, depending on the files.
        raise UserError(
            f"{section}.{name}: no usable tokenizer in {place['name']}: {' '.join(str(error).split())[:300]}"
        ) from error
    if not tokenizer.is_fast and section == "classifiers":
        raise UserError(
            f"{section}.{name}: its tokenizer has no fast form (tokenizer.json), which gives character offsets."
        )
    if not tokenizer.is_fast and tokenizer.eos_token is None:
        # FSMT calls its end token so.
        tokenizer.eos_token = tokenizer.sep_token
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def check_tokenizer(name: str, tokenizer: Any, config: Any, section: str = "models") -> None:
    """UserError where a tokenizer cannot be the model's: too many or too few entries, or another end token."""
    entries, embeddings = len(tokenizer), config.get_text_config().vocab_size
    if entries > embeddings:
        raise UserError(
            f"{section}.{name}: the tokenizer has {entries} entries and the model {embeddings} embeddings: it is "
            "another model's tokenizer. Put the model's own tokenizer into its folder."
        )
    if entries < 0.5 * embeddings:
        raise UserError(
            f"{section}.{name}: the tokenizer has only {entries} entries for the model's {embeddings} embeddings: it "
            "is another model's tokenizer. Put the model's own tokenizer into its folder."
        )
    expected = config.get_text_config().eos_token_id
    allowed = expected if isinstance(expected, list) else [expected]
    if expected is not None and tokenizer.eos_token_id is not None and tokenizer.eos_token_id not in allowed:
        raise UserError(
            f"{section}.{name}: the tokenizer ends texts with token {tokenizer.eos_token_id}, the model with "
            f"{expected}: it is another model's tokenizer. Put the model's own tokenizer into its folder."
        )


def load_model(record: dict[str, Any], name: str, checkpoint: Path | None, precision: str, device: Any) -> Any:
    """A recorded model, or its fine-tuned checkpoint, in evaluation mode on `device`.

    `precision` is fp32 or bf16. UserError where the weights cannot be read, do not fit the configuration, or are
    damaged.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    kind = AutoModelForSeq2SeqLM if record["encoder_decoder"] else AutoModelForCausalLM
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    if checkpoint is not None:
        if not check_folder(checkpoint) and not checkpoint.is_dir():
            raise DamagedError(checkpoint, MISSING, checkpoint.parent)
        record = {**record, "name": str(checkpoint), "revision": None}
    model, missing = read_weights(kind, record, f"models.{name}", dtype)
    refuse_missing(repair_fsmt(model, missing), record, f"models.{name}")
    return model.to(device).eval()


def load_state(
    base: Path, name: str, checkpoints: str | None, epoch: str, precision: str, device: Any
) -> tuple[Any, Any]:
    """The model in a state, and its tokenizer; `base` is the base model's folder.

    `checkpoints` is the folder of its fine-tuning, from which the checkpoint of `epoch` is loaded; None: the base model
    itself. UserError as in `load_model` and `load_tokenizer`.
    """
    record = read_record(base)
    check_source(record, f"models.{name}", base)
    checkpoint = Path(checkpoints, f"epoch-{epoch}") if checkpoints else None
    return load_model(record, name, checkpoint, precision, device), load_tokenizer(record, name)


def repair_fsmt(model: Any, missing: list[str]) -> list[str]:
    """Complete an FSMT model that transformers leaves incomplete, in place; return the weights that are still missing.

    A published FSMT file contains only one of the embeddings that share their weights, and no sinusoidal positions;
    and the model derives no decoder inputs from labels, so that it could not be trained. Other models are not changed.
    """
    if model.config.model_type != "fsmt":
        return missing
    encoder, decoder = model.model.encoder, model.model.decoder
    absent = [name for name in missing if not name.endswith("embed_positions.weight")]
    # The decoder's embeddings and its output share weights; the encoder's too, where the vocabulary is the same.
    shared = {
        "model.decoder.embed_tokens.weight": decoder.embed_tokens,
        "model.decoder.output_projection.weight": decoder.output_projection,
        "model.encoder.embed_tokens.weight": encoder.embed_tokens,
    }
    if present := [module.weight for name, module in shared.items() if name not in absent]:
        for name in [name for name in shared if name in absent and shared[name].weight.shape == present[0].shape]:
            shared[name].weight = present[0]
            absent.remove(name)
        model.config.tie_word_embeddings = len({id(module.weight) for module in shared.values()}) == 1
    for side in (encoder, decoder):
        side.embed_positions.weight.requires_grad = False
    model.register_forward_pre_hook(_decode_from_labels, with_kwargs=True)
    return absent


def _decode_from_labels(model: Any, positional: Any, named: dict[str, Any]) -> Any:
    if named.get("labels") is not None and named.get("decoder_input_ids") is None:
        # From a copy, because the method overwrites the labels that are ignored.
        shifted = model.prepare_decoder_input_ids_from_labels(named["labels"].clone())
        named = {**named, "decoder_input_ids": shifted}
    return positional, named


def read_weights(kind: Any, record: dict[str, Any], key: str, dtype: Any, **changed: Any) -> tuple[Any, list[str]]:
    """A recorded model of the transformers class `kind`, and the names of its weights that the files lack.

    `changed` overrides keys of its configuration. UserError where the files cannot be read.
    """
    try:
        model, report = kind.from_pretrained(
            record["name"],
            revision=record["revision"],
            trust_remote_code=record["trust_remote_code"],
            use_safetensors=True,
            dtype=dtype,
            output_loading_info=True,
            **changed,
        )
    except Exception as error:
        # Broken files raise OSError, SafetensorError, RuntimeError, ValueError or KeyError.
        raise UserError(f"{key}: {record['name']} cannot be loaded: {' '.join(str(error).split())[:300]}") from error
    return model, sorted(report["missing_keys"])


def refuse_missing(missing: list[str], record: dict[str, Any], key: str) -> None:
    """UserError where weights are missing."""
    if missing:
        raise UserError(
            f"{key}: {record['name']}: {len(missing)} weights are missing ({', '.join(missing[:3])}, ...), so they "
            "would be random: these weights belong to another architecture than that of config.json."
        )
