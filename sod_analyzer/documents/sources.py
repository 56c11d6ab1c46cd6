"""What the `sources` table says of a YAML document."""

from __future__ import annotations

from collections.abc import Iterable

from sod_analyzer.documents.reading import Document


def document_source_row(
    document: Document, *, source_id: str, kind: str, records: Iterable[int]
) -> dict[str, object]:
    """One row of `sources`, so that a record in this document can be printed with its line.

    `records` are the lines on which entries begin; each counts as parsed. All further lines,
    comments included, count as continued.
    """
    entries = len(frozenset(records))
    return {
        "source_id": source_id,
        "system": None,
        "importer": "yaml",
        "kind": kind,
        "path": document.path,
        "sha256": document.sha256,
        "bytes": document.bytes,
        "encoding": document.encoding,
        # Written by hand, not extracted: it has no part in the age of the facts.
        "extracted_at": None,
        "extracted_at_basis": None,
        "status": "read",
        "unit": "line",
        "record_template": "line {record}",
        "lines": document.lines,
        "continued": document.lines - entries,
        "header": 0,
        "blank": 0,
        "parsed": entries,
        "rejected": 0,
        "duplicate": 0,
        "filtered": 0,
        "loaded": entries,
    }
