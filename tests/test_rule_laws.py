"""The engine against the oracle on random worlds, for every kind of rule; and what always holds."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pyarrow as pa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sod_analyzer.assemble import assemble
from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas
from sod_analyzer.detect.judge import Judge
from sod_analyzer.detect.plain import plain_rows
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.model.batch import Batch
from sod_analyzer.model.ruleset import Rule, Ruleset
from sod_analyzer.rulebench.worlds import World, worlds
from sod_analyzer.rules import load_cases, load_ruleset
from tests.rule_case_worlds import plain, read, read_cases, rights_of, world_of
from tests.rule_law_worlds import (
    GATED,
    GROWING,
    RULESET,
    Folk,
    Person,
    folks,
    more,
)
from tests.rule_oracle import BROKEN, CLEAR, OPEN, Oracle
from tests.rule_texts import Rule as Stated
from tests.rule_texts import read_rule

#: (subject, place) to verdict; clear ones are left out.
Said = dict[tuple[str, str], str]
_QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="rule-laws-"))


@cache
def ruleset() -> Ruleset:
    path = folder() / "laws.yaml"
    path.write_text(RULESET, encoding="utf-8")
    return load_ruleset(path)


@cache
def stated() -> Mapping[str, Stated]:
    """The same rules as the oracle reads them."""
    text = plain(read(RULESET))
    return {rule_id: read_rule(text, rule_id) for rule_id in text["rules"]}


def world(folk: Folk) -> World:
    """The people as the bench states them."""
    path = folder() / "laws.cases.yaml"
    path.write_text(folk.text, encoding="utf-8")
    (found,) = worlds(load_cases(path), ruleset())
    return found


def judge(found: World) -> Judge:
    snapshot = assemble([found.batch], found.estate)
    table = snapshot["entitlements"]
    pairs = zip(*(table.column(name).to_pylist() for name in ("system", "resource")), strict=True)
    atlas = Atlas(snapshot, resources=sorted({pair for pair in pairs if pair[1] != "*"}))
    columns = Columns(snapshot, ruleset().duties, atlas)
    edges = compile_edges(snapshot, as_of=snapshot.as_of)
    return Judge(Engine(snapshot, columns, edges), unknown_systems=found.unknown_systems)


def said(judge: Judge, rule: Rule) -> Said:
    """What the engine says, place by place; what is open for everybody is under the subject `*`."""
    result = judge.judge(rule)
    labels = [place.label for place in judge.engine.columns.atlas.places]
    found = {(row.subject, row.place): str(row.verdict) for row in plain_rows(judge, result)}
    found |= {("*", labels[place]): OPEN for place in result.open_places}
    return found | ({("*", "anywhere"): OPEN} if result.blank else {})


def expected(folk: Folk) -> Mapping[str, Said]:
    """What the oracle says, by rule, with the engine's names for subjects and places."""
    file = read_cases(folk.text)
    (case,) = file.cases
    facts, _ = world_of(file, case, rights_of(file))
    oracle = Oracle(facts)

    def name(node: str) -> str:
        if node.startswith("own "):
            return node.removeprefix("own ")
        return (
            f"cases:{node}" if node in facts.people else label(node) if node[-1:] == ":" else node
        )

    answer: dict[str, Said] = {}
    for rule_id, rule in stated().items():
        answer[rule_id] = {
            (label(subject) if rule.counts_people else name(subject), label(place)): verdict
            for (subject, place), verdict in oracle.rows(rule, sorted(oracle.table(rule))).items()
        }
    return answer


def label(place: str) -> str:
    kind, _, key = place.partition(":")
    return key or kind


def differences(engine: Said, oracle: Said) -> list[str]:
    """Where the two differ, in words."""
    open_places = {place for subject, place in engine if subject == "*"}
    found = []
    for subject, place in sorted(key for key in {*engine, *oracle} if key[0] != "*"):
        key = subject, place
        pair = engine.get(key, CLEAR), oracle.get(key, CLEAR)
        # What is open for everybody has no rows of its own.
        told = key not in engine and place in open_places and pair[1] == OPEN
        if pair[0] != pair[1] and not told:
            found.append(f"{subject} at {place}: engine {pair[0]}, oracle {pair[1]}")
    return found


@given(folks())
@settings(_QUICK, max_examples=70)
def test_every_rule_says_of_everyone_what_the_definition_gives(folk: Folk) -> None:
    found = judge(world(folk))
    oracle = expected(folk)

    for rule in ruleset().rules:
        assert differences(said(found, rule), oracle[rule.rule_id]) == [], rule.rule_id


def broken(found: Judge, rule_id: str) -> set[tuple[str, str]]:
    rows = said(found, ruleset().rule[rule_id])
    return {key for key, verdict in rows.items() if verdict == BROKEN}


def given_more(folk: Folk, right: str) -> Folk:
    """The same people, the first of them with one more right."""
    first, *others = folk.people
    richer = Person(first.name, first.facts, (*first.rights, right))
    return replace(folk, people=(richer, *others))


@given(folks(gates=False), more())
@settings(_QUICK, max_examples=40)
def test_one_more_grant_never_hides_a_violation(folk: Folk, right: str) -> None:
    if "class: role" in folk.people[0].facts:
        right = f"f1 push shop{' via=r1' * (' via=' in right)}"
    before, after = judge(world(folk)), judge(world(given_more(folk, right)))

    for rule_id in GROWING:
        now = broken(after, rule_id)
        everywhere = {subject for subject, place in now if place == "all"}
        lost = {key for key in broken(before, rule_id) if key not in now}
        assert {key for key in lost if key[0] not in everywhere} == set(), rule_id
    # Enough people stay enough.
    assert broken(after, "LAW-08") <= broken(before, "LAW-08")


@given(folks(), st.randoms(use_true_random=False))
@settings(_QUICK, max_examples=30)
def test_order_and_duplicates_change_nothing(folk: Folk, chance: random.Random) -> None:
    usual = world(folk)
    tables = {}
    for name, table in usual.batch.tables.items():
        rows = list(range(table.num_rows))
        rows += [row for row in rows if chance.random() < 0.5]
        chance.shuffle(rows)
        tables[name] = table.take(pa.array(rows, pa.int64()))
    before, after = judge(usual), judge(replace(usual, batch=Batch(tables)))

    for rule in ruleset().rules:
        assert said(before, rule) == said(after, rule), rule.rule_id


@given(folks())
@settings(_QUICK, max_examples=40)
def test_what_is_gated_is_broken_counting_all_access(folk: Folk) -> None:
    found = judge(world(folk))

    for rule_id in GATED:
        rule = ruleset().rule[rule_id]
        with_gates, without = said(found, rule), said(found, replace(rule, gates={}))
        changed = {key: verdict for key, verdict in with_gates.items() if verdict != without[key]}
        assert with_gates.keys() == without.keys()
        assert {(verdict, without[key]) for key, verdict in changed.items()} <= {
            ("gated", BROKEN),
        }
