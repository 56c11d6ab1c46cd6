"""Options by which commands find their configuration and their folder."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from sod_analyzer.errors import ConfigError

Command = Callable[..., Any]


def config_option(command: Command) -> Command:
    """`--config`: the configuration file."""
    option = click.option(
        "--config",
        type=click.Path(path_type=Path),
        envvar="SOD_CONFIG",
        show_envvar=True,
        help="The configuration; default: the nearest sod.yaml, here or above.",
    )
    return option(command)


def out_option(command: Command) -> Command:
    """`--out`: the folder to write."""
    option = click.option(
        "--out",
        type=click.Path(path_type=Path),
        help="The folder to write; default: `output` in sod.yaml.",
    )
    return option(command)


def in_option(command: Command) -> Command:
    """`--in`: a folder written before."""
    option = click.option(
        "--in",
        "folder",
        type=click.Path(path_type=Path),
        envvar="SOD_IN",
        show_envvar=True,
        help="A folder that `sod run` or `sod import` wrote; default: `output` in sod.yaml.",
    )
    return option(command)


def day_option(command: Command) -> Command:
    """`--as-of`: the day that validity is judged on."""

    def day(ctx: click.Context, param: click.Parameter, value: datetime | None) -> date | None:
        del ctx, param
        return value.date() if value else None

    option = click.option(
        "--as-of",
        type=click.DateTime(["%Y-%m-%d"]),
        callback=day,
        metavar="YYYY-MM-DD",
        help="Judge validity on this day; default: the snapshot's own.",
    )
    return option(command)


def config_of(path: Path | None) -> Path:
    """The configuration named, or the nearest one, here or above.

    Raises:
        ConfigError: none is named, and none is there.
    """
    from sod_analyzer.config import find_config

    return path or find_config(Path.cwd())


def folder_of(folder: Path | None) -> Path:
    """The folder named, or the `output` of the nearest configuration.

    Raises:
        ConfigError: neither a folder nor a configuration is there.
    """
    if folder is not None:
        return folder
    from sod_analyzer.config import find_config, load_config

    try:
        config = load_config(find_config(Path.cwd()))
    except ConfigError as error:
        raise ConfigError(f"{error}, or a written folder with --in") from None
    return config.base / config.output
