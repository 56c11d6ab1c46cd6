"""What makes a grant count, or not: days, accounts out of use, and the marks that grants carry."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.evaluate.lens import PLAIN, Lens
from sod_analyzer.graph.edges import Flag, row_flags
from sod_analyzer.model.ruleset import Means
from tests.engine.kit import can, right, world
from tests.world import TODAY, Edge, World

YESTERDAY, TOMORROW = TODAY - timedelta(days=1), TODAY + timedelta(days=1)
CONDITIONAL = Lens(conditional=True)
ELIGIBLE = Lens(means=Means.ELIGIBLE)
POSSIBLE = Lens(possible=True)


def granted(**marks: object) -> World:
    """One person, one account, one right through a grant with these marks."""
    grant = Edge("a0", right("x-prod c ra"), **marks)  # type: ignore[arg-type]
    return world(Edge("i0", "a0", becoming=True), grant)


@pytest.mark.parametrize(
    ("first", "last", "counts"),
    [
        (None, None, True),
        (None, YESTERDAY, False),
        (None, TODAY, True),
        (None, TOMORROW, True),
        (YESTERDAY, None, True),
        (TODAY, None, True),
        (TOMORROW, None, False),
        (TODAY, TODAY, True),
        (YESTERDAY, YESTERDAY, False),
        (TOMORROW, TOMORROW, False),
    ],
)
def test_a_grant_counts_on_its_first_and_last_day_and_between(
    first: date | None, last: date | None, *, counts: bool
) -> None:
    got = can(granted(valid_from=first, valid_until=last))

    assert got == counts


def test_an_expired_grant_explains_what_could_be() -> None:
    got = can(granted(valid_until=YESTERDAY), lens=Lens(out_of_time=True))

    assert got


@pytest.mark.parametrize(("last", "counts"), [(YESTERDAY, False), (TODAY, True), (TOMORROW, True)])
def test_an_account_counts_until_the_end_of_its_last_day(last: date, *, counts: bool) -> None:
    got = can(granted(), facts={"accounts": {"a0": {"expires_on": last}}})

    assert got == counts


def test_a_disabled_account_gives_nothing_from_either_side() -> None:
    chain = world("i0 > a0 > a1 > x-prod c ra", disabled=frozenset({"a1"}))

    assert not can(chain)
    assert can(chain, lens=Lens(dormant=True))
    assert not can(world("i0 > a0 > x-prod c ra", disabled=frozenset({"a0"})))


def test_an_account_of_which_nobody_says_whether_it_works_counts() -> None:
    got = can(granted(), facts={"accounts": {"a0": {"enabled": None}}})

    assert got


@pytest.mark.parametrize(
    ("mark", "lens"),
    [
        ("conditional", CONDITIONAL),
        ("eligible", ELIGIBLE),
        ("self_granted", Lens(means=Means.SELF_GRANT, changes=1)),
        ("undecided", POSSIBLE),
    ],
)
def test_a_marked_grant_counts_only_where_its_mark_is_asked_for(mark: str, lens: Lens) -> None:
    marked = granted(**{mark: True})

    assert not can(marked)
    assert can(marked, lens=lens)


def test_a_grant_with_two_marks_needs_both() -> None:
    marked = granted(conditional=True, eligible=True)

    assert not can(marked, lens=CONDITIONAL)
    assert not can(marked, lens=ELIGIBLE)
    assert can(marked, lens=Lens(means=Means.ELIGIBLE, conditional=True))


def test_two_grants_of_one_right_count_each_by_its_own_marks() -> None:
    target = right("x-prod c ra")
    marked = world(
        Edge("i0", "a0", becoming=True),
        Edge("a0", target, conditional=True),
        Edge("a0", target, eligible=True),
    )

    assert not can(marked, lens=PLAIN)
    assert can(marked, lens=CONDITIONAL)
    assert can(marked, lens=ELIGIBLE)


@given(
    st.lists(
        st.tuples(
            *[st.sampled_from([True, False, None])] * 4, *[st.sampled_from([-1, 0, 1, None])] * 2
        ),
        max_size=40,
    ),
    st.integers(0, 20),
    st.integers(1, 13),
)
def test_a_row_carries_what_it_states_however_the_table_is_cut(
    rows: list[tuple[Any, ...]], skipped: int, piece: int
) -> None:
    names = ("conditional", "eligible", "self_granted", "undecided", "valid_from", "valid_until")
    kinds = [pa.bool_()] * 4 + [pa.date32()] * 2
    stated = [
        (*row[:4], *(None if n is None else TODAY + timedelta(n) for n in row[4:])) for row in rows
    ]
    columns = [pa.array([row[n] for row in stated], kind) for n, kind in enumerate(kinds)]
    whole = pa.table(columns, names=names).slice(skipped)
    table = pa.concat_tables(
        [whole.slice(at, piece) for at in range(0, whole.num_rows, piece)] or [whole]
    )

    expected = []
    for conditional, eligible, own, undecided, begins, ends in stated[skipped:]:
        flag = Flag(0)
        flag |= Flag.CONDITIONAL if conditional else Flag(0)
        flag |= Flag.ELIGIBLE if eligible else Flag(0)
        flag |= Flag.SELF_GRANTED if own else Flag(0)
        flag |= Flag.UNDECIDED if undecided else Flag(0)
        early, late = begins is not None and begins > TODAY, ends is not None and ends < TODAY
        flag |= Flag.OUT_OF_TIME if early or late else Flag(0)
        expected.append(int(flag))
    assert row_flags(table, as_of=TODAY).tolist() == expected
