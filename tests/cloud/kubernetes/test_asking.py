"""The page's examples, run; and exports that are not what they should be."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sod_analyzer.errors import InputError
from sod_analyzer.evaluate import kubernetes
from tests.cloud.kubernetes.test_decide import may
from tests.conftest import ROOT
from tests.importers.kubernetes_world import APPS, FILLER, bind, group, obj, person, role


def test_the_examples_of_the_page_run_and_print_what_they_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bot = {"kind": "ServiceAccount", "name": "ci"}
    objects = [
        role("deployer", APPS),
        bind("deployer", group("deployers"), namespace="payments"),
        role("reader", may("secrets", resourceNames=["db"])),
        bind("reader", person("bob"), namespace="payments"),
        role("starter", may("pods", "create")),
        bind("starter", bot, namespace="payments"),
        obj("Role", "broken", "payments", rules="all"),
        *FILLER,
    ]
    Path(tmp_path, "prod.json").write_text(json.dumps({"kind": "List", "items": objects}))
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page.partition("\n## Kubernetes\n")[2], re.DOTALL)

    for block in blocks:
        exec(compile(block, "docs/cloud.md", "exec"), {})  # noqa: S102 - the page is ours

    assert len(blocks) == 1
    assert capsys.readouterr().out.splitlines() == [
        (
            "YES binding ClusterRole deployer, rule 1 by RoleBinding payments/bind-deployer to "
            "group deployers"
        ),
        "prod.json 1",
        "prod.json 0",
        "bob",
        "any service account payments create pods True ",
        "prod.json items/6: 'rules' is a text, expected a list",
    ]


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"kind": "Status", "message": "token"}, "holds an error of the API server"),
        ("text", "does not hold Kubernetes objects"),
        ({"items": {}}, "'items' is no list"),
        ({"kind": "List", "items": [], "metadata": {"continue": "x"}}, "one part of a longer list"),
    ],
)
def test_an_export_that_is_none_is_refused(value: object, why: str) -> None:
    with pytest.raises(InputError, match=why) as error:
        kubernetes.load([("bad.json", value)])

    assert "bad.json" in str(error.value)
    assert "token" not in str(error.value)
