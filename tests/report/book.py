"""A builder for hand-made reports: rows as keyword arguments, witnesses as one line of text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from sod_analyzer.model.finding import REPORT_TABLES

RULES = {
    "DEV-01": ("Commit code and deploy it to production", ("commit", "deploy")),
    "DEV-02": ("Commit code and approve it", ("commit", "approve")),
    "DEV-03": ("Deploy to production and administer access", ("deploy", "administer-access")),
    "DEV-04": ("Change the pipeline and deploy", ("change-pipeline", "deploy")),
    "LOG-01": ("Deploy to production and administer its logs", ("deploy", "administer-logs")),
    "UNRESTRICTED": ("Unrestricted access to a whole system", ("everything",)),
}
DUTIES = {
    "commit": "Change source code",
    "approve": "Approve a change",
    "deploy": "Deploy to production",
    "administer-access": "Administer access",
    "change-pipeline": "Change the pipeline",
    "administer-logs": "Administer logs",
    "everything": "Do everything in the system",
}
PLACES = {
    "payments": ("Payments", "move-money"),
    "onboarding": ("Customer onboarding", "customer-acquisition"),
    "ibank": ("Internet banking", "customer-acquisition"),
    "all": ("Everything these systems hold", "move-money"),
    "unmapped": ("Resources no application claims", None),
    "anywhere": ("Anywhere", None),
}
FILES = {
    "hr": "hr/roster.csv",
    "ldap": "directory/export-2026-10-30.ldif",
    "github-members": "github/members.json",
    "github-teams": "github/team_repositories.json",
    "k8s-prod": "kubernetes/prod/rbac-all-namespaces.json",
    "k8s-test": "kubernetes/test/rbac-all-namespaces.json",
}
KINDS = {"p": "identity", "a": "account", "r": "role", "e": "entitlement"}
AT = {"hr": "line {}", "ldap": "line {}"}


def finding_id(rule: str, key: str) -> str:
    """A stable id, as the engine makes it: a hash of rule, subject kind and key."""
    return "F-" + hashlib.sha256(f"{rule}\x1fidentity\x1f{key}".encode()).hexdigest()[:12]


@dataclass(slots=True)
class Person:
    """One invented person."""

    key: str
    name: str
    department: str = "Software engineering"
    title: str = "Engineer"
    status: str = "active"
    kind: str = "person"
    manager: str | None = "Maud Ferriter (1001)"

    @property
    def node(self) -> str:
        """The identity's node id."""
        return f"hv-hr:{self.key}"

    @property
    def email(self) -> str | None:
        """An address, for people only."""
        return f"p{self.key}@harbourvale.example" if self.kind == "person" else None


@dataclass(slots=True)
class Book:
    """Rows by table, in the order in which they are added."""

    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in REPORT_TABLES}
    )
    names: dict[str, str] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> None:
        """One row; columns not named are null."""
        unknown = values.keys() - set(REPORT_TABLES[table].names)
        assert not unknown, (table, unknown)
        self.rows[table].append(values)

    def tables(self) -> dict[str, pa.Table]:
        """All tables, with the report's schemas."""
        return {
            name: pa.Table.from_pylist(self.rows[name], schema=schema)
            for name, schema in REPORT_TABLES.items()
        }

    def finding(
        self,
        person: Person,
        rule: str,
        places: dict[str, dict[str, str]],
        *,
        severity: str = "high",
        verdict: str = "violation",
        means: str = "held, sure",
        reason: str | None = None,
        folded_under: str | None = None,
        caveats: str | None = "gates not evaluated (github-hv)",
        sentence: str | None = None,
    ) -> str:
        """A violation, its places, legs and hops; a witness is written as in `_hops`.

        `places` maps a place to its duties, and each duty to its witness; a witness that starts
        with `?` is a leg that is unknown, for the reason that follows.
        """
        title, _duties = RULES[rule]
        key = finding_id(rule, person.key)
        accounts: set[str] = set()
        systems: set[str] = set()
        for place, legs in places.items():
            place_title, tier = PLACES[place]
            self.add(
                "places",
                finding_id=key,
                place=place,
                place_title=place_title,
                tier=tier,
                severity="critical" if tier == "move-money" else severity,
                verdict=verdict,
                means=means,
                reason=reason,
            )
            for duty, witness in legs.items():
                unknown = witness[1:] if witness.startswith("?") else None
                hops = 0 if unknown else self._hops(key, place, duty, person, witness)
                path = [row for row in self.rows["hops"] if row["finding_id"] == key][-hops:]
                nodes = [path[0]["from_name"], *(hop["to_name"] for hop in path)] if hops else []
                accounts |= {hop["to_id"] for hop in path if hops and hop["to_kind"] == "account"}
                systems |= {
                    hop["to_id"].split(":")[0] for hop in path if hops and hop["kind"] != "holds"
                }
                self.add(
                    "legs",
                    finding_id=key,
                    place=place,
                    duty=duty,
                    duty_title=DUTIES[duty],
                    state="unknown" if unknown else "yes",
                    means=None if unknown else means,
                    way=None if unknown else "github: push | merge" if duty == "commit" else duty,
                    reason=unknown,
                    hops=hops,
                    path=" > ".join(nodes) or None,
                )
        said = " and ".join(DUTIES[duty].lower() for duty in next(iter(places.values())))
        where = ", ".join(PLACES[place][0] for place in places)
        self.add(
            "violations",
            finding_id=key,
            rule_id=rule,
            rule_title=title,
            subject_kind="identity",
            subject_key=person.key,
            subject=person.node,
            name=person.name,
            email=person.email,
            status_hr=person.status,
            identity_kind=person.kind,
            title=person.title,
            department=person.department,
            manager=person.manager,
            verdict=verdict,
            severity="critical" if {"payments", "all"} & places.keys() else severity,
            places=len(places),
            means=means,
            systems="; ".join(sorted(systems)) or None,
            cross_system=len(systems) > 1,
            accounts="; ".join(sorted(accounts)) or None,
            folded_under=folded_under,
            caveats=caveats,
            sentence=sentence or f"{person.name} can {said} in {where}.",
        )
        return key

    def _hops(self, key: str, place: str, duty: str, person: Person, witness: str) -> int:
        """Add the hops of `-kind source:record> kind id | name …`, parts joined by ` ++ `."""
        count = 0
        for part, run in enumerate(witness.split(" ++ "), start=1):
            before = ("identity", person.node, person.name)
            for hop, step in enumerate(run.split("\n"), start=1):
                edge, _, node = step.strip().partition("> ")
                kind, _, where = edge.removeprefix("-").partition(" ")
                source, _, record = where.partition(":")
                record, _, note = record.partition("!")
                letter, _, rest = node.partition(" ")
                node_id, _, name = rest.partition(" | ")
                after = (KINDS[letter], node_id, name or node_id.split(":", 1)[-1])
                template = AT.get(source, "items/{}")
                self.add(
                    "hops",
                    finding_id=key,
                    place=place,
                    duty=duty,
                    part=part,
                    hop=hop,
                    from_kind=before[0],
                    from_id=before[1],
                    from_name=before[2],
                    kind=kind,
                    to_kind=after[0],
                    to_id=after[1],
                    to_name=after[2],
                    note=note or None,
                    source_id=source,
                    file=FILES[source],
                    record=int(record),
                    at=template.format(record),
                    also=(
                        f"binding: {FILES[source]} items/{int(record) + 1}"
                        if source.startswith("k8s")
                        else None
                    ),
                    same=1,
                )
                before = after
                count += 1
        return count
