"""What a principal may do, also after changes of its own, as far as a question needs to know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from sod_analyzer.cloud.aws import organization, resource_policies
from sod_analyzer.cloud.aws.actions import Catalogue
from sod_analyzer.cloud.aws.alike import Alike
from sod_analyzer.cloud.aws.authorization import Details
from sod_analyzer.cloud.aws.context import Context
from sod_analyzer.cloud.aws.decide import (
    ASSUMING,
    OF_ALL,
    WITH_RESOURCE_POLICIES,
    Decision,
    Subject,
    formula_of,
    request_of,
)
from sod_analyzer.cloud.aws.documents import Policy, Principals, Statement
from sod_analyzer.cloud.aws.estate import Account, Estate
from sod_analyzer.cloud.aws.formula import Part
from sod_analyzer.cloud.aws.gains import ANY_POLICY, strengthened
from sod_analyzer.cloud.aws.inventory import Inventory, Thing
from sod_analyzer.cloud.aws.kept import Kept, Record, details, kept
from sod_analyzer.cloud.aws.patterns import Found, Sought, seek, told
from sod_analyzer.cloud.aws.principals import Kind, Match, Named, Principal, match
from sod_analyzer.cloud.aws.reaching import Reaching
from sod_analyzer.cloud.aws.resource_policies import ResourcePolicies
from sod_analyzer.cloud.aws.steps import Area, Layer, Request, areas
from sod_analyzer.cloud.truth import Answer

#: Nothing is known of a request.
_UNKNOWN = Context()
#: Stands for any action.
_ANYTHING = "*:*"
#: Ends the ARN of a login without a name, which no account has.
_NOBODY = ":user/"
#: What it is called.
ADMINISTRATION = "everything that any policy allows"
_NO_POLICIES = ResourcePolicies({}, {}, frozenset())
_NOTHING = Found(Decision(Answer.NO, Layer.IDENTITY))
#: Actions by which a role is assumed under one's own name.
_BY_NAME = frozenset({"sts:assumerole", "sts:tagsession"})
#: Who calls these shows a token of somebody else.
_BY_TOKEN = ASSUMING - _BY_NAME
#: Layers of limits that the organisation sets for everybody in an account.
_OF_ORGANISATION = frozenset({Layer.SCP, Layer.RCP})
#: Where nothing is known without the policy of the resource.
_NEEDED = frozenset({"kms"})


@dataclass(frozen=True, order=True)
class Holder:
    """A principal by its ARN, with what it gave itself."""

    principal: str
    gained: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rights:
    """Decides questions about holders; every answer is remembered.

    Policies of resources that nobody exported are left out of the answer, also across accounts,
    except for keys, of which nothing is known without. That errs away from access across
    accounts, and whoever asks must say so.
    """

    details: Details
    catalogue: Catalogue
    accounts: tuple[Account, ...] = ()
    resources: ResourcePolicies = _NO_POLICIES
    inventory: Inventory | None = None

    @cached_property
    def estate(self) -> Estate:
        """All that is known."""
        return Estate(
            self.details.principals,
            {each.account: each for each in self.accounts},
            self.resources.policies,
            self.resources.owners,
            self.resources.read_services | (WITH_RESOURCE_POLICIES - _NEEDED),
            self.details.read_accounts,
        )

    @cached_property
    def _estates(self) -> dict[str, Estate]:
        return {}

    def _of(self, owner: str) -> Estate:
        """Where what has no account in its ARN is of one account."""
        found = self._estates.get(owner)
        if found is None:
            found = self._estates[owner] = replace(self.estate, owner=owner)
        return found

    @cached_property
    def _answers(self) -> dict[object, object]:
        return {}

    def caller(self, holder: Holder) -> Principal:
        """The holder, with all that it has. Raises `KeyError` if there is none."""
        key = ("caller", holder)
        found = self._answers.get(key)
        if not isinstance(found, Principal):
            if holder.principal.endswith(_NOBODY):
                itself = administrator(holder.principal.split(":", 5)[4])
            else:
                itself = self.details.principals[holder.principal]
            found = strengthened(self.details, itself, holder.gained)
            self._answers[key] = found
        return found

    def best(
        self,
        holder: Holder,
        actions: frozenset[str],
        resources: Iterable[str],
        *,
        owner: str,
        within: Iterable[str] = ("*",),
        without: Iterable[str] = (),
    ) -> Found:
        """The best answer to any of some actions, by name, on any of some resources, by patterns.

        Actions are spelled as the catalogue has them. Resources that name no account are those of
        `owner`.
        """
        asked = tuple(sorted(set(resources)))
        names = self._near(holder, actions, owner)
        if names:
            names = self._reaching.left(self.caller(holder), names, asked)
        if not names:
            return _NOTHING
        where = (names, asked, owner)
        key = ("best", holder, *where, tuple(sorted(set(within))), tuple(sorted(set(without))))
        found = self._answers.get(key)
        if not isinstance(found, Found):
            caller, estate = self.caller(holder), self._of(owner)
            # Whoever is like another one in all that matters here is told the same.
            alike = ("sought", self._alike.of(caller, names), *key[2:])
            sought = self._answers.get(alike)
            if not isinstance(sought, Sought):
                sought = self._answers[alike] = seek(
                    estate,
                    caller,
                    names,
                    where[1],
                    _UNKNOWN,
                    catalogue=self.catalogue,
                    within=within,
                    without=without,
                )
            found = told(sought, estate, caller, _UNKNOWN, catalogue=self.catalogue)
            self._answers[key] = found
        return found

    @cached_property
    def _reaching(self) -> Reaching:
        needed = _NEEDED - self.resources.read_services
        return Reaching(self.estate, self.catalogue, self._meant, needed)

    @cached_property
    def _alike(self) -> Alike:
        return Alike(self.estate, _BY_NAME | self._of_policies)

    def _near(self, holder: Holder, names: frozenset[str], owner: str) -> tuple[str, ...]:
        """Those of the actions that may be allowed at all in an account; most are not.

        What no statement allows, what a limit does not allow anywhere, and what is denied without
        a condition on everything is not.
        """
        key = (self.perhaps(holder, owner), names)
        found = self._nearest.get(key)
        if found is None:
            found = self._nearest[key] = tuple(sorted(key[0] & names))
        return found

    @cached_property
    def _nearest(self) -> dict[tuple[frozenset[str], frozenset[str]], tuple[str, ...]]:
        return {}

    def perhaps(self, holder: Holder, owner: str) -> frozenset[str]:
        """The actions that a holder may perhaps do on something in an account."""
        key = (holder, owner)
        found = self._perhaps.get(key)
        if found is None:
            caller, known = self.caller(holder), self._anything(holder)
            if owner != caller.account:
                # Nothing without the resource's own policy.
                found = known & (_BY_NAME | self._of_policies)
            else:
                found = (known - _BY_TOKEN) | self._by_resources(caller) | self._of_all
                if self._is_named(caller):
                    found |= _BY_NAME
            # Many holders have one set, which is kept once.
            found = self._perhaps[key] = self._sets.setdefault(found, found)
        return found

    @cached_property
    def _perhaps(self) -> dict[tuple[Holder, str], frozenset[str]]:
        return {}

    @cached_property
    def _of_all(self) -> frozenset[str]:
        """Actions that everybody may do."""
        return self._named(OF_ALL)

    @cached_property
    def _sets(self) -> dict[frozenset[str], frozenset[str]]:
        return {}

    @cached_property
    def _of_policies(self) -> frozenset[str]:
        """Actions of services of which policies of resources were read."""
        of = (self._named(f"{service}:*") for service in sorted(self._with_policies))
        return frozenset[str]().union(*of)

    def _by_resources(self, caller: Principal) -> frozenset[str]:
        """Actions that policies of resources may allow a caller without its own policies.

        One that names no more than its account leaves it to those.
        """
        return frozenset[str]().union(
            *(
                names
                for whom, names in self._allowing.items()
                if whom is None or match(whom, caller, allows=True).named >= Named.ROLE
            )
        )

    @cached_property
    def _allowing(self) -> dict[Principals | None, frozenset[str]]:
        """What policies of resources allow, by whom they name; None is anybody."""
        found: dict[Principals | None, frozenset[str]] = {}
        for arn, policy in sorted(self.resources.policies.items()):
            of = self._named(f"{arn.split(':', 3)[2]}:*") if ":" in arn else self._named("*")
            if policy.damaged:
                found[None] = found.get(None, frozenset()) | of
            for each in policy.statements:
                if each.allows and each.principals is not None:
                    mine = found.get(each.principals, frozenset())
                    found[each.principals] = mine | (self._meant(each) & of)
        return found

    @cached_property
    def _with_policies(self) -> frozenset[str]:
        """Services of which policies of resources were read: these may allow by themselves."""
        return frozenset(arn.split(":", 3)[2] for arn in self.resources.policies if ":" in arn)

    def _is_named(self, caller: Principal) -> bool:
        """Whether the trust policy of some role may be about this caller and no other."""
        if self._trusted is None:
            return True
        return any(caller.name in text or text == caller.unique_id for text in self._trusted)

    @cached_property
    def _trusted(self) -> tuple[str, ...] | None:
        """Whom trust policies name; None where one of them may be about anybody."""
        found: set[str] = set()
        for role in self.details.principals.values():
            if role.trust is None:
                continue
            if role.trust.damaged:
                return None
            for each in role.trust.statements:
                named = each.principals
                if named is not None and (named.negated or named.everyone):
                    return None
                found |= set(named.aws if named is not None else ())
        return tuple(sorted(found))

    def _anything(self, holder: Holder) -> frozenset[str]:
        """The actions that a holder may perhaps do on something."""
        found = self._may.get(holder)
        if found is None:
            caller = self.caller(holder)
            levels = self.estate.accounts.get(caller.account, Account(caller.account))
            bound = not levels.management and not caller.service_linked
            scps = [level.scps for level in levels.levels or ()] if bound else []
            limits = [() if caller.boundary is None else (caller.boundary,), *scps]
            found = self._union(caller.policies)
            for policies in limits:
                if policies or policies in scps:
                    found &= self._union(policies)
            for policy in (*caller.policies, *(policy for some in limits for policy in some)):
                found -= self._said(policy)[1]
            self._may[holder] = found
        return found

    def _union(self, policies: Iterable[Policy]) -> frozenset[str]:
        return frozenset[str]().union(*(self._said(policy)[0] for policy in policies))

    def _said(self, policy: Policy) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
        """The actions that a policy may allow on something, denies everywhere, allows broadly."""
        found = self._spoken.get(id(policy))
        if found is None:
            allowed = self._named("*") if policy.damaged else frozenset[str]()
            denied = broad = frozenset[str]()
            for each in policy.statements:
                mine = self._meant(each)
                if each.allows:
                    allowed |= mine
                    if _broadly(each):
                        broad |= mine
                elif _everywhere(each):
                    denied |= mine
            # The policy is kept, so that no other one gets its number.
            found = self._spoken[id(policy)] = policy, allowed, denied, broad
        return found[1:]

    def _meant(self, statement: Statement) -> frozenset[str]:
        """The actions that a statement is about."""
        texts = statement.actions.texts
        found = frozenset[str]().union(*(self._named(text) for text in texts))
        return self._named("*") - found if statement.actions.negated else found

    def _named(self, pattern: str) -> frozenset[str]:
        found = self._names.get(pattern)
        if found is None:
            found = self._names[pattern] = frozenset(self.catalogue.actions_like(pattern))
        return found

    @cached_property
    def _names(self) -> dict[str, frozenset[str]]:
        return {}

    @cached_property
    def _spoken(self) -> dict[int, tuple[Policy, frozenset[str], frozenset[str], frozenset[str]]]:
        return {}

    @cached_property
    def _may(self) -> dict[Holder, frozenset[str]]:
        return {}

    def everywhere(self, holder: Holder, actions: frozenset[str]) -> bool:
        """Whether it may do one of the actions for sure on all there is in its own account.

        Errs: towards no, wherever a statement has a condition or a deny comes near.
        """
        key = ("everywhere", holder, actions)
        found = self._answers.get(key)
        if not isinstance(found, bool):
            account = self.caller(holder).account
            names = self.perhaps(holder, account) & actions & self._broad(holder)
            found = any(self._unlimited(holder, name) for name in names)
            self._answers[key] = found
        return found

    def _broad(self, holder: Holder) -> frozenset[str]:
        """Actions that one of its statements allows on everything, perhaps under a condition."""
        found = self._broadly.get(holder)
        if found is None:
            policies = self.caller(holder).policies
            found = frozenset[str]().union(*(self._said(policy)[2] for policy in policies))
            # Many holders have one set, which is kept once.
            found = self._broadly[holder] = self._sets.setdefault(found, found)
        return found

    @cached_property
    def _broadly(self) -> dict[Holder, frozenset[str]]:
        return {}

    def unrestricted(self, holder: Holder, *, within_organisation: bool = False) -> bool:
        """Whether nothing at all is out of its reach in its own account.

        `within_organisation` leaves out what the organisation denies everybody there: an
        administrator of an account is one, though nobody in it may leave the organisation. Where
        it denies everything, or allows only some of it, nobody is.

        Errs: towards no, wherever anything else is denied or allowed under a condition.
        """
        caller = self.caller(holder)
        formula, _ = formula_of(
            self.estate, caller, _ANYTHING, Subject(caller.account, None), sessions=()
        )
        needed = [part for part in (*formula.grants[0], *formula.needed) if isinstance(part, Part)]
        return not any(
            policy.damaged
            or any(
                _shuts(each)
                if within_organisation and part.layer in _OF_ORGANISATION
                else not each.allows
                for each in policy.statements
            )
            for part in (*formula.denies, *needed)
            for policy in part.policies
        ) and all(any(map(_opens, part.policies)) for part in needed)

    def _unlimited(self, holder: Holder, action: str) -> bool:
        caller = self.caller(holder)
        if action in ASSUMING or action.partition(":")[0] in _NEEDED:
            return False
        formula, _ = formula_of(
            self.estate, caller, action, Subject(caller.account, None), sessions=()
        )
        request = request_of(caller, action, "", _UNKNOWN, caller.account)
        for part in formula.denies:
            if any(areas(part.policies, request, allows=False, names=_names(part))):
                return False
        return _full(formula.grants[0], formula.needed, request)


@lru_cache(maxsize=4_096)
def administrator(account: str) -> Principal:
    """Whoever may have any policy in an account, and no boundary: a login that does not exist."""
    nobody = Principal(f"arn:aws:iam::{account}{_NOBODY}", account, Kind.LOGIN, ADMINISTRATION)
    return strengthened(Details({}, {}, {}, {}, frozenset(), ()), nobody, (ANY_POLICY,))


def rights_of(records: Iterable[Kept], catalogue: Catalogue) -> Rights:
    """What may be asked of records, in whatever order they come."""
    every = sorted(records)
    tree = [each.export for each in every if each.kind is Record.ORGANISATION]
    about = [each.export for each in every if each.kind is Record.RESOURCES]
    accounts = organization.read(tree).accounts.values() if tree else ()
    return Rights(
        details(every),
        catalogue,
        tuple(accounts),
        resource_policies.read(about) if about else _NO_POLICIES,
        inventory_of(every),
    )


def inventory_of(records: Iterable[Kept]) -> Inventory | None:
    """What runs as which role; None where no inventory was given."""
    things: set[Thing] = set()
    read: set[tuple[str, str]] = set()
    found = [each.said for each in records if each.kind is Record.INVENTORY]
    for said in found:
        things |= {Thing(*each) for each in _rows(said.get("things"))}
        read |= {(account, service) for account, service in _rows(said.get("read"))}
    return Inventory(tuple(sorted(things)), frozenset(read)) if found else None


def inventory_record(name: str, found: Inventory) -> Kept:
    """An inventory as it is kept: without what else the lists said of things."""
    things = [[each.service, each.arn, each.role] for each in found.things]
    said = {"things": things, "read": sorted(map(list, found.read))}
    return kept(Record.INVENTORY, name, said)


def people_record(name: str, led_to: Iterable[str]) -> Kept:
    """That people of Identity Center were read, and to which roles beside them they are led."""
    return kept(Record.PEOPLE, name, {"roles": sorted(led_to)})


def led_to(records: Iterable[Kept]) -> frozenset[str] | None:
    """Roles that assignments of Identity Center lead to; None where no people were read."""
    listed = [each.said.get("roles") for each in records if each.kind is Record.PEOPLE]
    roles = (role for each in listed if isinstance(each, list) for role in each)
    return frozenset(role for role in roles if isinstance(role, str)) if listed else None


def _rows(value: object) -> list[list[str]]:
    return value if isinstance(value, list) else []


def _opens(policy: Policy) -> bool:
    """Whether it allows everything."""
    return any(
        each.allows
        and not each.actions.negated
        and {"*", _ANYTHING} & set(each.actions.texts)
        and _everywhere(each)
        for each in policy.statements
    )


def _shuts(statement: Statement) -> bool:
    """Whether it denies every action, or all but some, on everything and under no condition."""
    actions = statement.actions
    every = actions.negated or bool({"*", _ANYTHING} & set(actions.texts))
    return not statement.allows and every and _everywhere(statement)


def _everywhere(statement: Statement) -> bool:
    """Whether it is about every resource, under no condition."""
    named = statement.resources
    anywhere = named is None or (not named.negated and "*" in named.texts)
    return anywhere and not statement.conditions.each


def _broadly(statement: Statement) -> bool:
    """Whether a statement may be about every resource."""
    named = statement.resources
    return (
        named is None
        or named.negated
        or any(set(text) == {"*"} or "${" in text for text in named.texts)
    )


def _names(part: Part) -> Callable[[Match], bool] | None:
    return None if part.least is None else part.close


def _full(grants: Sequence[object], needed: Sequence[Part], request: Request) -> bool:
    parts = [*grants, *needed]
    return all(
        isinstance(part, Part)
        and any(
            _everything(area)
            for area in areas(part.policies, request, allows=True, names=_names(part))
        )
        for part in parts
    )


def _everything(area: Area) -> bool:
    if area.answer is not Answer.YES:
        return False
    if area.negated:
        return not area.globs and not area.open
    return any(glob.is_everything for glob in area.globs)
