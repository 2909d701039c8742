"""What a script imports before it works; seconds of imports would be most of a small job."""

import json
import os
import subprocess
import sys
from pathlib import Path

from memorization import fork_server, imports

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = sorted(file.name for file in (ROOT / "scripts").glob("*.py") if file.name != "job.py")
# Of libraries that take long, those that scripts need.
HEAVY = (*imports.OPTIONAL, "datasets", "nltk", "numba", "torch", "transformers")
STATISTICS = {"comparisons", "definition_rates", "extraction", "positive_controls", "quality", "rates", "density_means"}
PROGRAM = """
import ast, json, os, sys
from pathlib import Path
sys.path[:0] = [str(Path("scripts").resolve())]
from memorization import fork_server, imports
from snakemake.script import Snakemake
import job
for script in sys.argv[1:]:
    if os.fork():
        os.wait()
        continue
    for node in ast.parse(Path("scripts", script).read_bytes()).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            exec(compile(ast.Module([node], []), script, "exec"), {})
    print(json.dumps([script, [name for name, module in sys.modules.items() if module]]), flush=True)
    os._exit(0)
"""


def loaded() -> dict[str, set[str]]:
    """The heavy libraries that each script has loaded."""
    command = [sys.executable, "-c", PROGRAM, *SCRIPTS]
    environment = os.environ | fork_server.ONE_THREAD
    output = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout
    lines = [json.loads(line) for line in output.splitlines()]
    return {script: set(modules) & set(HEAVY) for script, modules in lines}


def test_scripts_import_nothing_heavy_that_they_do_not_need() -> None:
    # Intervals and tests are SciPy's, the aligner's arithmetic is Numba's; all else is loaded when it is used.
    statistics = (
        "audit_verdict",
        "canaries",
        "comparisons",
        "definition_rates",
        "density_means",
        "extraction",
        "membership_attacks",
        "quality",
        "rates",
    )
    alignment = ("all_pairs", "disguised_suffixes", "matches", "positive_controls")
    needed = {f"{name}.py": {"scipy"} for name in statistics} | {f"{name}.py": {"numba"} for name in alignment}

    assert loaded() == {script: needed.get(script, set()) for script in SCRIPTS}


def modules_after(program: str) -> set[str]:
    """Modules that a new process has loaded after a program."""
    program = (
        f"import json, sys\n{program}\nprint(json.dumps([name for name, module in sys.modules.items() if module]))"
    )
    return set(json.loads(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT)))


def test_libraries_find_no_optional_ones_and_work_without_them() -> None:
    modules = modules_after(
        "import pyarrow as pa\n"
        "from memorization import imports, storage\n"
        "from memorization.schemas import schema\n"
        "from memorization.detection import text\n"
        "from memorization.models import torch_setup\n"
        "imports.preload()\n"
        "assert pa.Table.from_pylist([{'a': 1}]).to_pylist() == [{'a': 1}]\n"
        "from transformers.models.t5 import modeling_t5\n"
        "from nltk.stem.porter import PorterStemmer\n"
        "assert PorterStemmer().stem('stories') == 'stori'"
    )

    assert modules.isdisjoint(imports.OPTIONAL)
    assert {"nltk", "pyarrow", "torch", "transformers.modeling_utils"} <= modules


def test_models_are_loaded_without_the_compiler_which_works_when_it_is_asked() -> None:
    compiler = {"sympy", "torch._dynamo", "torch.distributed.tensor"}
    load = (
        "from memorization.models import torch_setup\n"
        "torch_setup.preload()\n"
        "from transformers.models.t5 import modeling_t5\n"
    )

    before = modules_after(load)
    after = modules_after(
        load + "import torch\n"
        "from transformers.masking_utils import TransformGetItemToIndex\n"
        "with TransformGetItemToIndex():\n"
        "    assert torch.arange(3)[torch.tensor(2)] == 2\n"
        "assert torch.distributed.is_available()\n"
        "double = torch.compile(lambda x: 2 * x, backend='eager', fullgraph=True)\n"
        "assert double(torch.ones(3)).sum() == 6\n"
        "from memorization.models import fitting\n"
        "torch_setup.preload.cache_clear()\n"
        "torch_setup.preload()"
    )

    assert "transformers.modeling_utils" in before and before.isdisjoint(compiler)
    assert compiler <= after


def test_a_module_is_loaded_when_something_in_it_is_used() -> None:
    modules = modules_after(
        "from memorization.imports import when_used\n"
        "when_used('sqlite3')\n"
        "when_used('a_library')\n"
        "import a_library\n"
        "import sqlite3\n"
        "assert 'sqlite3.dbapi2' not in sys.modules\n"
        "assert sqlite3.connect(':memory:')\n"
        "assert 'sqlite3.dbapi2' in sys.modules\n"
        "when_used('sqlite3')\n"
        "try:\n"
        "    a_library.function\n"
        "    raise SystemExit('found')\n"
        "except ModuleNotFoundError:\n"
        "    pass"
    )

    assert {"sqlite3", "sqlite3.dbapi2"} <= modules


def test_what_is_loaded_already_or_later_is_found() -> None:
    modules = modules_after(
        "import scipy\n"
        "from memorization.imports import missing, without_optional\n"
        "with without_optional('json'):\n"
        "    import pandas.errors\n"
        "del sys.modules['pandas']\n"
        "with without_optional('a_library'):\n"
        "    import scipy.special\n"
        "    try:\n"
        "        import pandas\n"
        "        raise SystemExit('found')\n"
        "    except ImportError:\n"
        "        pass\n"
        "with missing('wave'):\n"
        "    try:\n"
        "        import wave\n"
        "        raise SystemExit('found')\n"
        "    except ModuleNotFoundError:\n"
        "        pass\n"
        "import matplotlib, wave"
    )

    assert {"scipy.special", "matplotlib", "wave"} <= modules
