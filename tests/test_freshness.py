import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from memorization import freshness

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(path.name for path in (ROOT / "scripts").glob("*.py") if path.name != "job.py")
TABLES = {script for script in SCRIPTS if script.endswith("table.py")}
FIGURES = {script for script in SCRIPTS if script.endswith("figure.py")}

FILES = {
    "scripts/script.py": "from memorization import used\n\ndef main():\n    return used.value()\n",
    "memorization/__init__.py": "",
    "memorization/used.py": "def value():\n    from memorization.inner.late import number\n\n    return number\n",
    "memorization/inner/__init__.py": "FLAG = 1\n",
    "memorization/inner/late.py": "number = 1\n",
    "memorization/unused.py": "number = 1\n",
    "memorization/errors.py": "WORDS = 1\n",
}


def project(folder: Path, replaced: Mapping[str, str] | None = None) -> Path:
    """A project of FILES, some of them replaced."""
    for name, code in {**FILES, **(replaced or {})}.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)
    return folder


def digest(root: Path) -> str:
    return freshness.digest(root / "scripts/script.py", root)


@pytest.fixture
def known(tmp_path: Path) -> str:
    return digest(project(tmp_path / "known"))


def test_the_digest_does_not_depend_on_the_place(tmp_path: Path, known: str) -> None:
    assert digest(project(tmp_path / "elsewhere")) == known
    assert len(known) == 16


@pytest.mark.parametrize(
    "code",
    [
        "# said\nnumber = 1  # said\n",
        '"""Said."""\nnumber = 1\n',
        'number = 1\n"""Said of the number."""\n',
        "\n\nnumber   =  (\n    1\n)\n",
    ],
    ids=["comment", "docstring", "docstring of a constant", "layout"],
)
def test_words_and_layout_change_nothing(tmp_path: Path, known: str, code: str) -> None:
    assert digest(project(tmp_path / "other", {"memorization/inner/late.py": code})) == known


def test_docstrings_of_functions_and_classes_change_nothing(tmp_path: Path) -> None:
    plain = "class A:\n    x: int = 1\n\n    def f(self):\n        return x\n"
    said = 'class A:\n    """A."""\n\n    x: int = 1\n    """X."""\n\n    def f(self):\n        "F"\n        return x\n'
    one, other = (
        digest(project(tmp_path / name, {"memorization/used.py": code})) for name, code in (("a", plain), ("b", said))
    )
    assert one == other


@pytest.mark.parametrize(
    ("module", "code"),
    [
        ("scripts/script.py", FILES["scripts/script.py"].replace("used.value()", "used.value() + 1")),
        ("memorization/used.py", FILES["memorization/used.py"].replace("return number", "return -number")),
        ("memorization/inner/late.py", "number = 2\n"),
        ("memorization/inner/late.py", 'number = "1"\n'),
        ("memorization/inner/__init__.py", "FLAG = 2\n"),
        ("memorization/__init__.py", "FLAG = 2\n"),
    ],
    ids=["script", "module", "imported in a function", "type of a value", "package above it", "package"],
)
def test_changed_code_that_the_script_reaches_changes_the_digest(
    tmp_path: Path, known: str, module: str, code: str
) -> None:
    assert digest(project(tmp_path / "other", {module: code})) != known


@pytest.mark.parametrize("module", ["memorization/unused.py", "memorization/errors.py"])
def test_code_that_is_not_reached_and_words_change_nothing(tmp_path: Path, known: str, module: str) -> None:
    assert digest(project(tmp_path / "other", {module: "number = 2\n"})) == known


@pytest.mark.parametrize(
    "statement",
    [
        "import memorization.unused",
        "import memorization.unused as other",
        "from memorization import unused",
        "from memorization.unused import number",
        "def f():\n    from memorization import unused",
        "if True:\n    import memorization.unused",
    ],
)
def test_every_way_of_importing_reaches_the_module(tmp_path: Path, statement: str) -> None:
    root = project(tmp_path, {"scripts/script.py": f"{statement}\n"})
    assert "memorization.unused" in freshness.reach(root / "scripts/script.py", root)


def test_modules_that_import_one_another_are_reached_once(tmp_path: Path) -> None:
    code = {
        "memorization/used.py": "import memorization.unused\n",
        "memorization/unused.py": "from memorization import used\n",
    }
    root = project(tmp_path, code)
    assert freshness.reach(root / "scripts/script.py", root) == {
        "memorization",
        "memorization.used",
        "memorization.unused",
    }


def test_other_packages_are_not_reached(tmp_path: Path) -> None:
    code = "import json, memorizations\nfrom os import path\nimport memorization.nowhere\n"
    root = project(tmp_path, {"scripts/script.py": code})
    assert freshness.reach(root / "scripts/script.py", root) == {"memorization"}


def reached(script: str) -> set[str]:
    return freshness.reach(ROOT / "scripts" / script, ROOT)


def test_detection_reaches_the_aligner_and_generation_does_not() -> None:
    assert {"memorization.detection.alignment", "memorization.detection.text"} <= reached("matches.py")
    assert not {name for name in reached("generations.py") if name.startswith("memorization.detection")}
    assert "memorization.models.generation" in reached("generations.py")
    assert "memorization.models.training" not in reached("generations.py")


def test_rows_of_rates_belong_to_the_digests_of_the_scripts_that_write_them() -> None:
    for script in ("rates.py", "comparisons.py", "definition_rates.py"):
        assert "memorization.statistics" in reached(script)


def test_what_all_scripts_share_writes_no_row() -> None:
    shared = (ROOT / "scripts/job.py").read_text(encoding="utf-8")
    assert "pyarrow" not in shared
    assert "SCHEMAS" not in shared


@pytest.mark.parametrize(
    ("module", "scripts"),
    [
        ("detection/alignment.py", {"matches.py"}),
        ("detection/documents.py", {"matches.py"}),
        ("detection/kernel.py", {"matches.py"}),
        ("detection/outcomes.py", {"outcomes.py"}),
        ("detection/definitions.py", {"definitions.py"}),
        ("retrieval.py", {"index.py", "candidates.py"}),
        (
            "statistics.py",
            {"rates.py", "comparisons.py", "definition_rates.py", "extraction.py", "quality.py", "table.py"}
            | {"attention_table.py", "correlation_table.py", "density_means.py"}
            | {"sparse_coding_table.py", "sparse_coding_figure.py"},
        ),
        ("report/tables.py", TABLES | FIGURES),
        ("report/definitions_table.py", {"definitions_table.py"}),
        ("report/quality_table.py", {"quality_table.py", "quality_published_table.py", "quality_figure.py"}),
        ("quality.py", {"quality.py"}),
        ("models/answers.py", {"answers.py"}),
        ("figures.py", FIGURES),
        ("report/run.py", set()),
        ("progress.py", set()),
        ("plan.py", set()),
        ("local_files.py", set()),
        ("config.py", set()),
    ],
)
def test_an_edited_module_changes_the_digests_of_its_scripts_alone(
    tmp_path: Path, module: str, scripts: set[str]
) -> None:
    for folder in ("memorization", "scripts"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    before = {script: freshness.digest(tmp_path / "scripts" / script, tmp_path) for script in SCRIPTS}
    edited = tmp_path / "memorization" / module
    code = edited.read_text(encoding="utf-8")
    edited.unlink()
    edited.write_text(code + "\nEDITED = 1\n", encoding="utf-8")
    after = {script: freshness.digest(tmp_path / "scripts" / script, tmp_path) for script in SCRIPTS}
    assert {script for script in SCRIPTS if before[script] != after[script]} == scripts
