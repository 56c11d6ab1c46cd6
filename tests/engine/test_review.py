"""Corners that a second reading of the rules' judges found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sod_analyzer.compose.dossier import dossier
from sod_analyzer.compose.report import tables_of
from sod_analyzer.model.ruleset import (
    Exclusion,
    Hygiene,
    HygieneCheck,
    Rule,
    RuleKind,
    ScopeKind,
    Subjects,
)
from tests.engine.kit import PLACEMENTS, analysis_of, plain, world
from tests.world import TODAY, rule

BOTH = rule("R", "commit", "deploy")
ONE_SYSTEM = {"x-prod": ("x", "prod")}


def without(one: Rule, **narrow: Any) -> Rule:
    """The rule with one exclusion."""
    return replace(one, exclusions=(Exclusion("tried", "risk", TODAY, **narrow),))


def rows_of(analysis: Any, name: str) -> list[dict[str, Any]]:
    """One table of the report."""
    rows: list[dict[str, Any]] = tables_of(analysis)[name].to_pylist()
    return rows


# -- explaining ------------------------------------------------------------------------------------


def test_a_finding_about_a_login_is_explained_though_no_identity_has_its_id() -> None:
    dormant = replace(
        rule("R", count=0, scope=ScopeKind.ANYWHERE),
        kind=RuleKind.HYGIENE,
        hygiene=Hygiene(HygieneCheck.DORMANT_PRIVILEGED),
    )
    analysis = analysis_of(
        world("i0 > a0 > r0"), dormant, facts={"roles": {"r0": {"privileged": True}}}
    )
    (found,) = rows_of(analysis, "violations")

    told = dossier(analysis, found["finding_id"], max_paths=5)

    assert [(row["from_id"], row["to_id"]) for row in told.rows] == [("a0", "r0")]


# -- exclusions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("placements", [(), PLACEMENTS[:1]])
@pytest.mark.parametrize("pattern", ["sandbox", "al*", "?ll"])
def test_an_exclusion_of_other_places_leaves_whoever_has_everything(
    placements: Any, pattern: str
) -> None:
    whole = world("i0 > a0 > x-prod * *", systems=ONE_SYSTEM, placements=placements)

    got = plain(analysis_of(whole, without(BOTH, places=(pattern,))))

    assert got == {("i0", "all"): "violation"}


@pytest.mark.parametrize("pattern", ["*", "all"])
def test_an_exclusion_of_every_place_leaves_nothing_of_one_person(pattern: str) -> None:
    whole = world("i0 > a0 > x-prod * *", systems=ONE_SYSTEM, placements=())
    one = without(BOTH, subjects=Subjects(people=("i0",)), places=(pattern,))

    assert plain(analysis_of(whole, one)) == {}
