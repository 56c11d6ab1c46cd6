"""The snapshot's digest: one number for what the tables say, however they are stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.model.access import SCHEMA_VERSION


def tables_digest(tables: Mapping[str, pa.Table], *, as_of: date) -> str:
    """SHA-256, in hex, over schema version, day and every value of every table.

    Takes the tables as they are: sort them first. How a table is cut into chunks or encoded
    changes nothing. A null differs from an empty text and from zero; two neighbouring values never
    run into each other, since each text is preceded by its length.

    Cost: one pass over all bytes.
    """
    digest = hashlib.sha256()
    digest.update(f"sod-analyzer snapshot {SCHEMA_VERSION} {as_of.isoformat()}\n".encode())
    for name in sorted(tables):
        table = tables[name]
        digest.update(f"table {name} {table.num_rows}\n".encode())
        for field in table.schema:
            column = table.column(field.name)
            if pa.types.is_dictionary(field.type):
                column = column.cast(field.type.value_type)
            digest.update(f"column {field.name} {column.type}\n".encode())
            _add_column(digest, column)
    return digest.hexdigest()


def _add_column(digest: hashlib._Hash, column: pa.ChunkedArray) -> None:
    if not len(column):
        return
    digest.update(_fixed(pc.is_valid(column).cast(pa.uint8()), 1))
    if pa.types.is_string(column.type):
        # Large: the texts of one column may be more than 2 GB together.
        texts = column.fill_null("").cast(pa.large_string()).combine_chunks()
        digest.update(_fixed(pc.binary_length(texts).cast(pa.int64()), 8))
        _, offsets, content = texts.buffers()
        if content is not None:
            ends = memoryview(offsets).cast("q")
            span = ends[texts.offset], ends[texts.offset + len(texts)]
            digest.update(memoryview(content)[span[0] : span[1]])
    elif pa.types.is_boolean(column.type):
        digest.update(_fixed(column.fill_null(pa.scalar(value=False)).cast(pa.uint8()), 1))
    else:
        small = column.cast(pa.int32()) if pa.types.is_date32(column.type) else column
        digest.update(_fixed(small.cast(pa.int64()).fill_null(0), 8))


def _fixed(values: pa.ChunkedArray | pa.Array, width: int) -> memoryview:
    """The values' bytes, little-endian as Arrow keeps them."""
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    content = memoryview(whole.buffers()[1])
    return content[whole.offset * width : (whole.offset + len(whole)) * width]
