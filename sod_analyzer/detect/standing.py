"""The checks of one mitigation, in the order in which its standing tells them apart."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from sod_analyzer.detect.pairs import as_good
from sod_analyzer.errors import near
from sod_analyzer.model.finding import PLACE_ALL
from sod_analyzer.model.mitigation import BrokenPlace, Mitigation, Pin, Standing
from sod_analyzer.model.ruleset import Control

#: Rule, subject key and place.
PlaceKey = tuple[str, str, str]

#: So many words on either side are compared with one that is not known.
_NEIGHBOURS = 200


@dataclass(frozen=True, slots=True)
class Judged:
    """How one mitigation stands, and why."""

    standing: Standing
    why: str


def place_key(m: Mitigation) -> PlaceKey:
    """What it is for."""
    return (m.rule_id, m.subject_key, m.place)


class Scale:
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

    def settled(self, register: Sequence[Mitigation]) -> list[Judged]:
        """The verdicts, once no further place is excused.

        Whether a performer holds the rule open depends on the mitigations of the performer's own
        places. Starting with none in force, so two who excuse each other excuse nobody.
        """
        before = [self._before(m) for m in register]
        after = [self._after(m) for m in register]
        while True:
            verdicts = [
                first or self._between(m) or last
                for m, first, last in zip(register, before, after, strict=True)
            ]
            excused = frozenset(
                place_key(m)
                for m, verdict in zip(register, verdicts, strict=True)
                if verdict.standing is Standing.IN_FORCE
            )
            if excused == self._excused:
                return verdicts
            self._excused = excused

    def _before(self, m: Mitigation) -> Judged | None:
        """The checks that come before independence."""
        if m.approved_on > self._as_of:
            return Judged(Standing.NOT_YET, f"approved only on {m.approved_on}")
        if m.valid_until < self._as_of:
            return Judged(Standing.EXPIRED, f"valid until {m.valid_until}")
        broken = self.broken.get(place_key(m))
        if broken is None:
            return Judged(Standing.UNUSED, self._unused(m))
        if m.pin is None:
            return Judged(Standing.NOT_PINNED, "nobody has approved it for what is found there")
        why = _not_allowed(m, broken)
        return None if why is None else Judged(Standing.NOT_ALLOWED, why)

    def _between(self, m: Mitigation) -> Judged | None:
        """The one check that depends on what else is in force."""
        why = self._dependent(m)
        return None if why is None else Judged(Standing.NOT_INDEPENDENT, why)

    def _after(self, m: Mitigation) -> Judged:
        """The checks that come after it."""
        why = self._overdue(m)
        if why is not None:
            return Judged(Standing.OVERDUE, why)
        broken = self.broken.get(place_key(m))
        if m.pin is not None and broken is not None:
            why = _lapsed(m.pin, broken)
        if why is not None:
            return Judged(Standing.LAPSED, why)
        due = self._due(m)
        return Judged(Standing.IN_FORCE, f"next due by {due}" if due else "")

    # -- unused ----------------------------------------------------------------------------------

    def _unused(self, m: Mitigation) -> str:
        """Why nothing answers to it, and what is near: a misspelt key looks like a cured person."""
        subjects = self._near.get(m.rule_id)
        if subjects is None:
            return f"nobody breaks {m.rule_id}{_meant(m.rule_id, list(self._near))}"
        places = subjects.get(m.subject_key)
        if places is None:
            meant = _meant(m.subject_key, self._subjects[m.rule_id])
            if m.subject_key == m.place and m.place in self._places[m.rule_id]:
                meant = "; the rule is about people there, so name them"
            return f"{m.subject_key} does not break {m.rule_id}{meant}"
        if PLACE_ALL in places:
            return (
                f"{m.subject_key} breaks {m.rule_id} everywhere at once (place '{PLACE_ALL}'), "
                "which no control of one place can stand for"
            )
        shown = near(m.place, places)
        return f"{m.subject_key} does not break {m.rule_id} in {m.place}{shown}"

    @cached_property
    def _near(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """Rule to subject to places, of everything broken; sorted."""
        found: dict[str, dict[str, list[str]]] = {}
        for rule, subject, place in sorted(self.broken):
            found.setdefault(rule, {}).setdefault(subject, []).append(place)
        return found

    @cached_property
    def _subjects(self) -> Mapping[str, Sequence[str]]:
        return {rule: list(subjects) for rule, subjects in self._near.items()}

    @cached_property
    def _places(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = {}
        for rule, _, place in self.broken:
            found.setdefault(rule, set()).add(place)
        return {rule: frozenset(places) for rule, places in found.items()}

    @cached_property
    def _people(self) -> Sequence[str]:
        return sorted(self._names)

    # -- who -------------------------------------------------------------------------------------

    def _dependent(self, m: Mitigation) -> str | None:
        roles = (("performer", m.performer), ("approver", m.approver))
        return next(filter(None, (self._dependence(m, role, who) for role, who in roles)), None)

    def _dependence(self, m: Mitigation, role: str, who: str) -> str | None:
        if who == m.subject_key:
            return f"{role} {self._called(who)} is the person it is for"
        if who not in self._names:
            return f"nobody knows who {role} {who} is{_meant(who, self._people)}"
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


#: Of a way, so much stands in a sentence.
_LONGEST = 90


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
                return f"{duty} is now also reached by {_short(way)}"
    return None


def _short(way: str) -> str:
    """A way in a sentence: one of thirty actions is told by its first ones."""
    return way if len(way) <= _LONGEST else f"{way[:_LONGEST].rstrip(' |')} …"


def _meant(word: str, known: Sequence[str]) -> str:
    """A suggestion, where one is close enough to be one; `known` is sorted.

    Only its neighbours in that order are compared: a million people would take minutes. Errs: a
    word that is wrong at its beginning may get no suggestion.
    """
    spot = bisect_left(known, word)
    found = near(word, known[max(0, spot - _NEIGHBOURS) : spot + _NEIGHBOURS])
    return found if "did you mean" in found else ""
