"""Signs the sample bank's papers anew: `python -m tests.samples.sign_northbank`.

The generator knows nothing of the tool, and only the tool can pin a mitigation to what it finds. So
the bank is made as it was when its papers were signed, everything is approved there, and the folder
`approvals/` is taken over. Needed after a change of the ruleset, of the sample, or of the format.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from sod_analyzer import pipeline
from sod_analyzer.config import load_config
from sod_analyzer.pipeline.approving import approve_now
from sod_analyzer.rules import find_ruleset, load_ruleset
from tests.conftest import ROOT

FOLDER = ROOT / "samples" / "northbank"
BY, ON = "Change Advisory Board", date(2026, 10, 1)


def signed(folder: Path) -> Path:
    """Make the bank in `folder` as it was then, approve all of it; the approvals' folder."""
    generator = [sys.executable, str(FOLDER / "generate.py"), "--as-approved", "--out", str(folder)]
    subprocess.run(generator, check=True)
    config = load_config(folder / "sod.yaml")
    ruleset = load_ruleset(find_ruleset(config.ruleset, config.base))
    judged = pipeline.judge(config, pipeline.import_exports(config), ruleset)
    approve_now(config, ruleset, (), by=BY, on=ON, analysis=judged.analysis)
    return config.base / config.approvals


def main() -> None:
    """Replace the sample's approvals."""
    with tempfile.TemporaryDirectory() as folder:
        made = signed(Path(folder) / "bank")
        shutil.rmtree(FOLDER / "approvals", ignore_errors=True)
        shutil.copytree(made, FOLDER / "approvals")


if __name__ == "__main__":
    main()
