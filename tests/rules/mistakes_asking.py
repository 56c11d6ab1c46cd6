"""Mistakes in what rules and duties ask, and in what a ruleset takes over from others."""

from __future__ import annotations

from tests.rules.mistakes_bench import Mistake

_FURTHER = """\
  DEV-03:
    title: One more
    scope: anywhere
    severity: low
    why: Loss.
    references: {soc2: [CC6.3]}
"""


def _bank(name: str, old: str, new: str, at: str, *words: str, also: int = 0) -> Mistake:
    return Mistake(name, "load", "bank.yaml", old, new, at, words, also=also)


def _added(name: str, asks: str, at: str, *words: str) -> Mistake:
    """A further rule that asks this."""
    new = _FURTHER + "".join(f"    {line}\n" for line in asks.splitlines())
    return Mistake(name, "load", "bank.yaml", "", new, at, words)


DUTIES: tuple[Mistake, ...] = (
    _bank(
        "duties that include each other",
        "    title: Commit code\n",
        "    title: Commit code\n    includes: [merge]\n"
        "  merge:\n    title: Merge\n    includes: [commit]\n",
        "includes: [merge]",
        "commit → merge → commit",
    ),
    _bank(
        "a duty in both legs, by what it includes",
        "    title: Release\n",
        "    title: Release\n    includes: [commit]\n",
        "    duties: {all_of",
        "'release' includes 'commit'",
        "has both",
    ),
    _bank(
        "a duty without ways",
        "    title: Commit code\n    ways:\n      - {product: github, action: push}\n"
        "      - {product: gitlab, action: [push, merge]}\n",
        "    title: Commit code\n",
        "  commit:\n",
        "'ways' is missing",
    ),
    _bank("an action that is empty", "action: push}", 'action: ""}', 'action: ""', "not be empty"),
    _bank(
        "parts of one way in two products",
        '{product: aws, action: "iam:PassRole", any_scope: true}',
        '{product: gcp, action: "actAs", any_scope: true}',
        "- all_of:",
        "different products (aws, gcp)",
    ),
    _bank(
        "an exception that is the action",
        'except: ["codedeploy:Get*"]',
        'except: ["codedeploy:*"]',
        'except: ["codedeploy:*"]',
        "is the action itself",
    ),
    _bank(
        "an action that stands twice",
        "action: [push, merge]",
        "action: [push, push]",
        "[push, push]",
        "'push' stands twice",
    ),
)

RULES: tuple[Mistake, ...] = (
    _bank(
        "one rule id twice",
        "  DEV-02:\n",
        "  DEV-01:\n",
        "  DEV-01:\n    title: Keep",
        "key 'DEV-01' stands twice",
        "first in line 31",
    ),
    _bank(
        "two kinds in one rule",
        "    max_grant_hours: {duty: release, hours: 24}\n",
        "    max_grant_hours: {duty: release, hours: 24}\n    duties: {critical: release}\n",
        "max_grant_hours",
        "'duties', 'max_grant_hours'",
        "a rule has one of them",
    ),
    _added("a rule that asks nothing", "status: stable", "  DEV-03:", "give one of 'duties'"),
    _added("one duty in all_of", "duties: {all_of: [commit]}", "[commit]}", "at least two duties"),
    _added(
        "at_least larger than its list",
        "duties: {at_least: {count: 3, of: [commit, release]}}",
        "count: 3",
        "at most 2, the number of duties",
    ),
    _added(
        "min_people of more people than duties",
        "min_people: {duties: [commit, release], count: 3}",
        "count: 3}",
        "at most 2, the number of duties",
    ),
    _added(
        "a duty twice in one rule",
        "duties: {all_of: [commit, commit]}",
        "[commit, commit]",
        "'commit' twice",
    ),
    _added(
        "no hours", "max_grant_hours: {duty: commit, hours: 0}", "hours: 0", "must be at least 1"
    ),
    _added(
        "a limit of no holders",
        "max_holders: {duty: commit, count: 0}",
        "count: 0",
        "must be at least 1",
    ),
    _added(
        "may_hold_only for everybody",
        "may_hold_only: {duties: [deploy], within: release}",
        "within: release",
        "'subjects' or 'holder: role'",
    ),
    _added(
        "holders without anybody",
        "only: {duty: commit, holders: {}}",
        "holders: {}",
        "names nobody",
        "'person'",
    ),
    _added(
        "an account without its system",
        "only: {duty: commit, holders: {account: SRV1}}",
        "account: SRV1",
        "'SRV1' is no id",
        "system:name",
    ),
    _added(
        "a role narrowed by what is known of people only",
        "duties: {all_of: [commit, release]}\nholder: role\nsubjects: {department: [Dev]}",
        "department: [Dev]",
        "a role is narrowed by 'role' only",
    ),
    _added(
        "a holder where people are counted",
        "max_holders: {duty: commit, count: 3}\nholder: account",
        "holder: account",
        "leave it out",
    ),
    _added(
        "role conflicts of a rule that is not there",
        "role_conflicts: DEV-10",
        "role_conflicts: DEV-10",
        "no rule 'DEV-10'",
        "did you mean 'DEV-0",
    ),
    _added(
        "role conflicts of a rule about hours",
        "role_conflicts: DEV-02",
        "role_conflicts: DEV-02",
        "not about a combination of duties",
    ),
    _added(
        "dormant days of another check",
        "hygiene: {check: leaver-with-access, days: 90}",
        "leaver-with-access, days",
        "has no effect",
        "dormant-privileged",
    ),
    _added(
        "an unknown check",
        "hygiene: {check: leavers-with-access}",
        "leavers-with-access",
        "did you mean 'leaver-with-access'?",
    ),
    _bank(
        "a gate before a duty that is not in the rule",
        "gates: {commit: [",
        "gates: {comit: [",
        "gates: {comit",
        "'comit' is no duty of this rule",
        "did you mean 'commit'?",
    ),
    _bank(
        "an unknown gate",
        "[independent_review]",
        "[independent_reviews]",
        "independent_reviews",
        "did you mean 'independent_review'?",
    ),
    _bank(
        "an exclusion without a reason",
        "reason: Nothing real, ",
        "",
        "- {place: [sandbox]",
        "'reason' is missing",
    ),
    _bank(
        "an exclusion of everybody everywhere",
        "{place: [sandbox], reason: Nothing",
        "{reason: Nothing",
        "- {reason: Nothing",
        "everybody everywhere",
        "narrow it by one of",
    ),
    _bank(
        "an exclusion that ends before it begins",
        "until: 2027-01-01",
        "until: 2025-01-01",
        "until: 2025",
        "is before 2026-01-01",
    ),
    _bank(
        "a day that there is not",
        "until: 2027-01-01",
        "until: 2027-02-30",
        "until: 2027-02-30",
        "'2027-02-30' is no day of the calendar",
    ),
    _bank(
        "tiers where no application is judged",
        "    scope: anywhere\n    severity: medium",
        "    scope: anywhere\n    tiers: [retail]\n    severity: medium",
        "tiers: [retail]",
        "only applications have tiers",
    ),
    _added(
        "changes without self-grant",
        "duties: {critical: commit}\ncounts: {max_changes: 2}",
        "max_changes: 2",
        "has no effect",
        "self-grant",
    ),
    _added(
        "means that leave out what they include",
        "duties: {critical: commit}\ncounts: {means: [eligible]}",
        "means: [eligible]",
        "must be the first one or more of: held, eligible, self-grant",
    ),
    _added(
        "an environment that the duty is never in",
        "duties: {all_of: [commit, deploy]}\nenvironment: test",
        "environment: test",
        "no way of duty 'deploy'",
        "another environment",
    ),
    _bank(
        "a control that is not defined",
        "allowed: [CC-REVIEW]",
        "allowed: [CC-REVEW]",
        "CC-REVEW",
        "'CC-REVEW' is not defined",
        "did you mean 'CC-REVIEW'?",
    ),
    _bank(
        "a frequency that is none",
        "frequency: weekly",
        "frequency: sometimes",
        "sometimes",
        "'weekly'",
        "'30 days'",
    ),
)

IMPORTS: tuple[Mistake, ...] = (
    _bank(
        "an import of a missing file",
        "[./shared.yaml]",
        "[./shard.yaml]",
        "[./shard.yaml]",
        "no such file",
        "did you mean 'shared.yaml'?",
    ),
    _bank(
        "an import of an unknown ruleset",
        "[./shared.yaml]",
        "[./shared.yaml, devop]",
        "devop]",
        "did you mean 'devops'?",
        "./devop.yaml",
    ),
    _bank(
        "an imported rule that does not exist",
        "[./shared.yaml]",
        "[{ruleset: ./shared.yaml, rules: [SH-01, SH-02, SH-10]}]",
        "SH-10",
        "no rule 'SH-10'",
        "did you mean 'SH-0",
    ),
    Mistake(
        "a circular import",
        "load",
        "shared.yaml",
        "owner: IT risk\n",
        "owner: IT risk\nimports: [./bank.yaml]\n",
        "imports: [./bank.yaml]",
        ("imports this file in turn", "bank.yaml → shared.yaml → bank.yaml"),
        also=1,
    ),
    Mistake(
        "a mistake inside an import",
        "load",
        "shared.yaml",
        "[deploy, stop-log]",
        "[deploy, stop-logs]",
        "[deploy, stop-logs]",
        ("did you mean 'stop-log'?",),
        also=1,
    ),
    _bank(
        "an extension of an unknown rule",
        "    SH-01: {severity: critical}",
        "    SH-11: {severity: critical}",
        "SH-11",
        "no imported rule 'SH-11'",
        "did you mean 'SH-01'?",
    ),
    _bank(
        "the same rule extended twice",
        "    SH-01: {severity: critical}\n",
        "    SH-01: {severity: critical}\n    SH-01: {environment: prod}\n",
        "SH-01: {environment",
        "'SH-01' stands twice",
        "first in line 10",
    ),
    _bank(
        "an extension that changes what a rule asks",
        "SH-01: {severity: critical}",
        "SH-01: {scope: application}",
        "SH-01: {scope",
        "unknown key 'scope'",
    ),
    _bank(
        "a way that the duty has already",
        "{product: argocd, action: sync, environment: prod}",
        '{product: kubernetes, action: "patch deployments.apps", environment: prod}',
        "ways: [{product: kubernetes",
        "is a way of the duty already",
    ),
    _bank(
        "a drop of an unknown rule",
        "  SH-02: {reason",
        "  SH-20: {reason",
        "  SH-20: {reason",
        "no imported rule 'SH-20'",
        "did you mean 'SH-02'?",
    ),
    _bank(
        "a drop that nobody answers for",
        ", by: IT risk, on: 2026-03-01",
        "",
        "  SH-02: {reason",
        "'by' is missing",
        also=1,
    ),
    _bank(
        "an imported duty defined again",
        "  commit:\n    title: Commit code\n",
        "  deploy:\n    title: Deploy\n    ways: [{product: github, action: deploy}]\n"
        "  commit:\n    title: Commit code\n",
        "  deploy:\n    title",
        "an imported duty has this id",
        "extend.duties",
    ),
)
