"""The edges of a snapshot, sorted out by how reach flows along them.

Edges fall into two sorts. *Core* edges lead to nodes that somebody holds in turn: groups in
groups, bots that bots control. They are few, and facts flow along them one by one. What is left
are *last* edges, memberships and the accounts of people, which nobody holds in turn: each of them
is looked at once per lens.
"""

from __future__ import annotations

from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from sod_analyzer.graph.closure import Facts, Flags, Flow, Keys, distinct, places_of, spans
from sod_analyzer.graph.edges import Edges
from sod_analyzer.model.access import NodeKind, Snapshot

#: Numbers of edges, of which there are fewer than two thousand million.
Rows = npt.NDArray[np.int32]


class Net:
    """The edges of a snapshot, sorted out once for all lenses."""

    def __init__(self, edges: Edges, snapshot: Snapshot) -> None:
        self.edges = edges
        self.identities = snapshot.ranges[NodeKind.IDENTITY]
        accounts, roles = snapshot.ranges[NodeKind.ACCOUNT], snapshot.ranges[NodeKind.ROLE]
        self.accounts = accounts
        self.holders = range(accounts.start, roles.stop)
        self.n_nodes = edges.n_nodes
        low, high = edges.leaving[[accounts.start, roles.stop]]
        #: Edges of people come first, then those of accounts, then those of roles.
        self.of_people = slice(int(edges.leaving[self.identities.start]), int(low))
        self.of_holders = slice(int(low), int(high))

    @cached_property
    def plain(self) -> bool:
        """Whether nobody holds a person: then people come last."""
        return not bool(np.any(self.edges.target < self.identities.stop))

    @cached_property
    def adding(self) -> tuple[Rows, Rows | slice]:
        """Adding edges of accounts and roles: core ones, last ones.

        Core are those of roles, and of accounts that an adding edge leads to. Nearly always that
        leaves the edges of all accounts, which are one run.
        """
        edges, accounts = self.edges, self.accounts
        low, high = edges.leaving[[accounts.stop, self.holders.stop]]
        roles = places_of(~edges.becomes(slice(low, high))) + np.int32(low)
        target = edges.target[self.of_holders]
        low, middle = edges.leaving[[accounts.start, accounts.stop]]
        becoming = edges.becomes(self.of_holders)
        inner = target[(target < accounts.stop) & ~becoming]
        if not len(inner) and not edges.becomes(slice(low, middle)).any():
            return roles, slice(int(low), int(middle))
        held = np.zeros(self.n_nodes, dtype=bool)
        held[inner] = True
        rows = places_of(~edges.becomes(slice(low, middle))) + np.int32(low)
        core = held[edges.holder[rows]]
        return np.concatenate([rows[core], roles]), rows[~core]

    @cached_property
    def carrying(self) -> tuple[Rows, Rows]:
        """Edges along which finished ways can flow: core ones, and those of people.

        Ways are finished in accounts; they come into a role only if it leads to an account.
        """
        span = self.of_holders
        target = self.edges.target[span]
        leads = np.zeros(self.n_nodes, dtype=bool)
        leads[self.accounts.start : self.accounts.stop] = True
        to_account = places_of(leads[target]) + np.int32(span.start)
        holders = self.edges.holder[to_account]
        roles = holders[holders >= self.accounts.stop]
        core = to_account
        if len(roles):
            first = self.edges.leaving[self.accounts.stop]
            nested = np.flatnonzero(target[first - span.start :] < self.holders.stop) + first
            flow = Flow(self.n_nodes, self.edges.holder[nested], self.edges.target[nested])
            seeds = distinct(roles.astype(np.int64))
            reached = flow.spread(Facts.of(1, seeds, np.zeros(len(seeds), dtype=np.int64)))
            leads[reached.key] = True
            core = places_of(leads[target]) + np.int32(span.start)
        people = np.arange(self.of_people.start, self.of_people.stop, dtype=np.int32)
        return core, people[leads[self.edges.target[people]]]

    def beyond(self, nodes: Keys) -> Flags:
        """These nodes, and those that finished ways could come to them from."""
        edges = self.edges
        found = np.zeros(self.n_nodes, dtype=bool)
        found[nodes] = True
        while len(nodes):
            onto = [np.empty(0, dtype=np.int64)]
            for rows in self.carrying:
                holder = edges.holder[rows]
                low, high = (np.searchsorted(holder, nodes, side=side) for side in _SIDES)
                _, spot = spans(low, high)
                onto.append(edges.target[rows[spot]].astype(np.int64))
            nodes = distinct(np.concatenate(onto))
            nodes = nodes[~found[nodes]]
            found[nodes] = True
        return found


_SIDES: tuple[Literal["left", "right"], ...] = ("left", "right")
