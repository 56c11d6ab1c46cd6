"""The expected answers, from the planted facts alone: a verdict for everyone, rule and place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from maker import bank
from maker.world import Account, Fact, World

VIOLATION = "violation"
NOT_EVALUABLE = "not-evaluable"
CLEAR = "clear"
COVERED = "all"  # broken here too, and told once under the place `all`

Verdicts = dict[str, dict[str, str]]


class Subject(NamedTuple):
    """An identity: a person of the roster, or an account that nobody could be tied to."""

    key: str
    name: str
    judged: bool
    facts: frozenset[Fact]
    maybe: frozenset[Fact]  # of accounts whose owner is undecided
    dormant: frozenset[Fact]
    accounts: tuple[str, ...]
    dormant_accounts: tuple[str, ...]


def subjects(world: World) -> list[Subject]:
    """Every identity, people first, by key."""
    found = []
    for number, person in sorted(world.people.items()):
        own = [a for a in world.accounts.values() if a.owner == number]
        perhaps = [a for a in world.accounts.values() if number in a.candidates]
        judged = person.kind != "workload"
        found.append(_subject(number, person.name, own, perhaps, judged=judged))
    for key, account in sorted(world.accounts.items()):
        if account.owner is None:
            found.append(_subject(key, account.name, [account], [], judged=not account.workload))
    return found


def _subject(
    key: str, name: str, own: list[Account], perhaps: list[Account], *, judged: bool
) -> Subject:
    return Subject(
        key,
        name,
        judged,
        _facts(a for a in own if not a.dormant),
        _facts(a for a in perhaps if not a.dormant),
        _facts(a for a in own if a.dormant),
        tuple(sorted(a.key for a in own)),
        tuple(sorted(a.key for a in own if a.dormant)),
    )


def _facts(accounts: Iterable[Account]) -> frozenset[Fact]:
    return frozenset(fact for account in accounts for fact in account.facts)


class Judge:
    """Knows which resources nobody claims, and applies the rules to one subject at a time."""

    def __init__(self, world: World) -> None:
        #: Systems with a resource that no application claims and on which some duty is held: a
        #: right over all of such a system reaches that resource too, whatever the duty.
        self.unmapped = {
            fact.system
            for account in world.accounts.values()
            for fact in account.facts
            if fact.resource != "*" and (fact.system, fact.resource) not in bank.PLACED
        }
        self.inhabited = {
            (system, application)
            for (system, _), applications in bank.PLACED.items()
            for application in applications
        }

    def verdicts(self, facts: frozenset[Fact], maybe: frozenset[Fact]) -> Verdicts:
        """Every rule and place for someone with these facts, and perhaps those."""
        either = facts | maybe
        answers: Verdicts = {}
        for rule, (duties, scope) in bank.RULES.items():
            if scope == "system":
                answers[rule] = {
                    system: _meet(
                        [_in_system(facts, d, system) for d in duties],
                        [_in_system(either, d, system) for d in duties],
                    )
                    for system in bank.SYSTEMS
                }
            else:
                answers[rule] = self._by_application(duties, facts, either)
        return answers

    def _by_application(
        self, duties: tuple[str, str], facts: frozenset[Fact], either: frozenset[Fact]
    ) -> dict[str, str]:
        if all(_everywhere(facts, duty) for duty in duties):
            return {**dict.fromkeys((*bank.APPLICATIONS, "unmapped"), COVERED), "all": VIOLATION}
        places = {
            application: _meet(
                [self._at(facts, d, application) for d in duties],
                [self._at(either, d, application) for d in duties],
            )
            for application in bank.APPLICATIONS
        }
        somewhere = all(any(fact.duty == duty for fact in either) for duty in duties)
        unmapped = any(self._off_the_map(fact) for fact in either if fact.duty in duties)
        places["unmapped"] = NOT_EVALUABLE if somewhere and unmapped else CLEAR
        places["all"] = CLEAR
        return places

    def _at(self, facts: frozenset[Fact], duty: str, application: str) -> bool:
        return any(
            application in bank.PLACED.get((fact.system, fact.resource), ())
            or (fact.resource == "*" and (fact.system, application) in self.inhabited)
            for fact in facts
            if fact.duty == duty
        )

    def _off_the_map(self, fact: Fact) -> bool:
        if fact.resource == "*":
            return fact.system in self.unmapped
        return (fact.system, fact.resource) not in bank.PLACED


def _meet(surely: list[bool], perhaps: list[bool]) -> str:
    if all(surely):
        return VIOLATION
    return NOT_EVALUABLE if all(perhaps) else CLEAR


def _in_system(facts: frozenset[Fact], duty: str, system: str) -> bool:
    return any(fact.duty == duty and fact.system == system for fact in facts)


def _everywhere(facts: frozenset[Fact], duty: str) -> bool:
    return all(Fact(duty, system, "*") in facts for system in bank.WAYS[duty])


def expected(world: World, counts: dict[str, dict[str, int]]) -> dict[str, object]:
    """Everything that EXPECTED.json says."""
    judge = Judge(world)
    everyone = subjects(world)
    people: dict[str, object] = {}
    dormant: list[dict[str, object]] = []
    for subject in everyone:
        answers = judge.verdicts(subject.facts, subject.maybe)
        entry: dict[str, object] = {"name": subject.name, "rules": answers}
        if subject.judged:
            revived = judge.verdicts(subject.facts | subject.dormant, subject.maybe)
            dormant += _would_be(subject, answers, revived)
        else:
            entry["rules"] = {r: dict.fromkeys(places, CLEAR) for r, places in answers.items()}
            entry["note"] = "not judged"
        people[subject.key] = entry
    _check_plants(world, people)
    return {
        "as_of": "2026-10-31",
        "places": {
            "application": [*bank.APPLICATIONS, "unmapped", "all"],
            "system": list(bank.SYSTEMS),
        },
        "people": people,
        "accounts": {
            subject.key: list(subject.accounts) for subject in everyone if subject.accounts
        },
        "counts": counts,
        "dormant": dormant,
        "dormant_accounts": sorted(a.key for a in world.accounts.values() if a.dormant),
        "undecided": {a.key: sorted(a.candidates) for a in world.accounts.values() if a.candidates},
        "unrestricted": _unrestricted(world),
        "plants": [
            {"id": f"P{number:02d}", **plant._asdict()}
            for number, plant in enumerate(world.plants, start=1)
        ],
    }


def _would_be(subject: Subject, now: Verdicts, then: Verdicts) -> list[dict[str, object]]:
    return [
        {
            "accounts": list(subject.dormant_accounts),
            "person": subject.key,
            "place": p,
            "rule": rule,
        }
        for rule, places in sorted(then.items())
        for p, verdict in sorted(places.items())
        if verdict == VIOLATION and now[rule][p] != VIOLATION
    ]


def _unrestricted(world: World) -> list[dict[str, str]]:
    return sorted(
        (
            {"account": a.key, "person": a.owner or a.key, "system": system}
            for a in world.accounts.values()
            if a.unrestricted and not a.dormant
            for system in sorted({f.system for f in a.facts if f.resource == "*"})
        ),
        key=lambda row: (row["person"], row["system"]),
    )


def _check_plants(world: World, people: dict[str, object]) -> None:
    """The plants say what the facts say, or the planting itself is wrong."""
    for plant in world.plants:
        for who, verdict in (
            (plant.person, plant.verdict),
            (plant.near_miss, plant.near_miss_verdict),
        ):
            entry = people[who]
            told = entry["rules"][plant.rule][plant.place]  # type: ignore[index]
            if told != verdict:
                message = f"plant '{plant.title}': {who} is {told}, planted as {verdict}"
                raise ValueError(message)
