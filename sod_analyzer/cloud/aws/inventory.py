"""What runs as which role in AWS accounts: functions, instances, builds, stacks, jobs, services.

Source: "ListFunctions" of Lambda, "DescribeInstances" and "DescribeRegions" of EC2,
"DescribeTaskDefinition" and "DescribeServices" of ECS, "ListProjects" and "BatchGetProjects" of
CodeBuild, "DescribeStacks" of CloudFormation, "GetPipeline" of CodePipeline, "GetJobs" of Glue,
"DescribeNotebookInstance" of SageMaker and "DescribeService" of App Runner, each in its API
reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from sod_analyzer.cloud.aws.pages import Pages, Record, account_in, stem

LAMBDA, EC2, ECS = "lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com"
CODEBUILD, STACKS = "codebuild.amazonaws.com", "cloudformation.amazonaws.com"
PIPELINES, GLUE = "codepipeline.amazonaws.com", "glue.amazonaws.com"
SAGEMAKER, APPRUNNER = "sagemaker.amazonaws.com", "tasks.apprunner.amazonaws.com"
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
#: Stacks and instances that are no more.
_GONE = ("DELETE_COMPLETE", "terminated")


@dataclass(frozen=True, order=True)
class Thing:
    """Something that runs as a role: the service that assumes it, the ARNs of the thing and role.

    Of some services the role is listed by its name alone; its ARN is then without a path.
    """

    service: str
    arn: str
    role: str


@dataclass(frozen=True)
class Inventory:
    """Things, and the (account, service) pairs of which all things in all regions are here."""

    things: tuple[Thing, ...]
    read: frozenset[tuple[str, str]]
    problems: tuple[str, ...] = ()

    def behind(self, role: str, service: str) -> tuple[Thing, ...]:
        """Things of a service that run as a role, sorted."""
        return self._by_role.get((service, account_in(role), role.rpartition("/")[2]), ())

    def covers(self, account: str, service: str) -> bool:
        """Whether nothing else of the service runs in the account."""
        return (account, service) in self.read

    @cached_property
    def _by_role(self) -> Mapping[tuple[str, str, str], tuple[Thing, ...]]:
        found: dict[tuple[str, str, str], tuple[Thing, ...]] = {}
        for each in self.things:
            # Names of roles are unique in an account, whatever their paths.
            key = (each.service, account_in(each.role), each.role.rpartition("/")[2])
            found[key] = (*found.get(key, ()), each)
        return found


def read(
    exports: Iterable[tuple[str, object]], *, regions: Iterable[str] | None = None
) -> Inventory:
    """What named exports say runs as which role.

    Each is what one call printed. The account and region stand in the file's path, such as
    `111122223333/eu-west-1/list-functions.json`, since an empty list names neither.

    Args:
        exports: A name, and what the JSON holds; exports of IAM too, for instance profiles.
        regions: Those in use, in all accounts; without, those that `describe-regions` lists for
            each account.

    A service counts as read in an account where the list of every region in use is here, whole.
    Elsewhere what is not listed may run all the same.
    """
    reader = _Reader(Pages(), None if regions is None else frozenset(regions))
    for name, export in exports:
        for where, each in reader.pages.opened(name, export):
            reader.take(name, where, each)
    return reader.made()


@dataclass(frozen=True)
class _Place:
    """Where a list is from, as its file's path says."""

    where: str
    account: str
    region: str


@dataclass
class _Reader:
    pages: Pages
    regions: frozenset[str] | None
    found: set[Thing] = field(default_factory=set)
    profiles: dict[str, str] = field(default_factory=dict)  # of instances, to roles
    instances: dict[str, tuple[str, str]] = field(default_factory=dict)  # to profile and account
    in_use: dict[str, set[str]] = field(default_factory=dict)  # regions, by account
    lists: dict[tuple[str, str, str], bool] = field(default_factory=dict)  # whether each is whole
    named: dict[str, set[tuple[str, str]]] = field(default_factory=dict)  # listed, not described
    described: set[str] = field(default_factory=set)
    tasks: dict[str, str] = field(default_factory=dict)  # task definitions to roles
    services: dict[str, str] = field(default_factory=dict)  # of ECS, to task definitions

    def take(self, name: str, where: str, export: Record) -> None:
        """What one call printed."""
        parts = re.split(r"[/\\]", name)
        place = _Place(
            where,
            next((each for each in parts if _ACCOUNT.fullmatch(each)), ""),
            next((each for each in parts if _REGION.fullmatch(each)), ""),
        )
        known = False
        for key, (service, look) in self._lists().items():
            if key in export:
                known = True
                before = len(self.pages.problems)
                look(place, export)
                # What was asked for by name may be some of what there is.
                if service and (service != CODEBUILD or stem(name) == "list-projects"):
                    whole = len(self.pages.problems) == before and not self._cut(where)
                    at = (place.account, service, place.region)
                    self.lists[at] = whole and self.lists.get(at, True)
        if not known:
            self.pages.say(where, "it is none of the lists of what runs as a role; it is left out")

    def _cut(self, where: str) -> bool:
        return any(text.startswith(f"{where}: a page is missing") for text in self.pages.problems)

    def _lists(self) -> Mapping[str, tuple[str, Callable[[_Place, Record], None]]]:
        """Each list by its key: the service of which it lists everything, and who reads it."""
        return {
            "Functions": (LAMBDA, self._functions),
            "Reservations": (EC2, self._reservations),
            "InstanceProfiles": ("", self._instance_profiles),
            "RoleDetailList": ("", self._details),
            "Regions": ("", self._regions),
            "taskDefinition": ("", self._task),
            "taskDefinitions": ("", self._task),
            "services": ("", self._ecs_services),
            "projects": (CODEBUILD, self._projects),
            "Stacks": (STACKS, self._stacks),
            "pipeline": ("", self._pipeline),
            "Jobs": (GLUE, self._jobs),
            "NotebookInstances": (SAGEMAKER, self._notebooks),
            "NotebookInstanceArn": ("", self._notebook),
            "ServiceSummaryList": (APPRUNNER, self._apps),
            "Service": ("", self._app),
        }

    def _add(self, where: str, service: str, arn: str | None, role: str | None) -> None:
        """A thing, unless it runs as no role; a role that is none is said."""
        if arn is None:
            return
        self.described.add(arn)
        if not role:
            return
        if account_in(role):
            self.found.add(Thing(service, arn, role))
        elif account_in(arn) and not role.startswith("arn:"):
            name = role.rpartition("/")[2]
            self.found.add(Thing(service, arn, f"arn:aws:iam::{account_in(arn)}:role/{name}"))
        else:
            self.pages.say(where, f"{arn} runs as {role!r}, which is no role")

    # -- one service each ------------------------------------------------------------------------

    def _functions(self, at: _Place, export: Record) -> None:
        for where, each in self.pages.records(at.where, export, "Functions"):
            arn = self.pages.needed(where, each, "FunctionArn")
            self._add(where, LAMBDA, arn, self.pages.needed(where, each, "Role"))

    def _reservations(self, at: _Place, export: Record) -> None:
        for where, reservation in self.pages.records(at.where, export, "Reservations"):
            owner = self.pages.text(where, reservation, "OwnerId") or at.account
            for place, each in self.pages.records(where, reservation, "Instances"):
                code = self.pages.needed(place, each, "InstanceId")
                state = self.pages.text(place, self.pages.inner(place, each, "State"), "Name")
                profile = self.pages.inner(place, each, "IamInstanceProfile")
                if code is None or state in _GONE or not profile:
                    continue
                zone = self.pages.inner(place, each, "Placement").get("AvailabilityZone")
                region = at.region or (zone[:-1] if isinstance(zone, str) else "")
                arn = f"arn:aws:ec2:{region}:{owner}:instance/{code}"
                if (named := self.pages.needed(place, profile, "Arn")) is not None:
                    self.instances[arn] = (named, owner)

    def _instance_profiles(self, at: _Place, export: Record) -> None:
        for where, each in self.pages.records(at.where, export, "InstanceProfiles"):
            self._profile(where, each)

    def _details(self, at: _Place, export: Record) -> None:
        for where, role in self.pages.records(at.where, export, "RoleDetailList"):
            for place, each in self.pages.records(where, role, "InstanceProfileList"):
                # An export of IAM lists a role's profiles, with or without the role once more.
                arn = self.pages.needed(place, each, "Arn")
                if arn is not None:
                    self.profiles[arn] = self.pages.text(where, role, "Arn")

    def _profile(self, where: str, record: Record) -> None:
        arn = self.pages.needed(where, record, "Arn")
        roles = self.pages.records(where, record, "Roles")
        if arn is not None:
            # A profile has one role at most.
            self.profiles[arn] = self.pages.text(*roles[0], "Arn") if roles else ""

    def _regions(self, at: _Place, export: Record) -> None:
        used = self.in_use.setdefault(at.account, set())
        for where, each in self.pages.records(at.where, export, "Regions"):
            name = self.pages.needed(where, each, "RegionName")
            if name is not None and each.get("OptInStatus") != "not-opted-in":
                used.add(name)

    def _task(self, at: _Place, export: Record) -> None:
        found = self.pages.records(at.where, export, "taskDefinitions")
        if export.get("taskDefinition") is not None:
            single = self.pages.inner(at.where, export, "taskDefinition")
            found.append((f"{at.where}: taskDefinition", single))
        for where, each in found:
            arn = self.pages.needed(where, each, "taskDefinitionArn")
            if arn is not None:
                self.tasks[arn] = self.pages.text(where, each, "taskRoleArn")

    def _ecs_services(self, at: _Place, export: Record) -> None:
        for where, each in self.pages.records(at.where, export, "services"):
            arn = self.pages.needed(where, each, "serviceArn")
            task = self.pages.needed(where, each, "taskDefinition")
            # Without this no command can be run in it.
            if arn is not None and task is not None and each.get("enableExecuteCommand") is True:
                self.services[arn] = task

    def _projects(self, at: _Place, export: Record) -> None:
        listed = export.get("projects")
        if isinstance(listed, list) and listed and all(isinstance(each, str) for each in listed):
            for name in self.pages.texts(at.where, export, "projects"):
                project = f"arn:aws:codebuild:{at.region}:{at.account}:project/{name}"
                self.named.setdefault(project, set()).add((at.account, CODEBUILD))
            return
        for where, each in self.pages.records(at.where, export, "projects"):
            arn = self.pages.needed(where, each, "arn")
            self._add(where, CODEBUILD, arn, self.pages.text(where, each, "serviceRole"))

    def _stacks(self, at: _Place, export: Record) -> None:
        for where, each in self.pages.records(at.where, export, "Stacks"):
            arn = self.pages.needed(where, each, "StackId")
            if self.pages.text(where, each, "StackStatus") not in _GONE:
                self._add(where, STACKS, arn, self.pages.text(where, each, "RoleARN"))

    def _pipeline(self, at: _Place, export: Record) -> None:
        found = self.pages.inner(at.where, export, "pipeline")
        metadata = self.pages.inner(at.where, export, "metadata")
        name = self.pages.needed(at.where, found, "name")
        if name is not None:
            arn = self.pages.text(at.where, metadata, "pipelineArn")
            arn = arn or f"arn:aws:codepipeline:{at.region}:{at.account}:{name}"
            self._add(at.where, PIPELINES, arn, self.pages.text(at.where, found, "roleArn"))

    def _jobs(self, at: _Place, export: Record) -> None:
        for where, each in self.pages.records(at.where, export, "Jobs"):
            name = self.pages.needed(where, each, "Name")
            if name is not None:
                arn = f"arn:aws:glue:{at.region}:{at.account}:job/{name}"
                self._add(where, GLUE, arn, self.pages.text(where, each, "Role"))

    def _notebooks(self, at: _Place, export: Record) -> None:
        for where, each in self.pages.records(at.where, export, "NotebookInstances"):
            arn = self.pages.needed(where, each, "NotebookInstanceArn")
            if arn is not None:
                self.named.setdefault(arn, set()).add((at.account, SAGEMAKER))

    def _notebook(self, at: _Place, export: Record) -> None:
        arn = self.pages.needed(at.where, export, "NotebookInstanceArn")
        self._add(at.where, SAGEMAKER, arn, self.pages.text(at.where, export, "RoleArn"))

    def _apps(self, at: _Place, export: Record) -> None:
        for where, each in self.pages.records(at.where, export, "ServiceSummaryList"):
            arn = self.pages.needed(where, each, "ServiceArn")
            if arn is not None:
                self.named.setdefault(arn, set()).add((at.account, APPRUNNER))

    def _app(self, at: _Place, export: Record) -> None:
        found = self.pages.inner(at.where, export, "Service")
        arn = self.pages.needed(at.where, found, "ServiceArn")
        running = self.pages.inner(at.where, found, "InstanceConfiguration")
        self._add(at.where, APPRUNNER, arn, self.pages.text(at.where, running, "InstanceRoleArn"))

    # -- the whole -------------------------------------------------------------------------------

    def made(self) -> Inventory:
        """Everything that was taken, and of which services it is all."""
        unsure: set[tuple[str, str]] = set()
        for arn, (profile, owner) in sorted(self.instances.items()):
            if profile not in self.profiles:
                self.pages.say(arn, f"the role of {profile} was not read")
                unsure.add((owner, EC2))
            else:
                self._add(arn, EC2, arn, self.profiles[profile])
        for arn, task in sorted(self.services.items()):
            if task not in self.tasks:
                self.pages.say(arn, f"the role of {task} was not read")
            else:
                self._add(arn, ECS, arn, self.tasks[task])
        for arn, keys in sorted(self.named.items()):
            if arn not in self.described:
                self.pages.say(arn, "it is listed and was not described: its role is unknown")
                unsure |= keys
        return Inventory(tuple(sorted(self.found)), self._read() - unsure, self.pages.done())

    def _read(self) -> frozenset[tuple[str, str]]:
        whole = set()
        for account, service in {(account, service) for account, service, _ in self.lists}:
            regions = self.in_use.get(account, set()) if self.regions is None else self.regions
            if (
                account
                and regions
                and all(self.lists.get((account, service, region), False) for region in regions)
            ):
                whole.add((account, service))
        return frozenset(whole)
