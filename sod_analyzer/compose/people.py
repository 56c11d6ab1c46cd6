"""Everyone assessed, who may be dormant, and what no application claims."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.compose.words import listed
from sod_analyzer.detect.combination import rule_lens
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.evaluate.lens import COUNTED, Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Facts, Flow
from sod_analyzer.graph.edges import KINDS, Flag
from sod_analyzer.model.access import GrantKind, IdentityClass, NodeKind
from sod_analyzer.model.finding import NOBODY, PLACE_ALL, UNRESTRICTED_RULE, Verdict
from sod_analyzer.model.ruleset import Duty, Holder, Means, RuleKind

Row = dict[str, Any]

#: Kinds of rule that an account which sleeps, or a change of one's own, could break.
_ABOUT_SUBJECTS = frozenset({RuleKind.COMBINATION, RuleKind.ONLY, RuleKind.MAY_HOLD_ONLY})

#: Result of somebody of whom an exclusion leaves out everything that there is.
_EXCLUDED = "excluded"


def population(
    judge: Judge,
    names: Names,
    violations: Sequence[Row],
    waiting: Mapping[str, set[int]],
    results: Iterable[RuleResult],
) -> list[Row]:
    """One row per identity: who was looked at, through which accounts, with what result.

    `waiting` has, by rule, those of whom nothing can be said since a duty is nowhere to be had.
    """
    engine = judge.engine
    edges = engine.edges
    holds = KINDS.index(GrantKind.HOLDS)
    accounts: dict[int, list[int]] = defaultdict(list)
    asleep: dict[int, int] = Counter()
    for edge in np.flatnonzero((edges.kind == holds) & (edges.flags & int(Flag.UNDECIDED) == 0)):
        accounts[int(edges.holder[edge])].append(int(edges.target[edge]))
        asleep[int(edges.holder[edge])] += int(bool(edges.flags[edge] & int(Flag.DORMANT)))
    methods = _methods(engine.snapshot["links"].to_pylist())
    duties = _duties_held(judge)
    ids = engine.snapshot.node_ids
    behind: dict[str, list[str]] = defaultdict(list)
    for holder, held in accounts.items():
        for account in held:
            behind[ids[account]].append(ids[holder])
    # An account that is assessed under its own name shares its id with an identity.
    behind.update({ids[code]: [ids[code]] for code in judge.subjects})
    found = _found(judge, violations, waiting, results, behind)
    judged = judge.judged
    rows = []
    for offset, code in enumerate(judge.subjects):
        person = names.row(code)
        mine = found[person["identity"]]
        broken, open_ = mine[Verdict.VIOLATION], mine[Verdict.NOT_EVALUABLE]
        rows.append(
            {
                **{k: person[k] for k in ("identity", "email", "kind", "status")},
                **{k: person[k] for k in ("department", "title", "manager")},
                "subject_key": names.subject(code)[1],
                "name": names.name(code),
                "accounts": len(accounts[code]),
                "dormant_accounts": asleep[code],
                "account_ids": "; ".join(sorted(ids[a] for a in accounts[code])) or None,
                "matched_by": "; ".join(sorted(methods.get(person["identity"], ()))) or None,
                "duties": "; ".join(duties[offset]) or None,
                "violations": broken,
                "not_evaluable": open_,
                "mitigated": mine[Verdict.MITIGATED],
                "gated": mine[Verdict.GATED],
                "result": _result(mine, judged=bool(judged[offset]) or bool(mine)),
            }
        )
    kinds = [str(kind) for kind in IdentityClass]
    return sorted(rows, key=lambda r: (kinds.index(r["kind"]), r["name"], r["identity"]))


def _found(
    judge: Judge,
    violations: Sequence[Row],
    waiting: Mapping[str, set[int]],
    results: Iterable[RuleResult],
    behind: Mapping[str, Sequence[str]],
) -> Mapping[str, Counter[str]]:
    """By identity, how many results of each sort; what a login breaks, whoever holds it breaks."""
    ids = judge.engine.snapshot.node_ids
    told = [
        (row["subject"], row["verdict"])
        for row in violations
        # A role or a place may be called what an account is.
        if row["rule_id"] != UNRESTRICTED_RULE and row["subject_kind"] not in NOBODY
    ]
    told += [(ids[c], Verdict.NOT_EVALUABLE) for codes in waiting.values() for c in codes]
    told += [
        (ids[result.subjects.start + each.subject], _EXCLUDED)
        for result in results
        for each in result.left
        if each.subject >= 0
    ]
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for subject, what in told:
        for identity in behind.get(subject, ()):
            found[identity][what] += 1
    return found


def _result(found: Mapping[str, int], *, judged: bool) -> str:
    if not judged:
        return "not judged"
    words = {
        Verdict.VIOLATION: "conflict",
        Verdict.NOT_EVALUABLE: "not evaluable",
        Verdict.MITIGATED: "mitigated",
        Verdict.GATED: "gated",
        _EXCLUDED: _EXCLUDED,
    }
    return next((word for verdict, word in words.items() if found.get(verdict)), "no conflict")


def _methods(links: Iterable[Row]) -> Mapping[str, set[str]]:
    methods: dict[str, set[str]] = defaultdict(set)
    for link in links:
        if link["identity"] and link["outcome"] == "linked":
            methods[link["identity"]].add(link["method"])
    return methods


def _duties_held(judge: Judge) -> list[list[str]]:
    """For each identity: the duties it holds in any place at all."""
    holding = judge.holding(COUNTED)
    held: list[list[str]] = [[] for _ in judge.subjects]
    for duty in judge.engine.columns.duties:
        if duty.made_of:
            continue
        for subject in np.unique(holding.explicit(duty.duty_id) // judge.engine.n_places):
            held[subject].append(duty.duty_id)
    return held


def would_be(judge: Judge, names: Names, results: Iterable[RuleResult]) -> list[Row]:
    """What would be a violation if a dormant account were used again, or a change were made."""
    rows: list[Row] = []
    for result in results:
        if result.rule.kind not in _ABOUT_SUBJECTS or result.rule.holder is not Holder.IDENTITY:
            continue
        lens = rule_lens(result.rule)
        rows.extend(
            _extra(
                judge, names, result, replace(lens, dormant=True), why="if re-enabled: {dormant}"
            )
        )
        if lens.means is not Means.SELF_GRANT:
            further = replace(lens, means=Means.SELF_GRANT, changes=1)
            why = "could become a violation by one own change"
            rows.extend(_extra(judge, names, result, further, why=why))
    return sorted(rows, key=lambda r: (r["rule_id"], r["name"], r["place"], r["why"]))


def _extra(judge: Judge, names: Names, result: RuleResult, lens: Lens, *, why: str) -> list[Row]:
    engine, rule = judge.engine, result.rule
    if engine.same(lens, rule_lens(rule)):
        return []
    broken = {
        (int(s), int(p))
        for s, p, v in zip(result.subject, result.place, result.broken, strict=True)
        if v
    }
    everywhere = {s for s, p in broken if p == engine.n_places}
    places = engine.columns.atlas.places
    rows = []
    for subject, place in judge.places_seen(rule, lens):
        if (subject, place) in broken or subject in everywhere:
            continue
        code = judge.subjects.start + subject
        dormant = dormant_accounts_of(judge, code)
        key = PLACE_ALL if place == engine.n_places else places[place].label
        rows.append(
            {
                "rule_id": rule.rule_id,
                "subject": engine.snapshot.node_ids[code],
                "name": names.name(code),
                "place": key,
                "accounts": "; ".join(dormant) or None,
                "why": why.format(dormant=listed(dormant)),
            }
        )
    return rows


def dormant_accounts_of(judge: Judge, code: int) -> list[str]:
    """Ids of the identity's accounts that cannot be used now."""
    edges = judge.engine.edges
    start, stop = edges.leaving[code], edges.leaving[code + 1]
    return sorted(
        {
            judge.engine.snapshot.node_ids[edges.target[edge]]
            for edge in range(int(start), int(stop))
            if edges.flags[edge] & int(Flag.DORMANT)
        }
    )


def unmapped(judge: Judge, names: Names, duties: Mapping[str, Duty]) -> list[Row]:
    """Every resource that no application claims and on which somebody could perform a duty."""
    engine = judge.engine
    spots = sorted(engine.columns.unmapped)
    if not spots:
        return []
    table = engine.snapshot["entitlements"]
    first = engine.snapshot.ranges[NodeKind.ENTITLEMENT].start
    number = {spot: n for n, spot in enumerate(spots)}
    pairs = zip(
        table.column("system").to_pylist(), table.column("resource").to_pylist(), strict=True
    )
    wanted = set(engine.columns.possible.node.tolist())
    seeds = np.array(
        [
            (first + n) * len(spots) + number[pair]
            for n, pair in enumerate(pairs)
            if pair in number and first + n in wanted
        ],
        dtype=np.int64,
    )
    allowed = engine.edges.allowed(COUNTED.flags)
    flow = Flow(engine.edges.n_nodes, engine.edges.holder[allowed], engine.edges.target[allowed])
    reached = flow.spread(Facts.of(len(spots), seeds, np.zeros(len(seeds), dtype=np.int64)))
    people = reached.within(judge.subjects)
    parts_of: dict[int, str] = {}
    for way in engine.columns.ways:
        if way.base in duties:
            parts_of.update(dict.fromkeys(way.parts, way.base))
    rows = []
    for n, (system, resource) in enumerate(spots):
        holders = [names.name(int(code)) for code in people.node[people.column == n]]
        acts = sorted({parts_of[part] for part in engine.columns.unmapped[system, resource]})
        rows.append(
            {
                "system": system,
                "resource": resource,
                "duties": "; ".join(acts),
                "holders": len(holders),
                "people": listed(sorted(holders)) or None,
            }
        )
    return rows


def open_environments(engine: Engine) -> list[tuple[str, str]]:
    """Resources on which a duty of some environment is possible, and nobody says which it is in."""
    columns = engine.columns
    rows = engine.snapshot["entitlements"]
    first = engine.snapshot.ranges[NodeKind.ENTITLEMENT].start
    known = {
        (int(n), int(p), int(q))
        for n, p, q in zip(columns.sure.node, columns.sure.place, columns.sure.part, strict=True)
    }
    places = columns.atlas.places
    found = set()
    for node, place, part in zip(
        columns.possible.node, columns.possible.place, columns.possible.part, strict=True
    ):
        key = (int(node), int(place), int(part))
        if key not in known and places[key[1]].kind is PlaceKind.ANYWHERE:
            row = rows.slice(int(node) - first, 1).to_pylist()[0]
            found.add((row["system"], row["resource"]))
    return sorted(found)
