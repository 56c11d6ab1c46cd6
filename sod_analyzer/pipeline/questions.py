"""Questions about a written folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sod_analyzer.completeness import CompletenessResult
from sod_analyzer.compose.dossier import dossier
from sod_analyzer.compose.engines import engine_issues, engine_of
from sod_analyzer.compose.questions import Asker, Question, access, find_identity
from sod_analyzer.compose.report import tables_of
from sod_analyzer.evaluate.lens import PLAIN
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.model.finding import Verdict
from sod_analyzer.pipeline.judging import check_input, judge, unknown_systems
from sod_analyzer.pipeline.workspace import Workspace


def ask(space: Workspace, question: Question, *, as_of: date | None = None) -> Asker:
    """Whoever answers a question about a workspace."""
    day = as_of or space.snapshot.as_of
    return Asker(
        space.snapshot,
        space.ruleset,
        compile_edges(space.snapshot, as_of=day),
        question,
        unknown_systems=unknown_systems(space.config, completeness_of(space, as_of=day)),
    )


def completeness_of(space: Workspace, *, as_of: date | None = None) -> CompletenessResult:
    """What the input of a workspace leaves open for its rules: what the report says, too."""
    day = as_of or space.snapshot.as_of
    engine = engine_of(space.snapshot, space.ruleset, compile_edges(space.snapshot, as_of=day))
    return check_input(
        space.config, space.snapshot, day, further=engine_issues(engine, space.ruleset)
    )


def access_of(
    space: Workspace, who: str, *, as_of: date | None = None
) -> tuple[str, list[dict[str, object]]]:
    """A person's name, and every right the person comes to now, sorted.

    Raises:
        QueryError: nobody is called that, or several people are.
    """
    edges = compile_edges(space.snapshot, as_of=as_of or space.snapshot.as_of)
    names = Names(space.snapshot)
    code = find_identity(names, who)
    rows = access(engine_of(space.snapshot, space.ruleset, edges), names, code, PLAIN)
    return names.name(code), rows


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
