"""The suite notices every fault of `tests/faults.py`, each put into a copy of the package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.fault_guard import COPY
from tests.fault_kit import Fault
from tests.faults import EVERYTHING_FAST, FAULTS

pytestmark = pytest.mark.slow

FOLDERS = ("docs", "rulesets", "samples", "sod_analyzer", "tests")
#: What would make the inner run another one than in a bare shell.
_OUTER = ("PYTEST_", "PYTHONPATH", "SOD_", "HYPOTHESIS_")
#: Seconds after which a test of a faulty copy hangs, which is one way to notice the fault.
_LONG = 300
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)


@pytest.fixture(scope="session")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree, for this process alone to put faults into."""
    folder = tmp_path_factory.mktemp("faulty")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    for path in ROOT.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copy2(path, folder / path.name)
    return folder


@contextmanager
def put_in(copy: Path, fault: Fault) -> Iterator[None]:
    """The copy with the fault; afterwards as before, its time too, so that no stale code stays."""
    path = copy / fault.file
    text, stat = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def run(
    copy: Path, tests: Sequence[str], *, said: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Tests of the copy, up to the first that fails; `said` is where the copy is said to be."""
    plain = {key: text for key, text in os.environ.items() if not key.startswith(_OUTER)}
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-o", "addopts="),
            *("-p", "no:cacheprovider", "-p", "tests.fault_guard", "-p", "pytest_timeout"),
            *(f"--timeout={_LONG}", "--assert=plain"),  # what differs is of no interest
            *tests,
        ],
        cwd=copy,
        env={
            **plain,
            COPY: str(said or copy),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # half of a short run is loading them
            "PYTHONDONTWRITEBYTECODE": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_copy_passes_while_it_has_no_fault(copy: Path) -> None:
    relied_on = dict.fromkeys(path for fault in FAULTS for path in fault.first)

    done = run(copy, tuple(relied_on))

    assert done.returncode == pytest.ExitCode.OK, done.stdout[-3000:] + done.stderr[-3000:]


def test_faults_are_many_and_have_names_of_their_own() -> None:
    assert len(FAULTS) >= 100
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)


def test_a_run_that_would_test_another_package_refuses(copy: Path, tmp_path: Path) -> None:
    done = run(copy, FAULTS[0].first, said=tmp_path)

    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "would be tested" in done.stderr


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_suite_fails_on(
    fault: Fault, copy: Path, record_property: Callable[[str, object], None]
) -> None:
    text = (copy / fault.file).read_text(encoding="utf-8")
    assert text.count(fault.old) == 1, f"renew this fault: {fault.file} does not hold it once"
    assert fault.old != fault.new

    with put_in(copy, fault):
        compile(text.replace(fault.old, fault.new), fault.file, "exec")
        done = run(copy, fault.first)
        if done.returncode == pytest.ExitCode.OK:
            done = run(copy, EVERYTHING_FAST)

    assert done.returncode != pytest.ExitCode.OK, "no test noticed"
    # Anything but failed tests says that the fault is broken, not that it was noticed.
    assert done.returncode == pytest.ExitCode.TESTS_FAILED, (
        done.stdout[-3000:] + done.stderr[-3000:]
    )
    record_property("noticed_by", _FAILED.findall(done.stdout) or "a test that did not end")
