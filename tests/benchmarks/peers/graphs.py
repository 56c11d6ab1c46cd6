"""Two ways with networkx: walk from everybody, or condense the groups first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np

from tests.benchmarks.peers.laps import Laps
from tests.benchmarks.peers.tables import Tables, read
from tests.benchmarks.world.laws import ANYWHERE

#: People of whom the walk from everybody is measured where it would not finish.
SAMPLE = 2_000

Findings = list[tuple[str, str]]


def per_person(world: Path, out: Path, laps: Laps) -> Findings:
    """`networkx.descendants` of every account of a person.

    Of a sample of people only where there are more: the notes say of how many, and `people.csv`
    of whom.
    """
    with laps.lap("read"):
        tables = read(world, ANYWHERE)
    with laps.lap("build"):
        graph, parts_from = _graph(tables)
        accounts: dict[int, list[int]] = {}
        for account, person in enumerate(tables.person.tolist()):
            accounts.setdefault(person, []).append(account)
    people = list(range(len(tables.employee_ids)))
    if len(people) > SAMPLE:
        chosen = np.random.default_rng(1).permutation(len(people))[:SAMPLE]
        people = sorted(chosen.tolist())
        ids = "".join(f"{tables.employee_ids[person]}\n" for person in people)
        out.joinpath("people.csv").write_text(f"employee_id\n{ids}", encoding="utf-8")
    laps.notes["sample"] = len(people)
    laps.notes["people"] = len(tables.employee_ids)
    found = []
    with laps.lap("reach"):
        for person in people:
            contexts = [
                {node - parts_from for node in nx.descendants(graph, account) if node >= parts_from}
                for account in accounts[person]
                if account in graph
            ]
            found += _broken(tables.employee_ids[person], contexts)
    return found


def _graph(tables: Tables) -> tuple[nx.DiGraph[int], int]:
    """Accounts, groups, rights and what duties ask for, numbered one after the other.

    Second, the number of the first action.
    """
    groups_from = len(tables.person)
    rights_from = groups_from + tables.n_groups
    parts_from = rights_from + int(tables.right.max(initial=-1)) + 1
    asked = tables.action >= 0
    graph: nx.DiGraph[int] = nx.DiGraph()
    for sources, targets in (
        (tables.member_account, tables.member_group + groups_from),
        (tables.child + groups_from, tables.parent + groups_from),
        (tables.holder + groups_from, tables.right + rights_from),
        (tables.right[asked] + rights_from, tables.action[asked] + parts_from),
    ):
        graph.add_edges_from(zip(sources.tolist(), targets.tolist(), strict=True))
    return graph, parts_from


def condensed(world: Path, _out: Path, laps: Laps) -> Findings:
    """Strongly connected groups as one, sets upwards in topological order, sets per membership."""
    with laps.lap("read"):
        tables = read(world, ANYWHERE)
    with laps.lap("build"):
        graph: nx.DiGraph[int] = nx.DiGraph()
        graph.add_nodes_from(range(tables.n_groups))
        graph.add_edges_from(zip(tables.child.tolist(), tables.parent.tolist(), strict=True))
        direct: dict[int, set[int]] = {}
        for group, action in zip(tables.holder.tolist(), tables.action.tolist(), strict=True):
            if action >= 0:
                direct.setdefault(group, set()).add(action)
        members = list(
            zip(tables.member_account.tolist(), tables.member_group.tolist(), strict=True)
        )
        person = tables.person.tolist()
    with laps.lap("reach"):
        of_group = _close(graph, direct)
        held: dict[int, set[int]] = {}
        for account, group in members:
            parts = of_group.get(group)
            if parts:
                held.setdefault(account, set()).update(parts)
        contexts: dict[int, list[set[int]]] = {}
        for account, parts in held.items():
            contexts.setdefault(person[account], []).append(parts)
        return [
            pair
            for number, sets in contexts.items()
            for pair in _broken(tables.employee_ids[number], sets)
        ]


def _close(graph: nx.DiGraph[int], direct: Mapping[int, set[int]]) -> dict[int, set[int]]:
    """What each group has with all that it is in; groups without anything are left out."""
    condensation = nx.condensation(graph)
    closed: dict[int, set[int]] = {}
    of_group: dict[int, set[int]] = {}
    for component in reversed(list(nx.topological_sort(condensation))):
        groups = condensation.nodes[component]["members"]
        parts: set[int] = set()
        for group in groups:
            parts |= direct.get(group, set())
        for above in condensation.successors(component):
            parts |= closed.get(above, set())
        if parts:
            closed[component] = parts
            of_group.update(dict.fromkeys(groups, parts))
    return of_group


#: First and one past the last action of each duty, and the duty of each action.
_SPANS = [(int(first), int(last)) for first, last in pairwise(ANYWHERE.first_part)]
_DUTY_OF = [number for number, duty in enumerate(ANYWHERE.duties) for _ in duty.actions]
_FEWEST = min(rule.need for rule in ANYWHERE.rules)


def _broken(employee_id: str, contexts: Iterable[Collection[int]]) -> Findings:
    """Rules that somebody breaks whose accounts have these parts, one set for each account."""
    duties = {
        number
        for parts in contexts
        for number in {_DUTY_OF[part] for part in parts}
        if all(part in parts for part in range(*_SPANS[number]))
    }
    if len(duties) < _FEWEST:
        return []
    return [
        (rule.id, employee_id)
        for rule in ANYWHERE.rules
        if sum(not duties.isdisjoint(slot) for slot in rule.slots) >= rule.need
    ]
