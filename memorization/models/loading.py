"""Base models and checkpoints: where they come from, whether they can be used, loading them.

A base model's folder (`prepare`) holds `tokenizer.json` and `model.json`, which says where the weights are: in the
folder itself for a model trained from scratch, else in a local folder or on the hub. A fine-tuned checkpoint is a plain
transformers folder. Weights are read from safetensors alone.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from memorization import storage
from memorization.config import FolderModel, HubModel
from memorization.errors import UserError

RECORD = "model.json"


def start_torch(device: str, threads: int) -> Any:
    """Set torch up for repeatable results and return the `torch.device` for `auto`, `cpu` or `cuda`.

    UserError where a GPU is asked for and there is none.
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
    torch.use_deterministic_algorithms(True, warn_only=True)
    # It would fill every new tensor with NaN first, to find reads of memory that was never written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    chosen = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    return torch.device(chosen)


def prepare(name: str, source: FolderModel | HubModel, path: Path | None, output: Path) -> None:
    """Check that a hub or local checkpoint can be used, and write its record folder.

    Raises UserError for a folder without configuration, weights or fast tokenizer, pickle weights only, a tokenizer
    that is not the model's, and a hub that cannot be reached.
    """
    record = locate(f"models.{name}", source, path)
    config = load_config(record, name)
    tokenizer = load_tokenizer(record, name)
    check_tokenizer(name, tokenizer, config)
    record |= {"model_type": config.model_type, "encoder_decoder": bool(config.is_encoder_decoder)}
    with storage.replacing(output) as folder:
        folder.mkdir()
        # Probes are cut by it, without a deep learning library.
        tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
        write_record(folder, record)


def locate(key: str, source: FolderModel | HubModel, path: Path | None) -> dict[str, Any]:
    """Where a checkpoint's files are and the digest of what decides its numbers, as its record begins.

    `key` is the configuration's key of it, for messages. Raises UserError as `prepare` says.
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
        record["digest"] = hashlib.sha256(f"{source.name}@{record['revision']}".encode()).hexdigest()
    return record


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """Write a checkpoint's record into its folder."""
    (folder / RECORD).write_text(json.dumps(record, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def read_record(base: Path) -> dict[str, Any]:
    """The record of a base model's or classifier's folder; one that was trained here is named by that folder."""
    record: dict[str, Any] = json.loads((base / RECORD).read_text(encoding="utf-8"))
    if record["kind"] in ("scratch", "trained"):
        record["name"] = str(base)
    return record


def _check_folder(key: str, path: Path) -> None:
    key = f"{key}: {path}"
    if not path.is_dir():
        raise UserError(f"{key}: no such folder.")
    if not any(path.glob("*.safetensors")):
        pickled = sorted(file.name for pattern in ("*.bin", "*.pt", "*.pth", "*.ckpt") for file in path.glob(pattern))
        if pickled:
            raise UserError(
                f"{key}: its weights are pickled ({', '.join(pickled[:3])}), which can run code when loaded, and are "
                "never read; allowed: *.safetensors. Convert them where you trust them (`save_pretrained` writes "
                "safetensors)."
            )
        raise UserError(f"{key}: no weights there; expected model.safetensors.")
    if not any(any(path.glob(pattern)) for pattern in ("tokenizer*", "*.model", "vocab*")):
        # The tokenizer that transformers makes up then knows no word.
        raise UserError(
            f"{key}: no tokenizer there; expected tokenizer.json. Put the model's own tokenizer into its folder."
        )


def folder_digest(path: Path) -> str:
    """Digest of the files that decide what a model writes."""
    digest = hashlib.sha256()
    for file in sorted(path.iterdir()):
        if file.is_file() and file.suffix in {".safetensors", ".json", ".model", ".txt"}:
            digest.update(file.name.encode())
            with file.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _download(key: str, source: HubModel) -> str:
    """Bring a hub model into the hub's cache and return the commit that its revision stands for."""
    from huggingface_hub import snapshot_download

    patterns = ["*.json", "*.safetensors", "*.model", "*.txt"] + (["*.py"] if source.trust_remote_code else [])
    try:
        folder = snapshot_download(source.name, revision=source.revision, allow_patterns=patterns)
    except Exception as error:
        # The hub's client raises one of a dozen classes of three libraries where it cannot reach or find something.
        raise UserError(
            f"{key}: {source.name!r} (revision {source.revision!r}): cannot be loaded from the hub: "
            f"{' '.join(str(error).split())[:300]} Check the network and the name; without a network, download it "
            "elsewhere and use `kind: folder`."
        ) from error
    _check_folder(f"{key}.source", Path(folder))
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
    """The fast tokenizer of a recorded model, with a padding token; UserError where there is none."""
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            record["name"], revision=record["revision"], trust_remote_code=record["trust_remote_code"]
        )
    except Exception as error:
        # A missing or foreign tokenizer shows as OSError, ValueError, TypeError or ImportError, as the files have it.
        raise UserError(
            f"{section}.{name}: no usable tokenizer in {record['name']}: {' '.join(str(error).split())[:300]}"
        ) from error
    if not tokenizer.is_fast:
        raise UserError(
            f"{section}.{name}: its tokenizer has no fast form (tokenizer.json), which gives character offsets."
        )
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def check_tokenizer(name: str, tokenizer: Any, config: Any, section: str = "models") -> None:
    """UserError where a tokenizer cannot be the model's: more entries than embeddings, or other special tokens."""
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

    `precision` is fp32 or bf16. UserError where the weights cannot be read or do not fit the configuration.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM

    kind = AutoModelForSeq2SeqLM if record["encoder_decoder"] else AutoModelForCausalLM
    dtype = {"fp32": torch.float32, "bf16": torch.bfloat16}[precision]
    if checkpoint is not None:
        record = {**record, "name": str(checkpoint), "revision": None}
    model, missing = read_weights(kind, record, f"models.{name}", dtype)
    refuse_missing(missing, record, f"models.{name}")
    return model.to(device).eval()


def read_weights(kind: Any, record: dict[str, Any], key: str, dtype: Any, **changed: Any) -> tuple[Any, list[str]]:
    """A recorded model of the transformers class `kind`, and the names of its weights that the files lack.

    `changed` are keys of its configuration. UserError where the files cannot be read.
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
        # Broken files show as OSError, SafetensorError, RuntimeError, ValueError or KeyError.
        raise UserError(f"{key}: {record['name']} cannot be loaded: {' '.join(str(error).split())[:300]}") from error
    return model, sorted(report["missing_keys"])


def refuse_missing(missing: list[str], record: dict[str, Any], key: str) -> None:
    """UserError where weights are missing."""
    if missing:
        raise UserError(
            f"{key}: {record['name']}: {len(missing)} weights are missing ({', '.join(missing[:3])}, ...), so they "
            "would be random: these weights are not of the architecture in config.json."
        )
