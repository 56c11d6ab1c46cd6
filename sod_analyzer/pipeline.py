"""The stages in their order: exports to snapshot, snapshot to analysis, analysis to report.

The only module that knows every stage. It decides nothing about access itself.
"""

from __future__ import annotations

import platform
import shutil
import sys
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path

import pyarrow as pa

from sod_analyzer import __version__, plugins
from sod_analyzer.assemble import assemble
from sod_analyzer.completeness import CompletenessResult, check
from sod_analyzer.compose.dossier import dossier
from sod_analyzer.compose.questions import Asker, Question, access, find_identity
from sod_analyzer.compose.report import (
    LIMITS,
    Analysis,
    analyse,
    engine_issues,
    engine_of,
    numbers_of,
    parameters_of,
    result_line,
    tables_of,
)
from sod_analyzer.config import (
    Config,
    config_tables,
    load_config,
    source_spec,
    validate_options,
)
from sod_analyzer.errors import ConfigError, InputError, Problem, SodError, SourceRef, StoreError
from sod_analyzer.evaluate.lens import PLAIN
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.importers.aliases import read_aliases
from sod_analyzer.importers.missing import missing_source
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.batch import Batch, SourceSpec
from sod_analyzer.model.finding import Report, RunFacts
from sod_analyzer.model.rows import shown
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.model.settings import (
    AccountsFrom,
    Estate,
    Federation,
    FederationKey,
    GroupsFrom,
)
from sod_analyzer.report.canonical import REPORTER as CANONICAL
from sod_analyzer.report.canonical import load as load_report
from sod_analyzer.report.core import findings_digest
from sod_analyzer.rules import find_ruleset, load_catalogue, load_ruleset
from sod_analyzer.store import (
    atomic_file,
    atomic_folder,
    check_seal,
    read_snapshot,
    seal,
    write_snapshot,
)

#: Told what is being done now; a terminal shows it.
Progress = Callable[[str], None]

SNAPSHOT = "snapshot"
#: Copies of what the analysis was told, so that a folder explains itself.
SETTINGS = "settings"
FINDINGS = "findings.json"
_CONFIG_COPY = "sod.yaml"
_RULESET_COPY = "ruleset.yaml"
#: The file by which a folder is known to be this tool's own, to be replaced when asked.
_MARKER = f"{SETTINGS}/{_CONFIG_COPY}"


def silent(text: str) -> None:
    """No progress at all."""
    del text


# -- exports to snapshot -------------------------------------------------------------------------


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
    # Before the sources: who waited an hour for them should not learn of a typing mistake then.
    estate, further = _estate(config)
    batches: list[Batch] = []
    for spec in specs:
        progress(f"reading {spec.source_id}")
        batches.extend(_read(spec, builtin_only=builtin_only))
    progress("assembling the snapshot")
    return assemble([*batches, *further], estate)


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
    return specs


def _read(spec: SourceSpec, *, builtin_only: bool) -> Iterable[Batch]:
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


# -- snapshot to report --------------------------------------------------------------------------


@dataclass(frozen=True)
class Judged:
    """An analysis, and whether its input allows a clean bill."""

    analysis: Analysis
    completeness: CompletenessResult


def judge(
    config: Config,
    snapshot: Snapshot,
    ruleset: Ruleset,
    *,
    as_of: date | None = None,
    progress: Progress = silent,
) -> Judged:
    """Every rule over everyone, and what the input leaves open."""
    day = as_of or snapshot.as_of
    progress("computing reach and judging rules")
    unknown = unknown_systems(config, _check(config, snapshot, day))
    analysis = analyse(snapshot, ruleset, as_of=day, unknown_systems=unknown)
    further = engine_issues(analysis.judge.engine, ruleset)
    return Judged(analysis, _check(config, snapshot, day, further=further))


def unknown_systems(config: Config, found: CompletenessResult) -> frozenset[str]:
    """The systems that were not read, and those that take their groups or logins from them.

    Who is in a cluster's group is known only as far as the directory that fills it is: a directory
    that is missing leaves the cluster as unknown as itself.
    """
    unknown = set(found.unknown_systems)
    feeds = [
        (fed.system, feed.system)
        for fed in config.systems
        for feed in (fed.groups_from, fed.accounts_from)
        if feed is not None
    ]
    while further := {fed for fed, feed in feeds if feed in unknown} - unknown:
        unknown |= further
    return frozenset(unknown)


def _check(
    config: Config, snapshot: Snapshot, day: date, *, further: pa.Table | None = None
) -> CompletenessResult:
    return check(
        snapshot,
        as_of=day,
        max_skew_days=config.max_skew_days,
        accepted_gaps=config.accepted_gaps,
        further=further,
    )


def report_of(
    judged: Judged, config: Config, *, run: RunFacts, progress: Progress = silent
) -> Report:
    """The report that every door shows."""
    progress("explaining findings")
    analysis, completeness = judged.analysis, judged.completeness
    snapshot, ruleset = analysis.snapshot, analysis.ruleset
    tables = {
        **tables_of(analysis),
        "exceptions": completeness.exceptions,
        "reconciliation": completeness.reconciliation,
        "sources": snapshot["sources"],
        "systems": snapshot["systems"],
        "parameters": _parameters(analysis, config),
    }
    numbers = numbers_of(analysis, tables)
    return Report(
        name=config.name,
        as_of=analysis.as_of,
        result=result_line(numbers, completeness.completeness),
        completeness=completeness.completeness,
        findings_digest=findings_digest(tables),
        snapshot_digest=snapshot.digest,
        ruleset=ruleset.name,
        ruleset_version=ruleset.version,
        ruleset_digest=ruleset.digest,
        ruleset_text=ruleset.text,
        numbers=numbers,
        tables=tables,
        run=run,
        config_text=config.text,
        classification=config.classification,
        limits=LIMITS,
    )


def _parameters(analysis: Analysis, config: Config) -> pa.Table:
    stated = "sod.yaml" if config.as_of == analysis.as_of else "newest extraction or command line"
    return parameters_of(
        [
            ("as_of", analysis.as_of.isoformat(), stated, "the day that validity is judged on"),
            ("ruleset", config.ruleset, "sod.yaml", "the rules applied"),
            ("catalogue", config.catalogue or "none", "sod.yaml", "resources to applications"),
            ("aliases", config.aliases or "none", "sod.yaml", "accounts tied to people by hand"),
            (
                "max_skew_days",
                str(config.max_skew_days),
                "sod.yaml or default",
                "a source older than this, against as_of, is too old to rely on",
            ),
            (
                "accepted_gaps",
                str(len(config.accepted_gaps)),
                "sod.yaml",
                "gaps somebody answers for",
            ),
            ("tool", f"sod_analyzer {__version__}", "installed", "version of this tool"),
        ]
    )


def run_facts(command: str, started: datetime) -> RunFacts:
    """What differs from run to run: an id, times, the command, versions."""
    names = ("click", "jinja2", "numpy", "pyarrow", "pydantic", "PyYAML", "xlsxwriter")
    return RunFacts(
        run_id=uuid.uuid4().hex[:12],
        started_at=started.astimezone(UTC).isoformat(timespec="seconds"),
        finished_at=datetime.now(UTC).isoformat(timespec="seconds"),
        command=command,
        versions={
            "sod_analyzer": __version__,
            "python": platform.python_version(),
            "platform": sys.platform,
            **{name: metadata.version(name) for name in names},
            **plugins.versions(),
        },
    )


# -- folders -------------------------------------------------------------------------------------


def check_target(target: Path, *, replace: bool) -> None:
    """Refuse early what writing would refuse after all the work.

    Raises:
        ConfigError: the folder is there and may not be replaced, or is no folder of this tool's,
            or nothing can have such a name.
    """
    try:
        target.stat()
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"'{shown(target.as_posix())}' cannot be written: {why}") from None
    ours = (target / _MARKER).is_file()
    if not target.is_dir() or (not ours and any(target.iterdir())):
        raise ConfigError(
            f"{target.as_posix()} was not written by this tool; name another folder with --out"
        )
    if not replace:
        raise ConfigError(f"{target.as_posix()} is there already; replace it with --force")


@dataclass(frozen=True)
class Pack:
    """Everything that one run writes."""

    report: Report
    snapshot: Snapshot
    config: Config
    ruleset: Ruleset


def steps_of(config: Config, *, builtin_only: bool = False) -> int:
    """How many steps a whole run tells its progress of."""
    return len(config.sources) + 3 + reports_of(builtin_only=builtin_only)


def reports_of(only: Sequence[str] = (), *, builtin_only: bool = False) -> int:
    """How many files `write_reports` writes."""
    return len(only) or len(plugins.reporters(builtin_only=builtin_only))


def write_all(
    pack: Pack,
    target: Path,
    *,
    replace_existing: bool,
    builtin_only: bool = False,
    progress: Progress = silent,
) -> tuple[str, ...]:
    """Write snapshot, settings and every report into a folder at once; returns the file names."""
    with atomic_folder(target, replace=replace_existing, marker=_MARKER) as folder:
        _write_snapshot(pack.snapshot, pack.config, pack.ruleset, folder)
        return write_reports(pack.report, folder, progress=progress, builtin_only=builtin_only)


def write_import(
    snapshot: Snapshot, config: Config, ruleset: Ruleset, target: Path, *, replace_existing: bool
) -> None:
    """Write a snapshot and what it was told into a folder."""
    with atomic_folder(target, replace=replace_existing, marker=_MARKER) as folder:
        _write_snapshot(snapshot, config, ruleset, folder)


def _write_snapshot(snapshot: Snapshot, config: Config, ruleset: Ruleset, folder: Path) -> None:
    write_snapshot(snapshot, folder / SNAPSHOT)
    settings = folder / SETTINGS
    settings.mkdir()
    (settings / _CONFIG_COPY).write_text(config.text, encoding="utf-8")
    (settings / _RULESET_COPY).write_text(ruleset.text, encoding="utf-8")
    # Under names of our own: theirs might be one of those above.
    for copy, named in (("catalogue.yaml", config.catalogue), ("aliases.csv", config.aliases)):
        if named is not None and (config.base / named).is_file():
            shutil.copyfile(config.base / named, settings / copy)
    seal(settings)


def write_findings(report: Report, folder: Path) -> None:
    """Write the analysis itself, from which every other file can be written again."""
    with atomic_file(folder / FINDINGS) as stream:
        CANONICAL.render(report, stream)


def write_reports(
    report: Report,
    folder: Path,
    *,
    progress: Progress = silent,
    only: Iterable[str] = (),
    builtin_only: bool = False,
) -> tuple[str, ...]:
    """Write every registered format, or only those named; returns the file names, sorted."""
    wanted = tuple(only) or tuple(plugins.reporters(builtin_only=builtin_only))
    names = []
    for name in wanted:
        reporter = plugins.reporter(name, builtin_only=builtin_only)
        progress(f"writing {reporter.filename}")
        with atomic_file(folder / reporter.filename) as stream:
            reporter.render(report, stream)
        names.append(reporter.filename)
    return tuple(sorted(names))


@dataclass(frozen=True)
class Workspace:
    """A folder that `sod run` or `sod import` wrote, with what it was told then."""

    folder: Path
    config: Config
    ruleset: Ruleset
    snapshot: Snapshot


def open_workspace(folder: Path, *, rules: str | None = None) -> Workspace:
    """A folder as it was written; `rules` names another ruleset than the one it was written with.

    Raises:
        StoreError: the folder holds no snapshot, or a damaged or changed one.
    """
    settings = folder / SETTINGS / _CONFIG_COPY
    if not settings.is_file():
        raise StoreError(
            f"{folder.as_posix()} holds no snapshot; write one with `sod import` or `sod run`"
        )
    # A changed copy would be judged by rules, or clear itself by gaps, that nobody imported with.
    check_seal(settings.parent, again="run 'sod import' again")
    config = load_config(settings)
    path = settings.parent / _RULESET_COPY if rules is None else find_ruleset(rules, Path.cwd())
    return Workspace(folder, config, load_ruleset(path), read_snapshot(folder / SNAPSHOT))


def stored_report(folder: Path) -> Report:
    """The analysis that a folder holds.

    Raises:
        StoreError: there is none, or it is damaged.
    """
    path = folder / FINDINGS
    if not path.is_file():
        raise StoreError(f"{path.as_posix()} is not there; write it with `sod analyze`")
    return load_report(path)


# -- questions -----------------------------------------------------------------------------------


def ask(space: Workspace, question: Question, *, as_of: date | None = None) -> Asker:
    """Whoever answers a question about a workspace."""
    day = as_of or space.snapshot.as_of
    return Asker(
        space.snapshot,
        space.ruleset,
        compile_edges(space.snapshot, as_of=day),
        question,
        unknown_systems=unknown_systems(space.config, completeness_of(space, as_of=day)),
    )


def completeness_of(space: Workspace, *, as_of: date | None = None) -> CompletenessResult:
    """What the input of a workspace leaves open for its rules: what the report says, too."""
    day = as_of or space.snapshot.as_of
    engine = engine_of(space.snapshot, space.ruleset, compile_edges(space.snapshot, as_of=day))
    return _check(space.config, space.snapshot, day, further=engine_issues(engine, space.ruleset))


def access_of(
    space: Workspace, who: str, *, as_of: date | None = None
) -> tuple[str, list[dict[str, object]]]:
    """A person's name, and every right the person comes to now, sorted.

    Raises:
        QueryError: nobody is called that, or several people are.
    """
    edges = compile_edges(space.snapshot, as_of=as_of or space.snapshot.as_of)
    names = Names(space.snapshot)
    code = find_identity(names, who)
    rows = access(engine_of(space.snapshot, space.ruleset, edges), names, code, PLAIN)
    return names.name(code), rows


@dataclass(frozen=True)
class Explained:
    """One finding with every route, for printing."""

    rows: tuple[dict[str, object], ...]
    about: dict[str, object]
    lines: tuple[str, ...]
    incomplete: bool


def explain(space: Workspace, finding: str, *, max_paths: int) -> Explained:
    """Every route of one finding of a workspace.

    Raises:
        QueryError: no finding, or several, begin like that.
    """
    judged = judge(space.config, space.snapshot, space.ruleset)
    found = dossier(judged.analysis, finding, max_paths=max_paths)
    one = found.finding
    complete = judged.completeness.completeness
    caveats = one["caveats"].split("; ") if one["caveats"] else []
    return Explained(
        found.rows,
        {
            "finding": one["finding_id"],
            "rule": one["rule_id"],
            "verdict": one["verdict"],
            "severity": one["severity"],
            "sentence": one["sentence"],
            "not_evaluated": caveats,
            "cut": list(found.cut),
            "completeness": complete.line,
        },
        (
            f"{one['finding_id']} {one['rule_id']} {one['verdict']} {one['severity']}",
            one["sentence"],
            *(f"not evaluated: {caveat}" for caveat in caveats),
            *(f"cut: {leg}" for leg in found.cut),
            f"input: {complete.line}",
        ),
        not complete.complete or one["verdict"] != "violation" or bool(found.cut),
    )
