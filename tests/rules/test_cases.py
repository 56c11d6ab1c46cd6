"""How rule cases are read, and how their mistakes are told."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from sod_analyzer.errors import RulesetError, SourceRef
from sod_analyzer.model.finding import Verdict
from sod_analyzer.rules import (
    Case,
    CaseFile,
    CaseRight,
    CaseSystem,
    check_cases,
    load_cases,
    load_ruleset,
)
from sod_analyzer.rules.case_people import CaseMitigation, CasePerson, CasePin, CaseRole
from sod_analyzer.rules.case_rights import TAGS
from sod_analyzer.rules.cases import Differs
from tests.conftest import ROOT

FULL = """\
ruleset: small
systems:
  gh: {product: github}
  k8s: {product: kubernetes, environment: prod}
applications:
  pay: {resources: [{system: gh, resource: "o/*"}, {system: k8s, resource: pay}]}
R1-01:
  hit:
    - alice: [gh push o/r, k8s "patch deployments.apps" pay]
      at: pay
    - ben:
        - gh * *
  miss:
    - cat: ['gh "a, b" "cn=x y,dc=z"']
      differs: right
"""

RULES = """\
ruleset: small
version: 1
owner: me
duties:
  a: {title: A, ways: [{product: p, action: x}]}
  b: {title: B, ways: [{product: p, action: y}]}
rules:
  R1-01: &r
"""


def loaded(folder: Path, content: str) -> CaseFile:
    path = folder / "x.cases.yaml"
    path.write_text(content, encoding="utf-8")
    return load_cases(path)


def refusal(folder: Path, content: str) -> list[str]:
    with pytest.raises(RulesetError) as caught:
        loaded(folder, content)
    return [str(problem) for problem in caught.value.problems]


def at(line: int) -> SourceRef:
    return SourceRef("x.cases.yaml", line)


def test_everything_that_is_written_arrives(tmp_path: Path) -> None:
    found = loaded(tmp_path, FULL)

    assert found.ruleset == "small"
    assert found.systems == {
        "gh": CaseSystem("github", at(3)),
        "k8s": CaseSystem("kubernetes", at(4), "prod"),
    }
    assert list(found.applications) == ["pay"]
    assert found.cases == (
        Case(
            rule_id="R1-01",
            verdict=Verdict.VIOLATION,
            people=(
                CasePerson(
                    "alice",
                    (
                        CaseRight("gh", "push", "o/r", at(9)),
                        CaseRight("k8s", "patch deployments.apps", "pay", at(9)),
                    ),
                    at(9),
                ),
            ),
            where=at(9),
            at="pay",
        ),
        Case(
            "R1-01",
            Verdict.VIOLATION,
            (CasePerson("ben", (CaseRight("gh", "*", "*", at(12)),), at(11)),),
            at(11),
        ),
        Case(
            rule_id="R1-01",
            verdict=Verdict.CLEAR,
            people=(CasePerson("cat", (CaseRight("gh", "a, b", "cn=x y,dc=z", at(14)),), at(14)),),
            where=at(14),
            differs=Differs.RIGHT,
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "gh push o/r",
            "gh push",
            (
                "9: R1-01.hit[0]: 'gh push' must be system, action and resource, then tags; "
                "quote what has spaces"
            ),
        ),
        (
            "gh push o/r",
            "gh push o/r now",
            ("9: R1-01.hit[0]: unknown tag 'now'; quote an action or a resource that has spaces"),
        ),
        ("gh push o/r", "gh 'push o/r", '9: R1-01.hit[0]: "gh \'push o/r": no closing quotation'),
        (
            "gh push o/r",
            "g push o/r",
            "9: R1-01.hit[0]: system 'g' is not declared; did you mean 'gh'?",
        ),
        (
            "    - ben:\n        - gh * *\n",
            "    - at: pay\n",
            "11: R1-01.hit[1]: must name a person",
        ),
        (
            "    - ben:\n",
            "    - Ben W:\n",
            "11: R1-01.hit[1]: a person is lower-case letters, digits and '-'",
        ),
        ("      differs: right\n", "", "14: R1-01.miss[0]: key 'differs' is missing"),
        (
            "differs: right",
            "differs: rights",
            (
                "15: R1-01.miss[0].differs: 'rights' is not one of 'application', 'system', "
                "'resource', 'environment', 'right', 'duty', 'subject', 'means', 'context', "
                "'count', 'exclusion', 'hours', 'gate', 'hygiene'; did you mean 'right'?"
            ),
        ),
        (
            '    - cat: [\'gh "a, b" "cn=x y,dc=z"\']\n      differs: right\n',
            "    []\n",
            "13: R1-01.miss: there is none",
        ),
        ("  miss:", "  misses:", "13: R1-01: unknown key 'misses'; did you mean 'miss'?"),
        (
            "R1-01:",
            "sistems:",
            (
                "7: 'sistems' is neither a rule id, such as DEV-01, nor a key; did you mean "
                "'systems'?"
            ),
        ),
        ("product: github", "produkt: github", "3: systems.gh: key 'product' is missing"),
        (
            "  gh: {",
            "  'g h': {",
            "3: systems.g h: an id has letters, digits, '.', '_' and '-' only",
        ),
        (
            "{system: gh, res",
            "{system: g, res",
            "6: applications.pay.resources[0]: system 'g' is not declared; did you mean 'gh'?",
        ),
    ],
)
def test_each_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in FULL

    messages = refusal(tmp_path, FULL.replace(old, new, 1))

    assert f"x.cases.yaml:{message}" in messages


def test_a_file_that_is_a_list_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path, "- a\n") == ["x.cases.yaml:1: must be a mapping"]


def test_every_rule_needs_a_case_and_every_case_a_rule(tmp_path: Path) -> None:
    rule = (
        "\n    title: {}\n    duties: {{all_of: [a, b]}}\n    scope: anywhere\n"
        "    severity: low\n    why: w\n    references: {{soc2: [CC6.3]}}\n"
    )
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES.replace(" &r\n", rule.format("One")) + "  R1-02:" + rule.format("Two"))
    cases = loaded(
        tmp_path,
        FULL.replace("ruleset: small", "ruleset: other")
        + FULL[FULL.index("R1-01") :].replace("R1-01", "R1-03"),
    )

    with pytest.raises(RulesetError) as caught:
        check_cases(cases, load_ruleset(rules))

    assert [str(problem) for problem in caught.value.problems] == [
        "x.cases.yaml:1: cases of 'other', but the ruleset is 'small'",
        "x.cases.yaml:16: no rule 'R1-03'; did you mean 'R1-02'?",
        "rules.yaml:15: rule R1-02 has no case that must be hit",
        "rules.yaml:15: rule R1-02 has no case that must be missed",
    ]


HEAD = """\
ruleset: small
as_of: 2026-09-01
systems:
  gh: {product: github}
  k8s: {product: kubernetes, missing: true}
applications: {}
roles:
  gh:team: {rights: [gh push o/r, gh pull o/r via=in], owner: ann, privileged: true, kind: team}
"""


def one(folder: Path, person: str, *, of: str = "hit", more: str = "") -> Case:
    """The one case of a file with this person."""
    (case,) = loaded(folder, f"{HEAD}R1-01:\n  {of}:\n    - {person}\n{more}").cases
    return case


def test_every_tag_arrives(tmp_path: Path) -> None:
    tags = {
        "@second": {"account": "second"},
        "via=outer>inner": {"via": ("outer", "inner")},
        "bot=robot": {"bot": "robot"},
        "shared=desk": {"shared": "desk"},
        "eligible": {"eligible": True},
        "conditional": {"conditional": True},
        "self-grant": {"self_grant": True},
        "with-approval": {"mode": "with-approval"},
        "undecided": {"undecided": True},
        "disabled": {"disabled": True},
        "expired": {"expired": True},
        "hours=12": {"hours": 12},
        "from=2026-10-01": {"valid_from": date(2026, 10, 1)},
        "until=2026-10-02": {"valid_until": date(2026, 10, 2)},
        "via=ops privileged": {"via": ("ops",), "privileged": True},
        "unused=120": {"unused": 120},
        "use-unknown": {"use_unknown": True},
        "owner=ann": {"owner": "ann"},
        "created=2026-08-01": {"created": date(2026, 8, 1)},
        "expires=2026-10-02": {"expires": date(2026, 10, 2)},
    }
    plain = CaseRight("k8s", "deploy", "pay", at(11))

    for tag, facts in tags.items():
        (right,) = one(tmp_path, f"ann: [k8s deploy pay {tag}]").rights

        assert right == replace(plain, **facts), tag  # type: ignore[arg-type]


def test_the_page_lists_every_tag() -> None:
    page = (ROOT / "docs" / "cases.md").read_text(encoding="utf-8")

    assert [tag for tag in TAGS if f"`{tag.replace('@login', '@login2')}" not in page] == []


def test_the_example_of_the_page_is_read(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "cases.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]

    found = loaded(tmp_path, example)

    assert {case.verdict for case in found.cases} == {
        Verdict.VIOLATION,
        Verdict.CLEAR,
        Verdict.NOT_EVALUABLE,
        Verdict.MITIGATED,
    }


def test_everything_about_a_person_arrives(tmp_path: Path) -> None:
    case = one(
        tmp_path,
        "vera: {class: vendor, department: Help, title: Dev, status: leaver, manager: ann, "
        "employee_id: E1, rights: []}",
        more="      ann: [gh push o/r]\n      exists: [gh pull o/r]\n",
    )

    assert case.people == (
        CasePerson(
            "vera",
            (),
            at(11),
            kind="vendor",
            department="Help",
            title="Dev",
            status="leaver",
            manager="ann",
            employee_id="E1",
        ),
        CasePerson("ann", (CaseRight("gh", "push", "o/r", at(12)),), at(12)),
    )
    assert case.exists == (CaseRight("gh", "pull", "o/r", at(13)),)


def test_the_head_declares_roles_days_and_missing_systems(tmp_path: Path) -> None:
    found = loaded(tmp_path, f"{HEAD}R1-01:\n  hit:\n    - ann: [gh push o/r via=team]\n")

    assert found.as_of == date(2026, 9, 1)
    assert found.systems["k8s"].missing
    assert found.roles["gh:team"] == CaseRole(
        "gh:team",
        at(8),
        (
            CaseRight("gh", "push", "o/r", at(8)),
            CaseRight("gh", "pull", "o/r", at(8), via=("in",)),
        ),
        "team",
        None,
        "ann",
        privileged=True,
    )


def test_a_mitigation_arrives_with_its_frequency_in_days(tmp_path: Path) -> None:
    case = one(
        tmp_path,
        "ann: [gh push o/r]",
        of="mitigated",
        more=(
            "      at: pay\n      mitigation: {control: CC-1, performer: bob, frequency: weekly, "
            'valid_until: 2026-10-01, pin: {means: ["held, sure"]}}\n'
        ),
    )

    assert case.mitigation == CaseMitigation(
        "CC-1",
        at(13),
        performer="bob",
        valid_until=date(2026, 10, 1),
        frequency_days=7,
        pin=CasePin(means=("held, sure",)),
    )


@pytest.mark.parametrize(
    ("person", "message"),
    [
        ("ann: [gh a b eligble]", "unknown tag 'eligble'; did you mean 'eligible'?"),
        ("ann: [gh a b eligible=yes]", "unknown tag 'eligible=yes'; eligible takes no value"),
        ("ann: [gh a b via]", "unknown tag 'via'; write via=…"),
        ("ann: [gh a b via=]", "tag 'via=': has no value"),
        ("ann: [gh a b via=x>]", "tag 'via=x>': must be a role, or roles from the outermost on"),
        ("ann: [gh a b hours=-1]", "tag 'hours=-1': must be from 0 to"),
        ("ann: [gh a b hours=soon]", "tag 'hours=soon': is not a whole number"),
        ("ann: [gh a b from=1.10.2026]", "tag 'from=1.10.2026': is not a date"),
        ("ann: [gh a b from=2026-02-30]", "tag 'from=2026-02-30': is no day of the calendar"),
        ("ann: [gh a b from=2026-10-02 until=2026-10-01]", "until is before from"),
        ("ann: [gh a b expired until=2026-10-01]", "expired sets the days"),
        ("ann: [gh a b @]", "tag '@': needs a login, such as @login2"),
        ("ann: [gh a b @x bot=y]", "@ and bot each name an account; keep one"),
        ("ann: [gh a b eligible eligible]", "tag 'eligible': stands twice"),
        ("ann: [gh a b privileged]", "privileged is said of a role, and there is no via="),
        ("ann: [gh a b unused=1 use-unknown]", "unused= and use-unknown contradict each other"),
        ("ann: {class: persn, rights: []}", "'persn' is not one of 'person', 'workload'"),
        ("ann: {clas: person, rights: []}", "unknown key 'clas'; did you mean 'class'?"),
        ("ann: {department: Dev}", "key 'rights' is missing"),
        ("job: {class: workload, title: Dev, rights: []}", "is said of people in a roster"),
        ("job: {class: workload, rights: [gh a b bot=x]}", "are about people in a roster"),
        ("box: {class: role, rights: [gh a b eligible]}", "a role's right takes no tag but via="),
        ("box: {class: role, rights: [gh a b, k8s a b]}", "a role has rights in one system"),
        ("ann: [gh merge o/r via=team]", "role 'gh:team' is declared without 'gh merge o/r'"),
        ("ann: [gh a b @x]\n      bob: [gh a b @x]", "@x in gh is ann's already"),
        ("ann: []\n      exists: [gh a b eligible]", "cannot be of a right that nobody has"),
        ("ann: []\n      mitigation: {control: CC-1}", "a mitigation is for one place"),
        (
            "ann: []\n      at: pay\n      mitigation: {control: CC-1, frequency: often}",
            "'often' is not one of 'daily', 'weekly'",
        ),
        (
            "ann: []\n      at: pay\n      mitigation: {controll: CC-1}",
            "unknown key 'controll'; did you mean 'control'?",
        ),
        ("ann: []\n      differs: right", "'differs' is said of a miss only"),
    ],
)
def test_each_mistake_in_a_person_or_a_right_is_told(
    tmp_path: Path, person: str, message: str
) -> None:
    messages = refusal(tmp_path, f"{HEAD}R1-01:\n  hit:\n    - {person}\n")

    assert any(message in each for each in messages), messages
    assert all(re.match(r"x\.cases\.yaml:1[1-4]: R1-01", each) for each in messages), messages


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("gh:team", "team", "8: roles.team: a role is system:name, such as github-acme:team/core"),
        ("gh:team", "g:team", "8: roles.g:team: system 'g' is not declared; did you mean 'gh'?"),
        ("gh push o/r", "gh push o/r eligible", "8: roles.gh:team: a role's right takes no tag"),
        ("missing: true", "missing: yes", "5: systems.k8s.missing: 'yes' is neither true nor"),
        ("as_of: 2026-09-01", "as_of: today", "2: as_of: 'today' is not a date"),
    ],
)
def test_each_mistake_in_the_head_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in HEAD
    body = "R1-01:\n  hit:\n    - ann: [gh push o/r]\n"

    messages = refusal(tmp_path, HEAD.replace(old, new, 1) + body)

    assert any(each.startswith(f"x.cases.yaml:{message}") for each in messages), messages


def test_a_mitigated_case_needs_a_mitigation(tmp_path: Path) -> None:
    body = "R1-01:\n  mitigated:\n    - ann: [gh push o/r]\n      at: pay\n"

    assert refusal(tmp_path, HEAD + body) == [
        "x.cases.yaml:11: R1-01.mitigated[0]: key 'mitigation' is missing"
    ]
