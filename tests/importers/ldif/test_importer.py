"""The importer as a whole: bad files, secrets, order, options."""

from __future__ import annotations

import base64
import gzip
import itertools
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sod_analyzer.errors import ConfigError, InputError
from sod_analyzer.importers.ldif import IMPORTER
from sod_analyzer.importers.ldif.options import LdifOptions
from sod_analyzer.importers.ldif.vocabulary import SECRET, WANTED
from sod_analyzer.model.batch import join_batches
from sod_analyzer.testing import check_importer
from tests.importers.ldif.tables import Tables, load, read, spec_for

ENTRY = "dn: uid=ann,dc=x\nobjectClass: account\nuid: ann\n"


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b"", "failed", "empty-source"),
        (b"\n\n# nothing\n", "failed", "empty-source"),
        (b"search: 2\nresult: 0 Success\n", "failed", "empty-source"),
        (b"login,name\nann,Ann\n", "failed", "not-ldif"),
        (b'{"dn": "uid=ann"}', "failed", "not-ldif"),
        (bytes(range(256)) * 50, "failed", "not-ldif"),
        (b"\xff\xfed\0n\0:\0 ", "failed", "unreadable-source"),
        (gzip.compress(ENTRY.encode(), mtime=0)[:-9], "failed", "unreadable-source"),
    ],
)
def test_a_file_without_entries_could_hide_a_conflict(
    tmp_path: Path, content: bytes, status: str, kind: str
) -> None:
    tables = load(tmp_path, content)

    (issue,) = tables.rows["issues"]
    assert (tables.source["status"], issue["kind"], issue["hides"]) == (status, kind, "yes")
    assert "people.ldif" in issue["text"]
    assert tables.source["loaded"] == 0


def test_a_failed_file_beside_a_good_one_loads_nothing_of_itself(tmp_path: Path) -> None:
    tmp_path.joinpath("a.ldif").write_bytes(gzip.compress(ENTRY.encode(), mtime=0)[:-9])
    tmp_path.joinpath("b.ldif").write_text(ENTRY)

    tables = read("*.ldif", tmp_path)

    assert [row["status"] for row in tables.rows["sources"]] == ["failed", "read"]
    assert {row["source_id"] for row in tables.rows["accounts"]} == {"ldap/b.ldif"}


@pytest.mark.parametrize(
    "content",
    [
        gzip.compress(ENTRY.encode(), mtime=0),
        ENTRY.encode("utf-16"),
        b"\xfe\xff" + ENTRY.encode("utf-16-be"),
        b"\xef\xbb\xbf" + ENTRY.encode(),
    ],
)
def test_other_wrappings_of_the_same_text_are_read(tmp_path: Path, content: bytes) -> None:
    tables = load(tmp_path, content)

    assert tables.accounts.keys() == {"uid=ann,dc=x"}
    assert tables.source["lines"] == 3
    assert tables.issues == []


def test_a_missing_file_and_an_empty_folder_are_said(tmp_path: Path) -> None:
    tmp_path.joinpath("folder").mkdir()

    for path in ("people.ldif", "folder"):
        with pytest.raises(InputError, match=path):
            IMPORTER.fetch(spec_for(path, tmp_path))


def test_a_folder_is_read_where_a_file_could_be(tmp_path: Path) -> None:
    tmp_path.joinpath("export").mkdir()
    tmp_path.joinpath("export", "one.ldif").write_text(ENTRY)
    tmp_path.joinpath("export", "note.txt").write_text("not an export")

    tables = read("export", tmp_path)

    assert tables.source["source_id"] == "ldap/one.ldif"


@pytest.mark.parametrize(
    "classed",
    [
        "objectClass: groupOfNames\nmember: uid=ann,dc=x\n",
        "objectClass: inetOrgPerson\nuid: ann\n",
        "objectClass: top\nmemberOf: cn=crew,dc=x\n",
    ],
)
def test_an_account_or_group_without_a_name_is_rejected(tmp_path: Path, classed: str) -> None:
    tables = load(tmp_path, f"dn: \n{classed}\n{ENTRY}")

    assert ("invalid-dn", "yes", 1) in tables.issues
    assert (tables.source["rejected"], tables.source["loaded"]) == (1, 1)
    assert "" not in {*tables.accounts, *(row["role"] for row in tables.rows["roles"])}
    assert not tables.rows["roles"]


def test_no_group_lets_in_the_root_by_a_login(tmp_path: Path) -> None:
    group = "dn: cn=crew,dc=x\nobjectClass: posixGroup\ncn: crew\ngidNumber: 7\nmemberUid: ann\n"
    tables = load(tmp_path, f"dn: \nobjectClass: top\nuid: ann\n\n{group}")

    assert not tables.accounts
    assert any(kind == "dangling-member" for kind, _, _ in tables.issues)


def test_lines_that_only_carriage_returns_end_are_lines(tmp_path: Path) -> None:
    text = f"version: 1\n# a note\n\n{ENTRY}\ndn: no name\ndescription: a\n b\n"
    folders = tmp_path / "feeds", tmp_path / "returns"
    for folder in folders:
        folder.mkdir()

    feeds, returns = load(folders[0], text), load(folders[1], text.replace("\n", "\r"))

    own = {"sha256", "source_id"}
    assert {key: value for key, value in returns.source.items() if key not in own} == {
        key: value for key, value in feeds.source.items() if key not in own
    }
    assert returns.rows["accounts"] == feeds.rows["accounts"]
    assert returns.issues == feeds.issues
    assert returns.source["lines"] == text.count("\n")


def test_entries_with_impossible_names_are_rejected(tmp_path: Path) -> None:
    tables = load(tmp_path, f"dn: no name\nuid: x\n\n{ENTRY}\ndn:\nobjectClass: top\n")

    assert tables.issues == [("invalid-dn", "yes", 1)]
    assert (tables.source["rejected"], tables.source["loaded"]) == (1, 1)
    assert tables.source["filtered_why"] == "1 not an account or a group: top"


def test_fewer_entries_than_the_search_returned_could_hide_a_conflict(tmp_path: Path) -> None:
    tables = load(tmp_path, f"{ENTRY}\n# numResponses: 3\n# numEntries: 2\n")

    assert tables.issues == [("entries-missing", "yes", 6)]


def test_a_wrongly_encoded_member_is_left_out_and_said(tmp_path: Path) -> None:
    group = (
        b"dn: cn=g,dc=x\nobjectClass: groupOfNames\nmember: cn=Ren\xe9,dc=x\nmember: uid=ann,dc=x\n"
    )

    tables = load(tmp_path, ENTRY.encode() + b"\n" + group)

    assert tables.memberships == {("uid=ann,dc=x", "cn=g,dc=x")}
    assert tables.issues == [("wrong-encoding", "unknown", 7)]


def test_no_secret_is_ever_kept(tmp_path: Path) -> None:
    """Whatever holds a secret, and however broken it stands there, it comes out nowhere."""
    secret = "hunter2"  # noqa: S105  the word that must come out nowhere
    coded = base64.b64encode(secret.encode()).decode()
    entries = [
        f"dn: uid=p{number},dc=x\nobjectClass: account\nuid: p{number}\n{line}\n"
        for number, line in enumerate(
            itertools.chain.from_iterable(
                (f"{name}: {secret}", f"{name}:: {coded}", f"{name};x-a: {secret}")
                for name in sorted(SECRET)
            )
        )
    ]
    entries += [
        f"dn: uid=q,dc=x\nuid: q\nuserPassword\n {secret}\n",
        f"dn: uid=r,dc=x\nuid: r\nuserPassword:: {secret}!\n",
        f"dn: uid=s,dc=x\nuid: s\nuserPassword:< file:///{secret}\n",
        f"dn: uid=t,dc=x\nchangetype: modify\nreplace: userPassword\nuserPassword: {secret}\n-\n",
        f"userPassword: {secret}\n",
        f"accountExpires: {secret}\n",
        f"dn: uid=u,dc=x\nuid: u\naccountExpires: {secret}\nlockoutTime: {secret}\n",
        f"dn: uid=v,dc=x\nuid: v\nuserPassword: {secret}",
    ]

    tables = load(tmp_path, "\n".join(entries))

    everything = repr(tables.rows)
    assert len(tables.accounts) == 3 * len(SECRET) + 3
    assert secret not in everything
    assert coded not in everything
    assert not SECRET & WANTED


@pytest.mark.parametrize(
    "options",
    [
        {"employee_id_attribute": "userPassword"},
        {"member_attributes": ("jpegPhoto",)},
        {"member_of_attributes": ("two words",)},
    ],
)
def test_attributes_that_hold_secrets_cannot_be_asked_for(
    tmp_path: Path, options: dict[str, object]
) -> None:
    with pytest.raises(ConfigError, match=r"sod\.yaml:7"):
        load(tmp_path, ENTRY, **options)


def test_an_unknown_zone_is_a_mistake_in_the_configuration(tmp_path: Path) -> None:
    tmp_path.joinpath("people.ldif").write_text(ENTRY)
    spec = spec_for("people.ldif", tmp_path)
    raw = IMPORTER.fetch(spec)
    odd = replace(raw, spec=replace(spec, timezone="Mars/Base"))

    with pytest.raises(ConfigError, match="Mars/Base"):
        join_batches(list(IMPORTER.parse(odd)))


def test_options_are_validated_by_their_types() -> None:
    options = TypeAdapter(LdifOptions)

    assert options.validate_python({"shared": ["uid=a*"]}) == LdifOptions(shared=("uid=a*",))
    with pytest.raises(ValidationError):
        options.validate_python({"shared": "uid=a*"})


def test_hostile_text_is_carried_not_obeyed(tmp_path: Path) -> None:
    name = "=cmd()</script>\u202egnp"
    text = f"dn: cn=a,dc=x\nobjectClass: account\ndisplayName: {name}\ncn: {'y' * 32_768}\n"

    (row,) = load(tmp_path, text).rows["accounts"]

    assert (row["name"], row["login"]) == (name, "a")


WORLD = [
    *(
        f"dn: uid={name},ou=p,dc=x\nobjectClass: posixAccount\nuid: {name}\ngidNumber: {number}\n"
        for number, name in enumerate(("ann", "ben", "cat"))
    ),
    "dn: uid=ann,ou=p,dc=x\nmail: ann@x.test\nmemberOf: cn=ref,dc=x\n",
    "dn: cn=a,dc=x\nobjectClass: groupOfNames\nmember: uid=ann,ou=p,dc=x\nmember: cn=b,dc=x\n",
    "dn: cn=b,dc=x\nobjectClass: posixGroup\ngidNumber: 1\nmemberUid: cat\nmemberUid: zoe\n",
    "dn: cn=c,dc=x\nobjectClass: groupOfUniqueNames\nuniqueMember: uid=zoe,dc=x\n",
    "dn: cn=d,dc=x\nobjectClass: groupOfNames\nmember: uid=zoe,dc=x\nmember: cn=pc,dc=x\n",
    "dn: cn=e,dc=x\nobjectClass: nisNetgroup\nnisNetgroupTriple: (,,)\n",
    "dn: cn=pc,dc=x\nobjectClass: device\ncn: pc\n",
    "dn: ou=p,dc=x\nobjectClass: organizationalUnit\n",
]


@settings(max_examples=30)
@given(st.permutations(WORLD))
def test_the_order_of_the_entries_changes_nothing_but_line_numbers(entries: list[str]) -> None:
    with TemporaryDirectory() as folder:
        found = load(Path(folder), "\n".join(entries))
    with TemporaryDirectory() as folder:
        expected = load(Path(folder), "\n".join(WORLD))

    assert _without_places(found) == _without_places(expected)


LINES = [line for entry in WORLD for line in entry.split("\n")]
LINES += ["member;range=0-1: x", "objectSid: S-1-5", "groupType: -", "uid:: ==", " ", "gidNumber:"]


@given(st.lists(st.sampled_from(LINES), max_size=60))
@settings(max_examples=40)
def test_any_mixture_of_lines_is_imported_without_an_exception(lines: list[str]) -> None:
    with TemporaryDirectory() as folder:
        load(Path(folder), "\n".join(lines))


def test_the_importer_keeps_every_promise_of_the_kit(tmp_path: Path) -> None:
    tmp_path.joinpath("people.ldif").write_text("\n".join(WORLD))
    tmp_path.joinpath("more.ldif").write_text(f"{ENTRY}userPassword: s3cret\n\ndn: cn=b\ncn:: ##\n")

    check_importer(IMPORTER, spec_for("*.ldif", tmp_path), secrets=["s3cret"])


def _without_places(tables: Tables) -> dict[str, list[str]]:
    placeless = {"record", "source_id", "text", "sha256"}
    return {
        table: sorted(
            str({name: cell for name, cell in row.items() if name not in placeless}) for row in rows
        )
        for table, rows in tables.rows.items()
        if table != "sources"
    }
