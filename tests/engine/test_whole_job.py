"""The stages joined: what one finds open, the next must hear of."""

from __future__ import annotations

from pathlib import Path

from sod_analyzer import pipeline
from sod_analyzer.config import load_config
from sod_analyzer.pipeline import Judged
from sod_analyzer.rules import load_ruleset
from tests.engine.kit import verdicts

CONFIG = """\
name: Two systems
as_of: 2026-10-31
ruleset: rules.yaml
catalogue: catalogue.yaml
systems:
  hr: {product: hr}
  git: {product: forge}
  ship: {product: ship}
sources:
  people: {system: hr, importer: hr, path: people.csv, extracted_at: 2026-10-31T01:00:00Z}
  git:
    system: git
    importer: csv
    path: git.csv
    extracted_at: 2026-10-31T01:00:00Z
    relation: access
    columns: {account: login, employee_id: number, permission: act, resource: on}
  ship:
    system: ship
    importer: csv
    path: ship.csv
    extracted_at: 2026-10-31T01:00:00Z
    relation: access
    columns: {account: login, employee_id: number, permission: act, resource: on}
"""
CATALOGUE = """\
applications:
  pay:
    title: Pay
    tier: gold
    owner: Ann
    resources:
      - {system: git, resource: pay}
      - {system: ship, resource: pay}
"""
RULES = """\
ruleset: small
title: Small
version: 1
owner: me
duties:
  push: {title: Change code, why: w, ways: [{product: forge, action: push}]}
  ship: {title: Ship, why: w, ways: [{product: ship, action: ship}]}
rules:
  DEV-01:
    title: Change code and ship it
    slug: change-and-ship
    duties: {all_of: [push, ship]}
    scope: application
    severity: {default: high, tier: {gold: critical}}
    why: Nobody else looks.
    false_positives: [None known.]
    controls: {allowed: [C-1], max_days: 30}
    references: {soc2: [CC6.3]}
    status: stable
    since: "1"
"""
HEAD = "login,number,act,on\n"


def judged(folder: Path, *, config: str = CONFIG, **files: str | None) -> Judged:
    """The small bank with these files; None leaves one out."""
    written = {
        "people.csv": "employee_id,name,status\n1,Ann,active\n2,Bob,active\n",
        "git.csv": HEAD + "ann,1,push,pay\nbob,2,push,pay\n",
        "ship.csv": HEAD + "ann,1,ship,pay\n",
        **{f"{name}.csv": text for name, text in files.items()},
    }
    for name, text in written.items():
        if text is not None:
            (folder / name).write_text(text, encoding="utf-8")
    (folder / "sod.yaml").write_text(config, encoding="utf-8")
    (folder / "catalogue.yaml").write_text(CATALOGUE, encoding="utf-8")
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    settings = load_config(folder / "sod.yaml")
    return pipeline.judge(
        settings, pipeline.import_exports(settings), load_ruleset(folder / "rules.yaml")
    )


def test_a_conflict_is_found_across_files_and_nobody_else_has_one(tmp_path: Path) -> None:
    got = judged(tmp_path)

    assert verdicts(got.analysis) == {("hr:1", "pay"): "violation"}
    assert got.completeness.completeness.complete


def test_what_a_missing_file_would_have_said_is_not_evaluable_for_anybody(tmp_path: Path) -> None:
    """The right to ship is known from nowhere else, so the duty is dead as well."""
    got = judged(tmp_path, ship=None)

    assert verdicts(got.analysis) == {
        ("hr:1", "pay"): "not-evaluable",
        ("hr:2", "pay"): "not-evaluable",
    }
    open_ = {gap.kind for gap in got.completeness.gaps if gap.accepted is None}
    assert open_ >= {"missing-source", "dead-duty"}


def test_a_second_missing_file_of_a_system_makes_it_unknown_too(tmp_path: Path) -> None:
    """One of two files is there, so the duty lives; who else has it is still unknown."""
    more = CONFIG + (
        "  ship-2: {system: ship, importer: csv, path: ship2.csv, relation: access,\n"
        "    extracted_at: 2026-10-31T01:00:00Z,\n"
        "    columns: {account: login, permission: act, resource: on}}\n"
    )

    got = judged(tmp_path, config=more)

    assert verdicts(got.analysis) == {
        ("hr:1", "pay"): "violation",
        ("hr:2", "pay"): "not-evaluable",
    }


def test_a_resource_that_no_application_claims_leaves_the_input_incomplete(tmp_path: Path) -> None:
    got = judged(tmp_path, ship=HEAD + "ann,1,ship,pay\nbob,2,ship,lost\n")

    open_ = [gap.gap_id for gap in got.completeness.gaps if gap.accepted is None]
    assert open_ == ["unmapped-resource:ship:lost"]
    assert not got.completeness.completeness.complete


def test_who_is_in_groups_that_a_missing_directory_fills_is_unknown(tmp_path: Path) -> None:
    """Bob pushes and Ann ships; whether Ann is in a group that pushes only the directory knows."""
    directory = CONFIG + (
        "  directory: {system: dir, importer: csv, path: directory.csv, relation: membership,\n"
        "    extracted_at: 2026-10-31T01:00:00Z, columns: {account: login, group: of}}\n"
    )
    alone = directory.replace("ship}\nsources", "ship}\n  dir: {product: directory}\nsources")
    fed = alone.replace("forge}", 'forge, groups_from: {system: dir, prefix: ""}}')
    files = {"git": HEAD + "bob,2,push,pay\n", "ship": HEAD + "ann,1,ship,pay\n"}

    assert verdicts(judged(tmp_path, config=alone, **files).analysis) == {}
    assert verdicts(judged(tmp_path, config=fed, **files).analysis) == {
        ("hr:1", "pay"): "not-evaluable"
    }
