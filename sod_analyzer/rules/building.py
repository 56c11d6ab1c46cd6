"""One rule of a ruleset file, checked and built."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from sod_analyzer.documents import Document, Keyed, Problems, Word, bind, quoted, suggest
from sod_analyzer.model.ruleset import Certainty, Counts, Means, Rule, Severity
from sod_analyzer.rules.shapes import (
    ControlsShape,
    CountsShape,
    LogicShape,
    RuleShape,
    SeverityShape,
)

RULE_ID = re.compile(r"[A-Z][A-Z0-9]{1,15}-[0-9]{2,4}")
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

#: A rule is about a combination.
_FEWEST = 2

#: Rule kinds that are designed and not yet known here: said so, instead of "unknown key".
_LATER = frozenset(
    {
        "any_of",
        "conflicting_roles",
        "critical",
        "holder",
        "hygiene",
        "max_grant_hours",
        "max_holders",
        "may_hold_only",
        "min_holders",
        "min_people",
        "only",
        "subjects",
    }
)

E = TypeVar("E", bound=StrEnum)


class RuleBuilder:
    """Builds the rules of one file; a class to carry document, problems and known duties along."""

    def __init__(self, document: Document, problems: Problems, duties: frozenset[str]) -> None:
        self._document = document
        self._problems = problems
        self._duties = duties

    def rule(self, rule_id: str, tree: Keyed) -> Rule | None:
        """The rule, or None when its shape is wrong; every other mistake is said and passed."""
        line = self._document.line("rules", rule_id)
        if RULE_ID.fullmatch(rule_id) is None:
            self._problems.say(line, f"rules.{rule_id}: a rule id is like DEV-01 or P2P-003")
        shape = self._shape(rule_id, tree, line)
        if shape is None:
            return None
        self._texts(rule_id, shape)
        self._controls(rule_id, shape.controls)
        duties, count = self._logic(rule_id, shape.duties)
        tiers: Mapping[str, Severity] = {}
        severity = shape.severity
        if isinstance(severity, SeverityShape):
            tiers, severity = dict(sorted(severity.tier.items())), severity.default
        controls = shape.controls
        return Rule(
            rule_id=rule_id,
            slug=shape.slug or re.sub(r"[^a-z0-9]+", "-", shape.title.lower()).strip("-"),
            title=shape.title,
            duties=duties,
            count=count,
            scope=shape.scope,
            severity=severity,
            why=shape.why,
            tiers=tiers,
            counts=self._counts(rule_id, shape.counts),
            gates=self._gates(rule_id, shape, duties),
            false_positives=shape.false_positives,
            controls=controls.allowed if controls else (),
            control_max_days=controls.max_days if controls else None,
            references=dict(sorted(shape.references.items())),
            status=shape.status,
            since=shape.since,
            where=shape.where,
        )

    def _shape(self, rule_id: str, tree: Keyed, line: int) -> RuleShape | None:
        at = f"rules.{rule_id}"
        logic = tree.entries.get("duties")
        inner = logic.value if logic is not None and isinstance(logic.value, Keyed) else None
        for each in filter(None, (tree, inner)):
            for key in sorted(_LATER & each.entries.keys()):
                self._problems.say(
                    each.entries[key].line,
                    f"{at}: this version does not know '{key}'; "
                    "a rule has duties: {all_of: ...} or {at_least: {count, of}}",
                )
        if inner is not None and _LATER & inner.entries.keys():
            return None
        return bind(tree.without(_LATER), RuleShape, self._problems, at=at, line=line)

    def _texts(self, rule_id: str, shape: RuleShape) -> None:
        for key in ("title", "why"):
            if not str(getattr(shape, key)).strip():
                self._say(rule_id, key, "must not be empty")
        if shape.slug is not None and _SLUG.fullmatch(shape.slug) is None:
            self._say(rule_id, "slug", f"{quoted(shape.slug)} must be words joined by '-'")
        if not shape.references:
            self._say(rule_id, "references", "there is none; name the requirement it serves")
        for framework, ids in shape.references.items():
            if not ids or not all(each.strip() for each in ids):
                self._say(rule_id, "references", f"{framework} has an empty reference", framework)
        for n, text in enumerate(shape.false_positives):
            if not text.strip():
                self._say(rule_id, "false_positives", "must not be empty", n)

    def _controls(self, rule_id: str, controls: ControlsShape | None) -> None:
        if controls and not controls.allowed:
            self._say(rule_id, "controls", "allowed: there is none", "allowed")
        if controls and controls.max_days is not None and controls.max_days < 1:
            self._say(rule_id, "controls", "max_days: must be at least 1", "max_days")

    def _logic(self, rule_id: str, logic: LogicShape) -> tuple[tuple[str, ...], int]:
        if (logic.all_of is None) == (logic.at_least is None):
            self._say(rule_id, "duties", "must have either all_of or at_least")
            return (), 0
        if logic.at_least is not None:
            words, count = logic.at_least.of, logic.at_least.count
            way: tuple[str, ...] = ("at_least", "of")
            if not _FEWEST <= count <= max(len(words), _FEWEST):
                self._say(
                    rule_id,
                    "duties",
                    f"count is {count}; it must be at least 2 and at most {len(words)}, "
                    "the number of duties",
                    "at_least",
                    "count",
                )
        else:
            words = logic.all_of or ()
            count, way = len(words), ("all_of",)
        self._duty_words(rule_id, words, way)
        return tuple(word.text for word in words), count

    def _duty_words(self, rule_id: str, words: tuple[Word, ...], way: tuple[str, ...]) -> None:
        if len(words) < _FEWEST:
            self._say(rule_id, "duties", f"{'.'.join(way)}: must name at least two duties", *way)
        seen: set[str] = set()
        for n, word in enumerate(words):
            if word.text not in self._duties:
                self._say(
                    rule_id,
                    "duties",
                    f"names duty {quoted(word.text)}, which is not defined"
                    f"{suggest(word.text, self._duties)}",
                    *way,
                    n,
                )
            elif word.text in seen:
                self._say(rule_id, "duties", f"names duty '{word.text}' twice", *way, n)
            seen.add(word.text)

    def _counts(self, rule_id: str, shape: CountsShape | None) -> Counts:
        usual = Counts()
        if shape is None:
            return usual
        means = self._ladder(rule_id, "means", shape.means, Means) or usual.means
        certainty = self._ladder(rule_id, "certainty", shape.certainty, Certainty)
        if shape.max_changes is not None:
            if shape.max_changes < 1:
                self._say(rule_id, "counts", "max_changes: must be at least 1", "max_changes")
            if Means.SELF_GRANT not in means:
                self._say(
                    rule_id,
                    "counts",
                    "max_changes: has no effect, since means does not name self-grant",
                    "max_changes",
                )
        changes = usual.max_changes if shape.max_changes is None else shape.max_changes
        return Counts(means, certainty or usual.certainty, changes)

    def _ladder(
        self, rule_id: str, key: str, given: tuple[E, ...] | None, ladder: type[E]
    ) -> tuple[E, ...]:
        """The words given, in order; each rung needs the ones below it, which it includes."""
        if given is None:
            return ()
        rungs = tuple(ladder)[: len(given)]
        if not given:
            self._say(rule_id, "counts", f"{key}: there is none", key)
        elif set(given) != set(rungs):
            whole = ", ".join(ladder)
            self._say(rule_id, "counts", f"{key}: must be the first one or more of: {whole}", key)
        return rungs

    def _gates(
        self, rule_id: str, shape: RuleShape, duties: tuple[str, ...]
    ) -> Mapping[str, tuple[str, ...]]:
        gates = shape.gates or {}
        for duty, kinds in gates.items():
            if duty not in duties:
                text = f"{quoted(duty)} is no duty of this rule{suggest(duty, duties)}"
                self._say(rule_id, "gates", text, duty)
            if not kinds:
                self._say(rule_id, "gates", f"{duty}: there is none", duty)
        return dict(sorted(gates.items()))

    def _say(self, rule_id: str, key: str, text: str, *way: object) -> None:
        line = self._document.line("rules", rule_id, key, *way)
        self._problems.say(line, f"rules.{rule_id}.{key}: {text}")
