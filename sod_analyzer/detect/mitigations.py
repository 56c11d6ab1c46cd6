"""Mitigations against what is broken today: which stand, which do not, and why.

A mitigation excuses one place of one subject under one rule, and only while everything that was
approved still holds. Each check that fails leaves the place open, with the reason printed.

Errs: over-reports. Two people who perform each other's controls excuse nobody; a manager whom the
roster does not state cannot be found, so there, and only there, a dependence can be missed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from sod_analyzer.detect.pairs import as_good
from sod_analyzer.errors import near
from sod_analyzer.model.finding import PLACE_ALL
from sod_analyzer.model.mitigation import BrokenPlace, Mitigation, Pin, Standing
from sod_analyzer.model.ruleset import Control

#: Rule, subject key and place.
PlaceKey = tuple[str, str, str]
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


@dataclass(frozen=True, slots=True)
class _Verdict:
    standing: Standing
    why: str


def weigh(
    register: Sequence[Mitigation],
    broken: Sequence[BrokenPlace],
    *,
    as_of: date,
    managers: Mapping[str, str],
    names: Mapping[str, str],
    controls: Mapping[str, Control] = _NO_CONTROLS,
) -> Weighed:
    """Every mitigation's standing on that day, and the best one for each broken place.

    `managers` gives each person's manager and `names` everybody there is, both by employee id.
    Where `controls` says how often a control is performed, no mitigation may do with less.

    The checks come in the order of the class `Standing` tells them apart: the days, whether there
    is anything to excuse, what was approved, whether the rule allows it, who performs and approves
    it, when it was last performed, and whether what was approved is what is broken.

    Cost: one pass over the register for each link in a chain of performers who hold conflicts of
    their own; two passes where nobody does.
    """
    scale = _Scale(broken, as_of, managers, names, controls)
    verdicts = scale.settled(register)
    in_force = {
        (m.control, _key(m))
        for m, verdict in zip(register, verdicts, strict=True)
        if verdict.standing is Standing.IN_FORCE
    }
    excuses = Counter(control for control, _ in in_force)
    best: dict[PlaceKey, tuple[int, str, str, Excuse]] = {}
    rows = []
    for m, verdict in zip(register, verdicts, strict=True):
        key = _key(m)
        if key in scale.broken:
            told = f"{m.mitigation_id} {verdict.standing}{_tail(m, verdict)}"
            excuse = Excuse(m.mitigation_id, verdict.standing, told)
            entry = (_RANK[verdict.standing], m.mitigation_id, told, excuse)
            best[key] = min(best.get(key, entry), entry, key=lambda e: e[:3])
        count = excuses[m.control]
        rows.append(_row(m, verdict, names, count, _warning(m, verdict, count, len(scale.broken))))
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
        (m.mitigation_id, m.subject_key, m.place): _pin(places[_key(m)])
        for m in register
        if _key(m) in places
    }
    return dict(sorted(pins.items()))


def _pin(broken: BrokenPlace) -> Pin:
    ways = {duty: tuple(sorted(held)) for duty, held in sorted(broken.ways.items())}
    return Pin(broken.rule_digest, broken.means, ways)


def _key(m: Mitigation) -> PlaceKey:
    return (m.rule_id, m.subject_key, m.place)


class _Scale:
    """What every mitigation is weighed against; a class to carry it along."""

    def __init__(
        self,
        broken: Sequence[BrokenPlace],
        as_of: date,
        managers: Mapping[str, str],
        names: Mapping[str, str],
        controls: Mapping[str, Control],
    ) -> None:
        self.broken: Mapping[PlaceKey, BrokenPlace] = {
            (b.rule_id, b.subject_key, b.place): b for b in broken
        }
        self._as_of = as_of
        self._managers = managers
        self._names = names
        self._controls = controls
        #: Places that a mitigation in force excuses; grows until nothing changes.
        self._excused: frozenset[PlaceKey] = frozenset()

    def settled(self, register: Sequence[Mitigation]) -> list[_Verdict]:
        """The verdicts, once no further place is excused.

        Whether a performer holds the rule open depends on the mitigations of the performer's own
        places. Starting with none in force, so two who excuse each other excuse nobody.
        """
        while True:
            verdicts = [self._verdict(m) for m in register]
            excused = frozenset(
                _key(m)
                for m, verdict in zip(register, verdicts, strict=True)
                if verdict.standing is Standing.IN_FORCE
            )
            if excused == self._excused:
                return verdicts
            self._excused = excused

    def _verdict(self, m: Mitigation) -> _Verdict:
        if m.approved_on > self._as_of:
            return _Verdict(Standing.NOT_YET, f"approved only on {m.approved_on}")
        if m.valid_until < self._as_of:
            return _Verdict(Standing.EXPIRED, f"valid until {m.valid_until}")
        broken = self.broken.get(_key(m))
        if broken is None:
            return _Verdict(Standing.UNUSED, self._unused(m))
        if m.pin is None:
            return _Verdict(Standing.NOT_PINNED, "nobody has approved it for what is found there")
        checks: tuple[tuple[Standing, Callable[[], str | None]], ...] = (
            (Standing.NOT_ALLOWED, lambda: _not_allowed(m, broken)),
            (Standing.NOT_INDEPENDENT, lambda: self._dependent(m)),
            (Standing.OVERDUE, lambda: self._overdue(m)),
            (Standing.LAPSED, lambda: _lapsed(m.pin, broken) if m.pin else None),
        )
        for standing, check in checks:
            why = check()
            if why is not None:
                return _Verdict(standing, why)
        due = self._due(m)
        return _Verdict(Standing.IN_FORCE, f"next due by {due}" if due else "")

    # -- unused ----------------------------------------------------------------------------------

    def _unused(self, m: Mitigation) -> str:
        """Why nothing answers to it, and what is near: a misspelt key looks like a cured person."""
        keys = self.broken
        rules = sorted({rule for rule, _, _ in keys})
        if m.rule_id not in rules:
            return f"nobody breaks {m.rule_id}{_meant(m.rule_id, rules)}"
        subjects = sorted({subject for rule, subject, _ in keys if rule == m.rule_id})
        if m.subject_key not in subjects:
            meant = _meant(m.subject_key, subjects)
            if m.subject_key == m.place and any(p == m.place for r, _, p in keys if r == m.rule_id):
                meant = "; the rule is about people there, so name them"
            return f"{m.subject_key} does not break {m.rule_id}{meant}"
        places = sorted(p for r, s, p in keys if (r, s) == (m.rule_id, m.subject_key))
        if PLACE_ALL in places:
            return (
                f"{m.subject_key} breaks {m.rule_id} everywhere at once (place '{PLACE_ALL}'), "
                "which no control of one place can stand for"
            )
        shown = near(m.place, places)
        return f"{m.subject_key} does not break {m.rule_id} in {m.place}{shown}"

    # -- who -------------------------------------------------------------------------------------

    def _dependent(self, m: Mitigation) -> str | None:
        roles = (("performer", m.performer), ("approver", m.approver))
        return next(filter(None, (self._dependence(m, role, who) for role, who in roles)), None)

    def _dependence(self, m: Mitigation, role: str, who: str) -> str | None:
        if who == m.subject_key:
            return f"{role} {self._called(who)} is the person it is for"
        if who not in self._names:
            return f"nobody knows who {role} {who} is{_meant(who, self._names)}"
        for manager in self._above(who):
            if manager == m.subject_key:
                return f"{role} {self._called(who)} reports to {self._called(manager)}"
        for place in (m.place, PLACE_ALL):
            key = (m.rule_id, who, place)
            if key in self.broken and key not in self._excused:
                return f"{role} {self._called(who)} holds {m.rule_id} open there too"
        return None

    def _above(self, who: str) -> Iterator[str]:
        """The managers above a person, nearest first; a circle ends where it began."""
        seen = {who}
        manager = self._managers.get(who)
        while manager is not None and manager not in seen:
            yield manager
            seen.add(manager)
            manager = self._managers.get(manager)

    def _called(self, key: str) -> str:
        name = self._names.get(key)
        return f"{name} ({key})" if name else key

    # -- when ------------------------------------------------------------------------------------

    def _days(self, m: Mitigation) -> int | None:
        """Days that may pass between two performances; the control's own rhythm is a limit."""
        control = self._controls.get(m.control)
        stated = (m.frequency_days, control.frequency_days if control else None)
        return min((days for days in stated if days is not None), default=None)

    def _due(self, m: Mitigation) -> date | None:
        days = self._days(m)
        if days is None:
            return None
        last = m.last_performed
        # What was performed after the day that is asked about says nothing of that day.
        known = last is not None and last <= self._as_of
        return (last if known and last else m.approved_on) + timedelta(days=days)

    def _overdue(self, m: Mitigation) -> str | None:
        due = self._due(m)
        if due is None or due >= self._as_of:
            return None
        if m.last_performed is None:
            performed = "never performed"
        elif m.last_performed > self._as_of:
            performed = f"performed only on {m.last_performed}"
        else:
            performed = f"last performed on {m.last_performed}"
        return f"{performed}; it was due by {due}"


def _not_allowed(m: Mitigation, broken: BrokenPlace) -> str | None:
    if broken.controls and m.control not in broken.controls:
        allowed = ", ".join(sorted(broken.controls))
        return f"{m.rule_id} allows {allowed}, not {m.control}"
    days = (m.valid_until - m.approved_on).days
    if broken.max_days is not None and days > broken.max_days:
        return f"approved for {days} days; {m.rule_id} allows {broken.max_days}"
    return None


def _lapsed(pin: Pin, broken: BrokenPlace) -> str | None:
    """What is no longer as approved. A further path by an approved way is no change."""
    if pin.rule_digest != broken.rule_digest:
        return f"the meaning of {broken.rule_id} has changed since it was approved"
    for pair in broken.means:
        if not any(as_good(pinned, pair) for pinned in pin.means):
            return f"it is now broken by access {pair}; approved for {'; '.join(pin.means)}"
    for duty, ways in sorted(broken.ways.items()):
        pinned = pin.ways.get(duty, ())
        for way in sorted(ways):
            if way not in pinned:
                return f"{duty} is now also reached by {way}"
    return None


def _meant(word: str, known: Iterable[str]) -> str:
    """A suggestion, where one is close enough to be one."""
    found = near(word, known)
    return found if "did you mean" in found else ""


def _tail(m: Mitigation, verdict: _Verdict) -> str:
    if verdict.standing is Standing.IN_FORCE:
        return f" until {m.valid_until}"
    return f": {verdict.why}"


def _warning(m: Mitigation, verdict: _Verdict, count: int, total: int) -> str:
    """Says so when one control in force stands for much of all that is broken."""
    if verdict.standing is not Standing.IN_FORCE:
        return ""
    if count >= MANY or (count >= SOME and count * 3 > total):
        return f"{m.control} alone excuses {count} of {total} broken places"
    return ""


def _row(
    m: Mitigation, verdict: _Verdict, names: Mapping[str, str], excuses: int, warning: str
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
