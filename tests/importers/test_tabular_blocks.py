"""CSV by blocks of columns: the same records, counts and issues as by the record reader."""

from __future__ import annotations

import codecs
import contextlib
import gzip
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.errors import InputError
from sod_analyzer.importers import files
from sod_analyzer.importers.files import find_files
from sod_analyzer.importers.tabular import (
    blocks,
    blocks_codes,
    blocks_parse,
    blocks_repeats,
    csv_file,
)
from sod_analyzer.importers.tabular.blocks import Block, open_csv_blocks, skipped_mask
from sod_analyzer.importers.tabular.csv_file import Dialect, open_csv
from sod_analyzer.importers.tabular.table import Record, Skip, sift
from sod_analyzer.model.batch import BatchBuilder, RawFile, Waterfall
from tests.importers.tabular_kit import spec_for


@dataclass(frozen=True)
class Read:
    """What a reader gave of a file."""

    columns: tuple[str, ...]
    template: str
    encoding: str | None
    rows: list[tuple[int, list[str]]]
    refused: list[tuple[int, str, str]]
    counts: Waterfall
    failed: tuple[str, ...] = field(default=())


def raw_file(base: Path, content: bytes) -> RawFile:
    (base / "a.csv").write_bytes(content)
    (file,) = find_files(spec_for(base, "csv", "a.csv", None))
    return file


def by_records(file: RawFile, dialect: Dialect, wanted: frozenset[str], *, skip: bool) -> Read:
    counts = Waterfall("line")
    builder = BatchBuilder(spec_for(file.local.parent, "csv", "a.csv", None))
    rows: list[tuple[int, list[str]]] = []
    told: dict[str, Any] = {"columns": (), "template": "", "encoding": None}
    try:
        with open_csv(file, counts, dialect=dialect, wanted=wanted) as table:
            told = {
                "columns": table.columns,
                "template": table.template,
                "encoding": table.encoding,
            }
            used = [n for n, name in enumerate(table.columns) if name in wanted]
            skips = skips_of(used, table.columns) if skip else []
            rows.extend(
                (record.number, [str(record.cells[n]) for n in used])
                for record in sift(table.records, builder, file, counts, skips)
            )
    except InputError as error:
        told["failed"] = failure(error)
    tables = builder.take().tables
    issues = tables["issues"].to_pylist() if "issues" in tables else []
    refused = [(row["record"], row["kind"], row["text"].split(": ", 2)[2]) for row in issues]
    return Read(rows=rows, refused=refused, counts=counts, **told)


def by_blocks(file: RawFile, dialect: Dialect, wanted: frozenset[str], *, skip: bool) -> Read:
    counts = Waterfall("line")
    rows: list[tuple[int, list[str]]] = []
    refused: list[tuple[int, str, str]] = []
    told: dict[str, Any] = {"columns": (), "template": "", "encoding": None}

    def refuse(record: Record) -> None:
        counts.rejected += 1
        assert record.wrong is not None
        refused.append((record.number, record.wrong.kind, record.wrong.text))

    opened = open_csv_blocks(file, counts, dialect=dialect, wanted=wanted, refuse=refuse)
    try:
        with opened as table:
            told = {
                "columns": table.columns,
                "template": table.template,
                "encoding": table.encoding,
            }
            used = [n for n, name in enumerate(table.columns) if name in wanted]
            for each in table.blocks:
                check_block(each, used)
                block = each
                if skip:
                    block = each.take(~skipped_mask(each, skips_of(used, table.columns), counts))
                cells = [column.to_pylist() for column in block.cells if column is not None]
                rows.extend(
                    (number, [column[row] for column in cells])
                    for row, number in enumerate(block.records.tolist())
                )
    except InputError as error:
        told["failed"] = failure(error)
    return Read(rows=rows, refused=refused, counts=counts, **told)


def check_block(block: Block, used: list[int]) -> None:
    """The promises of `Block` about its shape."""
    assert len(block.records)
    assert block.records.dtype == np.int64
    for number, cells in enumerate(block.cells):
        assert (cells is not None) == (number in used)
        if cells is not None:
            assert cells.type == pa.dictionary(pa.int32(), pa.string())
            assert len(cells) == len(block.records)
            assert cells.null_count == cells.dictionary.null_count == 0
            assert len(cells.dictionary.unique()) == len(cells.dictionary)


def skips_of(used: list[int], columns: tuple[str, ...]) -> list[Skip]:
    return [Skip(columns[n], n, frozenset({"old", "a"})) for n in used]


def failure(error: InputError) -> tuple[str, ...]:
    return tuple(f"{problem.where}: {problem.text}" for problem in error.problems)


@dataclass(frozen=True)
class Sizes:
    """Of blocks of text, of blocks of rows and of rounds; and whether columns are coded by part."""

    text: int = 1
    rows: int = 1
    held: int = 1
    many: bool = False


@contextlib.contextmanager
def sized(sizes: Sizes) -> Iterator[None]:
    """Everything of these sizes; one undecodable line in two is borne with."""
    with (
        mock.patch.object(blocks, "_TEXT_BYTES", sizes.text),
        mock.patch.object(blocks, "BLOCK_ROWS", sizes.rows),
        mock.patch.object(blocks_codes, "_ROUND_BYTES", sizes.held),
        mock.patch.object(blocks_codes, "_has_many", return_value=sizes.many),
        mock.patch.object(files, "UNDECODABLE_SHARE", 2),
        mock.patch.object(csv_file, "MAX_RECORD_LINES", 4),
    ):
        yield


WORDS = (
    *("a", "b", "jd", "old", " ", "", "é", ",", ";", '"', '""', "\n", "\r\n", "\r", "\0", "\t"),
    *('"x,y"', '"q\nr"', '"a"', '"p""q"', '"",""', "\x1c", "\u2003", "\ufeff", "'", "\n\n"),
    *("jd,a\n", "jd,b\n", "jd,a,c\n", "x;y\n", '"jd","a"\n', " , \n", "jd,a\r\n", '"l\nm",n\n'),
)
texts = st.lists(st.sampled_from(WORDS), max_size=40).map("".join).map(str.encode)
contents = texts | st.lists(
    st.sampled_from([*[word.encode() for word in WORDS], b"\xff", b"\xc3", b"z\xeb,a\n"]),
    max_size=40,
).map(b"".join)
HEADS = (
    *(b"", b"Login,Team\n", b"Login,Team\r\n", b"Login,Team,Note\n", b"sep=;\nLogin;Team\n"),
    *(b"\n#TYPE x\nLogin,Team\n", codecs.BOM_UTF8 + b"Login,Team\n", b'"Lo\ngin",Team\n'),
    *(b"Login\n", b"Login,,Team,,Team\n"),
)
DIALECTS = (
    *([Dialect()] * 4),
    *(Dialect(quote="none"), Dialect(quote="'"), Dialect(delimiter=";"), Dialect(header_row=2)),
    *(Dialect(header_row=0, header=("Login", "Team")), Dialect(encoding="cp1252")),
    *(Dialect(encoding="utf-8"), Dialect(delimiter="é"), Dialect(delimiter=" ")),
)


@dataclass(frozen=True)
class Case:
    """A file and how to read it."""

    content: bytes
    dialect: Dialect
    wanted: frozenset[str]
    skip: bool


cases = st.builds(
    Case,
    content=st.builds(bytes.__add__, st.sampled_from(HEADS), contents),
    dialect=st.sampled_from(DIALECTS),
    wanted=st.frozensets(st.sampled_from(["Login", "Team", "Note"])),
    skip=st.booleans(),
)
sizes_of_all = st.builds(
    Sizes, st.integers(1, 30), st.integers(1, 5), st.sampled_from([1, 60, 10**6]), st.booleans()
)


@settings(max_examples=150, deadline=None)
@given(case=cases, sizes=sizes_of_all)
def test_both_readers_give_the_same(
    tmp_path_factory: pytest.TempPathFactory, case: Case, sizes: Sizes
) -> None:
    file = raw_file(tmp_path_factory.mktemp("csv"), case.content)

    with sized(sizes):
        expected = by_records(file, case.dialect, case.wanted, skip=case.skip)
        actual = by_blocks(file, case.dialect, case.wanted, skip=case.skip)

    assert expected == actual


def read(base: Path, content: bytes, wanted: str, **keys: Any) -> Read:
    return by_blocks(
        raw_file(base, content), Dialect(**keys), frozenset(wanted.split()), skip=False
    )


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    content = b'Login,Team\njd,a\n\njd,a\n"k\nl",b\n , \nx\nx,y,z\n,a\nold,a\n'

    actual = read(tmp_path, content, "Login Team")

    assert actual.rows == [
        (2, ["jd", "a"]),
        (5, ["k\nl", "b"]),
        (10, ["", "a"]),
        (11, ["old", "a"]),
    ]
    assert actual.refused == [
        (8, "ragged-record", "1 cells where the header has 2"),
        (9, "ragged-record", "3 cells where the header has 2"),
    ]
    assert actual.counts == Waterfall(
        "line", lines=11, continued=1, header=1, blank=2, rejected=2, duplicate=1
    )


def test_records_that_differ_in_a_column_nobody_wants_are_not_repeated(tmp_path: Path) -> None:
    content = b"Note,Login\n1,jd\n2,jd\n1,jd\n,\nx,\n,\n"

    actual = read(tmp_path, content, "Login")

    assert actual.rows == [(2, ["jd"]), (3, ["jd"]), (6, [""])]
    assert (actual.counts.duplicate, actual.counts.blank) == (1, 2)


def test_a_quoted_cell_may_go_over_the_border_of_a_block(tmp_path: Path) -> None:
    content = b'Login,Team\njd,"a\n\n\nb"\nkl,c\n'

    for size in range(1, len(content)):
        with mock.patch.object(blocks, "_TEXT_BYTES", size):
            actual = read(tmp_path, content, "Login Team")

        assert actual.rows == [(2, ["jd", "a\n\n\nb"]), (6, ["kl", "c"])]
        assert actual.counts == Waterfall("line", lines=6, continued=3, header=1)


def test_what_comes_before_a_quote_that_is_never_closed_is_given(tmp_path: Path) -> None:
    actual = read(tmp_path, b'Login,Team\njd,a\n"kl,b\nmn,c\n', "Login Team")

    assert actual.rows == [(2, ["jd", "a"])]
    assert actual.failed == ("a.csv:3: a quoted cell is never closed; lines 3 to 4 are not loaded",)
    assert actual.counts.rejected == 1


def test_of_repeated_records_the_first_stays_over_all_blocks(tmp_path: Path) -> None:
    rows = [f"p{number % 700},g{number % 300}" for number in range(5_000)]
    content = "\n".join(["Login,Team", *rows, ""]).encode()

    with mock.patch.object(blocks, "_TEXT_BYTES", 1_000):
        actual = read(tmp_path, content, "Login Team")

    assert [number for number, _ in actual.rows] == list(range(2, 2_102))
    assert actual.counts.duplicate == 5_000 - 2_100


@pytest.mark.parametrize(
    "line",
    ["jd,a", '"jd","a"', '"j""d",""', 'jd,"a,b"', "é\u2003,\ufeff", ",a", "'jd',O'Neil", " , a"],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_plain_text_goes_through_arrow(tmp_path: Path, line: str, end: str) -> None:
    """Or the fast way would be slow, and no other test would say so."""
    rows = [f"{line}{number}" if line[-1] != '"' else line for number in range(9)]
    content = end.join(["Login,Team", *rows]).encode()

    with (
        mock.patch.object(csv_file, "read_record", side_effect=AssertionError),
        mock.patch.object(blocks_parse.Parser, "_line_by_line", side_effect=AssertionError),
    ):
        actual = read(tmp_path, content, "Login Team")

    assert actual == by_records(
        raw_file(tmp_path, content), Dialect(), frozenset({"Login", "Team"}), skip=False
    )


@pytest.mark.parametrize("error", [pa.ArrowInvalid("no"), pa.ArrowCapacityError("no")])
def test_what_arrow_declines_is_read_line_by_line(tmp_path: Path, error: Exception) -> None:
    content = b'Login,Team\njd,a\nx\n , , \n"p\nq",b\n"k,l",c'

    with mock.patch.object(pa.csv, "read_csv", side_effect=error):
        actual = read(tmp_path, content, "Login Team")

    assert actual.rows == [(2, ["jd", "a"]), (5, ["p\nq", "b"]), (7, ["k,l", "c"])]
    assert actual.counts == Waterfall("line", lines=7, header=1, blank=1, rejected=1, continued=1)


@pytest.mark.parametrize(
    ("content", "keys"),
    [
        ("Login,Team\nzoë,a\n".encode("utf-16"), {}),
        ("Login,Team\nzoë,a\n".encode("utf-8-sig"), {}),
        ("Login,Team\nzoë,a\n".encode("cp1252"), {"encoding": "cp1252"}),
        (gzip.compress("Login,Team\nzoë,a\n".encode(), mtime=0), {}),
        ("Login¦Team\nzoë¦a\n".encode(), {"delimiter": "¦"}),
        ("Login,Team\rzoë,a\r".encode(), {}),
        ("Login,Team\nzoë,a\n".encode("utf-7"), {"encoding": "utf-7"}),
    ],
)
def test_other_encodings_are_read_like_utf_8(
    tmp_path: Path, content: bytes, keys: Mapping[str, Any]
) -> None:
    assert read(tmp_path, content, "Login Team", **keys).rows == [(2, ["zoë", "a"])]


@pytest.mark.parametrize("size", [20, 10**6])
def test_a_line_without_end_fails_the_file(tmp_path: Path, size: int) -> None:
    content = b"Login,Team\njd,a\n" + b"x" * 2_000 + b",a\nkl,b\n"

    with (
        mock.patch.object(csv_file, "MAX_LINE_CHARS", 100),
        mock.patch.object(blocks, "_TEXT_BYTES", size),
    ):
        actual = read(tmp_path, content, "Login Team")

    assert actual.rows == [(2, ["jd", "a"])]
    assert actual.failed == (
        "a.csv:3: a line of more than 100 characters; lines 3 to 4 are not loaded",
    )


def test_a_cell_of_more_than_a_million_characters_rejects_its_record(tmp_path: Path) -> None:
    content = b"Login,Team\n%b,a\n%b,b\njd,c\n" % (b"x" * 1_000_001, b"y" * 1_000_000)

    actual = read(tmp_path, content, "Login Team")

    assert [number for number, _ in actual.rows] == [3, 4]
    assert actual.refused == [
        (2, "oversized-cell", "a cell of 1,000,001 characters; the limit is 1,000,000")
    ]


def test_a_file_that_changes_between_two_looks_is_refused(tmp_path: Path) -> None:
    file = raw_file(tmp_path, b"Note,Login\n1,jd\n2,jd\n")
    opened = open_csv_blocks(
        file, Waterfall("line"), dialect=Dialect(), wanted={"Login"}, refuse=lambda _: None
    )
    plain = blocks._reread

    def change(*given: Any) -> Any:
        file.local.write_bytes(b"Note,Login\n1,jd\n2,jd,\n")
        return plain(*given)

    with (
        mock.patch.object(blocks, "_reread", change),
        opened as table,
        pytest.raises(InputError, match="changed while it was read"),
    ):
        list(table.blocks)


def test_too_much_text_for_one_array_is_an_error(tmp_path: Path) -> None:
    with mock.patch.object(blocks_codes, "_MOST_BYTES", 10):
        actual = read(tmp_path, b"Login,Team\njd,a\nkl,a\n", "Login Team")

    assert actual.failed == ("a.csv: column 'Login' holds more than 2 GiB of different text",)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(st.lists(st.integers(0, 3), min_size=3, max_size=3), min_size=1, max_size=30),
    bits=st.sampled_from([8, 12, 63]),
    worth=st.sampled_from([0, 2**18]),
)
def test_repeated_rows_are_those_equal_to_an_earlier_one(
    rows: list[list[int]], bits: int, worth: int
) -> None:
    """However few bits there are for the key, of which too few only cost time."""
    columns = list(np.array(rows, dtype=np.int32).T.copy())
    expected = [n for n, row in enumerate(rows) if row in rows[:n]]

    with (
        mock.patch.object(blocks_repeats, "_BITS", bits),
        mock.patch.object(blocks_repeats, "_WORTH_A_LOOK", worth),
        mock.patch.object(blocks_repeats, "_STEP", 7),
        ThreadPoolExecutor(2) as pool,
    ):
        found = blocks_repeats.alike(columns, [4, 4, 4], pool)
    ascending = np.sort(found.rows)
    actual = blocks_repeats.repeats(ascending, [column[ascending] for column in columns])

    assert expected == sorted(actual.tolist())
    if found.exact:
        assert expected == sorted(found.rows[~found.first].tolist())


@settings(max_examples=100, deadline=None)
@given(
    chunks=st.lists(st.lists(st.text(max_size=5), max_size=8), min_size=1, max_size=5),
    many=st.booleans(),
    held=st.sampled_from([1, 10**6]),
)
def test_codes_stand_for_the_texts(chunks: list[list[str]], held: int, *, many: bool) -> None:
    with sized(Sizes(held=held, many=many)), ThreadPoolExecutor(2) as pool:
        coding = blocks_codes.Coding(["a"], "a.csv", pool, most=sum(map(len, chunks)))
        for chunk in chunks:
            coding.add((pa.array(chunk, pa.string()),))
        ((codes, texts),) = coding.take()

    assert [text for chunk in chunks for text in chunk] == texts.take(codes).to_pylist()
    assert len(set(texts.to_pylist())) == len(texts)


@pytest.mark.parametrize(
    ("rows", "many"),
    [
        ([f"p{n}" for n in range(60_000)], True),
        ([f"p{n % 40_000}" for n in range(60_000)], False),
        (["x"] * 60_000, False),
        (["x", "y"], False),
    ],
)
def test_a_column_of_many_texts_is_known_by_its_beginning(rows: list[str], *, many: bool) -> None:
    assert blocks_codes._has_many(pa.array(rows)) is many
