"""Writing down that somebody approved what is signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa

from sod_analyzer.compose.broken import Broken
from sod_analyzer.compose.findings import FindingWriter
from sod_analyzer.compose.report import Analysis
from sod_analyzer.config import Config
from sod_analyzer.detect.mitigations import pins_for
from sod_analyzer.errors import ConfigError
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline.papers import Papers, load_papers
from sod_analyzer.rules.approvals import What, approve
from sod_analyzer.rules.pins import PINS_NAME, Pins, write_pins


def approve_now(
    config: Config,
    ruleset: Ruleset,
    what: Sequence[What],
    *,
    by: str,
    on: date,
    analysis: Analysis | None = None,
) -> pa.Table:
    """Write down that what the configuration names was approved as it is; all of it when no `what`.

    Mitigations are pinned to what `analysis` finds, so they need one.

    Returns:
        The approvals as they stand afterwards, as the report's table.

    Raises:
        ConfigError: something is to be approved that there is not.
    """
    papers = load_papers(config, ruleset)
    known = {each.what: each for each in papers.approvables}
    missing = [str(each) for each in what if each not in known]
    if missing:
        raise ConfigError(f"the configuration names no {', '.join(missing)}, so nothing to approve")
    chosen = [known[each] for each in (what or sorted(known))]
    folder = config.base / config.approvals
    if any(each.what is What.MITIGATIONS for each in chosen):
        _pin(papers, analysis, folder)
    approvals = approve(folder, chosen, by=by, on=on)
    return replace(papers, approvals=approvals).rows()


def _pin(papers: Papers, analysis: Analysis | None, folder: Path) -> None:
    if papers.register is None or analysis is None:
        raise ConfigError(
            "mitigations are approved for what was found; run `sod run` first and name its folder "
            "with --in"
        )
    writer = FindingWriter(analysis.judge, analysis.names, analysis.ruleset.duty)
    register = papers.register.mitigations
    pins = pins_for(register, Broken(writer.write(analysis.results)).of(register))
    write_pins(folder / PINS_NAME, Pins(papers.register.digest, pins))
