"""The rule author's bench: rules run over their cases, through the real engine."""

from __future__ import annotations

from sod_analyzer.rulebench.cases import CaseResult, facts, run_cases

__all__ = ["CaseResult", "facts", "run_cases"]
