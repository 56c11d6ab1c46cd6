"""AWS accounts to ask, from Python: who may do what, decided offline from exports.

    estate = load([("gaad.json", json.load(stream))])
    estate.decide("arn:aws:iam::111122223333:user/ann", "s3:GetObject", "arn:aws:s3:::books/q3.csv")

What a request brings along, such as a second factor, is unknown unless `context` says it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property

from sod_analyzer.cloud.aws.actions import Catalogue, Published
from sod_analyzer.cloud.aws.authorization import Details, read
from sod_analyzer.cloud.aws.context import Context, Given
from sod_analyzer.cloud.aws.decide import Decision, decide
from sod_analyzer.cloud.aws.documents import Form, parse
from sod_analyzer.cloud.aws.escalation import AsItIs, Escalation, Move, Reached, as_it_is
from sod_analyzer.cloud.aws.estate import Account, Estate, Level
from sod_analyzer.cloud.aws.inventory import Inventory
from sod_analyzer.cloud.aws.organization import Organization
from sod_analyzer.cloud.aws.patterns import Found, decide_any
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.aws.resource_policies import ResourcePolicies
from sod_analyzer.cloud.aws.steps import Layer
from sod_analyzer.cloud.truth import Answer
from sod_analyzer.errors import QueryError

__all__ = [
    "Account",
    "Answer",
    "Aws",
    "Catalogue",
    "Context",
    "Decision",
    "Found",
    "Inventory",
    "Layer",
    "Level",
    "Move",
    "Organization",
    "Reached",
    "ResourcePolicies",
    "limits",
    "load",
    "may_assume",
]

_OIDC_ACTION = "sts:AssumeRoleWithWebIdentity"


@dataclass(frozen=True)
class Aws:
    """What exports say of AWS accounts; `problems` has what they do not say, or say wrongly."""

    estate: Estate
    details: Details
    catalogue: Catalogue
    problems: tuple[str, ...]
    inventory: Inventory | None = None

    def decide(
        self,
        principal: str,
        action: str,
        resource: str,
        context: Context | Mapping[str, Given] | None = None,
        *,
        session_policies: Sequence[object] = (),
    ) -> Decision:
        """Whether a login or role, by its ARN, may do an action on a resource.

        Cost: of the statements that could apply.

        Raises:
            QueryError: the exports have no such principal; names those that are near.
        """
        return decide(
            self.estate,
            self._principal(principal),
            action,
            resource,
            context if isinstance(context, Context) else Context.of(context),
            catalogue=self.catalogue,
            sessions=tuple(
                parse(document, f"session policy {number}")
                for number, document in enumerate(session_policies, 1)
            ),
        )

    def decide_any(
        self,
        principal: str,
        actions: Iterable[str],
        resources: Iterable[str],
        context: Context | Mapping[str, Given] | None = None,
    ) -> Found:
        """The best answer to any of some actions, by patterns, on any of some resources.

        Resources are patterns of ARNs; they are decided as such, not by trying some. A yes comes
        with an action and a resource of which `decide` says the same.

        Cost: see `patterns.decide_any`; a question that is too complex is conditional, never no.

        Raises:
            QueryError: the exports have no such principal.
        """
        asked = context if isinstance(context, Context) else Context.of(context)
        return decide_any(
            self.estate,
            self._principal(principal),
            actions,
            resources,
            asked,
            catalogue=self.catalogue,
        )

    def reach(
        self,
        principal: str,
        *,
        max_changes: int = 1,
        at_least: Answer = Answer.CONDITIONAL,
        context: Context | Mapping[str, Given] | None = None,
    ) -> tuple[Reached, ...]:
        """Whom a principal can become and what it can give itself, fewest own changes first.

        The first is the principal itself. Each has the moves that lead there, with their decisions.

        Raises:
            QueryError: the exports have no such principal.
        """
        asked = context if isinstance(context, Context) else Context.of(context)
        return self._moves_with(asked).from_(
            self._principal(principal), max_changes=max_changes, at_least=at_least
        )

    @cached_property
    def _moves(self) -> Escalation:
        return self._moves_in(Context())

    def _moves_with(self, context: Context) -> Escalation:
        return self._moves if context == Context() else self._moves_in(context)

    def _moves_in(self, context: Context) -> Escalation:
        return Escalation(self.estate, self.details, self.catalogue, context, self.inventory)

    def _principal(self, arn: str) -> Principal:
        caller = self.estate.principals.get(arn)
        if caller is None:
            near = get_close_matches(arn, sorted(self.estate.principals), n=3)
            said = f"; near are {', '.join(near)}" if near else ""
            raise QueryError(f"the exports have no principal {arn}{said}")
        return caller

    def who_can(
        self,
        action: str,
        resource: str,
        context: Context | Mapping[str, Given] | None = None,
        *,
        max_changes: int | None = None,
    ) -> Mapping[str, Decision]:
        """Every principal whose answer is not no, by ARN, sorted, with what `decide` says.

        With `max_changes` also whoever can become such a principal, or give itself as much, by so
        many changes of its own: none is to assume roles alone. The decision is then that of the
        first such principal, fewest changes first; it is no surer than the moves that lead there.
        """
        (found,) = self.who_can_each([(action, resource)], context, max_changes=max_changes)
        return found

    def who_can_each(
        self,
        requests: Iterable[tuple[str, str]],
        context: Context | Mapping[str, Given] | None = None,
        *,
        max_changes: int | None = None,
        principals: Iterable[str] | None = None,
    ) -> tuple[Mapping[str, Decision], ...]:
        """As `who_can`, of several actions, each on its resource; of some principals or of all.

        Cost: whom a principal can become is found once, whatever is asked of it.

        Raises:
            QueryError: the exports have no such principal.
        """
        asked = context if isinstance(context, Context) else Context.of(context)
        moves = self._moves_with(asked)
        every = [_Question(self, *request, moves.context) for request in requests]
        found: list[dict[str, Decision]] = [{} for _ in every]
        chosen = self.estate.principals if principals is None else set(principals)
        for arn in sorted(chosen):
            principal = self._principal(arn)
            reached: Sequence[Reached] = ()
            for question, able in zip(every, found, strict=True):
                best = question.decision(principal)
                if max_changes is not None and best.answer is not Answer.YES:
                    reached = reached or moves.from_(principal, max_changes=max_changes)
                    best = question.as_anyone(reached)
                if best.answer is not Answer.NO:
                    able[arn] = best
        return tuple(found)


class _Question:
    """One action on one resource, asked of principals as they are; each is decided once."""

    def __init__(self, account: Aws, action: str, resource: str, context: Context) -> None:
        self._account = account
        self._action = action
        self._resource = resource
        self._context = context
        #: The principals are kept, so that no other one is taken for one of them.
        self._known: dict[AsItIs, tuple[Principal, Decision]] = {}

    def decision(self, principal: Principal) -> Decision:
        """What `decide` says."""
        key = as_it_is(principal)
        found = self._known.get(key)
        if found is None:
            decision = decide(
                self._account.estate,
                principal,
                self._action,
                self._resource,
                self._context,
                catalogue=self._account.catalogue,
            )
            found = self._known[key] = principal, decision
        return found[1]

    def as_anyone(self, reached: Sequence[Reached]) -> Decision:
        """The best for whom it can become, the first of several; no surer than the moves there."""
        best: Decision | None = None
        for each in reached:
            decision = self.decision(each.principal)
            answer = min(decision.answer, each.answer)
            if best is not None and answer <= best.answer:
                continue
            if answer < decision.answer:
                open_ = sorted({text for move in each.moves for text in move.open})
                decision = replace(decision, answer=answer, conditions=tuple(open_))
            best = decision
            if answer is Answer.YES:
                break
        if best is None:
            raise ValueError("nobody was reached, not even the principal itself")
        return best


def load(
    exports: Iterable[tuple[str, object]],
    *,
    resource_policies: Mapping[str, object] | ResourcePolicies | None = None,
    read_services: Iterable[str] = (),
    owners: Mapping[str, str] | None = None,
    accounts: Iterable[Account] = (),
    organisation: Organization | None = None,
    inventory: Inventory | None = None,
    catalogue: Catalogue | None = None,
) -> Aws:
    """Accounts from named exports of `aws iam get-account-authorization-details`.

    Args:
        exports: A name for messages, and what the JSON holds.
        resource_policies: Documents of resources' own policies, by ARN; or what
            `resource_policies.read` returns, which says `owners` and `read_services` too.
        read_services: Services, such as `s3`, of which all resource policies are given. Of others
            a note says that they were not read.
        owners: Accounts of resources whose ARN names none, such as buckets.
        accounts: Accounts with the limits of their organisation, made with `limits`.
        organisation: In place of `accounts`, the organisation as `organization.read` returns it.
        inventory: What runs as which role, as `inventory.read` returns it.
        catalogue: The actions that there are; without, those that AWS published.

    Raises:
        InputError: an export is something else.
        ValueError: there are both accounts and an organisation.
    """
    details = read(exports)
    accounts = tuple(accounts)
    if organisation is not None and accounts:
        raise ValueError("give accounts or organisation, not both")
    further: tuple[str, ...] = ()
    if organisation is not None:
        accounts = tuple(organisation.accounts.values())
        exported = {each.account for each in details.principals.values()}
        further = (*organisation.problems, *organisation.compared(exported))
    if isinstance(resource_policies, ResourcePolicies):
        policies = dict(resource_policies.policies)
        owners = {**resource_policies.owners, **(owners or {})}
        read_services = (*read_services, *resource_policies.read_services)
        further = (*further, *resource_policies.problems)
    else:
        policies = {
            arn: parse(document, arn, Form.RESOURCE)
            for arn, document in sorted((resource_policies or {}).items())
        }
    bound = {each.account: each for each in accounts}
    estate = Estate(
        details.principals,
        bound,
        policies,
        owners or {},
        frozenset(service.lower() for service in read_services),
        details.read_accounts,
    )
    limiting = [
        policy
        for each in bound.values()
        for level in each.levels or ()
        for policy in (*level.scps, *level.rcps)
    ]
    said = {text for policy in (*policies.values(), *limiting) for text in policy.problems}
    if inventory is not None:
        further = (*further, *inventory.problems)
    before = (*details.problems, *further)
    problems = (*before, *sorted(said - {*before}))
    return Aws(estate, details, catalogue or Published(), problems, inventory)


def limits(
    account: str,
    levels: Iterable[tuple[str, Iterable[object], Iterable[object]]],
    *,
    management: bool = False,
) -> Account:
    """An account with the service and resource control policies of each level above it.

    Args:
        account: Its number.
        levels: From the root to the account itself: name, documents of SCPs, documents of RCPs.
            None in place of a document is one that is attached and was not read.
        management: Whether it is the managing account, which nothing limits.
    """
    made = []
    for name, scps, rcps in levels:
        made.append(
            Level(
                name,
                tuple(
                    parse(document, f"SCP {number} of {name}")
                    for number, document in enumerate(scps, 1)
                ),
                tuple(
                    parse(document, f"RCP {number} of {name}", Form.RESOURCE)
                    for number, document in enumerate(rcps, 1)
                ),
            )
        )
    return Account(account, tuple(made), management)


def may_assume(
    trust: object, provider: str, claims: Mapping[str, Given], *, role: str | None = None
) -> Decision:
    """Whether whoever shows a token of an OIDC provider may assume the role of a trust policy.

    Args:
        trust: The role's trust policy.
        provider: The provider's ARN, as the policy names it.
        claims: Condition keys of the token with their values, such as
            `token.actions.githubusercontent.com:sub`. Keys that are not given are unknown.
        role: The role's ARN.
    """
    arn = role or "arn:aws:iam::000000000000:role/role"
    account = arn.split(":", 5)[4]
    target = Principal(
        arn, account, Kind.ROLE, arn.rpartition("/")[2], trust=parse(trust, "trust", Form.TRUST)
    )
    caller = Principal("", "", Kind.FEDERATED, provider)
    return decide(
        replace(Estate(), principals={arn: target}),
        caller,
        _OIDC_ACTION,
        arn,
        Context.of(claims),
        catalogue=Published(),
    )
