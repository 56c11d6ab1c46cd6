"""What the register of mitigations makes of findings: which places are mitigated, and which not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sod_analyzer.compose.finding_rows import FindingRows, worst_of
from sod_analyzer.compose.findings import Findings
from sod_analyzer.detect.mitigations import Excuse, weigh
from sod_analyzer.explain.names import Names
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.mitigation import Mitigation, Standing
from sod_analyzer.model.ruleset import Ruleset

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """Who is whose manager, and what people are called, by employee id."""

    managers: Mapping[str, str]
    names: Mapping[str, str]


def facts_of(names: Names) -> Facts:
    """What the roster says of managers and names."""
    rows = names.snapshot["identities"].select(["employee_id", "manager", "name"]).to_pylist()
    known = [row for row in rows if row["employee_id"]]
    return Facts(
        {row["employee_id"]: row["manager"] for row in known if row["manager"]},
        {row["employee_id"]: row["name"] or row["employee_id"] for row in known},
    )


def apply_register(
    found: Findings,
    register: Sequence[Mitigation],
    ruleset: Ruleset,
    names: Names,
    *,
    as_of: date,
) -> list[Row]:
    """Turn places that a mitigation in force excuses from violation to mitigated, in place.

    Returns:
        The register's rows, each with how it stands.
    """
    facts = facts_of(names)
    weighed = weigh(
        register,
        found.broken,
        as_of=as_of,
        managers=facts.managers,
        names=facts.names,
        controls=ruleset.control,
    )
    of_finding = {v["finding_id"]: (v["rule_id"], v["subject_key"]) for v in found.rows.violations}
    # A rule that counts people says what it counted in a row of its own.
    counted = {(row["rule_id"], row["place"], row["place"]): row for row in found.measures}
    places: dict[str, list[Row]] = {}
    for place in found.rows.places:
        key = (*of_finding[place["finding_id"]], place["place"])
        _settle(place, weighed.excuse.get(key))
        if key in counted and place["verdict"] == Verdict.MITIGATED:
            counted[key].update(verdict=place["verdict"], reason=place["reason"])
        places.setdefault(place["finding_id"], []).append(place)
    _again(found.rows, places)
    return [dict(row) for row in weighed.rows]


def _settle(place: Row, excuse: Excuse | None) -> None:
    if place["verdict"] != Verdict.VIOLATION:
        return
    stands = excuse is not None and excuse.standing is Standing.IN_FORCE
    if excuse is not None:
        place["mitigation"] = excuse.text
    if stands and excuse is not None:
        place["verdict"] = str(Verdict.MITIGATED)
        place["reason"] = f"mitigated: {excuse.text}"
    if place.get("small_team"):
        if stands and excuse is not None:
            missing = f"Nothing is missing: {excuse.text}"
        elif excuse is not None:
            missing = f"Missing: a control in force; {excuse.text}"
        else:
            missing = "Missing: nobody has registered a control for this person and place"
        place["small_team"] += f". {missing}"


def _again(rows: FindingRows, places: Mapping[str, Iterable[Row]]) -> None:
    """The worst verdict and severity of each finding whose places have changed."""
    for finding in rows.violations:
        mine = list(places[finding["finding_id"]])
        worst = worst_of(mine)
        if worst["verdict"] == finding["verdict"] and worst["severity"] == finding["severity"]:
            continue
        if worst["verdict"] != finding["verdict"]:
            told = str(worst["reason"] or worst["verdict"])
            finding["sentence"] += f" {told[:1].upper()}{told[1:]}."
        finding["verdict"], finding["severity"] = worst["verdict"], worst["severity"]
