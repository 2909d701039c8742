"""Generation: a probe's text depends on the model, its prefix, the decoding and its own draws, and on nothing else."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from generating import probes_of, restricted, texts_of
from scipy.stats import chisquare
from tiny import ARCHITECTURES, DECODER_ONLY, ENCODER_DECODER, PREFIXES, tiny_model

from memorization.config.generation import Decoding
from memorization.errors import UserError
from memorization.models.generation import Generation, GenerationSettings, generate, table_of
from memorization.schemas.generations import GenerationsTable
from memorization.schemas.prompts import Asked, PromptsTable

GREEDY = Decoding(strategy="greedy", max_new_tokens=12)
DRAWN = Decoding(strategy="sample", top_k=40, top_p=0.95, temperature=1.3, max_new_tokens=12, seed=3)


class Numbers:
    """A tokenizer that shows tokens as their numbers, so that its text identifies every token."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self.eos_token_id, self.pad_token_id = tokenizer.eos_token_id, tokenizer.pad_token_id

    def __call__(self, texts: list[str], **options: Any) -> Any:
        return self.tokenizer(texts, **options)

    def decode(self, tokens: list[int], **_: Any) -> str:
        return " ".join(map(str, tokens))


def written(
    model: Any, tokenizer: Any, decoding: Decoding, batch_size: int = 3, prefixes: Any = PREFIXES
) -> list[Generation]:
    return texts_of(model, Numbers(tokenizer), prefixes, decoding, batch_size)


def reference(model: Any, tokenizer: Any, prefix: str, tokens: int) -> str:
    """Greedy text of `transformers` for one prefix alone, prompt and end token taken off."""
    import torch

    encoded = tokenizer(prefix, return_tensors="pt", add_special_tokens=bool(model.config.is_encoder_decoder))
    output = model.generate(
        input_ids=encoded["input_ids"],
        attention_mask=torch.ones_like(encoded["input_ids"]),
        do_sample=False,
        num_beams=1,
        max_new_tokens=tokens,
        pad_token_id=0,
    )[0].tolist()
    output = output[1 if model.config.is_encoder_decoder else encoded["input_ids"].shape[1] :]
    return " ".join(map(str, output[: output.index(1)] if 1 in output else output))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_greedy_text_is_that_of_transformers_for_each_prefix_alone(
    architecture: str, tokenizer: Any, device: Any
) -> None:
    expected = [reference(tiny_model(architecture, tokenizer), tokenizer, prefix, 12) for prefix in PREFIXES]

    texts = written(tiny_model(architecture, tokenizer), tokenizer, GREEDY)

    assert [text.generation for text in texts] == expected
    assert [text.probe for text in texts] == list(range(len(PREFIXES)))
    assert len(set(expected)) > 1, "prefixes make no difference to this model: the test would show nothing"


@pytest.mark.parametrize("decoding", [GREEDY, DRAWN], ids=["greedy", "drawn"])
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_text_does_not_depend_on_the_batch(architecture: str, decoding: Decoding, tokenizer: Any, device: Any) -> None:
    model = tiny_model(architecture, tokenizer)

    alone = written(model, tokenizer, decoding, batch_size=1)

    for batch_size in (2, 3, 64):
        assert written(model, tokenizer, decoding, batch_size) == alone
    assert written(model, tokenizer, decoding, 3, PREFIXES[:4]) == alone[:4]


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_greedy_text_does_not_depend_on_the_order_of_prefixes(architecture: str, tokenizer: Any, device: Any) -> None:
    model = tiny_model(architecture, tokenizer)

    forward = [text.generation for text in written(model, tokenizer, GREEDY)]
    backward = [text.generation for text in written(model, tokenizer, GREEDY, prefixes=PREFIXES[::-1])]

    assert backward == forward[::-1]


@pytest.mark.parametrize("decoding", [GREEDY, DRAWN], ids=["greedy", "drawn"])
@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_a_slice_of_the_probes_gives_the_rows_of_the_whole_table(
    architecture: str, decoding: Decoding, tokenizer: Any, device: Any
) -> None:
    """A probe is its number, not its place in a list."""
    model = tiny_model(architecture, tokenizer, spread=0.2)
    settings = GenerationSettings(decoding, 3)
    # Many equal prefixes, so that only the draws can make a difference.
    whole = probes_of(PREFIXES[:2] * 6, first=4995)

    rows = generate(model, Numbers(tokenizer), whole, settings, "test")
    part = generate(model, Numbers(tokenizer), whole.slice(5), settings, "test")
    renumbered = generate(model, Numbers(tokenizer), probes_of(PREFIXES[:2] * 6), settings, "test")

    assert [row.probe for row in part] == list(range(5000, 5007))
    assert part == rows[5:]
    if decoding is DRAWN:
        assert {row.generation for row in rows}.isdisjoint(row.generation for row in renumbered)
        assert len({row.generation for row in rows}) == len(rows)


def test_probes_need_not_be_in_order(tokenizer: Any, device: Any) -> None:
    model = tiny_model("gpt2", tokenizer, spread=0.2)
    settings = GenerationSettings(DRAWN, 4)
    probes = probes_of(PREFIXES)

    forward = generate(model, tokenizer, probes, settings, "test")
    backward = generate(model, tokenizer, probes.take(list(range(len(PREFIXES)))[::-1]), settings, "test")

    assert backward == forward[::-1]


def test_an_engine_is_chosen_by_the_name_of_its_module(
    tokenizer: Any, device: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Token ids in, token ids out: prompts, texts and what ends them are not the engine's concern."""
    calls: list[tuple[Any, ...]] = []

    def answer(model: Any, prompts: Any, decoding: Any, batch_size: int, advance: Any) -> list[list[int]]:
        calls.append(([prompt.probe for prompt in prompts], decoding, batch_size))
        advance(len(prompts))
        return [[*prompt.tokens[:2], 1, 7] for prompt in prompts]

    monkeypatch.setitem(sys.modules, "another_engine", SimpleNamespace(generate=answer))
    settings = GenerationSettings(GREEDY, 3, "another_engine")

    rows = generate(tiny_model("gpt2", tokenizer), Numbers(tokenizer), probes_of(PREFIXES, first=9), settings, "test")

    assert calls == [(list(range(9, 9 + len(PREFIXES))), GREEDY, 3)]
    heads = [tokenizer(prefix, add_special_tokens=False)["input_ids"][:2] for prefix in PREFIXES]
    assert [row.generation for row in rows] == [" ".join(map(str, head)) for head in heads]
    assert not any(row.at_limit for row in rows)


def test_the_table_of_generations_has_their_schema(tokenizer: Any, device: Any) -> None:
    rows = written(tiny_model("t5", tokenizer), tokenizer, GREEDY)

    table = table_of(rows)

    assert table.schema.equals(GenerationsTable.arrow())
    assert [Generation(**row) for row in table.to_pylist()] == rows


def test_each_probe_draws_for_itself_and_each_seed_anew(tokenizer: Any, device: Any) -> None:
    model = tiny_model("t5", tokenizer, spread=0.2)
    prefixes = PREFIXES[:1] * 8

    texts = [text.generation for text in written(model, tokenizer, DRAWN, prefixes=prefixes)]
    again = [text.generation for text in written(model, tokenizer, DRAWN, prefixes=prefixes)]
    other_seed = DRAWN.model_copy(update={"seed": 4})
    others = [text.generation for text in written(model, tokenizer, other_seed, prefixes=prefixes)]

    assert again == texts
    assert len(set(texts)) == len(set(others)) == 8
    assert not set(texts) & set(others)


@pytest.mark.parametrize(
    "options",
    [{}, {"top_k": 5}, {"top_p": 0.6}, {"temperature": 2.0}, {"temperature": 0.5, "top_k": 20, "top_p": 0.9}],
    ids=["all", "top k", "top p", "temperature", "all three"],
)
def test_drawn_tokens_have_the_model_s_distribution(options: dict[str, Any], tokenizer: Any, device: Any) -> None:
    import torch

    draws = 4000
    model = tiny_model("t5", tokenizer, spread=0.1)
    decoding = Decoding.model_validate({"strategy": "sample", "max_new_tokens": 1, "seed": 11, **options})
    ids = torch.tensor([tokenizer(PREFIXES[0])["input_ids"]])
    with torch.inference_mode():
        logits = model(input_ids=ids, decoder_input_ids=torch.tensor([[0]])).logits[0, 0].double().numpy()
    expected = restricted(logits, decoding)

    texts = written(model, tokenizer, decoding, 500, PREFIXES[:1] * draws)

    # The end token is drawn too, and shows as an empty text.
    tokens = [int(text.generation) if text.generation else 1 for text in texts]
    counts = np.bincount(tokens, minlength=len(expected))
    assert counts[expected == 0].sum() == 0
    often = expected * draws >= 5
    observed = np.append(counts[often], counts[~often].sum())
    wanted = np.append(expected[often], expected[~often].sum()) * draws
    observed, wanted = observed[wanted > 0], wanted[wanted > 0]
    assert len(observed) > 2
    assert chisquare(observed, wanted * (observed.sum() / wanted.sum())).pvalue > 0.001


@pytest.mark.parametrize("architecture", ["t5", "bart", "gpt2"])
def test_what_a_checkpoint_asks_for_in_decoding_is_overridden(architecture: str, tokenizer: Any, device: Any) -> None:
    plain = written(tiny_model(architecture, tokenizer), tokenizer, GREEDY)
    model = tiny_model(architecture, tokenizer)
    model.generation_config.update(
        num_beams=4,
        no_repeat_ngram_size=1,
        repetition_penalty=5.0,
        length_penalty=2.0,
        early_stopping=True,
        min_new_tokens=11,
        max_length=5,
        do_sample=True,
        temperature=9.0,
        forced_eos_token_id=7,
        suppress_tokens=[int(plain[0].generation.split()[0])],
    )

    assert written(model, tokenizer, GREEDY) == plain


PUBLISHED = Decoding(strategy="as_published", max_new_tokens=30)
# As BART-large-cnn's, shorter.
BEAMS = {
    "num_beams": 4,
    "early_stopping": True,
    "length_penalty": 2.0,
    "no_repeat_ngram_size": 3,
    "min_length": 5,
    "max_length": 24,
    "forced_eos_token_id": 1,
}


def old_checkpoint(folder: Path, tokenizer: Any, **config: Any) -> Any:
    """A tiny BART that was saved with generation settings in config.json, and loaded again."""
    from transformers import AutoModelForSeq2SeqLM

    tiny_model("bart", tokenizer, seed=1).save_pretrained(folder)
    (folder / "generation_config.json").unlink()
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | config), encoding="utf-8")
    return AutoModelForSeq2SeqLM.from_pretrained(folder).eval()


def in_beams(model: Any, tokenizer: Any, prefix: str, **settings: Any) -> list[int]:
    """What transformers itself writes for one prefix under these settings, without the start token."""
    import torch

    ids = torch.tensor([tokenizer(prefix)["input_ids"]])
    return list(model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), **settings)[0].tolist()[1:])


@pytest.mark.parametrize(
    "config",
    [BEAMS, {"task_specific_params": {"summarization": {**BEAMS, "prefix": "summarize: "}}}],
    ids=["in the configuration", "of the one task"],
)
def test_published_settings_of_old_checkpoints_are_used(
    config: dict[str, Any], tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    expected = [in_beams(old_checkpoint(tmp_path, tokenizer), tokenizer, prefix, **BEAMS) for prefix in PREFIXES]

    texts = written(old_checkpoint(tmp_path, tokenizer, **config), tokenizer, PUBLISHED)

    cut = [tokens[: tokens.index(1)] for tokens in expected]
    assert [text.generation for text in texts] == [" ".join(map(str, tokens)) for tokens in cut]
    # 23 tokens, the last of which is a forced end.
    assert [text.at_limit for text in texts] == [len(tokens) == 22 for tokens in cut]
    assert len({text.at_limit for text in texts}) == 2, "texts must end both ways to show anything"
    assert min(text.generated_tokens for text in texts) >= 4
    greedy = written(old_checkpoint(tmp_path, tokenizer), tokenizer, GREEDY)
    assert [text.generation for text in texts] != [text.generation for text in greedy]


def test_settings_of_several_tasks_are_not_used(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    tasks = {"summarization": BEAMS, "translation": {"num_beams": 2}}

    texts = written(old_checkpoint(tmp_path, tokenizer, task_specific_params=tasks), tokenizer, PUBLISHED)

    greedy = Decoding(strategy="greedy", max_new_tokens=30)
    assert texts == written(old_checkpoint(tmp_path, tokenizer), tokenizer, greedy)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_published_beams_do_not_depend_on_the_batch(architecture: str, tokenizer: Any, device: Any) -> None:
    def texts(batch_size: int, prefixes: Any) -> list[Generation]:
        model = tiny_model(architecture, tokenizer, spread=0.4)
        model.generation_config.update(**BEAMS, repetition_penalty=1.5, encoder_repetition_penalty=1.1)
        # As GPT-2's and GPT-Neo's: padding is penalized as an end token.
        numbers = Numbers(tokenizer)
        numbers.pad_token_id = 1 if architecture in DECODER_ONLY else 0
        return texts_of(model, numbers, prefixes, PUBLISHED, batch_size)

    # Several of each length, so that batches contain several.
    prefixes = [*PREFIXES, *(prefix.replace("o", "u") for prefix in PREFIXES), *PREFIXES[::-1]]
    alone = texts(1, prefixes)

    for batch_size in (2, 5, 64):
        assert texts(batch_size, prefixes) == alone
    assert len({text.generation for text in alone}) > 3
    assert texts(3, prefixes[:4]) == alone[:4]


@pytest.mark.parametrize(
    ("own", "allowed", "expected"),
    [
        ({}, 12, 12),
        ({"max_length": 6}, 12, 5),
        ({"max_length": 40}, 12, 12),
        ({"max_new_tokens": 7}, 12, 7),
        ({"max_new_tokens": 7, "min_new_tokens": 9}, 5, 5),
        ({"max_length": 30, "min_length": 20}, 12, 12),
    ],
)
def test_the_smallest_limit_holds(
    own: dict[str, Any], allowed: int, expected: int, tokenizer: Any, device: Any
) -> None:
    model = tiny_model("bart", tokenizer)
    # No end before the limit.
    model.generation_config.update(**own, suppress_tokens=[1])
    decoding = Decoding(strategy="as_published", max_new_tokens=allowed)

    texts = written(model, tokenizer, decoding)

    assert {(text.generated_tokens, text.at_limit) for text in texts} == {(expected, True)}


def test_the_lengths_of_decoder_only_models_are_those_of_the_decoding(tokenizer: Any, device: Any) -> None:
    """Their own count the prompt."""
    model = tiny_model("gpt2", tokenizer)
    model.generation_config.update(max_length=3, min_length=64, suppress_tokens=[1])

    texts = written(model, tokenizer, PUBLISHED)

    assert {(text.generated_tokens, text.at_limit) for text in texts} == {(30, True)}


def test_published_settings_that_draw_are_refused(tokenizer: Any, device: Any, tmp_path: Path) -> None:
    drawing = {"text-generation": {"do_sample": True, "max_length": 50}}
    model = old_checkpoint(tmp_path, tokenizer, task_specific_params=drawing)

    with pytest.raises(UserError, match=r"bart-xl, news: this decoding .*`do_sample: true`.*`strategy: sample`"):
        generate(model, tokenizer, probes_of(PREFIXES), GenerationSettings(PUBLISHED, 3), "bart-xl, news")


@pytest.mark.parametrize("architecture", ["gpt_neo", "gpt2", "llama", "bart"])
def test_too_few_positions_are_refused(architecture: str, tokenizer: Any, device: Any) -> None:
    long = Decoding(strategy="greedy", max_new_tokens=65)

    with pytest.raises(UserError, match=r"the model has 64 positions, .*`max_new_tokens: 65` needs \d+: lower one"):
        written(tiny_model(architecture, tokenizer), tokenizer, long)


def test_decoder_only_models_need_room_for_prefix_and_text(tokenizer: Any, device: Any) -> None:
    tokens = len(tokenizer(PREFIXES[0], add_special_tokens=False)["input_ids"])
    model = tiny_model("gpt2", tokenizer)

    written(model, tokenizer, Decoding(strategy="greedy", max_new_tokens=64 - tokens), prefixes=PREFIXES[:1])
    with pytest.raises(UserError, match=f"a prompt of {tokens} tokens"):
        written(model, tokenizer, Decoding(strategy="greedy", max_new_tokens=65 - tokens), prefixes=PREFIXES[:1])


def mock_model(rows: list[list[int]], encoder_decoder: bool) -> Any:
    """A model that writes given tokens after its start or its prompt."""
    import torch

    def answer(input_ids: Any, **_: Any) -> Any:
        start = torch.zeros(len(rows), 1, dtype=torch.long) if encoder_decoder else input_ids
        return torch.cat([start, torch.tensor(rows)], dim=1)

    special = {"bos_token_id": None, "decoder_start_token_id": 0, "forced_bos_token_id": None}
    config = SimpleNamespace(is_encoder_decoder=encoder_decoder, get_text_config=SimpleNamespace)
    return SimpleNamespace(
        config=config, device="cpu", generate=answer, generation_config=SimpleNamespace(eos_token_id=[1, 9], **special)
    )


@pytest.mark.parametrize("encoder_decoder", [True, False])
def test_the_end_token_is_not_counted_and_the_limit_is_reported(encoder_decoder: bool, tokenizer: Any) -> None:
    rows = [[5, 6, 1, 0, 0], [5, 6, 7, 8, 4], [9, 0, 0, 0, 0], [5, 6, 7, 8, 1]]
    prefixes = ["same length"] * 4

    decoding = Decoding(strategy="greedy", max_new_tokens=5)
    texts = texts_of(mock_model(rows, encoder_decoder), Numbers(tokenizer), prefixes, decoding, 64)

    assert texts == [
        Generation(0, "5 6", 2, at_limit=False),
        Generation(1, "5 6 7 8 4", 5, at_limit=True),
        Generation(2, "", 0, at_limit=False),
        Generation(3, "5 6 7 8", 4, at_limit=False),
    ]


def test_every_architecture_is_of_one_kind() -> None:
    assert {*ENCODER_DECODER, *DECODER_ONLY} == set(ARCHITECTURES)


def test_a_table_of_prompts_is_asked_as_it_says(tokenizer: Any, device: Any) -> None:
    asked = [Asked(prefix) for prefix in PREFIXES]
    rows = [
        {"probe": number, "id": "", "suffix": "", "prefix_characters": 1, "input_text": number, "suffix_characters": 0}
        | asdict(each)
        | {"prefix": "what stands in it is not what is asked"}
        for number, each in enumerate(asked)
    ]
    prompts = pa.Table.from_pylist(rows, schema=PromptsTable.arrow())
    model, settings = tiny_model("gpt2", tokenizer), GenerationSettings(GREEDY, None)
    assert generate(model, tokenizer, prompts, settings, "test") == generate(
        model, tokenizer, probes_of(PREFIXES), settings, "test"
    )
