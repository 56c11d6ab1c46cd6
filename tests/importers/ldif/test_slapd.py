"""A directory loaded into OpenLDAP and dumped again tells the same story."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.importers.ldif.tables import Tables, read

pytestmark = pytest.mark.slapd

SCHEMAS = Path("/etc/ldap/schema")
MODULES = Path("/usr/lib/ldap")
#: Spellings differ on purpose: what slapcat writes is the server's own choice.
DIRECTORY = """\
dn: dc=example,dc=com
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: ou=People, dc=example,dc=com
objectClass: organizationalUnit
ou: People

dn: ou=Groups,dc=example,dc=com
objectClass: organizationalUnit
ou: Groups

dn: uid=ann,ou=People,dc=example,dc=com
objectClass: inetOrgPerson
objectClass: posixAccount
uid: ann
cn: Ann Lee
sn: Lee
mail: ann@example.com
employeeNumber: 0017
uidNumber: 1001
gidNumber: 500
homeDirectory: /home/ann
userPassword: a secret that stays where it is

dn: cn=Lu\\C4\\8Di\\C4\\87\\2C Ben,ou=People,dc=example,dc=com
objectClass: inetOrgPerson
cn:: THXEjWnEhywgQmVu
sn: Ode
uid: ben
jpegPhoto:: /9j/4AAQSkZJRgABAQEAYABgAAD=

dn: cn=Cat Ivy+sn=Ivy,ou=People,dc=example,dc=com
objectClass: person
cn: Cat Ivy
sn: Ivy
description: a description long enough for the server to fold it when it writes the dump

dn: cn=job,dc=example,dc=com
objectClass: applicationProcess
cn: job

dn: cn=inner,ou=Groups,dc=example,dc=com
objectClass: groupOfNames
cn: inner
member: UID=ann,OU=people,DC=example,DC=com
member: cn=Lu\\C4\\8Di\\C4\\87\\, Ben, ou=People, dc=example, dc=com
member: cn=gone,dc=example,dc=com

dn: cn=middle,ou=Groups,dc=example,dc=com
objectClass: groupOfUniqueNames
cn: middle
uniqueMember: cn=INNER,ou=groups,dc=example,dc=com
uniqueMember: sn=Ivy+cn=Cat Ivy,ou=People,dc=example,dc=com

dn: cn=outer,ou=Groups,dc=example,dc=com
objectClass: groupOfNames
cn: outer
description: Holds what middle holds
member: cn=middle,ou=Groups,dc=example,dc=com
member: cn=outer,ou=Groups,dc=example,dc=com
member: cn=job,dc=example,dc=com

dn: cn=unix,ou=Groups,dc=example,dc=com
objectClass: posixGroup
cn: unix
gidNumber: 500
memberUid: ben
"""


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `before.ldif` and `after.ldif`, the server's dump of it."""
    load = shutil.which("slapadd", path="/usr/sbin:/usr/bin")
    write = shutil.which("slapcat", path="/usr/sbin:/usr/bin")
    if not load or not write or not SCHEMAS.is_dir():
        pytest.skip("OpenLDAP's slapadd and slapcat are not installed")
    folder = tmp_path_factory.mktemp("slapd")
    folder.joinpath("db").mkdir()
    folder.joinpath("before.ldif").write_text(DIRECTORY)
    config = folder / "slapd.conf"
    schemas = "".join(
        f"include {SCHEMAS}/{name}.schema\n" for name in ("core", "cosine", "nis", "inetorgperson")
    )
    config.write_text(
        f"{schemas}modulepath {MODULES}\nmoduleload back_mdb\n"
        f'database mdb\nsuffix "dc=example,dc=com"\ndirectory {folder / "db"}\n'
    )
    for command in (
        [load, "-f", str(config), "-l", str(folder / "before.ldif")],
        [write, "-f", str(config), "-l", str(folder / "after.ldif")],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    return folder


def test_the_dump_of_a_directory_gives_the_tables_of_its_source(dump: Path) -> None:
    before = read("before.ldif", dump)

    after = read("after.ldif", dump)

    assert _facts(after) == _facts(before)
    assert len(before.accounts) == 4
    assert before.memberships == {
        ("uid=ann,ou=people,dc=example,dc=com", "cn=inner,ou=groups,dc=example,dc=com"),
        ("cn=lučić\\, ben,ou=people,dc=example,dc=com", "cn=inner,ou=groups,dc=example,dc=com"),
        ("cn=inner,ou=groups,dc=example,dc=com", "cn=middle,ou=groups,dc=example,dc=com"),
        ("cn=cat ivy+sn=ivy,ou=people,dc=example,dc=com", "cn=middle,ou=groups,dc=example,dc=com"),
        ("cn=middle,ou=groups,dc=example,dc=com", "cn=outer,ou=groups,dc=example,dc=com"),
        ("cn=outer,ou=groups,dc=example,dc=com", "cn=outer,ou=groups,dc=example,dc=com"),
        ("cn=job,dc=example,dc=com", "cn=outer,ou=groups,dc=example,dc=com"),
        ("cn=lučić\\, ben,ou=people,dc=example,dc=com", "cn=unix,ou=groups,dc=example,dc=com"),
        ("uid=ann,ou=people,dc=example,dc=com", "cn=unix,ou=groups,dc=example,dc=com"),
    }


def test_each_record_of_the_dump_is_the_line_that_states_the_grant(dump: Path) -> None:
    lines = dump.joinpath("after.ldif").read_text().split("\n")

    tables = read("after.ldif", dump)

    stating = {lines[line - 1].partition(":")[0] for _, _, line in tables.membership_lines}
    assert stating == {"member", "uniqueMember", "memberUid", "gidNumber"}
    assert {lines[row["record"] - 1][:4] for row in tables.rows["accounts"]} <= {"dn: ", "dn::"}


def test_the_server_and_the_reader_count_the_same_entries(dump: Path) -> None:
    count = dump.joinpath("after.ldif").read_text().count("\ndn:") + 1

    source = read("after.ldif", dump).source

    assert (source["parsed"], source["rejected"]) == (count, 0)
    assert "a secret" not in repr(source)


def _facts(tables: Tables) -> dict[str, list[str]]:
    """All rows without places in the file and without what the server adds."""
    added = {"record", "source_id", "created_at", "text"}
    return {
        table: sorted(
            str({name: cell for name, cell in row.items() if name not in added}) for row in rows
        )
        for table, rows in tables.rows.items()
        if table != "sources"
    }
