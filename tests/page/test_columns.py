"""Packed columns: what comes back, in this language and in the page's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from browsing import Opened
from hypothesis import given
from hypothesis import strategies as st

from memorization.page.columns import KINDS, pack, units, unpack
from memorization.page.section import Section

TEXTS = ["", "plain", "\ufeffmark", "\x00\x1b", "e\u0301 \U0001f600", "\u202eright", "</script><!--", "ü" * 1000, ""]
NUMBERS = {kind: np.array([0, 1, 200], dtype=dtype) for kind, dtype in KINDS.items()}


@given(st.lists(st.text()), st.lists(st.text()))
def test_any_text_comes_back(some: list[str], others: list[str]) -> None:
    assert unpack(pack({"some": some, "others": others})) == {"some": some, "others": others}


@given(st.lists(st.integers(-(2**31), 2**31 - 1)), st.lists(st.floats(width=32, allow_nan=False)))
def test_any_number_comes_back(whole: list[int], real: list[float]) -> None:
    columns = unpack(pack({"whole": np.array(whole, np.int32), "real": np.array(real, np.float32)}))

    assert list(columns["whole"]) == whole
    assert list(columns["real"]) == real


def test_the_same_columns_are_the_same_block() -> None:
    assert pack({"some": TEXTS} | NUMBERS) == pack({"some": TEXTS} | NUMBERS)


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="surrogates"):
        pack({"some": ["\ud800"]})


def test_numbers_of_another_type_are_refused() -> None:
    with pytest.raises(KeyError):
        pack({"some": np.array([1], np.int64)})


def test_the_length_of_a_text_is_that_of_a_browser() -> None:
    assert [units(text) for text in ("", "ab", "ü", "\U0001f600")] == [0, 2, 1, 2]


def test_the_page_unpacks_what_is_packed(open_sections: Callable[..., Opened]) -> None:
    columns: dict[str, Any] = {"texts": TEXTS, "none": []}
    tab = open_sections(Section("some", "Some", "", {"packed": pack(columns | NUMBERS)}))

    read = tab.evaluate(
        "async () => { const columns = await page.columns.unpack(await page.block('packed')); "
        "return [columns.none.whole, Array.from({ length: columns.texts.starts.length - 1 }, "
        "(_, row) => page.columns.textOf(columns.texts, row)), "
        "...Object.values(columns).slice(2).map((column) => Array.from(column))]; }"
    )

    assert read == ["", TEXTS, *([0, 1, 200] for _ in KINDS)]
