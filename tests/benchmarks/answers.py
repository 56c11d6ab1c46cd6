"""What a process found, beside what it must find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pyarrow import csv

from tests.benchmarks.world.expecting import EVERYWHERE
from tests.benchmarks.world.laws import ANYWHERE, IN_APPLICATION

Keys = NDArray[np.int64]

_RULE, _PERSON = 1 << 45, 1 << 20


def expected(world: Path) -> Keys:
    """One number for each rule, person and place, sorted."""
    with np.load(world / "expected.npz") as kept:
        columns = [kept[name].astype(np.int64) for name in ("rule", "person", "application")]
    return _keys(*columns)


def of_peer(out: Path) -> Keys:
    """The same from a peer's findings; peers know rules that look everywhere only."""
    table = _read(out / "findings.csv", ["rule", "employee_id"])
    everywhere = np.full(table.num_rows, EVERYWHERE)
    return _keys(_rules(table["rule"]), _number(table["employee_id"]), everywhere)


def of_tool(out: Path) -> Keys:
    """The same from the tool's `findings.csv`: a row for each place of a violation."""
    names = ["rule_id", "subject_key", "place", "verdict"]
    table = _read(out / "findings.csv", names)
    table = table.filter(pc.equal(table["verdict"], "violation"))
    place = table["place"]
    in_one = pc.starts_with(place, "app-")
    number = pc.if_else(in_one, pc.utf8_slice_codeunits(place, 4), str(EVERYWHERE))
    return _keys(_rules(table["rule_id"]), _number(table["subject_key"]), _number(number))


def about(keys: Keys, sample: Path) -> Keys:
    """Those about people whom a file of employee ids names."""
    people = np.sort(_number(_read(sample, ["employee_id"])["employee_id"]))
    whose = keys % _RULE // _PERSON
    at = np.minimum(np.searchsorted(people, whose), len(people) - 1)
    return np.compress(people[at] == whose, keys)


def _keys(rule: Keys, person: Keys, application: Keys) -> Keys:
    return np.sort(rule * _RULE + person * _PERSON + application + 1)


def _rules(column: pa.ChunkedArray) -> Keys:
    ids = [rule.id for rule in (*ANYWHERE.rules, *IN_APPLICATION.rules)]
    number = _number(pc.index_in(column, pa.array(ids)))
    number[number >= len(ANYWHERE.rules)] -= len(ANYWHERE.rules)
    return number


def _number(column: pa.ChunkedArray) -> Keys:
    numbers: Keys = column.cast(pa.int64()).combine_chunks().to_numpy(zero_copy_only=False).copy()
    return numbers


def _read(path: Path, names: list[str]) -> pa.Table:
    return csv.read_csv(
        path,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), include_columns=names
        ),
    )
