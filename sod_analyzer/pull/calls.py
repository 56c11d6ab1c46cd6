"""Calls to AWS: only such as read, every page of them, with what was denied written down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from sod_analyzer.errors import InputError

#: Everything that is ever called. All of it reads; a credential report is made by AWS for reading.
READ_ONLY: Mapping[str, frozenset[str]] = {
    "apprunner": frozenset({"DescribeService", "ListServices"}),
    "cloudformation": frozenset({"DescribeStacks"}),
    "codebuild": frozenset({"BatchGetProjects", "ListProjects"}),
    "codepipeline": frozenset({"GetPipeline", "ListPipelines"}),
    "ec2": frozenset({"DescribeInstances", "DescribeRegions"}),
    "ecs": frozenset(
        {"DescribeServices", "DescribeTaskDefinition", "ListClusters", "ListServices"}
    ),
    "glue": frozenset({"GetJobs"}),
    "iam": frozenset(
        {
            "GenerateCredentialReport",
            "GetAccountAuthorizationDetails",
            "GetCredentialReport",
            "ListInstanceProfiles",
        }
    ),
    "identitystore": frozenset({"ListGroupMemberships", "ListGroups", "ListUsers"}),
    "kms": frozenset({"GetKeyPolicy", "ListKeys"}),
    "lambda": frozenset({"GetPolicy", "ListFunctions"}),
    "organizations": frozenset(
        {
            "DescribeOrganization",
            "DescribePolicy",
            "ListAccountsForParent",
            "ListOrganizationalUnitsForParent",
            "ListPolicies",
            "ListRoots",
            "ListTargetsForPolicy",
        }
    ),
    "s3": frozenset({"GetBucketPolicy", "ListBuckets"}),
    "sagemaker": frozenset({"DescribeNotebookInstance", "ListNotebookInstances"}),
    "secretsmanager": frozenset({"GetResourcePolicy", "ListSecrets"}),
    "sns": frozenset({"GetTopicAttributes", "ListTopics"}),
    "sqs": frozenset({"GetQueueAttributes", "ListQueues"}),
    "sso-admin": frozenset(
        {
            "DescribePermissionSet",
            "GetInlinePolicyForPermissionSet",
            "ListAccountAssignments",
            "ListAccountsForProvisionedPermissionSet",
            "ListInstances",
            "ListManagedPoliciesInPermissionSet",
            "ListPermissionSets",
        }
    ),
    "sts": frozenset({"GetCallerIdentity"}),
}
#: What AWS says where a resource has no policy. For anything else it is an error.
_HAS_NONE = {
    ("s3", "GetBucketPolicy"): "NoSuchBucketPolicy",
    ("lambda", "GetPolicy"): "ResourceNotFoundException",
}
_DENIED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "KMS.AccessDeniedException",
        "UnauthorizedOperation",
        "UnauthorizedException",
        "403",
    }
)
_GLOBAL = "us-east-1"


@dataclass(frozen=True, order=True)
class Refused:
    """A call that gave no answer: what was asked, where, about what, and AWS's code for why."""

    call: str
    region: str
    about: str
    code: str


@dataclass
class Calls:
    """Calls with the credentials of a profile, counted; what gave no answer is kept, not raised."""

    profile: str | None = None
    made: Counter[str] = field(default_factory=Counter)
    denied: list[Refused] = field(default_factory=list)
    failed: list[Refused] = field(default_factory=list)

    @cached_property
    def session(self) -> Any:
        """The session of the profile.

        Raises:
            InputError: there is no such profile.
        """
        try:
            return boto3.session.Session(profile_name=self.profile)
        except BotoCoreError as error:
            raise InputError(f"AWS: {error}") from error

    @property
    def home(self) -> str:
        """The region of what has no region."""
        return self.session.region_name or _GLOBAL

    @cached_property
    def _clients(self) -> dict[tuple[str, str], Any]:
        return {}

    def client(self, service: str, region: str) -> Any:
        """A client that waits where AWS asks it to; one for each service and region."""
        if (service, region) not in self._clients:
            waiting = Config(retries={"mode": "adaptive", "max_attempts": 10})
            made = self.session.client(service, region_name=region, config=waiting)
            made.meta.events.register("before-send", self._count(service))
            self._clients[service, region] = made
        return self._clients[service, region]

    def _count(self, service: str) -> Any:
        def count(event_name: str, **rest: object) -> None:
            del rest
            self.made[f"{service}:{event_name.rpartition('.')[2]}"] += 1

        return count

    def who(self) -> Mapping[str, str]:
        """The account and the caller.

        Raises:
            InputError: AWS knows no such caller, or cannot be reached.
        """
        try:
            found = self.client("sts", self.home).get_caller_identity()
        except (BotoCoreError, ClientError) as error:
            raise InputError(f"AWS does not say who calls: {_code(error)}") from error
        return {"account": found["Account"], "identity": found["Arn"]}

    def ask(
        self, service: str, operation: str, *, region: str = "", about: str = "", **arguments: Any
    ) -> Mapping[str, Any] | None:
        """All pages of an answer in one; None where there is none, which is written down.

        A resource that has no policy answers with an empty object.

        Raises:
            ValueError: the operation is none of those that only read.
        """
        if operation not in READ_ONLY.get(service, frozenset()):
            raise ValueError(f"{service}:{operation} is not known to only read")
        region = region or self.home
        try:
            client = self.client(service, region)
            method = _method(client, operation)
            if client.can_paginate(method):
                pages = client.get_paginator(method).paginate(**arguments)
                return dict(pages.build_full_result())
            answer = dict(getattr(client, method)(**arguments))
        except (BotoCoreError, ClientError) as error:
            code = _code(error)
            if code == _HAS_NONE.get((service, operation)):
                return {}
            refused = Refused(f"{service}:{operation}", region, about, code)
            (self.denied if code in _DENIED else self.failed).append(refused)
            return None
        answer.pop("ResponseMetadata", None)
        return answer


def _method(client: Any, operation: str) -> str:
    found = next(
        (name for name, each in client.meta.method_to_api_mapping.items() if each == operation),
        None,
    )
    if found is None:
        raise ValueError(f"this version of boto3 knows no {operation}")
    return str(found)


def _code(error: Exception) -> str:
    """AWS's own code, or the name of what went wrong on the way; never its text."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__
