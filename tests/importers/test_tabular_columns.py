"""The law of the columnar engine: it states what the record-by-record engine states."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sod_analyzer.importers.tabular import blocks, days, words
from sod_analyzer.importers.tabular.csv_source import (
    IMPORTER,
    by_block,
    by_record,
    csv_dialect,
)
from sod_analyzer.importers.tabular.options import Column, Columns, CsvOptions, Relation
from sod_analyzer.importers.tabular.plan import (
    ACCOUNT_FIELDS,
    DATE_FIELDS,
    FLAG_FIELDS,
    GRANT_FIELDS,
    GROUP_FIELDS,
    NEEDS,
    make_plan,
)
from sod_analyzer.importers.tabular.table import Notes
from sod_analyzer.model.batch import join_batches
from tests.importers.tabular_kit import spec_for

HEADER = tuple("abcdefgh")

#: What cells hold: few different texts, so that rows repeat, and every kind of odd one.
NAMES = (
    "ann", "Ann", "ANN ", " bob", "DOM\\ann", "dom\\Bob", "x@corp", "", " ", "ann;bob", ";",
    "ann;;ann", "\u00c4nn", "\u00e4nn", "\u0130x", "\u00a0ann\u2003", "a@b", "b@c", "a", "c",
    "a*", "*", "b*;c", "007", "7", "old", "with-approval", "Alone", "'q'", "K", "\u212a",
)  # fmt: skip
DAYS = (
    "2026-10-31", "2026-10-30", "2026-02-30", "2026-10-31T09:30:00", "2026-10-31 00:00:00",
    "2026-10-31T23:30:00Z", "2026-11-02T10:00:01+02:00", "31.10.2026", "01.11.2026", "", "soon",
    "0001-01-01", "9999-12-31", "2026-10-31T24:00:00", "2026-10-31T10:00:00.5",
    "2026-11-02T00:00:00",
)  # fmt: skip
WORDS = ("yes", "NO", "", "J", "maybe", "1", "off", "person", "Workload", "robot", "mfa", "vpn")

#: Columns hold names, days or words, and now and then something else.
KINDS = {**dict.fromkeys("abcd", NAMES), **dict.fromkeys("ef", DAYS), **dict.fromkeys("gh", WORDS)}
EVERYTHING = (*NAMES, *DAYS, *WORDS)


def random_rows(seed: int, count: int) -> list[tuple[str, ...]]:
    """Rows in which texts repeat, some more often than others."""
    chance = random.Random(seed)  # noqa: S311  repeatable, not secret
    liked = {letter: chance.choices(texts, k=4) for letter, texts in KINDS.items()}
    return [
        tuple(
            chance.choice(chance.choice((liked[letter], liked[letter], KINDS[letter], EVERYTHING)))
            for letter in HEADER
        )
        for _ in range(count)
    ]


def columns_for(name: str) -> st.SearchStrategy[str | Column]:
    usual = "ef" if name in DATE_FIELDS else "gh" if name in FLAG_FIELDS else "abcd"
    letter = st.one_of(st.sampled_from(usual), st.sampled_from(usual), st.sampled_from(HEADER))
    plain: st.SearchStrategy[str | Column] = letter
    if name in FLAG_FIELDS:
        stated = st.builds(Column, column=letter, true=st.just(("J",)), false=st.just(("off",)))
        return st.one_of(plain, stated)
    if name in DATE_FIELDS:
        return plain
    one = st.builds(
        Column,
        column=letter,
        lower=st.booleans(),
        strip_prefix=st.sampled_from(["", "DOM\\", "\u00e4", "\u212a"]),
        strip_suffix=st.sampled_from(["", "@CORP", "nn"]),
    )
    many = st.builds(
        Column,
        columns=st.lists(st.sampled_from([*HEADER, "$file"]), min_size=1, max_size=3).map(tuple),
        separator=st.sampled_from(["/", "", ";"]),
        lower=st.booleans(),
    )
    return st.one_of(plain, plain, one, many)


@st.composite
def mappings(draw: st.DrawFn) -> dict[str, Any]:
    """The options of a mapping that makes sense."""
    relation = draw(st.sampled_from(Relation))
    needs = NEEDS[relation]
    about = [
        *(ACCOUNT_FIELDS if "account" in needs else ()),
        *(GROUP_FIELDS if "group" in needs else ()),
        *(("mode",) if "permission" in needs else ()),
        *(GRANT_FIELDS if relation is not Relation.ACCOUNTS else ()),
    ]
    some = draw(st.lists(st.sampled_from(about), unique=True, max_size=5))
    if "valid_from" in about and draw(st.booleans()):
        some = sorted({*some, "valid_from", "valid_until"})
    multi: dict[str, str] = {}
    for name in needs:
        shared = name == "account" and set(some) & set(ACCOUNT_FIELDS)
        if not shared and draw(st.booleans()):
            multi[name] = ";"
    columns: dict[str, Any] = {}
    constants: dict[str, str] = {}
    for name in (*needs, *some):
        how = draw(st.sampled_from(["column", "column", "column", "both", "constant"]))
        if how != "constant":
            columns[name] = draw(columns_for(name))
        if how != "column":
            constants[name] = _constant(draw, name)
    translated = draw(st.lists(st.sampled_from([*needs, *_texts(some)]), max_size=2))
    return {
        "relation": relation,
        "columns": Columns(**columns),
        "constants": constants,
        "multi": multi,
        "translate": {
            name: {"ann": "Zoe", "bob": "", "x@corp": "\u00c4x"}
            for name in translated
            if name != "mode"
        },
        "strict": draw(st.booleans()),
        "skip": draw(
            st.sampled_from([{}, {}, {"a": ("old", "x@corp")}, {"b": ("",), "a": ("ann", "old")}])
        ),
        "date_format": draw(st.sampled_from([(), "%d.%m.%Y", ("%d.%m.%Y", "%Y-%m-%dT%H:%M:%S")])),
        "group_system": draw(st.sampled_from([None, "ldap"])) if "group" in needs else None,
        "identity_system": "hr" if "identity" in needs else None,
        "wildcards": draw(st.sampled_from([None, True, False])),
    }


def _constant(draw: st.DrawFn, name: str) -> str:
    if name == "mode":
        return "with-approval"
    return draw(st.sampled_from(["ann", "Ann", "2026-10-31", "yes", "bot"]))


def _texts(names: list[str]) -> list[str]:
    return [name for name in names if name not in {*DATE_FIELDS, *FLAG_FIELDS}]


def written(rows: list[tuple[str, ...]]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([HEADER, *rows])
    return stream.getvalue()


def stated(base: Path, text: str, *, route: Any, zone: str, **keys: Any) -> Mapping[str, Any]:
    """All rows of all tables, in canonical order, by a route."""
    (base / "t.csv").write_text(text, encoding="utf-8")
    options = CsvOptions(**keys)
    spec = spec_for(base, "csv", "t.csv", options, timezone=zone)
    raw = IMPORTER.fetch(spec)
    batches = tuple(route(raw, make_plan(options, spec), csv_dialect(options, spec)))
    return {
        name: sorted(table.to_pylist(), key=repr) for name, table in join_batches(batches).items()
    }


@contextmanager
def limits(*, few: int, most: int, block: int) -> Iterator[None]:
    """Texts through Arrow from that many on; notes and rows of a block up to that many."""
    with (
        patch.object(blocks, "BLOCK_ROWS", block),
        patch.object(words, "_FEW", few),
        patch.object(days, "_FEW", few),
        patch.object(Notes, "most", most),
    ):
        yield


@given(
    keys=mappings(),
    rows=st.builds(random_rows, st.integers(0, 2**32), st.sampled_from([0, 12, 12, 90, 90])),
    zone=st.sampled_from(["UTC", "Europe/Berlin"]),
    most=st.fixed_dictionaries(
        {
            "few": st.sampled_from([0, 64]),
            "most": st.sampled_from([1, 2, 1000]),
            "block": st.sampled_from([1, 5, 1000]),
        }
    ),
)
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_by_block_is_what_it_is_by_record(
    tmp_path: Path,
    keys: dict[str, Any],
    *,
    rows: list[tuple[str, ...]],
    zone: str,
    most: dict[str, int],
) -> None:
    text = written(rows)

    with limits(**most):
        expected = stated(tmp_path, text, route=by_record, zone=zone, **keys)
        actual = stated(tmp_path, text, route=by_block, zone=zone, **keys)

    assert actual == expected
