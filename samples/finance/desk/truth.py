"""What must be found, worked out from the world by a slow and plain route of its own.

The steps and rules here are written down a second time, from the text of the rulesets, so that a
slip in either of the two shows as a difference.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import combinations

from desk.world import ALONE, COMPANIES, IN_SAP, ROLES, Login, World, by_company, rights_of

AS_OF = date(2026, 10, 31)
Right = tuple[str, str, str, str]  # system, action, resource, mode
Found = dict[tuple[str, str, str], str]  # rule, subject key, place: verdict

PRODUCTS = {
    "sap-prd": "sap", "sap-dev": "sap", "erp-islands": "erp", "tms": "erp", "bank": "bank-portal",
    "transfer": "file-transfer", "git": "github",
}  # fmt: skip
#: Systems in which production duties count.
PRODUCTION = ("sap-prd", "erp-islands", "tms", "bank", "transfer")
APPLICATIONS = ("northern", "southern", "islands")
MATERIAL = ("northern", "southern")
RESOURCES = {
    "sap-prd": IN_SAP, "erp-islands": ("3000",), "tms": IN_SAP, "bank": tuple(COMPANIES),
    "transfer": tuple(COMPANIES),
}  # fmt: skip
ELSEWHERE = {
    ("sap-dev", "ZFIN"): MATERIAL,
    ("git", "finance/sap-addons"): MATERIAL,
    ("git", "finance/islands-erp"): ("islands",),
}


def _sap(codes: str, *values: str) -> list[tuple[str, tuple[str, ...]]]:
    return [("sap", tuple(f"tcode {code}" for code in codes.split())), ("sap", tuple(values))]


def _plain(product: str, *actions: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(product, actions)]


#: A step: its ways; a way: its parts; a part: product, and actions of which one will do.
STEPS: dict[str, list[list[tuple[str, tuple[str, ...]]]]] = {
    "create-vendor": [_plain("erp", "create-vendor"), _sap("FK01", "object F_LFA1_BUK actvt=01")],
    "bank-details": [
        _plain("erp", "change-bank-details"), _sap("FK02", "object F_LFA1_GEN actvt=02"),
    ],
    "enter-invoice": [
        _plain("erp", "enter-invoice"), _sap("MIRO", "object M_RECH_WRK actvt=01"),
        _sap("FB60", "object F_BKPF_BUK actvt=01"),
    ],
    "release-invoice": [_sap("MRBR", "object M_RECH_SPG spegr=P")],
    "run-payment": [_plain("erp", "run-payment"), _sap("F110", "object F_REGU_BUK fbtch=21")],
    "release-payment": [_plain("erp", "release-payment"), _plain("sap", "tcode BNK_APP")],
    "reconcile-bank": [
        _plain("erp", "reconcile-bank"), _sap("FF67", "object F_FEBB_BUK actvt=02"),
    ],
    "create-order": [_sap("ME21N", "object M_BEST_EKO actvt=01")],
    "approve-order": [_sap("ME29N", "object M_EINK_FRG frgco=R1")],
    "receive-goods": [_sap("MIGO", "object M_MSEG_WWE actvt=01")],
    "enter-journal": [
        _plain("erp", "enter-journal"), _sap("FV50", "object F_BKPF_BUK actvt=77"),
    ],
    "post-journal": [_sap("FB50", "object F_BKPF_BUK actvt=01")],
    "maintain-gl-account": [_sap("FS00", "object F_SKA1_BUK actvt=02")],
    "open-period": [_sap("OB52", "object S_TABU_DIS actvt=02")],
    "apply-cash": [_sap("F-28", "object F_BKPF_BUK actvt=01")],
    "credit-customer": [_sap("FB75", "object F_BKPF_BUK actvt=01")],
    "hire": [_sap("PA40", "object P_ORGIN infty=0000 authc=W")],
    "pay-account": [_sap("PA30", "object P_ORGIN infty=0009 authc=W")],
    "salary": [_sap("PA30", "object P_ORGIN infty=0008 authc=W")],
    "run-payroll": [_sap("PC00_M01_CALC", "object P_PCLX authc=U")],
    "release-payroll": [_plain("bank-portal", "approve-payroll")],
    "enter-deal": [_plain("erp", "enter-deal")],
    "confirm-deal": [_plain("erp", "confirm-deal")],
    "send-file": [_plain("bank-portal", "upload-payment-file")],
    "approve-first": [_plain("bank-portal", "approve-first")],
    "approve-second": [_plain("bank-portal", "approve-second")],
    "write-folder": [_plain("file-transfer", "write")],
    "develop": [
        _plain("github", "push", "merge"), _sap("SE38", "object S_DEVELOP objtype=PROG actvt=02"),
    ],
    "deploy": [_sap("STMS", "object S_CTS_ADMI cts_admfct=IMPA")],
    "tables": [_sap("SM30", "object S_TABU_DIS actvt=02")],
    "grant-access": [
        _plain("erp", "administer-access"), _sap("SU01", "object S_USER_GRP actvt=22"),
    ],
}  # fmt: skip
VENDOR, BANK = ("create-vendor", "bank-details"), ("approve-first", "approve-second")
PAY, BOOK = ("run-payment", "release-payment"), ("enter-journal", "post-journal")

#: A rule about one person: legs, each a choice of steps; how many of them; scope; gated legs.
RULES: dict[str, tuple[list[tuple[str, ...]], int, str, tuple[int, ...]]] = {
    "P2P-01": ([VENDOR, PAY], 2, "application", ()),
    "P2P-02": ([VENDOR, ("enter-invoice",)], 2, "application", ()),
    "P2P-04": ([("create-order",), ("approve-order",)], 2, "application", (0,)),
    "P2P-05": ([("create-order",), ("receive-goods",)], 2, "application", ()),
    "P2P-06": ([("create-order", "receive-goods"), ("enter-invoice",)], 2, "application", ()),
    "P2P-08": ([("enter-invoice", "release-invoice"), PAY], 2, "application", ()),
    "P2P-09": ([("run-payment",), ("release-payment",)], 2, "application", (1,)),
    "P2P-10": ([PAY, ("reconcile-bank",)], 2, "application", ()),
    "P2P-15": (
        [("create-vendor",), ("create-order",), ("enter-invoice",), ("run-payment",)], 3,
        "application", (),
    ),
    "R2R-01": ([("enter-journal",), ("post-journal",)], 2, "application", (0,)),
    "R2R-02": ([BOOK, ("maintain-gl-account",)], 2, "application", ()),
    "R2R-03": ([BOOK, ("open-period",)], 2, "application", ()),
    "O2C-06": ([("credit-customer",), ("apply-cash",)], 2, "application", ()),
    "HR-01": ([("hire",), ("run-payroll", "release-payroll")], 2, "application", ()),
    "HR-02": ([("pay-account",), ("run-payroll", "release-payroll")], 2, "application", ()),
    "HR-03": ([("salary",), ("run-payroll",)], 2, "application", ()),
    "HR-06": ([("run-payroll",), ("release-payroll",)], 2, "application", (1,)),
    "TR-01": ([("enter-deal",), ("confirm-deal",)], 2, "application", (0,)),
    "TR-06": ([("send-file",), BANK], 2, "application", (1,)),
    "TR-09": ([("approve-first",), ("approve-second",)], 2, "application", ()),
    "XD-01": ([("develop",), (*PAY, "send-file")], 2, "application", ()),
    "XD-02": ([("deploy",), (*PAY, "send-file")], 2, "application", ()),
    "XD-03": ([("tables",), ("bank-details", "pay-account")], 2, "application", ()),
    "XD-04": ([("grant-access",), BANK], 2, "application", ()),
    "XD-06": ([("run-payment",), BANK], 2, "application", (1,)),
    "XD-08": ([("grant-access",), (*VENDOR, "run-payment")], 2, "system", ()),
}  # fmt: skip
#: Rules that count people: step, limit, and whether more or fewer are wrong.
COUNTS = {
    "P2P-17": (("release-payment",), 7, "most"),
    "P2P-18": (("release-payment",), 2, "least"),
    "TR-14": (BANK, 7, "most"),
    "TR-15": (BANK, 2, "least"),
}
TEAMS = {
    "P2P-19": [VENDOR, ("enter-invoice",), ("run-payment",), ("release-payment",)],
    "HR-12": [("hire", "salary"), ("run-payroll",), ("release-payroll",)],
}
ALL_RULES = sorted({*RULES, *COUNTS, *TEAMS, "P2P-20", "TR-13", "XD-07", "XD-10", "XD-11", "XD-12"})


class Truth:
    """The answers for one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.found: Found = {}
        self.rights = {login.key: rights_on(login) for login in world.logins.values()}
        self.known = [right for rights in self.rights.values() for right in rights]
        for role in role_names():
            self.known += [("sap-prd", action, org, ALONE) for action, org in rights_of(role)]
        self.sure: dict[str, list[str]] = {number: [] for number in world.people}
        self.maybe: dict[str, list[str]] = {}
        self.lonely: list[str] = []
        by_mail = {person.email: number for number, person in world.people.items()}
        for login in world.logins.values():
            owners = {n for n in (login.number, by_mail.get(login.email, "")) if n}
            if login.locked:
                continue
            if len(owners) == 1:
                self.sure[owners.pop()].append(login.key)
                continue
            self.lonely.append(login.key)
            for owner in owners:
                self.maybe.setdefault(owner, []).append(login.key)

    def answer(self) -> Found:
        """Every verdict that is not clear."""
        subjects = {**self.sure, **{key: [key] for key in self.lonely}}
        for subject, logins in subjects.items():
            machine = subject in self.world.logins and self.world.logins[subject].kind != "person"
            if not machine:
                for rule_id in RULES:
                    self._combination(rule_id, subject, logins)
            self._single(subject, logins, machine=machine)
        for role in role_names():
            rights = {"role": [("sap-prd", action, org, ALONE) for action, org in rights_of(role)]}
            for place in APPLICATIONS:
                if all(self._has(leg, ["role"], place, rights) for leg in (VENDOR, PAY)):
                    self.found["P2P-20", f"sap-prd:{role}", place] = "violation"
        for place in APPLICATIONS:
            self._people(place)
        return self.found

    # -- one person ------------------------------------------------------------------------------

    def _combination(self, rule_id: str, subject: str, logins: list[str]) -> None:
        legs, count, scope, gates = RULES[rule_id]
        for place in APPLICATIONS if scope == "application" else PRODUCTION:
            held = [self._has(leg, logins, place) for leg in legs]
            more = logins + self.maybe.get(subject, [])
            possible = [self._has(leg, more, place) for leg in legs]
            alone = [self._has(leg, more, place, alone=n in gates) for n, leg in enumerate(legs)]
            if sum(held) >= count:
                verdict = "violation" if sum(alone) >= count else "gated"
                self.found[rule_id, subject, place] = verdict
            elif sum(possible) >= count:
                self.found[rule_id, subject, place] = "not-evaluable"

    def _single(self, subject: str, logins: list[str], *, machine: bool) -> None:
        person = self.world.people.get(subject)
        for place in APPLICATIONS:
            if not machine and self._has(("write-folder",), logins, place):
                self.found["TR-13", subject, place] = "violation"
            if not machine and self._beyond_reading(logins, place):
                if person is None:
                    self.found["XD-11", subject, place] = "not-evaluable"
                elif person.department.startswith("Internal Audit"):
                    self.found["XD-11", subject, place] = "violation"
        if self._has(("tables",), logins, "northern"):  # over the whole of SAP, so everywhere
            if any(self._lasting(self.world.logins[key]) for key in logins):
                self.found["XD-07", subject, "all"] = "violation"
            if person is not None and person.kind == "contractor":
                self.found["XD-10", subject, "all"] = "violation"
        if person is not None and person.status == "left" and logins:
            self.found["XD-12", subject, "anywhere"] = "violation"

    def _lasting(self, login: Login) -> bool:
        return any(
            role == "IT_TABLES" and (day(until) - day(since)).days > 0
            for role, since, until in login.roles
        )

    def _beyond_reading(self, logins: list[str], place: str) -> bool:
        looks = {"tcode FB03", "tcode FK03", "tcode ME23N"}
        return any(
            system in PRODUCTION
            and PRODUCTS[system] in {"sap", "erp", "bank-portal"}
            and place in places(system, resource)
            and not (action in looks or action.endswith(" actvt=03") or action.startswith("view-"))
            for key in logins
            for system, action, resource, _ in self.rights[key]
        )

    def _has(
        self,
        steps: Iterable[str],
        logins: list[str],
        place: str,
        rights: dict[str, list[Right]] | None = None,
        *,
        alone: bool = False,
    ) -> bool:
        """Whether one of the logins can do one of the steps there, all parts of a way in it."""
        return any(
            all(
                any(
                    _fits(part, right, place, step, alone=alone)
                    for right in (rights or self.rights)[key]
                )
                for part in way
            )
            for key in logins
            for step in steps
            for way in STEPS[step]
        )

    # -- all of a place's people -----------------------------------------------------------------

    def _people(self, place: str) -> None:
        working = {
            number: logins
            for number, logins in self.sure.items()
            if self.world.people[number].status == "active"
        }
        doubtful = {key: [key] for key in self.lonely if self.world.logins[key].kind == "person"}
        for rule_id, (steps, limit, which) in COUNTS.items():
            sure = [who for who, logins in working.items() if self._has(steps, logins, place)]
            extra = [who for who, logins in doubtful.items() if self._has(steps, logins, place)]
            extra += [
                who
                for who, logins in self.maybe.items()
                if who not in sure and self._has(steps, logins, place)
            ]
            worst = len(sure) + len(extra)
            if len(sure) > limit if which == "most" else worst < limit:
                self.found[rule_id, place, place] = "violation"
            elif worst > limit if which == "most" else len(sure) < limit:
                self.found[rule_id, place, place] = "not-evaluable"
        for rule_id, legs in TEAMS.items():
            if place in MATERIAL and self._team(legs, working, place, 2):
                self.found[rule_id, place, place] = "violation"

    def _team(
        self, legs: list[tuple[str, ...]], people: dict[str, list[str]], place: str, size: int
    ) -> bool:
        """Whether so few people can do all of it together."""
        does = [
            frozenset(n for n, leg in enumerate(legs) if self._has(leg, logins, place))
            for logins in people.values()
        ]
        return any(
            frozenset().union(*team) == frozenset(range(len(legs)))
            for team in combinations([each for each in does if each], size)
        )


def rights_on(login: Login) -> list[Right]:
    """What the login may do on the day."""
    rights = [(login.system, *right) for right in login.rights]
    for role, since, until in login.roles:
        if day(since) <= AS_OF <= day(until):
            rights += [(login.system, action, org, ALONE) for action, org in rights_of(role)]
    return rights


def role_names() -> list[str]:
    """Every role as it stands in the export."""
    return sorted(
        f"{name}_{company}" if company else name
        for name in ROLES
        for company in (IN_SAP if by_company(name) else ("",))
    )


def places(system: str, resource: str) -> tuple[str, ...]:
    """The applications and the system that a right on this resource reaches."""
    if (system, resource) in ELSEWHERE:
        return ELSEWHERE[system, resource]
    if system == "sap-dev":
        return MATERIAL
    mine = RESOURCES.get(system, ())
    reached = mine if resource == "*" else (resource.partition("/")[0],)
    return (*(COMPANIES[company] for company in reached if company in mine), system)


def _fits(
    part: tuple[str, tuple[str, ...]], right: Right, place: str, step: str, *, alone: bool
) -> bool:
    product, actions = part
    system, action, resource, mode = right
    if PRODUCTS[system] != product or (alone and mode != ALONE):
        return False
    if system not in PRODUCTION and step != "develop":
        return False
    same = action in actions or (
        action.endswith("*") and any(each.startswith(action[:-1]) for each in actions)
    )
    return same and place in places(system, resource)


def day(text: str) -> date:
    """A day as SAP prints it."""
    return datetime.strptime(text, "%d.%m.%Y").date()  # noqa: DTZ007 - a day has no zone
