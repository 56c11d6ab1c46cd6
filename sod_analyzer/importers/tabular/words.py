"""The texts of a column, cleaned once per distinct value: what `TextRule.clean` makes of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.importers.tabular.values import TextRule, Texts

Codes = npt.NDArray[np.int32]
Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

#: Every character that `str.strip` takes away, and those of them that are ASCII.
BLANKS = (
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_ASCII_BLANKS = "".join(filter(str.isascii, BLANKS))
#: Fewer texts than this are cleaned one by one, which is as fast.
_FEW = 64


@dataclass(frozen=True, slots=True)
class Words:
    """What a field makes of the texts of one dictionary.

    A *word* is one value as it was written, with what became of it; words are numbered. Two words
    may be one value: `JDoe` and `jdoe` where letter case is folded.
    """

    written: pa.Array  # of each word
    values: pa.Array  # no value twice
    value_of: Codes | None  # value of each word; None where words and values are the same
    first: Codes | None  # first word of each raw text, -1 for none; None where they are the same,
    blank: Flags | None = None  # apart from these raw texts, which have none
    several: Several | None = None  # where a raw text has more than one word
    unlisted: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # by raw text

    def words(self, raw: Codes) -> Codes:
        """The first word of each of these raw texts; -1 for none."""
        if self.first is not None:
            return self.first[raw]
        return raw if self.blank is None else np.where(self.blank[raw], np.int32(-1), raw)

    def filled(self, raw: Codes) -> Codes:
        """The first word of each of these raw texts, all of which have one."""
        return raw if self.first is None else self.first[raw]

    def value(self, words: Codes) -> Codes:
        """The values of these words; -1 for none."""
        if self.value_of is None or not len(self.value_of):
            return words
        found = self.value_of[words]
        return np.where(words < 0, words, found) if len(words) and words.min() < 0 else found

    def empty(self) -> Flags | None:
        """Which raw texts hold no value; None where each holds one."""
        if self.first is None:
            return self.blank
        missing = self.first < 0
        return missing if missing.any() else None


@dataclass(frozen=True, slots=True)
class Several:
    """The words of raw texts that may have many: `flat[starts[raw]:][:counts[raw]]`."""

    counts: Rows
    starts: Rows
    flat: Codes

    def expand(self, raw: Codes) -> tuple[Rows, Codes]:
        """The number of words of each of these raw texts, and all their words in order."""
        counts = self.counts[raw]
        return counts, self.flat[spread(self.starts[raw], counts)]


def spread(starts: Rows, counts: Rows) -> Rows:
    """`starts[0], starts[0] + 1, …` as many as `counts[0]` says, then those of the next."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.arange(total, dtype=np.int64) + np.repeat(starts - ends + counts, counts)


def trimmed(texts: pa.Array) -> pa.Array:
    """The texts without white space around them, as `str.strip` sees it."""
    if pc.all(pc.string_is_ascii(texts)).as_py() is not False:
        return pc.ascii_trim(texts, characters=_ASCII_BLANKS)
    return pc.utf8_trim(texts, characters=BLANKS)


def joined(*parts: str | pa.Array) -> pa.Array:
    """Texts side by side; a plain one stands in every row."""
    return pc.binary_join_element_wise(*parts, "")


def codes_of(encoded: pa.DictionaryArray) -> Codes:
    """The numbers of a coded column, -1 for null."""
    indices = encoded.indices
    if indices.null_count:
        indices = indices.fill_null(-1)
    found: Codes = np.asarray(indices)
    return found


def take(values: pa.Array, codes: npt.NDArray[np.integer]) -> pa.Array:
    """The values with these numbers, null for -1."""
    if len(codes) and codes.min() < 0:
        return values.take(pa.array(codes, mask=codes < 0))
    return values.take(pa.array(codes))


def clean_all(rule: TextRule, raw: pa.Array) -> Words:
    """What `rule.clean` makes of each of these texts, of which none is null and none twice.

    Cost: some passes in Arrow; a Python call for each text that Arrow may see differently:
    prefixes of texts beyond ASCII, and several values in one text.
    """
    odd = np.flatnonzero(_odd(rule, raw))
    if not len(odd):
        written, values, unlisted = _plain(rule, raw)
        return _numbered(raw, written, values, unlisted)
    keep = np.ones(len(raw), dtype=np.bool_)
    keep[odd] = False
    written, values, unlisted = _plain(rule, raw)
    blank = pa.scalar(None, pa.string())
    written = pc.if_else(pa.array(keep), written, blank)
    values = pc.if_else(pa.array(keep), values, blank)
    unlisted = {code: texts for code, texts in unlisted.items() if keep[code]}
    cleaned = [rule.clean((text,)) for text in raw.take(pa.array(odd)).to_pylist()]
    unlisted |= {
        int(code): found.unlisted
        for code, found in zip(odd, cleaned, strict=True)
        if found.unlisted
    }
    return _with_odd(raw, written, values, odd=odd, cleaned=cleaned, unlisted=unlisted)


def _odd(rule: TextRule, raw: pa.Array) -> Flags:
    """Which texts must be cleaned one by one."""
    column = rule.column
    around = column.strip_prefix + column.strip_suffix
    if len(raw) < _FEW or not around.isascii():
        return np.ones(len(raw), dtype=np.bool_)
    odd = np.zeros(len(raw), dtype=np.bool_)
    if around:
        odd |= ~_flags(pc.string_is_ascii(raw))
    if rule.separator is not None:
        odd |= _flags(pc.match_substring(raw, rule.separator))
    return odd


def _flags(values: pa.Array) -> Flags:
    found: Flags = np.asarray(values.to_numpy(zero_copy_only=False), dtype=np.bool_)
    return found


Plain = tuple[pa.Array, pa.Array, dict[int, tuple[str, ...]]]


def _plain(rule: TextRule, raw: pa.Array) -> Plain:
    """Each text as written and as value, null for none; and what a strict translation lacks."""
    pieces = trimmed(raw)
    blank = pc.equal(pieces, "")
    kept = _stripped(rule, pieces)
    written = kept
    if pc.any(pc.equal(kept, "")).as_py():
        written = pc.if_else(pc.equal(kept, ""), pa.scalar(None, pa.string()), kept)
    unlisted: dict[int, tuple[str, ...]] = {}
    if rule.translate is not None:
        known = pa.array(list(rule.translate), pa.string())
        becomes = pa.array(list(rule.translate.values()), pa.string())
        place = pc.index_in(written, value_set=known, skip_nulls=True)
        if rule.strict:
            lacks = np.flatnonzero(_flags(pc.and_(pc.is_null(place), pc.is_valid(written))))
            texts = written.take(pa.array(lacks)).to_pylist()
            unlisted = {int(code): (text,) for code, text in zip(lacks, texts, strict=True)}
        written = pc.if_else(pc.is_valid(place), becomes.take(place), written)
    values = _lowered(written) if rule.column.lower else written
    if rule.constant is not None and pc.any(blank).as_py():
        written = pc.if_else(blank, rule.constant, written)
        values = pc.if_else(blank, rule.constant, values)
    return written, values, unlisted


def _lowered(written: pa.Array) -> pa.Array:
    """In small letters as Python has them: beyond ASCII, Arrow folds some letters otherwise."""
    if pc.all(pc.string_is_ascii(written)).as_py() is not False:
        return pc.ascii_lower(written)
    lowered = [text if text is None else text.lower() for text in written.to_pylist()]
    return pa.array(lowered, pa.string())


def _stripped(rule: TextRule, texts: pa.Array) -> pa.Array:
    """Without prefix and suffix, letter case aside; only right for ASCII."""
    prefix, suffix = rule.column.strip_prefix, rule.column.strip_suffix
    if prefix:
        has = pc.starts_with(pc.ascii_lower(texts), prefix.lower())
        texts = pc.if_else(has, pc.utf8_slice_codeunits(texts, start=len(prefix)), texts)
    if suffix:
        has = pc.ends_with(pc.ascii_lower(texts), suffix.lower())
        cut = pc.utf8_slice_codeunits(texts, start=0, stop=-len(suffix))
        texts = pc.if_else(has, cut, texts)
    return texts


def _numbered(
    raw: pa.Array, written: pa.Array, values: pa.Array, unlisted: Mapping[int, tuple[str, ...]]
) -> Words:
    """Words of texts that have one value at most."""
    same = values is written or values.equals(written)
    if not pc.all(pc.equal(written, raw), skip_nulls=True).as_py():
        made, words = _words(written, values, same=same)
        return Words(made.written, made.values, made.value_of, words, None, None, unlisted)
    # Each text is a word of its own as it is, or none: there is nothing to number.
    blank = _flags(pc.is_null(written)) if written.null_count else None
    if same:
        return Words(raw, raw, None, None, blank, None, unlisted)
    encoded = values.dictionary_encode()
    return Words(raw, encoded.dictionary, codes_of(encoded), None, blank, None, unlisted)


def _with_odd(
    raw: pa.Array,
    written: pa.Array,
    values: pa.Array,
    *,
    odd: npt.NDArray[np.intp],
    cleaned: Sequence[Texts],
    unlisted: Mapping[int, tuple[str, ...]],
) -> Words:
    """Words of all texts: those of the odd ones stand behind the others."""
    shown = [text for found in cleaned for text in found.as_written]
    meant = [text for found in cleaned for text in found.values]
    written = pa.concat_arrays([written, pa.array(shown, pa.string())])
    values = pa.concat_arrays([values, pa.array(meant, pa.string())])
    made, words = _words(written, values, same=values.equals(written))
    counts = (words[: len(raw)] >= 0).astype(np.int64)
    counts[odd] = [len(found.values) for found in cleaned]
    starts = np.arange(len(raw), dtype=np.int64)
    starts[odd] = len(raw) + np.cumsum(counts[odd]) - counts[odd]
    first = np.full(len(raw), -1, dtype=np.int32)
    some = counts > 0
    first[some] = words[starts[some]]
    several = Several(counts, starts, words) if (counts > 1).any() else None
    return Words(made.written, made.values, made.value_of, first, None, several, unlisted)


def _words(written: pa.Array, values: pa.Array, *, same: bool) -> tuple[Words, Codes]:
    """The distinct pairs of written text and value, and the number of each given pair."""
    shown = written.dictionary_encode()
    words = codes_of(shown)
    if same:
        return Words(shown.dictionary, shown.dictionary, None, None), words
    meant = values.dictionary_encode()
    value = codes_of(meant)
    size = max(len(meant.dictionary), 1)
    pairs = words.astype(np.int64) * size + value
    coded = pa.array(pairs, mask=words < 0).dictionary_encode()
    pair = np.asarray(coded.dictionary)
    made = Words(
        shown.dictionary.take(pa.array(pair // size)),
        meant.dictionary,
        (pair % size).astype(np.int32),
        None,
    )
    return made, codes_of(coded)
