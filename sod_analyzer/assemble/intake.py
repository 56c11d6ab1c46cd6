"""Batches taken in as they come: ids become numbers at once, and grants need no batch any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.assemble.columns import Codes, Flags, text_ranks
from sod_analyzer.assemble.edges import Edges
from sod_analyzer.assemble.ids import Ids
from sod_analyzer.assemble.merge import MERGINGS
from sod_analyzer.model.access import BATCH_TABLES, DERIVATIONS, GRANTS, NODE_KINDS, NodeKind
from sod_analyzer.model.batch import Batch
from sod_analyzer.model.memory import give_back

#: Table of each kind of node, by its name in a batch.
NODE_TABLES: Mapping[NodeKind, str] = {
    NodeKind.IDENTITY: "identities",
    NodeKind.ACCOUNT: "accounts",
    NodeKind.ROLE: "roles",
    NodeKind.ENTITLEMENT: "entitlements",
}
_KINDS: Mapping[str, NodeKind] = {name: kind for kind, name in NODE_TABLES.items()}
#: More systems than this are looked for in another way.
_MOST_PASSES = 16


class Described:
    """Rows that describe nodes of one kind, several per node perhaps."""

    def __init__(self, kind: NodeKind, ids: Ids) -> None:
        self.how = MERGINGS[kind]
        self.ids = ids
        # People are named by nearly nothing but their own rows: their ids are sorted, not looked
        # up, and only those that some edge names have a number.
        self._numbered = kind is not NodeKind.IDENTITY
        self._tables: list[pa.Table] = []
        self._numbers: list[list[Codes]] = []
        self._places: Codes | None = None
        self._schema = BATCH_TABLES[NODE_TABLES[kind]]

    def add(self, table: pa.Table) -> None:
        """Further rows. Raises `ValueError` for one without an id."""
        if not table.num_rows:
            return
        column = table.column(self.how.key)
        if column.null_count:
            raise ValueError(f"a row has no {self.how.key}")
        self._tables.append(table)
        if self._numbered:
            self._numbers.append([self.ids.of(chunk) for chunk in column.chunks])

    def used(self) -> Flags:
        """By number of an id, whether some row describes it."""
        flags = np.zeros(len(self.ids) + 1, dtype=np.bool_)
        for numbers in self._numbers:
            for each in numbers:
                flags[each] = True
        if not self._numbered and len(self.ids):
            for table in self._tables:
                for chunk in table.column(self.how.key).chunks:
                    flags[self.ids.find(chunk)] = True
        return flags[:-1]

    def order(self) -> None:
        """Puts the ids that rows describe in order, after which they need not be known any more.

        People's are put in order with their rows.
        """
        if self._numbered:
            self._places = self.ids.places(self.used())

    def rows(self) -> tuple[pa.Table, Codes]:
        """All rows, and the place of each one's id among all ids; empties the collection.

        Rows of one source stand together, sources in the order of their ids: records then mostly
        come as they belong, and nothing needs sorting by them.
        """
        places = self._places
        tables, numbers = self._tables, self._numbers
        self._tables, self._numbers = [], []
        order = sorted(range(len(tables)), key=lambda n: _place(tables[n]))
        table = pa.concat_tables([self._schema.empty_table(), *(tables[n] for n in order)])
        if places is None:
            return table, text_ranks(table.column(self.how.key))
        pieces = [places[each] for n in order for each in numbers[n]]
        return table, np.concatenate([np.empty(0, dtype=np.int32), *pieces])

    def named(self, flags: Flags) -> Codes:
        """The rows of the flagged ids, of which each is described, in the table of nodes.

        Not for people.
        """
        rows = np.empty(0, dtype=np.int32) if self._places is None else self._places[flags]
        return rows[rows >= 0]

    def codes(self, nodes: pa.Table, first: int) -> Codes:
        """By number of an id, the code of its node; -1 for none. To be asked for once.

        `nodes` is what became of the rows, in order, and `first` the code of its first row.
        """
        rows, self._places = self._places, None
        if rows is None:
            rows = self.ids.rows_in(nodes.column(self.how.key))
        rows[rows >= 0] += np.int32(first)
        return rows

    def prefixes(self) -> list[str]:
        """The systems that ids begin with; an id without a colon is all system."""
        chunks = [c for table in self._tables for c in table.column(self.how.key).chunks]
        left = pa.chunked_array(chunks, pa.string())
        found: list[str] = []
        # Systems are few and large: each pass takes one out.
        while len(left) and len(found) < _MOST_PASSES:
            found.append(left[0].as_py().partition(":")[0])
            own = pc.or_(pc.starts_with(left, f"{found[-1]}:"), pc.equal(left, found[-1]))
            left = left.filter(pc.invert(own))
        parts = pc.split_pattern(left, ":", max_splits=1)
        return found + (pc.unique(pc.list_element(parts, 0)).to_pylist() if len(left) else [])

    def systems(self) -> list[str | None]:
        """The systems that rows name in so many words."""
        if "system" not in self._schema.names:
            return []
        found = [pc.unique(table.column("system")).to_pylist() for table in self._tables]
        return sorted({name for names in found for name in names}, key=lambda name: name or "")


def _place(table: pa.Table) -> tuple[str, int]:
    """The source and record of a table's first row."""
    if "source_id" not in table.schema.names:
        return "", 0
    record = table.column("record")[0].as_py()
    return table.column("source_id")[0].as_py() or "", -1 if record is None else record


class Intake:
    """What all batches say: rows of nodes and edges with numbers for ids, and the small tables."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        ids = Ids()
        self.pools = dict.fromkeys(NODE_KINDS, ids) | {NodeKind.IDENTITY: Ids()}
        self.nodes = {kind: Described(kind, pool) for kind, pool in self.pools.items()}
        self.edges = {
            "grants": Edges(GRANTS, self.pools),
            "derivations": Edges(DERIVATIONS, self.pools),
        }
        self._small: dict[str, list[pa.Table]] = {"sources": [], "policies": [], "issues": []}
        taken: Future[None] | None = None
        # In a thread of its own, while the next batch is read; one waits at most.
        with ThreadPoolExecutor(1) as thread:
            for batch in batches:
                if taken is not None:
                    taken.result()
                taken = thread.submit(self._take_in, batch)
                del batch
            if taken is not None:
                taken.result()
        for pool in self.pools.values():
            pool.forget()
        self.sources, self.policies, self.issues = (
            pa.concat_tables([BATCH_TABLES[name].empty_table(), *self._small.pop(name)])
            for name in ("sources", "policies", "issues")
        )
        # What reading needed and is free by now is of use to nobody in here.
        give_back()

    def _take_in(self, batch: Batch) -> None:
        for name, table in batch.tables.items():
            if name in self.edges:
                self.edges[name].add(table)
            elif name in _KINDS:
                self.nodes[_KINDS[name]].add(table)
            else:
                self._small[name].append(table)

    def order(self) -> None:
        """Puts ids in order; but for those of people, none can be looked up after that."""
        for described in self.nodes.values():
            described.order()
        for kind, pool in self.pools.items():
            if kind is not NodeKind.IDENTITY:
                pool.clear()
        give_back()

    def settle(self) -> None:
        """Lets go of everything but edges: no id need be looked up any more."""
        self.nodes = {}
        for pool in self.pools.values():
            pool.clear()
        give_back()
