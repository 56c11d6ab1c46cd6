"""What a register of mitigations, and too few people, make of findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from sod_analyzer.compose.broken import Broken
from sod_analyzer.compose.findings import FindingWriter
from sod_analyzer.compose.report import Analysis, analyse, tables_of
from sod_analyzer.compose.small_teams import SmallTeams
from sod_analyzer.detect.holding import Holding
from sod_analyzer.detect.mitigations import pins_for
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.mitigation import Mitigation
from sod_analyzer.model.ruleset import Control, Rule, RuleKind, Ruleset
from tests.engine.kit import COMMIT, DEPLOY, stated, world
from tests.world import TODAY, World, rule, ruleset, snapshot_of

BOTH = replace(rule("R", "commit", "deploy"), controls=("CC-LOOK",), control_max_days=90)
PERSON = ("i0 > a0 > x-prod c ra", "i0 > a0 > x-prod d ra")
#: Who answers for the control, and has nothing to do with what it is for.
OTHERS = ("i7 > a7", "i8 > a8", "i9 > a9")
LOOK = Control(
    "CC-LOOK",
    "Somebody else reads every deployment",
    needs=("a list of deployments", "a signature"),
    references={"pci-dss-4.0.1": ("6.5.4",)},
)


def entry(**further: Any) -> Mitigation:
    """A mitigation of person 0 in application a, by people who have nothing to do with it."""
    given: dict[str, Any] = {
        "mitigation_id": "M-1",
        "control": "CC-LOOK",
        "rule_id": "R",
        "subject_key": "E0",
        "place": "app-a",
        "owner": "E7",
        "approver": "E8",
        "performer": "E9",
        "approved_on": TODAY - timedelta(days=10),
        "valid_until": TODAY + timedelta(days=10),
        "evidence": "ticket 1",
        **further,
    }
    return Mitigation(**given)


def analysed(
    the_world: World, rules: Ruleset, register: Iterable[Mitigation] = (), day: date = TODAY
) -> Analysis:
    """The rules over a world in which person n has the employee id En."""
    facts = {"identities": {f"i{n}": {"employee_id": f"E{n}"} for n in range(10)}}
    snapshot = stated(snapshot_of(the_world), facts)
    return analyse(snapshot, rules, as_of=day, register=register)


def of(*rules: Rule) -> Ruleset:
    """A ruleset of the two duties and one control."""
    return replace(ruleset([COMMIT, DEPLOY], rules), controls=(LOOK,))


def pinned(the_world: World, rules: Ruleset, *entries: Mitigation) -> list[Mitigation]:
    """The entries as somebody approved them on what this world has."""
    analysis = analysed(the_world, rules)
    writer = FindingWriter(analysis.judge, analysis.names, rules.duty)
    pins = pins_for(entries, Broken(writer.write(analysis.results)).of(entries))
    return [replace(e, pin=pins.get((e.mitigation_id, e.subject_key, e.place))) for e in entries]


def verdict_of(analysis: Analysis, rule_id: str = "R") -> tuple[str, str | None]:
    """The verdict of the one finding, and what its place says of mitigations."""
    tables = tables_of(analysis)
    (finding,) = [v for v in tables["violations"].to_pylist() if v["rule_id"] == rule_id]
    (place,) = [p for p in tables["places"].to_pylist() if p["finding_id"] == finding["finding_id"]]
    assert finding["verdict"] == place["verdict"]
    return finding["verdict"], place["mitigation"]


def test_a_control_in_force_mitigates_the_place_it_is_for() -> None:
    conflict = world(*PERSON, *OTHERS)

    analysis = analysed(conflict, of(BOTH), pinned(conflict, of(BOTH), entry()))

    verdict, told = verdict_of(analysis)
    assert verdict == "mitigated"
    assert told is not None
    assert told.startswith("M-1 in force until")


def test_a_mitigated_finding_is_counted_as_such_and_nowhere_else() -> None:
    conflict = world(*PERSON, *OTHERS)

    tables = tables_of(analysed(conflict, of(BOTH), pinned(conflict, of(BOTH), entry())))

    (row,) = [r for r in tables["population"].to_pylist() if r["identity"] == "i0"]
    (told,) = tables["rules"].to_pylist()
    assert (row["violations"], row["mitigated"], row["result"]) == (0, 1, "mitigated")
    assert (told["violations"], told["mitigated"]) == (0, 1)


@pytest.mark.parametrize(
    ("later", "why"),
    [
        ((*PERSON, "a0 > x-prod cc ra"), None),
        ((*PERSON, "a0 > y c *"), "lapsed"),
        (("i0 > a0 > x-prod c ra", "i0 > a1 > x-prod d ra"), None),
        (("i0 > a0 > y c sa", "i0 > a0 > x-prod d ra"), "lapsed"),
    ],
)
def test_it_stands_for_another_path_and_lapses_with_another_way(
    later: tuple[str, ...], why: str | None
) -> None:
    placements = [("app-a", "x-prod", "ra", None), ("app-a", "y", "sa", None)]
    before = world(*PERSON, *OTHERS, placements=placements)
    register = pinned(before, of(BOTH), entry())

    verdict, told = verdict_of(
        analysed(world(*later, *OTHERS, placements=placements), of(BOTH), register)
    )

    assert verdict == ("violation" if why else "mitigated")
    assert told is not None
    assert (why or "in force") in told


@pytest.mark.parametrize(
    ("narrow", "why"),
    [
        ({"valid_until": TODAY - timedelta(days=1)}, "expired"),
        ({"approved_on": TODAY + timedelta(days=1)}, "not yet"),
        ({"control": "CC-OTHER"}, "not allowed"),
        ({"performer": "E0"}, "not independent"),
        ({"frequency_days": 5}, "overdue"),
    ],
)
def test_what_does_not_stand_leaves_the_violation_and_says_why(
    narrow: dict[str, Any], why: str
) -> None:
    conflict = world(*PERSON, *OTHERS)

    verdict, told = verdict_of(
        analysed(conflict, of(BOTH), pinned(conflict, of(BOTH), entry(**narrow)))
    )

    assert verdict == "violation"
    assert told is not None
    assert why in told


def test_what_nobody_pinned_excuses_nothing() -> None:
    verdict, told = verdict_of(analysed(world(*PERSON, *OTHERS), of(BOTH), [entry()]))

    assert verdict == "violation"
    assert told is not None
    assert "not pinned" in told


def test_a_control_for_a_crowd_lapses_when_somebody_joins_it() -> None:
    most = replace(rule("R", "deploy", count=1), kind=RuleKind.MAX_HOLDERS, controls=("CC-LOOK",))
    two = [f"i{n} > a{n} > x-prod d ra" for n in range(2)]
    before, after = world(*two, *OTHERS), world(*two, "i2 > a2 > x-prod d ra", *OTHERS)
    register = pinned(before, of(most), entry(subject_key="app-a"))

    stands, lapsed = (verdict_of(analysed(each, of(most), register)) for each in (before, after))

    (counted,) = (
        row
        for row in tables_of(analysed(before, of(most), register))["measures"].to_pylist()
        if row["place"] == "app-a"
    )
    assert stands[0] == counted["verdict"] == "mitigated"
    assert lapsed[0] == "violation"
    assert "E2" in str(lapsed[1])


def test_too_few_people_are_told_what_the_standards_allow_and_what_is_missing() -> None:
    tables = tables_of(analysed(world(*PERSON, *OTHERS), of(BOTH)))

    (place,) = tables["places"].to_pylist()
    assert place["small_team"] == (
        "Only 1 person has any of these duties here, too few to keep 2 apart. The rule allows "
        "instead: CC-LOOK, Somebody else reads every deployment (pci-dss-4.0.1 6.5.4), which "
        "needs: a list of deployments, a signature. Missing: nobody has registered a control for "
        "this person and place"
    )


def test_two_people_are_enough_for_two_duties() -> None:
    tables = tables_of(analysed(world(*PERSON, "i1 > a1 > x-prod c ra", *OTHERS), of(BOTH)))

    (place,) = tables["places"].to_pylist()
    assert place["small_team"] is None


@pytest.mark.parametrize(("people", "looks"), [(1, ["commit", "deploy"]), (2, ["commit"])])
def test_only_as_many_duties_are_looked_at_as_it_takes_to_see_that_a_team_is_large(
    monkeypatch: pytest.MonkeyPatch, people: int, looks: list[str]
) -> None:
    judge = analysed(
        world(*PERSON, *[f"i{n} > a{n} > x-prod c ra" for n in range(people)]), of(BOTH)
    ).judge
    asked: list[str] = []
    explicit = Holding.explicit

    def told(self: Holding, duty: str) -> Keys:
        asked.append(duty)
        return explicit(self, duty)

    monkeypatch.setattr(Holding, "explicit", told)
    teams = SmallTeams(judge, {})
    place = np.array(
        [n for n, p in enumerate(judge.engine.columns.atlas.places) if p.key == "app-a"]
    )

    first, again = (teams.notes(BOTH, place)[0] for _ in range(2))

    assert first == again
    assert (first is None) == (people > 1)
    # And those only once.
    assert asked == looks
