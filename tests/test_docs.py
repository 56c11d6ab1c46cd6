"""The pages say what is so: commands, examples, kinds of issue, links."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from sod_analyzer.cli import COMMANDS
from sod_analyzer.testing import check_importer, spec_for
from tests import command_pages, issue_kinds
from tests.conftest import ROOT

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
SKIPPED = "…"


@dataclass(frozen=True)
class Example:
    """One command of a page, the exit code it says, and the lines it shows."""

    command: str
    code: int
    shown: tuple[str, ...]


def blocks(page: Path, language: str) -> Iterator[str]:
    """The fenced blocks of a page that are in this language, without their fences."""
    text = page.read_text(encoding="utf-8")
    for found in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield found[1]


def examples(page: Path) -> Iterator[Example]:
    """The commands of a page's console blocks; `# exits 4` after one says its exit code."""
    for block in blocks(page, "console"):
        parts = re.split(r"^\$ ", block.replace("\\\n", ""), flags=re.MULTILINE)[1:]
        for part in parts:
            command, *shown = part.splitlines()
            stated = re.search(r"\s+# exits (\d)$", command)
            plain = command[: stated.start()] if stated else command
            lines = tuple(line.rstrip() for line in shown if line.strip())
            yield Example(plain.strip(), int(stated[1]) if stated else 0, lines)


def pages_with_examples() -> list[Path]:
    return [page for page in PAGES if any(examples(page))]


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a reader has after cloning, in which examples may write."""
    folder = tmp_path_factory.mktemp("reader")
    for name in ("samples", "rulesets"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name)
    return folder


def as_a_reader_would(command: str) -> str:
    """The command as it runs here: `make demo` without its installation."""
    if not command.startswith("make "):
        return command
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    target = command.split()[1]
    assert f"\n{target}:" in makefile, f"the Makefile has no {target}"
    if target != "demo":
        return "true"
    found = re.search(r"\$\(BIN\)/(sod run [^|;]*)", makefile)
    assert found is not None
    return f"{found[1].strip()} || test $? -eq 4"


@pytest.mark.parametrize("page", pages_with_examples(), ids=lambda page: page.name)
@pytest.mark.skipif(find_spec("sod_analyzer.cli.run") is None, reason="commands are being built")
def test_every_example_runs_and_shows_what_the_page_shows(page: Path, checkout: Path) -> None:
    """Each line a page shows appears in this order; `…` stands for any others."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for example in examples(page):
        done = subprocess.run(
            ["sh", "-c", as_a_reader_would(example.command)],
            cwd=checkout,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        said = done.stdout + done.stderr

        assert (example.command, example.code) == (example.command, done.returncode), said
        _shown_in_order(example, said)


def _shown_in_order(example: Example, said: str) -> None:
    lines = iter([line.rstrip() for line in said.splitlines()])
    for wanted in example.shown:
        if wanted != SKIPPED:
            assert any(wanted == line for line in lines), f"$ {example.command}\n{wanted}\n\n{said}"


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    written = command_pages.PAGE.read_text(encoding="utf-8")

    assert command_pages.page() == written, "run `make docs` and commit docs/commands.md"


@pytest.mark.parametrize("name", list(COMMANDS))
def test_the_readme_or_a_page_shows_every_command_at_work(name: str) -> None:
    used = {
        word
        for example in _all()
        for word in re.findall(r"\bsod(?: -\S+)* ([a-z-]+)", as_a_reader_would(example.command))
    }

    assert name in used


def _all() -> list[Example]:
    return [example for page in PAGES for example in examples(page)]


def test_every_kind_of_issue_is_explained() -> None:
    text = (ROOT / "docs" / "issues.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| (`[^|]*`) \|", text, re.MULTILINE)
    explained = {kind for cell in cells for kind in re.findall(r"`([^`]+)`", cell)}

    assert sorted(issue_kinds.found()) == sorted(explained)


def test_every_exit_code_is_explained() -> None:
    text = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")

    assert re.findall(r"^\| (\d) \|", text, re.MULTILINE) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```|<!--.*?-->", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)

    broken = [
        target
        for target in targets
        if "://" not in target and not (page.parent / target).resolve().exists()
    ]

    assert broken == []


def test_the_importer_of_the_guide_conforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = next(blocks(ROOT / "docs" / "add-an-importer.md", "python"))
    guide = ModuleType("guide")
    monkeypatch.setitem(sys.modules, "guide", guide)
    exec(compile(code, "add-an-importer.md", "exec"), guide.__dict__)  # noqa: S102 - our own page
    (tmp_path / "export.txt").write_text("ann;vault\n\nbob\nann;vault\n", encoding="utf-8")

    check_importer(guide.IMPORTER, spec_for(guide.IMPORTER, tmp_path / "export.txt"))
