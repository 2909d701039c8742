"""Opening pages from disk as a reader does, with nothing but the file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

Opened = Page
"""A page of a browser."""


@contextlib.contextmanager
def opened(browser: Browser, file: Path, fragment: str = "", **options: Any) -> Iterator[Opened]:
    """A page opened from disk; AssertionError at its end if it has had an error, or has requested anything else."""
    context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
    tab, requests, errors = context.new_page(), [], []
    tab.on("request", lambda request: requests.append(request.url))
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
    tab.goto(f"{file.resolve().as_uri()}{fragment}")
    yield tab
    context.close()
    assert errors == []
    # A worker's program, and what a page hands a reader as a file, are no requests of a network.
    assert {url.split("#")[0] for url in requests if not url.startswith(("blob:", "data:"))} == {
        file.resolve().as_uri()
    }
