"""The bank's report, and every reporter's output for it."""

from __future__ import annotations

import io

import pytest

from sod_analyzer.model.finding import Report, Reporter
from tests.report.bank import bank


@pytest.fixture(scope="session")
def report() -> Report:
    """The bank's report; nothing changes it."""
    return bank()


def rendered(reporter: Reporter, report: Report) -> bytes:
    """What the reporter writes."""
    stream = io.BytesIO()
    reporter.render(report, stream)
    return stream.getvalue()
