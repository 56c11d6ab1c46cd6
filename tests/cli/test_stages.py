"""Arrow does not load pandas for commands that have nothing of it."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import pytest

from sod_analyzer import pipeline, rules, store

_HEAVY_PARTS = ("assemble", "identity", "remediate", "report.canonical", "rulebench")

_GUEST = """
from sod_analyzer.pipeline.guests import receive
from sod_analyzer.plugins import Plugin
receive([Plugin("importer", "own", "sod-analyzer", "1", "m:a")])
own = "pandas" in sys.modules
receive([Plugin("importer", "guest", "another", "1", "m:a")])
import pandas as pd
print(own, pa.array(pd.Series(["a", float("nan")])).null_count)
"""


def said(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\nfrom sod_analyzer.cli import stages\n{code}"],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )
    return done.stdout.strip()


def test_arrow_does_not_look_for_pandas_once_the_stages_are_loaded() -> None:
    code = (
        "import pyarrow as pa\npa.array(['a'])\nprint('pandas' in sys.modules, len(sys.meta_path))"
    )

    hooks = len(said("print(*sys.meta_path, sep='\\n')").splitlines())
    assert said(code) == f"False {hooks}"


@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed")
def test_arrow_takes_columns_of_pandas_where_a_plugin_of_another_package_is_used() -> None:
    assert said(f"import pyarrow as pa{_GUEST}") == "False 1"


@pytest.mark.skipif(find_spec("pandas") is None, reason="pandas is not installed")
def test_whoever_has_pandas_loaded_keeps_it() -> None:
    code = (
        "import sys, pandas as pd\nfrom sod_analyzer.cli import stages\nimport pyarrow as pa\n"
        "print(pa.array(pd.Series(['a', float('nan')])).null_count)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8"
    )

    assert done.stdout.strip() == "1"


@pytest.mark.parametrize("package", [pipeline, rules, store])
def test_every_name_is_where_its_package_says_it_is(package: ModuleType) -> None:
    homes = {name: home for home, names in package._HOMES.items() for name in names}

    assert set(homes) <= set(package.__all__)
    for name in package.__all__:
        assert getattr(package, name) is not None
    for name, home in homes.items():
        module = import_module(f"{package.__name__}.{home}")
        assert getattr(package, name) is getattr(module, name)


def test_a_stage_that_does_not_exist_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'guess'"):
        pipeline.guess  # noqa: B018


def test_a_question_does_not_load_what_only_imports_and_reports_need() -> None:
    code = (
        "stages.pipeline.open_workspace, stages.pipeline.ask\n"
        f"print([p for p in {_HEAVY_PARTS!r} if 'sod_analyzer.' + p in sys.modules])"
    )

    assert said(code) == "[]"
