"""The findings of a report as rows of a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest

from sod_analyzer.cli.listing import any_violation, listed_violations
from sod_analyzer.model.finding import PLACES, VIOLATIONS


@dataclass(frozen=True)
class Told:
    """The part of a report that is listed."""

    tables: Mapping[str, pa.Table]

    def __getitem__(self, name: str) -> pa.Table:
        return self.tables[name]


def violation(number: int, verdict: str = "violation", **more: Any) -> dict[str, Any]:
    return {
        "finding_id": f"F-{number}",
        "rule_id": "R-1",
        "name": f"Ann {number}",
        "severity": "high",
        "means": "held",
        "verdict": verdict,
        **more,
    }


def place(number: int, title: str, verdict: str = "violation") -> dict[str, Any]:
    return {"finding_id": f"F-{number}", "verdict": verdict, "place_title": title}


def told(violations: list[dict[str, Any]], places: list[dict[str, Any]]) -> Any:
    return Told(
        {
            "violations": pa.Table.from_pylist(violations, schema=VIOLATIONS),
            "places": pa.Table.from_pylist(places, schema=PLACES),
        }
    )


def test_a_finding_names_the_places_of_its_own_verdict_in_their_order() -> None:
    report = told(
        [violation(1), violation(2, "not-evaluable")],
        [
            place(1, "Payments"),
            place(2, "Logging", "not-evaluable"),
            place(1, "Cards", "mitigated"),
            place(1, "Lending"),
        ],
    )

    rows = list(listed_violations(report))

    assert [(row["finding_id"], row["places"]) for row in rows] == [
        ("F-1", "Payments; Lending"),
        ("F-2", "Logging"),
    ]
    assert rows[0] == {
        "severity": "high",
        "rule_id": "R-1",
        "name": "Ann 1",
        "places": "Payments; Lending",
        "means": "held",
        "verdict": "violation",
        "finding_id": "F-1",
    }


def test_what_another_finding_implies_is_not_listed() -> None:
    report = told([violation(1), violation(2, folded_under="F-1")], [place(1, "a"), place(2, "a")])

    listed = listed_violations(report)

    assert len(listed) == 1
    assert [row["finding_id"] for row in listed] == ["F-1"]


def test_all_pages_together_are_every_finding_with_its_place() -> None:
    numbers = range(40_000)
    report = told([violation(n) for n in numbers], [place(n, f"place {n}") for n in numbers])

    assert [row["places"] for row in listed_violations(report)] == [f"place {n}" for n in numbers]


def test_of_nothing_nothing_is_listed() -> None:
    assert list(listed_violations(told([], []))) == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([], False),
        ([violation(1)], True),
        ([violation(1, severity="low")], False),
        ([violation(1, "not-evaluable")], False),
        ([violation(1, "not-evaluable"), violation(2, severity="critical")], True),
        ([violation(1, folded_under="F-0")], True),
    ],
)
def test_a_violation_counts_by_its_severity(rows: list[dict[str, Any]], *, found: bool) -> None:
    assert any_violation(told(rows, []), ("high", "critical")) is found
