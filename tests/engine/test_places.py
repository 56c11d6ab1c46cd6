"""Where a right holds, and which rights perform a duty."""

from __future__ import annotations

import pytest

from sod_analyzer.catalogue.actions import actions_meet
from sod_analyzer.catalogue.globs import globs_meet, matches
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.model.ruleset import Selector
from tests.engine.kit import can, engine_of, places_with, world
from tests.world import duty

POSSIBLE = Lens(possible=True)
ENVIRONMENTS = {"x-prod": ("x", "prod"), "x-test": ("x", "test"), "x-some": ("x", None)}


def test_a_resource_of_two_applications_counts_in_both() -> None:
    shared = world(
        "i0 > a0 > x-prod c ra",
        placements=[("app-b", "x-prod", "ra", None), ("app-a", "x-prod", "r*", None)],
    )

    got = places_with(shared, "commit")

    assert got == {"anywhere", "app-a", "app-b", "system:x-prod"}


def test_resources_of_one_name_in_two_systems_are_two_resources() -> None:
    twins = world("i0 > a0 > x-test c rb", "i0 > a0 > x-test c ra", "i1 > a1 > x-test c rb")

    assert places_with(twins, "commit") == {"anywhere", "app-a", "unmapped", "system:x-test"}
    assert places_with(twins, "commit", who="i1") == {"anywhere", "unmapped", "system:x-test"}


def test_an_account_of_one_system_has_nothing_in_another() -> None:
    two = world("i0 > a0 > r0 > x-prod d ra", "i1 > a1 > r1 > x-test d ra")

    assert places_with(two, "deploy-prod") == {"anywhere", "app-a", "system:x-prod"}
    assert places_with(two, "deploy-prod", who="i1") == set()
    assert places_with(two, "deploy", who="i1") == {"anywhere", "app-a", "system:x-test"}


@pytest.mark.parametrize(
    ("system", "environment", "sure", "possible"),
    [
        ("x-prod", None, True, True),
        ("x-prod", "prod", True, True),
        ("x-prod", "test", False, False),  # the catalogue overrules the system
        ("x-test", None, False, False),
        ("x-test", "prod", True, True),
        ("x-some", None, False, True),  # nobody says
        ("x-some", "prod", True, True),
        ("x-some", "test", False, False),
    ],
)
def test_the_environment_is_the_catalogues_else_the_systems_else_unknown(
    system: str, environment: str | None, *, sure: bool, possible: bool
) -> None:
    placed = world(
        f"i0 > a0 > {system} d ra",
        systems=ENVIRONMENTS,
        placements=[("app-a", system, "ra", environment)],
    )

    assert ("app-a" in places_with(placed, "deploy-prod")) == sure
    assert ("app-a" in places_with(placed, "deploy-prod", lens=POSSIBLE)) == possible
    assert can(placed, "deploy-prod") == sure


def test_a_system_out_of_scope_gives_no_duty() -> None:
    out = world("i0 > a0 > x-prod c ra", rights=["x-test c ra"])

    got = can(out, facts={"systems": {"x-prod": {"scope": "out-of-scope"}}})

    assert not got
    assert can(out)


def test_a_selector_asks_for_product_system_resource_and_any_of_its_actions() -> None:
    narrow = duty("narrow", [Selector("x", ("c", "cc"), system="x-p*", resource="ra/*")])

    def holds(held: str) -> bool:
        return can(world(f"i0 > a0 > {held}"), "narrow", duties=[narrow])

    assert holds("x-prod c ra/1")
    assert holds("x-prod cc ra/1")
    assert holds("x-prod c ra/1/2")
    assert holds("x-prod c ra")  # a right on the parent reaches what lies below
    assert holds("x-prod c *")
    assert not holds("x-test c ra/1")
    assert not holds("y c ra/1")
    assert not holds("x-prod d ra/1")
    assert not holds("x-prod c rb/1")


def test_any_way_performs_a_duty() -> None:
    assert can(world("i0 > a0 > x-prod cc ra"), "commit")
    assert can(world("i0 > a0 > y c ra"), "commit")
    assert not can(world("i0 > a0 > y cc ra"), "commit")


def test_a_right_reaches_the_placements_below_it_and_those_only() -> None:
    placements = [
        ("app-a", "x-prod", "ns/a", None),
        ("app-b", "x-prod", "ns-b", None),
        ("app-c", "x-prod", "other", None),
    ]

    def holds(resource: str) -> set[str]:
        held = world(f"i0 > a0 > x-prod c {resource}", placements=placements)
        return places_with(held, "commit") - {"anywhere", "system:x-prod"}

    assert holds("ns/a") == {"app-a"}
    assert holds("ns/a/thing") == {"app-a"}
    assert holds("ns/ab") == {"unmapped"}
    assert holds("ns") == {"app-a"}  # not app-b, which only begins alike
    assert holds("n") == {"unmapped"}
    assert holds("*") == {"app-a", "app-b", "app-c"}


def test_what_no_application_claims_is_noted_once_somebody_could_do_a_duty_there() -> None:
    lost = world("i0 > a0 > x-prod c zz", "a0 > x-prod q zzz", "a0 > x-test d zz")

    engine = engine_of(lost)

    found = set(engine.columns.unmapped)
    assert found == {("x-prod", "zz"), ("x-test", "zz")}


def test_a_duty_lives_if_some_way_finds_all_of_its_parts() -> None:
    columns = engine_of(world(rights=["x-prod c ra", "x-prod d ra"])).columns

    got = {name: columns.is_live(name) for name in ("commit", "deploy", "both", "launch")}

    assert got == {"commit": True, "deploy": True, "both": False, "launch": False}


def test_a_system_of_which_nobody_says_the_scope_is_in_scope() -> None:
    got = can(world("i0 > a0 > x-prod c ra"), facts={"systems": {"x-prod": {"scope": None}}})

    assert got


@pytest.mark.parametrize(
    ("glob", "text", "fits"),
    [
        ("pay", "pay", True),
        ("pay", "pays", False),
        ("pay", "Pay", False),
        ("pay*", "Pays", False),
        ("pay*", "pay", True),
        ("pay*", "pay/a/b", True),
        ("*pay", "my/pay", True),
        ("p?y", "pay", True),
        ("p?y", "p/y", True),
        ("p?y", "py", False),
        ("p.y", "pay", False),
        ("a*", "a\nb", True),
    ],
)
def test_a_glob_is_the_whole_text_with_case_and_any_character(
    glob: str, text: str, *, fits: bool
) -> None:
    assert matches(glob, text) == fits


def test_two_globs_meet_where_some_text_is_both() -> None:
    assert globs_meet("codecommit:*", "*:GitPush")
    assert globs_meet("a*c", "ab*")
    assert not globs_meet("a*c", "b*")
    assert not globs_meet("a?", "a")


@pytest.mark.parametrize(
    ("action", "pattern", "wildcard", "fits"),
    [
        ("create pods", "create pods", False, True),
        ("create pods", "create pods/exec", False, False),
        ("create pods/exec", "create pods", False, False),
        ("create pods/exec", "create pods/exec", False, True),
        ("patch deployments.apps", "patch deployments.apps", False, True),
        ("patch deployments.apps", "patch deployments", False, False),
        ("patch deployments", "patch deployments.apps", False, False),
        ("patch deployments.apps", "patch deployments.*", False, True),
        ("* deployments.apps", "patch deployments.apps", True, True),
        ("* deployments.apps", "patch deployments.apps", False, False),
        ("patch *", "patch deployments.apps", True, True),
        ("patch *.core", "patch deployments.apps", True, False),
        ("patch *.core", "patch pods", True, True),
        ("patch *.apps", "patch deployments.apps", True, True),
        ("patch deployments.*", "patch deployments.apps", True, True),
        ("get *", "patch deployments.apps", True, False),
        ("*", "patch deployments.apps", True, True),
        ("*", "get /metrics", True, True),
        ("get /*", "get /metrics", True, True),
        ("get /metrics", "get pods", False, False),
    ],
)
def test_kubernetes_actions_are_compared_verb_resource_and_group_apart(
    action: str, pattern: str, *, wildcard: bool, fits: bool
) -> None:
    assert actions_meet("kubernetes", action, pattern, wildcard=wildcard) == fits


@pytest.mark.parametrize(
    ("action", "pattern", "wildcard", "fits"),
    [
        ("push", "push", False, True),
        ("push", "pu*", False, True),
        ("push-force", "push", False, False),
        ("*", "push", False, False),  # an action that is called so
        ("*", "push", True, True),
        ("code:*", "code:push", True, True),
        ("code:*", "code:push", False, False),
        ("iam:*", "code:push", True, False),
    ],
)
def test_a_star_is_a_wildcard_only_where_the_source_says_so(
    action: str, pattern: str, *, wildcard: bool, fits: bool
) -> None:
    assert actions_meet("github", action, pattern, wildcard=wildcard) == fits


@pytest.mark.parametrize(
    ("glob", "text", "meets"),
    [
        ("pay*", "payments", True),
        ("pay*ts", "payments-ts-api", False),
        ("?ay", "payments", False),
        ("?ay", "pay", True),
        ("*api", "api-2", False),
        ("p.y", "pay", False),
        ("pay*", "a\nb", False),
        ("a*", "a\nb", True),
    ],
)
def test_a_pattern_is_of_whole_texts(glob: str, text: str, *, meets: bool) -> None:
    assert matches(glob, text) == meets
