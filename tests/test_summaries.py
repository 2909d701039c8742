from pathlib import Path

import pytest
from rich.cells import cell_len

from memorization import plan, summaries
from memorization.report import formats
from memorization.report.cells import Cell
from memorization.report.sheet import Sheet
from memorization.studies.kinds import Config

RATES = {"Total Mem Rate": "30.00% [18.33, 43.33]", "Verbatim": "25.00% [15.00, 36.67]", "Idea": "0.00%"}
LAST = {"Control": "0.00% (≤ 16.84%)", "Tokens": "91.6", "n": "60"}
TASKS = ("Summarization", "Dialog", "Sentiment Classification")


def configuration(results: Path, label: str = "", studies: int = 1) -> Config:
    return Config.model_validate(
        {
            "results": str(results),
            "label": label,
            **{name: {} for name in ("datasets", "models", "recipes", "decodings")},
            "studies": {
                f"study_{number}": {"kind": "memorization", "datasets": ["news"], "models": ["t5"], "states": ["base"]}
                for number in range(studies)
            },
        }
    )


def markdown(rows: list[dict[str, str]], label: str = "Demonstration on synthetic text.") -> str:
    """A table as the workflow writes it, with a caption that would fill a terminal."""
    table = formats.pa.table({})
    cells = [{head: Cell(text) for head, text in row.items()} for row in rows]
    return formats.markdown(Sheet(table.schema, table, cells, "Title", "A caption. " * 50, label, {}))


def rows(models: tuple[str, ...] = ("tiny T5 (base)", "tiny T5 (fine-tuned)")) -> list[dict[str, str]]:
    """As a study of memorization has them: a task is named once, and its dataset follows from it."""
    return [
        {"Task": task if not place else "", "Dataset": f"synthetic {task}" if not place else "", "Model": model}
        | RATES
        | LAST
        for task in TASKS
        for place, model in enumerate(models)
    ]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, 160, 400])
def test_a_table_is_as_wide_as_the_terminal(width: int) -> None:
    lines = summaries.cut(markdown(rows()), width, Path("t.md")).splitlines()
    paths = [line for line in lines if len(line.split()) == 1]
    assert max(cell_len(line) for line in lines if line not in paths) <= max(width, summaries.LEAST * 3)
    assert "A caption." not in "".join(lines)


def test_columns_that_tell_rows_apart_come_first_and_the_others_are_named() -> None:
    text = summaries.cut(markdown(rows()), 80, Path("results/tables/a.md"))
    label, _, heads, rule, first, *_ = text.splitlines()
    assert label == "Demonstration on synthetic text."
    assert heads.split() == ["Task", "Model", "Total", "Mem", "Rate", "n"]
    assert set(rule) == {"-", " "}
    assert first.split("  ")[0] == "Summarization"
    named = " ".join(text.split("Also there: ")[1].split())
    assert named == ("columns Dataset, Verbatim, Idea, Control, Tokens. Whole and explained: results/tables/a.md")


def test_what_a_rate_is_compared_with_comes_before_its_parts() -> None:
    heads = summaries.cut(markdown(rows()), 100, Path("t.md")).splitlines()[2]
    assert heads.split() == ["Task", "Model", "Total", "Mem", "Rate", "Control", "n"]


def test_a_terminal_that_is_wide_enough_shows_all_columns() -> None:
    text = summaries.cut(markdown(rows()), 400, Path("t.md"))
    assert all(head in text.splitlines()[2] for head in rows()[0])
    assert "Also there" not in text


def test_long_cells_are_shortened_and_wide_characters_count_twice() -> None:
    text = summaries.cut(markdown(rows(("模型" * 40, "small"))), 80, Path("t.md"))
    cells = [line for line in text.splitlines() if "模型" in line]
    assert all("..." in line and cell_len(line) <= 80 for line in cells)
    assert len(cells) == len(TASKS)


def test_marks_of_markdown_are_taken_out_of_cells_and_bars_in_them_kept() -> None:
    text = summaries.cut(markdown([{"Model": "a|b *c* \\", "n": "1"}, {"Model": "d_e", "n": "2"}]), 80, Path("t.md"))
    assert "a|b *c* \\" in text
    assert "d_e" in text


def test_long_tables_end_with_how_many_rows_are_left() -> None:
    many = [{"Model": f"m{number}", "n": "1"} for number in range(summaries.ROWS + 1_005)]
    text = summaries.cut(markdown(many), 80, Path("t.md"))
    assert f"m{summaries.ROWS - 1} " in text
    assert f"m{summaries.ROWS} " not in text
    assert "Also there: 1,005 more rows. " in text


def test_a_table_without_rows_has_its_place() -> None:
    assert summaries.cut(markdown([], label=""), 80, Path("t.md")) == ""


def made(results: Path, studies: int = 1) -> None:
    (results / "tables").mkdir()
    for number in range(studies):
        (results / f"tables/study_{number}.md").write_text(markdown(rows()), encoding="utf-8")


def test_without_a_terminal_tables_are_whole_and_a_terminal_cuts_all_lines(tmp_path: Path) -> None:
    made(tmp_path)
    whole = summaries.text(configuration(tmp_path), [], None)
    assert formats.without_markup(markdown(rows())).rstrip() in whole
    assert "study_0\n=======\n\nDemonstration on synthetic text.\n" in whole
    cut = summaries.text(configuration(tmp_path, "Demonstration."), ["dataset a: " + "few " * 40], 100)
    assert max(map(len, cut.splitlines())) <= max(100, len(f"Whole and explained: {tmp_path}/tables/study_0.md"))


def test_the_page_comes_first_where_there_is_one(tmp_path: Path) -> None:
    made(tmp_path)
    assert plan.PAGE not in summaries.text(configuration(tmp_path), [], None)
    page = tmp_path / plan.PAGE
    page.parent.mkdir()
    page.touch()
    text = summaries.text(configuration(tmp_path), [], None)
    assert text.strip().splitlines()[0] == f"Open {page} in a browser: every table, figure and case."


def test_folders_of_results_are_named_and_what_to_do_next(tmp_path: Path) -> None:
    lines = summaries.text(configuration(tmp_path), [], None).splitlines()
    for folder in ("tables", "figures", "runs", "checkpoints", "logs", "benchmarks"):
        assert any(f"{tmp_path}/{folder}/" in line for line in lines)
    assert lines[-4] == "Next:"
    assert f"memorization verify {tmp_path}" in lines[-1]
    demonstration = summaries.text(configuration(tmp_path, "Demonstration."), [], None)
    assert "configs/real-data.yaml" in demonstration.splitlines()[-1]


def test_many_tables_are_named_and_not_shown(tmp_path: Path) -> None:
    studies = summaries.SHOWN + 1
    made(tmp_path, studies)
    text = summaries.text(configuration(tmp_path, studies=studies), [], None)
    assert f"{studies} studies: {', '.join(f'study_{number}' for number in range(studies))}." in text
    assert "| Task" not in text


def test_tables_that_were_not_made_are_left_out(tmp_path: Path) -> None:
    assert "study_0" not in summaries.text(configuration(tmp_path), [], None)


def test_warnings_that_differ_in_their_dataset_are_one() -> None:
    same = "split test: 60 probes configured, 20 usable inputs: n is 20"
    warnings = [f"dataset news, {same}", "6 of 21 pairs were cut", f"dataset chat, {same}", f"dataset news, {same}"]
    warnings += ["6 of 21 pairs were cut", "dataset news: odd"]
    assert summaries.grouped(warnings) == [
        f"datasets news, chat, {same}",
        "6 of 21 pairs were cut",
        "dataset news: odd",
    ]


@pytest.mark.parametrize(("label", "kind"), [("", "Warning"), ("Demonstration.", "Note")])
def test_a_demonstration_notes_what_a_study_warns_of(label: str, kind: str, tmp_path: Path) -> None:
    text = summaries.text(configuration(tmp_path, label), ["n is 12"], None)
    assert f"\n{kind}: n is 12\n" in text
