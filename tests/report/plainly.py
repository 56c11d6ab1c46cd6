"""The files as docs/report.md describes them, written row by row with the json module: the oracle.

And tables as writers may get them: random, with odd texts, coded in every way that Arrow allows.
"""

from __future__ import annotations

import json
from collections.abc import Container, Mapping
from dataclasses import asdict
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import strategies as st

from sod_analyzer.model.finding import EDGES, PLACES, REPORT_TABLES, VIOLATIONS, Report

Row = dict[str, Any]

#: Texts that need care: quotes, escapes, formulas, line ends, signs beyond the first plane.
texts = st.text(
    st.sampled_from("ab,;'\"=+-@\t\r\n\0\\/\x07\x7f\u2028é＝\ufeff\U0001f648"), max_size=4
)
maybe = st.none() | texts
NAMES = {
    "violations": {"rule_id", "subject_kind", "subject_key", "name", "verdict", "sentence"},
    "places": {"severity", "verdict", "reason", "small_team"},
    "legs": {"holder_name", "duty_title", "state", "path", "reason"},
    "edges": {"from_kind", "from_id", "from_name", "kind", "to_kind", "to_id", "note", "at"},
    "hops": set(),
    "decisions": {"system", "action", "resource", "by"},
}
MEANS = ("held, sure", "eligible, sure; held, conditional", "held", 'odd "means", \\', None)


def canonical(value: object) -> str:
    """Canonical JSON."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def core(tables: Mapping[str, pa.Table]) -> str:
    """The core, nested row by row."""
    rows = {name: tables[name].to_pylist() for name in ("violations", "places", "legs")}
    rows["hops"] = hops(tables)

    def of(name: str, *key: tuple[str, Any]) -> list[Row]:
        return [row for row in rows[name] if all(row[column] == value for column, value in key)]

    def sortable(value: Any) -> tuple[bool, Any]:
        return (value is None, "" if value is None else value)

    members = ("from_kind", "from_id", "to_kind", "to_id", "kind")
    every = {tuple(row[name] for name in members) for row in rows["hops"]}
    edges = sorted(every, key=lambda edge: [sortable(value) for value in edge])
    number = {edge: n for n, edge in enumerate(edges)}
    found = []
    for violation in sorted(rows["violations"], key=lambda row: row["finding_id"]):
        finding = ("finding_id", violation["finding_id"])
        places = []
        for place in sorted(of("places", finding), key=lambda row: sortable(row["place"])):
            here = (finding, ("place", place["place"]))
            legs = []
            for leg in sorted(
                of("legs", *here), key=lambda row: (sortable(row["duty"]), sortable(row["holder"]))
            ):
                key = (*here, ("duty", leg["duty"]), ("holder", leg["holder"]))
                parts: dict[int, list[int]] = {}
                for hop in sorted(of("hops", *key), key=lambda row: (row["part"], row["hop"])):
                    edge = tuple(hop[name] for name in members)
                    parts.setdefault(hop["part"], []).append(number[edge])
                told = {
                    "duty": leg["duty"],
                    "means": _means(leg["means"]),
                    "parts": list(parts.values()),
                    "state": leg["state"],
                }
                if leg["holder"] not in (None, violation["subject"]):
                    told["holder"] = leg["holder"]
                legs.append(told)
            places.append(
                {
                    "legs": legs,
                    "means": _means(place["means"]),
                    "place": place["place"],
                    "severity": place["severity"],
                    "verdict": place["verdict"],
                }
            )
        found.append(
            {
                "finding": violation["finding_id"],
                "folded_under": violation["folded_under"],
                "places": places,
                "rule": violation["rule_id"],
                "subject": {"key": violation["subject_key"], "kind": violation["subject_kind"]},
            }
        )
    shown = ("from_kind", "from", "to_kind", "to", "kind")
    listed = [dict(zip(shown, edge, strict=True)) for edge in edges]
    return canonical({"edges": listed, "findings": found})


def hops(tables: Mapping[str, pa.Table]) -> list[Row]:
    """Every hop with what its leg and its edge say of it."""
    legs, edges = tables["legs"].to_pylist(), tables["edges"].to_pylist()
    keys = ("finding_id", "place", "holder", "duty")
    decided = {row["hop"]: _decided(row) for row in tables["decisions"].to_pylist()}
    return [
        {
            "decided": decided.get(number),
            **{name: legs[hop["leg"]][name] for name in keys},
            "part": hop["part"],
            "hop": hop["hop"],
            **edges[hop["edge"]],
        }
        for number, hop in enumerate(tables["hops"].to_pylist())
    ]


def _decided(row: Row) -> str:
    text = f"{row['system']}: {row['action']}"
    text += f" on {row['resource']}" if row["resource"] else ""
    return text + (f" ({row['by']})" if row["by"] else "")


def _means(text: str | None) -> list[Row]:
    pairs = [] if text is None else [pair.partition(", ") for pair in text.split("; ")]
    told = [{"certainty": certainty or None, "means": means} for means, _, certainty in pairs]
    return sorted(told, key=canonical)


def findings_json(report: Report) -> bytes:
    """The whole of findings.json."""
    away = ("source_id", "file", "record", "at", "also", "same")
    columns = {
        name: {column: _values(report[name][column]) for column in schema.names}
        for name, schema in REPORT_TABLES.items()
    }
    provenance = {"edges": {name: columns["edges"].pop(name) for name in away}}
    header = ("name", "result", "classification", "snapshot_digest", "ruleset", "ruleset_version",
              "ruleset_digest", "ruleset_text", "config_text")  # fmt: skip
    context = {
        "as_of": report.as_of.isoformat(),
        "completeness": asdict(report.completeness),
        "limits": list(report.limits),
        "numbers": dict(report.numbers),
        "tables": columns,
        **{name: getattr(report, name) for name in header},
    }
    run = None if report.run is None else asdict(report.run)
    text = (
        f'{{"schema_version":4,\n"findings_digest":"{report.findings_digest}",\n'
        f'"core":{core(report.tables)},\n"provenance":{canonical(provenance)},\n'
        f'"context":{canonical(context)},\n"run":{canonical(run)}}}\n'
    )
    return text.encode(errors="backslashreplace")


def _values(column: pa.ChunkedArray) -> list[Any]:
    return [_value(value) for value in column.to_pylist()]


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value


def findings_csv(report: Report) -> bytes:
    """The whole of findings.csv."""
    violations = {row["finding_id"]: row for row in report["violations"].to_pylist()}
    legs: dict[tuple[str, str], list[Row]] = {}
    for leg in report["legs"].to_pylist():
        legs.setdefault((leg["finding_id"], leg["place"]), []).append(leg)
    firsts = {}
    for key, mine in legs.items():
        by_duty: dict[str, Row] = {}
        for leg in mine:
            by_duty.setdefault(leg["duty"], leg)
        firsts[key] = list(by_duty.values())
    most = max(2, *(len(mine) for mine in firsts.values())) if firsts else 2
    early = [name for name in VIOLATIONS.names if name in _FACTS]
    rows = []
    for place in report["places"].to_pylist():
        key = (place["finding_id"], place["place"])
        about = violations[place["finding_id"]]
        row = {"finding_id": place["finding_id"]}
        row |= {name: place[name] for name in PLACES.names[1:-2]}
        row |= {name: about[name] for name in early}
        mine = firsts.get(key, [])
        for number in range(1, most + 1):
            leg = mine[number - 1] if number <= len(mine) else {}
            row |= {f"leg_{number}_{name}": leg.get(name) for name in _LEG}
        row |= {name: place[name] for name in PLACES.names[-2:]}
        row["holders"] = _holders(legs.get(key, []), about)
        row |= {name: about[name] for name in ("rule_kind", "attempt")}
        rows.append(row)
    return _csv(rows, report)


_FACTS = frozenset(VIOLATIONS.names) - {"finding_id", "verdict", "severity", "places", "means",
                                        "rule_kind", "attempt"}  # fmt: skip
_LEG = ("duty", "duty_title", "state", "means", "way", "hops", "path", "reason")


def _holders(legs: list[Row], about: Row) -> str | None:
    told: dict[tuple[str, str], list[str]] = {}
    for leg in legs:
        if leg["holder"] is not None and about["subject"] not in (None, leg["holder"]):
            holder = (leg["holder_name"] or leg["holder"], leg["holder"])
            told.setdefault(holder, []).append(leg["duty_title"] or leg["duty"])
    texts_ = [f"{name} ({', '.join(duties)})" for (name, _), duties in told.items()]
    return "; ".join(texts_) if texts_ else None


def paths_csv(report: Report) -> bytes:
    """The whole of paths.csv."""
    violations = {row["finding_id"]: row for row in report["violations"].to_pylist()}
    rows = []
    for hop in hops(report.tables):
        about = violations[hop["finding_id"]]
        row = {"finding_id": hop["finding_id"], "rule_id": about["rule_id"], "name": about["name"]}
        row |= {name: hop[name] for name in ("place", "duty", "part", "hop", *EDGES.names)}
        rows.append({**row, "holder": hop["holder"], "decided": hop["decided"]})
    return _csv(rows, report)


def _csv(rows: list[Row], _report: Report) -> bytes:
    lines = [",".join(rows[0])] if rows else []
    lines += [",".join(_field(value) for value in row.values()) for row in rows]
    return "\ufeff".encode() + "".join(f"{line}\r\n" for line in lines).encode()


def _field(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    text = str(value)
    runs = text.lstrip("'").startswith(tuple("=+-@\t\r\n\0＝＋－＠"))
    return '"' + ("'" if runs else "") + text.replace('"', '""') + '"'


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, pa.Table]:
    """Violations, places, legs, edges and hops that hang together, in step or in any order."""
    rows: dict[str, list[Row]] = {name: [] for name in NAMES}

    def made(name: str, **known: Any) -> None:
        schema = REPORT_TABLES[name]
        row: Row = dict.fromkeys(schema.names)
        row |= {field.name: 1 for field in schema if pa.types.is_integer(field.type)}
        row |= {column: draw(maybe) for column in schema.names if column in NAMES[name]}
        rows[name].append(row | known)

    for _ in range(draw(st.integers(0, 5))):
        record = draw(st.none() | st.integers(0, 2**40))
        made("edges", record=record, to_name=draw(maybe))
    persons = st.sampled_from(["p", "q", '"r"'])
    for finding in draw(st.lists(texts, unique=True, max_size=4)):
        subject = draw(st.none() | persons)
        folded = draw(st.none() | st.just("F"))
        made("violations", finding_id=finding, subject=subject, folded_under=folded,
             cross_system=draw(st.none() | st.booleans()))  # fmt: skip
        for place in draw(st.lists(maybe, unique=True, min_size=1, max_size=2)):
            means = draw(st.sampled_from(MEANS))
            made("places", finding_id=finding, place=place, means=means)
            keys = st.tuples(st.sampled_from(["c", "d", "="]), st.none() | persons)
            for duty, holder in draw(st.lists(keys, unique=True, max_size=4)):
                parts = draw(st.integers(0, 2)) if rows["edges"] else 0
                found = [
                    (part, hop)
                    for part in range(1, parts + 1)
                    for hop in range(1, draw(st.integers(1, 2)) + 1)
                ]
                leg = {"finding_id": finding, "place": place, "duty": duty, "holder": holder}
                means = draw(st.sampled_from(MEANS))
                made("legs", **leg, means=means, hops=len(found))
                for part, hop in found:
                    edge = draw(st.integers(0, len(rows["edges"]) - 1))
                    made("hops", leg=len(rows["legs"]) - 1, part=part, hop=hop, edge=edge)
                    if draw(st.integers(0, 3)) == 0:
                        made("decisions", hop=len(rows["hops"]) - 1)
    tables = {name: pa.Table.from_pylist(rows[name], REPORT_TABLES[name]) for name in rows}
    return shuffled(tables, draw(st.integers(0, 2**32))) if draw(st.booleans()) else tables


def shuffled(tables: Mapping[str, pa.Table], seed: int) -> dict[str, pa.Table]:
    """The same tables with their rows in another order; hops go on naming the same rows."""
    draw = np.random.default_rng(seed)
    order = {name: draw.permutation(table.num_rows) for name, table in tables.items()}
    moved = {
        # From rows, since tables are equal only where their words have the same codes.
        name: pa.Table.from_pylist(table.take(pa.array(order[name])).to_pylist(), table.schema)
        for name, table in tables.items()
    }
    for table, column, named in (
        ("hops", "leg", "legs"),
        ("hops", "edge", "edges"),
        ("decisions", "hop", "hops"),
    ):
        place = np.argsort(order[named]).astype(np.int32)
        rows = pa.array(place[moved[table][column].to_numpy()], pa.int32())
        at = moved[table].column_names.index(column)
        moved[table] = moved[table].set_column(at, column, rows)
    return moved


def part_of(tables: Mapping[str, pa.Table], wanted: Container[str]) -> dict[str, pa.Table]:
    """The tables of some findings alone, with the edges that their hops name."""
    kept = {
        name: [n for n, row in enumerate(tables[name].to_pylist()) if row["finding_id"] in wanted]
        for name in ("violations", "places", "legs")
    }
    of = tables["hops"].to_pylist()
    kept["hops"] = [n for n, row in enumerate(of) if row["leg"] in kept["legs"]]
    kept["edges"] = sorted({of[n]["edge"] for n in kept["hops"]})
    found = {name: tables[name].take(pa.array(rows, pa.int64())) for name, rows in kept.items()}
    hops_ = [
        {**of[n], "leg": kept["legs"].index(of[n]["leg"]),
         "edge": kept["edges"].index(of[n]["edge"])}
        for n in kept["hops"]
    ]  # fmt: skip
    decided = [
        {**row, "hop": kept["hops"].index(row["hop"])}
        for row in tables["decisions"].to_pylist()
        if row["hop"] in kept["hops"]
    ]
    return {
        **found,
        "hops": pa.Table.from_pylist(hops_, tables["hops"].schema),
        "decisions": pa.Table.from_pylist(decided, tables["decisions"].schema),
    }


def coded(table: pa.Table, seed: int) -> pa.Table:
    """The same rows with texts coded: in several chunks, with words unused, said twice, or null."""
    draw = np.random.default_rng(seed)
    columns = []
    for column in table.columns:
        if not pa.types.is_string(column.type) or draw.random() < 0.2:
            columns.append(column)
            continue
        cuts = sorted({0, table.num_rows, int(draw.integers(0, table.num_rows + 1))})
        pieces = pairwise(cuts)
        chunks = [_coded(column[start:stop].to_pylist(), draw) for start, stop in pieces]
        columns.append(pa.chunked_array(chunks, pa.dictionary(pa.int32(), pa.string())))
    return pa.table(columns, names=table.column_names)


def _coded(values: list[str | None], draw: np.random.Generator) -> pa.DictionaryArray:
    known: list[str | None] = [*{value for value in values if value is not None}, "unused"]
    known += [*known[:1], None]
    order = draw.permutation(len(known))
    words = [known[n] for n in order]
    spots = {word: [n for n, other in enumerate(words) if other == word] for word in words}
    codes = [
        None if value is None and draw.random() < 0.5 else int(draw.choice(spots[value]))
        for value in values
    ]
    return pa.DictionaryArray.from_arrays(pa.array(codes, pa.int32()), pa.array(words, pa.string()))
