"""A process that has the tool loaded and forks for every command: `python -m tests.e2e.warm`.

Each line on stdin is a command as JSON (`argv`, `cwd`, `env`, and files for `out` and `err`); each
line on stdout is its exit code, negative for a signal. A command is a process of its own, with its
own folder, environment and channels, that merely starts as if its imports took no time.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import os
import sys
from typing import Any, NoReturn

from sod_analyzer import cli, config, pipeline, plugins, rules
from tests.conftest import ROOT

#: Seconds that no command of a test takes.
_LONG = 240


def serve() -> None:
    """Answer until stdin ends."""
    for command, (where, _) in cli.COMMANDS.items():
        del command
        importlib.import_module(where.partition(":")[0])
    for name in pipeline.__all__:
        getattr(pipeline, name)
    for name in plugins.importers():
        plugins.importer(name)
    for name in plugins.reporters():
        plugins.reporter(name)
    _build_schemas()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _become(json.loads(line))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _build_schemas() -> None:
    """Have the loaders build what they build at first use; nothing that they read is kept."""
    sample = ROOT / "samples" / "northbank"
    told = config.load_config(sample / "sod.yaml")
    for entry in told.sources:
        config.validate_options(entry, plugins.importer(entry.importer).options)
    rules.load_ruleset(rules.find_ruleset(told.ruleset, told.base))
    rules.load_catalogue(sample / "catalogue.yaml", shown="", systems=frozenset(told.system))


def _become(command: dict[str, Any]) -> NoReturn:
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(command[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # One that hangs says on its stderr where every thread stands, and ends with 1.
    faulthandler.dump_traceback_later(_LONG, exit=True)
    os.environ.clear()
    os.environ.update(command["env"])
    os.chdir(command["cwd"])
    sys.argv = ["sod", *command["argv"]]
    cli.main()
    raise AssertionError("main does not return")


if __name__ == "__main__":
    serve()
