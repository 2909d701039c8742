"""The synthetic corpora: reproducible, of the promised shape, and free of passages that many documents share."""

import itertools
import os
import re
import subprocess
import sys

import pytest
from common_runs import pairs_with_common_run

from memorization.datasets.synthetic import translation
from memorization.datasets.synthetic.corpora import CORPORA, Document, document, documents
from memorization.errors import UserError

COUNT = 300
RUN = 50
"""From this many characters on the detector counts a common passage."""

PRINT_DOCUMENTS = """
from memorization.datasets.synthetic.corpora import CORPORA, document
for corpus in CORPORA:
    for number in (3, 250):
        print(repr(document(corpus, number, 11)))
"""


@pytest.fixture(scope="module")
def corpora() -> dict[str, list[Document]]:
    return {corpus: list(documents(corpus, 0, COUNT, 1)) for corpus in CORPORA}


def words(text: str) -> list[str]:
    return text.split()


def five_grams(text: str) -> set[tuple[str, ...]]:
    tokens = words(text)
    return {tuple(tokens[start : start + 5]) for start in range(len(tokens) - 4)}


def in_third_person(text: str) -> str:
    """`text` without the difference between the patient's and the doctor's words for the patient."""
    return re.sub(r"\b(i|me|you)\b", "they", re.sub(r"\b(my|your)\b", "their", text.lower()))


def test_the_same_in_every_process() -> None:
    outputs = []
    for hash_seed in ("0", "1"):
        environment = os.environ | {"PYTHONHASHSEED": hash_seed}
        command = [sys.executable, "-c", PRINT_DOCUMENTS]
        outputs.append(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
    here = "".join(f"{document(corpus, number, 11)!r}\n" for corpus in CORPORA for number in (3, 250))
    assert outputs == [here, here]


@pytest.mark.parametrize("corpus", CORPORA)
def test_a_document_does_not_depend_on_those_before_it(corpus: str) -> None:
    forwards = list(documents(corpus, 40, 20, 5))
    backwards = [document(corpus, number, 5) for number in reversed(range(40, 60))]
    assert forwards == backwards[::-1]
    assert forwards[7:9] == list(documents(corpus, 47, 2, 5))
    assert [row.id for row in forwards[:2]] == [f"{corpus}-000040", f"{corpus}-000041"]


@pytest.mark.parametrize("corpus", CORPORA)
def test_another_seed_gives_other_documents(corpus: str) -> None:
    inputs = [document(corpus, 1, seed).input for seed in range(20)]
    assert len(set(inputs)) == 20


def test_unknown_corpus_names_the_nearest() -> None:
    with pytest.raises(UserError, match=r"'new'; did you mean 'news'\?.*translation"):
        document("new", 0, 0)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("corpus", CORPORA)
def test_no_passages_in_common(corpus: str, seed: int) -> None:
    texts = [row.input for row in documents(corpus, 0, COUNT, seed)]
    share = len(pairs_with_common_run(texts, RUN)) / (COUNT * (COUNT - 1) / 2)
    assert share < (0.002 if corpus == "news" else 0.003)
    grams = [five_grams(text) for text in texts]
    nearest = max(len(a & b) / len(a | b) for a, b in itertools.combinations(grams, 2))
    assert nearest <= 0.1


@pytest.mark.parametrize(
    ("corpus", "inputs", "targets"),
    [
        ("news", (90, 120), (35, 50)),
        ("patients", (80, 110), (40, 60)),
        ("reviews", (70, 100), (1, 1)),
        ("passages", (80, 110), (1, 5)),
        ("translation", (25, 40), (20, 45)),
    ],
)
def test_lengths(
    corpora: dict[str, list[Document]], corpus: str, inputs: tuple[int, int], targets: tuple[int, int]
) -> None:
    for row in corpora[corpus]:
        assert inputs[0] <= len(words(row.input)) <= inputs[1], row
        assert targets[0] <= len(words(row.target)) <= targets[1], row


@pytest.mark.parametrize("corpus", CORPORA)
def test_clean_text(corpora: dict[str, list[Document]], corpus: str) -> None:
    for row in corpora[corpus]:
        for text in (row.input, row.target, row.question):
            assert not re.search(r"[{}\[\]|]|  |\.\.|^\s|\s$|\b[Aa] [aeioAEIO]", text), row
        # A capital (or a number) after every full stop, also after one inside quotation marks.
        assert not re.search(r'[.?!]"? "?[a-zäöü]', row.input), row
        assert row.input[-1] in '.?"'
        assert bool(row.question) == (corpus == "passages")


def test_summaries_are_of_the_second_half(corpora: dict[str, list[Document]]) -> None:
    for row in corpora["news"]:
        rest = " ".join(words(row.input)[40:]).lower()
        sentences = re.split(r'(?:(?<=[.?])|(?<=[.?]"))\s+(?=[A-Z0-9"])', row.target)
        assert all(sentence.lower() in rest for sentence in sentences), (sentences, row)
        assert 2 <= len(sentences) <= 3, row


def test_doctors_repeat_a_later_sentence(corpora: dict[str, list[Document]]) -> None:
    for row in corpora["patients"]:
        later = in_third_person(" ".join(words(row.input)[30:]))
        assert five_grams(in_third_person(row.target)) & five_grams(later), row
        name = re.search(r"(?:my name is|this is|I am) (\w+ \w+)", row.input)
        assert name is not None and name[1].split()[1] in row.target.split(".")[0], row
        assert not re.search(r"\bmy\b", row.target), row


def test_reviews_are_labelled_and_about_balanced(corpora: dict[str, list[Document]]) -> None:
    labels = [row.target for row in corpora["reviews"]]
    assert set(labels) == {"positive", "negative"}
    for half in (labels, labels[::2], labels[1::2]):
        assert 0.4 < half.count("positive") / len(half) < 0.6


def test_passages_contain_their_answers(corpora: dict[str, list[Document]]) -> None:
    for row in corpora["passages"]:
        assert re.search(rf"(?<!\w){re.escape(row.target)}(?!\w)", row.input), row
        assert row.question.endswith("?") and row.question[0].isupper()
        assert row.target not in row.question, row


def test_german_is_not_english(corpora: dict[str, list[Document]]) -> None:
    articles = {"der", "die", "das", "den", "dem", "im"}
    for row in corpora["translation"]:
        assert row.target != row.input
        assert articles & set(words(row.target.lower())), row
        assert not {"the", "and", "was", "because"} & set(words(row.target.lower())), row
        assert sorted(re.findall(r"\d+", row.input)) == sorted(re.findall(r"\d+", row.target)), row


def test_every_german_noun_phrase_agrees(corpora: dict[str, list[Document]]) -> None:
    genders = {german: gender for _, german, gender in (*translation.NOUNS, *translation.SITES)}
    articles = {"m": {"der", "den", "dem", "im"}, "f": {"die", "der"}, "n": {"das", "dem", "im"}}
    phrase = re.compile(r"\b(der|die|das|den|dem|im)(?: (\w+))? ([A-ZÄÖÜ]\w+)", re.IGNORECASE)
    checked = 0
    for row in corpora["translation"]:
        for article, adjective, noun in phrase.findall(row.target):
            if noun in genders:
                checked += 1
                assert article.lower() in articles[genders[noun]], (article, noun, row)
                assert not adjective or adjective.endswith("en" if article.lower() == "den" else "e"), row
    assert checked > 3 * COUNT
