"""Short ways to write principals, policies and requests whose answers one can work out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import Decision, decide
from sod_analyzer.cloud.aws.documents import Form, Policy, parse
from sod_analyzer.cloud.aws.estate import Account, Estate, Level
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.globs import Glob
from sod_analyzer.cloud.truth import Answer

ONE, TWO = "111111111111", "222222222222"
BUCKET = "arn:aws:s3:::ledger"
FILE = f"{BUCKET}/2026/q3.csv"
TABLE = f"arn:aws:athena:eu-west-1:{ONE}:workgroup/books"
NO, UNKNOWN, CONDITIONAL, YES = Answer
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
#: Actions of the tests, with what they work on, so that no case depends on a day's catalogue.
_IAM = "arn:${Partition}:iam::${Account}:"
_OBJECT, _BUCKET = "arn:${Partition}:s3:::${Bucket}/${Object}", "arn:${Partition}:s3:::${Bucket}"
_GROUP = "arn:${Partition}:athena:${Region}:${Account}:workgroup/${Name}"
_EC2 = "arn:${Partition}:ec2:${Region}:${Account}"
_PROMPT = "arn:${Partition}:bedrock:${Region}:${Account}:prompt"
KNOWN: Mapping[str, tuple[str, ...]] = {
    "athena:getworkgroup": (_GROUP,),
    "athena:listworkgroups": (),
    "bedrock:deleteprompt": (f"{_PROMPT}/${{Id}}", f"{_PROMPT}/${{Id}}:${{Version}}"),
    "ec2:attachvolume": (f"{_EC2}:instance/${{Id}}", f"{_EC2}:volume/${{Id}}"),
    "ec2:runinstances": ("arn:${Partition}:ec2:${Region}:${Account}:instance/${Id}",),
    "iam:createaccesskey": (f"{_IAM}user/${{Name}}",),
    "iam:listusers": (),
    "iam:passrole": (f"{_IAM}role/${{Name}}",),
    "kms:decrypt": ("arn:${Partition}:kms:${Region}:${Account}:key/${Id}",),
    "s3:deleteobject": (_OBJECT,),
    "s3:getobject": (_OBJECT,),
    "s3:listallmybuckets": (),
    "s3:listbucket": (_BUCKET,),
    "sqs:sendmessage": ("arn:${Partition}:sqs:${Region}:${Account}:${Name}",),
    "sts:assumerole": (f"{_IAM}role/${{Name}}",),
    "sts:assumerolewithwebidentity": (f"{_IAM}role/${{Name}}",),
    "sts:getcalleridentity": (),
}
#: Of those that work on several resources at once, all of which must be allowed.
NEEDED = {name: KNOWN[name] for name in ("bedrock:deleteprompt", "ec2:attachvolume")}
SPELLED = {"bedrock:deleteprompt": "bedrock:DeletePrompt", "ec2:attachvolume": "ec2:AttachVolume"}
Statement = dict[str, Any]


class Small:
    """A catalogue of the actions above."""

    version = "a small catalogue"

    def arns_of(self, action: str) -> tuple[str, ...] | None:
        return KNOWN.get(action.lower())

    def spelled(self, action: str) -> str:
        return SPELLED.get(action.lower(), action)

    def needed_by(self, action: str) -> tuple[str, ...]:
        return NEEDED.get(action.lower(), ())

    def actions_like(self, pattern: str) -> tuple[str, ...]:
        glob = Glob.parse(pattern)
        return tuple(name for name in sorted(KNOWN) if glob.matches(name, fold=True))


def allow(actions: str | Sequence[str], resources: Any = "*", **more: Any) -> Statement:
    """A statement; `to` names principals, `when` has conditions, any other element by its name."""
    return _statement("Allow", actions, resources, more)


def deny(actions: str | Sequence[str], resources: Any = "*", **more: Any) -> Statement:
    """As `allow`."""
    return _statement("Deny", actions, resources, more)


def _statement(effect: str, actions: Any, resources: Any, more: dict[str, Any]) -> Statement:
    found: Statement = {"Effect": effect, "Action": actions, "Resource": resources}
    if "to" in more:
        found["Principal"] = more.pop("to")
    if "when" in more:
        found["Condition"] = more.pop("when")
    for key, value in more.items():
        found.pop(key.removeprefix("Not"), None)
        found[key] = value
    return {key: value for key, value in found.items() if value is not None}


def policy(*statements: Statement, form: Form = Form.IDENTITY, name: str = "p") -> Policy:
    """A document of the later version with these statements."""
    return parse({"Version": "2012-10-17", "Statement": list(statements)}, name, form)


def login(*statements: Statement, name: str = "ann", account: str = ONE, **more: Any) -> Principal:
    """A login with one policy."""
    return Principal(
        f"arn:aws:iam::{account}:user/{name}", account, Kind.LOGIN, name, unique_id="AIDAANN",
        policies=(policy(*statements),), **more,
    )  # fmt: skip


def role(
    *statements: Statement, name: str = "app", account: str = ONE, path: str = "/", **more: Any
) -> Principal:
    """A role with one policy; `trust` has statements of its trust policy."""
    trust = more.pop("trust", None)
    return Principal(
        f"arn:aws:iam::{account}:role{path}{name}", account, Kind.ROLE, name, path, "AROAAPP",
        policies=(policy(*statements),),
        trust=None if trust is None else policy(*trust, form=Form.TRUST, name="trust"),
        **more,
    )  # fmt: skip


def on(resource: str, *statements: Statement) -> Mapping[str, Policy]:
    """A resource's policy."""
    return {resource: policy(*statements, form=Form.RESOURCE, name="of the resource")}


def organisation(*levels: Level, management: bool = False) -> Mapping[str, Account]:
    """Account one below these levels, account two below one that allows everything."""
    free = (Level("root", (policy(allow("*"), name="full"),)),)
    return {
        ONE: Account(ONE, levels, management=management),
        TWO: Account(TWO, free),
    }


@dataclass(frozen=True)
class Case:
    """A request with the answer that the named rule gives it."""

    rule: str
    name: str
    expected: Answer
    caller: Principal
    action: str
    resource: str = FILE
    context: Context = field(default_factory=Context)
    estate: Estate = field(default_factory=Estate)
    sessions: tuple[Policy, ...] = ()
    layer: str | None = None

    def __str__(self) -> str:
        return f"{self.rule} {self.name}"

    def decided(self) -> Decision:
        """What the evaluator says."""
        known = {each.arn: each for each in (self.caller, *self.estate.principals.values())}
        estate = Estate(
            known,
            self.estate.accounts,
            self.estate.resources,
            self.estate.owners or {BUCKET: ONE},
            frozenset({"s3", "sqs", "athena", "kms"}) | self.estate.read_services,
        )
        return decide(
            estate, self.caller, self.action, self.resource, self.context,
            catalogue=Small(), sessions=self.sessions,
        )  # fmt: skip
