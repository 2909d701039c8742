"""Base models and checkpoints: where they come from, whether they can be used, loading them.

A base model's folder (`prepare`) contains its tokenizer and its record, `model.json`, which names the place of the
weights: the folder itself for a model trained from scratch, otherwise a local folder or the hub; and the adapters that
are merged into them. A checkpoint that is fine-tuned here is a plain transformers folder; one that others fine-tuned
has a folder with a record (`prepare_fine_tuned`). Weights are read only from safetensors.
"""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from memorization import hub, storage
from memorization.checksums import MISSING, DamagedError, check_folder, remedy
from memorization.config.models import Endpoint, EndpointSource, FolderModel, FolderSource, HubModel, HubSource
from memorization.errors import UserError
from memorization.models import files
from memorization.models.merging import merge

log = logging.getLogger(__name__)

RECORD = "model.json"
# Names by which configurations of all architectures know their sizes.
SIZES = ("hidden_size", "num_hidden_layers", "num_attention_heads")


def prepare(
    name: str, source: FolderSource | HubSource, path: Path | None, output: Path, base: Path | None = None
) -> None:
    """Check that a hub or local checkpoint can be used, and write its record folder.

    `path` is the local folder, if it is one; `base` that of the checkpoint that an adapter belongs to. Raises UserError
    for a folder without configuration, weights or tokenizer, weights in pickle files only, damaged weights and such
    that are no numbers, a tokenizer that is not the model's, and a hub that cannot be reached.
    """
    record = locate_adapted(f"models.{name}", source, path, base)
    config = load_config(record, name)
    tokenizer = load_tokenizer(record, name)
    check_tokenizer(name, tokenizer, config)
    record |= _kind_of(config)
    with storage.replacing(output) as folder:
        folder.mkdir()
        # Probes are cut with it, without a deep learning library.
        if tokenizer.is_fast:
            tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
        else:
            tokenizer.save_pretrained(folder)
        write_record(folder, record)


def prepare_endpoint(name: str, source: EndpointSource, path: Path | None, output: Path) -> None:
    """Write the record folder of a model that can only be asked: its endpoint, and the tokenizer, which is checked.

    `path` is the tokenizer's local folder, if it is one. Nothing is sent. Raises UserError for a tokenizer that cannot
    be used, or that has no fast form, and for a hub that cannot be reached.
    """
    key = f"models.{name}.source.tokenizer"
    if isinstance(source.tokenizer, HubModel):
        given = source.tokenizer.tokenizer or source.tokenizer
        trusted = source.tokenizer.trust_remote_code
        folder = _download(key, HubModel(kind="hub", name=given.name, revision=given.revision), weights=False)
        place = {"kind": "hub", "name": given.name, "revision": folder.name, "trust_remote_code": trusted}
    else:
        assert path is not None
        folder = path
        place = {"kind": "folder", "name": str(path), "revision": None, "trust_remote_code": False}
    for fault in files.tokenizer_faults(folder):
        raise UserError(f"{key}: {fault}")
    tokenizer = load_tokenizer({"tokenizer": place}, name)
    if not tokenizer.is_fast:
        raise UserError(f"{key}: {place['name']}: it has no fast form (tokenizer.json), which cuts texts at a token.")
    with storage.replacing(output) as written:
        written.mkdir()
        tokenizer.backend_tokenizer.save(str(written / "tokenizer.json"))
        write_record(written, _asked(source) | {"tokenizer": place})


def prepare_asked_state(source: Endpoint, output: Path) -> None:
    """Write the record folder of a fine-tuned state that can only be asked. Nothing is sent."""
    with storage.replacing(output) as written:
        written.mkdir()
        write_record(written, _asked(source))


def _asked(source: Endpoint) -> dict[str, Any]:
    """The record of an endpoint: what decides its texts, as far as that is known here."""
    stated = source.model_dump(include={"kind", "url", "model", "api"})
    digest = hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()
    return {**stated, "digest": digest}


def prepare_fine_tuned(
    name: str, source: FolderSource | HubSource, model: Path, path: Path | None, output: Path, base: Path | None = None
) -> None:
    """Check that a checkpoint is a fine-tuned form of a base model, and write its record folder.

    `name` is the model's and the state's (`t5.fine_tuned.shipped`), `model` the base model's folder (`prepare`), the
    others as for `prepare`. An adapter without a base of its own belongs to the base model. Raises UserError as
    `prepare` does, and where architecture, sizes or vocabulary are not the base model's.
    """
    key, own = f"models.{name}", read_record(model)
    folder, place = _fetch(key, source, path)
    if files.is_adapter(folder) and source.base is None:
        record = {"kind": "adapter", **_adapter(key, folder, place, own["digest"])}
        _compare_names(key, folder, own["name"])
    else:
        record = locate_adapted(key, source, path, base, needs_tokenizer=False)
    full = _fine_tuned_record(own, record)
    config, expected = load_config(full, name), load_config(own, name)
    if config.model_type != expected.model_type:
        raise UserError(
            f"{key}: {full['name']} is a {config.model_type} and the model a {expected.model_type}: it is no "
            "fine-tuned form of it. Make it a model of its own (`models`)."
        )
    for size in SIZES:
        if getattr(config, size, None) != getattr(expected, size, None):
            raise UserError(
                f"{key}: {full['name']} has `{size}: {getattr(config, size, None)}` and the model `{size}: "
                f"{getattr(expected, size, None)}`: it is no fine-tuned form of it. Make it a model of its own "
                "(`models`)."
            )
    tokenizer = load_tokenizer(own, name)
    # A whole checkpoint may come without one, and an adapter has that of its base.
    whole_with_tokenizer = record["kind"] != "adapter" and (files.is_adapter(folder) or files.has_tokenizer(folder))
    if "tokenizer" in record or whole_with_tokenizer:
        _compare_vocabularies(key, load_tokenizer(record, name), tokenizer)
    check_size(name, tokenizer, config)
    with storage.replacing(output) as written:
        written.mkdir()
        write_record(written, record | _kind_of(config))


def _kind_of(config: Any) -> dict[str, Any]:
    return {"model_type": config.model_type, "encoder_decoder": bool(config.is_encoder_decoder)}


def _compare_names(key: str, folder: Path, base: str) -> None:
    """Warn where an adapter names another base than the model it is used with: sizes alone may agree."""
    stated = files.read_object(folder / files.ADAPTER_CONFIG).get("base_model_name_or_path")
    if isinstance(stated, str) and stated and Path(stated).name.lower() != Path(base).name.lower():
        log.warning(
            "%s: the adapter was trained on %s, and is merged into the model's own checkpoint (%s): if these are not "
            "the same, its numbers mean nothing",
            *(key, stated, base),
        )


def _compare_vocabularies(key: str, own: Any, base: Any) -> None:
    given, expected = own.get_vocab(), base.get_vocab()
    if given == expected:
        return
    differing = sorted(token for token in given.keys() | expected.keys() if given.get(token) != expected.get(token))
    raise UserError(
        f"{key}: its tokenizer is not the base model's: {len(given)} entries against {len(expected)}, and "
        f"{len(differing)} differ ({', '.join(map(repr, differing[:3]))}). A difference from the base model is paired "
        "probe by probe, and needs equal tokens: make it a model of its own (`models`)."
    )


def locate_adapted(
    key: str,
    source: FolderSource | HubSource,
    path: Path | None,
    base: Path | None = None,
    needs_tokenizer: bool = True,
) -> dict[str, Any]:
    """As `locate`, of a whole checkpoint or of an adapter with its base, whose local folder is `base`.

    The base is the source's, or the one that the adapter names. Raises UserError as `prepare` does.
    """
    folder, place = _fetch(key, source, path)
    if not files.is_adapter(folder):
        if source.base is not None:
            raise UserError(
                f"{key}: `base` is given, and {place['name']} contains no adapter ({files.ADAPTER_CONFIG}); leave it "
                "out."
            )
        return _located(key, source, folder, place, needs_tokenizer)
    record = locate(f"{key}.base", source.base or _stated_base(key, folder, base), base)
    return {**record, **_adapter(key, folder, place, record["digest"]), **_named_tokenizer(key, source)}


def _stated_base(key: str, folder: Path, local: Path | None) -> FolderModel | HubModel:
    """The base that an adapter names, which may be the folder `local`."""
    try:
        name, revision = files.stated_base(folder)
    except UserError as error:
        raise UserError(f"{key}: {error}") from None
    if local is not None:
        return FolderModel(kind="folder", path=name)
    if revision is None:
        log.warning(
            "%s: the adapter's base %s is not pinned; `base: {kind: hub, name: %s, revision: COMMIT}` pins it",
            *(key, name, name),
        )
    return HubModel(kind="hub", name=name, revision=revision or "main")


def _adapter(key: str, folder: Path, place: dict[str, Any], base_digest: str) -> dict[str, Any]:
    """Entries of the record of a model with an adapter, beside those of its base."""
    for fault in files.model_faults(folder):
        raise UserError(f"{key}: {fault}")
    _check_numbers(key, folder)
    digest = _digest_of(folder, place)
    own = {"tokenizer": place} if files.has_tokenizer(folder) else {}
    return {
        "adapters": [place | {"digest": digest}],
        "base_digest": base_digest,
        "digest": hashlib.sha256(f"{base_digest}\n{digest}".encode()).hexdigest(),
        **own,
    }


def locate(key: str, source: FolderModel | HubModel, path: Path | None) -> dict[str, Any]:
    """The first entries of a checkpoint's record: where its files are, and the digest of what determines its numbers.

    `key` is its key in the configuration, for messages. Raises UserError as `prepare` does.
    """
    return _located(key, source, *_fetch(key, source, path))


def _located(
    key: str, source: FolderModel | HubModel, folder: Path, place: dict[str, Any], needs_tokenizer: bool = True
) -> dict[str, Any]:
    tokenizer = _named_tokenizer(key, source)
    for fault in files.whole_faults(folder, needs_tokenizer and not tokenizer):
        raise UserError(f"{key}: {fault}")
    _check_numbers(key, folder)
    digest = _digest_of(folder, place)
    if isinstance(source, HubModel):
        parts = [digest, *(f"{each['name']}@{each['revision']}" for each in tokenizer.values())]
        digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return {**place, **tokenizer, "digest": digest}


def _fetch(key: str, source: FolderModel | HubModel, path: Path | None) -> tuple[Path, dict[str, Any]]:
    """The local folder of a checkpoint or adapter, and its place for a record."""
    if isinstance(source, FolderModel):
        assert path is not None
        if not path.is_dir():
            raise UserError(f"{key}: {path}: no such folder.")
        return path, {"kind": "folder", "name": str(path), "revision": None, "trust_remote_code": False}
    folder = _download(key, source)
    trusted = source.trust_remote_code
    return folder, {"kind": "hub", "name": source.name, "revision": folder.name, "trust_remote_code": trusted}


def _named_tokenizer(key: str, source: FolderModel | HubModel) -> dict[str, Any]:
    """`tokenizer` with the place of one that a source names beside its checkpoint; empty where it names none."""
    if not isinstance(source, HubModel) or source.tokenizer is None:
        return {}
    key = f"{key}.source.tokenizer"
    named = HubModel(kind="hub", name=source.tokenizer.name, revision=source.tokenizer.revision)
    folder = _download(key, named, weights=False)
    for fault in files.tokenizer_faults(folder):
        raise UserError(f"{key}: {fault}")
    return {"tokenizer": {"name": named.name, "revision": folder.name, "trust_remote_code": False}}


def _digest_of(folder: Path, place: Mapping[str, Any]) -> str:
    return folder_digest(folder) if place["kind"] == "folder" else f"{place['name']}@{place['revision']}"


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
    """UserError where files of a local checkpoint or adapter are not those of its record, which is in `base`."""
    for place, digest in _recorded(record):
        if place["kind"] == "folder" and folder_digest(Path(place["name"])) != digest:
            raise UserError(
                f"{key}: {place['name']}: its files are not those that this run began with: they are damaged, or "
                "others have taken their place. Put the right ones there. If these are the right ones: "
                f"{remedy([base])}"
            )


def _recorded(record: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """The places of a record's weights and adapters, each with the digest of its files."""
    yield record, record.get("base_digest", record["digest"])
    for adapter in record.get("adapters", []):
        yield adapter, adapter["digest"]


def _check_numbers(key: str, folder: Path) -> None:
    """UserError where a weight is no finite number: a model with it writes without an error, and writes nonsense."""
    from safetensors import safe_open

    for file in files.weight_files(folder):
        try:
            with safe_open(file, framework="pt") as weights:
                broken = next((name for name in weights.keys() if not _is_finite(weights.get_tensor(name))), None)  # noqa: SIM118
        except Exception as error:
            # Broken files raise SafetensorError, OSError or RuntimeError.
            raise UserError(f"{key}: {file}: cannot be read: {' '.join(str(error).split())[:300]}") from error
        if broken is not None:
            raise UserError(
                f"{key}: {file}: {broken} contains NaN or infinity, so that the model can compute nothing: its "
                "training diverged, or the file is damaged. Download it again, or take an earlier checkpoint."
            )


def _is_finite(tensor: Any) -> bool:
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return True
    if tensor.element_size() == 1:
        tensor = tensor.float()
    # NaN is the lowest and the highest; one pass without a copy.
    low, high = tensor.aminmax()
    return bool(low.isfinite() and high.isfinite())


def folder_digest(path: Path) -> str:
    """Digest of the files that determine what a model writes."""
    digest = hashlib.sha256()
    for file in files.contents(path):
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _download(key: str, source: HubModel, weights: bool = True) -> Path:
    """Download a hub model, or its tokenizer alone; return its folder in the hub's cache, named after its commit."""
    from huggingface_hub import list_repo_files, snapshot_download

    endings = files.ENDINGS - {".safetensors"} | ({".safetensors"} if weights else set())
    patterns = [f"*{ending}" for ending in sorted(endings)] + ["*.py"] * source.trust_remote_code
    shown = f"{key}: {source.name!r} (revision {source.revision!r})"
    folder = Path(
        hub.ask(
            shown,
            "folder",
            lambda: snapshot_download(source.name, revision=source.revision, allow_patterns=patterns),
        )
    )
    if weights and not any(folder.glob("*.safetensors")):
        # What is pickled was not downloaded: only the names tell what the repository has instead.
        names = hub.ask(shown, "folder", lambda: list_repo_files(source.name, revision=source.revision))
        try:
            files.refuse_pickled(shown, names)
        except UserError as error:
            raise UserError(
                f"{error} Many repositories have them as safetensors in a pull request: `revision: refs/pr/N`."
            ) from None
    return folder


def load_config(record: dict[str, Any], name: str, section: str = "models") -> Any:
    """The transformers configuration of a recorded checkpoint; UserError where it cannot be read.

    `section` of the configuration and `name` in it are for messages, here and below.
    """
    from transformers import AutoConfig

    try:
        return AutoConfig.from_pretrained(
            record["name"], revision=record["revision"], trust_remote_code=record["trust_remote_code"]
        )
    except Exception as error:
        # Values of wrong kinds raise any exception, where they are first used.
        reason = " ".join(str(error).split())[:300]
        raise UserError(f"{section}.{name}: its config.json cannot be used: {reason or repr(error)}") from error


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
        # Wrong values in tokenizer_config.json are read when a text is.
        tokenizer("a")
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
    check_size(name, tokenizer, config, section)
    entries, embeddings = len(tokenizer), config.get_text_config().vocab_size
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


def check_size(name: str, tokenizer: Any, config: Any, section: str = "models") -> None:
    """UserError where a tokenizer has entries that a model has no embeddings for."""
    entries, embeddings = len(tokenizer), config.get_text_config().vocab_size
    if entries > embeddings:
        raise UserError(
            f"{section}.{name}: the tokenizer has {entries} entries and the model {embeddings} embeddings: it is "
            "another model's tokenizer. Put the model's own tokenizer into its folder."
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
        record = {**record, "name": str(checkpoint), "revision": None, "adapters": []}
    model, missing = read_weights(kind, record, f"models.{name}", dtype)
    refuse_missing(repair_fsmt(model, missing), record, f"models.{name}")
    for adapter in record.get("adapters", []):
        model = merge(model, adapter, f"models.{name}")
    model = model.to(device).eval()
    _try(model, record, f"models.{name}")
    return model


def _try(model: Any, record: dict[str, Any], key: str) -> None:
    """UserError where a loaded model cannot compute: settings that contradict its weights, or numbers that overflow."""
    import torch

    _check_special_tokens(model, record, key)
    tokens = torch.zeros((1, 2), dtype=torch.int64, device=model.device)
    decoder = {"decoder_input_ids": tokens} if record["encoder_decoder"] else {}
    try:
        with torch.inference_mode():
            finite = bool(model(input_ids=tokens, **decoder).logits.isfinite().all())
    except torch.OutOfMemoryError:
        raise
    except Exception as error:
        # Wrong values of a configuration raise any exception, in whatever layer reads them first.
        reason = " ".join(str(error).split())[:300]
        raise UserError(
            f"{key}: {record['name']}: the model cannot compute with the values in its config.json: {reason or error!r}"
        ) from error
    if not finite:
        raise UserError(
            f"{key}: {record['name']}: the model computes NaN or infinity: weights are damaged, or too large for its "
            "precision. Download it again, or take an earlier checkpoint."
        )


def _check_special_tokens(model: Any, record: dict[str, Any], key: str) -> None:
    """UserError for special tokens that are no tokens, and for a decoder that has none to begin with."""
    where = "in its generation_config.json or config.json"
    names = ("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id")
    stated = {name: getattr(model.generation_config, name, None) for name in names}
    for name, given in stated.items():
        ids = given if isinstance(given, list) else [given]
        # A number below 0 says that there is no such token, in some published models.
        if given is not None and not all(type(each) is int and abs(each) < 2**31 for each in ids):
            raise UserError(
                f"{key}: {record['name']}: `{name}` is {repr(given)[:100]} {where}; allowed: a token's number."
            )
    if record["encoder_decoder"]:
        name = "bos_token_id" if stated["decoder_start_token_id"] is None else "decoder_start_token_id"
        # FSMT's two sides have vocabularies of their own.
        begin, embeddings = stated[name], model.get_decoder().embed_tokens.num_embeddings
        if type(begin) is not int or not 0 <= begin < embeddings:
            raise UserError(
                f"{key}: {record['name']}: the decoder begins with `{name}`, which is {repr(begin)[:100]} {where}; "
                f"allowed: 0 to {embeddings - 1}."
            )


def load_state(
    base: Path, name: str, checkpoints: str | None, epoch: str, precision: str, device: Any
) -> tuple[Any, Any]:
    """The model in a state, and its tokenizer; `base` is the base model's folder.

    `checkpoints` is the folder of its fine-tuning: from one that was made here, the checkpoint of `epoch` is loaded; of
    one that others made it contains the record. None: the base model itself. UserError as in `load_model` and
    `load_tokenizer`.
    """
    record = read_record(base)
    tokenizer = load_tokenizer(record, name)
    checkpoint = None
    check_source(record, f"models.{name}", base)
    if checkpoints and Path(checkpoints, RECORD).is_file():
        record = _fine_tuned_record(record, read_record(Path(checkpoints)))
        check_source(record, f"models.{name}", Path(checkpoints))
    elif checkpoints:
        checkpoint = Path(checkpoints, f"epoch-{epoch}")
    return load_model(record, name, checkpoint, precision, device), tokenizer


def _fine_tuned_record(base: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """The whole record of a fine-tuned model: that of an adapter has no place of weights, which are the base's."""
    if record["kind"] != "adapter":
        return record
    return base | {"adapters": [*base.get("adapters", []), *record["adapters"]]}


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
