"""Fixtures and rules that hold for every test."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

#: Marks of tests that need more than Python; `.ci/run` runs them.
DEMANDING = ("realdata", "slapd", "browser", "libreoffice", "spark", "slow")

# No deadline: how long one example takes says more about the machine than about the code.
# In CI the same examples run every time, so that a red build is red for its change.
settings.register_profile("here", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
# Workers of xdist inherit what is set here.
_IN_CI = "SOD_TESTS_IN_CI"
if os.environ.get("CI") or os.environ.get("BUILD_NUMBER"):
    os.environ[_IN_CI] = "1"
settings.load_profile("ci" if os.environ.get(_IN_CI) else "here")
# Where pytest sees these it writes whole differences, and for two long lists that takes hours.
for _name in ("CI", "BUILD_NUMBER"):
    os.environ.pop(_name, None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip demanding tests in a bare run; `SOD_FULL_TESTS=1` or any `-m` asks for them."""
    if os.environ.get("SOD_FULL_TESTS") or config.option.markexpr:
        return
    for item in items:
        for mark in DEMANDING:
            if item.get_closest_marker(mark):
                reason = f"marked {mark}: runs with SOD_FULL_TESTS=1 or -m {mark}"
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No colour or width of the terminal that runs the tests reaches them."""
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real exports, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("SOD_REALDATA", str(ROOT / ".." / "shared" / "data"))).resolve()
    if not (folder / "README.md").is_file():
        pytest.skip("no real exports: set SOD_REALDATA to their folder")
    return folder
