"""The files that people write: configuration, catalogue, and the reader's page."""

# ruff: noqa: E501  the lines of other files stand here whole

from __future__ import annotations

from maker import aws, register, rules
from maker.aws import BUILD, PROD, ROOT
from maker.world import HEADCOUNT, World

SOD_YAML = f"""\
# What is analysed, where its exports lie, and how accounts are tied to people.
name: Northbank
classification: Confidential
as_of: 2026-10-31
ruleset: devops
catalogue: catalogue.yaml
mitigations: mitigations.yaml
output: out/northbank
max_skew_days: 7

identity:
  aliases: aliases.csv

systems:
  hr-north: {{title: Personnel system, product: hr, owner: Human Resources}}
  ldap-north: {{title: Corporate directory, product: ldap, owner: Identity}}
  github-north: {{title: GitHub organisation northbank, product: github, owner: Engineering tools}}
  k8s-prod:
    title: Production cluster
    product: kubernetes
    environment: prod
    owner: Platform
    groups_from: {{system: ldap-north, prefix: "oidc:"}}
    accounts_from: {{system: ldap-north, by: email, prefix: "oidc:"}}
  k8s-test:
    title: Test cluster
    product: kubernetes
    environment: test
    owner: Platform
    groups_from: {{system: ldap-north, prefix: "oidc:"}}
    accounts_from: {{system: ldap-north, by: email, prefix: "oidc:"}}
  changeman: {{title: Mainframe change manager, product: change-manager, environment: prod, owner: Mainframe}}
  aws-root: {{title: AWS management account, product: aws, environment: management, owner: Platform}}
  aws-prod: {{title: AWS production account, product: aws, environment: prod, owner: Platform}}
  aws-build: {{title: AWS build account, product: aws, environment: test, owner: Engineering tools}}
  old-erp: {{title: Former general ledger, product: sap, scope: out-of-scope, reason: Sold with the leasing business in 2025}}
  # Nobody has what these products would give; rules that need it say "not applicable".
  azure: {{title: Microsoft Azure, product: azure, scope: not-used, reason: AWS is the bank's one public cloud}}
  gcp: {{title: Google Cloud, product: gcp, scope: not-used, reason: AWS is the bank's one public cloud}}
  gitlab: {{title: GitLab, product: gitlab, scope: not-used, reason: Replaced by GitHub in 2023}}
  jenkins: {{title: Jenkins, product: jenkins, scope: not-used, reason: Replaced by GitHub in 2023}}
  argocd: {{title: Argo CD, product: argocd, scope: out-of-scope, reason: Has no logins of its own; people reach it through the cluster}}
  iga: {{title: Access certification tool, product: iga, scope: not-used, reason: Access is certified on paper by Internal Audit}}
  pam: {{title: Vault of emergency ids, product: pam, scope: not-used, reason: Emergency access is the group platform-breakglass}}
  test-manager: {{title: Test manager, product: test-manager, scope: not-used, reason: Tests are signed off in the change ticket}}

sources:
  hr:
    system: hr-north
    importer: hr
    path: hr/roster.csv
    extracted_at: 2026-10-30T22:00:00Z
    extracted_by: HR job 41
    query: All employees and contractors, leavers of the last twelve months included
    expected_count: {HEADCOUNT}
  ldap:
    system: ldap-north
    importer: ldif
    path: ldap
    extracted_at: 2026-10-31T02:10:00Z
    extracted_by: Identity, nightly dump
    query: slapcat -b dc=northbank,dc=example
    workloads: ["uid=*,ou=services,*"]
  github:
    system: github-north
    importer: github
    path: github
    extracted_at: 2026-10-31T03:00:00Z
    extracted_by: Engineering tools, with an owner's token
    query: gh api --paginate
  k8s-prod:
    system: k8s-prod
    importer: kubernetes
    path: k8s-prod/rbac.json
    extracted_at: 2026-10-31T03:15:00Z
    extracted_by: Platform
    query: kubectl get clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts -A -o json
  k8s-test:
    system: k8s-test
    importer: kubernetes
    path: k8s-test/rbac.json
    extracted_at: 2026-10-31T03:20:00Z
    extracted_by: Platform
    query: kubectl get clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts -A -o json
  aws:
    system: aws-root
    importer: aws
    path: aws
    accounts: {{"{ROOT}": aws-root, "{PROD}": aws-prod, "{BUILD}": aws-build}}
    extracted_at: 2026-10-31T03:30:00Z
    extracted_by: Platform, with the auditors' role
    query: sod pull aws
  changeman:
    system: changeman
    importer: csv
    path: changeman/access.csv
    extracted_at: 2026-10-30T23:30:00Z
    extracted_by: Mainframe, batch CM900
    query: Access list of all applications
    timezone: Europe/Dublin
    delimiter: ";"
    encoding: cp1252
    date_format: "%d.%m.%Y"
    columns:
      account: BENUTZER
      employee_id: PERSNR
      permission: RECHTE
      resource: ANWENDUNG
      valid_from: GUELTIG_AB
      valid_until: GUELTIG_BIS
    multi: {{permission: ","}}
    translate:
      permission:
        C: check-in
        A: approve
        P: promote
        E: edit-processor
        U: administer-access
        L: administer-log
        B: browse
"""

_CATALOGUE = """\
# Which resources make up which application. The namespace treasury is missing on purpose.
applications:
  payments:
    title: Payments
    tier: move-money
    owner: Head of Payments
    resources:
      - {system: github-north, resource: "northbank/payments-*"}
      - {system: github-north, resource: northbank/shared-auth}
      - {system: k8s-prod, resource: payments}
      - {system: k8s-test, resource: payments}
      - {system: changeman, resource: PAY}
AWS-payments
      - {system: ldap-north, resource: "cn=directory-admins,*"}
  onboarding:
    title: Onboarding
    tier: customer-acquisition
    owner: Head of Retail
    resources:
      - {system: github-north, resource: "northbank/onboarding-*"}
      - {system: k8s-prod, resource: onboarding}
      - {system: k8s-test, resource: onboarding}
      - {system: changeman, resource: ONB}
AWS-onboarding
      - {system: ldap-north, resource: "cn=directory-admins,*"}
  internet-banking:
    title: Internet Banking
    tier: customer-facing
    owner: Head of Digital
    resources:
      - {system: github-north, resource: "northbank/ib-*"}
SHARED      - {system: k8s-prod, resource: internet-banking}
      - {system: k8s-test, resource: internet-banking}
      - {system: changeman, resource: IBK}
      - {system: ldap-north, resource: "cn=directory-admins,*"}
  logging:
    title: Logging
    tier: infrastructure
    owner: Platform
    resources:
      - {system: github-north, resource: northbank/observability}
      - {system: k8s-prod, resource: logging}
      - {system: k8s-test, resource: logging}
      - {system: ldap-north, resource: "cn=directory-admins,*"}
"""

_SHARED = "      - {system: github-north, resource: northbank/shared-auth}\n"


def catalogue(world: World) -> str:
    """The catalogue; as it was approved, the shared repository belonged to Payments alone."""
    text = _CATALOGUE.replace("SHARED", "" if world.as_approved else _SHARED)
    for application in ("payments", "onboarding"):
        claimed = "".join(
            f'      - {{system: {system}, resource: "{arn}"}}\n'
            for (system, of), arns in aws.CLAIMED.items()
            if of == application
            for arn in arns
        )
        text = text.replace(f"AWS-{application}\n", claimed)
    return text


_README = """\
# Northbank

A small bank that does not exist: {people} people, a directory, a GitHub organisation, two clusters, three AWS accounts and an old change manager.
`generate.py` makes every file in this folder, this page among them and `approvals/` apart, and gives the same bytes on every run:

```sh
python samples/northbank/generate.py
```

`EXPECTED.json` says what an analysis must find, from what was planted and not from any tool's output: for each of the {rules} rules of the ruleset `devops` everybody (or every account, group, application) who is not clear, and where; who is counted; how each mitigation stands.
What it does not name is clear.
Somebody who breaks a rule in the place `all` breaks it in every single place.

## What is where

| file | what |
|---|---|
| `sod.yaml`, `catalogue.yaml`, `aliases.csv` | what is analysed, which resources make up which application, accounts tied to people by hand |
| `mitigations.yaml` | compensating controls, each for one person or application |
| `approvals/` | what the Change Advisory Board signed on 1 October, and what each mitigation was approved for |
| `hr/roster.csv` | the people; one record appears twice, and some texts are hostile |
| `ldap/` | accounts and nested groups, one ring of groups, one dangling member, names spelled in several ways |
| `github/` | answers of the REST API |
| `k8s-prod/`, `k8s-test/` | RBAC objects; some roles have the same name in both |
| `aws/` | what `sod pull aws` writes: three accounts with their organisation and its limits, Identity Center, policies of keys, functions and builds |
| `changeman/access.csv` | semicolons, cp1252, days as 31.10.2026 |

What the data leaves open on purpose: the namespace `treasury` belongs to no application, one directory account could be either of two people's, one group lists a member that does not exist, and nothing shows branch rules or pipelines.
Nothing shows who may hire, so DEV-13 sees new identities in AWS alone, and nothing shows when the owners of the GitHub organisation or the administrators of AWS last signed in.
One role of the build account trusts GitHub's runners: which workflows use it is not in any export. Of policies of resources, only those of keys were read.

Rules about products that `sod.yaml` declares as not used are *not applicable*: {absent}.

## What is excused

| id | rule | whom | place | stands | because |
|---|---|---|---|---|---|
{register}

Only what is *in force* excuses; the rest is a violation, with the reason beside it.

Nobody but the tool can say what a mitigation was approved for, so the folder `approvals/` is not the generator's.
It was made from the bank as it was on the day of signing:

```sh
python samples/northbank/generate.py --as-approved --out BANK
sod run --config BANK/sod.yaml --out BANK/out
sod rules approve --config BANK/sod.yaml --in BANK/out --by "Change Advisory Board" --on 2026-10-01
```

Three things have changed since: {later} was entered, the shared repository became part of Internet Banking too, and one more way to deploy lapses M-005.
So the report says *changed since approval* of the register and of the catalogue, and what the change was.
Of the ruleset it says so too, if yours is not the one that was signed.

## What is planted

Each plant has a near miss: somebody for whom one fact is different.

| id | plant | person | near miss | rule | place | fact |
|---|---|---|---|---|---|---|
{plants}
"""


def readme(world: World) -> str:
    """The folder's page, with every plant in one line."""
    lines = [
        f"| P{number:02d} | {plant.title} | {_who(world, plant.person)}: {plant.verdict} "
        f"| {_who(world, plant.near_miss)}: {plant.near_miss_verdict} "
        f"| {plant.rule} | {plant.place} | {plant.fact} |"
        for number, plant in enumerate(world.plants, start=1)
    ]
    absent = [rule for rule, state in rules.states().items() if state == rules.NOT_APPLICABLE]
    return _README.format(
        people=len(world.people),
        rules=len(rules.states()),
        absent=", ".join(absent),
        register="\n".join(register.rows(world)),
        later=register.later(world),
        plants="\n".join(lines),
    )


def _who(world: World, key: str) -> str:
    person = world.people.get(key)
    name = f"{person.name} ({key})" if person else f"`{key}`"
    return name.replace("|", "\\|")
