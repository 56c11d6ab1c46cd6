"""What runs as which role, and the moves that follow from it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.aws import inventory
from sod_analyzer.cloud.aws.inventory import (
    APPRUNNER,
    CODEBUILD,
    EC2,
    ECS,
    GLUE,
    LAMBDA,
    PIPELINES,
    SAGEMAKER,
    STACKS,
    Thing,
)
from sod_analyzer.evaluate import aws
from tests.cloud.aws.kit import CONDITIONAL, ONE, YES, allow
from tests.cloud.aws.test_escalation import ANN, account, arn, login, role

HOME, AWAY = "eu-west-1", "us-east-1"
R, OTHER = arn("role/r"), arn("role/other")


def here(service: str, rest: str, region: str = HOME) -> str:
    return f"arn:aws:{service}:{region}:{ONE}:{rest}"


PAY = here("lambda", "function:pay")


def things() -> dict[str, Any]:
    """Everything of Lambda in the one region in use: a function that runs as r."""
    return {
        f"{ONE}/describe-regions.json": {
            "Regions": [
                {"RegionName": HOME, "OptInStatus": "opt-in-not-required"},
                {"RegionName": "af-south-1", "OptInStatus": "not-opted-in"},
            ]
        },
        f"{ONE}/{HOME}/list-functions.json": {
            "Functions": [{"FunctionArn": PAY, "FunctionName": "pay", "Role": R}]
        },
    }


def read(found: dict[str, Any], **more: Any) -> inventory.Inventory:
    return inventory.read(sorted(found.items()), **more)


def test_a_list_of_every_region_in_use_is_all_there_is() -> None:
    found = read(things())

    assert found.problems == ()
    assert found.things == (Thing(LAMBDA, PAY, R),)
    assert found.read == {(ONE, LAMBDA)}
    assert found.behind(R, LAMBDA) == found.things
    assert found.behind(OTHER, LAMBDA) == found.behind(R, EC2) == ()


def test_a_region_or_page_that_is_missing_leaves_a_service_unread() -> None:
    two = things()
    two[f"{ONE}/describe-regions.json"]["Regions"].append({"RegionName": AWAY})
    cut = things()
    cut[f"{ONE}/{HOME}/list-functions.json"]["NextMarker"] = "more"
    wrong = things()
    wrong[f"{ONE}/{HOME}/list-functions.json"]["Functions"].append({"FunctionName": "x"})
    unsaid = things()
    del unsaid[f"{ONE}/describe-regions.json"]

    for each in (two, cut, wrong, unsaid):
        assert read(each).read == set()
        assert read(each).things == (Thing(LAMBDA, PAY, R),)
    assert any("a page is missing" in text for text in read(cut).problems)
    assert any("FunctionArn is missing" in text for text in read(wrong).problems)
    assert read(unsaid, regions=[HOME]).read == {(ONE, LAMBDA)}
    assert read(two, regions=[HOME, AWAY]).read == set()


PROFILE = f"arn:aws:iam::{ONE}:instance-profile/box"
TASK, APP = here("ecs", "task-definition/t:1"), here("ecs", "service/c/app")
NOTEBOOK, WEB = here("sagemaker", "notebook-instance/n"), here("apprunner", "service/web/1")
STACK, BUILD = here("cloudformation", "stack/s/1"), here("codebuild", "project/b")
#: What each service's calls print, and what of it runs as which role.
SHAPES: dict[str, tuple[dict[str, Any], tuple[Thing, ...]]] = {
    "lambda": ({"list-functions": {"Functions": [{"FunctionArn": PAY, "Role": R}]}},
               (Thing(LAMBDA, PAY, R),)),
    "instances": (
        {"describe-instances": {"Reservations": [{"OwnerId": ONE, "Instances": [
            {"InstanceId": "i-1", "IamInstanceProfile": {"Arn": PROFILE}},
            {"InstanceId": "i-2", "IamInstanceProfile": None},
            {"InstanceId": "i-3", "IamInstanceProfile": {"Arn": PROFILE},
             "State": {"Name": "terminated"}}]}]},
         "list-instance-profiles": {"InstanceProfiles": [{"Arn": PROFILE, "Roles": [{"Arn": R}]}]}},
        (Thing(EC2, here("ec2", "instance/i-1"), R),)),
    "instances with an export of IAM": (
        {"describe-instances": {"Reservations": [{"Instances": [
            {"InstanceId": "i-1", "IamInstanceProfile": {"Arn": PROFILE}}]}]},
         "gaad": {"RoleDetailList": [{"Arn": R, "InstanceProfileList": [{"Arn": PROFILE}]}]}},
        (Thing(EC2, here("ec2", "instance/i-1"), R),)),
    "containers": (
        {"describe-task-definition": {"taskDefinition": {"taskDefinitionArn": TASK,
                                                         "taskRoleArn": R}},
         "describe-services": {"services": [
             {"serviceArn": APP, "taskDefinition": TASK, "enableExecuteCommand": True},
             {"serviceArn": APP + "2", "taskDefinition": TASK, "enableExecuteCommand": False}]}},
        (Thing(ECS, APP, R),)),
    "builds": ({"list-projects": {"projects": ["b"]},
                "batch-get-projects": {"projects": [{"arn": BUILD, "serviceRole": R}]}},
               (Thing(CODEBUILD, BUILD, R),)),
    "stacks": ({"describe-stacks": {"Stacks": [
                    {"StackId": STACK, "RoleARN": R}, {"StackId": STACK + "2"},
                    {"StackId": STACK + "3", "RoleARN": R, "StackStatus": "DELETE_COMPLETE"}]}},
               (Thing(STACKS, STACK, R),)),
    "pipelines": ({"get-pipeline": {"pipeline": {"name": "p", "roleArn": R}}},
                  (Thing(PIPELINES, here("codepipeline", "p"), R),)),
    "jobs": ({"get-jobs": {"Jobs": [{"Name": "j", "Role": "service-role/r"}]}},
             (Thing(GLUE, here("glue", "job/j"), R),)),
    "notebooks": (
        {"list-notebook-instances": {"NotebookInstances": [{"NotebookInstanceArn": NOTEBOOK}]},
         "describe-notebook-instance": {"NotebookInstanceArn": NOTEBOOK, "RoleArn": R}},
        (Thing(SAGEMAKER, NOTEBOOK, R),)),
    "apps": (
        {"list-services": {"ServiceSummaryList": [{"ServiceArn": WEB}]},
         "describe-service": {"Service": {
             "ServiceArn": WEB, "InstanceConfiguration": {"InstanceRoleArn": R}}}},
        (Thing(APPRUNNER, WEB, R),)),
}  # fmt: skip
#: Services that are never wholly listed.
_NEVER_ALL = {"containers", "pipelines"}


def at_home(printed: dict[str, Any]) -> dict[str, Any]:
    return {f"{ONE}/{HOME}/{name}.json": each for name, each in printed.items()}


@pytest.mark.parametrize("name", SHAPES)
def test_every_service_says_what_runs_as_which_role(name: str) -> None:
    printed, expected = SHAPES[name]

    found = read(at_home(printed), regions=[HOME])

    assert found.problems == ()
    assert found.things == expected
    assert found.behind(R, expected[0].service) == expected
    assert found.covers(ONE, expected[0].service) is (name not in _NEVER_ALL)


@pytest.mark.parametrize(
    ("name", "left_out", "said"),
    [
        ("instances", "list-instance-profiles", f"the role of {PROFILE} was not read"),
        ("containers", "describe-task-definition", f"the role of {TASK} was not read"),
        ("builds", "batch-get-projects", f"{BUILD}: it is listed and was not described"),
        ("notebooks", "describe-notebook-instance", "it is listed and was not described"),
        ("apps", "describe-service", f"{WEB}: it is listed and was not described"),
    ],
)
def test_what_was_not_looked_into_is_said_and_not_covered(
    name: str, left_out: str, said: str
) -> None:
    printed, [thing, *_] = SHAPES[name]

    found = read(
        at_home({key: each for key, each in printed.items() if key != left_out}), regions=[HOME]
    )

    assert any(said in each for each in found.problems)
    assert not found.covers(ONE, thing.service)
    assert found.things == ()


def test_projects_that_were_asked_for_by_name_are_not_all() -> None:
    printed, expected = SHAPES["builds"]
    del (some := dict(printed))["list-projects"]

    found = read(at_home(some), regions=[HOME])

    assert found.things == expected
    assert not found.covers(ONE, CODEBUILD)


@pytest.mark.parametrize(
    ("export", "said"),
    [
        ({"Functions": 3}, "Functions: 3 is no list"),
        ({"Functions": [{"FunctionArn": PAY}]}, "Functions[1]: Role is missing"),
        ({"Functions": [{"FunctionArn": PAY, "Role": "arn:x"}]}, "'arn:x', which is no role"),
        ({"Users": []}, "it is none of the lists"),
        ([7], "7 is no object"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(export: Any, said: str) -> None:
    name = f"{ONE}/{HOME}/list-functions.json"

    found = read({name: export}, regions=[HOME])

    assert [text for text in found.problems if text.startswith(name) and said in text]
    assert found.read == set()


# -- moves ---------------------------------------------------------------------------------------

SERVICE = {"Service": "lambda.amazonaws.com"}
UPDATE = "lambda:UpdateFunctionCode"


def moves(running: inventory.Inventory | None, *statements: dict[str, Any]) -> list[Any]:
    """Whom ann becomes through what exists, how surely, and through what."""
    full = [
        {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": allow("*")}}
    ]
    asked = account(
        login("ann", *(statements or [allow(UPDATE)])),
        role("r", SERVICE, RolePolicyList=full),
        role("other", SERVICE, RolePolicyList=full),
    )
    known = aws.Aws(asked.estate, asked.details, asked.catalogue, (), running)
    return [
        (each.principal.arn, each.answer, each.moves[0].through)
        for each in known.reach(ANN)
        if each.changes and not each.gained
    ]


def test_without_an_inventory_anything_may_run_as_any_role() -> None:
    assert moves(None) == [(OTHER, CONDITIONAL, ""), (R, CONDITIONAL, "")]


def test_what_runs_is_sure_and_what_does_not_is_absent() -> None:
    assert moves(read(things())) == [(R, YES, PAY)]


def test_where_it_was_not_all_read_the_rest_stays_conditional() -> None:
    unsaid = things()
    del unsaid[f"{ONE}/describe-regions.json"]

    assert moves(read(unsaid)) == [(R, YES, PAY), (OTHER, CONDITIONAL, "")]
    assert moves(read({})) == [(OTHER, CONDITIONAL, ""), (R, CONDITIONAL, "")]


def test_the_right_must_be_over_the_very_thing() -> None:
    elsewhere = allow(UPDATE, here("lambda", "function:other"))

    assert moves(read(things()), elsewhere) == []
    assert moves(read(things()), allow(UPDATE, PAY)) == [(R, YES, PAY)]


def test_problems_of_an_inventory_are_those_of_the_account() -> None:
    torn = read({"x.json": {"Functions": 3}})

    asked = aws.load(
        [
            (
                "a.json",
                {"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []},
            )
        ],
        inventory=torn,
    )

    assert asked.problems == ("x.json: Functions: 3 is no list",)
    assert asked.inventory is torn


_WORDS = [
    "Functions",
    "Reservations",
    "Instances",
    "InstanceProfiles",
    "RoleDetailList",
    "Regions",
    "taskDefinition",
    "services",
    "projects",
    "Stacks",
    "pipeline",
    "Jobs",
    "Service",
    "NotebookInstances",
    "NotebookInstanceArn",
    "ServiceSummaryList",
    "Role",
    "Name",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_WORDS), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(_JSON)
def test_nothing_that_is_json_makes_it_fail_or_gives_a_thing_from_nothing(export: Any) -> None:
    found = read({f"{ONE}/{HOME}/x.json": export}, regions=[HOME])

    assert all(each.role and each.arn for each in found.things)
    assert found.problems or isinstance(export, (dict, list))
