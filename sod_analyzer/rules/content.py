"""What a ruleset states once its imports are joined in, before rules are built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sod_analyzer.documents import Problems, bind, quoted, suggest
from sod_analyzer.model.ruleset import Control, Dropped, Duty, Rule, Ruleset
from sod_analyzer.rules.building import StatedRule
from sod_analyzer.rules.shapes import DutyExtensionShape, ExtendShape, RuleExtensionShape
from sod_analyzer.rules.stating import ways_of
from sod_analyzer.rules.voice import Voice


@dataclass(slots=True)
class Content:
    """Duties with the ways stated for them, rules as written, controls, and what was dropped."""

    duties: dict[str, Duty] = field(default_factory=dict)
    rules: dict[str, StatedRule] = field(default_factory=dict)
    known: dict[str, StatedRule] = field(default_factory=dict)  # also dropped or not asked for
    controls: dict[str, Control] = field(default_factory=dict)
    dropped: dict[str, Dropped] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A ruleset by itself, and what it adds to one that imports it."""

    key: str
    ruleset: Ruleset
    content: Content


@dataclass(frozen=True, slots=True)
class Taken:
    """An import: what is taken over, and the voice of the line that says so."""

    loaded: Loaded
    rules: frozenset[str] | None  # None: all
    voice: Voice
    n: int

    def say(self, text: str) -> None:
        """One problem of this import."""
        self.voice.say("imports", text, self.n)


def joined(imports: Iterable[Taken]) -> Content:
    """The content of all imports together. Says where two of them state different things."""
    content = Content()
    first: dict[tuple[str, str], Taken] = {}
    for taken in imports:
        other = taken.loaded.content
        for name, duty in other.duties.items():
            same = content.duties.get(name) == duty
            if not _clashes(first, taken, "duty", name, same=same):
                content.duties[name] = duty
        for name, control in other.controls.items():
            same = content.controls.get(name) == control
            if not _clashes(first, taken, "control", name, same=same):
                content.controls[name] = control
        for name, stated in other.rules.items():
            if taken.rules is None or name in taken.rules:
                before = first.get(("rule", name), taken).loaded.ruleset.rule[name]
                same = _same(taken.loaded.ruleset.rule[name], before)
                if not _clashes(first, taken, "rule", name, same=same):
                    content.rules[name] = stated
        content.known = {**other.known, **content.known, **content.rules}
        content.dropped.update(other.dropped)
    for name in content.rules:
        content.dropped.pop(name, None)
    return content


def _clashes(
    first: dict[tuple[str, str], Taken], taken: Taken, kind: str, name: str, *, same: bool
) -> bool:
    """Whether an import states something else than the one that stated this first."""
    before = first.setdefault((kind, name), taken)
    if before is taken or same:
        return False
    taken.say(
        f"{kind} '{name}' means one thing in '{before.loaded.key}' and another in "
        f"'{taken.loaded.key}'; import it from one of them only"
    )
    return True


def _same(one: Rule, other: Rule) -> bool:
    return replace(one, ruleset="") == replace(other, ruleset="")


def extend(content: Content, shape: ExtendShape, voice: Voice) -> None:
    """Adds to the imported content, in place, what the ruleset extends."""
    for name, duty_shape in (shape.duties or {}).items():
        _extend_duty(content, name, duty_shape, voice.inner("duties", name))
    for name, tree in (shape.rules or {}).items():
        inner = voice.inner("rules", name)
        at, line = ".".join(inner.way), inner.document.line(*inner.way)
        rule_shape = bind(tree, RuleExtensionShape, inner.problems, at=at, line=line)
        stated = content.rules.get(name)
        if stated is None:
            inner.say_all(f"no imported rule {quoted(name)}{suggest(name, content.rules)}")
        elif rule_shape is not None:
            if not tree.entries:
                inner.say_all("changes nothing; leave it out")
            content.rules[name] = content.known[name] = _extended(stated, rule_shape, inner)


def drop(content: Content, shapes: Mapping[str, Dropped], voice: Voice) -> None:
    """Takes dropped rules out of the imported content, in place."""
    for name, dropped in shapes.items():
        inner = voice.inner(name)
        stated = content.rules.pop(name, None)
        if stated is None:
            inner.say_all(f"no imported rule {quoted(name)}{suggest(name, content.rules)}")
        else:
            content.dropped[name] = replace(dropped, title=stated.shape.title)


def add(
    content: Content,
    voice: Voice,
    *,
    duties: Mapping[str, Duty],
    rules: Mapping[str, StatedRule],
    controls: Mapping[str, Control],
) -> None:
    """Adds the ruleset's own statements, in place. Says which of them the imports make already."""
    # Where an id clashes the imported meaning stays, so that nothing else is told but the clash.
    for name, duty in duties.items():
        if content.duties.setdefault(name, duty) != duty:
            text = "an imported duty has this id; choose another, or add ways under extend.duties"
            voice.inner("duties", name).say_all(text)
    for name, stated in rules.items():
        if content.known.setdefault(name, stated) is stated:
            content.rules[name] = stated
        else:
            text = "an imported rule has this id; choose another, or change it under extend.rules"
            voice.inner("rules", name).say_all(text)
    for name, control in controls.items():
        if content.controls.setdefault(name, control) != control:
            voice.inner("controls", name).say_all("an imported control has this id; choose another")


def _extend_duty(content: Content, name: str, shape: DutyExtensionShape, voice: Voice) -> None:
    duty = content.duties.get(name)
    ways = ways_of(shape.ways, voice)
    if duty is None:
        voice.say_all(f"no imported duty {quoted(name)}{suggest(name, content.duties)}")
        return
    for n, way in enumerate(ways):
        if way in duty.ways:
            voice.say("ways", f"'{way}' is a way of the duty already", n)
    content.duties[name] = replace(duty, ways=(*duty.ways, *ways))


def _extended(stated: StatedRule, shape: RuleExtensionShape, voice: Voice) -> StatedRule:
    keys = ("severity", "subjects", "environment", "tiers", "exclude", "counts", "controls")
    given = {key: value for key in keys if (value := getattr(shape, key)) is not None}
    base = stated.voice
    return replace(
        stated,
        shape=replace(stated.shape, **given),
        voice=replace(base, instead={**base.instead, **dict.fromkeys(given, voice)}),
    )


def problems_of(content: Content) -> tuple[Problems, ...]:
    """Where problems of the content's rules are told, each file once."""
    voices = [stated.voice for stated in content.known.values()]
    voices += [other for voice in voices for other in voice.instead.values()]
    return tuple({id(voice.problems): voice.problems for voice in voices}.values())
