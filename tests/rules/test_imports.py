"""Rulesets that import others: what comes, what changes, and how it goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from sod_analyzer.errors import RulesetError
from sod_analyzer.model.ruleset import Counts, Means, Ruleset, Severity, Subjects
from sod_analyzer.rules import builtin_rulesets, load_ruleset

BASE = """\
ruleset: base
version: 3
owner: me
controls:
  CC-1: {title: First}
duties:
  a: {title: A, ways: [{product: p, action: x}]}
  b: {title: B, ways: [{product: p, action: y}]}
  c: {title: C, includes: [a]}
rules:
  R1-01:
    title: A and B
    duties: {all_of: [b, {any_of: [a, c2]}]}
    scope: application
    severity: high
    why: Loss.
    references: {soc2: [CC6.3]}
  R1-02:
    title: A alone
    duties: {critical: a}
    scope: system
    severity: low
    why: Loss.
    controls: {allowed: [CC-1]}
    references: {soc2: [CC6.3]}
  R1-03:
    title: Roles with A and B
    role_conflicts: R1-01
    scope: system
    severity: low
    why: Loss.
    references: {soc2: [CC6.3]}
""".replace("rules:\n", "  c2: {title: C2, ways: [{product: q, action: z}]}\nrules:\n", 1)
HEAD = "ruleset: bank\nversion: 1\nowner: us\n"
OWN = """\
duties:
  d: {title: D, includes: [a], ways: [{product: p, action: w}]}
rules:
  R2-01:
    title: B and D
    duties: {all_of: [b, d]}
    scope: application
    severity: high
    why: Loss.
    references: {soc2: [CC6.3]}
"""


def written(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "bank.yaml"


def loaded(folder: Path, bank: str, **others: str) -> Ruleset:
    files = {"base.yaml": BASE, **{f"{name}.yaml": text for name, text in others.items()}}
    return load_ruleset(written(folder, {**files, "bank.yaml": HEAD + bank}))


def refusal(folder: Path, bank: str, **others: str) -> list[str]:
    with pytest.raises(RulesetError) as caught:
        loaded(folder, bank, **others)
    return [str(problem) for problem in caught.value.problems]


def ways(ruleset: Ruleset, duty: str) -> list[str]:
    return [f"{way.origin}: {way}" for way in ruleset.duty[duty].ways]


def test_an_import_brings_duties_rules_and_controls(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, "imports: [./base.yaml]\n" + OWN)
    base = load_ruleset(tmp_path / "base.yaml")

    assert (ruleset.name, ruleset.version, ruleset.owner) == ("bank", "1", "us")
    assert list(ruleset.duty) == ["a", "a+c2", "b", "c", "c2", "d"]
    assert [(rule.rule_id, rule.ruleset) for rule in ruleset.rules] == [
        ("R1-01", "base"),
        ("R1-02", "base"),
        ("R1-03", "base"),
        ("R2-01", "bank"),
    ]
    assert ruleset.rule["R1-02"] == base.rule["R1-02"]
    assert str(ruleset.rule["R1-02"].where) == "base.yaml:19"
    assert list(ruleset.control) == ["CC-1"]
    assert ways(ruleset, "d") == ["None: p: w", "a: p: x"]
    assert [(each.key, each.name, each.version) for each in ruleset.imports] == [
        ("base.yaml", "base", "3")
    ]
    assert (ruleset.imports[0].digest, ruleset.imports[0].text) == (base.digest, BASE)


def test_only_the_rules_that_are_named_come(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, "imports: [{ruleset: base.yaml, rules: [R1-03]}]\n" + OWN)

    assert list(ruleset.rule) == ["R1-03", "R2-01"]
    assert ruleset.rule["R1-03"].duties == ("b", "a+c2")
    assert "c" in ruleset.duty


def test_an_import_of_duties_alone(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, "imports: [{ruleset: base.yaml, rules: []}]\n" + OWN)

    assert list(ruleset.rule) == ["R2-01"]


def test_a_further_way_reaches_everything_made_of_the_duty(tmp_path: Path) -> None:
    more = "extend: {duties: {a: {ways: [{product: p, action: more}]}}}\n"

    ruleset = loaded(tmp_path, "imports: [base.yaml]\n" + more + OWN)
    plain = loaded(tmp_path, "imports: [base.yaml]\n" + OWN)

    assert ways(ruleset, "a") == ["None: p: x", "None: p: more"]
    assert ways(ruleset, "c") == ["a: p: x", "a: p: more"]
    assert ways(ruleset, "d") == ["None: p: w", "a: p: x", "a: p: more"]
    assert ways(ruleset, "a+c2") == ["a: p: x", "a: p: more", "c2: q: z"]
    assert ruleset.digest != plain.digest
    assert ruleset.imports == plain.imports


def test_an_extension_replaces_the_keys_that_it_names_and_no_other(tmp_path: Path) -> None:
    extension = """\
extend:
  rules:
    R1-01:
      severity: {default: critical, tier: {gold: low}}
      exclude: [{place: sandbox, reason: r, by: b, on: 2026-10-01}]
      subjects: {class: vendor}
      counts: {means: [held]}
      tiers: [gold]
      environment: prod
      controls: {allowed: [CC-1]}
"""

    ruleset = loaded(tmp_path, "imports: [base.yaml]\n" + extension + OWN)
    rule = ruleset.rule["R1-01"]
    before = load_ruleset(tmp_path / "base.yaml").rule["R1-01"]

    assert (rule.severity, rule.tiers) == (Severity.CRITICAL, {"gold": Severity.LOW})
    assert (rule.subjects, rule.counts) == (Subjects(kinds=("vendor",)), Counts((Means.HELD,)))
    assert (rule.only_tiers, rule.environment) == (("gold",), "prod")
    assert rule.duties == ("b[prod]", "a+c2[prod]")
    assert (rule.controls, rule.exclusions[0].places) == (("CC-1",), ("sandbox",))
    assert (rule.title, rule.why, rule.scope, rule.ruleset) == (
        before.title,
        before.why,
        before.scope,
        "base",
    )
    assert rule.digest != before.digest
    # The rule about roles follows the rule that it repeats.
    assert ruleset.rule["R1-03"].duties == rule.duties


def test_a_dropped_rule_is_gone_and_answered_for(tmp_path: Path) -> None:
    dropping = "drop: {R1-01: {reason: Not ours, by: IT risk, on: 2026-10-01}}\n"

    ruleset = loaded(tmp_path, "imports: [base.yaml]\n" + dropping + OWN)
    (dropped,) = ruleset.dropped

    assert list(ruleset.rule) == ["R1-02", "R1-03", "R2-01"]
    assert (dropped.rule_id, dropped.title, dropped.reason, dropped.by, dropped.on) == (
        "R1-01",
        "A and B",
        "Not ours",
        "IT risk",
        date(2026, 10, 1),
    )
    assert str(dropped.where) == "bank.yaml:5"
    # A rule about roles still repeats it.
    assert ruleset.rule["R1-03"].conflicts_of == "R1-01"


def test_imports_of_imports_come_too_and_what_they_changed_stays_changed(tmp_path: Path) -> None:
    middle = (
        "ruleset: middle\nversion: 2\nowner: me\nimports: [../base.yaml]\n"
        "extend: {rules: {R1-02: {severity: critical}}}\n"
        "drop: {R1-01: {reason: r, by: b, on: 2026-10-01}}\n"
    )
    files = {
        "base.yaml": BASE,
        "parts/middle.yaml": middle,
        "bank.yaml": HEAD + "imports: [parts/middle.yaml]\n",
    }

    ruleset = load_ruleset(written(tmp_path, files))

    assert [each.key for each in ruleset.imports] == ["base.yaml", "parts/middle.yaml"]
    assert ruleset.rule["R1-02"].severity is Severity.CRITICAL
    assert [each.rule_id for each in ruleset.dropped] == ["R1-01"]
    assert list(ruleset.rule) == ["R1-02", "R1-03"]


def test_the_same_ruleset_by_two_ways_is_one(tmp_path: Path) -> None:
    one = "ruleset: one\nversion: 1\nowner: me\nimports: [base.yaml]\n"
    two = one.replace("ruleset: one", "ruleset: two")

    ruleset = loaded(tmp_path, "imports: [one.yaml, two.yaml, base.yaml]\n", one=one, two=two)

    assert list(ruleset.rule) == ["R1-01", "R1-02", "R1-03"]
    assert [each.name for each in ruleset.imports] == ["base", "one", "two"]


def test_a_builtin_is_imported_by_name(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, "imports: [devops]\n")
    devops = load_ruleset(builtin_rulesets()["devops"])

    assert ruleset.rules == devops.rules
    assert ruleset.imports[-1].key == "devops" or "devops" in {each.key for each in ruleset.imports}
    assert str(ruleset.rules[0].where).startswith("rulesets/devops/devops.yaml:")


def test_the_digest_covers_what_is_imported_and_not_where_it_stands(tmp_path: Path) -> None:
    before = loaded(tmp_path, "imports: [base.yaml]\n" + OWN).digest

    moved = loaded(tmp_path, "imports: [moved.yaml]\n" + OWN, moved="# moved\n" + BASE)
    changed = loaded(
        tmp_path, "imports: [moved.yaml]\n" + OWN, moved=BASE.replace("action: y", "action: v")
    )

    assert moved.digest == before
    assert changed.digest != before


def test_stored_texts_are_read_and_nothing_else(tmp_path: Path) -> None:
    middle = "ruleset: middle\nversion: 2\nowner: me\nimports: [../base.yaml, devops]\n"
    bank = HEAD + "imports: [./parts/middle.yaml]\n" + OWN
    files = {"base.yaml": BASE, "parts/middle.yaml": middle, "bank.yaml": bank}
    ruleset = load_ruleset(written(tmp_path, files))
    stored = {each.key: each.text for each in ruleset.imports}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    copy = elsewhere / "rules.yaml"
    copy.write_text(ruleset.text, encoding="utf-8")

    again = load_ruleset(copy, shown="bank.yaml", imported=stored)

    assert again == ruleset


def test_a_text_that_is_not_stored_is_told(tmp_path: Path) -> None:
    path = written(tmp_path, {"base.yaml": BASE, "bank.yaml": HEAD + "imports: [base.yaml]\n"})

    with pytest.raises(RulesetError) as caught:
        load_ruleset(path, imported={})

    assert [str(problem) for problem in caught.value.problems] == [
        "bank.yaml:4: imports[0]: 'base.yaml': its text is not stored with the others"
    ]


@pytest.mark.parametrize(
    ("bank", "messages"),
    [
        (
            "imports: [./bsae.yaml]\n",
            ["bank.yaml:4: imports[0]: bsae.yaml: no such file; did you mean 'base.yaml'?"],
        ),
        (
            "imports: [devop]\n",
            [
                (
                    "bank.yaml:4: imports[0]: no built-in ruleset 'devop'; did you mean "
                    "'devops'?; a file is named by its path, such as ./devop.yaml"
                )
            ],
        ),
        (
            "imports: ['C:\\base.yaml']\n",
            ["bank.yaml:4: imports[0]: 'C:\\base.yaml': write a path with forward slashes"],
        ),
        (
            "imports: [/etc/base.yaml]\n",
            ["bank.yaml:4: imports[0]: '/etc/base.yaml': a path must be relative to this file"],
        ),
        (
            "imports: [./base]\n",
            ["bank.yaml:4: imports[0]: './base': a ruleset's file ends in .yaml"],
        ),
        (
            "imports: [bank.yaml]\n",
            [
                (
                    "bank.yaml:4: imports[0]: 'bank.yaml' imports this file in turn: "
                    "bank.yaml → bank.yaml"
                )
            ],
        ),
        (
            "imports: [base.yaml, ./base.yaml]\n",
            ["bank.yaml:4: imports: './base.yaml' stands twice"],
        ),
        (
            "imports: []\n" + BASE[BASE.index("controls:") :],
            ["bank.yaml:4: imports: there is none"],
        ),
        (
            "imports:\n  - ruleset: base.yaml\n    rules: [R1-01, R1-04, R1-01]\n",
            [
                "bank.yaml:6: imports: 'base.yaml' has no rule 'R1-04'; did you mean 'R1-03'?",
                "bank.yaml:6: imports: 'R1-01' stands twice",
            ],
        ),
        (
            "imports: [{ruleset: base.yaml, rules: []}]\n",
            ["bank.yaml: no rule is left: all imported ones are dropped or not named"],
        ),
        (
            "imports: [base.yaml]\nextend: {duties: {aa: {ways: [{product: p, action: x}]}}}\n",
            ["bank.yaml:5: extend.duties.aa: no imported duty 'aa'; did you mean 'a'?"],
        ),
        (
            "imports: [base.yaml]\nextend: {duties: {a: {ways: [{product: p, action: x}]}}}\n",
            ["bank.yaml:5: extend.duties.a.ways: 'p: x' is a way of the duty already"],
        ),
        (
            "imports: [base.yaml]\nextend:\n  duties:\n    a:\n      ways: []\n",
            [
                (
                    "bank.yaml:8: extend.duties.a.ways: there is none, so nobody could ever "
                    "have this duty"
                )
            ],
        ),
        (
            "imports: [base.yaml]\nextend: {rules: {R1-09: {severity: low}}}\n",
            ["bank.yaml:5: extend.rules.R1-09: no imported rule 'R1-09'; did you mean 'R1-03'?"],
        ),
        (
            "imports: [base.yaml]\nextend: {rules: {R1-01: {}}}\n",
            ["bank.yaml:5: extend.rules.R1-01: changes nothing; leave it out"],
        ),
        (
            "imports: [base.yaml]\nextend: {rules: {R1-01: {title: T}}}\n",
            [("bank.yaml:5: extend.rules.R1-01: unknown key 'title'; did you mean 'tiers'?")],
        ),
        (
            "imports: [base.yaml]\nextend:\n  rules:\n    R1-02:\n      tiers: [gold]\n",
            [
                (
                    "bank.yaml:8: extend.rules.R1-02.tiers: only applications have tiers, but "
                    "the scope is system"
                )
            ],
        ),
        (
            "imports: [base.yaml]\nextend:\n  rules:\n    R1-02: {controls: {allowed: [CC-2]}}\n",
            [
                (
                    "bank.yaml:7: extend.rules.R1-02.controls: allowed: control 'CC-2' is not "
                    "defined; did you mean 'CC-1'?"
                )
            ],
        ),
        (
            "imports: [base.yaml]\ndrop: {R1-09: {reason: r, by: b, on: 2026-10-01}}\n",
            ["bank.yaml:5: drop.R1-09: no imported rule 'R1-09'; did you mean 'R1-03'?"],
        ),
        (
            "imports: [base.yaml]\ndrop: {R1-02: {reason: ' ', by: b, on: 2026-10-01}}\n",
            ["bank.yaml:5: drop.R1-02.reason: must not be empty"],
        ),
        (
            "imports: [base.yaml]\n" + OWN.replace("R2-01", "R1-02"),
            [
                (
                    "bank.yaml:8: rules.R1-02: an imported rule has this id; choose another, or "
                    "change it under extend.rules"
                )
            ],
        ),
        (
            "imports: [base.yaml]\n" + OWN.replace("  d:", "  b:").replace("[b, d]", "[a, c2]"),
            [
                (
                    "bank.yaml:6: duties.b: an imported duty has this id; choose another, or "
                    "add ways under extend.duties"
                )
            ],
        ),
        (
            "imports: [base.yaml]\ncontrols: {CC-1: {title: Other}}\n" + OWN,
            ["bank.yaml:5: controls.CC-1: an imported control has this id; choose another"],
        ),
    ],
)
def test_each_mistake_about_an_import_is_told(
    tmp_path: Path, bank: str, messages: list[str]
) -> None:
    assert refusal(tmp_path, bank) == messages


def test_what_is_wrong_inside_an_import_is_told_there(tmp_path: Path) -> None:
    messages = refusal(
        tmp_path,
        "imports: [one.yaml, two.yaml]\n" + OWN,
        one=BASE.replace("[b, {any_of", "[bb, {any_of"),
        two="ruleset: two\nversion: 1\nowner: [me]\n",
    )

    assert messages == [
        "bank.yaml:4: imports[0]: cannot be used; see what is said of one.yaml",
        "bank.yaml:4: imports[1]: cannot be used; see what is said of two.yaml",
        (
            "one.yaml:14: rules.R1-01.duties: names duty 'bb', which is not defined; "
            "did you mean 'b'?"
        ),
        "two.yaml:3: owner: must be text, not a list",
    ]


def test_a_circle_of_files_is_told_where_it_closes(tmp_path: Path) -> None:
    other = "ruleset: other\nversion: 1\nowner: me\nimports: [third.yaml]\n"

    messages = refusal(
        tmp_path,
        "imports: [other.yaml]\n",
        other=other,
        third=other.replace("third.yaml", "./bank.yaml"),
    )

    assert messages == [
        "bank.yaml:4: imports[0]: cannot be used; see what is said of other.yaml",
        "other.yaml:4: imports[0]: cannot be used; see what is said of third.yaml",
        (
            "third.yaml:4: imports[0]: './bank.yaml' imports this file in turn: "
            "bank.yaml → other.yaml → third.yaml → bank.yaml"
        ),
    ]


def test_two_imports_may_not_mean_different_things(tmp_path: Path) -> None:
    other = (
        BASE.replace("action: y", "action: other")
        .replace("{title: First}", "{title: Second}")
        .replace("duties: {critical: a}", "duties: {critical: b}")
    )

    messages = refusal(tmp_path, "imports: [base.yaml, other.yaml]\n", other=other)

    tail = "means one thing in 'base.yaml' and another in 'other.yaml'; "
    assert sorted(messages) == [
        f"bank.yaml:4: imports: {name} {tail}import it from one of them only"
        for name in ("control 'CC-1'", "duty 'b'", "rule 'R1-02'")
    ]


def test_a_slug_of_two_imports_is_told(tmp_path: Path) -> None:
    other = BASE.replace("R1-", "R3-")

    messages = refusal(tmp_path, "imports: [base.yaml, other.yaml]\n", other=other)

    assert messages[0] == "bank.yaml:4: imports: rule R3-01: slug 'a-and-b' is that of R1-01 too"


def test_files_that_go_on_for_ever_are_not_followed(tmp_path: Path) -> None:
    deep = {
        f"f{n}": f"ruleset: f{n}\nversion: 1\nowner: me\nimports: [f{n + 1}.yaml]\n"
        for n in range(40)
    }

    messages = refusal(tmp_path, "imports: [f0.yaml]\n", **deep)

    assert messages[-1].endswith("'f10.yaml' is imported more than 10 files deep")


def test_a_link_to_a_folder_above_is_not_followed_for_ever(tmp_path: Path) -> None:
    files = {"sub/x.yaml": "ruleset: x\nversion: 1\nowner: me\nimports: [sub/x.yaml]\n"}
    path = written(tmp_path, {**files, "bank.yaml": HEAD + "imports: [sub/x.yaml]\n"})
    (tmp_path / "sub" / "sub").symlink_to(tmp_path / "sub", target_is_directory=True)

    with pytest.raises(RulesetError, match="files deep"):
        load_ruleset(path)
