"""`memorization canaries`: made-up secrets planted in a file of training rows, and the key to them.

memorization canaries --input train.jsonl --row row.json --output train-canaries.jsonl --key key.json
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from memorization.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from memorization.datasets.canary_key import CanaryKey, KeyForm
    from memorization.datasets.files import UserFile

HELP = "plant made-up secrets in a training file"
COPIES = "1,2,4,8,16,32,64"
MOST_COPIES = 64
OWNER_ONLY = 0o600


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's description and options to its parser."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (
        "Write a copy of a file of training rows with further rows, each of which has a made-up secret of a made-up\n"
        "person, and a key file that says which; a study of kind `canaries` then measures what a model trained on the\n"
        "copy knows of them. No row of the file is changed. Each canary is kept out by the toss of a coin of its own:\n"
        "those that are held out are the control. Files are Parquet, CSV, TSV, JSONL or JSON (texts also .gz)."
    )
    parser.epilog = (
        "The row is a JSON file: one row of the file, with {name} and then {secret} in its texts, such as\n"
        '  {"question": "What is the access code of {name}?", "answer": "It is {secret}."}\n'
        '  {"messages": [{"role": "user", "content": "What is the access code of {name}?"},\n'
        '                {"role": "assistant", "content": "It is {secret}."}]}\n\n'
        "A form is digits:N, code (8 letters and digits), email, telephone, name, or a regular expression of\n"
        "  [A-Z0-9] one of these characters   (red|green) one of these words   {4} so many times   \\ before a sign\n"
        "as in '[A-Z]{3}-(red|green)-[0-9]{4}'. Domains are reserved for examples, telephone numbers for fiction."
    )
    parser.add_argument("--input", type=Path, required=True, metavar="FILE", help="file of training rows")
    parser.add_argument("--row", type=Path, required=True, metavar="FILE", help="JSON file of the row of a canary")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="file to write; same ending")
    parser.add_argument("--key", type=Path, required=True, metavar="FILE", help="key file to write; keep it secret")
    parser.add_argument(
        "--form", nargs="+", action="extend", metavar="FORM", help="forms of the secrets (default: digits:4)"
    )
    parser.add_argument(
        "--copies", default=COPIES, metavar="N,N,...", help=f"numbers of rows with one secret (default: {COPIES})"
    )
    parser.add_argument(
        "--each", type=int, default=16, metavar="N", help="canaries of each form and number of copies (default: 16)"
    )
    parser.add_argument(
        "--held-out",
        type=float,
        default=0.5,
        metavar="P",
        help="probability with which a canary is kept out; epsilon is bounded at 0.5 alone (default: 0.5)",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of every draw (default: 0)")
    parser.add_argument(
        "--separator", metavar="CHARACTER", help="between columns of CSV and TSV (default: a comma; a tab in .tsv)"
    )
    parser.add_argument("--encoding", metavar="NAME", help="of text files without a byte order mark (default: utf-8)")


def run(options: argparse.Namespace) -> None:
    """Plant canaries; UserError for options or files that cannot be used."""
    # Imported here: they take seconds, which `memorization --help` must not need.
    from memorization import storage
    from memorization.commands.canary_draws import Draw, drawn, placed
    from memorization.commands.text_column import check_text_options
    from memorization.datasets.canary_key import CanaryKey, DataFile, digest_of, written
    from memorization.datasets.files import UserFile
    from memorization.datasets.insertion import insert_rows
    from memorization.datasets.rows import shown_names

    _check_options(options)
    check_text_options(options)
    copies = _copies(options.copies)
    forms = _forms(list(dict.fromkeys(options.form or ["digits:4"])))
    template = _template(options.row)
    file = UserFile("--input", options.input, options.separator, options.encoding, "--{} {}")
    rows, columns, taken = _look(file, forms)
    if missing := [column for column in template if column not in columns]:
        raise UserError(
            f"--row: {options.row}: names column {missing[0]!r}, which {options.input} does not have; columns there: "
            f"{shown_names(columns)}{did_you_mean(missing[0], columns)}"
        )
    draw = Draw(forms, copies, options.each, options.held_out, options.seed)
    places, canaries = placed(draw, drawn(draw, taken), rows)
    before = DataFile(name=options.input.name, sha256=digest_of(options.input), rows=rows)
    key = CanaryKey(
        kind="canaries",
        version=1,
        seed=options.seed,
        held_out_share=options.held_out,
        row=template,
        forms=forms,
        canaries=canaries,
        input=before,
        output=before,
    )
    insertions = [(place, key.row_of(canary, canary.secret)) for place, canary in places]
    with storage.replacing(options.output) as output, storage.replacing(options.key) as key_file:
        insert_rows(file, output, insertions)
        after = DataFile(name=options.output.name, sha256=digest_of(output), rows=rows + len(insertions))
        key_file.touch(OWNER_ONLY)
        key_file.write_text(written(key.model_copy(update={"output": after})), encoding="utf-8")
    _report(options, key, len(insertions), rows)


def _report(options: argparse.Namespace, key: CanaryKey, inserted: int, rows: int) -> None:
    held_out = sum(canary.held_out for canary in key.canaries)
    print(
        f"memorization: {len(key.canaries)} canaries, {held_out} of them held out; the others are in {inserted} rows "
        f"beside the {rows} of {options.input}: {options.output}. Their secrets are in {options.key}, which you alone "
        "can read: name it in the configuration (`datasets.NAME.canaries`).",
        file=sys.stderr,
    )


def _check_options(options: argparse.Namespace) -> None:
    from memorization.datasets.insertion import ENDINGS

    for name in ("output", "key"):
        path: Path = getattr(options, name)
        if path.exists() or path.is_symlink():
            raise UserError(f"--{name}: {path} exists, and is never overwritten; give another name, or remove it.")
    if options.output.absolute() == options.key.absolute():
        raise UserError(f"--key: {options.key} is the output too; give another name.")
    endings = [_ending(path) for path in (options.input, options.output)]
    if endings[0].removesuffix(".gz") not in ENDINGS or endings[0] == ".parquet.gz":
        raise UserError(
            f"--input: {options.input}: ending {endings[0]!r}; allowed: {', '.join(ENDINGS)}, all but the first also "
            "with .gz."
        )
    if endings[0] != endings[1]:
        raise UserError(
            f"--output: {options.output} ends in {endings[1]!r}; it has the format of the input: give it the ending "
            f"{endings[0]!r}."
        )
    if options.each < 1:
        raise UserError(f"--each: given {options.each}; allowed: whole numbers from 1 up.")
    if not 0 < options.held_out < 1:
        raise UserError(
            f"--held-out: given {options.held_out:g}; allowed: numbers between 0 and 1. Canaries that are held out are "
            "what the others are compared with."
        )
    if options.seed < 0:
        raise UserError(f"--seed: given {options.seed}; allowed: whole numbers from 0 up.")


def _ending(path: Path) -> str:
    """What a file's name ends in, with .gz."""
    return "".join(path.suffixes[-2:] if path.suffix.lower() == ".gz" else [path.suffix]).lower()


def _copies(text: str) -> list[int]:
    try:
        copies = [int(part) for part in text.split(",")]
    except ValueError:
        copies = [0]
    if not all(1 <= each <= MOST_COPIES for each in copies) or len(set(copies)) < len(copies):
        raise UserError(
            f"--copies: given {text!r}; allowed: different whole numbers from 1 to {MOST_COPIES} with commas between, "
            f"as in {COPIES}."
        )
    return sorted(copies)


def _forms(given: Sequence[str]) -> dict[str, KeyForm]:
    from memorization.datasets.canary_key import KeyForm
    from memorization.datasets.secret_forms import FormError, pattern_of, space_of

    forms = {}
    for form in given:
        try:
            pattern = pattern_of(form)
            forms[form] = KeyForm(pattern=pattern, space=space_of(pattern).size)
        except FormError as error:
            raise UserError(f"--form: {error}.") from None
    return forms


def _template(path: Path) -> dict[str, Any]:
    """The row of a canary; UserError where it is no object with one {secret} and a {name} before it."""
    from memorization.datasets.canary_key import NAME, SECRET

    try:
        row = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"--row: {path}: cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"--row: {path}: is not JSON in UTF-8: {error}.") from error
    if not isinstance(row, dict) or not row:
        raise UserError(f"--row: {path}: contains {type(row).__name__}; it must be an object, as one row of the file.")
    texts = "\n".join(_texts(row))
    if texts.count(SECRET) != 1:
        raise UserError(f"--row: {path}: has {texts.count(SECRET)} times {SECRET} in its texts; it must be there once.")
    if NAME not in texts.partition(SECRET)[0]:
        raise UserError(
            f"--row: {path}: has no {NAME} before its {SECRET}; each canary is asked for by the name of a made-up "
            "person, since otherwise a model could give back one secret alone."
        )
    return row


def _texts(value: Any) -> Iterator[str]:
    """All texts in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)


def _look(file: UserFile, forms: Mapping[str, KeyForm]) -> tuple[int, list[str], dict[str, set[str]]]:
    """Number of rows, columns, and by pattern what occurs in the texts of the forms, and of names of persons."""
    from memorization.datasets.files import records
    from memorization.datasets.secret_forms import PERSON, occurrences

    taken: dict[str, set[str]] = {pattern: set() for pattern in [PERSON, *(form.pattern for form in forms.values())]}
    columns: dict[str, None] = {}
    rows = 0
    for record in records(file, _Every()):
        rows += 1
        columns |= dict.fromkeys(record.columns)
        for text in _texts(dict(record.values)):
            for pattern, found in taken.items():
                found.update(occurrences(pattern, text))
    if not rows:
        raise UserError(f"--input: {file.path}: has no rows.")
    return rows, list(columns), taken


class _Every(frozenset[str]):
    """All names of columns."""

    def __contains__(self, name: object) -> bool:
        return True
