"""What a ruleset file means, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.errors import RulesetError, SourceRef
from sod_analyzer.model.ruleset import (
    Certainty,
    Counts,
    Duty,
    Means,
    Rule,
    Ruleset,
    ScopeKind,
    Selector,
    Severity,
    Way,
)
from sod_analyzer.rules import find_ruleset, load_ruleset

FULL = """\
ruleset: demo
title: Demonstration
version: 2026.10
owner: IT risk
approved: {by: Board, on: 2026-10-01, digest: 9f2c}
duties:
  start:
    title: Start a machine
    why: It runs what it is given.
    ways:
      - {product: github, action: [push, merge]}
      - all_of:
          - {product: aws, action: "ec2:RunInstances", environment: prod, system: "aws-*"}
          - {product: aws, action: "iam:PassRole", resource: "role/*", any_scope: true}
  stop:
    title: Stop it
    ways:
      - {product: github, action: "admin*"}
  watch:
    title: Watch it
    ways: [{product: github, action: pull}]
rules:
  DEMO-02:
    title: Any two
    duties: {at_least: {count: 2, of: [start, stop, watch]}}
    scope: anywhere
    severity: low
    why: Because.
    references: {soc2: [CC6.3]}
  DEMO-01:
    title: Start & stop!
    duties: {all_of: [stop, start]}
    scope: application
    severity: {default: high, tier: {retail: low, move-money: critical}}
    counts: {means: [held, eligible, self-grant], certainty: [sure], max_changes: 2}
    gates: {start: [independent_review]}
    why: Because of that.
    false_positives: [Not really]
    controls: {allowed: [CC-1], max_days: 90}
    references: {soc2: [CC6.3], nist-800-53: [AC-5, CM-5]}
    status: experimental
    since: 2026.1
"""

SMALL = """\
ruleset: small
version: 1
owner: me
duties:
  a: {title: A, ways: [{product: p, action: x}]}
  b: {title: B, ways: [{product: p, action: y}]}
rules:
  R1-01:
    title: A and B
    duties: {all_of: [a, b]}
    scope: application
    severity: high
    why: Loss.
    references: {soc2: [CC6.3]}
"""


def loaded(folder: Path, content: str) -> Ruleset:
    path = folder / "rules.yaml"
    path.write_text(content, encoding="utf-8")
    return load_ruleset(path)


def refusal(folder: Path, content: str) -> list[str]:
    with pytest.raises(RulesetError) as caught:
        loaded(folder, content)
    return [str(problem) for problem in caught.value.problems]


def test_everything_that_is_written_arrives(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, FULL)

    assert (ruleset.name, ruleset.title, ruleset.version, ruleset.owner) == (
        "demo",
        "Demonstration",
        "2026.10",
        "IT risk",
    )
    assert (ruleset.path, ruleset.text) == ("rules.yaml", FULL)
    assert ruleset.rule["DEMO-01"] == Rule(
        rule_id="DEMO-01",
        slug="start-stop",
        title="Start & stop!",
        duties=("stop", "start"),
        count=2,
        scope=ScopeKind.APPLICATION,
        severity=Severity.HIGH,
        why="Because of that.",
        tiers={"move-money": Severity.CRITICAL, "retail": Severity.LOW},
        counts=Counts((Means.HELD, Means.ELIGIBLE, Means.SELF_GRANT), (Certainty.SURE,), 2),
        gates={"start": ("independent_review",)},
        false_positives=("Not really",),
        controls=("CC-1",),
        control_max_days=90,
        references={"nist-800-53": ("AC-5", "CM-5"), "soc2": ("CC6.3",)},
        status="experimental",
        since="2026.1",
        ruleset="demo",
        digest=ruleset.rule["DEMO-01"].digest,
    )
    assert ruleset.rule["DEMO-02"] == Rule(
        rule_id="DEMO-02",
        slug="any-two",
        title="Any two",
        duties=("start", "stop", "watch"),
        count=2,
        scope=ScopeKind.ANYWHERE,
        severity=Severity.LOW,
        why="Because.",
        references={"soc2": ("CC6.3",)},
        ruleset="demo",
        digest=ruleset.rule["DEMO-02"].digest,
    )
    assert ruleset.duty["start"] == Duty(
        "start",
        "Start a machine",
        (
            Way((Selector("github", ("push", "merge")),)),
            Way(
                (
                    Selector("aws", ("ec2:RunInstances",), system="aws-*", environment="prod"),
                    Selector("aws", ("iam:PassRole",), resource="role/*", any_scope=True),
                )
            ),
        ),
        "It runs what it is given.",
    )


def test_duties_and_rules_are_sorted_and_know_their_line(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, FULL)

    assert [rule.rule_id for rule in ruleset.rules] == ["DEMO-01", "DEMO-02"]
    assert [duty.duty_id for duty in ruleset.duties] == ["start", "stop", "watch"]
    assert ruleset.rule["DEMO-01"].where == SourceRef("rules.yaml", 30)
    assert ruleset.duty["stop"].where == SourceRef("rules.yaml", 15)
    assert ruleset.duty["start"].ways[1].parts[1].where == SourceRef("rules.yaml", 14)


def test_the_digest_ignores_what_has_no_meaning(tmp_path: Path) -> None:
    plain = loaded(tmp_path, FULL)
    other = FULL.replace("approved: {by: Board, on: 2026-10-01, digest: 9f2c}\n", "# a comment\n\n")
    rules = other[other.index("rules:\n") :]
    other = rules + other.replace(rules, "").replace("[push, merge]", "['merge', push]")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    assert loaded(elsewhere, other).digest == plain.digest
    assert len(plain.digest) == 64


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("version: 2026.10", "version: 2026.1"),
        ("environment: prod", "environment: test"),
        ("any_scope: true", "any_scope: false"),
        ("scope: anywhere", "scope: system"),
        ("retail: low", "retail: medium"),
        ("count: 2", "count: 3"),
        ("[stop, start]", "[start, stop]"),
        ("max_changes: 2", "max_changes: 3"),
        ("why: Because.", "why: Because!"),
        ("independent_review", "approval_before_deploy"),
        ("[AC-5, CM-5]", "[AC-5]"),
    ],
)
def test_the_digest_changes_with_every_meaning(tmp_path: Path, old: str, new: str) -> None:
    before = loaded(tmp_path, FULL).digest

    after = loaded(tmp_path, FULL.replace(old, new)).digest

    assert before != after


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, SMALL)
    (rule,) = ruleset.rules

    assert ruleset.title == "small"
    assert rule.counts == Counts(
        (Means.HELD, Means.ELIGIBLE), (Certainty.SURE, Certainty.CONDITIONAL), 1
    )
    assert (rule.slug, rule.status, rule.since, rule.controls) == ("a-and-b", "stable", None, ())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "[a, b]",
            "[a, bb]",
            "10: rules.R1-01.duties: names duty 'bb', which is not defined; did you mean 'b'?",
        ),
        ("[a, b]", "[a, a]", "10: rules.R1-01.duties: names duty 'a' twice"),
        ("[a, b]", "[a]", "10: rules.R1-01.duties: all_of: must name at least two duties"),
        (
            "{all_of: [a, b]}",
            "{}",
            "10: rules.R1-01.duties: must have one of 'all_of', 'at_least', 'critical'",
        ),
        (
            "{all_of: [a, b]}",
            "{all_of: [a, b], at_least: {count: 2, of: [a, b]}}",
            "10: rules.R1-01.duties: must have one of 'all_of', 'at_least', 'critical'",
        ),
        (
            "{all_of: [a, b]}",
            "{at_least: {count: 3, of: [a, b]}}",
            (
                "10: rules.R1-01.duties: count is 3; it must be at least 2 and at most 2, "
                "the number of duties"
            ),
        ),
        (
            "{all_of: [a, b]}",
            "{at_least: {count: 1, of: [a, b]}}",
            (
                "10: rules.R1-01.duties: count is 1; it must be at least 2 and at most 2, "
                "the number of duties"
            ),
        ),
        (
            "{all_of: [a, b]}",
            "{at_least: {count: two, of: [a, b]}}",
            "10: rules.R1-01.duties.at_least.count: 'two' is not a whole number, such as 7",
        ),
        (
            "{all_of: [a, b]}",
            "{only: {duty: a, holders: x}}",
            "10: rules.R1-01.duties: unknown key 'only'; known: 'all_of', 'at_least', 'critical'",
        ),
        (
            "    scope:",
            "    max_holders: 7\n    scope:",
            "11: rules.R1-01.max_holders: must be a mapping, not text",
        ),
        ("    scope: application\n", "", "8: rules.R1-01: key 'scope' is missing"),
        ("    why: Loss.\n", "", "8: rules.R1-01: key 'why' is missing"),
        ("    title: A and B\n", "", "8: rules.R1-01: key 'title' is missing"),
        ("    references: {soc2: [CC6.3]}\n", "", "8: rules.R1-01: key 'references' is missing"),
        (
            "{soc2: [CC6.3]}",
            "{}",
            "14: rules.R1-01.references: there is none; name the requirement it serves",
        ),
        ("[CC6.3]", "[]", "14: rules.R1-01.references: soc2 has an empty reference"),
        ("why: Loss.", "why: ' '", "13: rules.R1-01.why: must not be empty"),
        (
            "severity: high",
            "severity: hihg",
            (
                "12: rules.R1-01.severity: 'hihg' is not one of 'low', 'medium', 'high', "
                "'critical'; did you mean 'high'?"
            ),
        ),
        (
            "severity: high",
            "severity: {default: high, tier: {x: worst}}",
            (
                "12: rules.R1-01.severity.tier.x: 'worst' is not one of 'low', 'medium', "
                "'high', 'critical'"
            ),
        ),
        (
            "severity: high",
            "severity: {tier: {x: low}}",
            "12: rules.R1-01.severity: key 'default' is missing",
        ),
        (
            "scope: application",
            "scope: global",
            (
                "11: rules.R1-01.scope: 'global' is not one of 'application', 'resource', "
                "'system', 'anywhere'"
            ),
        ),
        ("  R1-01:", "  r1:", "8: rules.r1: a rule id is like DEV-01 or P2P-003"),
        (
            "    why:",
            "    slug: A B\n    why:",
            "13: rules.R1-01.slug: 'A B' must be words joined by '-'",
        ),
        (
            "    why:",
            "    gates: {c: [independent_review]}\n    why:",
            "13: rules.R1-01.gates: 'c' is no duty of this rule; known: 'a', 'b'",
        ),
        (
            "    why:",
            "    gates: {a: [review]}\n    why:",
            (
                "13: rules.R1-01.gates.a[0]: 'review' is not one of 'independent_review', "
                "'approval_before_deploy'"
            ),
        ),
        (
            "    why:",
            "    counts: {means: [eligible]}\n    why:",
            (
                "13: rules.R1-01.counts: means: must be the first one or more of: held, "
                "eligible, self-grant"
            ),
        ),
        (
            "    why:",
            "    counts: {certainty: []}\n    why:",
            "13: rules.R1-01.counts: certainty: there is none",
        ),
        (
            "    why:",
            "    counts: {max_changes: 2}\n    why:",
            (
                "13: rules.R1-01.counts: max_changes: has no effect, since means does not "
                "name self-grant"
            ),
        ),
        (
            "    why:",
            "    controls: {allowed: []}\n    why:",
            "13: rules.R1-01.controls: allowed: there is none",
        ),
        (
            "    why:",
            "    controls: {allowed: [c], max_days: 0}\n    why:",
            "13: rules.R1-01.controls: max_days: must be at least 1",
        ),
        (
            "    why:",
            "    statu: stable\n    why:",
            "13: rules.R1-01: unknown key 'statu'; did you mean 'status'?",
        ),
        (
            "[{product: p, action: x}]",
            "[]",
            "5: duties.a.ways: there is none, so nobody could ever have this duty",
        ),
        ("action: x", "action: []", "5: duties.a.ways[0].action: must not be empty"),
        ("action: x", "action: [x, x]", "5: duties.a.ways[0].action: 'x' stands twice"),
        (
            "action: x",
            "action: x, enviroment: prod",
            "5: duties.a.ways[0]: unknown key 'enviroment'; did you mean 'environment'?",
        ),
        (
            "action: x",
            "action: x, any_scope: yes",
            "5: duties.a.ways[0].any_scope: 'yes' is neither true nor false",
        ),
        (
            "{product: p, action: x}",
            "{action: x}",
            "5: duties.a.ways[0]: key 'product' is missing",
        ),
        (
            "{product: p, action: x}",
            "{all_of: [{product: p, action: x}, {product: q, action: y}]}",
            (
                "5: duties.a.ways[0]: parts name different products (p, q), but must meet in "
                "one account"
            ),
        ),
        (
            "{product: p, action: x}",
            "{all_of: [{product: p, action: x}]}",
            "5: duties.a.ways[0].all_of: must have at least two parts",
        ),
        (
            "  a: {title",
            "  A:b: {title",
            "5: duties.A:b: a duty id is lower-case letters, digits, '-' and '_'",
        ),
        (
            "ruleset: small",
            "ruleset: My Rules",
            "1: ruleset: 'My Rules' must be lower-case letters, digits and '-'",
        ),
        ("version: 1\n", "", "1: key 'version' is missing"),
        ("owner: me\n", "owner: ''\n", "3: owner: must not be empty"),
        (
            "owner: me\n",
            "owner: me\napproved: {by: x, on: soon, digest: y}\n",
            "4: approved.on: 'soon' is not a date, such as 2026-10-31",
        ),
        ("  R1-01:\n", "  R1-01: {}\n  R1-01:\n", "9: key 'R1-01' stands twice, first in line 8"),
    ],
)
def test_each_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in SMALL

    messages = refusal(tmp_path, SMALL.replace(old, new, 1))

    assert f"rules.yaml:{message}" in messages


def test_two_rules_may_not_share_a_slug(tmp_path: Path) -> None:
    second = SMALL[SMALL.index("  R1-01:") :].replace("R1-01", "R1-02")

    messages = refusal(tmp_path, SMALL + second)

    text = "rules.R1-02: slug 'a-and-b' is that of R1-01 too; give another one as 'slug'"
    assert messages == [f"rules.yaml:15: {text}"]


def test_mistakes_of_every_part_are_told_together(tmp_path: Path) -> None:
    content = SMALL.replace("[a, b]", "[a, c]").replace("action: x", "action: []")

    messages = refusal(tmp_path, content)

    assert [message.split(":")[1] for message in messages] == ["5", "10"]


def test_no_rules_and_no_duties_are_refused(tmp_path: Path) -> None:
    messages = refusal(tmp_path, "ruleset: x\nversion: 1\nowner: o\nduties: {}\nrules: {}\n")

    assert messages == [
        "rules.yaml:4: duties: there is none",
        "rules.yaml:5: rules: there is none",
    ]


def test_a_name_is_a_builtin_and_anything_like_a_path_is_a_path(tmp_path: Path) -> None:
    assert find_ruleset("devops", tmp_path).name == "devops.yaml"
    assert find_ruleset("./devops", tmp_path) == tmp_path / "devops"
    assert find_ruleset("own.yaml", tmp_path) == tmp_path / "own.yaml"


def test_an_unknown_name_is_told_with_what_is_near() -> None:
    with pytest.raises(RulesetError) as caught:
        find_ruleset("devop", Path(), where=SourceRef("sod.yaml", 3))

    assert str(caught.value) == (
        "sod.yaml:3: no built-in ruleset 'devop'; did you mean 'devops'?; "
        "a ruleset of your own is named by its path, such as ./rules.yaml"
    )


_words = st.text("abc xyz:#'\"-", min_size=1, max_size=12).filter(str.strip)


@settings(max_examples=60, deadline=None)
@given(
    actions=st.lists(_words, min_size=1, max_size=4, unique=True),
    why=_words,
    severity=st.sampled_from(Severity),
)
def test_values_arrive_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str], why: str, severity: Severity
) -> None:
    def text(word: str) -> str:
        return "'" + word.replace("'", "''") + "'"

    content = (
        SMALL.replace("action: x", f"action: [{', '.join(map(text, actions))}]")
        .replace("why: Loss.", f"why: {text(why)}")
        .replace("severity: high", f"severity: {severity}")
    )

    ruleset = loaded(tmp_path_factory.getbasetemp(), content)

    assert ruleset.duty["a"].ways[0].parts[0].actions == tuple(actions)
    assert (ruleset.rules[0].why, ruleset.rules[0].severity) == (why, severity)
