"""The canonical core: what was found, and nothing about where, when or by whom it was read.

The core is the value that the findings digest is taken of. It names each violation's rule,
subject, places, verdicts, means and certainty, and the nodes and edge kinds of each witness. File
names, records, display names, times and the ruleset's wording are outside it, so the same facts
in another file, row order or layout give the same digest.

A leg names its holder only where that is not the finding's own subject: in a finding about one
person it would say the same again.

Source: RFC 8785 (JSON Canonicalization Scheme), restricted to texts, integers, null, arrays and
objects with ASCII names.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.report.columns import (
    arrays,
    flat,
    json_string,
    json_texts,
    mapped,
    objects,
    owners_of,
)

#: Findings per piece of text. Arrow's texts hold 2 GiB at most, and a piece stays far below.
_PIECE = 10_000

_PLACE_KEY = ("finding_id", "place")
_LEG_KEY = ("finding_id", "place", "duty", "holder")


def core_of(tables: Mapping[str, pa.Table]) -> bytes:
    """The canonical core as UTF-8 JSON, from the tables violations, places, legs and hops.

    Sorted by finding id, place, duty, holder, part and hop, whatever the order of the rows.

    Raises:
        ReportError: a row is stated twice, or a hop, leg or place belongs to nothing.

    Cost: linear in hops; no Python object per row.
    """
    return b"".join(_pieces(tables))


def findings_digest(tables: Mapping[str, pa.Table]) -> str:
    """SHA-256 of `core_of(tables)`, as 64 hex digits."""
    digest = hashlib.sha256()
    for piece in _pieces(tables):
        digest.update(piece)
    return digest.hexdigest()


def _pieces(tables: Mapping[str, pa.Table]) -> Iterator[bytes]:
    violations = tables["violations"].sort_by("finding_id")
    places = tables["places"].sort_by([(name, "ascending") for name in _PLACE_KEY])
    legs = tables["legs"].sort_by([(name, "ascending") for name in _LEG_KEY])
    hops = tables["hops"].sort_by([(name, "ascending") for name in (*_LEG_KEY, "part", "hop")])
    place_owner = owners_of(places, violations, ("finding_id",), what="places")
    leg_owner = owners_of(legs, places, _PLACE_KEY, what="legs")
    hop_owner = owners_of(hops, legs, _LEG_KEY, what="hops")
    holders = _other_holders(legs, violations, place_owner[leg_owner])

    yield b'{"findings":['
    for start in range(0, violations.num_rows, _PIECE):
        stop = min(start + _PIECE, violations.num_rows)
        place_span = np.searchsorted(place_owner, [start, stop])
        leg_span = np.searchsorted(leg_owner, place_span)
        hop_span = np.searchsorted(hop_owner, leg_span)
        leg_texts = _legs(
            legs.slice(leg_span[0], leg_span[1] - leg_span[0]),
            holders.slice(leg_span[0], leg_span[1] - leg_span[0]),
            hops.slice(hop_span[0], hop_span[1] - hop_span[0]),
            hop_owner[hop_span[0] : hop_span[1]] - leg_span[0],
        )
        place_texts = _places(
            places.slice(place_span[0], place_span[1] - place_span[0]),
            leg_texts,
            leg_owner[leg_span[0] : leg_span[1]] - place_span[0],
        )
        texts = _findings(
            violations.slice(start, stop - start),
            place_texts,
            place_owner[place_span[0] : place_span[1]] - start,
        )
        comma = "" if start == 0 else ","
        yield (comma + ",".join(texts.to_pylist())).encode()
    yield b"]}"


def _findings(violations: pa.Table, places: pa.Array, owner: np.ndarray) -> pa.Array:
    rows = violations.num_rows
    subject = objects(
        {
            "key": json_texts(violations["subject_key"]),
            "kind": json_texts(violations["subject_kind"]),
        },
        rows,
    )
    members = {
        "finding": json_texts(violations["finding_id"]),
        "folded_under": json_texts(violations["folded_under"]),
        "places": arrays(places, owner, rows),
        "rule": json_texts(violations["rule_id"]),
        "subject": subject,
    }
    return objects(members, rows)


def _places(places: pa.Table, legs: pa.Array, owner: np.ndarray) -> pa.Array:
    rows = places.num_rows
    members = {
        "legs": arrays(legs, owner, rows),
        "means": _means(places["means"]),
        "place": json_texts(places["place"]),
        "severity": json_texts(places["severity"]),
        "verdict": json_texts(places["verdict"]),
    }
    return objects(members, rows)


def _other_holders(legs: pa.Table, violations: pa.Table, owner: np.ndarray) -> pa.Array:
    """Each leg's holder as JSON; null where it is the finding's subject, or not stated."""
    holder = flat(legs["holder"])
    subject = flat(violations["subject"].take(pa.array(owner)))
    other = pc.fill_null(pc.not_equal(holder, subject), pc.is_valid(holder))
    return pc.if_else(other, json_texts(holder), pa.scalar(None, pa.string()))


def _legs(legs: pa.Table, holders: pa.Array, hops: pa.Table, owner: np.ndarray) -> pa.Array:
    names = {
        "from": "from_id",
        "from_kind": "from_kind",
        "kind": "kind",
        "to": "to_id",
        "to_kind": "to_kind",
    }
    hop_texts = objects(
        {name: json_texts(hops[column]) for name, column in names.items()}, hops.num_rows
    )
    part = flat(hops["part"]).fill_null(0).to_numpy(zero_copy_only=False)
    begins = np.ones(len(owner), dtype=bool)
    begins[1:] = (owner[1:] != owner[:-1]) | (part[1:] != part[:-1])
    part_of_hop = np.cumsum(begins) - 1
    part_texts = arrays(hop_texts, part_of_hop, int(begins.sum()))
    members = {
        "duty": json_texts(legs["duty"]),
        "holder": holders,
        "means": _means(legs["means"]),
        "parts": arrays(part_texts, owner[begins], legs.num_rows),
        "state": json_texts(legs["state"]),
    }
    return objects(members, legs.num_rows)


def _means(column: pa.ChunkedArray) -> pa.Array:
    """`held, sure; eligible, conditional` as a list of pairs; null as an empty list."""
    return pc.fill_null(mapped(column, _pairs), "[]")


def _pairs(text: str) -> str:
    pairs = []
    for pair in text.split("; "):
        means, _, certainty = pair.partition(", ")
        known = json_string(certainty) if certainty else "null"
        pairs.append(f'{{"certainty":{known},"means":{json_string(means)}}}')
    return f"[{','.join(sorted(pairs))}]"
