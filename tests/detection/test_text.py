import functools
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import nltk
import nltk.downloader
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memorization.detection import text as text_module
from memorization.detection.text import (
    SentenceModel,
    StemmerName,
    as_json,
    from_json,
    is_content,
    sentence_model,
    stemmer,
    tokens,
    word_spans,
)
from memorization.errors import UserError

ROOT = Path(__file__).parents[2]
ENGLISH = ROOT / "../shared/nltk_data"

# Whatever the Treebank rules look for, and letters whose lower or folded case is surprising.
PARTS = (
    "can't cannot d'ye gimme g\u0131mme gonna gotta lemme more'n wanna wannabe 'tis 'twas 'twa\u017f CANNOT "
    "they'll I'm isn't the dogs' ' '' \" `` ` ... . .. .) .\" , : 3,5 3:5 -- - ( ] { < > ; $5 "
    "& # % @ ? ! \u0130 \u00df \u212a word u.s. \0"
)
SPACES = [" ", " ", "  ", "\n", "\t", "\x1c", "\x85", "\u00a0"]
TREEBANK = st.lists(st.sampled_from(PARTS.split(" ") + SPACES) | st.text(max_size=4), max_size=12).map("".join)


@given(TREEBANK)
def test_tokens_are_those_of_the_treebank_tokenizer(sentence: str) -> None:
    expected = nltk.TreebankWordTokenizer().tokenize(sentence.lower())
    assert list(tokens(sentence)) == expected


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("the", True),
        ("of", False),
        ("'ll", False),
        ("...", False),
        ("3.88", True),
        ("\u00e9t\u00e9", True),
        ("\u00e9", False),
        ("雨", True),
        ("ที่", True),
        ("，", False),
        ("ー", True),
        ("", False),
    ],
)
def test_content_tokens_have_three_characters_or_are_one_of_a_script_without_spaces(token: str, expected: bool) -> None:
    assert is_content(token) is expected


def test_words_have_their_places_in_the_sentence() -> None:
    sentence = '("Well, he can\'t!")'
    assert word_spans(sentence, tokens(sentence)) == [("well", 2, 6), ("he", 8, 10), ("ca", 11, 13), ("n't", 13, 16)]


def test_words_of_punctuation_alone_are_none() -> None:
    assert word_spans("!!! ... ---", tokens("!!! ... ---")) == []


def test_words_have_their_places_where_lower_case_is_longer() -> None:
    sentence = "\u0130\u0130 came \u0130 home now."
    spans = word_spans(sentence, tokens(sentence))
    assert [sentence[start:end] for _, start, end in spans] == ["\u0130\u0130", "came", "\u0130", "home", "now"]


@given(TREEBANK)
def test_word_spans_lie_in_order_inside_the_sentence(sentence: str) -> None:
    spans = word_spans(sentence, tokens(sentence))
    positions = [position for _, start, end in spans for position in (start, end)]
    assert positions == sorted(positions)
    assert all(0 <= position <= len(sentence) for position in positions)


def test_stemmers_differ_where_the_algorithms_do() -> None:
    assert stemmer("porter")("generously") == "gener"
    assert stemmer("snowball")("generously") == "generous"


def test_unknown_model_names_the_allowed_ones() -> None:
    with pytest.raises(UserError, match=r"'punct'.*punkt_english, punkt_corpus"):
        sentence_model("punct")


def test_the_error_of_missing_english_parameters_states_where_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    monkeypatch.setattr(text_module, "_download_punkt", lambda: None)
    with pytest.raises(UserError) as caught:
        sentence_model("punkt_english")
    for part in (str(tmp_path), "punkt_tab/english", "nltk.downloader punkt_tab", "NLTK_DATA", "punkt_corpus"):
        assert part in str(caught.value)


def test_incomplete_english_parameters_are_missing_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "tokenizers/punkt_tab/english").mkdir(parents=True)
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    monkeypatch.setattr(text_module, "_download_punkt", lambda: None)
    with pytest.raises(UserError, match="incomplete"):
        sentence_model("punkt_english")


@pytest.mark.skipif(not ENGLISH.is_dir(), reason="NLTK's English Punkt parameters are not beside the repository")
def test_missing_english_parameters_are_downloaded_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(nltk.data, "path", [str(tmp_path)])
    requested: list[str] = []

    def download(_: object, name: str, quiet: bool) -> bool:
        requested.append(name)
        shutil.copytree(ENGLISH, tmp_path, dirs_exist_ok=True)
        return True

    monkeypatch.setattr(nltk.downloader.Downloader, "download", download)
    monkeypatch.setattr(nltk.downloader.Downloader, "default_download_dir", lambda _: str(tmp_path))
    for _ in range(2):
        assert sentence_model("punkt_english").span_tokenize("One. Two.") == [(0, 4), (5, 9)]
    assert requested == ["punkt_tab"]


@pytest.mark.skipif(not ENGLISH.is_dir(), reason="NLTK's English Punkt parameters are not beside the repository")
def test_english_parameters_know_abbreviations(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nltk.data, "path", [str(ENGLISH)])
    text = "Dr. Smith came at 5 p.m. on Monday. He left."
    model = sentence_model("punkt_english")
    assert [text[start:end] for start, end in model.span_tokenize(text)] == [text[:35], text[36:]]


# Abbreviations with and without their full stop, and ellipses behind them.
CORPUS = [
    "He is in the u.s. now, and u.s.. It is so.",
    "See fig. 2, fig. 3 and fig. 4. We saw Dr. Jones, etc. and p. 4.",
]
CORPUS += [
    f"In the u.s. of a.b. and a.b.. and c.d., c.d.. the {word} went. It ended." for word in ("cat", "dog", "bird")
]


def test_corpus_parameters_are_learnt_from_the_documents() -> None:
    documents = ["We read fig. 2 here. They like fig. 3 more. Then fig. 4 came."] * 5
    learnt = sentence_model("punkt_corpus", documents)
    untaught = sentence_model("punkt_corpus")
    text = "This is fig. 2 again. Yes."
    assert [text[start:end] for start, end in learnt.span_tokenize(text)] == ["This is fig. 2 again.", "Yes."]
    assert len(untaught.span_tokenize("This is Fig. Two again. Yes.")) == 3


@pytest.mark.parametrize("corpus", [[], [""], [" \n\t "], ["!!!"], ["\0"], ["one"]])
def test_corpus_without_anything_to_learn(corpus: list[str]) -> None:
    assert sentence_model("punkt_corpus", corpus).span_tokenize("Hi there. Yes.") == [(0, 9), (10, 14)]


# What Punkt looks at around the end of a sentence.
SENTENCE_PARTS = """Dr. fig.
U.S. e.g. etc. J. 5. 1,000. No. word Word. ok? ok! ... . .. ?! .) ." ?' (Yes.) \u201cNo.\u201d
-- and " ' ("""
ENDS = st.lists(
    st.sampled_from(SENTENCE_PARTS.split() + SPACES) | st.text(max_size=3),
    max_size=16,
).map("".join)


@given(ENDS)
def test_sentences_are_those_of_punkt(text: str) -> None:
    model = sentence_model("punkt_corpus", CORPUS)
    assert model.span_tokenize(text) == list(model._tokenizer.span_tokenize(text))


@pytest.mark.skipif(not ENGLISH.is_dir(), reason="NLTK's English Punkt parameters are not beside the repository")
@given(ENDS)
def test_sentences_are_those_of_english_punkt(text: str) -> None:
    model = english()
    assert model.span_tokenize(text) == list(model._tokenizer.span_tokenize(text))


@functools.cache
def english() -> SentenceModel:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nltk.data, "path", [str(ENGLISH)])
        return sentence_model("punkt_english")


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_empty_text_has_no_sentences(text: str) -> None:
    assert sentence_model("punkt_corpus").span_tokenize(text) == []


def test_corpus_with_a_null_names_its_position() -> None:
    with pytest.raises(UserError, match="document 1: expected a text, found null"):
        sentence_model("punkt_corpus", ["One.", None])  # type: ignore[list-item]


PARAMETERS = """
from memorization.detection.text import sentence_model
import sys
learnt = sentence_model("punkt_corpus", eval(sys.stdin.read()))._tokenizer._params
print(sorted(learnt.abbrev_types), sorted(learnt.collocations), sorted(learnt.sent_starters))
print(sorted(learnt.ortho_context.items()))
"""


def learnt_parameters(corpus: list[str], seed: int) -> str:
    environment = os.environ | {"PYTHONHASHSEED": str(seed)}
    command = [sys.executable, "-c", PARAMETERS]
    return subprocess.run(
        command, cwd=ROOT, env=environment, input=repr(corpus), text=True, capture_output=True, check=True
    ).stdout


def test_corpus_parameters_do_not_depend_on_hash_seed_or_order() -> None:
    learnt = {learnt_parameters(CORPUS, seed) for seed in range(2)}
    assert len(learnt | {learnt_parameters(CORPUS[::-1], 9)}) == 1


def test_corpus_in_batches_is_learnt_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("memorization.detection.text._BATCH_CHARACTERS", 100)
    documents = [f"We read fig. {number} here. They like fig. {number} more." for number in range(20)]
    text = "This is fig. 2 again. Yes."
    assert len(sentence_model("punkt_corpus", documents).span_tokenize(text)) == 2


@pytest.mark.parametrize("name", ["punkt_corpus", "punkt_english"])
def test_a_model_written_down_is_the_same_model(name: str) -> None:
    if name == "punkt_english" and not ENGLISH.is_dir():
        pytest.skip("NLTK's English Punkt parameters are not beside the repository")
    model = english() if name == "punkt_english" else sentence_model(name, CORPUS)
    copy = from_json(as_json(model))
    assert copy.name == name
    assert as_json(copy) == as_json(model)
    text = " ".join([*CORPUS, "Dr. Smith came. He etc. left. On Monday at 5 p.m. he slept."])
    assert copy.span_tokenize(text) == model.span_tokenize(text)


def test_models_survive_the_way_to_another_process() -> None:
    model = sentence_model("punkt_corpus", CORPUS)
    copy = pickle.loads(pickle.dumps(model))
    text = " ".join(CORPUS)
    assert copy.name == model.name
    assert copy.span_tokenize(text) == model.span_tokenize(text)


@pytest.mark.parametrize("name", ["porter", "snowball"])
def test_words_of_one_character_are_their_own_stems(name: StemmerName) -> None:
    assert [stemmer(name)(word) for word in ("雨", "か", "ที่", "မြ")] == ["雨", "か", "ที่", "မြ"]


ENDINGS = sorted({ending for endings in text_module._PORTER_ENDINGS.values() for ending in endings})
LETTERS = st.text("aeiouybcdlnrstvwxz'-é1", max_size=5)


@given(st.builds("".join, st.tuples(LETTERS, st.sampled_from(ENDINGS), st.sampled_from(["", *ENDINGS]))) | LETTERS)
@example("died")
@example("skies")
@example("naturalli")
def test_stems_are_those_of_porters_stemmer(word: str) -> None:
    assert stemmer("porter")(word) == nltk.PorterStemmer().stem(word)
