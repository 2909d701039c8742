"""The readable form of texts in scripts without spaces, and the way back to the original characters."""

import string

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memorization.segmentation import (
    BLOCKS,
    by_characters,
    by_neighbours,
    is_character_word,
    letters_of,
    reader,
    search_reader,
)

TEXTS = st.text(
    st.sampled_from("今天雨。！，「」“”かカー゙ッｶﾞ東のก็ที่เาม๒ລາកៀ។မြ။ ab7.!?\"')\n\t\u3000\ufe00\u200b"), max_size=30
)


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("今天下雨。我没出门！", "今 天 下 雨 ! 我 没 出 门 !"),
        ("他说：“好。”她走了", "他 说 :( 好 !) 她 走 了"),
        ("看完3次iPhone広告（笑）、", "看 完 3 次 iPhone 広 告 ( 笑 ),"),
        ("カメラが「好き」です。ABC", "カ メ ラ が ( 好 き ) で す ! ABC"),
        ("เขาชื่อ ที่นี่", "เ ข า ชื่ อ ! ที่ นี่"),
        ("ໄປຕະຫຼາດ ແລ້ວ", "ໄ ປ ຕ ະ ຫຼ າ ດ ! ແ ລ້ ວ"),
        ("ខ្ញុំទៅ។", "ខ្ ញុំ ទៅ !"),
        ("今天 下雨", "今 天 下 雨"),
        ("", ""),
    ],
)
def test_every_character_of_a_script_without_spaces_is_a_word(text: str, readable: str) -> None:
    assert by_characters(text).text == readable


@pytest.mark.parametrize(
    "text", ["Plain English, isn't it? Yes: e.g. this.", "한국어는 띄어 씁니다.", "Größe\n\nмир שלום مرحبا हिन्दी 😀"]
)
def test_texts_with_spaces_do_not_change(text: str) -> None:
    assert by_characters(text).text == text
    assert not len(by_characters(text).inserted)
    assert by_neighbours(text) == text


def test_without_a_segmentation_a_text_is_read_as_it_is() -> None:
    assert reader(None)("今天下雨。") == "今天下雨。"
    assert reader("characters")("今天下雨。") == "今 天 下 雨 !"
    assert search_reader(None)("今天下雨。") == "今天下雨。"
    assert search_reader("characters")("今天下雨。").split() == ["今天", "天下", "下雨", "今天下", "天下雨", "。"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("看iPhone広告", "看 iPhone 広告"), ("ที่นี่ 3", "ทน 3"), ("好，很好吃", "好 ， 很好 好吃 很好吃"), ("", "")],
)
def test_the_search_engine_reads_two_and_three_letters_in_a_row(text: str, words: str) -> None:
    assert by_neighbours(text).split() == words.split()


@given(TEXTS)
def test_only_spaces_are_inserted_and_only_signs_and_white_space_are_replaced(text: str) -> None:
    readable, inserted = by_characters(text)
    kept = np.delete(np.array(list(readable)), inserted)
    assert all(readable[place] == " " for place in inserted)
    assert len(kept) == len(text)
    for own, original in zip(kept, text, strict=True):
        assert own == original or (own in string.punctuation and not original.isalnum())


@given(TEXTS, st.data())
def test_spans_are_mapped_to_the_characters_that_they_contain(text: str, data: st.DataObject) -> None:
    readable, inserted = by_characters(text)
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(readable))] * 2)))
    first, last = by_characters(text).origins(np.array([start, end])).tolist()
    kept = [place for place in range(len(readable)) if place not in set(inserted.tolist())]
    contained = [number for number, place in enumerate(kept) if start <= place < end]
    assert list(range(first, last)) == contained
    assert 0 <= first <= last <= len(text)
    assert first < last or not readable[start:end].strip()


@given(TEXTS)
def test_the_readable_form_of_a_readable_form_is_itself_in_its_words(text: str) -> None:
    once = by_characters(text).text
    assert all(is_character_word(word) or not any(map(is_character_word, word)) for word in once.split())


def test_letters_of_a_script_are_its_letters_and_digits() -> None:
    def contains(script: str, character: str) -> bool:
        return any(first <= ord(character) <= last for first, last in letters_of(script))

    assert all(contains(script, character) for script, character in zip(BLOCKS, "国ヶกລកမ", strict=True))
    assert contains("Thai", "๒")
    assert not contains("Thai", "\u0e35")
    assert not contains("Kana", "・")
    assert not contains("Khmer", "។")


@pytest.mark.parametrize(
    ("word", "expected"), [("雨", True), ("ที่", True), ("今天", False), ("a", False), ("。", False)]
)
def test_a_word_of_one_character_is_known(word: str, expected: bool) -> None:
    assert is_character_word(word) is expected
