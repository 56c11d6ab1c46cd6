"""Whom a principal can become, and what it can give itself: by how many changes of its own.

To assume a role that trusts one is no change. Everything else here alters the account: a new key of
a login, a trust policy, a policy of one's own, a function that runs as a role. Changes that do not
build on each other count as one, so what counts is the depth.

Source: the public catalogue of escalation paths pathfinding.cloud, and the IAM documentation on
passing roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.authorization import Details, Managed
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import Decision, decide
from sod_analyzer.cloud.aws.documents import Form, Policy, parse
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.inventory import Inventory
from sod_analyzer.cloud.aws.patterns import decide_any
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.aws.steps import Allowing, Layer
from sod_analyzer.cloud.truth import Answer

_ASSUME = "sts:AssumeRole"
#: With one of these on a login, one can log in as it.
_INTO_LOGIN = ("iam:CreateAccessKey", "iam:CreateLoginProfile", "iam:UpdateLoginProfile")
#: With one of these on a login, role or group, it has any policy one likes.
_STRENGTHEN = {
    Kind.LOGIN: ("iam:AttachUserPolicy", "iam:PutUserPolicy"),
    Kind.ROLE: ("iam:AttachRolePolicy", "iam:PutRolePolicy"),
}
_STRENGTHEN_GROUP = ("iam:AttachGroupPolicy", "iam:PutGroupPolicy")
#: With one of these a boundary is gone, or is one that limits nothing.
_UNBIND = {
    Kind.LOGIN: ("iam:DeleteUserPermissionsBoundary", "iam:PutUserPermissionsBoundary"),
    Kind.ROLE: ("iam:DeleteRolePermissionsBoundary", "iam:PutRolePermissionsBoundary"),
}
#: What can be gained, in words; all else is the ARN of a group, or of a policy with its version.
ANY_POLICY = "any policy"
NO_BOUNDARY = "no boundary"
_NO = Decision(Answer.NO, Layer.IDENTITY)
#: Roles that nobody may change or pass.
_RESERVED = ("/aws-service-role/", "/aws-reserved/")
_FULL = parse(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    },
    "a policy of its own making",
)


@dataclass(frozen=True)
class Launch:
    """A service that runs code as a role: actions that start something new, or change what runs.

    All of one set are needed; `passes` says whether the role must be passed for it, and `itself`
    whether what runs is itself the resource of the action.
    """

    service: str
    actions: tuple[str, ...]
    passes: bool = True
    itself: bool = True


LAUNCHES = (
    Launch("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:InvokeFunction")),
    Launch("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:CreateEventSourceMapping")),
    Launch("lambda.amazonaws.com", ("lambda:CreateFunction", "lambda:AddPermission")),
    Launch("ec2.amazonaws.com", ("ec2:RunInstances",)),
    Launch("ec2.amazonaws.com", ("ec2:RequestSpotInstances",)),
    Launch("cloudformation.amazonaws.com", ("cloudformation:CreateStack",)),
    Launch("cloudformation.amazonaws.com", ("cloudformation:CreateStackSet",)),
    Launch("codebuild.amazonaws.com", ("codebuild:CreateProject", "codebuild:StartBuild")),
    Launch("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:RunTask")),
    Launch("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:CreateService")),
    Launch("ecs-tasks.amazonaws.com", ("ecs:RegisterTaskDefinition", "ecs:UpdateService")),
    Launch("glue.amazonaws.com", ("glue:CreateDevEndpoint",)),
    Launch("glue.amazonaws.com", ("glue:CreateJob", "glue:StartJobRun")),
    Launch("glue.amazonaws.com", ("glue:CreateJob", "glue:CreateTrigger")),
    Launch("glue.amazonaws.com", ("glue:CreateSession", "glue:RunStatement")),
    Launch("sagemaker.amazonaws.com", ("sagemaker:CreateNotebookInstance",)),
    Launch("sagemaker.amazonaws.com", ("sagemaker:CreateTrainingJob",)),
    Launch("sagemaker.amazonaws.com", ("sagemaker:CreateProcessingJob",)),
    Launch("tasks.apprunner.amazonaws.com", ("apprunner:CreateService",)),
    Launch("lambda.amazonaws.com", ("lambda:UpdateFunctionCode",), passes=False),
    Launch("codebuild.amazonaws.com", ("codebuild:StartBuild",), passes=False),
    Launch("cloudformation.amazonaws.com", ("cloudformation:UpdateStack",), passes=False),
    Launch("ec2.amazonaws.com", ("ssm:StartSession",), passes=False),
    Launch("ec2.amazonaws.com", ("ssm:SendCommand",), passes=False),
    Launch("ecs-tasks.amazonaws.com", ("ecs:ExecuteCommand",), passes=False, itself=False),
    Launch("glue.amazonaws.com", ("glue:UpdateJob",), passes=False),
    Launch(
        "sagemaker.amazonaws.com", ("sagemaker:CreatePresignedNotebookInstanceUrl",), passes=False
    ),
    Launch("tasks.apprunner.amazonaws.com", ("apprunner:UpdateService",), passes=False),
)


@dataclass(frozen=True)
class Move:
    """One step of a path: who does what, and who it is then. `decisions` say why it may.

    `through` is what it makes run otherwise, where that is known.
    """

    who: str
    how: tuple[str, ...]
    whom: str
    changes: int
    answer: Answer
    decisions: tuple[Decision, ...] = ()
    open: tuple[str, ...] = ()
    through: str = ""


@dataclass(frozen=True)
class Reached:
    """A principal as it can be had, by how many changes, and the moves that lead there."""

    principal: Principal
    gained: tuple[str, ...]
    changes: int
    moves: tuple[Move, ...]

    @property
    def answer(self) -> Answer:
        """The least sure of its moves."""
        return min((move.answer for move in self.moves), default=Answer.YES)


#: What a change gives, in words; the move; and who has it then.
_Gain: TypeAlias = tuple[str, Move, Principal]


@dataclass(frozen=True)
class Escalation:
    """Moves within an estate."""

    estate: Estate
    details: Details
    catalogue: Catalogue
    context: Context
    inventory: Inventory | None = None

    def from_(
        self, start: Principal, *, max_changes: int, at_least: Answer = Answer.CONDITIONAL
    ) -> tuple[Reached, ...]:
        """Everything that can be had, fewest changes first, and then the surest.

        What is there for sure stands once more where fewer changes lead there under a condition.
        With `at_least` yes, by sure moves alone. A function, build or instance that exists already
        may run as any role that trusts its service: such moves are conditional, unless an
        inventory says what runs as which role.

        Cost: a decision per principal reached, other principal and method.
        """
        sure = self._closed(start, max_changes, Answer.YES)
        found = list(sure.values())
        if at_least < Answer.YES:
            # What is there for sure may be there by fewer changes under a condition, too.
            further = self._closed(start, max_changes, at_least)
            found += [
                each
                for key, each in further.items()
                if key not in sure or each.changes < sure[key].changes
            ]
        return tuple(sorted(found, key=lambda each: (each.changes, -each.answer)))

    def steps(
        self, had: Reached, *, at_least: Answer
    ) -> Iterator[tuple[Principal, tuple[str, ...], Move]]:
        """Whom one move makes of it, with what that has gained, and the move.

        Roles that it can assume first, and then what one change gives.

        Cost: as `from_`, for one principal.
        """
        yield from self.assumed(had, at_least=at_least)
        yield from self._changed(had, at_least)

    def assumed(
        self, had: Reached, *, at_least: Answer
    ) -> Iterator[tuple[Principal, tuple[str, ...], Move]]:
        """As `steps`, the roles alone that it can assume at once."""
        for role in self._that_name(had.principal):
            if role.arn != had.principal.arn:
                move = self._assume(had.principal, role)
                if move.answer >= at_least:
                    yield role, (), move

    def _closed(
        self, start: Principal, max_changes: int, at_least: Answer
    ) -> dict[tuple[str, tuple[str, ...]], Reached]:
        """Everything that moves of at least this answer lead to."""
        first = Reached(start, (), 0, ())
        known = {_key(first): first}
        level = list(self._assumed([first], known, at_least))
        for changes in range(1, max_changes + 1):
            fresh: list[Reached] = []
            for had in level:
                for principal, gained, move in self._changed(had, at_least):
                    found = Reached(principal, gained, changes, (*had.moves, move))
                    if known.setdefault(_key(found), found) is found:
                        fresh.append(found)
            level = list(self._assumed(fresh, known, at_least))
        return known

    def _assumed(
        self,
        some: Sequence[Reached],
        known: dict[tuple[str, tuple[str, ...]], Reached],
        at_least: Answer,
    ) -> Iterator[Reached]:
        """These, and whatever they can assume one after the other."""
        pending = list(some)
        for had in pending:
            yield had
            for role in self._that_name(had.principal):
                if role.arn == had.principal.arn:
                    continue
                move = self._assume(had.principal, role)
                if move.answer < at_least:
                    continue
                found = Reached(role, (), had.changes, (*had.moves, move))
                if known.setdefault(_key(found), found) is found:
                    pending.append(found)

    # -- one change ------------------------------------------------------------------------------

    def _changed(
        self, had: Reached, at_least: Answer
    ) -> Iterator[tuple[Principal, tuple[str, ...], Move]]:
        """What one change gives: somebody else, oneself with more, or somebody else with more."""
        me = had.principal
        for move, gained, stronger in self._stronger(me, me, had.gained):
            if move.answer >= at_least:
                yield stronger, gained, move
        for other in self._others(me):
            ways = [move for move in self._into(me, other) if move.answer >= at_least]
            into = next((move for move in ways if move.answer is Answer.YES), None)
            into = into or next(iter(ways), None)
            if into is None:
                continue
            if into.changes:
                yield other, (), into
            for move, gained, stronger in self._stronger(me, other, ()):
                # Side by side: neither change needs the other to be made first.
                both = Move(
                    me.arn,
                    (*move.how, *into.how),
                    other.arn,
                    1,
                    min(move.answer, into.answer),
                    (*move.decisions, *into.decisions),
                    tuple(sorted({*move.open, *into.open})),
                    into.through,
                )
                if both.answer >= at_least:
                    yield stronger, gained, both

    def _into(self, me: Principal, other: Principal) -> Iterator[Move]:
        """Ways to act as somebody else by at most one change, those without one first."""
        if other.kind is Kind.LOGIN:
            for action in _INTO_LOGIN:
                yield self._move(me, other, (action,), [self._may(me, action, other.arn)])
            return
        if other.arn in self._trusting_me(me):
            yield self._assume(me, other)
        if other.path.startswith(_RESERVED):
            return
        change = self._may(me, "iam:UpdateAssumeRolePolicy", other.arn)
        if change.answer is not Answer.NO:
            trusting = replace(other, trust=_trust_in(me))
            principals = {**self.estate.principals, other.arn: trusting}
            then = self._decided(
                replace(self.estate, principals=principals), me, _ASSUME, other.arn
            )
            yield self._move(me, other, ("iam:UpdateAssumeRolePolicy", _ASSUME), [change, then])
        for launch in LAUNCHES:
            yield from self._launched(me, other, launch)

    def _launched(self, me: Principal, role: Principal, launch: Launch) -> Iterator[Move]:
        if me.account != role.account or not self._trusts(role.arn, launch.service):
            return
        decisions = [self._any(me, action) for action in launch.actions]
        if launch.passes:
            passed = self.context.knowing({"iam:PassedToService": launch.service})
            decisions.append(self._decided(self.estate, me, "iam:PassRole", role.arn, passed))
            yield self._move(me, role, ("iam:PassRole", *launch.actions), decisions)
            return
        known = self.inventory
        for thing in () if known is None else known.behind(role.arn, launch.service):
            made = decisions
            if launch.itself:
                made = [self._decided(self.estate, me, each, thing.arn) for each in launch.actions]
            yield replace(self._move(me, role, launch.actions, made), through=thing.arn)
        if known is not None and known.covers(role.account, launch.service):
            return
        # What there is already, and as which role it runs, an export of IAM does not say.
        move = self._move(me, role, launch.actions, decisions)
        said = f"something of {launch.service} runs as {role.arn}"
        yield replace(
            move,
            answer=min(move.answer, Answer.CONDITIONAL),
            open=tuple(sorted({*move.open, said})),
        )

    def _stronger(
        self, me: Principal, other: Principal, gained: tuple[str, ...]
    ) -> Iterator[tuple[Move, tuple[str, ...], Principal]]:
        """What one change adds to a login or role: the move, what is gained, and the result."""
        if other.kind not in _STRENGTHEN or other.path.startswith(_RESERVED):
            return
        gains = [self._unbound(me, other)]
        if _FULL not in other.policies:  # or else there is nothing more to gain by policies
            gains += [self._filled(me, other), self._joined(me, other), self._reset(me, other)]
        for gain in gains:
            for label, move, stronger in gain:
                yield move, tuple(sorted({*gained, label})), stronger

    def _filled(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        full = replace(other, policies=(*other.policies, _FULL))
        for move in self._fuller(me, other):
            yield ANY_POLICY, move, full

    def _joined(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        if other.kind is not Kind.LOGIN:
            return
        for group in self.details.groups.values():
            if group.account != other.account or group.arn in self._groups_of(other):
                continue
            decision = self._may(me, "iam:AddUserToGroup", group.arn)
            joined = replace(other, policies=(*other.policies, *group.policies))
            yield group.arn, self._move(me, other, ("iam:AddUserToGroup",), [decision]), joined

    def _reset(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        for policy in other.policies:
            made = self._own_managed(policy)
            for number, version in sorted(made.others.items()) if made is not None else ():
                action = "iam:SetDefaultPolicyVersion"
                move = self._move(me, other, (action,), [self._may(me, action, policy.name)])
                changed = tuple(version if each is policy else each for each in other.policies)
                yield f"{policy.name} {number}", move, replace(other, policies=changed)

    def _unbound(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        if other.boundary is None:
            return
        free = replace(other, boundary=None)
        for action in _UNBIND[other.kind]:
            move = self._move(me, other, (action,), [self._may(me, action, other.arn)])
            yield NO_BOUNDARY, move, free

    def _fuller(self, me: Principal, other: Principal) -> Iterator[Move]:
        """Ways to give a login or role any policy."""
        for action in _STRENGTHEN[other.kind]:
            yield self._move(me, other, (action,), [self._may(me, action, other.arn)])
        for group in self._groups_of(other):
            for action in _STRENGTHEN_GROUP:
                yield self._move(me, other, (action,), [self._may(me, action, group)])
        for policy in other.policies:
            if self._own_managed(policy) is not None:
                action = "iam:CreatePolicyVersion"
                yield self._move(me, other, (action,), [self._may(me, action, policy.name)])

    def _own_managed(self, policy: Policy) -> Managed | None:
        """The managed policy that this is, unless it is one of AWS's, which nobody changes."""
        found = self.details.managed.get(policy.name)
        return None if found is None or found.arn.split(":", 5)[4] == "aws" else found

    # -- decisions -------------------------------------------------------------------------------

    @cached_property
    def _roles(self) -> tuple[Principal, ...]:
        return tuple(
            each for _, each in sorted(self.estate.principals.items()) if each.kind is Kind.ROLE
        )

    def _others(self, me: Principal) -> Iterator[Principal]:
        for arn, other in sorted(self.estate.principals.items()):
            if arn != me.arn:
                yield other

    def _groups_of(self, login: Principal) -> tuple[str, ...]:
        return self.details.members.get(login.arn, ())

    @cached_property
    def _trusting(self) -> Mapping[str, frozenset[str]]:
        """Services that may assume each role, at least under a condition."""
        services = sorted({launch.service for launch in LAUNCHES})
        return {
            role.arn: frozenset(
                service
                for service in services
                if self._decided(
                    self.estate, Principal("", "", Kind.SERVICE, service), _ASSUME, role.arn
                ).answer
                >= Answer.CONDITIONAL
            )
            for role in self._roles
        }

    def _trusts(self, role: str, service: str) -> bool:
        return service in self._trusting[role]

    def _assume(self, me: Principal, role: Principal) -> Move:
        decision = self._may(me, _ASSUME, role.arn)
        return replace(self._move(me, role, (_ASSUME,), [decision]), changes=0)

    def _may(self, me: Principal, action: str, resource: str) -> Decision:
        if action != _ASSUME and not self._speaks(me, action):
            return _NO
        return self._decided(self.estate, me, action, resource)

    def _speaks(self, me: Principal, action: str) -> bool:
        """Whether some policy of a principal may allow an action on something.

        Without, it may not do it: IAM has no policies of resources but trust policies.
        """
        return any(self._allowing.speaks(policy, action) for policy in me.policies)

    @cached_property
    def _allowing(self) -> Allowing:
        return Allowing()

    def _any(self, me: Principal, action: str) -> Decision:
        """Whether it may do the action on anything; asked once for a principal as it is."""
        if not self._speaks(me, action) and action.partition(":")[0] not in self._with_policies:
            return _NO
        as_is = self.estate.principals.get(me.arn) is me
        found = self._anything.get((me.arn, action)) if as_is else None
        if found is None:
            found = decide_any(
                self.estate, me, [action], ["*"], self.context, catalogue=self.catalogue
            ).decision
            if as_is:
                self._anything[me.arn, action] = found
        return found

    @cached_property
    def _with_policies(self) -> frozenset[str]:
        """Services of resources that have policies of their own, which may allow by themselves."""
        return frozenset(arn.split(":", 3)[2] for arn in self.estate.resources if arn.count(":"))

    @cached_property
    def _anything(self) -> dict[tuple[str, str], Decision]:
        return {}

    @cached_property
    def _by_name(self) -> Mapping[str, Sequence[Principal]]:
        """Roles by whom they trust; under an empty text those that may let in whoever asks."""
        found: dict[str, list[Principal]] = {}
        for role in self._roles:
            keys = {""} if role.trust is None or role.trust.damaged else set[str]()
            for statement in role.trust.statements if role.trust is not None else ():
                named = statement.principals
                if named is None or not statement.allows:
                    continue
                if named.negated or named.everyone:
                    keys.add("")
                keys |= {_beginning(text) for text in named.aws}
            for key in keys:
                found.setdefault(key, []).append(role)
        return found

    def _that_name(self, me: Principal) -> Sequence[Principal]:
        """Roles whose trust policies may let somebody in: of most, nothing more is asked."""
        return tuple(self._trusting_me(me).values())

    def _trusting_me(self, me: Principal) -> Mapping[str, Principal]:
        found = self._known_trust.get((me.arn, me.unique_id))
        if found is None:
            found = self._known_trust[me.arn, me.unique_id] = self._find_trusting(me)
        return found

    @cached_property
    def _known_trust(self) -> dict[tuple[str, str], Mapping[str, Principal]]:
        return {}

    def _find_trusting(self, me: Principal) -> Mapping[str, Principal]:
        session = f"arn:aws:sts::{me.account}:assumed-role/{me.name}"
        root = f"arn:aws:iam::{me.account}:root"
        keys = {"", _beginning(me.arn), me.unique_id, me.account, root, session}
        roles = {role.arn: role for key in keys for role in self._by_name.get(key, ())}
        return {arn: roles[arn] for arn in sorted(roles)}

    def _decided(
        self,
        estate: Estate,
        me: Principal,
        action: str,
        resource: str,
        context: Context | None = None,
    ) -> Decision:
        return decide(
            estate, me, action, resource, context or self.context, catalogue=self.catalogue
        )

    @staticmethod
    def _move(
        me: Principal, other: Principal, how: tuple[str, ...], decisions: Sequence[Decision]
    ) -> Move:
        return Move(
            me.arn,
            how,
            other.arn,
            1,
            min(decision.answer for decision in decisions),
            tuple(decisions),
            tuple(sorted({text for each in decisions for text in each.conditions})),
        )


def strengthened(details: Details, principal: Principal, gained: Iterable[str]) -> Principal:
    """A principal with what `Reached.gained` says.

    Raises:
        KeyError: the details have no such group, or no such version of a policy.
    """
    for label in gained:
        if label == ANY_POLICY:
            principal = replace(principal, policies=(*principal.policies, _FULL))
        elif label == NO_BOUNDARY:
            principal = replace(principal, boundary=None)
        elif label in details.groups:
            joined = (*principal.policies, *details.groups[label].policies)
            principal = replace(principal, policies=joined)
        else:
            arn, _, number = label.rpartition(" ")
            version = details.managed[arn].others[number]
            changed = tuple(version if each.name == arn else each for each in principal.policies)
            principal = replace(principal, policies=changed)
    return principal


def _beginning(text: str) -> str:
    """A principal as a policy names it, in the commercial partition; a session as its role's."""
    head, _, rest = text.partition(":")
    _, _, rest = rest.partition(":")
    plain = f"arn:aws:{rest}" if head == "arn" else text
    return plain.rpartition("/")[0] if ":assumed-role/" in plain else plain


def _key(reached: Reached) -> tuple[str, tuple[str, ...]]:
    return reached.principal.arn, reached.gained


def _trust_in(me: Principal) -> Policy:
    statement = {"Effect": "Allow", "Action": _ASSUME, "Principal": {"AWS": me.arn}}
    document = {"Version": "2012-10-17", "Statement": statement}
    return parse(document, f"a trust policy made by {me.arn}", Form.TRUST)
