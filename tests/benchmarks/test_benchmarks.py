"""The benchmark runs, and measures the same answer as its peer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from sod_analyzer import pipeline
from sod_analyzer.catalogue.places import Place, PlaceKind
from sod_analyzer.config import load_config
from sod_analyzer.evaluate.lens import PLAIN
from sod_analyzer.rules import find_ruleset, load_ruleset
from tests.benchmarks import plain
from tests.benchmarks.estate import bank
from tests.benchmarks.stages import measure


def test_every_stage_is_measured(tmp_path: Path) -> None:
    laps = measure(100, tmp_path)

    stages = {lap.stage for lap in laps}
    assert {"import", "reach and rules", "report tables", "write evidence.xlsx"} <= stages
    assert all(lap.peer in stages for lap in laps if lap.peer is not None)


def test_the_peer_reaches_what_the_engine_reaches(tmp_path: Path) -> None:
    made = bank(tmp_path, people=200)
    config = load_config(tmp_path / "sod.yaml")
    snapshot = pipeline.import_exports(config)
    ruleset = load_ruleset(find_ruleset(config.ruleset, config.base))
    judge = pipeline.judge(config, snapshot, ruleset).analysis.judge
    action, application = next((a, app) for _, a, app in made.rights if a == "promote")
    only = [(g, a, app) for g, a, app in made.rights if (a, app) == (action, application)]

    masks = plain.close_masks(replace(made, rights=only))
    place = judge.engine.columns.atlas.number[Place(PlaceKind.APPLICATION, f"app{application}")]
    pairs = np.arange(len(judge.subjects)) * judge.engine.n_places + place
    held = judge.holding(PLAIN).at("deploy", pairs)
    numbers = snapshot["identities"].column("employee_id").to_pylist()

    got = {int(numbers[n]) for n in np.flatnonzero(held)}
    assert got == {person for person, mask in masks.items() if mask}
