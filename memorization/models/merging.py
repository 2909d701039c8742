"""Adapters that others trained (PEFT): merged into a loaded model's weights, so that a plain model is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from memorization.errors import UserError
from memorization.models import files


def merge(model: Any, adapter: Mapping[str, Any], key: str) -> Any:
    """The model with an adapter merged into its weights; changes `model` in place.

    `adapter` states name and revision of its folder or hub repository, `key` is the key in the configuration, for
    messages. UserError where the adapter is not one of this model: other modules, other sizes, another vocabulary.
    """
    import safetensors.torch
    from peft import PeftConfig, PeftModel, set_peft_model_state_dict

    folder = folder_of(adapter)
    problem = f"{key}: the adapter in {adapter['name']} cannot be merged into {model.config.name_or_path}"
    remedy = "Name the checkpoint that it was trained on: `base` beside its path or name."
    try:
        config = PeftConfig.from_pretrained(str(folder))
        config.inference_mode = True
        tensors = safetensors.torch.load_file(folder / files.ADAPTER_WEIGHTS)
        _refuse_other_vocabulary(model, tensors, problem, remedy)
        shared = _names_of_shared_weights(model)
        adapted = PeftModel(model, config)
        _refuse_shared(adapted, shared, problem)
        loaded: Any = set_peft_model_state_dict(adapted, tensors)
        missing = [name for name in loaded.missing_keys if "default" in name.split(".")]
        if unknown := sorted(loaded.unexpected_keys):
            raise UserError(f"{problem}: the model has no module for {unknown[0]}. {remedy}")
        if missing:
            raise UserError(
                f"{problem}: {len(missing)} of the adapter's weights are not in its file ({missing[0]}, ...): "
                f"{files.ADAPTER_CONFIG} and {files.ADAPTER_WEIGHTS} are not of one adapter."
            )
        return adapted.merge_and_unload(safe_merge=True)
    except UserError:
        raise
    except Exception as error:
        # Other modules and sizes raise ValueError, RuntimeError or KeyError, wrong values of settings any exception.
        raise UserError(f"{problem}: {' '.join(str(error).split())[:300]} {remedy}") from error


def folder_of(adapter: Mapping[str, Any]) -> Path:
    """The local folder of an adapter: its own, or that of its files in the hub's cache."""
    if adapter["revision"] is None:
        return Path(adapter["name"])
    from huggingface_hub import hf_hub_download

    # By commit, so that what is in the cache is not asked for again.
    for name in (files.ADAPTER_WEIGHTS, files.ADAPTER_CONFIG):
        file = hf_hub_download(adapter["name"], name, revision=adapter["revision"])
    return Path(file).parent


def _refuse_other_vocabulary(model: Any, tensors: Mapping[str, Any], problem: str, remedy: str) -> None:
    """An adapter that was trained with more or fewer tokens brings whole embeddings of another size."""
    entries = {
        int(each.weight.shape[0]) for each in (model.get_input_embeddings(), model.get_output_embeddings()) if each
    }
    names = ("shared", "embed_tokens", "wte", "word_embeddings", "lm_head", "embed_out")
    for name, tensor in tensors.items():
        parts = name.split(".")
        if parts[-1] == "weight" and parts[-2] in names and tensor.ndim == 2 and int(tensor.shape[0]) not in entries:
            raise UserError(
                f"{problem}: it has a vocabulary of {tensor.shape[0]} entries and the model one of "
                f"{', '.join(map(str, sorted(entries)))}. {remedy} If tokens were added in its training, merge it "
                "yourself (`resize_token_embeddings`, `merge_and_unload`, `save_pretrained`)."
            )


def _names_of_shared_weights(model: Any) -> set[str]:
    """Names of modules whose weight is that of another module too."""
    named = list(model.named_parameters(remove_duplicate=False))
    uses = Counter(id(parameter) for _, parameter in named)
    return {name.rpartition(".")[0] for name, parameter in named if uses[id(parameter)] > 1}


def _refuse_shared(adapted: Any, shared: set[str], problem: str) -> None:
    from peft.tuners.tuners_utils import BaseTunerLayer

    for name, module in adapted.named_modules():
        plain = name.removeprefix("base_model.model.")
        if isinstance(module, BaseTunerLayer) and plain in shared:
            raise UserError(
                f"{problem}: it changes {plain}, which shares its weights with another module, and merging would "
                "change both. Untie them and merge it yourself (`merge_and_unload`, `save_pretrained`)."
            )
