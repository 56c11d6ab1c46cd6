"""What people signed beside the rules: the register of mitigations, and who approved what."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from sod_analyzer.config import Config, config_tables
from sod_analyzer.errors import ConfigError, InputError, SourceRef
from sod_analyzer.importers.aliases import read_aliases
from sod_analyzer.model.batch import SourceSpec
from sod_analyzer.model.finding import REPORT_TABLES
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline.spaces import IMPORTS_COPY
from sod_analyzer.rules import load_catalogue
from sod_analyzer.rules.approvals import (
    INDEX_NAME,
    Approvable,
    Approvals,
    load_approvals,
    of_aliases,
    of_catalogue,
    of_gaps,
    of_register,
    of_ruleset,
    of_systems,
    standing,
)
from sod_analyzer.rules.pins import PINS_NAME, load_pins
from sod_analyzer.rules.register import Register, load_register

Row = dict[str, Any]

#: Names of the copies in a written folder. Theirs might be one of ours.
CATALOGUE_COPY = "catalogue.yaml"
ALIASES_COPY = "aliases.csv"
_REGISTER_COPY = "mitigations"
_MEANINGS = "*.meaning.json"


@dataclass(frozen=True)
class Papers:
    """Everything signed, as it is today, and how far it is what was signed."""

    register: Register | None = None
    approvals: Approvals = field(default_factory=Approvals)
    approvables: tuple[Approvable, ...] = ()

    def rows(self) -> pa.Table:
        """The report's table of approvals."""
        rows = [standing(self.approvals, each) for each in self.approvables]
        return pa.Table.from_pylist(
            sorted(rows, key=lambda row: (row["what"], row["name"])),
            schema=REPORT_TABLES["approvals"],
        )


def load_papers(config: Config, ruleset: Ruleset, *, copies: bool = False) -> Papers:
    """What the configuration names, read again; with `copies`, from a folder that a run wrote.

    Raises:
        RulesetError: the register, the catalogue or an approval cannot be read.
        ConfigError: the alias file is not there.
    """
    base = config.base
    folder = base if copies else base / config.approvals
    approvals = load_approvals(folder, shown=config.approvals)
    register = None
    if config.mitigations is not None:
        suffix = Path(config.mitigations).suffix.lower()
        path = base / (f"{_REGISTER_COPY}{suffix}" if copies else config.mitigations)
        pins = load_pins(folder / PINS_NAME, shown=f"{config.approvals}/{PINS_NAME}")
        register = load_register(path, pins=pins, shown=config.mitigations)
    return Papers(register, approvals, _approvables(config, ruleset, register, copies=copies))


def _approvables(
    config: Config, ruleset: Ruleset, register: Register | None, *, copies: bool
) -> tuple[Approvable, ...]:
    found = [of_ruleset(ruleset)]
    systems = config_tables(config)["systems"]
    found.append(of_systems("systems in sod.yaml", systems))
    if config.accepted_gaps:
        found.append(of_gaps("accepted_gaps in sod.yaml", config.accepted_gaps))
    if config.catalogue is not None:
        path = config.base / (CATALOGUE_COPY if copies else config.catalogue)
        catalogue = load_catalogue(path, shown=config.catalogue, systems=frozenset(config.system))
        found.append(of_catalogue(catalogue))
    if config.aliases is not None:
        name = ALIASES_COPY if copies else config.aliases
        where = SourceRef(config.document.path, config.document.line("identity"))
        spec = SourceSpec("aliases", "", "", "aliases", name, config.base, None, where)
        try:
            rows = read_aliases(spec).rows
        except InputError as error:
            raise ConfigError(error.problems) from None
        content = (config.base / name).read_bytes()
        found.append(of_aliases(config.aliases, rows, content))
    if register is not None:
        found.append(of_register(register))
    return tuple(found)


# -- copies in a written folder --------------------------------------------------------------------


def copy_papers(config: Config, ruleset: Ruleset, settings: Path) -> None:
    """Put what `load_papers` reads, and imported rulesets, beside the configuration's copy."""
    named = {
        CATALOGUE_COPY: config.catalogue,
        ALIASES_COPY: config.aliases,
    }
    if config.mitigations is not None:
        named[f"{_REGISTER_COPY}{Path(config.mitigations).suffix.lower()}"] = config.mitigations
    for copy, name in named.items():
        if name is not None and (config.base / name).is_file():
            shutil.copyfile(config.base / name, settings / copy)
    folder = config.base / config.approvals
    for path in (folder / INDEX_NAME, folder / PINS_NAME, *sorted(folder.glob(_MEANINGS))):
        if path.is_file():
            shutil.copyfile(path, settings / path.name)
    if not ruleset.imports:
        return
    index = {}
    for n, imported in enumerate(ruleset.imports, start=1):
        index[imported.key] = f"import-{n:02d}.yaml"
        (settings / index[imported.key]).write_text(imported.text, encoding="utf-8")
    text = json.dumps(index, ensure_ascii=False, sort_keys=True, indent=1)
    (settings / IMPORTS_COPY).write_text(f"{text}\n", encoding="utf-8")
