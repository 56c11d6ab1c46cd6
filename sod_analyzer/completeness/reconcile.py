"""People to accounts and accounts to people, counted both ways."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.access import LinkOutcome, MatchMethod, Snapshot, Status
from sod_analyzer.model.finding import RECONCILIATION
from sod_analyzer.model.rows import Rows

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]

#: Alphabetical, so that a set of methods reads in a fixed order.
_METHODS = tuple(sorted(set(MatchMethod) - {MatchMethod.NONE}))
_OUTCOMES = tuple(LinkOutcome)
_NOTES: Mapping[str, str] = {
    "accounts undecided": "assessed under their own names; unknown for each candidate",
    "accounts unmatched": "assessed under their own names",
    "leavers with a live account": "people; an account counts unless known disabled or expired",
}

#: For comparisons with null.
_NO = pa.scalar(value=False)

_Key = tuple[str, str | None, str | None]  # what, system, kind


@dataclass(frozen=True)
class _Ties:
    """What the links say, by row of `accounts`."""

    outcome: Numbers  # place in _OUTCOMES
    methods: Numbers  # one bit per place in _METHODS
    identity: Numbers  # row of `identities` if linked, else -1


def reconcile(snapshot: Snapshot, *, as_of: date) -> pa.Table:
    """RECONCILIATION rows, sorted.

    Per system, `accounts` equals the accounts linked by each set of methods, unmatched and
    undecided together. A live account is one that is not known to be disabled or expired.

    Cost: a few passes over whole columns.
    """
    accounts, identities = snapshot["accounts"], snapshot["identities"]
    ties = _ties(snapshot)
    live = _live(accounts, as_of)
    held = _marked(ties.identity, identities.num_rows)
    lively = _marked(ties.identity[live], identities.num_rows)
    status = identities.column("status").fill_null(str(Status.UNKNOWN))
    stated = _flags(pc.not_equal(status, str(Status.UNKNOWN)))
    roster = stated | _flags(pc.is_valid(identities.column("employee_id")))
    left = _flags(pc.equal(status, str(Status.LEAVER))) & roster
    counts: Counter[_Key] = Counter()
    _count_accounts(counts, accounts, ties)
    _count_leavers_accounts(counts, accounts, live & np.append(left, [False])[ties.identity])
    _count_people(counts, identities, status, roster, held)
    kinds = identities.column("kind")
    lively = _marked(ties.identity[live], len(roster))
    for kind, some in _grouped([kinds], left):
        counts["leavers with a live account", None, kind[0]] = int((some & lively).sum())
    return _table(counts)


def _flags(values: pa.ChunkedArray | pa.Array) -> Flags:
    flags: Flags = np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)
    return flags


def _marked(rows: Numbers, count: int) -> Flags:
    """Flags that are set in these rows; -1 is no row."""
    flags = np.zeros(count, dtype=bool)
    flags[rows[rows >= 0]] = True
    return flags


def _live(accounts: pa.Table, as_of: date) -> Flags:
    dead = _flags(pc.equal(accounts.column("enabled"), pa.scalar(value=False)).fill_null(_NO))
    over = _flags(
        pc.less(accounts.column("expires_on"), pa.scalar(as_of, pa.date32())).fill_null(_NO)
    )
    return ~(dead | over)


def _ties(snapshot: Snapshot) -> _Ties:
    links, count = snapshot["links"], snapshot["accounts"].num_rows
    account = _accounts(links.column("account"), snapshot["accounts"].column("account"))
    identity = _identities(snapshot, account)
    outcome = _rows(links.column("outcome"), pa.array([str(each) for each in _OUTCOMES]))
    method = _rows(links.column("method"), pa.array([str(each) for each in _METHODS]))
    ties = _Ties(
        np.full(count, _OUTCOMES.index(LinkOutcome.UNMATCHED), dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.full(count, -1, dtype=np.int64),
    )
    known = account >= 0
    ties.outcome[account[known]] = outcome[known]
    np.bitwise_or.at(
        ties.methods, account[known], np.where(method >= 0, 1 << np.maximum(method, 0), 0)[known]
    )
    linked = known & (outcome == _OUTCOMES.index(LinkOutcome.LINKED))
    ties.identity[account[linked]] = identity[linked]
    return ties


def _accounts(named: pa.ChunkedArray, known: pa.ChunkedArray) -> Numbers:
    """The row of each link's account. Links come in the order of accounts, each of which has one.

    Cost: compares neighbours; what does not fit is looked up.
    """
    if len(named) >= len(known) and len(known):
        new = np.append(True, _flags(pc.not_equal(named[1:], named[:-1]).fill_null(_NO)))
        first = named.filter(pa.array(new))
        if len(first) == len(known) and pc.all(pc.equal(first, known).fill_null(_NO)).as_py():
            rows: Numbers = np.cumsum(new, dtype=np.int64) - 1
            return rows
    return _rows(named, known)


def _identities(snapshot: Snapshot, account: Numbers) -> Numbers:
    """The row of each link's identity, which mostly holds the account; -1 where there is none.

    `account` has the row of each link's account. Cost: no text is looked up but those of links to
    somebody else than the holder that some edge names.
    """
    named, known = snapshot["links"].column("identity"), snapshot["identities"].column("identity")
    holder = _holders(snapshot)[account]
    guess = pa.array(holder, mask=holder < 0)
    right = _flags(pc.equal(named, known.take(guess)).fill_null(_NO))
    wrong = np.flatnonzero(~right & ~_flags(pc.is_null(named)))
    found: Numbers = np.where(right, holder, -1)
    if len(wrong):
        found[wrong] = _rows(named.take(pa.array(wrong)), known)
    return found


def _holders(snapshot: Snapshot) -> Numbers:
    """By account, the row of some identity with an edge to it, and -1 at the end."""
    people, count = snapshot["identities"].num_rows, snapshot["accounts"].num_rows
    holder = snapshot["grants"].column("holder").to_numpy()
    # Edges are sorted by holder, and identities have the first codes.
    theirs = int(np.searchsorted(holder, people))
    target = snapshot["grants"].column("target").slice(0, theirs).to_numpy() - people
    sure = ~_flags(snapshot["grants"].column("undecided").slice(0, theirs).fill_null(_NO))
    sure &= (target >= 0) & (target < count)
    held = np.full(count + 1, -1, dtype=np.int64)
    held[target[sure]] = holder[:theirs][sure]
    return held


def _rows(wanted: pa.ChunkedArray, known: pa.ChunkedArray | pa.Array) -> Numbers:
    """The place of each value in `known`, -1 where it is not there."""
    whole = known.combine_chunks() if isinstance(known, pa.ChunkedArray) else known
    if len(whole) and len(wanted) >= len(whole):
        # Links stand in the order of the accounts, one or a few to each.
        given = wanted.combine_chunks()
        fresh = np.ones(len(given), dtype=bool)
        fresh[1:] = _flags(
            pc.not_equal(given.slice(1), given.slice(0, len(given) - 1)).fill_null(_NO)
        )
        if fresh.sum() == len(whole) and given.filter(pa.array(fresh)).equals(whole):
            return np.cumsum(fresh) - 1
    found = pc.index_in(wanted, value_set=whole).fill_null(-1)
    places: Numbers = found.to_numpy().astype(np.int64)
    places[_flags(pc.is_null(wanted))] = -1
    return places


def _grouped(
    columns: Sequence[pa.ChunkedArray], among: Flags
) -> Iterator[tuple[tuple[str | None, ...], Flags]]:
    """The distinct combinations of values in the rows among, and the rows of each."""
    encoded = [column.combine_chunks().dictionary_encode() for column in columns]
    codes = np.zeros(len(among), dtype=np.int64)
    for each in encoded:
        codes = codes * (len(each.dictionary) + 1) + each.indices.fill_null(-1).to_numpy() + 1
    # Few words in few columns: counting them is cheaper than sorting the rows.
    for code in np.flatnonzero(np.bincount(codes[among])).tolist():
        rest, values = code, []
        for each in reversed(encoded):
            rest, place = divmod(rest, len(each.dictionary) + 1)
            values.append(each.dictionary[place - 1].as_py() if place else None)
        yield tuple(reversed(values)), among & (codes == code)


def _count_accounts(counts: Counter[_Key], accounts: pa.Table, ties: _Ties) -> None:
    everyone = np.ones(accounts.num_rows, dtype=bool)
    for (system, kind), some in _grouped(
        [accounts.column("system"), accounts.column("kind")], everyone
    ):
        counts["accounts", system, kind] = int(some.sum())
        pairs = np.bincount(ties.outcome[some] << len(_METHODS) | ties.methods[some])
        for pair in np.flatnonzero(pairs).tolist():
            number = pairs[pair]
            outcome, methods = divmod(pair, 1 << len(_METHODS))
            counts[_what(_OUTCOMES[outcome], methods), system, kind] += int(number)


def _what(outcome: LinkOutcome, methods: int) -> str:
    if outcome is LinkOutcome.CANDIDATE:
        return "accounts undecided"
    if outcome is LinkOutcome.UNMATCHED:
        return "accounts unmatched"
    names = [str(name) for bit, name in enumerate(_METHODS) if methods >> bit & 1]
    return f"accounts linked by {' and '.join(names)}"


def _count_leavers_accounts(counts: Counter[_Key], accounts: pa.Table, theirs: Flags) -> None:
    for (system, kind), some in _grouped(
        [accounts.column("system"), accounts.column("kind")], theirs
    ):
        counts["live accounts of leavers", system, kind] = int(some.sum())


def _count_people(
    counts: Counter[_Key],
    identities: pa.Table,
    status: pa.ChunkedArray,
    roster: Flags,
    held: Flags,
) -> None:
    for (state, kind), some in _grouped([status, identities.column("kind")], roster):
        counts[f"people, {state}", None, kind] = int(some.sum())
        counts[f"people, {state}, with an account", None, kind] = int((some & held).sum())
        counts[f"people, {state}, without an account", None, kind] = int((some & ~held).sum())


def _table(counts: Counter[_Key]) -> pa.Table:
    rows = Rows(RECONCILIATION)
    for key in sorted(counts, key=lambda key: tuple(part or "" for part in key)):
        what, system, kind = key
        note = _NOTES.get(what)
        rows.add(what=what, system=system, kind=kind, count=counts[key], note=note)
    return rows.table()
