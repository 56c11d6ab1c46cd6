"""Exports to snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from glob import glob
from pathlib import Path

import pyarrow as pa

from sod_analyzer import plugins
from sod_analyzer.assemble import assemble
from sod_analyzer.config import (
    Config,
    config_tables,
    source_spec,
    validate_options,
)
from sod_analyzer.errors import ConfigError, InputError, Problem, SodError, SourceRef
from sod_analyzer.importers.aliases import read_aliases
from sod_analyzer.importers.missing import missing_source
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.batch import Batch, SourceSpec
from sod_analyzer.model.memory import give_back, thrifty_for
from sod_analyzer.model.rows import shown
from sod_analyzer.model.settings import (
    AccountsFrom,
    Estate,
    Federation,
    FederationKey,
    GroupsFrom,
)
from sod_analyzer.pipeline.guests import receive
from sod_analyzer.pipeline.progress import Progress, silent
from sod_analyzer.rules import load_catalogue
from sod_analyzer.store.lazily import Resident

#: Facts of a source whose reading leaves enough memory free to be given back.
_MANY = 2**18
#: About so many bytes of a file say one thing; how many rows there are is known when it is late.
_BYTES_A_ROW = 32


def import_exports(
    config: Config, *, progress: Progress = silent, builtin_only: bool = False
) -> Snapshot:
    """The snapshot of every source that the configuration names.

    A source whose files are missing does not stop the others: it is a row with status `missing`
    and a gap.

    Raises:
        ConfigError: an importer does not exist, or its options are wrong; every such problem.
    """
    specs = _specs(config, builtin_only=builtin_only)
    thrifty_for(sum(size_of(spec.base, spec.path) for spec in specs) // _BYTES_A_ROW)
    # Before the sources: who waited an hour for them should not learn of a typing mistake then.
    estate, further = _estate(config)
    found = assemble(_batches(specs, further, progress, builtin_only=builtin_only), estate)
    return replace(found, tables=Resident(found.tables))


def size_of(base: Path, path: str) -> int:
    """The bytes of what a source's path names: a file, all in a folder, or what a pattern fits.

    0 of what is not there or may not be looked at.
    """
    place = base / path
    with suppress(OSError, ValueError):
        files: Iterable[Path] = (place,)
        if place.is_dir():
            files = place.rglob("*")
        elif not place.exists():
            names = glob(path, root_dir=base, recursive=True)  # noqa: PTH207 - base may hold magic
            files = (base / name for name in names)
        return sum(each.stat().st_size for each in files if each.is_file())
    return 0


def _batches(
    specs: Iterable[SourceSpec],
    further: Iterable[Batch],
    progress: Progress,
    *,
    builtin_only: bool,
) -> Iterator[Batch]:
    """Every batch of every source as it is read; none is kept here."""
    total = 0
    for spec in specs:
        progress(f"reading {spec.source_id}")
        progress.of(None, unit="facts")
        rows = 0
        for batch in _read(spec, builtin_only=builtin_only):
            told = sum(table.num_rows for table in batch.tables.values())
            progress.advance(told)
            rows += told
            thrifty_for(total + rows)
            yield batch
            del batch  # not to be kept while the next one is read
        if rows > _MANY:
            give_back()
        total += rows
    yield from further
    progress("assembling the snapshot")


def _specs(config: Config, *, builtin_only: bool) -> list[SourceSpec]:
    """Every source with its options validated; all mistakes are gathered before one is raised."""
    specs: list[SourceSpec] = []
    problems: list[Problem] = []
    kind: type[SodError] = SodError
    for entry in config.sources:
        try:
            importer = plugins.importer(entry.importer, builtin_only=builtin_only)
            specs.append(source_spec(config, entry, validate_options(entry, importer.options)))
        except SodError as error:
            kind = type(error)
            problems += [p if p.where else Problem(p.text, entry.where) for p in error.problems]
    if problems:
        raise kind(problems)
    known = plugins.importers(builtin_only=builtin_only)
    receive(known[spec.importer] for spec in specs)
    return specs


def _read(spec: SourceSpec, *, builtin_only: bool) -> Iterator[Batch]:
    importer = plugins.importer(spec.importer, builtin_only=builtin_only)
    try:
        raw = importer.fetch(spec)
    except InputError as error:
        yield missing_source(spec, str(error.problems[0].text))
        return
    except OSError as error:
        # What the operating system refuses in a way that no importer foresaw, a name that is too
        # long for one, is this source's gap like any other; the other sources can still be read.
        yield missing_source(spec, f"'{shown(spec.path)}': {error.strerror or error}")
        return
    yield from importer.parse(raw)


def _estate(config: Config) -> tuple[Estate, Sequence[Batch]]:
    tables = config_tables(config)
    documents = [tables["sources"]]
    estate = Estate(config.name, tables["systems"], as_of=config.as_of)
    estate = replace(estate, federation=_federation(config))
    if config.catalogue is not None:
        catalogue = load_catalogue(
            config.base / config.catalogue,
            shown=config.catalogue,
            systems=frozenset(config.system),
        )
        documents.append(catalogue.tables["sources"])
        estate = replace(
            estate,
            applications=catalogue.tables["applications"],
            placements=catalogue.tables["placements"],
        )
    further: list[Batch] = []
    if config.aliases is not None:
        spec = SourceSpec(
            "aliases", "", "", "aliases", config.aliases, config.base, None, _where(config)
        )
        try:
            aliases = read_aliases(spec)
        except InputError as error:
            raise ConfigError(error.problems) from None
        documents.append(aliases.source)
        further.append(Batch({"issues": aliases.issues}))
        estate = replace(estate, aliases=aliases.rows)
    return replace(estate, documents=pa.concat_tables(documents)), further


def _where(config: Config) -> SourceRef:
    return SourceRef(config.document.path, config.document.line("identity"))


def _federation(config: Config) -> Federation:
    return Federation(
        groups=tuple(
            GroupsFrom(s.system, s.groups_from.system, s.groups_from.prefix, s.where)
            for s in config.systems
            if s.groups_from
        ),
        accounts=tuple(
            AccountsFrom(
                s.system,
                s.accounts_from.system,
                FederationKey(s.accounts_from.by),
                s.accounts_from.prefix,
                s.where,
            )
            for s in config.systems
            if s.accounts_from
        ),
    )
