"""The objects of one cluster, gathered from its files, and how each file's objects are counted."""

from __future__ import annotations

from pathlib import PurePosixPath

from sod_analyzer.cloud.kubernetes.listing import Listing, listing
from sod_analyzer.cloud.kubernetes.objects import Cluster, Origin, Record, mapped
from sod_analyzer.cloud.shapes import ShapeError, as_object, object_at, shown, text_at
from sod_analyzer.errors import InputError
from sod_analyzer.importers.json_text import (
    Elements,
)
from sod_analyzer.importers.kubernetes.yaml_text import parse_yaml, read_text
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
        "Node",
        "Pod",
        "Secret",
        "ReplicationController",
        "Deployment",
        "DaemonSet",
        "ReplicaSet",
        "StatefulSet",
        "Job",
        "CronJob",
    )
}
#: More different kinds than this are counted as one.
_MOST_REASONS = 50
_ENDINGS = (".gz", ".json", ".yaml", ".yml")


def read_file(builder: BatchBuilder, file: RawFile, cluster: Cluster) -> None:
    """Add a file's objects to the cluster, and the file's row to `sources`."""
    elements = Elements(
        builder, file, kind="kubernetes", record_template="items/{record}", read=read_text
    )
    if elements.documents is not None:
        found = listing(elements.documents.values, _kind_of_file(file))
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


def _load(elements: Elements, found: Listing, cluster: Cluster) -> None:
    for record, value in elements.distinct(found.records):
        try:
            stated = as_object(value, "the record")
            origin = Origin(elements.source_id, record)
            reason = _mapped(stated, origin, cluster, elements.file.path)
            if reason is not None:
                reason = cluster.add(stated, found.kind, origin)
        except (ShapeError, InputError) as error:
            elements.reject(record, f"{_called(value)}{error}")
            continue
        if reason is not None:
            known = elements.counts.filtered
            full = reason not in known and len(known) >= _MOST_REASONS
            elements.counts.pass_over("of other kinds" if full else reason)


def _mapped(record: Record, origin: Origin, cluster: Cluster, path: str) -> str | None:
    """Take in the map by which EKS lets AWS in; a reason where a record is none.

    Of all configuration maps, nothing but the two lists of this one is looked at.
    """
    metadata = object_at(record, "metadata")
    of = (record.get("kind"), metadata.get("namespace"), metadata.get("name"))
    if of != ("ConfigMap", "kube-system", "aws-auth"):
        return "another object"
    maps = object_at(record, "data")
    for name, key in (("mapRoles", "rolearn"), ("mapUsers", "userarn")):
        text = text_at(maps, name)
        for document in parse_yaml(text, path=f"{path}: {name}").values if text else ():
            if not isinstance(document, list):
                raise ShapeError(f"'{name}' is no list")
            for each in document:
                entry = mapped(as_object(each, f"an entry of '{name}'"), key, origin)
                cluster.entries.append(entry)
    return None


def _called(value: object) -> str:
    """Kind and name of a record that cannot be read, as far as they can."""
    if not isinstance(value, dict):
        return ""
    metadata = value.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    words = [shown(word) for word in (value.get("kind"), name) if isinstance(word, str)]
    return f"{' '.join(words)}: " if words else ""


def _kind_of_file(file: RawFile) -> str | None:
    stem = PurePosixPath(file.path).name.lower()
    for ending in _ENDINGS:
        stem = stem.removesuffix(ending)
    return _KIND_OF_LIST.get(stem)
