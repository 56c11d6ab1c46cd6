"""Decisions whose answers follow from one rule of AWS each, which the case names."""

from __future__ import annotations

import pytest

from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.documents import Policy
from sod_analyzer.cloud.aws.estate import Estate, Level
from sod_analyzer.cloud.aws.principals import Kind, Principal
from tests.cloud.aws.kit import (
    BUCKET,
    CONDITIONAL,
    FILE,
    MFA,
    NO,
    ONE,
    TABLE,
    TWO,
    UNKNOWN,
    YES,
    Case,
    allow,
    deny,
    login,
    on,
    organisation,
    policy,
    role,
)

GET, LIST, SEE = "s3:GetObject", "s3:ListBucket", "athena:GetWorkGroup"
ASSUME = "sts:AssumeRole"
KEY = f"arn:aws:kms:eu-west-1:{ONE}:key/k"
FULL = policy(allow("*"), name="full")
ANN, APP = f"arn:aws:iam::{ONE}:user/ann", f"arn:aws:iam::{ONE}:role/app"
ROOT = f"arn:aws:iam::{ONE}:root"
ELSEWHERE = f"arn:aws:iam::{TWO}:user/bob"
TARGET = f"arn:aws:iam::{ONE}:role/target"


def trusting(*trust: dict[str, object], name: str = "target", account: str = ONE) -> Estate:
    """An estate with a role that may be assumed."""
    target = role(name=name, account=account, trust=trust)
    return Estate({target.arn: target})


def with_boundary(*statements: dict[str, object]) -> Policy:
    return policy(*statements, name="boundary")


BOUND = with_boundary(allow("athena:*"))
A1 = (
    Case("A1", "nothing allows", NO, login(), GET),
    Case("A1", "an allow of something else", NO, login(allow("s3:PutObject")), GET),
    Case("A1", "an allow", YES, login(allow(GET)), GET, layer="identity policy"),
    Case("A1", "a deny beside an allow", NO, login(allow("*"), deny(GET)), GET),
    Case("A1", "a deny of another file", YES, login(allow("*"), deny(GET, f"{BUCKET}/x")), GET),
    Case("A1", "a deny with a second factor", CONDITIONAL,
         login(allow("*"), deny(GET, when=MFA)), GET),
    Case("A1", "a deny in the resource's policy", NO, login(allow("*")), GET,
         estate=Estate(resources=on(BUCKET, deny(GET, to="*"))), layer="resource policy"),
    Case("A1", "an attached policy that is missing", UNKNOWN,
         Principal(ANN, ONE, Kind.LOGIN, "ann", policies=(FULL, Policy.missing("lost"))), GET),
)  # fmt: skip
A2 = (
    Case("A2", "identity, boundary and organisation allow", YES,
         login(allow(SEE), boundary=BOUND), SEE, TABLE,
         estate=Estate(accounts=organisation(Level("root", (FULL,))))),
    Case("A2", "the organisation does not", NO, login(allow(SEE), boundary=BOUND), SEE, TABLE,
         estate=Estate(accounts=organisation(Level("root", (policy(allow("s3:*")),)))),
         layer="service control policy"),
    Case("A2", "the boundary does not", NO, login(allow(GET), boundary=BOUND), GET,
         layer="boundary"),
    Case("A2", "the session does not", NO, role(allow("*")), GET,
         sessions=(policy(allow(SEE)),), layer="session policy"),
    Case("A2", "a limit allows under a condition", CONDITIONAL,
         login(allow("*"), boundary=with_boundary(allow("*", when=MFA))), GET),
    Case("A2", "two limits, one of them missing", UNKNOWN,
         login(allow("*"), boundary=Policy.missing("b")), GET,
         estate=Estate(accounts=organisation(Level("root", (policy(allow("*", when=MFA)),))))),
)  # fmt: skip
A3 = (
    Case("A3", "allowed at each of three levels", YES, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(
             Level("root", (FULL,)), Level("unit", (FULL,)), Level(ONE, (FULL,))))),
    Case("A3", "one level has other allows", NO, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(
             Level("root", (FULL,)), Level("unit", (policy(allow("ec2:*")),)),
             Level(ONE, (FULL,))))),
    Case("A3", "nothing is attached at one level", NO, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(Level("root", (FULL,)), Level("unit")))),
    Case("A3", "attached and empty", NO, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(Level("root", (policy(),))))),
    Case("A3", "allowed by one of two at a level", YES, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(Level("root", (policy(allow("ec2:*")), FULL))))),
    Case("A3", "denied at a level above", NO, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(
             Level("root", (FULL, policy(deny(GET)))), Level(ONE, (FULL,))))),
    Case("A3", "a policy of a level is missing", UNKNOWN, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(Level("root", (Policy.missing("p-1"),))))),
)  # fmt: skip
_DENYING = Level("root", (FULL, policy(deny("*"))), (policy(deny("*", to="*")),))
_LINKED = role(allow(GET), path="/aws-service-role/x.amazonaws.com/")
A4 = (
    Case("A4", "the managing account is not bound", YES, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(_DENYING, management=True))),
    Case("A4", "any other account is", NO, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(_DENYING))),
    Case("A4", "a service-linked role is not bound", YES, _LINKED, GET,
         estate=Estate(accounts=organisation(_DENYING))),
    Case("A4", "not even where no level allows anything", YES, _LINKED, GET,
         estate=Estate(accounts=organisation(Level("root")))),
    Case("A4", "a role of another path is", NO, role(allow(GET), path="/service-role/"), GET,
         estate=Estate(accounts=organisation(_DENYING))),
    Case("A4", "whoever is anonymous has no organisation", YES,
         Principal("*", "", Kind.ANONYMOUS), GET,
         estate=Estate(
             accounts=organisation(Level("root", (policy(deny("*")),))),
             resources=on(BUCKET, allow(GET, to="*")))),
    Case("A4", "but an RCP reaches it", NO, Principal("*", "", Kind.ANONYMOUS), GET,
         estate=Estate(accounts=organisation(_DENYING), resources=on(BUCKET, allow(GET, to="*")))),
    Case("A4", "a member account under a condition", CONDITIONAL, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(Level("root", (policy(allow("*", when=MFA)),))))),
    Case("A4", "the root of a member account is bound", NO,
         Principal(ROOT, ONE, Kind.ROOT), GET,
         estate=Estate(accounts=organisation(_DENYING))),
)  # fmt: skip
_RCP = Level("root", (FULL,), (policy(deny("*", to="*"), name="rcp"),))
_RCP_MFA = Level("root", (FULL,), (policy(deny("*", to="*", when=MFA), name="rcp"),))
A5 = (
    Case("A5", "an RCP takes away", NO, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(_RCP)), layer="resource control policy"),
    Case("A5", "services that RCPs do not reach", YES, login(allow(SEE)), SEE, TABLE,
         estate=Estate(accounts=organisation(_RCP))),
    Case("A5", "no RCP is attached", YES, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(Level("root", (FULL,))))),
    Case("A5", "callers from other accounts are denied too", NO,
         login(allow(GET), name="bob", account=TWO), GET,
         estate=Estate(accounts=organisation(_RCP),
                       resources=on(BUCKET, allow(GET, to={"AWS": ELSEWHERE})))),
    Case("A5", "the RCPs are those of the resource's account", YES, login(allow(GET)), GET,
         estate=Estate(accounts={**organisation(_RCP), ONE: organisation(_RCP)[TWO],
                                 TWO: organisation(_RCP)[ONE]})),
    Case("A5", "an RCP blocks that a role is assumed", NO, login(allow(ASSUME)), ASSUME, TARGET,
         estate=Estate(trusting(allow(ASSUME, None, to={"AWS": ANN})).principals,
                       organisation(_RCP))),
    Case("A5", "an action on no resource is one of the caller's account", NO,
         login(allow("*")), "s3:ListAllMyBuckets", "*",
         estate=Estate(accounts=organisation(_RCP))),
    Case("A5", "an RCP under a condition", CONDITIONAL, login(allow(GET)), GET,
         estate=Estate(accounts=organisation(_RCP_MFA))),
)  # fmt: skip
A6 = (
    Case("A6", "a boundary grants nothing", NO, login(boundary=FULL), GET),
    Case("A6", "a boundary limits a login", NO, login(allow("*"), boundary=BOUND), GET),
    Case("A6", "a boundary limits a role", NO, role(allow("*"), boundary=BOUND), GET,
         layer="boundary"),
    Case("A6", "both allow", YES, role(allow("*"), boundary=BOUND), SEE, TABLE),
    Case("A6", "only denies in it", NO,
         login(allow("*"), boundary=with_boundary(deny("ec2:*"))), GET),
    Case("A6", "everything but everything", NO,
         login(allow("*"), boundary=with_boundary(allow("*", NotAction=["*"]))), GET),
    Case("A6", "its document is missing", UNKNOWN,
         login(allow("*"), boundary=Policy.missing("b")), GET),
)  # fmt: skip
_SESSION = f"arn:aws:sts::{ONE}:assumed-role/app/s1"
A7 = (
    Case("A7", "the login is named", YES, login(boundary=BOUND), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": ANN})))),
    Case("A7", "everyone is named", YES, login(boundary=BOUND), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to="*")))),
    Case("A7", "the session is named", YES, role(boundary=BOUND, session="s1"), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": _SESSION})))),
    Case("A7", "another session is named", NO, role(boundary=BOUND, session="s2"), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": _SESSION})))),
    Case("A7", "a session is named, and nobody says which this is", CONDITIONAL,
         role(boundary=BOUND), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": _SESSION})))),
    Case("A7", "the role is named, the boundary still limits", NO, role(boundary=BOUND), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": APP}))), layer="boundary"),
    Case("A7", "the role is named and has no boundary", YES, role(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": APP})))),
    Case("A7", "an explicit deny of the boundary wins", NO,
         login(boundary=with_boundary(deny(GET))), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": ANN})))),
    Case("A7", "the session is named, a session policy does not allow", CONDITIONAL,
         role(session="s1"), GET, sessions=(policy(allow(SEE)),),
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": _SESSION})))),
)  # fmt: skip
A8 = (
    Case("A8", "identity suffices", YES, login(allow(GET)), GET),
    Case("A8", "the resource suffices", YES, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": ANN})))),
    Case("A8", "naming the account is not enough", NO, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": ONE})))),
    Case("A8", "a key whose policy names nobody", NO, login(allow("kms:*")), "kms:Decrypt", KEY,
         estate=Estate(resources=on(KEY, allow("kms:*", to={"AWS": ELSEWHERE})))),
    Case("A8", "a key that leaves it to the account", YES, login(allow("kms:*")), "kms:Decrypt",
         KEY, estate=Estate(resources=on(KEY, allow("kms:*", to={"AWS": ROOT})))),
    Case("A8", "a key that leaves it to the account, without an identity policy", NO, login(),
         "kms:Decrypt", KEY, estate=Estate(resources=on(KEY, allow("kms:*", to={"AWS": ROOT})))),
    Case("A8", "a key that does not name the account, and everything by identity", NO,
         login(allow("*")), "kms:Decrypt", KEY, estate=Estate(resources=on(KEY))),
    Case("A8", "the resource's grant under a condition", CONDITIONAL, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": ANN}, when=MFA)))),
    Case("A8", "a key that names the login", YES, login(), "kms:Decrypt", KEY,
         estate=Estate(resources=on(KEY, allow("kms:*", to={"AWS": ANN})))),
)  # fmt: skip
A9 = (
    Case("A9", "trust in the login itself", YES, login(), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None, to={"AWS": ANN})), layer="trust policy"),
    Case("A9", "trust in the account, no identity policy", NO, login(), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None, to={"AWS": ROOT}))),
    Case("A9", "trust in the account by number, and an identity policy", YES,
         login(allow(ASSUME)), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None, to={"AWS": ONE}))),
    Case("A9", "no trust", NO, login(allow("*")), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None, to={"AWS": ELSEWHERE}))),
    Case("A9", "from another account, trust alone", NO,
         login(name="bob", account=TWO), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None, to={"AWS": ELSEWHERE}))),
    Case("A9", "from another account, both sides", YES,
         login(allow(ASSUME), name="bob", account=TWO), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None, to={"AWS": ELSEWHERE}))),
    Case("A9", "trust under a condition", CONDITIONAL, login(), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None, to={"AWS": ANN}, when=MFA))),
    Case("A9", "a role that the export does not have", UNKNOWN, login(allow("*")), ASSUME,
         f"arn:aws:iam::{TWO}:role/theirs"),
)  # fmt: skip
_BOB = login(allow(GET), name="bob", account=TWO)
A10 = (
    Case("A10", "both sides allow", YES, _BOB, GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": ELSEWHERE})))),
    Case("A10", "the resource's side alone", NO, login(name="bob", account=TWO), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": ELSEWHERE})))),
    Case("A10", "the caller's side alone", NO, _BOB, GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": ANN})))),
    Case("A10", "the resource names the account", YES, _BOB, GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": TWO})))),
    Case("A10", "the boundary of the caller applies", NO,
         login(allow(GET), name="bob", account=TWO, boundary=BOUND), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": ELSEWHERE})))),
    Case("A10", "a resource whose policy was not read", UNKNOWN,
         login(allow("sns:*"), name="bob", account=TWO), "sns:Publish",
         f"arn:aws:sns:eu-west-1:{ONE}:bell"),
)  # fmt: skip
A11 = (
    Case("A11", "a session policy intersects", NO, role(allow("s3:*")), LIST, BUCKET,
         sessions=(policy(allow(GET)),)),
    Case("A11", "both allow", YES, role(allow("s3:*")), GET, sessions=(policy(allow(GET)),)),
    Case("A11", "a session policy grants nothing", NO, role(), GET, sessions=(FULL,)),
    Case("A11", "who am I cannot be denied", YES, login(deny("*")), "sts:GetCallerIdentity", "*"),
    Case("A11", "a session policy denies", NO, role(allow("*")), GET,
         sessions=(policy(allow("*"), deny(GET)),), layer="session policy"),
    Case("A11", "a session policy under a condition", CONDITIONAL, role(allow("*")), GET,
         sessions=(policy(allow("*", when=MFA)),)),
)  # fmt: skip
A12 = (
    Case("A12", "case does not matter", YES, login(allow("S3:getOBJECT")), GET),
    Case("A12", "a wildcard in the service", YES, login(allow("s?:Get*")), GET),
    Case("A12", "a wildcard in the middle", NO, login(allow("s3:*Bucket*")), GET),
    Case("A12", "whitespace matches nothing", NO, login(allow(" s3:GetObject")), GET),
    Case("A12", "two in one text match nothing", NO, login(allow("s3:GetObject,s3:Put*")), GET),
    Case("A12", "a malformed one excludes nothing", YES,
         login(allow("x", NotAction=["s3:GetObject "])), GET),
    Case("A12", "no colon matches nothing", NO, login(allow("s3*")), GET),
)  # fmt: skip
A13 = (
    Case("A13", "resources match by case", NO, login(allow(GET, f"{BUCKET}/2026/Q3.csv")), GET),
    Case("A13", "a star crosses slashes", YES, login(allow(GET, "arn:aws:s3:::led*csv")), GET),
    Case("A13", "a star crosses colons", YES, login(allow(SEE, "arn:*:workgroup/books")), SEE,
         TABLE),
    Case("A13", "works on no resource, allowed for one", NO,
         login(allow("iam:ListUsers", f"arn:aws:iam::{ONE}:*")), "iam:ListUsers", ANN),
    Case("A13", "works on no resource, allowed for all", YES,
         login(allow("iam:ListUsers")), "iam:ListUsers", ANN),
    Case("A13", "one character, no more", NO, login(allow(GET, f"{BUCKET}/2026/q3.cs")), GET),
)  # fmt: skip
A14 = (
    Case("A14", "the bucket's name is no object", NO, login(allow("s3:*", BUCKET)), GET),
    Case("A14", "objects are not the bucket", NO, login(allow("s3:*", f"{BUCKET}/*")), LIST,
         BUCKET),
    Case("A14", "objects", YES, login(allow("s3:*", f"{BUCKET}/*")), GET),
    Case("A14", "the bucket", YES, login(allow("s3:*", BUCKET)), LIST, BUCKET),
    Case("A14", "both", YES, login(allow("s3:*", [BUCKET, f"{BUCKET}/*"])), LIST, BUCKET),
    Case("A14", "a longer name is another bucket", NO, login(allow("s3:*", f"{BUCKET}-old/*")),
         GET),
)  # fmt: skip
A15 = (
    Case("A15", "everything but", YES, login(allow("x", NotAction="iam:*")), GET),
    Case("A15", "what is left out", NO, login(allow("x", NotAction="s3:*")), GET),
    Case("A15", "actions nobody knows yet", YES, login(allow("x", NotAction="iam:*")),
         "s3:SomethingNew"),
    Case("A15", "a deny of everything but", NO, login(allow("*"), deny("x", NotAction="ec2:*")),
         GET),
    Case("A15", "a deny spares its list", YES, login(allow("*"), deny("x", NotAction="s3:*")),
         GET),
    Case("A15", "all but what is asked for, under a condition", CONDITIONAL,
         login(allow("x", NotAction="iam:*", when=MFA)), GET),
    Case("A15", "a deny of everything but, under a condition", CONDITIONAL,
         login(allow("*"), deny("x", NotAction="ec2:*", when=MFA)), GET),
    Case("A15", "two halves are all", YES,
         login(allow("iam:*"), allow("x", NotAction="iam:*")), "iam:CreateAccessKey", ANN),
)  # fmt: skip
_UNLESS = {"StringNotEqualsIfExists": {"aws:RequestedRegion": "eu-west-1"}}
A16 = (
    Case("A16", "all but another bucket", YES,
         login(allow(GET, None, NotResource="arn:aws:s3:::x/*")), GET),
    Case("A16", "all but this", NO, login(allow(GET, None, NotResource=f"{BUCKET}/*")), GET),
    Case("A16", "a short text excludes less than it seems", YES,
         login(allow(GET, None, NotResource=BUCKET)), GET),
    Case("A16", "a deny of all but this", YES,
         login(allow("*"), deny("*", None, NotResource=f"{BUCKET}/*")), GET),
    Case("A16", "a deny of all but another", NO,
         login(allow("*"), deny("*", None, NotResource="arn:aws:s3:::x/*")), GET),
    Case("A16", "a negated condition fires without its key", NO,
         login(allow("*"), deny("*", None, NotResource="arn:aws:s3:::x/*", when=_UNLESS)), GET,
         context=Context.of(absent=["aws:RequestedRegion"])),
    Case("A16", "and depends on it where it is open", CONDITIONAL,
         login(allow("*"), deny("*", None, NotResource="arn:aws:s3:::x/*", when=_UNLESS)), GET),
)  # fmt: skip
_NOT_BOB = {"NotPrincipal": {"AWS": ELSEWHERE}}
_NOT_ANN = {"NotPrincipal": {"AWS": ANN}}
A17 = (
    Case("A17", "everyone else is let in", YES, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, **_NOT_BOB)))),
    Case("A17", "whom it names is not", NO, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, **_NOT_ANN)))),
    Case("A17", "the anonymous are let in too", YES, Principal("*", "", Kind.ANONYMOUS), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, **_NOT_BOB)))),
    Case("A17", "a deny spares whom it names", YES, login(allow("*")), GET,
         estate=Estate(resources=on(BUCKET, deny(GET, **_NOT_ANN)))),
    Case("A17", "but not with a boundary", NO, login(allow("*"), boundary=FULL), GET,
         estate=Estate(resources=on(BUCKET, deny(GET, **_NOT_ANN)))),
    Case("A17", "a deny of everyone else", NO, login(allow("*")), GET,
         estate=Estate(resources=on(BUCKET, deny(GET, **_NOT_BOB)))),
    Case("A17", "a deny that spares the role and no session", CONDITIONAL, role(allow("*")), GET,
         estate=Estate(resources=on(BUCKET, deny(GET, NotPrincipal={"AWS": APP})))),
)  # fmt: skip
A18 = (
    Case("A18", "an allow without a principal", NO, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET)))),
    Case("A18", "a deny without a principal", YES, login(allow(GET)), GET,
         estate=Estate(resources=on(BUCKET, deny(GET)))),
    Case("A18", "a principal of no names", NO, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={})))),
    Case("A18", "names of another kind", NO, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"Service": "s3.amazonaws.com"})))),
    Case("A18", "trust without a principal", NO, login(allow("*")), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None))),
    Case("A18", "beside a statement that has one", YES, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(LIST), allow(GET, to="*")))),
)  # fmt: skip
_TEAM = role(allow("x"), path="/team/")
A19 = (
    Case("A19", "a star in an object", YES, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": "*"})))),
    Case("A19", "the id of the login", YES, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": "AIDAANN"})))),
    Case("A19", "the id of one that was deleted", NO, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": "AIDAOLD"})))),
    Case("A19", "a role with its path", YES, _TEAM, GET,
         estate=Estate(resources=on(
             BUCKET, allow(GET, to={"AWS": f"arn:aws:iam::{ONE}:role/team/app"})))),
    Case("A19", "a role without its path", NO, _TEAM, GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": APP})))),
    Case("A19", "a session without the path", CONDITIONAL, _TEAM, GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": _SESSION})))),
    Case("A19", "a wildcard within a name", NO, login(), GET,
         estate=Estate(resources=on(BUCKET, allow(GET, to={"AWS": f"arn:aws:iam::{ONE}:user/*"})))),
    Case("A19", "a service", YES,
         Principal("", "", Kind.SERVICE, "ec2.amazonaws.com"), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None, to={"Service": "ec2.amazonaws.com"}))),
    Case("A19", "another service", NO,
         Principal("", "", Kind.SERVICE, "lambda.amazonaws.com"), ASSUME, TARGET,
         estate=trusting(allow(ASSUME, None, to={"Service": "ec2.amazonaws.com"}))),
)  # fmt: skip
_HOME = f"{BUCKET}/${{aws:username}}/*"
_TAGGED = f"{BUCKET}/${{aws:PrincipalTag/team}}/*"
_RED = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
_LETS_IN = [allow(ASSUME, None, to={"AWS": ONE})]
_LETS_TAG = [allow([ASSUME, "sts:TagSession"], None, to={"AWS": ONE})]
A23 = (
    Case("A23", "a login's own folder", YES, login(allow(GET, _HOME)), GET, f"{BUCKET}/ann/x"),
    Case("A23", "another's folder", NO, login(allow(GET, _HOME)), GET, f"{BUCKET}/bob/x"),
    Case("A23", "a role has no such name", NO, role(allow(GET, _HOME)), GET, f"{BUCKET}/app/x"),
    Case("A23", "a tag it has", YES, login(allow(GET, _TAGGED), tags=(("team", "t"),)), GET,
         f"{BUCKET}/t/x"),
    Case("A23", "a tag nobody knows", CONDITIONAL, role(allow(GET, _TAGGED)), GET,
         f"{BUCKET}/t/x"),
    Case("A23", "a tag nobody knows, elsewhere", NO, role(allow(GET, _TAGGED)), GET,
         "arn:aws:s3:::other/t/x"),
    Case("A23", "a wildcard in a tag is none", NO,
         login(allow(GET, _TAGGED), tags=(("team", "*"),)), GET, f"{BUCKET}/t/x"),
    Case("A23", "a session may be tagged otherwise than its role", CONDITIONAL,
         role(allow(GET, _TAGGED), tags=(("team", "t"),), trust=_LETS_TAG), GET, f"{BUCKET}/t/x"),
    Case("A23", "a session may get a tag that its role lacks", CONDITIONAL,
         role(allow(GET, _TAGGED), tags=(("team", "blue"),), trust=_LETS_TAG), GET,
         f"{BUCKET}/t/x"),
    Case("A23", "a deny may reach what a session says of itself", CONDITIONAL,
         role(allow(GET), deny(GET, when=_RED), tags=(("team", "blue"),), trust=_LETS_TAG), GET),
    Case("A23", "who may do anything with a role may tag its session", CONDITIONAL,
         role(allow(GET, when=_RED), tags=(("team", "blue"),),
              trust=[allow("sts:*", None, to={"AWS": ONE})]), GET),
    Case("A23", "no session is tagged where the role forbids it", NO,
         role(allow(GET, when=_RED), tags=(("team", "blue"),), trust=_LETS_IN), GET),
    Case("A23", "the role's own tag holds where no session is tagged", YES,
         role(allow(GET, when=_RED), tags=(("team", "red"),), trust=_LETS_IN), GET),
    Case("A23", "a role whose trust nobody has read", CONDITIONAL,
         role(allow(GET, when=_RED), tags=(("team", "blue"),)), GET),
    Case("A23", "a request of which every key is named", YES,
         role(allow(GET, when=_RED), tags=(("team", "red"),), trust=_LETS_TAG), GET,
         context=Context.of(complete=True)),
    Case("A23", "a tag that the question names", YES,
         role(allow(GET, when=_RED), tags=(("team", "blue"),), trust=_LETS_TAG), GET,
         context=Context.of({"aws:PrincipalTag/team": "red"})),
    Case("A23", "a login has no tag but its own", NO,
         login(allow(GET, when=_RED), tags=(("group", "red"),)), GET),
    Case("A23", "a login whose tags nobody has read", CONDITIONAL,
         login(allow(GET, when=_RED), any_tags=True), GET),
    Case("A23", "a role has no tag but its own where no session is tagged", NO,
         role(allow(GET, when=_RED), trust=_LETS_IN), GET),
    Case("A23", "a tag that is not there is none that a deny spares", NO,
         login(allow(GET), deny(GET, when={"StringNotEquals": _RED["StringEquals"]})), GET),
    Case("A23", "a tag that the question names, of a login without", YES,
         login(allow(GET, when=_RED)), GET, context=Context.of({"aws:PrincipalTag/team": "red"})),
)  # fmt: skip
_ISSUED = {"Null": {"aws:TokenIssueTime": "false"}}
A24 = (
    Case("A24", "a session says when it was issued", YES, role(allow(GET, when=_ISSUED)), GET),
    Case("A24", "whether a login has one is open", CONDITIONAL, login(allow(GET, when=_ISSUED)),
         GET),
    Case("A24", "a long-term key has none", NO, login(allow(GET, when=_ISSUED)), GET,
         context=Context.of(absent=["aws:TokenIssueTime"])),
    Case("A24", "a second factor is open", CONDITIONAL, login(allow(GET, when=MFA)), GET),
    Case("A24", "a long-term key shows no second factor", NO, login(allow(GET, when=MFA)), GET,
         context=Context.of(absent=["aws:MultiFactorAuthPresent"])),
    Case("A24", "one that was shown", YES, login(allow(GET, when=MFA)), GET,
         context=Context.of({"aws:MultiFactorAuthPresent": True})),
)  # fmt: skip
CASES = (
    *A1, *A2, *A3, *A4, *A5, *A6, *A7, *A8, *A9, *A10, *A11, *A12, *A13, *A14, *A15, *A16, *A17,
    *A18, *A19, *A23, *A24,
)  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_request_is_decided_by_the_rule(case: Case) -> None:
    decision = case.decided()

    assert decision.answer is case.expected, decision
    if case.layer is not None:
        assert decision.layer == case.layer
    if decision.answer is YES and case.action != "sts:GetCallerIdentity":
        assert decision.statement is not None or case.caller.kind is Kind.ROOT
    if decision.answer is CONDITIONAL:
        assert decision.conditions
    if decision.answer is UNKNOWN:
        assert decision.missing


@pytest.mark.parametrize("rule", sorted({case.rule for case in CASES}))
def test_every_rule_has_six_cases_and_half_of_them_are_no_or_conditional(rule: str) -> None:
    mine = [case for case in CASES if case.rule == rule]

    assert len(mine) >= 6
    assert 2 * sum(case.expected in (NO, CONDITIONAL) for case in mine) >= len(mine)


def test_a_file_of_a_bucket_is_asked_of_by_its_name() -> None:
    assert FILE.startswith(f"{BUCKET}/")
