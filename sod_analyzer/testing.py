"""The conformance kit: what every importer must keep, checked on a source of your choice.

Used by our own tests and meant for the authors of other packages:

    from sod_analyzer.testing import check_importer, spec_for

    def test_my_importer_conforms() -> None:
        check_importer(IMPORTER, spec_for(IMPORTER, Path("samples/mine/export.json")))
"""

from __future__ import annotations

import copy
import gzip
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import (
    BATCH_TABLES,
    GrantKind,
    Hides,
    IdentityClass,
    NodeKind,
    Status,
)
from sod_analyzer.model.batch import Batch, Importer, Raw, SourceSpec, join_batches

_Tables = Mapping[str, pa.Table]

#: The table and column that declare the ids of each kind of node.
_DECLARED: Mapping[NodeKind, tuple[str, str]] = {
    NodeKind.IDENTITY: ("identities", "identity"),
    NodeKind.ACCOUNT: ("accounts", "account"),
    NodeKind.ROLE: ("roles", "role"),
    NodeKind.ENTITLEMENT: ("entitlements", "entitlement"),
}
_CODED: Mapping[tuple[str, str], frozenset[str]] = {
    ("accounts", "kind"): frozenset(IdentityClass),
    ("entitlements", "mode"): frozenset({"alone", "with-approval"}),
    ("grants", "holder_kind"): frozenset(NodeKind),
    ("grants", "kind"): frozenset(GrantKind),
    ("grants", "target_kind"): frozenset(NodeKind),
    ("identities", "kind"): frozenset(IdentityClass),
    ("identities", "status"): frozenset(Status),
    ("issues", "hides"): frozenset(Hides),
    ("sources", "extracted_at_basis"): frozenset({"stated", "in-file", "file-time", "unknown"}),
    ("sources", "status"): frozenset({"read", "missing", "failed"}),
    ("sources", "unit"): frozenset({"line", "row", "element"}),
}
#: First record of each unit: lines and rows are counted by people, elements by programs.
_FIRST_RECORD: Mapping[str, int] = {"line": 1, "row": 1, "element": 0}
_KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: Texts that only a secret looks like: password hashes, private keys, tokens.
_SECRET = re.compile(
    r"\{(S?SHA\d*|S?MD5|CRYPT|ARGON2|PBKDF2[\w-]*)\}|\$(2[aby]|5|6|y|argon2\w*)\$"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY|\b(gh[pousr]|github_pat)_\w{16,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}\.",
    re.IGNORECASE,
)


def spec_for(
    importer: Importer, path: Path, *, system: str = "sample", options: Any = None
) -> SourceSpec:
    """A source entry for one file or folder, as a configuration would give it.

    `options` is an instance of the importer's options; by default one without arguments.
    """
    return SourceSpec(
        source_id="sample",
        system=system,
        product="sample",
        importer=importer.name,
        path=path.name,
        base=path.resolve().parent,
        options=importer.options() if options is None else options,
        where=SourceRef(str(path)),
    )


def check_importer(importer: Importer, spec: SourceSpec, *, secrets: Iterable[str] = ()) -> None:
    """Read the source twice and hold the outcome to every promise that an importer makes.

    `secrets` are texts in the source that must not reach any table.

    Raises:
        AssertionError: some promise is broken; the message names each.
    """
    broken = list(importer_problems(importer, spec, secrets=secrets))
    if broken:
        lines = "\n".join(f"- {line}" for line in broken)
        raise AssertionError(f"importer '{importer.name}' breaks a promise:\n{lines}")


def importer_problems(
    importer: Importer, spec: SourceSpec, *, secrets: Iterable[str] = ()
) -> Iterator[str]:
    """Every promise that the importer breaks on this source, one sentence each."""
    if not _KEBAB.fullmatch(importer.name):
        yield f"its name '{importer.name}' is not in small letters joined by hyphens"
    if not (isinstance(importer.options, type) and is_dataclass(importer.options)):
        yield "its options are no dataclass"
    raw = importer.fetch(spec)
    yield from _fetched(raw, importer.fetch(spec))
    before = copy.deepcopy(raw)
    batches = list(importer.parse(raw))
    again = join_batches(list(importer.parse(raw)))
    if raw != before:
        yield "parse changed what fetch brought"
    yield from _shapes(batches)
    tables = join_batches(batches)
    if any(not tables[name].equals(again[name]) for name in tables):
        yield "two runs over the same files give different tables"
    yield from _sources(raw, tables["sources"])
    yield from _records(tables)
    yield from _ids(spec, tables)
    yield from _codes(tables)
    yield from _grants(spec, tables["grants"], tables)
    yield from _issues(tables["issues"])
    yield from _secrets(tables, secrets)


def _fetched(raw: Raw, again: Raw) -> Iterator[str]:
    if not raw.files:
        yield "fetch brings no file, where it must raise InputError"
    if raw != again:
        yield "fetch brings different things on a second call"
    paths = [file.path for file in raw.files]
    if paths != sorted(paths):
        yield "fetch does not sort its files by path"
    for source_id, count in Counter(file.source_id for file in raw.files).items():
        if count > 1:
            yield f"{count} files share the source_id '{source_id}'"
    for file in raw.files:
        if Path(file.path).is_absolute() or "\\" in file.path:
            yield f"the printed path '{file.path}' is not relative with forward slashes"
        if hashlib.sha256(file.local.read_bytes()).hexdigest() != file.sha256:
            yield f"the SHA-256 of {file.path} is not that of the file"


def _shapes(batches: Iterable[Batch]) -> Iterator[str]:
    for batch in batches:
        for name, table in batch.tables.items():
            if name not in BATCH_TABLES:
                yield f"a batch holds a table '{name}', which no batch may"
            elif table.schema != BATCH_TABLES[name]:
                yield f"the table '{name}' of a batch has another schema than the model's"


def _sources(raw: Raw, sources: pa.Table) -> Iterator[str]:
    rows = sources.to_pylist()
    expected = Counter(file.source_id for file in raw.files)
    if Counter(row["source_id"] for row in rows) != expected:
        yield "the rows of sources are not one for each file"
    local = {file.source_id: file.local for file in raw.files}
    for row in rows:
        where = f"{row['path']}: "
        kept = row["parsed"] - row["rejected"] - row["duplicate"] - row["filtered"]
        if row["lines"] - row["continued"] - row["header"] - row["blank"] != row["parsed"]:
            yield where + "lines - continued - header - blank is not parsed"
        if kept != row["loaded"]:
            yield where + "parsed - rejected - duplicate - filtered is not loaded"
        if min(value for value in row.values() if isinstance(value, int)) < 0:
            yield where + "a count is negative"
        if row["filtered"] and not row["filtered_why"]:
            yield where + "records are filtered without a reason"
        if row["status"] == "read" and row["unit"] == "line" and row["source_id"] in local:
            yield from _physical_lines(local[row["source_id"]], row)


def _physical_lines(local: Path, row: Mapping[str, Any]) -> Iterator[str]:
    content = local.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    if (row["encoding"] or "").lower().replace("-", "").startswith(("utf16", "utf32")):
        return  # their line feeds are not single bytes
    # Where nothing else ends a line, a carriage return does.
    end = b"\n" if b"\n" in content else b"\r"
    count = content.count(end) + (not content.endswith(end) and bool(content))
    if count != row["lines"]:
        yield f"{row['path']}: counts {row['lines']} lines where the file has {count}"


def _records(tables: _Tables) -> Iterator[str]:
    files = {row["source_id"]: row for row in tables["sources"].to_pylist()}
    for name, table in tables.items():
        if "record" not in table.schema.names or name == "sources":
            continue
        pairs = table.select(["source_id", "record"]).to_pylist()
        for source_id, record in sorted(
            {(pair["source_id"], pair["record"]) for pair in pairs}, key=str
        ):
            yield from _record(name, source_id, record, files)


def _record(
    table: str, source_id: str | None, record: int | None, files: Mapping[str, Mapping[str, Any]]
) -> Iterator[str]:
    if source_id is None or source_id not in files:
        yield f"{table}: a row names the source '{source_id}', which has no row in sources"
        return
    if record is None:
        if table != "issues":
            yield f"{table}: a row of {source_id} names no record"
        return
    source = files[source_id]
    first = _FIRST_RECORD.get(source["unit"], 0)
    # An element's ordinal may count elements of an outer list, and rows may stand on several
    # sheets, so only lines have an upper end that holds for every source; a failed file has no
    # count at all.
    bounded = source["unit"] == "line" and source["status"] == "read"
    last = source["lines"] if bounded else record
    if not first <= record <= last:
        yield f"{table}: record {record} of {source_id} is outside of {first} to {last}"


def _ids(spec: SourceSpec, tables: _Tables) -> Iterator[str]:
    systems = _systems(spec)
    prefixes = tuple(f"{system}:" for system in sorted(systems))
    wanted = " or ".join(f"'{prefix}'" for prefix in prefixes)
    for table, column in _DECLARED.values():
        ids = tables[table].column(column).to_pylist()
        for node in sorted({str(node) for node in ids if not str(node).startswith(prefixes)}):
            yield f"{table}: the id '{node}' does not start with {wanted}"
        for prefix in sorted(set(prefixes) & set(ids)):
            yield f"{table}: an id has nothing after '{prefix}'"
    for table in ("accounts", "roles", "entitlements"):
        if set(tables[table].column("system").to_pylist()) - systems:
            yield f"{table}: a row stands in another system than {' or '.join(sorted(systems))}"


def _systems(spec: SourceSpec) -> frozenset[str]:
    """The source's own system, and those that its options name with `systems`."""
    return frozenset({spec.system, *getattr(spec.options, "systems", ())})


def _codes(tables: _Tables) -> Iterator[str]:
    for (table, column), allowed in _CODED.items():
        found = set(tables[table].column(column).to_pylist())
        # A source may not say what stands behind an account.
        silent = {None} if (table, column) == ("accounts", "kind") else set()
        for value in sorted(found - allowed - silent, key=str):
            yield f"{table}: '{value}' is no {column}; known: {', '.join(sorted(allowed))}"


def _grants(spec: SourceSpec, grants: pa.Table, tables: _Tables) -> Iterator[str]:
    declared = {
        str(kind): set(tables[table].column(column).to_pylist())
        for kind, (table, column) in _DECLARED.items()
    }
    own = tuple(f"{system}:" for system in sorted(_systems(spec)))
    missing: set[tuple[str, str]] = set()
    odd: set[str] = set()
    for row in grants.to_pylist():
        ends = ((row["holder_kind"], row["holder"]), (row["target_kind"], row["target"]))
        missing |= {
            (kind, node)
            for kind, node in ends
            if str(node).startswith(own) and node not in declared.get(kind, set())
        }
        if row["holder_kind"] == NodeKind.ENTITLEMENT or row["target_kind"] == NodeKind.IDENTITY:
            odd.add(f"grants: {row['holder_kind']} to {row['target_kind']} is no grant")
        if row["kind"] == GrantKind.CONTAINS and row["target_kind"] != NodeKind.ENTITLEMENT:
            odd.add(f"grants: 'contains' reaches a {row['target_kind']}, not an entitlement")
    yield from sorted(odd)
    for kind, node in sorted(missing, key=str):
        yield f"grants: the {kind} '{node}' has no row in its own table"


def _issues(issues: pa.Table) -> Iterator[str]:
    for row in issues.to_pylist():
        if not _KEBAB.fullmatch(row["kind"] or ""):
            yield f"issues: the kind '{row['kind']}' is not in small letters joined by hyphens"
        if not (row["text"] or "").strip():
            yield f"issues: an issue of kind '{row['kind']}' has no text"


def _secrets(tables: _Tables, secrets: Iterable[str]) -> Iterator[str]:
    planted = [secret for secret in secrets if secret]
    for name, table in tables.items():
        for field in table.schema:
            if not pa.types.is_string(field.type):
                continue
            for value in table.column(field.name).unique().to_pylist():
                if value and (_SECRET.search(value) or any(each in value for each in planted)):
                    # The value itself is not printed: test logs are kept, too.
                    yield f"{name}: the column '{field.name}' holds what looks like a secret"
                    break
