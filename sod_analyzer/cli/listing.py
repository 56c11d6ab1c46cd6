"""The findings of a report as rows for a terminal, made a page at a time.

A bank has hundreds of thousands of them; a row becomes an object only when it is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sod_analyzer.cli.output import Pages

if TYPE_CHECKING:
    import pyarrow as pa

    from sod_analyzer.model.finding import Report

SHOWN = ("severity", "rule_id", "name", "places", "means", "verdict", "finding_id")


def listed_violations(report: Report) -> Pages:
    """What breaks rules, or could, in the report's order, with titles of its places as `places`.

    What another finding implies is left out.
    """
    import pyarrow.compute as pc

    violations = report["violations"].select([*SHOWN, "folded_under"])
    open_ = violations.filter(pc.is_null(violations["folded_under"])).drop_columns("folded_under")
    places = report["places"].select(["finding_id", "verdict", "place_title"])
    return Pages(open_.num_rows, lambda at, count: _page(open_.slice(at, count), places))


def _page(violations: pa.Table, places: pa.Table) -> list[dict[str, Any]]:
    """Some violations with the titles of those places that have the same verdict."""
    import pyarrow.compute as pc

    wanted = violations["finding_id"].cast("string").combine_chunks()
    near = places.filter(pc.is_in(places["finding_id"], value_set=wanted))
    titles: dict[tuple[str, str], list[str]] = {}
    for row in near.to_pylist():
        titles.setdefault((row["finding_id"], row["verdict"]), []).append(row["place_title"])
    return [
        {**row, "places": "; ".join(titles[row["finding_id"], row["verdict"]])}
        for row in violations.to_pylist()
    ]


def any_violation(report: Report, severities: Sequence[str]) -> bool:
    """Whether something violates a rule, implied or not, with one of these severities."""
    import pyarrow.compute as pc

    violations = report["violations"]
    found = violations["severity"].filter(pc.equal(violations["verdict"], "violation"))
    return not set(severities).isdisjoint(pc.unique(found).to_pylist())
