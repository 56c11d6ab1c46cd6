"""A pytest plugin for runs on a faulty copy: the copy is what runs, and alike each time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import Phase, settings

#: Names the folder that the package must come from.
COPY = "SOD_FAULTY_COPY"


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Refuse to test any package but the copy's; draw the same examples, and none to shrink.

    After the suite's own settings: its `conftest.py` is loaded before this hook.
    """
    import sod_analyzer

    found = Path(sod_analyzer.__file__).resolve()
    wanted = Path(os.environ[COPY]).resolve()
    if not found.is_relative_to(wanted):
        raise pytest.UsageError(f"{found} would be tested, not the copy in {wanted}")
    settings.register_profile(
        "faults",
        deadline=None,
        derandomize=True,
        database=None,
        phases=(Phase.explicit, Phase.generate),
    )
    settings.load_profile("faults")
