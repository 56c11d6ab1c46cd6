"""The configuration and the page of this sample, with marks that `generate.py` fills."""

from __future__ import annotations

CONFIGURATION = """\
# What is analysed, and where its exports lie.
name: Tidemark Insurance
classification: Confidential
as_of: 2026-10-31
ruleset: iam
catalogue: catalogue.yaml
output: out/iam

systems:
  hr: {title: Personnel system, product: hr, owner: Human Resources}
  iga: {title: Access governance, product: iga, owner: Identity}
  iga-life: {title: Access governance of the life business, product: iga, owner: Identity}
  cloud: {title: Cloud account of the applications, product: aws, owner: Platform}
  vault: {title: Vault of the emergency ids, product: pam, owner: Security}

sources:
  hr:
    system: hr
    importer: hr
    path: hr/roster.csv
    extracted_at: 2026-10-31T01:00:00Z
    expected_count: @PEOPLE@
  hr-access:
    system: hr
    importer: csv
    path: hr/access.csv
    extracted_at: 2026-10-31T01:00:00Z
    columns: {account: LOGIN, employee_id: EMPNO, permission: RIGHT, resource: OBJECT}
  accounts:
    system: iga
    importer: csv
    path: iga/accounts.csv
    extracted_at: 2026-10-31T02:00:00Z
    relation: accounts
    date_format: "%d.%m.%Y"
    columns:
      account: LOGIN
      employee_id: EMPNO
      kind: CLASS
      enabled: ENABLED
      owner: OWNER
      last_used_at: LAST
    translate:
      kind: {P: person, M: workload}
  rights:
    system: iga
    importer: csv
    path: iga/rights.csv
    extracted_at: 2026-10-31T02:00:00Z
    columns: {account: LOGIN, permission: RIGHT, resource: OBJECT}
  groups:
    system: iga
    importer: csv
    path: iga/groups.csv
    extracted_at: 2026-10-31T02:00:00Z
    columns:
      group: GROUP
      group_owner: OWNER
      privileged: PRIVILEGED
      permission: RIGHT
      resource: OBJECT
  members:
    system: iga
    importer: csv
    path: iga/members.csv
    extracted_at: 2026-10-31T02:00:00Z
    columns: {account: LOGIN, group: GROUP}
  life:
    system: iga-life
    importer: csv
    path: iga-life/rights.csv
    extracted_at: 2026-10-31T02:10:00Z
    columns: {account: LOGIN, employee_id: EMPNO, permission: RIGHT, resource: OBJECT}
  cloud:
    system: cloud
    importer: csv
    path: cloud/access.csv
    extracted_at: 2026-10-31T02:20:00Z
    wildcards: "true"
    columns: {account: LOGIN, employee_id: EMPNO, permission: RIGHT, resource: OBJECT}
  vault:
    system: vault
    importer: csv
    path: vault/checkouts.csv
    extracted_at: 2026-10-31T02:30:00Z
    timezone: Europe/Dublin
    date_format: "%d.%m.%Y %H:%M"
    columns:
      account: LOGIN
      employee_id: EMPNO
      permission: RIGHT
      resource: OBJECT
      valid_from: OUT
      valid_until: BACK
"""

PAGE = """\
# Tidemark Insurance

An insurer that does not exist: @PEOPLE@ people, three applications, a governance tool, and a second one that came with a smaller company.
The ruleset is `iam`; [its page](../../docs/rulesets/iam.md) explains the rules.
`generate.py` makes every file in this folder, this page among them, the same on every run:

```sh
python samples/iam/generate.py
```

`EXPECTED.json` lists everything an analysis must find, planted before any tool ran, and nothing else may be found.

| file | what |
|---|---|
| `hr/roster.csv`, `hr/access.csv` | the people, and who may do what in the personnel system |
| `iga/accounts.csv`, `iga/rights.csv`, `iga/groups.csv`, `iga/members.csv` | the governance tool's logins, their rights, its groups |
| `iga-life/rights.csv` | the other governance tool |
| `cloud/access.csv` | who may change access in the cloud |
| `vault/checkouts.csv` | who had which emergency id, from when until when |

Each plant has a near miss, which differs in one fact.

| plant | rule | who | near miss | fact |
|---|---|---|---|---|
@PLANTS@
"""  # noqa: E501 - a page has one sentence per line
