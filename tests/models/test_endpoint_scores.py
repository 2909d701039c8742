"""What a served model assigns to texts: against the same model here, and against servers that say other things."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from stand_in_endpoint import Answer, Request, StandIn, completion, echoed
from tiny import TEXTS, tiny_model

from memorization.config.models import Endpoint, Recipe
from memorization.errors import UserError
from memorization.models import loading
from memorization.models.endpoint import tokenizer_of
from memorization.models.endpoint_scores import Asked, Weights, plain_texts, scores, starts_of
from memorization.models.membership import Score, encode, lowest, read
from memorization.models.replies import FOLDER

ROWS = [
    {"row": number, "id": f"row-{number}", "instruction": "Say:", "input": f"{text} é☃", "target": text[:30]}
    for number, text in enumerate(TEXTS[:5])
]
EMPTY = {"row": 5, "id": "empty", "instruction": "", "input": "", "target": ""}
RECIPE = Recipe(epochs=1, max_input_tokens=30, max_target_tokens=12)
TARGET = RECIPE.model_copy(update={"loss": "target"})


pytestmark = pytest.mark.usefixtures("quick_server")


def settings(stand_in: StandIn, **keys: Any) -> dict[str, Any]:
    stated = {"kind": "endpoint", "url": stand_in.url, "model": "bot", "api": "completions", "send": True}
    endpoint = Endpoint.model_validate(stated | {"parallel": 1, "log_probabilities": True} | keys)
    return {"key": "models.bot.source", "endpoint": endpoint.model_dump(mode="json")}


def told(stand_in: StandIn, folder: Path, results: Path, base: Any = None, **keys: Any) -> list[Score]:
    """The scores of the rows that the stand-in gives."""
    recipe, rows = keys.pop("recipe", RECIPE), keys.pop("rows", ROWS)
    return scores(settings(stand_in, **keys), base, rows, recipe, (folder, results), 20, "test")[0]


def served(model: Any, tokenizer: Any) -> Callable[[Request], Answer]:
    """A server of that model."""
    import torch

    def answer(request: Request) -> Answer:
        ids = tokenizer(request.prompt, add_special_tokens=False)["input_ids"]
        with torch.inference_mode():
            logs = model(input_ids=torch.tensor([ids])).logits[0].double().log_softmax(-1)
        own = [None, *(float(logs[place, token]) for place, token in enumerate(ids[1:]))]
        tokens = tokenizer.batch_decode([[token] for token in ids], clean_up_tokenization_spaces=False)
        assert any("\ufffd" in token for token in tokens) == ("☃" in request.prompt)
        return echoed(request, tokens, own)

    return answer


@pytest.mark.parametrize("recipe", [RECIPE, TARGET], ids=["all", "target"])
@pytest.mark.usefixtures("device")
def test_a_served_model_scores_as_the_same_model_here(
    recipe: Recipe, folder: Path, tmp_path: Path, tokenizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = tiny_model("gpt2", tokenizer, spread=0.3)
    monkeypatch.setattr(loading, "load_state", lambda *_: (model, tokenizer))
    with StandIn(usual=served(model, tokenizer)) as stand_in:
        base = Weights(folder, "bot", "cpu", 1, 8)
        found = told(stand_in, folder, tmp_path, base, recipe=recipe, rows=[*ROWS, EMPTY])

    texts = encode(ROWS, model, tokenizer, recipe)
    for score, own, text in zip(found, read(model, tokenizer, texts, 8, "test"), texts, strict=True):
        # Only the end token is not scored.
        logs = own.logs[:-1]
        assert (score.tokens, score.min_k_plus_plus) == (len(logs), None)
        assert (score.loss, score.min_k) == pytest.approx((-logs.mean(), lowest(logs, 20)), abs=2e-5)
        assert score.base_loss == pytest.approx(score.loss, abs=2e-5)
        assert text.scored
    assert [(score.row, score.id) for score in found] == [(each["row"], each["id"]) for each in ROWS]


def test_texts_are_cut_as_a_training_cuts_them(folder: Path, tokenizer: Any) -> None:
    texts = plain_texts(ROWS, tokenizer_of("models.bot.source", folder), TARGET)

    for each, row in zip(texts, ROWS, strict=True):
        source = tokenizer(f"Say: {row['input']}", truncation=True, max_length=30)["input_ids"][:-1]
        target = tokenizer(f"\n{row['target']}", add_special_tokens=False)["input_ids"][:12]
        assert each == Asked(tokenizer.decode([*source, *target]), len(tokenizer.decode(source)))


def test_a_prompt_is_asked_about_once_and_never_again(folder: Path, tmp_path: Path) -> None:
    with StandIn(usual=echoed) as stand_in:
        rows = [*ROWS, {**ROWS[0], "row": 9}]
        found = told(stand_in, folder, tmp_path, rows=rows)
        again = told(stand_in, folder, tmp_path, rows=rows, send=False)

    assert found == again
    assert len(stand_in.requests) == len(ROWS)
    expected = {"model": "bot", "max_tokens": 1, "temperature": 0, "echo": True, "logprobs": 1}
    assert stand_in.requests[0].body == expected | {"prompt": stand_in.prompts[0]}
    with StandIn(usual=echoed) as stand_in, pytest.raises(UserError, match=r"send: 5 requests would be sent"):
        told(stand_in, folder, tmp_path, send=False)
    assert not stand_in.requests


def test_losses_are_compared_with_those_of_a_served_base_model(folder: Path, tmp_path: Path) -> None:
    with StandIn(usual=echoed) as stand_in:
        base = settings(stand_in)
        found = told(stand_in, folder, tmp_path, base, model="ft:bot")
        assert len(stand_in.requests) == 2 * len(ROWS)
        alone = told(stand_in, folder, tmp_path, model="ft:bot")

        assert all(score.base_loss == pytest.approx(score.loss * 5 / 3, abs=2e-6) for score in found)
        assert {score.base_loss for score in alone} == {None}

        stand_in.usual = lambda request: echoed(request, list(request.prompt))
        with pytest.raises(UserError, match="reads other tokens than its base model"):
            told(stand_in, folder, tmp_path, base, model="another")


def test_rows_without_a_counted_token_are_left_out(folder: Path, tmp_path: Path) -> None:
    with StandIn(usual=echoed) as stand_in:
        found = told(stand_in, folder, tmp_path, rows=[EMPTY, ROWS[0]], recipe=TARGET)
    assert [score.id for score in found] == ["row-0"]
    assert len(stand_in.requests) == 1


TEXT = "The quick ☃ fox\nruns 🙂"
SPELLED = {
    "as it stands": (["The", " quick", " ☃", " fox", "\n", "runs", " 🙂"], [0, 3, 9, 11, 15, 16, 20]),
    "with a token that begins texts": (["<s>", "The quick ☃ fox", "\nruns 🙂"], [0, 0, 15]),
    "without spaces": (["", "The", "quick", "☃", "fox", "\n", "runs", "🙂"], [0, 0, 3, 9, 11, 15, 16, 20]),
    "with one before": ([" The", " quick ☃ fox", "\nruns 🙂"], [0, 3, 15]),
    "in parts of characters": (
        ["The", " quick", " \ufffd", "\ufffd", " fox\nruns", " \ufffd", "\ufffd\ufffd"],
        [0, 3, 9, 10, 11, 20, 21],
    ),
    "in halves of pairs": (["The quick ☃ fox\nruns", " \ud83d", "\ude42"], [0, 20, 21]),
}


@pytest.mark.parametrize("name", SPELLED)
@pytest.mark.parametrize("written", [[], [" more"]])
def test_tokens_are_found_where_they_begin(name: str, written: list[str]) -> None:
    tokens, starts = SPELLED[name]
    assert starts_of(TEXT, [*tokens, *written]) == starts


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        ["The"],
        [" more"],
        ["<s>", "<s>", TEXT],
        ["The", " slow"],
        ["The quick ☃ fox\nruns", " \ufffd a"],
        [TEXT + "a"],
    ],
)
def test_tokens_that_do_not_spell_the_text_are_none(tokens: list[str]) -> None:
    with pytest.raises(ValueError, match="gives no log-probabilities of a prompt"):
        starts_of(TEXT, tokens)


def of_first(to: bytes) -> Callable[[Request], Answer]:
    """The usual answer with other log-probabilities of its first tokens."""

    def answer(request: Request) -> Answer:
        plain = echoed(request)
        return Answer(body=plain.body.replace(b'"token_logprobs": [null, -', to, 1))

    return answer


LIES: dict[str, tuple[Callable[[Request], Answer], str]] = {
    "the written token alone": (lambda request: echoed(request, [], []), "its tokens end before the text"),
    "a beginning": (lambda request: echoed(request, [request.prompt[:9]], [None]), r"its tokens .* character 9 of"),
    "another text": (lambda request: echoed(request, ["A", " lie"], [None, -1.0]), "its tokens do not spell the text"),
    "none": (completion, r"`choices\[0\].logprobs` is missing"),
    "null": (lambda request: completion(request, logprobs=None), r"`choices\[0\].logprobs` is missing"),
    "no tokens": (lambda request: completion(request, logprobs={"tokens": [1]}), "no list of texts"),
    "other lengths": (lambda request: echoed(request, ["a", "b"], [None]), "as many numbers as there are tokens"),
    "above 0": (of_first(to=b'"token_logprobs": [null, '), r"of token 2 of \d+ is none: \d"),
    "null later": (of_first(to=b'"token_logprobs": [null, null, -'), "as many numbers"),
    "a text": (of_first(to=b'"token_logprobs": ["-1", -'), 'of token 1 of .* is none: "-1"'),
    "infinite": (of_first(to=b'"token_logprobs": [-Infinity, -'), "of token 1 of .* is none: -Infinity"),
    "no number": (of_first(to=b'"token_logprobs": [NaN, -'), "of token 1 of .* is none: NaN"),
    "withheld": (of_first(to=b'"token_logprobs": [-9999.0, -'), "of token 1 of .* is none: -9999"),
    "huge": (of_first(to=b'"token_logprobs": [' + b"9" * 400 + b", -"), "of token 1 of .* is none: 999"),
    "as a chat": (lambda request: completion(request, logprobs={"content": []}), "no list of texts: this server gives"),
    "true": (of_first(to=b'"token_logprobs": [false, -'), "of token 1 of .* is none: false"),
}


@pytest.mark.parametrize("name", LIES)
def test_lies_are_one_message_and_not_kept(
    name: str, folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lie, said = LIES[name]
    with StandIn(usual=lie) as stand_in:
        with pytest.raises(
            UserError, match=f"^models.bot.source: .*/completions: the reply is none: .*{said}"
        ) as raised:
            told(stand_in, folder, tmp_path)
        assert not list((tmp_path / FOLDER).glob("*"))
        stand_in.usual = echoed
        assert len(told(stand_in, folder, tmp_path)) == len(ROWS)
    assert TEXTS[0][:12] not in str(raised.value) + caplog.text


def test_nulls_of_later_tokens_are_refused(folder: Path, tmp_path: Path) -> None:
    def hidden(request: Request) -> Answer:
        return echoed(request, [request.prompt[:5], request.prompt[5:]], [None, None])

    with StandIn(usual=hidden) as stand_in, pytest.raises(UserError, match="of token 2 of 2 is none: null"):
        told(stand_in, folder, tmp_path)


def test_low_precision_gives_no_gain(folder: Path, tmp_path: Path) -> None:
    whole = lambda request: echoed(request, [request.prompt[:5], request.prompt[5:]], [None, 3e-7])  # noqa: E731
    with StandIn(usual=whole) as stand_in:
        assert {score.loss for score in told(stand_in, folder, tmp_path)} == {0.0}


def test_no_deep_learning_library_is_loaded(folder: Path, tmp_path: Path) -> None:
    with StandIn(usual=echoed) as stand_in:
        program = (
            "import sys\nfrom pathlib import Path\n"
            "from memorization.config.models import Recipe\n"
            "from memorization.models.endpoint_scores import scores\n"
            f"rows, recipe = {ROWS!r}, Recipe(epochs=1)\n"
            f"folders = Path({str(folder)!r}), Path({str(tmp_path)!r})\n"
            f"assert len(scores({settings(stand_in)!r}, None, rows, recipe, folders, 20, 'test')[0]) == {len(ROWS)}\n"
            "assert not {'torch', 'transformers'} & set(sys.modules)"
        )
        subprocess.run([sys.executable, "-c", program], check=True)
