"""What would follow if access were taken away or given, before anybody touches it."""

from __future__ import annotations

from sod_analyzer.remediate.changes import Change, Difference, compare
from sod_analyzer.remediate.edits import Edit, apply_edits, find_edit

__all__ = ["Change", "Difference", "Edit", "apply_edits", "compare", "find_edit"]
