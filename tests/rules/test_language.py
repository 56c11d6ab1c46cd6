"""Every kind of rule as it arrives, and what is derived for it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sod_analyzer.model.ruleset import (
    Approval,
    Control,
    Counts,
    Exclusion,
    Holder,
    Hygiene,
    HygieneCheck,
    Means,
    RuleKind,
    ScopeKind,
    Selector,
    Severity,
    Subjects,
    Way,
)
from sod_analyzer.rules.digest import rule_digest
from sod_analyzer.rules.frequency import frequency_days
from tests.rules.one_rule import HEAD, loaded, one, ruled, ways

# Kinds


def test_one_critical_duty_is_a_combination_of_one(tmp_path: Path) -> None:
    rule = one(tmp_path, "duties: {critical: deploy}")

    assert (rule.kind, rule.duties, rule.count) == (RuleKind.COMBINATION, ("deploy",), 1)


def test_a_group_of_alternatives_is_one_leg(tmp_path: Path) -> None:
    ruleset = loaded(
        tmp_path,
        ruled(
            "duties: {all_of: [commit, {any_of: [release, deploy]}]}",
            "gates: {release: [approval_before_deploy]}",
        ),
    )
    (rule,) = ruleset.rules
    group = ruleset.duty["deploy+release"]

    assert (rule.duties, rule.count) == (("commit", "deploy+release"), 2)
    assert rule.gates == {"release": ("approval_before_deploy",)}
    assert (group.title, group.made_of) == ("Deploy or release it", ("deploy", "release"))
    assert ways(ruleset, "deploy+release") == [
        "deploy: k8s: patch [environment=prod]",
        "deploy: k8s: exec [environment=test]",
        "deploy: cloud: run + cloud: pass [any scope]",
        "release: k8s: release",
    ]


def test_at_least_takes_groups_too(tmp_path: Path) -> None:
    rule = one(
        tmp_path, "duties: {at_least: {count: 2, of: [look, {any_of: [commit, release]}, deploy]}}"
    )

    assert (rule.duties, rule.count) == (("look", "commit+release", "deploy"), 2)


def test_only_says_who_may_and_who_is_left_out(tmp_path: Path) -> None:
    rule = one(
        tmp_path,
        "only:",
        "  duty: deploy",
        '  holders: {account: ["k8s:SRV*"], class: [workload]}',
        "  except: [{person: E7, reason: Trial, by: Board, on: 2026-10-01, until: 2026-12-31}]",
        "exclude: [{place: [sandbox], reason: No risk, by: Board, on: 2026-10-02}]",
    )

    assert (rule.kind, rule.duties, rule.count) == (RuleKind.ONLY, ("deploy",), 1)
    assert rule.allowed == Subjects(kinds=("workload",), accounts=("k8s:SRV*",))
    assert rule.exclusions == (
        Exclusion(
            "Trial", "Board", date(2026, 10, 1), date(2026, 12, 31), Subjects(people=("E7",))
        ),
        Exclusion("No risk", "Board", date(2026, 10, 2), places=("sandbox",)),
    )


def test_may_hold_only_takes_the_allowed_rights_out_of_the_rest(tmp_path: Path) -> None:
    ruleset = loaded(
        tmp_path,
        ruled(
            "may_hold_only: {duties: [look], within: everything}",
            "subjects: {department: [Dev*], title: Developer}",
        ),
    )
    (rule,) = ruleset.rules
    rest = ruleset.duty["everything!look"]

    assert (rule.kind, rule.duties, rule.count) == (
        RuleKind.MAY_HOLD_ONLY,
        ("everything!look",),
        1,
    )
    assert rule.subjects == Subjects(departments=("Dev*",), titles=("Developer",))
    assert (rest.title, rest.made_of) == ("Do more than look", ("everything", "look"))
    assert rest.ways == (
        Way(
            (Selector("k8s", ("*",), unless=(Selector("k8s", ("get", "list")),)),),
            origin="everything",
        ),
    )


def test_rules_that_count_people(tmp_path: Path) -> None:
    ruleset = loaded(
        tmp_path,
        ruled("max_holders: {duty: release, count: 7}", rule="R1-01"),
        ruled("min_holders: {duty: release, count: 2}", rule="R1-02"),
        ruled(
            "min_people: {duties: [commit, {any_of: [deploy, release]}, look], count: 3}",
            rule="R1-03",
        ),
    )

    assert [(rule.kind, rule.duties, rule.count) for rule in ruleset.rules] == [
        (RuleKind.MAX_HOLDERS, ("release",), 7),
        (RuleKind.MIN_HOLDERS, ("release",), 2),
        (RuleKind.MIN_PEOPLE, ("commit", "deploy+release", "look"), 3),
    ]


def test_hours_of_a_grant(tmp_path: Path) -> None:
    rule = one(tmp_path, "max_grant_hours: {duty: deploy, hours: 24}", "holder: account")

    assert (rule.kind, rule.duties, rule.count, rule.holder) == (
        RuleKind.MAX_GRANT_HOURS,
        ("deploy",),
        24,
        Holder.ACCOUNT,
    )


def test_hygiene_has_no_duties(tmp_path: Path) -> None:
    ruleset = loaded(
        tmp_path,
        ruled("hygiene: {check: dormant-privileged, days: 60}", scope="system", rule="R1-01"),
        ruled("hygiene: {check: leaver-with-access}", scope="anywhere", rule="R1-02"),
    )

    assert [(rule.kind, rule.duties, rule.count, rule.hygiene) for rule in ruleset.rules] == [
        (RuleKind.HYGIENE, (), 0, Hygiene(HygieneCheck.DORMANT_PRIVILEGED, 60)),
        (RuleKind.HYGIENE, (), 0, Hygiene(HygieneCheck.LEAVER_WITH_ACCESS)),
    ]


def test_a_rule_of_roles_repeats_what_another_asks_of_people(tmp_path: Path) -> None:
    ruleset = loaded(
        tmp_path,
        ruled("role_conflicts: R1-02", 'subjects: {role: "git:*"}', rule="R1-01"),
        ruled(
            "duties: {all_of: [commit, {any_of: [deploy, release]}]}",
            "subjects: {class: person}",
            "environment: prod",
            "counts: {means: [held]}",
            "gates: {release: [approval_before_deploy]}",
            "tiers: [gold]",
            rule="R1-02",
        ),
        ruled(
            "role_conflicts: R1-02",
            "holder: role",
            "counts: {means: [held, eligible]}",
            "gates: {deploy: [approval_before_deploy]}",
            rule="R1-03",
            scope="system",
        ),
    )
    plain, asked, own = ruleset.rules

    assert plain.duties == asked.duties == ("commit[prod]", "deploy+release[prod]")
    assert (plain.kind, plain.holder, plain.conflicts_of) == (
        RuleKind.COMBINATION,
        Holder.ROLE,
        "R1-02",
    )
    assert (plain.count, plain.environment, plain.only_tiers) == (2, "prod", ("gold",))
    assert (plain.counts, plain.gates) == (asked.counts, asked.gates)
    assert (plain.subjects, own.subjects) == (Subjects(roles=("git:*",)), Subjects())
    assert (own.counts, own.gates, own.only_tiers) == (
        Counts((Means.HELD, Means.ELIGIBLE)),
        {"deploy": ("approval_before_deploy",)},
        (),
    )


# Common keys


def test_an_environment_holds_every_part_that_states_none(tmp_path: Path) -> None:
    ruleset = loaded(
        tmp_path, ruled("duties: {all_of: [commit, deploy]}", "environment: prod", "tiers: [b, a]")
    )
    (rule,) = ruleset.rules
    deploy = ruleset.duty["deploy[prod]"]

    assert rule.duties == ("commit[prod]", "deploy[prod]")
    assert (rule.environment, rule.only_tiers) == ("prod", ("a", "b"))
    assert (deploy.title, deploy.made_of) == ("Deploy (prod)", ("deploy",))
    assert ways(ruleset, "deploy[prod]") == [
        "deploy: k8s: patch [environment=prod]",
        "deploy: cloud: run [environment=prod] + cloud: pass [any scope]",
    ]
    assert ruleset.duty["deploy"].made_of == ()


def test_what_is_derived_is_shared_and_only_what_is_used(tmp_path: Path) -> None:
    ruleset = loaded(
        tmp_path,
        ruled("duties: {all_of: [look, {any_of: [commit, release]}]}", rule="R1-01"),
        ruled("duties: {all_of: [iam, {any_of: [release, commit]}]}", rule="R1-02"),
    )

    assert [duty.duty_id for duty in ruleset.duties if duty.made_of] == ["commit+release"]


def test_a_composed_duty_has_the_ways_of_all_that_it_includes(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, ruled("duties: {critical: change}"))

    assert ruleset.duty["change"].includes == ("commit", "release")
    assert ways(ruleset, "change") == [
        "None: k8s: ssh",
        "commit: git: push",
        "release: k8s: release",
    ]


def test_an_excepted_action_is_narrowed_as_its_part_is(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, ruled("duties: {critical: iam}"))

    assert ruleset.duty["iam"].ways == (
        Way(
            (
                Selector(
                    "cloud",
                    ("iam:*",),
                    system="c1",
                    unless=(Selector("cloud", ("iam:Get*",), system="c1"),),
                ),
            )
        ),
    )


def test_titles_inside_a_title_keep_their_abbreviations(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, ruled("duties: {all_of: [look, {any_of: [change, deploy]}]}"))

    assert ruleset.duty["change+deploy"].title == "SSH or change or deploy"


def test_controls_and_approval_arrive(tmp_path: Path) -> None:
    ruleset = loaded(
        tmp_path, ruled("duties: {critical: deploy}", "controls: {allowed: [CC-WATCH]}")
    )

    assert ruleset.approved == Approval("Board", date(2026, 10, 1), "9f2c")
    assert ruleset.controls == (
        Control("CC-WATCH", "Somebody watches", ("a log",), 7, {"soc2": ("CC7.2",)}),
    )


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", 1),
        ("weekly", 7),
        ("monthly", 31),
        ("quarterly", 92),
        ("yearly", 366),
        ("30 days", 30),
        ("1 day", 1),
        ("0 days", None),
        ("often", None),
    ],
)
def test_a_frequency_is_the_longest_span_of_its_word(text: str, days: int | None) -> None:
    assert frequency_days(text) == days


# Digests


BASE = (
    "duties: {all_of: [commit, {any_of: [deploy, release]}]}",
    "exclude: [{place: [sandbox], reason: No risk, by: Board, on: 2026-10-02}]",
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Rule R1-01", "title: Other words"),
        ("severity: high", "severity: low"),
        ("why: Loss.", "why: More loss."),
        ("[CC6.3]", "[CC6.1]"),
        ("reason: No risk", "reason: Really none"),
        ("on: 2026-10-02", "on: 2026-10-03"),
        ("[commit, {any_of: [deploy, release]}]", "[{any_of: [release, deploy]}, commit]"),
        ("    why:", "    since: 1\n    status: experimental\n    why:"),
        ("    why:", "    controls: {allowed: [CC-WATCH], max_days: 3}\n    why:"),
    ],
)
def test_what_is_said_about_a_rule_leaves_its_digest(tmp_path: Path, old: str, new: str) -> None:
    text = ruled(*BASE)
    assert old in text
    (before,) = loaded(tmp_path, text).rules

    (after,) = loaded(tmp_path, text.replace(old, new)).rules

    assert after.digest == before.digest == rule_digest(before)
    assert len(before.digest) == 64


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("[commit,", "[look,"),
        ("any_of: [deploy, release]", "any_of: [deploy, look]"),
        ("all_of: [commit, {any_of: [deploy, release]}]", "all_of: [commit, deploy]"),
        ("{all_of: [commit, {any_of: [deploy, release]}]}", "{critical: deploy}"),
        ("scope: application", "scope: system"),
        ("place: [sandbox]", "place: [other]"),
        ("on: 2026-10-02}", "on: 2026-10-02, until: 2026-11-02}"),
        ("    why:", "    holder: account\n    why:"),
        ("    why:", "    environment: prod\n    why:"),
        ("    why:", "    tiers: [gold]\n    why:"),
        ("    why:", "    subjects: {class: vendor}\n    why:"),
        ("    why:", "    counts: {means: [held]}\n    why:"),
        ("    why:", "    gates: {commit: [independent_review]}\n    why:"),
    ],
)
def test_what_a_rule_asks_is_its_digest(tmp_path: Path, old: str, new: str) -> None:
    text = ruled(*BASE)
    assert old in text
    (before,) = loaded(tmp_path, text).rules

    (after,) = loaded(tmp_path, text.replace(old, new)).rules

    assert after.digest != before.digest


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("frequency: weekly", "frequency: daily"),
        ("needs: [a log]", "needs: [a log, a name]"),
        ('except: "iam:Get*"', 'except: "iam:List*"'),
        ("includes: [commit, release]", "includes: [commit]"),
    ],
)
def test_the_digest_of_a_ruleset_covers_controls_and_exceptions(
    tmp_path: Path, old: str, new: str
) -> None:
    rule = ruled("duties: {critical: deploy}")
    assert old in HEAD
    before = loaded(tmp_path, rule).digest

    after = loaded(tmp_path, rule, head=HEAD.replace(old, new)).digest

    assert after != before


def test_a_long_chain_of_duties_is_no_deep_recursion(tmp_path: Path) -> None:
    links = "".join(
        f"  d{n}: {{title: T, includes: [{'commit' if n == 0 else f'd{n - 1}'}]}}\n"
        for n in range(3000)
    )

    ruleset = loaded(
        tmp_path,
        ruled("duties: {critical: d2999}"),
        head=HEAD.replace("rules:\n", links + "rules:\n"),
    )

    assert ways(ruleset, "d2999") == ["commit: git: push"]
    assert ruleset.rules[0].severity is Severity.HIGH
    assert ruleset.rules[0].scope is ScopeKind.APPLICATION
