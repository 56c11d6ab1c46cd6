"""How mistakes in rules, duties and controls are told."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.errors import RulesetError
from sod_analyzer.rules import load_ruleset
from tests.rules.one_rule import HEAD, loaded, refusal, ruled

ALL_OF = "duties: {all_of: [commit, deploy]}"
EXCLUDED = "reason: r, by: b, on: 2026-10-02"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            (),
            (
                "rules.R1-01: says nothing that must not be; give one of 'duties', 'only', "
                "'may_hold_only', 'max_holders', 'min_holders', 'min_people', "
                "'max_grant_hours', 'role_conflicts', 'hygiene'"
            ),
        ),
        (
            (ALL_OF, "max_holders: {duty: deploy, count: 1}"),
            "rules.R1-01.max_holders: the rule has 'duties', 'max_holders'; a rule has one of them",
        ),
        (
            ("duties: {all_of: [commit, {any_of: [deploy]}]}",),
            "rules.R1-01.duties: any_of: must name at least two duties",
        ),
        (
            ("duties: {all_of: [commit, {any_of: [commit, deploy]}]}",),
            "rules.R1-01.duties: names duty 'commit' twice",
        ),
        (
            ("duties: {all_of: [commit, {any_of: [releas, deploy]}]}",),
            (
                "rules.R1-01.duties: names duty 'releas', which is not defined; "
                "did you mean 'release'?"
            ),
        ),
        (
            ("duties: {all_of: [change, commit]}",),
            "rules.R1-01.duties: duty 'change' includes 'commit', so whoever has one has both",
        ),
        (
            ("duties: {critical: deplyo}",),
            "rules.R1-01.duties: names duty 'deplyo', which is not defined; did you mean 'deploy'?",
        ),
        (
            ("duties: {at_least: {count: 3, of: [commit, {any_of: [deploy, release]}]}}",),
            (
                "rules.R1-01.duties: count is 3; it must be at least 2 and at most 2, "
                "the number of duties"
            ),
        ),
        (
            ("only: {duty: deploy, holders: {}}",),
            (
                "rules.R1-01.only: names nobody; give one of 'class', 'department', 'title', "
                "'role', 'account', 'person'"
            ),
        ),
        (
            ("only: {duty: deploy, holders: {account: SRV1}}",),
            "rules.R1-01.only: account: 'SRV1' is no id; one is system:name",
        ),
        (
            ("only: {duty: deploy, holders: {class: robot}}",),
            (
                "rules.R1-01.only.holders.class: 'robot' is not one of 'person', 'workload', "
                "'shared', 'vendor'"
            ),
        ),
        (
            ("only: {duty: deploy, holders: {person: E1}}", "holder: role"),
            (
                "rules.R1-01.holder: cannot be role: for a rule of this kind it is 'identity' "
                "or 'account'"
            ),
        ),
        (
            ("may_hold_only: {duties: [look], within: everything}",),
            (
                "rules.R1-01.may_hold_only: needs 'subjects' or 'holder: role'; nobody could "
                "work if it held for everybody"
            ),
        ),
        (
            ("may_hold_only: {duties: [], within: everything}", "holder: role"),
            "rules.R1-01.may_hold_only: duties: there is none",
        ),
        (
            ("may_hold_only: {duties: [everything], within: everything}", "holder: role"),
            "rules.R1-01.may_hold_only: names duty 'everything' twice",
        ),
        (
            ("may_hold_only: {duties: [iam], within: everything}", "holder: role"),
            (
                "rules.R1-01.may_hold_only: duty 'iam' has a part with 'except'; say what may "
                "be held without exceptions"
            ),
        ),
        (
            ("max_holders: {duty: deploy, count: 0}",),
            "rules.R1-01.max_holders: count: must be at least 1",
        ),
        (
            ("max_holders: {duty: deploy, count: 3}", "holder: identity"),
            (
                "rules.R1-01.holder: cannot be identity: a rule of this kind counts people; "
                "leave it out"
            ),
        ),
        (
            ("min_holders: {duty: deploy, count: 3}", "counts: {means: [held]}"),
            (
                "rules.R1-01.counts: has no effect, since only who holds it now, for sure, "
                "counts toward enough holders"
            ),
        ),
        (
            (
                "min_holders: {duty: deploy, count: 3}",
                "gates: {deploy: [approval_before_deploy]}",
            ),
            (
                "rules.R1-01.gates: has no effect, since only who holds it alone counts toward "
                "enough holders"
            ),
        ),
        (
            ("min_people: {duties: [commit, deploy], count: 3}",),
            (
                "rules.R1-01.min_people: count is 3; it must be at least 2 and at most 2, "
                "the number of duties"
            ),
        ),
        (
            ("min_people: {duties: [commit], count: 2}",),
            "rules.R1-01.min_people: duties: must name at least two duties",
        ),
        (
            ("max_grant_hours: {duty: deploy, hours: 0}",),
            "rules.R1-01.max_grant_hours: hours: must be at least 1",
        ),
        (("role_conflicts: R1-09",), "rules.R1-01.role_conflicts: no rule 'R1-09'; did you mean "),
        (
            ("role_conflicts: R1-01",),
            "rules.R1-01.role_conflicts: 'R1-01' is not about a combination of duties",
        ),
        (
            ("hygiene: {check: nobody-behind}",),
            ("rules.R1-01.scope: must be 'anywhere' or 'system' for a check of accounts and roles"),
        ),
        (
            ("hygiene: {check: nobody-behind, days: 3}",),
            "rules.R1-01.hygiene: days: has no effect, since check is not dormant-privileged",
        ),
        (
            ("hygiene: {check: dormant-privileged, days: 0}",),
            "rules.R1-01.hygiene: days: must be at least 1",
        ),
        (
            ("hygiene: {check: nobody-behind}", "environment: prod"),
            "rules.R1-01.environment: has no effect, since the rule is about no duty",
        ),
        (
            ("hygiene: {check: nobody-behind}", "holder: account"),
            ("rules.R1-01.holder: cannot be account: the check says what it judges; leave it out"),
        ),
        (
            ("hygiene: {check: nobody}",),
            (
                "rules.R1-01.hygiene.check: 'nobody' is not one of 'leaver-with-access', "
                "'dormant-privileged', 'nobody-behind', 'self-managed-group'; did you mean "
                "'nobody-behind'?"
            ),
        ),
        (
            (ALL_OF, "subjects: {}"),
            (
                "rules.R1-01.subjects: names nobody; give one of 'class', 'department', "
                "'title', 'role', 'account', 'person', or leave it out"
            ),
        ),
        ((ALL_OF, "subjects: {title: []}"), "rules.R1-01.subjects: title: must not be empty"),
        (
            (ALL_OF, "subjects: {title: [a, a]}"),
            "rules.R1-01.subjects: title: 'a' stands twice",
        ),
        (
            (ALL_OF, "subjects: {departement: a}"),
            "rules.R1-01.subjects: unknown key 'departement'; did you mean 'department'?",
        ),
        (
            (ALL_OF, "holder: role", "subjects: {department: a}"),
            (
                "rules.R1-01.subjects: a role is narrowed by 'role' only; nothing else is "
                "known of it"
            ),
        ),
        (
            ("duties: {critical: release}", "environment: '[x]'"),
            "rules.R1-01.environment: '[x]' must hold none of [ ] + ! : @",
        ),
        (
            ("duties: {critical: release}", "environment: ' '"),
            "rules.R1-01.environment: must not be empty",
        ),
        ((ALL_OF, "tiers: []"), "rules.R1-01.tiers: there is none"),
        ((ALL_OF, "tiers: [a, a]"), "rules.R1-01.tiers: 'a' stands twice"),
        (
            (ALL_OF, f"exclude: [{{{EXCLUDED}}}]"),
            (
                "rules.R1-01.exclude: would leave out everybody everywhere; narrow it by one of "
                "'class', 'department', 'title', 'role', 'account', 'person', 'place'"
            ),
        ),
        (
            (ALL_OF, "exclude: [{place: x, by: b, on: 2026-10-02}]"),
            "rules.R1-01.exclude[0]: key 'reason' is missing",
        ),
        (
            (ALL_OF, f"exclude: [{{place: x, {EXCLUDED}, until: 2026-10-01}}]"),
            (
                "rules.R1-01.exclude: until: 2026-10-01 is before 2026-10-02, the day of the "
                "decision"
            ),
        ),
        (
            (ALL_OF, "exclude: [{place: x, reason: '', by: b, on: 2026-10-02}]"),
            "rules.R1-01.exclude: reason: must not be empty",
        ),
        (
            (ALL_OF, "gates: {release: [independent_review]}"),
            "rules.R1-01.gates: 'release' is no duty of this rule; known: 'commit', 'deploy'",
        ),
        (
            (ALL_OF, "controls: {allowed: [CC-WACTH]}"),
            (
                "rules.R1-01.controls: allowed: control 'CC-WACTH' is not defined; did you mean "
                "'CC-WATCH'?"
            ),
        ),
    ],
)
def test_each_mistake_of_a_rule_is_told(
    tmp_path: Path, keys: tuple[str, ...], message: str
) -> None:
    messages = refusal(tmp_path, *keys)

    assert [each for each in messages if each.startswith(message)] != [], messages


def test_an_environment_that_no_way_can_be_in_is_refused(tmp_path: Path) -> None:
    head = HEAD.replace("action: release}", "action: release, environment: test}")

    messages = refusal(tmp_path, "duties: {critical: release}", "environment: prod", head=head)

    assert messages == [
        (
            "rules.R1-01.environment: no way of duty 'release' counts in 'prod': "
            "each states another environment"
        )
    ]


def test_tiers_are_of_applications(tmp_path: Path) -> None:
    messages = refusal(tmp_path, ALL_OF, "tiers: [gold]", scope="system")

    assert messages == ["rules.R1-01.tiers: only applications have tiers, but the scope is system"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "includes: [commit, release]",
            "includes: [comit]",
            (
                "rules.yaml:22: duties.change.includes: names duty 'comit', which is not "
                "defined; did you mean 'commit'?"
            ),
        ),
        (
            "includes: [commit, release]",
            "includes: [change]",
            "rules.yaml:22: duties.change.includes: names the duty itself",
        ),
        (
            "{title: Release it, ways: [{product: k8s, action: release}]}",
            "{title: Release it, includes: [change]}",
            (
                "rules.yaml:22: duties.change.includes: leads back to the duty itself: "
                "change → release → change"
            ),
        ),
        (
            ", ways: [{product: git, action: push}]",
            "",
            (
                "rules.yaml:12: duties.commit: key 'ways' is missing; a duty has ways, or "
                "includes other duties"
            ),
        ),
        (
            'except: "iam:Get*"',
            'except: "iam:*"',
            "rules.yaml:25: duties.iam.ways[0].except: 'iam:*' is the action itself",
        ),
        (
            'except: "iam:Get*"',
            "except: []",
            "rules.yaml:25: duties.iam.ways[0].except: must not be empty",
        ),
        (
            "frequency: weekly",
            "frequency: often",
            (
                "rules.yaml:9: controls.CC-WATCH.frequency: 'often' is not one of 'daily', "
                "'weekly', 'monthly', 'quarterly', 'yearly' or '30 days'"
            ),
        ),
        (
            "  CC-WATCH:",
            "  watch:",
            "rules.yaml:6: controls.watch: a control id is capital letters, digits and '-'",
        ),
        ("needs: [a log]", "needs: ['']", "rules.yaml:8: controls.CC-WATCH.needs: must not be"),
        (
            "{soc2: [CC7.2]}",
            "{soc2: []}",
            "rules.yaml:10: controls.CC-WATCH.references: soc2 has an empty reference",
        ),
        ("by: Board", "by: ''", "rules.yaml:4: approved.by: must not be empty"),
        (
            "controls:\n",
            "extend: {duties: {commit: {ways: []}}}\ncontrols:\n",
            "rules.yaml:5: extend: this ruleset imports nothing that it could be about",
        ),
    ],
)
def test_each_mistake_of_the_head_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in HEAD

    with pytest.raises(RulesetError) as caught:
        loaded(tmp_path, ruled("duties: {critical: deploy}"), head=HEAD.replace(old, new, 1))

    messages = [str(problem) for problem in caught.value.problems]
    assert [each for each in messages if each.startswith(message)] != [], messages


_TOKEN = re.compile(r"[A-Za-z0-9_.*+-]+|[\[\]{}:,]")


def damaged(text: str, chance: random.Random) -> str:
    """The text with a word or a line replaced, lost or moved, up to three times."""
    for _ in range(chance.randint(1, 3)):
        lines = text.split("\n")
        words = list(_TOKEN.finditer(text))
        word, other, line = chance.choice(words), chance.choice(words), chance.randrange(len(lines))
        how = chance.randrange(4)
        if how == 0:
            text = text[: word.start()] + other.group() + text[word.end() :]
        elif how == 1:
            text = text[: word.start()] + text[word.end() :]
        elif how == 2:
            text = "\n".join(lines[:line] + lines[line + 1 :])
        else:
            text = "\n".join((*lines[:line], chance.choice(lines), *lines[line:]))
    return text


@settings(max_examples=60, deadline=None)
@given(chance=st.randoms(use_true_random=False))
def test_a_damaged_ruleset_is_refused_in_words_or_means_something(
    tmp_path_factory: pytest.TempPathFactory, chance: random.Random
) -> None:
    whole = HEAD + ruled(
        "duties: {all_of: [commit, {any_of: [deploy, release]}]}",
        "environment: prod",
        "subjects: {class: [person], role: 'git:*'}",
        "exclude: [{place: x, reason: r, by: b, on: 2026-10-02, until: 2026-11-02}]",
        "gates: {commit: [independent_review]}",
        "controls: {allowed: [CC-WATCH], max_days: 3}",
    )
    path = tmp_path_factory.getbasetemp() / "damaged.yaml"
    path.write_text(damaged(whole, chance), encoding="utf-8")

    # Anything else that it raises is a crash.
    problems, unknown = [], []
    try:
        ruleset = load_ruleset(path)
    except RulesetError as error:
        problems = [str(problem) for problem in error.problems if problem.where is None]
    else:
        unknown = [leg for rule in ruleset.rules for leg in rule.duties if leg not in ruleset.duty]

    assert (problems, unknown) == ([], [])
