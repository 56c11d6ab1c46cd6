"""Damage to documents: of bytes, and of the structure that a format has.

Each function returns a new document. The same chance gives the same damage.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Sequence
from copy import deepcopy
from random import Random
from typing import Any

Change = Callable[[Random, bytes], bytes]

_PIECES: tuple[bytes, ...] = (
    b"\x00",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xe2\x80\xa8",
    b"\x1f\x8b",
    b"\r",
    b"\r\n\r\n",
    b"\n",
    b"\t",
    b'"',
    b"'",
    b"\\",
    b"{",
    b"[",
    b"---\n",
    b"x" * 5000,
    b"9" * 400,
)
_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    -(10**30),
    1e308,
    float("inf"),
    float("nan"),
    "",
    " ",
    "\x00",
    "\ud800",
    "\u202e",
    "*",
    "${aws:username}",
    "arn:",
    ":" * 6,
    "9999-99-99",
    "x" * 2000,
    [],
    {},
    [[]],
    [None],
    {"": None},
    ["*", 7, None],
)
_DEEP = "a place for something deep"


def flip(random: Random, content: bytes) -> bytes:
    """Some bytes changed."""
    changed = bytearray(content)
    for _ in range(random.randint(1, 8)):
        if changed:
            changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def cut(random: Random, content: bytes) -> bytes:
    """A part removed: the end, or something in between."""
    start = random.randint(0, len(content))
    end = len(content) if random.random() < 0.5 else random.randint(start, len(content))
    return content[:start] + content[end:]


def repeat(random: Random, content: bytes) -> bytes:
    """A part there twice."""
    start = random.randint(0, len(content))
    end = min(len(content), start + random.randint(1, 200))
    return content[:end] + content[start:end] + content[end:]


def insert(random: Random, content: bytes) -> bytes:
    """Something odd put in."""
    at = random.choice((0, len(content), random.randint(0, len(content))))
    return content[:at] + random.choice(_PIECES) + content[at:]


def recode(random: Random, content: bytes) -> bytes:
    """The whole in another coding, with other ends of lines, or packed, perhaps badly."""
    way = random.randrange(7)
    if way == 0:
        return content.replace(b"\n", b"\r\n")
    if way == 1:
        return content.replace(b"\n", b"\r")
    if way == 2:
        return content.decode("utf-8", "replace").encode("utf-16")
    if way == 3:
        return content.decode("utf-8", "replace").encode("utf-32")
    if way == 4:
        return content.decode("utf-8", "replace").encode("utf-16-le")
    packed = gzip.compress(content, mtime=0)
    return packed if way == 5 else flip(random, packed)


PLAIN: tuple[Change, ...] = (flip, cut, repeat, insert, recode)


def _branches(tree: Any) -> list[Any]:
    """Every list and object in a tree, itself included."""
    found, waiting = [], [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict | list):
            found.append(node)
            waiting.extend(node.values() if isinstance(node, dict) else node)
    return found


def shaken(random: Random, tree: Any) -> Any:
    """A tree of JSON with some places changed: of other types, renamed, missing, twice, deep."""
    tree = json.loads(json.dumps(tree))
    for _ in range(random.randint(1, 4)):
        holder = random.choice(_branches(tree) or [[tree]])
        keys: list[Any] = list(holder) if isinstance(holder, dict) else list(range(len(holder)))
        if not keys:
            continue
        key = random.choice(keys)
        way = random.randrange(7)
        if way <= 1:
            holder[key] = deepcopy(random.choice(_VALUES))
        elif way == 2:
            del holder[key]
        elif way == 3:
            holder[key] = [holder[key]]
        elif way == 4:
            holder[key] = {"value": holder[key]}
        elif way == 5 and isinstance(holder, dict):
            holder[random.choice((key.swapcase(), f"{key} ", f"{key}s", ""))] = holder.pop(key)
        elif way == 5:
            holder.append(deepcopy(holder[key]))
        else:
            holder[key] = random.choice((_DEEP, str(holder[key])))
    return tree


def tree(random: Random, content: bytes) -> bytes:
    """JSON or YAML whose tree is shaken; as bytes where it is no JSON.

    Also keys that are there twice, and nesting deeper than any reader's stack.
    """
    try:
        text = json.dumps(shaken(random, json.loads(content)))
    except (ValueError, RecursionError):
        return flip(random, content)
    deep = random.choice((40, 1000, 100_000))
    text = text.replace(f'"{_DEEP}"', "[" * deep + "]" * deep)
    if random.random() < 0.2:
        at = [number for number, sign in enumerate(text) if sign == "{"]
        if at:
            place = random.choice(at)
            text = text[: place + 1] + text[place + 1 :].split(",", 1)[0] + ", " + text[place + 1 :]
    return text.encode()


def table(random: Random, content: bytes) -> bytes:
    """Lines with fields too few or too many, quotes that stay open, other delimiters."""
    lines = content.split(b"\n")
    for _ in range(random.randint(1, 4)):
        at = random.choice((0, random.randrange(len(lines))))
        sign = random.choice((b",", b";", b"\t"))
        fields = lines[at].split(sign)
        way = random.randrange(8)
        if way == 0:
            fields.pop(random.randrange(len(fields)))
        elif way == 1:
            fields.insert(random.randint(0, len(fields)), random.choice(_PIECES))
        elif way == 2:
            place = random.randrange(len(fields))
            fields[place] = b'"' + fields[place]
        elif way == 3:
            place = random.randrange(len(fields))
            fields[place] = b'"' + fields[place] + b'\n"'
        elif way == 4:
            random.shuffle(fields)
        elif way == 5:
            fields = []
        elif way == 6:
            lines.insert(at, lines[at])
            continue
        else:
            fields = [random.choice((b",", b";", b"|")).join(fields)]
        lines[at] = sign.join(fields)
    return b"\n".join(lines)


_LDIF_LINES: tuple[bytes, ...] = (
    b"changetype: delete",
    b"changetype: modify",
    b"add: member",
    b"-",
    b"version: 2",
    b"control: 1.2.3 true",
    b"member:: !!!",
    b"member:: gICA",
    b"member:< file:///etc/hostname",
    b"member;range=0-1: cn=a,dc=b",
    b"objectSid:: AQ==",
    b"dn: ",
    b"dn: cn=\\,=,",
    b"dn:: gICA",
    b" folded",
    b"# remark",
    b"",
    b"no colon here",
    b"memberOf: cn=\\zz,dc=x",
    b"pwdLastSet: 99999999999999999999999",
    b"createTimestamp: 20269999999999Z",
)


def directory(random: Random, content: bytes) -> bytes:
    """LDIF with other folding, base64, change records, names and lines in odd places."""
    lines = content.split(b"\n")
    for _ in range(random.randint(1, 5)):
        at = random.randrange(len(lines))
        name, colon, value = lines[at].partition(b": ")
        way = random.randrange(7)
        if way <= 1:
            lines.insert(at, random.choice(_LDIF_LINES))
        elif way == 2:
            place = random.randint(0, len(lines[at]))
            lines[at : at + 1] = [lines[at][:place], b" " + lines[at][place:]]
        elif way == 3 and colon:
            odd = value + random.choice((b"", b"\xff", b"\x00", b"\n"))
            lines[at] = name + b":: " + base64.b64encode(odd)
        elif way == 4:
            lines.pop(at)
            lines = lines or [b""]
        elif way == 5 and colon:
            other = random.choice(lines).partition(b": ")[2]
            lines[at] = name + colon + other
        else:
            lines.insert(at, lines[at])
    return b"\n".join(lines)


_CELLS: Sequence[tuple[bytes, bytes]] = (
    (b't="s"', b't="n"'),
    (b't="s"', b't="e"'),
    (b't="s"', b't="d"'),
    (b"<v>", b"<v>x"),
    (b"<v>", b"<v>999999"),
    (b"<v>", b"<v>-1"),
    (b"</v>", b"</v><v>1</v>"),
    (b'r="A', b'r="ZZZZ'),
    (b'r="', b'r=""'),
    (b'<row r="', b'<row r="-'),
    (b'<row r="', b'<row r="99999999'),
    (b"<sheetData>", b""),
    (b"?>", b'?><!DOCTYPE a [<!ENTITY b "c">]>'),
    (b"rId1", b"rId9"),
    (b'sheetId="1"', b'sheetId="x"'),
    (b"worksheets/", b"../../"),
    (b'"utf-8"', b'"utf-77"'),
    (b'count="', b'count="x'),
)


def book(random: Random, content: bytes) -> bytes:
    """A workbook with parts that are damaged, missing, renamed, or that say odd things."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error, ValueError, OSError, EOFError, RuntimeError):
        return flip(random, content)
    for _ in range(random.randint(1, 3)):
        name = random.choice(sorted(parts) or ["none"])
        way = random.randrange(6)
        if way == 0:
            parts.pop(name, None)
        elif way == 1:
            parts[name.upper()] = parts.pop(name, b"")
        elif way == 2:
            parts[name] = random.choice(PLAIN)(random, parts.get(name, b""))
        else:
            old, new = random.choice(_CELLS)
            where = [part for part in sorted(parts) if old in parts[part]] or [name]
            chosen = random.choice(where)
            parts[chosen] = parts.get(chosen, b"").replace(old, new, random.randint(1, 4))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(zipfile.ZipInfo(name), part)
    return made.getvalue()


def columns(random: Random, content: bytes) -> bytes:
    """A Parquet file whose columns have other types, other names, or are not there."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        read = pq.read_table(pa.BufferReader(content))
        names = read.column_names
    except (pa.ArrowException, OSError, ValueError):
        return flip(random, content)
    if read.num_columns == 0:
        return flip(random, content)
    count, place = read.num_rows, random.randrange(read.num_columns)
    name = names[place]
    odd: tuple[pa.Array, ...] = (
        pa.nulls(count),
        pa.array([b"\xff\x00"] * count, pa.binary()),
        pa.array([{"a": 1}] * count, pa.struct([("a", pa.int64())])),
        pa.array([["x", None]] * count, pa.list_(pa.string())),
        pa.array([2**62] * count, pa.timestamp("us")),
        pa.array([float("nan")] * count),
        pa.array(["x"] * count).dictionary_encode(),
        pa.array([None] * count, pa.decimal128(38, 10)),
        pa.array([True] * count),
        pa.array([[("k", 1)]] * count, pa.map_(pa.string(), pa.int64())),
        pa.array([7] * count, pa.duration("ns")),
        pa.array(["\ud7ff\x00"] * count, pa.large_string()),
    )
    way = random.randrange(4)
    if way <= 1:
        read = read.set_column(place, name, random.choice(odd))
    elif way == 2:
        read = read.append_column(name, read.column(place))
    else:
        read = read.remove_column(place)
    sink = pa.BufferOutputStream()
    pq.write_table(read, sink)
    made: bytes = sink.getvalue().to_pybytes()
    return made
