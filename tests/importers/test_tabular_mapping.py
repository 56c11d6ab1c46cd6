"""What a mapping makes of records: relations, values, flags, days, matrices; what it refuses."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer.documents import Problems, bind, bound, read_document
from sod_analyzer.errors import ConfigError
from sod_analyzer.importers.tabular.options import Column, Columns, CsvOptions, Matrix, Relation
from tests.importers.tabular_kit import Loaded, run


def load(base: Path, text: str, columns: Columns, **keys: Any) -> Loaded:
    (base / "a.csv").write_text(text)
    return run(base, "csv", "a.csv", columns=columns, **keys)


def refused(base: Path, columns: Columns, **keys: Any) -> str:
    with pytest.raises(ConfigError) as error:
        load(base, "Login,Team\n", columns, **keys)
    return str(error.value)


ACCESS = Columns(account="Login", permission="Right", resource="System")


def test_an_account_has_a_right(tmp_path: Path) -> None:
    loaded = load(tmp_path, "Login,Right,System\njd,C,pay\n", ACCESS)

    (grant,) = loaded.rows("grants")
    (account,) = loaded.rows("accounts")
    (right,) = loaded.rows("entitlements")
    assert (grant["holder_kind"], grant["holder"]) == ("account", "sys:jd")
    assert (grant["target_kind"], grant["target"]) == ("entitlement", "sys:C@pay")
    assert (grant["kind"], grant["source_id"], grant["record"]) == ("assigned", "src", 2)
    assert (account["account"], account["login"], account["kind"]) == ("sys:jd", "jd", None)
    assert (right["action"], right["resource"], right["wildcard"]) == ("C", "pay", False)


def test_an_account_is_in_a_group(tmp_path: Path) -> None:
    columns = Columns(account="Login", group="Team", group_title="Title")

    loaded = load(tmp_path, "Login,Team,Title\njd,ops,Operators\n", columns)

    (role,) = loaded.rows("roles")
    assert loaded.grants == [("sys:jd", "member", "sys:ops", 2)]
    assert (role["role"], role["kind"], role["name"]) == ("sys:ops", "group", "ops")
    assert role["title"] == "Operators"


def test_a_group_is_in_a_group(tmp_path: Path) -> None:
    loaded = load(tmp_path, "Sub,Team\na,b\n", Columns(member="Sub", group="Team"))

    assert loaded.grants == [("sys:a", "member", "sys:b", 2)]
    assert [row["role"] for row in loaded.rows("roles")] == ["sys:b", "sys:a"]
    assert loaded.rows("accounts") == []


def test_a_group_has_a_right(tmp_path: Path) -> None:
    columns = Columns(group="Team", permission="Right")

    loaded = load(tmp_path, "Team,Right\nops,C\n", columns, constants={"resource": "*"})

    assert loaded.grants == [("sys:ops", "contains", "sys:C@*", 2)]


@pytest.mark.parametrize(("relation", "kind"), [("uses", "shared"), ("controls", "workload")])
def test_a_person_stands_behind_an_account(tmp_path: Path, relation: str, kind: str) -> None:
    loaded = load(
        tmp_path,
        "Login,Emp\nbatch,007\n",
        Columns(account="Login", identity="Emp"),
        relation=Relation(relation),
        identity_system="hr-north",
    )

    assert loaded.grants == [("hr-north:007", relation, "sys:batch", 2)]
    assert loaded.rows("grants")[0]["holder_kind"] == "identity"
    assert loaded.rows("accounts")[0]["kind"] == kind


def test_a_group_may_be_of_another_system(tmp_path: Path) -> None:
    columns = Columns(account="Login", group="Team")

    loaded = load(tmp_path, "Login,Team\njd,ops\n", columns, group_system="ldap-north")

    assert loaded.grants == [("sys:jd", "member", "ldap-north:ops", 2)]
    assert loaded.rows("roles") == []


def test_a_record_may_be_about_the_account_alone(tmp_path: Path) -> None:
    columns = Columns(
        account=Column(column="Login", lower=True, strip_prefix="DOM\\"),
        employee_id="Emp",
        email="Mail",
        name="Name",
        owner="Owner",
        kind="Class",
        enabled=Column(column="Active", true=("J",), false=("N",)),
        expires_on="Ends",
    )
    header = "Login,Emp,Mail,Name,Owner,Class,Active,Ends\n"
    text = "dom\\JDoe , 007 ,j@x,Jo Doe,Ann,V,N,2026-12-31\nk,,,,,,,\nl,,,,,Robot,?,soon\n"

    loaded = load(tmp_path, header + text, columns, translate={"kind": {"V": "vendor"}})

    first, second, third = loaded.rows("accounts")
    assert first["account"] == "sys:jdoe"
    assert first["login"] == "JDoe"
    assert (first["employee_id"], first["email"], first["name"]) == ("007", "j@x", "Jo Doe")
    assert (first["owner"], first["kind"], first["enabled"]) == ("Ann", "vendor", False)
    assert (first["dormant_why"], first["expires_on"]) == ("disabled (N)", date(2026, 12, 31))
    assert (second["employee_id"], second["kind"], second["enabled"]) == (None, None, None)
    assert (third["kind"], third["enabled"], third["expires_on"]) == ("person", None, None)
    assert loaded.issues == [
        ("unknown-value", "no", 4),
        ("unknown-value", "no", 4),
        ("unreadable-date", "no", 4),
    ]
    assert loaded.grants == []


def test_values_are_translated_and_others_kept(tmp_path: Path) -> None:
    text = "Login,Right,System\njd,C,pay\njd,Z,pay\njd,Z,loan\n"
    translate = {"permission": {"C": "check-in"}}

    kept = load(tmp_path, text, ACCESS, translate=translate)
    strict = load(tmp_path, text, ACCESS, translate=translate, strict=True)

    expected = ["sys:check-in@pay", "sys:Z@pay", "sys:Z@loan"]
    assert [target for _, _, target, _ in kept.grants] == expected
    assert kept.issues == []
    assert [target for _, _, target, _ in strict.grants] == expected
    assert strict.issues == [("unknown-value", "unknown", 3)]
    assert strict.texts("unknown-value") == [
        "a.csv: 'Z' is not listed under translate.permission and was taken as it is (2 records)"
    ]


def test_a_cell_may_hold_several_values(tmp_path: Path) -> None:
    text = 'Login,Right,System\njd,"C; A ;;C","pay|loan"\n'

    loaded = load(tmp_path, text, ACCESS, multi={"permission": ";", "resource": "|"})

    assert [target for _, _, target, _ in loaded.grants] == [
        "sys:C@pay",
        "sys:C@loan",
        "sys:A@pay",
        "sys:A@loan",
    ]


def test_several_columns_make_one_text(tmp_path: Path) -> None:
    columns = Columns(
        account="Login",
        permission="Right",
        resource=Column(columns=("$file", "App", "Module")),
    )

    loaded = load(tmp_path, "Login,Right,App,Module\njd,C,pay,gl\njd,C,pay,\n", columns)

    assert loaded.grants == [("sys:jd", "assigned", "sys:C@a/pay/gl", 2)]
    assert loaded.texts("missing-value") == [
        "a.csv: record not loaded: no resource: 'Module' is empty"
    ]


def test_a_constant_fills_empty_cells_of_its_column(tmp_path: Path) -> None:
    loaded = load(tmp_path, "Login,Right,System\njd,C,\n", ACCESS, constants={"resource": "*"})

    assert loaded.grants == [("sys:jd", "assigned", "sys:C@*", 2)]


@pytest.mark.parametrize(
    ("stated", "wildcard", "issues"),
    [(None, True, [("wildcard-not-stated", "no", 2)]), (True, True, []), (False, False, [])],
)
def test_an_asterisk_is_a_wildcard_unless_it_is_stated_not_to_be(
    tmp_path: Path, *, stated: bool | None, wildcard: bool, issues: list[object]
) -> None:
    loaded = load(tmp_path, "Login,Right,System\njd,SU*,pay\n", ACCESS, wildcards=stated)

    assert loaded.rows("entitlements")[0]["wildcard"] == wildcard
    assert loaded.issues == issues


DATED = Columns(account="Login", group="Team", valid_from="From", valid_until="Until")


def validity(loaded: Loaded) -> list[tuple[date | None, date | None]]:
    return [(row["valid_from"], row["valid_until"]) for row in loaded.rows("grants")]


def test_days_are_read_in_the_stated_formats_and_always_as_iso(tmp_path: Path) -> None:
    text = "Login,Team,From,Until\na,t,01.02.2026,3/4/2026\nb,t,2026-02-01,\n"

    loaded = load(tmp_path, text, DATED, date_format=("%d.%m.%Y", "%d/%m/%Y"))

    assert validity(loaded) == [
        (date(2026, 2, 1), date(2026, 4, 3)),
        (date(2026, 2, 1), None),
    ]


def test_an_instant_is_a_day_in_the_sources_zone(tmp_path: Path) -> None:
    text = "Login,Team,From,Until\na,t,2026-06-30 23:30,2026-06-30T23:30:00Z\n"

    loaded = load(tmp_path, text, DATED, more={"timezone": "Europe/Dublin"})

    assert validity(loaded) == [(date(2026, 6, 30), date(2026, 7, 1))]


def test_an_unreadable_day_limits_nothing(tmp_path: Path) -> None:
    text = "Login,Team,From,Until\na,t,soon,31.12.2026\nb,t,soon,\n"

    loaded = load(tmp_path, text, DATED)

    assert validity(loaded) == [(None, None), (None, None)]
    assert loaded.texts("unreadable-date") == [
        "a.csv: '31.12.2026' is not a day (valid_until); taken as no limit (1 record)",
        "a.csv: 'soon' is not a day (valid_from); taken as no limit (2 records)",
    ]
    assert [hides for _, hides, _ in loaded.issues] == ["no", "no"]


def test_a_validity_that_never_is_limits_nothing(tmp_path: Path) -> None:
    loaded = load(tmp_path, "Login,Team,From,Until\na,t,2026-02-02,2026-02-01\n", DATED)

    assert validity(loaded) == [(None, None)]
    assert loaded.issues == [("impossible-validity", "no", 2)]


ENDS = Columns(account="Login", group="Team", valid_until="Until")


@pytest.mark.parametrize(
    ("ends", "zone", "expected"),
    [
        (("2026-10-30", "2026-10-30"), "UTC", ["end-dates-are-run-time"]),
        (("2026-10-31", "2026-10-31"), "Asia/Tokyo", ["end-dates-are-run-time"]),
        (("2026-10-30", "2026-10-30"), "Asia/Tokyo", []),
        (("2026-10-30", "2026-10-29"), "UTC", []),
        (("2026-10-30", ""), "UTC", []),
        (("2026-10-30",), "UTC", []),
    ],
)
def test_end_dates_that_are_all_the_day_of_extraction_are_suspect(
    tmp_path: Path, ends: tuple[str, ...], zone: str, expected: list[str]
) -> None:
    rows = "".join(f"u{n},t,{end}\n" for n, end in enumerate(ends))

    loaded = load(tmp_path, "Login,Team,Until\n" + rows, ENDS, more={"timezone": zone})

    assert [kind for kind, _, _ in loaded.issues] == expected
    assert all(row["valid_until"] for row in loaded.rows("grants")) == all(ends)


def test_flags_and_conditions_go_with_the_grant(tmp_path: Path) -> None:
    columns = Columns(
        account="Login", group="Team", eligible="JIT", self_granted="Own", condition="If"
    )
    text = "Login,Team,JIT,Own,If\na,t,yes,0,MFA\nb,t,,true,\nc,t,maybe,no,\n"

    loaded = load(tmp_path, text, columns)

    assert [
        (row["eligible"], row["self_granted"], row["conditional"], row["condition"])
        for row in loaded.rows("grants")
    ] == [(True, False, True, "MFA"), (False, True, False, None), (False, False, False, None)]
    assert loaded.issues == [("unknown-value", "no", 4)]


def test_a_flag_may_be_constant(tmp_path: Path) -> None:
    columns = Columns(account="Login", group="Team")

    loaded = load(tmp_path, "Login,Team\na,t\n", columns, constants={"eligible": "yes"})

    assert loaded.rows("grants")[0]["eligible"] is True


MATRIX = Matrix(first_column="Pay", marks=("X", "x"), blanks=("-",))


def test_a_matrix_has_people_down_and_rights_across(tmp_path: Path) -> None:
    text = "Login,Name,Pay,Approve\njd,Jo,X,\nkl,Kim,-,x\nmn,Mo,,\n"

    loaded = load(
        tmp_path,
        text,
        Columns(account="Login", name="Name"),
        matrix=MATRIX,
        constants={"resource": "*"},
    )

    assert loaded.grants == [
        ("sys:jd", "assigned", "sys:Pay@*", 2),
        ("sys:kl", "assigned", "sys:Approve@*", 3),
    ]
    assert [row["name"] for row in loaded.rows("accounts")] == ["Jo", "Kim", "Mo"]
    assert loaded.issues == []


def test_a_mark_that_is_not_listed_could_hide_a_right(tmp_path: Path) -> None:
    text = "Login,Pay,Approve\njd,1,X\nkl,1,X\n"

    loaded = load(
        tmp_path, text, Columns(account="Login"), matrix=MATRIX, constants={"resource": "*"}
    )

    assert [target for _, _, target, _ in loaded.grants] == ["sys:Approve@*"] * 2
    assert loaded.issues == [("unknown-mark", "yes", 2)]
    assert loaded.texts("unknown-mark") == [
        "a.csv: '1' is neither one of the marks nor of the blanks; taken as no mark (2 records)"
    ]


def test_a_matrix_may_have_systems_across_and_rights_in_its_cells(tmp_path: Path) -> None:
    matrix = Matrix(first_column="2", last_column="3", header="resource", cells="permission")

    loaded = load(
        tmp_path,
        "Login,pay,loan,Total\njd,R/W,,9\n",
        Columns(account="Login"),
        matrix=matrix,
        multi={"permission": "/"},
        translate={"permission": {"R": "read", "W": "write"}},
    )

    assert [target for _, _, target, _ in loaded.grants] == ["sys:read@pay", "sys:write@pay"]


def test_a_matrix_may_have_groups_across(tmp_path: Path) -> None:
    matrix = Matrix(first_column="ops", header="group", marks=("X",))

    loaded = load(tmp_path, "Login,ops,dev\njd,X,X\n", Columns(account="Login"), matrix=matrix)

    assert [target for _, _, target, _ in loaded.grants] == ["sys:ops", "sys:dev"]
    assert [row["role"] for row in loaded.rows("roles")] == ["sys:ops", "sys:dev"]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("Login,Pay,", "column 3 of the matrix has no name"),
        ("Login,Pay,Pay", "2 columns are named 'Pay'"),
        ("Login,Pey,X", "no column 'Pay'; did you mean 'Pey'?"),
        ("Login,Pay,A,A", "two columns of the matrix are named 'A'"),
    ],
)
def test_a_matrix_with_doubtful_columns_fails_the_file(
    tmp_path: Path, header: str, message: str
) -> None:
    loaded = load(
        tmp_path,
        header + "\n",
        Columns(account="Login"),
        matrix=MATRIX,
        constants={"resource": "*"},
    )

    assert loaded.texts("unreadable-file") == [f"a.csv: {message}"]


def test_the_same_account_and_role_are_put_once_per_file(tmp_path: Path) -> None:
    columns = Columns(account=Column(column="Login", lower=True), group="Team")

    loaded = load(tmp_path, "Login,Team\njd,a\njd,b\nJD,a\n", columns)

    assert [row["login"] for row in loaded.rows("accounts")] == ["jd", "JD"]
    assert {row["account"] for row in loaded.rows("accounts")} == {"sys:jd"}
    assert [row["role"] for row in loaded.rows("roles")] == ["sys:a", "sys:b"]
    assert len(loaded.grants) == 3


@pytest.mark.parametrize(
    ("columns", "keys", "message"),
    [
        (
            Columns(account="Login", group="Team", permission="Right", resource="System"),
            {},
            (
                "sod.yaml:7 (columns): a record of account, group, permission does not say what "
                "it states; name a relation (access, membership, nesting, role-rights, uses, "
                "controls, accounts), and give each statement a source entry of its own"
            ),
        ),
        (
            Columns(account="Login", group="Team", permission="Right"),
            {"relation": Relation.MEMBERSHIP},
            (
                "sod.yaml:7 (columns): relation membership has no place for permission; state it "
                "in a source entry of its own, or leave it out"
            ),
        ),
        (
            Columns(account="Login", permission="Right"),
            {},
            (
                "sod.yaml:7 (columns): relation access needs a column or constant for resource; if "
                'every right covers the whole system, say constants: {resource: "*"}'
            ),
        ),
        (
            Columns(account="Login", identity="Emp"),
            {"relation": Relation.USES},
            "sod.yaml:7 (identity_system): relation uses needs the people's system",
        ),
        (
            Columns(account="Login", group="Team"),
            {"constants": {"grup": "x"}},
            "sod.yaml:7 (constants): no field 'grup'; did you mean 'group'?",
        ),
        (
            Columns(account="Login", group="Team"),
            {"constants": {"eligible": " "}},
            "sod.yaml:7 (constants): the text of eligible is empty",
        ),
        (
            Columns(account="Login", group="Team", email="Mail"),
            {"multi": {"account": ";"}},
            "sod.yaml:7 (multi): several accounts in one cell cannot share email",
        ),
        (
            Columns(account="Login", group="Team", email="Mail"),
            {"multi": {"email": ";"}},
            (
                "sod.yaml:7 (multi): a record has one email; only account, group, member, "
                "permission, resource, identity may be many"
            ),
        ),
        (
            Columns(account=Column(), group="Team"),
            {},
            "sod.yaml:7 (columns.account): names no column",
        ),
        (
            Columns(account=Column(column="a", columns=("b",)), group="Team"),
            {},
            "sod.yaml:7 (columns.account): has both column and columns; state one",
        ),
        (
            Columns(account="Login"),
            {"matrix": Matrix(first_column="2"), "constants": {"resource": "*"}},
            "sod.yaml:7 (matrix): state either marks (the texts that mean yes) or cells (a field)",
        ),
        (
            Columns(account="Login", permission="Right"),
            {"matrix": MATRIX, "constants": {"resource": "*"}},
            "sod.yaml:7 (matrix.header): permission has a column or constant of its own",
        ),
        (
            Columns(account="Login", group="Team"),
            {"identity_system": "hr"},
            "sod.yaml:7 (identity_system): relation membership names no people",
        ),
        (
            Columns(account="Login"),
            {"group_system": "ldap"},
            "sod.yaml:7 (group_system): relation accounts names no group",
        ),
        (
            ACCESS,
            {"translate": {"mode": {"1": "approved"}}},
            "sod.yaml:7 (mode): 'approved' is neither alone nor with-approval",
        ),
        (
            Columns(account="Login", group="Team"),
            {"constants": {"mode": "with-approval"}},
            (
                "sod.yaml:7 (columns): relation membership has no place for mode; "
                "state it in a source entry of its own, or leave it out"
            ),
        ),
    ],
)
def test_a_mapping_that_makes_no_sense_is_refused(
    tmp_path: Path, columns: Columns, keys: dict[str, Any], message: str
) -> None:
    assert refused(tmp_path, columns, **keys) == message


def test_every_contradiction_is_named_at_once(tmp_path: Path) -> None:
    text = refused(tmp_path, Columns(account="L"), constants={"x": "y"}, multi={"z": ";"})

    assert text.count("\n") == 1


def test_options_come_from_yaml_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "options.yaml"
    path.write_text(
        'delimiter: ";"\n'
        "header_row: 3\n"
        "columns:\n"
        "  account: {column: Login, lower: true, strip_prefix: 'DOM\\'}\n"
        "  permission: Right\n"
        "  enabled: {column: Active, true: [Y], false: [N]}\n"
        "constants: {resource: '*'}\n"
        "translate: {permission: {C: check-in}}\n"
        "multi: {permission: ';'}\n"
        "skip: {Status: [Closed]}\n"
        "date_format: '%d.%m.%Y'\n"
        "matrix: {first_column: 4, marks: [X]}\n"
        "relation: role-rights\n"
        "wildcards: false\n"
    )
    document = read_document(path, error=ConfigError, shown="o.yaml")
    problems = Problems("o.yaml", ConfigError)

    options = bound(bind(document.root, CsvOptions, problems), problems)

    stated = options.columns.stated()
    assert stated["account"] == Column(column="Login", lower=True, strip_prefix="DOM\\")
    assert stated["permission"] == Column(column="Right")
    assert stated["enabled"] == Column(column="Active", true=("Y",), false=("N",))
    assert options.columns.where is not None
    assert options.columns.where.line == 3
    assert (options.delimiter, options.header_row) == (";", 3)
    assert options.skip == {"Status": ("Closed",)}
    assert options.matrix == Matrix(first_column="4", marks=("X",))
    assert (options.relation, options.wildcards) == (Relation.ROLE_RIGHTS, False)


def test_an_unstated_extraction_day_is_the_files(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    rows = f"a,t,{today}\nb,t,{today}\n"

    loaded = load(tmp_path, "Login,Team,Until\n" + rows, ENDS, more={"extracted_at": None})

    assert [kind for kind, _, _ in loaded.issues] == ["end-dates-are-run-time"]
