"""Copies of training texts: counted by hand, and families as comparing all pairs gives them."""

import random
from itertools import combinations
from pathlib import Path

from leak_files import record, write_records

from memorization.duplicates import are_near, shingles
from memorization.studies.audit.copies import copies, families
from memorization.studies.audit.texts import key_of

LONG = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"


def test_copies_are_counted_by_hand(tmp_path: Path) -> None:
    near, other = LONG + " and.", "An altogether different letter about the weather of the last three days in May."
    inputs = [LONG, other, LONG, near, "...", "!!!"]
    records = [record(str(number), text, "the same") for number, text in enumerate(inputs)]
    file = write_records(tmp_path / "dataset.parquet", records)

    of_inputs = {row["text"]: (row["exact"], row["near"], row["family"]) for row in copies(file, "input").to_pylist()}

    texts = dict.fromkeys(inputs)
    assert list(of_inputs) == [key_of(text).hex() for text in texts]
    assert list(of_inputs.values()) == [(2, 3, 0), (1, 1, 1), (1, 3, 0), (1, 1, 2), (1, 1, 3)]
    [of_targets] = copies(file, "target").to_pylist()
    assert (of_targets["exact"], of_targets["near"]) == (6, 6)
    # Behind another end, the targets are 5 of 18 word 5-grams that only one of the first and the fourth has.
    assert copies(file, "both")["near"].to_pylist() == [2, 1, 1, 2, 2]


def test_without_training_records_there_are_no_texts(tmp_path: Path) -> None:
    assert copies(write_records(tmp_path / "dataset.parquet", []), "input").num_rows == 0


def test_families_are_what_comparing_all_pairs_links() -> None:
    generator = random.Random(0)
    words = [f"word{number}" for number in range(400)]
    texts = []
    for _ in range(12):
        text = generator.choices(words, k=60)
        # Each differs from the one before it: the first and the last of a family may have little in common.
        for _ in range(generator.randint(1, 12)):
            texts.append(" ".join(text))
            text[generator.randrange(60)] = generator.choice(words)
    texts = list(dict.fromkeys(texts))
    generator.shuffle(texts)
    label = list(range(len(texts)))
    sets = [shingles(text) for text in texts]
    for one, other in combinations(range(len(texts)), 2):
        if are_near(sets[one], sets[other]):
            label = [label[one] if each == label[other] else each for each in label]
    assert 12 <= len(set(label)) < len(texts) / 2

    found = families(texts)

    def parts(labels: list[int]) -> set[frozenset[int]]:
        return {frozenset(place for place, own in enumerate(labels) if own == each) for each in labels}

    assert parts(found.tolist()) == parts(label)
    firsts = [found.tolist().index(number) for number in range(len(set(label)))]
    assert firsts == sorted(firsts)
