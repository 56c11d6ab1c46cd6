"""Linking under random worlds: the oracle agrees, both routes agree, order changes nothing."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.identity import LinkResult, link
from sod_analyzer.identity.link import link_thoroughly
from tests.identity.oracle import candidates
from tests.identity.worlds import accounts, aliases, federated, people, signs_in

EMAILS = st.sampled_from([None, "", "a@x", "A@x\x1c", "b@x", "c@x", "É@x", "é@x\xa0"])
IDS = st.sampled_from([None, "", "1", "01", "\x1f1", "1\xa0", "2", "3"])
KNOWN = st.sampled_from(["1", "01", "2", "9"])
KINDS = st.sampled_from(["person", "person", "person", "workload", "shared", "vendor", None])


@st.composite
def worlds(draw: st.DrawFn) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Accounts of a directory and of a system that signs in through it, people, aliases."""
    staff = draw(st.lists(st.tuples(st.sampled_from(["1", "01", "2", "4"]), EMAILS), max_size=4))
    roster = people(
        *{identity: (identity, email) for identity, email in staff}.values(),
        kind=draw(st.sampled_from(["person", "shared"])),
    )
    rows = [
        {
            "account": f"{system}:{prefix}{login}",
            "email": draw(EMAILS),
            "employee_id": draw(IDS),
            "kind": draw(KINDS),
        }
        for system, prefix in (("k8s", "oidc:"), ("ldap", ""))
        for login in draw(st.lists(st.sampled_from("pqr"), unique=True, max_size=3))
    ]
    named = [str(row["account"]) for row in rows] or ["ldap:p"]
    lines = draw(
        st.lists(
            st.tuples(st.sampled_from(named), st.sampled_from(["1", "01", "2", "9"])), max_size=2
        )
    )
    return accounts(*rows), roster, aliases(*lines)


def tables(result: LinkResult) -> list[list[dict[str, Any]]]:
    return [
        sorted(table.to_pylist(), key=str)
        for table in (
            result.links,
            result.identities,
            result.grants,
            result.derivations,
            result.issues,
        )
    ]


def shuffled(table: pa.Table, chance: random.Random) -> pa.Table:
    rows = list(range(table.num_rows))
    chance.shuffle(rows)
    return table.take(pa.array(rows, pa.int64()))


@settings(max_examples=120, deadline=None)
@given(worlds())
def test_the_oracle_agrees(world: tuple[pa.Table, pa.Table, pa.Table]) -> None:
    logins, roster, alias = world
    staff, lines = roster.to_pylist(), [(r["account"], r["employee_id"]) for r in alias.to_pylist()]
    rows = {row["account"]: row for row in logins.to_pylist()}

    result = link(
        logins, roster, aliases=alias, federated=federated(logins, signs_in("k8s", "ldap"))
    )

    own = set(result.identities.column("identity").to_pylist())
    behind: dict[str, set[str]] = {}
    for name, row in sorted(rows.items(), reverse=True):  # the directory first
        persons, settled = candidates(row, staff, lines, behind)
        behind[f"k8s:oidc:{row['login']}"] = persons
        found = {
            (row["identity"], row["outcome"])
            for row in result.links.to_pylist()
            if row["account"] == name and row["identity"] not in own
        }
        outcome = "linked" if settled else "candidate"
        assert {(person, outcome) for person in persons} == found - {(None, "unmatched")}


@settings(max_examples=120, deadline=None)
@given(worlds())
def test_the_fast_route_says_what_the_thorough_one_says(
    world: tuple[pa.Table, pa.Table, pa.Table],
) -> None:
    logins, roster, alias = world
    signing = federated(logins, signs_in("k8s", "ldap"))

    fast = link(logins, roster, aliases=alias, federated=signing)

    thorough = link_thoroughly(logins, roster, aliases=alias, federated=signing)
    assert tables(thorough) == tables(fast)


@settings(max_examples=60, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_changes_nothing(
    world: tuple[pa.Table, pa.Table, pa.Table], chance: random.Random
) -> None:
    logins, roster, alias = world
    expected = link(
        logins, roster, aliases=alias, federated=federated(logins, signs_in("k8s", "ldap"))
    )

    logins, roster, alias = (shuffled(table, chance) for table in world)
    actual = link(
        logins, roster, aliases=alias, federated=federated(logins, signs_in("k8s", "ldap"))
    )

    assert tables(expected) == tables(actual)


@settings(max_examples=60, deadline=None)
@given(worlds())
def test_every_account_is_held_surely_by_exactly_one_identity(
    world: tuple[pa.Table, pa.Table, pa.Table],
) -> None:
    logins, roster, alias = world

    result = link(
        logins, roster, aliases=alias, federated=federated(logins, signs_in("k8s", "ldap"))
    )

    sure = [row["target"] for row in result.grants.to_pylist() if not row["undecided"]]
    assert sorted(logins.column("account").to_pylist()) == sorted(sure)
