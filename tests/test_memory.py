"""Memory of jobs: estimates beside measured peaks, what does not fit, and what is told about it."""

import json
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from test_costs import configuration
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from memorization import cards, configfile, memory
from memorization.cards import Card
from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.studies.kind import Work

ROOT = Path(__file__).resolve().parents[1]
COMMON = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
T5 = {"model_type": "t5", "d_model": 256, "d_kv": 32, "d_ff": 1024, "num_heads": 8, "num_layers": 3, "vocab_size": 2000}
GPT_NEO = {
    "model_type": "gpt_neo",
    "hidden_size": 256,
    "num_layers": 4,
    "num_heads": 8,
    "attention_types": [[["global", "local"], 2]],
    "max_position_embeddings": 256,
    "vocab_size": 2000,
}
LLAMA = {
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 1024,
    "num_hidden_layers": 4,
    "num_attention_heads": 8,
    "vocab_size": 2000,
    "tie_word_embeddings": True,
}
T5_3B = {**T5, "d_model": 1024, "d_kv": 128, "d_ff": 16384, "num_heads": 32, "num_layers": 24, "vocab_size": 32128}


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> None:
    """As in a job: several threads would wait for one another on a busy machine."""
    torch.set_num_threads(1)


class Peak(TorchDispatchMode):
    """Counts the bytes of all tensors, and the most of them at one time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0
        self.seen: set[int] = set()

    def add(self, tensor: Any) -> None:
        storage = tensor.untyped_storage()
        key, size = storage._cdata, storage.nbytes()
        if key not in self.seen:
            self.seen.add(key)
            self.now += size
            self.most = max(self.most, self.now)
            weakref.finalize(storage, self.drop, key, size)

    def drop(self, key: int, size: int) -> None:
        self.seen.discard(key)
        self.now -= size

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        for each in tree_leaves(made):
            if isinstance(each, torch.Tensor):
                self.add(each)
        return made


def model_of(architecture: dict[str, Any]) -> tuple[Any, Peak]:
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

    config = AutoConfig.for_model(**architecture, **COMMON)
    model = (AutoModelForSeq2SeqLM if config.is_encoder_decoder else AutoModelForCausalLM).from_config(config)
    peak = Peak()
    for parameter in model.parameters():
        peak.add(parameter.data)
    return model, peak


@pytest.mark.parametrize(
    ("architecture", "checkpointing", "optimizer"),
    [(each, again, "adamw") for each in (T5, GPT_NEO, LLAMA) for again in (False, True)] + [(T5, True, "adafactor")],
    ids=lambda each: str(each["model_type"]) if isinstance(each, dict) else str(each),
)
def test_an_estimate_of_training_is_near_what_is_measured(
    architecture: dict[str, Any], checkpointing: bool, optimizer: Any
) -> None:
    from memorization.models.fitting import checkpoint_gradients

    recipe = Recipe(epochs=1, batch_size=8, max_input_tokens=96, max_target_tokens=48, optimizer=optimizer)
    model, peak = model_of(architecture)
    model.train()
    if checkpointing:
        checkpoint_gradients(model)
    kind = torch.optim.Adafactor if optimizer == "adafactor" else torch.optim.AdamW
    updates = kind(model.parameters(), foreach=False)
    read = 96 if model.config.is_encoder_decoder else 96 + 48
    ids, labels = torch.full((8, read), 5), torch.full((8, 48 if read == 96 else read), 5)
    with peak:
        for _ in range(2):
            updates.zero_grad()
            model(input_ids=ids, labels=labels).loss.backward()
            updates.step()
    sizes = memory.shape_of(architecture)
    assert sizes is not None
    count = sum(each.numel() for each in model.parameters())

    estimate = memory.training_gb(sizes, count, recipe, checkpointing) * 1e9

    assert sizes.parameters == pytest.approx(count, rel=0.05)
    assert 0.95 * peak.most < estimate < 1.6 * peak.most


@pytest.mark.parametrize("architecture", [T5, LLAMA], ids=lambda each: str(each["model_type"]))
def test_an_estimate_of_writing_is_near_what_is_measured(architecture: dict[str, Any]) -> None:
    model, peak = model_of(architecture)
    model.eval()
    model.generation_config.eos_token_id = None
    ids = torch.full((64, 100), 5)
    with peak, torch.inference_mode():
        model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, pad_token_id=0)
    sizes = memory.shape_of(architecture)
    assert sizes is not None

    estimate = memory.reading_gb(sizes, sizes.parameters, Work("answers", "m", 64, 100, 8), 64) * 1e9

    assert 0.9 * peak.most < estimate < 1.6 * peak.most


def test_t5_3b_is_trained_on_80_gb_as_the_paper_s_configuration_states() -> None:
    config = configfile.load([ROOT / "config.yaml", ROOT / "configs/paper.yaml"], {"data_root": "data"})
    trained = {(each["model"], each["recipe"]) for study in config.studies.values() for each in study.trainings(config)}
    needs = {key: memory.training_need(config, *key) for key in trained}

    assert ("t5-3b", "full") in needs
    assert config.recipes["full"].batch_size == 16
    assert {key for key, need in needs.items() if need is None or need.gb > 75} == set()
    for study in config.studies.values():
        for work in study.work(config).values():
            need = memory.work_need(config, work, 80)
            assert (need is not None and need.gb <= 80 and need.rows >= 16) or work.maps, work


@pytest.mark.parametrize(
    ("changed", "bytes_per_parameter"),
    [
        ({}, 16),
        ({"precision": "bf16"}, 18),
        ({"optimizer": "adafactor"}, 8),
        ({"precision": "bf16", "weights": "bf16"}, 8),
        ({"precision": "bf16", "weights": "bf16", "optimizer": "adafactor"}, 4),
    ],
)
def test_what_training_keeps_for_each_parameter(changed: dict[str, Any], bytes_per_parameter: int) -> None:
    sizes = memory.shape_of(T5)
    assert sizes is not None
    recipe = Recipe.model_validate({"epochs": 1, **changed})

    more, less = (memory.training_gb(sizes, count, recipe, False) for count in (2 * 10**9, 10**9))

    assert more - less == pytest.approx(bytes_per_parameter)


def test_sizes_of_several_architectures() -> None:
    bart = {"model_type": "bart", "d_model": 8, "encoder_layers": 2, "decoder_layers": 3, "decoder_ffn_dim": 32}
    sizes = memory.shape_of({**bart, "encoder_attention_heads": 2, "vocab_size": 100})
    assert sizes is not None
    assert (sizes.encoder_layers, sizes.decoder_layers, sizes.attention, sizes.feed_forward) == (2, 3, 8, 32)
    gpt2 = memory.shape_of({"model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_layer": 3, "vocab_size": 100})
    assert gpt2 is not None
    assert (gpt2.encoder_layers, gpt2.decoder_layers, gpt2.feed_forward) == (0, 3, 32)
    assert memory.shape_of({"model_type": "gpt2", "n_embd": 8}) is None
    for wrong in ("wide", 0, -1, 1.5, True, [8], None):
        assert memory.shape_of({**T5, "d_model": wrong}) is None
        assert memory.shape_of({**T5, "d_kv": wrong, "vocab_size": wrong, "d_ff": wrong}) is not None


def test_sizes_are_read_from_a_local_configuration_and_a_broken_one_is_left_to_its_rule(tmp_path: Path) -> None:
    models = {"big": {"source": {"kind": "folder", "path": str(tmp_path)}}}
    config = configuration(tmp_path, models=models)
    assert memory.shape(config, "big") is None
    (tmp_path / "config.json").write_text(json.dumps(T5))
    assert memory.shape(config, "big") == memory.shape_of(T5)
    for broken in ("{", "[1]", '{"d_model": []}'):
        (tmp_path / "config.json").write_text(broken)
        assert memory.shape(config, "big") is None


def large(folder: Path, compute: dict[str, Any], **model: Any) -> Any:
    hub = {"kind": "hub", "name": "a/b", "revision": "main"}
    return configuration(
        folder,
        compute={"generation_batch_size": 128, **compute},
        models={"big": {"source": hub, "parameters": 2_851_598_336, "architecture": T5_3B, **model}},
        recipes={"full": {"epochs": 1, "max_input_tokens": 512, "max_target_tokens": 256, "precision": "bf16"}},
    )


TRAIN = [("train", {"model": "big", "recipe": "full"})]
ASKED = {"prefix_tokens": "50", "decoding": "greedy", "prompting": "bare"}
WRITE = [("generations", {"model": "big", "state": "base"} | ASKED)]


@pytest.mark.parametrize(
    ("limit", "advice"),
    [
        (80, r"set `models\.big\.gradient_checkpointing: true` \(which changes no number\), for about 58\.\d GB"),
        (53, r"set `models\.big\.gradient_.*, `accumulation_steps: 16`, for about 5\d(\.\d)? GB"),
        (36, r"`accumulation_steps: 16`, `optimizer: adafactor`, for about"),
        (20, r"`optimizer: adafactor`, `precision: bf16` and `weights: bf16`, for about"),
        (8, r"train adapters \(`trains: lora`\), or a smaller model"),
    ],
)
def test_a_training_that_does_not_fit_is_refused_with_what_helps(tmp_path: Path, limit: int, advice: str) -> None:
    with pytest.raises(UserError, match=rf"recipes\.full, models\.big: training needs about 223 GB: .*{advice}"):
        memory.check(large(tmp_path, {"gpu_memory_gb": limit}), None, TRAIN)


def test_what_fits_or_is_not_known_is_not_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory.check(large(tmp_path, {"gpu_memory_gb": 80}, gradient_checkpointing=True), None, TRAIN)
    memory.check(large(tmp_path, {"gpu_memory_gb": 10, "device": "cpu"}), [], TRAIN)
    memory.check(large(tmp_path, {"gpu_memory_gb": 10}, architecture=None), None, TRAIN)
    memory.check(large(tmp_path, {"gpu_memory_gb": 10}), None, [])
    memory.check(large(tmp_path, {"device": "cuda"}), None, TRAIN)
    # The driver's number, shared by two jobs.
    monkeypatch.setattr(cards, "memory_gb", lambda found: 100.0)
    memory.check(large(tmp_path, {}, gradient_checkpointing=True), [Card("0", "GPU-1")], TRAIN)
    with pytest.raises(UserError, match=r"\(50 GB for each job\)"):
        memory.check(large(tmp_path, {"jobs_per_gpu": 2}, gradient_checkpointing=True), [Card("0", "GPU-1")], TRAIN)


def test_batches_of_fp32_are_halved_and_those_of_bf16_are_refused(tmp_path: Path) -> None:
    config = large(tmp_path, {"gpu_memory_gb": 15})
    memory.check(config, None, WRITE)
    work = Work("generations", "big", 100, 50, 30)
    need = memory.work_need(config, work, 15)
    assert need is not None
    assert need.rows < 128
    with pytest.raises(UserError, match=r"decodings\.greedy, models\.big: generations in batches of 1 need about 11"):
        memory.check(large(tmp_path, {"gpu_memory_gb": 10}), None, WRITE)
    half = config.decodings["greedy"].model_copy(update={"precision": "bf16"})
    config = large(tmp_path, {"gpu_memory_gb": 8}).model_copy(update={"decodings": {"greedy": half}})
    with pytest.raises(UserError, match=r"in batches of 128 need about .*: lower `compute\.generation_batch_size`"):
        memory.check(config, None, WRITE)


def test_a_gpu_that_is_required_and_missing_is_told_where_a_job_needs_it(tmp_path: Path) -> None:
    config = large(tmp_path, {"device": "cuda"})
    memory.check(config, [], [])
    with pytest.raises(UserError, match=r"compute\.device: given 'cuda'"):
        memory.check(config, [], WRITE)
