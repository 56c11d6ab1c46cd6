"""LDIF as text: folding, base64, trailers, broken entries, and what is never kept."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.importers.files import MAX_CELL_CHARS
from sod_analyzer.importers.ldif.reader import Entry, Flaw, LdifReader

WANTED = frozenset({"cn", "member", "description"})


def read(text: str | bytes) -> tuple[list[Entry], list[Flaw], LdifReader]:
    content = text.encode() if isinstance(text, str) else text
    reader = LdifReader(io.BytesIO(content), wanted=WANTED)
    found = list(reader)
    counts = reader.counts
    assert counts.lines == content.count(b"\n") + (not content.endswith(b"\n") and content != b"")
    assert counts.parsed == len([each for each in found if isinstance(each, Entry)]) + (
        counts.rejected
    )
    return (
        [each for each in found if isinstance(each, Entry)],
        [each for each in found if isinstance(each, Flaw)],
        reader,
    )


def values(entry: Entry, name: str) -> Sequence[tuple[str, int]]:
    return [(value.text, value.line) for value in entry.all(name)]


def test_values_carry_the_line_on_which_they_begin() -> None:
    text = (
        "version: 1\n\n# a comment\n  that goes on\ndn: cn=a,\n dc=x\n# inside\n  goes on\n"
        "CN: An\n n\ncn;lang-fr: Anne\ndescription:: QW5\n u\n\n"
    )

    (entry,), flaws, reader = read(text)

    assert (entry.line, entry.dn) == (5, "cn=a,dc=x")
    assert values(entry, "cn") == [("Ann", 9), ("Anne", 11)]
    assert entry.all("cn")[1].options == ("lang-fr",)
    assert values(entry, "description") == [("Ann", 12)]
    assert flaws == []
    counts = reader.counts
    assert (counts.header, counts.blank, counts.parsed, counts.continued) == (1, 4, 1, 8)


def test_line_ends_of_windows_and_a_byte_order_mark_change_nothing() -> None:
    text = "\ufeffdn: cn=a\r\ncn: An\r\n n\r\n\r\ndn: cn=b\r\ncn:: QW5u\r\n"

    entries, flaws, _ = read(text)

    assert [(entry.dn, values(entry, "cn")) for entry in entries] == [
        ("cn=a", [("Ann", 2)]),
        ("cn=b", [("Ann", 6)]),
    ]
    assert flaws == []


def test_a_name_may_be_base64_and_text_may_be_bare_utf8() -> None:
    coded = base64.b64encode("cn=Lučić".encode()).decode()

    (entry,), flaws, _ = read(f"dn:: {coded}\ncn: Lučić\n")

    assert (entry.dn, values(entry, "cn")) == ("cn=Lučić", [("Lučić", 2)])
    assert flaws == []


def test_entries_without_a_blank_line_between_them_are_two() -> None:
    entries, flaws, _ = read("dn: cn=a\ncn: a\ndn: cn=b\ncn: b")

    assert [entry.dn for entry in entries] == ["cn=a", "cn=b"]
    assert flaws == []


def test_the_trailer_of_ldapsearch_is_no_entry() -> None:
    text = (
        "# extended LDIF\n#\ndn: cn=a\ncn: a\n\n# search reference\n"
        "ref: ldap://x.test/CN=Configuration,DC=x,DC=test\n\n"
        "# search result\nsearch: 2\nresult: 0 Success\ncontrol: 1.2 false MAUC\n AQAE\n"
        "pagedresults: cookie=\n\n# numResponses: 2\n# numEntries: 1\n"
    )

    entries, flaws, reader = read(text)

    assert [entry.dn for entry in entries] == ["cn=a"]
    assert flaws == []
    assert (reader.counts.header, reader.stated_entries, reader.entries) == (6, 1, 1)


@pytest.mark.parametrize(
    ("text", "kind", "hides"),
    [
        ("search: 2\nresult: 4 Size limit exceeded\n", "search-incomplete", "yes"),
        ("ref: ldap://other.test/dc=other\n", "search-incomplete", "unknown"),
        ("version: 2\n", "unknown-version", "unknown"),
    ],
)
def test_what_a_search_says_of_itself_is_heard(text: str, kind: str, hides: str) -> None:
    _, (flaw,), _ = read(f"{text}\ndn: cn=a\ncn: a\n")

    assert (flaw.kind, str(flaw.hides), flaw.rejects) == (kind, hides, False)


@pytest.mark.parametrize(
    ("entry", "kind", "line"),
    [
        ("dn: cn=x\ncn:: ###\n", "broken-base64", 5),
        ("dn: cn=x\ncn:: QW5\n", "broken-base64", 5),
        ("dn: cn=x\njpegPhoto:: QW5\n", "broken-base64", 5),
        ("dn: cn=x\njpegPhoto:: QQ==\n QUFB\n", "broken-base64", 5),
        ("dn:: ##\ncn: x\n", "broken-base64", 4),
        ("dn:: /w==\ncn: x\n", "unreadable-name", 4),
        ("dn:< file:///etc/passwd\ncn: x\n", "unreadable-name", 4),
        ("dn: cn=x\ncn: x\nno colon here\n", "malformed-line", 6),
        ("dn: cn=x\ncn: x\n: empty name\n", "malformed-line", 6),
        ("dn: cn=x\nchangetype: modify\nreplace: cn\ncn: y\n-\n", "change-record", 5),
        ("dn: cn=x\nchangetype: delete\n", "change-record", 5),
        ("dn: cn=x\nchangetype: modrdn\nnewrdn: cn=y\ndeleteoldrdn: 1\n", "change-record", 5),
        ("cn: x\ndescription: nobody\n", "entry-without-dn", 4),
        (" continued from nothing\n", "entry-without-dn", 4),
    ],
)
def test_a_broken_entry_is_left_out_and_said(entry: str, kind: str, line: int) -> None:
    text = f"dn: cn=before\ncn: b\n\n{entry}\ndn: cn=after\ncn: a\n"

    entries, (flaw,), reader = read(text)

    assert [each.dn for each in entries] == ["cn=before", "cn=after"]
    assert (flaw.kind, flaw.line, str(flaw.hides), flaw.rejects) == (kind, line, "yes", True)
    assert reader.counts.rejected == 1


@pytest.mark.parametrize(
    ("line", "kind", "hides"),
    [
        (b"cn: Ren\xe9\n", "wrong-encoding", "unknown"),
        (b"cn:: /w==\n", "wrong-encoding", "unknown"),
        (b"cn:< file:///etc/passwd\n", "url-value", "unknown"),
        (b"userPassword:< file:///etc/shadow\n", "url-value", "no"),
        (b"cn: " + b"x" * (MAX_CELL_CHARS + 1) + b"\n", "oversized-cell", "unknown"),
        (b"cn:: " + b"QUFB" * (MAX_CELL_CHARS // 2) + b"\n", "oversized-cell", "unknown"),
    ],
)
def test_a_value_that_cannot_be_used_is_left_out_and_said(
    line: bytes, kind: str, hides: str
) -> None:
    entries, (flaw,), _ = read(b"dn: cn=x\n" + line + b"description: kept\n")

    assert [values(entry, "description") for entry in entries] == [[("kept", 3)]]
    assert (flaw.kind, flaw.line, str(flaw.hides), flaw.rejects) == (kind, 2, hides, False)


def test_an_unwanted_value_of_any_length_passes_by() -> None:
    picture = "\n ".join(["QUFB" * 20] * 20_000)

    (entry,), flaws, _ = read(f"dn: cn=x\njpegPhoto:: {picture}\ncn: x\n")

    assert values(entry, "cn") == [("x", 20_002)]
    assert flaws == []


def test_one_line_of_ten_megabytes_passes_by() -> None:
    (entry,), flaws, reader = read(b"dn: cn=x\nnote: " + b"x" * 10_000_000 + b"\ncn: x\n")

    assert values(entry, "cn") == [("x", 3)]
    assert flaws == []
    assert reader.counts.lines == 3


@pytest.mark.parametrize("tail", ["dn: cn=x\ncn:: QW", "dn: cn=x\ncn: x\nmemb", "dn: cn=x"])
def test_a_file_that_ends_inside_an_entry_is_said_to(tail: str) -> None:
    entries, (flaw,), _ = read(f"dn: cn=a\ncn: a\n\n{tail}")

    assert [entry.dn for entry in entries] == ["cn=a"]
    assert (flaw.kind, flaw.rejects) == ("truncated-entry", True)


def test_a_change_record_that_adds_is_an_entry() -> None:
    (entry,), flaws, _ = read("dn: cn=x\ncontrol: 1.2.3 true\nchangetype: add\ncn: x\n")

    assert values(entry, "cn") == [("x", 4)]
    assert flaws == []


def test_values_left_behind_by_replication_do_not_count() -> None:
    (entry,), _, _ = read("dn: cn=x\nmember;vucsn-5f: cn=a\nmember;vdcsn-5f;deleted: cn=b\n")

    assert values(entry, "member") == [("cn=a", 2)]


def test_equal_entries_have_equal_digests_whatever_their_line_ends() -> None:
    entries, _, _ = read("dn: cn=x\ncn: x\n\ndn: cn=x\r\ncn: x\r\n\ndn: cn=x\ncn: y\n")

    first, second, third = (entry.digest for entry in entries)
    assert first == second
    assert first != third


ENTRIES = st.lists(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\r"), max_size=30),
        min_size=1,
        max_size=4,
    ),
    max_size=5,
)


@given(
    ENTRIES,
    st.integers(2, 20),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["text", "base64"]),
)
def test_what_is_written_is_read_back(
    entries: list[list[str]], width: int, end: str, form: str
) -> None:
    lines: list[str] = []
    for number, each in enumerate(entries):
        lines += [
            f"dn: cn={number}",
            *(_line(text, width, end, coded=form == "base64") for text in each),
            "",
        ]

    found, flaws, _ = read(end.join(lines).encode())

    assert [[value.text for value in entry.all("cn")] for entry in found] == entries
    assert flaws == []


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_exception(content: bytes) -> None:
    read(content)


@given(st.lists(st.sampled_from([b"dn: cn=x", b"cn:: QQ=", b" x", b"#", b"", b"-", b"cn: x"])))
def test_any_lines_are_read_without_an_exception(lines: list[bytes]) -> None:
    read(b"\n".join(lines))


def _line(text: str, width: int, end: str, *, coded: bool) -> str:
    """A folded line: as it is where RFC 2849 allows or a reader takes it, else in base64."""
    if coded or text != text.strip(" ") or text.startswith((":", "<")) or "\0" in text:
        whole = f"cn:: {base64.b64encode(text.encode()).decode()}"
    else:
        whole = f"cn: {text}"
    width += len("cn:: ")
    return (end + " ").join(whole[at : at + width] for at in range(0, len(whole), width))
