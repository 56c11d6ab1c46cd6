"""The rule author's bench: rules run over their cases, through the real engine."""

from __future__ import annotations

from sod_analyzer.rulebench.cases import Bench, CaseResult, run_cases
from sod_analyzer.rulebench.court import Said

__all__ = ["Bench", "CaseResult", "Said", "run_cases"]
