"""Ad-hoc questions over a snapshot."""

from __future__ import annotations

import gc
import shlex
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sod_analyzer.cli.exit import Exit, exit_of
from sod_analyzer.cli.folders import day_option, folder_of, in_option
from sod_analyzer.cli.output import Pages, emit, format_option, harmless, must_fit, voice

if TYPE_CHECKING:
    from sod_analyzer.compose.answers import Answer
    from sod_analyzer.compose.questions import Question
    from sod_analyzer.pipeline import Basis
    from sod_analyzer.store.hashed import Ahead

_PERSON = ("group", "name", "email", "department", "account", "resource", "means", "path", "source")
_HOP = ("leg", "part", "hop", "from_name", "kind", "to_name", "note", "file", "at", "also",
        "decided")  # fmt: skip

#: What a table on a terminal shows of the above: account and resource stand in the path, too.
_PERSON_SHORT = ("group", "name", "means", "path", "source")
_HOP_SHORT = ("hop", "from", "how", "to", "note", "stated_in")

#: Garbage is looked for once so many objects more are there.
_SELDOM = 50_000

#: Begins the command that tries a fix.
_TRY = "sod what-if --"


def _question(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options that narrow WHAT."""
    options = (
        click.option("--app", help="Only in this application."),
        click.option("--env", help="Only in this environment."),
        click.option("--on", "resource", help="On this resource, or SYSTEM:RESOURCE."),
        click.option(
            "--means",
            type=click.Choice(["held", "eligible", "self-grant"]),
            default="eligible",
            show_default=True,
            help="How the right may be had; each includes the ones before it.",
        ),
        click.option(
            "--max-changes",
            type=click.IntRange(1, 9),
            default=1,
            show_default=True,
            help="With self-grant: how many changes of one's own that build on each other.",
        ),
        click.option("--sure", is_flag=True, help="Leave out what holds only under a condition."),
        click.option("--rules", help="Ask with another ruleset: a built-in name or a file."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _ahead(folder: Path | None) -> Ahead | None:
    """Have the files of a folder hashed while Arrow is loaded, where the folder is known."""
    # What is loaded for a question, and made for it, is needed until its end.
    gc.set_threshold(_SELDOM)
    from sod_analyzer.pipeline.ahead import look_ahead

    return look_ahead(folder) if folder is not None else None


def _named(what: str, app: str | None) -> tuple[str, str | None]:
    """What is asked about, and the application: `deploy@payments` names both."""
    duty, at, application = what.partition("@")
    if not at or ":" in what:
        return what, app
    if app is not None and app != application:
        raise click.UsageError(f"'{what}' names an application, and so does --app {app}")
    return duty, application


def _ask(
    what: str,
    *,
    app: str | None,
    env: str | None,
    resource: str | None,
    means: str,
    max_changes: int,
    sure: bool,
) -> Question:
    from sod_analyzer.compose.questions import Question
    from sod_analyzer.evaluate.lens import Lens
    from sod_analyzer.model.ruleset import Means

    lens = Lens(
        means=Means(means),
        changes=max_changes if means == Means.SELF_GRANT else 0,
        conditional=not sure,
    )
    return Question(what, app, env, resource, lens)


@click.command("who-can")
@click.argument("what")
@_question
@day_option
@in_option
@format_option
def who_can(
    what: str,
    *,
    folder: Path | None,
    rules: str | None,
    as_of: date | None,
    form: str,
    **narrow: Any,
) -> int:
    """Everyone who can do WHAT: a duty such as deploy, deploy@payments, or product:action.

    People who can act alone now come first; what could not be decided comes last and sets exit 4.
    """
    ahead = _ahead(folder)
    from sod_analyzer.cli.stages import pipeline

    what, app = _named(what, narrow.pop("app"))
    space = pipeline.open_space(folder_of(folder), rules=rules, ahead=ahead)
    space.expect_everyone()
    question = _ask(what, app=app, **narrow)
    basis = pipeline.basis_of(space, as_of=as_of)
    answer = pipeline.ask(space, question, basis=basis).who_can()
    complete = basis.completeness
    about = {
        "question": str(question),
        "as_of": basis.as_of.isoformat(),
        "not_evaluated": list(answer.caveats),
        "completeness": complete.line,
        "complete": complete.complete,
        "snapshot_digest": space.snapshot.digest,
    }
    hops = form in {"json", "jsonl"}
    columns = (*_PERSON, "why", "status", "identity", "hops") if hops else _PERSON
    shown = _PERSON_SHORT if must_fit(form) else columns
    rows = Pages(len(answer.rows), partial(answer.rows.page, columns=shown))
    emit(rows, shown, form=form, about=about)
    _beside(answer, basis)
    return exit_of(
        findings=False,
        incomplete=answer.undecided or bool(answer.caveats) or not complete.complete,
    )


def _beside(answer: Answer, basis: Basis) -> None:
    say = voice()
    for name, why in answer.rows.whys():
        say.talk(f"{name}: {why}")
    # Groups have commas of their own.
    groups = (f"{count} {group}" for group, count in answer.rows.counts.items())
    say.talk(f"{'; '.join(groups) or 'nobody'}; as of {basis.as_of}")
    for caveat in answer.caveats:
        say.talk(f"not evaluated: {caveat}")
    _input(basis)


def _input(basis: Basis) -> None:
    voice().talk(f"input: {basis.completeness.line}")
    for note in basis.notes:
        voice().talk(f"note: {note}")


@click.command()
@click.argument("who")
@click.argument("what")
@_question
@day_option
@in_option
@format_option
def can(
    who: str,
    what: str,
    *,
    folder: Path | None,
    rules: str | None,
    as_of: date | None,
    form: str,
    **narrow: Any,
) -> int:
    """Whether WHO can do WHAT, with the path; if not, why not.

    WHO is a name, e-mail, employee id, login or id. A clear no exits 0.
    """
    ahead = _ahead(folder)
    from sod_analyzer.cli.stages import pipeline
    from sod_analyzer.compose.persons import find_identity

    what, app = _named(what, narrow.pop("app"))
    question = _ask(what, app=app, **narrow)
    space = pipeline.open_space(folder_of(folder), rules=rules, ahead=ahead)
    basis = pipeline.basis_of(space, as_of=as_of)
    asker = pipeline.ask(space, question, basis=basis)
    row = asker.can(find_identity(asker.names, who))
    complete = basis.completeness
    caveats = asker.caveats()
    about = {
        "question": f"can {row['name']} {question}",
        "answer": row["answer"],
        "not_evaluated": list(caveats),
        "completeness": complete.line,
        "complete": complete.complete,
    }
    columns = ["answer", "name", "means", "account", "resource", "path", "source", "why"]
    if form in {"json", "jsonl"}:
        columns += ["identity", "hops"]
    if must_fit(form):
        # The hops below say the rest.
        shown = [c for c in ("means", "account", "resource", "why") if row.get(c) is not None]
        columns = ["answer", "name", *shown]
    emit([row], columns, form=form, about=about)
    if form == "table" and row["hops"]:
        if must_fit(form):
            _hops([{**hop, "path": hop["part"]} for hop in row["hops"]])
        else:
            emit(row["hops"], _HOP[1:], form=form)
    for caveat in caveats:
        voice().talk(f"not evaluated: {caveat}")
    _input(basis)
    if row["answer"] == "no":
        return Exit.DONE
    return exit_of(
        findings=False,
        incomplete=row["answer"] == "unknown" or bool(caveats) or not complete.complete,
    )


@click.command()
@click.argument("who")
@day_option
@in_option
@format_option
def access(who: str, *, folder: Path | None, as_of: date | None, form: str) -> int:
    """Everything WHO comes to: each right once, by its shortest path, with the source."""
    ahead = _ahead(folder)
    from sod_analyzer.cli.stages import pipeline

    space = pipeline.open_space(folder_of(folder), ahead=ahead)
    basis = pipeline.basis_of(space, as_of=as_of)
    name, rows = pipeline.access_of(space, who, basis)
    account = () if must_fit(form) else ("account",)
    columns = ("system", "action", "resource", "applications", *account, "path", "source")
    emit(rows, columns, form=form, about={"who": name, "as_of": str(basis.as_of)})
    voice().talk(f"{name}: {len(rows)} rights; as of {basis.as_of}")
    _input(basis)
    return exit_of(findings=False, incomplete=not basis.completeness.complete)


@click.command()
@click.argument("finding")
@click.option(
    "--max-paths",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="Stop after so many paths of one duty in one place, and say so.",
)
@in_option
@format_option
def explain(finding: str, *, max_paths: int, folder: Path | None, form: str) -> int:
    """Every path of one FINDING (its id, or the beginning of it), to the source rows."""
    from sod_analyzer.cli.stages import pipeline

    space = pipeline.open_workspace(folder_of(folder))
    told = pipeline.explain(space, finding, max_paths=max_paths)
    if must_fit(form):
        for (place, who, leg), hops in groupby(told.rows, key=_leg_of):
            click.echo(harmless(": ".join(filter(None, (place, who, leg)))))
            _hops(hops)
            click.echo()
    else:
        columns = ("place", "who", *_HOP[:1], "path", *_HOP[1:])
        emit(told.rows, columns, form=form, about=told.about)
    say = voice()
    for line in told.lines:
        # The folder asked about is the one to try it on.
        here = f" --in {shlex.quote(str(folder))}" if folder and _TRY in line else ""
        say.talk(line + here)
    return exit_of(findings=False, incomplete=told.incomplete)


def _leg_of(hop: Mapping[str, Any]) -> tuple[str, str, str]:
    return hop["place"], hop.get("who") or "", hop["leg"]


def _hops(hops: Iterable[Mapping[str, Any]]) -> None:
    """Paths as a table that fits a terminal: path and hop as one number, each source in a cell."""
    rows = [
        {
            "hop": f"{hop['path']}.{hop['hop']}",
            "from": hop["from_name"],
            "how": hop["kind"],
            "to": hop["decided"] or hop["to_name"],
            "note": hop["note"],
            "stated_in": "; ".join(filter(None, (f"{hop['file']} {hop['at']}", hop["also"]))),
        }
        for hop in hops
    ]
    noted = any(row["note"] for row in rows)
    emit(rows, [name for name in _HOP_SHORT if noted or name != "note"], form="table")
