"""What the input leaves open, and who answers for it."""

from __future__ import annotations

from sod_analyzer.completeness.check import CompletenessResult, check
from sod_analyzer.completeness.gaps import Gap

__all__ = ["CompletenessResult", "Gap", "check"]
