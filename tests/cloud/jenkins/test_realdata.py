"""Files that the plugins of Jenkins publish with their own tests, in old and new forms."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sod_analyzer.cloud.jenkins.model import Inherits, Strategy
from sod_analyzer.evaluate import jenkins
from sod_analyzer.evaluate.jenkins import Answer, Caller, Jenkins

pytestmark = pytest.mark.realdata

NO, UNKNOWN, CONDITIONAL, YES = Answer
_ROLES = "role-strategy/org/jenkinsci/plugins/rolestrategy"
_MATRIX = "matrix-auth/org/jenkinsci/plugins/matrixauth"


def home(folder: Path) -> Jenkins:
    files = sorted(folder.rglob("config.xml"))
    return jenkins.load(
        xml=[(path.relative_to(folder).as_posix(), path.read_bytes()) for path in files]
    )


def coded(path: Path) -> Jenkins:
    return jenkins.load(code=[(path.name, yaml.safe_load(path.read_text(encoding="utf-8")))])


def test_every_file_is_read(realdata: Path) -> None:
    folder = realdata / "jenkins"
    xml = sorted(folder.rglob("*.xml"))
    code = sorted([*folder.rglob("*.yml"), *folder.rglob("*.yaml")])
    tops = sorted(path.parent for path in xml if b"<authorizationStrategy" in path.read_bytes())
    assert len(xml) + len(code) == sum(
        path.is_file() and path.suffix in (".xml", ".yml", ".yaml") for path in folder.rglob("*")
    )
    assert (len(xml) >= 40, len(code) >= 15, len(tops)) == (True, True, 20)

    for path in xml:
        kind = "nodes" if path.parent.parent.name == "nodes" else "jobs"
        asked = jenkins.load(xml=[(f"{kind}/any/config.xml", path.read_bytes())])
        assert asked.problems == (), path
    for top in tops:
        asked = home(top)
        assert asked.instance.strategy is not Strategy.UNKNOWN, top
        assert asked.problems == (), top
    for path in code:
        asked = coded(path)
        assert asked.problems == (), path


def test_entries_of_older_files_inherit_as_they_say(realdata: Path) -> None:
    asked = home(realdata / "jenkins" / _MATRIX / "inheritance/InheritanceMigrationTest")
    items = asked.instance.items

    assert {name: matrix.inherits for name, matrix in items.items()} == {
        "folder": Inherits.NOTHING,
        "folder/inheritNone": Inherits.NOTHING,
        "folder1": Inherits.NOTHING,
        "job": Inherits.PARENT,
    }
    assert asked.decide("bob", "Job/Configure", job="job").answer is YES
    assert asked.decide("alice", "Job/Configure", job="folder1").answer is YES
    assert asked.decide("bob", "Job/Configure", job="folder1").answer is NO


def test_names_and_groups_are_kept_apart(realdata: Path) -> None:
    asked = home(realdata / "jenkins" / _ROLES / "UserGroupSeparationTest")

    def may(name: str, *groups: str) -> Answer:
        return asked.decide(Caller(name, groups), "Overall/Administer").answer

    assert may("user") is may("x", "group") is may("either") is may("x", "either") is YES
    assert may("group") is may("x", "user") is NO


def test_roles_of_configuration_as_code_decide(realdata: Path) -> None:
    asked = coded(realdata / "jenkins" / _ROLES / "Configuration-as-Code.yml")

    assert asked.decide("user1", "Job/Build", job="A/x").answer is YES
    assert asked.decide("user1", "Job/Build", job="A").answer is NO
    assert asked.decide("user2", "Job/Delete", job="Bx").answer is NO
    assert asked.decide("user1", "Agent/Build", agent="agent1").answer is YES
    assert asked.decide("user1", "Agent/Build", agent="agent2").answer is NO
    assert asked.decide("nobody", "Job/Read", job="x").answer is YES
    assert asked.decide("", "Job/Read", job="x").answer is NO


def test_templates_of_configuration_as_code_decide(realdata: Path) -> None:
    asked = coded(realdata / "jenkins" / _ROLES / "PermissionTemplatesTest/casc.yaml")

    assert asked.decide("creator", "Job/Delete", job="folder/x").answer is YES
    # Its role lists more than its template, which alone counts.
    assert asked.decide("builder", "Job/Delete", job="folder/x").answer is NO
    assert asked.decide("builder", "Job/Build", job="folder/x").answer is YES
    assert asked.decide("builder", "Job/Read", job="folder").answer is YES
