"""Fetched grants as a snapshot keeps them."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from sod_analyzer.assemble.columns import canonical, worded
from sod_analyzer.model.access import GRANTS

#: Grants stand in the order of these columns, and then of all others: as assembly puts them.
_FIRST = ("holder", "target", "kind", "source_id", "record")


def coded(rows: pa.Table) -> pa.Table:
    """Rows as Spark gives them, in the types of a snapshot's grants."""
    return worded(rows.select(GRANTS.names), GRANTS)


def as_grants(pieces: Iterable[pa.Table]) -> pa.Table:
    """Coded rows in the order of a snapshot's grants, repeats once."""
    return canonical(worded(pa.concat_tables(pieces), GRANTS), first=_FIRST)
