"""Locks that the kernel releases when their process ends, in whatever way, and scratch folders that outlive nobody.

A lock is `flock` on a file: it is one lock however the file is reached, and it never outlives `kill -9`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO

OWNER = ".owner"
SCRATCH = ".partial"
# Errors of file systems without locks, as some of clusters are.
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP)


def hold(path: Path) -> IO[str] | None:
    """Lock a file, made where it is missing, until it is closed or this process ends; None if a process has locked it.

    Raises OSError where the file cannot be opened for writing, or its file system has no locks.
    """
    while True:
        file = path.open("a+", encoding="utf-8")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return file
        except BlockingIOError:
            file.close()
            return None
        except FileNotFoundError:
            pass
        except OSError:
            file.close()
            raise
        # Removed between opening and locking, by the process that held it: what is locked now is nobody's file.
        file.close()


@contextlib.contextmanager
def scratch_beside(target: Path) -> Iterator[Path]:
    """Yield a new folder beside `target` that no other process writes to, and remove it at the end.

    What processes that have ended left in that place is removed first. Raises OSError where the folder cannot be made.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target.parent)
    folder, owner = _locked_folder(target.parent)
    try:
        yield folder
    finally:
        # Closed first: a network file system keeps an open file that is removed.
        if owner:
            owner.close()
        shutil.rmtree(folder, ignore_errors=True)


def _locked_folder(parent: Path) -> tuple[Path, IO[str] | None]:
    while True:
        folder = parent / f".{os.getpid()}-{secrets.token_hex(4)}{SCRATCH}"
        folder.mkdir()
        # A process that removes leftovers may take the folder for one before it is locked: then there is another.
        try:
            owner = hold(folder / OWNER)
        except FileNotFoundError:
            continue
        except OSError as error:
            if error.errno not in NO_LOCKS:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            # Nobody can tell whether the owner lives, so nobody removes it.
            return folder, None
        if owner:
            return folder, owner


def remove_leftovers(parent: Path) -> None:
    """Remove the scratch folders in `parent` of processes that have ended; those of living ones stay."""
    for folder in parent.glob(f".*{SCRATCH}"):
        with contextlib.suppress(OSError):
            owner = hold(folder / OWNER)
            if owner:
                shutil.rmtree(folder, ignore_errors=True)
                owner.close()
