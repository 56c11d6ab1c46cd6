"""Plants about the AWS organisation: people of Identity Center, limits, keys, emergency access.

Nobody is hired for them: whoever is used here was clean, and breaks no other plant.
"""

from __future__ import annotations

from collections.abc import Iterator

from maker import aws
from maker.world import AwsLogin, AwsPerson, World

_CENTER = "aws-root:identity-center"


def plant_aws(world: World) -> None:
    """Every role, login and person of the organisation."""
    _add_roles(world)
    for plant in (
        _chiefs,
        _chain,
        _limits,
        _data,
        _denies,
        _conditions,
        _images,
        _keys,
        _emergency,
    ):
        plant(world)
    _logins(world)


def _add_roles(w: World) -> None:
    """Roles are accounts, too, and nobody's."""
    for (number, name), role in aws.ROLES.items():
        system = _system(number)
        key = f"{system}:arn:aws:iam::{number}:role/{name}"
        w.open_account(
            key,
            name,
            None,
            role.gives,
            workload=True,
            minded=role.minded,
            unrestricted=role.everything,
        )
        if role.last_used:
            w.last_used[key] = role.last_used[:10]
    for name, each in aws.SETS.items():
        for system, gives in each.gives.items():
            arn = aws.reserved(aws.ACCOUNTS[system], name)
            w.open_account(
                f"{system}:{arn}",
                arn.rpartition("/")[2],
                None,
                gives,
                workload=True,
                minded=True,
                unrestricted=each.everything,
            )


def _system(number: str) -> str:
    return next(system for system, each in aws.ACCOUNTS.items() if each == number)


def _sign_in(w: World, number: str, *sets: tuple[str, str]) -> str:
    """Somebody of the roster in Identity Center, with sets in accounts; returns the account."""
    who = w.people[number]
    code = aws.person_code(number)
    gives = [fact for name, system in sets for fact in aws.SETS[name].gives[system]]
    everything = any(aws.SETS[name].everything for name, _ in sets)
    key = w.open_account(f"{_CENTER}/{code}", who.name, number, gives, unrestricted=everything)
    w.accounts[key].conditional = any(aws.SETS[name].conditional for name, _ in sets)
    w.aws_people[key] = AwsPerson(code, who.handle, who.name, who.email, sets)
    return key


def _crowd(w: World, wanted: str) -> Iterator[str]:
    """People of the crowd by what they are: a GitHub team, or a department; no plant is theirs."""
    planted = {who for plant in w.plants for who in (plant.person, plant.near_miss)}
    in_team = {
        account.owner
        for login, member in w.github_members.items()
        if member.teams == (wanted,) and not member.owner
        for account in [w.accounts[f"github-north:{login.lower()}"]]
    }
    for number, person in sorted(w.people.items()):
        mine = number in in_team or person.department == wanted
        if mine and number not in planted and person.status == "active" and person.kind == "person":
            yield number


def _two(w: World, wanted: str) -> tuple[str, str]:
    people = _crowd(w, wanted)
    return next(people), next(people)


def _chiefs(w: World) -> None:
    """Whoever has everything everywhere has it here, too."""
    plant = next(each for each in w.plants if each.title == "Everything, everywhere")
    for number in (plant.person, plant.near_miss):
        _sign_in(w, number, *(("AdministratorAccess", system) for system in aws.ACCOUNTS))


def _chain(w: World) -> None:
    a, b = _two(w, "onboarding-dev")
    _sign_in(w, a, ("ReleaseDesk", "aws-build"))
    _sign_in(w, b, ("ReleaseTraining", "aws-build"))
    w.plant(
        "A deploy role two accounts away",
        (a, b),
        "DEV-01",
        "onboarding",
        "commits in GitHub, signs in to the build account and goes on to the deploy role of "
        "production; the near miss may ask for the role, which does not trust it",
    )


def _limits(w: World) -> None:
    a, b = _two(w, "Identity")
    _sign_in(w, a, ("AccessDesk", "aws-root"))
    _sign_in(w, b, ("AccessDesk", "aws-prod"))
    w.plant(
        "No limit binds the managing account",
        (a, b),
        "DEV-04",
        "aws-root",
        "grants access and may stop the trail of the managing account",
    )
    w.plant(
        "A limit of the organisation",
        (a, b),
        "DEV-04",
        "aws-root",
        "the near miss has the same set in production, where the organisation keeps the trail",
    )


def _data(w: World) -> None:
    a, b = _two(w, "onboarding-dev")
    _sign_in(w, a, ("DataRepair", "aws-prod"))
    _sign_in(w, b, ("DataSupport", "aws-prod"))
    w.plant(
        "A boundary around a role",
        (a, b),
        "DEV-14",
        "onboarding",
        "commits, and a role changes production data; the near miss has a role with the same "
        "policy and a boundary that only reads",
    )


def _denies(w: World) -> None:
    a, b = _two(w, "payments-dev")
    _sign_in(w, a, ("PaymentsOperations", "aws-prod"))
    _sign_in(w, b, ("PaymentsWatch", "aws-prod"))
    w.plant(
        "What is denied is not allowed",
        (a, b),
        "DEV-01",
        "payments",
        "may do anything with functions of Payments; the near miss too, but for what changes them",
    )


def _conditions(w: World) -> None:
    a, b = _two(w, "onboarding-dev")
    _sign_in(w, a, ("OnboardingHotfix", "aws-prod"))
    _sign_in(w, b, ("OnboardingRobots", "aws-prod"))
    w.plant(
        "A second factor is a condition that people meet",
        (a, b),
        "DEV-01",
        "onboarding",
        "deploys with a second factor; the near miss only where AWS itself asks, who is no person",
    )


def _images(w: World) -> None:
    a, b = _two(w, "payments-dev")
    _sign_in(w, a, ("Publisher", "aws-build"))
    _sign_in(w, b, ("Puller", "aws-build"))
    for rule, title in (
        ("DEV-28", "A person publishes images"),
        ("DEV-29", "Who commits publishes images"),
    ):
        w.plant(
            title,
            (a, b),
            rule,
            "payments",
            "may push images of Payments; the near miss may pull them",
        )


def _keys(w: World) -> None:
    a, b = _two(w, "Compliance")
    _sign_in(w, a, ("KeyCustodian", "aws-prod"), ("DataRepair", "aws-prod"))
    _sign_in(w, b, ("KeyCustodian", "aws-prod"), ("DataSupport", "aws-prod"))
    w.plant(
        "The key and what it locks",
        (a, b),
        "DEV-16",
        "onboarding",
        "keeps a key and changes the data; for the near miss a boundary leaves looking",
    )
    c, _ = _two(w, "Compliance")
    _sign_in(w, c, ("PaymentsKeys", "aws-prod"))
    w.plant(
        "One custodian",
        ("payments", "onboarding"),
        "DEV-17",
        "payments",
        "the key's own policy names one role, which one person assumes; administrators have none "
        "of it, but of the key of Onboarding, which its policy leaves to the account",
    )


def _emergency(w: World) -> None:
    a, b = _two(w, "Risk")
    _sign_in(w, a, ("Emergency", "aws-root"))
    _sign_in(w, b, ("EmergencyDrill", "aws-root"))
    w.plant(
        "Emergency access without an end",
        (a, b),
        "DEV-23",
        "anywhere",
        "may always assume the emergency role, which trusts this set and not the near miss's",
    )
    keys = {a.name: a.key for a in w.accounts.values() if a.system == "aws-prod" and a.workload}
    w.plant(
        "The emergency role sleeps",
        (keys["break-glass"], keys["onboarding-data-repair"]),
        "DEV-36",
        "aws-prod",
        "has all of production, and was last used in March; the near miss changes the data of one "
        "application",
    )
    w.plant(
        "Functions answer to nobody",
        (keys["onboarding-serve"], keys["onboarding-deploy"]),
        "DEV-37",
        "aws-prod",
        "is the role of a function, and nobody's; somebody assumes the near miss",
    )
    w.plant(
        "Who has the emergency role has all of production",
        (a, b),
        "DEV-18",
        "payments",
        "deploys and deletes backups by it; the near miss does not come to it",
    )


def _logins(w: World) -> None:
    """Two logins of IAM of which one is somebody's, and somebody whom the roster does not know."""
    number = next(_crowd(w, "Finance"))
    who = w.people[number]
    mine = AwsLogin(aws.PROD, f"{who.handle}-audit", who.email, ("auditors",))
    stray = AwsLogin(aws.PROD, "legacy-transfer")
    w.aws_logins += [mine, stray]
    near = w.open_account(f"aws-prod:{aws.login_arn(mine)}", mine.name, number, ())
    hit = w.open_account(f"aws-prod:{aws.login_arn(stray)}", stray.name, None, ())
    w.plant(
        "A login of AWS that nobody answers for",
        (hit, near),
        "DEV-37",
        "aws-prod",
        "has no tag that says whose it is; the near miss has somebody's e-mail address",
    )
    code = aws.person_code("partner")
    key = w.open_account(f"{_CENTER}/{code}", "Partner Desk", None, ())
    sets = (("ReleaseTraining", "aws-build"),)
    w.aws_people[key] = AwsPerson(
        code, "partner.desk", "Partner Desk", "desk@partner.example", sets
    )
    known = next(each for each in w.plants if each.title == "A deploy role two accounts away")
    other = next(k for k, p in w.aws_people.items() if p.code == aws.person_code(known.near_miss))
    w.plant(
        "Somebody of Identity Center whom the roster does not know",
        (key, other),
        "DEV-37",
        "aws-root",
        "has an address of another firm; the near miss has the same set and is on the roster",
    )
