"""Tables of the report put side by side, read piece by piece: findings with legs, hops with names.

Nothing is copied until a piece is asked for, so that the wide tables never stand whole in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.finding import EDGES, Report, decided_text
from sod_analyzer.report.columns import (
    Numbers,
    Owners,
    distinct_words,
    numbered,
    order_by,
    plain,
    runs,
    taken,
    together,
)
from sod_analyzer.report.quoting import pieced, written
from sod_analyzer.report.ties import Ties, ties_of

_LEG = ("duty", "duty_title", "state", "means", "way", "hops", "path", "reason")
_FACTS = (
    "rule_id",
    "rule_title",
    "subject_kind",
    "subject_key",
    "subject",
    "name",
    "email",
    "status_hr",
    "identity_kind",
    "title",
    "department",
    "manager",
    "systems",
    "cross_system",
    "accounts",
    "folded_under",
    "caveats",
    "sentence",
)
_PLACE = ("place", "place_title", "tier", "severity", "verdict", "means", "reason")
#: Columns that came later stand behind the legs, so that the older ones keep their places.
_LATER_OF_PLACE = ("mitigation", "small_team")
_LATER_FACTS = ("rule_kind", "attempt")
#: What the leg says of its hops.
_LEG_OF_HOP = ("place", "duty")
_LATER_OF_HOP = ("holder",)


@dataclass(frozen=True, slots=True)
class Column:
    """A column as it stands, or the rows of it that `rows` names, -1 being null."""

    name: str
    values: pa.ChunkedArray
    rows: Numbers | None = None

    def piece(self, start: int, stop: int) -> pa.Array | pa.ChunkedArray:
        """The values from one row to another."""
        if self.rows is None:
            return self.values.slice(start, stop - start)
        return taken(self.values, self.rows[start:stop])

    def at(self, rows: Owners) -> pa.Array:
        """The values in some rows."""
        return taken(self.values, rows if self.rows is None else self.rows[rows])


@dataclass(frozen=True, slots=True)
class Joined:
    """Columns of several tables beside each other."""

    columns: tuple[Column, ...]
    num_rows: int

    @property
    def schema(self) -> pa.Schema:
        """Names and types."""
        return pa.schema([(column.name, column.values.type) for column in self.columns])

    def column(self, name: str) -> Column:
        """One of the columns."""
        return next(column for column in self.columns if column.name == name)

    def piece(self, start: int, stop: int) -> pa.Table:
        """The rows from one to another, as a table."""
        stop = min(stop, self.num_rows)
        return pa.table({column.name: column.piece(start, stop) for column in self.columns})

    def chosen(self, first: Sequence[str]) -> Joined:
        """The same with these columns first; the others follow as they stand."""
        by = {column.name: column for column in self.columns}
        rest = [column for column in self.columns if column.name not in first]
        return Joined((*(by[name] for name in first), *rest), self.num_rows)

    def with_column(self, column: Column) -> Joined:
        """The same with one column more at the end."""
        return Joined((*self.columns, column), self.num_rows)


def joined(table: pa.Table) -> Joined:
    """A table as it stands."""
    columns = (Column(name, table[name]) for name in table.column_names)
    return Joined(tuple(columns), table.num_rows)


def findings(report: Report) -> Joined:
    """One row per place of every violation, folded ones included, with a column group per duty.

    Sorted as the report's places. Rules with few duties leave the further legs null. Where several
    people hold a duty, its columns say how the first of them does; `holders` names everybody.

    Raises:
        ReportError: a place has no violation, a leg has no place, or a hop has no leg.
    """
    places, violations, legs = report["places"], report["violations"], report["legs"]
    ties = ties_of(report.tables)

    def facts(names: Sequence[str]) -> list[Column]:
        return [Column(name, violations[name], ties.of_place) for name in names]

    columns = [Column(name, places[name]) for name in ("finding_id", *_PLACE)]
    columns += facts(_FACTS)
    for number, rows in enumerate(_leg_rows(legs, places.num_rows, ties), start=1):
        columns += [Column(f"leg_{number}_{name}", legs[name], rows) for name in _LEG]
    columns += [Column(name, places[name]) for name in _LATER_OF_PLACE]
    columns.append(Column("holders", pa.chunked_array([_holders(report, ties)])))
    columns += facts(_LATER_FACTS)
    return Joined(tuple(columns), places.num_rows)


def of_finding(report: Report, name: str, values: pa.ChunkedArray) -> Column:
    """A further column for `findings`, from one with a value for each violation."""
    return Column(name, values, ties_of(report.tables).of_place)


def hops(report: Report) -> Joined:
    """One row per hop of every witness, with the rule and the name it belongs to."""
    table, violations = report["hops"], report["violations"]
    ties = ties_of(report.tables)
    owner = ties.of_place[ties.of_leg].astype(np.int32)[ties.of_hop]
    facts = [Column(name, violations[name], owner) for name in ("finding_id", "rule_id", "name")]
    return Joined((*facts, *_hop_columns(report, ties)), table.num_rows)


def hop_rows_at(report: Report, rows: Owners) -> pa.Table:
    """Some hops: place, duty and holder of the leg, the numbers, and all columns of the edge."""
    columns = (*_hop_columns(report, ties_of(report.tables)), _of_decision(report, "action"))
    return pa.table({column.name: column.at(rows) for column in columns})


def _hop_columns(report: Report, ties: Ties) -> tuple[Column, ...]:
    table, legs, edges = report["hops"], report["legs"], report["edges"]
    return (
        *(Column(name, legs[name], ties.of_hop) for name in _LEG_OF_HOP),
        *(Column(name, table[name]) for name in ("part", "hop")),
        *(Column(name, edges[name], ties.edge) for name in EDGES.names),
        *(Column(name, legs[name], ties.of_hop) for name in _LATER_OF_HOP),
        _decided(report),
    )


def _decided(report: Report) -> Column:
    """What policies decide at each hop that ends in whatever they allow, in one line."""
    table = report["decisions"]
    columns = (table[name].to_pylist() for name in ("system", "action", "resource", "by"))
    texts = [decided_text(*each) for each in zip(*columns, strict=True)]
    return Column("decided", pa.chunked_array([texts], pa.string()), _decision_rows(report))


def _of_decision(report: Report, name: str) -> Column:
    return Column(name, report["decisions"][name], _decision_rows(report))


def _decision_rows(report: Report) -> Numbers:
    """For each hop its row in the table `decisions`; -1 where nothing was decided."""
    table, count = report["decisions"], report["hops"].num_rows
    if not table.num_rows:
        return np.broadcast_to(np.int32(-1), (count,))
    rows = np.full(count, -1, dtype=np.int32)
    rows[numbered(table["hop"])] = np.arange(table.num_rows, dtype=np.int32)
    return rows


def finding_rows(report: Report) -> pa.Table:
    """`findings` as one table."""
    return findings(report).piece(0, report["places"].num_rows)


def hop_rows(report: Report) -> pa.Table:
    """`hops` as one table."""
    return hops(report).piece(0, report["hops"].num_rows)


def _leg_rows(legs: pa.Table, places: int, ties: Ties) -> list[Owners]:
    """For the first, second … duty: its first leg by row, per place; -1 where there is none."""
    owner, duty = ties.of_leg, distinct_words(legs["duty"]).codes
    order = order_by(owner, duty)
    firsts = np.sort(order[runs(owner[order], duty[order])])
    firsts = firsts[order_by(owner[firsts])]
    place = owner[firsts]
    number = np.arange(len(place)) - np.searchsorted(place, place)
    groups = []
    for wanted in range(max(2, int(number.max(initial=-1)) + 1)):
        rows = np.full(places, -1, dtype=np.int64)
        chosen = number == wanted
        rows[place[chosen]] = firsts[chosen]
        groups.append(rows)
    return groups


def _holders(report: Report, ties: Ties) -> pa.Array:
    """Per place, "Ann Lee (Commit, Approve); Bob Ray (Deploy)"; null where it is one subject's."""
    legs, places = report["legs"], report["places"].num_rows
    subjects = written(report["violations"]["subject"]).of(ties.of_place[ties.of_leg])
    other = pc.fill_null(pc.not_equal(plain(legs["holder"]), subjects), False)  # noqa: FBT003
    rows = np.flatnonzero(other.to_numpy(zero_copy_only=False))
    owner = ties.of_leg[rows]
    shown = {
        name: taken(legs[name], rows) for name in ("holder", "holder_name", "duty", "duty_title")
    }
    names = _else(shown["holder_name"], shown["holder"])
    holder, _ = together(distinct_words(names), distinct_words(shown["holder"]))
    order = order_by(owner, holder)
    starts = runs(owner[order], holder[order])
    # Holders in the order in which the place names them first, their duties as they stand.
    first = np.empty(len(rows), dtype=np.int64)
    first[order] = np.repeat(order[starts], np.diff(np.append(starts, len(rows))))
    order = order_by(owner, first)
    starts = runs(owner[order], first[order])
    duties = _listed(_else(shown["duty_title"], shown["duty"]).take(pa.array(order)), starts, ", ")
    texts = pieced(names.take(pa.array(order[starts])), " (", duties, ")")
    place = owner[order[starts]]
    begins = runs(place)
    spots = np.full(places, len(begins), dtype=np.int64)
    spots[place[begins]] = np.arange(len(begins))
    return _listed(texts, begins, "; ").take(pa.array(spots, mask=spots == len(begins)))


def _else(texts: pa.Array, others: pa.Array) -> pa.Array:
    """The texts, and the other ones where they are null or empty."""
    return pc.if_else(pc.fill_null(pc.not_equal(texts, ""), False), texts, others)  # noqa: FBT003


def _listed(texts: pa.Array, starts: Owners, between: str) -> pa.Array:
    """The texts of each group as one."""
    ends = pa.array(np.append(starts, len(texts)), pa.int32())
    return pc.binary_join(pa.ListArray.from_arrays(ends, texts), between)
