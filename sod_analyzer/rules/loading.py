"""From a ruleset file, and those it imports, to a `Ruleset`, or to every mistake in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from sod_analyzer.documents import Document, Problems, Word, bind, bound, quoted, suggest
from sod_analyzer.errors import Problem, RulesetError, SourceRef
from sod_analyzer.model.ruleset import Approval, Dropped, Imported, Rule, Ruleset
from sod_analyzer.rules.asking import Asking
from sod_analyzer.rules.building import RuleBuilder, StatedRule
from sod_analyzer.rules.content import (
    Content,
    Loaded,
    Taken,
    add,
    drop,
    extend,
    joined,
    problems_of,
)
from sod_analyzer.rules.deriving import circle, composed
from sod_analyzer.rules.digest import ruleset_digest
from sod_analyzer.rules.finding import builtin_rulesets
from sod_analyzer.rules.imports import MOST_DEEP, MOST_FILES, Library
from sod_analyzer.rules.shapes import RulesetShape, RuleShape
from sod_analyzer.rules.stating import control_of, duty_of
from sod_analyzer.rules.voice import Voice

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def load_ruleset(
    path: Path, *, shown: str | None = None, imported: Mapping[str, str] | None = None
) -> Ruleset:
    """The ruleset in this file, with all that it imports. `shown` is its name in messages.

    Without `shown`, a built-in ruleset is shown as `rulesets/<name>/<name>.yaml`, any other by its
    file name. With `imported`, texts by `Imported.key`, no file but this one is read.

    Raises:
        RulesetError: with every problem and its line, those of imported files included.
    """
    if shown is None:
        builtin = path in builtin_rulesets().values()
        shown = f"rulesets/{path.stem}/{path.name}" if builtin else path.name
    library = Library(path, shown, imported)
    return _Loader(library).load(library.open(), (library.key,)).ruleset


@dataclass(slots=True)
class _Loader:
    """Loads each file of one ruleset once."""

    library: Library
    loaded: dict[str, Loaded] = field(default_factory=dict)

    def load(self, document: Document, chain: tuple[str, ...]) -> Loaded:
        """The ruleset in this document; `chain` are the keys that led here, its own last."""
        problems = Problems(document.path, RulesetError)
        shape = bound(bind(document.root, RulesetShape, problems), problems)
        voice = Voice(document, problems, ())
        _check_head(shape, voice)
        imports = self._imports(shape, voice, chain)
        if len(imports) < len(shape.imports or ()):
            # Without an import, every name that it defines would be told as missing.
            problems.settle()
        content = _content(shape, voice, imports)
        ruleset = self._built(shape, voice, content, imports)
        self.loaded[chain[-1]] = Loaded(chain[-1], ruleset, content)
        return self.loaded[chain[-1]]

    def _imports(
        self, shape: RulesetShape, voice: Voice, chain: tuple[str, ...]
    ) -> tuple[Taken, ...]:
        taken: list[Taken] = []
        for n, each in enumerate(shape.imports or ()):
            spec = each if isinstance(each, Word) else each.ruleset
            try:
                loaded = self._import(spec.text, chain)
            except RulesetError as error:
                _tell(error, voice, n)
                continue
            words = None if isinstance(each, Word) else each.rules
            rules = None if words is None else frozenset(word.text for word in words)
            found = Taken(loaded, rules, voice, n)
            if any(other.loaded is loaded for other in taken):
                found.say(f"{quoted(spec.text)} stands twice")
            _check_named(words or (), loaded, voice)
            taken.append(found)
        return tuple(taken)

    def _import(self, spec: str, chain: tuple[str, ...]) -> Loaded:
        key = self.library.key_of(spec, chain[-1])
        if key in chain:
            around = " → ".join((*chain[chain.index(key) :], key))
            raise RulesetError(f"{quoted(spec)} imports this file in turn: {around}")
        if key in self.loaded:
            return self.loaded[key]
        if len(chain) > MOST_DEEP:
            raise RulesetError(f"{quoted(spec)} is imported more than {MOST_DEEP} files deep")
        if len(self.loaded) >= MOST_FILES:
            raise RulesetError(f"more than {MOST_FILES} files are imported")
        return self.load(self.library.read(key), (*chain, key))

    def _built(
        self, shape: RulesetShape, voice: Voice, content: Content, imports: tuple[Taken, ...]
    ) -> Ruleset:
        problems = voice.problems
        duties = composed(content.duties) if _includes_hold(shape, content, voice) else {}
        if not duties:
            problems.settle()
        asking = Asking(duties)
        builder = RuleBuilder(
            asking,
            content.known,
            frozenset(content.controls),
            lambda speaker: speaker.document is voice.document,
        )
        rules = [builder.rule(stated) for _, stated in sorted(content.rules.items())]
        _check_slugs((rule for rule in rules if rule), content, voice)
        if not rules and not problems:
            voice.problems.say(None, "no rule is left: all imported ones are dropped or not named")
        for other in problems_of(content):
            if other is not problems:
                problems.take(other.found)
        problems.settle()
        ruleset = Ruleset(
            name=shape.ruleset,
            version=shape.version,
            title=shape.title or shape.ruleset,
            owner=shape.owner,
            duties=tuple(duty for _, duty in sorted({**duties, **asking.made}.items())),
            rules=tuple(rule for rule in rules if rule),
            digest="",
            path=voice.document.path,
            text=voice.document.text,
            controls=tuple(control for _, control in sorted(content.controls.items())),
            imports=_all_imports(imports),
            dropped=tuple(each for _, each in sorted(content.dropped.items())),
            approved=_approval(shape),
        )
        return replace(ruleset, digest=ruleset_digest(ruleset))


def _tell(error: RulesetError, voice: Voice, n: int) -> None:
    """Says why an import failed: at the line that asks for it, and in the file that is wrong."""
    line = voice.document.line("imports", n)
    inside: list[Problem] = []
    for problem in error.problems:
        if problem.where is None:
            voice.problems.say(line, f"imports[{n}]: {problem.text}")
        elif problem.where.line is None:
            voice.problems.say(line, f"imports[{n}]: {problem.where.path}: {problem.text}")
        else:
            inside.append(problem)
    voice.problems.take(inside)
    if inside:
        file = inside[0].where or SourceRef("")
        voice.problems.say(line, f"imports[{n}]: cannot be used; see what is said of {file.path}")


def _check_named(words: Iterable[Word], loaded: Loaded, voice: Voice) -> None:
    seen: set[str] = set()
    for word in words:
        if word.text not in loaded.content.rules:
            near = suggest(word.text, loaded.content.rules)
            text = f"imports: '{loaded.key}' has no rule {quoted(word.text)}{near}"
            voice.problems.say(word.where.line, text)
        elif word.text in seen:
            voice.problems.say(word.where.line, f"imports: {quoted(word.text)} stands twice")
        seen.add(word.text)


def _check_head(shape: RulesetShape, voice: Voice) -> None:
    document, problems = voice.document, voice.problems
    if _NAME.fullmatch(shape.ruleset) is None:
        shown = quoted(shape.ruleset)
        text = f"ruleset: {shown} must be lower-case letters, digits and '-'"
        problems.say(document.line("ruleset"), text)
    voice.texts(shape, ("version", "owner"))
    for key in ("duties", "rules", "imports", "controls", "drop"):
        if getattr(shape, key) is not None and not getattr(shape, key):
            voice.say(key, "there is none")
    if shape.imports is None:
        _check_alone(shape, voice)
    if shape.extend is not None and not (shape.extend.duties or shape.extend.rules):
        voice.say("extend", "there is none")
    if shape.approved is not None:
        voice.inner("approved").texts(shape.approved, ("by", "digest"))


def _check_alone(shape: RulesetShape, voice: Voice) -> None:
    """A ruleset without imports states everything itself."""
    for key in ("duties", "rules"):
        if getattr(shape, key) is None:
            voice.problems.say(voice.document.root.line, f"key '{key}' is missing")
    for key in ("extend", "drop"):
        if getattr(shape, key) is not None:
            voice.say(key, "this ruleset imports nothing that it could be about")


def _content(shape: RulesetShape, voice: Voice, imports: Iterable[Taken]) -> Content:
    """What the imports state, with this ruleset's changes and its own statements."""
    content = joined(imports)
    if shape.extend is not None:
        extend(content, shape.extend, voice.inner("extend"))
    dropped = {
        name: Dropped(name, "", each.reason, each.by, each.on, each.where)
        for name, each in (shape.drop or {}).items()
    }
    for name, each in (shape.drop or {}).items():
        voice.inner("drop", name).texts(each, ("reason", "by"))
    drop(content, dropped, voice.inner("drop"))
    add(
        content,
        voice,
        duties={
            name: duty_of(name, each, voice.inner("duties", name))
            for name, each in (shape.duties or {}).items()
        },
        rules=dict(_stated(shape, voice)),
        controls={
            name: control_of(name, each, voice.inner("controls", name))
            for name, each in (shape.controls or {}).items()
        },
    )
    return content


def _stated(shape: RulesetShape, voice: Voice) -> Iterable[tuple[str, StatedRule]]:
    for name, tree in (shape.rules or {}).items():
        inner = voice.inner("rules", name)
        line = inner.document.line(*inner.way)
        rule = bind(tree, RuleShape, inner.problems, at=f"rules.{name}", line=line)
        if rule is not None:
            yield name, StatedRule(name, rule, shape.ruleset, inner)


def _includes_hold(shape: RulesetShape, content: Content, voice: Voice) -> bool:
    """Whether every duty can be composed; says of this file's duties why not.

    Imported duties were composed when they were loaded, and nothing adds to what they include.
    """
    for name, duty in (shape.duties or {}).items():
        for n, word in enumerate(duty.includes or ()):
            if word.text not in content.duties:
                near = suggest(word.text, content.duties)
                text = f"names duty {quoted(word.text)}, which is not defined{near}"
                voice.inner("duties", name).say("includes", text, n)
    around = circle({name: duty.includes for name, duty in content.duties.items()})
    # A duty that names itself was told when it was read.
    if len(set(around)) > 1:
        where = voice.inner("duties", around[0])
        where.say("includes", f"leads back to the duty itself: {' → '.join(around)}")
    return not around


def _check_slugs(rules: Iterable[Rule], content: Content, voice: Voice) -> None:
    def own(rule: Rule) -> bool:
        return content.rules[rule.rule_id].voice.document is voice.document

    first: dict[str, str] = {}
    # Imported ones first: where one of two can be changed here, it is the one to be told.
    for rule in sorted(rules, key=own):
        if rule.slug in first:
            text = f"slug '{rule.slug}' is that of {first[rule.slug]} too"
            if own(rule):
                text += "; give another one as 'slug'"
                line = voice.document.line("rules", rule.rule_id, "slug")
                voice.problems.say(line, f"rules.{rule.rule_id}: {text}")
            else:
                voice.say("imports", f"rule {rule.rule_id}: {text}")
        first.setdefault(rule.slug, rule.rule_id)


def _all_imports(imports: Iterable[Taken]) -> tuple[Imported, ...]:
    found: dict[str, Imported] = {}
    for taken in imports:
        ruleset = taken.loaded.ruleset
        found |= {each.key: each for each in ruleset.imports}
        found[taken.loaded.key] = Imported(
            taken.loaded.key, ruleset.name, ruleset.version, ruleset.digest, ruleset.text
        )
    return tuple(each for _, each in sorted(found.items()))


def _approval(shape: RulesetShape) -> Approval | None:
    stated = shape.approved
    return None if stated is None else Approval(stated.by, stated.on, stated.digest)
