"""The many accounts that are linked without a second thought, by column instead of one by one.

A property test holds this route and the thorough one in `link` equal.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.identity.evidence import exact, folded
from sod_analyzer.identity.texts import Texts
from sod_analyzer.model.access import IdentityClass

#: What `str.strip` takes off, as far as it is ASCII.
_BLANKS = " \t\n\r\v\f\x1c\x1d\x1e\x1f"
_CAPITALS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ASCII = 128
#: Bytes that are looked at together.
_BLOCK = 2**18

#: For comparisons with null.
_NO = pa.scalar(value=False)

Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Plain:
    """What the easy accounts are linked to, and which accounts are not easy.

    `person` has, per easy account, the row in `identities`; `by_id` and `by_email` say which
    methods named it.
    """

    easy: Numbers  # rows of `accounts`
    person: Numbers
    by_id: Flags
    by_email: Flags
    hard: Numbers  # the other rows of `accounts`
    account_keys: Keys
    person_keys: Keys

    def slice(self, begin: int, end: int) -> Plain:
        """Some of the easy accounts, as if there were no others."""
        easy = {
            name: getattr(self, name)[begin:end] for name in ("easy", "person", "by_id", "by_email")
        }
        return replace(self, **easy)


@dataclass(frozen=True)
class Keys:
    """Employee ids and addresses as they are compared; empty where there is none."""

    employee_id: pa.Array
    email: pa.Array


def keys_of(table: pa.Table, *, addressed: bool = True) -> Keys:
    """The keys of accounts or identities; no address unless they are `addressed`."""
    return Keys(
        _each(table.column("employee_id"), exact),
        _each(table.column("email"), folded, lower=True)
        if addressed
        else pa.repeat("", table.num_rows),
    )


def _each(
    column: pa.ChunkedArray, change: Callable[[str | None], str], *, lower: bool = False
) -> pa.Array:
    """The changed texts. Python and Arrow agree on what is blank and on letter case in ASCII."""
    if column.null_count == len(column):
        return pa.repeat("", len(column))
    texts = (column.fill_null("") if column.null_count else column).combine_chunks()
    if isinstance(texts, pa.ChunkedArray):
        texts = pa.concat_arrays(texts.chunks)
    letters = _letters(texts)
    if any(letter >= _ASCII for letter in letters):
        return pa.array([change(text) for text in texts.to_pylist()], pa.string())
    # Mostly there is nothing to change: then nothing is copied either.
    if not letters.isdisjoint(_BLANKS.encode()):
        texts = pc.ascii_trim(texts, characters=_BLANKS)
    if lower and not letters.isdisjoint(_CAPITALS):
        texts = pc.ascii_lower(texts)
    return texts


def _letters(texts: pa.Array) -> AbstractSet[int]:
    """The bytes that occur in these texts."""
    _, offsets, content = texts.buffers()
    if content is None or not len(texts):
        return frozenset()
    every = np.frombuffer(offsets, dtype=np.int32)
    some = np.frombuffer(content, dtype=np.uint8)[every[texts.offset] :]
    some = some[: every[texts.offset + len(texts)] - every[texts.offset]]
    counts = np.zeros(256, dtype=np.int64)
    for begin in range(0, len(some), _BLOCK):
        counts += np.bincount(some[begin : begin + _BLOCK], minlength=256)
    return frozenset(np.flatnonzero(counts).tolist())


def sort_out(accounts: pa.Table, identities: pa.Table, *, special: AbstractSet[str]) -> Plain:
    """Tells the accounts that employee id and e-mail tie to one person beyond doubt.

    Hard is everything that the alias file or a sign-in touches (`special`), that is a workload or
    shared by its own class or its person's, that is tied to several people or to nobody, or that
    states an unknown employee id.
    """
    keys = keys_of(accounts)
    # Where no account states an address, nobody is looked for by theirs.
    addressed = accounts.column("email").null_count < accounts.num_rows
    theirs = keys_of(identities, addressed=addressed)
    by_id, id_doubt = _lookup(keys.employee_id, theirs.employee_id)
    by_email, email_doubt = _lookup(keys.email, theirs.email)
    names = accounts.column("account")
    touched = np.zeros(len(names), dtype=np.bool_)
    if special:
        touched = _flags(pc.is_in(names, value_set=pa.array(sorted(special), pa.string())))
    bots = pa.array([str(IdentityClass.WORKLOAD), str(IdentityClass.SHARED)])
    unusual = pc.is_in(accounts.column("kind"), value_set=bots)
    person = np.where(by_id >= 0, by_id, by_email)
    desk = _flags(pc.equal(identities.column("kind"), str(IdentityClass.SHARED)).fill_null(_NO))
    desk = np.append(desk, [False])  # where -1 points
    easy = (
        (person >= 0)
        & ~id_doubt
        & ~email_doubt
        & ((by_email < 0) | (by_email == person))
        & ((by_id >= 0) | _flags(pc.equal(keys.employee_id, "")))
        & ~touched
        & ~_flags(unusual)
        & ~desk[person]
    )
    rows = np.flatnonzero(easy)
    return Plain(
        easy=rows,
        person=person[rows],
        by_id=by_id[rows] >= 0,
        by_email=by_email[rows] >= 0,
        hard=np.flatnonzero(~easy),
        account_keys=keys,
        person_keys=theirs,
    )


def _lookup(wanted: pa.Array, known: pa.Array) -> tuple[Numbers, Flags]:
    """Per wanted key the row of its one owner, or -1; and whether it has several owners."""
    none = np.full(len(wanted), -1, dtype=np.int64), np.zeros(len(wanted), dtype=np.bool_)
    asked = pc.not_equal(wanted, "")
    if not pc.any(asked).as_py():
        return none
    # Nobody is found by an empty key: as null it has no number.
    texts = Texts()
    filled = pc.not_equal(known, "")
    if not pc.all(filled).as_py():
        known = pc.if_else(filled, known, pa.scalar(None, pa.string()))
    number = texts.add(known)
    rows = np.flatnonzero(number >= 0)
    if not len(rows):
        return none
    owners = np.bincount(number[rows], minlength=len(texts))
    owner = np.empty(len(texts) + 1, dtype=np.int64)
    owner[number[rows]] = rows
    owner[:-1][owners > 1] = -1
    owner[-1] = -1  # where the number of an unknown key points
    found = texts.find(wanted)
    several = np.append(owners > 1, [False])[found]
    return owner[found], several


def _flags(values: pa.Array | pa.ChunkedArray) -> Flags:
    flags: Flags = np.asarray(values.to_numpy(zero_copy_only=False), dtype=bool)
    return flags
