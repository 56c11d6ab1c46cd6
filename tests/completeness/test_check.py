"""What counts as a gap, who answers for it, and what becomes unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from sod_analyzer.assemble import assemble
from sod_analyzer.completeness import CompletenessResult, check
from sod_analyzer.config import AcceptedGap
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import ISSUES, SYSTEMS, Snapshot
from sod_analyzer.model.batch import Batch
from sod_analyzer.model.rows import Rows
from tests.assemble.worlds import EXTRACTED, Cells, account, batch, estate, person, source

DAY = EXTRACTED.date()


def snapshot_of(
    *batches: Batch,
    hr: Cells | None = None,
    ldap: Cells | None = None,
    scope: Mapping[str, str] | None = None,
    product: str = "ldap",
) -> Snapshot:
    """Two systems, each with a source that was read, one active person, and these batches."""
    rows = [hr or source("hr"), ldap or source("ldap")]
    world = estate("hr", "ldap")
    systems = [
        row
        | {"scope": (scope or {}).get(row["system"], row["scope"])}
        | ({"product": product} if row["system"] == "ldap" else {})
        for row in world.systems.to_pylist()
    ]
    world = replace(world, systems=pa.Table.from_pylist(systems, schema=SYSTEMS), as_of=DAY)
    return assemble([batch(sources=rows, identities=[person("1")]), *batches], world)


def checked(
    snapshot: Snapshot, *accepted: AcceptedGap, as_of: date | None = None
) -> CompletenessResult:
    return check(snapshot, max_skew_days=7, accepted_gaps=accepted, as_of=as_of)


def accepted(gap: str, *, until: date = date(2027, 1, 31), most: int | None = None) -> AcceptedGap:
    return AcceptedGap(gap, "Ann Lee", "old leavers", until, SourceRef("sod.yaml", 30), most)


def open_ids(result: CompletenessResult) -> list[str]:
    return [gap.gap_id for gap in result.gaps if gap.accepted is None]


def dangling(*subjects: str, system: str = "ldap", hides: str = "yes") -> Batch:
    return batch(
        issues=[
            {
                "kind": "dangling-member",
                "system": system,
                "subject": subject,
                "text": f"{subject} is nowhere.",
                "hides": hides,
                "source_id": system,
                "record": record,
            }
            for record, subject in enumerate(subjects, 12)
        ]
    )


def test_a_world_with_nothing_wrong_is_complete() -> None:
    result = checked(snapshot_of())

    assert result.gaps == ()
    assert result.unknown_systems == {}
    assert (result.completeness.complete, result.completeness.line) == (True, "Complete: no gaps.")


def test_a_system_in_scope_without_a_source_is_a_gap_and_unknown() -> None:
    world = replace(estate("hr", "ldap"), as_of=DAY)
    snapshot = assemble([batch(sources=[source("hr")], identities=[person("1")])], world)

    result = checked(snapshot)

    assert open_ids(result) == ["missing-source:ldap"]
    assert result.unknown_systems == {"ldap": "no source"}
    assert result.completeness.line == "Incomplete: 1 open gap (1 missing-source)."


@pytest.mark.parametrize(("status", "state"), [("missing", "missing"), ("failed", "not readable")])
def test_a_source_that_gave_nothing_is_a_gap_and_its_system_unknown(
    status: str, state: str
) -> None:
    result = checked(snapshot_of(ldap=source("ldap", status=status)))

    assert open_ids(result) == ["failed-source:ldap:ldap"]
    assert result.unknown_systems == {"ldap": f"source ldap is {state}"}


def test_what_the_importer_said_of_a_failed_source_is_not_said_twice() -> None:
    snapshot = snapshot_of(dangling("x"), ldap=source("ldap", status="failed"))

    result = checked(snapshot)

    assert open_ids(result) == ["dangling-member:ldap:x"]
    assert list(result.unknown_systems) == ["ldap"]


@pytest.mark.parametrize(("age", "stale"), [(7, False), (8, True)])
def test_a_source_older_than_the_limit_is_stale_and_its_system_unknown(
    *, age: int, stale: bool
) -> None:
    old = datetime(2026, 10, 30 - age, 23, 59, tzinfo=UTC)

    result = checked(snapshot_of(ldap=source("ldap", extracted_at=old)))

    assert open_ids(result) == (["stale-source:ldap:ldap"] if stale else [])
    assert list(result.unknown_systems) == (["ldap"] if stale else [])


@pytest.mark.parametrize(("days", "early"), [(7, False), (8, True)])
def test_a_day_long_before_an_extraction_cannot_see_what_was_removed_since(
    *, days: int, early: bool
) -> None:
    result = checked(snapshot_of(), as_of=date(2026, 10, 30 - days))

    expected = ["as-of-before-extraction:hr:hr", "as-of-before-extraction:ldap:ldap"]
    assert open_ids(result) == (expected if early else [])
    assert result.unknown_systems == {}


def test_an_unknown_time_is_a_gap_and_a_files_own_time_is_not() -> None:
    snapshot = snapshot_of(
        hr=source("hr", extracted_at_basis="file-time"), ldap=source("ldap", extracted_at=None)
    )

    result = checked(snapshot)

    assert open_ids(result) == ["extraction-time-unknown:ldap:ldap"]
    kinds = dict(
        zip(
            result.exceptions.column("kind").to_pylist(),
            result.exceptions.column("hides").to_pylist(),
            strict=True,
        )
    )
    assert kinds["extraction-time-unstated"] == "no"


@pytest.mark.parametrize(
    ("expected", "hides"), [(1, None), (2, "yes"), (0, "unknown"), (None, None)]
)
def test_the_owners_count_is_compared_with_the_records_parsed(
    expected: int | None, hides: str | None
) -> None:
    result = checked(snapshot_of(ldap=source("ldap", expected_count=expected)))

    assert [gap.hides for gap in result.gaps] == ([hides] if hides else [])


def test_the_owners_count_is_that_of_all_files_of_a_source() -> None:
    files = [
        source(f"ldap/{n}", system="ldap", expected_count=3, parsed=n, loaded=n, lines=n)
        for n in (1, 2)
    ]

    result = checked(snapshot_of(batch(sources=files[1:]), ldap=files[0]))

    assert open_ids(result) == []


def test_counts_that_do_not_tie_are_a_gap() -> None:
    result = checked(snapshot_of(ldap=source("ldap", lines=10, header=1, parsed=9, loaded=8)))

    assert open_ids(result) == ["waterfall:ldap:ldap"]
    assert "10 - 0 - 1 - 0 = 9 parsed, - 0 - 0 - 0 = 8 loaded" in result.gaps[0].text


def test_without_a_roster_nobody_can_be_tied_to_anything() -> None:
    world = replace(estate("hr", "ldap"), as_of=DAY)
    snapshot = assemble(
        [
            batch(sources=[source("hr"), source("ldap")]),
            batch(accounts=[account("ldap:x", kind="workload")]),
        ],
        world,
    )

    assert open_ids(checked(snapshot)) == ["missing-roster:hr"]


def test_products_whose_gates_are_not_read_say_so() -> None:
    result = checked(snapshot_of(product="github"))

    assert open_ids(result) == ["gates-not-evaluated:ldap", "pipeline-reach-not-evaluated:ldap"]
    assert result.unknown_systems == {}


def test_a_system_out_of_scope_has_exceptions_and_no_gaps() -> None:
    snapshot = snapshot_of(
        dangling("x"),
        ldap=source("ldap", status="failed", expected_count=5),
        scope={"ldap": "out-of-scope"},
        product="github",
    )

    result = checked(snapshot)

    assert result.gaps == ()
    assert result.unknown_systems == {}
    (row,) = result.exceptions.to_pylist()
    assert (row["kind"], row["hides"], row["gap"]) == ("dangling-member", "yes", None)


def test_an_issue_that_hides_nothing_is_an_exception_only() -> None:
    result = checked(snapshot_of(dangling("x", hides="no")))

    assert result.gaps == ()
    assert result.exceptions.column("kind").to_pylist() == ["dangling-member"]


def test_exceptions_name_file_and_place_and_how_to_accept_them() -> None:
    odd = source("ldap", path="dir/a.json", record_template="items/{record}{x}")

    result = checked(snapshot_of(dangling("x:y"), ldap=odd))

    assert result.exceptions.to_pylist() == [
        {
            "kind": "dangling-member",
            "system": "ldap",
            "subject": "x:y",
            "text": "x:y is nowhere.",
            "hides": "yes",
            "file": "dir/a.json",
            "record": 12,
            "at": "items/12{x}",
            "gap": "dangling-member:ldap:x:y",
            "accepted": None,
        }
    ]


def test_exceptions_are_sorted_by_effect_kind_and_place() -> None:
    batches = [dangling("c", hides="no"), dangling("b", hides="unknown"), dangling("z", "a")]

    result = checked(snapshot_of(*batches))

    assert result.exceptions.column("subject").to_pylist() == ["z", "a", "b", "c"]


def test_an_accepted_gap_stays_in_the_counts_and_does_not_open_again_by_itself() -> None:
    result = checked(snapshot_of(dangling("x", "y")), accepted("dangling-member:ldap"))

    assert open_ids(result) == []
    assert result.completeness.line == "Complete but for 2 accepted gaps."
    assert (result.completeness.open_gaps, result.completeness.accepted_gaps) == (0, 2)
    assert set(result.exceptions.column("accepted").to_pylist()) == {
        "Ann Lee until 2027-01-31: old leavers"
    }


def test_more_gaps_than_were_accepted_open_all_of_them() -> None:
    result = checked(snapshot_of(dangling("x", "y", "z")), accepted("dangling-member:ldap", most=2))

    assert len(open_ids(result)) == 3
    assert "Ann Lee accepted 2 of these; there are 3." in result.gaps[0].text


def test_as_many_gaps_as_were_accepted_stay_accepted() -> None:
    result = checked(snapshot_of(dangling("x", "y")), accepted("dangling-member:ldap", most=2))

    assert open_ids(result) == []


def test_one_subject_is_accepted_alone_and_does_not_count_toward_the_most() -> None:
    result = checked(
        snapshot_of(dangling("x", "y")),
        accepted("dangling-member:ldap", most=1),
        accepted("dangling-member:ldap:x"),
    )

    assert open_ids(result) == []


@pytest.mark.parametrize(("until", "is_open"), [(DAY, False), (date(2026, 10, 29), True)])
def test_an_acceptance_lasts_to_the_end_of_its_last_day(*, until: date, is_open: bool) -> None:
    result = checked(snapshot_of(dangling("x")), accepted("dangling-member:ldap", until=until))

    assert bool(open_ids(result)) is is_open
    assert ("which has passed" in result.gaps[0].text) is is_open


def test_an_acceptance_that_matches_nothing_is_listed_with_its_line() -> None:
    result = checked(snapshot_of(), accepted("stale-source:ldap"), accepted("dead-duty:-:x"))

    rows = result.exceptions.to_pylist()
    assert [(r["kind"], r["system"], r["subject"], r["hides"], r["gap"]) for r in rows] == [
        ("accepted-gap-unused", None, "dead-duty:-:x", "no", None),
        ("accepted-gap-unused", "ldap", "stale-source:ldap", "no", None),
    ]
    assert {(row["file"], row["at"]) for row in rows} == {("config", "line 30")}
    assert result.completeness.complete


def test_further_issues_are_gaps_like_any_other() -> None:
    further = Rows(ISSUES)
    further.add(kind="dead-duty", subject="deploy", text="Nothing matches.", hides="unknown")

    result = check(
        snapshot_of(),
        max_skew_days=7,
        accepted_gaps=[accepted("dead-duty:-:deploy")],
        further=further.table(),
    )

    assert [gap.gap_id for gap in result.gaps] == ["dead-duty:-:deploy"]
    assert result.completeness.complete


def test_the_line_names_the_most_frequent_kinds_and_counts_the_rest() -> None:
    further = Rows(ISSUES)
    for kind in ("a-a", "b-b", "b-b", "c-c", "d-d", "e-e", "f-f"):
        further.add(kind=kind, text="x", hides="yes")

    result = check(
        snapshot_of(), max_skew_days=7, accepted_gaps=[], further=further.table()
    ).completeness

    expected = "Incomplete: 7 open gaps (2 b-b, 1 a-a, 1 c-c, 1 d-d, 2 of other kinds)."
    assert result.line == expected


@pytest.mark.parametrize("expected", [2, 3])
def test_repeated_records_may_be_counted_by_their_owner_or_not(expected: int) -> None:
    counts = {"lines": 3, "parsed": 3, "duplicate": 1, "loaded": 2}
    result = checked(snapshot_of(ldap=source("ldap", expected_count=expected, **counts)))

    assert open_ids(result) == []


def test_a_gap_about_a_node_names_its_system_once() -> None:
    snapshot = snapshot_of(dangling("ldap:cn=ghost"))

    gap = "dangling-member:ldap:cn=ghost"
    assert open_ids(checked(snapshot)) == [gap]
    assert open_ids(checked(snapshot, accepted(gap))) == []
