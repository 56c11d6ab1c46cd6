"""Which person an account is, case by case."""

from __future__ import annotations

from sod_analyzer.model.settings import FederationKey
from tests.identity.worlds import (
    accounts,
    aliases,
    held,
    kinds,
    linked,
    links,
    people,
    signs_in,
)


def test_employee_id_links_and_names_the_roster_record() -> None:
    roster = people(("007", None), ("7", None))

    result = linked(accounts({"account": "ldap:ann", "employee_id": " 007 "}), roster)

    expected = {
        "account": "ldap:ann",
        "identity": "hr:007",
        "method": "employee-id",
        "value": "007",
        "outcome": "linked",
        "source_id": "hr",
        "record": 2,
    }
    assert [expected] == result.links.to_pylist()
    assert kinds(result) == []


def test_leading_zeros_are_significant() -> None:
    roster = people(("7", None))

    result = linked(accounts({"account": "ldap:ann", "employee_id": "007"}), roster)

    assert links(result) == [("ldap:ann", None, "none", "unmatched")]
    assert kinds(result) == [("unmatched-account", "ldap:ann", "yes")]
    assert "'007' is not in the roster" in result.issues.column("text")[0].as_py()


def test_unique_email_links_without_letter_case_and_blanks() -> None:
    roster = people(("1", "Ann.Lee@Bank.example"))

    result = linked(accounts({"account": "ldap:ann", "email": " ann.lee@bank.EXAMPLE"}), roster)

    assert links(result) == [("ldap:ann", "hr:1", "email", "linked")]


def test_every_method_that_agrees_is_recorded_and_holds_once() -> None:
    roster = people(("1", "ann@x"))

    result = linked(
        accounts({"account": "ldap:ann", "email": "ann@x", "employee_id": "1"}),
        roster,
        alias=aliases(("ldap:ann", "1")),
    )

    expected = [
        ("ldap:ann", "hr:1", method, "linked") for method in ("alias", "email", "employee-id")
    ]
    assert expected == links(result)
    assert held(result) == [("hr:1", "ldap:ann", False)]


def test_a_recycled_email_links_nobody_and_names_everybody() -> None:
    """The leaver still owns the address: the account may be either person's."""
    roster = people(("1", "ann@x"), ("2", "ANN@x"))

    result = linked(accounts({"account": "ldap:ann", "email": "ann@x"}), roster)

    assert links(result) == [("ldap:ann", None, "none", "unmatched")]
    assert kinds(result) == [
        ("shared-email", "ann@x", "unknown"),
        ("unmatched-account", "ldap:ann", "yes"),
    ]
    text = " ".join(result.issues.column("text").to_pylist())
    assert "Person 1 (hr:1) and Person 2 (hr:2)" in text


def test_a_recycled_email_hides_nothing_once_employee_ids_settle_it() -> None:
    roster = people(("1", "ann@x"), ("2", "ann@x"))

    result = linked(accounts({"account": "ldap:a", "email": "ann@x", "employee_id": "2"}), roster)

    assert links(result) == [("ldap:a", "hr:2", "employee-id", "linked")]
    assert kinds(result) == [("shared-email", "ann@x", "no")]


def test_a_recycled_email_stays_a_gap_when_the_account_is_a_third_persons() -> None:
    roster = people(("1", "ann@x"), ("2", "ann@x"), ("3", None))

    result = linked(accounts({"account": "ldap:a", "email": "ann@x", "employee_id": "3"}), roster)

    assert kinds(result) == [("shared-email", "ann@x", "unknown")]


def test_an_address_that_no_account_carries_is_no_issue() -> None:
    roster = people(("1", "ann@x"), ("2", "ann@x"))

    result = linked(accounts({"account": "ldap:z", "employee_id": "1"}), roster)

    assert kinds(result) == []


def test_a_clash_is_undecided_and_both_people_are_candidates() -> None:
    roster = people(("1", "ann@x"), ("2", "bob@x"))

    result = linked(accounts({"account": "ldap:ann", "email": "ann@x", "employee_id": "2"}), roster)

    assert links(result) == [
        ("ldap:ann", "hr:1", "email", "candidate"),
        ("ldap:ann", "hr:2", "employee-id", "candidate"),
    ]
    assert held(result) == [
        ("hr:1", "ldap:ann", True),
        ("hr:2", "ldap:ann", True),
        ("ldap:ann", "ldap:ann", False),
    ]
    assert kinds(result) == [("undecided-link", "ldap:ann", "yes")]
    text = result.issues.column("text")[0].as_py()
    assert "Person 1 (hr:1) by e-mail 'ann@x' and to Person 2 (hr:2) by employee id '2'" in text


def test_an_alias_does_not_outvote_an_employee_id() -> None:
    roster = people(("1", None), ("2", None))

    result = linked(
        accounts({"account": "ldap:ann", "employee_id": "2"}),
        roster,
        alias=aliases(("ldap:ann", "1")),
    )

    assert result.links.column("outcome").to_pylist() == ["candidate", "candidate"]


def test_two_aliases_that_differ_are_a_clash() -> None:
    roster = people(("1", None), ("2", None))

    result = linked(
        accounts({"account": "ldap:ann"}),
        roster,
        alias=aliases(("ldap:ann", "1"), ("ldap:ann", "2")),
    )

    assert kinds(result) == [("undecided-link", "ldap:ann", "yes")]


def test_an_alias_links_what_nothing_else_does_and_its_line_is_kept() -> None:
    roster = people(("1", None))

    result = linked(accounts({"account": "ldap:root"}), roster, alias=aliases(("ldap:root", "1")))

    assert links(result) == [("ldap:root", "hr:1", "alias", "linked")]
    parts = sorted(
        (row["part"], row["source_id"], row["record"]) for row in result.derivations.to_pylist()
    )
    assert parts == [("alias", "aliases", 2), ("roster", "hr", 2)]


def test_an_unknown_employee_id_keeps_an_email_from_linking() -> None:
    """The address went to a new person; the account is still the old one's."""
    roster = people(("2", "ann@x"))

    result = linked(accounts({"account": "ldap:ann", "email": "ann@x", "employee_id": "1"}), roster)

    assert links(result) == [("ldap:ann", "hr:2", "email", "candidate")]
    assert kinds(result) == [("undecided-link", "ldap:ann", "yes")]


def test_an_alias_settles_an_unknown_employee_id() -> None:
    roster = people(("2", "ann@x"))

    result = linked(
        accounts({"account": "ldap:ann", "email": "ann@x", "employee_id": "1"}),
        roster,
        alias=aliases(("ldap:ann", "2")),
    )

    assert {"linked"} == set(result.links.column("outcome").to_pylist())


def test_one_employee_id_in_two_rosters_is_undecided() -> None:
    first = people(("1", None)).to_pylist()[0]
    roster = people(("1", None)).from_pylist(
        [first, first | {"identity": "hr-fr:1"}], schema=people().schema
    )

    result = linked(accounts({"account": "ldap:ann", "employee_id": "1"}), roster)

    assert kinds(result) == [("undecided-link", "ldap:ann", "yes")]


def test_an_unmatched_account_is_an_identity_of_its_own() -> None:
    result = linked(
        accounts({"account": "ldap:x", "name": "X", "email": "x@y", "employee_id": "9"}),
        people(("1", None)),
    )

    (row,) = result.identities.to_pylist()
    assert tuple(
        row[name]
        for name in (
            "identity",
            "name",
            "email",
            "employee_id",
            "kind",
            "status",
            "source_id",
            "record",
        )
    ) == ("ldap:x", "X", "x@y", None, "person", "unknown", "ldap", 10)
    assert held(result) == [("ldap:x", "ldap:x", False)]


def test_an_account_never_becomes_a_person_by_having_the_persons_id() -> None:
    """An export of people and accounts under the same ids."""
    result = linked(accounts({"account": "hr:1"}), people(("1", None)))

    assert held(result) == [("hr:1#account", "hr:1", False)]


def test_a_workload_keeps_its_own_name_though_its_address_is_a_persons() -> None:
    roster = people(("1", "ann@x"))

    result = linked(accounts({"account": "ldap:bot", "email": "ann@x", "kind": "workload"}), roster)

    assert held(result) == [("ldap:bot", "ldap:bot", False)]
    assert kinds(result) == [("workload-with-person-link", "ldap:bot", "unknown")]
    assert result.identities.column("kind").to_pylist() == ["workload"]


def test_the_alias_file_may_call_a_workload_a_persons_own() -> None:
    roster = people(("1", "ann@x"))

    result = linked(
        accounts({"account": "ldap:bot", "email": "ann@x", "kind": "workload"}),
        roster,
        alias=aliases(("ldap:bot", "1")),
    )

    assert held(result) == [("hr:1", "ldap:bot", False)]


def test_classes_without_a_person_are_told_apart() -> None:
    result = linked(
        accounts(
            {"account": "ldap:bot", "kind": "workload"},
            {"account": "ldap:desk", "kind": "shared"},
            {"account": "ldap:team", "kind": "shared"},
            {"account": "ldap:ext", "kind": "vendor"},
        ),
        people(("1", None)),
        shared_known=frozenset({"ldap:team"}),
    )

    assert kinds(result) == [
        ("unmatched-account", "ldap:bot", "no"),
        ("unmatched-account", "ldap:desk", "yes"),
        ("unmatched-account", "ldap:ext", "yes"),
        ("unmatched-account", "ldap:team", "no"),
    ]


def test_a_shared_account_tied_to_one_person_still_has_unknown_ones() -> None:
    result = linked(
        accounts({"account": "ldap:desk", "kind": "shared", "employee_id": "1"}),
        people(("1", None)),
    )

    assert held(result) == [("hr:1", "ldap:desk", False)]
    assert kinds(result) == [("shared-account-linked", "ldap:desk", "yes")]


def test_an_account_of_a_desk_that_the_roster_lists_has_unknown_people_too() -> None:
    result = linked(
        accounts({"account": "ldap:night", "employee_id": "1"}),
        people(("1", None), kind="shared"),
    )

    assert held(result) == [("hr:1", "ldap:night", False)]
    assert kinds(result) == [("shared-account-linked", "ldap:night", "yes")]


def test_aliases_that_name_nothing_are_located() -> None:
    result = linked(
        accounts({"account": "ldap:ann", "employee_id": "1"}),
        people(("1", None)),
        alias=aliases(("ldap:ANN", "1"), ("ldap:ann", "9"), (None, "1"), ("ldap:ann", " ")),
    )

    assert kinds(result) == [
        ("alias-unknown-account", "ldap:ANN", "unknown"),
        ("alias-unknown-person", "ldap:ann", "unknown"),
        ("incomplete-alias", "1", "unknown"),
        ("incomplete-alias", "ldap:ann", "unknown"),
    ]
    records = sorted(result.issues.column("record").to_pylist())
    assert records == [2, 3, 4, 5]
    assert any(
        "did you mean 'ldap:ann'" in text for text in result.issues.column("text").to_pylist()
    )


def test_sign_in_through_another_account_gives_its_person_and_its_records() -> None:
    logins = accounts(
        {"account": "k8s:oidc:ann"}, {"account": "ldap:uid=ann", "login": "Ann", "employee_id": "1"}
    )

    result = linked(logins, people(("1", None)), signs_in("k8s", "ldap"))

    assert links(result) == [
        ("k8s:oidc:ann", "hr:1", "federation", "linked"),
        ("ldap:uid=ann", "hr:1", "employee-id", "linked"),
    ]
    parts = sorted(
        (row["part"], row["source_id"], row["record"])
        for row in result.derivations.to_pylist()
        if row["target"] == "k8s:oidc:ann"
    )
    assert parts == [("account", "ldap", 11), ("federation", "config", 40), ("roster", "hr", 2)]


def test_sign_in_that_disagrees_with_an_address_is_undecided() -> None:
    logins = accounts(
        {"account": "k8s:oidc:ann", "email": "bob@x"},
        {"account": "ldap:ann", "employee_id": "1"},
    )

    result = linked(logins, people(("1", None), ("2", "bob@x")), signs_in("k8s", "ldap"))

    assert kinds(result) == [("undecided-link", "k8s:oidc:ann", "yes")]


def test_doubt_about_the_account_signed_in_through_is_passed_on() -> None:
    logins = accounts(
        {"account": "k8s:oidc:ann"},
        {"account": "ldap:ann", "employee_id": "1", "email": "bob@x"},
    )

    result = linked(logins, people(("1", None), ("2", "bob@x")), signs_in("k8s", "ldap"))

    assert kinds(result) == [
        ("undecided-link", "k8s:oidc:ann", "yes"),
        ("undecided-link", "ldap:ann", "yes"),
    ]


def test_sign_in_through_an_unmatched_account_joins_its_identity() -> None:
    """Two systems, one unknown person: a split conflict must still meet in one identity."""
    logins = accounts({"account": "k8s:oidc:zed"}, {"account": "ldap:zed"})

    result = linked(logins, people(("1", None)), signs_in("k8s", "ldap"))

    assert held(result) == [("ldap:zed", "k8s:oidc:zed", False), ("ldap:zed", "ldap:zed", False)]
    assert kinds(result) == [("unmatched-account", "ldap:zed", "yes")]


def test_sign_in_by_an_address_of_two_accounts_of_one_person_links() -> None:
    logins = accounts(
        {"account": "k8s:oidc:ann@x"},
        {"account": "ldap:ann", "email": "ann@x"},
        {"account": "ldap:adm-ann", "email": "Ann@x"},
    )

    rule = signs_in("k8s", "ldap", by=FederationKey.EMAIL)
    result = linked(logins, people(("1", "ann@x")), rule)

    assert ("hr:1", "k8s:oidc:ann@x", False) in held(result)
    assert kinds(result) == []


def test_sign_in_passes_through_several_systems() -> None:
    logins = accounts(
        {"account": "a:oidc:ann"},
        {"account": "b:oidc:ann", "login": "ann"},
        {"account": "c:ann", "employee_id": "1"},
    )

    result = linked(
        logins,
        people(("1", None)),
        signs_in("a", "b"),
        signs_in("b", "c", prefix=""),
    )

    assert [("hr:1", name, False) for name in ("a:oidc:ann", "b:oidc:ann", "c:ann")] == held(result)
