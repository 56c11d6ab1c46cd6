"""What an analysis leaves for questions: compiled edges, duties, and what the input leaves open.

Edges answer any question, narrowed ones too. They are as of a day and of one snapshot; duties and
the verdict on the input depend on rules and settings besides.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from sod_analyzer import __version__
from sod_analyzer.errors import SourceRef, StoreError
from sod_analyzer.graph.edges import KINDS, Edges, Flag
from sod_analyzer.graph.packed import Packed
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.finding import Completeness
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline import ahead
from sod_analyzer.pipeline.duties import Duties, duty_told, told_duty
from sod_analyzer.pipeline.spaces import IMPORTS_COPY, RULESET_COPY, SETTINGS, Space
from sod_analyzer.store import SUMS
from sod_analyzer.store.arrays import Array, read_about, read_arrays, write_arrays

REACH = ahead.REACH
#: Arrays that every folder has, by what their numbers are.
_TYPES: Mapping[str, type[np.generic]] = {
    "leaving": np.int32,
    "target": np.int32,
    "kind": np.int8,
    "flags": np.uint8,
}
_OPTIONAL: Mapping[str, type[np.generic]] = {"first": np.int32, "rows": np.int32}
_AGAIN = "delete the folder, or run 'sod analyze' again"


@dataclass(frozen=True, slots=True)
class InputVerdict:
    """What the input leaves open: the verdict, and the systems of which nothing is certain."""

    completeness: Completeness
    unknown_systems: frozenset[str]


def write_reach(folder: Path, edges: Edges, ruleset: Ruleset, verdict: InputVerdict) -> None:
    """Store edges, duties and the verdict on the input in a folder that has settings.

    In place of any that it holds. Edges that are not all there are not stored: of a snapshot that
    is larger than memory, only those that its rules need are compiled.

    Raises:
        StoreError: the folder cannot be written.
    """
    snapshot = edges.snapshot
    if edges.n_rows != snapshot["grants"].num_rows:
        return
    packed = Packed.of(edges)
    arrays: dict[str, Array] = {
        name: array
        for name in (*_TYPES, *_OPTIONAL)
        if (array := getattr(packed, name)) is not None
    }
    about = {
        **_of_edges(snapshot, edges.as_of),
        "settings": _of_settings(folder),
        "ruleset": ruleset.digest,
        "own": _own(folder, ruleset),
        "name": ruleset.name,
        "duties": [told_duty(duty) for duty in ruleset.duties],
        "completeness": asdict(verdict.completeness),
        "unknown_systems": sorted(verdict.unknown_systems),
    }
    write_arrays(folder / REACH, arrays, about)


def _of_edges(snapshot: Snapshot, day: date) -> dict[str, Any]:
    """What stored edges must agree with: kinds and flags are stored as numbers."""
    flags = {str(flag.name): int(flag) for flag in Flag}
    words = {"kinds": [str(kind) for kind in KINDS], "flags": flags}
    return {
        "snapshot": snapshot.digest,
        "as_of": day.isoformat(),
        "tool": __version__,
        "words": words,
    }


def _of_settings(folder: Path) -> str:
    return hashlib.sha256((folder / SETTINGS / SUMS).read_bytes()).hexdigest()


def _own(folder: Path, ruleset: Ruleset) -> bool:
    """Whether a ruleset is the one that the folder's settings have."""
    settings = folder / SETTINGS
    if (settings / RULESET_COPY).read_text(encoding="utf-8") != ruleset.text:
        return False
    if not ruleset.imports:
        return True
    index = json.loads((settings / IMPORTS_COPY).read_text(encoding="utf-8"))
    return all(
        each.key in index and (settings / index[each.key]).read_text(encoding="utf-8") == each.text
        for each in ruleset.imports
    )


@dataclass(frozen=True, slots=True)
class Stored:
    """What a folder has for a question; None, and why, for what it has not."""

    packed: Packed | None
    duties: Duties | None
    verdict: InputVerdict | None
    notes: tuple[str, ...]


def read_reach(space: Space, day: date) -> Stored:
    """What is stored of a folder's snapshot on this day, and under its ruleset.

    Cost: hashes the arrays; they are read where they are looked at.

    Raises:
        StoreError: a file is missing, was changed, or has what no such file can have.
    """
    folder = space.folder / REACH
    about = read_about(folder)
    if about is None:
        note = "no reach is stored here, so it was computed; 'sod analyze' stores it"
        return Stored(None, None, None, (note,))
    wrong = _differs(about, _of_edges(space.snapshot, day))
    if wrong:
        note = f"the reach stored here is of another {wrong}, so it was computed anew"
        return Stored(None, None, None, (note,))
    packed = _packed(folder, space, day)
    known: Duties | None = None
    if space.rules is None:
        same = about.get("own") is True
        known = _duties(folder, about) if same else None
    else:
        same = about.get("ruleset") == space.ruleset.digest
    if not same or about.get("settings") != _of_settings(space.folder):
        what = "settings" if same else "rules"
        note = f"the verdict on the input stored here is of other {what}, so it was computed anew"
        return Stored(packed, None, None, (note,))
    return Stored(packed, known, _verdict(folder, about), ())


_WORDS = {"snapshot": "snapshot", "as_of": "day", "tool": "version", "words": "version"}


def _differs(about: Mapping[str, Any], wanted: Mapping[str, Any]) -> str | None:
    """The word for the first thing that is not as wanted."""
    return next((_WORDS[key] for key, value in wanted.items() if about.get(key) != value), None)


def _verdict(folder: Path, about: Mapping[str, Any]) -> InputVerdict:
    try:
        stated = {each.name: about["completeness"][each.name] for each in fields(Completeness)}
        return InputVerdict(Completeness(**stated), frozenset(map(str, about["unknown_systems"])))
    except (KeyError, TypeError) as error:
        raise _unfit(folder, "it has no verdict on the input") from error


def _duties(folder: Path, about: Mapping[str, Any]) -> Duties:
    try:
        return Duties(str(about["name"]), tuple(duty_told(each) for each in about["duties"]))
    except (KeyError, TypeError, AttributeError) as error:
        raise _unfit(folder, "it has no duties") from error


def _packed(folder: Path, space: Space, day: date) -> Packed:
    found = read_arrays(folder, space.ahead)
    arrays = {} if found is None else found.arrays
    known = {**_TYPES, **_OPTIONAL}
    if not _TYPES.keys() <= arrays.keys() <= known.keys():
        raise _unfit(folder, "its arrays are not those of edges")
    if any(each.dtype != known[name] or each.ndim != 1 for name, each in arrays.items()):
        raise _unfit(folder, "its numbers are of the wrong types")
    packed = Packed(day, **{name: np.asarray(each) for name, each in arrays.items()})
    wrong = _unlike(packed, space.snapshot)
    if wrong:
        raise _unfit(folder, wrong)
    packed.let_go()
    return packed


def _unlike(packed: Packed, snapshot: Snapshot) -> str | None:
    """What would send a reader outside of the arrays or of the snapshot."""
    count, leaving = len(packed.target), packed.leaving
    if packed.n_nodes != snapshot["nodes"].num_rows:
        return "it is of another number of nodes"
    if not _offsets(leaving, count) or len(packed.kind) != count or len(packed.flags) != count:
        return "its arrays do not belong together"
    for values, limit in ((packed.target, packed.n_nodes), (packed.kind, len(KINDS))):
        if count and not (values.min() >= 0 and values.max() < limit):
            return "it names what does not exist"
    grants = snapshot["grants"].num_rows
    if packed.first is None:
        stated = count
    elif len(packed.first) != count + 1 or not _offsets(packed.first, grants):
        return "its arrays do not belong together"
    else:
        stated = grants
    rows = packed.rows
    fits = rows is None or (
        len(rows) == grants and (not grants or (rows.min() >= 0 and rows.max() < grants))
    )
    return None if stated == grants and fits else "it is of another number of grants"


def _offsets(numbers: Array, total: int) -> bool:
    return (
        bool(len(numbers))
        and int(numbers[0]) == 0
        and int(numbers[-1]) == total
        and not bool(np.any(numbers[1:] < numbers[:-1]))
    )


def _unfit(folder: Path, why: str) -> StoreError:
    return StoreError(f"{why}; {_AGAIN}", where=SourceRef(folder.as_posix()))
