"""The sample bank: what the tool finds is what was planted, for everyone, everywhere."""

from __future__ import annotations

import base64
import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer import pipeline
from sod_analyzer.compose.report import tables_of
from sod_analyzer.config import load_config
from sod_analyzer.model.finding import PLACE_ALL, UNRESTRICTED_RULE
from sod_analyzer.pipeline import Judged
from sod_analyzer.rules import find_ruleset, load_ruleset

SAMPLE = Path(__file__).parents[1] / "samples" / "northbank"


@pytest.fixture(scope="session")
def expected() -> dict[str, Any]:
    """What the generator planted, written before the tool ever ran."""
    truth: dict[str, Any] = json.loads((SAMPLE / "EXPECTED.json").read_text(encoding="utf-8"))
    return truth


@pytest.fixture(scope="session")
def judged() -> Judged:
    """The bank, imported and judged."""
    config = load_config(SAMPLE / "sod.yaml")
    snapshot = pipeline.import_exports(config)
    ruleset = load_ruleset(find_ruleset(config.ruleset, config.base))
    return pipeline.judge(config, snapshot, ruleset)


def verdicts(judged: Judged) -> dict[str, dict[str, dict[str, str]]]:
    """Subject key to rule to place to verdict, as the generator writes it."""
    names = judged.analysis.names
    first = judged.analysis.judge.subjects.start
    places = judged.analysis.judge.engine.columns.atlas.places
    found: dict[str, dict[str, dict[str, str]]] = {
        key: defaultdict(dict) for _, key in names.subject_keys.values()
    }
    for result in judged.analysis.results:
        for subject, place, violation in zip(
            result.subject, result.place, result.violation, strict=True
        ):
            _, key = names.subject_keys[first + int(subject)]
            spot = PLACE_ALL if place == len(places) else places[place].key
            word = "violation" if violation else "not-evaluable"
            found[key][result.rule.rule_id][spot] = word
    return found


def test_everyone_gets_the_planted_verdict_of_every_rule_in_every_place(
    judged: Judged, expected: dict[str, Any]
) -> None:
    found = verdicts(judged)

    wrong = []
    for key, person in expected["people"].items():
        for rule, planted in person["rules"].items():
            mine = found[key][rule]
            everywhere = PLACE_ALL in mine
            for place, verdict in planted.items():
                got = mine.get(place, "all" if everywhere else "clear")
                if got != verdict:
                    wrong.append((key, person["name"], rule, place, got, verdict))
    assert wrong == []
    assert found.keys() == expected["people"].keys()


def test_no_place_is_judged_that_the_generator_does_not_know(
    judged: Judged, expected: dict[str, Any]
) -> None:
    planted = {
        (key, rule, place)
        for key, person in expected["people"].items()
        for rule, places in person["rules"].items()
        for place in places
    }

    found = {
        (key, rule, place)
        for key, rules in verdicts(judged).items()
        for rule, places in rules.items()
        for place in places
    }
    assert found <= planted


def test_every_file_has_the_planted_waterfall(judged: Judged, expected: dict[str, Any]) -> None:
    sources = {row["path"]: row for row in judged.analysis.snapshot["sources"].to_pylist()}

    found = {
        path: {name: sources[path][name] for name in counts}
        for path, counts in expected["counts"].items()
    }
    assert found == expected["counts"]


def test_accounts_are_joined_to_the_planted_people(
    judged: Judged, expected: dict[str, Any]
) -> None:
    rows = tables_of(judged.analysis)["population"].to_pylist()

    found = {
        row["subject_key"]: row["account_ids"].split("; ") for row in rows if row["account_ids"]
    }
    planted = {key: sorted(ids) for key, ids in expected["accounts"].items() if ids}
    assert found == planted


def test_dormant_access_is_told_apart(judged: Judged, expected: dict[str, Any]) -> None:
    rows = tables_of(judged.analysis)["dormant"].to_pylist()
    keys = {
        row["identity"]: row["subject_key"]
        for row in tables_of(judged.analysis)["population"].to_pylist()
    }

    found = {(keys[row["subject"]], row["rule_id"], row["place"]) for row in rows}
    planted = {(row["person"], row["rule"], row["place"]) for row in expected["dormant"]}
    assert found == planted


def test_unrestricted_access_is_found_with_its_system(
    judged: Judged, expected: dict[str, Any]
) -> None:
    tables = tables_of(judged.analysis)
    keys = {v["finding_id"]: v for v in tables["violations"].to_pylist()}

    found = {
        (keys[p["finding_id"]]["subject_key"], p["place"])
        for p in tables["places"].to_pylist()
        if keys[p["finding_id"]]["rule_id"] == UNRESTRICTED_RULE
    }
    planted = {(row["person"], row["system"]) for row in expected["unrestricted"]}
    assert found == planted


def test_undecided_links_are_those_planted(judged: Judged, expected: dict[str, Any]) -> None:
    links = judged.analysis.snapshot["links"].to_pylist()
    numbers = {
        row["identity"]: row["employee_id"]
        for row in judged.analysis.snapshot["identities"].to_pylist()
    }

    found: dict[str, set[str]] = defaultdict(set)
    for link in links:
        if link["outcome"] == "candidate":
            found[link["account"]].add(numbers[link["identity"]])
    assert found == {account: set(people) for account, people in expected["undecided"].items()}


def test_every_plant_and_its_near_miss_get_their_verdicts(
    judged: Judged, expected: dict[str, Any]
) -> None:
    found = verdicts(judged)

    def verdict(key: str, rule: str, place: str) -> str:
        mine = found[key][rule]
        return mine.get(place, "all" if PLACE_ALL in mine else "clear")

    wrong = [
        plant["id"]
        for plant in expected["plants"]
        if verdict(plant["person"], plant["rule"], plant["place"]) != plant["verdict"]
        or verdict(plant["near_miss"], plant["rule"], plant["place"]) != plant["near_miss_verdict"]
    ]
    assert wrong == []
    assert len(expected["plants"]) >= 40


def test_every_printed_hop_names_the_record_that_says_so(judged: Judged) -> None:
    """Each hop's record is opened, and must name the hop's holder or target."""
    hops = tables_of(judged.analysis)["hops"].to_pylist()
    sources = {row["source_id"]: row for row in judged.analysis.snapshot["sources"].to_pylist()}

    wrong = []
    for hop in hops:
        source = sources[hop["source_id"]]
        text = _record(SAMPLE / source["path"], source, hop["record"]).casefold()
        words = {
            word
            for node in (hop["from_id"], hop["to_id"])
            for word in re.split(r"[:/@#,=+ ]", node.partition(":")[2].casefold())
            if len(word) > 2 and word not in {"people", "northbank", "example", "group", "repo"}
        }
        if source["kind"] == "config":
            words = {hop["to_id"].partition(":")[0]}  # the federation stands under its system
        elif "#owner" in hop["from_id"]:
            words = {"northbank"}  # what owners may do follows from there being an organisation
        elif text.startswith("gidnumber: "):
            words = {"gidnumber"}  # the primary group, by number
        if not any(word in text for word in words):
            wrong.append((hop["file"], hop["at"], hop["from_id"], hop["to_id"], text[:80]))
    assert wrong == []
    assert len(hops) > 500


def _record(path: Path, source: dict[str, Any], record: int) -> str:
    """The record's own text: a line (unfolded and decoded), or an element."""
    if source["unit"] == "element":
        whole = json.loads(path.read_text(encoding="utf-8"))
        elements = whole["items"] if isinstance(whole, dict) and "items" in whole else whole
        return json.dumps(elements[record] if isinstance(elements, list) else elements)
    lines = path.read_text(encoding=source["encoding"] or "utf-8").split("\n")
    text = lines[record - 1]
    for further in lines[record:]:
        if not further.startswith(" ") or source["importer"] != "ldif":
            break
        text += further[1:]
    if ":: " in text:
        text = base64.b64decode(text.partition(":: ")[2]).decode()
    return re.sub(r"\\([0-9a-f]{2})", lambda m: chr(int(m[1], 16)), text, flags=re.IGNORECASE)
