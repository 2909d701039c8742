"""The page's frame: sections, data behind them, and its policy."""

from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import Opened
from playwright.sync_api import Browser

from memorization.page import page
from memorization.page.section import Section, escaped, json_block, packed_block

HOSTILE = (
    "</script><script>window.hacked = 1</script><!-- <img src=x onerror='window.hacked = 1'>\x00\u202e\u2066 &amp;"
)


def test_data_reach_the_program_as_they_were(open_sections: Callable[..., Opened]) -> None:
    many = HOSTILE * 20_000
    blocks = {"texts": json_block([HOSTILE]), "bytes": packed_block(many.encode())}

    tab = open_sections(Section("some", "Some", "<p>Text</p>", blocks))

    assert tab.evaluate("page.json('texts')") == [HOSTILE]
    assert tab.evaluate("page.bytes('bytes').then((bytes) => new TextDecoder().decode(bytes))") == many
    assert tab.evaluate("window.hacked") is None


def test_texts_in_headings_and_navigation_stay_texts(open_sections: Callable[..., Opened]) -> None:
    tab = open_sections(Section("some", HOSTILE, f"<p>{escaped(HOSTILE)}</p>"))

    shown = HOSTILE.replace("\x00", "").replace("\u202e", "").replace("\u2066", "")
    assert [tab.inner_text(place) for place in ("h2", "nav li a", "section p")] == [shown] * 3
    assert tab.evaluate("window.hacked") is None


def test_a_block_that_could_end_its_element_is_refused() -> None:
    with pytest.raises(ValueError, match="block texts"):
        list(page.pieces("", "", [Section("some", "Some", "", {"texts": HOSTILE})]))


def test_the_policy_allows_the_pages_own_program_alone(browser: Browser, tmp_path: Path) -> None:
    page.write(tmp_path / "index.html", "Title", "", [Section("some", "Some", "")])
    tab = browser.new_page()
    tab.goto((tmp_path / "index.html").as_uri())

    refused = tab.evaluate(
        "() => new Promise((resolve) => { const script = document.createElement('script'); "
        "script.textContent = 'window.hacked = 1'; document.body.append(script); "
        "addEventListener('securitypolicyviolation', (event) => resolve(event.violatedDirective)); })"
    )

    assert (refused, tab.evaluate("window.hacked")) == ("script-src-elem", None)
    tab.close()
