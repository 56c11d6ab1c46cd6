"""Rule cases as tables that an importer could have made, and the estates they are in.

The cases of a rule share one world as far as they can, each with accounts, roles and people of its
own. A case whose rule counts people has a world for itself. So has one that needs a name which
another case uses differently, where a rule tells names apart (`subjects: {role: [...]}`).
The rights of all cases exist in every world, whoever holds them: a duty that only some cases
perform is then alive for all of them, as it would be in an organisation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import pyarrow as pa

from sod_analyzer.catalogue.globs import matches
from sod_analyzer.documents import document_source_row
from sod_analyzer.model.access import APPLICATIONS, BATCH_TABLES, PLACEMENTS, SOURCES, SYSTEMS
from sod_analyzer.model.batch import Batch
from sod_analyzer.model.ruleset import Holder, Rule, RuleKind, Ruleset, Subjects
from sod_analyzer.model.settings import Estate
from sod_analyzer.rulebench.people import ROSTER, Naming, Row, Stage, Stated, entitlement_row, state
from sod_analyzer.rules.cases import Case, CaseFile
from sod_analyzer.rules.catalogue import catalogue_rows


@dataclass(frozen=True)
class World:
    """Some cases of a file as facts. `stages` are the nodes of each, by position in the file."""

    batch: Batch
    estate: Estate
    stages: Mapping[int, Stage]
    unknown_systems: frozenset[str]


@dataclass
class _Group:
    """Cases that can share a world, and what their exact names stand for."""

    stated: list[Stated] = field(default_factory=list)
    claims: Row = field(default_factory=dict)

    def takes(self, stated: Stated) -> bool:
        return all(
            self.claims.get(name, meaning) == meaning for name, meaning in stated.claims.items()
        )

    def add(self, stated: Stated) -> None:
        self.stated.append(stated)
        self.claims.update(stated.claims)


def worlds(cases: CaseFile, ruleset: Ruleset) -> tuple[World, ...]:
    """The worlds of all cases whose rules the ruleset has, in the order of their first case.

    Cost: as many tables as worlds; cases that share one cost nothing further.
    """
    shared: dict[str, list[_Group]] = {}
    alone: list[_Group] = []
    for number, case in enumerate(cases.cases):
        rule = ruleset.rule.get(case.rule_id)
        if rule is None:
            continue
        own = rule.kind.counts_people
        roles = rule.kind is RuleKind.HYGIENE or rule.holder is Holder.ROLE
        naming = _naming(rule, number, exact=own)
        stated = state(cases, number, naming=naming, own_roles=roles)
        known = alone if own else shared.setdefault(rule.rule_id, [])
        group = None if own else next((each for each in known if each.takes(stated)), None)
        if group is None:
            group = _Group()
            known.append(group)
        group.add(stated)
    several = (group for groups in shared.values() for group in groups)
    groups = sorted((*several, *alone), key=lambda group: group.stated[0].number)
    rights = _rights(cases)
    return tuple(_world(cases, group.stated, rights) for group in groups)


def _naming(rule: Rule, number: int, *, exact: bool) -> Naming:
    """How the names of one case become ids: as written where the rule could tell the difference."""
    globs = _globs(rule)

    def named(kind: str, name: str, prefix: str = "") -> tuple[str, bool]:
        own = f"{name}~{number:04d}"
        if exact or any(
            matches(glob, prefix + name) != matches(glob, prefix + own) for glob in globs[kind]
        ):
            return name, True
        return own, False

    return named


def _globs(rule: Rule) -> Mapping[str, tuple[str, ...]]:
    """The patterns by which a rule tells roles, accounts and people apart."""
    narrowings: Iterable[Subjects] = (
        rule.subjects,
        rule.allowed,
        *(exclusion.subjects for exclusion in rule.exclusions),
    )
    found: dict[str, list[str]] = {"role": [], "account": [], "person": []}
    for each in narrowings:
        found["role"] += each.roles
        found["account"] += each.accounts
        found["person"] += each.people
        # Where a rule judges accounts, they are the people.
        found["account"] += each.people
    return {kind: tuple(globs) for kind, globs in found.items()}


def _rights(cases: CaseFile) -> list[Row]:
    """Every right that any case of the file names, each once."""
    rows: dict[object, Row] = {}
    for case in cases.cases:
        for right in _rights_of(case):
            rows.setdefault(_key(right), right)
    for role in cases.roles.values():
        for each in role.rights:
            right = entitlement_row(each)
            rows.setdefault(_key(right), right)
    return [rows[key] for key in sorted(rows, key=str)]


def _key(right: Mapping[str, object]) -> object:
    return right["entitlement"]


def _rights_of(case: Case) -> Iterator[Row]:
    for person in case.people:
        for right in person.rights:
            yield entitlement_row(right)
    for right in case.exists:
        yield entitlement_row(right)


def _world(cases: CaseFile, stated: list[Stated], rights: list[Row]) -> World:
    rows: dict[str, list[Row]] = {name: [] for name in BATCH_TABLES}
    rows["entitlements"] = rights
    for each in stated:
        for table, found in each.rows.items():
            rows[table] += found
    tables = {
        name: pa.Table.from_pylist(rows[name], schema=schema)
        for name, schema in BATCH_TABLES.items()
    }
    return World(
        Batch(tables),
        _estate(cases),
        {each.number: each.stage for each in stated},
        frozenset(name for name, system in cases.systems.items() if system.missing),
    )


def _estate(cases: CaseFile) -> Estate:
    systems = [
        {
            "system": name,
            "product": system.product,
            "environment": system.environment,
            "scope": str(system.scope),
            "source_id": ROSTER,
            "record": system.where.line,
        }
        for name, system in sorted(cases.systems.items())
    ]
    systems.append({"system": ROSTER, "product": ROSTER, "scope": "in-scope"})
    applications, placements = catalogue_rows(cases.applications, ROSTER)
    lines = [case.where.line or 0 for case in cases.cases]
    source = document_source_row(cases.document, source_id=ROSTER, kind="cases", records=lines)
    return Estate(
        name=cases.ruleset,
        systems=pa.Table.from_pylist(systems, schema=SYSTEMS),
        applications=pa.Table.from_pylist(applications, schema=APPLICATIONS),
        placements=pa.Table.from_pylist(placements, schema=PLACEMENTS),
        documents=pa.Table.from_pylist([source], schema=SOURCES),
        as_of=cases.as_of,
    )
