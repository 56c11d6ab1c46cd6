"""What was approved, whether it still is what is used, and what changed since."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from sod_analyzer.errors import RulesetError, SourceRef
from sod_analyzer.model.access import SYSTEMS
from sod_analyzer.model.finding import APPROVALS
from sod_analyzer.model.ruleset import Approval
from sod_analyzer.model.settings import ALIASES
from sod_analyzer.rules import builtin_rulesets, load_catalogue, load_ruleset
from sod_analyzer.rules.approvals import (
    Approvable,
    Approvals,
    What,
    approve,
    find_what,
    load_approvals,
    of_aliases,
    of_catalogue,
    of_gaps,
    of_register,
    of_ruleset,
    of_systems,
    standing,
)
from sod_analyzer.rules.register import load_register
from tests.rules.test_register import FULL

DAY = date(2026, 10, 1)
CATALOGUE = """\
applications:
  payments:
    tier: move-money
    resources:
      - {system: k8s-prod, resource: payments}
      - {system: github, resource: acme/payments}
"""
RULESET = """\
ruleset: bank
version: 2026.1
owner: IT risk
duties:
  commit: {title: Commit code, ways: [{product: github, action: push}]}
  deploy: {title: Deploy, ways: [{product: kubernetes, action: patch deployments.apps}]}
rules:
  DEV-01:
    title: Commit code and deploy it
    duties: {all_of: [commit, deploy]}
    scope: application
    severity: high
    why: Nobody else looks.
    references: {sox: ["404"]}
"""


class Gap:
    """One accepted gap, as the configuration gives it."""

    gap = "source-missing:old-erp"
    owner = "IT risk"
    reason = "sold"
    most: int | None = None
    where = SourceRef("sod.yaml", 3)

    def __init__(self, until: date) -> None:
        self.until = until


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def ruleset(folder: Path, text: str = RULESET) -> Approvable:
    return of_ruleset(load_ruleset(written(folder, "bank.yaml", text)))


def catalogue(folder: Path, text: str = CATALOGUE) -> Approvable:
    return of_catalogue(load_catalogue(written(folder, "catalogue.yaml", text)))


def register(folder: Path, text: str = FULL) -> Approvable:
    return of_register(load_register(written(folder, "mitigations.yaml", text)))


def aliases(folder: Path, text: str = "E1") -> Approvable:
    row = {"account": "ldap:ann", "employee_id": text, "since": "2026", "why": "married"}
    return of_aliases("aliases.csv", pa.Table.from_pylist([row], schema=ALIASES), b"account\n")


def systems(folder: Path, text: str = "in-scope") -> Approvable:
    row = {"system": "k8s-prod", "product": "kubernetes", "scope": text}
    return of_systems("sod.yaml", pa.Table.from_pylist([row], schema=SYSTEMS))


def gaps(folder: Path, text: str = "2026-12-31") -> Approvable:
    return of_gaps("sod.yaml", [Gap(date.fromisoformat(text))])


# Each: how it is read, another version of it, and the lines that tell the two apart.
KINDS: list[tuple[Callable[..., Approvable], str, list[str]]] = [
    (
        ruleset,
        RULESET.replace("severity: high", "severity: critical").replace("2026.1", "2026.2"),
        ["~ rule DEV-01 severity: high -> critical", "~ ruleset version: 2026.1 -> 2026.2"],
    ),
    (
        catalogue,
        CATALOGUE.replace("move-money", "core").replace("acme/payments", "acme/pay-*"),
        [
            "+ payments.resources: {resource: acme/pay-*, system: github}",
            "- payments.resources: {resource: acme/payments, system: github}",
            "~ payments.tier: move-money -> core",
        ],
    ),
    (aliases, "E2", ["+ ldap:ann = E2: {since: 2026, why: married}"]),
    (
        register,
        FULL.replace("weekly", "monthly"),
        [
            f"~ M-001 {person} in {place}.frequency_days: 7 -> 31"
            for person in ("E1001", "E1002")
            for place in ("lending", "payments")
        ],
    ),
    (systems, "out-of-scope", ["~ k8s-prod.scope: in-scope -> out-of-scope"]),
    (gaps, "2027-12-31", ["~ source-missing:old-erp.until: 2026-12-31 -> 2027-12-31"]),
]


@pytest.mark.parametrize(("read", "other", "lines"), KINDS)
def test_each_kind_is_approved_until_it_changes_and_the_change_is_told(
    tmp_path: Path, read: Callable[..., Approvable], other: str, lines: list[str]
) -> None:
    folder = tmp_path / "approvals"
    then = read(tmp_path)
    before = standing(load_approvals(folder), then)
    approve(folder, [then], by="Change Advisory Board", on=DAY)
    approvals = load_approvals(folder)
    now = read(tmp_path, other)

    assert list(before) == APPROVALS.names
    assert (before["state"], before["by"], before["changes"]) == ("not approved", None, None)
    assert standing(approvals, read(tmp_path)) == {
        "what": str(then.what),
        "name": then.name,
        "state": "approved",
        "by": "Change Advisory Board",
        "on": DAY,
        "approved_digest": then.digest,
        "digest": then.digest,
        "changes": None,
    }
    row = standing(approvals, now)
    assert (row["state"], row["approved_digest"]) == ("changed since approval", then.digest)
    told = row["changes"].split("\n")
    assert [line for line in lines if line not in told] == []
    assert len(told) == len(lines) + (read is aliases)


@pytest.mark.parametrize(
    ("read", "old", "new"),
    [
        (ruleset, "version:", "# nothing new\nversion:"),
        (
            ruleset,
            "severity: high\n    why: Nobody else looks.",
            "why: Nobody else looks.\n    severity: high",
        ),
        (
            catalogue,
            (
                "      - {system: k8s-prod, resource: payments}\n"
                "      - {system: github, resource: acme/payments}\n"
            ),
            (
                "      - {system: github, resource: acme/payments}\n"
                "      # here it runs\n"
                "      - {resource: payments, system: k8s-prod}\n"
            ),
        ),
        (register, "# What we", "# Which"),
        (register, "last_performed: 2026-10-25", "last_performed: 2026-10-30"),
    ],
)
def test_comments_and_order_and_a_performed_control_do_not_undo_an_approval(
    tmp_path: Path, read: Callable[..., Approvable], old: str, new: str
) -> None:
    text = {ruleset: RULESET, catalogue: CATALOGUE, register: FULL}[read]
    assert old in text
    approvals = approve(tmp_path / "approvals", [read(tmp_path)], by="CAB", on=DAY)

    assert standing(approvals, read(tmp_path, text.replace(old, new)))["state"] == "approved"


def test_the_folder_holds_the_text_as_it_was_approved(tmp_path: Path) -> None:
    folder, then = tmp_path / "approvals", ruleset(tmp_path)

    approve(folder, [then, systems(tmp_path)], by="CAB", on=DAY)

    short = then.digest[:12]
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "approvals.yaml",
        f"ruleset-{short}.meaning.json",
        f"ruleset-{short}.yaml",
        f"systems-{systems(tmp_path).digest[:12]}.meaning.json",
    ]
    assert (folder / f"ruleset-{short}.yaml").read_text(encoding="utf-8") == RULESET


def test_a_further_approval_leaves_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "approvals"
    approve(folder, [ruleset(tmp_path), gaps(tmp_path)], by="CAB", on=DAY)

    approve(folder, [gaps(tmp_path, "2027-01-31")], by="Audit\n'\"\u202e", on=date(2026, 11, 1))

    found = load_approvals(folder).approved
    assert {what: (each.by, each.on) for what, each in found.items()} == {
        What.ACCEPTED_GAPS: ("Audit\n'\"\u202e", date(2026, 11, 1)),
        What.RULESET: ("CAB", DAY),
    }
    assert standing(load_approvals(folder), ruleset(tmp_path))["state"] == "approved"


def test_the_same_approval_gives_the_same_bytes(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    things = [ruleset(tmp_path), register(tmp_path)]

    approve(one, things, by="CAB", on=DAY)
    approve(other, things[::-1], by="CAB", on=DAY)

    assert {p.name: p.read_bytes() for p in one.iterdir()} == {
        p.name: p.read_bytes() for p in other.iterdir()
    }


@pytest.mark.parametrize("name", sorted(builtin_rulesets()))
def test_every_ruleset_that_comes_along_is_compared_without_loss(tmp_path: Path, name: str) -> None:
    then = load_ruleset(builtin_rulesets()[name])
    approvals = approve(tmp_path, [of_ruleset(then)], by="CAB", on=DAY)
    rule = then.rules[0]
    now = replace(then, rules=(replace(rule, title="Other"), *then.rules[1:]), digest="new")

    row = standing(load_approvals(tmp_path), of_ruleset(now))

    assert standing(approvals, of_ruleset(then))["state"] == "approved"
    assert row["changes"] == f"~ rule {rule.rule_id} title: {rule.title} -> Other"


# -- an approval inside the text -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("inline", "stored", "state"),
    [
        ((DAY, "same"), None, "approved"),
        ((DAY, "other"), None, "changed since approval"),
        ((date(2026, 9, 1), "other"), "same", "approved"),
        ((DAY, "other"), "same", "changed since approval"),
        ((date(2026, 11, 1), "other"), "same", "changed since approval"),
        ((date(2026, 11, 1), "same"), "other", "approved"),
        ((date(2026, 9, 1), "same"), "other", "changed since approval"),
    ],
)
def test_of_two_approvals_the_later_counts(
    tmp_path: Path, inline: tuple[date, str], stored: str | None, state: str
) -> None:
    now = ruleset(tmp_path)
    before = ruleset(tmp_path, RULESET.replace("severity: high", "severity: low"))
    approvals = Approvals()
    if stored is not None:
        approvals = approve(tmp_path, [now if stored == "same" else before], by="CAB", on=DAY)
    on, which = inline
    claimed = Approval("Board", on, now.digest if which == "same" else "0" * 64)

    row = standing(approvals, replace(now, inline=claimed))

    assert row["state"] == state
    assert (row["changes"] is None) == (state == "approved")


# -- damage ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["gone", "changed", "cut", "deep"])
def test_a_lost_copy_hides_the_change_but_not_that_there_is_one(
    tmp_path: Path, damage: str
) -> None:
    approve(tmp_path, [gaps(tmp_path)], by="CAB", on=DAY)
    (path,) = tmp_path.glob("*.meaning.json")
    if damage == "gone":
        path.unlink()
    else:
        text = path.read_text(encoding="utf-8")
        told: dict[str, Any] = {
            "changed": text.replace("sold", "lost"),
            "cut": text[:9],
            "deep": "[" * 100_000,
        }
        path.write_text(told[damage], encoding="utf-8")

    row = standing(load_approvals(tmp_path), gaps(tmp_path, "2027-01-01"))

    assert row["state"] == "changed since approval"
    assert row["changes"] == (
        f"~ what changed is not known: the copy {path.name} is lost or damaged"
    )
    assert standing(load_approvals(tmp_path), gaps(tmp_path))["state"] == "approved"


def test_a_copy_of_another_form_does_not_break_the_answer(tmp_path: Path) -> None:
    approvals = approve(tmp_path, [ruleset(tmp_path)], by="CAB", on=DAY)
    old = approvals.approved[What.RULESET]
    strange = Approvals({What.RULESET: replace(old, meaning={"name": 3}, digest="old")})

    row = standing(strange, ruleset(tmp_path))

    assert (row["state"], row["changes"]) == (
        "changed since approval",
        "~ the digest is formed in another way; approve it again",
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'meaning: "accepted',
            'meaning: "../accepted',
            "approvals/approvals.yaml:3: approvals.accepted-gaps.meaning: must be a file in this",
        ),
        ('by: "CAB"', 'by: ""', "approvals/approvals.yaml:3: approvals.accepted-gaps.by: is empty"),
        (
            "  accepted-gaps:",
            "  accepted-gap:",
            "approvals/approvals.yaml:3: approvals: unknown key 'accepted-gap'; did you mean",
        ),
        ("2026-10-01", "soon", "approvals/approvals.yaml:6: approvals.accepted-gaps.on: 'soon' is"),
    ],
)
def test_a_wrong_index_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    folder = tmp_path / "approvals"
    approve(folder, [gaps(tmp_path)], by="CAB", on=DAY)
    path = folder / "approvals.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")

    with pytest.raises(RulesetError) as caught:
        load_approvals(folder)

    assert str(caught.value).startswith(message)


def test_an_approval_names_who_gives_it(tmp_path: Path) -> None:
    with pytest.raises(RulesetError, match="needs the name"):
        approve(tmp_path, [gaps(tmp_path)], by=" ", on=DAY)

    assert list(tmp_path.iterdir()) == []


def test_an_approval_that_cannot_be_written_has_not_happened(tmp_path: Path) -> None:
    folder = tmp_path / "approvals"
    approve(folder, [gaps(tmp_path)], by="CAB", on=DAY)
    before = (folder / "approvals.yaml").read_bytes()
    later = gaps(tmp_path, "2027-01-31")
    (folder / f"accepted-gaps-{later.digest[:12]}.meaning.json").mkdir()

    with pytest.raises(RulesetError, match="cannot be written"):
        approve(folder, [later], by="CAB", on=DAY)

    assert (folder / "approvals.yaml").read_bytes() == before
    assert [path for path in folder.iterdir() if path.name.startswith(".")] == []


def test_only_what_is_known_can_be_approved() -> None:
    assert find_what("catalogue") is What.CATALOGUE
    with pytest.raises(RulesetError, match="did you mean 'catalogue'"):
        find_what("catalog")


def test_what_is_stored_is_what_json_can_hold(tmp_path: Path) -> None:
    for read, *_ in KINDS:
        meaning = read(tmp_path).meaning

        assert json.loads(json.dumps(meaning)) == meaning
