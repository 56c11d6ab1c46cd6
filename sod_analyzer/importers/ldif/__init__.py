"""Importer for LDIF, the text form of an LDAP directory."""

from sod_analyzer.importers.ldif.importer import IMPORTER

__all__ = ["IMPORTER"]
