"""The objects of one cluster, gathered from its files, and how each file's objects are counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sod_analyzer.importers.json_text import (
    Documents,
    Elements,
    ShapeError,
    as_object,
    object_at,
    shown,
    text_at,
)
from sod_analyzer.importers.kubernetes.objects import (
    RBAC_GROUP,
    Binding,
    Origin,
    Record,
    RoleObject,
    ServiceAccount,
    binding,
    role_object,
    service_account,
)
from sod_analyzer.importers.kubernetes.yaml_text import read_text
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import BatchBuilder, RawFile

#: Kinds by the name of a file or list that holds only them.
_KIND_OF_LIST = {
    f"{kind.lower()}s": kind
    for kind in (
        "ClusterRole",
        "ClusterRoleBinding",
        "Role",
        "RoleBinding",
        "ServiceAccount",
        "Namespace",
        "Pod",
        "Node",
    )
}
#: More different kinds than this are counted as one.
_MOST_REASONS = 50
_ENDINGS = (".gz", ".json", ".yaml", ".yml")


@dataclass(slots=True)
class Cluster:
    """Everything read so far, in the order of files and records."""

    roles: list[RoleObject] = field(default_factory=list)
    bindings: list[Binding] = field(default_factory=list)
    service_accounts: list[ServiceAccount] = field(default_factory=list)
    #: Kinds that access needs and some file has, whether or not each object could be read.
    kinds: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Found:
    """The objects of a file, the kind they have when they do not say, and what was left out."""

    records: tuple[object, ...]
    kind: str | None = None
    refusal: str | None = None
    continued: bool = False


def read_file(builder: BatchBuilder, file: RawFile, cluster: Cluster) -> None:
    """Add a file's objects to the cluster, and the file's row to `sources`."""
    elements = Elements(
        builder, file, kind="kubernetes", record_template="items/{record}", read=read_text
    )
    if elements.documents is not None:
        found = _objects(elements.documents, file)
        if found.refusal is not None:
            elements.fail(f"{file.path}: {found.refusal}")
        if found.continued:
            elements.issue(
                "truncated-export",
                f"{file.path} is one part of a longer list (metadata.continue is set); "
                "export again without --limit or --chunk-size by hand",
                hides=Hides.YES,
                subject=file.path,
            )
        _load(elements, found, cluster)
    elements.close()


def _load(elements: Elements, found: _Found, cluster: Cluster) -> None:
    for record, value in elements.distinct(found.records):
        try:
            stated = as_object(value, "the record")
            reason = _add(stated, found.kind, Origin(elements.source_id, record), cluster)
        except ShapeError as error:
            elements.reject(record, f"{_called(value)}{error}")
            continue
        if reason is not None:
            known = elements.counts.filtered
            full = reason not in known and len(known) >= _MOST_REASONS
            elements.counts.pass_over("of other kinds" if full else reason)


def _add(record: Record, default: str | None, origin: Origin, cluster: Cluster) -> str | None:
    """Why the object is passed over, or null when it was added."""
    kind = text_at(record, "kind") or default
    if kind is None:
        raise ShapeError("'kind' is missing")
    group, slash, _ = (text_at(record, "apiVersion") or "").partition("/")
    if kind in {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}:
        if slash and group != RBAC_GROUP:
            return f"of kind {kind} of {shown(group, most=60)}"
        cluster.kinds.add(kind)
        namespaced = not kind.startswith("Cluster")
        if kind.endswith("Binding"):
            cluster.bindings.append(binding(record, origin, namespaced=namespaced))
        else:
            cluster.roles.append(role_object(record, origin, namespaced=namespaced))
        return None
    if kind == "ServiceAccount":
        cluster.kinds.add(kind)
        cluster.service_accounts.append(service_account(record, origin))
        return None
    return f"of kind {shown(kind, most=60)}"


def _called(value: object) -> str:
    """Kind and name of a record that cannot be read, as far as they can."""
    if not isinstance(value, dict):
        return ""
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    words = [shown(word) for word in (value.get("kind"), name) if isinstance(word, str)]
    return f"{' '.join(words)}: " if words else ""


def _objects(documents: Documents, file: RawFile) -> _Found:
    records: list[object] = []
    kind = _kind_of_file(file)
    continued = False
    for value in documents.values:
        if isinstance(value, list):
            records += value
            continue
        if not isinstance(value, dict):
            return _Found((), refusal="the file does not hold Kubernetes objects")
        stated = value.get("kind")
        if stated == "Status":
            # The server's own words are left out: they may quote the request.
            return _Found((), refusal="the file holds an error of the API server, no objects")
        if "items" not in value:
            if "metadata" not in value and stated is None:
                return _Found((), refusal="the file does not hold Kubernetes objects")
            records.append(value)
            continue
        listed = value["items"]
        if listed is not None and not isinstance(listed, list):
            return _Found((), refusal="'items' is no list")
        if isinstance(stated, str) and stated.endswith("List"):
            kind = stated.removesuffix("List") or kind
        continued |= _continued(value)
        records += listed or []
    return _Found(tuple(records), kind, continued=continued)


def _continued(listed: Mapping[str, object]) -> bool:
    try:
        metadata = object_at(listed, "metadata")
    except ShapeError:
        return False
    return bool(metadata.get("continue") or metadata.get("remainingItemCount"))


def _kind_of_file(file: RawFile) -> str | None:
    stem = PurePosixPath(file.path).name.lower()
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return _KIND_OF_LIST.get(stem)
