"""A wrong configuration, catalogue or ruleset stops the run with exit 2 and leaves nothing behind.

The message names the file and the line; nothing of a hostile document is carried out.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.e2e.estate import CATALOGUE, RULES, Estate
from tests.e2e.shell import sod

#: Nine names of nine entries, each nine times the one before: 3,486,784,401 if anybody follows.
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + before] * 9)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def _config(estate: Estate, old: str, new: str) -> None:
    text = (estate.folder / "sod.yaml").read_text(encoding="utf-8")
    assert old in text
    estate.write("sod.yaml", text.replace(old, new, 1))


def _loop(estate: Estate, path: str) -> None:
    place = estate.folder / path
    place.unlink(missing_ok=True)
    place.symlink_to(place.name)


def _folder(estate: Estate, path: str) -> None:
    place = estate.folder / path
    place.unlink(missing_ok=True)
    place.mkdir()


def _aliases(estate: Estate) -> None:
    estate.config["identity"] = {"aliases": "aliases.csv"}
    estate.save()


def _alias_folder(estate: Estate) -> None:
    _aliases(estate)
    _folder(estate, "aliases.csv")


def _set(key: str, value: str) -> Callable[[Estate], object]:
    def change(estate: Estate) -> None:
        estate.config[key] = value
        estate.save()

    return change


TWICE = RULES.replace("owner: IT risk", "owner: IT risk\nowner: Me")
TAGGED = RULES.replace("IT risk", "!!binary aGk=")
SECOND = CATALOGUE + "  payments: {resources: [{system: k8s, resource: x}]}\n"
PYTHON = CATALOGUE.replace("Payments", "!!python/object/apply:os.system [touch owned]")

CASES: dict[str, tuple[Callable[[Estate], object], str]] = {
    "configuration with a duplicate key": (
        lambda e: _config(e, '"name": "Small bank",', '"name": "Small bank",\n "name": "Again",'),
        "sod.yaml:3: key 'name' stands twice, first in line 2",
    ),
    "configuration with a tag": (
        lambda e: _config(e, '"Small bank"', "!!python/object/apply:os.system [touch owned]"),
        "sod.yaml:2: tag",
    ),
    "configuration that is an alias bomb": (
        lambda e: e.write("sod.yaml", BOMB),
        "sod.yaml:2: alias '*a': aliases are not allowed",
    ),
    "configuration nested without end": (
        lambda e: e.write("sod.yaml", "[" * 200_000),
        "sod.yaml:1: nested more than",
    ),
    "configuration that is empty": (
        lambda e: e.write("sod.yaml", ""),
        "sod.yaml: the file is empty",
    ),
    "configuration in another encoding": (
        lambda e: e.write("sod.yaml", "name: B\xe4nk\n".encode("latin-1")),
        "sod.yaml:1: not UTF-8: byte 0xE4",
    ),
    "configuration with a NUL": (
        lambda e: _config(e, "Small bank", "Small\x00bank"),
        "sod.yaml:2: character U+0000 is not allowed",
    ),
    "configuration that is a folder": (lambda e: _folder(e, "sod.yaml"), "no sod.yaml in"),
    "configuration that is a symlink loop": (lambda e: _loop(e, "sod.yaml"), "no sod.yaml in"),
    "catalogue with a duplicate key": (
        lambda e: e.write("catalogue.yaml", SECOND),
        "catalogue.yaml:7: key 'payments' stands twice, first in line 2",
    ),
    "catalogue with a tag": (
        lambda e: e.write("catalogue.yaml", PYTHON),
        "catalogue.yaml:3: tag",
    ),
    "catalogue that is an alias bomb": (
        lambda e: e.write("catalogue.yaml", BOMB),
        "catalogue.yaml:2: alias",
    ),
    "catalogue that is missing": (
        lambda e: (e.folder / "catalogue.yaml").unlink(),
        "catalogue.yaml: no such file",
    ),
    "catalogue that is empty": (
        lambda e: e.write("catalogue.yaml", ""),
        "catalogue.yaml: the file is empty",
    ),
    "catalogue that is a folder": (
        lambda e: _folder(e, "catalogue.yaml"),
        "catalogue.yaml: a folder, where a YAML file should be",
    ),
    "catalogue that is a symlink loop": (
        lambda e: _loop(e, "catalogue.yaml"),
        "catalogue.yaml: cannot be read: Too many levels of symbolic links",
    ),
    "ruleset with a duplicate key": (
        lambda e: e.write("rules.yaml", TWICE),
        "rules.yaml:4: key 'owner' stands twice, first in line 3",
    ),
    "ruleset with a tag": (lambda e: e.write("rules.yaml", TAGGED), "rules.yaml:3: tag"),
    "ruleset that is an alias bomb": (
        lambda e: e.write("rules.yaml", BOMB),
        "rules.yaml:2: alias",
    ),
    "ruleset that is missing": (
        lambda e: (e.folder / "rules.yaml").unlink(),
        "rules.yaml: no such file",
    ),
    "ruleset that is empty": (
        lambda e: e.write("rules.yaml", ""),
        "rules.yaml: the file is empty",
    ),
    "ruleset that is a folder": (
        lambda e: _folder(e, "rules.yaml"),
        "rules.yaml: a folder, where a YAML file should be",
    ),
    "ruleset that is a symlink loop": (
        lambda e: _loop(e, "rules.yaml"),
        "rules.yaml: cannot be read: Too many levels of symbolic links",
    ),
    "alias file that is missing": (_aliases, "sod.yaml:42: no such file: 'aliases.csv'"),
    "alias file that is a folder": (_alias_folder, "sod.yaml:42: 'aliases.csv' is a folder"),
    "output with a NUL in its name": (_set("output", "a\x00b"), "cannot be written"),
    "output with too long a name": (_set("output", "o" * 300), "File name too long"),
    "output that is somebody's file": (
        lambda e: e.write("out", "mine"),
        "out was not written by this tool",
    ),
    "output that is somebody's folder": (
        lambda e: e.write("out/mine.txt", "mine"),
        "out was not written by this tool",
    ),
}


@pytest.mark.parametrize(("flaw", "message"), CASES.values(), ids=CASES)
def test_a_wrong_document_stops_the_run_and_is_named(
    estate: Estate, flaw: Callable[[Estate], object], message: str
) -> None:
    flaw(estate)
    before = _tree(estate)

    said = sod("run", "--force", cwd=estate.folder)

    assert said.code == 2, said
    assert said.out == ""
    assert message in said.err
    # Control characters of the document never reach the terminal.
    assert said.err.isprintable() or set(said.err) - set("\n") == {
        letter for letter in said.err if letter.isprintable()
    }
    assert before == _tree(estate)


def test_every_mistake_of_a_document_is_told_at_once(estate: Estate) -> None:
    estate.write("sod.yaml", "name: x\nruleset: [\n]\nsystmes: {}\nas_of: soon\n")

    said = sod("run", cwd=estate.folder)

    assert said.code == 2
    assert len(said.err.splitlines()) >= 4, said.err


def _tree(estate: Estate) -> dict[str, bytes | None]:
    """Everything in the folder, hidden names included."""
    return {
        str(path.relative_to(estate.folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(estate.folder.rglob("*"))
    }
