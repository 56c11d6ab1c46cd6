"""Everything about one finding: all routes of every leg in every place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.catalogue.places import Place, PlaceKind
from sod_analyzer.compose.finding_tables import edge_table, finding_tables
from sod_analyzer.compose.findings import FindingWriter
from sod_analyzer.compose.mitigating import apply_register
from sod_analyzer.compose.report import Analysis
from sod_analyzer.errors import QueryError, near
from sod_analyzer.evaluate.lens import COUNTED, Lens
from sod_analyzer.explain.all_paths import Walker
from sod_analyzer.explain.names import flat
from sod_analyzer.explain.paths import Witness
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.finding import PLACE_ANYWHERE
from sod_analyzer.model.ruleset import Holder, RuleKind

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Dossier:
    """One finding for a reader: what it says, and a row per hop of every route."""

    finding: Row
    rows: tuple[Row, ...]
    cut: tuple[str, ...]  # legs of which more routes exist than were asked for
    notes: tuple[str, ...] = ()  # mitigations and small teams, place by place


def dossier(analysis: Analysis, finding: str, *, max_paths: int) -> Dossier:
    """All routes of one finding, named by its id or the beginning of it.

    Cost: up to `max_paths` routes per leg and place; there may be exponentially many.

    Raises:
        QueryError: no finding, or several, begin like that.
    """
    writer = FindingWriter(
        analysis.judge, analysis.names, analysis.ruleset.duty, analysis.ruleset.control
    )
    findings = writer.write(analysis.results)
    apply_register(
        findings, analysis.register, analysis.ruleset, analysis.names, as_of=analysis.as_of
    )
    tables = {"edges": edge_table(findings), **dict(finding_tables(findings))}
    one = _one(tables["violations"], finding)
    rows: list[Row] = []
    cut: list[str] = []
    for number, leg in _mine(tables["legs"], one):
        if _shown_by_edges(analysis, one):
            hops, more = _shown(tables, number, leg), False
        else:
            hops, more = _routes(analysis, writer, one, leg, max_paths)
        rows += hops
        if more:
            cut.append(f"{leg['duty']} in {leg['place']}: more than {max_paths:,} paths")
    notes = [
        f"{place['place_title']}: {place[key]}"
        for _, place in _mine(tables["places"], one)
        for key in ("mitigation", "small_team")
        if place.get(key)
    ]
    return Dossier(one, tuple(rows), tuple(cut), tuple(notes))


def _one(violations: pa.Table, finding: str) -> Row:
    wanted = finding if finding.startswith("F-") else f"F-{finding}"
    matching = violations.filter(pc.starts_with(flat(violations["finding_id"]), wanted))
    if not matching.num_rows:
        ids = violations["finding_id"].to_pylist()
        raise QueryError(f"no finding is called '{finding}'{near(wanted, ids)}")
    if matching.num_rows > 1:
        several = ", ".join(matching["finding_id"][:5].to_pylist())
        raise QueryError(f"'{finding}' could be several findings: {several}")
    (one,) = matching.to_pylist()
    return dict(one)


def _mine(table: pa.Table, finding: Row) -> list[tuple[int, Row]]:
    """The rows of a finding, each with its number in the table."""
    rows = pc.indices_nonzero(pc.equal(table["finding_id"], finding["finding_id"]))
    return list(zip(rows.to_pylist(), table.take(rows).to_pylist(), strict=True))


def _shown_by_edges(analysis: Analysis, finding: Row) -> bool:
    """Whether a finding shows what it is about by itself, with no duty to come to."""
    rule = analysis.ruleset.rule.get(finding["rule_id"])
    return rule is not None and rule.kind is RuleKind.HYGIENE


def _routes(
    analysis: Analysis, writer: FindingWriter, finding: Row, leg: Row, max_paths: int
) -> tuple[list[Row], bool]:
    walker = Walker(analysis.judge.engine)
    code = _code(analysis, finding, leg)
    lens = _lens(analysis, finding)
    if leg["state"] != "yes":
        lens = replace(lens, possible=True)
    place = writer.number_of(finding["rule_id"], leg["place"])
    routes = list(islice(walker.routes(lens, code, leg["duty"], place), max_paths + 1))
    tracer = writer.tracer
    rows: list[Row] = []
    columns = analysis.judge.engine.columns
    anywhere = columns.atlas.number[Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE)]
    ordered = sorted(routes[:max_paths], key=lambda r: (len(r.hops), r.way, r.part))
    for number, route in enumerate(ordered, start=1):
        hops = tracer.hops(Witness(route.way, (route.hops,)))
        said = columns.decision(hops[-1]["to_id"], route.part, anywhere if place is None else place)
        rows += [
            {
                **hop,
                "decided": str(said) if said is not None and hop is hops[-1] else None,
                "place": leg["place"],
                "who": leg["holder_name"],
                "leg": leg["duty"],
                "path": number,
            }
            for hop in hops
        ]
    return rows, len(routes) > max_paths


def _code(analysis: Analysis, finding: Row, leg: Row) -> int:
    """The node whose paths a leg is about."""
    codes = analysis.snapshot.codes
    kinds = {"role": NodeKind.ROLE, "account": NodeKind.ACCOUNT}
    rule = analysis.ruleset.rule.get(finding["rule_id"])
    by_account = rule is not None and rule.holder is Holder.ACCOUNT
    kind = kinds.get(finding["subject_kind"], NodeKind.IDENTITY)
    if kind is NodeKind.ACCOUNT and not by_account:
        kind = NodeKind.IDENTITY
    return codes[kind, leg["holder"]]


def _shown(tables: Mapping[str, pa.Table], number: int, leg: Row) -> list[Row]:
    """The hops of the leg with that number, as the report has them."""
    hops = tables["hops"].filter(pc.equal(tables["hops"]["leg"], number))
    edges = tables["edges"].take(hops["edge"]).to_pylist()
    where = {name: leg[name] for name in ("finding_id", "place", "holder", "duty")}
    return [
        {**where, **edge, "decided": None, "part": hop["part"], "hop": hop["hop"],
         "leg": leg["duty"],
         "path": hop["part"]}
        for hop, edge in zip(hops.to_pylist(), edges, strict=True)
    ]  # fmt: skip


def _lens(analysis: Analysis, finding: Row) -> Lens:
    for result in analysis.results:
        if result.rule.rule_id == finding["rule_id"]:
            return result.lenses[-1]
    return COUNTED
