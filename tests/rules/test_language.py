"""Every kind of rule as it arrives, what is derived for it, and how its mistakes are told."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sod_analyzer.errors import RulesetError
from sod_analyzer.model.ruleset import (
    Approval,
    Control,
    Counts,
    Exclusion,
    Holder,
    Hygiene,
    HygieneCheck,
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
from sod_analyzer.rules import load_ruleset
from sod_analyzer.rules.digest import rule_digest
from sod_analyzer.rules.frequency import frequency_days

HEAD = """\
ruleset: lang
version: 1
owner: me
approved: {by: Board, on: 2026-10-01, digest: 9f2c}
controls:
  CC-WATCH:
    title: Somebody watches
    needs: [a log]
    frequency: weekly
    references: {soc2: [CC7.2]}
duties:
  commit: {title: Commit code, ways: [{product: git, action: push}]}
  deploy:
    title: Deploy
    ways:
      - {product: k8s, action: patch, environment: prod}
      - {product: k8s, action: exec, environment: test}
      - all_of:
          - {product: cloud, action: run}
          - {product: cloud, action: pass, any_scope: true}
  release: {title: Release it, ways: [{product: k8s, action: release}]}
  change: {title: SSH or change, includes: [commit, release], ways: [{product: k8s, action: ssh}]}
  everything: {title: Everything, ways: [{product: k8s, action: "*"}]}
  look: {title: Look, ways: [{product: k8s, action: [get, list]}, {product: git, action: pull}]}
  iam: {title: Grant, ways: [{product: cloud, action: "iam:*", system: c1, except: "iam:Get*"}]}
rules:
"""
TAIL = "    severity: high\n    why: Loss.\n    references: {soc2: [CC6.3]}\n"


def ruled(*keys: str, scope: str = "application", rule: str = "R1-01") -> str:
    """One rule with these lines."""
    lines = "".join(f"    {key}\n" for key in keys)
    return f"  {rule}:\n    title: Rule {rule}\n{lines}    scope: {scope}\n{TAIL}"


def loaded(folder: Path, *rules: str, head: str = HEAD) -> Ruleset:
    path = folder / "rules.yaml"
    path.write_text(head + "".join(rules), encoding="utf-8")
    return load_ruleset(path)


def one(folder: Path, *keys: str, scope: str = "application") -> Rule:
    (rule,) = loaded(folder, ruled(*keys, scope=scope)).rules
    return rule


def refusal(folder: Path, *keys: str, scope: str = "application", head: str = HEAD) -> list[str]:
    """What is said of the one rule, without the place."""
    with pytest.raises(RulesetError) as caught:
        loaded(folder, ruled(*keys, scope=scope), head=head)
    return [problem.text for problem in caught.value.problems]


def ways(ruleset: Ruleset, duty: str) -> list[str]:
    return [f"{way.origin}: {way}" for way in ruleset.duty[duty].ways]


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
    assert (rest.title, rest.made_of) == ("Anything in everything but look", ("everything", "look"))
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


# Mistakes


ALL_OF = "duties: {all_of: [commit, deploy]}"
EXCLUDED = "reason: r, by: b, on: 2026-10-02"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            (),
            (
                "rules.R1-01: says nothing that must not be; give one of 'duties', 'only', "
                "'may_hold_only', 'max_holders', 'min_holders', 'min_people', "
                "'max_grant_hours', 'role_conflicts', 'hygiene'"
            ),
        ),
        (
            (ALL_OF, "max_holders: {duty: deploy, count: 1}"),
            "rules.R1-01.max_holders: the rule has 'duties', 'max_holders'; a rule has one of them",
        ),
        (
            ("duties: {all_of: [commit, {any_of: [deploy]}]}",),
            "rules.R1-01.duties: any_of: must name at least two duties",
        ),
        (
            ("duties: {all_of: [commit, {any_of: [commit, deploy]}]}",),
            "rules.R1-01.duties: names duty 'commit' twice",
        ),
        (
            ("duties: {all_of: [commit, {any_of: [releas, deploy]}]}",),
            (
                "rules.R1-01.duties: names duty 'releas', which is not defined; "
                "did you mean 'release'?"
            ),
        ),
        (
            ("duties: {all_of: [change, commit]}",),
            "rules.R1-01.duties: duty 'change' includes 'commit', so whoever has one has both",
        ),
        (
            ("duties: {critical: deplyo}",),
            "rules.R1-01.duties: names duty 'deplyo', which is not defined; did you mean 'deploy'?",
        ),
        (
            ("duties: {at_least: {count: 3, of: [commit, {any_of: [deploy, release]}]}}",),
            (
                "rules.R1-01.duties: count is 3; it must be at least 2 and at most 2, "
                "the number of duties"
            ),
        ),
        (
            ("only: {duty: deploy, holders: {}}",),
            (
                "rules.R1-01.only: names nobody; give one of 'class', 'department', 'title', "
                "'role', 'account', 'person'"
            ),
        ),
        (
            ("only: {duty: deploy, holders: {account: SRV1}}",),
            "rules.R1-01.only: account: 'SRV1' is no id; one is system:name",
        ),
        (
            ("only: {duty: deploy, holders: {class: robot}}",),
            (
                "rules.R1-01.only.holders.class: 'robot' is not one of 'person', 'workload', "
                "'shared', 'vendor'"
            ),
        ),
        (
            ("only: {duty: deploy, holders: {person: E1}}", "holder: role"),
            (
                "rules.R1-01.holder: cannot be role: for a rule of this kind it is 'identity' "
                "or 'account'"
            ),
        ),
        (
            ("may_hold_only: {duties: [look], within: everything}",),
            (
                "rules.R1-01.may_hold_only: needs 'subjects' or 'holder: role'; nobody could "
                "work if it held for everybody"
            ),
        ),
        (
            ("may_hold_only: {duties: [], within: everything}", "holder: role"),
            "rules.R1-01.may_hold_only: duties: there is none",
        ),
        (
            ("may_hold_only: {duties: [everything], within: everything}", "holder: role"),
            "rules.R1-01.may_hold_only: names duty 'everything' twice",
        ),
        (
            ("may_hold_only: {duties: [iam], within: everything}", "holder: role"),
            (
                "rules.R1-01.may_hold_only: duty 'iam' has a part with 'except'; say what may "
                "be held without exceptions"
            ),
        ),
        (
            ("max_holders: {duty: deploy, count: 0}",),
            "rules.R1-01.max_holders: count: must be at least 1",
        ),
        (
            ("max_holders: {duty: deploy, count: 3}", "holder: identity"),
            (
                "rules.R1-01.holder: cannot be identity: a rule of this kind counts people; "
                "leave it out"
            ),
        ),
        (
            ("min_holders: {duty: deploy, count: 3}", "counts: {means: [held]}"),
            (
                "rules.R1-01.counts: has no effect, since only who holds it now, for sure, "
                "counts toward enough holders"
            ),
        ),
        (
            (
                "min_holders: {duty: deploy, count: 3}",
                "gates: {deploy: [approval_before_deploy]}",
            ),
            (
                "rules.R1-01.gates: has no effect, since only who holds it alone counts toward "
                "enough holders"
            ),
        ),
        (
            ("min_people: {duties: [commit, deploy], count: 3}",),
            (
                "rules.R1-01.min_people: count is 3; it must be at least 2 and at most 2, "
                "the number of duties"
            ),
        ),
        (
            ("min_people: {duties: [commit], count: 2}",),
            "rules.R1-01.min_people: duties: must name at least two duties",
        ),
        (
            ("max_grant_hours: {duty: deploy, hours: 0}",),
            "rules.R1-01.max_grant_hours: hours: must be at least 1",
        ),
        (("role_conflicts: R1-09",), "rules.R1-01.role_conflicts: no rule 'R1-09'; did you mean "),
        (
            ("role_conflicts: R1-01",),
            "rules.R1-01.role_conflicts: 'R1-01' is not about a combination of duties",
        ),
        (
            ("hygiene: {check: nobody-behind}",),
            ("rules.R1-01.scope: must be 'anywhere' or 'system' for a check of accounts and roles"),
        ),
        (
            ("hygiene: {check: nobody-behind, days: 3}",),
            "rules.R1-01.hygiene: days: has no effect, since check is not dormant-privileged",
        ),
        (
            ("hygiene: {check: dormant-privileged, days: 0}",),
            "rules.R1-01.hygiene: days: must be at least 1",
        ),
        (
            ("hygiene: {check: nobody-behind}", "environment: prod"),
            "rules.R1-01.environment: has no effect, since the rule is about no duty",
        ),
        (
            ("hygiene: {check: nobody-behind}", "holder: account"),
            ("rules.R1-01.holder: cannot be account: the check says what it judges; leave it out"),
        ),
        (
            ("hygiene: {check: nobody}",),
            (
                "rules.R1-01.hygiene.check: 'nobody' is not one of 'leaver-with-access', "
                "'dormant-privileged', 'nobody-behind', 'self-managed-group'; did you mean "
                "'nobody-behind'?"
            ),
        ),
        (
            (ALL_OF, "subjects: {}"),
            (
                "rules.R1-01.subjects: names nobody; give one of 'class', 'department', "
                "'title', 'role', 'account', 'person', or leave it out"
            ),
        ),
        ((ALL_OF, "subjects: {title: []}"), "rules.R1-01.subjects: title: must not be empty"),
        (
            (ALL_OF, "subjects: {title: [a, a]}"),
            "rules.R1-01.subjects: title: 'a' stands twice",
        ),
        (
            (ALL_OF, "subjects: {departement: a}"),
            "rules.R1-01.subjects: unknown key 'departement'; did you mean 'department'?",
        ),
        (
            (ALL_OF, "holder: role", "subjects: {department: a}"),
            (
                "rules.R1-01.subjects: a role is narrowed by 'role' only; nothing else is "
                "known of it"
            ),
        ),
        (
            ("duties: {critical: release}", "environment: '[x]'"),
            "rules.R1-01.environment: '[x]' must hold none of [ ] + ! : @",
        ),
        (
            ("duties: {critical: release}", "environment: ' '"),
            "rules.R1-01.environment: must not be empty",
        ),
        ((ALL_OF, "tiers: []"), "rules.R1-01.tiers: there is none"),
        ((ALL_OF, "tiers: [a, a]"), "rules.R1-01.tiers: 'a' stands twice"),
        (
            (ALL_OF, f"exclude: [{{{EXCLUDED}}}]"),
            (
                "rules.R1-01.exclude: would leave out everybody everywhere; narrow it by one of "
                "'class', 'department', 'title', 'role', 'account', 'person', 'place'"
            ),
        ),
        (
            (ALL_OF, "exclude: [{place: x, by: b, on: 2026-10-02}]"),
            "rules.R1-01.exclude[0]: key 'reason' is missing",
        ),
        (
            (ALL_OF, f"exclude: [{{place: x, {EXCLUDED}, until: 2026-10-01}}]"),
            (
                "rules.R1-01.exclude: until: 2026-10-01 is before 2026-10-02, the day of the "
                "decision"
            ),
        ),
        (
            (ALL_OF, "exclude: [{place: x, reason: '', by: b, on: 2026-10-02}]"),
            "rules.R1-01.exclude: reason: must not be empty",
        ),
        (
            (ALL_OF, "gates: {release: [independent_review]}"),
            "rules.R1-01.gates: 'release' is no duty of this rule; known: 'commit', 'deploy'",
        ),
        (
            (ALL_OF, "controls: {allowed: [CC-WACTH]}"),
            (
                "rules.R1-01.controls: allowed: control 'CC-WACTH' is not defined; did you mean "
                "'CC-WATCH'?"
            ),
        ),
    ],
)
def test_each_mistake_of_a_rule_is_told(
    tmp_path: Path, keys: tuple[str, ...], message: str
) -> None:
    messages = refusal(tmp_path, *keys)

    assert [each for each in messages if each.startswith(message)] != [], messages


def test_an_environment_that_no_way_can_be_in_is_refused(tmp_path: Path) -> None:
    head = HEAD.replace("action: release}", "action: release, environment: test}")

    messages = refusal(tmp_path, "duties: {critical: release}", "environment: prod", head=head)

    assert messages == [
        (
            "rules.R1-01.environment: no way of duty 'release' counts in 'prod': "
            "each states another environment"
        )
    ]


def test_tiers_are_of_applications(tmp_path: Path) -> None:
    messages = refusal(tmp_path, ALL_OF, "tiers: [gold]", scope="system")

    assert messages == ["rules.R1-01.tiers: only applications have tiers, but the scope is system"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "includes: [commit, release]",
            "includes: [comit]",
            (
                "rules.yaml:22: duties.change.includes: names duty 'comit', which is not "
                "defined; did you mean 'commit'?"
            ),
        ),
        (
            "includes: [commit, release]",
            "includes: [change]",
            "rules.yaml:22: duties.change.includes: names the duty itself",
        ),
        (
            "{title: Release it, ways: [{product: k8s, action: release}]}",
            "{title: Release it, includes: [change]}",
            (
                "rules.yaml:22: duties.change.includes: leads back to the duty itself: "
                "change → release → change"
            ),
        ),
        (
            ", ways: [{product: git, action: push}]",
            "",
            (
                "rules.yaml:12: duties.commit: key 'ways' is missing; a duty has ways, or "
                "includes other duties"
            ),
        ),
        (
            'except: "iam:Get*"',
            'except: "iam:*"',
            "rules.yaml:25: duties.iam.ways[0].except: 'iam:*' is the action itself",
        ),
        (
            'except: "iam:Get*"',
            "except: []",
            "rules.yaml:25: duties.iam.ways[0].except: must not be empty",
        ),
        (
            "frequency: weekly",
            "frequency: often",
            (
                "rules.yaml:9: controls.CC-WATCH.frequency: 'often' is not one of 'daily', "
                "'weekly', 'monthly', 'quarterly', 'yearly' or '30 days'"
            ),
        ),
        (
            "  CC-WATCH:",
            "  watch:",
            "rules.yaml:6: controls.watch: a control id is capital letters, digits and '-'",
        ),
        ("needs: [a log]", "needs: ['']", "rules.yaml:8: controls.CC-WATCH.needs: must not be"),
        (
            "{soc2: [CC7.2]}",
            "{soc2: []}",
            "rules.yaml:10: controls.CC-WATCH.references: soc2 has an empty reference",
        ),
        ("by: Board", "by: ''", "rules.yaml:4: approved.by: must not be empty"),
        (
            "controls:\n",
            "extend: {duties: {commit: {ways: []}}}\ncontrols:\n",
            "rules.yaml:5: extend: this ruleset imports nothing that it could be about",
        ),
    ],
)
def test_each_mistake_of_the_head_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in HEAD

    with pytest.raises(RulesetError) as caught:
        loaded(tmp_path, ruled("duties: {critical: deploy}"), head=HEAD.replace(old, new, 1))

    messages = [str(problem) for problem in caught.value.problems]
    assert [each for each in messages if each.startswith(message)] != [], messages


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
