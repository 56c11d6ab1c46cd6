"""The schemas for editors say what the loaders say, as far as a schema can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from sod_analyzer.documents.hints import key_of
from sod_analyzer.rules import builtin_rulesets, shapes
from sod_analyzer.rules.schema import cases_schema, ruleset_schema
from sod_analyzer.rules.schema_texts import TEXTS
from tests.conftest import ROOT

CASES = sorted((ROOT / "tests" / "cases").glob("*.cases.yaml"))
SHIPPED = builtin_rulesets()
RULE = {
    "title": "t",
    "scope": "system",
    "severity": "low",
    "why": "w",
    "references": {"soc2": ["CC6.3"]},
    "duties": {"all_of": ["a", "b"]},
}
WAY = {"product": "p", "action": "x"}


def rulesets() -> Iterator[tuple[str, type]]:
    for name, shape in sorted(vars(shapes).items()):
        if is_dataclass(shape) and isinstance(shape, type) and name.endswith("Shape"):
            yield name, shape


def keys(shape: type) -> set[str]:
    return {key_of(field.name) for field in fields(shape)} - {"where"}


def read(path: Path) -> Any:
    """As an editor reads it: numbers and truth values are no text; days are."""

    class Reader(yaml.SafeLoader):
        pass

    def text(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> object:
        return loader.construct_scalar(node)

    Reader.add_constructor("tag:yaml.org,2002:timestamp", text)
    # YAML 1.2, which editors speak, takes `on` for a word.
    Reader.yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in found if not tag.endswith(":bool") or first in "tTfF"]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return yaml.load(path.read_text(encoding="utf-8"), Reader)  # noqa: S506 - a safe one


def wrong(schema: dict[str, Any], document: Any) -> list[str]:
    found = Draft202012Validator(schema).iter_errors(document)
    return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}" for error in found]


def ruleset(**rule: Any) -> dict[str, Any]:
    """A small ruleset whose one rule says this, too."""
    return {
        "ruleset": "x",
        "version": 1,
        "owner": "o",
        "duties": {"a": {"title": "A", "ways": [WAY]}, "b": {"title": "B", "ways": [WAY]}},
        "rules": {"R1-01": {**RULE, **rule}},
    }


@pytest.mark.parametrize("schema", [ruleset_schema(), cases_schema()])
def test_the_schemas_are_schemas_and_come_out_the_same(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)

    assert json.loads(json.dumps(schema)) == schema
    assert schema in (ruleset_schema(), cases_schema())


@pytest.mark.parametrize(("name", "shape"), list(rulesets()))
def test_the_schema_and_the_loader_know_the_same_keys(name: str, shape: type) -> None:
    schema = ruleset_schema()
    known = schema if name == "RulesetShape" else schema["$defs"][name.removesuffix("Shape")]

    assert set(known["properties"]) == keys(shape) == set(TEXTS[name])
    assert [key for key, each in known["properties"].items() if not each["description"]] == []


def test_there_is_no_text_of_a_shape_that_is_gone() -> None:
    assert sorted(TEXTS) == sorted(name for name, _ in rulesets())


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_shipped_ruleset_passes(name: str) -> None:
    assert wrong(ruleset_schema(), read(SHIPPED[name])) == []


@pytest.mark.parametrize(
    "path", CASES + [path.with_name(f"{name}.cases.yaml") for name, path in SHIPPED.items()]
)
def test_every_cases_file_passes(path: Path) -> None:
    assert wrong(cases_schema(), read(path)) == []


@pytest.mark.parametrize(
    ("rule", "tail"),
    [
        ({"severty": "low"}, "('severty' was unexpected)"),
        ({"severity": "hihg"}, "is not valid under any of the given schemas"),
        ({"scope": "global"}, "is not one of ['application', 'resource', 'system', 'anywhere']"),
        ({"max_holders": {"duty": "a", "count": 2}}, "is valid under each of"),
        ({"duties": {"all_of": ["a"]}}, "is too short"),
        ({"exclude": [{"reason": "r", "by": "b", "on": "2026-10-01"}]}, "under any of the given"),
        ({"subjects": {"departement": "x"}}, "('departement' was unexpected)"),
    ],
)
def test_a_mistake_in_a_rule_does_not_pass(rule: dict[str, Any], tail: str) -> None:
    assert wrong(ruleset_schema(), ruleset()) == []

    messages = wrong(ruleset_schema(), ruleset(**rule))

    assert [message for message in messages if tail in message] != [], messages


def test_a_head_without_duties_needs_imports() -> None:
    head = {"ruleset": "x", "version": "1", "owner": "o"}

    assert wrong(ruleset_schema(), {**head, "imports": ["devops"]}) == []
    assert len(wrong(ruleset_schema(), head)) == 1


def test_a_miss_says_what_differs() -> None:
    head: dict[str, Any] = {"ruleset": "x", "systems": {}, "applications": {}}
    miss = {"alice": ["s push r"]}

    assert wrong(cases_schema(), {**head, "R1-01": {"miss": [{**miss, "differs": "duty"}]}}) == []
    assert len(wrong(cases_schema(), {**head, "R1-01": {"miss": [miss]}})) > 0
    assert len(wrong(cases_schema(), {**head, "R1-01": {"mis": [miss]}})) == 1
