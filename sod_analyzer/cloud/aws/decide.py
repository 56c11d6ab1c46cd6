"""Whether a principal may do one action on one resource.

Source: "Policy evaluation logic" and "Cross-account policy evaluation logic" of the IAM
documentation, and "SCP evaluation" and "RCP evaluation" of the Organizations documentation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.context import Context, Given
from sod_analyzer.cloud.aws.documents import Policy, Statement
from sod_analyzer.cloud.aws.estate import Account, Estate, Level
from sod_analyzer.cloud.aws.formula import Formula, Part
from sod_analyzer.cloud.aws.kinds import beside, listed
from sod_analyzer.cloud.aws.principals import Kind, Named, Principal
from sod_analyzer.cloud.aws.steps import Layer, Request, Step, may_allow
from sod_analyzer.cloud.truth import Answer

#: Actions by which a role is assumed; the policy of their resource is its trust policy.
ASSUMING = frozenset(
    {"sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity", "sts:tagsession"}
)
_TAGGING = "sts:TagSession"
#: Nothing can deny it, whatever policies say.
OF_ALL = "sts:getcalleridentity"
#: Without an identity: whoever calls these has none yet.
_FEDERATING = frozenset({"sts:assumerolewithsaml", "sts:assumerolewithwebidentity"})
#: Callers with policies of their own, which SCPs bind.
OWN_POLICIES = frozenset({Kind.LOGIN, Kind.ROLE, Kind.ROOT})
#: Services whose resources may have policies, as the IAM documentation lists them.
WITH_RESOURCE_POLICIES = frozenset(
    {
        "acm-pca", "aoss", "apigateway", "backup", "cloudtrail", "codeartifact", "codebuild",
        "dynamodb", "ecr", "elasticfilesystem", "es", "events", "glacier", "glue", "iot", "kinesis",
        "kms", "lambda", "lex", "logs", "mediastore", "s3", "s3-object-lambda", "s3-outposts",
        "s3express", "s3tables", "schemas", "secretsmanager", "ses", "signer", "sns", "sqs",
        "ssm-contacts", "ssm-incidents", "sts", "vpc-lattice", "vpce",
    }
)  # fmt: skip
#: Where no identity policy suffices, even in the account of the resource.
_NEEDS_RESOURCE = frozenset({"kms"})
#: Services that RCPs reach, as of 2025; others ignore them.
WITH_RCPS = frozenset(
    {"aoss", "cognito-identity", "cognito-idp", "dynamodb", "ecr", "kms", "logs", "s3",
     "secretsmanager", "sqs", "sts"}
)  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """An answer, the layer and the statement that decided, and what it rests on.

    `statement` is None where nothing allows, or where a document is missing. `conditions` has what
    must hold for a conditional answer, `missing` what must be read to settle an unknown one, and
    `notes` what was taken for granted.
    """

    answer: Answer
    layer: Layer
    statement: Statement | None = None
    conditions: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def decide(
    estate: Estate,
    caller: Principal,
    action: str,
    resource: str,
    context: Context,
    *,
    catalogue: Catalogue,
    sessions: Sequence[Policy] = (),
) -> Decision:
    """The answer for one request, whatever its context leaves unknown.

    `sessions` are policies given when the session began. An organisation that was not exported
    limits nothing, which a note says: that errs towards access. What works on several resources at
    once is decided for this one, and a note names the kinds of the others, which are not looked at.

    Cost: of the statements that could apply.
    """
    decision = decide_one(
        estate, caller, action, resource, context, catalogue=catalogue, sessions=sessions
    )
    needed = catalogue.needed_by(action)
    if not needed:
        return decision
    said = _one_of_several(catalogue.spelled(action), resource, needed)
    return replace(decision, notes=(said, *decision.notes))


def _one_of_several(action: str, resource: str, needed: tuple[str, ...]) -> str:
    others = listed(beside(resource, needed))
    return (
        f"{several(action, resource)}; whether it is allowed on {others}, which it needs too, "
        "was not looked at"
    )


def several(action: str, resource: str) -> str:
    """That an action works on several resources, of which an answer is about one."""
    return f"{action} works on several resources at once; this is the answer for {resource}"


def decide_one(
    estate: Estate,
    caller: Principal,
    action: str,
    resource: str,
    context: Context,
    *,
    catalogue: Catalogue,
    sessions: Sequence[Policy] = (),
) -> Decision:
    """As `decide`; that an action needs other resources, too, is left to the caller to say."""
    notes: list[str] = []
    arns = catalogue.arns_of(action)
    if arns is None:
        notes.append(f"{action} is not in {catalogue.version}")
    elif not arns and action.lower() not in ASSUMING:
        resource = "*"  # it works on no resource: only a grant of all of them is one of it
    if action.lower() == OF_ALL:
        return Decision(Answer.YES, Layer.SERVICE, notes=("nothing can deny it",))
    subject = subject_of(estate, caller, action, resource)
    formula, said = formula_of(estate, caller, action, subject, sessions=tuple(sessions))
    step = formula.answer(request_of(caller, action, resource, context, subject.owner))
    return Decision(
        step.answer,
        step.layer,
        step.statement,
        step.open,
        step.missing,
        (*notes, *subject.notes, *said),
    )


def request_of(
    caller: Principal, action: str, resource: str, context: Context, owner: str
) -> Request:
    """A request with what every one of this caller says."""
    # What is known of a caller is asked for at every decision, and the same for most of them.
    known = caller.known.get(owner)
    if known is None or known[0] is not context:
        facts = facts_of(caller, owner, whole=context.complete)
        known = caller.known[owner] = context, _over(context, facts)
    return Request(caller, action, resource, known[1])


def facts_of(caller: Principal, owner: str, *, whole: bool = False) -> Context:
    """What every request of a caller says of it, by condition keys.

    `whole` says that the question names every key of the request: then a session brings no tags
    but those. Otherwise the tags of a role whose sessions may be tagged are open, for a session
    tag takes the place of the role's tag of that key. A caller whose tags are not open has none
    but those that are known. Errs: away from tags that a login's federated sessions bring along.

    Sources: "AWS global condition context keys" and "Pass session tags in AWS STS". A session says
    when its token was issued; a long-term key does not, and whether a login uses one is open.
    """
    known: dict[str, Given] = {"aws:ResourceAccount": owner}
    if caller.kind in (Kind.LOGIN, Kind.ROLE, Kind.ROOT):
        known["aws:PrincipalAccount"] = caller.account
        known["aws:PrincipalArn"] = caller.arn
        known["aws:PrincipalIsAWSService"] = False
        known["aws:PrincipalType"] = {
            Kind.LOGIN: "User", Kind.ROLE: "AssumedRole", Kind.ROOT: "Account"
        }[caller.kind]  # fmt: skip
    if caller.kind is Kind.LOGIN:
        known["aws:username"] = caller.name
        if caller.unique_id:
            known["aws:userid"] = caller.unique_id
    tagged = caller.any_tags or (caller.kind is Kind.ROLE and not whole and tags_sessions(caller))
    if caller.kind in (Kind.LOGIN, Kind.ROLE) and not tagged:
        known.update({f"aws:PrincipalTag/{key}": text for key, text in caller.tags})
    facts = Context.of(known)
    if caller.kind is Kind.ROLE:
        facts = Context.of(known, absent=["aws:username"], present=["aws:TokenIssueTime"])
    return replace(facts, tags_known=caller.kind in (Kind.LOGIN, Kind.ROLE) and not tagged)


def tags_sessions(role: Principal) -> bool:
    """Whether a session of a role may bring tags along, which its trust policy must allow.

    A role that is reached through others needs that, too, for the tags that pass on along a chain.
    Errs: towards tags. What denies is not looked at, nor whether who may tag may also assume.
    """
    return role.trust is None or may_allow(role.trust, _TAGGING)


@dataclass(frozen=True)
class Subject:
    """What of an estate a request is about: the owner of the resource, and the resource's policy.

    `policy` is None where there is none, and where none was read, which `notes` then says.
    """

    owner: str
    policy: Policy | None
    notes: tuple[str, ...] = ()


def subject_of(estate: Estate, caller: Principal, action: str, resource: str) -> Subject:
    """The owner and the policy of one resource."""
    notes: list[str] = []
    owner = caller.account if resource == "*" else estate.owner_of(resource)
    if owner is None:
        owner = caller.account
        notes.append(f"{resource} is taken for one of account {owner}: nothing says whose it is")
    if action.lower() in ASSUMING:
        role = estate.principals.get(resource)
        if role is not None and role.trust is not None:
            return Subject(owner, role.trust, tuple(notes))
        return Subject(owner, trust_of_none(estate, resource, owner), tuple(notes))
    policy = estate.policy_of(resource)
    if policy is None and resource != "*":
        policy, said = unread(estate, caller, action, resource, owner)
        notes += said
    return Subject(owner, policy, tuple(notes))


def trust_of_none(estate: Estate, resource: str, owner: str) -> Policy:
    """The trust policy of a role that no export has: none trusts, where its account was read."""
    if owner in estate.read_accounts:
        return Policy(f"{resource}: account {owner} was read and has no such role")
    return Policy.missing(f"trust policy of {resource}")


def unread(
    estate: Estate, caller: Principal, action: str, resource: str, owner: str
) -> tuple[Policy | None, list[str]]:
    """What stands for the policy of a resource of which none is given."""
    service = action.lower().partition(":")[0]
    if service not in WITH_RESOURCE_POLICIES or service in estate.read_services:
        return None, []
    if owner != caller.account or service in _NEEDS_RESOURCE:
        return Policy.missing(f"resource policy of {resource}"), []
    return None, [f"no policy of {resource} was read"]


def formula_of(
    estate: Estate,
    caller: Principal,
    action: str,
    subject: Subject,
    *,
    sessions: tuple[Policy, ...],
) -> tuple[Formula, tuple[str, ...]]:
    """The layers that decide an action on resources of one owner and policy, and notes."""
    name = action.lower()
    service = name.partition(":")[0]
    layer = Layer.TRUST if name in ASSUMING else Layer.RESOURCE
    near, _ = _levels(estate, caller.account)
    far, _ = _levels(estate, subject.owner)
    bound = caller.kind in OWN_POLICIES and not caller.service_linked

    def resource(least: Named, most: Named = Named.CALLER) -> Part:
        return Part(layer, _one(subject.policy), least, most)

    denies = [
        Part(Layer.SESSION, sessions),
        Part(Layer.BOUNDARY, _one(caller.boundary)),
        Part(Layer.IDENTITY, caller.policies),
        resource(Named.ACCOUNT),
    ]
    if bound:
        denies += [Part(Layer.SCP, level.scps) for level in near]
    # Of an action that works on no resource, the caller's account is the owner.
    if service in WITH_RCPS and not caller.service_linked:
        denies += [Part(Layer.RCP, level.rcps, Named.ACCOUNT) for level in far]
    needed = [Part(Layer.SCP, level.scps) for level in near] if bound else []
    formula = Formula(
        _grants(caller, name, resource, subject, sessions), tuple(needed), tuple(denies)
    )
    return formula, notes_of(estate, caller, subject.owner)


def notes_of(estate: Estate, caller: Principal, owner: str) -> tuple[str, ...]:
    """What is taken for granted of the limits of a caller, and of the owner of a resource."""
    return tuple(dict.fromkeys([*_levels(estate, caller.account)[1], *_levels(estate, owner)[1]]))


def _grants(
    caller: Principal,
    action: str,
    resource: Callable[..., Part],
    subject: Subject,
    sessions: tuple[Policy, ...],
) -> tuple[tuple[Part | Step, ...], ...]:
    """Each set of parts that grants if all of it allows."""
    if caller.kind not in OWN_POLICIES:
        return ((resource(Named.CALLER),),)
    if action in _FEDERATING:
        # Who calls this shows a token of somebody else, not its own name.
        return ((Step(Answer.NO, Layer.TRUST),),)
    session = Part(Layer.SESSION, sessions)
    limits: list[Part] = []
    if caller.boundary is not None:
        limits.append(Part(Layer.BOUNDARY, _one(caller.boundary)))
    if sessions:
        limits.append(session)
    identity: Part | Step = Part(Layer.IDENTITY, caller.policies)
    if caller.kind is Kind.ROOT:
        identity = Step(Answer.YES, Layer.IDENTITY)
    own = (identity, *limits)
    if subject.owner != caller.account:
        return ((resource(Named.ACCOUNT), *own),)
    if action in ASSUMING or action.partition(":")[0] in _NEEDS_RESOURCE:
        # The resource must at least leave it to its account.
        own = (resource(Named.ACCOUNT, Named.ACCOUNT), *own)
    itself: list[tuple[Part | Step, ...]] = [(resource(Named.CALLER),)]
    if sessions:
        said = "a session policy does not limit what is granted to the session by name"
        disputed = Step(Answer.CONDITIONAL, Layer.SESSION, open=(said,))
        itself = [(resource(Named.CALLER), session), (resource(Named.CALLER), disputed)]
    return (own, *itself, (resource(Named.ROLE, Named.ROLE), *limits))


def _levels(estate: Estate, number: str) -> tuple[tuple[Level, ...], list[str]]:
    """The levels whose policies bind an account; the managing account is bound by none."""
    account = estate.accounts.get(number, Account(number))
    if account.levels is None:
        said = f"no organisation was read that account {number} may belong to"
        return (), [said] if number else []
    return (() if account.management else account.levels), []


def _one(policy: Policy | None) -> tuple[Policy, ...]:
    return () if policy is None else (policy,)


def _over(asked: Context, known: Context) -> Context:
    """What is known of the caller, and over it what the question says."""
    if not (asked.values or asked.present or asked.absent):
        return replace(known, complete=asked.complete)
    kept = known.knowing(asked.values).carrying(*asked.present).without(*asked.absent)
    return replace(kept, complete=asked.complete)
