"""Reads what AWS accounts say of logins, roles and policies; see `docs/importers/aws.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sod_analyzer.errors import ConfigError
from sod_analyzer.importers.aws.load import Loader
from sod_analyzer.importers.files import find_files
from sod_analyzer.model.batch import Batch, BatchBuilder, Raw, SourceSpec


@dataclass(frozen=True, slots=True)
class AwsOptions:
    """Keys an AWS source adds to its entry.

    `accounts` says which system an account is, by its number; an account that is not named there
    is the system of the entry, and only one may be. `email_tag` is the tag in which logins have
    the e-mail address of their person.
    """

    accounts: Mapping[str, str] = field(default_factory=dict)
    email_tag: str = "email"

    @property
    def systems(self) -> frozenset[str]:
        """The systems that the source fills beside that of its entry."""
        return frozenset(self.accounts.values())


@dataclass(frozen=True, slots=True)
class AwsImporter:
    """One or several accounts, each of them a system."""

    name: str = "aws"
    options: type[Any] = AwsOptions

    def fetch(self, spec: SourceSpec) -> Raw:
        """The file, or a folder's JSON and CSV files. Raises `InputError` when there is none."""
        return Raw(spec, find_files(spec, patterns=("*.json", "*.json.gz", "*.csv")))

    def parse(self, raw: Raw) -> Iterator[Batch]:
        """Accounts for logins and roles, and every record as a policy.

        What policies allow, and who can become whom, is decided when all sources are together.

        Cost: all files of the source are in memory.

        Raises:
            ConfigError: several accounts are of no system of their own.
        """
        options: AwsOptions = raw.spec.options
        builder = BatchBuilder(raw.spec)
        loader = Loader(builder, options.accounts, email_tag=options.email_tag)
        for file in raw.files:
            loader.load(file)
        nameless = loader.unnamed()
        if len(nameless) > 1:
            listed = "\n".join(f'  "{number}": …' for number in nameless)
            raise ConfigError(
                f"{raw.spec.path} holds {len(nameless)} accounts that 'accounts' gives no system; "
                f"each account is a system of its own:\naccounts:\n{listed}",
                where=raw.spec.where,
            )
        loader.finish()
        yield builder.take()


IMPORTER = AwsImporter()
