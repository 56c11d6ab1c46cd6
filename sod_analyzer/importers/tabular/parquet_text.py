"""Values of Parquet columns as the texts that a mapping works on."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import types

from sod_analyzer.importers.files import MAX_CELL_CHARS

#: The whole numbers up to here are exact in a floating-point number.
_EXACT = 2.0**53


def is_text(kind: pa.DataType) -> bool:
    """Whether a column holds text, or bytes that may be text."""
    return bool(
        types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_binary(kind)
        or types.is_large_binary(kind)
    )


def refusal(kind: pa.DataType) -> str | None:
    """Why no text can be made of a column of this type; None where it can."""
    if types.is_dictionary(kind):
        return refusal(kind.value_type)
    if types.is_nested(kind):
        return f"holds {kind}, not one value per row; flatten it where the file is written"
    plain = (
        is_text(kind)
        or types.is_null(kind)
        or types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_floating(kind)
        or types.is_decimal(kind)
        or types.is_date(kind)
        or types.is_timestamp(kind)
        or types.is_time(kind)
    )
    return None if plain else f"holds {kind}, which is no text, number or day"


def texts_of(values: pa.Array) -> pa.Array:
    """A text for each value, empty for null.

    A whole number has no point, and a fraction no zeros at its end; neither is ever written with
    an exponent. Days and moments are in ISO 8601; a moment with a zone is given in UTC.

    Bytes that are no UTF-8 stay as they are, so that `faults` finds them.
    """
    kind = values.type
    if is_text(kind):
        small = pa.binary() if types.is_binary(kind) or types.is_large_binary(kind) else pa.string()
        raw = values.cast(small)
        texts = pa.Array.from_buffers(pa.string(), len(raw), raw.buffers(), offset=raw.offset)
    elif types.is_null(kind):
        texts = pa.nulls(len(values), pa.string())
    elif types.is_floating(kind):
        texts = _floats(values)
    elif types.is_decimal(kind):
        texts = _short(values.cast(pa.string()))
    elif types.is_timestamp(kind):
        texts = _moments(values)
    elif types.is_time(kind):
        texts = _short(values.cast(pa.string()))
    else:
        texts = values.cast(pa.string())
    return texts.fill_null("")


def _floats(values: pa.Array) -> pa.Array:
    if types.is_float16(values.type):
        values = values.cast(pa.float32())
    wide = np.asarray(values.cast(pa.float64()).fill_null(0.0))
    whole = np.isfinite(wide) & (np.abs(wide) <= _EXACT) & (wide == np.floor(wide))
    numbers = pa.array(np.where(whole, wide, 0).astype(np.int64)).cast(pa.string())
    texts = pc.if_else(pa.array(whole), numbers, values.cast(pa.string()))
    texts = pc.if_else(pa.array(np.isnan(wide)), "", texts)
    scientific = pc.match_substring_regex(texts, r"^-?[0-9.]+e")
    if pc.any(scientific).as_py():
        plain = [
            f"{Decimal(text):f}" if odd else text
            for text, odd in zip(texts.to_pylist(), scientific.to_pylist(), strict=True)
        ]
        texts = pa.array(plain, pa.string())
    return pc.if_else(pc.is_valid(values), texts, pa.scalar(None, pa.string()))


def _moments(values: pa.Array) -> pa.Array:
    zone = values.type.tz
    # The number counts from 1970 in UTC where there is a zone, and by the wall clock where not.
    plain = values.cast(pa.timestamp(values.type.unit))
    texts = _short(pc.replace_substring(plain.cast(pa.string()), " ", "T", max_replacements=1))
    return texts if zone is None else pc.binary_join_element_wise(texts, "Z", "")


def _short(texts: pa.Array) -> pa.Array:
    """Without zeros at the end of a fraction."""
    cut = pc.replace_substring_regex(texts, r"(\.[0-9]*?)0+$", r"\1")
    return pc.replace_substring_regex(cut, r"\.$", "")


def faults(texts: pa.Array) -> tuple[pa.Array, dict[int, tuple[str, str]]]:
    """The texts with empty ones where they cannot be used; kind and words of what is wrong."""
    found: dict[int, tuple[str, str]] = {}
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        texts, found = _decoded(texts)
    nul, long = _suspicious(texts)
    for row in _rows(pc.match_substring(texts, "\0")) if nul else ():
        found[row] = ("unreadable-text", "a NUL character in the record")
    for row in _rows(pc.greater(pc.utf8_length(texts), MAX_CELL_CHARS)) if long else ():
        size = len(texts[row].as_py())
        text = f"a cell of {size:,} characters; the limit is {MAX_CELL_CHARS:,}"
        found[row] = ("oversized-cell", text)
    return texts, found


def _suspicious(texts: pa.Array) -> tuple[bool, bool]:
    """Whether some text may hold a NUL, and whether one may be too long: few columns have any."""
    _, offsets, content = texts.buffers()
    if content is None or not len(texts):
        return False, False
    every = np.frombuffer(offsets, dtype=np.int32)
    ends = every[texts.offset : texts.offset + len(texts) + 1]
    some = np.frombuffer(content, dtype=np.uint8)[ends[0] : ends[-1]]
    return not some.all(), int(np.diff(ends).max()) > MAX_CELL_CHARS


def _decoded(texts: pa.Array) -> tuple[pa.Array, dict[int, tuple[str, str]]]:
    found: dict[int, tuple[str, str]] = {}
    decoded: list[str] = []
    raw = pa.Array.from_buffers(pa.binary(), len(texts), texts.buffers(), offset=texts.offset)
    for row, cell in enumerate(raw.to_pylist()):
        try:
            decoded.append(cell.decode())
        except UnicodeDecodeError as error:
            byte = cell[error.start]
            found[row] = ("unreadable-text", f"byte 0x{byte:02X} in a cell is not UTF-8")
            decoded.append("")
    return pa.array(decoded, pa.string()), found


def _rows(flags: pa.Array) -> list[int]:
    return [int(row) for row in np.flatnonzero(flags.to_numpy(zero_copy_only=False))]
