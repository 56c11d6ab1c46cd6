"""AWS accounts, from the exports of their own command line; see `docs/importers/aws.md`."""

from sod_analyzer.importers.aws.importer import IMPORTER

__all__ = ["IMPORTER"]
