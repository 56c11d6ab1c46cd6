"""What an analysis says: the report's tables, its header, and the words for verdicts.

The report is the one thing that every door shows: reporters turn it into bytes, `sod report`
reads it back from `findings.json`, and queries print parts of it. Its rows stay in Arrow tables,
already sorted; a reporter changes no order and computes no verdict.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import BinaryIO, Protocol

import pyarrow as pa

from sod_analyzer.model.access import SOURCES, SYSTEMS, _schema

REPORT_VERSION = 1


class Verdict(StrEnum):
    """What a rule says of a subject in a place; `CLEAR` has no row."""

    VIOLATION = "violation"
    NOT_EVALUABLE = "not-evaluable"
    CLEAR = "clear"


#: Place keys that are not an application's id. An application may not be called any of these.
PLACE_ALL = "all"
PLACE_UNMAPPED = "unmapped"
PLACE_ANYWHERE = "anywhere"

#: Rule id of the finding "has everything in a system"; no ruleset may use it.
UNRESTRICTED_RULE = "UNRESTRICTED"

_text = pa.string()
_count = pa.int64()
_flag = pa.bool_()

#: One row per rule and subject that is a violation or not evaluable somewhere. Sorted by
#: verdict (violations first), severity (worst first), rule, subject name and finding id.
VIOLATIONS = _schema(
    finding_id=_text,  # F- and 12 hex digits: rule, subject kind and key; stable over runs
    rule_id=_text,
    rule_title=_text,
    subject_kind=_text,  # identity | account
    subject_key=_text,  # employee id, else account id
    subject=_text,  # node id
    name=_text,
    email=_text,
    status_hr=_text,  # active | leaver | future | unknown
    identity_kind=_text,  # person | workload | shared | vendor
    title=_text,
    department=_text,
    manager=_text,  # name (employee id), else employee id
    verdict=_text,  # worst over its places
    severity=_text,  # worst over its places with that verdict
    places=_count,
    means=_text,  # best pairs, "held, sure" or "eligible, sure; held, conditional"
    systems=_text,  # systems its witnesses pass, "; "-joined
    cross_system=_flag,
    accounts=_text,  # accounts its witnesses pass, "; "-joined
    folded_under=_text,  # finding id of the unrestricted access that implies it, else null
    caveats=_text,  # "gates not evaluated (github-north)" …, "; "-joined; null when none
    sentence=_text,  # the finding in plain words
)

#: One row per place of a violation. Sorted like its violation, then place.
PLACES = _schema(
    finding_id=_text,
    place=_text,  # application id, resource, system, or a PLACE_… key
    place_title=_text,
    tier=_text,
    severity=_text,
    verdict=_text,
    means=_text,
    reason=_text,  # why it is not evaluable; null for a violation
)

#: One row per duty that a place rests on: how the subject comes to it. Sorted like the place,
#: then by the duty's order in the rule.
LEGS = _schema(
    finding_id=_text,
    place=_text,
    duty=_text,
    duty_title=_text,
    state=_text,  # yes | unknown
    means=_text,
    way=_text,  # the way by which the witness holds it
    reason=_text,  # why it is unknown; null for yes
    hops=_count,
    path=_text,  # "Ann Lee > uid=ann > cn=payments > push northbank/payments-api"
)

#: One row per hop of each leg's shortest witness. A way of several parts has one run of hops
#: per part. Sorted like the leg, then part, then hop.
HOPS = _schema(
    finding_id=_text,
    place=_text,
    duty=_text,
    part=_count,  # 1-based
    hop=_count,  # 1-based
    from_kind=_text,
    from_id=_text,
    from_name=_text,
    kind=_text,  # GrantKind
    to_kind=_text,
    to_id=_text,
    to_name=_text,
    note=_text,  # "conditional: MFA", "eligible", "one own change" …; null when none
    source_id=_text,
    file=_text,
    record=_count,
    at=_text,  # the record as a reader finds it: "line 120", "row 7", "items/3"
    also=_text,  # further records this hop rests on: "binding: k8s/prod.json items/12"; null
    same=_count,  # how many source records state this same hop
)

#: Everyone assessed: one row per identity. Sorted by kind, name, id.
POPULATION = _schema(
    identity=_text,
    subject_key=_text,
    name=_text,
    email=_text,
    kind=_text,
    status=_text,
    department=_text,
    title=_text,
    manager=_text,
    accounts=_count,
    dormant_accounts=_count,
    account_ids=_text,
    matched_by=_text,  # match methods used, "; "-joined
    duties=_text,  # duties held anywhere, "; "-joined
    violations=_count,
    not_evaluable=_count,
    result=_text,  # conflict | not evaluable | no conflict | not judged
)

#: One row per rule. Sorted by rule id.
RULES = _schema(
    rule_id=_text,
    title=_text,
    severity=_text,
    tiers=_text,
    scope=_text,
    logic=_text,  # "commit and deploy", "2 of commit, approve, deploy"
    why=_text,
    counts=_text,
    controls=_text,
    references=_text,
    false_positives=_text,
    status=_text,
    people_violating=_count,
    violations=_count,
    places=_count,
    not_evaluable=_count,
    state=_text,  # evaluated | not evaluable
    notes=_text,  # dead patterns, products not used, gates not evaluated …
)

#: One row per selector of each duty: what it matched. Sorted by duty, way, part.
PATTERNS = _schema(
    duty=_text,
    duty_title=_text,
    way=_count,
    part=_count,
    pattern=_text,
    systems=_text,
    entitlements=_count,
    people=_count,  # people who hold the duty, repeated on each of its patterns
    state=_text,  # live | dead | product not used
)

#: Everything that is wrong or unknown about the input. Sorted by effect, kind, file, record.
EXCEPTIONS = _schema(
    kind=_text,
    system=_text,
    subject=_text,
    text=_text,
    hides=_text,  # yes | no | unknown
    file=_text,
    record=_count,
    at=_text,
    gap=_text,  # id by which `accepted_gaps` names it; null when it never causes exit 4
    accepted=_text,  # "owner until 2027-01-31: reason"; null when open
)

#: People and accounts by class and match: the reconciliation. Sorted by subject, class, what.
RECONCILIATION = _schema(what=_text, system=_text, kind=_text, count=_count, note=_text)

#: Would be a violation if a dormant account were re-enabled. Sorted by rule, name, place.
DORMANT = _schema(
    rule_id=_text,
    subject=_text,
    name=_text,
    place=_text,
    accounts=_text,
    why=_text,
)

#: Resources no application claims, with their holders. Sorted by system, resource.
UNMAPPED = _schema(system=_text, resource=_text, duties=_text, holders=_count, people=_text)

PARAMETERS = _schema(key=_text, value=_text, origin=_text, meaning=_text)

REPORT_TABLES: Mapping[str, pa.Schema] = {
    "violations": VIOLATIONS,
    "places": PLACES,
    "legs": LEGS,
    "hops": HOPS,
    "population": POPULATION,
    "rules": RULES,
    "patterns": PATTERNS,
    "exceptions": EXCEPTIONS,
    "reconciliation": RECONCILIATION,
    "dormant": DORMANT,
    "unmapped": UNMAPPED,
    "sources": SOURCES,
    "systems": SYSTEMS,
    "parameters": PARAMETERS,
}


@dataclass(frozen=True, slots=True)
class Completeness:
    """Whether the input allows a clean bill, in one word and one line."""

    complete: bool
    line: str  # "Incomplete: 3 open gaps, 1 source missing" …
    open_gaps: int
    accepted_gaps: int


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What differs between two runs over the same files; nothing else in a report may."""

    run_id: str
    started_at: str  # UTC, ISO 8601
    finished_at: str
    command: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Report:
    """Everything an analysis says. `tables` has the schemas of `REPORT_TABLES`."""

    name: str  # of the organisation or scope, from the configuration
    as_of: date
    result: str  # the one-line result
    completeness: Completeness
    findings_digest: str  # SHA-256 of the canonical core
    snapshot_digest: str
    ruleset: str
    ruleset_version: str
    ruleset_digest: str
    ruleset_text: str
    numbers: Mapping[str, int]  # named counts: people, accounts, violations, places, …
    tables: Mapping[str, pa.Table]
    run: RunFacts | None = None
    config_text: str = ""
    classification: str = "Confidential"
    limits: tuple[str, ...] = field(default=())  # what this analysis does not cover, in sentences

    def __getitem__(self, table: str) -> pa.Table:
        return self.tables[table]


class Reporter(Protocol):
    """One output format. Registered under the entry-point group `sod_analyzer.reporters`."""

    @property
    def name(self) -> str: ...

    @property
    def filename(self) -> str:
        """The file's name inside a report folder."""
        ...

    def render(self, report: Report, stream: BinaryIO) -> None:
        """Write the report; the same report gives the same bytes (a workbook: the same cells)."""
        ...
