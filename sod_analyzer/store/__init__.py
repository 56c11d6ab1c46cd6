"""Snapshots on disk, and files and folders that appear whole or not at all."""

from __future__ import annotations

from sod_analyzer.store.atomic import atomic_file, atomic_folder
from sod_analyzer.store.seal import SUMS, check_seal, seal
from sod_analyzer.store.snapshots import (
    MANIFEST,
    read_snapshot,
    read_without_grants,
    write_snapshot,
)

__all__ = [
    "MANIFEST",
    "SUMS",
    "atomic_file",
    "atomic_folder",
    "check_seal",
    "read_snapshot",
    "read_without_grants",
    "seal",
    "write_snapshot",
]
