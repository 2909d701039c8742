"""The whole page in a browser: accessible, printable, and nothing but text in its texts."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import page_results
import pytest
from browsing import Opened
from example_sheet import example
from test_page import HOSTILE

from memorization.page import contents, page
from memorization.page.context import PageContext
from memorization.report.cells import Cell, Excerpt

AXE = Path(__file__).with_name("vendor") / "axe.min.js"
SHOWN_HOSTILE = HOSTILE.replace("\x00", "").replace("\u202e", "").replace("\u2066", "")


def write(results: Path, files: dict[str, list[Path]], context: PageContext) -> Path:
    file = results / "report/index.html"
    page.write(file, contents.TITLE, contents.summary(context), contents.sections(files, context))
    return file


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with all sections."""
    results = tmp_path_factory.mktemp("results")
    files, cells = page_results.attention(results)
    texts = replace(example(), rows=[{"Case": Excerpt("before", "passage", "after"), "Length": Cell("3", 3)}])
    context = page_results.page_context(
        results,
        page_results.rates(results),
        page_results.further(results, texts, "cases"),
        attention=cells,
        left_out={"lost": "studies.lost: left out, since its files are missing."},
        methods=["It was measured as in [zeng2024]."],
        citations={"zeng2024": "Zeng et al."},
        settings=[("probes.n", "60", "10000")],
        seeds=[("probes.seed", "0")],
    )
    return write(results, files, context)


def test_third_party_files_are_those_that_are_written_down() -> None:
    [entry] = json.loads(AXE.with_name("vendored.json").read_text(encoding="utf-8"))

    assert (entry["file"], entry["sha256"]) == (AXE.name, hashlib.sha256(AXE.read_bytes()).hexdigest())
    assert f"axe v{entry['version']}" in AXE.read_text(encoding="utf-8")[:100]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation(whole: Path, open_file: Callable[..., Opened], scheme: str) -> None:
    tab = open_file(whole, color_scheme=scheme, reduced_motion="reduce")
    tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    tab.wait_for_selector(".map canvas")
    # A single digit has no contrast that axe would look at.
    tab.click("text=Show the tokens")
    tab.evaluate(AXE.read_text(encoding="utf-8"))

    found = tab.evaluate("axe.run({ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] })")

    described = [
        (each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"]) for each in found["violations"]
    ]
    assert described == []


def test_navigation_leads_to_every_section(whole: Path, open_file: Callable[..., Opened]) -> None:
    tab = open_file(whole)

    shown = tab.evaluate(
        "[...document.querySelectorAll('.top li a')].map((link) => "
        "[link.textContent, document.querySelector(link.hash).querySelector('h2').textContent])"
    )

    assert [name for name, _ in shown] == ["The answer", "Every study", "Where it looks", "How it was measured"]
    assert all(name == heading for name, heading in shown)


def test_the_theme_is_the_systems_until_the_reader_chooses(whole: Path, open_file: Callable[..., Opened]) -> None:
    tab = open_file(whole, color_scheme="dark")
    ground = "getComputedStyle(document.body).backgroundColor"
    dark = tab.evaluate(ground)

    tab.click("#theme")

    assert tab.evaluate(ground) != dark
    assert tab.inner_text("#theme") == "Dark"


def test_print_has_every_study_and_no_text_that_nobody_asked_for(whole: Path, open_file: Callable[..., Opened]) -> None:
    tab = open_file(whole)
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")

    assert tab.locator("#study-disparity table").is_visible()
    assert tab.locator("#provenance table").first.is_visible()
    assert not tab.locator("#study-cases table").is_visible()
    assert not tab.locator(".top, .tools").first.is_visible()
    widths = tab.evaluate(
        "[...document.querySelectorAll('.table')].map((each) => [each.scrollWidth, each.clientWidth])"
    )
    assert all(inner <= outer for inner, outer in widths)


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_no_width_scrolls_sideways(whole: Path, open_file: Callable[..., Opened], width: int) -> None:
    tab = open_file(whole, viewport={"width": width, "height": 800})
    tab.wait_for_selector(".map canvas")

    assert tab.evaluate("document.documentElement.scrollWidth") <= width


# Matplotlib says what it cannot draw of them.
@pytest.mark.filterwarnings("ignore:Glyph 0", "ignore:constrained_layout not applied")
def test_hostile_texts_stay_texts(tmp_path: Path, open_file: Callable[..., Opened]) -> None:
    titles = {"datasets": {"news": HOSTILE, "chat": "javascript:alert(1)"}, "models": {"t5": HOSTILE}}
    rates = page_results.rates(tmp_path, titles=titles, title=HOSTILE, label=HOSTILE)
    large = replace(example(HOSTILE, "x" * 1_000_000, HOSTILE, HOSTILE), caption=HOSTILE)
    files, cells = page_results.attention(tmp_path, HOSTILE)
    fields: dict[str, Any] = {
        "label": HOSTILE,
        "left_out": {"lost": HOSTILE},
        "methods": [HOSTILE],
        "seeds": [(HOSTILE, HOSTILE)],
    }
    further = page_results.further(tmp_path, large, title=HOSTILE)
    context = page_results.page_context(
        tmp_path, rates, further, attention=cells, personal_data="revealed", citations={"x": HOSTILE}, **fields
    )

    tab = open_file(write(tmp_path, files, context))
    tab.wait_for_selector(".map canvas")

    assert tab.evaluate("[window.hacked, document.querySelectorAll('img, a[href^=javascript]').length]") == [None, 0]
    assert tab.inner_text(".intro .label") == SHOWN_HOSTILE
    assert tab.inner_text("#study-further h3") == f"{SHOWN_HOSTILE} recall"
    assert tab.inner_text(".card .dataset") == SHOWN_HOSTILE
    assert SHOWN_HOSTILE in tab.inner_text("#study-further table")
    assert len(tab.inner_text("#study-further .long >> nth=1")) == 1_000_000
    assert SHOWN_HOSTILE in tab.inner_text(".methods p")
    assert SHOWN_HOSTILE in tab.inner_text(".left-out")
    assert f"{SHOWN_HOSTILE}-in-0" in tab.inner_text("#maps")
    assert tab.evaluate("document.querySelector('[data-tip]').dataset.tip") is not None


def test_a_page_without_any_study_stands(tmp_path: Path, open_file: Callable[..., Opened]) -> None:
    context = page_results.page_context(tmp_path, left_out={"lost": "studies.lost: left out."}, label="")

    tab = open_file(write(tmp_path, {"maps": [], "density_means": []}, context))

    assert tab.inner_text(".left-out li") == "studies.lost: left out."
