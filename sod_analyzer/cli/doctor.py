"""`sod doctor`: versions, plugins, and what is missing."""

from __future__ import annotations

import platform
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sod_analyzer import __version__
from sod_analyzer.cli.exit import Exit
from sod_analyzer.cli.output import emit, format_option, voice
from sod_analyzer.errors import PluginError

if TYPE_CHECKING:
    from sod_analyzer.plugins import Plugin

#: Programs that the tool itself never needs: what each is good for.
_PROGRAMS = {
    "soffice": "LibreOffice prints a workbook to PDF",
    "slapcat": "OpenLDAP dumps a directory to LDIF",
    "gh": "GitHub's program saves an organisation as JSON",
    "kubectl": "Kubernetes' program saves a cluster's roles as JSON",
}
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)")


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report."""

    part: str  # program | library | importer | reporter | ruleset | optional
    name: str
    version: str
    state: str  # ok | missing | broken
    note: str

    @property
    def fatal(self) -> bool:
        """Whether the tool cannot do its work without it."""
        return self.part != "optional" and self.state != "ok"


@click.command()
@format_option
@click.pass_context
def doctor(ctx: click.Context, *, form: str) -> None:
    """Show versions, plugins, rulesets, and what is missing.

    Exits 1 when something that the tool needs is missing or broken.
    """
    checks = tuple(_checks())
    sick = [check for check in checks if check.fatal]
    code = Exit.BROKEN if sick else Exit.DONE

    emit(
        map(asdict, checks),
        ("part", "name", "version", "state", "note"),
        form=form,
        about={"well": not sick, "exit_code": int(code)},
    )
    for check in sick:
        voice().warn(f"{check.part} {check.name} is {check.state}")
    ctx.exit(code)


def _checks() -> Iterator[Check]:
    from sod_analyzer.plugins import plugins

    yield Check("program", "sod", __version__, "ok", str(Path(__file__).resolve().parents[1]))
    yield Check("program", "python", platform.python_version(), "ok", platform.platform())
    yield from _libraries()
    for plugin in plugins():
        yield _plugin(plugin)
    yield from _rulesets()
    for name, purpose in _PROGRAMS.items():
        found = shutil.which(name)
        yield Check("optional", name, "", "ok" if found else "missing", purpose)


def _libraries() -> Iterator[Check]:
    """What the package's own metadata asks for, extras as optional."""
    from importlib.metadata import PackageNotFoundError, requires, version

    from sod_analyzer.plugins import OWN_PACKAGE

    try:
        wanted = requires(OWN_PACKAGE) or []
    except PackageNotFoundError:
        yield Check("library", OWN_PACKAGE, "", "missing", "not installed: no plugin can be found")
        return
    for requirement in sorted(wanted, key=str.casefold):
        match = _REQUIREMENT.match(requirement)
        if match is None:
            continue
        name = match[1]
        extra = re.search(r"extra == ['\"](.+?)['\"]", requirement)
        part = "optional" if extra else "library"
        note = f"pip install '{OWN_PACKAGE}[{extra[1]}]'" if extra else ""
        try:
            yield Check(part, name, version(name), "ok", "")
        except PackageNotFoundError:
            yield Check(part, name, "", "missing", note or f"needed: {requirement}")


def _plugin(plugin: Plugin) -> Check:
    from sod_analyzer.plugins import plugins

    note = plugin.package
    state = "ok"
    try:
        plugin.load()
    except PluginError as error:
        state, note = "broken", str(error)
    clash = [
        other
        for other in plugins()
        if (other.kind, other.name) == (plugin.kind, plugin.name) and other != plugin
    ]
    if clash:
        state, note = "broken", f"{plugin.origin}: name claimed by {clash[0].origin} too"
    return Check(plugin.kind, plugin.name, plugin.version, state, note)


def _rulesets() -> Iterator[Check]:
    """The rulesets that come with the package, or stand beside it in a checkout."""
    package = Path(__file__).resolve().parents[1]
    folder = next(
        (path for path in (package / "_rulesets", package.parent / "rulesets") if path.is_dir()),
        None,
    )
    if folder is None:
        yield Check("ruleset", "built-in", "", "missing", "the package holds no rulesets")
        return
    for path in sorted(folder.glob("*.yaml")):
        if path.name.endswith(".cases.yaml"):
            continue
        yield Check("ruleset", path.stem, "", "ok", str(path))
