"""The house stands as docs/architecture.md draws it."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import grimp
import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "sod_analyzer"
LINE_LIMIT = 600
BANNED_ANYWHERE = ("user", "permission", "utils")
BANNED_WHOLE = frozenset({"data", "info", "item"})
TOP_LEVEL = frozenset(
    {
        ".ci",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "Makefile",
        "README.md",
        "docs",
        "pyproject.toml",
        "rulesets",
        "samples",
        "sod_analyzer",
        "tests",
    }
)


@dataclass(frozen=True)
class Room:
    """One line of the table: what the room may import."""

    name: str
    rooms: frozenset[str]
    libraries: frozenset[str]


@cache
def drawn() -> Mapping[str, Room]:
    """The rooms of the architecture page, top to bottom."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text[text.index("| room |") :].split("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    names = [row[0].strip("`").removesuffix("/").removesuffix(".py") for row in rows]
    rooms = {}
    for n, (name, row) in enumerate(zip(names, rows, strict=True)):
        allowed = names[n + 1 :] if row[2] == "all below" else _words(row[2])
        rooms[name] = Room(
            name, frozenset(allowed) | {"deferred", "errors"}, frozenset(_words(row[3]))
        )
    return rooms


@cache
def real() -> tuple[Mapping[str, Mapping[str, str]], frozenset[str]]:
    """Room to what it imports from elsewhere (and one module that does), and all rooms."""
    graph = grimp.build_graph("sod_analyzer", include_external_packages=True, cache_dir=None)
    imports: dict[str, dict[str, str]] = defaultdict(dict)
    rooms = set()
    for module in sorted(graph.modules):
        root, _, rest = module.partition(".")
        if root != "sod_analyzer" or not rest:
            continue
        room = rest.partition(".")[0]
        rooms.add(room)
        for found in sorted(graph.find_modules_directly_imported_by(module)):
            target = _target(found)
            if target not in (room, "sod_analyzer"):
                imports[room][target] = module
    return imports, frozenset(rooms)


def _target(module: str) -> str:
    """A room's name for our own modules, a library's name for others."""
    root, _, rest = module.partition(".")
    return rest.partition(".")[0] if root == "sod_analyzer" and rest else root


def _words(cell: str) -> list[str]:
    return [] if cell == "–" else [word.strip() for word in cell.split(",")]


def sources(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*.py") if "__pycache__" not in path.parts)


@cache
def project() -> Mapping[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def entry_points(kind: str) -> Mapping[str, str]:
    found: dict[str, str] = project()["project"]["entry-points"][f"sod_analyzer.{kind}"]
    return found


def test_every_room_that_stands_is_drawn_and_every_room_drawn_stands() -> None:
    _, standing = real()

    assert sorted(drawn()) == sorted(standing)


@pytest.mark.parametrize("name", list(drawn()))
def test_a_room_imports_only_the_rooms_that_its_line_allows(name: str) -> None:
    imports, standing = real()

    forbidden = {
        target: module
        for target, module in imports.get(name, {}).items()
        if target in standing and target not in drawn()[name].rooms
    }

    assert forbidden == {}


@pytest.mark.parametrize("name", list(drawn()))
def test_a_room_uses_only_the_libraries_that_its_line_allows(name: str) -> None:
    imports, standing = real()

    forbidden = {
        target: module
        for target, module in imports.get(name, {}).items()
        if target not in standing
        and target not in sys.stdlib_module_names
        and target not in drawn()[name].libraries
    }

    assert forbidden == {}


def test_the_layers_of_the_import_contract_are_the_rooms_of_the_page() -> None:
    contract = project()["tool"]["importlinter"]["contracts"][0]

    layers = [layer.strip() for line in contract["layers"] for layer in line.split("|")]

    assert sorted(layers) == sorted(drawn())


@pytest.mark.parametrize("folder", ["sod_analyzer", "tests", "samples"])
def test_no_file_is_longer_than_the_budget(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in sources(ROOT / folder)
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LINE_LIMIT
    }

    assert long == {}


def test_core_names_use_the_house_words() -> None:
    """A source's own word may appear only inside its importer."""
    banned = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in sources(PACKAGE)
        if "importers" not in path.parts
        for name, line in names(path)
        if name.lower() in BANNED_WHOLE or any(word in name.lower() for word in BANNED_ANYWHERE)
    ]

    assert banned == []


def names(path: Path) -> Iterator[tuple[str, int]]:
    """Every name that a file gives to something, with its line; its own name, too."""
    yield path.stem, 1
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name, node.lineno
        elif isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr, node.lineno
        elif isinstance(node, ast.alias) and node.asname:
            yield node.asname, node.lineno


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (kind, target)
        for kind in ("importers", "reporters")
        for target in entry_points(kind).items()
    ],
)
def test_every_entry_point_leads_to_a_plugin_of_its_name(
    kind: str, target: tuple[str, str]
) -> None:
    name, place = target
    module, _, attribute = place.partition(":")

    found = getattr(import_module(module), attribute)

    assert found.name == name


def test_every_importer_has_an_entry_point() -> None:
    defined = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sources(PACKAGE / "importers")
        if re.search(r"^IMPORTER\b.* = ", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    named = [place.partition(":")[0] for place in entry_points("importers").values()]

    # A package may define its importer in one of its modules and offer it from its top.
    unnamed = [
        module
        for module in sorted(defined)
        if not any(module == name or module.startswith(f"{name}.") for name in named)
    ]

    assert unnamed == []


def test_every_importer_has_a_page() -> None:
    text = "\n".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))
    )

    lacking = [name for name in entry_points("importers") if f"importer: {name}" not in text]

    assert lacking == []


def test_the_top_level_holds_what_it_should_and_no_more() -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")

    top = {line.split("/")[0].strip('"') for line in listed.stdout.splitlines()}

    assert top - TOP_LEVEL == set()
