"""The stages in their order: exports to snapshot, snapshot to analysis, analysis to report.

The only room that knows every stage. It decides nothing about access itself.
"""

from __future__ import annotations

from sod_analyzer.pipeline.folders import (
    FINDINGS,
    SETTINGS,
    SNAPSHOT,
    NewFolder,
    Workspace,
    check_target,
    new_folder,
    open_workspace,
    reporters_of,
    steps_of,
    stored_report,
    write_findings,
    write_import,
    write_reports,
)
from sod_analyzer.pipeline.importing import import_exports
from sod_analyzer.pipeline.judging import Judged, judge, report_of, run_facts, unknown_systems
from sod_analyzer.pipeline.papers import Papers, approve_now, load_papers
from sod_analyzer.pipeline.progress import Progress, silent
from sod_analyzer.pipeline.questions import (
    Explained,
    access_of,
    ask,
    completeness_of,
    explain,
    measures_of,
)
from sod_analyzer.pipeline.trying import Tried, what_if

__all__ = [
    "FINDINGS",
    "SETTINGS",
    "SNAPSHOT",
    "Explained",
    "Judged",
    "NewFolder",
    "Papers",
    "Progress",
    "Tried",
    "Workspace",
    "access_of",
    "approve_now",
    "ask",
    "check_target",
    "completeness_of",
    "explain",
    "import_exports",
    "judge",
    "load_papers",
    "measures_of",
    "new_folder",
    "open_workspace",
    "report_of",
    "reporters_of",
    "run_facts",
    "silent",
    "steps_of",
    "stored_report",
    "unknown_systems",
    "what_if",
    "write_findings",
    "write_import",
    "write_reports",
]
