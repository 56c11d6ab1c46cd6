"""Writes a ruleset around one rule, for tests about what a rule can say."""

from __future__ import annotations

from pathlib import Path

import pytest

from sod_analyzer.errors import RulesetError
from sod_analyzer.model.ruleset import Rule, Ruleset
from sod_analyzer.rules import load_ruleset

HEAD = """\
ruleset: lang
version: 1
owner: me
approved: {by: Board, on: 2026-10-01, digest: 9f2c}
controls:
  CC-WATCH:
    title: Somebody watches
    needs: [a log]
    frequency: weekly
    references: {soc2: [CC7.2]}
duties:
  commit: {title: Commit code, ways: [{product: git, action: push}]}
  deploy:
    title: Deploy
    ways:
      - {product: k8s, action: patch, environment: prod}
      - {product: k8s, action: exec, environment: test}
      - all_of:
          - {product: cloud, action: run}
          - {product: cloud, action: pass, any_scope: true}
  release: {title: Release it, ways: [{product: k8s, action: release}]}
  change: {title: SSH or change, includes: [commit, release], ways: [{product: k8s, action: ssh}]}
  everything: {title: Everything, ways: [{product: k8s, action: "*"}]}
  look: {title: Look, ways: [{product: k8s, action: [get, list]}, {product: git, action: pull}]}
  iam: {title: Grant, ways: [{product: cloud, action: "iam:*", system: c1, except: "iam:Get*"}]}
rules:
"""
TAIL = "    severity: high\n    why: Loss.\n    references: {soc2: [CC6.3]}\n"


def ruled(*keys: str, scope: str = "application", rule: str = "R1-01") -> str:
    """One rule with these lines."""
    lines = "".join(f"    {key}\n" for key in keys)
    return f"  {rule}:\n    title: Rule {rule}\n{lines}    scope: {scope}\n{TAIL}"


def loaded(folder: Path, *rules: str, head: str = HEAD) -> Ruleset:
    path = folder / "rules.yaml"
    path.write_text(head + "".join(rules), encoding="utf-8")
    return load_ruleset(path)


def one(folder: Path, *keys: str, scope: str = "application") -> Rule:
    (rule,) = loaded(folder, ruled(*keys, scope=scope)).rules
    return rule


def refusal(folder: Path, *keys: str, scope: str = "application", head: str = HEAD) -> list[str]:
    """What is said of the one rule, without the place."""
    with pytest.raises(RulesetError) as caught:
        loaded(folder, ruled(*keys, scope=scope), head=head)
    return [problem.text for problem in caught.value.problems]


def ways(ruleset: Ruleset, duty: str) -> list[str]:
    return [f"{way.origin}: {way}" for way in ruleset.duty[duty].ways]
