"""CSV as tables: cells, line numbers, encodings, and everything that can be wrong with them."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.errors import ConfigError
from sod_analyzer.importers import files
from sod_analyzer.importers.files import find_files
from sod_analyzer.importers.tabular import csv_file
from sod_analyzer.importers.tabular.csv_file import Dialect, open_csv
from sod_analyzer.model.batch import Waterfall
from tests.importers.tabular_kit import Columns, Loaded, run, spec_for

MEMBERS = Columns(account="Login", group="Team")


def members(base: Path, text: str | bytes, **keys: Any) -> Loaded:
    content = text.encode() if isinstance(text, str) else text
    (base / "a.csv").write_bytes(content)
    return run(base, "csv", "a.csv", **{"columns": MEMBERS, **keys})


def pairs(loaded: Loaded) -> list[tuple[str, str, int]]:
    return [(holder[4:], target[4:], record) for holder, _, target, record in loaded.grants]


@pytest.mark.parametrize("cell", ["007", "NA", "1e5", "1.10", "null", "2026-01-02", "TRUE", "=1+1"])
def test_text_stays_text(tmp_path: Path, cell: str) -> None:
    loaded = members(tmp_path, f"Login,Team\n{cell},x\n")

    assert pairs(loaded) == [(cell, "x", 2)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_shows_the_columns(tmp_path: Path, delimiter: str) -> None:
    text = "Note, a; b | c\tx¤Login¤Team\nn¤jd¤a\n".replace("¤", delimiter)

    loaded = members(tmp_path, '"' + text.replace(delimiter + "Login", '"' + delimiter + "Login"))

    assert pairs(loaded) == [("jd", "a", 2)]


def test_excels_separator_line_is_followed_and_counts_as_header(tmp_path: Path) -> None:
    loaded = members(tmp_path, "sep=;\r\nLogin;Team\r\njd;a,b\r\n")

    assert pairs(loaded) == [("jd", "a,b", 3)]
    assert loaded.waterfall == {"lines": 3, "header": 2, "loaded": 1}


def test_powershells_type_line_counts_as_header(tmp_path: Path) -> None:
    loaded = members(tmp_path, '#TYPE X.Y\n"Login","Team"\n"jd","a"\n')

    assert pairs(loaded) == [("jd", "a", 3)]


def test_rows_above_the_header_count_as_header(tmp_path: Path) -> None:
    loaded = members(tmp_path, 'Report "of access\n\nLogin,Team\njd,a\n', header_row=3)

    assert pairs(loaded) == [("jd", "a", 4)]
    assert loaded.waterfall == {"lines": 4, "header": 3, "loaded": 1}


def test_a_header_may_come_from_the_configuration(tmp_path: Path) -> None:
    loaded = members(tmp_path, "jd;a\nkl;b", header_row=0, header=("Login", "Team"), delimiter=";")

    assert pairs(loaded) == [("jd", "a", 1), ("kl", "b", 2)]
    assert loaded.waterfall == {"lines": 2, "loaded": 2}


def test_quotes_can_be_ordinary_characters(tmp_path: Path) -> None:
    loaded = members(tmp_path, 'Login,Team\n"jd,5"\n', quote="none")

    assert pairs(loaded) == [('"jd', '5"', 2)]


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    text = 'Login,Team\njd,a\n\njd,a\n"k\nl",b\n , \nx\nx,y,z\n,a\nold,a\n'

    loaded = members(tmp_path, text, skip={"Login": ("old",)})

    assert pairs(loaded) == [("jd", "a", 2), ("k\nl", "b", 5)]
    assert loaded.waterfall == {
        "lines": 11,
        "continued": 1,
        "header": 1,
        "blank": 2,
        "rejected": 3,
        "duplicate": 1,
        "filtered": 1,
        "loaded": 2,
    }
    assert loaded.source["filtered_why"] == "1 Login is 'old'"
    assert loaded.issues == [
        ("ragged-record", "yes", 8),
        ("ragged-record", "yes", 9),
        ("missing-value", "yes", 10),
    ]
    assert loaded.texts("ragged-record") == [
        "a.csv: record not loaded: 1 cells where the header has 2",
        "a.csv: record not loaded: 3 cells where the header has 2",
    ]
    assert loaded.texts("missing-value") == [
        "a.csv: record not loaded: no account: 'Login' is empty"
    ]


def test_the_source_row_says_what_was_read(tmp_path: Path) -> None:
    loaded = members(tmp_path, b"\xef\xbb\xbfLogin,Team\njd,a\n")

    source = loaded.source

    assert (source["status"], source["unit"], source["record_template"], source["kind"]) == (
        "read",
        "line",
        "line {record}",
        "csv",
    )
    assert source["encoding"] == "utf-8-sig"


def test_a_stated_encoding_is_used(tmp_path: Path) -> None:
    loaded = members(tmp_path, "Login,Team\nzoë,a\n".encode("cp1252"), encoding="cp1252")

    assert pairs(loaded) == [("zoë", "a", 2)]


def test_utf_16_is_known_by_its_mark(tmp_path: Path) -> None:
    loaded = members(tmp_path, "Login\tTeam\nzoë\ta\n".encode("utf-16"))

    assert pairs(loaded) == [("zoë", "a", 2)]


def failed(loaded: Loaded) -> str:
    """The one thing that is wrong with a file that failed and gave nothing."""
    assert loaded.source["status"] == "failed"
    assert loaded.waterfall.get("loaded", 0) == 0
    (issue,) = loaded.rows("issues")
    assert (issue["kind"], issue["hides"]) == ("unreadable-file", "yes")
    return str(issue["text"])


def test_the_wrong_encoding_fails_the_file_at_the_place(tmp_path: Path) -> None:
    loaded = members(tmp_path, "Login,Team\njd,a\nzoë,a\n".encode("cp1252"))

    assert failed(loaded) == (
        "a.csv: not UTF-8: byte 0xEB at offset 18; state the file's encoding, such as cp1252"
    )
    assert loaded.rows("issues")[0]["record"] == 3


def with_strays(bad: int, lines: int) -> bytes:
    """So many lines of members after the header; the last ones have a byte that is no UTF-8."""
    good = [b"p%d,a" % number for number in range(lines - 1 - bad)]
    return b"\n".join([b"Login,Team", *good, *[b"z\xeb%d,\xeb" % n for n in range(bad)], b""])


def test_a_byte_that_is_not_utf_8_rejects_its_record(tmp_path: Path) -> None:
    content = with_strays(1, 100) + b"jd,a\n"

    loaded = members(tmp_path, content)

    assert pairs(loaded)[-1] == ("jd", "a", 101)
    assert loaded.source["status"] == "read"
    assert loaded.waterfall == {"lines": 101, "header": 1, "rejected": 1, "loaded": 99}
    assert loaded.issues == [("unreadable-text", "yes", 100)]
    assert loaded.texts("unreadable-text") == [
        f"a.csv: record not loaded: byte 0xEB at offset {content.index(0xEB):,} is not UTF-8"
    ]


def test_a_record_over_several_lines_is_rejected_for_a_byte_in_any(tmp_path: Path) -> None:
    rows = b"".join(b"p%d,a\n" % number for number in range(200))

    loaded = members(tmp_path, b"Login,Team\n" + rows + b'"x\ny\xff",b\njd,"a\nb"\n')

    assert loaded.issues == [("unreadable-text", "yes", 202)]
    assert pairs(loaded)[-1] == ("jd", "a\nb", 204)


def test_one_line_in_a_hundred_may_be_undecodable_and_no_more(tmp_path: Path) -> None:
    assert members(tmp_path, with_strays(2, 200)).waterfall["rejected"] == 2
    assert failed(members(tmp_path, with_strays(3, 200))) == (
        f"a.csv: not UTF-8: byte 0xEB at offset {with_strays(3, 200).index(0xEB):,}; "
        "state the file's encoding, such as cp1252"
    )


def test_too_many_undecodable_lines_fail_the_file_whatever_their_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_UNDECODABLE_LINES", 1)

    assert members(tmp_path, with_strays(1, 300)).source["status"] == "read"
    assert members(tmp_path, with_strays(2, 300)).source["status"] == "failed"


@pytest.mark.parametrize("keys", [{}, {"header_row": 2}])
def test_an_undecodable_byte_in_the_header_or_above_fails_the_file(
    tmp_path: Path, keys: dict[str, Any]
) -> None:
    above = b"\xff\n" if keys else b""
    head = b"Login,Team\n" if keys else b"Login,Team,\xff\n"

    loaded = members(tmp_path, above + head + b"jd,a,\n" * 300, **keys)

    assert failed(loaded).startswith("a.csv: not UTF-8: byte 0xFF at offset")


def test_an_undecodable_byte_in_the_first_record_without_header_rejects_it(tmp_path: Path) -> None:
    content = b"j\xff,a\n" + b"".join(b"p%d,a\n" % number for number in range(200))

    loaded = members(tmp_path, content, header_row=0, header=("Login", "Team"))

    assert loaded.issues == [("unreadable-text", "yes", 1)]


def test_an_empty_file_fails(tmp_path: Path) -> None:
    assert failed(members(tmp_path, "")) == "a.csv: the file is empty"


def test_a_file_of_empty_lines_fails(tmp_path: Path) -> None:
    text = failed(members(tmp_path, "\n\n"))

    assert text == "a.csv: the file has no header, only empty lines"


def test_a_header_after_the_end_fails_the_file(tmp_path: Path) -> None:
    text = failed(members(tmp_path, "Login,Team\njd,a\n", header_row=9))

    assert text == "a.csv: the header should be in line 9, but the file has 2 lines"


def test_a_missing_column_fails_the_file_and_names_what_is_near(tmp_path: Path) -> None:
    text = failed(members(tmp_path, "Logon,Team\njd,a\n"))

    assert text == "a.csv: no column 'Login'; did you mean 'Logon'?"


def test_a_mapped_column_that_occurs_twice_fails_the_file(tmp_path: Path) -> None:
    text = failed(members(tmp_path, "Login,Team,Team\njd,a,b\n"))

    assert text == "a.csv: 2 columns are named 'Team'"


def test_unmapped_columns_may_share_a_name(tmp_path: Path) -> None:
    loaded = members(tmp_path, "Login,Team,,\njd,a,,\n")

    assert pairs(loaded) == [("jd", "a", 2)]


def test_a_header_alone_could_hide_a_conflict(tmp_path: Path) -> None:
    loaded = members(tmp_path, "Login,Team\n")

    assert loaded.issues == [("no-records", "unknown", None)]


def test_a_quote_that_is_never_closed_fails_the_file_from_there(tmp_path: Path) -> None:
    loaded = members(tmp_path, 'Login,Team\njd,a\n"kl,b\nmn,c\nop,d\n')

    assert pairs(loaded) == [("jd", "a", 2)]
    assert loaded.source["status"] == "failed"
    assert loaded.waterfall == {
        "lines": 5,
        "continued": 2,
        "header": 1,
        "rejected": 1,
        "loaded": 1,
    }
    assert loaded.texts("unreadable-file") == [
        "a.csv: a quoted cell is never closed; lines 3 to 5 are not loaded"
    ]


def test_a_quote_that_swallows_a_thousand_lines_fails_the_file_from_there(tmp_path: Path) -> None:
    text = "Login,Team\njd,a\n" + '"kl,b\n' + "mn,c\n" * 1500 + 'op",d\n'

    loaded = members(tmp_path, text)

    assert pairs(loaded) == [("jd", "a", 2)]
    assert loaded.waterfall["lines"] == 1504
    assert loaded.texts("unreadable-file") == [
        "a.csv: a quoted cell spans more than 1,000 lines; lines 3 to 1,504 are not loaded"
    ]


def test_an_unclosed_quote_in_the_header_fails_the_file(tmp_path: Path) -> None:
    text = failed(members(tmp_path, 'Login,"Team\njd,a\n'))

    assert text == "a.csv: the header cannot be read: malformed quoting: unexpected end of data"


def test_malformed_quoting_rejects_its_record_only(tmp_path: Path) -> None:
    loaded = members(tmp_path, 'Login,Team\n"O"Neil,a\nx\ry,b\njd,c\n')

    assert pairs(loaded) == [("jd", "c", 4)]
    assert loaded.issues == [("malformed-record", "yes", 2), ("malformed-record", "yes", 3)]


def test_32_768_characters_load(tmp_path: Path) -> None:
    cell = "x" * 32_768

    loaded = members(tmp_path, f"Login,Team\n{cell},a\n")

    assert pairs(loaded) == [(cell, "a", 2)]


def test_a_cell_of_ten_megabytes_rejects_its_record(tmp_path: Path) -> None:
    cell = '"' + "x\n" * 500 + "y" * 10_000_000 + '"'

    loaded = members(tmp_path, f"Login,Team\n{cell},a\njd,b\n")

    assert pairs(loaded) == [("jd", "b", 503)]
    assert loaded.texts("oversized-cell") == [
        "a.csv: record not loaded: a cell of 10,001,000 characters; the limit is 1,000,000"
    ]
    assert loaded.waterfall == {
        "lines": 503,
        "continued": 500,
        "header": 1,
        "rejected": 1,
        "loaded": 1,
    }


def test_a_line_without_end_fails_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_file, "MAX_LINE_CHARS", 100)

    loaded = members(tmp_path, "Login,Team\njd,a\n" + "x" * 200 + ",a\n")

    assert pairs(loaded) == [("jd", "a", 2)]
    assert loaded.source["status"] == "failed"


def test_a_nul_character_rejects_its_record(tmp_path: Path) -> None:
    loaded = members(tmp_path, "Login,Team\nj\0d,a\nkl,b\n")

    assert pairs(loaded) == [("kl", "b", 3)]
    assert loaded.issues == [("unreadable-text", "yes", 2)]


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "</script>", "a\u202eb", "a\x07b", "@x"])
def test_hostile_names_are_kept_as_text(tmp_path: Path, name: str) -> None:
    loaded = members(tmp_path, f"Login,Team\n{name},a\n")

    assert pairs(loaded) == [(name, "a", 2)]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"delimiter": ";;"}, "delimiter ';;' is not one character"),
        ({"quote": ""}, "quote '' is neither one character nor 'none'"),
        ({"quote": ";", "delimiter": ";"}, "the same character"),
        ({"header_row": -1}, "header_row -1 is below 0"),
        ({"header_row": 0}, "go together"),
        ({"header": ("a",)}, "go together"),
        ({"encoding": "utf-9"}, "no encoding 'utf-9'"),
    ],
)
def test_impossible_dialects_are_configuration_errors(
    tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        members(tmp_path, "Login,Team\n", **keys)


cells = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6
) | st.text('"\n\r,;\t |x', max_size=6)


@given(
    content=st.binary(max_size=80) | st.text('Login,;"\n\r\0é', max_size=40).map(str.encode),
    headed=st.booleans(),
)
def test_no_bytes_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, *, headed: bool
) -> None:
    head = b"Login,Team\n" if headed else b""

    loaded = members(tmp_path_factory.mktemp("csv"), head + content)

    assert loaded.waterfall is not None
    assert loaded.source["status"] == "read" or loaded.texts("unreadable-file")


@st.composite
def tables(draw: st.DrawFn) -> list[list[str]]:
    width = draw(st.integers(1, 4))
    rows = st.lists(st.lists(cells, min_size=width, max_size=width), max_size=6)
    return draw(rows)


@settings(max_examples=150, deadline=None)
@given(table=tables(), delimiter=st.sampled_from(",;\t|"), end=st.sampled_from(["\n", "\r\n"]))
def test_any_table_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory, table: list[list[str]], delimiter: str, end: str
) -> None:
    """Cells, line numbers and counts of whatever `csv.writer` writes."""
    width = len(table[0]) if table else 1
    header = [f"c{n}" for n in range(width)]
    expected = []
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    for row in table:
        line = stream.getvalue().count("\n") + 1
        writer.writerow(row)
        if any(cell.strip() for cell in row):
            expected.append((line, row))
    base = tmp_path_factory.mktemp("csv")
    (base / "a.csv").write_bytes(stream.getvalue().encode())
    (file,) = find_files(spec_for(base, "csv", "a.csv", None))
    counts = Waterfall("line")

    with open_csv(file, counts, dialect=Dialect(), wanted=header) as opened:
        actual = [(record.number, list(record.cells)) for record in opened.records]

    assert expected == actual
    assert counts.lines == stream.getvalue().count("\n")
    assert counts.parsed == len(expected)
    assert counts.blank == len(table) - len(expected)
