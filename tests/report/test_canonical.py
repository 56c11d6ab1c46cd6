"""findings.json: digest, layout, round trip, damage."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from sod_analyzer.errors import ReportError, StoreError
from sod_analyzer.model.finding import Report
from sod_analyzer.report.canonical import REPORTER, load
from sod_analyzer.report.core import core_of, findings_digest
from sod_analyzer.report.joined import hop_rows
from sod_analyzer.report.schema import findings_schema, schema_text
from tests.report.bank import HOSTILE, clean, rerun
from tests.report.conftest import rendered
from tests.report.plainly import hops as hops_of
from tests.report.plainly import part_of, shuffled


@pytest.fixture(scope="module")
def document(report: Report) -> Any:
    return json.loads(rendered(REPORTER, report))


def test_core_is_canonical_json(report: Report) -> None:
    core = core_of(report.tables)

    again = json.dumps(
        json.loads(core), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()

    assert again == core


def test_core_of_one_violation_is_as_written_by_hand(report: Report) -> None:
    finding = report["violations"]["finding_id"][0].as_py()
    tables = part_of(report.tables, [finding])
    row = tables["violations"].to_pylist()[0]
    hops = hops_of(tables)

    core = json.loads(core_of(tables))
    found, edges = core["findings"], core["edges"]

    place = tables["places"].to_pylist()[0]["place"]
    assert [row["finding_id"]] == [entry["finding"] for entry in found]
    assert {"key": row["subject_key"], "kind": "identity"} == found[0]["subject"]
    assert row["rule_id"] == found[0]["rule"]
    first = found[0]["places"][0]
    assert (place, row["severity"], row["verdict"]) == (
        first["place"],
        first["severity"],
        first["verdict"],
    )
    assert {
        (
            leg["duty"],
            tuple(
                (edges[hop]["from"], edges[hop]["kind"], edges[hop]["to"])
                for part in leg["parts"]
                for hop in part
            ),
        )
        for leg in first["legs"]
    } == {
        (
            duty,
            tuple(
                (hop["from_id"], hop["kind"], hop["to_id"])
                for hop in hops
                if hop["duty"] == duty and hop["place"] == place
            ),
        )
        for duty in {hop["duty"] for hop in hops}
    }


def test_leg_names_its_holder_only_where_that_is_not_the_subject(document: Any) -> None:
    rules: dict[str, set[str | None]] = {}
    for finding in document["core"]["findings"]:
        for place in finding["places"]:
            for leg in place["legs"]:
                rules.setdefault(finding["rule"], set()).add(leg.get("holder"))

    assert rules["TEAM-01"] == {"hv-hr:1021", "hv-hr:1022", None}
    assert rules["DEV-01"] == {None}
    assert rules["ROLE-01"] == {None}


def test_core_of_a_personal_finding_is_the_same_without_holders(report: Report) -> None:
    about = report["violations"].filter(pc.equal(report["violations"]["subject_kind"], "identity"))
    tables = part_of(report.tables, about["finding_id"].to_pylist())
    legs = tables["legs"]
    nobody = pa.nulls(legs.num_rows, pa.string())
    nameless = legs.set_column(legs.column_names.index("holder"), "holder", nobody)

    assert core_of({**tables, "legs": nameless}) == core_of(tables)


def test_core_knows_no_file_record_name_or_time(report: Report) -> None:
    core = core_of(report.tables).decode()

    for outside in ("items/", "roster.csv", "line ", "Maud Ferriter", "@harbourvale.example"):
        assert outside not in core


@pytest.mark.parametrize("seed", [1, 2])
def test_digest_does_not_depend_on_row_order(report: Report, seed: int) -> None:
    assert report.findings_digest == findings_digest(shuffled(report.tables, seed))


def test_digest_does_not_depend_on_source_records(report: Report) -> None:
    edges = report["edges"]
    moved = edges.set_column(
        edges.column_names.index("record"), "record", pa.array([7] * edges.num_rows, pa.int64())
    )

    assert report.findings_digest == findings_digest({**report.tables, "edges": moved})


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("violations", "folded_under"),
        ("violations", "subject_key"),
        ("places", "verdict"),
        ("places", "severity"),
        ("places", "means"),
        ("legs", "state"),
        ("legs", "means"),
        ("edges", "kind"),
        ("edges", "to_id"),
    ],
)
def test_digest_depends_on_every_fact_of_the_core(report: Report, table: str, column: str) -> None:
    rows = report[table]
    values = rows[column].to_pylist()
    values[0] = "other"
    changed = rows.set_column(rows.column_names.index(column), column, pa.array(values))

    assert report.findings_digest != findings_digest({**report.tables, table: changed})


def test_pieces_make_the_same_core(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = core_of(report.tables)
    monkeypatch.setattr("sod_analyzer.report.nested._PIECE", 4)
    monkeypatch.setattr("sod_analyzer.report.numbering._PIECE", 3)

    assert whole == core_of(report.tables)


def test_empty_report_has_an_empty_core() -> None:
    assert core_of(clean().tables) == b'{"edges":[],"findings":[]}'


@pytest.mark.parametrize(
    ("table", "parent"), [("places", "violations"), ("legs", "places"), ("hops", "edges")]
)
def test_rows_that_belong_to_nothing_are_refused(report: Report, table: str, parent: str) -> None:
    with pytest.raises(ReportError, match=f"expected by {table}"):
        core_of({**report.tables, parent: report[parent].slice(1)})


def changed(table: pa.Table, column: str, row: int, value: object) -> pa.Table:
    """The table with another value in one cell."""
    values = table[column].to_pylist()
    values[row] = value
    at = table.column_names.index(column)
    return table.set_column(at, column, pa.array(values, table.schema.field(column).type))


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("hops", "leg", -1, "no row -1 of legs"),
        ("hops", "leg", 10**6, "no row 1000000 of legs"),
        ("hops", "leg", None, "without its row of legs"),
        ("hops", "edge", -1, "no row -1 of edges"),
        ("hops", "edge", 10**6, "no row 1000000 of edges"),
        ("hops", "edge", None, "without its row of edges"),
        ("hops", "hop", 2, "a row twice: hops, by leg, part, hop"),
        ("legs", "hops", 0, "has hops of the leg"),
        ("legs", "hops", None, "has hops of the leg"),
    ],
)
def test_hops_that_do_not_fit_are_refused(
    report: Report, table: str, column: str, value: int | None, said: str
) -> None:
    tables = {**report.tables, table: changed(report[table], column, 0, value)}

    with pytest.raises(ReportError, match=said):
        core_of(tables)


def test_leg_without_the_hops_that_it_says_it_has_is_refused(report: Report) -> None:
    bare = report["legs"]["hops"].to_pylist().index(0)

    with pytest.raises(ReportError, match="no hop of the leg"):
        core_of({**report.tables, "legs": changed(report["legs"], "hops", bare, 3)})


def test_edge_that_no_hop_names_is_left_out(report: Report) -> None:
    further = report["edges"].slice(0, 1)
    further = changed(further, "from_id", 0, "nobody")
    edges = pa.concat_tables([further, report["edges"]])
    hops = report["hops"]
    moved = hops.set_column(3, "edge", pc.add(hops["edge"], pa.scalar(1, pa.int32())))

    assert core_of({**report.tables, "edges": edges, "hops": moved}) == core_of(report.tables)


def test_edges_that_differ_only_in_what_is_said_of_them_are_one(report: Report) -> None:
    """As where a right is held, and could also be taken."""
    edges, hops = report["edges"], report["hops"]
    used = hops["edge"].to_pylist()
    often = next(edge for edge in used if used.count(edge) > 1)
    again = changed(edges.slice(often, 1), "note", 0, "one own change")
    where = used.index(often)
    other = changed(hops, "edge", where, edges.num_rows)
    tables = {**report.tables, "edges": pa.concat_tables([edges, again]), "hops": other}

    assert core_of(tables) == core_of(report.tables)
    assert hop_rows(dataclasses.replace(report, tables=tables))["note"][where].as_py() == (
        "one own change"
    )


def test_numbers_of_edges_are_their_places_in_the_list(document: Any) -> None:
    edges = document["core"]["edges"]
    members = ("from_kind", "from", "to_kind", "to", "kind")

    order = [tuple(edge[name].encode() for name in members) for edge in edges]

    assert order == sorted(set(order))
    assert {
        hop
        for finding in document["core"]["findings"]
        for place in finding["places"]
        for leg in place["legs"]
        for part in leg["parts"]
        for hop in part
    } == set(range(len(edges)))


def test_every_path_goes_from_its_holder_on(document: Any) -> None:
    edges = document["core"]["edges"]
    parts = [
        part
        for finding in document["core"]["findings"]
        for place in finding["places"]
        for leg in place["legs"]
        for part in leg["parts"]
    ]

    assert len(parts) > 50
    for part in parts:
        for here, there in pairwise(part):
            assert (edges[here]["to_kind"], edges[here]["to"]) == (
                edges[there]["from_kind"],
                edges[there]["from"],
            )


def test_provenance_is_of_the_edges(report: Report, document: Any) -> None:
    told = report["edges"].to_pylist()

    origin = document["provenance"]["edges"]

    assert origin["file"] == [row["file"] for row in told]
    assert origin["record"] == [row["record"] for row in told]
    assert set(document["context"]["tables"]["hops"]) == {"leg", "part", "hop", "edge"}


def test_file_keeps_its_schema(document: Any) -> None:
    jsonschema.Draft202012Validator.check_schema(findings_schema())

    jsonschema.Draft202012Validator(findings_schema()).validate(document)


def test_schema_file_is_up_to_date() -> None:
    path = Path(__file__).parents[2] / "sod_analyzer" / "report" / "findings.schema.json"

    assert schema_text() == path.read_text(encoding="utf-8")


def test_digest_can_be_checked_without_this_program(report: Report) -> None:
    data = rendered(REPORTER, report)

    core = data[data.index(b'"core":') + 7 : data.index(b',\n"provenance"')]

    assert report.findings_digest == hashlib.sha256(core).hexdigest()


def test_report_comes_back_equal(report: Report, tmp_path: Path) -> None:
    path = tmp_path / "findings.json"
    path.write_bytes(rendered(REPORTER, report))

    assert report == load(path)


@pytest.mark.parametrize("given", [clean(), clean(gaps=2)], ids=["clean", "gaps"])
def test_report_without_findings_or_run_comes_back_equal(given: Report, tmp_path: Path) -> None:
    given = dataclasses.replace(given, run=None, name="lone \udc80 surrogate", limits=())
    path = tmp_path / "findings.json"
    path.write_bytes(rendered(REPORTER, given))

    assert given == load(path)


def test_hostile_names_are_kept_as_they_are(document: Any) -> None:
    names = set(document["context"]["tables"]["violations"]["name"])

    unfound = {"zeros", "null", "exponent", "spaces", "minus", "at", "plus"}
    assert {name for what, name in HOSTILE.items() if what not in unfound} <= names


def test_only_the_run_differs_between_two_runs(report: Report, document: Any) -> None:
    other = json.loads(rendered(REPORTER, rerun(report)))

    assert other["run"] != document["run"]
    assert {**other, "run": None} == {**document, "run": None}


def test_digest_that_is_not_of_the_tables_is_refused(report: Report) -> None:
    with pytest.raises(ReportError, match="digest"):
        rendered(REPORTER, dataclasses.replace(report, findings_digest="0" * 64))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"rule":"DEV-01"', b'"rule":"DEV-09"', "digest"),
        (b'"verdict":["violation"', b'"verdict":["other"', "something else"),
        (b'"schema_version":4', b'"schema_version":99', "version 99"),
        (b'"provenance":', b'"elsewhere":', "provenance"),
        (b'"edge":[', b'"edge":[1,', "damaged"),
        (b'"leg":[0,', b'"leg":[5,', "damaged"),
        (b'"to_kind":["', b'"to_kind":["other', "something else"),
        (b'"as_of":"2026-10-31"', b'"as_of":"soon"', "damaged"),
        (b'"core":{', b'"core":', "damaged"),
    ],
)
def test_damaged_file_is_refused_with_its_name(
    report: Report, tmp_path: Path, old: bytes, new: bytes, said: str
) -> None:
    data = rendered(REPORTER, report)
    assert old in data
    path = tmp_path / "findings.json"
    path.write_bytes(data.replace(old, new, 1))

    with pytest.raises(StoreError, match=said) as caught:
        load(path)

    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"[" * 200_000, b"\xff\xfe", b"1e999"])
def test_what_is_no_report_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "findings.json"
    path.write_bytes(content)

    with pytest.raises(StoreError):
        load(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be read"):
        load(tmp_path / "none.json")
