"""A result as plain rows: for benches and tests, which want names and not codes."""

from __future__ import annotations

from dataclasses import dataclass

from sod_analyzer.detect.judge import Judge
from sod_analyzer.detect.results import RuleResult
from sod_analyzer.model.finding import PLACE_ALL, Verdict
from sod_analyzer.model.ruleset import Holder


@dataclass(frozen=True, slots=True, order=True)
class PlainVerdict:
    """What a rule says of one subject in one place; mitigations are not weighed."""

    subject: str  # node id; place key for a rule that counts people
    subject_key: str  # employee id where it is one person's alone, else the same
    place: str
    verdict: Verdict
    reason: str | None = None


def plain_rows(judge: Judge, result: RuleResult) -> tuple[PlainVerdict, ...]:
    """Every row that is not clear, in the result's order."""
    labels = [*(place.label for place in judge.engine.columns.atlas.places), PLACE_ALL]
    ids = judge.engine.snapshot.node_ids
    verdicts = list(Verdict)
    keys = judge.population(Holder.IDENTITY).keys if result.subjects == judge.subjects else None
    rows = []
    for row, (subject, place, verdict) in enumerate(
        zip(result.subject.tolist(), result.place.tolist(), result.verdict.tolist(), strict=True)
    ):
        label = labels[place]
        node = label if subject < 0 else ids[result.subjects.start + subject]
        key = str(keys[subject].as_py()) if keys is not None and subject >= 0 else node
        rows.append(PlainVerdict(node, key, label, verdicts[verdict], result.reasons.get(row)))
    return tuple(rows)
