"""Laws of decisions in random clusters: nothing that goes adds, and names are only names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sod_analyzer.evaluate.kubernetes import (
    Answer,
    Become,
    Caller,
    Kubernetes,
    Request,
    Target,
    load,
)
from tests.cloud.kubernetes.test_moves_law import clusters
from tests.importers.kubernetes_world import FILLER
from tests.importers.test_kubernetes_law import all_requests, bindings, roles

Obj = Mapping[str, Any]
CALLERS = (
    Caller("ann"),
    Caller("ann", ("devs",)),
    Caller("system:serviceaccount:pay:ci"),
    Caller("", ("devs",)),
)
_QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def cluster(objects: Iterable[Obj]) -> Kubernetes:
    return load([("all.json", [*objects, *FILLER])])


def answers(found: Kubernetes) -> dict[tuple[Caller, int], Answer]:
    return {
        (caller, number): found.authority.decide(
            caller, Request(**{name: getattr(each, name) for name in Request.__slots__})
        ).answer
        for caller in CALLERS
        for number, each in enumerate(all_requests())
    }


@_QUICK
@given(
    st.lists(roles(), min_size=1, max_size=4),
    st.lists(bindings(), min_size=1, max_size=4),
    st.integers(0, 7),
)
def test_what_goes_never_adds(
    some_roles: list[dict[str, Any]], some_bindings: list[dict[str, Any]], gone: int
) -> None:
    objects = [*some_roles, *some_bindings]
    less = [each for number, each in enumerate(objects) if number != gone % len(objects)]

    before, after = answers(cluster(objects)), answers(cluster(less))

    assert all(after[key] <= before[key] for key in before)


@_QUICK
@given(st.lists(roles(), max_size=4), st.lists(bindings(), max_size=4))
def test_names_of_people_are_only_names(
    some_roles: list[dict[str, Any]], some_bindings: list[dict[str, Any]]
) -> None:
    text = json.dumps([*some_roles, *some_bindings])
    renamed = json.loads(text.replace('"ann"', '"zoe"'))

    before, after = cluster(json.loads(text)), cluster(renamed)

    for request in all_requests():
        asked = {name: getattr(request, name) for name in request.__dataclass_fields__}
        verb, url = asked.pop("verb"), asked.pop("url")
        group, sub = asked.pop("group"), asked.pop("sub")
        what = asked.pop("resource") + (f"/{sub}" if sub else "") + (f".{group}" if group else "")
        old = before.decide("ann", verb, url or what, **asked)
        new = after.decide("zoe", verb, url or what, **asked)
        assert (old.answer, old.layer) == (new.answer, new.layer)


@_QUICK
@given(clusters(), st.integers(0, 20))
def test_a_binding_that_goes_adds_no_step_and_no_surer_one(objects: list[Obj], gone: int) -> None:
    bound = [n for n, each in enumerate(objects) if each["kind"].endswith("Binding")]
    less = [each for n, each in enumerate(objects) if n != bound[gone % len(bound)]]

    before, after = cluster(objects), cluster(less)

    for login in ("ann", "bob"):
        had = {move.target: move.rank[:2] for move in before.moves(login)}
        everywhere = {place for (what, place) in _spots(had) if what is Become.WORKLOADS}
        for move in after.moves(login):
            known = had.get(move.target)
            if known is None:
                # Whoever had everything was told of service accounts alone.
                assert had, move
                assert {"", move.target.place} & everywhere, move
            else:
                assert known <= move.rank[:2], (known, move)


def _spots(moves: Iterable[Target]) -> set[tuple[Become, str]]:
    return {(each.what, each.place) for each in moves}
