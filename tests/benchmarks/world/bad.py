"""Rows that an export should not have, planted so that it is known which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from tests.benchmarks.world.nesting import Codes

#: One row in a thousand.
SHARE = 0.001
#: The last is no mistake, only unusual: a cell in quotes that goes on in the next line. It counts.
KINDS = ("short", "long", "byte", "blank", "newline")
_TEXTS = {
    "short": b"%s,%s\n",
    "long": b"%s,%s,,,,more\n",
    "byte": b"%s,%s,,caf\xe9,\n",
    "newline": b'%s,%s,,"office\nnetwork",\n',
}
NEWLINE = KINDS.index("newline")
BLANK = KINDS.index("blank")


@dataclass(frozen=True)
class BadRows:
    """Before which row each stands, sorted; its kind, text, account and group."""

    before: Codes
    kind: Codes
    text: pa.Array
    account: Codes
    group: Codes

    def among(self, lines: pa.Array, *, first: int) -> pa.Array:
        """The lines, of which the first has this number, with the bad ones in between."""
        low, high = np.searchsorted(self.before, (first, first + len(lines)))
        bad = self.text.slice(low, high - low)
        after = self.before[low:high] - first
        order = np.argsort(
            np.concatenate((np.arange(len(lines)) * 2 + 1, after * 2)), kind="stable"
        )
        return pa.concat_arrays([lines, bad]).take(pa.array(order))

    def line(self) -> Codes:
        """The number of the line on which each begins; the header is line 1."""
        broken = (self.kind == NEWLINE).astype(np.int64)
        line: Codes = 2 + self.before + np.arange(len(self.kind)) + np.cumsum(broken) - broken
        return line


def plant(
    rows: int,
    *,
    accounts: Codes,
    groups: Codes,
    names: tuple[pa.Array, pa.Array],
    chance: np.random.Generator,
) -> BadRows:
    """Bad rows among so many good ones, which would give these accounts these groups."""
    count = max(int(rows * SHARE), len(KINDS))
    account = chance.choice(accounts, count)
    group = chance.choice(groups, count)
    kind = np.arange(count) % len(KINDS)
    logins, titles = names
    # Ten thousand at L: few enough to be written one by one.
    texts = [
        b"\n" if KINDS[number] == "blank" else _TEXTS[KINDS[number]] % (login, title)
        for number, login, title in zip(
            kind.tolist(),
            (text.encode() for text in logins.take(account).to_pylist()),
            (text.encode() for text in titles.take(group).to_pylist()),
            strict=True,
        )
    ]
    before = np.sort(chance.integers(0, rows, count))
    return BadRows(before, kind, pa.array(texts, pa.large_binary()), account, group)
