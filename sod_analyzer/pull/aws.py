"""What an AWS account says of its access, copied call by call as the command line prints it.

Of what may hold secrets (functions, tasks, builds, stacks) only names, roles and states are kept.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sod_analyzer import __version__
from sod_analyzer.pull.calls import Calls, Refused
from sod_analyzer.pull.folder import Folder, Shape, kept

PARTS = ("organisation", "identity-center", "resource-policies", "inventory")
_KINDS = ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY")
#: AWS takes a while to make a credential report.
_ATTEMPTS, _SECONDS = 30, 2.0


def _all(*names: str) -> Shape:
    return dict.fromkeys(names)


#: Lists of one region, in which roles stand: service, call, file, what is kept.
_RUNNING: tuple[tuple[str, str, str, Shape], ...] = (
    ("lambda", "ListFunctions", "list-functions",
     {"Functions": _all("FunctionName", "FunctionArn", "Role")}),
    ("ec2", "DescribeInstances", "describe-instances",
     {"Reservations": {"OwnerId": None, "Instances": {
         "InstanceId": None, "State": None, "IamInstanceProfile": None,
         "Placement": _all("AvailabilityZone")}}}),
    ("cloudformation", "DescribeStacks", "describe-stacks",
     {"Stacks": _all("StackId", "StackName", "StackStatus", "RoleARN")}),
    ("glue", "GetJobs", "get-jobs", {"Jobs": _all("Name", "Role")}),
)  # fmt: skip
#: Lists of one region whose resources have policies of their own, and how each is asked for.
_OWNED: tuple[tuple[str, str, str, Shape], ...] = (
    ("kms", "ListKeys", "list-keys", {"Keys": _all("KeyId", "KeyArn")}),
    ("lambda", "ListFunctions", "list-functions",
     {"Functions": _all("FunctionName", "FunctionArn")}),
    ("secretsmanager", "ListSecrets", "list-secrets", {"SecretList": _all("ARN", "Name")}),
    ("sqs", "ListQueues", "list-queues", _all("QueueUrls")),
    ("sns", "ListTopics", "list-topics", {"Topics": _all("TopicArn")}),
)  # fmt: skip


@dataclass(frozen=True)
class Pulled:
    """What a pull wrote, and what it was not given."""

    account: str
    files: tuple[str, ...]
    denied: tuple[Refused, ...]
    failed: tuple[Refused, ...]

    @property
    def complete(self) -> bool:
        """Whether every call was answered."""
        return not self.denied and not self.failed


def pull(
    out: Path,
    calls: Calls,
    *,
    parts: Sequence[str],
    regions: Sequence[str],
    command: str,
    now: Callable[[], datetime],
    sleep: Callable[[float], None] = time.sleep,
) -> Pulled:
    """Copy what IAM says, and the parts named, into a folder; `pull.json` is written last.

    A call that is denied or fails leaves its file out, and stands in `pull.json`.

    Args:
        out: A folder that is not there yet, or is empty.
        calls: The caller.
        parts: Some of `PARTS`.
        regions: Those to look into; without, all that are in use.
        command: What was typed, for `pull.json`.
        now: The clock.
        sleep: Waits for a credential report.

    Raises:
        ConfigError: the folder is not empty.
        InputError: AWS does not say who calls.
    """
    folder = Folder.made(out)
    began = now()
    who = calls.who()
    puller = _Puller(calls, folder, who["account"])
    puller.iam(sleep)
    puller.look_for_regions(regions, parts)
    if "inventory" in parts:
        puller.inventory()
    if "resource-policies" in parts:
        puller.resource_policies()
    if "organisation" in parts:
        puller.organisation()
    if "identity-center" in parts:
        puller.identity_center()
    denied, failed = tuple(sorted(calls.denied)), tuple(sorted(calls.failed))
    files = tuple(sorted(folder.files))
    folder.write(
        "pull.json",
        {
            "version": __version__,
            "command": command,
            **who,
            "began_at": began,
            "ended_at": now(),
            "parts": ["iam", *sorted(parts)],
            "regions": puller.regions,
            "calls": dict(sorted(calls.made.items())),
            "denied": [asdict(each) for each in denied],
            "failed": [asdict(each) for each in failed],
            "complete": not denied and not failed,
            "files": files,
        },
    )
    return Pulled(who["account"], files, denied, failed)


@dataclass
class _Puller:
    calls: Calls
    folder: Folder
    account: str
    regions: list[str] = field(default_factory=list)
    in_use: Mapping[str, Any] | None = None

    def copy(
        self,
        file: str,
        service: str,
        operation: str,
        shape: Shape = None,
        /,
        *,
        region: str = "",
        about: str = "",
        listed: str = "",
        **arguments: Any,
    ) -> Mapping[str, Any]:
        """What a call answers, written to a file; empty where it gave no answer.

        `listed` is what it lists: some services leave a list out when nothing is in it.
        """
        answer = self.calls.ask(service, operation, region=region, about=about, **arguments)
        if answer is None:
            return {}
        if listed:
            answer = {**answer, listed: answer.get(listed) or []}
        self.folder.write(f"{file}.json", kept(answer, shape))
        return answer

    def iam(self, sleep: Callable[[float], None]) -> None:
        """Logins, groups, roles and policies, and what logins sign in with."""
        at = f"iam/{self.account}"
        self.copy(
            f"{at}/get-account-authorization-details", "iam", "GetAccountAuthorizationDetails"
        )
        for _ in range(_ATTEMPTS):
            answer = self.calls.ask("iam", "GenerateCredentialReport")
            if answer is None:
                return
            if answer.get("State") == "COMPLETE":
                break
            sleep(_SECONDS)
        report = f"credentials/{self.account}/get-credential-report"
        self.copy(report, "iam", "GetCredentialReport")

    def look_for_regions(self, asked: Sequence[str], parts: Sequence[str]) -> None:
        """The regions to look into."""
        if asked:
            self.regions = sorted(set(asked))
        if not {"inventory", "resource-policies"} & set(parts) and (
            asked or "identity-center" not in parts
        ):
            return
        self.in_use = self.calls.ask("ec2", "DescribeRegions")
        if not asked:
            found = (self.in_use or {}).get("Regions") or [{"RegionName": self.calls.home}]
            self.regions = sorted(each["RegionName"] for each in found)

    def _say_regions(self, part: str) -> None:
        if self.in_use is not None:
            shape: Shape = {"Regions": _all("RegionName", "OptInStatus")}
            self.folder.write(f"{part}/{self.account}/describe-regions.json",
                              kept(self.in_use, shape))  # fmt: skip

    # -- what runs as which role -----------------------------------------------------------------

    def inventory(self) -> None:
        """Functions, instances, stacks, jobs, builds, pipelines, notebooks, containers, apps."""
        self._say_regions("inventory")
        self.copy(
            f"inventory/{self.account}/list-instance-profiles", "iam", "ListInstanceProfiles",
            {"InstanceProfiles": {"Arn": None, "Roles": _all("Arn")}},
        )  # fmt: skip
        for region in self.regions:
            at = f"inventory/{self.account}/{region}"
            for service, operation, name, shape in _RUNNING:
                key = next(iter(shape or ()))
                self.copy(f"{at}/{name}", service, operation, shape, region=region, listed=key)
            self._builds(at, region)
            self._pipelines(at, region)
            self._notebooks(at, region)
            self._containers(at, region)
            self._apps(at, region)

    def _builds(self, at: str, region: str) -> None:
        listed = self.copy(
            f"{at}/list-projects", "codebuild", "ListProjects", region=region, listed="projects"
        )
        shape: Shape = {"projects": _all("name", "arn", "serviceRole"), "projectsNotFound": None}
        for number, some in enumerate(_some(listed.get("projects") or (), 100), 1):
            self.copy(
                f"{at}/batch-get-projects/{number}", "codebuild", "BatchGetProjects", shape,
                region=region, names=some,
            )  # fmt: skip

    def _pipelines(self, at: str, region: str) -> None:
        listed = self.calls.ask("codepipeline", "ListPipelines", region=region) or {}
        for each in listed.get("pipelines") or ():
            self.copy(
                f"{at}/get-pipeline/{each['name']}", "codepipeline", "GetPipeline",
                {"pipeline": _all("name", "roleArn"), "metadata": _all("pipelineArn")},
                region=region, about=each["name"], name=each["name"],
            )  # fmt: skip

    def _notebooks(self, at: str, region: str) -> None:
        shape = _all("NotebookInstanceArn", "NotebookInstanceName", "NotebookInstanceStatus")
        listed = self.copy(
            f"{at}/list-notebook-instances", "sagemaker", "ListNotebookInstances",
            {"NotebookInstances": shape}, region=region, listed="NotebookInstances",
        )  # fmt: skip
        for each in listed.get("NotebookInstances") or ():
            name = each["NotebookInstanceName"]
            self.copy(
                f"{at}/describe-notebook-instance/{name}", "sagemaker", "DescribeNotebookInstance",
                {**(shape or {}), "RoleArn": None},
                region=region, about=name, NotebookInstanceName=name,
            )  # fmt: skip

    def _containers(self, at: str, region: str) -> None:
        clusters = self.calls.ask("ecs", "ListClusters", region=region) or {}
        tasks: set[str] = set()
        shape: Shape = {"services": _all("serviceArn", "taskDefinition", "enableExecuteCommand")}
        for cluster in clusters.get("clusterArns") or ():
            short = cluster.rpartition("/")[2]
            listed = self.calls.ask("ecs", "ListServices", region=region, cluster=cluster) or {}
            for number, some in enumerate(_some(listed.get("serviceArns") or (), 10), 1):
                answer = self.copy(
                    f"{at}/describe-services/{short}-{number}", "ecs", "DescribeServices", shape,
                    region=region, about=short, cluster=cluster, services=some,
                )  # fmt: skip
                tasks |= {each["taskDefinition"] for each in answer.get("services") or ()}
        for task in sorted(tasks):
            self.copy(
                f"{at}/describe-task-definition/{task.rpartition('/')[2]}", "ecs",
                "DescribeTaskDefinition",
                {"taskDefinition": _all("taskDefinitionArn", "taskRoleArn", "executionRoleArn")},
                region=region, about=task, taskDefinition=task,
            )  # fmt: skip

    def _apps(self, at: str, region: str) -> None:
        listed = self.copy(
            f"{at}/list-services", "apprunner", "ListServices",
            {"ServiceSummaryList": _all("ServiceArn", "ServiceName")}, region=region,
            listed="ServiceSummaryList",
        )  # fmt: skip
        running: Shape = {"InstanceConfiguration": _all("InstanceRoleArn")}
        for each in listed.get("ServiceSummaryList") or ():
            arn = each["ServiceArn"]
            self.copy(
                f"{at}/describe-service/{each['ServiceName']}", "apprunner", "DescribeService",
                {"Service": {"ServiceArn": None, "ServiceName": None, **(running or {})}},
                region=region, about=arn, ServiceArn=arn,
            )  # fmt: skip

    # -- resources' own policies -----------------------------------------------------------------

    def resource_policies(self) -> None:
        """Policies of buckets, keys, functions, secrets, queues and topics."""
        self._say_regions("resource-policies")
        at = f"resource-policies/{self.account}"
        shape: Shape = {"Buckets": _all("Name")}
        listed = self.copy(f"{at}/list-buckets", "s3", "ListBuckets", shape, listed="Buckets")
        for each in listed.get("Buckets") or ():
            self._policy(f"{at}/get-bucket-policy/{each['Name']}", "s3", "GetBucketPolicy", "",
                         Bucket=each["Name"])  # fmt: skip
        for region in self.regions:
            for service, operation, name, shape in _OWNED:
                place = f"{at}/{region}"
                key = next(iter(shape or ()))
                found = self.copy(
                    f"{place}/{name}", service, operation, shape, region=region, listed=key
                )
                self._policies(place, service, region, found)

    def _policies(self, at: str, service: str, region: str, found: Mapping[str, Any]) -> None:
        for key in found.get("Keys") or () if service == "kms" else ():
            self._policy(f"{at}/get-key-policy/{key['KeyId']}", service, "GetKeyPolicy", region,
                         KeyId=key["KeyId"], PolicyName="default")  # fmt: skip
        for each in found.get("Functions") or ():
            name = each["FunctionName"]
            self._policy(f"{at}/get-policy/{name}", service, "GetPolicy", region, FunctionName=name)
        for each in found.get("SecretList") or ():
            self.copy(
                f"{at}/get-resource-policy/{each['Name']}", service, "GetResourcePolicy",
                _all("ARN", "Name", "ResourcePolicy"),
                region=region, about=each["Name"], SecretId=each["ARN"],
            )  # fmt: skip
        for url in found.get("QueueUrls") or ():
            name = url.rpartition("/")[2]
            self._attributes(f"{at}/get-queue-attributes/{name}", service, "GetQueueAttributes",
                             region, QueueUrl=url,
                             AttributeNames=["Policy", "QueueArn"])  # fmt: skip
        for topic in found.get("Topics") or ():
            arn = topic["TopicArn"]
            self._attributes(f"{at}/get-topic-attributes/{arn.rpartition(':')[2]}", service,
                             "GetTopicAttributes", region, TopicArn=arn)  # fmt: skip

    def _policy(
        self, name: str, service: str, operation: str, region: str, **arguments: Any
    ) -> None:
        """A resource's policy; null where it has none."""
        about = str(next(iter(arguments.values())))
        answer = self.calls.ask(service, operation, region=region, about=about, **arguments)
        if answer is not None:
            self.folder.write(f"{name}.json", {"Policy": answer.get("Policy")})

    def _attributes(
        self, name: str, service: str, operation: str, region: str, **arguments: Any
    ) -> None:
        about = str(next(iter(arguments.values())))
        shape: Shape = {"Attributes": _all("QueueArn", "TopicArn", "Policy")}
        self.copy(name, service, operation, shape, region=region, about=about, **arguments)

    # -- the organisation and its people ---------------------------------------------------------

    def organisation(self) -> None:
        """The tree of accounts, and the policies that limit them."""
        at, service = "organizations", "organizations"
        shape: Shape = {"Organization": _all("Id", "Arn", "FeatureSet", "MasterAccountId")}
        self.copy(f"{at}/describe-organization", service, "DescribeOrganization", shape)
        roots = self.copy(f"{at}/list-roots", service, "ListRoots")
        pending = [each["Id"] for each in roots.get("Roots") or ()]
        for place in pending:
            below = self.copy(
                f"{at}/list-organizational-units-for-parent/{place}", service,
                "ListOrganizationalUnitsForParent", about=place, ParentId=place,
            )  # fmt: skip
            pending += [each["Id"] for each in below.get("OrganizationalUnits") or ()]
            self.copy(
                f"{at}/list-accounts-for-parent/{place}", service, "ListAccountsForParent",
                {"Accounts": _all("Id", "Arn", "Name", "Status")}, about=place, ParentId=place,
            )  # fmt: skip
        for kind in _KINDS:
            listed = self.copy(
                f"{at}/list-policies/{kind}", service, "ListPolicies", about=kind, Filter=kind
            )
            for each in listed.get("Policies") or ():
                code = each["Id"]
                for name, operation in (
                    ("describe-policy", "DescribePolicy"),
                    ("list-targets-for-policy", "ListTargetsForPolicy"),
                ):
                    self.copy(f"{at}/{name}/{code}", service, operation, about=code, PolicyId=code)

    def identity_center(self) -> None:
        """People, groups, sets and assignments, in the first region that has them."""
        home = [each for each in self.regions if each == self.calls.home] or [self.calls.home]
        for region in dict.fromkeys([*home, *self.regions]):
            listed = self.calls.ask("sso-admin", "ListInstances", region=region)
            if listed and listed.get("Instances"):
                shape: Shape = {"Instances": _all("InstanceArn", "IdentityStoreId", "Name")}
                self.folder.write("identity-center/list-instances.json", kept(listed, shape))
                for each in listed["Instances"]:
                    self._people(region, each["IdentityStoreId"])
                    self._sets(region, each["InstanceArn"])
                return

    def _people(self, region: str, store: str) -> None:
        at = f"identity-center/{store}"
        asked = {"region": region, "about": store, "IdentityStoreId": store}
        shape = _all("UserId", "UserName", "DisplayName", "Emails", "UserStatus")
        self.copy(f"{at}/list-users", "identitystore", "ListUsers", {"Users": shape}, **asked)
        shape = {"Groups": _all("GroupId", "DisplayName")}
        groups = self.copy(f"{at}/list-groups", "identitystore", "ListGroups", shape, **asked)
        for each in groups.get("Groups") or ():
            self.copy(
                f"{at}/list-group-memberships/{each['GroupId']}", "identitystore",
                "ListGroupMemberships", region=region, about=each["GroupId"],
                IdentityStoreId=store, GroupId=each["GroupId"],
            )  # fmt: skip

    def _sets(self, region: str, instance: str) -> None:
        at, service = "identity-center", "sso-admin"
        asked: dict[str, Any] = {"region": region, "InstanceArn": instance}
        short = instance.rpartition("/")[2]
        listed = self.copy(
            f"{at}/list-permission-sets/{short}",
            service,
            "ListPermissionSets",
            about=short,
            **asked,
        )
        for arn in listed.get("PermissionSets") or ():
            code = arn.rpartition("/")[2]
            of: dict[str, Any] = {**asked, "about": code, "PermissionSetArn": arn}
            for name, operation in (
                ("describe-permission-set", "DescribePermissionSet"),
                ("get-inline-policy-for-permission-set", "GetInlinePolicyForPermissionSet"),
                ("list-managed-policies-in-permission-set", "ListManagedPoliciesInPermissionSet"),
            ):
                self.copy(f"{at}/{name}/{code}", service, operation, **of)
            where = self.calls.ask(service, "ListAccountsForProvisionedPermissionSet", **of) or {}
            for account in where.get("AccountIds") or ():
                self.copy(
                    f"{at}/list-account-assignments/{code}/{account}", service,
                    "ListAccountAssignments", AccountId=account, **of,
                )  # fmt: skip


def _some(names: Iterable[str], most: int) -> Iterable[list[str]]:
    """Names in parts of at most so many, which is what one call takes."""
    listed = list(names)
    return (listed[start : start + most] for start in range(0, len(listed), most))
