"""The documents beside the exports: settings, catalogue, rules, register, and the page."""

# ruff: noqa: E501 - a page has one sentence per line

from __future__ import annotations

import textwrap

from desk.tables import ISLANDS_WORDS
from desk.truth import ALL_RULES
from desk.world import World

SOD_YAML = """\
# A group of three companies: what is analysed, and where its exports lie.
name: Lindgate group finance
as_of: 2026-10-31
ruleset: ./rules.yaml
catalogue: catalogue.yaml
mitigations: mitigations.yaml
output: out/finance

systems:
  hr: {title: Personnel system, product: hr, owner: Human Resources}
  sap-prd: {title: SAP production, product: sap, environment: prod, owner: Finance IT}
  sap-dev: {title: SAP development, product: sap, environment: dev, owner: Finance IT}
  erp-islands: {title: Ledger of Islands, product: erp, environment: prod, owner: Islands office}
  tms: {title: Treasury system, product: erp, environment: prod, owner: Treasury}
  bank: {title: Bank portal, product: bank-portal, environment: prod, owner: Treasury}
  transfer: {title: Payment folder, product: file-transfer, environment: prod, owner: Finance IT}
  git: {title: Code of the finance system, product: github, owner: Finance IT}

sources:
  roster:
    {system: hr, importer: hr, path: hr/roster.csv, extracted_at: 2026-10-31T02:00:00Z}
  sap-logins:
    system: sap-prd
    importer: csv
    path: sap/logins.csv
    extracted_at: 2026-10-31T02:10:00Z
    query: USR02 with the personnel number
    delimiter: ";"
    date_format: "%d.%m.%Y"
    columns:
      account: BNAME
      employee_id: PERNR
      kind: USTYP
      enabled: {column: UFLAG, "true": ["0"], "false": ["32", "64", "128"]}
      last_used_at: TRDAT
    translate: {kind: {A: person, B: workload}}
  sap-assignments:
    system: sap-prd
    importer: csv
    path: sap/assignments.csv
    extracted_at: 2026-10-31T02:10:00Z
    query: AGR_USERS
    delimiter: ";"
    date_format: "%d.%m.%Y"
    columns: {account: UNAME, group: AGR_NAME, valid_from: FROM_DAT, valid_until: TO_DAT}
    group_kind: role
  sap-authorisations:
    system: sap-prd
    importer: csv
    path: sap/authorisations.csv
    extracted_at: 2026-10-31T02:10:00Z
    query: AGR_1251 and AGR_1252, one row for each value
    delimiter: ";"
    columns:
      group: AGR_NAME
      permission: {columns: [KIND, VALUE], separator: " "}
      resource: ORG
    wildcards: true
    group_kind: role
  sap-dev-access:
    system: sap-dev
    importer: csv
    path: sap-dev/access.csv
    extracted_at: 2026-10-31T02:20:00Z
    delimiter: ";"
    columns:
      account: UNAME
      employee_id: PERNR
      permission: {columns: [KIND, VALUE], separator: " "}
      resource: DEVCLASS
    wildcards: true
  islands-rights:
    system: erp-islands
    importer: csv
    path: islands/rights.csv
    extracted_at: 2026-10-30T18:00:00Z
    columns: {account: LOGIN, employee_id: EMPLOYEE, permission: RIGHT, resource: COMPANY}
    strict: true
    translate:
      permission:
WORDS
  treasury-rights:
    system: tms
    importer: csv
    path: treasury/rights.csv
    extracted_at: 2026-10-31T02:30:00Z
    columns:
      account: LOGIN
      employee_id: EMPLOYEE
      permission: RIGHT
      resource: COMPANY
      mode: SIGNATURE
    translate: {mode: {SINGLE: alone, 4-EYES: with-approval}}
  bank-approvers:
    system: bank
    importer: csv
    path: bank/approvers.csv
    extracted_at: 2026-10-30T20:00:00Z
    delimiter: ";"
    columns:
      account: LOGIN
      employee_id: PERSON
      email: EMAIL
      permission: RIGHT
      resource: ENTITY
  payment-folder:
    system: transfer
    importer: csv
    path: transfer/folders.csv
    extracted_at: 2026-10-31T02:30:00Z
    columns:
      {account: LOGIN, kind: KIND, employee_id: EMPLOYEE, permission: RIGHT, resource: FOLDER}
  git-members:
    system: git
    importer: csv
    path: git/members.csv
    extracted_at: 2026-10-31T02:30:00Z
    columns: {account: LOGIN, email: EMAIL, permission: RIGHT, resource: REPOSITORY}
"""

CATALOGUE_YAML = """\
# A company is an application: everything that can touch its books and its money.
applications:
  northern:
    title: Lindgate Northern
    tier: material
    owner: CFO Northern
    resources:
      - {system: sap-prd, resource: "1000"}
      - {system: sap-dev, resource: "ZFIN*"}
      - {system: tms, resource: "1000"}
      - {system: bank, resource: "1000"}
      - {system: transfer, resource: "1000"}
      - {system: git, resource: finance/sap-addons}
  southern:
    title: Lindgate Southern
    tier: material
    owner: CFO Southern
    resources:
      - {system: sap-prd, resource: "2000"}
      - {system: sap-dev, resource: "ZFIN*"}
      - {system: tms, resource: "2000"}
      - {system: bank, resource: "2000"}
      - {system: transfer, resource: "2000"}
      - {system: git, resource: finance/sap-addons}
  islands:
    title: Lindgate Islands
    owner: Islands office
    resources:
      - {system: erp-islands, resource: "3000"}
      - {system: bank, resource: "3000"}
      - {system: transfer, resource: "3000"}
      - {system: git, resource: finance/islands-erp}
"""


def sod_yaml() -> str:
    """The settings, with Islands' words."""
    words = "\n".join(f"        {word}: {action}" for action, word in ISLANDS_WORDS.items())
    return SOD_YAML.replace("WORDS", words)


def rules_yaml() -> str:
    """The rules of the group: those of `finance` for which it has the steps."""
    listed = textwrap.fill(
        ", ".join(ALL_RULES), width=90, initial_indent=" " * 6, subsequent_indent=" " * 6
    )
    return (
        "# The rules of `finance` whose steps this group has.\n"
        "ruleset: lindgate-finance\n"
        "version: 2026.10\n"
        "owner: Group controlling\n"
        "imports:\n"
        "  - ruleset: finance\n"
        "    rules: [\n"
        f"{listed}]\n"
    )


def mitigations_yaml(world: World) -> str:
    """A small register: one control in force, one that ended."""
    excused = next(p for p in world.plants if p.verdict == "mitigated")
    heads = [
        p.number
        for p in world.people.values()
        if p.title == "Head" and p.department == "Controlling"
    ]
    return f"""\
# Islands is too small to separate vendors from invoices; a head in another country watches.
mitigations:
  M-001:
    rule: {excused.rule}
    person: "{excused.who}"
    place: {excused.place}
    control: CC-VENDOR-CALLBACK
    owner: "{heads[1]}"
    approver: "{heads[0]}"
    performer: "{heads[2]}"
    approved_on: 2026-09-01
    valid_until: 2026-11-29
    frequency: weekly
    last_performed: 2026-10-26
    evidence: Call notes of September and October, folder 12
  M-002:
    rule: {excused.rule}
    person: "{excused.near}"
    place: {excused.place}
    control: CC-VENDOR-CALLBACK
    owner: "{heads[1]}"
    approver: "{heads[0]}"
    performer: "{heads[2]}"
    approved_on: 2026-07-01
    valid_until: 2026-09-28
    frequency: weekly
    last_performed: 2026-09-20
    evidence: Call notes of July to September, folder 11
"""


def readme(world: World) -> str:
    """The page of the sample."""
    rows = "\n".join(
        f"| P{n:02d} | {p.title} | {p.rule} | {p.place} | {_name(world, p.who)}: {p.verdict} "
        f"| {_name(world, p.near)}: {p.near_verdict} | {p.fact} |"
        for n, p in enumerate(world.plants, start=1)
    )
    return f"""\
# Lindgate group finance

A group of three companies that does not exist: {len(world.people)} people, SAP for two companies, a small ledger for the third, a treasury system, a bank portal, the folder between them, and the code of the finance system.
`generate.py` makes every file in this folder, this page among them, and gives the same bytes on every run:

```sh
python samples/finance/generate.py
```

`EXPECTED.json` says what an analysis must find: every verdict that is not clear, of every rule, for everyone and everywhere, from what was planted and not from any tool's output.
`mitigated` there means: once the register has been approved. Before, it is a violation.

## What is where

| file | what |
|---|---|
| `sod.yaml`, `catalogue.yaml` | what is analysed; a company is an application |
| `rules.yaml` | the rules of [finance](../../docs/rulesets/finance.md) whose steps this group has |
| `mitigations.yaml` | one control in force, and one that ended |
| `hr/roster.csv` | the people |
| `sap/logins.csv`, `sap/assignments.csv`, `sap/authorisations.csv` | who there is, who has which role, and what each role contains: transaction and object value in rows of their own |
| `sap-dev/access.csv` | who may change programs |
| `islands/rights.csv` | a ledger with words of its own |
| `treasury/rights.csv` | deals, some behind a second signature |
| `bank/approvers.csv` | who signs at the bank; one login has one person's number and another's address |
| `transfer/folders.csv` | who writes into the payment folder |
| `git/members.csv` | who writes the finance system's code |

## What is planted

Each plant has a near miss: somebody for whom one fact is different.

| id | plant | rule | place | who | near miss | fact |
|---|---|---|---|---|---|---|
{rows}
"""


def _name(world: World, key: str) -> str:
    person = world.people.get(key)
    return f"{person.name} ({key})" if person else f"`{key}`"
