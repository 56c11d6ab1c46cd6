"""Fetched grants as a snapshot keeps them."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from sod_analyzer.assemble.columns import canonical, worded
from sod_analyzer.model.access import GRANTS

#: Grants stand in the order of these columns, and then of all others: as assembly puts them.
_FIRST = ("holder", "target", "kind", "source_id", "record")


def as_grants(pieces: Iterable[pa.Table]) -> pa.Table:
    """Rows in the order and the types of a snapshot's grants, repeats once."""
    spelled = pa.schema(
        field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
        for field in GRANTS
    )
    rows = pa.concat_tables([each.select(GRANTS.names).cast(spelled) for each in pieces])
    return canonical(worded(rows, GRANTS), first=_FIRST)
