"""One row per id: what several records say of the same account, role, right or person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.columns import Numbers, ordering, ranks, take
from sod_analyzer.model.access import ISSUES, Hides, IdentityClass, NodeKind, Status
from sod_analyzer.model.rows import Rows, shown


class Pick(Enum):
    """Which of several values counts; nulls never do while there is another."""

    FIRST = auto()  # of the smallest source id and record
    LOWEST = auto()
    HIGHEST = auto()


@dataclass(frozen=True, slots=True)
class Merging:
    """How the rows of one table become one row per id."""

    noun: str
    key: str
    picks: Mapping[str, Pick] = field(default_factory=dict)  # the others: FIRST
    harmless: frozenset[str] = frozenset()  # differing values cannot hide a conflict
    silent: frozenset[str] = frozenset()  # may differ: no issue at all
    otherwise: Mapping[str, str] = field(default_factory=dict)  # where no record says anything


#: Errs: an account that one record calls enabled is enabled, one that any record calls a person's
#: is a person's, and the latest expiry counts: each of them keeps access in the verdicts. Whatever
#: nobody calls a workload is taken for a person, since rules judge people.
MERGINGS: Mapping[NodeKind, Merging] = {
    NodeKind.IDENTITY: Merging(
        "Identity",
        "identity",
        picks={"kind": Pick.LOWEST},
        harmless=frozenset({"name"}),
        otherwise={"kind": IdentityClass.PERSON, "status": Status.UNKNOWN},
    ),
    NodeKind.ACCOUNT: Merging(
        "Account",
        "account",
        # person < shared < vendor < workload
        picks={
            "kind": Pick.LOWEST,
            "enabled": Pick.HIGHEST,
            "expires_on": Pick.HIGHEST,
            "last_used_at": Pick.HIGHEST,
            "created_at": Pick.LOWEST,
        },
        harmless=frozenset({"login", "name", "owner"}),
        silent=frozenset({"last_used_at", "created_at", "dormant_why"}),
        otherwise={"kind": IdentityClass.PERSON},
    ),
    NodeKind.ROLE: Merging(
        "Role",
        "role",
        picks={"privileged": Pick.HIGHEST},
        harmless=frozenset({"title", "owner", "kind"}),
    ),
    NodeKind.ENTITLEMENT: Merging(
        "Entitlement",
        "entitlement",
        picks={"wildcard": Pick.HIGHEST},
        harmless=frozenset({"title"}),
    ),
}

_PLACE = ("source_id", "record")
_MOST_VALUES = 4


def merge(table: pa.Table, how: Merging) -> tuple[pa.Table, pa.Table]:
    """One row per id, sorted by id, and the issues of those whose records contradict each other.

    A column's value is the one its pick names, among those that are not null. Source id and
    record are the smallest that describe the id.

    Cost: two sorts of the rows whose id occurs more than once; the others are only put in order.
    """
    keys = ranks(table.column(how.key))
    if len(keys) and keys.min() < 0:
        raise ValueError(f"a row has no {how.key}")
    repeated = np.bincount(keys)[keys] > 1 if len(keys) else np.zeros(0, dtype=bool)
    if not repeated.any():
        return _filled(_sorted(table, keys), how), ISSUES.empty_table()
    merged, issues = _merge_repeated(take(table, np.flatnonzero(repeated)), keys[repeated], how)
    single = take(table, np.flatnonzero(~repeated))
    both = pa.concat_tables([single, merged])
    return _filled(_sorted(both, ranks(both.column(how.key))), how), issues


def _sorted(table: pa.Table, keys: Numbers) -> pa.Table:
    order, _ = ordering([keys], count=table.num_rows)
    return take(table, order)


def _filled(table: pa.Table, how: Merging) -> pa.Table:
    """The table with what counts where no record says anything."""
    for name, value in how.otherwise.items():
        at = table.schema.get_field_index(name)
        column = table.column(at).fill_null(str(value))
        table = table.set_column(at, table.schema.field(at), column)
    return table


def _merge_repeated(table: pa.Table, keys: Numbers, how: Merging) -> tuple[pa.Table, pa.Table]:
    codes = {name: ranks(table.column(name)) for name in table.schema.names}
    place = [codes[name] for name in _PLACE if name in codes]
    others = [code for name, code in codes.items() if name not in (how.key, *_PLACE)]
    order, _ = ordering([keys, *place, *others], count=table.num_rows)
    starts = np.flatnonzero(np.diff(keys[order], prepend=-1))
    columns: list[pa.Array] = []
    clashes: dict[str, npt.NDArray[np.bool_]] = {}
    for name in table.schema.names:
        sorted_codes = codes[name][order]
        rows = _picked(sorted_codes, starts, how.picks.get(name, Pick.FIRST))
        absent = rows == len(order)
        picked = order[np.where(absent, 0, rows)]
        columns.append(
            table.column(name).combine_chunks().take(pa.array(picked, pa.int64(), mask=absent))
        )
        if name not in _PLACE and name != how.key and name not in how.silent:
            clashes[name] = _clash(sorted_codes, starts)
    merged = _settled(pa.Table.from_arrays(columns, schema=table.schema))
    return merged, _issues(take(table, order), starts, merged, clashes, how)


def _picked(codes: Numbers, starts: npt.NDArray[np.intp], pick: Pick) -> Numbers:
    """For each group the row that gives the value, or the number of rows if all are null."""
    rows = np.arange(len(codes))
    if pick is Pick.FIRST:
        fitting = codes >= 0
    else:
        if pick is Pick.HIGHEST:
            best = np.maximum.reduceat(codes, starts)
        else:
            best = np.minimum.reduceat(np.where(codes >= 0, codes, len(codes)), starts)
        sizes = np.diff(starts, append=len(codes))
        fitting = (codes == np.repeat(best, sizes)) & (codes >= 0)
    found: Numbers = np.minimum.reduceat(np.where(fitting, rows, len(codes)), starts)
    return found


def _clash(codes: Numbers, starts: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Whether a group has two values that are not null."""
    highest = np.maximum.reduceat(codes, starts)
    lowest = np.minimum.reduceat(np.where(codes >= 0, codes, len(codes)), starts)
    differ: npt.NDArray[np.bool_] = (highest >= 0) & (highest != lowest)
    return differ


def _settled(table: pa.Table) -> pa.Table:
    """An account that counts as enabled is not dormant for any reason."""
    if "dormant_why" not in table.schema.names:
        return table
    at = table.schema.get_field_index("dormant_why")
    enabled = table.column("enabled").fill_null(pa.scalar(value=False))
    why = pc.if_else(enabled, pa.scalar(None, pa.string()), table.column(at))
    return table.set_column(at, table.schema.field(at), why)


def _issues(
    rows: pa.Table,
    starts: npt.NDArray[np.intp],
    merged: pa.Table,
    clashes: Mapping[str, npt.NDArray[np.bool_]],
    how: Merging,
) -> pa.Table:
    issues = Rows(ISSUES)
    ends = np.append(starts[1:], rows.num_rows)
    some = np.zeros(len(starts), dtype=bool)
    for clash in clashes.values():
        some |= clash
    for group in np.flatnonzero(some).tolist():
        span = rows.slice(int(starts[group]), int(ends[group] - starts[group]))
        result = merged.slice(group, 1).to_pylist()[0]
        names = [name for name, clash in clashes.items() if clash[group]]
        node: str = result[how.key]
        issues.add(
            kind="conflicting-attributes",
            system=node.partition(":")[0],
            subject=node,
            text=f"{how.noun} '{shown(node)}' is described in different ways: "
            + "; ".join(_difference(name, span, result[name]) for name in names)
            + ".",
            hides=str(Hides.NO if how.harmless.issuperset(names) else Hides.UNKNOWN),
            source_id=result.get("source_id"),
            record=result.get("record"),
        )
    return issues.table()


def _difference(name: str, span: pa.Table, chosen: object) -> str:
    values = sorted(
        {_worded(value) for value in span.column(name).to_pylist() if value is not None}
    )
    more = f" and {len(values) - _MOST_VALUES} more" if len(values) > _MOST_VALUES else ""
    listed = " and ".join(f"'{value}'" for value in values[:_MOST_VALUES])
    return f"{name} is {listed}{more}, and '{_worded(chosen)}' counts"


def _worded(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return shown(str(value), most=60)


def defined_ids(tables: Mapping[NodeKind, pa.Table]) -> Iterator[tuple[NodeKind, pa.Array]]:
    """The ids that the merged tables describe, by kind."""
    for kind, how in MERGINGS.items():
        yield kind, tables[kind].column(how.key).combine_chunks()
