"""What `sod.yaml` means, and how its mistakes are told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sod_analyzer.config import (
    AcceptedGap,
    AccountsFrom,
    Config,
    GroupsFrom,
    SystemEntry,
    config_tables,
    find_config,
    load_config,
    source_spec,
    validate_options,
)
from sod_analyzer.documents import Keyed
from sod_analyzer.errors import ConfigError, SourceRef
from sod_analyzer.model.access import SOURCES, SYSTEMS, SystemScope

FULL = """\
name: Northbank
classification: Internal
as_of: 2026-10-31
ruleset: devops
catalogue: catalogue.yaml
output: out/northbank
max_skew_days: 3
identity:
  aliases: aliases.csv
systems:
  ldap-north: {title: Corporate directory, product: ldap, owner: Identity team}
  hr-north: {product: hr}
  k8s-prod:
    product: kubernetes
    environment: prod
    groups_from: {system: ldap-north, prefix: "oidc:"}
    accounts_from: {system: ldap-north, by: email, prefix: "oidc:"}
  old-erp: {product: sap, scope: out-of-scope, reason: Sold in 2025}
sources:
  hr:
    system: hr-north
    importer: hr
    path: hr/roster.csv
    extracted_at: 2026-10-30T22:00:00Z
    extracted_by: HRIS job 41
    query: all staff
    evidence: ticket 7
    expected_count: 300
    timezone: Europe/Dublin
    id_column: number
    columns: {name: full_name}
  directory: {system: ldap-north, importer: ldif, path: ldap}
accepted_gaps:
  - {gap: "dangling-member:ldap-north", most: 12, owner: Ann, reason: Known, until: 2027-01-31}
"""

SMALL = "name: N\nruleset: devops\nsystems:\n  a: {product: x}\nsources: {}\n"


def loaded(folder: Path, content: str) -> Config:
    path = folder / "sod.yaml"
    path.write_text(content, encoding="utf-8")
    return load_config(path)


def refusal(folder: Path, content: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        loaded(folder, content)
    return [str(problem) for problem in caught.value.problems]


def test_everything_that_is_written_arrives(tmp_path: Path) -> None:
    config = loaded(tmp_path, FULL)

    assert ("Northbank", "Internal", date(2026, 10, 31), "devops") == (
        config.name,
        config.classification,
        config.as_of,
        config.ruleset,
    )
    assert (
        config.catalogue,
        config.aliases,
        config.output,
        config.max_skew_days,
    ) == ("catalogue.yaml", "aliases.csv", "out/northbank", 3)
    assert config.text == FULL
    assert tmp_path == config.base
    assert (
        AcceptedGap(
            "dangling-member:ldap-north",
            "Ann",
            "Known",
            date(2027, 1, 31),
            SourceRef("sod.yaml", 34),
            12,
        ),
    ) == config.accepted_gaps


def test_systems_are_sorted_and_know_their_line(tmp_path: Path) -> None:
    config = loaded(tmp_path, FULL)

    assert [s.system for s in config.systems] == ["hr-north", "k8s-prod", "ldap-north", "old-erp"]
    assert (
        SystemEntry(
            system="k8s-prod",
            product="kubernetes",
            where=SourceRef("sod.yaml", 13),
            environment="prod",
            groups_from=GroupsFrom("ldap-north", SourceRef("sod.yaml", 16), "oidc:"),
            accounts_from=AccountsFrom("ldap-north", SourceRef("sod.yaml", 17), "email", "oidc:"),
        )
        == config.system["k8s-prod"]
    )
    assert SystemScope.OUT_OF_SCOPE is config.system["old-erp"].scope


def test_what_is_left_out_has_its_default(tmp_path: Path) -> None:
    config = loaded(
        tmp_path,
        "name: N\nruleset: devops\nsystems:\n  a: {product: x}\n"
        "  b: {product: x, groups_from: {system: a}, accounts_from: {system: a}}\n"
        "sources:\n  s: {system: a, importer: csv, path: p.csv}\n",
    )

    assert (
        config.classification,
        config.as_of,
        config.catalogue,
        config.aliases,
        config.output,
        config.max_skew_days,
        config.accepted_gaps,
    ) == ("Confidential", None, None, None, "out", 7, ())
    assert GroupsFrom("a", SourceRef("sod.yaml", 5)) == config.system["b"].groups_from
    assert AccountsFrom("a", SourceRef("sod.yaml", 5), "login") == config.system["b"].accounts_from
    assert (
        config.sources[0].extracted_at,
        config.sources[0].expected_count,
        config.sources[0].timezone,
    ) == (None, None, "UTC")


@dataclass(frozen=True, slots=True)
class Options:
    """What an importer may ask for."""

    id_column: str
    columns: Keyed | None = None
    strict: bool = False


def test_an_importer_gets_its_own_keys_in_its_own_class(tmp_path: Path) -> None:
    config = loaded(tmp_path, FULL)
    entry = next(each for each in config.sources if each.source_id == "hr")

    options = validate_options(entry, Options)
    spec = source_spec(config, entry, options)

    assert options.id_column == "number"
    assert not options.strict
    assert options is spec.options
    assert ("hr", "hr-north", "hr", "hr", "hr/roster.csv", tmp_path) == (
        spec.source_id,
        spec.system,
        spec.product,
        spec.importer,
        spec.path,
        spec.base,
    )
    assert (datetime(2026, 10, 30, 22, tzinfo=UTC), 300, "Europe/Dublin") == (
        spec.extracted_at,
        spec.expected_count,
        spec.timezone,
    )
    assert SourceRef("sod.yaml", 20) == spec.where


@pytest.mark.parametrize(
    ("keys", "messages"),
    [
        (
            "id_colum: x",
            [
                "sod.yaml:7: sources.s: key 'id_column' is missing",
                "sod.yaml:8: sources.s: unknown key 'id_colum'; did you mean 'id_column'?",
            ],
        ),
        (
            "id_column: x\n    timzone: UTC",
            ["sod.yaml:9: sources.s: unknown key 'timzone'; did you mean 'timezone'?"],
        ),
        (
            "id_column: x\n    strict: on",
            ["sod.yaml:9: sources.s.strict: 'on' is neither true nor false"],
        ),
        ("id_column: [x]", ["sod.yaml:8: sources.s.id_column: must be text, not a list"]),
    ],
)
def test_wrong_options_are_told_with_the_line_of_the_key(
    tmp_path: Path, keys: str, messages: list[str]
) -> None:
    config = loaded(
        tmp_path,
        "name: N\nruleset: r\nsystems:\n  a: {product: x}\n\nsources:\n"
        "  s:\n    " + keys + "\n    system: a\n    importer: csv\n    path: p\n",
    )

    with pytest.raises(ConfigError) as caught:
        validate_options(config.sources[0], Options)

    assert messages == [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("name: N\n", "", "sod.yaml:1: key 'name' is missing"),
        ("name: N", "name: ''", "sod.yaml:1: name: must not be empty"),
        ("sources: {}", "surces: {}", "sod.yaml:5: unknown key 'surces'; did you mean 'sources'?"),
        ("\n  a: {product: x}", " {}", "sod.yaml:3: systems: declare at least one"),
        ("product: x", "produkt: x", "sod.yaml:4: systems.a: key 'product' is missing"),
        (
            "product: x",
            "product: x, scope: not-used",
            "sod.yaml:4: systems.a: key 'reason' is missing; say why it is not-used",
        ),
        (
            "product: x",
            "product: x, reason: y",
            "sod.yaml:4: systems.a: a reason explains a scope, and none is given",
        ),
        (
            "product: x",
            "product: x, scope: unused, reason: y",
            (
                "sod.yaml:4: systems.a.scope: 'unused' is not one of "
                "'in-scope', 'not-used', 'out-of-scope'; did you mean 'not-used'?"
            ),
        ),
        (
            "product: x",
            "product: x, groups_from: {system: aa}",
            "sod.yaml:4: systems.a.groups_from: system 'aa' is not declared; did you mean 'a'?",
        ),
        (
            "product: x",
            "product: x, accounts_from: {system: a}",
            "sod.yaml:4: systems.a.accounts_from: a system cannot draw on itself",
        ),
        (
            "  a:",
            "  'a:b':",
            (
                "sod.yaml:4: systems.a:b: an id has letters, digits, '.', '_' and '-' only, "
                "at most 100"
            ),
        ),
        (
            "{}",
            "{s: {system: b1, importer: csv, path: p}}",
            "sod.yaml:5: sources.s: system 'b1' is not declared; known: 'a'",
        ),
        (
            "{}",
            "{config: {system: a, importer: csv, path: p}}",
            "sod.yaml:5: sources.config: this id is reserved; choose another",
        ),
        (
            "{}",
            "{s: {system: a, importer: csv, path: ''}}",
            "sod.yaml:5: sources.s.path: must not be empty",
        ),
        (
            "{}",
            "{s: {system: a, importer: csv, path: p, expected_count: -1}}",
            "sod.yaml:5: sources.s.expected_count: must be at least 0",
        ),
        (
            "{}",
            "{s: {system: a, importer: csv, path: p, timezone: ../../etc/passwd}}",
            (
                "sod.yaml:5: sources.s.timezone: no time zone '../../etc/passwd'; "
                "write it as Europe/Dublin"
            ),
        ),
        ("{}", "{s: csv}", "sod.yaml:5: sources.s: must be a mapping, not text"),
        ("sources", "max_skew_days: -1\nsources", "sod.yaml:5: max_skew_days: must be at least 0"),
    ],
)
def test_each_mistake_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert message in refusal(tmp_path, SMALL.replace(old, new, 1))


@pytest.mark.parametrize(
    ("gap", "message"),
    [
        (
            "{gap: dangling, owner: a, reason: b, until: 2027-01-31}",
            (
                "sod.yaml:7: accepted_gaps[0].gap: 'dangling' is no gap id, which is kind:system "
                "or kind:system:subject"
            ),
        ),
        (
            '{gap: "k:s", owner: "", reason: b, until: 2027-01-31}',
            "sod.yaml:7: accepted_gaps[0].owner: must not be empty",
        ),
        (
            '{gap: "k:s", owner: a, reason: b, until: 2027-01-31, most: 0}',
            "sod.yaml:7: accepted_gaps[0].most: must be at least 1",
        ),
        (
            '{gap: "k:s", owner: a, reason: b}',
            "sod.yaml:7: accepted_gaps[0]: key 'until' is missing",
        ),
        (
            '{gap: "k:s", owner: a, reason: b, until: never}',
            "sod.yaml:7: accepted_gaps[0].until: 'never' is not a date, such as 2026-10-31",
        ),
        (
            (
                '{gap: "k:s", owner: a, reason: b, until: 2027-01-31}\n'
                '  - {gap: "k:s", owner: a, reason: b, until: 2027-01-31}'
            ),
            "sod.yaml:8: accepted_gaps[1].gap: 'k:s' stands twice, first in line 7",
        ),
    ],
)
def test_an_accepted_gap_must_say_what_who_why_and_until_when(
    tmp_path: Path, gap: str, message: str
) -> None:
    assert [message] == refusal(tmp_path, f"{SMALL}accepted_gaps:\n  - {gap}\n")


def test_a_source_of_a_system_that_is_not_used_is_a_contradiction(tmp_path: Path) -> None:
    content = SMALL.replace("x}", "x, scope: not-used, reason: y}").replace(
        "{}", "{s: {system: a, importer: csv, path: p}}"
    )

    assert refusal(tmp_path, content) == ["sod.yaml:5: sources.s: system 'a' is declared not used"]


def test_systems_become_a_table_whose_records_are_their_lines(tmp_path: Path) -> None:
    config = loaded(tmp_path, FULL)

    tables = config_tables(config)

    assert (tables["systems"].schema, tables["sources"].schema) == (SYSTEMS, SOURCES)
    assert [(row["system"], row["record"]) for row in tables["systems"].to_pylist()] == [
        ("hr-north", 12),
        ("k8s-prod", 13),
        ("ldap-north", 11),
        ("old-erp", 18),
    ]
    (source,) = tables["sources"].to_pylist()
    assert (
        source["source_id"],
        source["path"],
        source["lines"],
        source["continued"],
        source["parsed"],
        source["loaded"],
    ) == ("config", "sod.yaml", 34, 30, 4, 4)
    assert source["extracted_at"] is None


def test_a_name_that_would_act_on_the_terminal_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    (message,) = refusal(tmp_path, SMALL.replace("  a:", '  "\\e[31ma":'))

    assert message.startswith(r"sod.yaml:4: systems.\x1b[31ma: an id has letters")


def test_the_nearest_configuration_above_is_found(tmp_path: Path) -> None:
    (tmp_path / "sod.yaml").write_text(SMALL)
    (tmp_path / "a" / "b").mkdir(parents=True)

    assert (tmp_path / "sod.yaml").resolve() == find_config(tmp_path / "a" / "b")


def test_no_configuration_anywhere_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        find_config(tmp_path)

    folder = tmp_path.resolve().as_posix()
    assert f"no sod.yaml in '{folder}' or above it; name one with --config" == str(caught.value)
