"""The configuration and the page of this sample, with marks that `generate.py` fills."""

from __future__ import annotations

CONFIGURATION = """\
# What is analysed, and where its exports lie.
name: Southgate Mutual
classification: Confidential
as_of: 2026-10-31
ruleset: mainframe-scm
catalogue: catalogue.yaml
output: out/mainframe-scm

systems:
  hr: {title: Personnel system, product: hr, owner: Human Resources}
  changeman: {title: Change manager, product: change-manager, environment: prod, owner: Mainframe}
  libraries: {title: Controlled libraries, product: library, owner: Mainframe}

sources:
  hr:
    system: hr
    importer: hr
    path: hr/roster.csv
    extracted_at: 2026-10-31T01:00:00Z
    expected_count: @PEOPLE@
  members:
    system: changeman
    importer: csv
    path: changeman/members.csv
    delimiter: ";"
    date_format: "%d.%m.%Y"
    extracted_at: 2026-10-31T02:00:00Z
    columns:
      account: LOGIN
      employee_id: EMPNO
      group: GROUP
      valid_until: UNTIL
      enabled: {column: STATUS, "true": [ACTIVE], "false": [SUSPENDED]}
  groups:
    system: changeman
    importer: csv
    path: changeman/groups.csv
    delimiter: ";"
    extracted_at: 2026-10-31T02:00:00Z
    columns: {group: GROUP, permission: RIGHT, resource: APPL, mode: MODE}
    # D: works at any time. A: the server waits for the approvals first.
    translate: {mode: {D: alone, A: with-approval}}
    strict: true
  direct:
    system: changeman
    importer: csv
    path: changeman/direct.csv
    delimiter: ";"
    extracted_at: 2026-10-31T02:00:00Z
    columns:
      account: LOGIN
      employee_id: EMPNO
      kind: CLASS
      permission: RIGHT
      resource: APPL
      mode: MODE
    translate:
      kind: {P: person, S: workload}
      mode: {D: alone, A: with-approval}
    strict: true
  libraries:
    system: libraries
    importer: csv
    path: libraries/access.csv
    extracted_at: 2026-10-31T02:30:00Z
    columns:
      account: LOGIN
      employee_id: EMPNO
      kind: CLASS
      permission: ACCESS
      resource: LIBRARY
    multi: {permission: " "}
    translate:
      kind: {P: person, S: workload}
      permission: {C: create, R: read, U: update, D: delete}
    strict: true
  keys:
    system: libraries
    importer: csv
    path: libraries/keys.csv
    extracted_at: 2026-10-31T02:30:00Z
    relation: controls
    identity_system: hr
    columns: {identity: EMPNO, account: LOGIN}
"""

PAGE = """\
# Southgate Mutual

An insurer that does not exist: @PEOPLE@ people, one change manager, five applications.
The ruleset is `mainframe-scm`; [its page](../../docs/rulesets/mainframe-scm.md) explains the rules.
`generate.py` makes every file in this folder, this page among them, the same on every run:

```sh
python samples/mainframe-scm/generate.py
```

`EXPECTED.json` lists everything an analysis must find, planted before any tool ran, and nothing else may be found.

| file | what |
|---|---|
| `hr/roster.csv` | the people |
| `changeman/members.csv` | who is in which group, until when; some people have several logins |
| `changeman/groups.csv` | the rights of each group; mode A waits for the approvals, D does not |
| `changeman/direct.csv` | rights outside groups, the server's among them |
| `libraries/access.csv` | who may create, read, update and delete in which library |
| `libraries/keys.csv` | who holds the keys of which server login |

Each plant has a near miss, which differs in one fact.

| plant | rule | who | near miss | fact |
|---|---|---|---|---|
@PLANTS@
"""  # noqa: E501 - a page has one sentence per line
