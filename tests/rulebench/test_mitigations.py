"""A case's mitigation: what is in order excuses the place, and everything else does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from sod_analyzer.model.finding import Verdict
from tests.rulebench.small import failures, rule, run

RIGHTS = "[gh push o/pay-api, k8s deploy pay]"


def told(mitigation: str, *, of: str = "mitigated", person: str = RIGHTS, more: str = "") -> str:
    return (
        f"R1-01:\n  {of}:\n    - ann: {person}\n{more}      at: pay\n"
        f"      mitigation: {{control: CC-1{mitigation}}}\n"
    )


@pytest.mark.parametrize(
    "mitigation",
    [
        "",
        ", performer: bob, approver: cat",
        ", frequency: weekly, last_performed: 2026-09-24",
        ', pin: {means: ["held, sure"]}',
        ', pin: {ways: {write: ["gh: push"], ship: ["k8s: deploy [environment=prod]"]}}',
    ],
)
def test_a_control_in_order_excuses_the_place(tmp_path: Path, mitigation: str) -> None:
    others = "      bob: []\n      cat: []\n"

    assert failures(run(tmp_path, told(mitigation, more=others))) == []


@pytest.mark.parametrize(
    ("mitigation", "why"),
    [
        (", valid_until: 2026-09-30", "expired"),
        (", approved_on: 2026-10-02", "not yet"),
        (", frequency: weekly, last_performed: 2026-09-23", "overdue"),
        (", performer: ann", "not independent"),
        (", performer: bob", "not independent"),
        (", performer: eve", "nobody knows who performer eve is"),
        (", pin: none", "not pinned"),
        (", pin: {rule_digest: other}", "lapsed"),
        (', pin: {means: ["eligible, sure"]}', "lapsed"),
        (', pin: {ways: {write: ["gh: push"], ship: ["k8s: run"]}}', "lapsed"),
    ],
)
def test_a_control_that_does_not_stand_leaves_a_hit(
    tmp_path: Path, mitigation: str, why: str
) -> None:
    reports = "      bob: {manager: ann, rights: []}\n"

    (result,) = run(tmp_path, told(mitigation, of="hit", more=reports))

    assert (result.verdict, result.places) == (Verdict.VIOLATION, ("pay",))
    assert why in str(result.said.reason)


def test_whoever_holds_the_same_rule_open_performs_no_control(tmp_path: Path) -> None:
    also = f"      bob: {RIGHTS}\n"

    (result,) = run(tmp_path, told(", performer: bob", of="hit", more=also))

    assert "holds R1-01 open there too" in str(result.said.reason)


def test_a_control_that_the_rule_does_not_allow_leaves_a_hit(tmp_path: Path) -> None:
    strict = rule(controls=("CC-2",), control_max_days=90)

    (result,) = run(tmp_path, told("", of="hit"), strict)

    assert "R1-01 allows CC-2, not CC-1" in str(result.said.reason)


def test_a_mitigation_elsewhere_excuses_nothing(tmp_path: Path) -> None:
    body = told("").replace("at: pay", "at: web")

    (failing,) = failures(run(tmp_path, body))

    assert failing.endswith("expected mitigated at web, found hit at pay")
