"""Rows of the tables that hold findings, and their order."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Severity

Row = dict[str, Any]


def finding_id(rule_id: str, subject_kind: str, subject_key: str) -> str:
    """The id under which a violation is known from run to run."""
    text = f"{rule_id}\x1f{subject_kind}\x1f{subject_key}"
    return "F-" + hashlib.sha256(text.encode()).hexdigest()[:12]


def worst_of(places: Iterable[Row]) -> Row:
    """The place with the worst verdict, and of several with the same the most severe."""
    return min(
        places,
        key=lambda p: (Verdict(p["verdict"]).rank, -Severity(p["severity"]).rank),
    )


@dataclass
class FindingRows:
    """Rows of the four tables, sorted for a reader."""

    violations: list[Row] = field(default_factory=list)
    places: list[Row] = field(default_factory=list)
    legs: list[Row] = field(default_factory=list)
    hops: list[Row] = field(default_factory=list)

    def sort(self) -> None:
        """Violations first, worst first; then by rule, name, id. The rest in the same order."""
        self.violations.sort(
            key=lambda v: (
                Verdict(v["verdict"]).rank,
                -Severity(v["severity"]).rank,
                v["rule_id"],
                v["name"] or "",
                v["finding_id"],
            )
        )
        order = {v["finding_id"]: n for n, v in enumerate(self.violations)}
        self.places.sort(key=lambda p: (order[p["finding_id"]], p["place"]))
        # Legs were written duty by duty in the rule's order, which a stable sort keeps.
        duties: dict[tuple[str, str, str], int] = {}
        for leg in self.legs:
            duties.setdefault((leg["finding_id"], leg["place"], leg["duty"]), len(duties))

        def of_leg(row: Row) -> tuple[int, str, int, str]:
            key = (row["finding_id"], row["place"], row["duty"])
            return order[row["finding_id"]], row["place"], duties[key], row["holder"]

        self.legs.sort(key=of_leg)
        self.hops.sort(key=lambda h: (*of_leg(h), h["part"], h["hop"]))


@dataclass
class Passed:
    """What the witnesses of one finding pass through."""

    systems: set[str] = field(default_factory=set)
    accounts: set[str] = field(default_factory=set)

    def note(self, hops: Iterable[Row]) -> None:
        """Take in the hops of one more witness."""
        for hop in hops:
            if hop["to_kind"] == NodeKind.ENTITLEMENT:
                self.systems.add(hop["to_id"].partition(":")[0])
            elif hop["to_kind"] == NodeKind.ACCOUNT:
                self.accounts.add(hop["to_id"])
