"""Under which ids findings are known from run to run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sod_analyzer.compose.gathered import Gathered
from sod_analyzer.compose.places import PlaceNames
from sod_analyzer.compose.texts import words
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.ruleset import Rule

#: Bytes of the hash that an id keeps.
_KEPT = 6
_LEAD = b"F-"
_TOGETHER = 2**16
_HEX = np.frombuffer(bytes(range(256)).hex().encode(), dtype=np.uint8).reshape(256, 2)

#: What kinds of subject there are, as findings name them.
KINDS = ("identity", "account", "role", "entitlement", "place")
_PLACE = KINDS.index("place")


def finding_id(rule_id: str, subject_kind: str, subject_key: str) -> str:
    """The id under which a violation is known from run to run."""
    text = f"{rule_id}\x1f{subject_kind}\x1f{subject_key}"
    return "F-" + hashlib.sha256(text.encode()).hexdigest()[: 2 * _KEPT]


@dataclass(frozen=True, slots=True)
class SubjectIds:
    """Findings' ids and what they are made of. Parallel arrays, by finding."""

    kind: Keys  # in `KINDS`
    key: pa.Array
    text: pa.Array
    order: npt.NDArray[np.uint64]  # ids sorted by these are sorted by their texts


def subject_ids(
    names: Names, gathered: Gathered, rules: Sequence[Rule], places: PlaceNames
) -> SubjectIds:
    """The id of every finding.

    Cost: one SHA-256 per finding.
    """
    heads = gathered.heads
    kind, key = _keys(names, gathered, places)
    starts = [f"{rule.rule_id}\x1f{word}\x1f".encode() for rule in rules for word in KINDS]
    lead = heads.rule * len(KINDS) + kind
    kept = np.empty((len(key), _KEPT), dtype=np.uint8)
    # Some at a time: a text of Python's for each would take a hundred bytes.
    for low in range(0, len(key), _TOGETHER):
        some = slice(low, low + _TOGETHER)
        kept[some] = _hashed([starts[n] for n in lead[some].tolist()], key[some])
    text = np.empty((len(key), len(_LEAD) + 2 * _KEPT), dtype=np.uint8)
    text[:, : len(_LEAD)] = np.frombuffer(_LEAD, dtype=np.uint8)
    text[:, len(_LEAD) :] = _HEX[kept].reshape(len(key), 2 * _KEPT)
    offsets = np.arange(len(key) + 1, dtype=np.int32) * text.shape[1]
    order = np.zeros((len(key), 8), dtype=np.uint8)
    order[:, 8 - _KEPT :] = kept
    return SubjectIds(
        kind,
        key,
        pa.StringArray.from_buffers(len(key), pa.py_buffer(offsets), pa.py_buffer(text)),
        order.view(">u8").ravel().astype(np.uint64),
    )


def _hashed(starts: list[bytes], keys: pa.Array) -> npt.NDArray[np.uint8]:
    """What an id keeps of the hash of each start with its key."""
    sha256 = hashlib.sha256
    texts = keys.cast(pa.binary()).to_pylist()
    digests = [sha256(start + text).digest() for start, text in zip(starts, texts, strict=True)]
    found = np.frombuffer(b"".join(digests), dtype=np.uint8)
    return found.reshape(len(keys), 32)[:, :_KEPT]


def _keys(names: Names, gathered: Gathered, places: PlaceNames) -> tuple[Keys, pa.Array]:
    """What kind of key stands for each finding's subject, and the key."""
    code = gathered.heads.code
    kind = np.full(len(code), _PLACE, dtype=np.int64)
    pieces, order = [pa.array([], pa.string())], [np.empty(0, dtype=np.int64)]
    for number, (node_kind, span) in enumerate(names.snapshot.ranges.items()):
        mine = np.flatnonzero((code >= span.start) & (code < span.stop))
        if not len(mine):
            continue
        kind[mine] = number
        order.append(mine)
        if node_kind is NodeKind.IDENTITY:
            offset = code[mine] - span.start
            kind[mine[names.subject_keys.account[offset]]] = KINDS.index("account")
            pieces.append(names.subject_keys.key.take(pa.array(offset)))
        else:
            pieces.append(names.ids(code[mine]))
    about = np.flatnonzero(kind == _PLACE)
    if len(about):
        # A finding about a place has that one spot.
        first = np.searchsorted(gathered.spots.finding, about)
        named = places.table(gathered.spots.place[first])
        order.append(about)
        pieces.append(words(named.place, named.key).cast(pa.string()))
    rows = np.concatenate(order)
    keys = pa.concat_arrays(pieces)
    if np.array_equal(rows, np.arange(len(rows))):
        return kind, keys
    back = np.empty(len(rows), dtype=np.int64)
    back[rows] = np.arange(len(rows))
    return kind, keys.take(pa.array(back))
