"""What the README and the pages of `docs/` tell users to write and to run, tried.

Blocks of code are fenced, and their language says what is done with them: `yaml` is a part of a configuration, which
must be valid; `python` is executed, where a finished run is; each line of `sh` is a command whose program, options,
targets and files must exist. A `text` block behind Python code is what it prints.
"""

import contextlib
import io
import itertools
import re
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

import pytest
import snakemake.cli
import yaml
from runs import Ended, Workplace

from memorization import configfile, local_files
from memorization.cli import main

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LANGUAGES = ("yaml", "python", "sh", "text")
# Files and folders that a user makes.
YOURS = {"mine.yaml"}
COPIES = {"workflow/profiles/mine"}


class Block(NamedTuple):
    """A fenced block, its page and the number of its first line."""

    page: Path
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in their order."""
    blocks: list[Block] = []
    fence: list[str] | None = None
    for number, line in enumerate(page.read_text(encoding="utf-8").split("\n"), 1):
        if not line.startswith("```"):
            if fence is not None:
                fence.append(line)
        elif fence is None:
            fence, opened, language = [], number, line[3:]
        else:
            blocks.append(Block(page, opened, language, "\n".join(fence) + "\n"))
            fence = None
    assert fence is None, f"{page}: a block is not closed"
    return blocks


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def commands() -> list[tuple[Block, str]]:
    """Every command of a `sh` block, without the comment behind it."""
    return [(block, line) for block in of("sh") for line in block.text.split("\n") if line and not line.startswith("#")]


def test_every_block_has_a_language_that_is_tried() -> None:
    assert {block.language for block in BLOCKS} == set(LANGUAGES)
    indented = re.compile(r"\n\n {4}(?! *[-*\d])\S")
    assert [page.name for page in PAGES[:1] if indented.search(page.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("block", of("yaml"), ids=str)
def test_configurations_are_valid(block: Block, tmp_path: Path) -> None:
    assert yaml.safe_load(block.text)
    (tmp_path / "mine.yaml").write_text(block.text, encoding="utf-8")
    config = configfile.load([ROOT / "config.yaml", tmp_path / "mine.yaml"], {"data_root": "d", "model_root": "m"})
    assert config.studies


@pytest.mark.parametrize(("block", "command"), commands(), ids=str)
def test_commands_are_understood(
    block: Block, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = shlex.split(command, comments=True)
    while re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words = words[1:]
    program, *arguments = words
    match program.removeprefix(".venv/bin/"):
        case "make":
            subprocess.run(["make", "--dry-run", *arguments], cwd=ROOT, check=True, capture_output=True)
        case "snakemake":
            understood_by_snakemake(arguments)
        case "memorization":
            if "--help" not in arguments:
                monkeypatch.chdir(tmp_path)
                run_memorization(arguments)
        case "python":
            assert (ROOT / arguments[0]).is_file() or arguments[0] in ("-c", "-m")
        case "cp" | "sha256sum" | "source" | "git" | "cd" | "pip":
            assert arguments
        case _:
            pytest.fail(f"{block}: {command}: a program that this test does not know")


def understood_by_snakemake(arguments: list[str]) -> None:
    """Options are Snakemake's, files are there, and targets are those of the configuration."""
    if "--workflow-profile" in arguments:
        # Apart: Snakemake reads the profile, whose executor is installed where there is a cluster.
        place = arguments.index("--workflow-profile")
        _, profile = arguments[place : place + 2]
        assert (ROOT / profile).is_dir() or profile in COPIES
        arguments = [*arguments[:place], *arguments[place + 2 :]]
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            _, options = snakemake.cli.parse_args(arguments)
        except SystemExit:
            pytest.fail(said.getvalue())
    files = [Path(file) for file in options.configfile or [] if Path(file).name not in YOURS]
    for file in files:
        assert (ROOT / file).is_file(), file
    config = configfile.load(
        [ROOT / "config.yaml", *(ROOT / file for file in files)], {"data_root": "d", "model_root": "m"}
    )
    rules = set(
        re.findall(r"^rule (\w+):", "".join(map(Path.read_text, (ROOT / "workflow/rules").glob("*.smk"))), re.M)
    )
    known = {"all", *rules, *config.studies, *local_files.targets(config)}
    placeholders = {"NAME", "STUDY", "FILE", "RULE"}
    assert {*(options.targets or []), *(options.forcerun or [])} <= known | placeholders


def run_memorization(arguments: list[str]) -> None:
    """The command ends well with files of the names that it states."""
    for option, file in itertools.pairwise(arguments):
        if option in ("--generations", "--suffixes"):
            import pyarrow as pa
            import pyarrow.parquet as pq

            column = option[2:-1] if option == "--generations" else "suffix"
            pq.write_table(pa.table({column: ["The bridge was closed in March, they said."], "id": ["a"]}), file)
    if arguments[0] == "verify":
        Path(arguments[1]).mkdir()
    assert main([*arguments, *(["--sentences", "punkt_corpus"] if arguments[0] == "align" else [])]) in (0, None)


def printed(block: Block) -> str | None:
    """The `text` block right behind one, if there is one."""
    following = BLOCKS[BLOCKS.index(block) + 1 :]
    return (
        following[0].text if following and following[0][:1] == block[:1] and following[0].language == "text" else None
    )


@pytest.mark.parametrize("block", [block for block in of("python") if "results/" not in block.text], ids=str)
def test_code_prints_what_stands_below_it(block: Block) -> None:
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(block.text, str(block), "exec"), {})
    assert said.getvalue() == printed(block)


@pytest.mark.xdist_group("the finished run")
@pytest.mark.parametrize("block", [block for block in of("python") if "results/" in block.text], ids=str)
def test_code_reads_results(
    block: Block, first_run: tuple[Workplace, Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace, _ = first_run
    results = workplace.results
    (tmp_path / "results" / "tables").mkdir(parents=True)
    (tmp_path / "results" / "runs").symlink_to(results / "runs")
    # The study of the demonstration, in that of the tests.
    (tmp_path / "results" / "tables" / "task_disparity.parquet").symlink_to(results / "tables" / "small.parquet")
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        exec(compile(block.text, str(block), "exec"), {})
    names = [re.findall(r"\w+", text.split("\n")[1]) for text in (said.getvalue(), printed(block) or "\n")]
    assert names[0] == names[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = []
    for link in re.findall(r"\]\((?!https?://)([^)\s]+)\)", text):
        file, _, anchor = unquote(link).partition("#")
        target = page.parent / file if file else page
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.M) if target.suffix == ".md" else []
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        if not target.exists() or (anchor and anchor not in anchors):
            missing.append(link)
    assert missing == []
