"""From a ruleset file to a `Ruleset`, or to every mistake in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from sod_analyzer.documents import (
    Document,
    Keyed,
    Problems,
    bind,
    bound,
    quoted,
    read_document,
)
from sod_analyzer.errors import RulesetError
from sod_analyzer.model.ruleset import Duty, Rule, Ruleset, Selector, Way
from sod_analyzer.rules.building import RuleBuilder
from sod_analyzer.rules.digest import ruleset_digest
from sod_analyzer.rules.finding import builtin_rulesets
from sod_analyzer.rules.shapes import AllOfShape, DutyShape, PartShape, RulesetShape

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
#: No ':' and no '@', which questions use around duty ids.
_DUTY = re.compile(r"[a-z][a-z0-9_-]{0,63}")


def load_ruleset(path: Path, *, shown: str | None = None) -> Ruleset:
    """The ruleset in this file. `shown` is its name in messages and reports.

    Without `shown`, a built-in ruleset is shown as `rulesets/<name>/<name>.yaml`, any other by its file
    name.

    Raises:
        RulesetError: with every problem and its line.
    """
    if shown is None:
        builtin = path in builtin_rulesets().values()
        shown = f"rulesets/{path.stem}/{path.name}" if builtin else path.name
    document = read_document(path, error=RulesetError, shown=shown)
    problems = Problems(document.path, RulesetError)
    shape = bound(bind(document.root, RulesetShape, problems), problems)
    _check_head(shape, document, problems)
    duties = [
        _duty(duty_id, duty, document, problems) for duty_id, duty in sorted(shape.duties.items())
    ]
    builder = RuleBuilder(document, problems, frozenset(shape.duties))
    rules = [builder.rule(rule_id, tree) for rule_id, tree in sorted(shape.rules.items())]
    _check_slugs((rule for rule in rules if rule), document, problems)
    problems.settle()
    ruleset = Ruleset(
        name=shape.ruleset,
        version=shape.version,
        title=shape.title or shape.ruleset,
        owner=shape.owner,
        duties=tuple(duties),
        rules=tuple(rule for rule in rules if rule),
        digest="",
        path=document.path,
        text=document.text,
    )
    return replace(ruleset, digest=ruleset_digest(ruleset))


def _check_head(shape: RulesetShape, document: Document, problems: Problems) -> None:
    if _NAME.fullmatch(shape.ruleset) is None:
        line = document.line("ruleset")
        shown = quoted(shape.ruleset)
        problems.say(line, f"ruleset: {shown} must be lower-case letters, digits and '-'")
    for key in ("version", "owner"):
        if not str(getattr(shape, key)).strip():
            problems.say(document.line(key), f"{key}: must not be empty")
    for key in ("duties", "rules"):
        if not getattr(shape, key):
            problems.say(document.line(key), f"{key}: there is none")


def _duty(duty_id: str, shape: DutyShape, document: Document, problems: Problems) -> Duty:
    at = f"duties.{duty_id}"
    if _DUTY.fullmatch(duty_id) is None:
        line = document.line("duties", duty_id)
        problems.say(line, f"{at}: a duty id is lower-case letters, digits, '-' and '_'")
    if not shape.title.strip():
        problems.say(document.line("duties", duty_id, "title"), f"{at}.title: must not be empty")
    if not shape.ways:
        line = document.line("duties", duty_id, "ways")
        problems.say(line, f"{at}.ways: there is none, so nobody could ever have this duty")
    ways = [_way(tree, f"{at}.ways[{n}]", problems) for n, tree in enumerate(shape.ways)]
    return Duty(duty_id, shape.title, tuple(filter(None, ways)), shape.why, where=shape.where)


def _way(tree: Keyed, at: str, problems: Problems) -> Way | None:
    if "all_of" not in tree.entries:
        single = bind(tree, PartShape, problems, at=at, also_known=("all_of",))
        return Way((_selector(single, at, problems),)) if single else None
    several = bind(tree, AllOfShape, problems, at=at)
    if several is None:
        return None
    if len(several.all_of) <= 1:
        problems.say(tree.line, f"{at}.all_of: must have at least two parts")
    parts = tuple(
        _selector(part, f"{at}.all_of[{n}]", problems) for n, part in enumerate(several.all_of)
    )
    products = sorted({part.product for part in parts})
    if len(products) > 1:
        problems.say(
            tree.line,
            f"{at}: parts name different products ({', '.join(products)}), "
            "but must meet in one account",
        )
    return Way(parts)


def _selector(part: PartShape, at: str, problems: Problems) -> Selector:
    actions = (part.action,) if isinstance(part.action, str) else part.action
    line = part.where.line
    if not actions or not all(actions):
        problems.say(line, f"{at}.action: must not be empty")
    for action in sorted({action for action in actions if actions.count(action) > 1}):
        problems.say(line, f"{at}.action: {quoted(action)} stands twice")
    for key in ("product", "system", "resource", "environment"):
        if getattr(part, key) == "":
            problems.say(line, f"{at}.{key}: must not be empty")
    return Selector(
        product=part.product,
        actions=actions,
        system=part.system,
        resource=part.resource,
        environment=part.environment,
        any_scope=part.any_scope,
        where=part.where,
    )


def _check_slugs(rules: Iterable[Rule], document: Document, problems: Problems) -> None:
    first: dict[str, str] = {}
    for rule in rules:
        if rule.slug in first:
            line = document.line("rules", rule.rule_id, "slug")
            other = first[rule.slug]
            problems.say(line, f"rules.{rule.rule_id}: slug '{rule.slug}' is that of {other} too")
        first.setdefault(rule.slug, rule.rule_id)
