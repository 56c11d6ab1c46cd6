"""Mistakes in a ruleset that loading must refuse: file, line, and words that name the fix."""

from __future__ import annotations

from tests.rules.mistakes_bench import Mistake


def _bank(name: str, old: str, new: str, at: str, *words: str, also: int = 0) -> Mistake:
    return Mistake(name, "load", "bank.yaml", old, new, at, words, also=also)


LOADING: tuple[Mistake, ...] = (
    # -- what YAML itself would let pass ---------------------------------------------------------
    _bank(
        "a duplicate YAML key",
        "    since: 2026.1\n",
        "    since: 2026.1\n    scope: anywhere\n",
        "scope: anywhere\n  DEV-02",
        "'scope' stands twice",
        "first in line 34",
    ),
    _bank(
        "NO where true or false is expected",
        "any_scope: true",
        "any_scope: NO",
        "any_scope: NO",
        "'NO'",
        "neither true nor false",
    ),
    _bank(
        "NO where a number is expected",
        "max_days: 90",
        "max_days: NO",
        "max_days: NO",
        "whole number",
    ),
    _bank(
        "NO where a severity is expected",
        "severity: medium",
        "severity: NO",
        "severity: NO",
        "'NO'",
        "'low', 'medium', 'high', 'critical'",
    ),
    _bank(
        "a tab for spaces",
        "    scope: application\n",
        "\tscope: application\n",
        "\tscope: application",
        "tab",
        "spaces",
    ),
    _bank(
        "an anchor",
        "controls: {allowed",
        "controls: &c {allowed",
        "controls: &c",
        "anchor",
        "write",
    ),
    _bank("an alias", "[CC8.1]", "*refs", "*refs", "aliases are not allowed", "repeat it"),
    _bank(
        "a tag",
        "version: 2026.2",
        "version: !!float 2026.2",
        "!!float",
        "tags are not allowed",
        "leave it out",
    ),
    _bank("a merge key", "severity: medium", "<<: {severity: medium}", "<<:", "repeat the keys"),
    _bank(
        "a value left empty",
        "severity: medium",
        "severity:",
        "severity:\n",
        "write one, or leave it out",
    ),
    _bank(
        "a bare null",
        "since: 2026.1",
        "since: null",
        "since: null",
        "leave it out, or quote it as text",
    ),
    _bank(
        "a second document",
        "duties:\n  commit",
        "---\nduties:\n  commit",
        "---",
        "one file holds one",
    ),
    _bank(
        "a bracket left open", "{soc2: [CC6.3]}", "{soc2: [CC6.3}", "[CC6.3}", "expected ',' or ']'"
    ),
    _bank(
        "bytes that are not UTF-8",
        "IT risk\nimp",
        "IT ris\udce9\nimp",
        "ris\udce9",
        "save it as UTF-8",
    ),
    _bank(
        "a mark that reorders the text on the screen",
        "Release\n",
        "Rel\u202eease\n",
        "Rel\u202eease",
        "U+202E",
        "remove it",
    ),
    # -- keys and values -------------------------------------------------------------------------
    _bank(
        "an unknown key",
        "    scope: application",
        "    scop: application",
        "scop:",
        "unknown key 'scop'",
        "did you mean 'scope'?",
        also=1,
    ),
    _bank(
        "a missing scope",
        "    scope: application\n",
        "",
        "  DEV-01:",
        "DEV-01",
        "'scope' is missing",
    ),
    _bank(
        "an unknown scope",
        "scope: application",
        "scope: aplication",
        "aplication",
        "did you mean 'application'?",
    ),
    _bank("no references", "{soc2: [CC6.3]}", "{}", "references: {}", "name the requirement"),
    _bank("a rule id of another form", "  DEV-02:", "  Dev2:", "  Dev2:", "DEV-01 or P2P-003"),
    _bank(
        "a duty id with a capital", "  commit:\n", "  Commit:\n", "  Commit:", "lower-case", also=2
    ),
    _bank(
        "the slug of another rule",
        "    since: 2026.1",
        "    since: 2026.1\n    slug: deploy-and-stop-the-log",
        "slug: deploy",
        "that of SH-01 too",
        "give another one",
    ),
    # -- duties ----------------------------------------------------------------------------------
    _bank(
        "a misspelt duty",
        "[commit, {any_of",
        "[comit, {any_of",
        "[comit,",
        "'comit'",
        "did you mean 'commit'?",
        also=1,
    ),
    _bank(
        "a duty that includes itself",
        "    title: Release\n",
        "    title: Release\n    includes: [release]\n",
        "includes: [release]",
        "names the duty itself",
    ),
)
