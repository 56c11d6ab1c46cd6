"""Who holds which duty anywhere: everyone's duties in one text, and how many people have each."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.compose import held
from sod_analyzer.compose.held import Held
from sod_analyzer.detect.judge import Judge
from sod_analyzer.model.access import IdentityClass
from tests.engine.kit import engine_of, world


@given(st.integers(0, 130), st.data())
@settings(max_examples=60, deadline=None)
def test_duties_are_told_in_their_order_however_many_there_are(
    n_duties: int, drawn: st.DataObject
) -> None:
    duties = [f"duty-{n}" for n in range(n_duties)]
    numbers = st.sets(st.integers(0, max(n_duties - 1, 0))) if n_duties else st.just(set())
    people = drawn.draw(st.lists(numbers, max_size=6))
    mask = np.zeros((-(-n_duties // 64), len(people)), dtype=np.uint64)
    for person, theirs in enumerate(people):
        for duty in theirs:
            mask[duty // 64, person] |= np.uint64(1 << duty % 64)

    told = held._told(mask, duties, len(people)).to_pylist()

    assert told == ["; ".join(duties[n] for n in sorted(theirs)) or None for theirs in people]


def test_a_duty_is_counted_of_people_and_told_of_everyone() -> None:
    robot = {"identities": {"i2": {"kind": str(IdentityClass.WORKLOAD)}}}
    engine = engine_of(
        world(
            "i0 > a0 > x-prod c ra",
            "i1 > a1 > r1 > x-prod d rb",
            "i1 > a1 > x-prod c ra",
            "i2 > a2 > x-prod c ra",
            "i3 > a3",
        ),
        facts=robot,
    )

    found = Held.of(Judge(engine))

    assert found.duties.to_pylist() == [
        "commit",
        "commit; deploy; deploy-prod",
        "commit",
        None,
    ]
    assert found.people == {"commit": 2, "deploy": 1, "deploy-prod": 1, "both": 0, "launch": 0}


def test_whoever_forgets_says_the_same_again() -> None:
    judge = Judge(engine_of(world("i0 > a0 > r0 > x-prod c ra", "i0 > a0 > x-prod v ra")))
    before = Held.of(judge)

    judge.forget()

    assert Held.of(judge).people == before.people
    assert before.people["both"] == 1
