"""The expected answers of rules that count people, application by application."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from maker import bank, rules
from maker.rules import Headcount, Leg
from maker.world import Fact, World

Reaches = Callable[[Fact, str], bool]
Measure = dict[str, object]


def judge(
    world: World, reaches: Reaches, results: dict[str, dict[str, dict[str, str]]]
) -> dict[str, dict[str, Measure]]:
    """What each rule counts in each application; what is broken goes into `results` too.

    `most` and `team` count everyone of the roster who is a person, whether they work here now or
    not, since their logins do; `least` counts those who do, and could act tonight whatever happens.
    """
    told: dict[str, dict[str, Measure]] = {}
    for rule, asked in rules.HEADCOUNTS.items():
        if rules.ABSENT.issuperset(asked.legs[0]):
            continue
        for application in bank.APPLICATIONS:
            if not any(_there(leg, application) for leg in asked.legs):
                continue  # nobody could have it there: that is no lack of people
            measure = _measure(world, asked, lambda f, a=application: reaches(f, a))
            told.setdefault(rule, {})[application] = measure
            if measure["verdict"] != "clear":
                verdict = {application: str(measure["verdict"])}
                results.setdefault(rule, {})[application] = verdict
    return told


def _there(leg: Leg, application: str) -> bool:
    """Whether the application has something in a system in which the leg exists."""
    systems = rules.systems_of(leg)
    return any(s in systems and application in apps for (s, _), apps in bank.PLACED.items())


def _measure(world: World, asked: Headcount, here: Callable[[Fact], bool]) -> Measure:
    can = {leg: _holders(world, leg, here, active=asked.kind == "least") for leg in asked.legs}
    if asked.kind == "team":
        size, teams = _smallest(can)
        verdict = "violation" if size < asked.count else "clear"
        return {"found": size, "able": teams, "verdict": verdict}
    people = can[asked.legs[0]]
    perhaps = _perhaps(world, asked.legs[0], here)
    if asked.kind == "most":
        broken, doubtful = len(people) > asked.count, len(people) + perhaps > asked.count
    else:
        broken, doubtful = len(people) + perhaps < asked.count, len(people) < asked.count
    verdict = "violation" if broken else "not-evaluable" if doubtful else "clear"
    return {"found": len(people), "people": sorted(people), "verdict": verdict}


def _holders(world: World, leg: Leg, here: Callable[[Fact], bool], *, active: bool) -> set[str]:
    """People of the roster who have it for certain, by number."""
    return {
        account.owner
        for account in world.accounts.values()
        if account.owner
        and not account.dormant
        and not (active and account.conditional)
        and world.people[account.owner].kind in ("person", "vendor")
        and (world.people[account.owner].status == "active" or not active)
        and any(fact.duty in leg and here(fact) for fact in account.facts)
    }


def _perhaps(world: World, leg: Leg, here: Callable[[Fact], bool]) -> int:
    """Logins with the duty behind which one more person may be."""
    return sum(
        not account.dormant
        and not account.workload
        and (account.owner is None or world.people[account.owner].kind == "shared")
        and any(fact.duty in leg and here(fact) for fact in account.facts)
        for account in world.accounts.values()
    )


def _smallest(can: dict[Leg, set[str]]) -> tuple[int, list[list[str]]]:
    """The size of the smallest team, and every team of that size."""
    everyone = sorted(set().union(*can.values()))
    for size in range(1, len(can) + 1):
        teams = [
            list(team)
            for team in combinations(everyone, size)
            if all(holders & set(team) for holders in can.values())
        ]
        if teams:
            return size, teams
    message = "nobody can do one of the steps"
    raise ValueError(message)
