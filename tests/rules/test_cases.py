"""How rule cases are read, and how their mistakes are told."""

from __future__ import annotations

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
from sod_analyzer.rules.case_people import CasePerson
from sod_analyzer.rules.cases import Differs

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
