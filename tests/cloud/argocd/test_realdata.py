"""Policies that the project Argo CD publishes."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sod_analyzer.cloud.argocd.lines import Lines, read
from sod_analyzer.cloud.argocd.policy import Mode, built_in, warnings_of
from sod_analyzer.evaluate import argocd
from sod_analyzer.evaluate.argocd import Answer

pytestmark = pytest.mark.realdata


def lines(folder: Path, name: str) -> Lines:
    return read([(name, (folder / "argocd" / name).read_text(encoding="utf-8"))])


def test_every_file_is_read(realdata: Path) -> None:
    folder = realdata / "argocd"
    tables = sorted(folder.glob("*.csv"))
    objects = sorted(folder.glob("*.yaml"))
    assert len(tables) == len(objects) == 2

    for path in tables:
        found = lines(realdata, path.name)
        stated = [each for each in path.read_text("utf-8").splitlines() if each[:2] in ("p,", "g,")]
        assert found.refused == ()
        assert len(found.rules) + len(found.groupings) == len(stated) > 0
        assert list(warnings_of(found, Mode.GLOB)) == []
    for path in objects:
        asked = argocd.load([(path.name, yaml.safe_load(path.read_text("utf-8")))])
        assert asked.problems == ()
        assert asked.instance.has_rules


def test_what_is_built_in_is_what_the_project_builds_in(realdata: Path) -> None:
    published = lines(realdata, "builtin-policy.csv")

    assert {*map(str, built_in().rules)} == {*map(str, published.rules)}
    assert {*map(str, built_in().groupings)} == {*map(str, published.groupings)}


def test_the_documented_example_decides_as_documented(realdata: Path) -> None:
    path = realdata / "argocd" / "docs-argocd-rbac-cm.yaml"
    asked = argocd.load([(path.name, yaml.safe_load(path.read_text("utf-8")))])

    def may(action: str, what: str, *groups: str) -> Answer:
        return asked.decide("ann", "applications", action, what, groups=groups).answer

    assert may("get", "my-project/web") is Answer.YES  # policy.default is the reader
    assert may("override", "my-project/web", "my-org:team-beta") is Answer.YES
    assert may("override", "my-project/web", "my-org:team-qa") is Answer.YES
    assert may("sync", "my-project/web", "my-org:team-alpha") is Answer.CONDITIONAL
    # Projects are not among the files.
    assert may("sync", "other/web", "my-org:team-alpha") is Answer.UNKNOWN


def test_a_deny_of_the_published_policy_denies(realdata: Path) -> None:
    path = realdata / "argocd" / "argocd-rbac-cm.yaml"
    asked = argocd.load([(path.name, yaml.safe_load(path.read_text("utf-8")))])

    assert asked.decide("test", "clusters", "get", "https://a.example").answer is Answer.YES
    assert asked.decide("test", "clusters", "get", "https://kubernetes.default").answer in (
        Answer.NO,
        Answer.UNKNOWN,
    )
    assert asked.decide("test", "applications", "delete", "shop/web").answer is Answer.YES
    denied = asked.decide("test", "applications", "delete", "shop/guestbook")
    assert denied.rule is not None
    assert denied.rule.effect == "deny"
