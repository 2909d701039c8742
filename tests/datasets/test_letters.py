"""Datasets in scripts without spaces between words, which need a segmentation."""

import re
from pathlib import Path

import pytest
from source_files import read, refused, source

ENGLISH = "The committee reviewed the proposal for a new bridge across the northern river."


def of(folder: Path, *inputs: str, name: str = "rows") -> Path:
    rows = [{"id": str(number), "input": text, "target": "y"} for number, text in enumerate(inputs)]
    return source(folder / f"{name}.jsonl", rows)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("今天下雨。我没出门，在家里看书。", "Han 100%"),
        ("カメラと時計を買った。", "Han 30%, Kana 70%"),
        ("ฉันไปตลาดเมื่อวานนี้", "Thai 100%"),
        ("ຂ້ອຍໄປຕະຫຼາດ", "Lao 100%"),
        ("ខ្ញុំទៅផ្សារ", "Khmer 100%"),
        ("ငါဈေးသွားတယ်", "Myanmar 100%"),
    ],
)
def test_a_dataset_of_a_script_without_spaces_is_refused(text: str, found: str, tmp_path: Path) -> None:
    message = refused(of(tmp_path, text))
    assert message.startswith(
        "datasets.mine: 100.0% of the letters of its training inputs are of scripts without spaces"
    )
    assert f"({found})" in message
    assert "Set `datasets.mine.segmentation: characters`" in message


def test_a_segmentation_is_the_way_out(tmp_path: Path) -> None:
    assert [row["input"] for row in read(of(tmp_path, "今天下雨。"), segmentation="characters")] == ["今天下雨。"]


@pytest.mark.parametrize(
    "text",
    [
        "한국어 문장은 낱말 사이를 띄어 쓴다.",
        "Größe, naïveté, Ελληνικά, русский, עברית, العربية, हिन्दी, 😀 12345 --- ...",
        ENGLISH + " 世界人民大团结",
        "12 + 7 = 19",
    ],
)
def test_texts_with_spaces_and_some_foreign_words_are_not_refused(text: str, tmp_path: Path) -> None:
    assert len(read(of(tmp_path, text))) == 1


def test_the_share_is_that_of_all_training_inputs(tmp_path: Path) -> None:
    """English letters: 66; a fifth of all are 16.5 others."""
    assert len(re.sub("[^A-Za-z]", "", ENGLISH)) == 66
    assert "20.5% of the letters" in refused(of(tmp_path, ENGLISH, "文" * 17))
    assert len(read(of(tmp_path, ENGLISH, "文" * 16))) == 2


def test_test_rows_do_not_count(tmp_path: Path) -> None:
    train, test = of(tmp_path, ENGLISH, name="train"), of(tmp_path, "今天下雨。", name="test")
    assert len(read(train, test)) == 2
