"""What a rule asks: its kind, its legs, and how many."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sod_analyzer.documents import Word, quoted, suggest
from sod_analyzer.model.ruleset import (
    Duty,
    Exclusion,
    Hygiene,
    HygieneCheck,
    RuleKind,
    Subjects,
)
from sod_analyzer.rules.deriving import anything_but, group, in_environment, included
from sod_analyzer.rules.narrowing import exclusions_of, subjects_of
from sod_analyzer.rules.shapes import (
    KIND_KEYS,
    AnyOfShape,
    GrantHoursShape,
    HoldersShape,
    HygieneShape,
    LegShape,
    LogicShape,
    MayHoldOnlyShape,
    OnlyShape,
    PeopleShape,
    RuleShape,
)
from sod_analyzer.rules.voice import Voice

#: A combination is of two.
_FEWEST = 2
#: Parts of a place after which an environment could not stand in the id of a derived duty.
_MARKS = frozenset("[]+!:@")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the kind key of a rule says, with one duty for each leg."""

    kind: RuleKind
    duties: tuple[str, ...] = ()
    count: int = 0
    #: The duties that a gate may stand before, as the author named them.
    bases: tuple[str, ...] = ()
    allowed: Subjects = field(default_factory=Subjects)
    exclusions: tuple[Exclusion, ...] = ()
    hygiene: Hygiene | None = None


@dataclass(slots=True)
class Asking:
    """Reads kind keys against the duties that there are, and collects those it has to make."""

    duties: Mapping[str, Duty]  # with everything they include
    made: dict[str, Duty] = field(default_factory=dict)

    def read(self, key: str, shape: RuleShape, voice: Voice) -> Asked:
        """What the rule asks, of any kind but `role_conflicts`, which asks what another does."""
        reading = _Reading(self, shape, voice)
        stated = getattr(shape, key)
        readers: Mapping[str, Callable[[Any], Asked]] = {
            "duties": reading.combination,
            "only": reading.only,
            "may_hold_only": reading.may_hold_only,
            "max_holders": reading.max_holders,
            "min_holders": reading.min_holders,
            "min_people": reading.min_people,
            "max_grant_hours": reading.max_grant_hours,
            "hygiene": reading.hygiene,
        }
        return readers[key](stated)


def kind_key(shape: RuleShape, voice: Voice) -> str | None:
    """The one kind key that the rule has, or None when that is said to be wrong."""
    given = [key for key in KIND_KEYS if getattr(shape, key) is not None]
    if len(given) == 1:
        return given[0]
    if given:
        voice.say(given[1], f"the rule has {_quoted(given)}; a rule has one of them")
    else:
        voice.say_all(f"says nothing that must not be; give one of {_quoted(KIND_KEYS)}")
    return None


def check_environment(environment: str | None, voice: Voice) -> None:
    """Says whether the environment of a rule cannot be one."""
    if environment is None:
        return
    if not environment.strip():
        voice.say("environment", "must not be empty")
    elif _MARKS & set(environment):
        voice.say("environment", f"{quoted(environment)} must hold none of [ ] + ! : @")


@dataclass(frozen=True, slots=True)
class _Reading:
    """One rule being read: its kind key, with the keys beside it that change its legs."""

    asking: Asking
    shape: RuleShape
    voice: Voice

    def combination(self, logic: LogicShape) -> Asked:
        kind = RuleKind.COMBINATION
        forms = (logic.all_of, logic.at_least, logic.critical)
        if sum(form is not None for form in forms) != 1:
            self.voice.say("duties", "must have one of 'all_of', 'at_least', 'critical'")
            return Asked(kind)
        if logic.critical is not None:
            return self._one(kind, "duties", logic.critical, count=1)
        if logic.at_least is None:
            legs = logic.all_of or ()
            return self._several(kind, ("duties", "all_of"), legs, count=len(legs))
        legs, count = logic.at_least.of, logic.at_least.count
        self._check_count("duties", count, legs, "at_least")
        return self._several(kind, ("duties", "at_least", "of"), legs, count=count)

    def only(self, only: OnlyShape) -> Asked:
        return replace(
            self._one(RuleKind.ONLY, "only", only.duty, count=1),
            allowed=subjects_of(only.holders, self.voice, "only", "holders", optional=False),
            exclusions=exclusions_of(only.except_, self.voice, "only", "except"),
        )

    def may_hold_only(self, stated: MayHoldOnlyShape) -> Asked:
        key, kind = "may_hold_only", RuleKind.MAY_HOLD_ONLY
        if not stated.duties:
            self.voice.say(key, "duties: there is none", "duties")
        words = (*stated.duties, stated.within)
        found = [duty for word in words if (duty := self._duty(word, key))]
        self._say_repeated(key, words)
        if len(found) != len(words) or not stated.duties:
            return Asked(kind)
        *allowed, within = found
        for word, duty in zip(stated.duties, allowed, strict=True):
            self._check_allowed(key, word, duty)
        return Asked(kind, (self._placed(anything_but(within, allowed)),), 1, (within.duty_id,))

    def max_holders(self, stated: HoldersShape) -> Asked:
        self._check_one("max_holders", "count", stated.count)
        return self._one(RuleKind.MAX_HOLDERS, "max_holders", stated.duty, count=stated.count)

    def min_holders(self, stated: HoldersShape) -> Asked:
        self._check_one("min_holders", "count", stated.count)
        return self._one(RuleKind.MIN_HOLDERS, "min_holders", stated.duty, count=stated.count)

    def min_people(self, stated: PeopleShape) -> Asked:
        # One person is always there, and no team that shares n duties needs more than n people.
        key, kind = "min_people", RuleKind.MIN_PEOPLE
        self._check_count(key, stated.count, stated.duties)
        return self._several(kind, (key, "duties"), stated.duties, count=stated.count)

    def max_grant_hours(self, stated: GrantHoursShape) -> Asked:
        key = "max_grant_hours"
        self._check_one(key, "hours", stated.hours)
        return self._one(RuleKind.MAX_GRANT_HOURS, key, stated.duty, count=stated.hours)

    def hygiene(self, stated: HygieneShape) -> Asked:
        kind, dormant = RuleKind.HYGIENE, HygieneCheck.DORMANT_PRIVILEGED
        if stated.days is None:
            return Asked(kind, hygiene=Hygiene(stated.check))
        if stated.check is not dormant:
            text = f"days: has no effect, since check is not {dormant}"
            self.voice.say("hygiene", text, "days")
        self._check_one("hygiene", "days", stated.days)
        return Asked(kind, hygiene=Hygiene(stated.check, stated.days))

    def _one(self, kind: RuleKind, key: str, word: Word, *, count: int) -> Asked:
        duty = self._duty(word, key)
        if duty is None:
            return Asked(kind, count=count)
        return Asked(kind, (self._placed(duty),), count, (duty.duty_id,))

    def _several(
        self, kind: RuleKind, way: tuple[str, ...], legs: Sequence[LegShape], *, count: int
    ) -> Asked:
        key, *inner = way
        if len(legs) < _FEWEST:
            self.voice.say(key, f"{'.'.join(inner)}: must name at least two duties", *inner)
        words = [word for leg in legs for word in _words(leg)]
        self._say_repeated(key, words)
        found: list[str] = []
        for n, leg in enumerate(legs):
            grouped = isinstance(leg, AnyOfShape)
            if grouped and len(_words(leg)) < _FEWEST:
                self.voice.say(key, "any_of: must name at least two duties", *inner, n, "any_of")
            members = [self._duty(word, key) for word in _words(leg)]
            known = [duty for duty in members if duty]
            if known and len(known) == len(members):
                found.append(self._placed(group(known) if grouped else known[0]))
        duties = self.asking.duties
        bases = tuple(dict.fromkeys(word.text for word in words if word.text in duties))
        return Asked(kind, tuple(found), count, bases)

    def _duty(self, word: Word, key: str) -> Duty | None:
        duty = self.asking.duties.get(word.text)
        if duty is None:
            near = suggest(word.text, self.asking.duties)
            self._at(word, key, f"names duty {quoted(word.text)}, which is not defined{near}")
        return duty

    def _placed(self, duty: Duty) -> str:
        """The id of the duty in the rule's environment; keeps what had to be made for it."""
        environment = self.shape.environment
        if environment is not None and environment.strip() and not _MARKS & set(environment):
            narrowed = in_environment(duty, environment)
            if duty.ways and not narrowed.ways:
                text = f"no way of duty '{duty.duty_id}' counts in {quoted(environment)}"
                self.voice.say("environment", f"{text}: each states another environment")
            duty = narrowed
        if duty.made_of:
            self.asking.made[duty.duty_id] = duty
        return duty.duty_id

    def _check_allowed(self, key: str, word: Word, duty: Duty) -> None:
        """What may be held is taken away part by part, so it has to be told by single rights."""
        singles = [each.parts[0] for each in duty.ways if len(each.parts) == 1]
        if not singles:
            text = "has no way of a single right, so it would excuse nothing"
            self._at(word, key, f"duty '{duty.duty_id}' {text}")
        if any(part.unless for part in singles):
            text = "has a part with 'except'; say what may be held without exceptions"
            self._at(word, key, f"duty '{duty.duty_id}' {text}")

    def _check_count(self, key: str, count: int, legs: Sequence[LegShape], *way: str) -> None:
        if not _FEWEST <= count <= max(len(legs), _FEWEST):
            text = f"count is {count}; it must be at least 2 and at most {len(legs)}, "
            self.voice.say(key, f"{text}the number of duties", *way, "count")

    def _check_one(self, key: str, inner: str, number: int) -> None:
        if number < 1:
            self.voice.say(key, f"{inner}: must be at least 1", inner)

    def _say_repeated(self, key: str, words: Sequence[Word]) -> None:
        """A duty in two legs is one right that counts twice; so is one that includes another."""
        seen: set[str] = set()
        for word in words:
            if word.text in seen:
                self._at(word, key, f"names duty {quoted(word.text)} twice")
            seen.add(word.text)
        # What may be held is a part of what it lies within.
        for word in words if key != "may_hold_only" else ():
            for other in sorted(included(word.text, self.asking.duties) & seen):
                text = f"duty '{word.text}' includes '{other}', so whoever has one has both"
                self._at(word, key, text)

    def _at(self, word: Word, key: str, text: str) -> None:
        """One problem at the line of a word inside the kind key."""
        spoken = f"{'.'.join((*self.voice.way, key))}: {text}"
        self.voice.problems.say(word.where.line, spoken)


def _words(leg: LegShape) -> tuple[Word, ...]:
    return leg.any_of if isinstance(leg, AnyOfShape) else (leg,)


def _quoted(keys: Sequence[str]) -> str:
    return ", ".join(f"'{key}'" for key in keys)
