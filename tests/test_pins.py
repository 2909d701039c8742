import ast
import re
import sys
import tomllib
from pathlib import Path
from unittest import mock

import pytest
import yaml

from memorization import freshness
from memorization.config.models import Recipe
from memorization.models.engine import FAST, REFERENCE, engine_module
from memorization.models.recipes.chosen import chosen
from memorization.studies.kinds import KINDS

ROOT = Path(__file__).resolve().parents[1]
RECIPES = (
    {"trains": "lora"},
    {"trains": "head"},
    {"goldfish": {}},
    {"deduplicate": "near"},
    {"blocks": {}},
    {"loss": "input_and_target"},
)
ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))
RULES = sorted((ROOT / "workflow/rules").glob("*.smk"))

# Packages whose module has another name.
PACKAGE_OF = {"rouge_score": "rouge-score", "sklearn": "scikit-learn", "stdnum": "python-stdnum", "yaml": "pyyaml"}
# Brought by the package behind it, which uses the same objects, and installs the release that it needs.
BROUGHT_BY = {"psutil": "snakemake", "tokenizers": "transformers", "huggingface_hub": "transformers"}
# Installed by who wants it: it needs another Numba than the aligner's.
OPTIONAL = {"vllm"}


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


def rules() -> dict[str, tuple[str, tuple[str, ...]]]:
    """By script, or kind and exhibit: the environment of its rule, and the modules that it loads by name."""
    stated: dict[str, tuple[str, tuple[str, ...]]] = {}
    for file in RULES:
        for rule in re.split(r"^ *(?:rule|checkpoint)\b", file.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            script = re.search(r'script:\s*"\.\./\.\./scripts/([^"]+)"', rule)
            environment = re.search(r'conda:\s*f?"\.\./\.\./envs/([^"]+)"', rule)
            if script is None:
                # A rule of shell commands imports nothing.
                assert "shell:" in rule, rule
                continue
            assert environment is not None, rule
            stated[script[1]] = (environment[1], ())
    for script in ("generations.py", "answers.py"):
        stated[script] = (stated[script][0], (engine_module(FAST), engine_module(REFERENCE)))
    for recipe in RECIPES:
        modules = chosen(Recipe.model_validate({"epochs": 1, **recipe}))
        stated["train.py"] = (stated["train.py"][0], (*stated["train.py"][1], *modules))
    del stated["table.py"], stated["figure.py"]
    for kind in KINDS:
        for exhibit in kind.EXHIBITS:
            module = f"memorization.studies.{kind.kind_name()}.{exhibit.name}"
            stated[f"{exhibit.format}.py {module}"] = ("detection.yaml", (module,))
    return stated


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


def needed(script: str, modules: tuple[str, ...]) -> set[str]:
    """Distributions that a script needs, through every module of the package that it or `job` reaches."""
    root_scripts = [ROOT / "scripts" / script, ROOT / "scripts/job.py"]
    # Digests leave some modules out; environments do not.
    with mock.patch.object(freshness, "EXCLUDED", ()):
        reached = {name for file in root_scripts for name in freshness.reach(file, ROOT, *modules)}
    files = [*root_scripts, *(freshness._file(name, ROOT) for name in reached)]
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
    assert {each.name for each in ENVIRONMENTS} == {environment for environment, _ in rules().values()}


def test_every_script_belongs_to_a_rule() -> None:
    scripts = {path.name for path in (ROOT / "scripts").glob("*.py")}
    assert scripts - {"job.py"} == {rule.split(" ")[0] for rule in rules()}


@pytest.mark.parametrize("rule", sorted(rules()))
def test_an_environment_contains_what_its_script_imports(rule: str) -> None:
    environment, modules = rules()[rule]
    missing = needed(rule.split(" ")[0], modules) - set(pip_packages(ROOT / "envs" / environment))
    assert not missing, f"envs/{environment} lacks {sorted(missing)}"


def test_the_project_pins_everything_that_the_package_imports() -> None:
    files = [*(ROOT / "memorization").rglob("*.py"), *(ROOT / "scripts").glob("*.py")]
    roots = {root for file in files for root in imported(file)}
    assert {BROUGHT_BY.get(root, PACKAGE_OF.get(root, root)) for root in roots - OPTIONAL} <= set(project())
