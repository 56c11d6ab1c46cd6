"""Kubernetes role-based access, from objects as `kubectl get -o json` or `-o yaml` prints them."""

from sod_analyzer.importers.kubernetes.importer import IMPORTER

__all__ = ["IMPORTER"]
