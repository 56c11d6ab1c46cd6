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
from sod_analyzer.model.finding import PLACE_ALL, UNRESTRICTED_RULE, decided_text
from sod_analyzer.pipeline import Judged
from sod_analyzer.pipeline.papers import load_papers
from sod_analyzer.rules import find_ruleset, load_ruleset
from tests.report.plainly import hops as hops_of
from tests.samples.sign_northbank import signed

Rows = list[dict[str, Any]]
#: Rule to subject key to place to verdict, as the generator writes it; what is clear is not there.
Results = dict[str, dict[str, dict[str, str]]]

RULES = tuple(f"DEV-{number:02d}" for number in range(1, 39))
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
    return pipeline.judge(config, snapshot, ruleset, load_papers(config, ruleset))


@pytest.fixture(scope="session")
def tables(judged: Judged) -> dict[str, Rows]:
    """The report's tables, by row."""
    return {name: table.to_pylist() for name, table in tables_of(judged.analysis).items()}


@pytest.fixture(scope="session")
def found(tables: dict[str, Rows]) -> Results:
    """What the report says, rule by rule."""
    findings = {row["finding_id"]: row for row in tables["violations"]}
    results: Results = {}
    for row in tables["places"]:
        finding = findings[row["finding_id"]]
        if finding["rule_id"] != UNRESTRICTED_RULE:
            places = results.setdefault(finding["rule_id"], {}).setdefault(
                finding["subject_key"], {}
            )
            places[row["place"]] = row["verdict"]
    return results


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_finds_whom_it_must_where_it_must_and_nobody_else(
    found: Results, expected: dict[str, Any], rule: str
) -> None:
    assert found.get(rule, {}) == expected["results"].get(rule, {})


def test_no_rule_is_left_out(found: Results, expected: dict[str, Any]) -> None:
    assert set(RULES) == expected["rules"].keys()
    assert found.keys() <= set(RULES)


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_says_whether_it_could_be_judged(
    tables: dict[str, Rows], expected: dict[str, Any], rule: str
) -> None:
    (row,) = (row for row in tables["rules"] if row["rule_id"] == rule)

    assert row["state"] == expected["rules"][rule]


def test_everyone_is_assessed_by_name(tables: dict[str, Rows], expected: dict[str, Any]) -> None:
    names = {row["subject_key"]: row["name"] for row in tables["population"]}

    assert names == {
        key: name if key[:2] == "00" else names[key] for key, name in expected["people"].items()
    }


@pytest.mark.parametrize("rule", ["DEV-30", "DEV-31"])
def test_people_are_counted_as_planted(judged: Judged, expected: dict[str, Any], rule: str) -> None:
    analysis = judged.analysis
    places = analysis.judge.engine.columns.atlas.places
    (result,) = (r for r in analysis.results if r.rule.rule_id == rule)

    counted = {
        places[count.place].key: (
            count.found,
            sorted(analysis.names.subject(m.code)[1] for m in count.members if m.sure),
        )
        for count in result.counts
    }

    planted = expected["measures"][rule]
    assert counted == {place: (m["found"], m["people"]) for place, m in planted.items()}


def test_the_smallest_team_has_the_planted_size_and_is_able(
    judged: Judged, expected: dict[str, Any]
) -> None:
    """Which of several equally small teams is named is the tool's choice."""
    analysis = judged.analysis
    places = analysis.judge.engine.columns.atlas.places
    (result,) = (r for r in analysis.results if r.rule.rule_id == "DEV-32")

    teams = {
        places[count.place].key: sorted(
            analysis.names.subject(m.code)[1] for m in count.members if m.sure
        )
        for count in result.counts
    }

    planted = expected["measures"]["DEV-32"]
    assert teams.keys() == planted.keys()
    assert [place for place, team in teams.items() if team not in planted[place]["able"]] == []
    assert {p: len(team) for p, team in teams.items()} == {
        place: measure["found"] for place, measure in planted.items()
    }


def test_mitigations_stand_as_planted(tables: dict[str, Rows], expected: dict[str, Any]) -> None:
    standings = {row["mitigation_id"]: row["standing"] for row in tables["mitigations"]}

    assert standings == expected["mitigations"]
    assert set(standings.values()) >= {"in force", "expired", "overdue", "lapsed", "unused"}


def test_what_was_signed_and_what_has_changed_since(judged: Judged) -> None:
    rows = {row["what"]: row for row in judged.papers.rows().to_pylist()}

    # The bank takes the ruleset that comes with the tool: a new text there is a change here too.
    assert rows.pop("ruleset")["state"] in {"approved", "changed since approval"}
    assert {what: row["state"] for what, row in rows.items()} == {
        "aliases": "approved",
        "catalogue": "changed since approval",
        "mitigations": "changed since approval",
        "systems": "approved",
    }
    assert "shared-auth" in rows["catalogue"]["changes"]
    assert rows["mitigations"]["changes"].startswith("+ ")


def test_the_papers_are_those_that_signing_makes(tmp_path: Path) -> None:
    """If not, run `python -m tests.samples.sign_northbank`."""
    made = signed(tmp_path / "bank")

    def contents(folder: Path) -> dict[str, bytes]:
        return {
            path.name: path.read_bytes()
            for path in sorted(folder.iterdir())
            if not path.name.startswith(("approvals.", "ruleset-"))
        }

    assert contents(made) == contents(SAMPLE / "approvals")
    assert len(contents(made)) == 8


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


def test_dormant_access_and_what_a_change_would_break_are_told_apart(
    judged: Judged, expected: dict[str, Any]
) -> None:
    rows = tables_of(judged.analysis)["dormant"].to_pylist()
    keys = {
        row["identity"]: row["subject_key"]
        for row in tables_of(judged.analysis)["population"].to_pylist()
    }

    told: dict[bool, set[tuple[str, str, str]]] = {True: set(), False: set()}
    for row in rows:
        own = row["why"] == "could become a violation by one own change"
        told[own].add((keys[row["subject"]], row["rule_id"], row["place"]))
    for own, name in ((False, "dormant"), (True, "could_become")):
        planted = {(row["person"], row["rule"], row["place"]) for row in expected[name]}
        assert planted
        assert told[own] == planted


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
    found: Results, expected: dict[str, Any]
) -> None:
    def verdict(key: str, rule: str, place: str) -> str:
        mine = found.get(rule, {}).get(key, {})
        told = mine.get(place, "all" if PLACE_ALL in mine else "clear")
        return "violation" if told == "mitigated" else told  # what a control excuses is broken

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
    hops = hops_of(tables_of(judged.analysis))
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


def test_paths_and_hops_end_with_what_decides(tables: dict[str, Rows]) -> None:
    """But for everything in a system, which no statement tells."""
    told = {row["hop"]: row for row in tables["decisions"]}
    whole = {n for n, row in enumerate(tables["legs"]) if row["duty"] == "(unrestricted)"}
    vague: set[int] = set()

    for number, hop in enumerate(tables["hops"]):
        leg, edge = tables["legs"][hop["leg"]], tables["edges"][hop["edge"]]
        if edge["to_name"] != "whatever its policies allow":
            assert number not in told
        elif number not in told:
            vague.add(hop["leg"])
        else:
            said = told[number]
            text = decided_text(said["system"], said["action"], said["resource"], said["by"])
            assert text in leg["path"].split(" + ")[hop["part"] - 1]
            # A condition of the hop is that of the statement.
            assert (", if " in said["by"]) == ("conditional: " in (edge["note"] or "")), said

    assert vague <= whole
    assert len({said["by"] for said in told.values() if "policy: arn:" in said["by"]}) > 10
    assert len(told) > 80


def _record(path: Path, source: dict[str, Any], record: int) -> str:
    """The record's own text: a line (unfolded and decoded), or an element."""
    if source["unit"] == "element":
        whole = json.loads(path.read_text(encoding="utf-8"))
        if "UserDetailList" in whole:
            lists = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
            return json.dumps([each for name in lists for each in whole[name]][record])
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
