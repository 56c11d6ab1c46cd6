"""Which edges sign-in adds, and which groups stay empty."""

from __future__ import annotations

import pyarrow as pa
import pytest

from sod_analyzer.errors import ConfigError
from sod_analyzer.identity import Federated
from sod_analyzer.model.access import BATCH_GRANTS
from sod_analyzer.model.rows import Rows
from sod_analyzer.model.settings import FederationKey
from tests.identity.worlds import (
    accounts,
    federated,
    groups_from,
    kinds,
    roles,
    signs_in,
    systems,
)

DECLARED = systems(("k8s", "kubernetes"), ("ldap", "ldap"))


def edges(result: Federated) -> list[tuple[str, str, bool]]:
    return sorted(
        (row["holder"], row["target"], row["conditional"]) for row in result.grants.to_pylist()
    )


def test_an_account_has_what_the_account_behind_it_has() -> None:
    logins = accounts({"account": "k8s:oidc:ann"}, {"account": "ldap:uid=ann", "login": "ann"})

    result = federated(logins, signs_in("k8s", "ldap"))

    (row,) = result.grants.to_pylist()
    assert tuple(
        row[name] for name in ("holder_kind", "holder", "target_kind", "target", "kind")
    ) == ("account", "k8s:oidc:ann", "account", "ldap:uid=ann", "federated")
    assert (row["source_id"], row["record"]) == ("config", 40)


def test_an_account_that_could_sign_in_through_two_gets_both_conditionally() -> None:
    logins = accounts(
        {"account": "k8s:a@x"},
        {"account": "ldap:one", "email": "A@x"},
        {"account": "ldap:two", "email": "a@X"},
    )

    result = federated(logins, signs_in("k8s", "ldap", by=FederationKey.EMAIL, prefix=""))

    assert edges(result) == [("k8s:a@x", "ldap:one", True), ("k8s:a@x", "ldap:two", True)]
    assert "one of 2 accounts" in result.grants.column("condition")[0].as_py()


@pytest.mark.parametrize("login", ["ann", "OIDC:ann", "oidc:", "oidc:bob"])
def test_a_login_that_does_not_fit_signs_in_through_nobody(login: str) -> None:
    logins = accounts(
        {"account": "k8s:x", "login": login},
        {"account": "ldap:ann"},
        {"account": "ldap:nobody", "login": ""},
        {"account": "ldap:null", "login": None},
    )

    result = federated(logins, signs_in("k8s", "ldap"))

    assert edges(result) == []


def test_a_group_is_filled_by_the_role_of_that_name() -> None:
    bundles = roles(
        {"role": "k8s:group/oidc:payments"},
        {"role": "ldap:cn=payments", "name": "payments"},
        {"role": "ldap:cn=Payments", "name": "Payments"},
    )

    result = federated(
        accounts(), groups=[groups_from("k8s", "ldap")], bundles=bundles, declared=DECLARED
    )

    (row,) = result.grants.to_pylist()
    assert tuple(row[name] for name in ("holder_kind", "holder", "target_kind", "target")) == (
        "role",
        "ldap:cn=payments",
        "role",
        "k8s:group/oidc:payments",
    )
    assert (row["source_id"], row["record"]) == ("config", 41)
    assert kinds(result) == []


def test_groups_that_nothing_fills_are_gaps_and_the_servers_own_are_not() -> None:
    bundles = roles(
        {"role": "k8s:group/oidc:gone"},
        {"role": "k8s:group/local"},
        {"role": "k8s:group/system:masters"},
        {"role": "k8s:role/ns/x", "kind": "Role", "name": "x"},
    )

    result = federated(
        accounts(), groups=[groups_from("k8s", "ldap")], bundles=bundles, declared=DECLARED
    )

    assert kinds(result) == [
        ("group-without-members", "k8s:group/local", "yes"),
        ("group-without-members", "k8s:group/oidc:gone", "yes"),
    ]
    texts = sorted(result.issues.column("text").to_pylist())
    assert "does not begin with 'oidc:'" in texts[0]
    assert "ldap has no 'gone'" in texts[1]


def test_a_cluster_without_groups_from_reports_each_group() -> None:
    bundles = roles({"role": "k8s:group/a"}, {"role": "ldap:b", "name": "b"})

    result = federated(accounts(), bundles=bundles, declared=DECLARED)

    assert kinds(result) == [("group-without-members", "k8s:group/a", "yes")]


def test_a_group_with_members_of_its_own_is_no_gap() -> None:
    grants = Rows(BATCH_GRANTS)
    grants.add(holder_kind="account", holder="k8s:x", target_kind="role", target="k8s:group/a")

    result = federated(
        accounts(),
        bundles=roles({"role": "k8s:group/a"}),
        declared=DECLARED,
        grants=grants.table(),
    )

    assert kinds(result) == []


def test_a_cluster_out_of_scope_reports_nothing() -> None:
    row = DECLARED.to_pylist()[0] | {"scope": "out-of-scope"}
    declared = pa.Table.from_pylist([row], schema=DECLARED.schema)

    result = federated(accounts(), bundles=roles({"role": "k8s:group/a"}), declared=declared)

    assert kinds(result) == []


def test_an_undeclared_system_is_refused_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"sod\.yaml:40: no system 'ldapp'.*did you mean 'ldap'"):
        federated(accounts(), signs_in("k8s", "ldapp"), declared=DECLARED)


def test_signing_in_in_a_circle_is_refused() -> None:
    with pytest.raises(ConfigError, match="in a circle: k8s > ldap > k8s"):
        federated(accounts(), signs_in("k8s", "ldap"), signs_in("ldap", "k8s"), declared=DECLARED)
