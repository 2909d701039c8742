"""Deduplication: equal and similar inputs are left out, and nothing else."""

import random
import string
from pathlib import Path
from typing import Any

import pytest
from fine_tuning import READ, ROWS, dataset, fine_tune, recipe_of, report, row, small

from memorization import storage
from memorization.duplicates import jaccard, shingles
from memorization.models.recipes.deduplication import in_turn, without_duplicates


def alone(texts: list[str]) -> list[tuple[str, ...]]:
    """Rows of one text."""
    return [(text,) for text in texts]


def words(generator: random.Random, count: int) -> list[str]:
    return ["".join(generator.choices(string.ascii_lowercase, k=6)) for _ in range(count)]


def changed_at(text: list[str], *places: int) -> str:
    return " ".join(f"other{place}" if place in places else word for place, word in enumerate(text))


def test_near_duplicates_are_those_that_share_four_fifths_of_their_word_five_grams() -> None:
    text = words(random.Random(0), 100)
    variants = {
        " ".join(text): True,
        # One word in the middle is in five of 96 five-grams: 91 shared of 101, similarity 0.90.
        changed_at(text, 50): False,
        # Two words: 86 of 106, 0.81.
        changed_at(text, 30, 60): False,
        # Three words: 81 of 111, 0.73.
        changed_at(text, 20, 50, 80): True,
        # Of the first 85 words all 81 five-grams are among the 96: 0.84; of the first 75, 71: 0.74.
        " ".join(text[:85]): False,
        " ".join(text[:75]): True,
        " ".join(text).upper().replace(" ", ",  "): False,
        " ".join(reversed(text)): True,
    }
    near = without_duplicates(alone(list(variants)), "near")

    assert [list(variants)[position] for position in near] == [text for text, kept in variants.items() if kept]


def test_near_duplicates_are_found_as_by_comparing_all_pairs() -> None:
    generator = random.Random(1)
    originals = [words(generator, generator.randrange(1, 60)) for _ in range(30)]
    texts = []
    for _ in range(150):
        text = list(generator.choice(originals))
        for _ in range(generator.randrange(0, 5)):
            text[generator.randrange(len(text))] = generator.choice(generator.choice(originals))
        texts.append(" ".join(text))
    texts += ["", "One.", "one", "One two three four.", "one two three four five"]

    expected: list[int] = []
    for position, text in enumerate(texts):
        own = shingles(text)
        if all(jaccard(own, shingles(texts[earlier])) < 0.8 for earlier in expected):
            expected.append(position)
    assert 30 < len(expected) < 150
    assert without_duplicates(alone(texts), "near") == expected


def test_exact_duplicates_are_the_same_to_the_letter() -> None:
    texts = ["b", "a", "b", "A", "a", "a "]

    assert without_duplicates(alone(texts), "exact") == [0, 1, 3, 5]


@pytest.mark.parametrize("how", ["exact", "near"])
def test_a_row_is_a_duplicate_where_all_of_its_texts_are(how: Any) -> None:
    passage = " ".join(words(random.Random(0), 150))
    rows = [
        (passage, "Rollo", "Who was the leader?"),
        (passage, "Rollo", "Whose leader was Norse?"),
        (passage, "Paris", "Who was the leader?"),
        (passage, "Rollo", "Who was the leader?"),
        ("Another.", "Rollo", "Who was the leader?"),
    ]

    assert without_duplicates(rows, how) == [0, 1, 2, 4]


def test_near_duplicates_are_near_in_each_text() -> None:
    passage = words(random.Random(0), 150)
    rows = [(changed_at(passage), "Rollo", "Who led?"), (changed_at(passage, 50), "rollo.", "who led")]

    assert without_duplicates(rows, "near") == [0]
    assert without_duplicates(rows, "exact") == [0, 1]


def test_kept_rows_are_repeated_in_turn() -> None:
    positions = in_turn([0, 2, 5], 8, seed=0)

    assert positions[:6] == [0, 2, 5, 0, 2, 5]
    assert positions[6:] == sorted(set(positions[6:]))
    assert len({tuple(in_turn(range(9), 10, seed)) for seed in range(20)}) > 1
    assert in_turn([0, 1, 2], 3, seed=0) == [0, 1, 2]


@pytest.mark.parametrize("how", ["exact", "near"])
def test_training_without_duplicates_is_training_on_the_others(
    how: str, tokenizer: Any, device: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    one, two = tmp_path / "one", tmp_path / "two"
    others = dataset(two / "others.parquet", [ROWS[place] for place in in_turn(range(9), 10, seed=0)])

    dropped = fine_tune(small("t5", tokenizer), tokenizer, one, recipe_of(how))
    never = fine_tune(small("t5", tokenizer), tokenizer, two, recipe_of("all"), [others])

    file = "epoch-4/model.safetensors"
    assert (dropped / file).read_bytes() == (never / file).read_bytes()
    assert f"deduplicate {how} by pair: 1 of 10 training rows dropped" in caplog.text
    manifest = storage.manifest_of(dropped / "training.parquet")
    assert (manifest["rows"], manifest["examples"], manifest["dropped_duplicates"]) == (10, 10, 1)


@pytest.mark.parametrize(("by", "dropped"), [("pair", 1), ("input", 6)])
def test_training_takes_as_many_steps_as_without_deduplication(
    by: str, dropped: int, tokenizer: Any, device: Any, tmp_path: Path
) -> None:
    """Eight questions on two passages, one of them twice."""
    questions = ["Who?", "Where?", "When?", "Why?"]
    rows = [row(passage, instruction=question) for passage in READ[:2] for question in questions]
    rows[7] = rows[6]
    file = dataset(tmp_path / "questions.parquet", rows)

    plain = fine_tune(small("t5", tokenizer), tokenizer, tmp_path / "plain", recipe_of("all"), [file])
    recipe = recipe_of("exact", deduplicate_by=by)
    changed = fine_tune(small("t5", tokenizer), tokenizer, tmp_path / "changed", recipe, [file])

    assert [each["step"] for each in report(changed)] == [each["step"] for each in report(plain)]
    assert storage.manifest_of(changed / "training.parquet")["dropped_duplicates"] == dropped
