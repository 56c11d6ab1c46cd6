"""Where a ruleset lies: one that comes with the package, or a file of the site's own."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from sod_analyzer.errors import RulesetError, SourceRef, near


def builtin_rulesets() -> Mapping[str, Path]:
    """The rulesets that come with the package, by name."""
    folders = (path for path in sorted(_folder().iterdir()) if path.is_dir())
    return {
        path.name: path / f"{path.name}.yaml"
        for path in folders
        if (path / f"{path.name}.yaml").is_file()
    }


def find_ruleset(name_or_path: str, base: Path, *, where: SourceRef | None = None) -> Path:
    """The file of a ruleset: a built-in name, or a path relative to `base`.

    What has a slash or ends in .yaml or .yml is a path. `where` is the place that names it.

    Raises:
        RulesetError: no built-in has that name. A missing file is told when it is loaded.
    """
    if is_path(name_or_path):
        return base / name_or_path
    known = builtin_rulesets()
    found = known.get(name_or_path)
    if found is None:
        raise RulesetError(
            f"no built-in ruleset '{name_or_path}'{near(name_or_path, known)}; "
            "a ruleset of your own is named by its path, such as ./rules.yaml",
            where=where,
        )
    return found


def is_path(name_or_path: str) -> bool:
    """Whether this names a file, not a built-in ruleset."""
    return "/" in name_or_path or "\\" in name_or_path or name_or_path.endswith((".yaml", ".yml"))


def _folder() -> Path:
    """An installed package carries its rulesets inside; in a checkout they stand beside it."""
    package = Path(str(files("sod_analyzer")))
    inside = package / "_rulesets"
    return inside if inside.is_dir() else package.parent / "rulesets"
