"""What the page says of pulling: the policy that it needs, and the script in its place."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

pytest.importorskip("boto3")

from sod_analyzer.evaluate import aws
from sod_analyzer.pull.calls import READ_ONLY
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8")
#: Where the right to a call is not called as the call is.
RIGHTS = {"s3:ListBuckets": "s3:ListAllMyBuckets"}


def test_the_page_has_the_policy_that_the_calls_need() -> None:
    found = [
        block
        for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
        if "ReadAccess" in block
    ]
    [statement] = json.loads(found[0])["Statement"]

    calls = {f"{service}:{each}" for service, some in READ_ONLY.items() for each in some}
    needed = {RIGHTS.get(each, each).replace("sso-admin:", "sso:") for each in calls}
    assert len(found) == 1
    assert set(statement["Action"]) == needed - {"sts:GetCallerIdentity"}
    catalogue = aws.load(no_account()).catalogue
    for action in statement["Action"]:
        assert catalogue.arns_of(action) is not None, f"there is no {action}"


def no_account() -> list[tuple[str, Any]]:
    lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    return [("none.json", {key: [] for key in lists})]


def test_the_script_on_the_page_only_reads_and_can_be_run() -> None:
    [script] = [
        block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "set -eu" in block
    ]

    called = {
        f"{service.replace('s3api', 's3')}:{''.join(map(str.title, command.split('-')))}"
        for service, command in re.findall(r"\baws ([a-z0-9-]+) ([a-z-]+)", script)
    }

    known = {f"{service}:{each}" for service, some in READ_ONLY.items() for each in some}
    assert len(called) > 20
    assert called <= known
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=False).returncode == 0
