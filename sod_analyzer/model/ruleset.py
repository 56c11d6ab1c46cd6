"""What an auditor signs: duties, the ways to perform them, and the rules over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cached_property

from sod_analyzer.errors import SourceRef


class ScopeKind(StrEnum):
    """What the duties of a rule must have in common."""

    APPLICATION = "application"
    RESOURCE = "resource"
    SYSTEM = "system"
    ANYWHERE = "anywhere"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low, 3 for critical."""
        return list(Severity).index(self)


class Means(StrEnum):
    """How a right is had; each includes the ones before it."""

    HELD = "held"
    ELIGIBLE = "eligible"
    SELF_GRANT = "self-grant"


class Certainty(StrEnum):
    SURE = "sure"
    CONDITIONAL = "conditional"


class Holder(StrEnum):
    """Whom a rule judges."""

    IDENTITY = "identity"
    ACCOUNT = "account"  # one login at a time, whoever is behind it
    ROLE = "role"  # by what it contains, whether or not anybody has it


class RuleKind(StrEnum):
    """What a rule asks of the duties it names."""

    COMBINATION = "combination"  # nobody has `count` of them
    ONLY = "only"  # nobody but `allowed` has it
    MAY_HOLD_ONLY = "may-hold-only"  # the subjects have nothing else; its one duty is "else"
    MAX_HOLDERS = "max-holders"  # at most `count` people have it
    MIN_HOLDERS = "min-holders"  # at least `count` people have it
    MIN_PEOPLE = "min-people"  # fewer than `count` people never have all of them together
    MAX_GRANT_HOURS = "max-grant-hours"  # nobody is given it for longer than `count` hours
    HYGIENE = "hygiene"  # no duties: a fact about accounts and roles

    @property
    def counts_people(self) -> bool:
        """Whether the rule judges a place by all of its people, not each subject alone."""
        return self in {RuleKind.MAX_HOLDERS, RuleKind.MIN_HOLDERS, RuleKind.MIN_PEOPLE}


class HygieneCheck(StrEnum):
    LEAVER_WITH_ACCESS = "leaver-with-access"  # left, and a login still works
    DORMANT_PRIVILEGED = "dormant-privileged"  # privileged, works, and unused for `days`
    NOBODY_BEHIND = "nobody-behind"  # a login that nobody is known to answer for
    SELF_MANAGED_GROUP = "self-managed-group"  # a member can let others in


@dataclass(frozen=True, slots=True)
class Selector:
    """One part of a way: which entitlements perform it.

    `actions`, `system` and `resource` are globs: `*` is any run of characters, `?` any one; the
    whole text must match and case counts. An entitlement matches when its action and one of
    `actions` have an action in common, so a source's own wildcard matches every pattern it covers.
    """

    product: str
    actions: tuple[str, ...]
    system: str | None = None
    resource: str | None = None
    environment: str | None = None
    any_scope: bool = False
    #: Entitlements that lie wholly within one of these do not count. A source's wildcard that
    #: reaches further than they do still counts.
    unless: tuple[Selector, ...] = ()
    where: SourceRef | None = field(default=None, compare=False)

    def __str__(self) -> str:
        narrowed = [
            f"{name}={value}"
            for name, value in (
                ("system", self.system),
                ("resource", self.resource),
                ("environment", self.environment),
            )
            if value is not None
        ]
        if self.any_scope:
            narrowed.append("any scope")
        if self.unless:
            narrowed.append(f"not {' or '.join(str(other) for other in self.unless)}")
        tail = f" [{', '.join(narrowed)}]" if narrowed else ""
        return f"{self.product}: {' | '.join(self.actions)}{tail}"


@dataclass(frozen=True, slots=True)
class Way:
    """Parts that together perform a duty; they must meet in one account's security context."""

    parts: tuple[Selector, ...]
    #: The duty that states this way, where another duty takes it over; None in its own duty.
    origin: str | None = None

    def __str__(self) -> str:
        return " + ".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Duty:
    """One business step; any of its ways performs it."""

    duty_id: str
    title: str
    ways: tuple[Way, ...]
    why: str | None = None
    includes: tuple[str, ...] = ()  # duties any of which performs this one; their ways are in it
    #: The duties that a rule made this one of; empty for a duty that the author named.
    made_of: tuple[str, ...] = ()
    where: SourceRef | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Subjects:
    """A narrowing of whom a rule judges: every key that is given must fit, by any of its values.

    All values but `kinds` are globs. Where the data does not say (a person without a department),
    nobody can tell whether the rule is about them, and the result is not evaluable.
    """

    kinds: tuple[str, ...] = ()  # person | workload | shared | vendor
    departments: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    #: Ids of roles of which the subject has one, directly or not; a role that is judged itself
    #: must be one of them.
    roles: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()  # ids of accounts of which the subject has one
    people: tuple[str, ...] = ()  # subject keys: employee ids, else account ids

    def __bool__(self) -> bool:
        return any(
            (self.kinds, self.departments, self.titles, self.roles, self.accounts, self.people)
        )

    def __str__(self) -> str:
        told = (
            ("class", self.kinds),
            ("department", self.departments),
            ("title", self.titles),
            ("role", self.roles),
            ("account", self.accounts),
            ("person", self.people),
        )
        return "; ".join(f"{name} {' or '.join(values)}" for name, values in told if values)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Subjects and places that a rule leaves out, and who answers for that.

    Where both are given, both must fit. Over after `until`.
    """

    reason: str
    by: str
    on: date
    until: date | None = None
    subjects: Subjects = Subjects()
    places: tuple[str, ...] = ()  # globs of place keys: applications, systems, resources
    where: SourceRef | None = field(default=None, compare=False)

    def __str__(self) -> str:
        what = [str(self.subjects)] if self.subjects else []
        what += [f"place {' or '.join(self.places)}"] if self.places else []
        return "; ".join(what)


@dataclass(frozen=True, slots=True)
class Hygiene:
    """A check of accounts or roles by themselves."""

    check: HygieneCheck
    days: int = 90  # unused for longer than this counts as dormant


@dataclass(frozen=True, slots=True)
class Control:
    """A compensating control that rules may allow, for people too few to separate duties."""

    control_id: str
    title: str
    needs: tuple[str, ...] = ()  # what must be shown for it to count
    frequency_days: int | None = None  # performed at least this often
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    where: SourceRef | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """Which access a rule counts."""

    means: tuple[Means, ...] = (Means.HELD, Means.ELIGIBLE)
    certainty: tuple[Certainty, ...] = (Certainty.SURE, Certainty.CONDITIONAL)
    max_changes: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """What must not be, in one scope value. `kind` says how `duties` and `count` are read.

    Each of `duties` is one leg. Where an author wrote a group of alternatives, another environment
    or "anything but", the leg is a duty that the ruleset made for it (`Duty.made_of`).
    """

    rule_id: str
    slug: str
    title: str
    duties: tuple[str, ...]
    count: int  # of duties, of people, or hours: see RuleKind
    scope: ScopeKind
    severity: Severity
    why: str
    tiers: Mapping[str, Severity] = field(default_factory=dict)  # severity by application tier
    counts: Counts = Counts()
    gates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # duty to gate kinds
    false_positives: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    control_max_days: int | None = None
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    status: str = "stable"
    since: str | None = None
    kind: RuleKind = RuleKind.COMBINATION
    holder: Holder = Holder.IDENTITY
    subjects: Subjects = Subjects()  # empty: everyone that a rule of this kind judges
    allowed: Subjects = Subjects()  # of `only`: who may have the duty
    only_tiers: tuple[str, ...] = ()  # applications of these tiers only; empty: all
    environment: str | None = None  # already in the legs; kept for readers
    exclusions: tuple[Exclusion, ...] = ()
    hygiene: Hygiene | None = None
    conflicts_of: str | None = None  # of a role rule: the rule whose duties it repeats
    ruleset: str = ""  # name of the ruleset that states it, where another imports it
    digest: str = ""  # of what it asks, without titles, texts and severity: mitigations pin it
    where: SourceRef | None = field(default=None, compare=False)

    def severity_of(self, tier: str | None) -> Severity:
        """The severity in an application of this tier."""
        return self.tiers.get(tier, self.severity) if tier else self.severity


@dataclass(frozen=True, slots=True)
class Approval:
    """Who approved a text, when, and the digest of what they approved."""

    by: str
    on: date
    digest: str


@dataclass(frozen=True, slots=True)
class Imported:
    """A ruleset that another takes over. `key` finds its stored text again."""

    key: str
    name: str
    version: str
    digest: str
    text: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """An imported rule that this ruleset does not apply, and who answers for that."""

    rule_id: str
    title: str
    reason: str
    by: str
    on: date
    where: SourceRef | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Ruleset:
    """A named, versioned set of duties and rules, and the digest of its meaning."""

    name: str
    version: str
    title: str
    owner: str
    duties: tuple[Duty, ...]  # sorted by id
    rules: tuple[Rule, ...]  # sorted by id
    digest: str  # SHA-256 over the parsed meaning: comments and layout do not change it
    path: str
    text: str = ""  # the file verbatim, for the evidence
    controls: tuple[Control, ...] = ()  # sorted by id
    imports: tuple[Imported, ...] = ()  # direct and further ones, sorted by key
    dropped: tuple[Dropped, ...] = ()  # sorted by rule id
    approved: Approval | None = None

    @cached_property
    def control(self) -> Mapping[str, Control]:
        """Controls by id."""
        return {control.control_id: control for control in self.controls}

    @cached_property
    def duty(self) -> Mapping[str, Duty]:
        """Duties by id."""
        return {duty.duty_id: duty for duty in self.duties}

    @cached_property
    def rule(self) -> Mapping[str, Rule]:
        """Rules by id."""
        return {rule.rule_id: rule for rule in self.rules}
