"""JSON as tables: paths to records and columns, values as written, and everything cut off."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.errors import ConfigError
from sod_analyzer.importers.tabular.json_path import parse_column, parse_steps
from tests.importers.tabular_kit import Column, Columns, Loaded, run

MEMBERS = Columns(account="login", group="team")


def load(base: Path, content: object, **keys: Any) -> Loaded:
    """Loads the content: text and bytes as they are, anything else as one JSON document."""
    path = base / "a.json"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return run(base, "json", "a.json", **{"columns": MEMBERS, "records": "[]", **keys})


def pairs(loaded: Loaded) -> list[tuple[str, str, int]]:
    return [(holder[4:], target[4:], record) for holder, _, target, record in loaded.grants]


def test_the_top_level_may_be_the_list(tmp_path: Path) -> None:
    loaded = load(tmp_path, [{"login": "jd", "team": "a"}, {"login": "kl", "team": "b"}])

    assert pairs(loaded) == [("jd", "a", 0), ("kl", "b", 1)]
    assert loaded.waterfall == {"lines": 2, "loaded": 2}
    assert (loaded.source["unit"], loaded.source["record_template"]) == ("element", "[] #{record}")


def test_lists_inside_lists_are_numbered_over_the_file(tmp_path: Path) -> None:
    document = {
        "org": "x",
        "teams": [
            {"name": "a", "members": [{"login": "jd"}, {"login": "kl"}]},
            {"name": "b", "members": []},
            {"name": "c", "members": [{"login": "jd"}]},
        ],
    }
    columns = Columns(account="login", group=Column(columns=("^^.org", "^.name")))

    loaded = load(tmp_path, document, records="teams[].members[]", columns=columns)

    assert pairs(loaded) == [("jd", "x/a", 0), ("kl", "x/a", 1), ("jd", "x/c", 2)]
    assert loaded.issues == []


def test_objects_by_name_and_records_that_are_texts(tmp_path: Path) -> None:
    document = {"groups": {"ops": {"m": ["jd", "kl"]}, "dev": {"m": None}}}

    loaded = load(
        tmp_path,
        document,
        records="groups{}.m[]",
        columns=Columns(account=".", group="^.$key"),
    )

    assert pairs(loaded) == [("jd", "ops", 0), ("kl", "ops", 1)]


def test_places_and_the_files_name_are_columns_too(tmp_path: Path) -> None:
    columns = Columns(account="login", group=Column(columns=("$file", "$index"), separator="-"))

    loaded = load(tmp_path, [{"login": "jd"}, {"login": "kl"}], columns=columns)

    assert pairs(loaded) == [("jd", "a-0", 0), ("kl", "a-1", 1)]


def test_a_list_in_a_record_gives_several_values(tmp_path: Path) -> None:
    document = [
        {"login": "jd", "teams": ["a", "b", None, ""]},
        {"login": "kl", "teams": []},
        {"login": "mn", "teams": [{"n": "c"}, {"n": "d"}]},
    ]

    plain = load(tmp_path, document, columns=Columns(account="login", group="teams"))
    inside = load(tmp_path, document, columns=Columns(account="login", group="teams[].n"))

    assert pairs(plain) == [("jd", "a", 0), ("jd", "b", 0)]
    assert plain.issues == [("missing-value", "yes", 1), ("unreadable-cell", "yes", 2)]
    assert pairs(inside) == [("mn", "c", 2), ("mn", "d", 2)]


def test_several_accounts_may_not_share_one_persons_mail(tmp_path: Path) -> None:
    columns = Columns(account="login", group="team", email="mail")
    document = [{"login": ["jd", "kl"], "team": "a", "mail": "x"}]

    loaded = load(tmp_path, document, columns=columns)

    assert loaded.issues == [("ambiguous-record", "yes", 0)]
    assert loaded.grants == []


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("12345678901234567890123", "12345678901234567890123"),
        ("1.10", "1.10"),
        ("1e5", "1e5"),
        ("-0", "-0"),
        ("true", "true"),
        ('"007"', "007"),
        ("NaN", "NaN"),
        ('"\\u00e9"', "é"),
    ],
)
def test_values_stay_as_written(tmp_path: Path, written: str, expected: str) -> None:
    loaded = load(tmp_path, f'[{{"login": {written}, "team": "a"}}]')

    assert pairs(loaded) == [(expected, "a", 0)]


def test_null_is_empty_and_absent_is_missing(tmp_path: Path) -> None:
    loaded = load(tmp_path, [{"login": None, "team": "a"}, {"team": "a"}])

    assert loaded.texts("missing-value") == [
        "a.json: record not loaded: no account: 'login' is empty",
        "a.json: record not loaded: no account: 'login' is missing",
    ]


@pytest.mark.parametrize("between", ["", "\n", "\r\n\r\n", "\x1e"])
def test_documents_written_after_each_other_are_all_read(tmp_path: Path, between: str) -> None:
    one = json.dumps([{"login": "jd", "team": "a"}, {"login": "kl", "team": "a"}])
    two = json.dumps([{"login": "kl", "team": "a"}, {"login": "mn", "team": "a"}])

    loaded = load(tmp_path, one + between + two)

    assert pairs(loaded) == [("jd", "a", 0), ("kl", "a", 1), ("mn", "a", 3)]
    assert loaded.waterfall == {"lines": 4, "duplicate": 1, "loaded": 3}


def test_one_object_per_line_is_read(tmp_path: Path) -> None:
    text = '{"e": [{"login": "jd", "team": "a"}]}\n{"e": [{"login": "kl", "team": "a"}]}\n'

    loaded = load(tmp_path, text, records="e[]")

    assert pairs(loaded) == [("jd", "a", 0), ("kl", "a", 1)]


@pytest.mark.parametrize("records", ["rows", "rows[]"])
def test_a_list_at_the_end_of_the_path_means_its_elements(tmp_path: Path, records: str) -> None:
    loaded = load(tmp_path, {"rows": [{"login": "jd", "team": "a"}]}, records=records)

    assert pairs(loaded) == [("jd", "a", 0)]


def test_a_document_may_be_the_record(tmp_path: Path) -> None:
    text = '{"login": "jd", "team": "a"}\n{"login": "kl", "team": "b"}\n'

    loaded = load(tmp_path, text, records=".")

    assert pairs(loaded) == [("jd", "a", 0), ("kl", "b", 1)]


@given(content=st.binary(max_size=80) | st.text('[]{}":, \\u0d8login', max_size=40).map(str.encode))
def test_no_bytes_break_the_reader(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    loaded = load(tmp_path_factory.mktemp("json"), content, records=".")

    assert loaded.waterfall is not None
    assert loaded.source["status"] == "read" or loaded.texts("unreadable-file")


def test_equal_records_in_different_places_are_no_duplicates(tmp_path: Path) -> None:
    document = {"t": [{"n": "a", "m": [{"login": "jd"}]}, {"n": "b", "m": [{"login": "jd"}]}]}

    loaded = load(
        tmp_path, document, records="t[].m[]", columns=Columns(account="login", group="^.n")
    )

    assert pairs(loaded) == [("jd", "a", 0), ("jd", "b", 1)]


def failed(loaded: Loaded) -> str:
    assert loaded.source["status"] == "failed"
    return str(loaded.texts("unreadable-file")[0])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ('[{"login": "jd", ', "the JSON ends in the middle: cut off? (column 18)"),
        ('[{"login": "j', "the JSON ends in the middle: cut off? (column 12)"),
        ("[\n nope]", "not JSON: Expecting value (column 2)"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"login": "a", "login": "b"}]', "an object has the key 'login' twice"),
        (b'["\xff"]', "not UTF-8: byte 0xFF at offset 2"),
    ],
)
def test_what_is_not_json_fails_the_file(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    assert failed(load(tmp_path, content)).startswith(f"a.json: {message}")


def test_what_came_before_the_cut_stays(tmp_path: Path) -> None:
    loaded = load(tmp_path, '[{"login": "jd", "team": "a"}]\n[{"login": "kl"')

    assert pairs(loaded) == [("jd", "a", 0)]
    assert failed(loaded).startswith("a.json: the JSON ends in the middle")
    assert [row["record"] for row in loaded.rows("issues") if row["kind"] == "unreadable-file"] == [
        2
    ]


def test_records_in_the_wrong_place_are_counted_and_located(tmp_path: Path) -> None:
    document: dict[str, list[object]] = {"teems": []}

    missing = load(tmp_path, document, records="teams[]")
    wrong = load(tmp_path, {"teams": {"a": 1}}, records="teams[]")
    element = load(tmp_path, [{"login": "jd", "team": "a"}, None, 7])

    assert missing.texts("records-not-found") == [
        "a.json: record not loaded: no 'teams' at the top; did you mean 'teems'?"
    ]
    assert wrong.texts("records-not-found") == [
        "a.json: record not loaded: an object at teams, not a list"
    ]
    assert missing.waterfall == {"lines": 1, "rejected": 1}
    assert [issue[1] for issue in missing.issues] == ["yes", "unknown"]
    assert element.waterfall == {"lines": 3, "rejected": 2, "loaded": 1}


def test_lists_missing_inside_elements_may_hide_records(tmp_path: Path) -> None:
    document: list[object] = [{"m": [{"login": "jd", "team": "a"}]}, {}, {}]

    loaded = load(tmp_path, document, records="[].m[]")

    assert pairs(loaded) == [("jd", "a", 0)]
    assert loaded.texts("records-not-found") == [
        "no 'm' in 2 places of [].m[]; taken as no records there"
    ]


def test_an_empty_list_is_said_once_for_the_source(tmp_path: Path) -> None:
    loaded = load(tmp_path, [])

    assert loaded.issues == [("no-records", "no", None), ("no-records", "unknown", None)]


def test_a_column_that_no_record_has_is_named_with_what_is_near(tmp_path: Path) -> None:
    columns = Columns(account="login", group="team", email="mail", owner="boss")

    loaded = load(tmp_path, [{"login": "jd", "teem": "a"}], columns=columns)

    assert sorted(loaded.texts("absent-column")) == [
        "no record of this source has 'boss' (owner); known: 'login', 'teem'",
        "no record of this source has 'mail' (email); known: 'login', 'teem'",
        "no record of this source has 'team' (group); did you mean 'teem'?",
    ]
    assert sorted(loaded.issues) == [
        ("absent-column", "no", None),
        ("absent-column", "unknown", None),
        ("absent-column", "yes", None),
        ("missing-value", "yes", 0),
    ]


@pytest.mark.parametrize(
    "record",
    ['{"login": "j\\u0000d", "team": "a"}', '{"login": "j\\ud83dd", "team": "a"}'],
)
def test_text_that_cannot_be_kept_rejects_its_record(tmp_path: Path, record: str) -> None:
    loaded = load(tmp_path, f"[{record}]")

    assert loaded.issues[0] == ("unreadable-text", "yes", 0)
    assert loaded.waterfall == {"lines": 1, "rejected": 1}


def test_a_cell_of_two_million_characters_rejects_its_record(tmp_path: Path) -> None:
    loaded = load(tmp_path, [{"login": "x" * 2_000_000, "team": "a"}])

    assert loaded.issues[0] == ("oversized-cell", "yes", 0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"records": ""}, r"sod.yaml:7 \(records\): path '': it is empty"),
        ({"records": "a."}, "a key is missing at the end"),
        ({"records": "a..b"}, "a key is missing before a dot"),
        ({"records": "a[]b"}, "a dot is missing before 'b'"),
        ({"records": "a["}, r"'\[' is not understood"),
        ({"columns": Columns(account="^x", group="b")}, r"a dot is missing after '\^'"),
        ({"columns": Columns(account="$line", group="b")}, "'\\$line' is none of"),
    ],
)
def test_paths_that_make_no_sense_are_refused(
    tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        load(tmp_path, [], **keys)


def test_quotes_in_a_path_keep_dots_in_a_key() -> None:
    assert parse_steps("'a.b'.c[]") == parse_steps("'a.b'.'c'[]")
    assert len(parse_steps("'a.b'.c[]")) == 3
    assert callable(parse_column("^^"))


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)
names = texts.filter(str.strip)


@settings(max_examples=80, deadline=None)
@given(
    teams=st.lists(st.tuples(names, st.lists(names, max_size=3)), max_size=4),
    indent=st.sampled_from([None, 2]),
    plain=st.booleans(),
)
def test_any_document_is_read_as_it_was_written(
    tmp_path_factory: pytest.TempPathFactory,
    teams: list[tuple[str, list[str]]],
    indent: int | None,
    *,
    plain: bool,
) -> None:
    base = tmp_path_factory.mktemp("json")
    document = [{"n": team, "m": [{"login": login} for login in who]} for team, who in teams]
    text = json.dumps(document, indent=indent, ensure_ascii=plain)
    every = [(login.strip(), team.strip()) for team, who in teams for login in who]
    raw = [(login, team) for team, who in teams for login in who]
    first = {pair: number for number, pair in reversed(list(enumerate(raw)))}

    loaded = load(base, text, records="[].m[]", columns=Columns(account="login", group="^.n"))

    assert pairs(loaded) == [
        (*every[number], number) for number, pair in enumerate(raw) if first[pair] == number
    ]
    assert loaded.waterfall.get("lines", 0) == len(raw)


@pytest.mark.realdata
def test_every_group_row_of_the_environments_is_read(realdata: Path) -> None:
    """1,045 group rows, as jq counts them and as the folder's own README says."""
    if shutil.which("jq") is None:
        pytest.skip("jq, which counts beside us, is not installed")
    folder = realdata / "moj_environments" / "environments"
    query = "[.[].environments[].access[]] | length"
    files = sorted(map(str, folder.glob("*.json")))
    counted = subprocess.run(
        ["jq", "--slurp", query, *files], capture_output=True, check=True, text=True
    )
    pairs_query = (
        '.environments[] as $e | $e.access[] | "\\(.sso_group_name) \\(.level) \\($e.name)"'
    )
    listed = subprocess.run(
        ["jq", "--raw-output", pairs_query, *files], capture_output=True, check=True, text=True
    )

    loaded = run(
        realdata,
        "json",
        "moj_environments/environments/*.json",
        records="environments[].access[]",
        columns=Columns(
            group="sso_group_name",
            permission="level",
            resource=Column(columns=("$file", "^.name")),
        ),
    )

    grants = loaded.rows("grants")
    assert int(counted.stdout) == 1045 == len(grants)
    assert sum(row["loaded"] for row in loaded.rows("sources")) == 1045
    assert len(loaded.rows("sources")) == 114
    actual = sorted(
        f"{row['holder'][4:]} {row['target'][4:].replace('@', ' ').replace(f'{stem}/', '')}"
        for row in grants
        for stem in (Path(row["source_id"]).stem,)
    )
    assert sorted(listed.stdout.splitlines()) == actual
    assert {issue[:2] for issue in loaded.issues} == {("no-records", "no")}
