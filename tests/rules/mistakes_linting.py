"""Mistakes that load and that lint must tell: one of every code about rulesets."""

from __future__ import annotations

from tests.rules.mistakes_bench import Mistake


def _bank(code: str, name: str, old: str, new: str, at: str, *words: str, also: int = 0) -> Mistake:
    return Mistake(name, "lint", "bank.yaml", old, new, at, words, code=code, also=also)


def _added(code: str, name: str, asks: str, at: str, *words: str) -> Mistake:
    """A further rule; `asks` is everything but title, why and references."""
    lines = ["title: One more", *asks.splitlines(), "why: Loss.", "references: {soc2: [CC6.3]}"]
    new = "  DEV-03:\n" + "".join(f"    {line}\n" for line in lines)
    return Mistake(name, "lint", "bank.yaml", "", new, at, words, code=code)


def _duty(code: str, name: str, ways: str, at: str, *words: str, asks: str = "") -> Mistake:
    """A further duty, and a rule that uses it."""
    duty = f"  further:\n    title: A further duty\n    ways:\n{ways}\nrules:\n"
    rule = asks or "duties: {all_of: [further, commit]}"
    lines = ["title: One more", rule, "scope: anywhere", "severity: low", "why: Loss."]
    new = "  DEV-03:\n" + "".join(f"    {each}\n" for each in lines)
    both = f"{duty}{new}    references: {{soc2: [CC6.3]}}\n"
    return Mistake(
        name, "lint", "bank.yaml", "rules:\n  DEV-01", f"{both}  DEV-01", at, words, code=code
    )


def _way(part: str) -> str:
    return f"      - {{{part}}}"


OF_RULESETS: tuple[Mistake, ...] = (
    Mistake(
        "a ruleset changed since its approval",
        "lint",
        "bank.yaml",
        "severity: medium",
        "severity: low",
        "ruleset: bank",
        (
            "bank has changed since Board approved it on 2026-10-01",
            "~ rule DEV-02 severity: medium -> low",
            "have it approved again",
        ),
        code="changed-since-approval",
        approved="before",
    ),
    Mistake(
        "an import changed since the approval",
        "lint",
        "shared.yaml",
        "cloudtrail:StopLogging",
        "cloudtrail:*",
        "ruleset: bank",
        ("~ duty stop-log: + way aws: cloudtrail:*",),
        told_of="bank.yaml",
        code="changed-since-approval",
        approved="before",
    ),
    Mistake(
        "a claim of an approval of something else",
        "lint",
        "bank.yaml",
        "owner: IT risk\n",
        "owner: IT risk\napproved: {by: Mallory, on: 2026-10-02, digest: 9f2c}\n",
        "approved: {",
        ("Mallory", "2026-10-02", "with another digest"),
        code="changed-since-approval",
        approved="before",
    ),
    Mistake(
        "a ruleset that nobody approved",
        "lint",
        "bank.yaml",
        "version: 2026.2",
        "version: 2026.3",
        "ruleset: bank",
        ("nobody has approved bank 2026.3", "`sod rules approve`"),
        code="unapproved",
        approved="never",
    ),
    _bank(
        "unused-import",
        "an import of which nothing is used",
        "[./shared.yaml]",
        "[./shared.yaml, {ruleset: treasury, rules: []}]",
        "imports: [",
        "nothing of 'treasury' is used",
        "leave the import out",
    ),
    _bank(
        "odd-spelling",
        "a misspelt product",
        "      - {product: github, action: push}\n",
        "      - {product: gitlab, action: tag}\n      - {product: gitlb, action: push}\n",
        "gitlb",
        "product 'gitlb' looks like 'gitlab' in bank.yaml:22",
    ),
    _bank(
        "odd-spelling",
        "an environment in capitals",
        'except: ["codedeploy:Get*"], environment: prod',
        'except: ["codedeploy:Get*"], environment: Prod',
        "environment: Prod",
        "environment 'Prod' looks like 'prod'",
    ),
    _added(
        "odd-spelling",
        "a misspelt tier",
        "duties: {critical: commit}\ntiers: [retial]\nscope: application\nseverity: low",
        "tiers: [retial]",
        "tier 'retial' looks like 'retail'",
    ),
    # -- duties ----------------------------------------------------------------------------------
    _bank(
        "unused-duty",
        "a duty that no rule is about",
        "  release:\n",
        "  merge:\n    title: Merge\n    ways: [{product: github, action: merge}]\n  release:\n",
        "  merge:\n",
        "duty 'merge' is used by no rule",
        "use it or remove it",
    ),
    _duty(
        "duplicate-duty",
        "two duties of the same ways",
        _way('product: aws, action: ["cloudtrail:StopLogging"]'),
        "  further:",
        "'further'",
        "the same ways as 'stop-log'",
        "keep one",
    ),
    _bank(
        "duplicate-pattern",
        "a way within another way",
        "      - {product: github, action: push}\n",
        "      - {product: github, action: push}\n"
        "      - {product: github, action: push, resource: bank/*}\n",
        "resource: bank/*",
        "lies within 'github: push' of duty 'commit'",
        "remove it",
    ),
    _bank(
        "duplicate-pattern",
        "an action within another action",
        "action: [push, merge]",
        'action: [push, "pu*", merge]',
        '"pu*"',
        "'push' lies within 'pu*'",
        "remove it",
    ),
    _bank(
        "substring-pattern",
        "a pattern of a piece of a name",
        "{product: github, action: push}",
        '{product: github, action: "*admin*"}',
        "*admin*",
        "'*admin*'",
        "give the beginning",
    ),
    _duty(
        "every-action",
        "a star alone as an action",
        _way('product: vault, action: "*"'),
        'action: "*"',
        "every right in vault",
        "name the actions",
    ),
    _bank(
        "nothing-left",
        "an exception that leaves nothing",
        'action: "codedeploy:*", except: ["codedeploy:Get*"]',
        'action: "codedeploy:GetApp", except: ["codedeploy:Get*"]',
        "codedeploy:GetApp",
        "leaves nothing of 'codedeploy:GetApp'",
        "narrow it",
    ),
    _bank(
        "idle-except",
        "an exception of another action",
        'except: ["codedeploy:Get*"]',
        'except: ["codebuild:Get*"]',
        "codebuild:Get*",
        "'codebuild:Get*'",
        "takes nothing away",
    ),
    # -- rules -----------------------------------------------------------------------------------
    _added(
        "duplicate-rule",
        "the same rule twice",
        "duties: {all_of: [stop-log, deploy]}\nscope: anywhere\nseverity: low",
        "  DEV-03:",
        "DEV-03 asks the same as SH-01",
        "keep one",
    ),
    _added(
        "subsumed-rule",
        "a rule within another",
        "duties: {all_of: [stop-log, deploy, commit]}\nscope: application\nseverity: low",
        "  DEV-03:",
        "whatever breaks DEV-03 breaks SH-01",
        "remove it, make it more severe",
    ),
    _duty(
        "one-duty-enough",
        "at_least over duties of which one lies in another",
        _way("product: github, action: push, resource: bank/*"),
        "    duties: {at_least",
        "whoever has duty 'further' has 'commit'",
        "one duty breaks DEV-03",
        asks="duties: {at_least: {count: 2, of: [commit, further, stop-log]}}",
    ),
    _duty(
        "one-right-enough",
        "a right that performs both duties",
        _way("product: github, action: push, resource: bank/*")
        + "\n"
        + _way("product: github, action: tag"),
        "    duties: {all_of: [further",
        "one right breaks DEV-03 alone",
        "'further' and 'commit'",
        "a duty of its own",
    ),
    _duty(
        "always-broken",
        "a critical duty that everybody has",
        _way('product: vault, action: ["*"]'),
        "{critical: further}",
        "broken by whoever has any right in vault",
        "say whom it is about",
        asks="duties: {critical: further}",
    ),
    _added(
        "never-broken",
        "holders that are everybody",
        'only: {duty: commit, holders: {account: "*:*"}}\nscope: anywhere\nseverity: low',
        "only: {",
        "nobody breaks DEV-03",
        "name who may",
    ),
    _bank(
        "never-broken",
        "an exclusion of every place",
        "{place: [sandbox], reason",
        '{place: ["*"], reason',
        '- {place: ["*"]',
        "leaves out everything that DEV-01 is about",
        "drop the rule",
    ),
    _added(
        "unrelated-scope",
        "one resource, of two products",
        "duties: {all_of: [commit, stop-log]}\nscope: resource\nseverity: low",
        "scope: resource",
        "can never meet in one resource",
        "aws, github, gitlab",
        "use scope application",
    ),
    _added(
        "unrelated-scope",
        "one system, of two products",
        "duties: {at_least: {count: 2, of: [commit, stop-log]}}\nscope: system\nseverity: low",
        "scope: system",
        "can never meet in one system",
    ),
    Mistake(
        "at least more than at most",
        "lint",
        "bank.yaml",
        "",
        "  DEV-03:\n    title: Few\n    max_holders: {duty: commit, count: 2}\n"
        "    scope: anywhere\n    severity: low\n    why: Loss.\n    references: {soc2: [CC6.3]}\n"
        "  DEV-04:\n    title: Enough\n    min_holders: {duty: commit, count: 3}\n"
        "    scope: anywhere\n    severity: low\n    why: Loss.\n    references: {soc2: [CC6.3]}\n",
        "min_holders: {",
        ("at least 3 holders of 'commit'", "DEV-03 allows 2", "one of them is always broken"),
        code="contradicting-counts",
    ),
    _bank(
        "exclusion-over",
        "an exclusion that is over",
        "until: 2027-01-01",
        "until: 2026-09-30",
        "until: 2026-09-30",
        "the exclusion of place sandbox from DEV-01 is over since 2026-09-30",
        "remove it, or decide it anew",
    ),
    _bank(
        "exclusion-ending",
        "an exclusion that ends soon",
        "until: 2027-01-01",
        "until: 2026-10-31",
        "until: 2026-10-31",
        "ends on 2026-10-31",
        "decide now",
    ),
    _bank(
        "exclusion-without-end",
        "an exclusion without an end",
        ", until: 2027-01-01",
        "",
        "on: 2026-01-01}",
        "has no end",
        "'until'",
    ),
    _bank(
        "exclusion-over",
        "an exclusion, of an imported rule, that is over",
        "SH-01: {severity: critical}",
        "SH-01: {severity: critical, exclude: [{person: E9, reason: Alone, by: IT risk, "
        "on: 2026-01-01, until: 2026-02-01}]}",
        "SH-01: {",
        "the exclusion of person E9 from SH-01 is over since 2026-02-01",
    ),
    _bank(
        "deprecated-without-successor",
        "a deprecated rule without a successor",
        "    since: 2026.1\n",
        "    since: 2026.1\n    status: deprecated\n",
        "status: deprecated",
        "say in 'why' which rule takes its place",
    ),
    _bank(
        "unknown-framework",
        "a framework in another spelling",
        "{soc2: [CC8.1], nist-800-53: [AC-5]}",
        "{soc2: [CC8.1], nist80053: [AC-5]}",
        "nist80053",
        "'nist80053' is written 'nist-800-53' elsewhere",
    ),
    _bank(
        "unknown-framework",
        "a framework without its edition",
        "{soc2: [CC8.1], nist-800-53: [AC-5]}",
        "{soc2: [CC8.1], pci-dss: [6.5.4]}",
        "pci-dss",
        "'pci-dss' is written 'pci-dss-4.0.1' elsewhere",
    ),
    # -- controls --------------------------------------------------------------------------------
    Mistake(
        "a control that no ruleset describes",
        "lint",
        "shared.yaml",
        "controls:\n  CC-LOG:\n    title: Somebody else reads the log\n    needs: [the log]\n",
        "",
        "  SH-01:",
        ("SH-01 allows control 'CC-LOG', which is not defined", "describe it under controls"),
        code="undefined-control",
    ),
    _bank(
        "missing-control",
        "a severe rule without a control",
        "    severity: medium\n",
        "    severity: {default: medium, tier: {retail: high}}\n",
        "  DEV-02:",
        "DEV-02 is high and allows no control",
        "under controls",
    ),
    _bank(
        "unused-control",
        "a control that no rule allows",
        "duties:\n  commit",
        "  CC-SPARE:\n    title: Nobody asks for it\n    needs: [a list]\nduties:\n  commit",
        "  CC-SPARE:",
        "no rule allows control 'CC-SPARE'",
        "remove it",
    ),
    _bank(
        "bare-control",
        "a control without anything to show",
        '    needs: [list of deployments, "reviewer\'s signature"]\n',
        "",
        "  CC-REVIEW:",
        "what must be shown",
        "'needs'",
    ),
)
