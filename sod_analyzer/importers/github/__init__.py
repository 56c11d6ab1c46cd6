"""GitHub organisations, from a folder of API answers saved as JSON."""

from sod_analyzer.importers.github.importer import IMPORTER

__all__ = ["IMPORTER"]
