"""Mistakes in cases, in the register of mitigations, in approvals and in the catalogue."""

from __future__ import annotations

from tests.rules.mistakes_bench import GITLAB, INDEX, PINS, WAYS, Mistake


def _case(
    name: str, old: str, new: str, at: str, *words: str, code: str | None = None, also: int = 0
) -> Mistake:
    return Mistake(name, "cases", "bank.cases.yaml", old, new, at, words, code=code, also=also)


def _entry(
    name: str, old: str, new: str, at: str, *words: str, code: str | None = None, also: int = 0
) -> Mistake:
    return Mistake(name, "register", "mitigations.yaml", old, new, at, words, code=code, also=also)


def _weighed(name: str, old: str, new: str, *words: str) -> Mistake:
    return Mistake(name, "weigh", "mitigations.yaml", old, new, "  M-001:", words)


_DUTY_MISS = "    - ann: [gh push bank/pay]\n      differs: duty\n"
_MISSES = (
    '    - ann: [aws "codedeploy:GetDeployment" app hours=48, aws "iam:PassRole" app hours=48]\n'
    "      differs: right\n"
)

OF_CASES: tuple[Mistake, ...] = (
    _case(
        "cases of another ruleset",
        "ruleset: bank",
        "ruleset: bnk",
        "ruleset: bnk",
        "cases of 'bnk', but the ruleset is 'bank'",
    ),
    _case(
        "a case of an unknown rule",
        "",
        "DEV-20:\n  hit:\n    - ann: [gh push bank/pay]\n",
        "DEV-20:",
        "no rule 'DEV-20' in bank",
        "did you mean 'DEV-0",
    ),
    _case(
        "a list that there is not",
        "  hit:\n    - ann: [gh",
        "  hits:\n    - ann: [gh",
        "  hits:",
        "unknown key 'hits'",
        "did you mean 'hit'?",
    ),
    _case(
        "a right in an undeclared system",
        '[gh push bank/pay, k8s "patch deployments.apps" pay]\n      at',
        '[ghe push bank/pay, k8s "patch deployments.apps" pay]\n      at',
        "[ghe push",
        "system 'ghe' is not declared",
        "did you mean 'gh'?",
    ),
    _case(
        "a right without its quotes",
        'k8s "get deployments.apps" pay',
        "k8s get deployments.apps pay",
        "k8s get",
        "'pay'",
        "quote an action or a resource that has spaces",
    ),
    _case(
        "an unknown tag",
        "hours=12",
        "hour=12",
        "hour=12",
        "unknown tag 'hour=12'",
        "did you mean 'hours'?",
    ),
    _case(
        "a miss that does not say what differs",
        _DUTY_MISS,
        "    - ann: [gh push bank/pay]\n",
        "- ann: [gh push bank/pay]\n",
        "'differs' is missing",
    ),
    _case(
        "a person in capitals",
        "- ann: [gh push bank/pay]\n",
        "- Ann: [gh push bank/pay]\n",
        "- Ann",
        "lower-case",
    ),
    Mistake(
        "a rule without cases",
        "cases",
        "bank.yaml",
        "",
        "  DEV-03:\n    title: More\n    duties: {critical: commit}\n    scope: anywhere\n"
        "    severity: low\n    why: Loss.\n    references: {soc2: [CC6.3]}\n",
        "  DEV-03:",
        ("DEV-03 has no case", "add a hit and a miss to bank.cases.yaml"),
        code="rule-without-case",
    ),
    _case(
        "a rule without a hit",
        '  hit:\n    - ann: [gh push bank/pay, k8s "patch deployments.apps" pay]\n'
        "      at: payments\n",
        "",
        "DEV-01:",
        "DEV-01 has no case under 'hit'",
        "add one",
        code="rule-without-case",
    ),
    _case(
        "a rule without the miss of one duty",
        _DUTY_MISS,
        "",
        "DEV-01:",
        "DEV-01 has no miss that differs by duty",
        "add one",
        code="missing-near-miss",
    ),
    Mistake(
        "a miss that is two facts away",
        "cases",
        "bank.cases.yaml",
        "- ann: [gh push bank/pay]\n",
        '- ann: [gh pull bank/pay, k8s-test "get deployments.apps" pay]\n',
        "  DEV-01:",
        ("no miss that is one fact from a hit", "one duty short", "the case in line 29"),
        told_of="bank.yaml",
    ),
    Mistake(
        "a pattern that matches nothing",
        "coverage",
        "bank.yaml",
        "{product: github, action: push}",
        "{product: github, action: [pushes, committed]}",
        "committed",
        ("dead: github: pushes | committed of duty commit",),
    ),
    _case(
        "a miss that is a hit",
        'k8s "get deployments.apps" pay',
        'k8s "patch deployments.apps" pay',
        '- ann: [gh push bank/pay, k8s "patch deployments.apps" pay]\n      differs: right',
        "expected miss",
        "found hit at payments",
        also=1,
    ),
)

OF_THE_REGISTER: tuple[Mistake, ...] = (
    _entry(
        "a wildcard for people",
        "person: E1001",
        'person: "*"',
        'person: "*"',
        "M-001: person: '*' is a wildcard",
        "name each person, as a list",
    ),
    _entry(
        "everywhere as a place",
        "place: payments",
        "place: everywhere",
        "place: everywhere",
        "'everywhere' is a wildcard",
        "name each place",
    ),
    _entry(
        "a mitigation without evidence",
        "    evidence: Tickets CHG-1 to CHG-9\n",
        "",
        "  M-001:",
        "'evidence' is missing",
        "where to see that the control is performed",
    ),
    _entry(
        "an unknown key of a mitigation",
        "performer: E2002",
        "perfomer: E2002",
        "perfomer: E2002",
        "unknown key 'perfomer'",
        "did you mean 'performer'?",
        also=1,
    ),
    _entry(
        "a frequency of another word",
        "frequency: weekly",
        "frequency: weekley",
        "frequency: weekley",
        "did you mean 'weekly'?",
    ),
    _entry(
        "a mitigation that ends before it begins",
        "valid_until: 2026-12-01",
        "valid_until: 2026-09-01",
        "valid_until: 2026-09-01",
        "is before 2026-09-15",
    ),
    _entry(
        "two mitigations for one thing",
        "",
        "  M-002:\n    rule: DEV-01\n    person: E1001\n    place: payments\n"
        "    control: CC-REVIEW\n    owner: E2000\n    approver: E2001\n    performer: E2002\n"
        "    approved_on: 2026-09-16\n    valid_until: 2026-12-01\n    evidence: Tickets\n",
        "  M-002:",
        "stands twice: M-001 in line 2",
        "remove one",
    ),
    _entry(
        "a mitigation of an unknown rule",
        "rule: DEV-01",
        "rule: DEV-11",
        "  M-001:",
        "there is no rule 'DEV-11'",
        "did you mean 'DEV-01'?",
        code="mitigation-of-unknown-rule",
    ),
    _entry(
        "a mitigation of a dropped rule",
        "rule: DEV-01",
        "rule: SH-02",
        "  M-001:",
        "there is no rule 'SH-02'; it was dropped",
        code="mitigation-of-unknown-rule",
    ),
    _entry(
        "a mitigation of nobody",
        "    person: E1001\n",
        "",
        "  M-001:",
        "DEV-01 is about people",
        "under 'person' or 'people'",
        code="mitigation-of-nobody",
        also=1,
    ),
    _entry(
        "a control that the rule does not allow",
        "control: CC-REVIEW",
        "control: CC-LOG",
        "  M-001:",
        "DEV-01 allows CC-REVIEW, not CC-LOG",
        "use one of these",
        code="control-not-allowed",
    ),
    _entry(
        "a control of a mitigation that is not defined",
        "control: CC-REVIEW",
        "control: CC-REVUE",
        "  M-001:",
        "control 'CC-REVUE' is not defined",
        "did you mean 'CC-REVIEW'?",
        code="undefined-control",
        also=1,
    ),
    _entry(
        "a mitigation for longer than the rule allows",
        "valid_until: 2026-12-01",
        "valid_until: 2027-09-15",
        "  M-001:",
        "is approved for 365 days, and DEV-01 allows 90",
        "end it on 2026-12-14 or before",
        code="mitigation-too-long",
    ),
    _entry(
        "a mitigation that its person approved",
        "approver: E2001",
        "approver: E1001",
        "  M-001:",
        "E1001 approved it for themselves",
        "somebody else has to",
        code="self-approved",
    ),
    _entry(
        "a control that its person performs",
        "performer: E2002",
        "performer: E1001",
        "  M-001:",
        "E1001 performs the control over themselves",
        "somebody else has to",
        code="self-performed",
    ),
    _entry(
        "one approver and performer",
        "performer: E2002",
        "performer: E2001",
        "  M-001:",
        "E2001 approved it and performs it",
        "another approver",
        code="approver-performs",
    ),
    _entry(
        "a control that is overdue",
        "last_performed: 2026-09-28",
        "last_performed: 2026-09-20",
        "  M-001:",
        "last performed on 2026-09-20, and due every 7 days, so by 2026-09-27",
        "perform it",
        code="control-overdue",
    ),
    _entry(
        "a mitigation that has expired",
        "valid_until: 2026-12-01",
        "valid_until: 2026-09-30",
        "  M-001:",
        "expired on 2026-09-30",
        "remove it, or have it approved anew",
        code="mitigation-expired",
    ),
    _entry(
        "a mitigation that ends soon",
        "valid_until: 2026-12-01",
        "valid_until: 2026-10-31",
        "  M-001:",
        "ends on 2026-10-31",
        "decide now",
        code="mitigation-ending",
    ),
    _entry(
        "a mitigation of a later day",
        "approved_on: 2026-09-15",
        "approved_on: 2026-10-02",
        "  M-001:",
        "is approved only from 2026-10-02",
        code="mitigation-not-yet",
    ),
    _entry(
        "a mitigation that nobody pinned",
        "  M-001:",
        "  M-007:",
        "  M-007:",
        "M-007: is pinned to nothing",
        "`sod rules approve` pins it",
        code="mitigation-unpinned",
    ),
    Mistake(
        "a rule that asks something else since its mitigation was approved",
        "register",
        "bank.yaml",
        "tier: {retail: critical}}\n",
        "tier: {retail: critical}}\n    counts: {means: [held]}\n",
        "  M-001:",
        ("has lapsed: DEV-01 asks something else since it was approved", "approve it anew"),
        told_of="mitigations.yaml",
        code="mitigation-lapsed",
    ),
    Mistake(
        "pins changed by hand",
        "register",
        PINS,
        "kubernetes: patch deployments.apps [environment=prod]",
        "kubernetes: * [environment=prod]",
        '\ndigest: "',
        ("changed by hand", "approve the mitigations again with `sod rules approve`"),
    ),
)

OF_WHO_HOLDS_WHAT: tuple[Mistake, ...] = (
    Mistake(
        "a mitigation that lapsed by a new way",
        "weigh",
        "mitigations.yaml",
        "mitigations:\n",
        "mitigations:\n",
        "  M-001:",
        ("lapsed: commit is now also reached by gitlab: push | merge",),
        found={**WAYS, "commit": (*WAYS["commit"], GITLAB)},
    ),
    _weighed(
        "a performer who reports to the person",
        "performer: E2002",
        "performer: E1002",
        "not independent: performer Person E1002 (E1002) reports to Person E1001 (E1001)",
    ),
    _weighed(
        "a performer who breaks the same rule",
        "performer: E2002",
        "performer: E2003",
        "not independent: performer Person E2003 (E2003) holds DEV-01 open there too",
    ),
    _weighed(
        "a performer whom nobody knows",
        "performer: E2002",
        "performer: E2020",
        "nobody knows who performer E2020 is; did you mean 'E200",
    ),
    _weighed(
        "a person who breaks nothing",
        "person: E1001",
        "person: E1010",
        "unused: E1010 does not break DEV-01; did you mean 'E1001'?",
    ),
    _weighed(
        "a place that is misspelt",
        "place: payments",
        "place: payment",
        "unused: E1001 does not break DEV-01 in payment; did you mean 'payments'?",
    ),
)

OF_APPROVALS: tuple[Mistake, ...] = (
    Mistake(
        "an approval without a name",
        "approvals",
        INDEX,
        'by: "Board"',
        'by: " "',
        "  ruleset:",
        ("approvals.ruleset.by: is empty",),
    ),
    Mistake(
        "an approval of nothing there is",
        "approvals",
        INDEX,
        "  ruleset:",
        "  rulesets:",
        "  rulesets:",
        ("'rulesets'", "did you mean 'ruleset'?"),
    ),
    Mistake(
        "a copy outside of the folder",
        "approvals",
        INDEX,
        'copy: "',
        'copy: "../',
        "  ruleset:",
        ("approvals.ruleset.copy: must be a file in this folder",),
    ),
)

OF_THE_CATALOGUE: tuple[Mistake, ...] = (
    Mistake(
        "a resource of an undeclared system",
        "catalogue",
        "catalogue.yaml",
        "{system: gh,",
        "{system: ghe,",
        "{system: ghe,",
        ("system 'ghe' is not declared", "did you mean 'gh'?"),
    ),
    Mistake(
        "a resource twice",
        "catalogue",
        "catalogue.yaml",
        "",
        "      - {system: gh, resource: bank/pay, environment: prod}\n",
        "environment: prod",
        ("stands twice, first in line 5",),
    ),
    Mistake(
        "an application without resources",
        "catalogue",
        "catalogue.yaml",
        "",
        "  lending: {resources: []}\n",
        "  lending:",
        ("no rule could ever be broken here",),
    ),
)
