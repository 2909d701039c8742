"""Repositories of a made-up hub: datasets as the record describes them, and tiny models of several kinds."""

import io
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from stand_in import Repository

# Enough for what the paper sets aside of a test split, and where that is a tenth of the train split.
ROWS, ROWS_ALONE = 600, 6000
SEEN = yaml.safe_load(Path(__file__).with_name("record.yaml").read_text(encoding="utf-8"))


def parquet(rows: list[dict[str, Any]]) -> bytes:
    stream = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), stream, row_group_size=1000)
    return stream.getvalue()


def value(kind: Any, column: str, split: str, number: int, names: bool) -> Any:
    """A made-up value of a column of that kind."""
    text = f"The {column} of row {number} in {split}: words that nobody else wrote, {number * number} of them."
    if kind == "string":
        return text
    none = "or_none" in kind and number % 3 == 0
    if kind in ("strings", "strings_or_none"):
        return [] if none else [text, f"{text} Again."]
    if kind == "bool":
        return number % 2 == 0
    if kind in ("answers", "answers_or_none"):
        return {"text": [] if none else [text], "answer_start": [] if none else [0]}
    return number % len(kind) if names else {language: f"{text} ({language})" for language in kind}


def feature(column: str, kind: Any) -> dict[str, Any]:
    """A column of that kind as a dataset's card describes it."""
    if kind in ("string", "bool"):
        return {"name": column, "dtype": kind}
    if kind in ("strings", "strings_or_none"):
        return {"name": column, "sequence": "string"}
    if kind in ("answers", "answers_or_none"):
        parts = [{"name": "text", "dtype": "string"}, {"name": "answer_start", "dtype": "int32"}]
        return {"name": column, "sequence": parts}
    if column == "translation":
        return {"name": column, "dtype": {"translation": {"languages": kind}}}
    return {"name": column, "dtype": {"class_label": {"names": {str(n): name for n, name in enumerate(kind)}}}}


def of_record(name: str) -> Repository:
    """A repository with a recorded dataset's configuration, columns, labels and splits, and a few rows."""
    seen = SEEN["datasets"][name]
    configuration = str(seen["configuration"])
    files: dict[str, bytes] = {}
    parts = seen.get("files", 1)
    for split, count in seen["splits"].items():
        rows = [
            {column: value(kind, column, split, number, column == "label") for column, kind in seen["columns"].items()}
            for number in range(min(count, ROWS if len(seen["splits"]) > 1 else ROWS_ALONE))
        ]
        share = -(-len(rows) // parts)
        for part in range(parts):
            place = f"{configuration}/{split}-{part:05}-of-{parts:05}.parquet"
            files[place] = parquet(rows[part * share : (part + 1) * share])
    if seen.get("script"):
        # As the hub converts it, under this name alone; the repository itself has a script and other files.
        converted = {f"{configuration}/{split}/0000.parquet": files[f"{configuration}/{split}-00000-of-00001.parquet"]
                     for split in seen["splits"]}  # fmt: skip
        return Repository(converted, refs=("refs/convert/parquet",))
    card = {
        "dataset_info": {
            "config_name": configuration,
            "features": [feature(column, kind) for column, kind in seen["columns"].items()],
        },
        "configs": [
            {
                "config_name": configuration,
                "data_files": [{"split": split, "path": f"{configuration}/{split}-*"} for split in seen["splits"]],
            }
        ],
    }
    files["README.md"] = f"---\n{yaml.safe_dump(card)}---\n".encode()
    return Repository(files)


def plain(files_of_train: int = 2, **settings: Any) -> Repository:
    """A dataset of 50 rows for training, in several files, and 10 for testing; no two have the same files."""
    mark = repr(sorted(settings.items()))
    rows = [{"id": str(n), "input": f"Text {n} of many words. {mark}", "target": str(n)} for n in range(60)]
    splits = [{"split": split, "path": f"data/{split}-*"} for split in ("train", "validation")]
    card = {"configs": [{"config_name": "plain", "data_files": splits}]}
    files = {"README.md": f"---\n{yaml.safe_dump(card)}---\n".encode(), "data/validation-0.parquet": parquet(rows[50:])}
    share = 50 // files_of_train
    for part in range(files_of_train):
        files[f"data/train-{part}.parquet"] = parquet(rows[part * share : (part + 1) * share])
    return Repository(files, **settings)


def script_only(name: str) -> Repository:
    """A dataset that is a program; it leaves a mark where it runs."""
    canary = Path(tempfile.gettempdir()) / "memorization-script-ran"
    program = f"import pathlib\npathlib.Path({str(canary)!r}).touch()\n"
    return Repository({f"{name}.py": program.encode(), "README.md": b""})


def folder(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
