"""Rules of every kind: whom they judge, what breaks them, and what nobody can say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sod_analyzer.compose.report import tables_of
from sod_analyzer.model.ruleset import (
    Exclusion,
    Holder,
    Hygiene,
    HygieneCheck,
    Rule,
    RuleKind,
    ScopeKind,
    Selector,
    Subjects,
)
from tests.engine.kit import COMMIT, DEPLOY, analysis_of, plain, world
from tests.world import TODAY, Edge, duty, rule

COMMITS, DEPLOYS = "x-prod c ra", "x-prod d ra"
BOTH = rule("R", "commit", "deploy")
CRITICAL = rule("R", "deploy", count=1)
YESTERDAY = TODAY - timedelta(days=1)


def of_kind(kind: RuleKind, *duties: str, count: int = 1, **further: Any) -> Rule:
    """A rule of one kind, in applications unless it says otherwise."""
    return replace(rule("R", *duties, count=count), kind=kind, **further)


def people(**facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of identities by id."""
    return {"identities": facts}


# -- subjects --------------------------------------------------------------------------------------


def test_a_single_duty_breaks_a_rule_of_one() -> None:
    got = plain(analysis_of(world(f"i0 > a0 > {DEPLOYS}", f"i1 > a1 > {COMMITS}"), CRITICAL))

    assert got == {("i0", "app-a"): "violation"}


def test_a_rule_about_a_department_is_about_nobody_else_and_unknown_without_one() -> None:
    three = world(*(f"i{n} > a{n} > {DEPLOYS}" for n in range(3)))
    narrow = replace(CRITICAL, subjects=Subjects(departments=("Dev*",)))

    got = plain(
        analysis_of(
            three,
            narrow,
            facts=people(i0={"department": "Development"}, i1={"department": "Operations"}),
        )
    )

    assert got == {("i0", "app-a"): "violation", ("i2", "app-a"): "not-evaluable"}


def test_a_rule_that_narrows_twice_is_about_those_whom_both_fit() -> None:
    four = world(*(f"i{n} > a{n} > {DEPLOYS}" for n in range(4)))
    narrow = replace(CRITICAL, subjects=Subjects(departments=("Dev*",), titles=("Lead",)))
    stated = [("Development", "Lead"), ("Development", "Clerk"), ("Sales", "Lead"), ("Sales", "-")]
    facts = {f"i{n}": {"department": d, "title": t} for n, (d, t) in enumerate(stated)}

    got = plain(analysis_of(four, narrow, facts=people(**facts)))

    assert got == {("i0", "app-a"): "violation"}


def test_a_rule_about_a_role_follows_it_through_nested_roles_and_doubtful_links() -> None:
    three = world(
        f"i0 > a0 > r1 > r0 > {DEPLOYS}",
        f"i1 > a1 > {DEPLOYS}",
        f"i2 > a2 > {DEPLOYS}",
        Edge("i2", "a9", becoming=True, undecided=True),
        "a9 > r0",
    )
    narrow = replace(CRITICAL, subjects=Subjects(roles=("r0",)))

    got = plain(analysis_of(three, narrow))

    assert got == {("i0", "app-a"): "violation", ("i2", "app-a"): "not-evaluable"}


def test_only_a_rule_that_names_workloads_judges_them() -> None:
    robot = world(f"i0 > a0 > {DEPLOYS}", workloads=frozenset({"i0"}))

    asked = {
        name: plain(analysis_of(robot, one))
        for name, one in {
            "people": CRITICAL,
            "workloads": replace(CRITICAL, subjects=Subjects(kinds=("workload",))),
        }.items()
    }

    assert asked == {"people": {}, "workloads": {("i0", "app-a"): "violation"}}


def test_one_account_at_a_time_misses_what_two_have_together() -> None:
    split = world(
        f"i0 > a0 > {COMMITS}", f"i0 > a1 > {DEPLOYS}", f"i1 > a2 > {COMMITS}", f"a2 > {DEPLOYS}"
    )

    got = plain(analysis_of(split, replace(BOTH, holder=Holder.ACCOUNT)))

    assert got == {("a2", "app-a"): "violation"}


def test_a_role_breaks_a_rule_by_itself_whether_or_not_anybody_has_it() -> None:
    roles = world(f"r0 > {COMMITS}", f"r0 > r1 > {DEPLOYS}", f"i0 > a0 > r2 > {COMMITS}", "a0 > r1")

    got = plain(analysis_of(roles, replace(BOTH, holder=Holder.ROLE)))

    assert got == {("r0", "app-a"): "violation"}


def test_a_rule_about_a_role_is_not_about_what_contains_it() -> None:
    roles = world(f"r0 > {COMMITS}", f"r0 > {DEPLOYS}", "r1 > r0")
    narrow = replace(BOTH, holder=Holder.ROLE, subjects=Subjects(roles=("r0",)))

    got = plain(analysis_of(roles, narrow))

    assert got == {("r0", "app-a"): "violation"}


def test_a_role_has_a_way_whose_parts_it_brings_together() -> None:
    two_parts = duty("start", [Selector("x", ("c",)), Selector("x", ("d",))])
    roles = world(f"r0 > {COMMITS}", f"r0 > {DEPLOYS}", f"r1 > {COMMITS}")
    starts = replace(rule("R", "start", count=1), holder=Holder.ROLE)

    got = plain(analysis_of(roles, starts, duties=[two_parts]))

    assert got == {("r0", "app-a"): "violation"}


# -- only, nothing but -----------------------------------------------------------------------------


def test_everyone_but_those_allowed_breaks_only_robots_and_their_masters_included() -> None:
    server = world(
        f"i0 > a0 > {DEPLOYS}",
        f"i1 > a1 > {DEPLOYS}",
        f"i2 > a2 > {DEPLOYS}",
        Edge("a3", "a0", becoming=True),
        "i3 > a3",
        workloads=frozenset({"i0", "i1"}),
    )
    # In these worlds every becoming edge between accounts lets one control the other.
    one = of_kind(RuleKind.ONLY, "deploy", allowed=Subjects(accounts=("a0",)))

    got = plain(analysis_of(server, one))

    assert got == {
        ("i1", "app-a"): "violation",
        ("i2", "app-a"): "violation",
        ("i3", "app-a"): "violation",
    }


def within(*allowed: Selector) -> Any:
    """Anything in product x but what is allowed."""
    return duty("else", [Selector("x", ("*",), unless=allowed)])


@pytest.mark.parametrize(
    ("right", "allowed", "verdict"),
    [
        ("x-prod c ra", Selector("x", ("c",)), None),
        ("x-prod d ra", Selector("x", ("c",)), "violation"),
        ("x-prod * ra", Selector("x", ("c",)), "violation"),
        ("x-prod * ra", Selector("x", ("*",)), None),
        ("x-prod c ra", Selector("x", ("c",), resource="ra"), None),
        ("x-prod c rb", Selector("x", ("c",), resource="ra"), "violation"),
        ("x-prod c ra", Selector("x", ("c",), environment="prod"), None),
        ("x-prod c ra", Selector("x", ("c",), environment="test"), "violation"),
        ("x-prod c *", Selector("x", ("c",), resource="ra"), "violation"),
        ("x-prod c *", Selector("x", ("c",)), None),
    ],
)
def test_whatever_lies_beyond_what_is_allowed_counts(
    right: str, allowed: Selector, verdict: str | None
) -> None:
    one = of_kind(RuleKind.MAY_HOLD_ONLY, "else", scope=ScopeKind.ANYWHERE)

    got = plain(analysis_of(world(f"i0 > a0 > {right}"), one, duties=[within(allowed)]))

    assert got == ({("i0", "anywhere"): verdict} if verdict else {})


def test_a_right_over_everything_is_open_where_only_some_environments_are_allowed() -> None:
    one = of_kind(RuleKind.MAY_HOLD_ONLY, "else", scope=ScopeKind.ANYWHERE)
    allowed = Selector("x", ("c",), environment="prod")

    got = plain(analysis_of(world("i0 > a0 > x-prod c *"), one, duties=[within(allowed)]))

    assert got == {("i0", "anywhere"): "not-evaluable"}


# -- counting people -------------------------------------------------------------------------------


def holders(number: int, *further: str | Edge, **world_of: Any) -> Any:
    """So many people who deploy."""
    return world(*(f"i{n} > a{n} > {DEPLOYS}" for n in range(number)), *further, **world_of)


MOST_TWO = of_kind(RuleKind.MAX_HOLDERS, "deploy", count=2)
LEAST_TWO = of_kind(RuleKind.MIN_HOLDERS, "deploy", count=2)


@pytest.mark.parametrize(("number", "verdict"), [(2, None), (3, "violation")])
def test_more_people_than_the_most_break_the_rule_at_their_place(
    number: int, verdict: str | None
) -> None:
    got = plain(analysis_of(holders(number), MOST_TWO))

    assert got.get(("app-a", "app-a")) == verdict


def test_one_person_with_two_accounts_counts_once() -> None:
    got = plain(analysis_of(holders(2, f"i0 > a8 > {DEPLOYS}"), MOST_TWO))

    assert ("app-a", "app-a") not in got


def test_a_robot_counts_as_those_who_control_it() -> None:
    crowd = holders(
        2, f"i9 > a9 > {DEPLOYS}", "i3 > a3", Edge("a3", "a9", becoming=True),
        workloads=frozenset({"i9"}),
    )  # fmt: skip

    got = plain(analysis_of(crowd, MOST_TWO))

    assert got["app-a", "app-a"] == "violation"


def test_an_account_that_nobody_was_found_for_may_be_one_more_person() -> None:
    got = plain(analysis_of(holders(3), MOST_TWO, facts=people(i2={"status": "unknown"})))

    assert got["app-a", "app-a"] == "not-evaluable"


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({}, None),
        ({"status": "leaver"}, "violation"),
        ({"status": "future"}, "violation"),
        ({"status": "unknown"}, "not-evaluable"),
    ],
)
def test_too_few_active_people_break_the_rule(facts: dict[str, str], verdict: str | None) -> None:
    got = plain(analysis_of(holders(2), LEAST_TWO, facts=people(i1=facts)))

    assert got.get(("app-a", "app-a")) == verdict


@pytest.mark.parametrize("flag", ["conditional", "eligible"])
def test_who_might_have_it_does_not_count_among_the_few(flag: str) -> None:
    perhaps = Edge("a1", f"e:{DEPLOYS}", **{flag: True})  # type: ignore[arg-type]
    few = world(f"i0 > a0 > {DEPLOYS}", "i1 > a1", perhaps)

    got = plain(analysis_of(few, LEAST_TWO))

    assert got["app-a", "app-a"] == "violation"


def test_few_in_a_system_that_was_not_read_may_be_more() -> None:
    got = plain(analysis_of(holders(1), LEAST_TWO, unknown_systems=["x-prod"]))

    assert got["app-a", "app-a"] == "not-evaluable"


LAUNCHED = duty("launch", [Selector("x", ("v",))])
THREE = of_kind(RuleKind.MIN_PEOPLE, "commit", "deploy", "launch", count=3)
LAUNCH_RIGHT = "x-prod v ra"


def team(*steps: str) -> dict[tuple[str, str], str]:
    """What the three-person rule says of a world."""
    found = plain(analysis_of(world(*steps), THREE, duties=[COMMIT, DEPLOY, LAUNCHED]))
    return {key: verdict for key, verdict in found.items() if key[0] == "app-a"}


def test_three_people_are_enough_and_two_are_not() -> None:
    apart = [f"i0 > a0 > {COMMITS}", f"i1 > a1 > {DEPLOYS}", f"i2 > a2 > {LAUNCH_RIGHT}"]

    assert team(*apart) == {}
    assert team(*apart, f"i0 > a8 > {DEPLOYS}") == {("app-a", "app-a"): "violation"}


def test_a_team_that_nobody_completes_is_no_pass() -> None:
    got = team(f"i0 > a0 > {COMMITS}", f"i1 > a1 > {DEPLOYS}", "i2 > a2 > x-prod v rb")

    assert got == {("app-a", "app-a"): "not-evaluable"}


def test_the_smallest_team_is_named_with_what_each_does() -> None:
    four = world(
        f"i0 > a0 > {COMMITS}", f"i1 > a1 > {COMMITS}", f"a1 > {DEPLOYS}",
        f"i2 > a2 > {LAUNCH_RIGHT}", f"i3 > a3 > {DEPLOYS}",
    )  # fmt: skip

    analysis = analysis_of(four, THREE, duties=[COMMIT, DEPLOY, LAUNCHED])

    (count,) = [c for c in analysis.results[0].counts if c.found is not None]
    ids = analysis.snapshot.node_ids
    assert [(ids[m.code], m.duties) for m in count.members] == [
        ("i1", ("commit", "deploy")),
        ("i2", ("launch",)),
    ]


def test_of_several_smallest_teams_the_one_with_the_smallest_ids_is_named() -> None:
    four = world(
        f"i0 > a0 > {COMMITS}", f"a0 > {DEPLOYS}", f"i1 > a1 > {COMMITS}", f"a1 > {LAUNCH_RIGHT}",
        f"i2 > a2 > {LAUNCH_RIGHT}", f"i3 > a3 > {DEPLOYS}",
    )  # fmt: skip

    analysis = analysis_of(four, THREE, duties=[COMMIT, DEPLOY, LAUNCHED])

    (count,) = [c for c in analysis.results[0].counts if c.found is not None]
    ids = analysis.snapshot.node_ids
    assert [ids[member.code] for member in count.members] == ["i0", "i1"]


# -- how long --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "last", "verdict"),
    [
        (TODAY, TODAY, None),
        (YESTERDAY, TODAY, "not-evaluable"),
        (YESTERDAY - timedelta(days=1), TODAY, "violation"),
        (TODAY, None, "violation"),
        (None, TODAY, "not-evaluable"),
    ],
)
def test_a_grant_lasts_as_long_as_its_days_allow(
    first: date | None, last: date | None, verdict: str | None
) -> None:
    lent = world("i0 > a0", Edge("a0", f"e:{DEPLOYS}", valid_from=first, valid_until=last))
    one = of_kind(RuleKind.MAX_GRANT_HOURS, "deploy", count=24)

    got = plain(analysis_of(lent, one))

    assert got == ({("i0", "app-a"): verdict} if verdict else {})


def test_a_short_grant_on_the_way_makes_the_whole_way_short() -> None:
    lent = world(
        "i0 > a0", Edge("a0", "r0", valid_from=TODAY, valid_until=TODAY), f"r0 > {DEPLOYS}"
    )
    one = of_kind(RuleKind.MAX_GRANT_HOURS, "deploy", count=24)

    got = plain(analysis_of(lent, one))

    assert got == {}


# -- gates and exclusions --------------------------------------------------------------------------

GATED = replace(BOTH, gates={"deploy": ("approval_before_deploy",)})
APPROVAL = {"entitlements": {f"e:{DEPLOYS}": {"mode": "with-approval"}}}


@pytest.mark.parametrize(
    ("further", "verdict"),
    [((), "gated"), (("a0 > x-prod dd ra",), "violation")],
)
def test_a_gate_clears_a_path_and_not_a_person(further: tuple[str, ...], verdict: str) -> None:
    deploy = duty("deploy", [Selector("x", ("d", "dd"))])
    person = world(f"i0 > a0 > {COMMITS}", f"a0 > {DEPLOYS}", *further)

    got = plain(analysis_of(person, GATED, duties=[COMMIT, deploy], facts=APPROVAL))

    assert got == {("i0", "app-a"): verdict}


def test_a_gate_that_the_rule_does_not_name_clears_nothing() -> None:
    person = world(f"i0 > a0 > {COMMITS}", f"a0 > {DEPLOYS}")

    got = plain(analysis_of(person, BOTH, facts=APPROVAL))

    assert got == {("i0", "app-a"): "violation"}


EVERYONE = {("i0", "app-a"), ("i1", "app-a")}


def excluded(**narrow: Any) -> Rule:
    """The rule of two duties with one exclusion."""
    given = {"reason": "tried", "by": "risk", "on": YESTERDAY, **narrow}
    return replace(BOTH, exclusions=(Exclusion(**given),))


@pytest.mark.parametrize(
    ("narrow", "left"),
    [
        ({"subjects": Subjects(people=("i0",))}, {("i1", "app-a")}),
        ({"places": ("app-*",)}, set()),
        ({"places": ("app-b",)}, EVERYONE),
        ({"subjects": Subjects(people=("i0",)), "places": ("app-b",)}, EVERYONE),
        ({"places": ("app-*",), "until": TODAY}, set()),
        ({"places": ("app-*",), "until": YESTERDAY}, EVERYONE),
    ],
)  # fmt: skip
def test_an_exclusion_leaves_out_what_fits_it_until_it_is_over(
    narrow: dict[str, Any], left: set[tuple[str, str]]
) -> None:
    two = world(*(f"i{n} > a{n} > {right}" for n in range(2) for right in (COMMITS, DEPLOYS)))

    analysis = analysis_of(two, excluded(**narrow))

    assert set(plain(analysis)) == left
    assert len(analysis.results[0].left) == 2 - len(left)


def test_a_rule_for_one_tier_leaves_other_applications_alone() -> None:
    two = world(*(f"i0 > a0 > x-prod {act} r{place}" for act in "cd" for place in "ab"))
    facts = {"applications": {"app-a": {"tier": "money"}, "app-b": {"tier": "none"}}}

    got = plain(analysis_of(two, replace(BOTH, only_tiers=("money",)), facts=facts))

    assert got == {("i0", "app-a"): "violation"}


# -- hygiene ---------------------------------------------------------------------------------------


def checked(check: HygieneCheck) -> Rule:
    """A rule of one hygiene check."""
    return of_kind(RuleKind.HYGIENE, count=0, hygiene=Hygiene(check), scope=ScopeKind.ANYWHERE)


def test_a_leaver_with_a_login_that_works_is_found() -> None:
    gone = world("i0 > a0", "i1 > a1", "i2 > a2", disabled=frozenset({"a1"}))
    facts = people(i0={"status": "leaver"}, i1={"status": "leaver"})

    got = plain(analysis_of(gone, checked(HygieneCheck.LEAVER_WITH_ACCESS), facts=facts))

    assert got == {("i0", "anywhere"): "violation"}


def test_whether_a_check_is_about_somebody_may_be_unknown() -> None:
    gone = world("i0 > a0", "i1 > a1", "i2 > a2")
    facts = people(
        i0={"status": "leaver", "department": "Payments"},
        i1={"status": "leaver", "department": "Lending"},
        i2={"status": "leaver"},
    )
    check = checked(HygieneCheck.LEAVER_WITH_ACCESS)
    narrow = replace(check, subjects=Subjects(departments=("Payments",)))

    got = plain(analysis_of(gone, narrow, facts=facts))

    assert got == {("i0", "anywhere"): "violation", ("i2", "anywhere"): "not-evaluable"}


@pytest.mark.parametrize(("unread", "state"), [((), "evaluated"), (("x-prod",), "not evaluable")])
def test_a_check_beside_a_source_that_was_not_read_leaves_its_rule_open(
    unread: tuple[str, ...], state: str
) -> None:
    check = checked(HygieneCheck.LEAVER_WITH_ACCESS)

    analysis = analysis_of(world("i0 > a0"), check, unknown_systems=unread)

    (row,) = tables_of(analysis)["rules"].to_pylist()
    assert row["state"] == state


def _used(days: int) -> datetime:
    return datetime.combine(TODAY, datetime.min.time(), UTC) - timedelta(days=days)


def test_a_privileged_login_that_sleeps_is_found_and_one_without_a_last_use_is_open() -> None:
    four = world("i0 > a0 > r0", "i1 > a1 > r1 > r0", "i2 > a2 > r2", "i3 > a3 > r0")
    facts: dict[str, Any] = {
        "roles": {"r0": {"privileged": True}},
        "accounts": {
            "a0": {"last_used_at": _used(91)},
            "a1": {"last_used_at": _used(90)},
            "a2": {"last_used_at": _used(400)},
        },
    }

    got = plain(analysis_of(four, checked(HygieneCheck.DORMANT_PRIVILEGED), facts=facts))

    assert got == {("a0", "anywhere"): "violation", ("a3", "anywhere"): "not-evaluable"}


def test_where_no_source_tells_privileged_roles_the_check_is_not_made() -> None:
    analysis = analysis_of(world("i0 > a0 > r0"), checked(HygieneCheck.DORMANT_PRIVILEGED))

    assert analysis.results[0].not_evaluable


def test_a_login_that_nobody_answers_for_is_found() -> None:
    logins = world(
        "i0 > a0", "i1 > a1", "i2 > a2", "i3 > a3", "i4 > a4",
        Edge("i0", "a5", becoming=True, undecided=True), "i5 > a5",
    )  # fmt: skip
    facts = {
        "identities": {
            "i1": {"status": "unknown"},
            "i2": {"status": "unknown", "kind": "workload"},
            "i3": {"status": "unknown", "kind": "workload"},
            "i5": {"status": "unknown"},
        },
        "accounts": {"a2": {"kind": "workload", "owner": "Ann"}, "a3": {"kind": "workload"}},
    }

    got = plain(analysis_of(logins, checked(HygieneCheck.NOBODY_BEHIND), facts=facts))

    assert got == {
        ("a1", "anywhere"): "violation",
        ("a3", "anywhere"): "violation",
        ("a5", "anywhere"): "not-evaluable",
    }


def test_a_group_whose_member_manages_it_is_found() -> None:
    groups = world(
        "i0 > a0 > r0", Edge("a0", "r0", self_granted=True), "i1 > a1 > r1",
        Edge("a0", "r1", self_granted=True),
    )  # fmt: skip

    got = plain(analysis_of(groups, checked(HygieneCheck.SELF_MANAGED_GROUP)))

    assert got == {("r0", "anywhere"): "violation"}
