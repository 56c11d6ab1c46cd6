"""The expected answers, from the planted facts alone: what is not clear, of whom and where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from maker import bank, headcount, hygiene, register, rules
from maker.rules import Conflict, Leg
from maker.world import Account, Fact, World

VIOLATION = "violation"
NOT_EVALUABLE = "not-evaluable"
CLEAR = "clear"
COVERED = "all"  # broken here too, and told once under the place `all`

#: Rule to place to verdict; what is clear has no entry.
Verdicts = dict[str, dict[str, str]]
#: Rule to subject to place to verdict.
Results = dict[str, dict[str, dict[str, str]]]


class Subject(NamedTuple):
    """An identity: a person of the roster, or an account that nobody could be tied to."""

    key: str
    name: str
    kind: str  # person | vendor | shared | workload
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
        found.append(_subject(number, person.name, person.kind, own, perhaps))
    for key, account in sorted(world.accounts.items()):
        if account.owner is None:
            kind = "workload" if account.workload else "person"
            found.append(_subject(key, account.name, kind, [account], []))
    return found


def _subject(key: str, name: str, kind: str, own: list[Account], perhaps: list[Account]) -> Subject:
    return Subject(
        key,
        name,
        kind,
        _facts(a for a in own if not a.dormant),
        _facts(a for a in perhaps if not a.dormant),
        _facts(a for a in own if a.dormant),
        tuple(sorted(a.key for a in own)),
        tuple(sorted(a.key for a in own if a.dormant)),
    )


def _facts(accounts: Iterable[Account]) -> frozenset[Fact]:
    return frozenset(fact for account in accounts for fact in account.facts)


class Judge:
    """Knows which resources nobody claims, and applies the rules to one holder at a time."""

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

    def verdicts(
        self,
        facts: frozenset[Fact],
        maybe: frozenset[Fact] = frozenset(),
        *,
        kind: str = "person",
        holder: str = "identity",
    ) -> Verdicts:
        """What is not clear, for somebody with these facts and perhaps those."""
        answers: Verdicts = {}
        for rule, conflict in rules.CONFLICTS.items():
            if conflict.holder != holder or conflict.state != rules.EVALUATED:
                continue
            if kind == "workload" or conflict.kind not in ("", kind):
                continue
            told = self._places(conflict, facts, facts | maybe)
            if told:
                answers[rule] = told
        return answers

    def _places(
        self, conflict: Conflict, facts: frozenset[Fact], either: frozenset[Fact]
    ) -> dict[str, str]:
        if conflict.scope == "application":
            return self._by_application(conflict, facts, either)
        places = bank.SYSTEMS if conflict.scope == "system" else (None,)
        return {
            place or "anywhere": verdict
            for place in places
            if (
                verdict := _weigh(
                    conflict,
                    [_in_system(facts, leg, place) for leg in conflict.legs],
                    [_in_system(either, leg, place) for leg in conflict.legs],
                )
            )
            != CLEAR
        }

    def _by_application(
        self, conflict: Conflict, facts: frozenset[Fact], either: frozenset[Fact]
    ) -> dict[str, str]:
        if sum(_everywhere(facts, leg) for leg in conflict.legs) >= conflict.needed:
            return {"all": VIOLATION}
        places = {
            application: _weigh(
                conflict,
                [self._at(facts, leg, application) for leg in conflict.legs],
                [self._at(either, leg, application) for leg in conflict.legs],
            )
            for application in bank.APPLICATIONS
        }
        somewhere = sum(_in_system(either, leg, None) for leg in conflict.legs)
        lost = any(self._off_the_map(f) for f in either for leg in conflict.legs if f.duty in leg)
        places["unmapped"] = NOT_EVALUABLE if lost and somewhere >= conflict.needed else CLEAR
        return {place: verdict for place, verdict in places.items() if verdict != CLEAR}

    def _at(self, facts: frozenset[Fact], leg: Leg, application: str) -> bool:
        return any(self.reaches(fact, application) for fact in facts if fact.duty in leg)

    def reaches(self, fact: Fact, application: str) -> bool:
        """Whether the duty can be performed on the application."""
        if fact.resource == "*":
            return (fact.system, application) in self.inhabited
        return application in bank.PLACED.get((fact.system, fact.resource), ())

    def _off_the_map(self, fact: Fact) -> bool:
        if fact.resource == "*":
            return fact.system in self.unmapped
        return (fact.system, fact.resource) not in bank.PLACED


def _weigh(conflict: Conflict, surely: list[bool], perhaps: list[bool]) -> str:
    if sum(surely) >= conflict.needed:
        return VIOLATION
    return NOT_EVALUABLE if sum(perhaps) >= conflict.needed else CLEAR


def _in_system(facts: frozenset[Fact], leg: Leg, system: str | None) -> bool:
    return any(fact.duty in leg and system in (None, fact.system) for fact in facts)


def _everywhere(facts: frozenset[Fact], leg: Leg) -> bool:
    """Whether the leg is held over every system in which anybody could have it."""
    systems = rules.systems_of(leg)
    return bool(systems) and all(
        any(Fact(duty, system, "*") in facts for duty in leg) for system in systems
    )


def expected(world: World, counts: dict[str, dict[str, int]]) -> dict[str, object]:
    """Everything that EXPECTED.json says."""
    judge = Judge(world)
    everyone = subjects(world)
    results: Results = {}
    dormant: list[dict[str, object]] = []
    could_become: list[dict[str, object]] = []
    for subject in everyone:
        answers = judge.verdicts(subject.facts, subject.maybe, kind=subject.kind)
        _add(results, subject.key, answers)
        revived = judge.verdicts(subject.facts | subject.dormant, subject.maybe, kind=subject.kind)
        dormant += _would_be(subject, answers, revived)
        taken = judge.verdicts(
            subject.facts | _takes(world, subject.facts), subject.maybe, kind=subject.kind
        )
        could_become += _would_be(subject, answers, taken)
    for account in world.accounts.values():
        if not account.dormant:
            kind = "workload" if account.workload else "person"
            facts = account.facts | world.signed_in(account)
            _add(
                results, account.key, judge.verdicts(frozenset(facts), kind=kind, holder="account")
            )
    hygiene.judge(world, results)
    measures = headcount.judge(world, judge.reaches, results)
    _check_plants(world, results)
    register.excuse(world, results)
    return {
        "as_of": "2026-10-31",
        "systems": list(bank.SYSTEMS),
        "rules": rules.states(),
        "people": {subject.key: subject.name for subject in everyone},
        "results": results,
        "measures": measures,
        "mitigations": register.standings(world),
        "accounts": {
            subject.key: list(subject.accounts) for subject in everyone if subject.accounts
        },
        "counts": counts,
        "could_become": could_become,
        "dormant": dormant,
        "dormant_accounts": sorted(a.key for a in world.accounts.values() if a.dormant),
        "undecided": {a.key: sorted(a.candidates) for a in world.accounts.values() if a.candidates},
        "unrestricted": _unrestricted(world),
        "plants": [
            {"id": f"P{number:02d}", **plant._asdict()}
            for number, plant in enumerate(world.plants, start=1)
        ],
    }


def _add(results: Results, subject: str, answers: Verdicts) -> None:
    for rule, places in answers.items():
        results.setdefault(rule, {})[subject] = places


def _takes(world: World, facts: frozenset[Fact]) -> frozenset[Fact]:
    """What somebody could come to by one change: by starting pods as the clusters' own accounts.

    Whoever deploys to a whole cluster may make jobs in every namespace, as any account there. The
    accounts of the applications' namespaces have no duty, so that whoever deploys to one of them
    gains nothing.

    In AWS, whoever grants access in a whole account may let himself into any role of it but those
    of Identity Center, which only that changes. Whoever changes the code of functions acts as the
    roles that they run as: those of Payments may change its data, those of Onboarding nothing.
    """
    whole = {
        fact.system
        for fact in facts
        if fact.resource == "*"
        and (
            (fact.system.startswith("k8s-") and fact.duty in (bank.DEPLOY, bank.DEVELOP))
            or (fact.system in bank.AWS_SYSTEMS and fact.duty == bank.CLOUD_ACCESS)
        )
    }
    behind = Fact(bank.DEPLOY, "aws-prod", "payments") in facts
    return frozenset(
        fact
        for account in world.accounts.values()
        if account.workload
        and "/aws-reserved/" not in account.key
        and (account.system in whole or (behind and account.name == "payments-settle"))
        for fact in account.facts
    )


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
        if verdict == VIOLATION and now.get(rule, {}).get(p) != VIOLATION
    ]


def _unrestricted(world: World) -> list[dict[str, str]]:
    return sorted(
        (
            {"account": a.key, "person": a.owner or a.key, "system": system}
            for a in world.accounts.values()
            if a.unrestricted and not a.dormant and not a.workload
            for system in sorted({f.system for f in a.facts if f.resource == "*"})
        ),
        key=lambda row: (row["person"], row["system"]),
    )


def told(results: Results, rule: str, subject: str, place: str) -> str:
    """The verdict of one rule on one subject in one place."""
    places = results.get(rule, {}).get(subject, {})
    return places.get(place, COVERED if "all" in places else CLEAR)


def _check_plants(world: World, results: Results) -> None:
    """The plants say what the facts say, or the planting itself is wrong."""
    for plant in world.plants:
        for who, verdict in (
            (plant.person, plant.verdict),
            (plant.near_miss, plant.near_miss_verdict),
        ):
            found = told(results, plant.rule, who, plant.place)
            if found != verdict:
                message = f"plant '{plant.title}': {who} is {found}, planted as {verdict}"
                raise ValueError(message)
