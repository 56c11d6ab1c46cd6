"""Cases worked out by hand, on the engine and on the oracle: both must say what is expected.

`tests/cases/NAME.yaml` holds rules, `NAME.cases.yaml` beside it the cases. `pytest -s` prints how
many there are of each kind of rule and verdict.
"""

from __future__ import annotations

import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from sod_analyzer.rulebench import CaseResult, run_cases
from sod_analyzer.rules import load_cases, load_ruleset
from tests.rule_case_worlds import (
    Case,
    CaseFile,
    Right,
    read_cases,
    read_ruleset,
    rights_of,
    world_of,
)
from tests.rule_mitigations import stands
from tests.rule_oracle import BROKEN, CHECKED, CLEAR, Oracle, judged_kind
from tests.rule_texts import Plain, read_rule

FOLDER = Path(__file__).parent / "cases"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yaml") if not path.stem.endswith(".cases"))
VERDICTS = ("violation", "gated", "mitigated", "clear", "not-evaluable")
_WORST = ("violation", "not-evaluable", "mitigated", "gated", "clear")


@cache
def ruleset(name: str) -> Plain:
    return read_ruleset(FOLDER / f"{name}.yaml")


@cache
def case_file(name: str) -> CaseFile:
    return read_cases(_cases_path(name).read_text(encoding="utf-8"))


def cases(name: str) -> tuple[Case, ...]:
    return case_file(name).cases


@cache
def rights(name: str) -> tuple[Right, ...]:
    return tuple(rights_of(case_file(name)))


@cache
def engine(name: str) -> dict[int, CaseResult]:
    """What the engine says, by the line of the case."""
    loaded = load_ruleset(FOLDER / f"{name}.yaml")
    results = run_cases(loaded, load_cases(_cases_path(name)))
    return {result.case.where.line or 0: result for result in results}


def _cases_path(name: str) -> Path:
    return FOLDER / f"{name}.cases.yaml"


def label(place: str) -> str:
    kind, _, key = place.partition(":")
    return key or kind


def said(name: str, case: Case) -> tuple[str, set[str]]:
    """What the oracle says of a case: the worst verdict, and where."""
    world, stage = world_of(case_file(name), case, rights(name))
    oracle, rule = Oracle(world), read_rule(ruleset(name), case.rule_id)
    by_kind = {"identity": stage.identity, "account": stage.account, "role": stage.role}
    subjects = by_kind[judged_kind(rule)]
    found: dict[str, str] = {}
    for (subject, place), verdict in oracle.rows(rule, subjects).items():
        if rule.counts_people and label(place) != case.at:
            continue
        here = verdict == BROKEN and label(place) == case.at
        settled = "mitigated" if here and _excused(name, case, oracle, subject) else verdict
        found[place] = min(settled, found.get(place, CLEAR), key=_WORST.index)
    worst = min(found.values(), default=CLEAR, key=_WORST.index)
    return worst, {label(place) for place, verdict in found.items() if verdict == worst}


def _excused(name: str, case: Case, oracle: Oracle, subject: str) -> bool:
    if case.mitigation is None:
        return False
    rule = read_rule(ruleset(name), case.rule_id)
    place = next(p for p in [*oracle.places(rule), "anywhere:", "all:"] if label(p) == case.at)
    controls = ruleset(name).get("controls", {})
    return stands(case.mitigation, controls, rule, oracle, subject=subject, place=place)


#: What the engine does not do yet; each with what is missing.
WAITING: dict[tuple[str, str], str] = {}
EVERY = [
    pytest.param(name, case, id=f"{name}.cases.yaml:{case.line}-{case.rule_id}-{case.expected}")
    for name in NAMES
    for case in cases(name)
]


@pytest.mark.parametrize(("name", "case"), EVERY)
def test_the_engine_says_what_is_expected(name: str, case: Case) -> None:
    result = engine(name)[case.line]
    missing = WAITING.get((case.rule_id, case.expected))
    if missing is not None:
        assert not result.passed, f"{case.rule_id} is right now: take it out of WAITING"
        pytest.skip(missing)

    assert result.passed, str(result)


@pytest.mark.parametrize(("name", "case"), EVERY)
def test_the_oracle_says_what_is_expected(name: str, case: Case) -> None:
    verdict, places = said(name, case)

    where = f"tests/cases/{name}.cases.yaml:{case.line}: {case.rule_id}"
    assert verdict == case.expected, f"{where}: expected {case.expected}, found {verdict} {places}"
    if verdict != CLEAR and case.at is not None:
        assert case.at in places, f"{where}: expected at {case.at}, found at {places}"


# -- the matrix ------------------------------------------------------------------------------------

#: Cells that no case can fill.
IMPOSSIBLE = {
    ("min_holders", "gated"): "only who needs nobody's approval counts in the first place",
    **{
        (f"hygiene {check}", "gated"): "the check is about no duty, so no gate stands before one"
        for check in CHECKED
    },
}
KINDS = (
    "all_of",
    "all_of with alternatives",
    "at_least",
    "critical",
    "only",
    "may_hold_only",
    "max_holders",
    "min_holders",
    "min_people",
    "max_grant_hours",
    "role_conflicts",
    *(f"hygiene {check}" for check in CHECKED),
)
MATRIX = FOLDER / "matrix.md"


def kind_of(text: Plain) -> str:
    """The row of a rule in the matrix."""
    if "hygiene" in text:
        return f"hygiene {text['hygiene']['check']}"
    logic = text.get("duties", {})
    if "all_of" in logic:
        several = any(isinstance(leg, dict) for leg in logic["all_of"])
        return "all_of with alternatives" if several else "all_of"
    (kind,) = {*KINDS, "role_conflicts"} & {*text, *logic}
    return kind


def counted() -> Counter[tuple[str, str]]:
    """How many cases there are of each kind of rule and verdict."""
    return Counter(
        (kind_of(ruleset(name)["rules"][case.rule_id]), case.expected)
        for name in NAMES
        for case in cases(name)
    )


def matrix() -> str:
    """The matrix as a Markdown table, with the reason of each empty cell."""
    found = counted()
    lines = [
        "# Hand-written cases by kind of rule and verdict",
        "",
        "Written by `python -m tests.test_hand_cases`; the test fails when it is out of date.",
        "",
        f"| kind | {' | '.join(VERDICTS)} |",
        f"|---|{'---:|' * len(VERDICTS)}",
    ]
    for kind in KINDS:
        row = [
            "–" if (kind, verdict) in IMPOSSIBLE else str(found[kind, verdict])
            for verdict in VERDICTS
        ]
        lines.append(f"| {kind} | {' | '.join(row)} |")
    sums = [str(sum(found[kind, verdict] for kind in KINDS)) for verdict in VERDICTS]
    lines += [f"| all | {' | '.join(sums)} |", ""]
    lines += [
        f"- {kind}, {verdict}: cannot be, since {why}."
        for (kind, verdict), why in IMPOSSIBLE.items()
    ]
    return "\n".join([*lines, ""])


def test_every_kind_of_rule_meets_every_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    found = counted()
    with capsys.disabled():
        sys.stdout.write(f"\n{matrix()}\n")

    empty = {(kind, verdict) for kind in KINDS for verdict in VERDICTS if not found[kind, verdict]}
    assert empty == set(IMPOSSIBLE)


def test_there_are_a_hundred_cases_and_no_two_are_the_same() -> None:
    every = [
        (name, case.rule_id, case.expected, repr(case.people), case.at, repr(case.mitigation))
        for name in NAMES
        for case in cases(name)
    ]

    assert len(every) >= 100
    assert [each for each, n in Counter(every).items() if n > 1] == []


def test_the_printed_matrix_is_up_to_date() -> None:
    written = MATRIX.read_text(encoding="utf-8")

    assert written == matrix(), "run `python -m tests.test_hand_cases`"


def test_what_the_engine_still_lacks_is_about_cases_that_exist() -> None:
    known = {(case.rule_id, case.expected) for name in NAMES for case in cases(name)}

    assert set(WAITING) <= known


if __name__ == "__main__":
    MATRIX.write_text(matrix(), encoding="utf-8")
