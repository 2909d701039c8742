"""Tables in the page: order, columns, copies, and texts that a reader has not asked for."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import page_results
import pytest
from browsing import Opened
from example_sheet import example

from memorization.errors import UserError
from memorization.page import studies
from memorization.page.section import Section
from memorization.report.cells import Cell, Excerpt

ROWS = [
    {"Dataset": Cell("news"), "Model": Cell("base"), "Rate": Cell("9.00%", 0.09), "n": Cell("1,000", 1000)},
    {"Dataset": Cell(), "Model": Cell("full"), "Rate": Cell("10.00%", 0.1), "n": Cell("20", 20)},
    {"Dataset": Cell(), "Model": Cell("Difference"), "Rate": Cell("↑1.00%", 0.01), "n": Cell()},
    {"Dataset": Cell("chat"), "Model": Cell("base"), "Rate": Cell("∞", float("inf")), "n": Cell("5", 5)},
    {"Dataset": Cell(), "Model": Cell("full"), "Rate": Cell(), "n": Cell("3", 3)},
]
ORDER = ["base", "full", "Difference", "base", "full"]


@pytest.fixture
def table(tmp_path: Path, open_sections: Callable[..., Opened]) -> Opened:
    """A page with the table of `ROWS`."""
    sheet = replace(example(), rows=ROWS)
    study = page_results.further(tmp_path, sheet)
    section = studies.section({}, page_results.page_context(tmp_path, study))
    assert section is not None
    return open_sections(section, permissions=["clipboard-read", "clipboard-write"])


def column(tab: Opened, number: int) -> list[str]:
    return tab.locator(f"tbody td:nth-child({number})").all_inner_texts()


def test_numbers_are_ordered_by_their_values_and_a_difference_follows_its_row(table: Opened) -> None:
    heading = table.locator("th:nth-child(3)")
    heading.locator("button").click()
    descending = column(table, 3), column(table, 1), heading.get_attribute("aria-sort")
    heading.locator("button").click()
    ascending = column(table, 3), heading.get_attribute("aria-sort")
    heading.locator("button").click()

    assert descending == (
        ["∞", "10.00%", "↑1.00%", "9.00%", ""],
        ["chat", "news", "news", "news", "chat"],
        "descending",
    )
    assert ascending == (["9.00%", "10.00%", "↑1.00%", "∞", ""], "ascending")
    assert (column(table, 2), column(table, 1), heading.get_attribute("aria-sort")) == (
        ORDER,
        ["news", "", "", "chat", ""],
        None,
    )


def test_texts_are_ordered_with_those_that_are_written_once(table: Opened) -> None:
    table.click("th:nth-child(1) button")

    assert column(table, 1) == ["chat", "chat", "news", "news", "news"]


def test_a_table_is_ordered_by_the_keyboard_alone(table: Opened) -> None:
    table.focus("th:nth-child(4) button")
    table.keyboard.press("Enter")

    assert column(table, 4) == ["1,000", "20", "", "5", "3"]
    assert table.inner_text("#said") == "Sorted by n, descending"


def test_columns_are_hidden_and_shown(table: Opened) -> None:
    table.click(".columns summary")
    table.uncheck("text=Model")
    hidden = table.locator("th:visible").all_inner_texts(), table.locator("tbody td:visible").count()
    table.check("text=Model")
    table.keyboard.press("Escape")

    assert hidden == (["Dataset", "Rate", "n"], 15)
    assert table.locator("th:visible").count() == 4
    assert not table.locator(".columns label").first.is_visible()


@pytest.mark.parametrize(("name", "ending"), [("Markdown", "md"), ("LaTeX", "tex"), ("CSV", "csv")])
def test_copies_are_the_bytes_of_the_files(table: Opened, tmp_path: Path, name: str, ending: str) -> None:
    table.click(f".tools button:text-is('{name}')")
    table.wait_for_selector(f"text=Copied as {name}.")

    copied = table.evaluate("navigator.clipboard.readText()")

    assert copied.encode() == (tmp_path / f"tables/further.{ending}").read_bytes()


def texts(tmp_path: Path, personal_data: str) -> Section:
    case = {"Case": Excerpt("before", "a secret passage", "after"), "Length": Cell("3", 3)}
    study = page_results.further(tmp_path, replace(example(), rows=[case]))
    section = studies.section({}, page_results.page_context(tmp_path, study, personal_data=personal_data))
    assert section is not None
    return section


def test_texts_are_folded_until_a_reader_asks(tmp_path: Path, open_sections: Callable[..., Opened]) -> None:
    tab = open_sections(texts(tmp_path, "masked"))
    before = tab.locator("table").is_visible()
    tab.click("text=texts as they are, with personal data in them")

    assert (before, tab.inner_text("mark")) == (False, "a secret passage")


def test_texts_are_not_in_a_page_without_personal_data(tmp_path: Path) -> None:
    assert "secret" in texts(tmp_path, "revealed").html
    section = texts(tmp_path, "absent")

    assert "secret" not in section.html
    assert section.blocks == {}


@pytest.mark.parametrize("ending", ["json", "md", "tex"])
def test_a_damaged_table_is_refused(tmp_path: Path, ending: str) -> None:
    study = page_results.further(tmp_path, example())
    file = tmp_path / f"tables/further.{ending}"
    file.write_bytes(file.read_bytes().replace(b"20.00", b"30.00"))

    with pytest.raises(UserError, match=rf"further\.{ending}: is damaged"):
        studies.section({}, page_results.page_context(tmp_path, study))
