"""The program itself: its commands, and how fast its help is there."""

import subprocess
import sys

import pytest

from memorization import cli

# Each takes a second or more to import, or imports one that does.
HEAVY = {"datasets", "nltk", "numba", "numpy", "pyarrow", "tantivy", "torch", "transformers"}


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    printed = capsys.readouterr().out
    assert all(f"{name} " in printed and command.HELP in printed for name, command in cli.COMMANDS.items())


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_a_command_describes_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    assert f"usage: memorization {command} " in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [[], ["alin"]])
def test_an_unknown_or_missing_command_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "COMMAND" in capsys.readouterr().err


def test_an_interrupted_command_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli.COMMANDS["align"], "run", interrupt)
    assert cli.main(["align", "--generations", "a.csv", "--suffixes", "b.csv", "--output", "c.csv"]) == 130
    assert capsys.readouterr().err == "memorization: interrupted.\n"


def test_help_needs_no_heavy_library() -> None:
    program = "import sys; import memorization.cli; print(*{name.split('.')[0] for name in sys.modules})"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not HEAVY & set(run.stdout.split())
