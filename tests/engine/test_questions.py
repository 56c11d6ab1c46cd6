"""Ad-hoc questions: who can, whether someone can, and what is said of those who cannot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from sod_analyzer.compose.answers import Answer
from sod_analyzer.compose.persons import find_identity
from sod_analyzer.compose.questions import Asker, Question
from sod_analyzer.errors import QueryError
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.ruleset import Means
from tests.engine.kit import DUTIES, right, stated, world
from tests.world import TODAY, Edge, World, ruleset, snapshot_of

HELD = "x-prod c ra"


def asker(
    the_world: World,
    *,
    what: str = "commit",
    facts: Mapping[str, Mapping[str, Mapping[str, Any]]] | None = None,
    unknown_systems: Iterable[str] = (),
    **narrowed: Any,
) -> Asker:
    snapshot = stated(snapshot_of(the_world), facts or {})
    return Asker(
        snapshot,
        ruleset(DUTIES, ()),
        compile_edges(snapshot, as_of=TODAY),
        Question(what, **narrowed),
        unknown_systems=unknown_systems,
    )


def who_can(the_world: World, **asked: Any) -> Answer:
    return asker(the_world, **asked).who_can()


def names(answer: Answer) -> list[str]:
    return [row["identity"] for row in answer.rows]


def can(the_world: World, who: str = "i0", **asked: Any) -> dict[str, Any]:
    the_asker = asker(the_world, **asked)
    return the_asker.can(the_asker.snapshot.codes[NodeKind.IDENTITY, who])


def test_who_can_lists_the_active_first_and_what_is_not_decided_last() -> None:
    everyone = world(
        *(f"i{n} > a{n} > {HELD}" for n in range(5)),
        Edge("i5", "a5", becoming=True),
        Edge("a5", right(HELD), conditional=True),
        Edge("i6", "a6", becoming=True, undecided=True),
        f"a6 > {HELD}",
        "i7 > a7 > x-prod d ra",
    )
    facts = {
        "identities": {
            "i0": {"status": "leaver"},
            "i1": {"kind": "workload"},
            "i2": {"status": "unknown"},
            "i3": {"status": "future"},
        }
    }

    got = who_can(everyone, facts=facts, lens=Lens(means=Means.ELIGIBLE, conditional=True))

    assert [(row["identity"], row["group"]) for row in got.rows] == [
        ("i4", "can now"),
        ("i0", "leaver, can now"),
        ("i3", "not started, can now"),
        ("i5", "can, if"),
        ("i2", "account without a person"),
        ("i1", "workload"),
        ("i6", "not decided"),
    ]
    assert got.undecided
    assert not who_can(world(f"i0 > a0 > {HELD}")).undecided


def test_a_question_is_narrowed_to_an_application_an_environment_a_resource() -> None:
    people = world(
        "i0 > a0 > x-prod c ra",
        "i1 > a1 > x-prod c rb",
        "i2 > a2 > x-test c ra",
        "i3 > a3 > x-prod c *",
    )

    assert names(who_can(people)) == ["i0", "i1", "i2", "i3"]
    assert names(who_can(people, application="app-a")) == ["i0", "i2", "i3"]
    assert names(who_can(people, application="app-b")) == ["i1", "i3"]
    assert names(who_can(people, environment="prod")) == ["i0", "i1", "i3"]
    assert names(who_can(people, environment="test")) == ["i2"]
    assert names(who_can(people, application="app-a", environment="prod")) == ["i0", "i3"]
    assert names(who_can(people, resource="rb")) == ["i1", "i3"]
    assert names(who_can(people, resource="x-test:ra")) == ["i2"]


@pytest.mark.parametrize("start", range(6))
def test_a_page_begins_where_it_was_asked_to(start: int) -> None:
    people = world(*(f"i{n} > a{n} > {HELD}" for n in range(6)))

    page = who_can(people).rows.page(start, 2, ("identity",))

    assert [row["identity"] for row in page] == [f"i{n}" for n in range(start, min(start + 2, 6))]


def test_a_raw_action_is_asked_for_by_product() -> None:
    people = world("i0 > a0 > x-prod q ra", "i1 > a1 > y q ra", "i2 > a2 > x-prod * *")

    assert names(who_can(people, what="x:q")) == ["i0", "i2"]
    assert names(who_can(people, what="y:q")) == ["i1"]


@pytest.mark.parametrize(
    "asked",
    [
        {"what": "comit"},
        {"what": "z:q"},
        {"what": "x:"},
        {"application": "app-z"},
        {"resource": "zz"},
        {"application": "app-b", "resource": "ra"},
        {"what": "deploy-prod", "environment": "test"},
    ],
)
def test_what_does_not_exist_cannot_be_asked_for(asked: dict[str, str]) -> None:
    with pytest.raises(QueryError):
        asker(world(f"i0 > a0 > {HELD}", rights=["x-prod c rb"]), **asked)  # type: ignore[arg-type]


def test_can_answers_yes_with_the_path_to_the_record() -> None:
    got = can(world(f"i0 > a0 > r0 > {HELD}"))

    assert got["answer"] == "yes"
    assert got["path"] == "i0 > a0 > r0 > c on ra"
    assert [hop["record"] for hop in got["hops"]] == [0, 1, 2]
    assert got["source"] == "s.csv record 2"


def test_no_is_said_only_when_everything_that_could_say_yes_was_read() -> None:
    lacking = world("i0 > a0 > x-prod d ra", rights=[HELD])

    assert can(lacking)["answer"] == "no"
    unread = can(lacking, unknown_systems=["x-test"])
    assert (unread["answer"], unread["why"].partition(";")[0]) == (
        "unknown",
        "x-test was not read completely",
    )
    assert can(lacking, what="x:d", unknown_systems=["y"], application="app-b")["answer"] == "no"


def test_an_undecided_account_makes_the_answer_unknown() -> None:
    undecided = world(Edge("i0", "a0", becoming=True, undecided=True), f"a0 > {HELD}")

    got = can(undecided)

    assert got["answer"] == "unknown"
    assert "may be this person's account" in got["why"]


@pytest.mark.parametrize(
    ("the_world", "asked", "why"),
    [
        (
            world(f"i0 > a0 > {HELD}", disabled=frozenset({"a0"})),
            {},
            "could, if re-enabled: a0",
        ),
        (
            world(
                Edge("i0", "a0", becoming=True),
                Edge("a0", right(HELD), valid_until=TODAY - timedelta(days=1)),
            ),
            {},
            "has expired or is not valid yet",
        ),
        (
            world(Edge("i0", "a0", becoming=True), Edge("a0", right(HELD), conditional=True)),
            {},
            "only under a condition",
        ),
        (
            world(Edge("i0", "a0", becoming=True), Edge("a0", right(HELD), eligible=True)),
            {},
            "only after activating",
        ),
        (
            world(Edge("i0", "a0", becoming=True), Edge("a0", right(HELD), self_granted=True)),
            {},
            "by one change of their own",
        ),
        (
            world(f"i0 > a0 > {HELD}", rights=["x-prod c rb"]),
            {"application": "app-b"},
            "can commit only in app-a",
        ),
        (
            world("i0 > a0 > x-prod c ra", rights=["x-prod v ra"]),
            {"what": "both"},
            "a0 has one part, and lacks x: v",
        ),
        (world(nodes=["i0"], rights=[HELD]), {}, "no account that can be used"),
        (world("i0 > a0 > x-prod d ra", rights=[HELD]), {}, "none of the accounts has a right"),
    ],
)
def test_why_not_names_what_is_missing(the_world: World, asked: dict[str, Any], why: str) -> None:
    got = can(the_world, **asked)

    assert got["answer"] == "no"
    assert why in got["why"]


def test_somebody_is_found_by_name_number_address_login_and_id() -> None:
    facts = {
        "identities": {
            "i0": {"name": "Ann Lee", "employee_id": "007", "email": "ann@x.example"},
            "i1": {"name": "Ann Lee", "employee_id": "008"},
        },
        "accounts": {"a0": {"login": "alee"}},
    }
    snapshot = stated(snapshot_of(world(f"i0 > a0 > {HELD}", f"i1 > a1 > {HELD}")), facts)
    known = Names(snapshot)

    got = [find_identity(known, who) for who in ("i0", "007", "ANN@x.example", "alee", "a0")]

    assert {snapshot.node_ids[code] for code in got} == {"i0"}
    with pytest.raises(QueryError, match="could be several"):
        find_identity(known, "ann lee")
    with pytest.raises(QueryError, match="nobody is called"):
        find_identity(known, "7")
