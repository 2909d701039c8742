"""Checksums of results: damage to a file is noticed where the file is read, and by `memorization verify`.

A Parquet file contains the SHA-256 of all its other bytes. A folder contains the file `SHA256SUMS`, and files that are
no Parquet have such a list beside them, `<name>.sha256`; both are what `sha256sum --check` reads. Nothing without a
checksum is refused, since other programs and earlier versions write none.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from memorization.errors import UserError

SUMS = "SHA256SUMS"
"""The list of checksums in a folder."""

LIST_ENDING = ".sha256"
"""The ending of a list of checksums beside its files."""

PARQUET_KEY = b"memorization.sha256"
"""Key of a Parquet file's checksum in its metadata."""

PLACEHOLDER = b"0" * 64
"""What is written in place of a Parquet file's checksum until the rest of the file is."""

CHANGED, MISSING = "its content is not what was written", "it is missing"

# Key and value as Thrift writes them: what is between them are the type of a field and a length.
_SEALED = re.compile(re.escape(PARQUET_KEY) + rb"(?:\x18\x40([0-9a-f]{64}))?")
_LINE = re.compile(r"[0-9a-f]{64}  .+")
_BLOCK = 2**20

# Parquet files that were found undamaged: several readers of one job read the same one.
_checked: set[tuple[str, int, int, int]] = set()


class DamagedError(UserError):
    """Damage to a file of a result, with the command that makes the result again.

    `result` is what the rule of that file makes: the file itself, or a folder around it.
    """

    def __init__(self, path: Path, fault: str, result: Path) -> None:
        super().__init__(f"{path}: is damaged: {fault}. {remedy([result])}")
        self.result = result


def remedy(results: Iterable[Path]) -> str:
    """What makes results again."""
    files = " ".join(shlex.quote(str(result)) for result in results)
    return (
        f"Make it again, and what follows from it: start your run with `--forcerun {files}` at the end of its command."
    )


def result_of(path: Path) -> Path:
    """The result that a file or folder belongs to: the outermost folder above it with a list, or itself."""
    result = path
    for folder in path.parents:
        if not (folder / SUMS).is_file():
            break
        result = folder
    return result


def forget() -> None:
    """Compare again what this process has already found undamaged."""
    _checked.clear()


def seal_parquet(path: Path) -> None:
    """Replace the placeholder in a Parquet file's metadata by the checksum of all bytes around it."""
    with path.open("r+b") as file:
        sealed = _sealed(file)
        assert sealed is not None
        place, _ = sealed
        digest = _digest_around(file, place)
        file.seek(place)
        file.write(digest)


@contextlib.contextmanager
def reading_parquet(path: Path) -> Iterator[None]:
    """Raise UserError where something cannot be read as a Parquet file: one without a checksum may be damaged."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError) as error:
        # What the system refuses (no permission, too many open files) has a number; an error of the disk is damage.
        if isinstance(error, OSError) and error.errno not in (None, errno.EIO):
            raise
        fault = f"not a readable Parquet file ({' '.join(str(error).split())[:200]})"
        raise DamagedError(path, fault, result_of(path)) from error


def check_parquet(path: Path) -> bool:
    """Whether a Parquet file has a checksum; raises UserError where the file is damaged or missing."""
    import pyarrow.parquet as pq

    try:
        status = path.stat()
        key = (str(path), status.st_ino, status.st_size, status.st_mtime_ns)
        if key in _checked:
            return True
        with path.open("rb") as file:
            sealed = _sealed(file)
            if sealed is None:
                with reading_parquet(path):
                    pq.read_metadata(path)
                return False
            place, stated = sealed
            undamaged = _digest_around(file, place) == stated
    except FileNotFoundError as error:
        raise DamagedError(path, MISSING, result_of(path)) from error
    if not undamaged:
        raise DamagedError(path, CHANGED, result_of(path))
    _checked.add(key)
    return True


def sums(files: Iterable[Path], folder: Path) -> str:
    """The list of the checksums of files in or below a folder."""
    return "".join(f"{digest(file)}  {file.relative_to(folder).as_posix()}\n" for file in files)


def write_sums(folder: Path) -> None:
    """Write the list of the checksums of all files in and below a folder into the folder."""
    files = (file for file in sorted(folder.rglob("*")) if file.is_file() and file != folder / SUMS)
    # Tantivy's locks are empty, and need not stay.
    listed = [file for file in files if file.suffix != ".lock"]
    (folder / SUMS).write_text(sums(listed, folder), encoding="utf-8")


def check_folder(folder: Path) -> bool:
    """Whether the files in a folder have checksums; raises UserError where one of them is damaged or missing.

    The folder may be a part of a result: then the list is that of the whole result.
    """
    listed = result_of(folder) / SUMS
    if not listed.is_file():
        return False
    for error in damage(listed, folder):
        raise error
    return True


def check_file(path: Path) -> bool:
    """Whether a file has a checksum in the list beside it; raises UserError where the file is damaged or missing."""
    listed = path.with_suffix(LIST_ENDING)
    if not path.is_file():
        raise DamagedError(path, MISSING, path)
    if not listed.is_file():
        return False
    for error in damage(listed, path):
        raise error
    return True


def damage(listed: Path, part: Path | None = None) -> Iterator[DamagedError]:
    """The damage to files of a list of checksums; only to those in or below `part`, if it is given."""
    folder = listed.parent if listed.name == SUMS else None
    try:
        entries = read_sums(listed)
    except ValueError:
        yield DamagedError(listed, CHANGED, folder or listed)
        return
    for stated, file in entries:
        if part is None or file.is_relative_to(part):
            if not file.is_file():
                yield DamagedError(file, MISSING, folder or file)
            elif digest(file) != stated:
                yield DamagedError(file, CHANGED, folder or file)


def read_sums(listed: Path) -> list[tuple[str, Path]]:
    """(checksum, file) of each line of a list; ValueError where it is no such list."""
    *lines, rest = listed.read_text(encoding="utf-8").split("\n")
    if rest or not lines or not all(_LINE.fullmatch(line) for line in lines):
        raise ValueError(f"{listed}: no list of checksums")
    return [(line[:64], listed.parent / line[66:]) for line in lines]


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sealed(file: IO[bytes]) -> tuple[int, bytes] | None:
    """Place and value of the checksum in a Parquet file's metadata; None where there is none."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 8))
    # Behind the metadata are their length and four letters.
    metadata = int.from_bytes(file.read(4), "little")
    start = size - 8 - metadata
    if start < 0:
        return None
    file.seek(start)
    found = list(_SEALED.finditer(file.read(metadata)))
    # A key without its value is damaged, too: no bytes have this checksum.
    return (start + found[-1].end() - len(PLACEHOLDER), found[-1][1] or b"") if found else None


def _digest_around(file: IO[bytes], place: int) -> bytes:
    """SHA-256 of a file's bytes, without those of the checksum at `place`."""
    result = hashlib.sha256()
    file.seek(0)
    left = place
    while left and (block := file.read(min(left, _BLOCK))):
        result.update(block)
        left -= len(block)
    file.seek(place + len(PLACEHOLDER))
    while block := file.read(_BLOCK):
        result.update(block)
    return result.hexdigest().encode()
