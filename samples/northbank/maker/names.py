"""Names for people who do not exist, with the letters that real names have."""

from __future__ import annotations

from collections.abc import Callable

FIRST = (
    "Aoife", "Ann", "Björn", "Brendan", "Ciara", "Clíona", "Cormac", "Dáithí", "Deirdre", "Dmitri",
    "Eamon", "Elif", "Emeka", "Eva", "Fatima", "Fergal", "Fiona", "Gráinne", "Hannah", "Hugo",
    "Ines", "Ivan", "Jakub", "Jürgen", "Kaede", "Karim", "Katarzyna", "Lena", "Liam", "Łukasz",
    "Maeve", "Malik", "Mireille", "Nadia", "Niamh", "Nuno", "Oisín", "Olga", "Pádraig", "Priya",
    "Rafael", "Róisín", "Samir", "Saoirse", "Seán", "Siobhán", "Søren", "Tariq", "Thandi", "Tomás",
    "Una", "Viktor", "Wei", "Xavier", "Yusuf", "Zoë",
)  # fmt: skip
LAST = (
    "Abbott", "Adeyemi", "Ahern", "Andersson", "Baker", "Barry", "Böhm", "Brady", "Byrne", "Çelik",
    "Clarke", "Costa", "Daly", "Dempsey", "Dubois", "Egan", "Farrell", "Fitzgerald", "Flynn",
    "Gallagher", "Garcia", "Hayes", "Hegarty", "Ito", "Jensen", "Kavanagh", "Keane", "Kowalski",
    "Lambert", "Larkin", "Lee", "Lynch", "Maguire", "Malone", "McCarthy", "Moran", "Müller",
    "Murphy", "Nagy", "Nakamura", "Nolan", "Novák", "Okafor", "Park", "Peeters", "Petrov", "Quinn",
    "Reilly", "Rossi", "Ruiz", "Ryan", "Santos", "Schäfer", "Sheridan", "Silva", "Singh", "Tanaka",
    "Tierney", "Ustinov", "Varga", "Walsh", "Weiß", "Yilmaz", "Zieliński",
)  # fmt: skip


def shuffled(rank: Callable[[str], int]) -> list[str]:
    """Distinct full names in the order of their rank; more than the bank will hire."""
    made = {f"{first} {last}" for first in FIRST for last in LAST}
    return sorted(made, key=lambda name: (rank(name), name))[:600]
