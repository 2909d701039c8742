"""A real browser for the tests of the page: Debian's Chromium, or another one that is named by `CHROMIUM`."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from browsing import OPTIONS, Opened, opened
from playwright.sync_api import Browser, sync_playwright

from memorization.page import page
from memorization.page.section import Section


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The browser; a test is skipped where there is none, and fails there if REQUIRE_BROWSER is set."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        reason = "Chromium is not installed (apt-get install chromium), or set CHROMIUM to its program"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_file(browser: Browser) -> Iterator[Callable[..., Opened]]:
    """A function that opens a page from disk; its options are those of a browser's context (`color_scheme`, ...).

    At the end of the test no page may have asked for anything else, or have had an error.
    """
    with ExitStack() as stack:
        yield lambda file, **options: stack.enter_context(opened(browser, file, **options))


@pytest.fixture
def open_sections(open_file: Callable[..., Opened], tmp_path: Path) -> Callable[..., Opened]:
    """A function that opens a page that consists of some sections."""

    def open_them(*sections: Section, summary: str = "", **options: object) -> Opened:
        file = tmp_path / "index.html"
        page.write(file, "Made-up results", summary, sections)
        return open_file(file, **options)

    return open_them
