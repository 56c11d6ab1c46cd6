"""What would follow from an edit, by one more run of the engine over the edited snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sod_analyzer.compose.report import Analysis, analyse, tables_of
from sod_analyzer.errors import Problem, QueryError
from sod_analyzer.explain.names import Names
from sod_analyzer.model.access import NodeKind
from sod_analyzer.pipeline.judging import Judged, judge
from sod_analyzer.pipeline.workspace import Workspace
from sod_analyzer.remediate.changes import Difference, affected_by, compare
from sod_analyzer.remediate.edits import Edit, apply_edits, find_edit

Row = dict[str, Any]


@dataclass(frozen=True)
class Tried:
    """Edits as they were understood, and what would follow from them."""

    edits: tuple[Edit, ...]
    difference: Difference
    judged: Judged  # as it is now


def what_if(
    space: Workspace,
    *,
    remove: Sequence[str] = (),
    add: Sequence[str] = (),
    as_of: date | None = None,
) -> Tried:
    """Findings and rights as they would be after some grants are taken away and others given.

    Raises:
        QueryError: a grant cannot be found, or could be several; every such problem.
    """
    judged = judge(space.config, space.snapshot, space.ruleset, space.papers, as_of=as_of)
    edits = find_edits(space, remove=remove, add=add)
    now = judged.analysis
    then = analyse(
        apply_edits(space.snapshot, edits),
        space.ruleset,
        as_of=now.as_of,
        unknown_systems=now.judge.unknown_systems,
        register=now.register,
    )
    names = Names(space.snapshot)
    people = {
        space.snapshot.node_ids[code]: names.name(code)
        for code in space.snapshot.ranges[NodeKind.IDENTITY]
    }
    changes = compare(_rows(now), _rows(then))
    affected = affected_by(now.judge.engine, then.judge.engine, edits, people)
    return Tried(edits, Difference(changes, affected), judged)


def find_edits(space: Workspace, *, remove: Sequence[str], add: Sequence[str]) -> tuple[Edit, ...]:
    """The edits that the texts mean; all mistakes are gathered."""
    names = Names(space.snapshot)
    edits: list[Edit] = []
    problems: list[Problem] = []
    for texts, adding in ((remove, False), (add, True)):
        for text in texts:
            try:
                edits.append(find_edit(space.snapshot, names, text, add=adding))
            except QueryError as error:
                problems += error.problems
    if problems:
        raise QueryError(problems)
    return tuple(edits)


def _rows(analysis: Analysis) -> dict[str, list[Row]]:
    tables = tables_of(analysis)
    return {name: tables[name].to_pylist() for name in ("violations", "places")}
