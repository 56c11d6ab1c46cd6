"""The configuration and the page of this sample, with marks that `generate.py` fills."""

from __future__ import annotations

CONFIGURATION = """\
# What is analysed, and where its exports lie.
name: Eastholm Savings
classification: Confidential
as_of: 2026-10-31
ruleset: three-libraries
catalogue: catalogue.yaml
output: out/three-libraries

systems:
  hr: {title: Personnel system, product: hr, owner: Human Resources}
  libraries: {title: Mainframe libraries, product: library, owner: Operations}

sources:
  hr:
    system: hr
    importer: hr
    path: hr/roster.csv
    extracted_at: 2026-10-31T01:00:00Z
    expected_count: @PEOPLE@
  access:
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
      mode: CONFIRM
    multi: {permission: " "}
    translate:
      kind: {P: person, S: workload, E: shared}
      permission: {C: create, R: read, U: update, D: delete, M: move}
      mode: {"N": alone, "Y": with-approval}
    strict: true
  # The desk writes down who had which emergency id from when until when.
  checkouts:
    system: libraries
    importer: csv
    path: libraries/checkouts.csv
    extracted_at: 2026-10-31T02:30:00Z
    timezone: Europe/Dublin
    date_format: ["%d.%m.%Y %H:%M", "%d.%m.%Y"]
    relation: uses
    identity_system: hr
    columns: {account: ID, identity: EMPNO, valid_from: OUT, valid_until: BACK}
"""

PAGE = """\
# Eastholm Savings

A savings bank that does not exist: @PEOPLE@ people, four applications, and for each of them a TEST, a RELEASE and a PRODUCTION library, one for emergency fixes and one for vendors.
The ruleset is `three-libraries`; [its page](../../docs/rulesets/three-libraries.md) explains the rules.
`generate.py` makes every file in this folder, this page among them, the same on every run:

```sh
python samples/three-libraries/generate.py
```

`EXPECTED.json` lists everything an analysis must find, planted before any tool ran, and nothing else may be found.

| file | what |
|---|---|
| `hr/roster.csv` | the people, vendors among them |
| `libraries/access.csv` | who may create, read, update and delete in which library, and who may move into it; CONFIRM Y: somebody else confirms each time |
| `libraries/checkouts.csv` | who had which emergency id, from when until when |

Each plant has a near miss, which differs in one fact.

| plant | rule | who | near miss | fact |
|---|---|---|---|---|
@PLANTS@
"""  # noqa: E501 - a page has one sentence per line
