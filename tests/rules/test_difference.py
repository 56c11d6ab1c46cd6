"""What changed between two versions, in lines that somebody can sign."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.model.mitigation import Pin
from sod_analyzer.model.ruleset import (
    Control,
    Counts,
    Dropped,
    Duty,
    Exclusion,
    Imported,
    Means,
    Rule,
    RuleKind,
    Ruleset,
    ScopeKind,
    Selector,
    Severity,
    Subjects,
    Way,
)
from sod_analyzer.rules.difference import difference, pin_changes, text_changes

PUSH = Way((Selector("github", ("push",)),))
MERGE = Way((Selector("github", ("merge",), resource="acme/*"),))
COMMIT = Duty("commit", "Commit code", (PUSH,))
DEPLOY = Duty("deploy", "Deploy", (Way((Selector("k8s", ("patch",)),)),))
RULE = Rule(
    rule_id="DEV-01",
    slug="commit-and-deploy",
    title="Commit code and deploy it",
    duties=("commit", "deploy"),
    count=2,
    scope=ScopeKind.APPLICATION,
    severity=Severity.HIGH,
    why="Nobody else looks.",
    tiers={"move-money": Severity.CRITICAL},
    controls=("CC-A",),
    digest="d1",
)
OLD = Ruleset(
    name="bank",
    version="2026.1",
    title="Bank",
    owner="IT risk",
    duties=(COMMIT, DEPLOY),
    rules=(RULE,),
    digest="one",
    path="bank.yaml",
    controls=(Control("CC-A", "Look at it weekly", frequency_days=7),),
)


def rule(**changed: object) -> Ruleset:
    return replace(OLD, rules=(replace(RULE, **changed),))  # type: ignore[arg-type]


def duty(**changed: object) -> Ruleset:
    return replace(OLD, duties=(replace(COMMIT, **changed), DEPLOY))  # type: ignore[arg-type]


EXCLUSION = Exclusion("Only a sandbox", "IT risk", date(2026, 10, 1), places=("sandbox",))
CASES: list[tuple[Ruleset, list[str]]] = [
    (OLD, []),
    (replace(OLD, digest="two", path="elsewhere.yaml", text="# more"), []),
    (replace(OLD, version="2026.2"), ["~ ruleset version: 2026.1 -> 2026.2"]),
    (
        replace(OLD, rules=(RULE, replace(RULE, rule_id="DEV-20", title="Approve own code"))),
        ["+ rule DEV-20 Approve own code"],
    ),
    (replace(OLD, rules=()), ["- rule DEV-01 Commit code and deploy it"]),
    (rule(severity=Severity.CRITICAL), ["~ rule DEV-01 severity: high -> critical"]),
    (rule(digest="d2"), []),
    (
        rule(tiers={"move-money": Severity.HIGH, "core": Severity.LOW}),
        ["~ rule DEV-01 tiers.move-money: critical -> high", "~ rule DEV-01: + tiers.core: low"],
    ),
    (
        rule(duties=("commit", "release")),
        ["~ rule DEV-01: + duties: release", "~ rule DEV-01: - duties: deploy"],
    ),
    (rule(duties=("deploy", "commit")), ["~ rule DEV-01 duties: commit, deploy -> deploy, commit"]),
    (rule(kind=RuleKind.ONLY), ["~ rule DEV-01 kind: combination -> only"]),
    (
        rule(counts=Counts(means=(Means.HELD,))),
        ["~ rule DEV-01: - counts.means: eligible"],
    ),
    (
        rule(subjects=Subjects(departments=("Dev*",))),
        ["~ rule DEV-01: + subjects.departments: Dev*"],
    ),
    (rule(control_max_days=90), ["~ rule DEV-01 control_max_days: (none) -> 90"]),
    (
        rule(exclusions=(EXCLUSION,)),
        [
            (
                "~ rule DEV-01: + exclusions: {by: IT risk, on: 2026-10-01, "
                "places: sandbox, reason: Only a sandbox}"
            )
        ],
    ),
    (rule(why="Nobody\nlooks."), [r"~ rule DEV-01 why: Nobody else looks. -> 'Nobody\nlooks.'"]),
    (
        replace(OLD, duties=(*OLD.duties, Duty("release", "Release", (PUSH,)))),
        ["+ duty release Release"],
    ),
    (replace(OLD, duties=(COMMIT,)), ["- duty deploy Deploy"]),
    (
        duty(ways=(MERGE,)),
        [
            "~ duty commit: + way github: merge [resource=acme/*]",
            "~ duty commit: - way github: push",
        ],
    ),
    (duty(title="Change code"), ["~ duty commit title: Commit code -> Change code"]),
    (
        replace(
            OLD,
            duties=(*OLD.duties, Duty("commit+deploy", "Either", (PUSH,), made_of=("commit",))),
        ),
        [],
    ),
    (
        replace(OLD, controls=(Control("CC-A", "Look at it weekly", frequency_days=31),)),
        ["~ control CC-A frequency_days: 7 -> 31"],
    ),
    (
        replace(
            OLD,
            imports=(Imported("devops", "devops", "2026.1", "x", ""),),
            dropped=(Dropped("DEV-09", "Logs", "No logs", "IT risk", date(2026, 10, 1)),),
        ),
        ["+ dropped rule DEV-09 No logs", "+ import devops 2026.1"],
    ),
]


@pytest.mark.parametrize(("new", "lines"), CASES)
def test_every_change_of_a_ruleset_is_a_line(new: Ruleset, lines: list[str]) -> None:
    assert list(difference(OLD, new)) == lines


@pytest.mark.parametrize("new", [new for new, lines in CASES if lines])
def test_the_way_back_tells_as_many_changes(new: Ruleset) -> None:
    there, back = difference(OLD, new), difference(new, OLD)

    assert len(there) == len(back)
    assert there != back


def test_an_import_of_another_version_is_told() -> None:
    one = replace(OLD, imports=(Imported("devops", "devops", "2026.1", "x", ""),))
    other = replace(OLD, imports=(Imported("devops", "devops", "2026.2", "y", ""),))

    assert difference(one, other) == ("~ import devops: 2026.1 -> 2026.2",)


def test_documents_are_compared_entry_by_entry() -> None:
    old = {
        "payments": {"tier": "standard", "resources": [{"system": "k8s"}, {"system": "git"}]},
        "lending": {"tier": "core"},
        "intranet": {},
    }
    new = {
        "payments": {"tier": "move-money", "resources": [{"system": "git"}, {"system": "ldap"}]},
        "lending": {"tier": "core", "owner": "Ann\x1b[31m"},
        "wiki": {"tier": "core"},
    }

    assert text_changes(old, new) == (
        r"+ lending.owner: 'Ann\x1b[31m'",
        "+ payments.resources: {system: ldap}",
        "+ wiki: {tier: core}",
        "- intranet",
        "- payments.resources: {system: k8s}",
        "~ payments.tier: standard -> move-money",
    )


def test_of_long_texts_the_part_that_differs_is_shown() -> None:
    one = "word " * 60 + "until 2026-12-31"
    other = one.replace("2026", "2027")

    (line,) = text_changes({"why": one}, {"why": other})

    assert line == "~ why: … word word until 2026-12-31 -> … word word until 2027-12-31"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_a_change_is_told_if_and_only_if_there_is_one(old: object, new: object) -> None:
    lines = text_changes(old, new)

    same = json.dumps(old, sort_keys=True) == json.dumps(new, sort_keys=True)
    assert (lines == ()) is same
    assert [line for line in lines if not line.isprintable()] == []


def test_what_an_approval_of_mitigations_takes_over_is_told() -> None:
    pin = Pin("d1", ("held, sure",), {"deploy": ("k8s: patch",)})
    key, gone, came = ("M-1", "E1", "payments"), ("M-2", "E2", "pay"), ("M-3", "E3", "pay")
    grown = Pin("d2", ("eligible, sure",), {"deploy": ("k8s: create",), "commit": ("git: push",)})

    assert pin_changes({key: pin, gone: pin}, {key: grown, came: pin}) == (
        "+ M-3 for E3 in pay: held, sure",
        "- M-2 for E2 in pay",
        "~ M-1 for E1 in payments commit: + way git: push",
        "~ M-1 for E1 in payments deploy: + way k8s: create",
        "~ M-1 for E1 in payments deploy: - way k8s: patch",
        "~ M-1 for E1 in payments means: held, sure -> eligible, sure",
        "~ M-1 for E1 in payments the rule's meaning has changed",
    )
    assert pin_changes({key: pin}, {key: pin}) == ()
