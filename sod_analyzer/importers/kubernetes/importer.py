"""Reads one cluster's access objects; see `docs/importers/kubernetes.md`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sod_analyzer.cloud.kubernetes.decide import Authority
from sod_analyzer.cloud.kubernetes.objects import Cluster
from sod_analyzer.importers.files import find_files
from sod_analyzer.importers.kubernetes.becoming import Becoming
from sod_analyzer.importers.kubernetes.load import Loader
from sod_analyzer.importers.kubernetes.reading import read_file
from sod_analyzer.importers.kubernetes.subjects import Subjects
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import Batch, BatchBuilder, Raw, SourceSpec

_PATTERNS = tuple(
    f"*.{ending}{packed}" for ending in ("json", "yaml", "yml") for packed in ("", ".gz")
)
#: Kinds without which access stays unseen, and what is unknown then.
_NEEDED = {
    "ClusterRole": "what roles allow across namespaces is not known",
    "ClusterRoleBinding": "who has rights in the whole cluster is not known",
    "Role": "what roles allow inside a namespace is not known",
    "RoleBinding": "who has rights inside a namespace is not known",
}


@dataclass(frozen=True, slots=True)
class KubernetesOptions:
    """Keys a Kubernetes source adds to its entry.

    `strip_prefix` is what the cluster puts before the names of people who sign in elsewhere, such
    as `oidc:`; what is left is taken for an e-mail address if it looks like one. `issuer` is who
    signs its tokens, by which AWS knows them.
    """

    strip_prefix: str | None = None
    issuer: str | None = None


@dataclass(frozen=True, slots=True)
class KubernetesImporter:
    """One cluster: one system. Two clusters are two sources and two systems."""

    name: str = "kubernetes"
    options: type[Any] = KubernetesOptions

    def fetch(self, spec: SourceSpec) -> Raw:
        """The file, or a folder's JSON and YAML files. Raises `InputError` when there is none."""
        return Raw(spec, find_files(spec, patterns=_PATTERNS))

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """Accounts, groups, roles where they are bound, and who has them.

        Cost: all access objects of the cluster are in memory; each bound role is written once per
        namespace it is bound in.

        Errs: other authorisers than RBAC are not read, and group membership is not in the export;
        see the documentation for where single rules err.
        """
        options: KubernetesOptions = raw.spec.options
        builder = BatchBuilder(raw.spec)
        cluster = Cluster()
        for file in raw.files:
            read_file(builder, file, cluster)
        subjects = Subjects(builder, strip_prefix=options.strip_prefix, issuer=options.issuer)
        for each in cluster.service_accounts:
            subjects.service_account(each)
        authority = Authority(cluster)
        loader = Loader(builder, authority, subjects)
        for _ in loader.load():
            if builder.full:
                yield builder.take()
        Becoming(
            builder,
            authority,
            subjects,
            instance=loader.instance,
            superusers=loader.superusers,
        ).write(loader.given)
        subjects.finish()
        _note_missing(raw, builder, cluster, loader)
        yield builder.take()


def _note_missing(raw: Raw, builder: BatchBuilder, cluster: Cluster, loader: Loader) -> None:
    lacking = {kind: why for kind, why in _NEEDED.items() if kind not in cluster.kinds}
    hides = dict.fromkeys(lacking, Hides.YES)
    if "ServiceAccount" not in cluster.kinds:
        lacking["ServiceAccount"] = "only those that a binding names are known"
        # A right given to all of them is a right of accounts that nothing lists.
        unseen = loader.serves_every_workload
        hides["ServiceAccount"] = Hides.UNKNOWN if unseen else Hides.NO
    for kind, why in lacking.items():
        builder.issue(
            "missing-part",
            f"{raw.spec.path} has no object of kind {kind}: {why}",
            hides=hides[kind],
            source_id=raw.files[0].source_id,
            subject=kind,
        )


IMPORTER = KubernetesImporter()
