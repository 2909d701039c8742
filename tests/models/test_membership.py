"""Scores of membership: against a plain computation, one row at a time; and which rows are members and controls."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fine_tuning import dataset, fine_tune, loaded, recipe_of, row
from tiny import TEXTS, tiny_model

from memorization.config.models import Recipe
from memorization.errors import UserError
from memorization.models import membership
from memorization.models.membership import draw_rows, encode, read, scores_of
from memorization.schemas.membership import MembershipTable

ROWS = [
    {
        "row": number,
        "id": str(number),
        "instruction": "Say:",
        "input": text,
        "target": " ".join(text.split()[: 2 + number]),
    }
    for number, text in enumerate(TEXTS[:11])
]
RECIPE = Recipe(epochs=1, max_input_tokens=40, max_target_tokens=20)

# As jobs set torch up: one thread.
pytestmark = pytest.mark.usefixtures("device")


def plain(model: Any, read_ids: list[int], written: list[int], start: int | None) -> tuple[np.ndarray, np.ndarray]:
    """Log-probabilities of the tokens after those before them, and normalized ones: one text, token by token."""
    import torch

    logs, normalized = [], []
    for place, token in enumerate(written):
        if start is not None:
            ids = {"input_ids": [read_ids], "decoder_input_ids": [[start, *written[:place]]]}
        else:
            ids = {"input_ids": [[*read_ids, *written[:place]]]}
        with torch.inference_mode():
            tensors = {name: torch.tensor(value, device=model.device) for name, value in ids.items()}
            logits = model(**tensors).logits[0, -1].double().cpu().numpy()
        chances = np.exp(logits - logits.max())
        chances /= chances.sum()
        mean = (chances * np.log(chances)).sum()
        variance = (chances * np.log(chances) ** 2).sum() - mean**2
        logs.append(np.log(chances[token]))
        normalized.append((np.log(chances[token]) - mean) / np.sqrt(variance))
    return np.array(logs), np.array(normalized)


def expected(model: Any, tokenizer: Any, each: dict[str, Any], learned: str) -> dict[str, Any]:
    """The row's scores, from the definitions; `learned`: target, or all."""
    source = tokenizer(f"{each['instruction']} {each['input']}", truncation=True, max_length=40)["input_ids"]
    if model.config.is_encoder_decoder:
        written = tokenizer(each["target"], truncation=True, max_length=20)["input_ids"]
        start = model.config.decoder_start_token_id
        logs, normalized = plain(model, source, written, start)
    else:
        source = source[:-1] if source[-1] == tokenizer.eos_token_id else source
        target = tokenizer("\n" + each["target"], add_special_tokens=False, truncation=True, max_length=20)["input_ids"]
        written = [*target, tokenizer.eos_token_id]
        if learned == "all":
            source, written = source[:1], [*source[1:], *written]
        logs, normalized = plain(model, source, written, None)
    lowest = max(1, len(logs) // 5)
    return {
        "tokens": len(logs),
        "zlib_bytes": len(zlib.compress(tokenizer.decode(written, skip_special_tokens=True).encode())),
        "loss": -logs.mean(),
        "min_k": np.sort(logs)[:lowest].mean(),
        "min_k_plus_plus": np.sort(normalized)[:lowest].mean(),
    }


def scored(model: Any, tokenizer: Any, rows: list[dict[str, Any]], recipe: Recipe, batch_size: int = 8) -> list[Any]:
    texts = encode(rows, model, tokenizer, recipe)
    return scores_of(rows, texts, read(model, tokenizer, texts, batch_size, "test"), None, 20)


@pytest.mark.parametrize("learned", ["all", "target"])
@pytest.mark.parametrize("architecture", ["t5", "bart", "gpt2", "llama"])
def test_scores_are_those_of_a_plain_computation(architecture: str, learned: str, tokenizer: Any) -> None:
    model = tiny_model(architecture, tokenizer, spread=0.3)
    recipe = RECIPE.model_copy(update={"loss": "target" if learned == "target" else None})

    found = scored(model, tokenizer, ROWS[3:5], recipe)

    for score, each in zip(found, ROWS[3:5], strict=True):
        right = expected(model, tokenizer, each, learned)
        assert {name: getattr(score, name) for name in right} == pytest.approx(right, abs=2e-5)
        assert (score.row, score.id, score.base_loss) == (each["row"], each["id"], None)


@pytest.mark.parametrize("architecture", ["t5", "gpt2"])
def test_a_score_does_not_depend_on_other_rows_or_the_batch(architecture: str, tokenizer: Any) -> None:
    model = tiny_model(architecture, tokenizer, spread=0.3)
    together = scored(model, tokenizer, ROWS, RECIPE, 16)

    assert [scored(model, tokenizer, [each], RECIPE)[0] for each in ROWS] == together
    assert scored(model, tokenizer, ROWS[::-1], RECIPE)[::-1] == together


def test_the_loss_is_the_one_that_training_reports(tokenizer: Any) -> None:
    import torch

    from memorization.models.examples import collate

    for architecture in ("t5", "gpt_neo"):
        model = tiny_model(architecture, tokenizer, spread=0.3)
        texts = encode(ROWS, model, tokenizer, RECIPE)
        batch = collate([text.examples[0] for text in texts], tokenizer.pad_token_id, architecture == "t5")
        with torch.inference_mode():
            mean = model(**{name: torch.from_numpy(array) for name, array in batch.items()}).loss.item()

        found = scored(model, tokenizer, ROWS, RECIPE)

        tokens = np.array([score.tokens for score in found])
        assert np.average([score.loss for score in found], weights=tokens) == pytest.approx(mean, abs=1e-5)


def test_an_encoder_decoder_that_learns_inputs_is_asked_for_their_second_halves(tokenizer: Any) -> None:
    model = tiny_model("t5", tokenizer, spread=0.3)
    recipe = RECIPE.model_copy(update={"loss": "input_and_target"})
    [target] = scored(model, tokenizer, ROWS[:1], RECIPE)

    [both] = scored(model, tokenizer, ROWS[:1], recipe)

    ids = tokenizer(ROWS[0]["input"], add_special_tokens=False, truncation=True, max_length=40)["input_ids"]
    end = [tokenizer.eos_token_id]
    half = len(ids) // 2
    logs, _ = plain(model, ids[:half] + end, ids[half:] + end, model.config.decoder_start_token_id)
    assert both.tokens == target.tokens + len(logs)
    assert both.loss * both.tokens == pytest.approx(target.loss * target.tokens - logs.sum(), abs=1e-3)


def test_the_text_of_a_row_is_that_of_the_blocks(tokenizer: Any) -> None:
    model = tiny_model("gpt2", tokenizer)
    recipe = Recipe.model_validate({"epochs": 1, "blocks": {"tokens": 12, "text": "{input} {target}"}})

    [text] = encode(ROWS[:1], model, tokenizer, recipe)

    whole = tokenizer(f"{ROWS[0]['input']} {ROWS[0]['target']}", add_special_tokens=False)["input_ids"]
    [example] = text.examples
    assert example.inputs.tolist() == example.labels.tolist() == whole[:12]
    assert text.scored == tokenizer.decode(whole[1:12])


def test_the_lowest_are_rounded_down_and_at_least_one() -> None:
    values = np.array([3.0, -1.0, 2.0, -4.0, 0.0, 1.0, 5.0])

    assert membership.lowest(values, 20) == -4.0
    assert membership.lowest(values, 30) == -2.5
    assert membership.lowest(values, 100) == pytest.approx(6 / 7)
    assert membership.lowest(values[:1], 20) == 3.0


def test_a_model_that_is_certain_has_numbers() -> None:
    import torch

    logits = torch.full((1, 3, 5), -1e4)
    logits[0, :, 2] = 1e4
    logits[0, 1, 3] = -torch.inf

    [scores] = membership._token_scores(logits, np.array([[2, 2, 2]]))

    assert scores.logs.tolist() == scores.normalized.tolist() == [0, 0, 0]
    with pytest.raises(UserError, match="NaN or infinity"):
        membership._token_scores(logits * torch.nan, np.array([[2, 2, 2]]))


def test_rows_without_a_scored_token_are_left_out(tokenizer: Any, caplog: pytest.LogCaptureFixture) -> None:
    model = tiny_model("gpt2", tokenizer)
    # One token alone: nothing predicts it.
    recipe = Recipe.model_validate({"epochs": 1, "blocks": {"tokens": 9, "text": "{target}"}})
    empty = {**ROWS[0], "target": ""}

    with caplog.at_level(logging.WARNING):
        found = scored(model, tokenizer, [ROWS[1], empty, ROWS[2]], recipe)

    assert [score.row for score in found] == [1, 2]
    assert "1 of 3 rows have no token that is scored" in caplog.text
    with pytest.raises(UserError, match="none of 1 rows has a token that is scored"):
        scored(model, tokenizer, [empty], recipe)


def test_texts_beyond_the_positions_are_refused(tokenizer: Any) -> None:
    model = tiny_model("gpt2", tokenizer)

    with pytest.raises(UserError, match=r"the model has 64 positions, and a row needs \d+: lower `membership\.max"):
        encode(ROWS, model, tokenizer, Recipe(epochs=1, max_input_tokens=60, max_target_tokens=20))


Draw = Callable[..., Any]


@pytest.fixture
def draw(tmp_path: Path) -> Draw:
    """Draws rows of a dataset that has them in both splits."""

    def drawn(population: str, rows: list[dict[str, Any]], n: int = 99, **keys: Any) -> Any:
        file = dataset(tmp_path / "rows.parquet", rows)
        more = [dataset(tmp_path / f"{name}.parquet", given) for name, given in keys.pop("more", {}).items()]
        return draw_rows(file, [file, *more], population, recipe_of("all", **keys), (n, 0), {})  # type: ignore[arg-type]

    return drawn


def test_members_are_the_train_split_and_controls_the_test_split(draw: Draw) -> None:
    rows = [row(text, "train" if number % 3 else "test", id=f"r{number}") for number, text in enumerate(TEXTS[:12])]

    member, control = draw("member", rows), draw("control", rows)

    assert [each["id"] for each in member.rows] == [f"r{number}" for number in range(12) if number % 3]
    assert [each["row"] for each in member.rows] == list(range(8))
    assert [each["id"] for each in control.rows] == ["r0", "r3", "r6", "r9"]
    assert [each["row"] for each in draw("member", rows, 3).rows] == sorted(
        each["row"] for each in draw("member", rows, 3).rows
    )
    assert len(draw("member", rows, 3).rows) == 3


def test_test_rows_that_were_trained_on_are_no_controls(draw: Draw, caplog: pytest.LogCaptureFixture) -> None:
    texts = TEXTS[:6]
    rows = [*(row(text) for text in texts[:3]), *(row(text, "test") for text in texts[2:])]
    # With another target, a row is another one.
    rows.append(row(texts[0], "test", target="other"))
    more = {"more": [row(texts[4])]}

    with caplog.at_level(logging.WARNING):
        drawn = draw("control", rows, more=more)

    assert [each["input"] for each in drawn.rows] == [texts[3], texts[5], texts[0]]
    assert drawn.counts == {"rows": 5, "also_trained_on": 2}
    assert "2 of 5 test rows equal a training row" in caplog.text
    with pytest.raises(UserError, match="no rows in split 'test', of which none equals a training row"):
        draw("control", [row(texts[0]), row(texts[0], "test")])
    with pytest.raises(UserError, match="no rows in split 'train'"):
        draw("member", [row(texts[0], "test")])


def test_duplicates_that_a_training_leaves_out_are_no_members(draw: Draw) -> None:
    rows = [row(TEXTS[0], id="a"), row(TEXTS[1], id="b"), row(TEXTS[0], id="c"), row(TEXTS[1], "test")]

    assert [each["id"] for each in draw("member", rows).rows] == ["a", "b", "c"]
    drawn = draw("member", rows, deduplicate="exact")
    assert [each["id"] for each in drawn.rows] == ["a", "b"]
    assert drawn.counts == {"rows": 3, "dropped_duplicates": 1}


@pytest.mark.parametrize("architecture", ["t5", "gpt_neo"])
def test_a_model_that_memorized_its_rows_gives_them_away(architecture: str, tokenizer: Any, tmp_path: Path) -> None:
    from memorization.config.project import Statistics
    from memorization.studies.membership.attacks import Population, attack

    generator = np.random.default_rng(0)
    words = sorted({word for text in TEXTS for word in text.split()})
    rows = [
        row(" ".join(generator.choice(words, 8)), split, id=str(number), target=" ".join(generator.choice(words, 4)))
        for split in ("train", "test")
        for number in range(12)
    ]
    file = dataset(tmp_path / "rows.parquet", rows)
    recipe = recipe_of("all", epochs=40, learning_rate=0.03)
    base = tiny_model(architecture, tokenizer, spread=0.05)
    texts, versus = [], []
    drawn = [draw_rows(file, [file], population, recipe, (99, 0), {}).rows for population in ("member", "control")]
    for each in drawn:
        texts.append(encode(each, base, tokenizer, recipe))
        versus.append(read(base, tokenizer, texts[-1], 8, "test"))
    trained = loaded(fine_tune(base, tokenizer, tmp_path / "training", recipe, [file]) / "epoch-40")
    own = [read(trained, tokenizer, part, 8, "test") for part in texts]
    sides = [
        Population(
            membership.table_of(scores_of(*side, 20)),
            [each["input"] for each in side[0]],
            [f"{each['input']}\n{each['target']}" for each in side[0]],
            [each["input"] for each in side[0]],
        )
        for side in zip(drawn, texts, own, versus, strict=True)
    ]

    found = {each["attack"]: each for each in attack(*sides, Statistics(draws=100), 0)}

    assert sides[0].scores.schema.equals(MembershipTable.arrow())
    for name in ("loss", "loss_over_base", "zlib", "min_k", "min_k_plus_plus"):
        assert found[name]["auc"] > 0.9, name
    assert found["loss"]["over_blind"] > 0.2
