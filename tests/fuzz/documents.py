"""Whole documents to damage: the repository's samples, and real exports where these are there."""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from sod_analyzer import plugins
from sod_analyzer.config import load_config, source_spec, validate_options
from sod_analyzer.errors import SourceRef
from sod_analyzer.importers.tabular.options import Columns
from sod_analyzer.model.batch import SourceSpec
from tests.conftest import ROOT

IMPORTERS = ("aws", "csv", "excel", "github", "hr", "json", "kubernetes", "ldif", "parquet")
AWS = "aws-reader"
#: Long documents add time and no kinds of damage.
_LINES = 40
_BYTES = 60_000
_ELEMENTS = 6
_FILES = 16
_NUMBER = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")

_HEADER = ("Login", "Right", "Where", "Until")
_ROWS: tuple[tuple[str, ...], ...] = (
    ("ann", "open", "vault", "2027-01-31"),
    ("007", "=1+1", "NA", ""),
    ("", "close", "vault", "soon"),
    ("bob", "open", "gate", "2026-02-30"),
    ("ann", "open", "vault", "2027-01-31"),
)
_COLUMNS = Columns(account="Login", permission="Right", resource="Where", valid_until="Until")


@dataclass(frozen=True)
class Start:
    """A document as files by path, and how a configuration would have it read."""

    name: str
    files: Mapping[str, bytes]
    spec: SourceSpec | None  # none for what is read from Python


def starts(importer: str, real: Path | None) -> tuple[Start, ...]:
    """Every whole document of one importer, by name; real ones too where their folder is given."""
    found = list(_own(importer))
    if real is not None:
        found += _real(importer, real)
    return tuple(sorted(found, key=lambda start: start.name))


def _spec(importer: str, path: str, **options: Any) -> SourceSpec:
    known = plugins.importer(importer, builtin_only=True).options
    return SourceSpec(
        source_id="sample",
        system="sample",
        product="sample",
        importer=importer,
        path=path,
        base=Path(),
        options=known(**options),
        where=SourceRef("sod.yaml", 1),
    )


def _own(importer: str) -> Iterator[Start]:
    for config in sorted((ROOT / "samples").glob("*/sod.yaml")):
        loaded = load_config(config)
        for entry in loaded.sources:
            if entry.importer == importer:
                known = plugins.importer(importer, builtin_only=True).options
                spec = source_spec(loaded, entry, validate_options(entry, known))
                files = _files(config.parent, config.parent / spec.path)
                yield Start(f"{config.parent.name}-{entry.source_id}", files, spec)
    if importer == "excel":
        spec = _spec(importer, "a.xlsx", sheet="Access", columns=_COLUMNS)
        yield Start("own-book", {"a.xlsx": _book()}, spec)
    if importer == "parquet":
        sink = pa.BufferOutputStream()
        cells = [list(column) for column in zip(*_ROWS, strict=True)]
        pq.write_table(pa.table(cells, names=list(_HEADER)), sink)
        content = sink.getvalue().to_pybytes()
        yield Start(
            "own-columns", {"a.parquet": content}, _spec(importer, "a.parquet", columns=_COLUMNS)
        )
    if importer == "json":
        rows = [dict(zip(_HEADER, row, strict=True)) for row in _ROWS]
        spec = _spec(importer, "a.json", records="rows", columns=_COLUMNS)
        yield Start("own-rows", {"a.json": json.dumps({"rows": rows}).encode()}, spec)
        lines = b"\n".join(json.dumps(row).encode() for row in rows)
        yield Start(
            "own-lines",
            {"a.jsonl": lines},
            _spec(importer, "a.jsonl", records="$", columns=_COLUMNS),
        )
    if importer == "kubernetes":
        spec = _spec(importer, "k", issuer="https://oidc.example/id/1")
        files = {name: json.dumps(each).encode() for name, each in _cluster().items()}
        yield Start("own-cluster", files, spec)
    if importer == "aws":
        content = json.dumps(_account()).encode()
        yield Start("own-account", {"a.json": content}, _spec(importer, "a.json"))
    if importer == AWS:
        yield Start("own-account", {"a.json": json.dumps(_account()).encode()}, None)


def _book() -> bytes:
    made = openpyxl.Workbook()
    sheet = made.create_sheet("Access", 0)
    for row in (_HEADER, *_ROWS):
        sheet.append(row)
    sink = io.BytesIO()
    made.save(sink)
    return sink.getvalue()


def _policy(*actions: str, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": [*actions], "Resource": ["*"], **more}
    return {"Version": "2012-10-17", "Statement": [statement]}


def _account() -> dict[str, Any]:
    """An account with each kind of record and of policy."""
    arn = "arn:aws:iam::111122223333"
    second = {
        "Bool": {"aws:MultiFactorAuthPresent": "true"},
        "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
    }
    trust = _policy(
        "sts:AssumeRole", Principal={"AWS": [f"{arn}:user/ann"], "Service": "ec2.amazonaws.com"}
    )
    del trust["Statement"][0]["Resource"]
    attached = {"PolicyName": "p", "PolicyArn": f"{arn}:policy/p"}
    version = {
        "VersionId": "v1",
        "IsDefaultVersion": True,
        "Document": _policy("iam:*", Condition=second),
    }
    ann = {
        "UserName": "ann",
        "Arn": f"{arn}:user/ann",
        "GroupList": ["ops"],
        "Tags": [{"Key": "team", "Value": "a"}],
        "UserPolicyList": [
            {"PolicyName": "own", "PolicyDocument": _policy("s3:Get*", "iam:PassRole")}
        ],
        "PermissionsBoundary": {"PermissionsBoundaryArn": f"{arn}:policy/p"},
        "AttachedManagedPolicies": [attached],
    }
    ops = {
        "GroupName": "ops",
        "Arn": f"{arn}:group/ops",
        "GroupPolicyList": [{"PolicyName": "g", "PolicyDocument": _policy("lambda:*")}],
        "AttachedManagedPolicies": [],
    }
    role = {
        "RoleName": "run",
        "Arn": f"{arn}:role/run",
        "AssumeRolePolicyDocument": trust,
        "RolePolicyList": [],
        "AttachedManagedPolicies": [attached],
    }
    managed = {
        **attached,
        "Arn": f"{arn}:policy/p",
        "DefaultVersionId": "v1",
        "PolicyVersionList": [version],
    }
    return {
        "UserDetailList": [ann],
        "GroupDetailList": [ops],
        "RoleDetailList": [role],
        "Policies": [managed],
    }


def _cluster() -> dict[str, Any]:
    """A cluster with each kind of object and entry, and rights that lead somewhere."""

    def made(kind: str, name: str, space: str | None = "pay", **more: Any) -> dict[str, Any]:
        notes = {
            "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/run",
            "kubernetes.io/service-account.name": "ci",
        }
        metadata = {"name": name, "annotations": notes, "labels": {"l": "1"}}
        metadata |= {"namespace": space} if space else {}
        return {"kind": kind, "metadata": metadata, **more}

    verbs = ["create", "update", "bind", "escalate", "impersonate", "get"]
    names = ["pods", "secrets", "roles", "clusterroles", "rolebindings", "users", "groups"]
    rule = {"verbs": verbs, "apiGroups": ["", "rbac.authorization.k8s.io"], "resources": names}
    ref = {"kind": "ClusterRole", "name": "r"}
    who = [{"kind": "User", "name": "ann"}, {"kind": "Group", "name": "devs"}]
    selectors = {"clusterRoleSelectors": [{"matchLabels": {"l": "1"}}]}
    template = {"template": {"spec": {"serviceAccountName": "ci"}}}
    entries = "- rolearn: arn:aws:iam::111122223333:role/run\n  groups: [devs]\n"
    objects = [
        made("ClusterRole", "r", None, rules=[rule], aggregationRule=selectors),
        made("Role", "r", rules=[rule]),
        made("ClusterRoleBinding", "b", None, roleRef=ref, subjects=who),
        made("RoleBinding", "b", roleRef=ref | {"kind": "Role"}, subjects=who),
        made("ServiceAccount", "ci"),
        made("Pod", "web", spec={"serviceAccountName": "ci"}),
        made("Deployment", "web", apiVersion="apps/v1", spec=template),
        made("CronJob", "tick", apiVersion="batch/v1", spec={"jobTemplate": {"spec": template}}),
        made("Secret", "t", type="kubernetes.io/service-account-token"),
        made("ConfigMap", "aws-auth", "kube-system", data={"mapRoles": entries}),
    ]
    arn = "arn:aws:iam::111122223333:role/run"
    scope = {"type": "namespace", "namespaces": ["pay"]}
    policy = {"policyArn": "arn:aws:eks::aws:p/AmazonEKSEditPolicy", "accessScope": scope}
    return {
        "k/all.json": {"kind": "List", "items": objects},
        "k/entry.json": {"accessEntry": {"principalArn": arn, "kubernetesGroups": ["devs"]}},
        "k/pods.json": {
            "association": {
                "clusterName": "prod",
                "namespace": "pay",
                "serviceAccount": "ci",
                "roleArn": arn,
                "associationArn": "arn:aws:eks:eu-west-1:111122223333:podidentityassociation/a",
            }
        },
        "k/policy.json": {"principalArn": arn, "associatedAccessPolicies": [policy]},
    }


def _real(importer: str, real: Path) -> Iterator[Start]:
    if importer == "ldif":
        known = [file for file in real.glob("ldif_*/*") if file.suffix in {".ldif", ".out"}]
        yield from _single(known, _spec(importer, "a.ldif"))
    elif importer == "kubernetes":
        yield from _single((real / "kubernetes").glob("*.json"), _spec(importer, "a.json"))
    elif importer == "json":
        columns = Columns(group="sso_group_name", permission="level", resource="^.name")
        spec = _spec(importer, "a.json", records="environments[].access[]", columns=columns)
        every = sorted((real / "moj_environments" / "environments").glob("*.json"))
        yield from _single(every[:20], spec)
    elif importer == "github":
        folder = real / "github_api"
        files = {f"gh/{to}": _short(folder / name) for to, name in _GITHUB.items()}
        yield Start("real-answers", files, _spec(importer, "gh"))
    elif importer in {"aws", AWS}:
        every = [
            file for file in (real / "aws").rglob("*.json") if file.name != "expectations.json"
        ]
        systems = dict.fromkeys(_numbers(every), "sample")
        alone = _spec("aws", "a.json", accounts=systems)
        yield from _single(every, alone if importer == "aws" else None)


def _single(files: Iterable[Path], spec: SourceSpec | None) -> Iterator[Start]:
    """Each file as a document by itself."""
    for file in sorted(files):
        name = spec.path if spec is not None else "a.json"
        yield Start(f"real-{file.parent.name}-{file.stem}", {name: _short(file)}, spec)


def _numbers(files: Iterable[Path]) -> list[str]:
    """Numbers of accounts that files are about."""
    found = {number for file in files for number in _NUMBER.findall(file.read_text("utf-8"))}
    return sorted(found)


_GITHUB: Mapping[str, str] = {
    "org.json": "org.json",
    "repos.json": "repositories.json",
    "members.json": "org-role-users.json",
    "owners.json": "repo-collaborators.json",
    "teams.json": "repo-teams.json",
    "teams/justice-league/members.json": "org-role-users.json",
    "repos/Hello-World/teams.json": "repo-teams.json",
    "repos/Hello-World/collaborators.json": "repo-collaborators.json",
    "organization-roles.json": "org-roles.json",
    "organization-roles/8030/users.json": "org-role-users.json",
}


def _files(base: Path, path: Path) -> dict[str, bytes]:
    every = sorted(path.rglob("*"))[:_FILES] if path.is_dir() else [path]
    return {str(file.relative_to(base)): _short(file) for file in every if file.is_file()}


@functools.cache
def _short(file: Path) -> bytes:
    """A file's beginning, or its tree with a few elements of each list."""
    content = file.read_bytes()
    if file.suffix == ".json":
        return json.dumps(_fewer(json.loads(content))).encode()
    return b"\n".join(content.split(b"\n")[: _LINES * 5 if file.suffix != ".csv" else _LINES])[
        :_BYTES
    ]


def _fewer(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _fewer(value) for key, value in tree.items()}
    return [_fewer(each) for each in tree[:_ELEMENTS]] if isinstance(tree, list) else tree
