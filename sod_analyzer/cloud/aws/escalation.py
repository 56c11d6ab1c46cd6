"""Whom a principal can become, and what it can give itself: by how many changes of its own.

To assume a role that trusts one is no change. Everything else here alters the account: a new key of
a login, a trust policy, a policy of one's own, a function that runs as a role. Changes that do not
build on each other count as one, so what counts is the depth.

Source: the public catalogue of escalation paths pathfinding.cloud, and the IAM documentation on
passing roles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeAlias

from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.asker import ASSUME, NOTHING, Asker
from sod_analyzer.cloud.aws.authorization import Details
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import Decision, decide, tags_sessions
from sod_analyzer.cloud.aws.estate import Estate
from sod_analyzer.cloud.aws.gains import (
    ANY_POLICY,
    ANY_TAGS,
    FULL,
    NO_BOUNDARY,
    NO_DENIES,
    OwnDenies,
)
from sod_analyzer.cloud.aws.inventory import Inventory
from sod_analyzer.cloud.aws.launches import LAUNCHES, Launch
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.aws.tags import TAG, AskedFor
from sod_analyzer.cloud.truth import Answer

_TRUST = "iam:UpdateAssumeRolePolicy"
_JOIN = "iam:AddUserToGroup"
_RESET = "iam:SetDefaultPolicyVersion"
_RENEW = "iam:CreatePolicyVersion"
_HAND_OVER = "iam:PassRole"
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
#: Changes that make somebody else of one.
_CHANGES = (*_INTO_LOGIN, _TRUST)
#: Roles that nobody may change or pass.
_RESERVED = ("/aws-service-role/", "/aws-reserved/")


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
_Gain: TypeAlias = tuple[tuple[str, ...], Move, Principal]
#: Somebody else, the ways to act as it, and what one change gives it.
_Others: TypeAlias = tuple[Principal, Sequence[Move], Sequence[_Gain]]
#: A principal by its name, and by what it has at the time.
AsItIs: TypeAlias = tuple[str, tuple[int, ...], int, bool]


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
        for role, move in self._assumes(had.principal):
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
            for role, move in self._assumes(had.principal):
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
        for labels, move, stronger in self._own(me):
            if move.answer >= at_least:
                yield stronger, tuple(sorted({*had.gained, *labels})), move
        for other, ways, gains in self._of_others(me):
            likely = [move for move in ways if move.answer >= at_least]
            into = next((move for move in likely if move.answer is Answer.YES), None)
            into = into or next(iter(likely), None)
            if into is None:
                continue
            if into.changes:
                yield other, (), into
            for labels, move, stronger in gains:
                if move.answer >= at_least:
                    yield stronger, labels, _side_by_side(move, into)

    def _own(self, me: Principal) -> Sequence[_Gain]:
        """What one change gives a principal as it is; what cannot be done is left out."""
        asker = self._asker(me)
        found = self._gained.get(asker)
        if found is None:
            found = self._gained[asker] = tuple(self._stronger(me, me))
        return found

    def _of_others(self, me: Principal) -> Sequence[_Others]:
        """Ways into others of the account, up to the first that is sure, and what else it gives.

        Nothing that a principal changes is in another account: IAM allows no such change.
        """
        asker = self._asker(me)
        found = self._others.get(asker)
        if found is None:
            every = ((other, self._ways(me, other)) for other in self._near(me))
            found = self._others[asker] = tuple(
                (other, ways, tuple(self._stronger(me, other))) for other, ways in every if ways
            )
        return found

    def _near(self, me: Principal) -> Sequence[Principal]:
        """Others of the account, if there is anything at all that a change could make of them."""
        asker = self._asker(me)
        changes = any(map(asker.speaks, _CHANGES))
        launches = any(True for _ in self._launches(me))
        trusting = self.estate.trusting.that_name(me)
        return tuple(
            other
            for other in self._by_account.get(me.account, ())
            if other.arn != me.arn and (changes or launches or other.arn in trusting)
        )

    def _ways(self, me: Principal, other: Principal) -> Sequence[Move]:
        """Ways to act as somebody else by at most one change, those without one first."""
        ways: list[Move] = []
        for move in self._into(me, other):
            if move.answer is not Answer.NO:
                ways.append(move)
            if move.answer is Answer.YES:
                break
        return tuple(ways)

    def _into(self, me: Principal, other: Principal) -> Iterator[Move]:
        asker = self._asker(me)
        if other.kind is Kind.LOGIN:
            for action in _INTO_LOGIN:
                yield self._move(me, other, (action,), [asker.may(action, other.arn)])
            return
        if other.arn in self.estate.trusting.that_name(me):
            yield self._assume(me, other)
        if other.path.startswith(_RESERVED):
            return
        change = asker.may(_TRUST, other.arn)
        if change.answer is not Answer.NO:
            then = asker.once_trusted(other)
            yield self._move(me, other, (_TRUST, ASSUME), [change, then])
        for launch, decisions in self._launches(me):
            yield from self._launched(me, other, launch, decisions)

    def _launches(self, me: Principal) -> Iterator[tuple[Launch, Sequence[Decision]]]:
        """Launches that it may perhaps make, with what decides each action on anything."""
        asker = self._asker(me)
        found = self._launching.get(asker)
        if found is None:
            found = self._launching[asker] = tuple(self._find_launches(me))
        return iter(found)

    def _find_launches(self, me: Principal) -> Iterator[tuple[Launch, Sequence[Decision]]]:
        asker = self._asker(me)
        for launch in LAUNCHES:
            if launch.service not in self._trusted_in.get(me.account, ()):
                continue
            if launch.passes and not asker.speaks(_HAND_OVER):
                continue
            decisions: list[Decision] = []
            # Of what runs already it is asked whether it may do that to this very thing.
            whole = self.inventory is not None and not launch.passes
            for action in launch.actions:
                decisions.append(self._any(me, action))
                if decisions[-1].answer is Answer.NO and not whole:
                    break
            else:
                yield launch, decisions

    def _launched(
        self, me: Principal, role: Principal, launch: Launch, decisions: Sequence[Decision]
    ) -> Iterator[Move]:
        if me.account != role.account or not self._trusts(role.arn, launch.service):
            return
        asker = self._asker(me)
        if launch.passes:
            passed = self._passing(launch.service)
            passing = asker.may(_HAND_OVER, role.arn, passed, launch.service)
            how = (_HAND_OVER, *launch.actions)
            yield self._move(me, role, how, [*decisions, passing])
            return
        known = self.inventory
        for thing in () if known is None else known.behind(role.arn, launch.service):
            made = decisions
            if launch.itself:
                made = [asker.on(each, thing.arn) for each in launch.actions]
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

    def _stronger(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        """What one change adds to a login or role: of several ways to the same, the surer ones."""
        if other.kind not in _STRENGTHEN or other.path.startswith(_RESERVED):
            return
        gains = [self._unbound(me, other), self._retagged(me, other), self._freed(me, other)]
        if FULL not in other.policies:  # or else there is nothing more to gain by policies
            gains += [self._filled(me, other), self._joined(me, other), self._reset(me, other)]
        best: dict[tuple[str, ...], Answer] = {}
        for gain in gains:
            for labels, move, stronger in gain:
                if move.answer > best.get(labels, Answer.NO):
                    best[labels] = move.answer
                    yield labels, move, stronger

    def _filled(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        freed = tuple(self._freed(me, other))
        for move in self._fuller(me, other):
            yield (ANY_POLICY,), move, replace(other, policies=(*other.policies, FULL))
            for labels, away, free in freed:
                full = replace(free, policies=(*free.policies, FULL))
                yield (ANY_POLICY, *labels), _side_by_side(away, move), full

    def _freed(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        """Policies of its own that deny, taken away: the surest way for each of them."""
        asker = self._asker(me)
        chosen = [
            max(
                ((action, asker.may(action, resource)) for action, resource in ways),
                key=lambda each: each[1].answer,
            )
            for ways in self._denies.ways(other)
        ]
        if chosen:
            how = tuple(dict.fromkeys(action for action, _ in chosen))
            move = self._move(me, other, how, [decision for _, decision in chosen])
            yield (NO_DENIES,), move, self._denies.without(other)

    @cached_property
    def _denies(self) -> OwnDenies:
        return OwnDenies(self.details)

    def _joined(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        asker = self._asker(me)
        if other.kind is not Kind.LOGIN or not asker.speaks(_JOIN):
            return
        for group in self.details.groups.values():
            if group.account != other.account or group.arn in self._groups_of(other):
                continue
            decision = asker.may(_JOIN, group.arn)
            joined = replace(other, policies=(*other.policies, *group.policies))
            yield (group.arn,), self._move(me, other, (_JOIN,), [decision]), joined

    def _reset(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        asker = self._asker(me)
        if not asker.speaks(_RESET):
            return
        for policy in other.policies:
            made = self.details.managed.get(policy.name)
            for number, version in sorted(made.others.items()) if made is not None else ():
                move = self._move(me, other, (_RESET,), [asker.may(_RESET, policy.name)])
                changed = tuple(version if each is policy else each for each in other.policies)
                yield (f"{policy.name} {number}",), move, replace(other, policies=changed)

    def _unbound(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        if other.boundary is None:
            return
        free = replace(other, boundary=None)
        for action in _UNBIND[other.kind]:
            decision = self._asker(me).may(action, other.arn)
            yield (NO_BOUNDARY,), self._move(me, other, (action,), [decision]), free

    def _retagged(self, me: Principal, other: Principal) -> Iterator[_Gain]:
        """Other tags, where some policy that binds it asks for them.

        Tags of what it acts on are not looked at. A session of a role that may bring tags along
        has any already.
        """
        if other.any_tags or (other.kind is Kind.ROLE and tags_sessions(other)):
            return
        asker = self._asker(me)
        actions = [action for action in TAG[other.kind] if asker.speaks(action)]
        if not actions or not self._asked_for.of(other):
            return
        free = replace(other, any_tags=True)
        for action in actions:
            yield (
                (ANY_TAGS,),
                self._move(me, other, (action,), [asker.may(action, other.arn)]),
                free,
            )

    @cached_property
    def _asked_for(self) -> AskedFor:
        return AskedFor(self.estate)

    def _fuller(self, me: Principal, other: Principal) -> Iterator[Move]:
        """Ways to give a login or role any policy."""
        asker = self._asker(me)
        for action in _STRENGTHEN[other.kind]:
            yield self._move(me, other, (action,), [asker.may(action, other.arn)])
        for group in self._groups_of(other):
            for action in _STRENGTHEN_GROUP:
                yield self._move(me, other, (action,), [asker.may(action, group)])
        if not asker.speaks(_RENEW):
            return
        for policy in other.policies:
            if policy.name in self.details.managed:
                yield self._move(me, other, (_RENEW,), [asker.may(_RENEW, policy.name)])

    # -- decisions -------------------------------------------------------------------------------

    def _asker(self, me: Principal) -> Asker:
        """Whoever decides for a principal as it is."""
        key = as_it_is(me)
        found = self._askers.get(key)
        if found is None:
            found = self._askers[key] = Asker(me, self.estate, self.catalogue, self.context)
        return found

    @cached_property
    def _askers(self) -> dict[AsItIs, Asker]:
        # An asker keeps its principal, so that the numbers in a key stay those of its policies.
        return {}

    @cached_property
    def _gained(self) -> dict[Asker, Sequence[_Gain]]:
        return {}

    @cached_property
    def _others(self) -> dict[Asker, Sequence[_Others]]:
        return {}

    @cached_property
    def _launching(self) -> dict[Asker, Sequence[tuple[Launch, Sequence[Decision]]]]:
        return {}

    @cached_property
    def _assuming(self) -> dict[Asker, Sequence[tuple[Principal, Move]]]:
        return {}

    def _passing(self, service: str) -> Context:
        """What a request that passes a role to a service says."""
        found = self._passed.get(service)
        if found is None:
            found = self._passed[service] = self.context.knowing({"iam:PassedToService": service})
        return found

    @cached_property
    def _passed(self) -> dict[str, Context]:
        return {}

    @cached_property
    def _roles(self) -> tuple[Principal, ...]:
        return tuple(
            each for _, each in sorted(self.estate.principals.items()) if each.kind is Kind.ROLE
        )

    @cached_property
    def _by_account(self) -> Mapping[str, Sequence[Principal]]:
        """Principals of each account, sorted."""
        found: dict[str, list[Principal]] = {}
        for _, each in sorted(self.estate.principals.items()):
            found.setdefault(each.account, []).append(each)
        return found

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
                if decide(
                    self.estate,
                    Principal("", "", Kind.SERVICE, service),
                    ASSUME,
                    role.arn,
                    self.context,
                    catalogue=self.catalogue,
                ).answer
                >= Answer.CONDITIONAL
            )
            for role in self._roles
        }

    @cached_property
    def _trusted_in(self) -> Mapping[str, frozenset[str]]:
        """Services that may assume some role of an account."""
        found: dict[str, frozenset[str]] = {}
        for role in self._roles:
            found[role.account] = found.get(role.account, frozenset()) | self._trusting[role.arn]
        return found

    def _trusts(self, role: str, service: str) -> bool:
        return service in self._trusting[role]

    def _assumes(self, me: Principal) -> Sequence[tuple[Principal, Move]]:
        """Roles that it may assume at once."""
        asker = self._asker(me)
        found = self._assuming.get(asker)
        if found is None:
            moves = (
                (role, self._assume(me, role))
                for role in self.estate.trusting.that_name(me).values()
                if role.arn != me.arn
            )
            found = self._assuming[asker] = tuple(
                (role, move) for role, move in moves if move.answer is not Answer.NO
            )
        return found

    def _assume(self, me: Principal, role: Principal) -> Move:
        decision = self._asker(me).assumes(role)
        return replace(self._move(me, role, (ASSUME,), [decision]), changes=0)

    def _any(self, me: Principal, action: str) -> Decision:
        """Whether it may do the action on anything."""
        asker = self._asker(me)
        if not asker.speaks(action) and action.partition(":")[0] not in self._with_policies:
            return NOTHING
        return asker.anything(action)

    @cached_property
    def _with_policies(self) -> frozenset[str]:
        """Services of resources that have policies of their own, which may allow by themselves."""
        return frozenset(arn.split(":", 3)[2] for arn in self.estate.resources if arn.count(":"))

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


def _key(reached: Reached) -> tuple[str, tuple[str, ...]]:
    return reached.principal.arn, reached.gained


def as_it_is(me: Principal) -> AsItIs:
    """What tells a principal from the same one with other policies, as long as these are kept."""
    return me.arn, tuple(map(id, me.policies)), id(me.boundary), me.any_tags


def _side_by_side(move: Move, into: Move) -> Move:
    """Two changes that count as one: neither needs the other to be made first."""
    return Move(
        move.who,
        tuple(dict.fromkeys((*move.how, *into.how))),
        into.whom,
        1,
        min(move.answer, into.answer),
        (*move.decisions, *into.decisions),
        tuple(sorted({*move.open, *into.open})),
        into.through,
    )
