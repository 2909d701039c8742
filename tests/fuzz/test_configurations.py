"""Wrong and hostile configurations: one message, or a plan; no traceback, no hang, no value that silently changed."""

import os
import random
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cases import in_time, seeds
from runs import ROOT

from memorization import configfile, yaml_file
from memorization.errors import UserError

OVERLAYS = [ROOT / "config.yaml", *sorted((ROOT / "configs").glob("*.yaml"))]
# Many configurations are read in one case: reading one takes milliseconds, and starting Snakemake seconds.
READ_PER_CASE = 12
PROCESSOR_SECONDS = 60

WRONG: list[Any] = [
    None, True, False, 0, 1, -1, 3.5, 1e-4, 10**17, -(10**17), "", " ", "text", "010", "1:30", "yes", "null", "0x10",
    "2020-99-99", ".nan", "=1+1", "{a}", "{a", "..", "/", "a/b", "~", "x" * 300, "ß" * 60, "\u202e", "\n", [], [[]],
    [None], [0], [-1], ["a", "a"], {}, {"a": {}}, {"kind": "files"}, {"kind": "hub"}, {"kind": None}, {1: 2}, {None: 1},
]  # fmt: skip
# Texts that no YAML is dumped as.
LINES = [
    "\t- a", "a: [", "a: }", "- b", "a: *b", "a: &a [*a]", "a: !!python/object:os.system {}", "a: !!int x",
    "a: 2020-99-99", "a: " + "9" * 5000, "a: 1e999", 'a: "\\ud800"', 'a: "\\0"', "? [a]", "<<: 1", "<<: [{}, 1]", "---",
    "...", "%YAML 3.0", "a: |", "a: 'b", "a:" * 200, "[" * 3000, "{" * 3000, "a: &a " + "[" * 60, "@", "`", "\ufeff",
    "label: \x01", "probes: {n: 010}", "probes: {n: 1, n: 2}", "studies: {}", "\u2028", "a: >\n\tb",
]  # fmt: skip

BYTES = [b"\xff", b"\0", b"\t", b"\n", b":", b"{", b"\xed\xa0\x80"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all values inside of a configuration."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key)
        yield from places(part, (*path, key))


def changed(values: dict[str, Any], rng: random.Random) -> None:
    """Change one value, or one key, in place."""
    *way, last = rng.choice(list(places(values)))
    owner: Any = values
    for key in way:
        owner = owner[key]
    kind = rng.randrange(5)
    if kind == 0 or not isinstance(owner, dict):
        owner[last] = rng.choice(WRONG)
    elif kind == 1:
        del owner[last]
    elif kind == 2:
        owner[rng.choice([f"{last}x", str(last)[:-1], str(last).upper(), 7, None, "x" * 60, "a b", ""])] = owner[last]
    elif kind == 3:
        owner[last] = [owner[last]]
    else:
        owner[last] = {str(last): owner[last]}


def hostile(base: str, rng: random.Random) -> bytes:
    """A configuration with one to three faults in its values, its YAML or its bytes."""
    kind = rng.randrange(4)
    if kind < 2:
        values = yaml.safe_load(base)
        for _ in range(rng.randint(1, 3)):
            changed(values, rng)
        return yaml.safe_dump(values, allow_unicode=rng.random() < 0.5, sort_keys=False).encode(errors="replace")
    if kind == 2:
        lines = base.splitlines()
        for _ in range(rng.randint(1, 2)):
            lines.insert(rng.randrange(len(lines) + 1), rng.choice(LINES))
        return "\n".join(lines).encode()
    content = bytearray(base.encode())
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(content))
        content[place : place + rng.randrange(3)] = rng.choice(BYTES)
    return bytes(content)


def configurations(base: str, seed: int, count: int) -> Iterator[bytes]:
    rng = random.Random(seed)
    for _ in range(count):
        yield hostile(base, rng)


def same(given: Any, kept: Any) -> bool:
    """Whether a setting has the value that the file gives: no text became a number, no number a truth."""
    if isinstance(given, dict) and isinstance(kept, dict):
        return all(same(value, kept.get(str(key), value)) for key, value in given.items())
    if isinstance(given, list) and isinstance(kept, list):
        return len(given) == len(kept) and all(map(same, given, kept))
    return given == kept and isinstance(given, bool) == isinstance(kept, bool)


@pytest.mark.parametrize("seed", seeds("configurations"))
def test_a_configuration_is_read_unchanged_or_refused_with_its_file(seed: int, tmp_path: Path) -> None:
    base = OVERLAYS[seed % len(OVERLAYS)].read_text(encoding="utf-8")
    file = tmp_path / "hostile.yaml"
    for content in configurations(base, seed, READ_PER_CASE):
        file.write_bytes(content)
        try:
            with in_time():
                config = configfile.load([OVERLAYS[0], file])
        except UserError as error:
            assert str(file) in str(error) or "--config" in str(error) or str(OVERLAYS[0]) in str(error)
            str(error).encode()
            continue
        given = yaml_file.read(file) or {}
        given.pop("results", None)  # written as Snakemake writes paths
        assert same(given, config.model_dump(mode="json")), content


@pytest.mark.parametrize("seed", seeds("configurations"))
def test_snakemake_gives_one_message_or_a_plan(seed: int, small_config: Path, tmp_path: Path) -> None:
    rng = random.Random(f"snakemake {seed}")
    file = tmp_path / "hostile.yaml"
    file.write_bytes(hostile(small_config.read_text(encoding="utf-8"), rng))
    if rng.random() < 0.1:
        file = rng.choice([tmp_path, tmp_path / "missing.yaml", Path("/dev/null")])
    work = tmp_path / "work"
    work.mkdir()

    ended = subprocess.run(
        [
            *(sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1", "--dry-run"),
            *("--directory", str(work), "--configfile", str(small_config), str(file)),
        ],
        cwd=work,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        # What hangs is ended by the system; how long a start takes depends on the machine.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS)),
    )

    output = ended.stdout + ended.stderr
    assert "Traceback" not in output, output
    assert 'File "' not in output, output
    assert ended.returncode in (0, 1), output
    if ended.returncode == 0:
        assert "To do: " in output, output
    else:
        assert str(file) in output or "Inputs are missing." in output, output
