"""Blocks of columns to grants: what `engine` makes of records, without an object per record.

`engine._Loader` is the law; `tests/importers/test_tabular_columns.py` holds both to the same rows,
issues and counts on random tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.errors import InputError
from sod_analyzer.importers.tabular.bind import Binding, bind
from sod_analyzer.importers.tabular.blocks import Block, BlockTable, Refuse, skipped_mask
from sod_analyzer.importers.tabular.columns_grants import End, RightsSoFar, put_grants, rights
from sod_analyzer.importers.tabular.drive import read_file
from sod_analyzer.importers.tabular.engine import CLASSES, ENDS, extraction_day, note_run_time
from sod_analyzer.importers.tabular.facts import Facts
from sod_analyzer.importers.tabular.fields import Field, NoteBook, Read
from sod_analyzer.importers.tabular.options import Relation
from sod_analyzer.importers.tabular.plan import GRANT_FIELDS, Plan
from sod_analyzer.importers.tabular.statements import Fact, Statements
from sod_analyzer.importers.tabular.table import Notes, Record, reject
from sod_analyzer.importers.tabular.words import Codes, Flags, Rows, joined, take, trimmed
from sod_analyzer.model.access import Hides, NodeKind
from sod_analyzer.model.batch import Batch, BatchBuilder, Raw, RawFile, Waterfall

BlockReader = Callable[[RawFile, Waterfall, Plan, Refuse], AbstractContextManager[BlockTable]]

_EPOCH = date(1970, 1, 1)


def load_blocks(
    raw: Raw, plan: Plan, reader: BlockReader, *, kind: str, unit: str
) -> Iterator[Batch]:
    """What the files state, in batches; one row of `sources` per file. Not for wide tables."""
    builder = BatchBuilder(raw.spec)
    for file in raw.files:
        counts = Waterfall(unit)
        loader = _ColumnLoader(builder, plan, file, counts)
        opened = reader(file, counts, plan, refusing(builder, file, counts))
        yield from read_file(builder, file, counts, opened, loader.consume, kind=kind)
    yield builder.take()


def refusing(builder: BatchBuilder, file: RawFile, counts: Waterfall) -> Refuse:
    """Takes the records that cannot be used."""

    def refuse(record: Record) -> None:
        if record.wrong is not None:
            reject(record, record.wrong, builder, file, counts)

    return refuse


class _ColumnLoader:
    """Puts the blocks of one file into the builder; gathers nodes until the file ends."""

    def __init__(self, builder: BatchBuilder, plan: Plan, file: RawFile, counts: Waterfall) -> None:
        self._builder = builder
        self._plan = plan
        self._file = file
        self._counts = counts
        self._binding = Binding({}, {}, {}, {}, (), ())
        self._fields: tuple[Field, ...] = ()
        self._ends: set[int | None] = set()
        self._statements: dict[str, Statements] = {}
        self._rights = RightsSoFar()
        kind = CLASSES.get(plan.relation)
        self._kind = Fact({"kind": pa.array([kind and str(kind)], pa.string())}, None)

    def consume(self, table: BlockTable, notes: Notes) -> Iterator[int]:
        """Loads block after block; yields how many records of each were loaded."""
        zone = ZoneInfo(self._builder.spec.timezone)
        self._binding = bind(self._plan, table.columns, self._file, zone)
        self._fields = tuple(Field(name, text) for name, text in self._binding.texts.items())
        loaded = 0
        try:
            for block in table.blocks:
                count = self._load(block, notes)
                loaded += count
                yield count
        except InputError:
            self._flush()
            raise
        self._flush()
        if loaded > 1 and self._ends == {self._day_of_extraction()}:
            note_run_time(self._builder, self._file)

    def _day_of_extraction(self) -> int:
        return (extraction_day(self._builder.spec, self._file) - _EPOCH).days

    def _flush(self) -> None:
        for statements in self._statements.values():
            statements.flush(self._builder)

    def _load(self, block: Block, notes: Notes) -> int:
        """Loads what the block states; says why of the records that state too little."""
        if self._binding.skips:
            skipped = skipped_mask(block, self._binding.skips, self._counts)
            if skipped.any():
                block = block.take(~skipped)
        reads = {field.name: field.read(block) for field in self._fields}
        records = block.records
        lacking = self._lacking(block, reads)
        if lacking is not None:
            reads = {name: read.of(~lacking) for name, read in reads.items()}
            records = records[~lacking]
        if not len(records):
            return 0
        book = NoteBook(notes, records)
        facts = Facts(self._binding, reads, book, len(records))
        facts.unlisted()
        self._put(reads, facts, records)
        book.close()
        return len(records)

    def _put(self, reads: Mapping[str, Read], facts: Facts, records: Rows) -> None:
        if "account" in reads:
            self._node("account", reads["account"], facts.account(self._kind), records)
        bounds = any(name in reads for name in GRANT_FIELDS)
        validity = facts.validity(self._ends) if bounds else {}
        told = facts.group()
        for name in ("group", "member"):
            if name in reads and not (name == "group" and self._plan.options.group_system):
                self._node(name, reads[name], told if name == "group" else [], records)
        if self._plan.relation is Relation.ACCOUNTS:
            return
        holding, held = ENDS[self._plan.relation]
        target = self._end(held, reads, facts, records)
        holder = self._end(holding, reads, facts, records)
        put_grants(
            self._builder,
            self._plan.relation,
            holder,
            target,
            records=records,
            validity=validity,
            source_id=self._file.source_id,
        )

    def _lacking(self, block: Block, reads: Mapping[str, Read]) -> Flags | None:
        """The rows that lack a value which the relation needs, each counted and told of."""
        lacking: Flags | None = None
        for name in self._plan.needs:
            empty = reads[name].words.empty()
            if empty is None:
                continue
            lacks = np.broadcast_to(reads[name].pick(empty), len(block.records))
            new = np.flatnonzero(lacks if lacking is None else lacks & ~lacking)
            if len(new):
                self._reject(name, block, new)
                lacking = lacks.copy() if lacking is None else lacking | lacks
        return lacking

    def _reject(self, name: str, block: Block, rows: Rows) -> None:
        """Counts these rows as rejected, each with an issue that names the empty columns."""
        column = self._plan.columns.get(name)
        sources = () if column is None else column.sources
        used = sorted(
            (used, index) for index, used in self._binding.used.items() if used in sources
        )
        empty = np.zeros(len(rows), dtype=np.int64)
        for bit, (_, index) in enumerate(used):
            cells = block.cells[index]
            if cells is not None:
                blank = pc.equal(trimmed(cells.dictionary), "").to_numpy(zero_copy_only=False)
                empty |= blank[np.asarray(cells.indices)[rows]].astype(np.int64) << bit
        coded = pa.array(empty).dictionary_encode()
        texts = []
        for mask in coded.dictionary.to_pylist():
            states = [
                f"'{source}' is empty"
                for bit, (source, _) in enumerate(used)
                if mask >> bit & 1 or len(used) == 1
            ]
            texts.append(f"{self._file.path}: record not loaded: no {name}: {' and '.join(states)}")
        self._counts.rejected += len(rows)
        self._builder.columns(
            "issues",
            len(rows),
            kind="missing-value",
            system=self._builder.spec.system,
            subject=self._file.path,
            text=pa.array(texts, pa.string()).take(coded.indices),
            hides=str(Hides.YES),
            source_id=self._file.source_id,
            record=pa.array(block.records[rows]),
        )

    def _node(self, name: str, read: Read, told: list[Fact], records: Rows) -> None:
        """Gathers the accounts or roles that the rows name."""
        words = read.words

        def make() -> Mapping[str, pa.Array]:
            ids = self._ids(read, self._builder.spec.system)
            if words.value_of is not None and len(words.value_of):
                ids = take(ids, words.value_of)
            key, shown = ("account", "login") if name == "account" else ("role", "name")
            return {key: ids, shown: words.written}

        counts, codes = read.flat()
        if counts is not None:
            rows = np.repeat(np.arange(len(records)), counts)
            told, records = [fact.of(rows) for fact in told], records[rows]
        node = Fact(read.field.keep("node", words, make), codes)
        table = "accounts" if name == "account" else "roles"
        # A group and a member of which nothing else is said are the same statement.
        place = name if told else table
        if place not in self._statements:
            constant: dict[str, Any] = {
                "system": self._builder.spec.system,
                "source_id": self._file.source_id,
            }
            if table == "roles":
                constant["kind"] = self._plan.options.group_kind
            self._statements[place] = Statements(table, constant=constant, recorded=True)
        self._statements[place].add([node, *told], records)

    def _end(self, name: str, reads: Mapping[str, Read], facts: Facts, records: Rows) -> End:
        """The nodes that the rows' grants start or end at."""
        if name == "permission":
            if "rights" not in self._statements:
                self._statements["rights"] = Statements(
                    "entitlements", constant={"system": self._builder.spec.system}, recorded=False
                )
            system, options = self._builder.spec.system, self._plan.options
            end, fact, rows = rights(
                reads, facts, self._rights, system=system, wildcards=options.wildcards
            )
            self._statements["rights"].add([fact], records[rows])
            return end
        read, words = reads[name], reads[name].words
        kind, owner = self._owner(name)
        counts, codes = read.flat()
        return End(kind, self._ids(read, owner), counts, _values(words.value_of, codes))

    @staticmethod
    def _ids(read: Read, owner: str) -> pa.Array:
        """The id of each value, made once for nodes and grants, so that it is looked up once."""
        words = read.words
        ids: pa.Array = read.field.keep(
            f"ids of {owner}", words, lambda: joined(f"{owner}:", words.values)
        )
        return ids

    def _owner(self, name: str) -> tuple[NodeKind, str]:
        """What a field names, and the system that its ids begin with."""
        options, system = self._plan.options, self._builder.spec.system
        if name == "account":
            return NodeKind.ACCOUNT, system
        if name == "identity":
            return NodeKind.IDENTITY, str(options.identity_system)
        return NodeKind.ROLE, (options.group_system or system) if name == "group" else system


def _values(value_of: Codes | None, words: Codes) -> Codes:
    return words if value_of is None or not len(value_of) else value_of[words]
