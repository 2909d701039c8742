"""A sheet: its caption with the title, and the tidy table with the label."""

from example_sheet import ExampleTable, example
from sheets import LABEL


def test_the_title_is_a_sentence_before_the_caption() -> None:
    assert example(title="Table 2: tasks").whole_caption == "Table 2: tasks. Memorization in percent of n probes."
    assert example().whole_caption == "Memorization in percent of n probes."


def test_the_label_is_the_last_column() -> None:
    assert example().labelled.column_names == list(ExampleTable.columns())
    assert example().labelled["label"].to_pylist() == [LABEL] * 2
