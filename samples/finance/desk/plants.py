"""The people of the sample: those who break a rule, and for each somebody who nearly does."""

from __future__ import annotations

from desk.world import Person, World

BAD, CLEAR, GATED, OPEN, EXCUSED = "violation", "clear", "gated", "not-evaluable", "mitigated"
AP, GL, HR, IT, TR = "Accounts Payable", "General Ledger", "Human Resources", "IT", "Treasury"


#: What, rule, roles, roles of the near miss, and the fact that differs.
PAYABLES = (
    ("Creates vendors and pays them", "P2P-01", ("AP_VENDOR_1000", "AP_PAYMENT_1000"),
     ("AP_VENDOR_1000", "AP_PAYMENT_2000"), "the near miss pays in another company"),
    ("Transaction and value come from two roles", "P2P-01",
     ("AP_VENDOR_MENU", "AP_VENDOR_VALUES_1000", "AP_PAYMENT_1000"),
     ("AP_VENDOR_MENU", "AP_PAYMENT_1000"),
     "the near miss has the transaction without the value"),
    ("Bank details know no company", "P2P-01", ("AP_BANK_DETAILS", "AP_PAYMENT_1000"),
     ("DISPLAY_1000", "AP_PAYMENT_1000"), "the near miss reads vendors"),
    ("Creates vendors and enters their invoices", "P2P-02",
     ("AP_VENDOR_1000", "AP_INVOICE_1000"), ("AP_VENDOR_1000", "AP_UNBLOCK"),
     "the near miss releases invoices and enters none"),
    ("A star stands for every step of the payment run", "P2P-08",
     ("AP_INVOICE_1000", "AP_PAYMENT_ALL_STEPS_1000"),
     ("AP_INVOICE_1000", "AP_PAYMENT_DISPLAY_1000"), "the near miss displays the run"),
    ("Pays and ticks off the statement", "P2P-10", ("AP_PAYMENT_1000", "AP_RECONCILE_1000"),
     ("AP_PAYMENT_1000", "AP_RECONCILE_2000"), "the near miss reconciles another company"),
    ("Orders and receives, at a plant of the company", "P2P-05",
     ("MM_ORDER_1000", "MM_RECEIPT_1000"), ("MM_ORDER_1000", "MM_RECEIPT_2000"),
     "the plant of the near miss is another company's"),
    ("Orders and releases orders", "P2P-04", ("MM_ORDER_1000", "MM_RELEASE"),
     ("MM_ORDER_1000", "MM_RECEIPT_2000"), "the near miss releases nothing"),
    ("Three of four steps", "P2P-15", ("AP_VENDOR_1000", "MM_ORDER_1000", "AP_INVOICE_1000"),
     ("AP_VENDOR_1000", "MM_ORDER_1000"), "the near miss has two of the four"),
    ("Runs payments and releases them", "P2P-09", ("AP_PAYMENT_1000", "AP_RELEASE"),
     ("AP_PAYMENT_1000", "AP_PAYMENT_DISPLAY_1000"), "the near miss releases nothing"),
    ("A role that ends today", "P2P-01",
     ("AP_VENDOR_1000", "AP_PAYMENT_1000 01.09.2026 31.10.2026"),
     ("AP_VENDOR_1000", "AP_PAYMENT_1000 01.09.2026 30.10.2026"),
     "for the near miss it ended yesterday"),
)  # fmt: skip


def plant_payables(world: World) -> None:
    """From vendor to payment."""
    for title, rule, first, second, fact in PAYABLES:
        one, other = world.hire(AP, "Clerk"), world.hire(AP, "Clerk")
        world.sap(one, *first)
        world.sap(other, *second)
        world.plant(
            title, rule, "northern", who=(one.number, BAD), near=(other.number, CLEAR), fact=fact
        )

    one, other = world.hire(AP, "Clerk"), world.hire(AP, "Clerk")
    world.sap(one, "AP_VENDOR_1000", "AP_PAYMENT_1000")
    world.sap(other, "AP_VENDOR_1000", "AP_PAYMENT_1000", locked=True)
    world.plant(
        "A locked login is dormant",
        "P2P-01",
        "northern",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the login of the near miss is locked",
    )

    one, other = world.hire(AP, "Deputy"), world.hire(AP, "Deputy")
    world.sap(one, "AP_VENDOR_MENU", "AP_VENDOR_VALUES_1000", "AP_PAYMENT_1000")
    world.sap(other, "AP_VENDOR_MENU", "AP_PAYMENT_1000")
    world.sap(other, "AP_VENDOR_VALUES_1000", login=f"X{other.number[1:]}")
    world.plant(
        "Parts in two logins do not meet",
        "P2P-01",
        "northern",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the near miss has transaction and value in different logins",
    )

    one, other = world.hire(AP, "Deputy"), world.hire(AP, "Deputy")
    world.sap(one, "AP_VENDOR_1000")
    world.sap(one, "AP_PAYMENT_1000", login=f"X{one.number[1:]}")
    world.sap(other, "AP_VENDOR_1000")
    world.sap(other, "AP_PAYMENT_2000", login=f"X{other.number[1:]}")
    world.plant(
        "Whole duties in two logins do",
        "P2P-01",
        "northern",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the second login of the near miss pays in another company",
    )

    world.sap(None, "AP_BANK_DETAILS", "AP_PAYMENT_1000", login="TEMP07")
    world.sap(None, "AP_BANK_DETAILS", "AP_PAYMENT_1000", login="BATCH01", kind="workload")
    world.plant(
        "A login that nobody owns",
        "P2P-01",
        "northern",
        who=("sap-prd:TEMP07", BAD),
        near=("sap-prd:BATCH01", CLEAR),
        fact="the near miss is a machine's",
    )

    world.plant(
        "A role that does both by itself",
        "P2P-20",
        "northern",
        who=("sap-prd:AP_OLD_ALL_IN_ONE_1000", BAD),
        near=("sap-prd:AP_OLD_LOOK_AND_PAY_1000", CLEAR),
        fact="the near miss only shows vendors",
    )


#: What, rule, department, roles, roles of the near miss, and the fact that differs.
LEDGER = (
    ("Parks journals and posts them", "R2R-01", GL, ("GL_PARK_2000", "GL_POST_2000"),
     ("GL_PARK_2000", "DISPLAY_2000"), "the near miss reads"),
    ("Posts and maintains the chart", "R2R-02", GL, ("GL_POST_2000", "GL_ACCOUNTS_2000"),
     ("GL_POST_1000", "GL_ACCOUNTS_2000"), "the near miss posts in another company"),
    ("Posts and opens periods", "R2R-03", GL, ("GL_POST_2000", "GL_PERIODS"),
     ("DISPLAY_2000", "GL_PERIODS"), "the near miss reads"),
    ("One value serves two transactions", "O2C-06", "Receivables",
     ("AR_CASH_2000", "AR_CREDIT_2000"), ("AR_CASH_2000", "GL_POST_2000"),
     "the near miss posts journals and no credit notes"),
    ("Hires and runs payroll", "HR-01", HR, ("HR_HIRE_2000", "PY_RUN"),
     ("HR_HIRE_2000", "HR_SALARY_2000"), "the near miss does not run payroll"),
    ("Changes bank details of employees and runs payroll", "HR-02", HR,
     ("HR_BANK_2000", "PY_RUN"), ("HR_LOOK_2000", "PY_RUN"), "the near miss reads them"),
    ("Changes salaries and runs payroll", "HR-03", HR, ("HR_SALARY_2000", "PY_RUN"),
     ("HR_SALARY_1000", "HR_BANK_2000"), "the near miss does not run payroll"),
)  # fmt: skip


def plant_ledger(world: World) -> None:
    """The books, customers, wages."""
    for title, rule, department, first, second, fact in LEDGER:
        one, other = (world.hire(department, "Accountant") for _ in range(2))
        world.sap(one, *first)
        world.sap(other, *second)
        world.plant(
            title, rule, "southern", who=(one.number, BAD), near=(other.number, CLEAR), fact=fact
        )

    one, other = world.hire(HR, "Payroll"), world.hire(HR, "Payroll")
    world.sap(one, "PY_RUN")
    world.sap(other, "PY_RUN")
    world.give("bank", one, "approve-payroll 2000")
    world.give("bank", other, "view-payroll 2000")
    world.plant(
        "Runs payroll and approves it at the bank",
        "HR-06",
        "southern",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the near miss may look at the bank",
    )


def plant_treasury(world: World) -> None:
    """Deals, the bank, and the folder in between."""
    one, other = world.hire(TR, "Dealer"), world.hire(TR, "Dealer")
    world.give("tms", one, "enter-deal 1000", "confirm-deal 1000")
    world.give("tms", other, "enter-deal 2000 signed", "confirm-deal 2000")
    world.plant(
        "Enters deals and confirms them",
        "TR-01",
        "northern",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the near miss has both in Southern only",
    )
    world.plant(
        "A deal that waits for another's signature",
        "TR-01",
        "southern",
        who=(other.number, GATED),
        near=(one.number, CLEAR),
        fact="the near miss deals for Northern only",
    )

    one, other = world.hire(TR, "Cash manager"), world.hire(TR, "Cash manager")
    world.give("bank", one, "approve-first 1000")
    world.give("bank", one, "approve-second 1000", login=f"dep{one.number}")
    world.give("bank", other, "approve-first 1000")
    world.give("bank", other, "approve-second 2000", login=f"dep{other.number}")
    world.plant(
        "Two signatures, two logins, one person",
        "TR-09",
        "northern",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the second signature of the near miss is for Southern",
    )

    one, other = world.hire(TR, "Cash manager"), world.hire(TR, "Cash manager")
    world.give("bank", one, "upload-payment-file 2000", "approve-first 2000")
    world.give("bank", other, "upload-payment-file 2000", "view-payment 2000")
    world.plant(
        "Uploads and approves at the bank",
        "TR-06",
        "southern",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the near miss looks on",
    )

    one, other = world.hire(AP, "Team lead"), world.hire(AP, "Team lead")
    world.sap(one, "AP_PAYMENT_2000")
    world.give("bank", one, "approve-second 2000")
    world.sap(other, "AP_PAYMENT_2000")
    world.give("bank", other, "approve-second 1000")
    world.plant(
        "Runs in SAP what is approved at the bank",
        "XD-06",
        "southern",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the near miss approves for Northern",
    )

    one, other = world.hire(AP, "Team lead"), world.hire("Facilities", "Caretaker")
    world.sap(one, "AP_PAYMENT_1000")
    world.give(
        "bank", None, "approve-first 1000", login="mx77", number=one.number, email=other.email
    )
    world.plant(
        "A login at the bank that two could own",
        "XD-06",
        "northern",
        who=(one.number, OPEN),
        near=(other.number, CLEAR),
        fact="the other candidate runs no payments",
    )

    one = world.hire(IT, "File transfer")
    world.give("transfer", one, "write 1000")
    world.give("transfer", None, "write 1000", login="svc-transfer", kind="workload")
    world.plant(
        "Hands in the payment folder",
        "TR-13",
        "northern",
        who=(one.number, BAD),
        near=("transfer:svc-transfer", CLEAR),
        fact="the near miss is the machine it is for",
    )

    for number, company in enumerate(("2000",) * 5 + ("1000",) * 3):
        person = world.hire(TR, "Signatory")
        world.give("bank", person, f"{('approve-first', 'approve-second')[number % 2]} {company}")
    world.plant(
        "Eight can approve at the bank",
        "TR-14",
        "southern",
        who=("southern", BAD),
        near=("northern", OPEN),
        fact="Northern has seven for certain, and one login whose owner is not",
    )


def plant_islands(world: World) -> None:
    """A small company with a ledger of its own, in plain words."""
    for _ in range(2):
        person = world.hire("Islands office", "Signatory")
        world.give("bank", person, "approve-first 3000")
    one, other = (
        world.hire("Islands office", "Bookkeeper"),
        world.hire("Islands office", "Bookkeeper"),
    )
    world.give("erp-islands", one, "create-vendor 3000", "enter-invoice 3000")
    world.give("erp-islands", other, "change-bank-details 3000", "enter-invoice 3000")
    world.plant(
        "A small team with a control in force",
        "P2P-02",
        "islands",
        who=(one.number, EXCUSED),
        near=(other.number, BAD),
        fact="the control of the near miss ended in September",
    )
    third = world.hire("Islands office", "Treasurer")
    world.give(
        "erp-islands", third, "run-payment 3000", "release-payment 3000", "reconcile-bank 3000"
    )
    world.plant(
        "Only one can release payments",
        "P2P-18",
        "islands",
        who=("islands", BAD),
        near=("northern", CLEAR),
        fact="Northern has several",
    )
    world.plant(
        "All of payment in one hand",
        "P2P-09",
        "islands",
        who=(third.number, BAD),
        near=(one.number, CLEAR),
        fact="the near miss enters invoices",
    )
    fourth = world.hire("Islands office", "Administrator")
    world.give("erp-islands", fourth, "administer-access 3000", "view-vendor 3000")
    fifth = world.hire("Islands office", "Administrator")
    world.give("erp-islands", fifth, "administer-access 3000", "create-vendor 3000")
    world.plant(
        "Grants access and does business",
        "XD-08",
        "erp-islands",
        who=(fifth.number, BAD),
        near=(fourth.number, CLEAR),
        fact="the near miss reads vendors",
    )
    auditors = [world.hire("Internal Audit", "Auditor") for _ in range(2)]
    world.give("erp-islands", auditors[0], "enter-journal 3000")
    world.give("erp-islands", auditors[1], "view-journal 3000")
    world.sap(auditors[1], "DISPLAY_1000", "DISPLAY_2000")
    world.plant(
        "An auditor who takes part",
        "XD-11",
        "islands",
        who=(auditors[0].number, BAD),
        near=(auditors[1].number, CLEAR),
        fact="the near miss reads everywhere",
    )


def plant_it(world: World) -> None:
    """Developers, transports, tables, access."""

    def both(title: str, rule: str, place: str, fact: str) -> tuple[Person, Person]:
        one, other = world.hire(IT, "Engineer"), world.hire(IT, "Engineer")
        world.plant(
            title, rule, place, who=(one.number, BAD), near=(other.number, CLEAR), fact=fact
        )
        return one, other

    one, other = both("A developer who pays", "XD-01", "northern", "the near miss reads the code")
    world.give("git", one, "push finance/sap-addons")
    world.sap(one, "AP_PAYMENT_1000")
    world.give("git", other, "pull finance/sap-addons")
    world.sap(other, "AP_PAYMENT_1000")
    one, other = both(
        "Code inside SAP", "XD-01", "southern", "the near miss lacks the object's value"
    )
    world.give("sap-dev", one, "tcode SE38 *", "object S_DEVELOP objtype=PROG actvt=02 ZFIN")
    world.sap(one, "AP_PAYMENT_2000")
    world.give("sap-dev", other, "tcode SE38 *", "object S_DEVELOP objtype=PROG actvt=03 ZFIN")
    world.sap(other, "AP_PAYMENT_2000")
    one, other = both(
        "Islands' code, Islands' money", "XD-01", "islands", "the near miss writes other code"
    )
    world.give("git", one, "merge finance/islands-erp")
    world.give("erp-islands", one, "run-payment 3000")
    world.give("git", other, "merge finance/sap-addons")
    world.give("erp-islands", other, "run-payment 3000")
    one, other = both(
        "Moves changes and pays", "XD-02", "southern", "the near miss arranges projects only"
    )
    world.sap(one, "IT_TRANSPORT", "AP_PAYMENT_2000")
    world.sap(other, "IT_TRANSPORT_PROJECTS", "AP_PAYMENT_2000")
    one, other = both(
        "Tables and bank details", "XD-03", "southern", "the near miss displays tables"
    )
    world.sap(one, "IT_TABLES 31.10.2026 31.10.2026", "HR_BANK_2000")
    world.sap(other, "IT_TABLES_DISPLAY", "HR_BANK_2000")
    one, other = both(
        "Grants access and approves at the bank",
        "XD-04",
        "northern",
        "the near miss looks on at the bank",
    )
    world.sap(one, "IT_ACCESS")
    world.give("bank", one, "approve-first 1000")
    world.sap(other, "IT_ACCESS")
    world.give("bank", other, "view-payment 1000")
    one, other = both(
        "Table access without end", "XD-07", "all", "the near miss has it for one day"
    )
    world.sap(one, "IT_TABLES")
    world.sap(other, "IT_TABLES 31.10.2026 31.10.2026")
    one, other = (world.hire(IT, "Consultant", kind=kind) for kind in ("contractor", "employee"))
    world.sap(one, "IT_TABLES 31.10.2026 31.10.2026")
    world.sap(other, "IT_TABLES 31.10.2026 31.10.2026")
    world.plant(
        "An outsider in the tables",
        "XD-10",
        "all",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the near miss is an employee",
    )
    one, other = (world.hire(GL, "Accountant", status="left") for _ in range(2))
    world.sap(one, "DISPLAY_1000")
    world.sap(other, "DISPLAY_1000", locked=True)
    world.plant(
        "Left, and the login works",
        "XD-12",
        "anywhere",
        who=(one.number, BAD),
        near=(other.number, CLEAR),
        fact="the login of the near miss is locked",
    )


def hire_the_rest(world: World) -> None:
    """People with one duty or none, so that most of the company is clean."""
    for department, title, roles in (
        (AP, "Clerk", ("AP_INVOICE_1000", "DISPLAY_1000")),
        (AP, "Clerk", ("AP_INVOICE_2000", "DISPLAY_2000")),
        (AP, "Vendor desk", ("AP_VENDOR_2000", "DISPLAY_2000")),
        (AP, "Vendor desk", ("AP_BANK_DETAILS", "DISPLAY_1000")),
        (AP, "Releaser", ("AP_RELEASE",)),
        (AP, "Releaser", ("AP_RELEASE", "DISPLAY_2000")),
        (AP, "Reconciler", ("AP_RECONCILE_2000",)),
        ("Purchasing", "Buyer", ("MM_ORDER_2000",)),
        ("Purchasing", "Head", ("MM_RELEASE",)),
        ("Warehouse", "Receiver", ("MM_RECEIPT_1000",)),
        (GL, "Accountant", ("GL_POST_1000",)),
        (GL, "Accountant", ("GL_PARK_1000",)),
        (HR, "Recruiter", ("HR_HIRE_1000",)),
        (HR, "Partner", ("HR_LOOK_2000",)),
    ):
        world.sap(world.hire(department, title), *roles)
    world.give("bank", world.hire("Controlling", "Controller"), "approve-payroll 1000")
    heads = [world.hire("Controlling", "Head") for _ in range(3)]
    for person in world.people.values():
        person.manager = heads[0].number if person not in heads else ""
    for person in (world.people[number] for number in sorted(world.people)):
        if person.department == "Islands office":
            person.manager = heads[1].number
    world.plant(
        "Two can pay an invented vendor",
        "P2P-19",
        "northern",
        who=("northern", BAD),
        near=("southern", CLEAR),
        fact="Southern needs three",
    )
    world.plant(
        "Two can pay an invented employee",
        "HR-12",
        "southern",
        who=("southern", BAD),
        near=("northern", CLEAR),
        fact="Northern needs three",
    )
