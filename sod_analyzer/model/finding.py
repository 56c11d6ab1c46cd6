"""What an analysis says: the report's tables, its header, and the words for verdicts.

The report is the one thing that every door shows: reporters turn it into bytes, `sod report`
reads it back from `findings.json`, and queries print parts of it. Its rows stay in Arrow tables,
already sorted; a reporter changes no order and computes no verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any, BinaryIO, Protocol

import pyarrow as pa

from sod_analyzer.model.access import SOURCES, SYSTEMS, _schema, _word

REPORT_VERSION = 4


class Verdict(StrEnum):
    """What a rule says of a subject in a place, worst first; `CLEAR` has no row."""

    VIOLATION = "violation"
    NOT_EVALUABLE = "not-evaluable"
    MITIGATED = "mitigated"  # broken, and a compensating control stands for it
    GATED = "gated"  # broken only by rights that a review or approval stands before
    CLEAR = "clear"

    @property
    def rank(self) -> int:
        """0 for violation, the worst."""
        return list(Verdict).index(self)


#: Place keys that are not an application's id. An application may not be called any of these.
PLACE_ALL = "all"
PLACE_UNMAPPED = "unmapped"
PLACE_ANYWHERE = "anywhere"

#: Rule id of the finding "has everything in a system"; no ruleset may use it.
UNRESTRICTED_RULE = "UNRESTRICTED"

_text = pa.string()
# Where rows are many, a text is the number of a word in a dictionary: columns whose words belong
# together (the id and the name of one node) share the numbers, and nothing is kept twice. A
# dictionary may hold a text twice, as two people share a name.
_few = pa.dictionary(pa.int8(), pa.string())
_count = pa.int64()
_number = pa.int32()  # a count of a few, in tables of many rows
_flag = pa.bool_()

#: One row per rule and subject that is not clear everywhere. Sorted by verdict (violations first),
#: severity (worst first), rule, subject name and finding id.
VIOLATIONS = _schema(
    finding_id=_word,  # F- and 12 hex digits: rule, subject kind and key; stable over runs
    rule_id=_word,
    rule_title=_word,
    rule_kind=_word,  # RuleKind
    subject_kind=_word,  # identity | account | role | place
    subject_key=_word,  # employee id, else account id; role id; place key
    subject=_word,  # node id; place key
    name=_word,
    email=_word,
    status_hr=_word,  # active | leaver | future | unknown
    identity_kind=_word,  # person | workload | shared | vendor
    title=_word,
    department=_word,
    manager=_word,  # name (employee id), else employee id
    verdict=_word,  # worst over its places
    severity=_word,  # worst over its places with that verdict
    places=_number,
    means=_word,  # best pairs, "held, sure" or "eligible, sure; held, conditional"
    systems=_word,  # systems its witnesses pass, "; "-joined
    cross_system=_flag,
    accounts=_word,  # accounts its witnesses pass, "; "-joined
    folded_under=_word,  # finding id of the unrestricted access that implies it, else null
    caveats=_word,  # "gates not evaluated (github-north)" …, "; "-joined; null when none
    sentence=_word,  # the finding in plain words
    attempt=_word,  # a command that tries a fix: "sod what-if --remove …"; null when none
)

#: One row per place of a violation. Sorted like its violation, then place.
PLACES = _schema(
    finding_id=_word,
    place=_word,  # application id, resource, system, or a PLACE_… key
    place_title=_word,
    tier=_word,
    severity=_word,
    verdict=_word,
    means=_word,
    reason=_word,  # why it is not evaluable, gated or mitigated; null for a violation
    mitigation=_word,  # "M-001 in force until 2026-12-31", "M-002 lapsed: …"; null when none
    small_team=_word,  # too few people to separate, and which controls the standards allow; null
)

#: One row per duty that a place rests on: how its holder comes to it. Sorted like the place, then
#: by the duty's order in the rule, then by holder. For a rule about one subject the holder is that
#: subject; for a rule that counts people there is a row for each of them.
LEGS = _schema(
    finding_id=_word,
    place=_word,
    holder=_word,  # node id
    holder_name=_word,
    duty=_word,
    duty_title=_word,
    state=_word,  # yes | unknown
    means=_word,
    way=_word,  # the way by which the witness holds it
    reason=_word,  # why it is unknown; null for yes
    hops=_number,
    path=_word,  # "Ann Lee > uid=ann > cn=payments > push northbank/payments-api"
)

#: One row per distinct hop of all legs: who has what, and the record that says so. Sorted by kind
#: and id of where it begins, then of where it ends, then by its own kind; hops that are equal in
#: these, by whether the holder takes it by a change of its own, then by what else must be allowed.
EDGES = _schema(
    from_kind=_few,
    from_id=_word,
    from_name=_word,
    kind=_few,  # GrantKind
    to_kind=_few,
    to_id=_word,
    to_name=_word,
    note=_word,  # "conditional: MFA", "eligible", "one own change" …; null when none
    source_id=_word,
    file=_word,
    record=_count,
    at=_text,  # the record as a reader finds it: "line 120", "row 7", "items/3"
    also=_text,  # further records this hop rests on: "binding: k8s/prod.json items/12"; null
    same=_number,  # how many source records state this same hop
)

#: One row per hop of each leg's shortest witness. A way of several parts has one run of hops
#: per part. Sorted like the leg, then part, then hop.
HOPS = _schema(
    leg=_number,  # row of `legs`, from 0
    part=_number,  # 1-based
    hop=_number,  # 1-based
    edge=_number,  # row of `edges`, from 0
)

#: One row per hop that ends at whatever policies allow: what they decide in the leg's place. Sorted
#: like the hop.
DECISIONS = _schema(
    hop=_number,  # row of `hops`, from 0
    system=_word,
    action=_word,  # as its catalogue spells it
    resource=_word,  # a pattern; null for whatever there is in the system
    by=_word,  # layer and statement, or what is missing: "identity: policy: arn:… statement 1"
)

#: Everyone assessed: one row per identity. Sorted by kind, name, id.
POPULATION = _schema(
    identity=_word,
    subject_key=_word,
    name=_word,
    email=_word,
    kind=_word,
    status=_word,
    department=_word,
    title=_word,
    manager=_word,
    accounts=_number,
    dormant_accounts=_number,
    account_ids=_word,
    matched_by=_word,  # match methods used, "; "-joined
    duties=_word,  # duties held anywhere, "; "-joined
    violations=_number,
    not_evaluable=_number,
    mitigated=_number,
    gated=_number,
    # conflict | not evaluable | mitigated | gated | excluded | no conflict | not judged
    result=_word,
)

#: One row per rule. Sorted by rule id.
RULES = _schema(
    rule_id=_text,
    title=_text,
    kind=_text,  # RuleKind
    ruleset=_text,  # the ruleset that states it, by name
    severity=_text,
    tiers=_text,
    scope=_text,
    logic=_text,  # "commit and deploy", "2 of commit, approve, deploy", "at most 7 hold release"
    subjects=_text,  # whom it judges, where it says; "everyone but …" for `only`
    why=_text,
    counts=_text,
    gates=_text,  # "commit: independent_review"
    controls=_text,
    references=_text,
    false_positives=_text,
    status=_text,
    people_violating=_count,
    violations=_count,
    places=_count,
    not_evaluable=_count,
    mitigated=_count,
    gated=_count,
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
    rule_id=_word,
    subject=_word,
    name=_word,
    place=_word,
    accounts=_word,
    why=_word,
)

#: Resources no application claims, with their holders. Sorted by system, resource.
UNMAPPED = _schema(system=_text, resource=_text, duties=_text, holders=_count, people=_text)

#: What rules that count people counted, clear places too. Sorted by rule, place.
MEASURES = _schema(
    rule_id=_text,
    place=_text,
    place_title=_text,
    tier=_text,
    wanted=_text,  # "at most 7 people", "at least 2 people", "no fewer than 3 people together"
    found=_count,  # people for certain; of a team, its size; null where it cannot be done
    possible=_count,  # people if everything unknown turns out for the worst
    people=_text,  # their names; of a team, "Ann Lee (commit, approve); Bob Ray (deploy)"
    verdict=_text,
    reason=_text,
)

#: The register of mitigations, one row per person and place. Sorted by id, subject key, place.
MITIGATIONS = _schema(
    mitigation_id=_text,
    control=_text,
    rule_id=_text,
    subject_key=_text,
    name=_text,
    place=_text,
    owner=_text,
    approver=_text,
    performer=_text,
    approved_on=pa.date32(),
    valid_until=pa.date32(),
    frequency_days=_count,
    last_performed=pa.date32(),
    evidence=_text,
    standing=_text,  # Standing
    why=_text,  # why it does not stand; what to watch when it does
    excuses=_count,  # places that the same control excuses in all
    file=_text,
    record=_count,
)

#: What rules leave out, and rules that are dropped. Sorted by rule, text.
EXCLUSIONS = _schema(
    rule_id=_text,
    what=_text,  # "place sandbox", "role …", or "the whole rule"
    reason=_text,
    by=_text,
    on=pa.date32(),
    until=pa.date32(),
    state=_text,  # applied | over | matches nothing | dropped
    hidden=_count,  # places of findings that it leaves out
    people=_text,  # whose they are
)

#: What was approved, and whether it is what was used. Sorted by what.
APPROVALS = _schema(
    what=_text,  # ruleset | catalogue | aliases | mitigations | systems | accepted-gaps
    name=_text,
    state=_text,  # approved | changed since approval | not approved
    by=_text,
    on=pa.date32(),
    approved_digest=_text,
    digest=_text,
    changes=_text,  # one change per line, "+ rule DEV-20 …"; null when none
)


def decided_text(system: str, action: str, resource: str | None, by: str) -> str:
    """What policies decide, in one line; as a row of `DECISIONS` has it."""
    where = f" on {resource}" if resource else ""
    reason = f" ({by})" if by else ""
    return f"{system}: {action}{where}{reason}"


#: Subjects of findings that are nobody.
NOBODY = frozenset({"role", "place"})


def people_behind(
    findings: Iterable[Mapping[str, Any]], population: Iterable[Mapping[str, Any]]
) -> frozenset[str]:
    """The identities that findings are about: what a login breaks, whoever holds it breaks.

    Rows of `VIOLATIONS`, of which subject and its kind matter, and of `POPULATION`.
    """
    behind: dict[str, list[str]] = {}
    for row in population:
        behind.setdefault(row["identity"], []).append(row["identity"])
        for account in (row["account_ids"] or "").split("; "):
            behind.setdefault(account, []).append(row["identity"])
    # A role or a place may be called what an account is.
    return frozenset(
        identity
        for row in findings
        if row["subject_kind"] not in NOBODY
        for identity in behind.get(row["subject"], ())
    )


PARAMETERS = _schema(key=_text, value=_text, origin=_text, meaning=_text)

REPORT_TABLES: Mapping[str, pa.Schema] = {
    "violations": VIOLATIONS,
    "places": PLACES,
    "legs": LEGS,
    "edges": EDGES,
    "hops": HOPS,
    "decisions": DECISIONS,
    "population": POPULATION,
    "rules": RULES,
    "patterns": PATTERNS,
    "exceptions": EXCEPTIONS,
    "reconciliation": RECONCILIATION,
    "dormant": DORMANT,
    "unmapped": UNMAPPED,
    "measures": MEASURES,
    "mitigations": MITIGATIONS,
    "exclusions": EXCLUSIONS,
    "approvals": APPROVALS,
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

    def release(self) -> None:
        """Keep nothing of tables in memory that are on disk as well."""
        release = getattr(self.tables, "release", None)
        if release is not None:
            release()


class Reporter(Protocol):
    """One output format. Registered under the entry-point group `sod_analyzer.reporters`.

    One with an attribute `beside` that is true is called by any thread, while others write theirs.
    """

    @property
    def name(self) -> str: ...

    @property
    def filename(self) -> str:
        """The file's name inside a report folder."""
        ...

    def render(self, report: Report, stream: BinaryIO) -> None:
        """Write the report; the same report gives the same bytes (a workbook: the same cells)."""
        ...
