import csv
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import storage
from memorization.report import tables
from memorization.statistics import CATEGORIES, differences, rates, table_of

ROOT = Path(__file__).resolve().parents[2]
SQL = ROOT / "workflow/queries/task_disparity.sql"
STATISTICS = {"draws": 200, "low": 0.025, "high": 0.975, "seed": 0}
TITLES = {"datasets": {"news": "Multi-news"}, "models": {"t5": "T5-base", "gpt": "GPT"}}
LABEL = "Demonstration: 100% made up"
BASE = ["none"] * 95 + ["idea"] * 5
FINE_TUNED = ["none"] * 80 + ["verbatim"] * 12 + ["paraphrase"] * 3 + ["idea"] * 5


def run(model: str = "t5", dataset: str = "news", state: str = "full") -> dict[str, Any]:
    epoch = 0 if state == "base" else 3
    return {
        "dataset": dataset,
        "task": "summarization",
        "model": model,
        "state": state,
        "epoch": epoch,
        "population": "member",
        "prefix_tokens": 50,
        "decoding": "greedy",
    }


def cell_tables(model: str = "t5", dataset: str = "news") -> list[pa.Table]:
    """The rates of a dataset's base model, its fine-tuned model and their difference."""
    return [
        table_of(rates(BASE, **STATISTICS), run(model, dataset, "base")),
        table_of(rates(FINE_TUNED, **STATISTICS), run(model, dataset, "full")),
        table_of(differences(BASE, FINE_TUNED, **STATISTICS), run(model, dataset, "difference")),
    ]


def queried(folder: Path, parts: Sequence[pa.Table], datasets: list[str], models: list[str]) -> pa.Table:
    files = [folder / f"part={number}" / "rates.parquet" for number in range(len(parts))]
    for file, part in zip(files, parts, strict=True):
        storage.write_table(file, "rates", part, {})
    return tables.query(SQL, files, study="disparity", datasets=datasets, models=models)


@pytest.fixture
def table(tmp_path: Path) -> pa.Table:
    return queried(tmp_path, cell_tables(), ["news"], ["t5"])


def write(
    table: pa.Table,
    output: Path,
    titles: dict[str, dict[str, str]] = TITLES,
    label: str = LABEL,
    losses: dict[tuple[str, str, str, int], float] | None = None,
) -> Path:
    tables.write(table, losses or {}, titles, label, STATISTICS, {"rule": "table"}, output)
    return output


def written(table: pa.Table, output: Path, ending: str, **settings: Any) -> str:
    write(table, output, **settings)
    return output.with_name(output.name + ending).read_text(encoding="utf-8")


def row(**values: Any) -> dict[str, Any]:
    rate = {"state": "full", "count": 0, "rate": 0.0, "low": 0.0, "high": 0.0, "exact_high": 0.0}
    return rate | values


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ({"count": 12, "rate": 0.12, "low": 0.0601, "high": 0.19}, "12.00% [6.01, 19.00]"),
        ({"count": 100, "rate": 1.0, "low": 1.0, "high": 1.0}, "100.00% [100.00, 100.00]"),
        ({"count": 0, "exact_high": 0.03622}, "0.00% (≤ 3.62%)"),
        ({"state": "base", "count": 1, "rate": 0.0001, "low": 0.0, "high": 0.0003}, "0.01% [0.00, 0.03]"),
        ({"state": "difference"}, "-"),
        ({"state": "difference", "count": 3, "rate": 0.03, "low": -0.01, "high": 0.07}, "↑3.00% [-1.00, +7.00]"),
        ({"state": "difference", "count": -3, "rate": -0.03, "low": -0.07, "high": 0.01}, "↓3.00% [-7.00, +1.00]"),
        ({"state": "difference", "count": 0, "low": -0.02, "high": 0.02}, "0.00% [-2.00, +2.00]"),
    ],
)
def test_a_cell_shows_the_rate_in_percent_with_its_interval(values: dict[str, Any], shown: str) -> None:
    assert tables.cell(row(**values)) == shown


def test_the_bound_of_none_is_the_exact_one(tmp_path: Path) -> None:
    none = table_of(rates(["none"] * 40, **STATISTICS), run())
    markdown = written(queried(tmp_path, [none], ["news"], ["t5"]), tmp_path / "t", ".md")
    assert markdown.count(f"0.00% (≤ {100 * (1 - 0.025 ** (1 / 40)):.2f}%)") == 4


def test_rows_stand_in_the_order_of_the_study(tmp_path: Path) -> None:
    parts = [
        part for model in ("gpt", "t5") for dataset in ("chat", "news") for part in cell_tables(model, dataset)[::-1]
    ]
    found = queried(tmp_path, parts, ["news", "chat"], ["t5", "gpt"]).to_pylist()
    assert [(r["model"], r["dataset"], r["state"], r["category"]) for r in found] == [
        (model, dataset, state, category)
        for model in ("t5", "gpt")
        for dataset in ("news", "chat")
        for state in ("base", "full", "difference")
        for category in CATEGORIES
    ]
    assert {r["study"] for r in found} == {"disparity"}


def test_values_of_the_runs_come_through_the_query_unchanged(table: pa.Table) -> None:
    expected = [each for part in cell_tables() for each in part.to_pylist()]
    assert [{key: each[key] for key in each if key != "study"} for each in table.to_pylist()] == expected


def test_tidy_tables_have_exactly_the_columns_of_the_schema(tmp_path: Path, table: pa.Table) -> None:
    output = write(table, tmp_path / "disparity")
    parquet = storage.read(tmp_path / "disparity.parquet", "table")
    names = storage.SCHEMAS["table"].names
    assert parquet.schema.equals(storage.SCHEMAS["table"])
    assert storage.manifest_of(tmp_path / "disparity.parquet") == {"table": "table", "rule": "table"}
    with output.with_name("disparity.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == names
    assert len(rows) == parquet.num_rows == 3 * len(CATEGORIES)
    for one, other in zip(rows, parquet.to_pylist(), strict=True):
        assert float(one["rate"]) == other["rate"]
        assert one["label"] == other["label"] == LABEL
        assert (float(one["exact_low"]) if one["exact_low"] else None) == other["exact_low"]


def test_categories_add_up_to_the_total_in_every_state(table: pa.Table) -> None:
    counts: dict[str, dict[str, int]] = {}
    for each in table.to_pylist():
        counts.setdefault(each["state"], {})[each["category"]] = each["count"]
    for state in counts.values():
        assert state["total"] == state["verbatim"] + state["idea"] + state["paraphrase"]
    for category in CATEGORIES:
        assert counts["difference"][category] == counts["full"][category] - counts["base"][category]


def test_all_four_files_are_written_and_nothing_else(tmp_path: Path, table: pa.Table) -> None:
    write(table, tmp_path / "tables/disparity")
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "disparity.csv",
        "disparity.md",
        "disparity.parquet",
        "disparity.tex",
    ]


def test_a_study_with_dots_in_its_name_keeps_them(tmp_path: Path, table: pa.Table) -> None:
    write(table, tmp_path / "tables/v1.0")
    assert sorted(path.suffixes[-1] for path in (tmp_path / "tables").glob("v1.0.*")) == [
        ".csv",
        ".md",
        ".parquet",
        ".tex",
    ]


def test_the_same_rates_give_the_same_bytes(tmp_path: Path, table: pa.Table) -> None:
    for name in ("one", "two"):
        write(table, tmp_path / name / "t")
    for ending in (".parquet", ".csv", ".md", ".tex"):
        assert (tmp_path / f"one/t{ending}").read_bytes() == (tmp_path / f"two/t{ending}").read_bytes()


def lines_of(markdown: str) -> list[list[str]]:
    """Cells of a Markdown table, split at the signs that are not escaped."""
    lines = [line for line in markdown.splitlines() if line.startswith("|") and not set(line) <= set("|-: ")]
    return [[part.strip() for part in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_table_for_people_has_a_line_a_state(tmp_path: Path, table: pa.Table) -> None:
    losses = {("t5", "full", "news", 3): 0.12345}
    heading, *lines = lines_of(written(table, tmp_path / "t", ".md", losses=losses))
    assert heading == [
        "Task",
        "Dataset",
        "Model",
        "Total Mem Rate",
        "Verbatim",
        "Idea",
        "Paraphrase",
        "n",
        "Training loss",
    ]
    assert [line[:3] for line in lines] == [
        ["Summarization", "Multi-news", "T5-base (base)"],
        ["", "", "T5-base (fine-tuned)"],
        ["", "", "Difference"],
    ]
    assert [line[-2:] for line in lines] == [["100", ""], ["100", "0.123"], ["100", ""]]
    assert lines[0][3].startswith("5.00% [")
    assert lines[0][4].startswith("0.00% (≤ 3.62%)")
    assert lines[1][3].startswith("20.00% [")
    assert lines[2][3].startswith("↑15.00% [+")
    assert lines[2][5] == "-"


def test_task_and_dataset_stand_again_where_another_group_begins(tmp_path: Path) -> None:
    parts = [*cell_tables("t5", "news"), *cell_tables("gpt", "news")]
    _, *lines = lines_of(written(queried(tmp_path, parts, ["news"], ["t5", "gpt"]), tmp_path / "t", ".md"))
    assert [line[1] for line in lines] == ["Multi-news", "", ""] * 2
    assert lines[3][2] == "GPT (base)"


def test_names_are_shown_where_there_is_no_title(tmp_path: Path, table: pa.Table) -> None:
    _, line, *_ = lines_of(written(table, tmp_path / "t", ".md", titles={"datasets": {}, "models": {}}))
    assert line[1:3] == ["news", "t5 (base)"]


def test_the_label_stands_in_every_file(tmp_path: Path, table: pa.Table) -> None:
    output = write(table, tmp_path / "t")
    assert output.with_name("t.md").read_text(encoding="utf-8").startswith(f"**{LABEL}**\n\n|")
    assert r"\caption{Demonstration: 100\% made up Memorization" in output.with_name("t.tex").read_text(
        encoding="utf-8"
    )
    assert LABEL in output.with_name("t.csv").read_text(encoding="utf-8")
    assert set(pq.read_table(output.with_name("t.parquet"))["label"].to_pylist()) == {LABEL}


def test_without_label_nothing_stands_in_its_place(tmp_path: Path, table: pa.Table) -> None:
    output = write(table, tmp_path / "t", label="")
    assert output.with_name("t.md").read_text(encoding="utf-8").startswith("|")
    assert r"\caption{Memorization" in output.with_name("t.tex").read_text(encoding="utf-8")


def test_the_caption_says_what_the_numbers_are(table: pa.Table) -> None:
    said = tables.caption(table.to_pylist(), {"draws": 1000, "low": 0.05, "high": 0.95})
    for part in ("training inputs", "greedy", "90% bootstrap", "1,000 draws", "0.05 and 0.95", "Clopper-Pearson"):
        assert part in said
    controls = [each | {"population": "control"} for each in table.to_pylist()]
    assert "test inputs, never trained on" in tables.caption(controls, STATISTICS)


def test_bars_in_titles_do_not_split_cells(tmp_path: Path, table: pa.Table) -> None:
    titles = {"datasets": {"news": "a|b"}, "models": {"t5": "T|5"}}
    heading, *lines = lines_of(written(table, tmp_path / "t", ".md", titles=titles))
    assert {len(line) for line in [heading, *lines]} == {9}
    assert lines[0][1:3] == [r"a\|b", r"T\|5 (base)"]


SPECIAL = "50% & $5 #1 a_b {c} ~d ^e \\f"
ESCAPED = r"50\% \& \$5 \#1 a\_b \{c\} \textasciitilde{}d \textasciicircum{}e \textbackslash{}f"


def test_the_label_is_plain_text_for_latex(tmp_path: Path, table: pa.Table) -> None:
    assert f"\\caption{{{ESCAPED} Memorization" in written(table, tmp_path / "t", ".tex", label=SPECIAL)


def test_titles_are_plain_text_for_latex(tmp_path: Path, table: pa.Table) -> None:
    latex = written(table, tmp_path / "t", ".tex", titles={"datasets": {"news": "50% & $5 #1 a_b"}, "models": {}})
    assert r"50\% \& \$5 \#1 a\_b" in latex
    body = latex.split(r"\midrule")[1].split(r"\bottomrule")[0]
    lines = [line for line in body.splitlines() if line.strip()]
    assert [len(re.findall(r"(?<!\\)&", line)) for line in lines] == [8, 8, 8]


def test_latex_has_commands_for_arrows_and_bounds(tmp_path: Path, table: pa.Table) -> None:
    latex = written(table, tmp_path / "t", ".tex")
    assert r"$\uparrow$15.00\%" in latex
    assert r"($\leq$ 3.62\%)" in latex
    assert not {"↑", "↓", "≤"} & set(latex)
    for part in (r"\begin{table*}", r"\toprule", r"\end{table*}"):
        assert latex.count(part) == 1


def test_losses_are_read_with_the_coordinates_of_their_training(tmp_path: Path) -> None:
    training = pa.table(
        {"epoch": [1, 2], "step": [5, 10], "loss": [2.0, 1.0], "learning_rate": [0.1, 0.0]},
        schema=storage.SCHEMAS["training"],
    )
    files = []
    for dataset in ("news", "chat"):
        files.append(tmp_path / f"{dataset}.parquet")
        coordinates = {"model": "t5", "recipe": "full", "dataset": dataset}
        storage.write_table(files[-1], "training", training, {"coordinates": coordinates})
    assert tables.last_losses(files) == {
        ("t5", "full", dataset, epoch): loss for dataset in ("news", "chat") for epoch, loss in ((1, 2.0), (2, 1.0))
    }


def test_a_terminal_shows_no_marks_of_bold() -> None:
    assert tables.plain("**Label**\n\n| a |") == "Label\n\n| a |"
