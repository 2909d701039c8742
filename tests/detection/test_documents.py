"""Texts as arrays, against the tokenizers that look at a sentence as a whole."""

from typing import Any

import nltk
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from test_text import CORPUS, TREEBANK

from memorization.detection.documents import Chunks, Documents
from memorization.detection.text import is_content, sentence_model, stemmer, word_spans

STEM = stemmer("porter")


class OneSentence:
    """A text is a sentence, whatever is in it."""

    def span_tokenize(self, text: str) -> list[tuple[int, int]]:
        return [(0, len(text))] if text else []


def documents(*texts: str, sentences: Any = None, sentence_size: int = 1) -> Documents:
    prepared = Documents(sentences or OneSentence(), "porter", sentence_size)
    prepared.add(texts)
    return prepared


def frequencies(prepared: Documents, text: int) -> list[dict[str, int]]:
    """Stems of a text's merged sentences, in their order, and how often each occurs."""
    corpus = prepared.corpus
    names = prepared.chunks.stem_names
    vocabulary = corpus.vocabulary[corpus.vocabulary_offsets[text] : corpus.vocabulary_offsets[text + 1]]
    first, last = corpus.sentence_offsets[text : text + 2]
    return [
        {
            names[vocabulary[corpus.stems[entry]]]: int(corpus.frequencies[entry])
            for entry in range(*corpus.stem_offsets[n : n + 2])
        }
        for n in range(first, last)
    ]


def words(prepared: Documents, sentence: int) -> list[tuple[str, int, int]]:
    names = list(prepared.chunks._word_numbers)
    own = slice(*prepared.words.offsets[sentence : sentence + 2])
    columns = (prepared.words.numbers[own], prepared.words.starts[own], prepared.words.ends[own])
    return [
        (names[number], start, end) for number, start, end in zip(*(column.tolist() for column in columns), strict=True)
    ]


@given(TREEBANK)
@example("can't\x000.\x00")
@example("a 0. ")
@example("the dogs'\n")
def test_chunks_have_the_tokens_of_their_sentence(sentence: str) -> None:
    prepared = documents(sentence)
    tokens = nltk.TreebankWordTokenizer().tokenize(sentence.replace("\0", " ").lower())
    expected: dict[str, int] = {}
    for token in filter(is_content, tokens):
        expected[STEM(token)] = expected.get(STEM(token), 0) + 1
    assert frequencies(prepared, 0) == ([expected] if expected else [])
    assert [list(each) for each in frequencies(prepared, 0)] == ([list(expected)] if expected else [])
    spans = word_spans(sentence.replace("\0", " "), tokens)
    if spans:
        spans[0] = (spans[0][0], 0, spans[0][2])
        spans[-1] = (*spans[-1][:2], len(sentence))
    assert (words(prepared, 0) if sentence else []) == spans


@given(st.lists(TREEBANK, max_size=4))
def test_a_text_does_not_depend_on_those_before_it(texts: list[str]) -> None:
    sentences = sentence_model("punkt_corpus", CORPUS)
    together = documents(*texts, sentences=sentences)
    one_by_one = documents(sentences=sentences)
    for text in texts:
        one_by_one.add([text])
    for table, other in ((together.corpus, one_by_one.corpus), (together.words, one_by_one.words)):
        for column, expected in zip(table, other, strict=True):
            assert column.tolist() == expected.tolist()
    for number, text in enumerate(texts):
        assert frequencies(together, number) == frequencies(documents(text, sentences=sentences), 0)


def test_words_reach_to_both_ends_of_their_sentence() -> None:
    sentence = '("Well, he can\'t!")'
    expected = [("well", 0, 6), ("he", 8, 10), ("ca", 11, 13), ("n't", 13, len(sentence))]
    assert words(documents(sentence), 0) == expected


def test_short_sentences_are_merged_into_the_next() -> None:
    text = "Yes.  Never.  The committee reviewed the proposal. Why not?"
    prepared = documents(text, sentences=sentence_model("punkt_corpus", CORPUS), sentence_size=3)
    # The spaces between merged sentences are not counted, so that the span ends early; the last stays short.
    assert prepared.corpus.starts.tolist() == [0, text.index("Why")]
    assert prepared.corpus.lengths.tolist() == [4 + 6 + 36, 8]
    assert frequencies(prepared, 0)[1] == {"whi": 1, "not": 1}


def test_a_nul_separates_words_and_counts_as_a_character() -> None:
    prepared = documents("Boats\0sank.")
    assert frequencies(prepared, 0) == [{"boat": 1, "sank": 1}]
    assert words(prepared, 0) == [("boats", 0, 5), ("sank", 6, 11)]


def test_postings_turn_sentences_around() -> None:
    prepared = documents("One river. Two rivers, a river! A bridge.", sentences=sentence_model("punkt_corpus", CORPUS))
    corpus = prepared.corpus
    names = prepared.chunks.stem_names
    postings = {
        names[stem]: list(
            zip(corpus.posting_sentences[own].tolist(), corpus.posting_frequencies[own].tolist(), strict=True)
        )
        for place, stem in enumerate(corpus.vocabulary)
        for own in [slice(*corpus.posting_offsets[place : place + 2])]
    }
    assert postings == {"one": [(0, 1)], "river": [(0, 1), (1, 2)], "two": [(1, 1)], "bridg": [(2, 1)]}


@pytest.mark.parametrize("text", ["", " ", "\n", "!!!", "\0"])
def test_texts_without_words(text: str) -> None:
    prepared = documents(text)
    assert frequencies(prepared, 0) == []
    assert len(prepared.words.numbers) == 0


def test_passages_are_split_again_and_their_known_sentences_reused() -> None:
    text = "One river is here. Two rivers are there. Why?"
    prepared = documents(text, text.replace(" ", "\0"), sentences=sentence_model("punkt_corpus", CORPUS))
    texts, starts, lengths = np.array([0, 0, 0, 1]), np.array([0, 19, 0, 0]), np.array([40, 21, 16, 18])
    fragments, extra = prepared.fragments(texts, starts, lengths)

    def sentences(item: int) -> list[int]:
        own = slice(*fragments.offsets[fragments.items[item] : fragments.items[item] + 2])
        return [int(sentence) for sentence in fragments.sentences[own]]

    assert sentences(0) == [0, 1]
    assert sentences(1) == [1]
    # A passage that ends elsewhere than a sentence of the text, and one of a text with a NUL, have words of their own.
    assert {sentence for item in (2, 3) for sentence in sentences(item)} == {-1, -2}
    assert len(extra.offsets) == 3
    names = list(prepared.chunks._word_numbers)
    [cut_off] = [place for place in range(2) if extra.ends[extra.offsets[place + 1] - 1] == 16]
    assert [names[number] for number in extra.numbers[slice(*extra.offsets[cut_off : cut_off + 2])]][-1] == "her"


def test_chunks_are_what_is_between_spaces() -> None:
    sentence = " One  river\n\n\tis here."
    chunks = Chunks("porter")
    offsets, numbers = chunks.numbers_of([sentence])
    assert offsets.tolist() == [0, len(numbers)]
    assert [chunks.lengths[number] for number in numbers] == [len(chunk) for chunk in sentence.split(" ")]
    assert [chunks.word_offsets[number + 1] - chunks.word_offsets[number] for number in numbers] == [0, 1, 0, 2, 1]
    assert sum(chunks.lengths[number] + 1 for number in numbers) == len(sentence) + 1
