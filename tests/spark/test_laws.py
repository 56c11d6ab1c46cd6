"""Far memberships give the report that near ones give, whatever the world; no Spark is needed."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sod_analyzer.assemble import assemble
from sod_analyzer.compose.report import Analysis, analyse, tables_of
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.ruleset import Counts, Means, Ruleset, ScopeKind
from sod_analyzer.spark.analysis import _Near
from tests.rule_law_worlds import Folk, Person, folks
from tests.spark.pretend import bare, pretended
from tests.strategies import DUTIES, worlds
from tests.test_rule_laws import ruleset as laws
from tests.test_rule_laws import world as world_of
from tests.world import World, rule, ruleset, snapshot_of

_QUICK = settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
_OWN = Counts(means=(Means.HELD, Means.ELIGIBLE, Means.SELF_GRANT), max_changes=2)
_RULES = ruleset(
    tuple(DUTIES.values()),
    [
        rule("A-1", "commit", "deploy"),
        rule("A-2", "both", "launch", scope=ScopeKind.SYSTEM),
        rule("A-3", "commit", "deploy", "launch", count=2, scope=ScopeKind.ANYWHERE),
        rule("A-4", "commit", "launch", counts=_OWN),
    ],
)


def told(analysis: Analysis) -> dict[str, list[dict[str, object]]]:
    """Every table of the report."""
    return {name: table.to_pylist() for name, table in tables_of(analysis).items()}


def both_ways(
    snapshot: Snapshot,
    rules: Ruleset,
    *,
    seed: int,
    lean: bool,
    unknown: frozenset[str] = frozenset(),
) -> None:
    """Hold one to the other; where `lean`, as if everything were claimed by an application.

    In small worlds hardly anything is, and then the memberships that lead to it are all here.
    """
    day = snapshot.as_of
    near = analyse(snapshot, rules, as_of=day, unknown_systems=unknown)
    nothing = mock.PropertyMock(return_value=np.empty(0, dtype=np.int64))
    with mock.patch.object(_Near, "_unclaimed", nothing) if lean else nullcontext():
        far = pretended(snapshot, seed).analyse(
            bare(snapshot), rules, as_of=day, unknown_systems=unknown
        )
    expected, found = told(near), told(far)
    if lean:
        del expected["unmapped"], found["unmapped"]

    assert found == expected


@given(world=worlds(), seed=st.integers(0, 3), lean=st.booleans())
@_QUICK
def test_the_report_of_any_world_is_the_same(world: World, seed: int, *, lean: bool) -> None:
    both_ways(snapshot_of(world), _RULES, seed=seed, lean=lean)


@given(
    folk=folks(),
    seed=st.integers(0, 3),
    lean=st.booleans(),
    # Few at a time: memberships of whoever one rule finds are there for all others.
    chosen=st.sets(st.integers(0, len(laws().rules) - 1), min_size=1, max_size=3),
)
@_QUICK
def test_the_report_of_every_kind_of_rule_is_the_same(
    folk: Folk, seed: int, chosen: set[int], *, lean: bool
) -> None:
    found = world_of(folk)
    snapshot = assemble([found.batch], found.estate)

    unknown = frozenset(found.unknown_systems)
    rules = replace(laws(), rules=tuple(laws().rules[n] for n in sorted(chosen)))
    both_ways(snapshot, rules, seed=seed, lean=lean, unknown=unknown)


@pytest.mark.parametrize(
    ("right", "said"),
    [("f1 push shop self-grant", False), ("f1 push shop via=r1 self-grant", True)],
)
def test_whether_a_source_says_who_manages_groups_is_the_same(right: str, *, said: bool) -> None:
    """Somebody who can give himself a right manages no group; who can join a role does."""
    found = world_of(Folk((Person("ann", (), (right,)),), missing=False))
    snapshot = assemble([found.batch], found.estate)
    rules = laws()
    rules = replace(rules, rules=tuple(each for each in rules.rules if each.hygiene))

    report = told(analyse(snapshot, rules, as_of=snapshot.as_of))["rules"]

    assert ("who manages a group" not in str(report)) == said
    for lean in (False, True):
        both_ways(snapshot, rules, seed=0, lean=lean)
