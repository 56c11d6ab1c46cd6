"""What can be said of a request offline."""

from __future__ import annotations

from enum import IntEnum


class Answer(IntEnum):
    """Ordered: `min` is what two limits leave together, `max` what two grants give.

    `UNKNOWN` is for a document that is missing. `CONDITIONAL` is for what a request brings along:
    its time, network, second factor, tags.
    """

    NO = 0
    UNKNOWN = 1
    CONDITIONAL = 2
    YES = 3

    @property
    def without(self) -> Answer:
        """What is left of full access once a deny matches with this answer."""
        return _WITHOUT[self]


_WITHOUT = {
    Answer.NO: Answer.YES,
    Answer.UNKNOWN: Answer.UNKNOWN,
    Answer.CONDITIONAL: Answer.CONDITIONAL,
    Answer.YES: Answer.NO,
}
