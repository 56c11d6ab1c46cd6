"""A builder for hand-made reports: rows as keyword arguments, witnesses as one line of text."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from sod_analyzer.model.finding import EDGES, REPORT_TABLES, Verdict

RULES = {
    "DEV-01": ("Commit code and deploy it to production", ("commit", "deploy")),
    "DEV-02": ("Commit code and approve it", ("commit", "approve")),
    "DEV-03": ("Deploy to production and administer access", ("deploy", "administer-access")),
    "DEV-04": ("Change the pipeline and deploy", ("change-pipeline", "deploy")),
    "LOG-01": ("Deploy to production and administer its logs", ("deploy", "administer-logs")),
    "ROLE-01": ("A role that commits code and deploys it", ("commit", "deploy")),
    "HYG-01": ("A login that nobody is known to answer for", ()),
    "REL-01": ("At most three people can deploy", ("deploy",)),
    "REL-02": ("At least two people can deploy", ("deploy",)),
    "TEAM-01": ("Three people between a change and production", ("commit", "approve", "deploy")),
    "UNRESTRICTED": ("Unrestricted access to a whole system", ("everything",)),
}
#: What rules ask, where it is not that nobody combines their duties.
RULE_KINDS = {
    "HYG-01": "hygiene",
    "REL-01": "max-holders",
    "REL-02": "min-holders",
    "TEAM-01": "min-people",
}
DUTIES = {
    "commit": "Change source code",
    "approve": "Approve a change",
    "deploy": "Deploy to production",
    "administer-access": "Administer access",
    "change-pipeline": "Change the pipeline",
    "administer-logs": "Administer logs",
    "everything": "Do everything in the system",
    "nobody-behind": "Nobody answers for it",
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
#: Columns of *legs* that tell which leg a hop is of.
_LEG_KEY = ("finding_id", "place", "holder", "duty")
KINDS = {"p": "identity", "a": "account", "r": "role", "e": "entitlement"}
AT = {"hr": "line {}", "ldap": "line {}"}


def finding_id(rule: str, key: str, kind: str = "identity") -> str:
    """A stable id, as the engine makes it: a hash of rule, subject kind and key."""
    return "F-" + hashlib.sha256(f"{rule}\x1f{kind}\x1f{key}".encode()).hexdigest()[:12]


@dataclass(slots=True)
class Person:
    """One invented person; or, as a subject of findings, one account, role or place."""

    key: str
    name: str
    department: str | None = "Software engineering"
    title: str | None = "Engineer"
    status: str | None = "active"
    kind: str | None = "person"
    manager: str | None = "Maud Ferriter (1001)"
    subject_kind: str = "identity"

    @classmethod
    def no_person(cls, subject_kind: str, key: str, name: str) -> Person:
        """An account, a role or a place."""
        return cls(key, name, None, None, None, None, None, subject_kind)

    @property
    def node(self) -> str:
        """The node id; of a place, its key."""
        return f"hv-hr:{self.key}" if self.subject_kind == "identity" else self.key

    @property
    def email(self) -> str | None:
        """An address, for people only."""
        return f"p{self.key}@harbourvale.example" if self.kind == "person" else None


#: Place to duty to witness; where several people hold a duty, each of them with a witness.
Witnesses = Mapping[str, Mapping[str, str | Sequence[tuple[Person, str]]]]


def _by_holder(
    witnesses: str | Sequence[tuple[Person, str]], subject: Person
) -> Sequence[tuple[Person, str]]:
    return [(subject, witnesses)] if isinstance(witnesses, str) else witnesses


@dataclass(slots=True)
class Book:
    """Rows by table, in the order in which they are added.

    `paths` are hops with everything that is said of them; the tables tell each edge once.
    """

    rows: dict[str, list[dict[str, Any]]] = field(
        default_factory=lambda: {name: [] for name in REPORT_TABLES}
    )
    paths: list[dict[str, Any]] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, table: str, **values: Any) -> None:
        """One row; columns not named are null."""
        unknown = values.keys() - set(REPORT_TABLES[table].names)
        assert not unknown, (table, unknown)
        self.rows[table].append(values)

    def tables(self) -> dict[str, pa.Table]:
        """All tables, with the report's schemas."""
        place = {name: number for number, name in enumerate(_LEG_KEY)}
        legs = {
            tuple(row[name] for name in place): number
            for number, row in enumerate(self.rows["legs"])
        }
        told = [tuple(row[name] for name in EDGES.names) for row in self.paths]
        first = ("from_kind", "from_id", "to_kind", "to_id", "kind")
        rank = [EDGES.names.index(name) for name in first]
        edges = sorted(
            dict.fromkeys(told), key=lambda row: ([row[n] for n in rank], row[7] or "", row[10])
        )
        number = {row: n for n, row in enumerate(edges)}
        self.rows["edges"] = [dict(zip(EDGES.names, row, strict=True)) for row in edges]
        self.rows["hops"] = [
            {
                "leg": legs[tuple(row[name] for name in place)],
                "part": row["part"],
                "hop": row["hop"],
                "edge": number[edge],
            }
            for row, edge in zip(self.paths, told, strict=True)
        ]
        return {
            name: pa.Table.from_pylist(self.rows[name], schema=schema)
            for name, schema in REPORT_TABLES.items()
        }

    def finding(
        self,
        person: Person,
        rule: str,
        places: Witnesses,
        *,
        severity: str = "high",
        verdict: str = "violation",
        means: str | None = "held, sure",
        reason: str | None = None,
        folded_under: str | None = None,
        caveats: str | None = "gates not evaluated (github-hv)",
        sentence: str | None = None,
        attempt: str | None = None,
        by_place: Mapping[str, Mapping[str, str]] | None = None,
    ) -> str:
        """A violation, its places, legs and hops; a witness is written as in `_hops`.

        `places` maps a place to its duties, and each duty to its witness, or to the witness of
        each person who holds it. A witness that starts with `?` is a leg that is unknown, for the
        reason that follows, and one with `!` a leg that is certain without a path. `by_place` has
        columns of *places* that are special to one of them.
        """
        key = finding_id(rule, person.key, person.subject_kind)
        verdicts = []
        for place, legs in places.items():
            place_title, tier = PLACES[place]
            facts = {
                "severity": "critical" if tier == "move-money" else severity,
                "verdict": verdict,
                "means": means,
                "reason": reason,
                **(by_place or {}).get(place, {}),
            }
            verdicts.append(str(facts["verdict"]))
            self.add(
                "places",
                finding_id=key,
                place=place,
                place_title=place_title,
                tier=tier,
                **facts,
            )
            for duty, witnesses in legs.items():
                for holder, witness in _by_holder(witnesses, person):
                    self._leg((key, place, duty), holder, witness, means)
        hops = [row for row in self.paths if row["finding_id"] == key]
        accounts = {hop["to_id"] for hop in hops if hop["to_kind"] == "account"}
        systems = {hop["to_id"].split(":")[0] for hop in hops if hop["kind"] != "holds"}
        said = " and ".join(DUTIES[duty].lower() for duty in next(iter(places.values())))
        where = ", ".join(PLACES[place][0] for place in places)
        self.add(
            "violations",
            finding_id=key,
            rule_id=rule,
            rule_title=RULES[rule][0],
            rule_kind=RULE_KINDS.get(rule, "combination"),
            subject_kind=person.subject_kind,
            subject_key=person.key,
            subject=person.node,
            name=person.name,
            email=person.email,
            status_hr=person.status,
            identity_kind=person.kind,
            title=person.title,
            department=person.department,
            manager=person.manager,
            verdict=min(verdicts, key=[str(verdict) for verdict in Verdict].index),
            severity="critical" if {"payments", "all"} & places.keys() else severity,
            places=len(places),
            means=means,
            systems="; ".join(sorted(systems)) or None,
            cross_system=len(systems) > 1,
            accounts="; ".join(sorted(accounts)) or None,
            folded_under=folded_under,
            caveats=caveats,
            sentence=sentence or f"{person.name} can {said} in {where}.",
            attempt=attempt,
        )
        return key

    def _leg(
        self, where: tuple[str, str, str], holder: Person, witness: str, means: str | None
    ) -> None:
        key, place, duty = where
        unknown = witness[1:] if witness.startswith("?") else None
        reason = witness[1:] if witness.startswith(("?", "!")) else None
        hops = 0 if reason else self._hops(key, place, duty, holder, witness)
        path = self.paths[-hops:] if hops else []
        nodes = [path[0]["from_name"], *(hop["to_name"] for hop in path)] if hops else []
        self.add(
            "legs",
            finding_id=key,
            place=place,
            holder=holder.node,
            holder_name=holder.name,
            duty=duty,
            duty_title=DUTIES[duty],
            state="unknown" if unknown else "yes",
            means=None if unknown else means,
            way=None if unknown else "github: push | merge" if duty == "commit" else duty,
            reason=reason,
            hops=hops,
            path=" > ".join(nodes) or None,
        )

    def _hops(self, key: str, place: str, duty: str, person: Person, witness: str) -> int:
        """Add the hops of `-kind source:record> kind id | name …`, parts joined by ` ++ `."""
        count = 0
        for part, run in enumerate(witness.split(" ++ "), start=1):
            before = (person.subject_kind, person.node, person.name)
            for hop, step in enumerate(run.split("\n"), start=1):
                edge, _, node = step.strip().partition("> ")
                kind, _, where = edge.removeprefix("-").partition(" ")
                source, _, record = where.partition(":")
                record, _, note = record.partition("!")
                letter, _, rest = node.partition(" ")
                node_id, _, name = rest.partition(" | ")
                after = (KINDS[letter], node_id, name or node_id.split(":", 1)[-1])
                template = AT.get(source, "items/{}")
                self.paths.append(
                    {
                        "finding_id": key,
                        "place": place,
                        "holder": person.node,
                        "duty": duty,
                        "part": part,
                        "hop": hop,
                        "from_kind": before[0],
                        "from_id": before[1],
                        "from_name": before[2],
                        "kind": kind,
                        "to_kind": after[0],
                        "to_id": after[1],
                        "to_name": after[2],
                        "note": note or None,
                        "source_id": source,
                        "file": FILES[source],
                        "record": int(record),
                        "at": template.format(record),
                        "also": (
                            f"binding: {FILES[source]} items/{int(record) + 1}"
                            if source.startswith("k8s")
                            else None
                        ),
                        "same": 1,
                    }
                )
                before = after
                count += 1
        return count
