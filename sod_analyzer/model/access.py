"""The snapshot's tables: their Arrow schemas, and the words allowed in their coded columns.

An importer fills *batch* tables, in which nodes are text ids (`system:native-id`). Assembly joins
the batches, adds the links between accounts and people, and stores *snapshot* tables, in which
`grants` and `derivations` hold int32 node codes. Column meanings stand in `docs/snapshot.md`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any

import pyarrow as pa

SCHEMA_VERSION = 3


class NodeKind(StrEnum):
    """What a node of the access graph is; the order is the order of the code ranges."""

    IDENTITY = "identity"
    ACCOUNT = "account"
    ROLE = "role"
    ENTITLEMENT = "entitlement"


#: Code order of the kinds. Alphabetical order would do too; this one reads from people to rights.
NODE_KINDS: tuple[NodeKind, ...] = (
    NodeKind.IDENTITY,
    NodeKind.ACCOUNT,
    NodeKind.ROLE,
    NodeKind.ENTITLEMENT,
)


class GrantKind(StrEnum):
    """How a holder has its target.

    The first group *adds*: what the target has, the holder has, in the same security context.
    The second *becomes*: the holder steps into the target's context, and takes from it only
    finished duties.
    """

    MEMBER = "member"  # account or role in a role
    ASSIGNED = "assigned"  # role or entitlement given to an account or role
    ATTACHED = "attached"  # policy or permission set on an account or role
    FEDERATED = "federated"  # a sign-in elsewhere carries the role or account over
    CONTAINS = "contains"  # a role's own right: role to entitlement

    HOLDS = "holds"  # identity to its account
    CONTROLS = "controls"  # credential, code or configuration of a bot
    USES = "uses"  # a shared login
    ASSUMES = "assumes"
    IMPERSONATES = "impersonates"


BECOMING: frozenset[GrantKind] = frozenset(
    {
        GrantKind.HOLDS,
        GrantKind.CONTROLS,
        GrantKind.USES,
        GrantKind.ASSUMES,
        GrantKind.IMPERSONATES,
    }
)
ADDING: frozenset[GrantKind] = frozenset(GrantKind) - BECOMING


class IdentityClass(StrEnum):
    PERSON = "person"
    WORKLOAD = "workload"
    SHARED = "shared"
    VENDOR = "vendor"


class Status(StrEnum):
    """What the roster says of a person; `unknown` for an account assessed under its own name."""

    ACTIVE = "active"
    LEAVER = "leaver"
    FUTURE = "future"
    UNKNOWN = "unknown"


class SystemScope(StrEnum):
    IN_SCOPE = "in-scope"
    NOT_USED = "not-used"
    OUT_OF_SCOPE = "out-of-scope"


class MatchMethod(StrEnum):
    """How an account was tied to a person."""

    ALIAS = "alias"
    EMPLOYEE_ID = "employee-id"
    EMAIL = "email"
    FEDERATION = "federation"  # it signs in through another account, whose person it is
    NONE = "none"


class LinkOutcome(StrEnum):
    LINKED = "linked"
    CANDIDATE = "candidate"  # one of several people: undecided
    UNMATCHED = "unmatched"


class Hides(StrEnum):
    """Whether an issue could hide a conflict."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


#: Resource that stands for everything in its system (an organisation, a cluster).
WHOLE_SYSTEM = "*"
#: Mode of an entitlement whose holders may do what the `policies` that concern them allow.
BY_POLICY = "by-policy"
#: Kind of a row of a batch's `policies` by which whoever has some roles has another one, too. The
#: document lists them, each with its kind; a login among them is that of the same person.
TOGETHER = "several roles"
#: Kind of a role that no source has: rights that somebody could take, in one context.
SELF_GRANTED_ROLE = "self-granted rights"
#: Action that stands for every action; with `WHOLE_SYSTEM` it is unrestricted access.
EVERY_ACTION = "*"

_text = pa.string()
#: Text that repeats from row to row: each distinct value is kept once, and a row is a number.
#: Chunks of one column may have different dictionaries, and their order says nothing.
_word = pa.dictionary(pa.int32(), pa.string())
#: The same where the words are ours, and few, and the rows the most there are.
_tag = pa.dictionary(pa.int8(), pa.string())
_code = pa.int32()
_record = pa.int64()
_day = pa.date32()
_instant = pa.timestamp("s", tz="UTC")


def _schema(**columns: pa.DataType) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in columns.items()])


SYSTEMS = _schema(
    system=_text,
    product=_text,
    title=_text,
    environment=_text,
    owner=_text,
    scope=_text,  # SystemScope
    reason=_text,
    source_id=_text,
    record=_record,
)

SOURCES = _schema(
    source_id=_text,
    system=_text,
    importer=_text,
    kind=_text,  # what the importer read: "ldif", "csv", "hr" …; "config" for sod.yaml itself
    path=_text,  # relative to the configuration file, with forward slashes
    sha256=_text,
    bytes=pa.int64(),
    encoding=_text,
    extracted_at=_instant,
    extracted_at_basis=_text,  # stated | in-file | file-time | unknown
    extracted_by=_text,
    query=_text,
    evidence=_text,
    expected_count=pa.int64(),
    status=_text,  # read | missing | failed
    unit=_text,  # what `lines` counts: line | row | element
    record_template=_text,  # how to print a record: "line {record}", "row {record}", "{pointer}"
    # The waterfall: lines - continued - header - blank = parsed;
    # parsed - rejected - duplicate - filtered = loaded.
    lines=pa.int64(),
    continued=pa.int64(),
    header=pa.int64(),
    blank=pa.int64(),
    parsed=pa.int64(),
    rejected=pa.int64(),
    duplicate=pa.int64(),
    filtered=pa.int64(),
    filtered_why=_text,
    loaded=pa.int64(),
)

IDENTITIES = _schema(
    identity=_text,
    name=_text,
    email=_text,
    employee_id=_text,
    manager=_text,  # employee id of the manager, as the roster has it
    department=_word,
    title=_word,
    status=_word,  # Status
    kind=_word,  # IdentityClass
    start_on=_day,
    end_on=_day,
    source_id=_word,
    record=_record,
)

ACCOUNTS = _schema(
    account=_text,
    system=_word,
    login=_text,  # the name the source shows people
    name=_text,
    email=_text,
    employee_id=_text,
    enabled=pa.bool_(),  # null: the source does not say
    dormant_why=_word,  # disabled | locked | …, in words, when `enabled` is false
    kind=_word,  # IdentityClass
    created_at=_instant,
    last_used_at=_instant,
    expires_on=_day,  # last day on which the account works
    owner=_text,  # who answers for it; gives no reach
    source_id=_word,
    record=_record,
)

ROLES = _schema(
    role=_text,
    system=_word,
    kind=_word,  # the source's own word: group, team, ClusterRole …
    name=_text,  # short name by which other systems refer to it (an LDAP cn, a team slug)
    title=_text,
    privileged=pa.bool_(),
    owner=_text,
    source_id=_word,
    record=_record,
)

ENTITLEMENTS = _schema(
    entitlement=_text,
    system=_word,
    action=_word,
    resource=_text,
    mode=_word,  # alone | with-approval | by-policy
    wildcard=pa.bool_(),  # `*` inside `action` is the source's wildcard, not a letter
    title=_text,
)

#: Columns that a grant has in a batch and in a snapshot alike.
_GRANT_FACTS: dict[str, pa.DataType] = {
    "kind": _word,  # GrantKind
    "conditional": pa.bool_(),
    "eligible": pa.bool_(),  # held only after activating it just in time
    "self_granted": pa.bool_(),  # the holder can give it to itself by one change
    "undecided": pa.bool_(),  # may or may not hold: one candidate of an undecided link
    "valid_from": _day,
    "valid_until": _day,  # this day included
    "lasts_hours": pa.int32(),  # from start to end, rounded up, where the source states times
    "condition": _word,
    "source_id": _word,
    "record": _record,
}

BATCH_GRANTS = _schema(
    holder_kind=_word, holder=_word, target_kind=_word, target=_word, **_GRANT_FACTS
)
GRANTS = _schema(holder=_code, target=_code, **{**_GRANT_FACTS, "kind": _tag})

#: Further records that a grant rests on, beside the one it carries itself.
BATCH_DERIVATIONS = _schema(
    holder_kind=_word,
    holder=_word,
    target_kind=_word,
    target=_word,
    part=_word,  # rule, binding, roster, federation …
    source_id=_word,
    record=_record,
)
DERIVATIONS = _schema(holder=_code, target=_code, part=_word, source_id=_word, record=_record)

APPLICATIONS = _schema(
    application=_text,
    title=_text,
    tier=_text,
    owner=_text,
    source_id=_text,
    record=_record,
)

PLACEMENTS = _schema(
    application=_text,
    system=_text,
    resource=_text,  # glob; places the resource and everything below it
    environment=_text,  # null: the system's
    source_id=_text,
    record=_record,
)

LINKS = _schema(
    account=_text,
    identity=_text,  # null when unmatched
    method=_word,  # MatchMethod
    value=_text,  # what matched
    outcome=_word,  # LinkOutcome
    source_id=_word,  # the record on the person's side that made the match
    record=_record,
)

#: Documents that decide together what somebody may do, one record of an export a row. Which rights
#: that is depends on what is asked, so that they are kept and not their outcome.
POLICIES = _schema(
    policy=_text,  # what it is about: an id in the source's own words, or that of an entitlement
    system=_word,
    kind=_word,  # the source's own word
    document=_text,  # JSON
    source_id=_word,
    record=_record,
)

NODES = _schema(code=_code, kind=_word, id=_text)

ISSUES = _schema(
    kind=_text,  # kebab-case, listed in docs/issues.md
    system=_text,
    subject=_text,  # what it is about: an id, a path, a resource
    text=_text,  # one sentence for a reader
    hides=_text,  # Hides: could it hide a conflict?
    source_id=_text,
    record=_record,
)

#: What an importer may put into a batch.
BATCH_TABLES: Mapping[str, pa.Schema] = {
    "sources": SOURCES,
    "identities": IDENTITIES,
    "accounts": ACCOUNTS,
    "roles": ROLES,
    "entitlements": ENTITLEMENTS,
    "grants": BATCH_GRANTS,
    "derivations": BATCH_DERIVATIONS,
    "policies": POLICIES,
    "issues": ISSUES,
}

#: What a snapshot holds, one Parquet file each.
SNAPSHOT_TABLES: Mapping[str, pa.Schema] = {
    "systems": SYSTEMS,
    "sources": SOURCES,
    "nodes": NODES,
    "identities": IDENTITIES,
    "accounts": ACCOUNTS,
    "roles": ROLES,
    "entitlements": ENTITLEMENTS,
    "grants": GRANTS,
    "derivations": DERIVATIONS,
    "links": LINKS,
    "applications": APPLICATIONS,
    "placements": PLACEMENTS,
    "policies": POLICIES,
    "issues": ISSUES,
}


@dataclass(frozen=True)
class Snapshot:
    """Every fact of one import: tables by name, each of the schema in `SNAPSHOT_TABLES`.

    `nodes` is sorted by kind (in the order of `NODE_KINDS`) then id, and `code` is the row number,
    so each kind is one contiguous range of codes. Every other table is sorted by its leading
    columns. `as_of` is the newest extraction day, or the day the configuration states.
    """

    tables: Mapping[str, pa.Table]
    as_of: date
    name: str
    digest: str  # of all the tables' content; the same facts and files give the same digest

    def __getitem__(self, table: str) -> pa.Table:
        return self.tables[table]

    @cached_property
    def node_ids(self) -> tuple[str, ...]:
        """Node ids by code. Cost: a text per node; `id_of` and `ids_of` have none."""
        return tuple(self.tables["nodes"].column("id").to_pylist())

    @cached_property
    def ids(self) -> pa.Array:
        """Node ids by code, as one array."""
        column = self.tables["nodes"].column("id")
        return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()

    @cached_property
    def derived(self) -> dict[str, Any]:
        """What others derived from the tables and keep beside them, by a name of their own."""
        return {}

    def release(self) -> None:
        """Keep no column in memory that is on disk and can be read again."""
        release = getattr(self.tables, "release", None)
        if release is not None:
            release()

    def id_of(self, code: int) -> str:
        """The id of the node with this code."""
        return str(self.ids[int(code)].as_py())

    def find(self, kind: NodeKind, node: str) -> int | None:
        """The code of a node by its id, if there is one. Cost: a binary search, no dictionary."""
        span, ids = self.ranges[kind], self.ids
        at = bisect_left(span, node, key=lambda code: ids[code].as_py())
        code = span.start + at
        return code if at < len(span) and ids[code].as_py() == node else None

    @cached_property
    def ranges(self) -> Mapping[NodeKind, range]:
        """The contiguous range of codes of each kind, empty ranges included.

        The node with code c is row `c - range.start` of its kind's table.
        """
        counts = self.tables["nodes"].column("kind").value_counts()
        count = dict(
            zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True)
        )
        spans: dict[NodeKind, range] = {}
        start = 0
        for kind in NODE_KINDS:
            spans[kind] = range(start, start + count.get(str(kind), 0))
            start = spans[kind].stop
        return spans

    def kind_of(self, code: int) -> NodeKind:
        """The kind of the node with this code."""
        for kind, span in self.ranges.items():
            if code in span:
                return kind
        raise KeyError(code)

    @cached_property
    def codes(self) -> Mapping[tuple[NodeKind, str], int]:
        """Node codes by kind and id. Cost: one dictionary entry per node, on first use."""
        ids = self.node_ids
        return {(kind, ids[code]): code for kind, span in self.ranges.items() for code in span}
