"""`sod pull`: copies of what a cloud says about itself, as files. Needs the network."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from sod_analyzer.cli.exit import Exit
from sod_analyzer.cli.output import emit, format_option, voice


@click.group()
def pull() -> None:
    """Copy what a cloud says of its access into files, by calls that only read.

    This is the only command that asks a network.
    """


@pull.command()
@click.option(
    "--out", type=click.Path(path_type=Path), required=True, help="A folder that is not there yet."
)
@click.option("--profile", help="The profile of AWS credentials; default: as AWS's own tools.")
@click.option(
    "--regions",
    help="Regions to look into, with commas between; default: all that are in use.",
)
@click.option(
    "--organisation", is_flag=True, help="The accounts, and the policies that limit them."
)
@click.option(
    "--identity-center", is_flag=True, help="People, groups, and what is assigned to them."
)
@click.option("--resource-policies", is_flag=True, help="Policies of buckets, keys and the like.")
@click.option("--inventory", is_flag=True, help="What runs as which role.")
@format_option
def aws(
    *,
    out: Path,
    profile: str | None,
    regions: str | None,
    organisation: bool,
    identity_center: bool,
    resource_policies: bool,
    inventory: bool,
    form: str,
) -> int:
    """Copy what IAM of one AWS account says, and what the options add, into a folder.

    pull.json in it says what was called and what was denied. Exits 4 when a call was denied or
    failed: its file is then not there. Needs `pip install 'sod-analyzer[aws]'`.
    """
    try:
        from sod_analyzer.pull import aws as source
        from sod_analyzer.pull.calls import Calls
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("boto3", "botocore"):
            raise
        raise click.UsageError("boto3 is missing: pip install 'sod-analyzer[aws]'") from error

    asked = zip(
        source.PARTS, (organisation, identity_center, resource_policies, inventory), strict=True
    )
    pulled = source.pull(
        out,
        Calls(profile),
        parts=[part for part, wanted in asked if wanted],
        regions=[each.strip() for each in (regions or "").split(",") if each.strip()],
        command=shlex.join(["sod", *sys.argv[1:]]),
        now=lambda: datetime.now(UTC),
    )
    rows = [
        {"state": state, "call": each.call, "region": each.region, "about": each.about,
         "code": each.code}
        for state, some in (("denied", pulled.denied), ("failed", pulled.failed))
        for each in some
    ]  # fmt: skip
    code = Exit.DONE if pulled.complete else Exit.INCOMPLETE
    about = {"account": pulled.account, "files": len(pulled.files), "exit_code": int(code)}
    emit(rows, ("state", "call", "region", "about", "code"), form=form, about=about)
    voice().talk(f"{len(pulled.files)} files of account {pulled.account} in {out}")
    if rows:
        voice().warn(f"{len(rows)} calls gave no answer; {out / 'pull.json'} says which")
    return code
