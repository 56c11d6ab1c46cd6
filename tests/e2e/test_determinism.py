"""The same files give the same bytes; the same facts in another order give the same findings."""

from __future__ import annotations

import base64
import csv
import json
import random
import re
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from tests.e2e import outcome
from tests.e2e.conftest import NORTHBANK, Ran
from tests.e2e.shell import cold_sod, sod

#: All that may differ between two runs over the same files: what states the run itself.
RUN_PARAMETERS = ("run_id", "started_at", "finished_at", "command")
Hop = Mapping[str, str]
RUN_TERMS = ("Run", "Started", "Finished", "Command")


def _files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def _without_run(page: str) -> str:
    """The page without the four definitions of the run."""
    terms = "|".join(RUN_TERMS)
    page, count = re.subn(rf"<dt>({terms})</dt><dd>.*?</dd>", "", page, flags=re.DOTALL)
    assert count == len(RUN_TERMS)
    return page


def _cells(path: Path) -> Mapping[str, list[tuple[Any, ...]]]:
    """Every cell, but for the rows that state the run."""
    sheets = outcome.cells(path)
    named = [row[0] for row in sheets["Parameters"] if row[0] in RUN_PARAMETERS]
    assert sorted(named) == sorted(RUN_PARAMETERS)
    return {
        title: [row for row in rows if not (title == "Parameters" and row[0] in RUN_PARAMETERS)]
        for title, rows in sheets.items()
    }


def test_the_same_files_give_the_same_bytes_anywhere(northbank: Ran, tmp_path: Path) -> None:
    shutil.copytree(NORTHBANK, tmp_path / "copy")
    (tmp_path / "elsewhere").mkdir()

    said = cold_sod(
        *("run", "--config", "../copy/sod.yaml", "--out", "../again"),
        cwd=tmp_path / "elsewhere",
        env={"PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati"},
    )

    again, first = tmp_path / "again", northbank.folder
    assert (4, northbank.said.out) == (said.code, said.out)
    assert _files(first) == _files(again)
    differ = [n for n in _files(first) if (first / n).read_bytes() != (again / n).read_bytes()]
    assert set(differ) <= {"evidence.xlsx", "findings.json", "report.html"}
    assert _cells(first / "evidence.xlsx") == _cells(again / "evidence.xlsx")
    assert _without_run((first / "report.html").read_text("utf-8")) == _without_run(
        (again / "report.html").read_text("utf-8")
    )
    ours, theirs = outcome.findings(first), outcome.findings(again)
    assert {**ours, "run": None} == {**theirs, "run": None}
    assert list(ours) == list(theirs)


def _shuffled_records(path: Path, chance: random.Random) -> None:
    """Another order of the records of a CSV file; a record may go over several lines."""
    encoding = "cp1252" if path.parent.name == "changeman" else "utf-8"
    delimiter = ";" if path.parent.name == "changeman" else ","
    with path.open(encoding=encoding, newline="") as stream:
        head, *records = csv.reader(stream, delimiter=delimiter)
    chance.shuffle(records)
    with path.open("w", encoding=encoding, newline="") as stream:
        csv.writer(stream, delimiter=delimiter, lineterminator="\n").writerows([head, *records])


def _shuffled_entries(path: Path, chance: random.Random) -> None:
    """Another order of the entries of an LDIF file, its version line kept."""
    head, *entries = path.read_bytes().rstrip(b"\n").split(b"\n\n")
    assert head.startswith(b"version: 1")
    chance.shuffle(entries)
    path.write_bytes(b"\n\n".join([head, *entries]) + b"\n")


def _shuffled_elements(path: Path, chance: random.Random) -> None:
    """Another order of the elements of a JSON list, or of the items of a Kubernetes list."""
    told = json.loads(path.read_bytes())
    elements = told["items"] if isinstance(told, dict) and "items" in told else told
    if isinstance(elements, list):
        chance.shuffle(elements)
    path.write_text(json.dumps(told, ensure_ascii=False), "utf-8")


SHUFFLES: Mapping[str, Callable[[Path, random.Random], None]] = {
    ".csv": _shuffled_records,
    ".ldif": _shuffled_entries,
    ".json": _shuffled_elements,
}


@pytest.fixture(scope="module")
def shuffled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample bank with every export in another order, analysed; its folder."""
    folder = tmp_path_factory.mktemp("shuffled") / "bank"
    shutil.copytree(NORTHBANK, folder)
    chance = random.Random(2026)  # noqa: S311 - an order, not a secret
    for place in ("hr", "ldap", "github", "k8s-prod", "k8s-test", "changeman"):
        for path in sorted((folder / place).rglob("*.*")):
            SHUFFLES[path.suffix](path, chance)
    assert sod("run", "--out", "out", cwd=folder).code == 4
    return folder


def test_another_order_gives_the_same_findings(northbank: Ran, shuffled: Path) -> None:
    first, again = outcome.findings(northbank.folder), outcome.findings(shuffled / "out")

    assert first["findings_digest"] == again["findings_digest"]
    assert first["core"] == again["core"]
    assert first["provenance"] != again["provenance"]


# -- each printed record is the one that gives the right, read by other means than the tool's --


def _line(path: Path, number: int) -> str:
    """A line of a text export, with what is folded below it; base64 is decoded."""
    encoding = "cp1252" if path.parent.name == "changeman" else "utf-8"
    first, *below = path.read_text(encoding).split("\n")[number - 1 :]
    text = first + "".join(line[1:] for line in takewhile(lambda x: x.startswith(" "), below))
    attribute, coded, value = text.partition(":: ")
    if path.suffix == ".ldif" and coded:
        text = f"{attribute}: {base64.b64decode(value).decode()}"
    return text.casefold()


def _element(path: Path, at: str) -> Any:
    """An element of a JSON export, or the whole of one that is an object."""
    told = json.loads(path.read_bytes())
    if isinstance(told, dict) and "items" not in told:
        return told
    (number,) = re.findall(r"\d+", at)
    return (told["items"] if isinstance(told, dict) else told)[int(number)]


def _native(node: str) -> str:
    return node.partition(":")[2].casefold()


def _leaf(node: str) -> str:
    """The first part of a distinguished name, as a line spells it, escapes aside."""
    return _unescaped(re.split(r"(?<!\\),", _native(node))[0])


def _unescaped(text: str) -> str:
    return text.replace("\\2c", ",").replace("\\", "")


def _changeman(hop: Hop, path: Path) -> bool:
    login, *_, resource, _, _ = _line(path, int(hop["at"].split()[1])).split(";")
    account = _native(hop["from_id" if hop["kind"] == "assigned" else "to_id"])
    right = _native(hop["to_id"]).partition("@")[2] if hop["kind"] == "assigned" else resource
    return (login, resource) == (account, right)


def _ldap(hop: Hop, path: Path) -> bool:
    line = _unescaped(_line(path, int(hop["at"].split()[1])))
    if hop["kind"] == "member" and line.startswith("memberuid: "):
        return _leaf(hop["from_id"]) == f"uid={line.removeprefix('memberuid: ').strip()}"
    if hop["kind"] == "member":
        return line.startswith("gidnumber: ") or _leaf(hop["from_id"]) in line
    subject = hop["to_id" if hop["kind"] == "holds" else "from_id"]
    return line.startswith("dn: ") and _leaf(subject) in line


def _kubernetes(hop: Hop, path: Path) -> bool:
    element = _element(path, hop["at"])
    if hop["kind"] == "contains":
        name = re.sub(r".*/|@.*", "", _native(hop["from_id"]))
        return bool(element["metadata"]["name"] == name and element["kind"].endswith("Role"))
    subjects = {subject["name"].casefold() for subject in element["subjects"]}
    if hop["kind"] == "holds":
        return _native(hop["to_id"]) in subjects
    role = re.sub(r".*/|@.*", "", _native(hop["to_id"]))
    holder = _native(hop["from_id"]).removeprefix("group/")
    return element["roleRef"]["name"] == role and holder.split(":serviceaccount:")[-1] in subjects


def _github(hop: Hop, path: Path) -> bool:
    element = _element(path, hop["at"])
    if hop["kind"] == "contains":
        return True  # a level's actions are GitHub's own and stand in no record
    who = _native(hop["to_id" if hop["kind"] == "holds" else "from_id"])
    if who.startswith("team/") and hop["kind"] == "assigned":
        repository = _native(hop["to_id"]).removeprefix("repo/").partition("#")[0]
        team = path.parent.name
        return (who, repository) == (f"team/{team}", element["full_name"].casefold())
    if who.startswith("team/"):
        return who == f"team/{element['slug'].casefold()}"
    return bool(who == element["login"].casefold())


CHECKS: Mapping[str, Callable[[Hop, Path], bool]] = {
    "changeman": _changeman,
    "ldap": _ldap,
    "k8s-prod": _kubernetes,
    "github": _github,
}


@pytest.mark.parametrize("which", ["as exported", "shuffled"])
def test_each_printed_record_is_the_one_that_gives_the_right(
    northbank: Ran, shuffled: Path, which: str
) -> None:
    exports, written = (
        (NORTHBANK, northbank.folder) if which == "as exported" else (shuffled, shuffled / "out")
    )

    hops = outcome.rows_of(written / "paths.csv")

    checked: Counter[str] = Counter()
    for hop in hops:
        place = hop["file"].partition("/")[0]
        if place in CHECKS:
            assert CHECKS[place](hop, exports / hop["file"]), hop
            checked[place] += 1
    assert min(checked[place] for place in CHECKS) > 50
    assert {hop["file"] for hop in hops if hop["kind"] == "federated"} == {"sod.yaml"}


def test_another_order_moves_the_records(northbank: Ran, shuffled: Path) -> None:
    def places(folder: Path) -> dict[tuple[str, ...], str]:
        keys = ("finding_id", "place", "holder", "duty", "part", "hop")
        rows = outcome.rows_of(folder / "paths.csv")
        found = {tuple(row[key] for key in keys): f"{row['file']} {row['at']}" for row in rows}
        assert len(found) == len(rows)
        return found

    first, again = places(northbank.folder), places(shuffled / "out")

    assert first.keys() == again.keys()
    moved = sum(first[key] != again[key] for key in first)
    assert moved > len(first) / 2
