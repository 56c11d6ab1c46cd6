"""Mutation: what cases notice, what they do not, and what nothing could notice."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sod_analyzer.model.ruleset import (
    Duty,
    Exclusion,
    Hygiene,
    HygieneCheck,
    Rule,
    RuleKind,
    ScopeKind,
    Selector,
    Subjects,
    Way,
)
from sod_analyzer.rulebench.legs import Legs
from sod_analyzer.rulebench.mutants import duty_changes, mutants, same_meaning
from sod_analyzer.rulebench.mutation import Mutated, mutate, percent, survivor_rows
from sod_analyzer.rulebench.rule_mutants import rule_changes
from sod_analyzer.rules import builtin_rulesets, load_ruleset
from sod_analyzer.rules.deriving import anything_but, composed, group, in_environment
from tests.rulebench.small import DAY, cases, counting, duty, rule, ruleset

WRITE = duty("write", Selector("gh", ("push", "merge")))
SHIP = duty("ship", Selector("k8s", ("deploy",), environment="prod"))

#: Notices everything but what the tests below take out.
FULL = """\
R1-01:
  hit:
    - bob: [gh merge o/pay-api, k8s deploy pay]
      at: pay
    - ann: [gh push o/pay-api, k8s deploy pay conditional]
    - ann: [gh push o/pay-api, k8s deploy pay eligible]
    - ann: [gh push o/pay-api, k8s deploy pay]
      at: pay
  miss:
    - ann: [gh push o/web, k8s deploy pay]
      differs: application
    - ann: [gh push o/pay-api, test deploy pay]
      differs: environment
    - ann: [gh pull o/pay-api, k8s deploy pay]
      differs: right
    - ann: [gh push o/pay-api, k8s look pay]
      differs: right
    - ann: [gh push o/pay-api]
      differs: duty
    - ann: [gh push o/pay-api, k8s deploy pay self-grant]
      differs: means
"""


def mutated(
    folder: Path, body: str, *rules: Rule, duties: tuple[Duty, ...] = (WRITE, SHIP)
) -> Mutated:
    return mutate(ruleset(*(rules or (rule(),)), duties=duties), cases(folder, body))


def without(text: str) -> str:
    """The cases without the one that has this text."""
    head, *entries = re.split(r"(?=^    - )", FULL, flags=re.MULTILINE)
    (lost,) = [entry for entry in entries if text in entry]
    return head + "".join(entry for entry in entries if entry is not lost)


def survivors(found: Mutated) -> list[tuple[str, str]]:
    return [(mutant.kind, mutant.text) for mutant in found.survived]


def test_full_cases_notice_every_mutant(tmp_path: Path) -> None:
    found = mutated(tmp_path, FULL)

    assert survivors(found) == []
    assert found.percent == 100.0
    assert {mutant.kind for mutant in found.killed} == {
        "any_of for all_of",
        "drop a pattern",
        "drop an environment",
        "holder",
        "narrow certainty",
        "narrow means",
        "scope",
        "widen a pattern",
        "widen means",
    }


@pytest.mark.parametrize(
    ("lost", "survivor"),
    [
        ("gh merge", ("drop a pattern", "write: gh: without merge")),
        ("k8s deploy pay conditional", ("narrow certainty", "R1-01: only what is sure")),
        ("k8s deploy pay eligible", ("narrow means", "R1-01: not eligible")),
        ("test deploy", ("drop an environment", "ship: k8s: deploy [environment=prod]: anywhere")),
        ("gh pull", ("widen a pattern", "write: gh: push | merge: any action")),
        ("k8s look", ("widen a pattern", "ship: k8s: deploy [environment=prod]: any action")),
        ("self-grant", ("widen means", "R1-01: self-grant too")),
    ],
)
def test_a_case_taken_away_leaves_the_mutant_that_it_was_for(
    tmp_path: Path, lost: str, survivor: tuple[str, str]
) -> None:
    assert survivors(mutated(tmp_path, without(lost))) == [survivor]


def test_a_case_that_fails_by_itself_notices_nothing(tmp_path: Path) -> None:
    wrong = "R1-01:\n  hit:\n    - ann: [gh push o/web]\n"

    found = mutated(tmp_path, wrong)

    assert found.killed == ()
    assert found.percent == 0.0


def test_rows_count_a_mutant_for_each_rule_that_it_touches(tmp_path: Path) -> None:
    found = mutated(tmp_path, without("gh merge"))

    assert found.of_rule("R1-01")["noticed"] == len(found.killed)
    assert survivor_rows(found) == [
        {"at": "small", "kind": "drop a pattern", "survivor": "write: gh: without merge"}
    ]
    assert str(found) == (
        f"small: {len(found.killed)} of {len(found.killed) + 1} mutants noticed, {found.percent} %"
    )


def test_percent_is_rounded_down() -> None:
    assert [percent(2, 1), percent(0, 0), percent(1999, 1)] == [66.6, 100.0, 99.9]


def test_one_rule_notices_for_all_that_share_a_duty(tmp_path: Path) -> None:
    other = rule("R1-02", scope=ScopeKind.ANYWHERE)
    more = "R1-02:\n  hit:\n    - ann: [gh push o/web, k8s deploy pay]\n"

    found = mutated(tmp_path, FULL + more, rule(), other)

    assert {mutant.kind for mutant in found.survived} == {
        "any_of for all_of",
        "holder",
        "narrow certainty",
        "narrow means",
        "widen means",
    } - {"holder"}
    assert all(mutant.text.startswith("R1-02") for mutant in found.survived)


def test_rules_that_count_people_are_changed_by_one(tmp_path: Path) -> None:
    count = counting(RuleKind.MAX_HOLDERS, 2, "ship")
    one, three = "k8s deploy pay", "      bob: [k8s deploy pay]\n      cat: [k8s deploy pay]\n"
    told = f"R1-01:\n  hit:\n    - ann: [{one}]\n{three}      at: pay\n"

    (survivor,) = [each for each in survivors(mutated(tmp_path, told, count)) if each[0] == "count"]

    assert survivor == ("count", "R1-01: 1 for 2")


# -- what is changed -------------------------------------------------------------------------------


def changes(one: Rule) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, text, _ in rule_changes(one):
        found.setdefault(kind, []).append(text)
    return found


def test_a_rule_loses_each_of_its_narrowings() -> None:
    narrowed = rule(
        kind=RuleKind.ONLY,
        duties=("ship[prod]",),
        count=1,
        environment="prod",
        subjects=Subjects(kinds=("person",), titles=("Dev*",)),
        allowed=Subjects(accounts=("k8s:SRV",)),
        exclusions=(Exclusion("r", "me", DAY, places=("web",)),),
        gates={"ship": ("approval_before_deploy",)},
        only_tiers=("money",),
    )

    found = changes(narrowed)

    assert found["drop subjects"] == ["whatever the kinds", "whatever the titles"]
    assert found["drop holders"] == ["not for accounts"]
    assert found["drop an exclusion"] == ["place web too"]
    assert found["drop a gate"] == ["no gate before ship"]
    assert found["drop tiers"] == ["applications of every tier"]
    assert found["drop an environment"] == ["not only prod"]
    assert found["scope"] == ["scope resource", "scope system", "scope anywhere"]
    assert "count" not in found


def test_numbers_change_by_one_and_to_the_ends() -> None:
    some = rule(duties=("a", "b", "c", "d"), count=3)
    all_ = rule(duties=("a", "b", "c"), count=3)
    dormant = rule(
        kind=RuleKind.HYGIENE,
        duties=(),
        count=0,
        hygiene=Hygiene(HygieneCheck.DORMANT_PRIVILEGED, 90),
    )

    assert changes(some)["count"] == ["2 for 3"]
    assert changes(some)["any_of for all_of"] == ["1 of 4 duties"]
    assert changes(some)["all_of for any_of"] == ["4 of 4 duties"]
    assert changes(all_)["count"] == ["2 for 3"]
    assert changes(dormant)["count"] == ["89 days for 90", "91 days for 90"]
    assert changes(counting(RuleKind.MIN_PEOPLE, 2, "a", "b"))["count"] == ["1 for 2"]
    assert changes(counting(RuleKind.MAX_GRANT_HOURS, 24, "a"))["count"] == [
        "23 for 24",
        "25 for 24",
    ]


def test_what_can_change_no_answer_is_not_changed() -> None:
    assert "narrow means" not in changes(counting(RuleKind.MIN_HOLDERS, 2, "a"))
    assert "holder" not in changes(counting(RuleKind.MAX_HOLDERS, 2, "a"))


def test_a_group_loses_each_alternative() -> None:
    legs = [
        changed.duties
        for kind, _, changed in rule_changes(rule(duties=("a+b[prod]", "c")))
        if kind == "drop an alternative"
    ]

    assert legs == [("b[prod]", "c"), ("a[prod]", "c")]


def test_ways_are_dropped_split_joined_and_moved() -> None:
    run, lend = Selector("k8s", ("run",)), Selector("k8s", ("lend",), any_scope=True)
    start = duty("start", Way((run, lend)), Selector("k8s", ("go",)), Selector("k8s", ("do",)))

    found = [(kind, len(changed.ways)) for kind, _, _, changed in duty_changes(start, "x")]

    assert found.count(("drop a way", 2)) == 3
    assert ("any_of for all_of", 4) in found
    assert found.count(("drop a part", 3)) == 2
    assert ("all_of for any_of", 2) in found
    assert ("narrow the place", 3) in found


def test_exceptions_resources_and_systems_are_dropped() -> None:
    but = Selector("aws", ("iam:Get*", "iam:List*"))
    wide = duty("admin", Selector("aws", ("iam:*",), "aws-1", "role/*", unless=(but,)))

    texts = [text for kind, text, _, _ in duty_changes(wide, "x")]

    assert [text.rpartition("]: ")[2] for text in texts] == [
        "any action",
        "any system",
        "any resource",
        "iam:Get* too",
        "iam:List* too",
    ]


# -- what nothing could notice ---------------------------------------------------------------------


def ways(*parts: Selector) -> tuple[Way, ...]:
    return tuple(Way((part,)) for part in parts)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (("push", "*"), ("*",), True),
        (("iam:*", "iam:Get*"), ("iam:*",), True),
        (("iam:Get*", "iam:List*"), ("iam:Get*",), False),
        (("get?", "get*"), ("get*",), True),
        (("get*", "get?"), ("get?",), False),
        (("push",), ("*",), False),
    ],
)
def test_a_pattern_inside_another_makes_no_mutant(
    before: tuple[str, ...],
    after: tuple[str, ...],
    same: bool,  # noqa: FBT001
) -> None:
    assert same_meaning(ways(Selector("gh", before)), ways(Selector("gh", after))) is same


def test_a_way_inside_a_wider_one_makes_no_mutant() -> None:
    narrow, wide = Selector("gh", ("push",), environment="prod"), Selector("gh", ("push",))
    both = Way((Selector("gh", ("push",)), Selector("gh", ("sign",))))

    assert same_meaning(ways(narrow, wide), ways(wide))
    assert not same_meaning(ways(narrow, wide), ways(narrow))
    assert same_meaning((both, *ways(wide)), ways(wide))
    assert not same_meaning((both, *ways(wide)), (both,))


def test_kubernetes_actions_are_compared_field_by_field() -> None:
    every = Selector("kubernetes", ("* pods", "get pods"))

    assert same_meaning(ways(every), ways(replace(every, actions=("* pods",))))
    assert not same_meaning(
        ways(replace(every, actions=("* pods", "get pods/log"))),
        ways(replace(every, actions=("* pods",))),
    )


# -- legs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(builtin_rulesets()))
def test_every_leg_is_made_again_as_it_was_loaded(name: str) -> None:
    found = load_ruleset(builtin_rulesets()[name])
    legs = Legs(found)

    made = {
        duty_.duty_id: legs._made(duty_.duty_id, composed(legs.stated)) for duty_ in found.duties
    }

    assert made == found.duty


def test_a_change_reaches_every_leg_that_is_made_of_the_duty() -> None:
    whole = replace(duty("change"), includes=("ship", "write"))
    named = composed({"write": WRITE, "ship": SHIP, "change": whole})
    derived = (
        group((named["write"], named["ship"])),
        in_environment(named["write"], "prod"),
        anything_but(named["change"], (named["write"],)),
    )
    everything = ruleset(rule(), duties=(*named.values(), *derived))
    legs = Legs(everything)
    changed = {"write": duty("write", Selector("gh", ("push",)))}

    assert [str(w) for w in legs.ways("ship+write", changed)] == [
        "k8s: deploy [environment=prod]",
        "gh: push",
    ]
    assert [str(w) for w in legs.ways("write[prod]", changed)] == ["gh: push [environment=prod]"]
    assert "not gh: push]" in str(legs.ways("change!write", changed)[1])
    assert {way.origin for way in legs.ways("change!write")} == {"change"}
    assert {way.origin for way in legs.ways("change")} == {"change"}
    assert legs.rules_of("ship", (rule(duties=("change!write",)),)) == ("R1-01",)


def test_only_what_the_ruleset_states_is_changed() -> None:
    imported = replace(rule("R9-01"), ruleset="other")
    unused = duty("unused", Selector("gh", ("a", "b")))
    found = ruleset(rule(), imported, duties=(WRITE, SHIP, unused))

    touched = {mutant.rules for mutant in mutants(found, Legs(found))}

    assert touched == {("R1-01",)}


def test_gates_of_a_composed_duty_stand_before_all_that_it_includes(tmp_path: Path) -> None:
    whole = composed({"ship": SHIP, "change": replace(duty("change"), includes=("ship",))})
    gated = rule(duties=("write", "change"), gates={"change": ("approval_before_deploy",)})
    told = (
        "R1-01:\n  gated:\n    - ann: [gh push o/pay-api, k8s deploy pay with-approval]\n"
        "      at: pay\n"
    )

    found = mutated(tmp_path, told, gated, duties=(WRITE, *whole.values()))

    assert ("drop a gate", "R1-01: no gate before change") in [
        (mutant.kind, mutant.text) for mutant in found.killed
    ]
