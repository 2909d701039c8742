"""The native engine: the texts of the reference, whatever the batch, and numbers that are compared before its use."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from tiny import PREFIXES, TEXTS, tiny_model

from memorization.config.generation import Decoding
from memorization.errors import UserError
from memorization.models import decoder, torch_setup
from memorization.models.distribution import end_tokens, plain_configuration
from memorization.models.engine import Prompt
from memorization.models.engines import native, transformers

SHARED = Path(__file__).parents[3] / "../shared"
GREEDY = Decoding(strategy="greedy", max_new_tokens=12)
DECODINGS = {
    "greedy": GREEDY,
    "long": Decoding(strategy="greedy", min_new_tokens=8, max_new_tokens=12),
    "one token": Decoding(strategy="greedy", max_new_tokens=1),
    "top-k": Decoding(strategy="sample", top_k=40, temperature=1.3, max_new_tokens=12, seed=3),
    "top-p": Decoding(strategy="sample", top_p=0.8, max_new_tokens=12, seed=3),
    "both": Decoding(strategy="sample", top_k=40, top_p=0.95, min_new_tokens=3, max_new_tokens=12, seed=3),
    "temperature": Decoding(strategy="sample", temperature=0.7, max_new_tokens=12, seed=3),
}
# A T5 v1.1, whose head is its own; GPT-Neo of short windows; queries in groups.
MODELS: dict[str, tuple[str, dict[str, Any]]] = {
    "t5": ("t5", {}),
    "t5 of two layers": ("t5", {"num_layers": 2}),
    "t5 v1.1": ("t5", {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}),
    "gpt2": ("gpt2", {"n_layer": 2}),
    "gpt_neo": ("gpt_neo", {"window_size": 4}),
    "llama": ("llama", {"num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2}),
}


def prompts_of(tokenizer: Any, prefixes: list[str] = PREFIXES) -> list[Prompt]:
    encoded = tokenizer(prefixes, add_special_tokens=False)["input_ids"]
    return [Prompt(number, tokens) for number, tokens in enumerate(encoded)]


def model_of(name: str, tokenizer: Any, decoding: Decoding = GREEDY, spread: float = 0.4) -> Any:
    architecture, changed = MODELS[name]
    model = tiny_model(architecture, tokenizer, spread=spread, **changed)
    model.generation_config = plain_configuration(model, tokenizer, decoding)
    return model


def texts(engine: Any, model: Any, prompts: list[Prompt], decoding: Decoding, batch: int | None) -> list[list[int]]:
    """Up to and with the end token."""
    ends = end_tokens(model.generation_config)
    finished: list[int] = []
    written = engine.generate(model, prompts, decoding, batch, finished.append)
    assert sum(finished) == len(prompts)
    return [
        text[: next((place for place, token in enumerate(text) if token in ends), len(text)) + 1] for text in written
    ]


@pytest.mark.parametrize("decoding", DECODINGS.values(), ids=DECODINGS)
@pytest.mark.parametrize("name", MODELS)
def test_texts_are_those_of_the_reference(name: str, decoding: Decoding, tokenizer: Any, device: Any) -> None:
    model, prompts = model_of(name, tokenizer, decoding), prompts_of(tokenizer)

    expected = texts(transformers, model, prompts, decoding, 3)

    assert texts(native, model, prompts, decoding, None) == expected
    assert len({tuple(text) for text in expected}) > 1


@pytest.mark.parametrize("architecture", ["gpt2", "gpt_neo", "llama"])
def test_prompts_are_not_padded_over_the_positions(architecture: str, tokenizer: Any, device: Any) -> None:
    decoding = Decoding(strategy="greedy", max_new_tokens=3)
    positions = "n_positions" if architecture == "gpt2" else "max_position_embeddings"
    model = tiny_model(architecture, tokenizer, spread=0.4, **{positions: 30})
    model.generation_config = plain_configuration(model, tokenizer, decoding)
    draws = np.random.default_rng(0)
    prompts = [Prompt(length, draws.integers(2, 300, length).tolist()) for length in (25, 26, 27)]

    assert texts(native, model, prompts, decoding, None) == texts(transformers, model, prompts, decoding, 3)


@pytest.mark.parametrize("decoding", [GREEDY, DECODINGS["top-k"]], ids=["greedy", "drawn"])
@pytest.mark.parametrize("name", ["t5", "gpt_neo"])
def test_texts_do_not_depend_on_batches_or_neighbours(
    name: str, decoding: Decoding, tokenizer: Any, device: Any
) -> None:
    model = model_of(name, tokenizer, decoding)
    words = " ".join(PREFIXES).split()
    prompts = prompts_of(tokenizer, [" ".join(words[: 1 + number % 17]) for number in range(40)])

    together = texts(native, model, prompts, decoding, None)

    assert texts(native, model, prompts, decoding, 8) == together
    assert texts(native, model, prompts[::-1], decoding, 16) == together[::-1]
    assert [texts(native, model, [prompt], decoding, 1)[0] for prompt in prompts[15:20]] == together[15:20]
    assert texts(native, model, [], decoding, None) == []


def test_finished_rows_leave_and_others_go_on(tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    decoding = Decoding(strategy="sample", temperature=1.5, max_new_tokens=40, seed=1)
    model = model_of("t5", tokenizer, decoding)
    model.generation_config.eos_token_id = list(range(1, 12))
    prompts = prompts_of(tokenizer, PREFIXES[:1] * 120)
    rows: list[int] = []

    def counted(decoder: Any, cache: Any, tokens: Any, *rest: Any) -> Any:
        rows.append(len(tokens))
        return read(decoder, cache, tokens, *rest)

    read = native.read
    monkeypatch.setattr(native, "read", counted)

    written = texts(native, model, prompts, decoding, 120)

    assert written == texts(transformers, model, prompts, decoding, 64)
    assert rows[0] >= 3 * rows[-1]
    assert not any(each % native.ROWS for each in rows)
    assert rows == sorted(rows, reverse=True)
    assert len(rows) == max(map(len, written)) - 1


def test_equal_prompts_are_read_once(tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = DECODINGS["top-k"]
    model = model_of("gpt2", tokenizer, drawn)
    prompts = prompts_of(tokenizer, PREFIXES[:1] * 30)
    rows: list[int] = []

    def counted(model: Any, decoder: Any, ids: Any, *rest: Any) -> Any:
        rows.append(len(ids))
        return read_prompts(model, decoder, ids, *rest)

    read_prompts = native.read_prompts
    monkeypatch.setattr(native, "read_prompts", counted)

    written = texts(native, model, prompts, drawn, 32)

    assert rows == [native.ROWS]
    assert written == texts(transformers, model, prompts, drawn, 32)
    assert len({tuple(text) for text in written}) > 20
    assert len({tuple(text) for text in texts(native, model, prompts, GREEDY, 32)}) == 1


@pytest.mark.parametrize("name", MODELS)
def test_models_whose_numbers_are_equal_are_taken(name: str, tokenizer: Any, device: Any) -> None:
    assert native.fault(model_of(name, tokenizer)) is None


def test_a_model_with_other_numbers_is_refused(tokenizer: Any, device: Any) -> None:
    """Greedy texts would not show it: the scores are those of a tied head, as CTranslate2 has them for T5 v1.1."""
    model = model_of("t5 v1.1", tokenizer)
    # The library's pass scales its scores, ours does not.
    model.model_dim, model.config.scale_decoder_outputs = 4.0, True
    head, own = model.lm_head.forward, model.config.d_model**-0.5

    def scaled(x: Any) -> Any:
        return head(x) * (4.0**0.5 if x.shape[1] > 1 and x.ndim == 3 else own)

    model.lm_head.forward = scaled

    fault = native.fault(model)

    assert fault is not None
    assert fault.startswith("computes other numbers with this model (log-probabilities differ by ")


@pytest.mark.parametrize(
    ("architecture", "changed", "words"),
    [
        ("bart", {}, "does not know models of type bart, only t5, gpt2, gpt_neo, llama"),
        ("t5", {"forced_bos_token_id": 5}, "forced first token"),
        ("llama", {"rope_parameters": {"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4}}, "type dynamic"),
    ],
)
def test_what_it_does_not_know_is_refused(
    architecture: str, changed: dict[str, Any], words: str, tokenizer: Any, device: Any
) -> None:
    forced = changed.pop("forced_bos_token_id", None)
    model = tiny_model(architecture, tokenizer, **changed)
    model.generation_config.forced_bos_token_id = forced

    assert words in str(native.fault(model))


@pytest.mark.parametrize("decoding", [GREEDY, DECODINGS["top-k"]], ids=["greedy", "drawn"])
def test_numbers_that_are_none_end_a_generation(decoding: Decoding, tokenizer: Any, device: Any) -> None:
    import torch

    model = model_of("t5", tokenizer, decoding)
    with torch.no_grad():
        model.lm_head.weight[7] = float("nan")

    with pytest.raises(UserError, match="the model computes NaN or infinity"):
        native.generate(model, prompts_of(tokenizer), decoding, None, lambda finished: None)


@pytest.mark.parametrize("name", MODELS)
def test_scores_have_the_same_bits_in_batches_of_all_sizes(name: str, tokenizer: Any, device: Any) -> None:
    import torch

    model = model_of(name, tokenizer)
    tokens = torch.from_numpy(np.random.default_rng(0).integers(2, len(tokenizer), (64, 8)))

    def scores(rows: int) -> Any:
        with torch.inference_mode(), decoder.packed(model):
            parts = decoder.decoder_of(model)
            cache, _ = decoder.read_prompts(model, parts, tokens[:rows], torch.ones_like(tokens[:rows]), 0)
            place = torch.tensor([cache.own[0][0].shape[2]])
            cache = decoder.with_places(parts, cache, 16)
            return decoder.read(parts, cache, tokens[:rows, 0], place, 16)

    for rows in (16, 32, 48):
        assert torch.equal(scores(rows), scores(64)[:rows])
    # What was packed for it is gone.
    assert "forward" not in vars(model.get_output_embeddings())


@pytest.mark.parametrize("name", MODELS)
def test_the_forms_for_a_gpu_compute_the_same(
    name: str, tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, prompts = model_of(name, tokenizer), prompts_of(tokenizer)
    expected = texts(native, model, prompts, GREEDY, None)
    monkeypatch.setattr(decoder, "_on_cpu", lambda tensor: False)

    assert native.fault(model) is None
    assert texts(native, model, prompts, GREEDY, None) == expected


def test_widths_follow_from_lengths() -> None:
    widths = [native._width(tokens) for tokens in range(1, 1025)]

    assert widths[:17] == [8] * 8 + [16] * 8 + [24]
    assert widths == sorted(widths)
    assert all(tokens <= width <= max(8, tokens * 1.125 + 7) for tokens, width in enumerate(widths, start=1))
    assert len(set(widths)) < 45


def test_real_prompts_have_the_texts_of_the_reference(device: Any) -> None:
    if not (SHARED / "models/t5-tiny-real").is_dir():
        pytest.skip("no real checkpoint here")
    import pyarrow.parquet as pq
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    folder = SHARED / "models/t5-tiny-real"
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder, dtype=torch.float32).eval()
    lines = next(pq.ParquetFile(SHARED / "data/lm_text.parquet").iter_batches(64, columns=["text"]))["text"]
    tokens = [tokenizer(text[:400])["input_ids"][:50] for text in lines.to_pylist() if text]
    prompts = [Prompt(number, ids) for number, ids in enumerate(tokens)][:20]
    for decoding in (
        Decoding(strategy="greedy", max_new_tokens=24),
        Decoding(strategy="sample", top_k=40, max_new_tokens=12, seed=0),
    ):
        model.generation_config = plain_configuration(model, tokenizer, decoding)

        assert native.fault(model) is None
        assert texts(native, model, prompts, decoding, None) == texts(transformers, model, prompts, decoding, 32)


def test_the_numbers_of_rows_are_whole_and_fit(tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = native._Writer(model_of("t5", tokenizer), GREEDY)

    assert writer.rows(16, None) == native.ROWS_AT_MOST["cpu"]
    assert [writer.rows(16, size) for size in (1, 16, 60, 64)] == [16, 16, 64, 64]
    monkeypatch.setattr(native, "CPU_BYTES", 1 << 18)
    few = writer.rows(16, None)
    assert few % native.ROWS == 0
    assert native.ROWS < few < 256
    assert writer.rows(64, None) < few
    monkeypatch.setattr(native, "CPU_BYTES", 1)
    assert writer.rows(16, None) == native.ROWS


def test_the_highest_score_is_the_first_of_equal_ones(device: Any) -> None:
    import torch

    from memorization.models.draws import highest

    draws = np.random.default_rng(0)
    for tokens in (7, 300, 32128, 50257):
        scores = torch.from_numpy(draws.integers(0, 40, (16, tokens))).float()
        most, found = highest(scores)
        expected = scores.numpy().argmax(axis=1)
        assert found.tolist() == expected.tolist()
        assert most.tolist() == scores.numpy().max(axis=1).tolist()
    scores[3, 500] = float("nan")
    assert highest(scores)[0].isnan().tolist() == [row == 3 for row in range(16)]


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a CPU write as a GPU does, with a graph that takes its steps one by one; the rows of the graphs made."""
    rows: list[int] = []

    def graph(writer: Any, batch: Any, places: int) -> Any:
        rows.append(len(batch.tokens))
        changed = [batch.tokens, batch.place, batch.step, batch.texts, batch.finished, batch.broken]
        kept = [part.clone() for part in changed]
        writer._step(batch, places)
        for one, other in zip(changed, kept, strict=True):
            one.copy_(other)
        return SimpleNamespace(replay=lambda: writer._step(batch, places))

    def replayed(writer: Any, batch: Any, written: Any) -> None:
        writer._replay(batch)
        written[:] = batch.texts[: len(written)].numpy()

    monkeypatch.setattr(native._Writer, "_graph", graph)
    monkeypatch.setattr(native._Writer, "_step_by_step", replayed)
    return rows


@pytest.mark.parametrize("decoding", DECODINGS.values(), ids=DECODINGS)
def test_one_graph_writes_all_batches_of_a_shape(
    decoding: Decoding, tokenizer: Any, device: Any, graphs: list[int]
) -> None:
    model, prompts = model_of("t5", tokenizer, decoding), prompts_of(tokenizer, TEXTS[:20])

    assert texts(native, model, prompts, decoding, 16) == texts(transformers, model, prompts, decoding, 8)
    assert len(graphs) <= 2


def test_a_graph_is_given_up_where_memory_does_not_suffice(
    tokenizer: Any, device: Any, graphs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def short_of_memory(writer: Any, prompts: Any) -> Any:
        if any(rows > 16 for rows, _ in writer.graphs):
            raise torch.OutOfMemoryError("CUDA out of memory")
        return begin(writer, prompts)

    begin = native._Writer._begin
    monkeypatch.setattr(native._Writer, "_begin", short_of_memory)
    model, draws = model_of("t5", tokenizer), np.random.default_rng(0)
    prompts = [Prompt(number, draws.integers(2, 300, 6).tolist()) for number in range(64)]

    assert texts(native, model, prompts, GREEDY, 32) == texts(transformers, model, prompts, GREEDY, 16)
    assert graphs == [32, 16]


NEEDS_GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


@NEEDS_GPU
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
@pytest.mark.parametrize("name", MODELS)
def test_a_gpu_computes_the_numbers_of_the_library(name: str, precision: Any, tokenizer: Any) -> None:
    torch_setup.start("cuda", 1)
    model = model_of(name, tokenizer).to("cuda", precision)

    assert native.fault(model) is None


@NEEDS_GPU
@pytest.mark.parametrize("decoding", DECODINGS.values(), ids=DECODINGS)
@pytest.mark.parametrize("name", MODELS)
def test_a_gpu_writes_the_texts_of_the_reference(name: str, decoding: Decoding, tokenizer: Any) -> None:
    torch_setup.start("cuda", 1)
    model, prompts = model_of(name, tokenizer, decoding).to("cuda"), prompts_of(tokenizer)

    assert texts(native, model, prompts, decoding, None) == texts(transformers, model, prompts, decoding, 3)


@NEEDS_GPU
@pytest.mark.parametrize("gigabytes", [0.4, 1.2, 2.4])
@pytest.mark.parametrize("engine", [native, transformers], ids=["native", "transformers"])
def test_batches_that_exceed_a_gpus_memory_are_halved_and_nothing_is_lost(
    engine: Any, gigabytes: float, tokenizer: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Memory is counted as if the card were another process's; 1,000 rows take several gigabytes of keys and values."""
    torch_setup.start("cuda", 1)
    decoding = Decoding(strategy="greedy", min_new_tokens=60, max_new_tokens=60)
    model = tiny_model("t5", tokenizer, spread=0.1, d_kv=64, num_heads=16, num_layers=4).to("cuda")
    model.generation_config = plain_configuration(model, tokenizer, decoding)
    draws = np.random.default_rng(0)
    # All different: equal ones would be written once.
    prompts = [Prompt(number, draws.integers(2, 300, 6).tolist()) for number in range(1000)]
    expected = texts(engine, model, prompts, decoding, 32)
    assert not caplog.messages
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + gigabytes * 1e9) / total)
    try:
        assert texts(engine, model, prompts, decoding, 1000) == expected
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert any("exceeds the GPU's memory: goes on with batches of" in message for message in caplog.messages)
