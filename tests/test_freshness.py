import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from memorization import freshness
from memorization.errors import UserError
from memorization.studies.kinds import KINDS

ROOT = Path(__file__).resolve().parents[1]
GOLDFISH = "memorization.models.recipes.goldfish"
ENGINE = "memorization.models.engines.transformers"
# What each rule passes to its digest: a script, and modules that it loads by name.
RULES: dict[str, tuple[str, ...]] = {
    path.stem: (path.name,)
    for path in sorted((ROOT / "scripts").glob("*.py"))
    if path.stem not in ("job", "table", "figure")
}
RULES |= {name: (f"{name}.py", ENGINE) for name in ("generations", "answers")}
RULES["train with goldfish"] = ("train.py", GOLDFISH)
RULES |= {
    f"{kind.kind_name()}_{exhibit.name}": (
        f"{exhibit.format}.py",
        f"memorization.studies.{kind.kind_name()}.{exhibit.name}",
    )
    for kind in KINDS
    for exhibit in kind.EXHIBITS
}
FIGURES = {rule for rule in RULES if rule.endswith("_figure")}
TABLES = {
    f"{kind.kind_name()}_{exhibit.name}" for kind in KINDS for exhibit in kind.EXHIBITS if exhibit.format == "table"
}
QUERIED = {f"{file.parent.name}_{file.stem}" for file in (ROOT / "memorization" / "studies").rglob("*.sql")}
# They are made as the tables of other kinds.
QUERIED |= {"audit_rates", "audit_membership"}
SEARCHES = {"positive_controls", "disguised_suffixes"}
TRAININGS = {"train", "train with goldfish"}

FILES = {
    "scripts/script.py": "from memorization import used\n\ndef main():\n    return used.value()\n",
    "memorization/__init__.py": "",
    "memorization/used.py": "def value():\n    from memorization.inner.late import number\n\n    return number\n",
    "memorization/inner/__init__.py": "FLAG = 1\n",
    "memorization/inner/late.py": "number = 1\n",
    "memorization/unused.py": "number = 1\n",
    "memorization/errors.py": "number = 1\n",
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


def test_the_digest_does_not_depend_on_the_folder(tmp_path: Path, known: str) -> None:
    assert digest(project(tmp_path / "elsewhere")) == known
    assert len(known) == 16


def test_code_that_was_changed_since_its_digest_is_refused(tmp_path: Path, known: str) -> None:
    root = project(tmp_path / "one", {"memorization/inner/late.py": "number = 1  # a comment\n"})
    freshness.check(known, root, "script.py")
    project(root, {"memorization/inner/late.py": "number = 2\n"})
    with pytest.raises(UserError, match=r"the program was changed .* \(scripts/script\.py"):
        freshness.check(known, root, "script.py")


@pytest.mark.parametrize(
    "code",
    [
        "# A comment.\nnumber = 1  # another\n",
        '"""A module."""\nnumber = 1\n',
        'number = 1\n"""A number."""\n',
        "\n\nnumber   =  (\n    1\n)\n",
    ],
    ids=["comment", "docstring", "docstring of a constant", "layout"],
)
def test_comments_docstrings_and_layout_change_nothing(tmp_path: Path, known: str, code: str) -> None:
    assert digest(project(tmp_path / "other", {"memorization/inner/late.py": code})) == known


def test_docstrings_of_functions_and_classes_change_nothing(tmp_path: Path) -> None:
    plain = "class A:\n    x: int = 1\n\n    def f(self):\n        return x\n"
    worded = (
        'class A:\n    """A."""\n\n    x: int = 1\n    """X."""\n\n    def f(self):\n        "F"\n        return x\n'
    )
    one, other = (
        digest(project(tmp_path / name, {"memorization/used.py": code})) for name, code in (("a", plain), ("b", worded))
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
def test_code_that_is_not_reached_or_excluded_changes_nothing(tmp_path: Path, known: str, module: str) -> None:
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


@pytest.mark.parametrize("module", ["memorization.config", "memorization.config.detection", "memorization.errors"])
def test_excluded_modules_are_in_no_digest(tmp_path: Path, module: str) -> None:
    root = project(
        tmp_path,
        {
            "scripts/script.py": f"import {module}\n",
            "memorization/config/__init__.py": "",
            "memorization/config/detection.py": "from memorization import used\n",
        },
    )
    assert freshness.reach(root / "scripts/script.py", root) == {"memorization"}


def test_a_module_that_is_loaded_by_name_is_reached_where_it_is_named(tmp_path: Path) -> None:
    root = project(tmp_path, {"memorization/unused.py": "from memorization.inner import late\n"})
    script = root / "scripts/script.py"
    assert "memorization.unused" not in freshness.reach(script, root)
    assert freshness.reach(script, root, "memorization.unused") >= {"memorization.unused", "memorization.inner.late"}
    assert freshness.digest(script, root, "memorization.unused") != freshness.digest(script, root)


def reached(rule: str) -> set[str]:
    script, *modules = RULES[rule]
    return freshness.reach(ROOT / "scripts" / script, ROOT, *modules)


def test_detection_reaches_the_aligner_and_generation_does_not() -> None:
    assert {"memorization.detection.alignment", "memorization.detection.text"} <= reached("matches")
    assert not {name for name in reached("generations") if name.startswith("memorization.detection")}
    assert ENGINE in reached("generations")
    assert "memorization.models.training" not in reached("generations")


def test_no_stage_reaches_the_tables_and_figures_of_studies() -> None:
    for rule in set(RULES) - TABLES - FIGURES - {"report_page"}:
        assert not {name for name in reached(rule) if name.startswith("memorization.report")}, rule
        assert "memorization.studies.kinds" not in reached(rule)


def test_what_all_scripts_share_writes_no_row() -> None:
    shared = (ROOT / "scripts/job.py").read_text(encoding="utf-8")
    assert "pyarrow" not in shared
    assert "schemas" not in shared


@pytest.mark.parametrize(
    ("module", "rules"),
    [
        ("detection/alignment.py", {"matches", "all_pairs", *SEARCHES}),
        ("detection/documents.py", {"matches", "all_pairs", *SEARCHES}),
        ("detection/kernel.py", {"matches", "all_pairs", *SEARCHES}),
        ("detection/matches.py", {"matches", "all_pairs", *SEARCHES}),
        ("detection/all_pairs.py", {"all_pairs"}),
        ("schemas/all_pairs.py", {"all_pairs", "memorization_search"}),
        ("detection/outcomes.py", {"outcomes", "leaked_records", *SEARCHES}),
        ("detector.py", SEARCHES),
        ("detection/definitions.py", {"definitions"}),
        ("detection/references.py", {"references", "definitions"}),
        ("retrieval.py", {"index", "candidates", *SEARCHES}),
        (
            "coordinates.py",
            {"rates", "definition_rates", "extraction", "quality", "density_means", "membership_attacks"},
        ),
        ("schemas/training.py", TRAININGS | {"memorization_table", "trade_off_table", "audit_rates"}),
        ("schemas/density_means.py", {"density_means", "attention_table"}),
        ("models/recipes/goldfish.py", {"train with goldfish"}),
        ("models/training.py", TRAININGS),
        ("models/fitting.py", TRAININGS | {"base_model", "classifier"}),
        ("models/answers.py", {"answers"}),
        ("models/engines/transformers.py", {"generations", "answers"}),
        ("detection/disguises.py", {"disguised_suffixes", "recall_table"}),
        ("schemas/recall.py", {"disguised_suffixes", "recall_table"}),
        ("studies/recall/search.py", {"disguised_suffixes"}),
        ("studies/quality/scores.py", {"quality"}),
        ("studies/memorization/table.py", {"memorization_table", "audit_rates"}),
        ("studies/audit/leaks.py", {"leaked_records"}),
        ("studies/audit/texts.py", {"leaked_records", "copies", "audit_duplicates"}),
        ("studies/memorization/definitions.py", {"memorization_definitions"}),
        ("studies/memorization/search.py", {"memorization_search"}),
        ("studies/attention/correlation.py", {"attention_correlation"}),
        ("studies/quality/headings.py", {"quality_table", "quality_published", "quality_figure"}),
        ("report/query.py", QUERIED),
        ("report/formats.py", TABLES),
        ("report/drawing.py", FIGURES),
        ("report/context.py", TABLES | FIGURES | {"report_page"}),
        ("page/answer.py", {"report_page"}),
        ("page/plan.py", set()),
        ("launch.py", set()),
        ("progress.py", set()),
        ("plan.py", set()),
        ("local_files.py", set()),
        ("config/detection.py", set()),
        ("studies/kind.py", set()),
        ("studies/kinds.py", set()),
        ("studies/memorization/plan.py", set()),
    ],
)
def test_an_edited_module_changes_the_digests_of_its_rules_alone(copy: Path, module: str, rules: set[str]) -> None:
    before = _digests(copy)
    edited = copy / "memorization" / module
    code = edited.read_text(encoding="utf-8")
    try:
        edited.write_text(code + "\nEDITED = 1\n", encoding="utf-8")
        after = _digests(copy)
    finally:
        edited.write_text(code, encoding="utf-8")
    assert {rule for rule in RULES if before[rule] != after[rule]} == rules


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code, which a test may edit if it restores it."""
    folder = tmp_path_factory.mktemp("copy")
    for each in ("memorization", "scripts"):
        shutil.copytree(ROOT / each, folder / each, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def _digests(root: Path) -> dict[str, str]:
    """The digest of every rule."""
    return {
        rule: freshness.digest(root / "scripts" / script, root, *modules) for rule, (script, *modules) in RULES.items()
    }
