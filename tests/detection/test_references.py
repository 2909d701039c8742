"""References: what suffixes and prompts are to a tokenizer, and in how many inputs a prefix is."""

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain_texts import letters_only

from memorization import storage
from memorization.detection import references as r
from memorization.schemas.dataset import DatasetTable
from memorization.schemas.probes import ProbesTable
from memorization.schemas.references import ReferencesTable


@given(
    st.lists(st.text(st.sampled_from("ab \n猫"), min_size=1, max_size=5), max_size=8),
    st.lists(st.text(st.sampled_from("ab \n猫"), max_size=20), max_size=6),
)
def test_inputs_with_a_prefix_are_counted_one_by_one(prefixes: list[str], inputs: list[str]) -> None:
    expected = {prefix: sum(prefix in text for text in inputs) for prefix in prefixes}
    assert r.inputs_with(prefixes, iter(inputs)) == expected


def test_a_prefix_counts_once_an_input_and_an_input_for_every_prefix() -> None:
    assert r.inputs_with(["ab", "abc", "ab", "x"], ["ab abc ab", "abc", "", "b"]) == {"ab": 2, "abc": 2, "x": 0}
    assert r.inputs_with([], ["a"]) == {}
    with pytest.raises(ValueError, match="empty prefix"):
        r.inputs_with([""], ["a"])


@pytest.mark.parametrize("together", [1, 2, 1_000])
def test_a_reference_is_what_a_tokenizer_can_write(
    tmp_path: Path, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(r, "PROBES_PER_BATCH", together)
    texts = ["Ab {c} def", "ab", "ab cd"]
    probes = [
        {"probe": number, "id": "", "prefix": text[:2], "suffix": text[2:], "input_text": number}
        | {"prefix_characters": 2, "suffix_characters": len(text) - 2}
        for number, text in enumerate(texts)
    ]
    rows = [
        {"id": "", "split": split, "instruction": "", "input": text, "target": "ab", "references": None}
        for split in ("train", "test")
        for text in texts
    ]
    for name, table, content in (("probes", ProbesTable, probes), ("dataset", DatasetTable, rows)):
        file = tmp_path / f"{name}.parquet"
        storage.write_table(file, table, pa.Table.from_pylist(content, schema=table.arrow()), {})
    batches = r.reference_batches(tmp_path / "probes.parquet", tmp_path / "dataset.parquet", letters_only())
    made = pa.Table.from_batches(list(batches), schema=ReferencesTable.arrow())
    assert made.to_pylist() == [
        {
            "probe": 0,
            "prompt": "ab",
            "reference": " c def",
            "reference_tokens": [26, 2, 26, 3, 4, 5],
            "prefix_inputs": 1,
        },
        {"probe": 1, "prompt": "ab", "reference": "", "reference_tokens": [], "prefix_inputs": 2},
        {"probe": 2, "prompt": "ab", "reference": " cd", "reference_tokens": [26, 2, 3], "prefix_inputs": 2},
    ]
