"""What the register of mitigations makes of findings: which places are mitigated, and which not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np

from sod_analyzer.compose.broken import Broken
from sod_analyzer.compose.findings import Findings
from sod_analyzer.compose.roster import roster_of
from sod_analyzer.detect.mitigations import Excuse, weigh
from sod_analyzer.detect.standing import PlaceKey
from sod_analyzer.explain.names import Names
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.mitigation import Mitigation, Standing
from sod_analyzer.model.ruleset import Ruleset

Row = dict[str, Any]


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

    Cost: of what the register mentions; nothing where it is empty.
    """
    rows: list[Row] = []
    excuses: Mapping[PlaceKey, Excuse] = {}
    if register:
        broken = Broken(found)
        asked = {key for m in register for key in (m.subject_key, m.performer, m.approver)}
        roster = roster_of(names, asked)
        weighed = weigh(
            register,
            broken.of(register),
            as_of=as_of,
            managers=roster.managers,
            names=roster.names,
            controls=ruleset.control,
            total=len(broken),
        )
        rows, excuses = [dict(row) for row in weighed.rows], weighed.excuse
    _settle(found, excuses)
    return rows


def _settle(found: Findings, excuses: Mapping[PlaceKey, Excuse]) -> None:
    """What each excuse makes of its places, and what is missing where a team is too small."""
    teams, reasons = found.gathered.teams, found.gathered.reasons
    told = teams.array().to_pylist()
    missing = "Missing: nobody has registered a control for this person and place"
    small = np.flatnonzero(found.small_team >= 0)
    open_ = teams.numbers(f"{text}. {missing}" for text in told)
    found.small_team[small] = open_[found.gathered.spots.small_team[small]]
    changed: set[int] = set()
    for key, spots in Broken(found).spots_of(excuses.keys()).items() if excuses else ():
        excuse = excuses[key]
        stands = excuse.standing is Standing.IN_FORCE
        for spot in spots:
            found.mitigation[spot] = reasons.number(excuse.text)
            if stands:
                found.verdict[spot] = Verdict.MITIGATED.rank
                found.reason[spot] = reasons.number(f"mitigated: {excuse.text}")
                changed.add(int(found.gathered.spots.finding[spot]))
            if found.small_team[spot] >= 0:
                why = (
                    f"Nothing is missing: {excuse.text}"
                    if stands
                    else f"Missing: a control in force; {excuse.text}"
                )
                text = told[found.gathered.spots.small_team[spot]]
                found.small_team[spot] = teams.number(f"{text}. {why}")
    for finding in sorted(changed):
        _again(found, finding)


def _again(found: Findings, finding: int) -> None:
    """What a finding whose places have changed says further, and what was counted there."""
    first, stop = found.first[finding], found.first[finding + 1]
    number = int(found.gathered.heads.rule[finding])
    if number in found.measured:
        # A rule that counts people says what it counted in a row of its own.
        row = int(found.gathered.spots.row[first])
        text = found.reason_of(int(first))
        found.measured[number][row].update(verdict=str(Verdict.MITIGATED), reason=text)
    spots = range(int(first), int(stop))
    worst = min(spots, key=lambda spot: (found.verdict[spot], -found.severity[spot], spot))
    if found.verdict[worst] != found.said[finding]:
        verdict = list(Verdict)[int(found.verdict[worst])]
        text = found.reason_of(worst) or str(verdict)
        found.added[finding] = f" {text[:1].upper()}{text[1:]}."
