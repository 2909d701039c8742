"""Checksums of files, folders and Parquet files, and what is said of damage."""

import errno
import hashlib
import shutil
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from memorization import checksums, storage
from memorization.checksums import DamagedError
from memorization.schemas.training import TrainingTable

TABLE = pa.table(
    {"epoch": [1], "step": [10], "loss": [2.5], "learning_rate": [0.1], "validation_loss": [None], "kept": [True]},
    schema=TrainingTable.arrow(),
)


def write_folder(folder: Path, **texts: str) -> Path:
    with storage.replacing(folder) as scratch:
        for name, text in texts.items():
            (scratch / name).parent.mkdir(parents=True, exist_ok=True)
            (scratch / name).write_text(text)
    return folder


def test_a_parquet_file_contains_the_checksum_of_its_other_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    storage.write_table(file, TrainingTable, TABLE, {"seed": 1})
    stated = pq.read_metadata(file).metadata[b"memorization.sha256"]
    content = file.read_bytes()
    assert content.count(stated) == 1
    assert hashlib.sha256(content.replace(stated, b"")).hexdigest().encode() == stated
    assert checksums.check_parquet(file)


@pytest.mark.parametrize("columns", [None, ["loss"]])
def test_every_flipped_byte_of_a_parquet_file_is_noticed(columns: list[str] | None, tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    storage.write_table(file, TrainingTable, TABLE, {})
    content = file.read_bytes()
    key = content.rindex(b"memorization.sha256")
    behind = key + len(b"memorization.sha256")
    ends = [key - 1, behind, behind + 1, len(content) - 8, len(content) - 1]
    for place in {*ends, *range(0, len(content), 7)}.difference(range(key, behind)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(DamagedError) as raised:
            storage.read(file, TrainingTable, columns)
        assert str(raised.value).startswith(f"{file}: is damaged: ")
        assert f"`--forcerun {file}`" in str(raised.value)


def test_only_the_name_of_the_checksum_may_change(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    storage.write_table(file, TrainingTable, TABLE, {"seed": 1})
    file.write_bytes(file.read_bytes().replace(b"memorization.sha256", b"memorization.sha356"))
    assert not checksums.check_parquet(file)
    assert storage.read(file, TrainingTable).equals(TABLE)
    assert storage.manifest_of(file) == {"table": "training", "seed": 1}


def test_pages_have_checksums_that_are_verified(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    storage.write_table(file, TrainingTable, TABLE, {})
    content = bytearray(file.read_bytes().replace(b"memorization.sha256", b"memorization.sha356"))
    page = pq.read_metadata(file).row_group(0).column(2)
    content[page.dictionary_page_offset + page.total_compressed_size - 3] ^= 1
    file.write_bytes(content)
    with pytest.raises(DamagedError, match="not a readable Parquet file"):
        storage.read(file, TrainingTable)


def test_a_parquet_file_without_a_checksum_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    pq.write_table(TABLE, file)
    assert not checksums.check_parquet(file)
    assert storage.rows(file) == TABLE.to_pylist()


@pytest.mark.parametrize(("code", "raised"), [(errno.EMFILE, OSError), (errno.EIO, DamagedError)])
def test_only_an_error_of_the_disk_is_damage(code: int, raised: type[Exception], tmp_path: Path) -> None:
    with pytest.raises(raised), checksums.reading_parquet(tmp_path / "a.parquet"):
        raise OSError(code, "refused")


def test_a_missing_or_cut_parquet_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.parquet"
    with pytest.raises(DamagedError, match="it is missing"):
        storage.rows_of(file)
    storage.write_table(file, TrainingTable, TABLE, {})
    for length in (0, 3, 11, 500):
        file.write_bytes(file.read_bytes()[:length])
        with pytest.raises(DamagedError, match="not a readable Parquet file"):
            storage.rows_of(file)


def test_a_folder_lists_its_files_as_sha256sum_does(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "folder", **{"a b.txt": "one", "inner/b.txt": "two", "writer.lock": ""})
    expected = [
        f"{hashlib.sha256(text).hexdigest()}  {name}" for text, name in ((b"one", "a b.txt"), (b"two", "inner/b.txt"))
    ]
    assert (folder / "SHA256SUMS").read_text().splitlines() == expected
    if shutil.which("sha256sum"):
        subprocess.run(["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"], cwd=folder, check=True)


def test_damage_in_a_part_of_a_folder_names_the_whole_result(tmp_path: Path) -> None:
    folder = tmp_path / "model=a b"
    with storage.replacing(folder) as scratch:
        write_folder(scratch / "epoch-1", weights="one")
        write_folder(scratch / "epoch-2", weights="two")
    (folder / "epoch-1/weights").write_text("on")
    (folder / "epoch-2/SHA256SUMS").unlink()
    shutil.copytree(folder, tmp_path / "c")
    shutil.rmtree(tmp_path / "c/epoch-2")

    for part, fault in ((folder / "epoch-1", "its content"), (folder / "epoch-2", "it is missing")):
        with pytest.raises(DamagedError, match=fault) as raised:
            checksums.check_folder(part)
        assert raised.value.result == folder
        assert f"--forcerun '{folder}'" in str(raised.value)
    with pytest.raises(DamagedError, match="it is missing"):
        checksums.check_folder(tmp_path / "c/epoch-2")
    # Another part is not affected, and what has no list is accepted.
    write_folder(tmp_path / "c/epoch-3", weights="three")
    assert checksums.check_folder(tmp_path / "c/epoch-3")
    (tmp_path / "plain").mkdir()
    assert not checksums.check_folder(tmp_path / "plain")


@pytest.mark.parametrize("change", ["", "x", "0" * 64 + " a.txt\n", "\xff", "{}cut"])
def test_a_damaged_list_is_damage(change: str, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "folder", **{"a.txt": "one"})
    whole = (folder / "SHA256SUMS").read_text()
    (folder / "SHA256SUMS").write_bytes(change.format(whole).encode("latin-1"))
    with pytest.raises(DamagedError, match="SHA256SUMS: is damaged: its content is not what was written"):
        checksums.check_folder(folder)


def test_a_file_is_compared_with_the_list_beside_it(tmp_path: Path) -> None:
    file, other = tmp_path / "a.json", tmp_path / "a.txt"
    for each in (file, other):
        each.write_text("whole")
    assert not checksums.check_file(file)
    storage.write_sums(tmp_path / "a.sha256", [file, other])
    assert checksums.check_file(file)
    other.write_text("changed")
    assert checksums.check_file(file)
    file.write_text("whose")
    with pytest.raises(DamagedError, match="its content is not what was written"):
        checksums.check_file(file)
    file.unlink()
    with pytest.raises(DamagedError, match="it is missing"):
        checksums.check_file(file)
