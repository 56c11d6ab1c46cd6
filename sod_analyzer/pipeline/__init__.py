"""The stages in their order: exports to snapshot, snapshot to analysis, analysis to report.

The only room that knows every stage. It decides nothing about access itself.

A stage is loaded when it is asked for: a question does not wait for what imports need.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sod_analyzer.deferred import names_of

if TYPE_CHECKING:
    from sod_analyzer.pipeline.approving import approve_now
    from sod_analyzer.pipeline.checking import completeness_of, unknown_systems
    from sod_analyzer.pipeline.explaining import Explained, explain, measures_of
    from sod_analyzer.pipeline.folders import (
        FINDINGS,
        NewFolder,
        check_target,
        new_folder,
        reporters_of,
        steps_of,
        store_reach,
        stored_report,
        write_findings,
        write_import,
        write_reports,
    )
    from sod_analyzer.pipeline.importing import import_exports
    from sod_analyzer.pipeline.judging import (
        Judged,
        SpilledTables,
        judge,
        report_of,
        run_facts,
    )
    from sod_analyzer.pipeline.lake import LakeSpace, open_lake
    from sod_analyzer.pipeline.papers import Papers, load_papers
    from sod_analyzer.pipeline.progress import Progress, Silent, silent
    from sod_analyzer.pipeline.questions import Basis, access_of, ask, basis_of
    from sod_analyzer.pipeline.spaces import SETTINGS, SNAPSHOT, Space, open_space
    from sod_analyzer.pipeline.trying import Tried, what_if
    from sod_analyzer.pipeline.workspace import Workspace, open_to_ask, open_workspace

__all__ = [
    "FINDINGS",
    "SETTINGS",
    "SNAPSHOT",
    "Basis",
    "Explained",
    "Judged",
    "LakeSpace",
    "NewFolder",
    "Papers",
    "Progress",
    "Silent",
    "Space",
    "SpilledTables",
    "Tried",
    "Workspace",
    "access_of",
    "approve_now",
    "ask",
    "basis_of",
    "check_target",
    "completeness_of",
    "explain",
    "import_exports",
    "judge",
    "load_papers",
    "measures_of",
    "new_folder",
    "open_lake",
    "open_space",
    "open_to_ask",
    "open_workspace",
    "report_of",
    "reporters_of",
    "run_facts",
    "silent",
    "steps_of",
    "store_reach",
    "stored_report",
    "unknown_systems",
    "what_if",
    "write_findings",
    "write_import",
    "write_reports",
]

#: Where each name above is at home.
_HOMES = {
    "approving": ("approve_now",),
    "checking": ("completeness_of", "unknown_systems"),
    "explaining": ("Explained", "explain", "measures_of"),
    "folders": (
        "FINDINGS",
        "NewFolder",
        "check_target",
        "new_folder",
        "reporters_of",
        "steps_of",
        "store_reach",
        "stored_report",
        "write_findings",
        "write_import",
        "write_reports",
    ),
    "importing": ("import_exports",),
    "judging": ("Judged", "SpilledTables", "judge", "report_of", "run_facts"),
    "lake": ("LakeSpace", "open_lake"),
    "papers": ("Papers", "load_papers"),
    "progress": ("Progress", "Silent", "silent"),
    "questions": ("Basis", "access_of", "ask", "basis_of"),
    "trying": ("Tried", "what_if"),
    "spaces": ("SETTINGS", "SNAPSHOT", "Space", "open_space"),
    "workspace": ("Workspace", "open_to_ask", "open_workspace"),
}

__getattr__ = names_of(__name__, _HOMES)
