"""A source whose files are not there, as a batch of its own."""

from __future__ import annotations

from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import Batch, BatchBuilder, SourceSpec, Waterfall


def missing_source(spec: SourceSpec, why: str) -> Batch:
    """A batch that says a source is not there."""
    builder = BatchBuilder(spec)
    counts = Waterfall("line")
    builder.row(
        "sources",
        source_id=spec.source_id,
        system=spec.system,
        importer=spec.importer,
        kind=spec.importer,
        path=spec.path,
        status="missing",
        unit=counts.unit,
        query=spec.query,
        evidence=spec.evidence,
        expected_count=spec.expected_count,
        extracted_by=spec.extracted_by,
        **dict.fromkeys(
            (
                "bytes",
                "lines",
                "continued",
                "header",
                "blank",
                "parsed",
                "rejected",
                "duplicate",
                "filtered",
                "loaded",
            ),
            0,
        ),
    )
    builder.issue(
        "missing-source", why, hides=Hides.YES, source_id=spec.source_id, subject=spec.source_id
    )
    return builder.take()
