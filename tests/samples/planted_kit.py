"""Runs the whole job over a sample and holds it to what its generator planted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from sod_analyzer import pipeline
from sod_analyzer.config import load_config
from sod_analyzer.detect.plain import plain_rows
from sod_analyzer.pipeline import Judged
from sod_analyzer.rules import find_ruleset, load_ruleset
from tests.conftest import ROOT

Row = tuple[str, str, str, str]

MADE = {".yaml", ".csv", ".json", ".md"}


def folder_of(sample: str) -> Path:
    """The sample's folder."""
    return ROOT / "samples" / sample


def expected_of(sample: str) -> dict[str, Any]:
    """What the generator wrote down before any tool ran."""
    text = (folder_of(sample) / "EXPECTED.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def planted_rows(sample: str) -> set[Row]:
    """Rule, subject, place and verdict of everything that must be found."""
    results = expected_of(sample)["results"]
    return {(r["rule"], r["subject"], r["place"], r["verdict"]) for r in results}


def judged_sample(sample: str) -> Judged:
    """The sample, imported and judged as a run does it."""
    config = load_config(folder_of(sample) / "sod.yaml")
    snapshot = pipeline.import_exports(config)
    return pipeline.judge(config, snapshot, load_ruleset(find_ruleset(config.ruleset, config.base)))


def found_rows(judged: Judged) -> set[Row]:
    """Rule, subject, place and verdict of everything that was found."""
    return {
        (result.rule.rule_id, row.subject_key, row.place, str(row.verdict))
        for result in judged.analysis.results
        for row in plain_rows(judged.analysis.judge, result)
    }


def contents(folder: Path) -> dict[str, bytes]:
    """The files that a generator makes, by path; reports that a reader made beside them aside."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.suffix in MADE and path.relative_to(folder).parts[0] != "out"
    }


def made_again(sample: str, target: Path, *, seed: str, zone: str) -> dict[str, bytes]:
    """What the generator makes elsewhere, with another hash seed and in another time zone."""
    environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": zone, "PYTHONDONTWRITEBYTECODE": "1"}
    generator = folder_of(sample) / "generate.py"
    command = [sys.executable, str(generator), "--out", str(target)]
    subprocess.run(command, cwd=target.parent, env=environment, check=True)
    return contents(target)


def wrong_plants(sample: str, found: set[Row]) -> list[str]:
    """Titles of plants that, or whose near misses, do not have the verdict planted."""
    verdicts = {(rule, subject, place): verdict for rule, subject, place, verdict in found}

    def verdict(plant: dict[str, str], who: str, place: str) -> str:
        return verdicts.get((plant["rule"], plant[who], plant[place]), "clear")

    return [
        plant["title"]
        for plant in expected_of(sample)["plants"]
        if verdict(plant, "who", "place") != plant["verdict"]
        or verdict(plant, "near", "near_place" if "near_place" in plant else "place")
        != plant["near_verdict"]
    ]
