"""What the tool is told about a world."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from tests.benchmarks.world.laws import Laws
from tests.benchmarks.world.rights import application

AS_OF = date(2026, 10, 31)

_HEAD = """\
name: Benchmark
as_of: 2026-10-31
ruleset: rules.yaml
catalogue: catalogue.yaml
systems:
  hr: {product: hr}
  core: {product: core-banking, environment: prod}
sources:
  people:
    system: hr
    importer: hr
    path: people.csv
    extracted_at: 2026-10-31T00:00:00Z
"""

_TABLES = {
    "accounts": "account: login, employee_id: employee_id, enabled: enabled",
    "members": (
        "account: login, group: group, valid_until: valid_until, condition: condition, "
        "self_granted: self_granted"
    ),
    "nesting": "member: group, group: parent",
    "rights": "group: group, permission: right, resource: resource",
}


def write_config(folder: Path, laws: Laws, *, applications: int, form: str) -> None:
    """sod.yaml, rules.yaml and catalogue.yaml."""
    sources = "".join(
        f"  {name}:\n    system: core\n    importer: {form}\n    path: {name}.{form}\n"
        f"    extracted_at: 2026-10-31T00:00:00Z\n    columns: {{{columns}}}\n"
        for name, columns in _TABLES.items()
    )
    folder.joinpath("sod.yaml").write_text(_HEAD + sources, encoding="utf-8")
    folder.joinpath("rules.yaml").write_text(laws.yaml(), encoding="utf-8")
    folder.joinpath("catalogue.yaml").write_text(_catalogue(applications), encoding="utf-8")


def _catalogue(applications: int) -> str:
    """Every application with what lies below it; or one that claims everything."""
    if applications == 0:
        return 'applications:\n  bank:\n    resources:\n      - {system: core, resource: "*"}\n'
    return "applications:\n" + "".join(
        f"  {name}:\n    resources:\n      - {{system: core, resource: {name}}}\n"
        f'      - {{system: core, resource: "{name}/*"}}\n'
        for name in map(application, range(applications))
    )
