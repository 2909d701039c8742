"""Files of all formats: which there are, what programs read in them, and texts that no format takes for markup."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from example_sheet import ExampleTable, example
from sheets import LABEL, csv_and_parquet, markdown_lines, written

from memorization import storage
from memorization.report import endings, formats
from memorization.report.cells import Cell, Excerpt
from memorization.report.sheet import Sheet

SPECIAL = "50% & $5 #1 a_b {c} ~d ^e \\f"
ESCAPED = r"50\% \& \$5 \#1 a\_b \{c\} \textasciitilde{}d \textasciicircum{}e \textbackslash{}f"


def one_row(**cells: Cell | Excerpt) -> Sheet:
    return dataclasses.replace(example(label=""), rows=[cells], caption="A caption.")


@pytest.mark.parametrize("name", ["disparity", "v1.0"])
def test_all_formats_are_written_and_nothing_else(tmp_path: Path, name: str) -> None:
    formats.write(example(), tmp_path / "tables" / name)
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        f"{name}.{ending}" for ending in ("csv", "html", "json", "md", "parquet", "sha256", "tex")
    ]
    assert tuple(formats.FORMATS) == endings.TABLE


def test_programs_read_the_tidy_table_with_its_label_and_manifest(tmp_path: Path) -> None:
    rows, parquet = csv_and_parquet(example(), tmp_path / "example")
    assert parquet.schema.equals(ExampleTable.arrow(), check_metadata=False)
    assert storage.manifest_of(tmp_path / "example.parquet") == {"table": "example", "rule": "example"}
    assert list(rows[0]) == ExampleTable.arrow().names
    for one, other in zip(rows, parquet.to_pylist(), strict=True):
        assert (float(one["rate"]), one["label"]) == (other["rate"], other["label"])


def test_the_same_sheet_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        formats.write(example(), tmp_path / name / "t")
    for ending in formats.FORMATS:
        assert (tmp_path / f"one/t.{ending}").read_bytes() == (tmp_path / f"two/t.{ending}").read_bytes()


def test_the_label_is_in_every_file(tmp_path: Path) -> None:
    assert written(example(), tmp_path / "t", ".md").startswith(f"**{LABEL}**\n\n|")
    assert r"\caption{Demonstration: 100\% made up Memorization" in formats.latex(example())
    assert f"<caption>{LABEL} Memorization" in formats.html(example())
    assert LABEL in (tmp_path / "t.csv").read_text(encoding="utf-8")
    assert set(pq.read_table(tmp_path / "t.parquet")["label"].to_pylist()) == {LABEL}


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =cmd|' /C calc'!A0", "\n-2"])
def test_no_text_of_a_csv_file_is_a_formula(tmp_path: Path, text: str) -> None:
    rows, parquet = csv_and_parquet(example(label=text), tmp_path / "t")
    assert {row["label"] for row in rows} == {f"'{text}"}
    assert set(parquet["label"].to_pylist()) == {text}


def test_numbers_and_other_texts_of_a_csv_file_are_unchanged(tmp_path: Path) -> None:
    tidy = example().tidy.set_column(1, ExampleTable.unlabelled().field("rate"), [[-0.05, 0.2]])
    rows, _ = csv_and_parquet(dataclasses.replace(example(label="a = -b"), tidy=tidy), tmp_path / "t")
    assert [(row["rate"], row["label"]) for row in rows] == [("-0.05", "a = -b"), ("0.2", "a = -b")]


def test_without_a_label_its_place_is_empty() -> None:
    assert formats.markdown(example(label="")).startswith("|")
    assert r"\caption{Memorization" in formats.latex(example(label=""))
    assert "<caption>Memorization" in formats.html(example(label=""))


@pytest.mark.parametrize("layout", [formats.markdown, formats.latex, formats.html])
def test_the_title_begins_the_caption(layout: Any) -> None:
    assert "Table 2: tasks. Memorization in percent" in layout(example(title="Table 2: tasks"))


def test_texts_of_the_page_are_escaped() -> None:
    page = formats.html(example("<b>news</b> & more", label="<script>x</script>"))
    assert "&lt;b&gt;news&lt;/b&gt; &amp; more" in page
    assert "&lt;script&gt;x&lt;/script&gt; Memorization" in page
    assert "<b>" not in page
    assert "<script" not in page


def test_bars_in_cells_do_not_split_them() -> None:
    heading, *lines = markdown_lines(formats.markdown(example("a|b", "T|5 (base)")))
    assert {len(line) for line in [heading, *lines]} == {3}
    assert lines[0][:2] == [r"a\|b", r"T\|5 (base)"]


def test_markdown_shows_texts_literally() -> None:
    text = "5%*** <img src=x> [a](b) `c` | d"
    shown = formats.markdown(one_row(x=Cell(text)))
    assert r"5%\*\*\* \<img src=x> [a]\(b) \`c\` \| d" in shown
    assert text in formats.without_markup(shown)


def test_a_terminal_shows_no_marks_of_bold() -> None:
    assert formats.without_markup("**Label**\n\n| a |") == "Label\n\n| a |"


def test_a_terminal_shows_the_stars_and_signs_of_captions_and_labels() -> None:
    legend = r"Stars: p < 0.05 (*), 0.01 (**) or 0.001 (***); a\b, a\*b, [x](y), `z`."
    sheet = dataclasses.replace(example(label="**Made up**"), rows=[{"x": Cell("1***")}], caption=legend)
    shown = formats.markdown(sheet)
    assert r"(\*), 0.01 (\*\*) or 0.001 (\*\*\*)" in shown
    plain = formats.without_markup(shown)
    assert plain.startswith("**Made up**\n\n|")
    assert legend in plain
    assert "1***" in plain
    excerpt = one_row(text=Excerpt("*", "two", "**"))
    assert "*two**" in formats.without_markup(formats.markdown(excerpt))


def test_the_label_is_plain_text_for_latex() -> None:
    assert f"\\caption{{{ESCAPED} Memorization" in formats.latex(example(label=SPECIAL))


def test_cells_are_plain_text_for_latex() -> None:
    latex = formats.latex(example("50% & $5 #1 a_b"))
    assert r"50\% \& \$5 \#1 a\_b" in latex
    body = latex.split(r"\midrule")[1].split(r"\bottomrule")[0]
    lines = [line for line in body.splitlines() if line.strip()]
    assert [len(re.findall(r"(?<!\\)&", line)) for line in lines] == [2, 2, 2, 2]


def test_latex_has_commands_for_arrows_and_bounds() -> None:
    latex = formats.latex(example())
    assert r"$\uparrow$15.00\%" in latex
    assert r"$\downarrow$1.00\%" in latex
    assert r"($\leq$ 3.62\%)" in latex
    assert not {"↑", "↓", "≤"} & set(latex)
    for part in (r"\begin{table*}", r"\toprule", r"\end{table*}"):
        assert latex.count(part) == 1


def test_the_passage_of_an_excerpt_is_marked_in_every_format() -> None:
    sheet = one_row(text=Excerpt("He said ", "two <b> 5% | here", " again."))
    assert r"He said **two \<b> 5% \| here** again." in formats.markdown(sheet)
    assert "He said <mark>two &lt;b&gt; 5% | here</mark> again." in formats.html(sheet)
    assert r"He said \textbf{two \ensuremath{<}b\ensuremath{>} 5\% | here} again." in formats.latex(sheet)


def test_the_printed_table_is_written_with_the_numbers_behind_its_cells() -> None:
    rows = [
        {"Rate": Cell("0.00% (≤ 3.62%)", 0.0, 0.0, 0.0362, "fraction"), "Text": Excerpt("a\nb", "c\x00", "\u202ed")},
        {"Rate": Cell("∞", float("inf")), "Text": Cell("two\nlines")},
    ]

    printed = json.loads(formats.printed(dataclasses.replace(example(title="A title"), rows=rows)))

    assert (printed["title"], printed["label"]) == ("A title", LABEL)
    assert printed["headings"] == ["Rate", "Text"]
    assert printed["rows"] == [
        [
            {"text": "0.00% (≤ 3.62%)", "value": 0.0, "low": 0.0, "high": 0.0362, "unit": "fraction"},
            {"before": "a b", "passage": "c", "after": "d"},
        ],
        [{"text": "∞", "value": "inf"}, {"text": "two lines"}],
    ]
    assert json.loads(formats.printed(dataclasses.replace(example(), rows=[])))["headings"] == []
