"""`sod rules`: every command on small rulesets, through the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sod_analyzer import cli
from tests.e2e.estate import Estate, clean

RULES = """\
ruleset: small
version: 1
owner: me
title: A small one
duties:
  write: {title: Write, ways: [{product: gh, action: push}]}
  ship: {title: Ship, ways: [{product: k8s, action: deploy}]}
rules:
  R1-01:
    title: Write and ship
    duties: {all_of: [write, ship]}
    scope: application
    severity: high
    why: Loss.
    references: {soc2: [CC6.3], iso-27001-2022: [A.5.3]}
"""

CASES = """\
ruleset: small
systems:
  gh: {product: gh}
  k8s: {product: k8s}
applications:
  pay: {resources: [{system: gh, resource: o/pay}, {system: k8s, resource: pay}]}
  web: {resources: [{system: gh, resource: o/web}, {system: k8s, resource: web}]}
R1-01:
  hit:
    - ann: [gh push o/pay, k8s deploy pay]
      at: pay
  miss:
    - ann: [gh push o/pay, k8s deploy web]
      differs: application
    - ann: [gh push o/pay, k8s look pay]
      differs: right
    - ann: [gh push o/pay]
      differs: duty
"""


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "small.yaml").write_text(RULES)
    (tmp_path / "small.cases.yaml").write_text(CASES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sod(*arguments: str) -> Result:
    return CliRunner().invoke(cli.sod, arguments)


def answer(*arguments: str) -> dict[str, object]:
    result = sod(*arguments, "--format", "json")
    told: dict[str, object] = json.loads(result.stdout)
    return told


def test_help_of_the_group_loads_no_heavy_library() -> None:
    code = (
        "import sys\nfrom sod_analyzer.cli import main\n"
        "sys.argv = ['sod', 'rules', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "heavy = ['pyarrow', 'numpy', 'pydantic', 'yaml', 'rich', 'jinja2', 'xlsxwriter']\n"
        "print([m for m in heavy if m in sys.modules], file=sys.stderr)\n"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert done.stderr.strip() == "[]"


def test_list_names_the_builtin_rulesets() -> None:
    rows = answer("rules", "list")["rows"]

    assert isinstance(rows, list)
    (devops,) = [row for row in rows if row["ruleset"] == "devops"]
    assert devops["owner"] == "IT risk"
    assert devops["rules"] > 0
    assert devops["cases"] > devops["rules"]


def test_list_names_the_rules_of_one(small: Path) -> None:
    assert answer("rules", "list", "./small.yaml") == {
        "ruleset": "small",
        "rows": [
            {
                "rule": "R1-01",
                "kind": "combination",
                "severity": "high",
                "scope": "application",
                "title": "Write and ship",
                "asks": "nobody has write and ship",
                "ruleset": "small",
                "status": "stable",
            }
        ],
    }


def test_show_tells_a_ruleset_a_rule_and_a_duty(small: Path) -> None:
    whole = sod("rules", "show", "./small.yaml", "--format", "csv").stdout
    rule = sod("rules", "show", "./small.yaml", "R1-01", "--format", "csv").stdout
    duty = sod("rules", "show", "./small.yaml", "ship", "--format", "csv").stdout

    assert "duty,ship: Ship\n" in whole
    assert "rule,R1-01 Write and ship\n" in whole
    assert "way to ship,k8s: deploy\n" in rule
    assert 'cases,"1 hit, 3 miss"\n' in rule
    assert "reference,iso-27001-2022 A.5.3\n" in rule
    assert "rule,R1-01 Write and ship\n" in duty


def test_show_suggests_a_near_name(small: Path) -> None:
    result = sod("rules", "show", "./small.yaml", "shipp")

    assert result.exit_code == 2
    assert "small has no rule and no duty 'shipp'; did you mean 'ship'?" in result.stderr


def test_test_passes_and_prints_its_counts(small: Path) -> None:
    result = sod("rules", "test", "./small.yaml")

    assert result.exit_code == 0
    assert result.stderr == "4 cases of 1 rules; 0 problems\n"
    assert answer("rules", "test", "./small.yaml")["kinds"] == [
        {
            "kind": "combination",
            "hit": 1,
            "miss": 3,
            "gated": 0,
            "mitigated": 0,
            "not-evaluable": 0,
        }
    ]


def test_a_wrong_rule_fails_with_file_and_line(small: Path) -> None:
    (small / "small.yaml").write_text(RULES.replace("action: deploy", "action: look"))

    result = sod("rules", "test", "./small.yaml")

    assert result.exit_code == 3
    assert "small.cases.yaml:10: R1-01 ann: expected hit at pay, found miss" in result.stderr
    assert "small.cases.yaml:15: R1-01 ann: expected miss, found hit at pay" in result.stderr


def test_a_case_taken_away_fails_with_the_rule(small: Path) -> None:
    (small / "small.cases.yaml").write_text(CASES.rpartition("    - ann")[0])

    told = answer("rules", "test", "./small.yaml")

    assert told["passed"] is False
    assert told["problems"] == [
        "small.yaml:9: R1-01 has no miss that is one fact from a hit: one duty short"
    ]


def test_broken_files_are_told_together_and_exit_2(small: Path) -> None:
    (small / "other.yaml").write_text(RULES.replace("write, ship", "wrte, ship"))
    (small / "small.cases.yaml").write_text(CASES.replace("R1-01:", "R1-07:"))

    result = sod("rules", "test", "./other.yaml", "./small.yaml")

    assert result.exit_code == 2
    assert "did you mean 'write'?" in result.stderr
    assert "small.cases.yaml:8: no rule 'R1-07' in small" in result.stderr


def test_mutation_scores_each_rule_and_lists_what_survives(small: Path) -> None:
    told = answer("rules", "test", "./small.yaml", "--mutation")

    rows, survivors = told["rows"], told["survivors"]
    assert isinstance(rows, list)
    assert isinstance(survivors, list)
    (row,) = rows
    assert {each["survivor"] for each in survivors} >= {"R1-01: only what is sure"}
    assert row["mutants"] == row["noticed"] + len(survivors)
    assert told["scores"] == {"small": row["score"]}


def test_a_score_below_the_least_exits_3(small: Path) -> None:
    assert sod("rules", "test", "./small.yaml", "--mutation", "--min-score", "40").exit_code == 0
    assert sod("rules", "test", "./small.yaml", "--mutation", "--min-score", "90").exit_code == 3
    assert sod("rules", "test", "./small.yaml", "--min-score", "90").exit_code == 2


def test_a_table_shows_rules_kinds_and_survivors(small: Path) -> None:
    shown = sod("rules", "test", "./small.yaml", "--mutation").stdout

    assert [line.split()[0] for line in shown.splitlines() if "───" not in line][:4] == [
        "ruleset",
        "small",
        "kind",
        "combination",
    ]
    assert "narrow certainty" in shown


def test_lint_lists_what_is_odd_and_exits_3_on_errors(small: Path) -> None:
    clean = sod("rules", "lint", "./small.yaml", "--on", "2026-10-01", "--format", "json")
    twin = RULES[RULES.index("  R1-01:") :].replace("R1-01", "R1-02").replace("ship\n", "ship 2\n")
    (small / "twice.yaml").write_text(RULES + twin)
    wrong = sod("rules", "lint", "./twice.yaml", "--on", "2026-10-01", "--format", "json")

    assert clean.exit_code == 0
    assert "unapproved" in {row["code"] for row in json.loads(clean.stdout)["rows"]}
    assert wrong.exit_code == 3
    (row,) = [r for r in json.loads(wrong.stdout)["rows"] if r["severity"] == "error"]
    assert (row["code"], row["at"]) == ("duplicate-rule", "twice.yaml:16")


def test_schemas_are_json_and_differ() -> None:
    rules, cases = sod("rules", "schema"), sod("rules", "schema", "--cases")

    assert "duties" in json.loads(rules.stdout)["properties"]
    assert "systems" in json.loads(cases.stdout)["properties"]


def test_the_crosswalk_of_a_ruleset(small: Path) -> None:
    assert answer("rules", "crosswalk", "./small.yaml")["rows"] == [
        {
            "framework": "iso-27001-2022",
            "requirement": "A.5.3",
            "rules": ["R1-01"],
            "controls": [],
        },
        {"framework": "soc2", "requirement": "CC6.3", "rules": ["R1-01"], "controls": []},
    ]


def test_the_matrix_as_table_sheet_and_page(small: Path) -> None:
    told = sod("rules", "matrix", "./small.yaml", "--xlsx", "m.xlsx", "--html", "m.html")

    assert told.exit_code == 0
    assert "high: R1-01" in told.stdout
    assert told.stderr == "wrote m.xlsx\nwrote m.html\n"
    assert (small / "m.xlsx").read_bytes()[:2] == b"PK"
    assert "R1-01" in (small / "m.html").read_text()


@pytest.fixture
def bank(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Estate:
    estate = clean(tmp_path / "bank")
    monkeypatch.chdir(estate.folder)
    return estate


def test_coverage_counts_the_rights_that_no_duty_sees(bank: Estate) -> None:
    assert sod("import", "--out", "out").exit_code in {0, 4}

    told = answer("rules", "coverage", "--in", "out")

    shares, rows = told["shares"], told["rows"]
    assert isinstance(shares, list)
    assert isinstance(rows, list)
    assert {row["what"]: row["unmapped"] for row in shares}["entitlements"] > 0
    nodes = [row for row in rows if row["action"] == "get nodes"]
    assert [(row["people"], row["who"]) for row in nodes] == [(1, "Bob Ray")]
    assert [row["pattern"] for row in told["patterns"]] == [  # type: ignore[attr-defined]
        "tickets: promote [environment=prod]"
    ]


def test_approving_all_and_then_changing_a_rule_shows_in_lint(bank: Estate) -> None:
    done = sod("rules", "approve", "--by", "Board", "--on", "2026-10-01", "--format", "csv")

    assert done.exit_code == 0
    assert "ruleset,small 2026.1,approved,Board,2026-10-01," in done.stdout
    assert "catalogue,catalogue.yaml,approved,Board,2026-10-01," in done.stdout

    rules = bank.folder / "rules.yaml"
    rules.write_text(rules.read_text().replace("scope: application", "scope: anywhere"))
    told = sod("rules", "lint", "--config", "sod.yaml", "--on", "2026-10-02", "--format", "csv")

    assert told.exit_code == 3
    assert "changed-since-approval" in told.stdout


def test_approving_some_leaves_the_rest(bank: Estate) -> None:
    done = sod("rules", "approve", "systems", "--by", "Board", "--on", "2026-10-01")
    wrong = sod("rules", "approve", "sistems", "--by", "Board")

    assert done.exit_code == 0
    assert "not approved" in done.stdout
    assert wrong.exit_code == 2
    assert "did you mean 'systems'?" in wrong.stderr
