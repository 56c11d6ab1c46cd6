"""The pull: copies of an account that the readers read, by calls that only read."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

boto3 = pytest.importorskip("boto3")
moto = pytest.importorskip("moto")

from botocore.awsrequest import AWSResponse  # noqa: E402 - after the two that may be missing

from sod_analyzer.cli import sod  # noqa: E402
from sod_analyzer.cli.exit import Exit  # noqa: E402
from sod_analyzer.cloud.aws import (  # noqa: E402
    credentials,
    identity_center,
    inventory,
    organization,
    resource_policies,
)
from sod_analyzer.errors import ConfigError, InputError  # noqa: E402
from sod_analyzer.evaluate import aws  # noqa: E402
from sod_analyzer.pull import aws as source  # noqa: E402
from sod_analyzer.pull.calls import READ_ONLY, Calls  # noqa: E402
from sod_analyzer.pull.folder import Folder, kept, safe  # noqa: E402
from tests.cloud.aws.kit import NO, YES, allow  # noqa: E402

ME = "123456789012"
HOME = "eu-west-1"
SECRET = "hunter2-never-to-be-written"  # noqa: S105 - planted, to look for it
BEGAN = datetime(2026, 11, 1, 12, tzinfo=UTC)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"Service": "lambda.amazonaws.com"},
        },
    }
)  # fmt: skip
STACK = f"arn:aws:cloudformation:{HOME}:{ME}:stack/s/1"
STACKS = f"""<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
<DescribeStacksResult><Stacks><member><StackId>{STACK}</StackId><StackName>s</StackName>
<RoleARN>arn:aws:iam::{ME}:role/deploy</RoleARN><StackStatus>CREATE_COMPLETE</StackStatus>
<CreationTime>2026-01-01T00:00:00Z</CreationTime><Parameters><member>
<ParameterKey>TOKEN</ParameterKey><ParameterValue>{SECRET}</ParameterValue></member></Parameters>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"""
ANN, ROLE = f"arn:aws:iam::{ME}:user/ann", f"arn:aws:iam::{ME}:role/pay"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account, with credentials that lead nowhere else."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", HOME)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    original = Calls.client

    def client(self: Calls, service: str, region: str) -> Any:
        found = original(self, service, region)
        if service == "cloudformation":
            found.meta.events.register_first("before-send", canned(200, STACKS))
        return found

    monkeypatch.setattr(Calls, "client", client)
    passed = {"services": ["cloudformation"], "urls": []}  # it would need a dozen packages more
    with moto.mock_aws(config={"lambda": {"use_docker": False}, "core": {"passthrough": passed}}):
        yield


class Body:
    """The body of an answer."""

    def __init__(self, text: str) -> None:
        self.text = text

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.text.encode()


def canned(status: int, text: str) -> Any:
    """Answers every call with the same."""
    return lambda request, **_: AWSResponse(request.url, status, {}, Body(text))


def clock() -> Any:
    times = iter(BEGAN + timedelta(minutes=number) for number in range(10))
    return lambda: next(times)


def pulled(out: Path, calls: Calls | None = None, **more: Any) -> source.Pulled:
    asked = {"parts": (), "regions": [HOME], "command": "sod pull aws", **more}
    return source.pull(out, calls or Calls(), now=clock(), sleep=lambda _: None, **asked)


def files(folder: Path) -> list[tuple[str, Any]]:
    """What a folder holds, by path, as an importer would give it."""
    return [
        (path.relative_to(folder).as_posix(), json.loads(path.read_text(encoding="utf-8")))
        for path in sorted(folder.rglob("*.json"))
    ]


def an_account() -> None:
    """Ann may change functions, and read a bucket; pay rules; a function runs as pay."""
    iam = boto3.client("iam")
    iam.create_user(UserName="ann")
    reading = allow("s3:GetObject", "arn:aws:s3:::books/*")
    own = document(allow("lambda:UpdateFunctionCode"), reading)
    iam.put_user_policy(UserName="ann", PolicyName="own", PolicyDocument=own)
    iam.create_role(RoleName="pay", AssumeRolePolicyDocument=TRUST)
    iam.put_role_policy(RoleName="pay", PolicyName="all", PolicyDocument=document(allow("*")))
    iam.create_role(RoleName="idle", AssumeRolePolicyDocument=TRUST)
    s3 = boto3.client("s3")
    for name in ("books", "logs.acme"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": HOME})
    s3.put_bucket_policy(
        Bucket="logs.acme",
        Policy=document(allow("s3:GetObject", "arn:aws:s3:::logs.acme/*", to={"AWS": ANN})),
    )
    boto3.client("lambda").create_function(
        FunctionName="pay", Runtime="python3.12", Role=ROLE, Handler="x.y",
        Code={"ZipFile": b"nothing"}, Environment={"Variables": {"TOKEN": SECRET}},
    )  # fmt: skip


def test_what_was_pulled_decides_as_planted(cloud: None, tmp_path: Path) -> None:
    an_account()
    out = tmp_path / "out"

    found = pulled(out, parts=("inventory", "resource-policies"))

    running = inventory.read(files(out / "inventory"), regions=[HOME])
    policies = resource_policies.read(files(out / "resource-policies"), regions=[HOME])
    asked = aws.load(files(out / "iam"), inventory=running, resource_policies=policies)
    assert found.account == ME
    assert asked.decide(ANN, "s3:GetObject", "arn:aws:s3:::books/q").answer is YES
    assert asked.decide(ANN, "s3:GetObject", "arn:aws:s3:::logs.acme/q").answer is YES
    assert asked.decide(ANN, "s3:PutObject", "arn:aws:s3:::books/q").answer is NO
    assert policies.owners == {"arn:aws:s3:::books": ME, "arn:aws:s3:::logs.acme": ME}
    # Of some nothing is there, and that is known too.
    assert policies.read_services == {"s3", "kms", "lambda", "secretsmanager", "sqs", "sns"}
    assert running.covers(ME, inventory.LAMBDA)
    assert running.covers(ME, inventory.STACKS)
    assert inventory.Thing(inventory.STACKS, STACK, f"arn:aws:iam::{ME}:role/deploy") in (
        running.things
    )
    moves = {each.principal.arn: each.answer for each in asked.reach(ANN) if each.changes}
    assert moves == {ROLE: YES}  # nothing runs as idle
    assert asked.problems == ()


def test_everything_that_runs_is_pulled(cloud: None, tmp_path: Path) -> None:
    iam = boto3.client("iam")
    iam.create_role(RoleName="run", AssumeRolePolicyDocument=TRUST)
    role = f"arn:aws:iam::{ME}:role/run"
    for number in range(3):
        boto3.client("codebuild").create_project(
            name=f"build{number}", serviceRole=role, artifacts={"type": "NO_ARTIFACTS"},
            source={"type": "S3", "location": "bucket/path/file.zip"},
            environment={
                "type": "LINUX_CONTAINER", "image": "x", "computeType": "BUILD_GENERAL1_SMALL",
                "environmentVariables": [{"name": "TOKEN", "value": SECRET}],
            },
        )  # fmt: skip
    boto3.client("sagemaker").create_notebook_instance(
        NotebookInstanceName="book", InstanceType="ml.t2.medium", RoleArn=role
    )
    boto3.client("glue").create_job(
        Name="job", Role="run", Command={"Name": "x"}, DefaultArguments={"--token": SECRET}
    )
    ecs = boto3.client("ecs")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="t", taskRoleArn=role,
        containerDefinitions=[
            {
                "name": "a", "image": "x", "memory": 1,
                "environment": [{"name": "T", "value": SECRET}],
            }
        ],
    )  # fmt: skip
    ecs.create_service(
        cluster="c", serviceName="app", taskDefinition="t", desiredCount=1,
        enableExecuteCommand=True,
    )  # fmt: skip
    iam.create_instance_profile(InstanceProfileName="box")
    iam.add_role_to_instance_profile(InstanceProfileName="box", RoleName="run")
    for _ in range(2):
        boto3.client("ec2").run_instances(
            ImageId="ami-12c6146b", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "box"}
        )

    pulled(tmp_path / "out", parts=("inventory",))

    found = inventory.read(files(tmp_path / "out" / "inventory"), regions=[HOME])
    counted = Counter(each.service for each in found.things if each.role.endswith("/run"))
    assert counted[inventory.CODEBUILD] == 3
    assert counted[inventory.SAGEMAKER] == 1
    assert counted[inventory.GLUE] == 1
    assert counted[inventory.EC2] == 2
    # The stand-in forgets whether commands may be run, so that nothing is sure to run as the role.
    names = dict(files(tmp_path / "out" / "inventory" / ME / HOME))
    [service] = names["describe-services/c-1.json"]["services"]
    task = names["describe-task-definition/t%3A1.json"]["taskDefinition"]
    assert service["taskDefinition"] == task["taskDefinitionArn"]
    assert task["taskRoleArn"] == role
    assert found.problems == ()
    for service in (inventory.CODEBUILD, inventory.SAGEMAKER, inventory.GLUE, inventory.EC2):
        assert found.covers(ME, service)
    for path in (tmp_path / "out").rglob("*.json"):
        assert SECRET not in path.read_text(encoding="utf-8")


def test_policies_of_every_kind_of_resource_are_pulled(cloud: None, tmp_path: Path) -> None:
    own = document(allow("*", to={"AWS": ANN}))
    key = boto3.client("kms").create_key(Policy=own)["KeyMetadata"]["Arn"]
    sqs = boto3.client("sqs")
    sqs.create_queue(QueueName="orders", Attributes={"Policy": own})
    sqs.create_queue(QueueName="plain")
    topic = boto3.client("sns").create_topic(Name="news", Attributes={"Policy": own})["TopicArn"]
    vault = boto3.client("secretsmanager")
    secret = vault.create_secret(Name="db/main", SecretString=SECRET)["ARN"]
    vault.put_resource_policy(SecretId=secret, ResourcePolicy=own)
    boto3.client("iam").create_role(RoleName="pay", AssumeRolePolicyDocument=TRUST)
    functions = boto3.client("lambda")
    functions.create_function(
        FunctionName="pay", Runtime="python3.12", Role=ROLE, Handler="x.y",
        Code={"ZipFile": b"nothing"},
    )  # fmt: skip
    functions.add_permission(
        FunctionName="pay",
        StatementId="a",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
    )

    pulled(tmp_path / "out", parts=("resource-policies",))

    found = resource_policies.read(files(tmp_path / "out" / "resource-policies"), regions=[HOME])
    assert found.problems == ()
    assert set(found.policies) == {
        key, topic, secret, f"arn:aws:sqs:{HOME}:{ME}:orders",
        f"arn:aws:lambda:{HOME}:{ME}:function:pay",
    }  # fmt: skip
    assert found.read_services == {"s3", "kms", "lambda", "secretsmanager", "sqs", "sns"}
    for path in (tmp_path / "out").rglob("*.json"):
        assert SECRET not in path.read_text(encoding="utf-8")


def test_no_secret_is_written(cloud: None, tmp_path: Path) -> None:
    an_account()
    started = boto3.client("ec2").run_instances(
        ImageId="ami-12c6146b", MinCount=1, MaxCount=1, UserData=f"export TOKEN={SECRET}"
    )
    assert started["Instances"]

    pulled(tmp_path / "out", parts=("inventory", "resource-policies"))

    written = list((tmp_path / "out").rglob("*"))
    assert any("describe-instances" in path.name for path in written)
    for path in written:
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert SECRET not in text
            assert "testing" not in text  # the credentials
            assert path.name == "pull.json" or "Environment" not in text
            assert path.stat().st_mode & 0o077 == 0


def test_an_organisation_is_pulled_with_every_page(cloud: None, tmp_path: Path) -> None:
    client = boto3.client("organizations", region_name="us-east-1")
    client.create_organization(FeatureSet="ALL")
    [root] = client.list_roots()["Roots"]
    made = [
        client.create_account(AccountName=f"a{number}", Email=f"a{number}@acme.example")
        for number in range(45)
    ]
    client.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    unit = client.create_organizational_unit(ParentId=root["Id"], Name="Prod")
    below = unit["OrganizationalUnit"]["Id"]
    numbers = [each["CreateAccountStatus"]["AccountId"] for each in made]
    client.move_account(AccountId=numbers[0], SourceParentId=root["Id"], DestinationParentId=below)
    scp = client.create_policy(
        Content=document({"Effect": "Deny", "Action": "iam:*", "Resource": "*"}),
        Description="", Name="no-iam", Type="SERVICE_CONTROL_POLICY",
    )["Policy"]["PolicySummary"]["Id"]  # fmt: skip
    client.attach_policy(PolicyId=scp, TargetId=below)

    pulled(tmp_path / "out", parts=("organisation",))

    found = organization.read(files(tmp_path / "out" / "organizations"))
    assert set(found.accounts) == {ME, *numbers}
    assert found.management == ME
    levels = found.accounts[numbers[0]].levels or ()
    assert [level.name for level in levels][1:] == [f"{below} (Prod)", f"{numbers[0]} (a0)"]
    attached = [policy.name for policy in levels[1].scps]
    assert f"SCP {scp} (no-iam)" in attached
    assert f"SCP {scp} (no-iam)" not in [
        policy.name for level in found.accounts[numbers[1]].levels or () for policy in level.scps
    ]


def test_people_are_pulled(cloud: None, tmp_path: Path) -> None:
    admin = boto3.client("sso-admin")
    [instance] = admin.list_instances()["Instances"]
    store = boto3.client("identitystore")
    where = {"IdentityStoreId": instance["IdentityStoreId"]}
    person = store.create_user(
        **where, UserName="ann", DisplayName="Ann", Name={"GivenName": "Ann", "FamilyName": "Lee"},
        Emails=[{"Value": "ann@acme.example", "Primary": True}],
        PhoneNumbers=[{"Value": SECRET}],
    )["UserId"]  # fmt: skip
    group = store.create_group(**where, DisplayName="ops")["GroupId"]
    store.create_group_membership(**where, GroupId=group, MemberId={"UserId": person})
    arn = admin.create_permission_set(Name="Read", InstanceArn=instance["InstanceArn"])[
        "PermissionSet"
    ]["PermissionSetArn"]
    admin.create_account_assignment(
        InstanceArn=instance["InstanceArn"], TargetId=ME, TargetType="AWS_ACCOUNT",
        PermissionSetArn=arn, PrincipalType="GROUP", PrincipalId=group,
    )  # fmt: skip

    admin.provision_permission_set(
        InstanceArn=instance["InstanceArn"], PermissionSetArn=arn,
        TargetType="ALL_PROVISIONED_ACCOUNTS",
    )  # fmt: skip

    pulled(tmp_path / "out", parts=("identity-center",))

    centre = identity_center.read(files(tmp_path / "out" / "identity-center"))
    assert [each.login for each in centre.people.values()] == ["ann"]
    assert centre.people[person].email == "ann@acme.example"
    assert centre.groups[group].members == (person,)
    assert [each.name for each in centre.access_sets.values()] == ["Read"]
    assert [(each.account, each.holder) for each in centre.assignments] == [(ME, group)]
    assert all(SECRET not in json.dumps(each) for _, each in files(tmp_path / "out"))


def test_the_credential_report_is_pulled(cloud: None, tmp_path: Path) -> None:
    iam = boto3.client("iam")
    iam.create_user(UserName="ann")
    iam.create_access_key(UserName="ann")

    pulled(tmp_path / "out")

    name = f"credentials/{ME}/get-credential-report.json"
    report = json.loads((tmp_path / "out" / name).read_text(encoding="utf-8"))
    logins = credentials.read([(name, report)]).logins
    assert [key.active for key in logins[ANN].keys] == [True]


# -- what is called ------------------------------------------------------------------------------


def test_only_what_reads_is_known_and_all_that_is_called_is_known(
    cloud: None, tmp_path: Path
) -> None:
    an_account()
    calls = Calls()

    pulled(tmp_path / "out", calls, parts=source.PARTS)

    known = {f"{service}:{each}" for service, some in READ_ONLY.items() for each in some}
    assert len(calls.made) > 15
    assert set(calls.made) <= known
    for each in known:
        assert re.fullmatch(r"[a-z-]+\d?:(Get|List|Describe|Generate|BatchGet)[A-Za-z]+", each)
    with pytest.raises(ValueError, match="iam:DeleteUser is not known to only read"):
        calls.ask("iam", "DeleteUser", UserName="ann")
    text = Path(source.__file__).read_text(encoding="utf-8")
    asked = set(re.findall(r'"((?:Get|List|Describe|Generate|BatchGet)[A-Z]\w+)"', text))
    assert asked | {"GetCallerIdentity"} == {each.partition(":")[2] for each in known}


def answers(calls: Calls, service: str, region: str, *bodies: tuple[int, str]) -> list[str]:
    """Makes a client answer with these, in this order; the list fills with what was asked."""
    asked: list[str] = []
    rest = iter(bodies)

    def answer(request: Any, **_: object) -> AWSResponse:
        asked.append(request.body if isinstance(request.body, str) else request.body.decode())
        status, body = next(rest)
        return AWSResponse(request.url, status, {}, Body(body))

    calls.client(service, region).meta.events.register_first("before-send", answer)
    return asked


def page(number: int, *, more: bool) -> tuple[int, str]:
    follows = f', "NextToken": "t{number}"' if more else ""
    return 200, f'{{"Roots": [{{"Id": "r-{number:04}"}}]{follows}}}'


def test_pages_are_followed_to_the_end(cloud: None) -> None:
    calls = Calls()
    asked = answers(
        calls, "organizations", HOME, *(page(number, more=number < 30) for number in range(31))
    )

    found = calls.ask("organizations", "ListRoots")

    assert found is not None
    assert [each["Id"] for each in found["Roots"]] == [f"r-{number:04}" for number in range(31)]
    assert "NextToken" not in found
    assert [json.loads(each).get("NextToken") for each in asked[:3]] == [None, "t0", "t1"]


SLOW = (400, '{"__type": "TooManyRequestsException", "message": "Rate exceeded"}')
THROTTLED = (400, '{"__type": "ThrottlingException", "message": "Rate exceeded"}')
DENIED = (400, '{"__type": "AccessDeniedException", "message": "You may not"}')


@pytest.mark.parametrize("refusal", [SLOW, THROTTLED])
def test_the_pull_waits_when_aws_asks_it_to(
    cloud: None, monkeypatch: pytest.MonkeyPatch, refusal: tuple[int, str]
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time.sleep", waits.append)
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)
    calls = Calls()
    asked = answers(calls, "organizations", HOME, refusal, refusal, page(1, more=False))

    found = calls.ask("organizations", "ListRoots")

    assert found == {"Roots": [{"Id": "r-0001"}]}
    assert len(asked) == 3
    assert len(waits) >= 2
    assert calls.failed == calls.denied == []


def test_a_page_that_is_denied_leaves_no_half(cloud: None, tmp_path: Path) -> None:
    calls = Calls()
    answers(calls, "organizations", HOME, page(1, more=True), DENIED)
    folder = Folder.made(tmp_path / "out")

    found = source._Puller(calls, folder, ME).copy("x", "organizations", "ListRoots")

    assert found == {}
    assert folder.files == []
    assert [(each.call, each.code) for each in calls.denied] == [
        ("organizations:ListRoots", "AccessDeniedException")
    ]


def test_what_is_denied_is_said_and_the_rest_goes_on(
    cloud: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    boto3.client("iam").create_user(UserName="ann")
    original = Calls.client

    def client(self: Calls, service: str, region: str) -> Any:
        found = original(self, service, region)
        if service == "organizations":
            found.meta.events.register_first("before-send", canned(*DENIED))
        return found

    monkeypatch.setattr(Calls, "client", client)
    out = tmp_path / "out"

    done = CliRunner().invoke(
        sod,
        ["pull", "aws", "--out", str(out), "--organisation", "--regions", HOME, "--format", "json"],
    )

    assert done.exit_code == Exit.INCOMPLETE, done.output
    said = json.loads((out / "pull.json").read_text(encoding="utf-8"))
    assert said["complete"] is False
    assert {each["call"] for each in said["denied"]} == {
        "organizations:DescribeOrganization",
        "organizations:ListPolicies",
        "organizations:ListRoots",
    }
    assert not (out / "organizations").exists()
    assert f"iam/{ME}/get-account-authorization-details.json" in said["files"]
    assert said["account"] == ME
    assert said["identity"].startswith("arn:aws:sts::")


def test_pull_json_says_what_was_done(cloud: None, tmp_path: Path) -> None:
    found = pulled(tmp_path / "out", command="sod pull aws --out out")

    said = json.loads((tmp_path / "out" / "pull.json").read_text(encoding="utf-8"))
    assert found.complete
    assert said["complete"] is True
    assert said["command"] == "sod pull aws --out out"
    assert (said["began_at"], said["ended_at"]) == (
        "2026-11-01T12:00:00+00:00",
        "2026-11-01T12:01:00+00:00",
    )
    assert said["regions"] == [HOME]
    assert said["calls"]["iam:GetAccountAuthorizationDetails"] >= 1
    assert sorted(said["files"]) == [name for name, _ in files(tmp_path / "out")][:-1]
    assert (said["denied"], said["failed"]) == ([], [])


def test_a_folder_with_something_in_it_is_refused(cloud: None, tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text("{}", encoding="utf-8")

    with pytest.raises(ConfigError, match="is not empty"):
        pulled(tmp_path)

    assert [path.name for path in tmp_path.iterdir()] == ["old.json"]


def test_without_credentials_nothing_is_asked_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))

    with pytest.raises(InputError, match="AWS does not say who calls: NoCredentialsError"):
        pulled(tmp_path / "out")
    with pytest.raises(InputError, match=r"AWS: .*nobody"):
        pulled(tmp_path / "other", Calls("nobody"))


def test_without_the_library_the_command_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "sod_analyzer.pull.calls")
    monkeypatch.setitem(sys.modules, "boto3", None)

    done = CliRunner().invoke(sod, ["pull", "aws", "--out", str(tmp_path / "out")])

    assert done.exit_code == Exit.USAGE
    assert "pip install 'sod-analyzer[aws]'" in done.output
    assert not (tmp_path / "out").exists()


def test_names_lead_nowhere_else_and_what_is_not_named_is_gone() -> None:
    assert safe("..") == "%2E."
    assert safe("a/b") == "a%2Fb"
    assert safe("t:1.json") == "t%3A1.json"  # what reads them looks for the ending
    assert safe(".hidden") == "%2Ehidden"
    assert safe("logs.acme") == "logs.acme"
    assert kept({"a": [{"b": 1, "c": 2}], "d": 3}, {"a": {"b": None}}) == {"a": [{"b": 1}]}
    assert kept({"a": "text"}, {"a": {"b": None}}) == {"a": None}
