"""The engine over a whole ruleset, and what the rules find wanting in the data."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas
from sod_analyzer.compose import would_be
from sod_analyzer.detect.judge import PLACES_OF
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.edges import Edges
from sod_analyzer.model.access import ISSUES, Hides, Snapshot
from sod_analyzer.model.rows import shown
from sod_analyzer.model.ruleset import Ruleset, ScopeKind

Row = dict[str, Any]


def engine_of(snapshot: Snapshot, ruleset: Ruleset, edges: Edges) -> Engine:
    """The engine over a ruleset's duties, with the places that its rules need."""
    resources: set[tuple[str, str]] = set()
    if any(rule.scope is ScopeKind.RESOURCE for rule in ruleset.rules):
        table = snapshot["entitlements"]
        pairs = zip(
            table.column("system").to_pylist(), table.column("resource").to_pylist(), strict=True
        )
        resources = {(system, resource) for system, resource in pairs if resource != "*"}
    asked = [kind for rule in ruleset.rules for kind in PLACES_OF[rule.scope]]
    atlas = Atlas(snapshot, resources=resources)
    columns = Columns(snapshot, ruleset.duties, atlas, kinds=asked)
    return Engine(snapshot, columns, edges)


def engine_issues(engine: Engine, ruleset: Ruleset) -> pa.Table:
    """What the rules find wanting in the data, as issues: each could hide a conflict."""
    rows: list[Row] = []
    for system, resource in sorted(engine.columns.unmapped):
        text = f"no application claims {shown(resource)} in {system}, where someone has a duty"
        rows.append(_issue("unmapped-resource", system, resource, text))
    for system, resource in would_be.open_environments(engine):
        text = f"nobody says which environment {shown(resource)} in {system} belongs to"
        rows.append(_issue("unknown-environment", system, resource, text))
    live = {d.duty_id: engine.columns.is_live(d.duty_id) for d in ruleset.duties}
    asked = {duty for rule in ruleset.rules for duty in rule.duties}
    asked |= {other for duty in asked for other in ruleset.duty[duty].made_of}
    for duty in ruleset.duties:
        # What is dead by a duty it is made of is said of that one.
        told = any(not live.get(other, True) for other in duty.made_of)
        if duty.duty_id not in asked or live[duty.duty_id] or told:
            continue
        if not engine.columns.is_absent(duty.duty_id):
            text = f"nothing that was read matches duty {duty.duty_id} of {ruleset.name}"
            rows.append(_issue("dead-duty", None, duty.duty_id, text))
    return pa.Table.from_pylist(rows, schema=ISSUES)


def _issue(kind: str, system: str | None, subject: str, text: str) -> Row:
    return {
        "kind": kind,
        "system": system,
        "subject": subject,
        "text": text,
        "hides": str(Hides.YES),
    }
