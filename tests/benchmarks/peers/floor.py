"""What nobody who starts from these files can do without: reading and coding them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from tests.benchmarks.peers.laps import Laps

_BLOCK = 32 << 20


def read_then_code(world: Path, laps: Laps) -> None:
    """Every column as text, then coded: one dictionary for each column."""
    for path in sorted(world.glob("*.csv")):
        with laps.lap("read"):
            table = _read(path, pa.string())
        for name in table.column_names:
            # One column at a time, and the text let go: half the memory, the same time.
            with laps.lap("code"):
                table.column(name).dictionary_encode()
                table = table.drop_columns([name])


def code_while_reading(world: Path, laps: Laps) -> None:
    """Every column coded block by block while reading, as pyarrow offers it."""
    for path in sorted(world.glob("*.csv")):
        with laps.lap("read"):
            table = _read(path, pa.dictionary(pa.int32(), pa.string()))
        with laps.lap("code"):
            for name in table.column_names:
                _one_dictionary(table.column(name))


def _one_dictionary(column: pa.ChunkedArray) -> None:
    """Codes that mean the same in every block; a dictionary that blocks share is coded once."""
    first = column.chunk(0).dictionary if column.num_chunks else None
    if all(chunk.dictionary.equals(first) for chunk in column.chunks):
        return
    words = pc.unique(pa.chunked_array([chunk.dictionary for chunk in column.chunks]))
    for chunk in column.chunks:
        pc.index_in(chunk.dictionary, words).take(chunk.indices)


def _read(path: Path, type_: pa.DataType) -> pa.Table:
    with path.open(encoding="utf-8") as stream:
        names = stream.readline().strip().split(",")
    return csv.read_csv(
        path,
        read_options=csv.ReadOptions(block_size=_BLOCK),
        convert_options=csv.ConvertOptions(column_types=dict.fromkeys(names, type_)),
    )
