"""Who there is, and what each login may do. Nothing here knows any rule."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

SEED = 20261031
TODAY = "31.10.2026"
FOREVER = "31.12.9999"
ALONE, SIGNED = "alone", "with-approval"

#: Company codes, and the application that each is.
COMPANIES = {"1000": "northern", "2000": "southern", "3000": "islands"}
#: Companies whose books are kept in SAP; Islands has a ledger of its own.
IN_SAP = ("1000", "2000")

#: What a role contains. `c` stands for the company code of the role, `*` for no company at all.
ROLES: dict[str, tuple[tuple[str, str], ...]] = {
    "AP_INVOICE": (
        ("tcode MIRO", "*"), ("tcode FB60", "*"), ("object M_RECH_WRK actvt=01", "c"),
        ("object F_BKPF_BUK actvt=01", "c"),
    ),
    "AP_UNBLOCK": (("tcode MRBR", "*"), ("object M_RECH_SPG spegr=P", "*")),
    "AP_VENDOR": (("tcode FK01", "*"), ("object F_LFA1_BUK actvt=01", "c")),
    "AP_VENDOR_MENU": (("tcode FK01", "*"), ("tcode FK03", "*")),
    "AP_VENDOR_VALUES": (("object F_LFA1_BUK actvt=01", "c"),),
    "AP_BANK_DETAILS": (("tcode FK02", "*"), ("object F_LFA1_GEN actvt=02", "*")),
    "AP_PAYMENT": (("tcode F110", "*"), ("object F_REGU_BUK fbtch=21", "c")),
    "AP_PAYMENT_ALL_STEPS": (("tcode F110", "*"), ("object F_REGU_BUK fbtch=*", "c")),
    "AP_PAYMENT_DISPLAY": (("tcode F110", "*"), ("object F_REGU_BUK fbtch=23", "c")),
    "AP_RELEASE": (("tcode BNK_APP", "*"),),
    "AP_RECONCILE": (("tcode FF67", "*"), ("object F_FEBB_BUK actvt=02", "c")),
    "AP_OLD_ALL_IN_ONE": (
        ("tcode FK01", "*"), ("object F_LFA1_BUK actvt=01", "c"),
        ("tcode F110", "*"), ("object F_REGU_BUK fbtch=21", "c"),
    ),
    "AP_OLD_LOOK_AND_PAY": (
        ("tcode FK03", "*"), ("object F_LFA1_BUK actvt=03", "c"),
        ("tcode F110", "*"), ("object F_REGU_BUK fbtch=21", "c"),
    ),
    "MM_ORDER": (("tcode ME21N", "*"), ("object M_BEST_EKO actvt=01", "c")),
    "MM_RELEASE": (("tcode ME29N", "*"), ("object M_EINK_FRG frgco=R1", "*")),
    "MM_RECEIPT": (("tcode MIGO", "*"), ("object M_MSEG_WWE actvt=01", "c/P10")),
    "GL_PARK": (("tcode FV50", "*"), ("object F_BKPF_BUK actvt=77", "c")),
    "GL_POST": (("tcode FB50", "*"), ("object F_BKPF_BUK actvt=01", "c")),
    "GL_ACCOUNTS": (("tcode FS00", "*"), ("object F_SKA1_BUK actvt=02", "c")),
    "GL_PERIODS": (("tcode OB52", "*"), ("object S_TABU_DIS actvt=02", "*")),
    "AR_CASH": (("tcode F-28", "*"), ("object F_BKPF_BUK actvt=01", "c")),
    "AR_CREDIT": (("tcode FB75", "*"), ("object F_BKPF_BUK actvt=01", "c")),
    "HR_HIRE": (("tcode PA40", "*"), ("object P_ORGIN infty=0000 authc=W", "c/HQ")),
    "HR_BANK": (("tcode PA30", "*"), ("object P_ORGIN infty=0009 authc=W", "c/HQ")),
    "HR_SALARY": (("tcode PA30", "*"), ("object P_ORGIN infty=0008 authc=W", "c/HQ")),
    "HR_LOOK": (("tcode PA20", "*"), ("object P_ORGIN infty=0009 authc=R", "c/HQ")),
    "PY_RUN": (("tcode PC00_M01_CALC", "*"), ("object P_PCLX authc=U", "*")),
    "IT_TABLES": (("tcode SM30", "*"), ("object S_TABU_DIS actvt=02", "*")),
    "IT_TABLES_DISPLAY": (("tcode SE11", "*"), ("object S_TABU_DIS actvt=03", "*")),
    "IT_ACCESS": (("tcode SU01", "*"), ("object S_USER_GRP actvt=22", "*")),
    "IT_TRANSPORT": (("tcode STMS", "*"), ("object S_CTS_ADMI cts_admfct=IMPA", "*")),
    "IT_TRANSPORT_PROJECTS": (("tcode STMS", "*"), ("object S_CTS_ADMI cts_admfct=PROJ", "*")),
    "DISPLAY": (
        ("tcode FB03", "*"), ("tcode FK03", "*"), ("tcode ME23N", "*"),
        ("object F_BKPF_BUK actvt=03", "c"), ("object F_LFA1_BUK actvt=03", "c"),
    ),
}  # fmt: skip


def by_company(role: str) -> bool:
    """Whether there is one role of this name for each company."""
    return any(org.startswith("c") for _, org in ROLES[role])


def rights_of(role: str) -> list[tuple[str, str]]:
    """Actions and resources of a role as it stands in the export, such as `AP_PAYMENT_1000`."""
    name, _, company = role.rpartition("_")
    if role in ROLES:
        name, company = role, ""
    return [
        (action, org.replace("c", company, 1) if org.startswith("c") else org)
        for action, org in ROLES[name]
    ]


@dataclass
class Person:
    """Somebody in the roster."""

    number: str
    name: str
    department: str
    title: str
    status: str = "active"
    kind: str = "employee"
    manager: str = ""

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.').replace(chr(39), '')}@lindgate.example"


@dataclass
class Login:
    """An account: its roles with their days, or rights of its own."""

    system: str
    login: str
    number: str = ""  # of the person, as the export states it
    email: str = ""
    kind: str = "person"
    locked: bool = False
    roles: list[tuple[str, str, str]] = field(default_factory=list)
    rights: list[tuple[str, str, str]] = field(default_factory=list)  # action, resource, mode

    @property
    def key(self) -> str:
        return f"{self.system}:{self.login}"


@dataclass
class Plant:
    """What must be found, and somebody for whom one fact is different."""

    title: str
    rule: str
    place: str
    who: str
    verdict: str
    near: str
    near_verdict: str
    fact: str


_FIRST = (
    "Ada", "Bela", "Caro", "Dario", "Edda", "Falk", "Gesa", "Hanno", "Ines", "Jory", "Kaja",
    "Levi", "Maren", "Nils", "Oda", "Pavel", "Quirin", "Runa", "Sanna", "Timo", "Ulla", "Veit",
    "Wanda", "Xaver", "Ylva", "Zeno",
)  # fmt: skip
_LAST = (
    "Abendroth", "Birnbaum", "Castell", "Dornier", "Ebersold", "Falkner", "Grothe", "Hagedorn",
    "Imhof", "Jansen", "Kestner", "Lindqvist", "Marquardt", "Nordhoff", "Oelrich", "Petersen",
    "Quandt", "Rosenow", "Sievers", "Thorne", "Ullmann", "Vossberg", "Wieland", "Yilmaz",
    "Zandt",
)  # fmt: skip


class World:
    """Everybody, every login, everything planted."""

    def __init__(self) -> None:
        self.people: dict[str, Person] = {}
        self.logins: dict[str, Login] = {}
        self.plants: list[Plant] = []
        self._chance = random.Random(SEED)
        names = [f"{first} {last}" for first in _FIRST for last in _LAST]
        self._chance.shuffle(names)
        self._names = iter(names)

    def hire(self, department: str, title: str, **more: str) -> Person:
        """One more person, with the next number."""
        number = f"{len(self.people) * 3 + 20101:06d}"
        person = Person(number, next(self._names), department, title, **more)
        self.people[number] = person
        return person

    def sap(self, person: Person | None, *roles: str, login: str = "", **more: object) -> Login:
        """A login in the SAP system; a role is a name, or a name with its first and last day."""
        number = person.number if person else ""
        name = login or f"U{number[1:]}"
        account = self.logins.setdefault(f"sap-prd:{name}", Login("sap-prd", name, number))
        for role in roles:
            words = role.split()
            account.roles.append((words[0], *(words[1:] or ("01.01.2026", FOREVER))))  # type: ignore[arg-type]
        for key, value in more.items():
            setattr(account, key, value)
        return account

    def give(
        self, system: str, person: Person | None, *rights: str, login: str = "", **more: object
    ) -> Login:
        """Rights in any other system, each `action resource`, and `signed` behind an approval."""
        number = person.number if person else ""
        name = login or f"{system[0]}{number}"
        mail = person.email if person else ""
        account = self.logins.setdefault(
            f"{system}:{name}", Login(system, name, number=number, email=mail)
        )
        for right in rights:
            words = right.rsplit(" ", 2) if right.endswith(" signed") else right.rsplit(" ", 1)
            account.rights.append((words[0], words[1], SIGNED if len(words) > 2 else ALONE))  # noqa: PLR2004 - the third word says so
        for key, value in more.items():
            setattr(account, key, value)
        return account

    def plant(
        self,
        title: str,
        rule: str,
        place: str,
        *,
        who: tuple[str, str],
        near: tuple[str, str],
        fact: str,
    ) -> None:
        """Write down what must be found: key and verdict of the plant and of its near miss."""
        self.plants.append(Plant(title, rule, place, *who, *near, fact))
