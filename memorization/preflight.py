"""A look at local sources before anything runs: their first rows, read by the code of the job that will read them all.

What is found in order is remembered in the results folder, by the files' paths, sizes and times and by the settings, so
that the next start reads nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from memorization import local_files
from memorization.config.data import FilesDataset
from memorization.config.detection import FilesPairs, TrainedClassifier
from memorization.errors import UserError
from memorization.studies.kinds import Config

ROWS = 100
"""Rows of a split that are looked at."""

COMPRESSED_BYTES = 1 << 26
"""Compressed files of a split that are read to their end, to see that nothing is missing; it takes about a second."""

REMEMBERED = ".looked_at.json"


def check(config: Config) -> None:
    """Raise UserError with one line per source whose first rows its job could not use; `check_inputs` comes before."""
    seen = Seen(Path(config.results) / REMEMBERED)
    faults: list[str] = []
    for name in local_files.datasets_in_use(config):
        if not local_files.is_missing(config, name):
            files, settings = local_files.dataset_files(config, name), local_files.dataset_settings(config, name)
            # Looked at too: one that all rows share may be the name of a column.
            settings["instruction"] = config.datasets[name].instruction
            faults += seen.faults(f"datasets.{name}", files, settings, partial(_dataset_faults, config, name))
            if (key := local_files.canary_key(config, name)) is not None:
                files = {"train": files["train"], "canaries": [key]}
                limit = {"limit": config.datasets[name].limit}
                faults += seen.faults(f"datasets.{name}.canaries", files, limit, partial(_canary_faults, config, name))
    for name in local_files.classifiers_in_use(config):
        files, settings = local_files.pairs_files(config, name), local_files.classifier_settings(config, name)
        faults += seen.faults(f"classifiers.{name}", files, settings, partial(_pairs_faults, config, name))
    seen.remember()
    if faults:
        raise UserError("Inputs cannot be used.\n" + "\n".join(f"  {fault}" for fault in dict.fromkeys(faults)))


class Seen:
    """What was found in order, in a file that may be missing, unreadable, or impossible to write."""

    def __init__(self, file: Path) -> None:
        """Read the file, if there is one."""
        self._file = file
        self._before = self._read()
        self._now: dict[str, str] = {}

    def _read(self) -> Any:
        try:
            before = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        return before if isinstance(before, dict) else {}

    def faults(
        self, key: str, files: Mapping[str, list[str]], settings: Mapping[str, Any], look: Callable[[], Iterator[str]]
    ) -> list[str]:
        """What `look` finds, unless these files were found in order under these settings before."""
        if not files:
            return []
        stamp = _stamp(files, settings)
        if stamp is not None and self._before.get(key) == stamp:
            self._now[key] = stamp
            return []
        found = list(look())
        if stamp is not None and not found:
            self._now[key] = stamp
        return found

    def remember(self) -> None:
        """Write what is in order, if it is not what the file says and the folder can be written to."""
        if self._now and self._before != self._before | self._now:
            from memorization import storage

            try:
                storage.write_text(self._file, json.dumps(self._before | self._now, indent=0, sort_keys=True) + "\n")
            except (UserError, OSError):
                return


def _stamp(files: Mapping[str, list[str]], settings: Mapping[str, Any]) -> str | None:
    """A digest of paths, sizes, times and settings; None where a file is gone."""
    try:
        of_files = [
            [split, str(Path(file).absolute()), Path(file).stat().st_size, Path(file).stat().st_mtime_ns]
            for split, paths in files.items()
            for file in paths
        ]
    except OSError:
        return None
    return hashlib.sha256(json.dumps([of_files, settings], sort_keys=True).encode()).hexdigest()


def _dataset_faults(config: Config, name: str) -> Iterator[str]:
    from memorization.datasets.rendering import rendered
    from memorization.datasets.sources import local_rows, no_usable_rows

    dataset = config.datasets[name]
    assert isinstance(dataset.source, FilesDataset)
    for split, files in local_files.dataset_files(config, name).items():
        paths = [Path(file) for file in files]
        try:
            rows = list(islice(local_rows(name, dataset, dataset.source, split, paths, ROWS), ROWS))
            for _ in rendered(name, dataset, rows, Counter()):
                pass
            # The rows of a split may come later, where a column contains it.
            if not rows and dataset.source.split_column is None:
                raise no_usable_rows(name, split, Counter())
            _check_ends(f"datasets.{name}.source.{split}", dataset.source, paths)
        except UserError as error:
            yield str(error)


def _canary_faults(config: Config, name: str) -> Iterator[str]:
    """What is wrong with a key file, or with the file whose canaries it is to be the key of."""
    from memorization.datasets.canary_key import digest_of, read_key

    where, place = f"datasets.{name}.canaries", Path(str(local_files.canary_key(config, name)))
    try:
        key = read_key(place, where)
    except UserError as error:
        yield str(error)
        return
    output, limit = key.output, config.datasets[name].limit
    files = [Path(file) for file in local_files.dataset_files(config, name)["train"]]
    # One of its name first; others are read where that is not the one.
    files.sort(key=lambda file: file.name != output.name)
    if not any(digest_of(file) == output.sha256 for file in files):
        yield (
            f"{where}: {place}: is the key of {output.name!r} as `memorization canaries` wrote it (SHA-256 "
            f"{output.sha256[:12]}...), and no file of `source.train` has these bytes: "
            f"{', '.join(map(str, files[:3]))}."
        )
    if limit is not None and limit < output.rows:
        yield (
            f"datasets.{name}.limit: given {limit}, and {output.name} has {output.rows} rows: copies of canaries would "
            "be left out. Plant them in a file of as many rows as are wanted."
        )


def _pairs_faults(config: Config, name: str) -> Iterator[str]:
    from memorization.datasets.pairs import from_files

    source = config.classifiers[name].source
    assert isinstance(source, TrainedClassifier) and isinstance(source.pairs, FilesPairs)
    key = f"classifiers.{name}.source.pairs"
    for split, files in local_files.pairs_files(config, name).items():
        paths = [Path(file) for file in files]
        try:
            for _ in islice(from_files(key, source.pairs, split, paths, ROWS), ROWS):
                pass
            _check_ends(f"{key}.{split}", source.pairs, paths)
        except UserError as error:
            yield str(error)


def _check_ends(where: str, source: FilesDataset | FilesPairs, paths: list[Path]) -> None:
    from memorization.datasets.files import UserFile, check_end

    compressed = 0
    for path in paths:
        file = UserFile(where, path, source.separator, source.encoding)
        compressed += path.stat().st_size if file.is_compressed else 0
        if not file.is_compressed or compressed <= COMPRESSED_BYTES:
            check_end(file)
