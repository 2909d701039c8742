"""The case browser in a real browser: filters, search, sorting, masks, links, the keyboard; texts that stay texts."""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browsing import Opened
from case_files import Made, case_section, run

from memorization.page.section import Section

SECRET = "ann.lee@example.org"
LONG = f"please write to {SECRET} until the end of the month"
SHORT = "a truck was searched on Monday"
MADE = [
    Made("Dear doctor, ", "I have nothing to say.", "There is nothing “quoted” here."),
    Made("Police in ", f"Westham say that {SHORT} near the lake.", f"And {SHORT} again.", SHORT, source=1),
    Made("The office ", f"asks: {LONG}.", f"They say {LONG}, or call 555-123-4567.", LONG, source=1, type="other"),
    Made("Once upon ", f"{LONG} there was a king.", "ONCE there was a King."),
]
MADE[2] = Made(MADE[2].prefix, MADE[2].suffix, MADE[2].generation, LONG, source=3, type="other", probability=0.9)
BASE = [Made(each.prefix, each.suffix, f"I, base, wrote {number}.") for number, each in enumerate(MADE)]
AXE = Path(__file__).with_name("vendor") / "axe.min.js"
RUNS = [(run(state="base", epoch=0), BASE), (run(), MADE)]
LINK = "#case=chat/member/t5/full/3/0/50/greedy/zeng2024/input/bare/"


@pytest.fixture(scope="module")
def made_section(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Section]:
    """A function that makes the section of `RUNS`, once for each way of personal data."""
    return functools.cache(lambda mode: case_section(tmp_path_factory.mktemp(mode), RUNS, personal_data=mode))


@pytest.fixture
def open_cases(
    open_sections: Callable[..., Opened], made_section: Callable[[str], Section], tmp_path: Path
) -> Callable[..., Opened]:
    """A function that opens a page of `RUNS`, or of other runs, and waits for its list."""

    def open_them(runs: Any = None, personal_data: str = "masked", **options: object) -> Opened:
        section = made_section(personal_data) if runs is None else case_section(tmp_path / "runs", runs)
        tab = open_sections(section, reduced_motion="reduce", **options)
        tab.wait_for_selector("#case-browser[data-searchable] .case")
        return tab

    return open_them


def listed(tab: Opened) -> list[str]:
    """The beginnings that the list shows, from its top."""
    texts: list[str] = tab.evaluate(
        "[...document.querySelectorAll('.row:not([hidden]) .snippet')].map((each) => each.textContent)"
    )
    return texts


def choose(tab: Opened, facet: str, value: str) -> None:
    tab.click(f".facet summary:has-text('{facet}')")
    tab.check(f".facet[open] label:has-text('{value}') input")
    tab.keyboard.press("Escape")


def test_cases_with_a_match_are_first_and_the_first_one_is_open(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases()

    assert [text[:12] for text in listed(tab)[:3]] == ["a truck was ", "please write", "I, base, wro"]
    assert tab.inner_text(".counted") == "8 cases, 2 with a match"
    assert tab.inner_text(".case h3") == "Verbatim of its own suffix"
    assert [tab.inner_text(f".side.{kind} .text") for kind in ("prefix", "generation")] == [
        "Police in ",
        f"And {SHORT} again.",
    ]
    assert tab.inner_text(".side.training .note") == "The probe's own suffix, row row-1"


def test_filters_leave_what_has_all_and_say_how_many(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases()

    choose(tab, "State", "base")
    assert tab.inner_text(".counted") == "4 of 8 cases, 0 with a match"
    choose(tab, "State", "full")
    choose(tab, "Category", "None")
    assert (len(listed(tab)), tab.inner_text(".counted")) == (6, "6 of 8 cases, 0 with a match")
    # What each choice would leave, all other filters applied.
    assert tab.evaluate("[...document.querySelectorAll('.facet')].map((each) => each.innerText)") is not None
    counts = tab.evaluate(
        "Object.fromEntries([...document.querySelectorAll('.facet label')].map((each) => "
        "[each.children[1].textContent, each.children[2].textContent]))"
    )
    assert (counts["base"], counts["full"], counts["Verbatim"], counts["None"]) == ("4", "2", "1", "6")
    tab.click("text=Clear filters")
    assert tab.inner_text(".counted") == "8 cases, 2 with a match"


def test_filters_by_entities_and_by_whose_suffix_it_is(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases()

    choose(tab, "Entity type", "EMAIL")
    assert [text[:12] for text in listed(tab)] == ["please write"]
    tab.click("text=Clear filters")
    choose(tab, "Suffix", "own suffix")
    assert [text[:12] for text in listed(tab)] == ["a truck was "]


@pytest.mark.parametrize(
    ("order", "first"),
    [
        ("length", "please write"),
        ("score", "please write"),
        ("probability", "please write"),
        ("run", "I, base, wro"),
        ("severity", "a truck was "),
    ],
)
def test_cases_are_sorted(open_cases: Callable[..., Opened], order: str, first: str) -> None:
    tab = open_cases()

    tab.select_option("label:has-text('sorted by') select", order)
    forwards = listed(tab)
    assert forwards[0][:12] == first
    tab.click("text=Reverse")
    assert listed(tab) == forwards[::-1]


@pytest.mark.parametrize(
    ("wanted", "scope", "found"),
    [
        ("once there", "all", ["ONCE there was a King."]),
        ('"QUOTED"', "all", ["There is nothing “quoted” here."]),
        ("westham", "all", ["a truck was searched on Monday again.", "I, base, wrote 1."]),
        ("westham", "generation", []),
        ("westham", "training", ["a truck was searched on Monday again.", "I, base, wrote 1."]),
        ("once", "prefix", ["I, base, wrote 3.", "ONCE there was a King."]),
        # From the end of a text to the beginning of the one behind it.
        ("again.police", "all", []),
    ],
)
def test_search_finds_texts_whatever_their_case(
    open_cases: Callable[..., Opened], wanted: str, scope: str, found: list[str]
) -> None:
    tab = open_cases()

    tab.select_option(".seek select", scope)
    tab.fill(".seek input", wanted)
    tab.wait_for_selector(f".counted:has-text('{len(found)} of 8 cases')")

    assert listed(tab) == found
    if found:
        tab.click(".row >> nth=0")
        tab.wait_for_selector(".case .found")
        marked = tab.evaluate(
            "[...document.querySelectorAll('.case .found')].map((each) => each.textContent.toLowerCase())"
        )
        assert marked[0].replace("“", '"').replace("”", '"') == wanted.lower()


def test_personal_data_is_masked_until_a_reader_asks(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases()
    choose(tab, "Category", "Paraphrase (high confidence)")
    tab.click(".row >> nth=0")
    tab.wait_for_selector(".case h3:has-text('another suffix')")

    assert SECRET not in tab.inner_text("#cases")
    assert "555-123-4567" not in tab.inner_text("#cases")
    assert tab.inner_text(".row .snippet >> nth=0").startswith("please write to [EMAIL] until")
    assert "[EMAIL]" in tab.inner_text(".entities")
    tab.click(".case .reveal")
    tab.wait_for_selector(".case .personal")
    for place in (".side.generation", ".side.training", ".entities", ".row .snippet >> nth=0"):
        assert SECRET in tab.inner_text(place)
    assert tab.evaluate("document.activeElement.className") == "reveal"
    tab.click(".case .reveal")
    tab.wait_for_selector(".case .mask")
    assert SECRET not in tab.inner_text("#cases")
    tab.click("text=Show all personal data")
    tab.wait_for_selector(".case .personal")
    assert "555-123-4567" in tab.inner_text(".side.generation")


@pytest.mark.parametrize(("mode", "shown"), [("revealed", True), ("absent", False)])
def test_a_page_may_show_personal_data_or_have_none(open_cases: Callable[..., Opened], mode: str, shown: bool) -> None:
    tab = open_cases(personal_data=mode)
    tab.goto(f"{tab.url.split('#')[0]}{LINK}2")
    tab.wait_for_selector(".case h3:has-text('another suffix')")

    assert (SECRET in tab.inner_text(".case")) is shown
    assert ("[EMAIL]" in tab.inner_text(".side.generation")) is not shown
    assert (tab.locator(".side.generation .mask").count() > 0) is not shown
    assert tab.locator(".reveal:visible").count() == 0


def test_aligned_passages_light_up_together(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases()
    marks = [tab.inner_text(f".side.{kind} .aligned") for kind in ("generation", "training")]
    assert marks == [SHORT, SHORT]

    tab.hover(".side.training .aligned")
    assert tab.locator(".aligned.lit").count() == 2
    tab.hover(".case h3")
    assert tab.locator(".aligned.lit").count() == 0
    tab.focus(".side.generation .aligned")
    assert tab.locator(".side.training .aligned.lit").count() == 1


def test_other_candidates_can_be_seen(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases()
    tab.click(".candidates summary")
    assert tab.inner_text(".candidate[aria-pressed=true] b") == "1. probe 1 (its own)"

    tab.click(".candidate:has-text('probe 0')")
    tab.wait_for_selector(".candidate[aria-pressed=true]:has-text('probe 0')")

    assert tab.inner_text(".side.training .text") == "I have nothing to say."
    assert tab.locator(".case .aligned").count() == 0


def test_links_name_cases_and_the_browser_goes_back(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases(fragment=f"{LINK}3")
    tab.wait_for_selector(".side.generation:has-text('ONCE')")

    tab.click(".row >> nth=1")
    tab.wait_for_selector(".side.generation:has-text('They say')")
    assert tab.evaluate("location.hash") == f"{LINK}2"
    tab.go_back()
    tab.wait_for_selector(".side.generation:has-text('ONCE')")
    tab.go_forward()
    tab.wait_for_selector(".side.generation:has-text('They say')")
    tab.evaluate("page.copy = (text) => { window.copied = text; return true; }")
    tab.click("text=Copy link")
    assert tab.evaluate("window.copied").endswith(f"{LINK}2")


@pytest.mark.parametrize("name", [f"{LINK}99", "#case=", "#case=%E0%A4%A", "#case=a/b&beside=c", f"{LINK}2x"])
def test_a_link_to_a_case_that_is_not_there_says_so(
    open_sections: Callable[..., Opened], made_section: Callable[[str], Section], name: str
) -> None:
    tab = open_sections(made_section("masked"), fragment=name)

    tab.wait_for_selector("[role=alert]:has-text('no such case')")


def test_two_states_of_a_probe_are_shown_side_by_side(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases()

    tab.select_option(".case-tools select", index=1)
    tab.wait_for_selector(".opened.two")

    assert [each.inner_text() for each in tab.locator(".case .run").all()] == ["Chat · T5 · base", "Chat · T5 · full"]
    assert "&beside=chat/member/t5/base/0/0/50/greedy/zeng2024/input/bare/1" in tab.evaluate("location.hash")
    tab.reload()
    tab.wait_for_selector(".opened.two")
    tab.click(".case >> nth=0 >> text=Close")
    tab.wait_for_selector(".opened:not(.two)")


def test_on_a_narrow_screen_a_case_is_below_the_list(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases(viewport={"width": 390, "height": 800})

    tab.click(".row >> nth=1")
    tab.wait_for_selector(".side.generation:has-text('They say')")
    while tab.evaluate("document.querySelector('.case h3').getBoundingClientRect().top") > 400:
        tab.wait_for_timeout(20)
    tab.click(".to-list")
    assert tab.evaluate("document.activeElement.className") == "case-list"


def test_a_case_can_be_kept_beside_others(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases()
    tab.click("text=Keep beside")
    tab.wait_for_selector(".case-tools [aria-pressed=true]")

    tab.click(".row >> nth=1")
    tab.wait_for_selector(".opened.two")

    assert [each.inner_text()[:3] for each in tab.locator(".side.generation .text").all()] == ["And", "The"]


def test_all_of_it_can_be_done_with_the_keyboard(open_cases: Callable[..., Opened]) -> None:
    tab = open_cases()
    tab.focus(".case-list")

    tab.keyboard.press("j")
    tab.wait_for_selector(".side.generation:has-text('They say')")
    assert tab.get_attribute(".case-list", "aria-activedescendant") == tab.get_attribute("[aria-selected=true]", "id")
    tab.keyboard.press("r")
    tab.wait_for_selector(".case .personal")
    tab.focus(".case-list")
    tab.keyboard.press("ArrowUp")
    tab.wait_for_selector(".side.generation:has-text('And a truck')")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.tagName") == "H3"
    tab.keyboard.press("Escape")
    assert tab.evaluate("document.activeElement.className") == "case-list"
    tab.keyboard.press("End")
    tab.wait_for_selector("[aria-selected=true][aria-posinset='8']")
    tab.keyboard.press("/")
    tab.keyboard.type("king")
    tab.wait_for_selector(".counted:has-text('3 of 8 cases')")
    tab.keyboard.press("Escape")
    tab.wait_for_selector(".counted:has-text('8 cases')")
    tab.keyboard.press("ArrowDown")
    assert tab.evaluate("document.activeElement.className") == "case-list"


def test_a_list_of_many_cases_has_as_many_rows_as_are_seen(open_cases: Callable[..., Opened]) -> None:
    many = [Made("A ", f"suffix {number}.", f"generation {number}") for number in range(500)]
    tab = open_cases([(run(), many)])

    tab.evaluate("document.querySelector('.case-list').scrollTop = 62 * 400")
    tab.wait_for_selector(".row:has-text('generation 400')")

    assert tab.locator(".row").count() < 30
    assert tab.get_attribute(".row:has-text('generation 400')", "aria-setsize") == "500"


HOSTILE = (
    "</script><script>window.hacked = 1</script><!-- <img src=x onerror='window.hacked = 1'> "
    "<a href='javascript:window.hacked=1'>x</a> &amp; \x00\x1b \u202e\u2066right"
)


def test_hostile_texts_stay_texts(open_cases: Callable[..., Opened]) -> None:
    passage = f"{HOSTILE} passage {HOSTILE}"
    large = "x" * 1_000_000
    made = [
        Made(HOSTILE, f"{HOSTILE}{passage}", f"{passage}{HOSTILE}", passage),
        Made(HOSTILE, HOSTILE, f"{large}{passage}", passage, source=0),
    ]
    tab = open_cases(
        [(run(dataset=HOSTILE, dataset_title=HOSTILE, state=HOSTILE, model_title=HOSTILE, studies=[HOSTILE]), made)]
    )

    seen = (
        HOSTILE.replace("\x00", "U+0000")
        .replace("\x1b", "U+001B")
        .replace("\u202e", "U+202E")
        .replace("\u2066", "U+2066")
    )
    assert tab.evaluate("[window.hacked, document.querySelectorAll('main img, main a[href^=javascript]').length]") == [
        None,
        0,
    ]
    assert seen in tab.evaluate("document.querySelector('.side.prefix .text').textContent")
    assert tab.evaluate("document.querySelector('.side.generation .aligned').textContent").startswith(seen)
    assert "\u202e" not in tab.evaluate("document.querySelector('#cases').textContent")
    tab.reload()
    tab.wait_for_selector(".case")
    tab.fill(".seek input", "</SCRIPT><script>")
    tab.wait_for_selector(".case .found")
    tab.fill(".seek input", "")
    tab.click(".row:has-text('passage') >> nth=1")
    tab.wait_for_selector(".more")
    assert tab.evaluate("document.querySelector('.side.generation .aligned').textContent").startswith(seen)
    tab.click(".side.generation .more")
    assert large in tab.evaluate("document.querySelector('.side.generation .text').textContent")
    assert tab.evaluate("window.hacked") is None


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_axe_finds_no_violation(open_cases: Callable[..., Opened], scheme: str, width: int) -> None:
    tab = open_cases(color_scheme=scheme, viewport={"width": width, "height": 900})
    tab.evaluate(AXE.read_text(encoding="utf-8"))
    rules = "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }"

    def violations() -> list[Any]:
        found = tab.evaluate(f"axe.run({rules})")["violations"]
        return [(each["id"], each["nodes"][0]["html"][:200], each["nodes"][0]["failureSummary"]) for each in found]

    tab.goto(f"{tab.url.split('#')[0]}{LINK}2")
    tab.wait_for_selector(".case h3:has-text('another suffix')")
    tab.click(".candidates summary")
    tab.fill(".seek input", "the")
    tab.wait_for_selector(".case .found")
    assert violations() == []
    tab.select_option(".case-tools select", index=1)
    tab.wait_for_selector(".opened.two")
    tab.click("text=Show all personal data")
    tab.wait_for_selector(".case .personal")
    tab.hover(".aligned >> nth=0")
    tab.click(".facet summary >> nth=0")
    assert violations() == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
