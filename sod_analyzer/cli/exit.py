"""What the shell is told: the exit codes, and which of them an error or an answer earns.

Findings never exit 1: an uncaught exception is also 1, and a crash must not look like an answer.
"""

from __future__ import annotations

from enum import IntEnum

from sod_analyzer.errors import ConfigError, QueryError, RulesetError, SodError


class Exit(IntEnum):
    """Exit codes; a public contract, explained in `docs/exit-codes.md`."""

    DONE = 0
    BROKEN = 1
    USAGE = 2
    FINDINGS = 3
    INCOMPLETE = 4


#: Errors that the person at the terminal mends in a configuration, a ruleset or the command line.
_USAGE: tuple[type[SodError], ...] = (ConfigError, RulesetError, QueryError)


def exit_for(error: SodError) -> Exit:
    """The code of an error that stops a command."""
    return Exit.USAGE if isinstance(error, _USAGE) else Exit.BROKEN


def exit_of(*, findings: bool, incomplete: bool) -> Exit:
    """The code of an answer: findings win over an incomplete input, which wins over done."""
    if findings:
        return Exit.FINDINGS
    return Exit.INCOMPLETE if incomplete else Exit.DONE
