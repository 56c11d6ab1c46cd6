"""A small bank whose rules, cases and mitigations are in order, and a bench that reads them all.

A planted mistake is one change of one text. `told` runs it through one stage of the bench and
returns every message; of the bank as it is here, no stage says anything.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sod_analyzer.assemble import assemble
from sod_analyzer.detect.mitigations import pins_for, weigh
from sod_analyzer.errors import SodError
from sod_analyzer.model.mitigation import BrokenPlace, Standing
from sod_analyzer.model.ruleset import Rule, Ruleset
from sod_analyzer.rulebench.coverage import coverage
from sod_analyzer.rulebench.examining import examine
from sod_analyzer.rulebench.opening import open_ruleset
from sod_analyzer.rulebench.worlds import worlds
from sod_analyzer.rules import load_catalogue, load_ruleset
from sod_analyzer.rules.approvals import Approvals, approve, load_approvals, of_ruleset
from sod_analyzer.rules.lint import lint, lint_register
from sod_analyzer.rules.pins import Pins, load_pins, write_pins
from sod_analyzer.rules.register import Register, load_register

DAY = date(2026, 10, 1)

BANK = """\
ruleset: bank
version: 2026.2
owner: IT risk
imports: [./shared.yaml]
extend:
  duties:
    deploy:
      ways: [{product: argocd, action: sync, environment: prod}]
  rules:
    SH-01: {severity: critical}
drop:
  SH-02: {reason: No tape library any more, by: IT risk, on: 2026-03-01}
controls:
  CC-REVIEW:
    title: Somebody else reviews every deployment
    needs: [list of deployments, "reviewer's signature"]
    frequency: weekly
duties:
  commit:
    title: Commit code
    ways:
      - {product: github, action: push}
      - {product: gitlab, action: [push, merge]}
  release:
    title: Release
    ways:
      - all_of:
          - {product: aws, action: "codedeploy:*", except: ["codedeploy:Get*"], environment: prod}
          - {product: aws, action: "iam:PassRole", any_scope: true}
rules:
  DEV-01:
    title: Commit code and deploy it
    duties: {all_of: [commit, {any_of: [deploy, release]}]}
    scope: application
    severity: {default: high, tier: {retail: critical}}
    gates: {commit: [independent_review]}
    exclude:
      - {place: [sandbox], reason: Nothing real, by: IT risk, on: 2026-01-01, until: 2027-01-01}
    why: One person can put unreviewed code in front of customers.
    controls: {allowed: [CC-REVIEW], max_days: 90}
    references: {soc2: [CC8.1], nist-800-53: [AC-5]}
    since: 2026.1
  DEV-02:
    title: Keep the right to release for longer than a day
    max_grant_hours: {duty: release, hours: 24}
    scope: anywhere
    severity: medium
    why: A right for emergencies becomes a right for every day.
    references: {soc2: [CC6.3]}
"""

SHARED = """\
ruleset: shared
version: 2026.1
owner: IT risk
controls:
  CC-LOG:
    title: Somebody else reads the log
    needs: [the log]
duties:
  deploy:
    title: Deploy
    ways:
      - {product: kubernetes, action: "patch deployments.apps", environment: prod}
  stop-log:
    title: Stop the log
    ways:
      - {product: aws, action: "cloudtrail:StopLogging"}
rules:
  SH-01:
    title: Deploy and stop the log
    duties: {all_of: [deploy, stop-log]}
    scope: anywhere
    severity: high
    why: Nobody sees what was deployed.
    controls: {allowed: [CC-LOG]}
    references: {soc2: [CC7.2]}
  SH-02:
    title: Stop the log alone
    duties: {critical: stop-log}
    scope: anywhere
    severity: low
    why: Nobody sees anything.
    references: {soc2: [CC7.2]}
"""

CASES = """\
ruleset: bank
systems:
  gh: {product: github}
  k8s: {product: kubernetes, environment: prod}
  k8s-test: {product: kubernetes, environment: test}
  aws: {product: aws, environment: prod}
  aws-test: {product: aws, environment: test}
applications:
  payments:
    tier: retail
    resources:
      - {system: gh, resource: bank/pay}
      - {system: k8s, resource: pay}
      - {system: k8s-test, resource: pay}
  lending:
    resources:
      - {system: k8s, resource: lend}
DEV-01:
  hit:
    - ann: [gh push bank/pay, k8s "patch deployments.apps" pay]
      at: payments
  miss:
    - ann: [gh push bank/pay, k8s "patch deployments.apps" lend]
      differs: application
    - ann: [gh push bank/pay, k8s-test "patch deployments.apps" pay]
      differs: environment
    - ann: [gh push bank/pay, k8s "get deployments.apps" pay]
      differs: right
    - ann: [gh push bank/pay]
      differs: duty
DEV-02:
  hit:
    - ann: [aws "codedeploy:CreateDeployment" app hours=48, aws "iam:PassRole" app hours=48]
  miss:
    - ann: [aws "codedeploy:GetDeployment" app hours=48, aws "iam:PassRole" app hours=48]
      differs: right
    - ann: [aws-test "codedeploy:CreateDeployment" app hours=48, aws "iam:PassRole" app hours=48]
      differs: environment
    - ann: [aws "codedeploy:CreateDeployment" app hours=12, aws "iam:PassRole" app hours=48]
      differs: hours
"""

REGISTER = """\
mitigations:
  M-001:
    rule: DEV-01
    person: E1001
    place: payments
    control: CC-REVIEW
    owner: E2000
    approver: E2001
    performer: E2002
    approved_on: 2026-09-15
    valid_until: 2026-12-01
    frequency: weekly
    last_performed: 2026-09-28
    evidence: Tickets CHG-1 to CHG-9
"""

CATALOGUE = """\
applications:
  payments:
    tier: retail
    resources:
      - {system: gh, resource: bank/pay}
      - {system: k8s, resource: pay}
"""

FILES: Mapping[str, str] = {
    "bank.yaml": BANK,
    "shared.yaml": SHARED,
    "bank.cases.yaml": CASES,
    "mitigations.yaml": REGISTER,
    "catalogue.yaml": CATALOGUE,
}
PINS = "approvals/pins.yaml"
INDEX = "approvals/approvals.yaml"

#: Who works there; E1002 reports to E1001.
NAMES = {each: f"Person {each}" for each in ("E1001", "E1002", "E2000", "E2001", "E2002", "E2003")}
MANAGERS = {"E1002": "E1001"}
#: What E1001 has in payments: the ways of each duty, in words.
WAYS = {
    "commit": ("github: push",),
    "deploy": ("kubernetes: patch deployments.apps [environment=prod]",),
}
GITLAB = "gitlab: push | merge"


@dataclass(frozen=True)
class Mistake:
    """One change of a text that was right, and the message it must get.

    `old` becomes `new`; without `old`, `new` goes to the end of the file. `at` is what stands in
    the line that the message must name, in `told_of`, by default the file that was changed.
    """

    name: str
    stage: str
    file: str
    old: str
    new: str
    at: str
    words: tuple[str, ...]
    told_of: str | None = None
    code: str | None = None  # of a message of lint
    also: int = 0  # further messages that the mistake rightly has
    approved: str = "as is"  # as is | before | never: when the ruleset was approved
    found: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: WAYS)

    def texts(self) -> dict[str, str]:
        """The files with the mistake in them, but for those that approvals write."""
        return {name: self.planted(name, text) for name, text in FILES.items()}

    def planted(self, name: str, text: str) -> str:
        """One text with the mistake in it, when it is the one to be changed."""
        if name != self.file:
            return text
        if not self.old:
            return text + self.new
        if text.count(self.old) != 1:
            raise ValueError(f"{self.name}: {self.old!r} stands {text.count(self.old)} times")
        return text.replace(self.old, self.new)


#: The bank as it is, under the name of a mistake.
def right(stage: str) -> Mistake:
    """No mistake at all."""
    return Mistake("none", stage, "bank.yaml", "owner: IT risk", "owner: IT risk", "", ())


def told(folder: Path, mistake: Mistake) -> list[tuple[str, str]]:
    """Every message of one stage over the files with the mistake in them, each with its code.

    Messages begin with their file and line; the code is empty for those that are not lint's.
    """
    base = load_base(folder)
    for name, text in mistake.texts().items():
        (folder / name).write_bytes(text.encode("utf-8", errors="surrogateescape"))
    try:
        return list(_STAGES[mistake.stage](folder, mistake, base))
    except SodError as error:
        return [(str(problem), "") for problem in error.problems]


def load_base(folder: Path) -> Ruleset:
    """The bank's ruleset without any mistake."""
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return load_ruleset(folder / "bank.yaml")


Told = Iterable[tuple[str, str]]


def _load(folder: Path, _: Mistake, __: Ruleset) -> Told:
    load_ruleset(folder / "bank.yaml")
    return []


def _lint(folder: Path, mistake: Mistake, base: Ruleset) -> Told:
    ruleset = load_ruleset(folder / "bank.yaml")
    approvals = Approvals()
    if mistake.approved != "never":
        approved = base if mistake.approved == "before" else ruleset
        approvals = approve(folder / "approvals", [of_ruleset(approved)], by="Board", on=DAY)
    return [(str(n), n.code) for n in lint(ruleset, as_of=DAY, approvals=approvals)]


def _cases(folder: Path, _: Mistake, __: Ruleset) -> Told:
    opened = open_ruleset("./bank.yaml", folder)
    approvals = approve(folder / "approvals", [of_ruleset(opened.ruleset)], by="Board", on=DAY)
    notes = lint(opened.ruleset, opened.cases, as_of=DAY, approvals=approvals)
    if notes:
        return [(str(n), n.code) for n in notes]
    return [(str(problem), "") for problem in examine(opened.ruleset, opened.cases).problems]


def _register(folder: Path, mistake: Mistake, base: Ruleset) -> Told:
    register = _pinned(folder, mistake, base)
    ruleset = load_ruleset(folder / "bank.yaml")
    return [(str(n), n.code) for n in lint_register(register, ruleset, as_of=DAY)]


def _weigh(folder: Path, mistake: Mistake, base: Ruleset) -> Told:
    register = _pinned(folder, mistake, base)
    weighed = weigh(
        register.mitigations,
        [*_broken(base.rule["DEV-01"], mistake.found)],
        as_of=DAY,
        managers=MANAGERS,
        names=NAMES,
        controls=base.control,
    )
    return [
        (f"{row['file']}:{row['record']}: {row['standing']}: {row['why']}", "")
        for row in weighed.rows
        if row["standing"] != Standing.IN_FORCE
    ]


def _pinned(folder: Path, mistake: Mistake, base: Ruleset) -> Register:
    """The register, pinned to what was found when all was right."""
    before = folder / "before.yaml"
    before.write_text(REGISTER, encoding="utf-8")
    right_one = load_register(before)
    pins = pins_for(right_one.mitigations, _broken(base.rule["DEV-01"], WAYS))
    path = folder / PINS
    write_pins(path, Pins(right_one.digest, pins))
    path.write_text(mistake.planted(PINS, path.read_text(encoding="utf-8")), encoding="utf-8")
    return load_register(folder / "mitigations.yaml", pins=load_pins(path, shown=PINS))


def _broken(rule: Rule, ways: Mapping[str, tuple[str, ...]]) -> list[BrokenPlace]:
    pair = ("held, sure",)
    return [
        BrokenPlace(rule.rule_id, rule.digest, who, "payments", pair, ways, rule.controls, 90)
        for who in ("E1001", "E2003")
    ]


def _approvals(folder: Path, mistake: Mistake, base: Ruleset) -> Told:
    approve(folder / "approvals", [of_ruleset(base)], by="Board", on=DAY)
    path = folder / INDEX
    path.write_text(mistake.planted(INDEX, path.read_text(encoding="utf-8")), encoding="utf-8")
    load_approvals(folder / "approvals")
    return []


def _catalogue(folder: Path, _: Mistake, __: Ruleset) -> Told:
    load_catalogue(folder / "catalogue.yaml", systems=["gh", "k8s"])
    return []


def _coverage(folder: Path, _: Mistake, __: Ruleset) -> Told:
    """The cases' own world for a snapshot: the bank's own patterns must match something in it."""
    opened = open_ruleset("./bank.yaml", folder)
    if opened.cases is None:
        raise ValueError("the bank has no cases")
    world = worlds(opened.cases, opened.ruleset)[0]
    found = coverage(assemble([world.batch], world.estate), opened.ruleset, as_of=DAY)
    return [
        (f"{row['at']}: {row['state']}: {row['pattern']} of duty {row['duty']}", "")
        for row in found.patterns
        if row["state"] == "dead" and str(row["at"]).startswith("bank.yaml")
    ]


_STAGES: Mapping[str, Callable[[Path, Mistake, Ruleset], Told]] = {
    "load": _load,
    "lint": _lint,
    "cases": _cases,
    "coverage": _coverage,
    "register": _register,
    "weigh": _weigh,
    "approvals": _approvals,
    "catalogue": _catalogue,
}
STAGES = tuple(_STAGES)
