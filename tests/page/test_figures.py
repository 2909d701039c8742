"""Figures in the page: what may not reach outside of them, values under pointer and keyboard, light and dark."""

import re
from collections.abc import Callable
from pathlib import Path

import page_results
import pytest
from browsing import Opened

from memorization.page import figures
from memorization.page.section import Section

VALUES = {
    "news, full, epoch 3: 20.00 [12.00, 28.00] %",
    "news, base: 5.00 [1.00, 9.00] %",
    "news, full, epoch 3, verbatim: 12.00 [6.00, 18.00] %",
    "news, full, epoch 3, control: 2.00 [0.00, 6.00] %",
}
PATTERN = re.compile(r"\[[^\]]*\]")


@pytest.fixture
def drawing(tmp_path: Path) -> str:
    page_results.rates(tmp_path, datasets=["news"])
    return figures.figure(tmp_path / "figures/disparity.svg", "some", "Some figure")


def test_names_in_a_drawing_are_its_own(drawing: str) -> None:
    names = re.findall(r'\bid="([^"]*)"', drawing)

    assert len(names) == len(set(names))
    assert all(name.startswith("some") for name in names)
    assert {
        used[1:] for used in re.findall(r'xlink:href="(#[^"]*)"|url\((#[^)]*)\)', drawing) for used in used if used
    } <= set(names)
    assert "<style" not in drawing
    assert "<metadata" not in drawing


def test_values_are_under_the_pointer(drawing: str, open_sections: Callable[..., Opened]) -> None:
    tab = open_sections(Section("some-section", "Some", drawing))
    tips = tab.evaluate("[...document.querySelectorAll('[data-tip]')].map((each) => each.dataset.tip)")
    marked = tab.locator("[data-tip^='news, full, epoch 3, verbatim']")

    marked.hover()

    assert {PATTERN.sub("", each) for each in VALUES} <= {PATTERN.sub("", each) for each in tips}
    assert tab.inner_text("#tip") == marked.get_attribute("data-tip")


def test_values_are_reached_by_the_keyboard(drawing: str, open_sections: Callable[..., Opened]) -> None:
    tab = open_sections(Section("some-section", "Some", drawing))
    tips = tab.evaluate("[...document.querySelectorAll('[data-tip]')].map((each) => each.dataset.tip)")
    tab.focus("[data-tips]")

    said = []
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft"):
        tab.keyboard.press(key)
        said.append(tab.inner_text("#said"))

    assert said == [tips[0], tips[1], tips[0], tips[-1]]


def test_greys_have_a_dark_form(drawing: str, open_sections: Callable[..., Opened]) -> None:
    tab = open_sections(Section("some-section", "Some", drawing), color_scheme="dark")

    red = tab.evaluate(
        "[...document.querySelectorAll('.drawing svg text')].map((each) => "
        "Number(getComputedStyle(each).fill.match(/\\d+/)[0]))"
    )

    assert min(red) > 128
