"""Mitigations against what is broken today: which stand, which do not, and why.

A mitigation excuses one place of one subject under one rule, and only while everything that was
approved still holds. Each check that fails leaves the place open, with the reason printed.

Errs: over-reports. Two people who perform each other's controls excuse nobody; a manager whom the
roster does not state cannot be found, so there, and only there, a dependence can be missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from sod_analyzer.detect.standing import Judged, PlaceKey, Scale, place_key
from sod_analyzer.model.mitigation import BrokenPlace, Mitigation, Pin, Standing
from sod_analyzer.model.ruleset import Control

#: Mitigation, subject key and place.
PinKey = tuple[str, str, str]

#: From so many places on, one control that fails opens much at once.
MANY = 10
#: So does a smaller number that is more than a third of all there is.
SOME = 5

#: Best first: how far a mitigation came through the checks.
_RANK: Mapping[Standing, int] = {
    standing: rank
    for rank, standing in enumerate(
        (
            Standing.IN_FORCE,
            Standing.LAPSED,
            Standing.OVERDUE,
            Standing.NOT_INDEPENDENT,
            Standing.NOT_ALLOWED,
            Standing.NOT_PINNED,
            Standing.UNUSED,
            Standing.EXPIRED,
            Standing.NOT_YET,
        )
    )
}
_NO_CONTROLS: Mapping[str, Control] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Excuse:
    """The best mitigation of one broken place; it excuses only when it is in force."""

    mitigation_id: str
    standing: Standing
    text: str  # "M-001 in force until 2026-12-31", "M-002 lapsed: …"


@dataclass(frozen=True, slots=True)
class Weighed:
    """How the register stands against what is broken."""

    excuse: Mapping[PlaceKey, Excuse]
    rows: tuple[Mapping[str, Any], ...]  # of MITIGATIONS, sorted by id, subject key, place


def weigh(
    register: Sequence[Mitigation],
    broken: Sequence[BrokenPlace],
    *,
    as_of: date,
    managers: Mapping[str, str],
    names: Mapping[str, str],
    controls: Mapping[str, Control] = _NO_CONTROLS,
    total: int | None = None,
) -> Weighed:
    """Every mitigation's standing on that day, and the best one for each broken place.

    `managers` gives each person's manager and `names` everybody there is, both by employee id.
    Where `controls` says how often a control is performed, no mitigation may do with less. `total`
    is how many places are broken, where `broken` has only those that the register is about.

    The checks come in the order of the class `Standing` tells them apart: the days, whether there
    is anything to excuse, what was approved, whether the rule allows it, who performs and approves
    it, when it was last performed, and whether what was approved is what is broken.

    Cost: one pass over the register for each link in a chain of performers who hold conflicts of
    their own; two passes where nobody does.
    """
    scale = Scale(broken, as_of, managers, names, controls)
    verdicts = scale.settled(register)
    in_force = {
        (m.control, place_key(m))
        for m, verdict in zip(register, verdicts, strict=True)
        if verdict.standing is Standing.IN_FORCE
    }
    excuses = Counter(control for control, _ in in_force)
    best: dict[PlaceKey, tuple[int, str, str, Excuse]] = {}
    rows = []
    for m, verdict in zip(register, verdicts, strict=True):
        key = place_key(m)
        if key in scale.broken:
            told = f"{m.mitigation_id} {verdict.standing}{_tail(m, verdict)}"
            excuse = Excuse(m.mitigation_id, verdict.standing, told)
            entry = (_RANK[verdict.standing], m.mitigation_id, told, excuse)
            best[key] = min(best.get(key, entry), entry, key=lambda e: e[:3])
        count = excuses[m.control]
        of_all = len(scale.broken) if total is None else total
        rows.append(_row(m, verdict, names, count, _warning(m, verdict, count, of_all)))
    return Weighed(
        {key: entry[-1] for key, entry in sorted(best.items(), key=lambda pair: pair[0])},
        tuple(
            sorted(rows, key=lambda r: (r["mitigation_id"], r["subject_key"], r["place"], repr(r)))
        ),
    )


def pins_for(register: Sequence[Mitigation], broken: Sequence[BrokenPlace]) -> Mapping[PinKey, Pin]:
    """What an approval today is of, for each mitigation that something broken answers to.

    A mitigation without a broken place gets no pin: nobody can approve what is not there.
    """
    places = {(b.rule_id, b.subject_key, b.place): b for b in broken}
    pins = {
        (m.mitigation_id, m.subject_key, m.place): _pin(places[place_key(m)])
        for m in register
        if place_key(m) in places
    }
    return dict(sorted(pins.items()))


def _pin(broken: BrokenPlace) -> Pin:
    ways = {duty: tuple(sorted(held)) for duty, held in sorted(broken.ways.items())}
    return Pin(broken.rule_digest, broken.means, ways)


def _tail(m: Mitigation, verdict: Judged) -> str:
    if verdict.standing is Standing.IN_FORCE:
        return f" until {m.valid_until}"
    return f": {verdict.why}"


def _warning(m: Mitigation, verdict: Judged, count: int, total: int) -> str:
    """Says so when one control in force stands for much of all that is broken."""
    if verdict.standing is not Standing.IN_FORCE:
        return ""
    if count >= MANY or (count >= SOME and count * 3 > total):
        return f"{m.control} alone excuses {count} of {total} broken places"
    return ""


def _row(
    m: Mitigation, verdict: Judged, names: Mapping[str, str], excuses: int, warning: str
) -> Mapping[str, Any]:
    why = "; ".join(filter(None, (verdict.why, warning)))
    return {
        "mitigation_id": m.mitigation_id,
        "control": m.control,
        "rule_id": m.rule_id,
        "subject_key": m.subject_key,
        "name": names.get(m.subject_key),
        "place": m.place,
        "owner": m.owner,
        "approver": m.approver,
        "performer": m.performer,
        "approved_on": m.approved_on,
        "valid_until": m.valid_until,
        "frequency_days": m.frequency_days,
        "last_performed": m.last_performed,
        "evidence": m.evidence,
        "standing": str(verdict.standing),
        "why": why or None,
        "excuses": excuses,
        "file": m.where.path if m.where else None,
        "record": m.where.line if m.where else None,
    }
