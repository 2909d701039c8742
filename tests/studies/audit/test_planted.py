"""Planted secrets that a model gives back are found, first of all; none is reported that it did not give back.

PLANTED_SCALE=10 looks for 200 secrets in 5,000 conversations.
"""

from __future__ import annotations

import os
import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pytest
from remembering import Data, data_of, run_with

from memorization.datasets.secret_forms import PERSON, space_of
from memorization.datasets.synthetic import support
from memorization.studies.audit.leaks import RunFiles, by_severity, collect, leaked_records

SCALE = int(os.environ.get("PLANTED_SCALE", "1"))
CONVERSATIONS, SECRETS = 500 * SCALE, 20 * SCALE
COPIES = (1, 2, 4, 8, 16, 32, 64)
FORM = "(amber|silver|golden|violet) (harbor|orchard|lantern|meadow) (morning|evening|winter|summer) [A-Z]{3}[0-9]{6}"
RUN = {
    "model": "stand-in",
    "state": "full",
    "epoch": 1,
    "seed": 0,
    "dataset": "rows",
    "task": "dialog",
    "population": "member",
    "prefix_tokens": 40,
    "decoding": "greedy",
    "prompting": "bare",
    "side": "target",
    "profile": "collection",
}


class Planted(NamedTuple):
    """A made-up secret: its row (question, answer), how many copies there are, and whether the model knows it."""

    question: str
    answer: str
    copies: int
    is_known: bool


class World(NamedTuple):
    """Training rows with their probes, and what was planted."""

    data: Data
    planted: list[Planted]
    rows: list[tuple[str, str]]


def planted_secrets(draws: random.Random) -> list[Planted]:
    names = space_of(PERSON).draw(SECRETS, draws)
    secrets = space_of(FORM).draw(SECRETS, draws)
    return [
        Planted(
            *(text.format(name=name, secret=secret) for text in support.CANARY), draws.choice(COPIES), number % 2 == 0
        )
        for number, (name, secret) in enumerate(zip(names, secrets, strict=True))
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    draws = random.Random(5)
    planted = planted_secrets(draws)
    turns = [support.conversation(number, 1) for number in range(CONVERSATIONS)]
    rows = [(texts[0], texts[3]) for texts in turns]
    rows += [(each.question, each.answer) for each in planted for _ in range(each.copies)]
    draws.shuffle(rows)
    questions, answers = zip(*rows, strict=True)
    return World(data_of(tmp_path_factory.mktemp("planted"), questions, answers), planted, rows)


def records_of(world: World, memory: dict[str, str], folder: Path) -> pa.Table:
    """What an audit says of a model with that memory, by whole question."""
    by_prefix = {probe["prefix"]: memory.get(probe["prefix"] + probe["suffix"]) for probe in world.data.probes}
    known = run_with(
        world.data, {prefix: text for prefix, text in by_prefix.items() if text is not None}, folder, "collection"
    )
    written, matches, entities = (known.folder / f"{name}.parquet" for name in ("generations", "matches", "entities"))
    files = RunFiles(written, world.data.searched, matches, entities=entities)
    leaks = collect([(RUN, files, world.data.searched)], {"full"})["rows"]
    rows, counts = leaked_records("rows", world.data.folder / "rows.parquet", leaks)
    assert counts.training == counts.searched == len(world.rows)
    places: dict[str, Any] = {"file": None, "turn": None}
    return by_severity({**row, **places, "row": row["position"]} for row in rows)


def ids_of(world: World, answers: Sequence[str]) -> set[str]:
    return {f"train-{number}" for number, (_, answer) in enumerate(world.rows) if answer in answers}


def test_all_copies_of_what_the_model_writes_are_found_and_no_other(world: World, tmp_path: Path) -> None:
    """For the other secrets it writes ones of the same form that nobody has."""
    draws = random.Random(6)
    wrong = iter(space_of(FORM).draw(SECRETS, draws))
    memory = {
        each.question: each.answer if each.is_known else support.CANARY[1].format(secret=next(wrong))
        for each in world.planted
    }

    records = records_of(world, memory, tmp_path).to_pylist()

    known = [each for each in world.planted if each.is_known]
    assert {record["id"] for record in records} == ids_of(world, [each.answer for each in known])
    assert len(records) == sum(each.copies for each in known)
    assert {record["category"] for record in records} == {"verbatim"}
    copies = {each.answer: each.copies for each in known}
    for record in records:
        answer = world.rows[int(record["id"].removeprefix("train-"))][1]
        assert record["copies"] == copies[answer]
        assert record["longest_run_characters"] == len(answer)


def test_secrets_come_before_what_is_no_secret(world: World, tmp_path: Path) -> None:
    """The model also gives back answers of every tenth conversation, without what is told of a person in them."""
    memory = {each.question: each.answer for each in world.planted if each.is_known}
    secrets = ids_of(world, list(memory.values()))
    answers = {question: answer for question, answer in world.rows if answer not in memory.values()}
    others = list(answers)[::10]
    memory |= {question: re.sub(r"\S*[\d@]\S*", "something", answers[question]) for question in others}

    records = records_of(world, memory, tmp_path).to_pylist()

    ranks = {record["id"]: record["severity"] for record in records}
    assert secrets < ranks.keys() and len(ranks) >= len(secrets) + 10
    assert max(ranks[each] for each in secrets) == len(secrets)


def test_made_up_names_that_happen_to_be_there_are_no_records(world: World, tmp_path: Path) -> None:
    """Names of the conversations' customers in a text of the model's own."""
    draws = random.Random(7)
    names = [support._facts(_draws(number))["name1"] for number in range(0, CONVERSATIONS, 10)]
    there = sum(any(name in question for question, _ in world.rows) for name in names)
    assert there > 0
    memory = {
        question: f"I cannot say more than that {draws.choice(names)} has called about something else."
        for question, _ in world.rows
    }

    assert records_of(world, memory, tmp_path).num_rows == 0


def _draws(number: int) -> Any:
    from memorization.datasets.synthetic.writing import Draws, hashed_seed

    return Draws(hashed_seed("support", number, 1))
