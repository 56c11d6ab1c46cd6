"""Importers and reporters are found by name, whoever brings them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from sod_analyzer import plugins
from sod_analyzer.errors import PluginError

GOOD = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Options:
    depth: int = 1

class Sailor:
    name = "{name}"
    options = Options
    def fetch(self, spec): ...
    def parse(self, raw): ...

class Painter:
    name = "{name}"
    filename = "{name}.txt"
    def render(self, report, stream): ...

IMPORTER = Sailor()
REPORTER = Painter()
"""


class Shelf:
    """A folder on the import path in which a test installs packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(self, package: str, points: str, *, module: str = "", code: str = "") -> None:
        """Lay down the metadata of a package with these entry points, and one module."""
        home = self.folder / f"{package.replace('-', '_')}-2.1.dist-info"
        home.mkdir()
        (home / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 2.1\n")
        (home / "entry_points.txt").write_text(points)
        if module:
            (self.folder / f"{module}.py").write_text(code)


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.syspath_prepend(str(tmp_path))
    return Shelf(tmp_path)


def test_an_importer_of_another_package_is_found_and_loaded(shelf: Shelf) -> None:
    points = "[sod_analyzer.importers]\nharbour = harbour_mod:IMPORTER\n"
    shelf.install("sod-harbour", points, module="harbour_mod", code=GOOD.format(name="harbour"))

    found = plugins.importer("harbour")

    assert found.name == "harbour"
    assert plugins.importers()["harbour"].origin == "sod-harbour 2.1"
    assert plugins.versions()["importer harbour"] == "sod-harbour 2.1"


def test_a_reporter_of_another_package_is_found_and_loaded(shelf: Shelf) -> None:
    points = "[sod_analyzer.reporters]\nmural = mural_mod:REPORTER\n"
    shelf.install("sod-mural", points, module="mural_mod", code=GOOD.format(name="mural"))

    found = plugins.reporter("mural")

    assert found.filename == "mural.txt"


def test_the_built_in_plugins_come_by_the_same_route() -> None:
    names = set(plugins.importers(builtin_only=True))

    assert names >= {"csv", "excel", "github", "hr", "json", "kubernetes", "ldif"}
    assert all(plugin.builtin for plugin in plugins.importers(builtin_only=True).values())


def test_built_in_only_leaves_other_packages_out(shelf: Shelf) -> None:
    points = "[sod_analyzer.importers]\nharbour = harbour_two:IMPORTER\n"
    shelf.install("sod-harbour", points, module="harbour_two", code=GOOD.format(name="harbour"))

    with pytest.raises(PluginError, match="no importer 'harbour'"):
        plugins.importer("harbour", builtin_only=True)


def test_two_claimants_of_one_name_are_an_error_that_names_both_packages(shelf: Shelf) -> None:
    shelf.install("sod-left", "[sod_analyzer.importers]\nharbour = left_mod:IMPORTER\n")
    shelf.install("sod-right", "[sod_analyzer.importers]\nharbour = right_mod:IMPORTER\n")

    with pytest.raises(PluginError) as caught:
        plugins.importer("harbour")

    assert "sod-left 2.1" in str(caught.value)
    assert "sod-right 2.1" in str(caught.value)


def test_a_package_cannot_take_the_name_of_a_built_in_plugin(shelf: Shelf) -> None:
    shelf.install("sod-thief", "[sod_analyzer.importers]\ncsv = thief_mod:IMPORTER\n")

    with pytest.raises(PluginError, match="sod-thief"):
        plugins.importers()

    assert plugins.importers(builtin_only=True)["csv"].builtin


@pytest.mark.parametrize(
    ("target", "code", "said"),
    [
        ("no_such_module:IMPORTER", "", "cannot be loaded"),
        ("crash_mod:IMPORTER", "raise RuntimeError('boom')", "RuntimeError: boom"),
        ("lean_mod:IMPORTER", "IMPORTER = object()", "has no name, options, fetch, parse"),
        ("liar_mod:IMPORTER", GOOD.format(name="other"), "calls itself 'other'"),
        ("loose_mod:IMPORTER", GOOD.format(name="harbour") + "Sailor.options = int", "dataclass"),
        ("not a target", "", "cannot be loaded"),
    ],
)
def test_a_broken_plugin_is_an_error_that_names_its_package(
    shelf: Shelf, target: str, code: str, said: str
) -> None:
    points = f"[sod_analyzer.importers]\nharbour = {target}\n"
    shelf.install("sod-broken", points, module=target.partition(":")[0], code=code)
    if not code:
        (shelf.folder / f"{target.partition(':')[0]}.py").unlink()

    with pytest.raises(PluginError) as caught:
        plugins.importer("harbour")

    assert "sod-broken" in str(caught.value)
    assert said in str(caught.value)


def test_a_broken_plugin_does_not_hurt_the_others(shelf: Shelf) -> None:
    shelf.install("sod-broken", "[sod_analyzer.importers]\nharbour = no_such_module:X\n")

    assert "csv" in plugins.importers()


def test_a_missing_extra_says_what_to_install(shelf: Shelf) -> None:
    points = "[sod_analyzer.importers]\nharbour = no_such_module:X [deep]\n"
    shelf.install("sod-deep", points)

    with pytest.raises(PluginError, match=r"pip install 'sod-deep\[deep\]'"):
        plugins.importer("harbour")


def test_an_unknown_name_says_what_is_near() -> None:
    with pytest.raises(PluginError, match="no importer 'kubernets'; did you mean 'kubernetes'"):
        plugins.importer("kubernets")


def test_listing_plugins_loads_none_of_them() -> None:
    code = (
        "import sys; from sod_analyzer import plugins; plugins.importers(); plugins.reporters();"
        "print(sorted(m for m in sys.modules if m.startswith('sod_analyzer')))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "['sod_analyzer', 'sod_analyzer.errors', 'sod_analyzer.plugins']"
