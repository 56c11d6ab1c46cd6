"""Policies of AWS resources as exported: of buckets, keys, functions, secrets, queues, topics.

Source: "ListBuckets" and "GetBucketPolicy" of S3, "ListKeys" and "GetKeyPolicy" of KMS,
"ListFunctions" and "GetPolicy" of Lambda, "ListSecrets" and "GetResourcePolicy" of Secrets Manager,
"GetQueueAttributes" of SQS and "GetTopicAttributes" of SNS, each in its API reference.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from sod_analyzer.cloud.aws.documents import Form, Policy, parse
from sod_analyzer.cloud.aws.pages import Pages, Record, account_in, shown

_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
#: Calls that print one resource's policy, and the ARN where the answer has none.
_CALLS = {
    "get-bucket-policy": "arn:aws:s3:::{name}",
    "get-key-policy": "arn:aws:kms:{region}:{account}:key/{name}",
    "get-policy": "arn:aws:lambda:{region}:{account}:function:{name}",
    "get-resource-policy": "",
    "get-queue-attributes": "arn:aws:sqs:{region}:{account}:{name}",
    "get-topic-attributes": "arn:aws:sns:{region}:{account}:{name}",
}
#: Lists of resources: the service, and the field with the ARN.
_LISTS = {
    "Buckets": ("s3", "Name"),
    "Keys": ("kms", "KeyArn"),
    "Functions": ("lambda", "FunctionArn"),
    "SecretList": ("secretsmanager", "ARN"),
    "QueueUrls": ("sqs", ""),
    "Topics": ("sns", "TopicArn"),
}


@dataclass(frozen=True)
class ResourcePolicies:
    """Policies by the ARN of the resource, accounts of buckets, and what was read whole.

    A resource that is listed and whose policy was not read has a damaged one, so that it makes
    answers unknown. `read_services` are those whose resources are all listed, in every account and
    region of the export, with a policy or the word that there is none.
    """

    policies: Mapping[str, Policy]
    owners: Mapping[str, str]
    read_services: frozenset[str]
    problems: tuple[str, ...] = ()


def read(
    exports: Iterable[tuple[str, object]], *, regions: Iterable[str] | None = None
) -> ResourcePolicies:
    """What named exports say of resources' own policies.

    Each is a list of records with `Resource`, `Policy` and perhaps `Account`; an object of policies
    by ARN; or what one call printed, by a path such as
    `111122223333/eu-west-1/get-key-policy/1234abcd.json`.

    Args:
        exports: A name, and what the JSON holds.
        regions: Those in use, in all accounts; without, those that `describe-regions` lists for
            each account.
    """
    reader = _Reader(Pages(), None if regions is None else frozenset(regions))
    for name, export in exports:
        reader.take(name, export)
    return reader.made()


@dataclass
class _Reader:
    pages: Pages
    regions: frozenset[str] | None
    documents: dict[str, object] = field(default_factory=dict)
    none: set[str] = field(default_factory=set)  # resources that have no policy
    torn: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)
    listed: dict[str, str] = field(default_factory=dict)  # resources to services
    in_use: dict[str, set[str]] = field(default_factory=dict)  # regions by account
    lists: dict[tuple[str, str, str], bool] = field(default_factory=dict)  # whether whole
    accounts: set[str] = field(default_factory=set)

    def take(self, name: str, export: object) -> None:
        """One export, in whichever shape."""
        parts = re.split(r"[/\\]", name)
        account = next((each for each in parts if _ACCOUNT.fullmatch(each)), "")
        region = next((each for each in parts if _REGION.fullmatch(each)), "")
        call = next((each for each in parts[:-1] if each in _CALLS), "")
        # Names of buckets have dots.
        about = PurePosixPath(parts[-1]).name.removesuffix(".json")
        for where, each in self.pages.opened(name, export):
            if account:
                self.accounts.add(account)
            if call:
                arn = _CALLS[call].format(name=about, region=region, account=account)
                self._printed(where, each, arn)
            elif "Resource" in each:
                self._record(where, each)
            elif "Regions" in each:
                self._regions(where, each, account)
            elif any(key in each for key in _LISTS):
                self._list(where, each, account, region)
            elif all(key.startswith("arn:") for key in each):
                for arn, document in sorted(each.items()):
                    self._keep(f"{where}: {arn}", arn, document)
            else:
                self.pages.say(where, "it holds no policies of resources; it is left out")

    def _keep(self, where: str, arn: str, document: object) -> None:
        if document is None or document == "":
            self.none.add(arn)
        elif arn in self.documents and self.documents[arn] != document:
            self.pages.say(where, f"{arn} is there twice and differs; neither is sure")
            self.torn.add(arn)
        else:
            self.documents[arn] = document

    def _record(self, where: str, record: Record) -> None:
        arn = self.pages.needed(where, record, "Resource")
        if arn is None:
            return
        if not arn.startswith("arn:"):
            self.pages.say(where, f"Resource is {shown(arn)}, no ARN; the record is left out")
            return
        owner = self.pages.text(where, record, "Account")
        if owner and not account_in(arn):
            self.owners[arn] = owner
        if "Policy" not in record:
            self.pages.say(where, f"{arn} has no Policy; an empty one says that there is none")
            self.listed.setdefault(arn, "")
        else:
            self._keep(where, arn, record["Policy"])

    def _printed(self, where: str, export: Record, arn: str) -> None:
        """What a call printed about one resource."""
        inner = self.pages.inner(where, export, "Attributes")
        for holder, key in ((export, "ARN"), (inner, "QueueArn"), (inner, "TopicArn")):
            arn = self.pages.text(where, holder, key) or arn
        if not arn.startswith("arn:"):
            self.pages.say(where, "it does not say of which resource it is; it is left out")
            return
        document = export.get("Policy", export.get("ResourcePolicy", inner.get("Policy")))
        self._keep(where, arn, document)

    def _regions(self, where: str, export: Record, account: str) -> None:
        used = self.in_use.setdefault(account, set())
        for place, each in self.pages.records(where, export, "Regions"):
            name = self.pages.needed(place, each, "RegionName")
            if name is not None and each.get("OptInStatus") != "not-opted-in":
                used.add(name)

    def _list(self, where: str, export: Record, account: str, region: str) -> None:
        for key, (service, named) in _LISTS.items():
            if key not in export:
                continue
            before = len(self.pages.problems)
            if named:
                records = self.pages.records(where, export, key)
                found = [self.pages.needed(place, each, named) for place, each in records]
            else:
                urls = self.pages.texts(where, export, key)
                names = [url.rpartition("/")[2] for url in urls]
                found = [f"arn:aws:sqs:{region}:{account}:{name}" for name in names]
            for arn in found:
                if arn is not None and service == "s3":
                    self.owners[f"arn:aws:s3:::{arn}"] = account
                if arn is not None:
                    self.listed[f"arn:aws:s3:::{arn}" if service == "s3" else arn] = service
            cut = any(text.startswith(f"{where}: a page is") for text in self.pages.problems)
            at = (service, account, "" if service == "s3" else region)
            whole = len(self.pages.problems) == before and not cut
            self.lists[at] = whole and self.lists.get(at, True)

    def made(self) -> ResourcePolicies:
        """Everything that was taken, and what is listed and was not read."""
        policies = {
            arn: parse(document, arn, Form.RESOURCE)
            for arn, document in sorted(self.documents.items())
        }
        for arn in sorted(self.torn):
            policies[arn] = Policy.missing(arn, "its policy is there twice and differs")
        for arn in sorted({*self.listed} - {*policies} - self.none):
            policies[arn] = Policy.missing(arn, "it is listed and its policy was not read")
        lacking = {
            service
            for arn, service in self.listed.items()
            if arn not in self.none and policies[arn].damaged
        }
        read = {
            service
            for service, _ in _LISTS.values()
            if service not in lacking and self._all(service)
        }
        for policy in policies.values():
            self.pages.problems.extend(policy.problems)
        return ResourcePolicies(policies, self.owners, frozenset(read), self.pages.done())

    def _all(self, service: str) -> bool:
        """Whether every account has a whole list of the service for every region in use."""
        if not self.accounts:
            return False
        for account in self.accounts:
            used = self.in_use.get(account, set()) if self.regions is None else self.regions
            regions = {""} if service == "s3" else used
            if not regions:
                return False
            if not all(self.lists.get((service, account, region), False) for region in regions):
                return False
        return True
