"""What the input leaves open, for whoever judges by it."""

from __future__ import annotations

from datetime import date

import pyarrow as pa

from sod_analyzer.completeness import CompletenessResult, check
from sod_analyzer.compose.engines import engine_issues, engine_of
from sod_analyzer.config import Config
from sod_analyzer.graph.edges import Edges, compile_edges
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline.stored import InputVerdict
from sod_analyzer.pipeline.workspace import Workspace


def verdict_of(config: Config, found: CompletenessResult) -> InputVerdict:
    """The verdict in short."""
    return InputVerdict(found.completeness, unknown_systems(config, found))


def completeness_of(space: Workspace, *, as_of: date | None = None) -> CompletenessResult:
    """What the input of a workspace leaves open for its rules: what the report says, too."""
    edges = compile_edges(space.snapshot, as_of=as_of or space.snapshot.as_of)
    return input_for(space.config, space.ruleset, space.snapshot, edges)


def input_for(
    config: Config, ruleset: Ruleset, snapshot: Snapshot, edges: Edges
) -> CompletenessResult:
    """What the input leaves open for a ruleset on the day of the edges: as the report says."""
    issues = engine_issues(engine_of(snapshot, ruleset, edges), ruleset)
    return check_input(config, snapshot, edges.as_of, further=issues)


def unknown_systems(config: Config, found: CompletenessResult) -> frozenset[str]:
    """The systems that were not read, and those that take their groups or logins from them.

    Who is in a cluster's group is known only as far as the directory that fills it is: a directory
    that is missing leaves the cluster as unknown as itself.
    """
    unknown = set(found.unknown_systems)
    feeds = [
        (fed.system, feed.system)
        for fed in config.systems
        for feed in (fed.groups_from, fed.accounts_from)
        if feed is not None
    ]
    while further := {fed for fed, feed in feeds if feed in unknown} - unknown:
        unknown |= further
    return frozenset(unknown)


def check_input(
    config: Config,
    snapshot: Snapshot,
    day: date,
    *,
    further: pa.Table | None = None,
    reconciliation: pa.Table | None = None,
) -> CompletenessResult:
    """What the input leaves open, by what the configuration accepts; `further` are issues.

    A reconciliation is given where an earlier check of the same snapshot and day has made it.
    """
    return check(
        snapshot,
        as_of=day,
        max_skew_days=config.max_skew_days,
        accepted_gaps=config.accepted_gaps,
        further=further,
        reconciliation=reconciliation,
    )
