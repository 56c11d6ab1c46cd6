"""What an analysis of a written folder finds, told at length."""

from __future__ import annotations

from dataclasses import dataclass

from sod_analyzer.compose.dossier import dossier
from sod_analyzer.compose.report import tables_of
from sod_analyzer.model.finding import Verdict
from sod_analyzer.pipeline.judging import judge
from sod_analyzer.pipeline.workspace import Workspace


def measures_of(space: Workspace) -> list[dict[str, object]]:
    """What rules that count people find in a workspace, in every place: clear ones too."""
    judged = judge(space.config, space.snapshot, space.ruleset, space.papers)
    return list(tables_of(judged.analysis)["measures"].to_pylist())


@dataclass(frozen=True)
class Explained:
    """One finding with every route, for printing."""

    rows: tuple[dict[str, object], ...]
    about: dict[str, object]
    lines: tuple[str, ...]
    incomplete: bool


def explain(space: Workspace, finding: str, *, max_paths: int) -> Explained:
    """Every route of one finding of a workspace.

    Raises:
        QueryError: no finding, or several, begin like that.
    """
    judged = judge(space.config, space.snapshot, space.ruleset, space.papers)
    found = dossier(judged.analysis, finding, max_paths=max_paths)
    one = found.finding
    complete = judged.completeness.completeness
    caveats = one["caveats"].split("; ") if one["caveats"] else []
    return Explained(
        found.rows,
        {
            "finding": one["finding_id"],
            "rule": one["rule_id"],
            "verdict": one["verdict"],
            "severity": one["severity"],
            "sentence": one["sentence"],
            "not_evaluated": caveats,
            "attempt": one.get("attempt"),
            "notes": list(found.notes),
            "cut": list(found.cut),
            "completeness": complete.line,
        },
        (
            f"{one['finding_id']} {one['rule_id']} {one['verdict']} {one['severity']}",
            one["sentence"],
            *found.notes,
            *(f"not evaluated: {caveat}" for caveat in caveats),
            *([f"to try a fix: {one['attempt']}"] if one.get("attempt") else []),
            *(f"cut: {leg}" for leg in found.cut),
            f"input: {complete.line}",
        ),
        not complete.complete or one["verdict"] == Verdict.NOT_EVALUABLE or bool(found.cut),
    )
