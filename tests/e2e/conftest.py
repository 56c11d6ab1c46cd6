"""Whole folders to ask questions of, made once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.estate import Estate, clean
from tests.e2e.shell import Said, cool_down, sod

NORTHBANK = ROOT / "samples" / "northbank"


@dataclass(frozen=True)
class Ran:
    """A folder that `sod run` wrote, and what it said."""

    folder: Path
    said: Said


@pytest.fixture(scope="session", autouse=True)
def warm_process() -> Iterator[None]:
    """The process that forks the commands ends with the tests."""
    yield
    cool_down()


@pytest.fixture(scope="session")
def northbank(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """The sample bank, analysed once by the command line."""
    here = tmp_path_factory.mktemp("northbank")
    said = sod("run", "--config", NORTHBANK / "sod.yaml", "--out", "bank", cwd=here)
    return Ran(here / "bank", said)


@pytest.fixture
def estate(tmp_path: Path) -> Estate:
    """A small estate without a flaw, to put one into."""
    return clean(tmp_path / "estate")
