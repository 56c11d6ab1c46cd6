"""Rule cases judged by the real matcher, catalogue and kernel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Duty, Rule, Ruleset
from sod_analyzer.rulebench.court import Court, Said
from sod_analyzer.rulebench.worlds import worlds
from sod_analyzer.rules.cases import EXPECTED, Case, CaseFile

_NAMES = {verdict: name for name, verdict in EXPECTED.items()}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What the engine says of one case."""

    case: Case
    said: Said

    @property
    def verdict(self) -> Verdict:
        return self.said.verdict

    @property
    def places(self) -> tuple[str, ...]:
        """Where that verdict holds, sorted; empty when clear."""
        return self.said.places

    @property
    def passed(self) -> bool:
        """Whether the verdict is the one expected, in the place that the case names."""
        return passes(self.case, self.said)

    @property
    def sentence(self) -> str:
        """Expected and found, without the place in the file."""
        wanted = f"expected {_NAMES[self.case.verdict]}"
        at = f" at {self.case.at}" if self.case.at else ""
        found = f" at {', '.join(self.places)}" if self.places else ""
        why = f" ({self.said.reason})" if self.said.reason else ""
        return f"{wanted}{at}, found {_NAMES[self.verdict]}{found}{why}"

    def __str__(self) -> str:
        return f"{self.case.where}: {self.case.rule_id} {self.case.person}: {self.sentence}"


def passes(case: Case, said: Said) -> bool:
    """Whether this is what the case expects."""
    if case.verdict is not said.verdict:
        return False
    return said.verdict is Verdict.CLEAR or case.at is None or case.at in said.places


class Bench:
    """The cases of one file as worlds, to be judged by a ruleset or by variants of it.

    Cost: one assembly per world; then, per set of duties that is asked for, one closure.
    """

    def __init__(self, ruleset: Ruleset, cases: CaseFile) -> None:
        self.ruleset = ruleset
        self.cases = cases
        self.courts = tuple(
            Court(world, cases, ruleset.control) for world in worlds(cases, ruleset)
        )
        self._numbers: dict[str, list[int]] = {}
        for number, case in enumerate(cases.cases):
            self._numbers.setdefault(case.rule_id, []).append(number)

    def run(self) -> tuple[CaseResult, ...]:
        """Every case judged by the rule it is about, in the order of the file."""
        said: dict[int, Said] = {}
        rules = [rule for rule in self.ruleset.rules if rule.rule_id in self._numbers]
        for rule in rules:
            said |= self.say(rule, self.ruleset.duties)
        return tuple(CaseResult(self.cases.cases[n], said[n]) for n in sorted(said))

    def say(self, rule: Rule, duties: Iterable[Duty]) -> Mapping[int, Said]:
        """What the rule says of each of its cases, by position in the file.

        The rule may be a variant of the one in the ruleset, and so may the duties.
        """
        numbers = self._numbers.get(rule.rule_id, ())
        found: dict[int, Said] = {}
        chosen = tuple(duties)
        for court in self.courts:
            mine = [number for number in numbers if number in court.stages]
            if mine:
                found |= court.say(rule, chosen, mine)
        return found

    def numbers_of(self, rule_id: str) -> tuple[int, ...]:
        """The positions in the file of the cases of one rule."""
        return tuple(self._numbers.get(rule_id, ()))

    def cases_of(self, rule_id: str) -> tuple[Case, ...]:
        """The cases of one rule, in the order of the file."""
        return tuple(self.cases.cases[n] for n in self._numbers.get(rule_id, ()))


def run_cases(ruleset: Ruleset, cases: CaseFile) -> tuple[CaseResult, ...]:
    """Every case judged by the rule it is about, in the order of the file.

    Cases of rules that the ruleset lacks are left out; `rules.check_cases` refuses them.
    """
    return Bench(ruleset, cases).run()
