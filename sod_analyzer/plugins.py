"""Importers and reporters by name, found through entry points; the built-in ones come this way too.

Reading the list imports no plugin: only the one that is asked for is loaded, so a CSV run never
pays for a cloud library, and a broken plugin hurts only those who use it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any, cast

from sod_analyzer.errors import PluginError, near

if TYPE_CHECKING:
    # At run time the list of plugins must not load Arrow, which the model needs.
    from sod_analyzer.model.batch import Importer
    from sod_analyzer.model.finding import Reporter

#: The package whose plugins are built in, as its metadata writes it.
OWN_PACKAGE = "sod-analyzer"

_GROUPS: Mapping[str, str] = {
    "importer": "sod_analyzer.importers",
    "reporter": "sod_analyzer.reporters",
}
_PARTS: Mapping[str, tuple[str, ...]] = {
    "importer": ("name", "options", "fetch", "parse"),
    "reporter": ("name", "filename", "render"),
}


@dataclass(frozen=True, slots=True, order=True)
class Plugin:
    """One entry point: what a package says it offers; not yet loaded."""

    kind: str  # importer | reporter
    name: str
    package: str
    version: str
    target: str  # module:attribute
    extras: tuple[str, ...] = ()

    @property
    def builtin(self) -> bool:
        """Whether it comes with this program."""
        return self.package == OWN_PACKAGE

    @property
    def origin(self) -> str:
        """Package and version, as an error or a report names it."""
        return f"{self.package} {self.version}".strip()

    def load(self) -> Any:
        """The importer or reporter itself.

        Raises:
            PluginError: the package cannot be imported, or what it offers lacks a part.
        """
        try:
            found = EntryPoint(self.name, self.target, _GROUPS[self.kind]).load()
        except Exception as error:
            # Any package may be broken in any way; the reader needs to know which one it is.
            raise PluginError(self._broken(error)) from error
        missing = [part for part in _PARTS[self.kind] if not hasattr(found, part)]
        if missing:
            raise PluginError(
                f"{self.kind} '{self.name}' of {self.origin} is no {self.kind}: "
                f"{self.target} has no {', '.join(missing)}"
            )
        if found.name != self.name:
            raise PluginError(
                f"{self.kind} '{self.name}' of {self.origin} calls itself '{found.name}'"
            )
        if self.kind == "importer" and not is_dataclass(found.options):
            raise PluginError(
                f"importer '{self.name}' of {self.origin}: its options are no dataclass"
            )
        return found

    def _broken(self, error: Exception) -> str:
        said = f"{type(error).__name__}: {error}"
        if isinstance(error, ImportError) and self.extras:
            wanted = f"{self.package}[{','.join(self.extras)}]"
            return f"{self.kind} '{self.name}' needs more: pip install '{wanted}' ({said})"
        return f"{self.kind} '{self.name}' of {self.origin} cannot be loaded ({said})"


def plugins(*, builtin_only: bool = False) -> tuple[Plugin, ...]:
    """Every importer and reporter that any installed package offers, sorted; clashes included."""
    found = _installed(tuple(sys.path))
    return tuple(plugin for plugin in found if plugin.builtin or not builtin_only)


@lru_cache(maxsize=1)
def _installed(path: tuple[str, ...]) -> tuple[Plugin, ...]:
    """What the packages on the path offer: finding that out reads a file of every package."""
    del path
    found = {
        _plugin(kind, point)
        for kind, group in _GROUPS.items()
        for point in entry_points(group=group)
    }
    return tuple(sorted(found))


def importers(*, builtin_only: bool = False) -> Mapping[str, Plugin]:
    """Importers by name, not loaded.

    Raises:
        PluginError: two packages claim one name.
    """
    return _by_name("importer", builtin_only=builtin_only)


def reporters(*, builtin_only: bool = False) -> Mapping[str, Plugin]:
    """Reporters by name, not loaded.

    Raises:
        PluginError: two packages claim one name.
    """
    return _by_name("reporter", builtin_only=builtin_only)


def importer(name: str, *, builtin_only: bool = False) -> Importer:
    """The importer of this name, loaded.

    Raises:
        PluginError: no package offers it, two do, or the one that does is broken.
    """
    return cast("Importer", _pick("importer", name, builtin_only=builtin_only).load())


def reporter(name: str, *, builtin_only: bool = False) -> Reporter:
    """The reporter of this name, loaded.

    Raises:
        PluginError: no package offers it, two do, or the one that does is broken.
    """
    return cast("Reporter", _pick("reporter", name, builtin_only=builtin_only).load())


def versions(*, builtin_only: bool = False) -> Mapping[str, str]:
    """The package and version behind each plugin, by `kind name`: the provenance of a report."""
    return {
        f"{plugin.kind} {plugin.name}": plugin.origin
        for plugin in plugins(builtin_only=builtin_only)
    }


def _plugin(kind: str, point: EntryPoint) -> Plugin:
    package, version = "", ""
    if point.dist is not None:
        package, version = point.dist.name or "", point.dist.version or ""
    # Not `point.module` and `point.extras`: these raise when the value is malformed, and one bad
    # line in any installed package would then hide every other plugin.
    target, _, extras = point.value.partition("[")
    return Plugin(
        kind,
        point.name,
        re.sub(r"[-_.]+", "-", package).lower() or "unknown package",
        version,
        target.strip(),
        tuple(sorted(extra.strip() for extra in extras.rstrip(" ]").split(",") if extra.strip())),
    )


def _by_name(kind: str, *, builtin_only: bool) -> Mapping[str, Plugin]:
    named: dict[str, Plugin] = {}
    for plugin in plugins(builtin_only=builtin_only):
        if plugin.kind != kind:
            continue
        other = named.setdefault(plugin.name, plugin)
        if other is not plugin:
            raise PluginError(
                f"{kind} '{plugin.name}' is claimed by {other.origin} ({other.target}) and by "
                f"{plugin.origin} ({plugin.target}); uninstall one of them"
            )
    return named


def _pick(kind: str, name: str, *, builtin_only: bool) -> Plugin:
    known = _by_name(kind, builtin_only=builtin_only)
    if name not in known:
        raise PluginError(f"no {kind} '{name}'{near(name, known, most=20)}")
    return known[name]
