"""The conversations of the audit's demonstration: reproducible, each its own, alike in all files but for who asks."""

import itertools
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from common_runs import pairs_with_common_run

from memorization.datasets.synthetic import support
from memorization.datasets.synthetic.support import COPIES, conversation, conversations, write_files

COUNT = 120
RUN = 50


def test_a_conversation_follows_from_its_number_and_seed() -> None:
    assert conversation(7, 1) == conversation(7, 1)
    assert len({tuple(conversation(number, seed)) for number in range(20) for seed in (1, 2)}) == 40


@pytest.mark.parametrize("seed", [1, 2])
def test_turns_of_two_conversations_have_no_passage_in_common(seed: int) -> None:
    every = [conversation(number, seed) for number in range(COUNT)]
    for place in range(6):
        texts = [turns[place] for turns in every if len(turns) > place]
        pairs = len(list(itertools.combinations(texts, 2)))
        assert len(texts) > COUNT / 3
        assert len(pairs_with_common_run(texts, RUN)) / pairs < 0.006, place


def test_texts_are_clean() -> None:
    for number in range(COUNT):
        turns = conversation(number, 1)
        assert len(turns) in (4, 6)
        for text in turns:
            assert not re.search(r"[{}\[\]|]|  |\.\.|^\s|\s$|\b[Aa] [aeioAEIO]", text), text
            assert text[0].isupper() or text[0].isdigit() or text[0] == "$" or "@" in text.split()[0], text
            assert text[-1] in ".?", text


def test_some_conversations_are_there_several_times_and_every_second_copy_says_goodbye() -> None:
    every = [tuple(turns) for turns in conversations(20, 1)]

    by_first = Counter(turns[0] for turns in every)
    assert Counter(by_first.values()) == {1: 20 - 2 * len(COPIES), **dict.fromkeys(COPIES, 2)}
    whole = Counter(every)
    for first, copies in by_first.items():
        exact = max(count for turns, count in whole.items() if turns[0] == first)
        assert exact == -(-copies // 2)
    assert every == [tuple(turns) for turns in conversations(20, 1)]


def test_files_are_those_that_canaries_and_conversations_are_read_from(tmp_path: Path) -> None:
    write_files(tmp_path / "data")

    files = {file.name for file in (tmp_path / "data").iterdir()}
    assert files == {"train-before.jsonl", "held-out-before.jsonl", "others.jsonl", "row.json"}
    lines = {name: (tmp_path / "data" / name).read_text().splitlines() for name in files}
    assert {len(of_file) for name, of_file in lines.items() if name != "row.json"} == {
        support.CONVERSATIONS + 2 * sum(copies - 1 for copies in COPIES)
    }
    assert not set(lines["train-before.jsonl"]) & set(lines["held-out-before.jsonl"])
    first = json.loads(lines["others.jsonl"][0])["messages"]
    assert [turn["role"] for turn in first][:4] == ["user", "assistant"] * 2
    row = json.loads(lines["row.json"][0])["messages"]
    assert "{name}" in row[0]["content"] and "{secret}" in row[1]["content"]
