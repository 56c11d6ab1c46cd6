"""How importers find and open files."""

from __future__ import annotations

import gzip
import hashlib
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sod_analyzer.errors import ConfigError, InputError, SourceRef
from sod_analyzer.importers import files
from sod_analyzer.importers.files import check_zip, find_files, open_bytes, open_text
from sod_analyzer.model.batch import RawFile, SourceSpec


def spec_of(base: Path, path: str) -> SourceSpec:
    return SourceSpec(
        source_id="src",
        system="sys",
        product="product",
        importer="csv",
        path=path,
        base=base,
        options=None,
        where=SourceRef("sod.yaml", 7),
    )


def one(base: Path, content: bytes, name: str = "a.txt") -> RawFile:
    (base / name).write_bytes(content)
    (file,) = find_files(spec_of(base, name))
    return file


def text_of(file: RawFile, encoding: str | None = None) -> tuple[str, str, int]:
    with open_text(file, encoding=encoding) as opened:
        return opened.stream.read(), opened.encoding, opened.lines


def test_one_file_keeps_the_source_id_and_is_hashed(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.csv"
    path.write_bytes(b"x\n")
    os.utime(path, (1_700_000_000, 1_700_000_000))

    (file,) = find_files(spec_of(tmp_path, "in/a.csv"))

    assert file == RawFile(
        source_id="src",
        path="in/a.csv",
        local=path,
        sha256=hashlib.sha256(b"x\n").hexdigest(),
        bytes=2,
        modified_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
    )


def test_a_folder_gives_matching_files_at_any_depth_sorted(tmp_path: Path) -> None:
    for name in ("in/b.JSON", "in/a.json", "in/sub/c.json", "in/.hidden.json", "in/.git/d.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "in" / "notes.txt").write_text("")

    found = find_files(spec_of(tmp_path, "in"), patterns=("*.json",))

    assert [file.source_id for file in found] == ["src/a.json", "src/b.JSON", "src/sub/c.json"]
    assert [file.path for file in found] == ["in/a.json", "in/b.JSON", "in/sub/c.json"]


def test_a_glob_gives_source_ids_below_its_fixed_part(tmp_path: Path) -> None:
    for name in ("in [1]/x/a.csv", "in [1]/y/a.csv"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")

    found = find_files(spec_of(tmp_path / "in [1]", "*/a.csv"))

    assert [file.source_id for file in found] == ["src/x/a.csv", "src/y/a.csv"]


def test_a_name_with_brackets_is_a_name_before_it_is_a_glob(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_text("")

    (file,) = find_files(spec_of(tmp_path, "a[1].csv"))

    assert file.source_id == "src"


def test_a_missing_file_is_named_with_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "roster.csv").write_text("")

    with pytest.raises(InputError) as error:
        find_files(spec_of(tmp_path, "in/rooster.csv"))

    assert str(error.value) == (
        "sod.yaml:7: no such file: 'in/rooster.csv'; did you mean 'roster.csv'?"
    )


def test_a_missing_folder_is_named_with_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "changeman").mkdir()

    with pytest.raises(InputError, match="did you mean 'changeman'"):
        find_files(spec_of(tmp_path, "chaneman/deep/x.csv"))


@pytest.mark.parametrize("path", ["empty", "empty/*.csv"])
def test_nothing_matched_is_an_error(tmp_path: Path, path: str) -> None:
    (tmp_path / "empty").mkdir()

    with pytest.raises(InputError, match="names no file"):
        find_files(spec_of(tmp_path, path))


def test_a_folder_is_refused_where_a_file_should_be_and_the_reverse(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "a.csv").write_text("")

    with pytest.raises(InputError, match=r"'in' is a folder .* such as 'in/\*\.csv'"):
        find_files(spec_of(tmp_path, "in"), patterns=("*.csv",), folders="refused")
    with pytest.raises(InputError, match=r"'a\.csv' is a file where a folder should be"):
        find_files(spec_of(tmp_path, "a.csv"), folders="required")


def test_what_is_no_plain_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(InputError, match="not a plain file"):
        find_files(spec_of(tmp_path, "pipe"))


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"12345")

    with pytest.raises(InputError, match="5 bytes; the limit is 4"):
        find_files(spec_of(tmp_path, "a.csv"), max_bytes=4)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", ("", "utf-8", 0)),
        (b"a", ("a", "utf-8", 1)),
        (b"a\nb", ("a\nb", "utf-8", 2)),
        (b"a\r\nb\r\n", ("a\r\nb\r\n", "utf-8", 2)),
        (b"a\rb\r", ("a\rb\r", "utf-8", 2)),
        ("é\n".encode("utf-8-sig"), ("é\n", "utf-8-sig", 1)),
        ("é\n".encode("utf-16"), ("é\n", "utf-16", 1)),
        (b"\xfe\xff" + "é\n".encode("utf-16-be"), ("é\n", "utf-16", 1)),
        ("é\n".encode("utf-32"), ("é\n", "utf-32", 1)),
        (gzip.compress("é\n".encode(), mtime=0), ("é\n", "utf-8", 1)),
    ],
)
def test_text_is_decoded_by_its_mark_and_counted_in_lines(
    tmp_path: Path, content: bytes, expected: tuple[str, str, int]
) -> None:
    file = one(tmp_path, content)

    actual = text_of(file)

    assert expected == actual


def test_a_stated_encoding_is_used(tmp_path: Path) -> None:
    file = one(tmp_path, b"caf\xe9\n")

    assert text_of(file, "cp1252") == ("café\n", "cp1252", 1)


def test_a_mark_is_dropped_under_a_stated_utf_8(tmp_path: Path) -> None:
    file = one(tmp_path, b"\xef\xbb\xbfa")

    assert text_of(file, "utf-8") == ("a", "utf-8-sig", 1)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_what_is_not_utf_8_is_located_by_offset_and_line(tmp_path: Path, mark: bytes) -> None:
    body = mark + b"ok\n" * 600_000 + b"caf\xe9;x\n"
    file = one(tmp_path, body)

    with pytest.raises(InputError) as error:
        text_of(file)

    offset = len(mark) + 3 * 600_000 + 3
    assert str(error.value) == (
        f"a.txt:600001: not UTF-8: byte 0xE9 at offset {offset:,}; "
        "state the file's encoding, such as cp1252"
    )


def test_a_character_cut_off_at_the_end_is_an_error(tmp_path: Path) -> None:
    file = one(tmp_path, b"a\n\xe2\x82")

    with pytest.raises(InputError, match=r"a\.txt:2: not UTF-8: byte 0xE2 at offset 2"):
        text_of(file)


def test_utf_16_without_a_mark_is_recognised(tmp_path: Path) -> None:
    file = one(tmp_path, "login;team\n".encode("utf-16-le"))

    with pytest.raises(InputError, match="looks like UTF-16 without a byte order mark"):
        text_of(file)


def test_a_mark_that_contradicts_the_stated_encoding_is_refused(tmp_path: Path) -> None:
    file = one(tmp_path, b"\xef\xbb\xbfa")

    with pytest.raises(InputError, match="says cp1252, but the file begins with"):
        text_of(file, "cp1252")


@pytest.mark.parametrize("encoding", ["utf-9", "base64", "undefined", "a\0b"])
def test_an_impossible_encoding_is_a_configuration_error(tmp_path: Path, encoding: str) -> None:
    file = one(tmp_path, b"a")

    with pytest.raises(ConfigError, match="no encoding"):
        text_of(file, encoding)


def test_gzip_that_unpacks_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    file = one(tmp_path, gzip.compress(b"a" * 10_000, mtime=0))

    with (
        pytest.raises(InputError, match="unpacks to more than 9,999 bytes"),
        open_bytes(file, max_bytes=9_999) as stream,
    ):
        stream.read()


def test_damaged_gzip_is_an_error(tmp_path: Path) -> None:
    file = one(tmp_path, gzip.compress(os.urandom(5_000), mtime=0)[:2_000])

    with pytest.raises(InputError, match="damaged gzip"):
        text_of(file, "latin-1")


def test_a_file_that_changed_since_it_was_hashed_is_refused(tmp_path: Path) -> None:
    file = one(tmp_path, b"a")
    (tmp_path / "a.txt").write_bytes(b"ab")

    with pytest.raises(InputError, match="changed while it was read"):
        text_of(file)


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("sheet.xml", bytes(20 * 1024**2))
    file = one(tmp_path, path.read_bytes(), "bomb.xlsx")

    with pytest.raises(InputError, match="decompression bomb"):
        check_zip(file)


def test_zip_limits_count_entries_and_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(4):
            archive.writestr(str(n), "xx")
    file = one(tmp_path, path.read_bytes(), "many.xlsx")

    monkeypatch.setattr(files, "MAX_ZIP_ENTRIES", 3)
    with pytest.raises(InputError, match="4 files inside; the limit is 3"):
        check_zip(file)
    monkeypatch.setattr(files, "MAX_ZIP_ENTRIES", 4)
    monkeypatch.setattr(files, "MAX_ZIP_BYTES", 7)
    with pytest.raises(InputError, match="unpacks to 8 bytes"):
        check_zip(file)


def test_what_is_no_zip_file_is_refused(tmp_path: Path) -> None:
    file = one(tmp_path, b"PK\x03\x04 no")

    with pytest.raises(InputError, match="damaged zip file"):
        check_zip(file)
