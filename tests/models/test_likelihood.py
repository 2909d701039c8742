"""Likelihoods: those of the tokens that generation would write, one by one, and no others."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generating import probes_of, restricted, texts_of
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from tiny import ARCHITECTURES, PREFIXES, tiny_model

from memorization.config.generation import Decoding
from memorization.errors import UserError
from memorization.models.likelihood import (
    Continuation,
    LikelihoodSettings,
    SuffixLikelihood,
    continuations,
    likelihoods,
    table_of,
)
from memorization.probes import prefix_ends
from memorization.schemas.likelihoods import LikelihoodsTable

REAL_MODELS = Path(__file__).resolve().parents[3] / "shared" / "models"
SUFFIXES = [
    " brown fox jumps over the lazy dog while",
    " old stone bridges",
    "matic wizards mix bright potions under the quick fox",
    "ing over",
    "\n\nThe seven wizards, and one more dog under old stone bridges",
    " quick",
    " jumps over the lazy dog",
]
TOKENS = 6
DECODINGS = {
    "greedy": Decoding(strategy="greedy", max_new_tokens=12),
    "all": Decoding(strategy="sample"),
    "top_k": Decoding(strategy="sample", top_k=40),
    "top_p": Decoding(strategy="sample", top_p=0.8),
    "three": Decoding(strategy="sample", temperature=1.7, top_k=100, top_p=0.95),
    "long": Decoding(strategy="sample", top_k=100, min_new_tokens=3),
    "greedy_long": Decoding(strategy="greedy", min_new_tokens=3),
}


def rows_of(
    model: Any,
    tokenizer: Any,
    batch_size: int = 8,
    prefixes: Sequence[str] = PREFIXES,
    suffixes: Sequence[str] = SUFFIXES,
    tokens: int = TOKENS,
    decodings: dict[str, Decoding] = DECODINGS,
) -> list[SuffixLikelihood]:
    settings = LikelihoodSettings(decodings, tokens, batch_size)
    return likelihoods(model, tokenizer, probes_of(prefixes, suffixes), settings, "test")


def step_by_step(model: Any, continuation: Continuation, decoding: Decoding) -> tuple[list[float], int]:
    """Log-probabilities of the suffix's tokens and its greedy head, a token at a time, by definition and alone."""
    import torch

    logs, head, broken = [], 0, False
    for place, token in enumerate(continuation.suffix):
        written = continuation.lead + continuation.suffix[:place]
        with torch.inference_mode():
            if model.config.is_encoder_decoder:
                start = model.config.decoder_start_token_id
                output = model(
                    input_ids=torch.tensor([continuation.prompt]), decoder_input_ids=torch.tensor([[start, *written]])
                )
            else:
                output = model(input_ids=torch.tensor([continuation.prompt + written]))
        logits = output.logits[0, -1].double().numpy()
        if len(written) < decoding.min_new_tokens:
            logits[1] = -np.inf
        broken = broken or int(logits.argmax()) != token
        head += not broken
        if decoding.strategy == "greedy":
            logs.append(0.0 if int(logits.argmax()) == token else -np.inf)
        else:
            with np.errstate(divide="ignore"):
                logs.append(float(np.log(restricted(logits, decoding)[token])))
    return logs, head


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_likelihoods_are_those_of_one_token_after_another(architecture: str, tokenizer: Any, device: Any) -> None:
    model = tiny_model(architecture, tokenizer, spread=0.3)
    expected = continuations(model, tokenizer, PREFIXES, SUFFIXES, TOKENS)

    rows = rows_of(model, tokenizer)

    assert [(row.probe, row.decoding) for row in rows] == [
        (p, name) for p in range(len(PREFIXES)) for name in DECODINGS
    ]
    impossible = 0
    for row in rows:
        logs, head = step_by_step(model, expected[row.probe], DECODINGS[row.decoding])
        assert row.tokens == len(logs) == len(expected[row.probe].suffix)
        assert row.token_log_probabilities == pytest.approx(logs, abs=1e-4)
        assert row.log_probability == pytest.approx(sum(logs), abs=1e-4)
        assert row.greedy_tokens == head
        impossible += np.isinf(row.log_probability)
    assert 0 < impossible < len(rows)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_scores_are_those_that_generation_sees(architecture: str, tokenizer: Any, device: Any) -> None:
    import torch

    model = tiny_model(architecture, tokenizer, spread=0.3)
    expected = continuations(model, tokenizer, PREFIXES, SUFFIXES, TOKENS)
    rows = rows_of(model, tokenizer, decodings={"all": DECODINGS["all"]})
    for continuation, row in zip(expected, rows, strict=True):
        # `generate` is led along the suffix, and keeps the scores it would have chosen from.
        first = 1 if model.config.is_encoder_decoder else len(continuation.prompt)
        output = model.generate(
            input_ids=torch.tensor([continuation.prompt]),
            attention_mask=torch.ones(1, len(continuation.prompt), dtype=torch.long),
            do_sample=False,
            max_new_tokens=len(continuation.suffix),
            prefix_allowed_tokens_fn=lambda _, ids, q=continuation, f=first: [q.suffix[len(ids) - f]],
            pad_token_id=0,
            output_logits=True,
            return_dict_in_generate=True,
        )
        assert output.sequences[0][first:].tolist() == continuation.suffix
        expected = [
            float(step[0].double().log_softmax(-1)[token])
            for step, token in zip(output.logits, continuation.suffix, strict=True)
        ]
        assert row.token_log_probabilities == pytest.approx(expected, abs=1e-4)


def numbers(entries: int) -> Any:
    """A tokenizer whose words are the numbers of its tokens; 0 is padding, 1 the end."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    vocabulary = {"<pad>": 0, "</s>": 1} | {str(number): number for number in range(2, entries)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="2"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>")


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_greedy_tokens_are_those_that_generation_writes(architecture: str, device: Any) -> None:
    tokenizer = numbers(40)
    # With seed 1 the random FSMT ends every text at once.
    model = tiny_model(architecture, tokenizer, seed=3 if architecture == "fsmt" else 1)
    prefixes = [" ".join(map(str, row)) for row in np.random.default_rng(0).integers(2, 40, size=(24, 5))]
    texts = texts_of(model, tokenizer, prefixes, DECODINGS["greedy"], 8)
    # Padding in the middle of a text shows only in its count.
    shown = [text for text in texts if text.generated_tokens == len(text.generation.split())]
    written = [text.generation for text in shown]
    prefixes = [prefixes[text.probe] for text in shown]
    # The model's own text, in which the i-th word of the i-th suffix is another one.
    suffixes = []
    for place, text in enumerate(written):
        words = text.split()[:12]
        if place < len(words):
            words[place] = "2" if words[place] != "2" else "3"
        suffixes.append(" " + " ".join(words or ["2"]))

    rows = rows_of(
        model, tokenizer, prefixes=prefixes, suffixes=suffixes, tokens=10, decodings={"greedy": DECODINGS["greedy"]}
    )

    for row, text, suffix in zip(rows, written, suffixes, strict=True):
        expected = suffix.split()[:10]
        equal = next(
            (place for place, pair in enumerate(zip(expected, text.split(), strict=False)) if pair[0] != pair[1]),
            len(expected),
        )
        assert row.greedy_tokens == min(equal, len(text.split()))
        assert row.log_probability == (0.0 if row.greedy_tokens == len(expected) else -np.inf)
    assert len({row.greedy_tokens for row in rows}) > 4


@pytest.mark.parametrize("architecture", ["t5", "gpt_neo"])
@pytest.mark.parametrize(
    "options",
    [{}, {"top_k": 5}, {"temperature": 0.7, "top_p": 0.9}, {"min_new_tokens": 3}],
    ids=["all", "top k", "temperature and top p", "no end"],
)
def test_texts_are_drawn_as_often_as_likelihoods_predict(
    architecture: str, options: dict[str, Any], device: Any
) -> None:
    tokenizer, draws = numbers(8), 4000
    model = tiny_model(architecture, tokenizer, spread=0.2)
    decoding = Decoding.model_validate({"strategy": "sample", "max_new_tokens": 3, "seed": 5, **options})
    texts = [text.generation for text in texts_of(model, tokenizer, ["2 3 4"] * draws, decoding, 1000)]
    often = sorted(set(texts), key=lambda text: (-texts.count(text), text))
    chosen = [text for text in often if len(text.split()) == 3][:12]

    rows = rows_of(
        model,
        tokenizer,
        prefixes=["2 3 4"] * len(chosen),
        suffixes=[f" {text}" for text in chosen],
        tokens=3,
        decodings={"drawn": decoding},
    )

    assert len(chosen) == 12
    for text, row in zip(chosen, rows, strict=True):
        assert binomtest(texts.count(text), draws, np.exp(row.log_probability)).pvalue > 1e-4


def test_probabilities_of_all_suffixes_are_those_of_no_early_end(device: Any) -> None:
    tokenizer = numbers(6)
    model = tiny_model("t5", tokenizer, spread=0.3)
    pairs = [f" {one} {other}" for one in range(2, 6) for other in range(2, 6)]
    singles = [f" {one}" for one in range(2, 6)]

    two = rows_of(
        model, tokenizer, prefixes=["2 3"] * 16, suffixes=pairs, tokens=2, decodings={"all": DECODINGS["all"]}
    )
    one = rows_of(
        model, tokenizer, prefixes=["2 3"] * 4, suffixes=singles, tokens=2, decodings={"all": DECODINGS["all"]}
    )

    heads = {row.token_log_probabilities[0] for row in two}
    assert heads == {row.log_probability for row in one}
    assert sum(np.exp(row.log_probability) for row in two) < sum(np.exp(row.log_probability) for row in one) < 1


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_likelihoods_do_not_depend_on_the_batch_or_the_order(architecture: str, tokenizer: Any, device: Any) -> None:
    model = tiny_model(architecture, tokenizer)
    alone = rows_of(model, tokenizer, batch_size=1)

    assert rows_of(model, tokenizer, batch_size=64) == alone
    assert rows_of(model, tokenizer, prefixes=PREFIXES * 5, suffixes=SUFFIXES * 5, batch_size=16)[: len(alone)] == alone
    backward = rows_of(model, tokenizer, prefixes=PREFIXES[::-1], suffixes=SUFFIXES[::-1])
    turned = [replace(row, probe=len(PREFIXES) - 1 - row.probe) for row in backward]
    assert sorted(turned, key=lambda row: row.probe) == alone


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_a_slice_of_the_probes_gives_the_rows_of_the_whole_table(
    architecture: str, tokenizer: Any, device: Any
) -> None:
    """A probe is its number, not its place in a list."""
    model = tiny_model(architecture, tokenizer)
    settings = LikelihoodSettings(DECODINGS, TOKENS, 8)
    probes = probes_of(PREFIXES * 3, SUFFIXES * 3, first=4990)

    rows = likelihoods(model, tokenizer, probes, settings, "test")
    part = likelihoods(model, tokenizer, probes.slice(10), settings, "test")

    assert [row.probe for row in part] == [number for number in range(5000, 5011) for _ in DECODINGS]
    assert part == rows[10 * len(DECODINGS) :]


def test_the_table_of_likelihoods_has_their_schema(tokenizer: Any, device: Any) -> None:
    rows = rows_of(tiny_model("t5", tokenizer), tokenizer)

    table = table_of(rows)

    assert table.schema.equals(LikelihoodsTable.arrow())
    assert [SuffixLikelihood(**row) for row in table.to_pylist()] == rows


def test_short_suffixes_have_fewer_tokens(device: Any) -> None:
    tokenizer = numbers(8)

    rows = rows_of(
        tiny_model("gpt2", tokenizer),
        tokenizer,
        prefixes=["2 3", "2 3"],
        suffixes=[" 4", " 4 5 6"],
        tokens=3,
        decodings={"all": DECODINGS["all"]},
    )

    assert [row.tokens for row in rows] == [len(row.token_log_probabilities) for row in rows] == [1, 3]
    assert rows[0].token_log_probabilities == rows[1].token_log_probabilities[:1]


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_a_suffix_ends_before_an_end_token_in_it(architecture: str, device: Any) -> None:
    tokenizer = numbers(8)

    expected = continuations(tiny_model(architecture, tokenizer), tokenizer, ["2 3"], [" 4 </s> 5"], 5)

    assert expected[0].suffix == [4]


@given(text=st.text(min_size=2, max_size=30).filter(lambda text: text.strip()), place=st.integers(1, 8))
def test_decoder_only_models_continue_the_text(text: str, place: int, tokenizer: Any, device: Any) -> None:
    cut = prefix_ends([text], tokenizer.backend_tokenizer, place)[0]

    expected = continuations(tiny_model("gpt2", tokenizer), tokenizer, [text[:cut]], [text[cut:]], 1000)[0]

    assert tokenizer.decode(expected.suffix, clean_up_tokenization_spaces=False) == text[cut:]
    assert expected.lead == []


def test_a_word_that_the_cut_divides_goes_on(tokenizer: Any, device: Any) -> None:
    model, text = tiny_model("gpt2", tokenizer), "The quickest browning wizardry"
    whole = tokenizer(text, add_special_tokens=False)["input_ids"]
    divided = 0
    for place in range(1, len(whole)):
        cut = prefix_ends([text], tokenizer.backend_tokenizer, place)[0]
        divided += text[cut - 1 : cut + 1].isalpha()

        expected = continuations(model, tokenizer, [text[:cut]], [text[cut:]], 99)[0]

        assert [expected.prompt, expected.suffix] == [whole[:place], whole[place:]]
    assert divided > 2


def test_encoder_decoder_models_write_the_suffix_as_a_text_of_its_own(tokenizer: Any, device: Any) -> None:
    model = tiny_model("t5", tokenizer)

    expected = continuations(model, tokenizer, ["The quick"], [" \n brown fox"], 99)[0]

    assert expected.suffix == tokenizer(text_target="brown fox")["input_ids"][:-1]
    assert expected.lead == []
    assert expected.prompt == tokenizer("The quick")["input_ids"]


def begun(entries: int) -> Any:
    """A tokenizer as BART's: targets begin with a token of their own, here 2."""
    from tokenizers import processors

    tokenizer = numbers(entries)
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="2 $A </s>", special_tokens=[("2", 2), ("</s>", 1)]
    )
    return tokenizer


def test_a_special_token_before_the_text_counts_with_its_first_token(device: Any) -> None:
    import torch

    tokenizer = begun(12)
    model = tiny_model("bart", tokenizer, spread=0.3)

    row = rows_of(model, tokenizer, prefixes=["3 4"], suffixes=[" 5 6"], tokens=2, decodings={"all": DECODINGS["all"]})[
        0
    ]

    read, written = tokenizer("3 4")["input_ids"], [1, 2, 5, 6]
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([read]), decoder_input_ids=torch.tensor([written])).logits[0]
    logs = logits.double().log_softmax(-1)
    first, second, third = (float(logs[place, token]) for place, token in enumerate(written[1:]))
    assert row.token_log_probabilities == pytest.approx([first + second, third], abs=1e-5)


@pytest.mark.parametrize("make", [begun, numbers], ids=["with its mark", "without"])
def test_a_forced_first_token_is_certain(make: Any, device: Any) -> None:
    tokenizer = make(12)
    model = tiny_model("bart", tokenizer, spread=0.3)
    free = rows_of(model, begun(12), prefixes=["3 4"], suffixes=[" 5 6"], decodings={"all": DECODINGS["all"]})[0]
    model.generation_config.forced_bos_token_id = 2
    drawn = Decoding(strategy="sample", max_new_tokens=3, seed=1)
    given = "3 4 </s>" if make is numbers else "2 3 4 </s>"
    assert tokenizer.decode(tokenizer("3 4")["input_ids"]) == given

    forced = rows_of(model, tokenizer, prefixes=["3 4"], suffixes=[" 5 6"], decodings={"all": DECODINGS["all"]})[0]
    texts = [text.generation for text in texts_of(model, tokenizer, ["3 4"] * 3000, drawn, 1000)]

    if make is begun:
        assert forced.log_probability > free.log_probability
    hits = sum(text.split() == ["2", "5", "6"] for text in texts)
    assert hits > 5
    assert binomtest(hits, 3000, np.exp(forced.log_probability)).pvalue > 1e-4


@pytest.mark.parametrize("architecture", ["gpt_neo", "llama", "bart"])
def test_too_few_positions_are_refused(architecture: str, tokenizer: Any, device: Any) -> None:
    with pytest.raises(UserError, match=r"the model has 64 positions, .*`tokens: 65` needs \d+: lower one"):
        rows_of(tiny_model(architecture, tokenizer), tokenizer, tokens=65)


@pytest.mark.parametrize("architecture", ["gpt2", "bart"])
def test_all_positions_can_be_used(architecture: str, tokenizer: Any, device: Any) -> None:
    model = tiny_model(architecture, tokenizer)
    room = 64 if architecture == "bart" else 64 - len(tokenizer(PREFIXES[0], add_special_tokens=False)["input_ids"])

    rows = rows_of(model, tokenizer, prefixes=PREFIXES[:1], suffixes=[f" {' fox' * 70}"], tokens=room)

    assert {row.tokens for row in rows} == {room}


@pytest.mark.skipif(not REAL_MODELS.is_dir(), reason="no real tokenizers here")
def test_real_tokenizers_give_the_suffix_back(device: Any) -> None:
    from transformers import AutoTokenizer

    text = "Unbelievable {things} happened: the café's owner said \u201cno\u201d 🙂🙂 and\n\n left."
    byte_level = AutoTokenizer.from_pretrained(REAL_MODELS / "gpt2-tokenizer")
    word_marks = AutoTokenizer.from_pretrained(REAL_MODELS / "t5-tokenizer")
    decoder_only = tiny_model("gpt2", byte_level, bos_token_id=50256, eos_token_id=50256)
    encoder_decoder = tiny_model("t5", word_marks)
    straddled = 0
    for place in range(1, 20):
        cut = prefix_ends([text], byte_level.backend_tokenizer, place)[0]
        expected = continuations(decoder_only, byte_level, [text[:cut]], [text[cut:]], 99)[0]
        assert byte_level.decode(expected.prompt + expected.suffix) == text
        straddled += expected.prompt + expected.suffix != byte_level(text)["input_ids"]
        cut = prefix_ends([text], word_marks.backend_tokenizer, place)[0]
        expected = continuations(encoder_decoder, word_marks, [text[:cut]], [text[cut:]], 99)[0]
        suffix = word_marks.decode(expected.suffix, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        # No T5 can write braces, emoji or line breaks.
        possible = " ".join(text[cut:].translate(str.maketrans("", "", "{}🙂")).split())
        assert " ".join(suffix.split()) == possible
    # A space and the first bytes of a quotation mark are one token.
    assert 0 < straddled < 5
