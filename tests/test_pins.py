import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from memorization import freshness

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))

# Packages whose module has another name.
PACKAGE_OF = {"rouge_score": "rouge-score", "sklearn": "scikit-learn", "yaml": "pyyaml"}
# Brought by the package behind it, which uses the same objects, and installs the release that it needs.
BROUGHT_BY = {"tokenizers": "transformers", "huggingface_hub": "transformers"}


def pinned(requirements: list[str]) -> dict[str, str]:
    assert all("==" in requirement for requirement in requirements), requirements
    return dict(requirement.split("==") for requirement in requirements)


def project() -> dict[str, str]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        settings = tomllib.load(file)["project"]
    extras = [each for group in settings.get("optional-dependencies", {}).values() for each in group]
    return pinned([*settings["dependencies"], *extras])


def pip_packages(environment: Path) -> dict[str, str]:
    dependencies = yaml.safe_load(environment.read_text(encoding="utf-8"))["dependencies"]
    [packages] = [each["pip"] for each in dependencies if isinstance(each, dict)]
    return pinned(packages)


def rules() -> dict[str, str]:
    """The environment of each script that a rule runs."""
    found = {}
    for file in RULES:
        for rule in re.split(r"^(?:rule|checkpoint) ", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            script = re.search(r'script:\s*"\.\./\.\./scripts/([^"]+)"', rule)
            environment = re.search(r'conda:\s*"\.\./\.\./envs/([^"]+)"', rule)
            assert script is not None, rule
            assert environment is not None, rule
            found[script[1]] = environment[1]
    return found


def imported(file: Path) -> set[str]:
    """Packages from outside that a file imports, also inside functions, but not for type checkers alone."""
    roots: set[str] = set()
    todo: list[ast.AST] = [ast.parse(file.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            roots.add(node.module.split(".")[0])
        todo += ast.iter_child_nodes(node)
    return roots - sys.stdlib_module_names - {freshness.PACKAGE, "job"}


def needed(script: str) -> set[str]:
    """Distributions that a script needs, through every module of the package that it or `job` reaches."""
    root_scripts = [ROOT / "scripts" / script, ROOT / "scripts/job.py"]
    modules = {name for file in root_scripts for name in freshness.reach(file, ROOT)} | freshness.VALUES_AND_WORDS
    files = [*root_scripts, *(freshness._file(name, ROOT) for name in modules)]
    roots = {root for file in files for root in imported(file)}
    return {BROUGHT_BY.get(root, PACKAGE_OF.get(root, root)) for root in roots}


@pytest.mark.parametrize("environment", [pytest.param(each, id=each.stem) for each in ENVIRONMENTS])
def test_pins_of_an_environment_are_those_of_the_project(environment: Path) -> None:
    everywhere = project()
    for package, version in pip_packages(environment).items():
        assert everywhere.get(package) == version, package


@pytest.mark.parametrize("environment", [pytest.param(each, id=each.stem) for each in ENVIRONMENTS])
def test_an_environment_has_a_python_that_the_project_allows(environment: Path) -> None:
    dependencies = yaml.safe_load(environment.read_text(encoding="utf-8"))["dependencies"]
    [python] = [each for each in dependencies if isinstance(each, str) and each.startswith("python=")]
    assert tuple(map(int, python.removeprefix("python=").split("."))) >= (3, 11)


def test_every_environment_is_used_by_a_rule() -> None:
    assert {each.name for each in ENVIRONMENTS} == set(rules().values())


def test_every_script_belongs_to_a_rule() -> None:
    assert {path.name for path in (ROOT / "scripts").glob("*.py")} - {"job.py"} == set(rules())


@pytest.mark.parametrize("script", sorted(rules()))
def test_a_script_finds_what_it_imports_in_its_environment(script: str) -> None:
    missing = needed(script) - set(pip_packages(ROOT / "envs" / rules()[script]))
    assert not missing, f"envs/{rules()[script]} lacks {sorted(missing)}"


def test_the_project_pins_everything_that_the_package_imports() -> None:
    files = [*(ROOT / "memorization").rglob("*.py"), *(ROOT / "scripts").glob("*.py")]
    roots = {root for file in files for root in imported(file)}
    assert {BROUGHT_BY.get(root, PACKAGE_OF.get(root, root)) for root in roots} <= set(project())
