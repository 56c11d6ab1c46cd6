"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real exports, or a skip that says where it was looked for."""
    folder = Path(os.environ.get("SOD_REALDATA", str(ROOT / ".." / "shared" / "data"))).resolve()
    if not (folder / "README.md").is_file():
        pytest.skip("no real exports: set SOD_REALDATA to their folder")
    return folder
