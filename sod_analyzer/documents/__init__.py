"""YAML documents with the line of everything in them, turned into the caller's own dataclasses."""

from __future__ import annotations

from sod_analyzer.documents.binding import bind, bound, load
from sod_analyzer.documents.problems import Problems, quoted, suggest
from sod_analyzer.documents.reading import Document, document_of, read_document, shown_path
from sod_analyzer.documents.sources import document_source_row
from sod_analyzer.documents.tree import Keyed, Listed, Scalar, Value, Word

__all__ = [
    "Document",
    "Keyed",
    "Listed",
    "Problems",
    "Scalar",
    "Value",
    "Word",
    "bind",
    "bound",
    "document_of",
    "document_source_row",
    "load",
    "quoted",
    "read_document",
    "shown_path",
    "suggest",
]
