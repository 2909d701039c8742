"""Maps of attention in the page: weights, tokens that are shown when a reader asks, and density."""

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path

import page_results
import pytest
from browsing import Opened

from memorization.page import attention
from memorization.page.section import Section


def section(results: Path, personal_data: str = "masked") -> Section:
    files, cells = page_results.attention(results)
    made = attention.section(files, page_results.page_context(results, attention=cells, personal_data=personal_data))
    assert made is not None
    return made


@pytest.fixture
def maps(tmp_path: Path, open_sections: Callable[..., Opened]) -> Opened:
    tab = open_sections(section(tmp_path))
    tab.wait_for_selector(".map canvas")
    return tab


def test_the_last_layers_of_all_states_are_side_by_side(maps: Opened) -> None:
    assert maps.locator(".map h3").all_inner_texts() == ["T5-base (base)", "T5-base (fine-tuned), epoch 3"]
    # All of the attention of the last layer is on the first token, and in the other state on the second.
    assert [text.split(" attends most to ")[1] for text in maps.locator(".reading").all_inner_texts()] == [
        "input token 1 (100.00%), 2 (0.00%), 3 (0.00%)",
        "input token 2 (100.00%), 1 (0.00%), 3 (0.00%)",
    ]
    assert maps.locator(".map h3 + p").first.inner_text() == "3.0 effective tokens [1.0, 4.0], mean of 2 samples"


def test_tokens_are_numbers_until_a_reader_asks(maps: Opened) -> None:
    before = maps.inner_text("#maps")
    maps.click("text=Show the tokens")
    shown = maps.inner_text("#maps")
    maps.click("text=Hide the tokens")

    assert "word" not in before
    assert "word-in-4" in shown
    assert maps.inner_text("#maps") == before


def test_tokens_are_chosen_by_pointer_and_keyboard_in_all_states(maps: Opened) -> None:
    maps.focus(".outputs >> nth=0")
    maps.keyboard.press("ArrowRight")
    by_keys = maps.locator("[aria-selected=true]").all_inner_texts(), maps.inner_text("#said")
    maps.hover(".outputs >> nth=1 >> .token >> nth=2")

    assert by_keys[0] == ["2", "2"]
    assert by_keys[1].startswith("Output token 2 attends most to input token 1 (100.00%)")
    assert maps.locator("[aria-selected=true]").all_inner_texts() == ["3", "3"]


def test_the_map_says_the_weight_under_the_pointer(maps: Opened) -> None:
    area = maps.locator(".map canvas").first.bounding_box()
    assert area
    maps.mouse.move(area["x"] + 1, area["y"] + area["height"] - 1)

    assert maps.locator(".reading").first.inner_text() == "Output token 3 on input token 1: 100.00%"


def test_another_sample_is_chosen(maps: Opened) -> None:
    maps.select_option("select >> nth=1", label="2")

    assert maps.locator(".outputs").first.locator(".token").count() == 2


def test_a_page_without_personal_data_has_no_token(tmp_path: Path, open_sections: Callable[..., Opened]) -> None:
    made = section(tmp_path, "absent")

    assert b"word" not in b"".join(gzip.decompress(base64.b64decode(text)) for text in made.blocks.values())
    tab = open_sections(made)
    tab.wait_for_selector(".map canvas")
    assert tab.locator(".outputs").first.locator(".token").all_inner_texts() == ["1", "2", "3"]


def test_maps_beyond_the_bound_are_left_out_later_samples_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "WEIGHTS", 2 * 3 * 5 + 1)
    made = section(tmp_path)

    kept = json.loads(gzip.decompress(base64.b64decode(made.blocks["attention"])))["maps"]
    assert [(each["cell"], each["sample"]) for each in kept] == [(0, 0), (1, 0)]
    assert "Maps beyond the page's bound are left out." in made.html


def test_there_is_no_section_without_attention(tmp_path: Path) -> None:
    assert attention.section({}, page_results.page_context(tmp_path)) is None
