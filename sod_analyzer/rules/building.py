"""Rules as files state them, checked and built over the duties that there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from sod_analyzer.documents import quoted, suggest
from sod_analyzer.model.ruleset import (
    Certainty,
    Counts,
    Holder,
    Means,
    Rule,
    RuleKind,
    ScopeKind,
    Severity,
    Subjects,
)
from sod_analyzer.rules.asking import Asked, Asking, check_environment, kind_key
from sod_analyzer.rules.digest import rule_digest
from sod_analyzer.rules.narrowing import exclusions_of, subjects_of
from sod_analyzer.rules.shapes import (
    ControlsShape,
    CountsShape,
    RuleShape,
    SeverityShape,
)
from sod_analyzer.rules.voice import Voice

RULE_ID = re.compile(r"[A-Z][A-Z0-9]{1,15}-[0-9]{2,4}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

#: Who can be judged, by kind. What is not here counts people, or says itself what it judges.
_HOLDERS: Mapping[RuleKind, frozenset[Holder]] = {
    RuleKind.COMBINATION: frozenset(Holder),
    RuleKind.MAY_HOLD_ONLY: frozenset(Holder),
    RuleKind.ONLY: frozenset({Holder.IDENTITY, Holder.ACCOUNT}),
    RuleKind.MAX_GRANT_HOURS: frozenset({Holder.IDENTITY, Holder.ACCOUNT}),
}
#: Keys without effect, by kind, and why.
_IDLE: Mapping[RuleKind, Mapping[str, str]] = {
    RuleKind.HYGIENE: {
        "counts": "the rule is about no duty",
        "gates": "the rule is about no duty",
        "environment": "the rule is about no duty",
    },
    RuleKind.MIN_HOLDERS: {
        "counts": "only who holds it now, for sure, counts toward enough holders",
        "gates": "only who holds it alone counts toward enough holders",
    },
}
#: All that narrows a role: nothing else is known of one.
_OF_A_ROLE = ("role",)

E = TypeVar("E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class StatedRule:
    """A rule as written, with what later rulesets say anew already in its shape."""

    rule_id: str
    shape: RuleShape
    ruleset: str  # that states it
    voice: Voice


@dataclass(slots=True)
class RuleBuilder:
    """Builds rules over the duties and controls of one ruleset, imported ones included."""

    asking: Asking
    known: Mapping[str, StatedRule]  # every rule that `role_conflicts` may name
    controls: frozenset[str]
    strict: Callable[[Voice], bool]  # whether `controls` must name what is known
    built: dict[str, Rule | None] = field(default_factory=dict)
    asked: dict[str, Asked] = field(default_factory=dict)

    def rule(self, stated: StatedRule) -> Rule | None:
        """The rule, or None when it says nothing; every other mistake is said and passed."""
        if stated.rule_id not in self.built:
            self.built[stated.rule_id] = self._rule(stated)
        return self.built[stated.rule_id]

    def _rule(self, stated: StatedRule) -> Rule | None:
        shape, voice = stated.shape, stated.voice
        if RULE_ID.fullmatch(stated.rule_id) is None:
            voice.say_all("a rule id is like DEV-01 or P2P-003")
        _check_texts(shape, voice)
        self._check_controls(shape.controls, voice)
        check_environment(shape.environment, voice)
        key = kind_key(shape, voice)
        if key is None:
            return None
        repeated = self._repeated(shape, voice) if key == "role_conflicts" else None
        if repeated is not None:
            asked = self.asked[repeated.rule_id]
        elif key == "role_conflicts":
            return None
        else:
            asked = self.asking.read(key, shape, voice)
        self.asked[stated.rule_id] = asked
        tiers: Mapping[str, Severity] = {}
        severity = shape.severity
        if isinstance(severity, SeverityShape):
            tiers, severity = dict(sorted(severity.tier.items())), severity.default
        controls = shape.controls
        holder = Holder.ROLE if repeated else shape.holder or Holder.IDENTITY
        subjects = subjects_of(shape.subjects, voice, "subjects")
        made = Rule(
            rule_id=stated.rule_id,
            slug=shape.slug or re.sub(r"[^a-z0-9]+", "-", shape.title.lower()).strip("-"),
            title=shape.title,
            duties=asked.duties,
            count=asked.count,
            scope=shape.scope,
            severity=severity,
            why=shape.why,
            tiers=tiers,
            counts=_counts(shape.counts, voice),
            gates=_gates(shape, asked.bases, voice),
            false_positives=shape.false_positives,
            controls=controls.allowed if controls else (),
            control_max_days=controls.max_days if controls else None,
            references=dict(sorted(shape.references.items())),
            status=shape.status,
            since=shape.since,
            kind=asked.kind,
            holder=holder,
            subjects=subjects,
            allowed=asked.allowed,
            only_tiers=_tiers(shape, voice),
            environment=shape.environment,
            exclusions=asked.exclusions + exclusions_of(shape.exclude, voice, "exclude"),
            hygiene=asked.hygiene,
            ruleset=stated.ruleset,
            where=shape.where,
        )
        if repeated:
            made = _repeating(made, repeated, shape, voice)
        _check_holder(made, shape, voice, repeats=repeated is not None)
        _check_idle(made, shape, voice)
        return replace(made, digest=rule_digest(made))

    def _repeated(self, shape: RuleShape, voice: Voice) -> Rule | None:
        """The rule whose duties a role must not join."""
        word = shape.role_conflicts
        if word is None:
            return None
        target = self.known.get(word.text)
        if target is None:
            near = suggest(word.text, self.known.keys() - set(voice.way))
            voice.say("role_conflicts", f"no rule {quoted(word.text)}{near}")
            return None
        if target.shape.duties is None:
            voice.say("role_conflicts", f"'{word.text}' is not about a combination of duties")
            return None
        if target.shape.holder is Holder.ROLE:
            voice.say("role_conflicts", f"'{word.text}' judges roles already")
        return self.rule(target)

    def _check_controls(self, controls: ControlsShape | None, voice: Voice) -> None:
        if controls is None:
            return
        voice.words("controls", controls.allowed, inner="allowed")
        if controls.max_days is not None and controls.max_days < 1:
            voice.say("controls", "max_days: must be at least 1", "max_days")
        if not self.controls or not self.strict(voice.speaker("controls")):
            return
        for n, control in enumerate(controls.allowed):
            if control not in self.controls:
                near = suggest(control, self.controls)
                text = f"allowed: control {quoted(control)} is not defined{near}"
                voice.say("controls", text, "allowed", n)


def _repeating(made: Rule, target: Rule, shape: RuleShape, voice: Voice) -> Rule:
    """The rule about roles, with what it takes from the rule that it repeats.

    Where and how strongly somebody has to hold the duties is part of what that rule asks. Whom it
    is about is not: its subjects are people.
    """
    if shape.environment is not None:
        voice.say("environment", f"is that of {target.rule_id}; leave it out")
    return replace(
        made,
        counts=made.counts if shape.counts else target.counts,
        gates=made.gates if shape.gates else target.gates,
        only_tiers=made.only_tiers or (target.only_tiers if _in_applications(shape) else ()),
        environment=target.environment,
        conflicts_of=target.rule_id,
    )


def _in_applications(shape: RuleShape) -> bool:
    return shape.scope is ScopeKind.APPLICATION


def _check_texts(shape: RuleShape, voice: Voice) -> None:
    voice.texts(shape, ("title", "why"))
    if shape.slug is not None and _SLUG.fullmatch(shape.slug) is None:
        voice.say("slug", f"{quoted(shape.slug)} must be words joined by '-'")
    if not shape.references:
        voice.say("references", "there is none; name the requirement it serves")
    for framework, ids in shape.references.items():
        if not ids or not all(each.strip() for each in ids):
            voice.say("references", f"{framework} has an empty reference", framework)
    for n, text in enumerate(shape.false_positives):
        if not text.strip():
            voice.say("false_positives", "must not be empty", n)


def _tiers(shape: RuleShape, voice: Voice) -> tuple[str, ...]:
    if shape.tiers is None:
        return ()
    voice.words("tiers", shape.tiers)
    if not _in_applications(shape):
        voice.say("tiers", f"only applications have tiers, but the scope is {shape.scope}")
    return tuple(sorted(set(shape.tiers)))


def _check_holder(made: Rule, shape: RuleShape, voice: Voice, *, repeats: bool) -> None:
    possible = frozenset({Holder.ROLE}) if repeats else _HOLDERS.get(made.kind, frozenset())
    if shape.holder is not None and shape.holder not in possible:
        words = " or ".join(f"'{each}'" for each in Holder if each in possible)
        said = f"for a rule of this kind it is {words}" if words else _judged(made.kind)
        voice.say("holder", f"cannot be {shape.holder}: {said}")
    narrowed = made.subjects
    role = made.holder is Holder.ROLE
    if role and (narrowed != Subjects(roles=narrowed.roles)):
        voice.say("subjects", "a role is narrowed by 'role' only; nothing else is known of it")
    if made.kind is RuleKind.MAY_HOLD_ONLY and not role and shape.subjects is None:
        text = "needs 'subjects' or 'holder: role'; nobody could work if it held for everybody"
        voice.say("may_hold_only", text)


def _judged(kind: RuleKind) -> str:
    if kind.counts_people:
        return "a rule of this kind counts people; leave it out"
    return "the check says what it judges; leave it out"


def _check_idle(made: Rule, shape: RuleShape, voice: Voice) -> None:
    for key, why in _IDLE.get(made.kind, {}).items():
        if getattr(shape, key) is not None:
            voice.say(key, f"has no effect, since {why}")
    if made.kind is RuleKind.HYGIENE and made.scope not in (ScopeKind.ANYWHERE, ScopeKind.SYSTEM):
        voice.say("scope", "must be 'anywhere' or 'system' for a check of accounts and roles")


def _counts(shape: CountsShape | None, voice: Voice) -> Counts:
    usual = Counts()
    if shape is None:
        return usual
    means = _ladder("means", shape.means, Means, voice) or usual.means
    certainty = _ladder("certainty", shape.certainty, Certainty, voice)
    if shape.max_changes is not None:
        if shape.max_changes < 1:
            voice.say("counts", "max_changes: must be at least 1", "max_changes")
        if Means.SELF_GRANT not in means:
            text = "max_changes: has no effect, since means does not name self-grant"
            voice.say("counts", text, "max_changes")
    changes = usual.max_changes if shape.max_changes is None else shape.max_changes
    return Counts(means, certainty or usual.certainty, changes)


def _ladder(key: str, given: tuple[E, ...] | None, ladder: type[E], voice: Voice) -> tuple[E, ...]:
    """The words given, in order; each rung needs the ones below it, which it includes."""
    if given is None:
        return ()
    rungs = tuple(ladder)[: len(given)]
    if not given:
        voice.say("counts", f"{key}: there is none", key)
    elif set(given) != set(rungs):
        whole = ", ".join(ladder)
        voice.say("counts", f"{key}: must be the first one or more of: {whole}", key)
    return rungs


def _gates(
    shape: RuleShape, duties: tuple[str, ...], voice: Voice
) -> Mapping[str, tuple[str, ...]]:
    gates = shape.gates or {}
    for duty, kinds in gates.items():
        if duty not in duties:
            near = suggest(duty, duties)
            voice.say("gates", f"{quoted(duty)} is no duty of this rule{near}", duty)
        if not kinds:
            voice.say("gates", f"{duty}: there is none", duty)
    return dict(sorted(gates.items()))
