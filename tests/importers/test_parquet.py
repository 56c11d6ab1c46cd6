"""Parquet: the same rows as in CSV, values of every type as text, and files that are not sound."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sod_analyzer.errors import InputError
from sod_analyzer.importers.tabular import blocks, parquet_codes, parquet_file
from sod_analyzer.importers.tabular.options import Column, Columns, CsvOptions, ParquetOptions
from sod_analyzer.model.batch import Importer, join_batches
from sod_analyzer.testing import check_importer
from tests.importers.tabular_kit import IMPORTERS, Loaded, run, spec_for
from tests.importers.test_tabular_columns import HEADER, mappings, random_rows, written

MEMBERS = Columns(account="Login", group="Team")


def load(base: Path, table: pa.Table, columns: Columns = MEMBERS, **keys: Any) -> Loaded:
    pq.write_table(table, base / "a.parquet")
    return run(base, "parquet", "a.parquet", columns=columns, **keys)


def members(**columns: Any) -> pa.Table:
    return pa.table({"Login": ["ann", "bob", "ann"], "Team": ["a", "b", "a"], **columns})


def test_a_row_is_a_record(tmp_path: Path) -> None:
    loaded = load(tmp_path, members())

    assert loaded.grants == [("sys:ann", "member", "sys:a", 1), ("sys:bob", "member", "sys:b", 2)]
    assert loaded.waterfall == {"lines": 3, "duplicate": 1, "loaded": 2}
    source = loaded.source
    assert (source["kind"], source["unit"], source["record_template"]) == (
        "parquet",
        "row",
        "row {record}",
    )
    assert (source["status"], source["encoding"]) == ("read", None)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array(["007", "1e5", " x "]), ["007", "1e5", "x"]),
        (pa.array(["x", "y", None]).dictionary_encode(), ["x", "y", None]),
        (pa.array([b"x", "\u00e4".encode(), b""], pa.binary()), ["x", "\u00e4", None]),
        (pa.array(["x", "y", "z"], pa.large_string()), ["x", "y", "z"]),
        (pa.array([7, -1, None], pa.int16()), ["7", "-1", None]),
        (pa.array([2**64 - 1, 0, 1], pa.uint64()), ["18446744073709551615", "0", "1"]),
        (pa.array([7.0, 123456789012.0, -0.0]), ["7", "123456789012", "0"]),
        (pa.array([0.1, 1e20, 1.5e-7]), ["0.1", "100000000000000000000", "0.00000015"]),
        (pa.array([float("nan"), float("inf"), None]), [None, "inf", None]),
        (pa.array([0.1, 7, None], pa.float32()), ["0.1", "7", None]),
        (pa.array([0.5, 7, None], pa.float16()), ["0.5", "7", None]),
        (pa.array([Decimal("7.00"), Decimal("1.50"), Decimal("-0.25")]), ["7", "1.5", "-0.25"]),
        (pa.array([Decimal(100), Decimal(7), None]), ["100", "7", None]),
        (pa.array([True, False, None]), ["true", "false", None]),
        (pa.array([date(2026, 10, 31), None, date(1, 1, 1)]), ["2026-10-31", None, "0001-01-01"]),
        (pa.array([time(9, 30), time(9, 30, 1, 500), None]), ["09:30:00", "09:30:01.0005", None]),
        (
            pa.array([datetime(2026, 10, 31, 9, 30), datetime(2026, 1, 1, 0, 0, 0, 120000), None]),  # noqa: DTZ001  wall clock
            ["2026-10-31T09:30:00", "2026-01-01T00:00:00.12", None],
        ),
        (
            pa.array(
                [datetime(2026, 10, 31, 9, 30, tzinfo=UTC), None, None],
                pa.timestamp("ns", tz="Europe/Berlin"),
            ),
            ["2026-10-31T09:30:00Z", None, None],
        ),
        (pa.nulls(3), [None, None, None]),
    ],
)
def test_values_become_text(tmp_path: Path, values: pa.Array, expected: list[str | None]) -> None:
    table = members().append_column("Value", values)

    loaded = load(tmp_path, table, Columns(account="Login", name="Value"))

    rows = sorted(loaded.rows("accounts"), key=lambda row: row["record"])
    told = {row["record"]: row["name"] for row in rows}
    # The third row says the same of ann as the first unless its value is another.
    assert [told.get(record) for record in (1, 2)] == expected[:2]
    assert told.get(3) == (expected[2] if expected[2] != expected[0] else None)


def test_a_moment_with_a_zone_is_a_day_of_the_source(tmp_path: Path) -> None:
    late = pa.array([datetime(2026, 10, 31, 23, 30, tzinfo=UTC)] * 3, pa.timestamp("us", tz="UTC"))
    columns = Columns(account="Login", group="Team", valid_until="Until")

    loaded = load(tmp_path, members(Until=late), columns, more={"timezone": "Europe/Berlin"})

    assert {row["valid_until"] for row in loaded.rows("grants")} == {date(2026, 11, 1)}


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (pa.array([["a"], [], None]), "column 'Team' holds list<"),
        (pa.array([{"x": 1}, None, None]), "column 'Team' holds struct<"),
        (pa.array([[("x", 1)], None, None], pa.map_(pa.string(), pa.int64())), "holds map<"),
        (pa.array([1, 2, 3], pa.duration("s")), "column 'Team' holds duration[s]"),
        (pa.array([b"ab", b"cd", b"ef"], pa.binary(2)), "fixed_size_binary[2], which is no text"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, values: pa.Array, told: str) -> None:
    table = pa.table({"Login": ["ann", "bob", "cy"], "Team": values})

    loaded = load(tmp_path, table)

    assert loaded.source["status"] == "failed"
    assert told in loaded.texts("unreadable-file")[0]
    assert loaded.rows("grants") == []


def test_what_no_field_reads_may_be_anything(tmp_path: Path) -> None:
    nested = pa.array([["a"], [], ["b"]])

    loaded = load(tmp_path, members(Tags=nested))

    # A list makes no row differ from another.
    assert loaded.waterfall == {"lines": 3, "duplicate": 1, "loaded": 2}


def test_rows_that_differ_where_no_field_reads_are_two(tmp_path: Path) -> None:
    loaded = load(tmp_path, members(When=pa.array([1, 2, 3]), Who=["x", None, "x"]))

    assert loaded.waterfall == {"lines": 3, "loaded": 3}


def test_a_null_is_an_empty_cell(tmp_path: Path) -> None:
    table = pa.table({"Login": ["ann", None, ""], "Team": ["a", "a", "a"], "Name": [None, "", ""]})

    loaded = load(tmp_path, table)

    assert loaded.waterfall == {"lines": 3, "rejected": 1, "duplicate": 1, "loaded": 1}
    assert loaded.texts("missing-value") == [
        "a.parquet: record not loaded: no account: 'Login' is empty"
    ]


def test_parts_of_a_folder_are_files(tmp_path: Path) -> None:
    folder = tmp_path / "lake" / "day=1"
    folder.mkdir(parents=True)
    for n in range(2):
        pq.write_table(members(), folder / f"part-{n}.parquet")
    (folder / "_SUCCESS").write_text("")

    loaded = run(tmp_path, "parquet", "lake", columns=MEMBERS)

    assert [row["source_id"] for row in loaded.rows("sources")] == [
        "src/day=1/part-0.parquet",
        "src/day=1/part-1.parquet",
    ]
    assert len(loaded.grants) == 4


def test_a_column_that_is_missing_fails_the_file(tmp_path: Path) -> None:
    loaded = load(tmp_path, pa.table({"Login": ["ann"], "Tem": ["a"]}))

    assert loaded.texts("unreadable-file") == ["a.parquet: no column 'Team'; did you mean 'Tem'?"]


def test_two_columns_of_one_name_are_refused_where_they_are_read(tmp_path: Path) -> None:
    table = pa.table([["ann"], ["a"], ["b"]], names=["Login", "Team", " Team"])

    loaded = load(tmp_path, table)

    assert loaded.texts("unreadable-file") == ["a.parquet: 2 columns are named 'Team'"]


def test_cells_that_are_no_text_reject_their_rows(tmp_path: Path) -> None:
    logins = pa.array([b"ann", b"\xff", b"b\x00b", b"cy"], pa.binary())
    table = pa.table({"Login": logins, "Team": ["a"] * 4})

    loaded = load(tmp_path, table)

    assert [(row["text"], row["record"]) for row in loaded.rows("issues")] == [
        ("a.parquet: record not loaded: byte 0xFF in a cell is not UTF-8", 2),
        ("a.parquet: record not loaded: a NUL character in the record", 3),
    ]
    assert loaded.waterfall == {"lines": 4, "rejected": 2, "loaded": 2}


def test_a_text_that_lies_about_being_utf_8_rejects_its_row(tmp_path: Path) -> None:
    raw = pa.array([b"ann", b"\xc3\x28"], pa.binary())
    lie = pa.Array.from_buffers(pa.string(), 2, raw.buffers())

    loaded = load(tmp_path, pa.table({"Login": lie, "Team": ["a", "a"]}))

    assert loaded.grants == [("sys:ann", "member", "sys:a", 1)]
    assert [kind for kind, _, _ in loaded.issues] == ["unreadable-text"]


def test_a_cell_beyond_the_limit_rejects_its_row(tmp_path: Path) -> None:
    table = pa.table({"Login": ["ann", "x" * 1_000_001], "Team": ["a", "a"]})

    loaded = load(tmp_path, table)

    assert loaded.texts("oversized-cell") == [
        "a.parquet: record not loaded: a cell of 1,000,001 characters; the limit is 1,000,000"
    ]


@pytest.mark.parametrize(
    "content", [b"", b"PAR1", b"Login,Team\nann,a\n", b"PAR1" + b"\xff" * 100 + b"PAR1"]
)
def test_what_is_no_parquet_fails(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.parquet").write_bytes(content)

    loaded = run(tmp_path, "parquet", "a.parquet", columns=MEMBERS)

    assert loaded.source["status"] == "failed"
    assert "damaged Parquet file" in loaded.texts("unreadable-file")[0]


def test_row_groups_before_a_damaged_one_are_loaded(tmp_path: Path) -> None:
    table = pa.table({"Login": [f"u{n}" for n in range(30)], "Team": ["a"] * 30})
    path = tmp_path / "a.parquet"
    pq.write_table(table, path, row_group_size=10, compression="snappy")
    facts = pq.ParquetFile(path).metadata.row_group(1).column(0)
    content = bytearray(path.read_bytes())
    start = facts.dictionary_page_offset
    content[start : start + facts.total_compressed_size] = b"\xee" * facts.total_compressed_size
    path.write_bytes(bytes(content))

    loaded = run(tmp_path, "parquet", "a.parquet", columns=MEMBERS)

    assert [record for *_, record in loaded.grants] == list(range(1, 11))
    (issue,) = [row for row in loaded.rows("issues") if row["kind"] == "unreadable-file"]
    assert "row group 2 is damaged, so rows 11 and after are not loaded" in issue["text"]
    assert (issue["hides"], issue["record"]) == ("yes", 11)
    assert loaded.source["status"] == "failed"
    assert loaded.source["loaded"] == 10


def test_facts_of_a_column_that_contradict_its_schema_do_not_end_the_process(
    tmp_path: Path,
) -> None:
    """Asked for, such facts end the process with an exception that no caller sees."""
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"Login": ["ann", "bob"], "Team": ["a", "a"]}), path)
    optional, required = b"%\x02\x18\x05Login", b"%\x00\x18\x05Login"
    content = path.read_bytes()
    assert content.count(optional) == 1
    path.write_bytes(content.replace(optional, required))

    loaded = run(tmp_path, "parquet", "a.parquet", columns=MEMBERS)

    (issue,) = [row for row in loaded.rows("issues") if row["kind"] == "unreadable-file"]
    assert "row group 1 is damaged" in issue["text"]
    assert loaded.source["loaded"] == 0


def test_a_negative_number_of_rows_fails_the_file(tmp_path: Path) -> None:
    pq.write_table(members(), tmp_path / "a.parquet", compression="none")
    content = (tmp_path / "a.parquet").read_bytes()
    odd = [
        (tmp_path / "a.parquet").write_bytes(content[:at] + b"\x05" + content[at + 1 :])
        and run(tmp_path, "parquet", "a.parquet", columns=MEMBERS)
        # In Thrift's compact form 3 is written as 6, and -3 as 5.
        for at in range(4, len(content))
        if content[at] == 6
    ]

    told = [text for loaded in odd if loaded for text in loaded.texts("unreadable-file")]

    assert any("damaged Parquet file: -3 rows" in text for text in told)


def test_limits_refuse_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(parquet_file, "MAX_ROWS", 2)
        many = load(tmp_path, members())
    with monkeypatch.context() as patched:
        patched.setattr(parquet_file, "MAX_COLUMN_BYTES", 20)
        wide = load(tmp_path, members())

    assert "3 rows in one file; the limit is 2" in many.texts("unreadable-file")[0]
    assert "a column of row group 1 unpacks to" in wide.texts("unreadable-file")[0]
    with pytest.raises(InputError, match="the limit is 10"):
        load(tmp_path, members(), max_bytes=10)


def test_a_cell_beyond_its_dictionary_is_damage() -> None:
    coder = parquet_codes.ColumnCoder(2)
    wild = pa.DictionaryArray.from_arrays(pa.array([0, 9]), pa.array(["x"]), safe=False)

    with pytest.raises(ValueError, match="beyond its dictionary"):
        coder.add(wild)


def test_a_file_without_rows_says_so(tmp_path: Path) -> None:
    loaded = load(tmp_path, members().slice(0, 0))

    assert loaded.issues == [("no-records", "unknown", None)]


def test_constants_alone_read_no_column(tmp_path: Path) -> None:
    columns = Columns(account=Column(columns=("$file",)))

    loaded = load(tmp_path, members(), columns)

    assert loaded.waterfall == {"lines": 3, "duplicate": 1, "loaded": 2}
    assert [row["account"] for row in loaded.rows("accounts")] == ["sys:a"]


def test_the_importer_conforms(tmp_path: Path) -> None:
    pq.write_table(members(), tmp_path / "a.parquet")
    importer: Importer = IMPORTERS["parquet"]

    check_importer(
        importer, spec_for(tmp_path, "parquet", "a.parquet", ParquetOptions(columns=MEMBERS))
    )


def stated(base: Path, importer: str, path: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    """All rows of all tables in canonical order, without what tells one kind of file by."""
    shape = {"csv": CsvOptions, "parquet": ParquetOptions}[importer]
    door = IMPORTERS[importer]
    spec = spec_for(base, importer, path, shape(**keys))
    tables = join_batches(tuple(door.parse(door.fetch(spec))))
    counts = ("rejected", "duplicate", "filtered", "filtered_why", "loaded")
    found: dict[str, Any] = {}
    for name, table in tables.items():
        rows = table.to_pylist()
        if name == "sources":
            rows = [{each: row[each] for each in counts} for row in rows]
        for row in rows:
            if importer == "csv" and row.get("record") is not None:
                row["record"] -= 1  # of the header
            for column in ("text", "subject"):
                if row.get(column):
                    row[column] = row[column].replace(f"t.{importer}", "t")
        found[name] = sorted(rows, key=repr)
    return found


@given(
    keys=mappings(),
    rows=st.builds(random_rows, st.integers(0, 2**32), st.sampled_from([3, 12, 90])),
    group=st.sampled_from([1, 7, 1000]),
    coded=st.sampled_from([True, False, ["a", "c"]]),
    small=st.booleans(),
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_parquet_states_what_csv_states(
    tmp_path: Path,
    keys: dict[str, Any],
    *,
    rows: list[tuple[str, ...]],
    group: int,
    coded: bool | list[str],
    small: bool,
) -> None:
    # CSV has blank lines, Parquet none.
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    (tmp_path / "t.csv").write_text(written(rows), encoding="utf-8")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(HEADER)
    table = pa.table([pa.array(each, pa.string()) for each in columns], names=list(HEADER))
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=group, use_dictionary=coded)

    expected = stated(tmp_path, "csv", "t.csv", keys)
    with (
        patch.object(parquet_file, "_STEP", 5 if small else 2**20),
        patch.object(parquet_file, "BLOCK_ROWS", 4 if small else blocks.BLOCK_ROWS),
        patch.object(parquet_codes, "_ROUND_BYTES", 10 if small else 2**20),
    ):
        actual = stated(tmp_path, "parquet", "t.parquet", keys)

    assert actual == expected


CELLS = st.none() | st.sampled_from(["", "a", "b", "é", "core:p1", "core:p2"]) | st.text(max_size=3)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.lists(CELLS, min_size=1, max_size=12), max_size=6),
    st.integers(0, 12),
    st.integers(0, 40),
)
def test_texts_have_one_number_each_however_many_there_are(
    pieces: list[list[str | None]], most: int, size: int
) -> None:
    """Few texts are kept in one list, many in parts, and dictionaries wait for each other."""
    cells = [text or "" for piece in pieces for text in piece]
    with (
        patch.object(parquet_codes, "_MANY", most),
        patch.object(parquet_codes, "_ROUND_BYTES", size),
    ):
        coder = parquet_codes.ColumnCoder(len(cells))
        for piece in pieces:
            coder.add(pa.array(piece, pa.string()).dictionary_encode())
        codes, texts = coder.take(len(cells))

    known = texts.to_pylist()
    assert known[0] == ""
    assert len(set(known)) == len(known)
    assert [known[code] for code in codes.tolist()] == cells
