"""What lint finds in rulesets, what it leaves alone, and that its proofs are proofs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.catalogue.actions import actions_meet
from sod_analyzer.catalogue.globs import globs_meet, matches, resource_globs_meet
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.ruleset import (
    Duty,
    Exclusion,
    Rule,
    Ruleset,
    ScopeKind,
    Selector,
    Severity,
    Subjects,
    Way,
)
from sod_analyzer.rulebench.difference import needed
from sod_analyzer.rulebench.opening import open_ruleset
from sod_analyzer.rules import builtin_rulesets, load_cases, load_ruleset
from sod_analyzer.rules.containment import (
    Duties,
    action_covers,
    glob_covers,
    globs_apart,
    part_within,
    resources_apart,
    subjects_within,
)
from sod_analyzer.rules.lint import CODES, LintNote, lint
from sod_analyzer.rules.lint_cases import wanted
from sod_analyzer.rules.lint_notes import note, ordered
from sod_analyzer.rules.subsuming import Subsuming, as_bad
from tests.conftest import ROOT
from tests.rules.mistakes_bench import CASES, FILES, load_base
from tests.rules.test_mistakes import MISTAKES

DAY = date(2026, 10, 1)

#: Told of files that `open_ruleset` refuses, so no command of the bench gets that far.
REFUSED = {"cases-of-another-ruleset", "case-of-unknown-rule"}


def codes(notes: Iterable[LintNote]) -> list[str]:
    return [each.code for each in notes]


# -- what comes along ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(builtin_rulesets()))
def test_nothing_is_odd_in_what_comes_along_but_that_nobody_has_approved_it_yet(name: str) -> None:
    opened = open_ruleset(name, ROOT)

    notes = lint(opened.ruleset, opened.cases, as_of=DAY)

    assert [str(each) for each in notes if each.code != "unapproved"] == []
    assert codes(notes) == ["unapproved"]


@pytest.mark.parametrize("name", sorted(builtin_rulesets()))
def test_the_misses_that_lint_asks_for_are_those_that_the_test_of_rules_asks_for(name: str) -> None:
    ruleset = load_ruleset(builtin_rulesets()[name])

    for rule in ruleset.rules:
        assert set(wanted(rule, ruleset.duty)) == set(needed(rule, ruleset.duty).values())


# -- codes -----------------------------------------------------------------------------------------


def test_every_code_is_planted() -> None:
    planted = {mistake.code for mistake in MISTAKES if mistake.code}

    assert planted | REFUSED == set(CODES)


def test_the_page_explains_every_code_and_no_other() -> None:
    page = (ROOT / "docs" / "lint.md").read_text(encoding="utf-8")

    rows = re.findall(r"^\| `([a-z-]+)` \| (error|warning) \| (.+) \| (.+) \|$", page, re.MULTILINE)

    assert {code: weight for code, weight, _, _ in rows} == dict(CODES)
    assert all(len(why) > 20 and len(cure) > 10 for _, _, why, cure in rows)


def test_cases_that_fit_no_rule_are_told(tmp_path: Path) -> None:
    ruleset = load_base(tmp_path)
    text = CASES.replace("ruleset: bank", "ruleset: bnk").replace("DEV-02:", "DEV-20:")
    path = tmp_path / "bank.cases.yaml"
    path.write_text(text, encoding="utf-8")

    notes = lint(ruleset, load_cases(path), as_of=DAY)

    told = [str(each) for each in notes if each.code in {*REFUSED, "rule-without-case"}]
    assert told[:2] == [
        "bank.cases.yaml:1: cases of 'bnk', but the ruleset is 'bank'; name that one",
        "bank.cases.yaml:31: there is no rule 'DEV-20'; did you mean 'DEV-02'?",
    ]
    assert "DEV-02 has no case" in told[2]


def test_notes_are_sorted_by_file_line_and_code_and_none_stands_twice() -> None:
    one = note("unused-duty", "b", SourceRef("a.yaml", 2))
    two = note("duplicate-duty", "a", SourceRef("a.yaml", 2))
    three = note("unapproved", "c", SourceRef("a.yaml", 10))

    assert ordered([three, one, two, one]) == (two, one, three)
    assert (one.severity, note("one-duty-enough", "", SourceRef("a")).severity) == (
        "warning",
        "error",
    )


def test_a_ruleset_without_a_text_is_linted_too(tmp_path: Path) -> None:
    bare = replace(load_base(tmp_path), text="")

    notes = lint(bare, as_of=DAY)

    assert [(each.code, each.where) for each in notes] == [
        ("unapproved", SourceRef("bank.yaml")),
    ]


# -- what is left alone ----------------------------------------------------------------------------


def test_of_imported_rules_only_what_is_certainly_wrong_is_told(tmp_path: Path) -> None:
    """A warning about a file of others is theirs to read."""
    load_base(tmp_path)
    shared = FILES["shared.yaml"].replace("    controls: {allowed: [CC-LOG]}\n", "")
    (tmp_path / "shared.yaml").write_text(shared, encoding="utf-8")

    own = lint(load_ruleset(tmp_path / "shared.yaml"), as_of=DAY)
    imported = lint(load_ruleset(tmp_path / "bank.yaml"), as_of=DAY)

    assert set(codes(own)) == {"unapproved", "missing-control", "unused-control"}
    assert codes(imported) == ["unapproved"]


def rule(rule_id: str, *duties: str, **facts: Any) -> Rule:
    stated = Rule(
        rule_id=rule_id,
        slug=rule_id.lower(),
        title=rule_id,
        duties=duties,
        count=len(duties),
        scope=ScopeKind.APPLICATION,
        severity=Severity.HIGH,
        why="Loss.",
        controls=("CC-1",),
        where=SourceRef("r.yaml", 1),
    )
    return replace(stated, **facts)


def duty(name: str, *ways: Way) -> Duty:
    return Duty(name, name, ways, where=SourceRef("r.yaml", 1))


def way(action: str, product: str = "p", **facts: Any) -> Way:
    return Way((replace(Selector(product, (action,)), **facts),))


PUSH, MERGE, DEPLOY = (duty(name, way(name)) for name in ("push", "merge", "deploy"))


def ruleset(*rules: Rule, duties: Iterable[Duty] = (PUSH, MERGE, DEPLOY)) -> Ruleset:
    return Ruleset("r", "1", "R", "me", tuple(duties), rules, "", "r.yaml")


def pair_codes(*rules: Rule, duties: Iterable[Duty] = (PUSH, MERGE, DEPLOY)) -> set[str]:
    about = {"subsumed-rule", "duplicate-rule", "one-right-enough", "one-duty-enough"}
    return about & set(codes(lint(ruleset(*rules, duties=duties), as_of=DAY)))


def test_a_more_severe_rule_within_another_is_meant() -> None:
    """Three duties together are worse than two of them: that is what the third rule is for."""
    two = rule("R-01", "push", "deploy")
    three = rule("R-02", "push", "merge", "deploy")

    assert pair_codes(two, three) == {"subsumed-rule"}
    assert pair_codes(two, replace(three, severity=Severity.CRITICAL)) == set()
    assert pair_codes(two, replace(three, tiers={"retail": Severity.CRITICAL})) == set()


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"scope": ScopeKind.SYSTEM}, {}),
        ({"subjects": Subjects(departments=("IT*",))}, {}),
        ({}, {"subjects": Subjects(kinds=("workload",))}),
        ({"only_tiers": ("retail",)}, {}),
        ({"gates": {"push": ("independent_review",)}}, {}),
        ({"count": 2}, {"count": 1}),
    ],
)
def test_a_rule_that_may_miss_what_the_other_finds_covers_nothing(
    wide: dict[str, Any], narrow: dict[str, Any]
) -> None:
    one = rule("R-01", "push", "deploy", **wide)
    other = rule("R-02", "push", "deploy", **narrow)

    compare = Subsuming(Duties({each.duty_id: each for each in (PUSH, MERGE, DEPLOY)}))

    assert not compare.implies(other, one)


def test_a_narrower_rule_lies_within_a_wider_one() -> None:
    compare = Subsuming(Duties({each.duty_id: each for each in (PUSH, MERGE, DEPLOY)}))
    wide = rule("R-01", "push", "deploy", scope=ScopeKind.ANYWHERE)
    narrow = rule(
        "R-02",
        "push",
        "deploy",
        gates={"push": ("independent_review",)},
        subjects=Subjects(departments=("IT",)),
        only_tiers=("retail",),
    )

    assert compare.implies(narrow, wide)
    assert not compare.implies(wide, narrow)
    assert as_bad(wide, narrow)


def test_two_patterns_with_a_right_in_common_are_no_proof_of_anything() -> None:
    """`code*` and `*deploy` meet in `codedeploy`, but neither holds the other."""
    duties = (duty("push", way("code*")), duty("deploy", way("*deploy")))

    assert pair_codes(rule("R-01", "push", "deploy"), duties=duties) == set()


def test_a_right_of_both_duties_is_enough_where_the_rule_asks_for_two() -> None:
    both = (
        duty("push", way("push"), way("admin")),
        duty("deploy", way("deploy"), way("admin")),
        MERGE,
    )

    assert pair_codes(rule("R-01", "push", "deploy"), duties=both) == {"one-right-enough"}
    assert pair_codes(rule("R-01", "push", "deploy", "merge"), duties=both) == set()


@pytest.mark.parametrize(
    ("subjects", "places", "until", "never"),
    [
        (Subjects(), ("*",), None, True),
        (Subjects(people=("*",)), (), None, True),
        (Subjects(kinds=("person", "vendor")), (), None, False),
        (Subjects(departments=("*",)), ("*",), None, False),
        (Subjects(people=("*",)), ("sandbox",), None, False),
        (Subjects(), ("*",), date(2026, 9, 30), False),
    ],
)
def test_only_an_exclusion_of_all_there_is_leaves_nothing(
    subjects: Subjects,
    places: tuple[str, ...],
    until: date | None,
    never: bool,  # noqa: FBT001 - expected
) -> None:
    """Who has no department is not left out by one."""
    left_out = Exclusion("Why", "me", date(2026, 1, 1), until, subjects, places)
    asked = rule("R-01", "push", "deploy", exclusions=(left_out,))

    found = codes(lint(ruleset(asked), as_of=DAY))

    assert ("never-broken" in found) is never


# -- proofs are proofs -----------------------------------------------------------------------------

GLOBS = st.text("ab*?", min_size=1, max_size=5)
TEXTS = [*(("".join(each)) for n in range(1, 5) for each in product("ab", repeat=n))]


@given(GLOBS, GLOBS, GLOBS)
@settings(max_examples=200, deadline=None)
def test_a_covering_glob_matches_whatever_the_covered_one_does(
    wide: str, narrow: str, held: str
) -> None:
    if glob_covers(wide, narrow):
        assert all(matches(wide, text) for text in TEXTS if matches(narrow, text))
        # A source's own wildcard is met by patterns as a whole.
        assert globs_meet(wide, held) or not globs_meet(narrow, held)
    if globs_apart(wide, narrow):
        assert not globs_meet(wide, narrow)


@given(st.text("ab/*", min_size=1, max_size=6), st.text("ab/*", min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_resources_that_are_apart_never_meet(one: str, other: str) -> None:
    if resources_apart(one, other):
        assert not resource_globs_meet(one, other)


ACTIONS = st.sampled_from(
    [
        *("*", "get *", "get pods", "* pods", "get pods.core", "create deployments.apps"),
        *(
            "create *.apps",
            "create deployments.*",
            "* *.apps",
            "get /metrics",
            "get /*",
            "create *",
        ),
    ]
)


@given(ACTIONS, ACTIONS, ACTIONS, st.booleans())
@settings(max_examples=200, deadline=None)
def test_a_covering_pattern_of_kubernetes_meets_whatever_the_covered_one_meets(
    wide: str,
    narrow: str,
    held: str,
    wildcard: bool,  # noqa: FBT001 - drawn
) -> None:
    if action_covers("kubernetes", wide, narrow):
        met = actions_meet("kubernetes", held, narrow, wildcard=wildcard)
        assert not met or actions_meet("kubernetes", held, wide, wildcard=wildcard)


@pytest.mark.parametrize(
    ("narrow", "wide", "within"),
    [
        ({}, {}, True),
        ({"environment": "prod"}, {}, True),
        ({}, {"environment": "prod"}, False),
        ({"resource": "o/pay"}, {"resource": "o/*"}, True),
        ({"resource": "o/*"}, {"resource": "o/pay"}, False),
        ({"any_scope": True}, {}, False),
        ({}, {"any_scope": True}, True),
        ({}, {"unless": (Selector("p", ("get*",)),)}, False),
        ({"unless": (Selector("p", ("get*",)),)}, {"unless": (Selector("p", ("get",)),)}, True),
    ],
)
def test_a_part_lies_within_another_only_where_it_is_narrower_in_every_way(
    narrow: dict[str, Any],
    wide: dict[str, Any],
    within: bool,  # noqa: FBT001 - expected
) -> None:
    ways = (way("x", **narrow), way("x", **wide))

    assert part_within(ways[0].parts[0], ways[1].parts[0]) is within


def test_a_narrowing_lies_within_another_only_where_every_word_does() -> None:
    narrow = Subjects(departments=("IT dev",), titles=("Lead",))

    assert subjects_within(narrow, Subjects())
    assert subjects_within(narrow, Subjects(departments=("IT*", "Ops")))
    assert not subjects_within(narrow, Subjects(departments=("Ops",)))
    assert not subjects_within(narrow, Subjects(roles=("x:y",)))


NAMES = ("a", "b", "c", "d")
WAYS = tuple(way(name) for name in "vwxyz")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[dict[str, Duty], Rule, Rule]:
    duties = {
        name: duty(
            name, *draw(st.lists(st.sampled_from(WAYS), min_size=1, max_size=3, unique=True))
        )
        for name in NAMES
    }

    def one(name: str) -> Rule:
        legs = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True))
        count = draw(st.integers(1, len(legs)))
        scope = draw(st.sampled_from([ScopeKind.APPLICATION, ScopeKind.ANYWHERE]))
        return rule(name, *legs, count=count, scope=scope)

    return duties, one("R-01"), one("R-02")


def broken(asked: Rule, duties: dict[str, Duty], rights: frozenset[tuple[Way, str]]) -> bool:
    """By going through places and counting legs, without any proof."""
    places = [{"here"}, {"there"}] if asked.scope is ScopeKind.APPLICATION else [{"here", "there"}]
    return any(
        sum(any((w, p) in rights for w in duties[leg].ways for p in where) for leg in asked.duties)
        >= asked.count
        for where in places
    )


@given(
    worlds(), st.frozensets(st.tuples(st.sampled_from(WAYS), st.sampled_from(["here", "there"])))
)
@settings(max_examples=120, deadline=None)
def test_whoever_breaks_a_subsumed_rule_breaks_the_other(
    world: tuple[dict[str, Duty], Rule, Rule], rights: frozenset[tuple[Way, str]]
) -> None:
    duties, one, other = world

    if Subsuming(Duties(duties)).implies(one, other):
        assert broken(other, duties, rights) or not broken(one, duties, rights)
