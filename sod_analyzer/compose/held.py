"""What everyone holds in any place at all, duty by duty, before masks are let go of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose.texts import distinct_rows, lists, offsets_of, words
from sod_analyzer.detect.judge import Judge
from sod_analyzer.evaluate.lens import COUNTED
from sod_analyzer.graph.masks import Words

_BITS = 64


@dataclass(frozen=True, slots=True)
class Held:
    """The duties that identities hold for certain, as rules count them unless they say otherwise.

    What a rule makes of duties is counted and not listed.
    """

    people: Mapping[str, int]  # by duty: how many judged identities have it
    duties: pa.DictionaryArray  # by identity: its duties in one text, null for none

    @classmethod
    def of(cls, judge: Judge) -> Held:
        """One look at the holders of each duty; eight bytes an identity for every 64 duties."""
        holding = judge.holding(COUNTED)
        n_people, n_places = len(judge.subjects), judge.engine.n_places
        known = judge.engine.columns.duties
        listed = [duty.duty_id for duty in known if not duty.made_of]
        place = {duty: number for number, duty in enumerate(listed)}
        mask: Words = np.zeros((-(-len(listed) // _BITS), n_people), dtype=np.uint64)
        counted = {}
        for duty in known:
            has = np.zeros(n_people, dtype=bool)
            has[holding.explicit(duty.duty_id) // n_places] = True
            counted[duty.duty_id] = int((has & judge.judged).sum())
            number = place.get(duty.duty_id)
            if number is not None:
                mask[number // _BITS, has] |= np.uint64(1 << number % _BITS)
        return cls(counted, _told(mask, listed, n_people))


def _told(mask: Words, listed: list[str], n_people: int) -> pa.DictionaryArray:
    """The duties of each identity, told once for what is held alike."""
    if not listed:
        return words(np.full(n_people, -1), [])
    shown, number_of = distinct_rows(list(mask))
    bits = (mask[:, shown, None] >> np.arange(_BITS, dtype=np.uint64)) & np.uint64(1)
    person, duty = np.nonzero(bits.transpose(1, 0, 2).reshape(len(shown), len(mask) * _BITS))
    names = pa.array(listed, pa.string())
    texts = lists(offsets_of(person, len(shown)), names.take(pa.array(duty)), "; ")
    return words(number_of, pc.if_else(pc.equal(texts, ""), None, texts))
