"""Who can do something, by column: everyone counted and put in order, rows only where printed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose.derived import places_at
from sod_analyzer.compose.found import Found
from sod_analyzer.compose.steps import Steps
from sod_analyzer.compose.texts import NOTHING, dense, lists, offsets_of, taken
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.evaluate.lens import PLAIN
from sod_analyzer.evaluate.part import Part
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.names import Names
from sod_analyzer.explain.paths import Hop, Witness
from sod_analyzer.explain.walks import Walks, Wanted, Witnesses, groups
from sod_analyzer.graph.closure import Keys, distinct, spans
from sod_analyzer.graph.packed import taken_edges, with_own_grants
from sod_analyzer.model.access import WHOLE_SYSTEM, IdentityClass, NodeKind, Status

Row = dict[str, Any]

#: Groups of an answer, in the order in which they are printed.
CAN_NOW = "can now"
LEAVER = "leaver, can now"
NOT_STARTED = "not started, can now"
IF = "can, if"
NO_PERSON = "account without a person"
WORKLOAD = "workload"
UNDECIDED = "not decided"
GROUPS = (CAN_NOW, LEAVER, NOT_STARTED, IF, NO_PERSON, WORKLOAD, UNDECIDED)

#: What a row has; `hops` are those of its path, each with its record.
COLUMNS = (
    "group",
    "identity",
    "name",
    "email",
    "department",
    "status",
    "account",
    "means",
    "resource",
    "path",
    "source",
    "why",
    "hops",
)

_WITHOUT_PATHS = frozenset({"group", "identity", "name", "email", "department", "status", "means"})
_THREADS = 2
#: Columns that are read from one file, those that take the longest first.
_FILES = (
    ("account", "path"),
    ("email", "department", "identity", "status"),
    ("source", "why", "hops"),
)

#: Rows that are made together.
_PAGE = 32_000


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows for the reader, and what must be said beside them."""

    rows: People
    caveats: tuple[str, ...]

    @property
    def undecided(self) -> bool:
        """Whether of somebody it could not be decided."""
        return UNDECIDED in self.rows.counts


class People:
    """Everyone of an answer, in the order in which they are printed: by group, name and id.

    Rows are made when they are asked for.

    Cost: of those whom the question finds, a few passes by column; of a row, its path.
    """

    def __init__(self, part: Part, names: Names, duty: str, place: int, found: Found) -> None:
        self.part = part
        self.names = names
        self.duty = duty
        self.place = place
        self.found = found
        #: As rows of their table.
        self.rows = found.subject - names.snapshot.ranges[NodeKind.IDENTITY].start

    def __len__(self) -> int:
        return len(self.found.subject)

    def __iter__(self) -> Iterator[Row]:
        for start in range(0, len(self), _PAGE):
            yield from self.page(start, _PAGE, COLUMNS)

    # -- groups and order ------------------------------------------------------------------------

    @cached_property
    def group(self) -> npt.NDArray[np.int8]:
        """The number of each one's group, in the order in which they were found."""
        table = self.names.table(NodeKind.IDENTITY)
        workload, *_ = _are(table.column("kind"), self.rows, IdentityClass.WORKLOAD)
        unknown, leaver, future = _are(
            table.column("status"), self.rows, Status.UNKNOWN, Status.LEAVER, Status.FUTURE
        )
        lenses = self.found.lenses
        possible = np.array([lens.possible for lens in lenses])[self.found.lens]
        plainly = (PLAIN.means, PLAIN.conditional)
        plain = np.array([(lens.means, lens.conditional) == plainly for lens in lenses])
        only_if = ~plain[self.found.lens]
        number = np.full(len(self), GROUPS.index(CAN_NOW), dtype=np.int8)
        # The last that is true of somebody counts.
        for name, mine in (
            (LEAVER, leaver),
            (NOT_STARTED, future),
            (IF, only_if),
            (NO_PERSON, unknown),
            (WORKLOAD, workload),
            (UNDECIDED, possible),
        ):
            number[mine] = GROUPS.index(name)
        return number

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many stand in each group, groups without anybody left out, in order."""
        counts = np.bincount(self.group, minlength=len(GROUPS)).tolist()
        return {name: count for name, count in zip(GROUPS, counts, strict=True) if count}

    @cached_property
    def called(self) -> pa.Array:
        """The name of each one, in the order in which they were found."""
        return self.names.names(self.found.subject)

    @cached_property
    def _order(self) -> Keys:
        """Everyone in order, as places in what was found, which ascends by id lens by lens."""
        coded = self.called.dictionary_encode()
        rank = pc.rank(coded.dictionary, sort_keys="ascending").to_numpy().astype(np.int64)
        # Ids are sorted as their codes are.
        return np.lexsort((self.found.subject, rank[coded.indices.to_numpy()], self.group))

    def _first_in_order(self, count: int) -> Keys:
        """The first so many, without putting all the others in order."""
        table = pa.table({"g": self.group, "name": self.called, "subject": self.found.subject})
        keys = [(name, "ascending") for name in table.column_names]
        return np.asarray(pc.select_k_unstable(table, count, keys).to_numpy(), dtype=np.int64)

    def _page(self, start: int, count: int) -> Keys:
        # Whoever goes on after the first page wants all the others.
        if "_order" not in self.__dict__ and not start and 0 < count < len(self):
            return self._first_in_order(count)
        return self._order[start : start + count]

    # -- rows ------------------------------------------------------------------------------------

    def page(self, start: int, count: int, columns: Iterable[str]) -> list[Row]:
        """So many rows from one on, with some of `COLUMNS`; `hops` are those of the path.

        Cost: of what is asked for; records of all hops are read only for `hops`.
        """
        mine = self._page(start, count)
        if not len(mine):
            return []
        told, names = _Told(self, mine), tuple(columns)
        if not _WITHOUT_PATHS.issuperset(names):
            told.paths  # noqa: B018 - made once, before two threads ask for them
        # Most of a column is its reading from the disk, which two can do at once.
        with ThreadPoolExecutor(_THREADS) as threads:
            found = threads.map(partial(_columns_of, told), _by_file(names))
            read = {name: column for columns in found for name, column in columns.items()}
        values = {name: read[name] for name in names}
        return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]

    def whys(self) -> Iterator[tuple[str, str]]:
        """Of everyone of whom it is not decided, who stand last: the name, and why."""
        start = len(self) - self.counts.get(UNDECIDED, 0)
        for low in range(start, len(self), _PAGE):
            told = _Told(self, self._page(low, _PAGE))
            for name, why in zip(told.name(), told.why(), strict=True):
                if why:
                    yield name, why

    def paths(self, mine: Keys) -> Paths:
        """The paths of some, by their places in what was found."""
        subject = self.found.subject[mine]
        # Nothing but what they come to is looked at for their paths.
        part = self.part.from_(subject)
        node = part.places(subject)
        number = np.empty(len(mine), dtype=np.int64)
        pieces: list[Witnesses] = []
        before = 0
        walks = Walks(part.engine)
        for lens, rows in groups(self.found.lens[mine]):
            here = np.zeros(len(rows), dtype=np.int64)
            wanted = Wanted(node[rows], here, here + self.place)
            found, piece = walks.look(self.found.lenses[lens], wanted, [self.duty]).witnesses()
            number[rows] = found + before
            before += len(piece)
            pieces.append(piece)
        return Paths(self, part, subject, number, Witnesses.joined(pieces))


def _by_file(names: Sequence[str]) -> list[list[str]]:
    """Columns by the file that they are read from, which only one can read at a time."""
    others = [name for name in names if not any(name in files for files in _FILES)]
    return [[name for name in files if name in names] for files in (*_FILES, others)]


def _columns_of(told: _Told, names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: getattr(told, name)() for name in names}


class _Told:
    """Some of the people of an answer, column by column."""

    def __init__(self, people: People, mine: Keys) -> None:
        self.people = people
        self.mine = mine
        self.lens = people.found.lens[mine]

    @cached_property
    def paths(self) -> Paths:
        """How each of them can."""
        return self.people.paths(self.mine)

    def group(self) -> list[str]:
        return [GROUPS[number] for number in self.people.group[self.mine].tolist()]

    def identity(self) -> list[str]:
        return self._stated("identity")

    def name(self) -> list[str]:
        return list(self.people.called.take(pa.array(self.mine)).to_pylist())

    def email(self) -> list[str | None]:
        return self._stated("email")

    def department(self) -> list[str | None]:
        return self._stated("department")

    def status(self) -> list[str | None]:
        return self._stated("status")

    def _stated(self, name: str) -> list[Any]:
        table = self.people.names.table(NodeKind.IDENTITY).select([name])
        rows = table.take(pa.array(self.people.rows[self.mine]))
        return list(rows.column(name).to_pylist())

    def account(self) -> list[str | None]:
        return self.paths.accounts()

    def means(self) -> list[str | None]:
        told = [None if lens.possible else lens.pair for lens in self.people.found.lenses]
        return [told[number] for number in self.lens.tolist()]

    def resource(self) -> list[str]:
        return self.paths.resources()

    def path(self) -> list[str]:
        return self.paths.texts()

    def source(self) -> list[str | None]:
        return self.paths.sources()

    def why(self) -> list[str | None]:
        possible = np.array([lens.possible for lens in self.people.found.lenses])[self.lens]
        told: list[str | None] = [None] * len(self.mine)
        for row in np.flatnonzero(possible).tolist():
            witness = self.paths.witness(row)
            tracer = self.paths.tracer
            told[row] = tracer.why_unknown(witness, self.people.duty, self.people.place)
        return told

    def hops(self) -> list[list[Row]]:
        return self.paths.hops()


class Paths:
    """The witnesses of some subjects as texts, a row for each subject."""

    def __init__(
        self,
        people: People,
        part: Part,
        subject: Keys,
        number: Keys,
        witnesses: Witnesses,
    ) -> None:
        self.names = names = people.names
        self.asked = people.place
        self.subject = subject
        first = witnesses.first
        #: The hops of each row, one row after the other.
        self.row, self._hop = spans(first[number], first[number + 1])
        self.first = offsets_of(self.row, len(number))
        self.part, self.place = witnesses.part[self._hop], witnesses.hop[self._hop]
        self.own = witnesses.own[self._hop]
        self.way = witnesses.way[number]
        used, (self.edge,) = dense(len(part.edges), witnesses.edge[self._hop])
        # Of the records behind grants, only those of these paths are read.
        self.edges = with_own_grants(taken_edges(part.edges, used))
        self.columns = part.columns
        self.ranges = names.snapshot.ranges
        self.target = self.edges.target[self.edge].astype(np.int64)

        snapshot = self.edges.snapshot
        #: Tells hops of these paths one by one.
        self.tracer = Tracer(Engine(snapshot, self.columns, self.edges), Names(snapshot))

    @cached_property
    def _ends(self) -> Keys:
        """The last hop of each run."""
        last = np.ones(len(self.row), dtype=bool)
        last[:-1] = (self.place[1:] == 1) | (self.row[1:] != self.row[:-1])
        return np.flatnonzero(last)

    def accounts(self) -> list[str | None]:
        """The account through which each first run leaves the subject."""
        span = self.ranges[NodeKind.ACCOUNT]
        mine = np.flatnonzero(
            (self.part == 1) & (self.target >= span.start) & (self.target < span.stop)
        )
        mine = mine[np.diff(self.row[mine], prepend=-1) != 0]
        nodes = distinct(self.target[mine])
        accounts = self.names.table(NodeKind.ACCOUNT).select(["account"])
        ids = accounts.take(pa.array(nodes - span.start)).column("account").to_pylist()
        told: list[str | None] = [None] * len(self.subject)
        where = np.searchsorted(nodes, self.target[mine])
        for row, node in zip(self.row[mine].tolist(), where.tolist(), strict=True):
            told[row] = ids[node]
        return told

    def resources(self) -> list[str]:
        """What each path ends at, several things each once; of policies, what they allow there."""
        rights = distinct(self.target[self._ends])
        table = self.names.table(NodeKind.ENTITLEMENT)
        offset = rights - self.ranges[NodeKind.ENTITLEMENT].start
        systems, resources = (
            taken(table.column(name), offset).to_pylist() for name in ("system", "resource")
        )
        told = [
            f"{system}:{'everything' if resource == WHOLE_SYSTEM else resource}"
            for system, resource in zip(systems, resources, strict=True)
        ]
        ends = [told[n] for n in np.searchsorted(rights, self.target[self._ends]).tolist()]
        for number, said in self._decided.items():
            ends[number] = said
        if len(ends) == len(self.subject):
            return ends  # everybody has one
        runs = offsets_of(self.row[self._ends], len(self.subject)).tolist()
        return ["; ".join(dict.fromkeys(ends[low:high])) for low, high in pairwise(runs)]

    @cached_property
    def _decided(self) -> Mapping[int, str]:
        """By the number of a run, what policies decide at its end."""
        columns = self.columns
        if columns.deciding is None:
            return {}
        ends = self._ends
        rights = distinct(self.target[ends])
        ids = self.names.ids(rights).to_pylist()
        right = np.searchsorted(rights, self.target[ends]).tolist()
        way, part = self.way[self.row[ends]].tolist(), self.part[ends].tolist()
        known: dict[tuple[int, int], object] = {}
        found: dict[int, str] = {}
        for number, (each, chosen, nth) in enumerate(zip(right, way, part, strict=True)):
            key = each, columns.ways[chosen].parts[nth - 1]
            if key not in known:
                known[key] = columns.decision(ids[each], key[1], self.asked)
            said = known[key]
            if said is not None:
                found[number] = str(said)
        return found

    def texts(self) -> list[str]:
        """Each path in one line."""
        begins = np.flatnonzero(self.place == 1)
        ends = self._ends + 1
        owner = self.row[begins]
        first = np.concatenate([[0], np.cumsum(ends - begins + 1)]).astype(np.int64)
        node = np.empty(int(first[-1]), dtype=np.int64)
        # A run is the name of the subject, then that of every node it comes to.
        node[first[:-1]] = self.subject[owner]
        run, hop = spans(begins, ends)
        node[first[run] + 1 + hop - begins[run]] = self.target[hop]
        nodes = distinct(node)
        names = self.names.names(nodes).take(pa.array(np.searchsorted(nodes, node)))
        if self._decided:
            shown = np.zeros(len(names), dtype=bool)
            runs = np.array(list(self._decided))
            shown[first[1:][runs] - 1] = True
            said = pa.array(list(self._decided.values()), pa.string())
            names = pc.replace_with_mask(names, pa.array(shown), said)
        texts = lists(first, names, " > ")
        return list(lists(offsets_of(owner, len(self.subject)), texts, " + ").to_pylist())

    def sources(self) -> list[str | None]:
        """The record behind the last hop of each path."""
        last = self.edge[self.first[1:] - 1]
        own = self.edges
        edges, (of,) = dense(len(own), last)
        rows = own.rows_at(own.places_of(edges)[0])
        # Of records of other hops nothing is read.
        grants = own.snapshot["grants"].take(pa.array(rows))
        source = grants.column("source_id").combine_chunks().dictionary_encode()
        code = source.indices.fill_null(NOTHING).to_numpy().astype(np.int64)
        told = source.dictionary.to_pylist()
        at = places_at(self.names, code, told, grants.column("record").combine_chunks()).to_pylist()
        files = [*(self.names.file(each) for each in told), self.names.file(None)]
        texts = [f"{files[n]} {each}" for n, each in zip(code.tolist(), at, strict=True)]
        return [texts[n] for n in of.tolist()]

    def hops(self) -> list[list[Row]]:
        """Every hop of each path, with its record."""
        steps = Steps(self.tracer, self.edge, self.own)
        columns = steps.columns()
        table = pa.table(dict(columns))
        told: list[Row] = table.to_pylist()
        hops = [
            {"part": part, "hop": hop, **told[step]}
            for part, hop, step in zip(
                self.part.tolist(), self.place.tolist(), steps.number.tolist(), strict=True
            )
        ]
        for hop in hops:
            hop["decided"] = None
        for number, said in self._decided.items():
            hops[int(self._ends[number])]["decided"] = said
        first = self.first.tolist()
        return [hops[low:high] for low, high in pairwise(first)]

    def witness(self, row: int) -> Witness:
        """One path, hop by hop."""
        runs: list[list[Hop]] = []
        for n in range(int(self.first[row]), int(self.first[row + 1])):
            if self.place[n] == 1:
                runs.append([])
            runs[-1].append(Hop(int(self.edge[n]), own_change=bool(self.own[n])))
        return Witness(int(self.way[row]), tuple(tuple(run) for run in runs))


def _are(column: pa.ChunkedArray, rows: Keys, *words: str) -> list[npt.NDArray[np.bool_]]:
    """For each of some words, which of the rows of a column say it."""
    some = column.take(pa.array(rows)).combine_chunks().dictionary_encode()
    code = some.indices.fill_null(NOTHING).to_numpy()
    told = some.dictionary.to_pylist()
    # Nothing is the number of a word that nobody says.
    numbers = [told.index(word) if word in told else NOTHING - 1 for word in words]
    return [np.asarray(code == number) for number in numbers]
