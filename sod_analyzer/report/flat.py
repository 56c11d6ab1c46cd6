"""findings.csv and paths.csv: one header row of lower_snake_case names, then one fact per cell.

Source: RFC 4180 (CRLF, quotes doubled). The files start with a byte order mark, because Excel
takes a CSV without one for the local code page. Every text is quoted, null is an empty field
without quotes. A text that a spreadsheet would run as a formula is prefixed with an apostrophe;
`docs/report.md` says how to undo it without loss.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.finding import HOPS, Report
from sod_analyzer.report.columns import Owners, flat, mapped, owners_of, pieced

#: A spreadsheet runs a cell that begins with one of these; an apostrophe before it stops that.
#: Apostrophes in front count too, so that taking one away always gives the text back.
FORMULA_LEAD = re.compile("'*[=+\\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]")

#: Rows turned into text at once.
_PIECE = 20_000

_PLACE_KEY = ("finding_id", "place")
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
_LATER_OF_HOP = ("holder",)


def finding_rows(report: Report) -> pa.Table:
    """One row per place of every violation, folded ones included, with a column group per duty.

    Sorted as the report's places. Rules with few duties leave the further legs null. Where several
    people hold a duty, its columns say how the first of them does; `holders` names everybody.

    Raises:
        ReportError: a place has no violation, or a leg has no place.
    """
    places, violations, legs = report["places"], report["violations"], report["legs"]
    of_violation = owners_of(places, violations, ("finding_id",), what="places")
    columns = {"finding_id": places["finding_id"]}
    columns |= {name: places[name] for name in _PLACE}
    columns |= {name: violations[name].take(pa.array(of_violation)) for name in _FACTS}
    for number, rows in enumerate(_leg_rows(legs, places), start=1):
        columns |= {f"leg_{number}_{name}": legs[name].take(rows) for name in _LEG}
    columns |= {name: places[name] for name in _LATER_OF_PLACE}
    columns["holders"] = _holders(report, of_violation)
    columns |= {name: violations[name].take(pa.array(of_violation)) for name in _LATER_FACTS}
    return pa.table(columns)


def _holders(report: Report, of_violation: Owners) -> pa.Array:
    """Per place, "Ann Lee (Commit, Approve); Bob Ray (Deploy)"; null where it is one subject's."""
    places, legs = report["places"], report["legs"]
    owner = owners_of(legs, places, _PLACE_KEY, what="legs")
    subject = report["violations"]["subject"].take(pa.array(of_violation[owner]))
    other = pc.fill_null(pc.not_equal(flat(legs["holder"]), flat(subject)), False)  # noqa: FBT003
    rows = np.flatnonzero(other.to_numpy(zero_copy_only=False))
    shown = legs.select(["holder", "holder_name", "duty", "duty_title"]).take(pa.array(rows))
    duties: dict[int, dict[tuple[str, str], list[str]]] = {}
    for place, leg in zip(owner[rows].tolist(), shown.to_pylist(), strict=True):
        holder = (leg["holder_name"] or leg["holder"], leg["holder"])
        held = duties.setdefault(place, {}).setdefault(holder, [])
        held.append(leg["duty_title"] or leg["duty"])
    texts: list[str | None] = [None] * places.num_rows
    for place, by_holder in duties.items():
        texts[place] = "; ".join(
            f"{name} ({', '.join(held)})" for (name, _), held in by_holder.items()
        )
    return pa.array(texts, pa.string())


def hop_rows(report: Report) -> pa.Table:
    """One row per hop of every witness, with the rule and the name it belongs to."""
    hops, violations = report["hops"], report["violations"]
    owner = pa.array(owners_of(hops, violations, ("finding_id",), what="hops"))
    columns = {name: hops[name] for name in HOPS.names if name not in _LATER_OF_HOP}
    facts = {name: violations[name].take(owner) for name in ("rule_id", "name")}
    first, *rest = columns.items()
    later = {name: hops[name] for name in _LATER_OF_HOP}
    return pa.table(dict([first, *facts.items(), *rest, *later.items()]))


def _leg_rows(legs: pa.Table, places: pa.Table) -> list[pa.Array]:
    """For the first, second … duty: its first leg by row, per place; null where there is none."""
    owner = owners_of(legs, places, _PLACE_KEY, what="legs")
    duty = flat(legs["duty"]).dictionary_encode()
    code = duty.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    _, firsts = np.unique(owner * (len(duty.dictionary) + 1) + code, return_index=True)
    firsts.sort()
    owner = owner[firsts]
    order = np.argsort(owner, kind="stable")
    sorted_owner = owner[order]
    number = np.arange(len(owner)) - np.searchsorted(sorted_owner, sorted_owner)
    groups = []
    for wanted in range(max(2, int(number.max(initial=-1)) + 1)):
        chosen = number == wanted
        rows = np.full(places.num_rows, -1, dtype=np.int64)
        rows[sorted_owner[chosen]] = firsts[order[chosen]]
        groups.append(pa.array(rows, mask=rows < 0))
    return groups


class _Flat:
    """A reporter of one table as CSV."""

    def __init__(self, name: str, filename: str) -> None:
        self.name = name
        self.filename = filename

    def render(self, report: Report, stream: BinaryIO) -> None:
        """Write the table; every border of it is in the report already."""
        table = finding_rows(report) if self.name == "findings-csv" else hop_rows(report)
        stream.write(b"\xef\xbb\xbf" + ",".join(table.column_names).encode() + b"\r\n")
        stream.writelines(_lines(table))


def _lines(table: pa.Table) -> Iterator[bytes]:
    for start in range(0, table.num_rows, _PIECE):
        piece = table.slice(start, _PIECE)
        fields: list[str | pa.Array] = []
        for name in table.column_names:
            fields += [_fields(flat(piece[name])), ","]
        fields[-1] = "\r\n"
        yield "".join(pieced(*fields).to_pylist()).encode()


def _fields(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return pc.fill_null(column.cast(pa.string()), "")
    return pc.fill_null(mapped(column, _field), "")


def _field(text: str) -> str:
    safe = f"'{text}" if FORMULA_LEAD.match(text) else text
    return '"' + safe.replace('"', '""') + '"'


FINDINGS = _Flat("findings-csv", "findings.csv")
PATHS = _Flat("paths-csv", "paths.csv")
