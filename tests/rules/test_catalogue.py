"""What the application catalogue means, and how its mistakes are told."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from sod_analyzer.errors import RulesetError
from sod_analyzer.model.access import APPLICATIONS, PLACEMENTS, SOURCES
from sod_analyzer.rules import Catalogue, load_catalogue

FULL = """\
# Northbank
applications:
  payments:
    title: Payments
    tier: move-money
    owner: Head of Payments
    resources:
      - {system: k8s-prod, resource: payments}
      - {system: github-north, resource: "northbank/payments-*"}
      - {system: k8s-test, resource: payments, environment: test}
  intranet:
    resources:
      - {system: github-north, resource: northbank/intranet}
"""


def loaded(folder: Path, content: str, *, systems: Collection[str] | None = None) -> Catalogue:
    path = folder / "catalogue.yaml"
    path.write_text(content, encoding="utf-8")
    return load_catalogue(path, systems=systems)


def refusal(folder: Path, content: str, *, systems: Collection[str] | None = None) -> list[str]:
    with pytest.raises(RulesetError) as caught:
        loaded(folder, content, systems=systems)
    return [str(problem) for problem in caught.value.problems]


def test_applications_and_placements_become_sorted_tables(tmp_path: Path) -> None:
    tables = loaded(tmp_path, FULL, systems=["k8s-prod", "k8s-test", "github-north"]).tables

    assert tables["applications"].schema == APPLICATIONS
    assert tables["applications"].to_pylist() == [
        {
            "application": "intranet",
            "title": "intranet",
            "tier": None,
            "owner": None,
            "source_id": "catalogue",
            "record": 11,
        },
        {
            "application": "payments",
            "title": "Payments",
            "tier": "move-money",
            "owner": "Head of Payments",
            "source_id": "catalogue",
            "record": 3,
        },
    ]
    assert tables["placements"].schema == PLACEMENTS
    assert [tuple(row.values()) for row in tables["placements"].to_pylist()] == [
        ("intranet", "github-north", "northbank/intranet", None, "catalogue", 13),
        ("payments", "github-north", "northbank/payments-*", None, "catalogue", 9),
        ("payments", "k8s-prod", "payments", None, "catalogue", 8),
        ("payments", "k8s-test", "payments", "test", "catalogue", 10),
    ]


def test_the_file_has_a_row_of_sources_whose_waterfall_adds_up(tmp_path: Path) -> None:
    (source,) = loaded(tmp_path, FULL).tables["sources"].to_pylist()

    assert set(source) == set(SOURCES.names)
    assert (source["source_id"], source["path"], source["kind"], source["record_template"]) == (
        "catalogue",
        "catalogue.yaml",
        "catalogue",
        "line {record}",
    )
    assert (source["lines"], source["continued"], source["parsed"], source["loaded"]) == (
        13,
        7,
        6,
        6,
    )


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    head, _, rest = FULL.partition("  payments:\n")
    payments, _, intranet = rest.partition("  intranet:\n")
    turned = f"{head}  intranet:\n{intranet}  payments:\n{payments}"

    one, other = loaded(tmp_path, FULL).tables, loaded(tmp_path, turned).tables

    for name in ("applications", "placements"):
        assert one[name].drop_columns("record") == other[name].drop_columns("record")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "  payments:",
            "  Payments:",
            "3: applications.Payments: an id is lower-case letters, digits and '-'",
        ),
        (
            "  intranet:",
            "  unmapped:",
            (
                "11: applications.unmapped: this id has a meaning of its own in reports; "
                "choose another"
            ),
        ),
        (
            "  intranet:",
            "  all:",
            "11: applications.all: this id has a meaning of its own in reports; choose another",
        ),
        ("  intranet:", "  payments:", "11: key 'payments' stands twice, first in line 3"),
        (
            "system: k8s-prod",
            "system: k8s-prd",
            (
                "8: applications.payments.resources[0]: system 'k8s-prd' is not declared; "
                "did you mean 'k8s-prod'?"
            ),
        ),
        (
            "resource: payments}",
            "resource: ''}",
            (
                "8: applications.payments.resources[0].resource: is empty; "
                "everything in a system is '*'"
            ),
        ),
        (
            "k8s-test, resource: payments,",
            "k8s-prod, resource: payments,",
            "10: applications.payments.resources[2]: stands twice, first in line 8",
        ),
        (
            "environment: test",
            "environment: ''",
            "10: applications.payments.resources[2].environment: is empty",
        ),
        (
            "environment: test",
            "env: test",
            (
                "10: applications.payments.resources[2]: unknown key 'env'; "
                "known: 'environment', 'resource', 'system'"
            ),
        ),
        ("tier: move-money", "tier: ''", "5: applications.payments.tier: is empty"),
        (
            "\n      - {system: github-north, resource: northbank/intranet}",
            " []",
            (
                "11: applications.intranet.resources: there is none, "
                "so no rule could ever be broken here"
            ),
        ),
        ("applications:", "apps:", "2: key 'applications' is missing"),
    ],
)
def test_each_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in FULL

    messages = refusal(
        tmp_path, FULL.replace(old, new, 1), systems=["github-north", "k8s-prod", "k8s-test"]
    )

    assert f"catalogue.yaml:{message}" in messages
