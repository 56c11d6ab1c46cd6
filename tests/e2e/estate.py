"""A small estate without a flaw, and ways to put one into it.

Two people, a directory with two groups, a cluster that takes its groups from the directory. Ann may
deploy Payments, Bob may grant access to it: nobody both. One rule forbids the combination.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EXTRACTED = "2026-10-30T22:00:00Z"
RBAC = "rbac.authorization.k8s.io"

ROSTER = """\
employee_id,name,email,status
001,Ann Lee,ann@bank.example,active
002,Bob Ray,bob@bank.example,active
"""

DIRECTORY = """\
version: 1

dn: uid=ann,ou=people,dc=bank
objectClass: inetOrgPerson
uid: ann
cn: Ann Lee
sn: Lee
mail: ann@bank.example

dn: uid=bob,ou=people,dc=bank
objectClass: inetOrgPerson
uid: bob
cn: Bob Ray
sn: Ray
mail: bob@bank.example

dn: cn=deployers,ou=groups,dc=bank
objectClass: groupOfNames
cn: deployers
member: uid=ann,ou=people,dc=bank

dn: cn=keepers,ou=groups,dc=bank
objectClass: groupOfNames
cn: keepers
member: uid=bob,ou=people,dc=bank
"""

RULES = """\
ruleset: small
version: 2026.1
owner: IT risk
duties:
  deploy:
    title: Deploy to production
    ways:
      - {product: kubernetes, action: patch deployments.apps, environment: prod}
      - {product: tickets, action: promote, environment: prod}
  keep:
    title: Grant access
    ways:
      - {product: kubernetes, action: create rolebindings.rbac.authorization.k8s.io}
rules:
  SML-01:
    title: Deploy and grant access
    duties: {all_of: [deploy, keep]}
    scope: application
    severity: high
    why: One person lends an account the rights and ships.
    references: {nist-800-53: [AC-5]}
"""

CATALOGUE = """\
applications:
  payments:
    title: Payments
    tier: move-money
    resources:
      - {system: k8s, resource: payments}
"""


def role(name: str, rules: Sequence[Mapping[str, Any]], namespace: str = "payments") -> Any:
    """One Kubernetes Role."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": namespace},
        "rules": list(rules),
    }


def binding(name: str, role_name: str, *subjects: Any, namespace: str = "payments") -> Any:
    """One RoleBinding of a Role to subjects."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": role_name},
        "subjects": list(subjects),
    }


def group(name: str) -> Any:
    """A group as the subject of a binding."""
    return {"kind": "Group", "apiGroup": RBAC, "name": name}


def cluster(*more: Any) -> str:
    """The cluster's access objects as `kubectl` saves them, and some more."""
    viewer = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}
    objects = [
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "node-viewer"},
            "rules": [viewer],
        },
        {
            "apiVersion": f"{RBAC}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "node-viewers"},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": "node-viewer"},
            "subjects": [group("oidc:keepers")],
        },
        role(
            "deployer",
            [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["patch"]}],
        ),
        role(
            "keeper",
            [{"apiGroups": [RBAC], "resources": ["rolebindings"], "verbs": ["create"]}],
        ),
        binding("deployers", "deployer", group("oidc:deployers")),
        binding("keepers", "keeper", group("oidc:keepers")),
        *more,
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}, indent=1)


@dataclass
class Estate:
    """A folder with `sod.yaml` and the exports it names."""

    folder: Path
    config: dict[str, Any] = field(default_factory=dict)

    def write(self, path: str, content: str | bytes) -> Path:
        """Write one file of the estate."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        place.write_bytes(content)
        return place

    def save(self) -> Path:
        """Write `sod.yaml`; JSON is YAML."""
        return self.write("sod.yaml", json.dumps(self.config, indent=1))

    def add(self, system: str, product: str, importer: str, path: str, **more: Any) -> None:
        """Declare one more system with one source of the same name."""
        self.config["systems"][system] = {"product": product, "environment": "prod"}
        self.config["sources"][system] = {
            "system": system,
            "importer": importer,
            "path": path,
            "extracted_at": EXTRACTED,
            **more,
        }
        self.save()


def clean(folder: Path) -> Estate:
    """The estate without a flaw: nothing is missing, and nobody breaks the rule."""
    folder.mkdir(parents=True, exist_ok=True)
    estate = Estate(folder)
    estate.config = {
        "name": "Small bank",
        "as_of": "2026-10-31",
        "ruleset": "rules.yaml",
        "catalogue": "catalogue.yaml",
        "systems": {
            "hr": {"product": "hr"},
            "ldap": {"product": "ldap"},
            "k8s": {
                "product": "kubernetes",
                "environment": "prod",
                "groups_from": {"system": "ldap", "prefix": "oidc:"},
            },
        },
        "sources": {
            name: {"system": name, "importer": importer, "path": path, "extracted_at": EXTRACTED}
            for name, importer, path in (
                ("hr", "hr", "hr/roster.csv"),
                ("ldap", "ldif", "ldap/directory.ldif"),
                ("k8s", "kubernetes", "k8s/access.json"),
            )
        },
    }
    estate.save()
    estate.write("rules.yaml", RULES)
    estate.write("catalogue.yaml", CATALOGUE)
    estate.write("hr/roster.csv", ROSTER)
    estate.write("ldap/directory.ldif", DIRECTORY)
    estate.write("k8s/access.json", cluster())
    return estate
