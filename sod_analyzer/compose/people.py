"""Everyone assessed: who was looked at, through which accounts, with what result; by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose.findings import Findings
from sod_analyzer.compose.held import Held
from sod_analyzer.compose.texts import (
    NOTHING,
    Rows,
    distinct_bits,
    lists,
    offsets_of,
    words,
)
from sod_analyzer.detect.judge import Judge
from sod_analyzer.explain.names import Names, flat
from sod_analyzer.explain.walks import groups
from sod_analyzer.graph.closure import Keys, distinct
from sod_analyzer.graph.edges import KINDS, Flag
from sod_analyzer.model.access import GrantKind, IdentityClass, LinkOutcome, NodeKind
from sod_analyzer.model.finding import NOBODY, UNRESTRICTED_RULE, Verdict

Bits = npt.NDArray[np.bool_]

#: Results, the one that counts most first.
_RESULTS = (
    "conflict",
    "not evaluable",
    "mitigated",
    "gated",
    "excluded",
    "no conflict",
    "not judged",
)
_OPEN, _NOT_JUDGED = 5, 6
#: Columns that count results, by the verdict that they count.
_COUNTED = {
    "violations": Verdict.VIOLATION.rank,
    "not_evaluable": Verdict.NOT_EVALUABLE.rank,
    "mitigated": Verdict.MITIGATED.rank,
    "gated": Verdict.GATED.rank,
}
#: Columns of the roster that the population repeats as they are, and those of them that repeat.
_PLAIN = ("identity", "email")
_WORDS = ("status", "department", "title", "manager")


@dataclass(frozen=True)
class Accounts:
    """The accounts that identities hold for certain. Parallel arrays, sorted by identity."""

    identity: npt.NDArray[np.int32]  # offset of the identity
    account: npt.NDArray[np.int32]  # node code
    asleep: Bits

    @classmethod
    def of(cls, judge: Judge) -> Accounts:
        """From the edges of people, which come first."""
        edges, people = judge.engine.edges, judge.subjects
        low, high = int(edges.leaving[people.start]), int(edges.leaving[people.stop])
        holds = edges.kind[low:high] == KINDS.index(GrantKind.HOLDS)
        decided = (edges.flags[low:high] & int(Flag.UNDECIDED)) == 0
        mine = low + np.flatnonzero(holds & decided)
        return cls(
            edges.holder[mine] - np.int32(people.start),
            edges.target[mine],
            (edges.flags[mine] & int(Flag.DORMANT)) != 0,
        )


def population(
    found: Findings, judge: Judge, names: Names, held: Held, accounts: Accounts
) -> Mapping[str, pa.Array]:
    """The columns of `POPULATION`, sorted.

    Cost: a few passes over people and their accounts. Of a snapshot on disk, a few columns are in
    memory at a time.
    """
    columns: dict[str, pa.Array] = {}
    for some in _columns(found, judge, names, held, accounts):
        columns |= some
        names.snapshot.release()
    return columns


def _columns(
    found: Findings, judge: Judge, names: Names, held: Held, accounts: Accounts
) -> Iterator[Mapping[str, Any]]:
    """The columns of the population, some at a time."""
    people = judge.subjects
    n_people = len(people)
    by_kind, order = _sorted(names)
    every, rows = Rows(order), pa.array(order)
    yield {"matched_by": _methods(names, accounts).take(rows)}
    yield {"duties": held.duties.take(rows)}
    results = _results(found, judge, names, accounts)
    yield {
        **{name: results[rank][order] for name, rank in _COUNTED.items()},
        "result": words(_outcome(results, judge.judged)[order], _RESULTS),
    }
    del results
    first = offsets_of(accounts.identity, n_people)
    theirs = lists(first, names.ids(accounts.account), "; ")
    count = np.diff(first).astype(np.int32)
    asleep = np.bincount(accounts.identity[accounts.asleep], minlength=n_people)
    yield {
        "accounts": count[order],
        "dormant_accounts": asleep[order],
        "account_ids": every.words(pc.if_else(pa.array(count > 0), theirs, None)),
    }
    del theirs
    table = names.table(NodeKind.IDENTITY)
    for name in _PLAIN:
        yield {name: every.words(flat(table.column(name)))}
    yield {name: _worded(table.column(name)).take(rows) for name in _WORDS}
    yield {
        "kind": words(by_kind[order], [str(kind) for kind in IdentityClass]),
        "subject_key": every.words(names.subject_keys.key),
    }
    yield {"name": every.words(names.names(np.arange(people.start, people.stop)))}


def _sorted(names: Names) -> tuple[Keys, Keys]:
    """Of each identity the position of its class, and the order by class, name and id."""
    known = [str(kind) for kind in IdentityClass]
    kinds = flat(names.table(NodeKind.IDENTITY).column("kind"))
    by_kind = pc.index_in(kinds, value_set=pa.array(known)).to_numpy().astype(np.uint8)
    order = names.by_name
    return by_kind, order[np.argsort(by_kind[order], kind="stable")]


def _worded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A column as words, whether or not the snapshot keeps it so."""
    if pa.types.is_dictionary(column.type) and column.num_chunks == 1:
        return column.chunk(0)
    return flat(column).dictionary_encode()


# -- with what result ------------------------------------------------------------------------------


def _results(
    found: Findings, judge: Judge, names: Names, accounts: Accounts
) -> npt.NDArray[np.int32]:
    """By verdict and identity, how many results; what a login breaks, whoever holds it breaks.

    What exclusions leave out stands where no finding does, under `CLEAR`.
    """
    heads = found.gathered.heads
    own = np.array([r.rule.rule_id == UNRESTRICTED_RULE for r in found.results], dtype=bool)
    told = np.flatnonzero(~own[heads.rule] & (heads.code >= 0))
    codes = [heads.code[told]]
    verdicts = [found.verdict[found.worst()][told]]
    for waiting in found.waiting.values():
        codes.append(waiting)
        verdicts.append(np.full(len(waiting), Verdict.NOT_EVALUABLE.rank))
    for result in found.results:
        left = [each.subject for each in result.left if each.subject >= 0]
        codes.append(result.subjects.start + np.array(left, dtype=np.int64))
        verdicts.append(np.full(len(left), Verdict.CLEAR.rank))
    row, identity = behind(judge, names, accounts, np.concatenate(codes))
    verdict = np.concatenate(verdicts)[row]
    counts = np.zeros((len(Verdict), len(judge.subjects)), dtype=np.int32)
    for rank, mine in groups(verdict):
        counts[rank] = np.bincount(identity[mine], minlength=counts.shape[1])
    return counts


def behind(judge: Judge, names: Names, accounts: Accounts, codes: Keys) -> tuple[Keys, Keys]:
    """Of nodes that findings are about: pairs of the row and the identity that is behind it.

    Behind an account is the identity that it is assessed under, else whoever holds it; behind a
    role is nobody.
    """
    people, logins = judge.subjects, judge.engine.accounts
    direct = np.flatnonzero((codes >= people.start) & (codes < people.stop))
    rows, found = [direct], [codes[direct] - people.start]
    mine = np.flatnonzero((codes >= logins.start) & (codes < logins.stop))
    if len(mine):
        known = distinct(codes[mine])
        under = pc.index_in(names.table(NodeKind.IDENTITY).column("identity"), names.ids(known))
        alone = np.full(len(known), NOTHING, dtype=np.int64)
        identity = np.flatnonzero(under.is_valid().to_numpy())
        alone[under.drop_null().to_numpy()] = identity
        number = np.searchsorted(known, codes[mine])
        single = alone[number] >= 0
        rows.append(mine[single])
        found.append(alone[number[single]])
        rest = mine[~single]
        order = np.argsort(accounts.account, kind="stable")
        held = accounts.account[order]
        low, high = (np.searchsorted(held, codes[rest], side=side) for side in ("left", "right"))
        count = high - low
        spot = np.arange(int(count.sum())) + np.repeat(low - (np.cumsum(count) - count), count)
        rows.append(np.repeat(rest, count))
        found.append(accounts.identity[order][spot])
    return np.concatenate(rows), np.concatenate(found)


def people_behind(accounts: Accounts, names: Names, findings: pa.Table) -> int:
    """How many people findings are about: what a login breaks, whoever holds it breaks.

    `findings` are rows of `VIOLATIONS`.
    """
    nobody = pa.array(sorted(NOBODY))
    subjects = flat(
        findings.filter(pc.invert(pc.is_in(flat(findings["subject_kind"]), nobody)))["subject"]
    )
    people, logins = (names.table(kind) for kind in (NodeKind.IDENTITY, NodeKind.ACCOUNT))
    subjects = subjects.unique()
    found = pc.is_in(flat(people.column("identity")), value_set=subjects)
    behind_ = np.array(found.to_numpy(zero_copy_only=False), dtype=bool)
    login = pc.is_in(flat(logins.column("account")), value_set=subjects)
    broken = login.to_numpy(zero_copy_only=False)
    if broken.any():
        offset = accounts.account - names.snapshot.ranges[NodeKind.ACCOUNT].start
        mine = (offset >= 0) & (offset < len(broken))
        behind_[accounts.identity[mine][broken[offset[mine]]]] = True
    return int(behind_.sum())


def _outcome(results: npt.NDArray[np.int32], judged: Bits) -> Keys:
    """Which of `_RESULTS` each identity has."""
    outcome = np.where(judged, _OPEN, _NOT_JUDGED)
    # The order of the words is that of the verdicts; the last is what exclusions leave out.
    for rank in range(len(Verdict) - 1, -1, -1):
        outcome[results[rank] > 0] = rank
    return outcome


# -- by what ---------------------------------------------------------------------------------------


def _methods(names: Names, accounts: Accounts) -> pa.DictionaryArray:
    """By what methods each identity's accounts were matched."""
    links = names.snapshot["links"]
    n_people = len(names.snapshot.ranges[NodeKind.IDENTITY])
    method = flat(links["method"]).dictionary_encode()
    told = method.dictionary.to_pylist()
    known = sorted(told)
    identity = _identities(names, accounts, links)
    linked = flat(pc.equal(links["outcome"], str(LinkOutcome.LINKED))).fill_null(False)  # noqa: FBT003
    linked = linked.to_numpy(zero_copy_only=False) & (identity >= 0)
    code = method.indices.fill_null(NOTHING).to_numpy()
    bits = np.zeros((n_people, len(known)), dtype=bool)
    for number, name in enumerate(known):
        bits[identity[linked & (code == told.index(name))], number] = True
    if not bits.size:
        return words(np.full(n_people, NOTHING), [])
    shown, number_of = distinct_bits(bits)
    texts = [
        "; ".join(name for name, has in zip(known, bits[row].tolist(), strict=True) if has) or None
        for row in shown.tolist()
    ]
    return words(number_of, texts)


def _identities(names: Names, accounts: Accounts, links: pa.Table) -> Keys:
    """The identity that each link names, as an offset; -1 for none.

    Whoever a link names mostly holds the account that it links, so that is looked at first: to
    find a million texts among a million takes longer than all else here.
    """
    logins = names.snapshot.ranges[NodeKind.ACCOUNT]
    people = flat(names.table(NodeKind.IDENTITY).column("identity"))
    holder = np.full(len(logins) + 1, NOTHING, dtype=np.int64)
    mine = (accounts.account >= logins.start) & (accounts.account < logins.stop)
    holder[accounts.account[mine] - logins.start] = accounts.identity[mine]
    wanted = flat(links["identity"])
    account = flat(names.table(NodeKind.ACCOUNT).column("account"))
    identity = holder[_rows_of(flat(links["account"]), account)]
    same = pc.equal(people.take(pa.array(identity, mask=identity < 0)), wanted)
    wrong = pc.and_not(wanted.is_valid(), same.fill_null(False))  # noqa: FBT003
    rows = np.flatnonzero(wrong.to_numpy(zero_copy_only=False))
    identity[~wanted.is_valid().to_numpy(zero_copy_only=False)] = NOTHING
    if len(rows):
        found = pc.index_in(wanted.take(pa.array(rows)), value_set=people)
        identity[rows] = found.fill_null(NOTHING).to_numpy()
    return identity


def _rows_of(texts: pa.Array, known: pa.Array) -> Keys:
    """The place of each text among the known ones; -1 for none.

    Cost: where the texts are the known ones in their order, perhaps repeated, they are compared
    and not looked up.
    """
    if len(texts):
        fresh = np.ones(len(texts), dtype=bool)
        fresh[1:] = pc.not_equal(texts[1:], texts[:-1]).to_numpy(zero_copy_only=False)
        if fresh.sum() == len(known) and texts.filter(pa.array(fresh)).equals(known):
            return np.cumsum(fresh) - 1
    found = pc.index_in(texts, value_set=known).fill_null(NOTHING)
    return np.asarray(found.to_numpy(), dtype=np.int64)
