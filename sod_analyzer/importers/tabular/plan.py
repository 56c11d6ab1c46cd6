"""What a mapping asks for, checked before any file is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sod_analyzer.errors import ConfigError, Problem, SourceRef, near
from sod_analyzer.importers.tabular.options import (
    FIELDS,
    Column,
    MappingOptions,
    Matrix,
    Relation,
)
from sod_analyzer.model.batch import SourceSpec

#: Stands for the file's own name, without folder and ending, wherever a column may stand.
FILE_STEM = "$file"

DATE_FIELDS = ("valid_from", "valid_until", "created_at", "last_used_at", "expires_on")
FLAG_FIELDS = ("enabled", "privileged", "conditional", "eligible", "self_granted")
#: Describe the account itself; they need a record about exactly one account.
ACCOUNT_FIELDS = (
    "employee_id",
    "email",
    "name",
    "owner",
    "kind",
    "enabled",
    "created_at",
    "last_used_at",
    "expires_on",
)
#: Describe the group itself.
GROUP_FIELDS = ("group_title", "group_owner", "privileged")
#: What `mode` may say of a right: it works by itself, or somebody must approve each use.
MODES = ("alone", "with-approval")
#: Name a node, so that a cell may name several.
NODE_FIELDS = ("account", "group", "member", "permission", "resource", "identity")
GRANT_FIELDS = (
    "valid_from",
    "valid_until",
    "conditional",
    "eligible",
    "self_granted",
    "condition",
)

#: The node fields that each relation needs; any other is refused.
NEEDS: Mapping[Relation, tuple[str, ...]] = {
    Relation.ACCESS: ("account", "permission", "resource"),
    Relation.MEMBERSHIP: ("account", "group"),
    Relation.NESTING: ("member", "group"),
    Relation.ROLE_RIGHTS: ("group", "permission", "resource"),
    Relation.USES: ("identity", "account"),
    Relation.CONTROLS: ("identity", "account"),
    Relation.ACCOUNTS: ("account",),
}
#: What a mapping without `relation` states; `resource` goes with `permission`.
_IMPLIED: Mapping[frozenset[str], Relation] = {
    frozenset({"account", "permission"}): Relation.ACCESS,
    frozenset({"account", "group"}): Relation.MEMBERSHIP,
    frozenset({"member", "group"}): Relation.NESTING,
    frozenset({"group", "permission"}): Relation.ROLE_RIGHTS,
    frozenset({"account"}): Relation.ACCOUNTS,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping that makes sense: the relation, and every field with where its text comes from."""

    relation: Relation
    columns: Mapping[str, Column]
    options: MappingOptions
    matrix: Matrix | None
    wanted: frozenset[str]  # every column that is read, `$file` aside

    @property
    def needs(self) -> tuple[str, ...]:
        """The fields that every record must fill, in the order of the relation."""
        return NEEDS[self.relation]


def make_plan(options: MappingOptions, spec: SourceSpec, *, matrix: Matrix | None = None) -> Plan:
    """The plan of this mapping.

    Raises:
        ConfigError: every contradiction in it.
    """
    columns = options.columns.stated()
    given = set(columns) | set(options.constants)
    if matrix is not None:
        given |= {matrix.header} | ({matrix.cells} if matrix.cells else set())
    problems = _Problems(spec.where)
    _check_words(options, problems)
    _check_columns(columns, problems)
    _check_matrix(matrix, columns, options, problems)
    relation = _relation(options, given, problems)
    if relation is not None:
        _check_relation(relation, given, options, problems)
        shared = ", ".join(sorted(columns.keys() & {*ACCOUNT_FIELDS}))
        if shared and "account" in options.multi:
            problems.add("multi", f"several accounts in one cell cannot share {shared}")
    if problems.found or relation is None:
        raise ConfigError(problems.found)
    named = {name for column in columns.values() for name in column.sources}
    wanted = frozenset(named | set(options.skip)) - {FILE_STEM}
    return Plan(relation, columns, options, matrix, wanted)


class _Problems:
    """Gathers what is wrong, with the option it is wrong in."""

    def __init__(self, where: SourceRef) -> None:
        self.where = where
        self.found: list[Problem] = []

    def add(self, option: str, text: str, *, where: SourceRef | None = None) -> None:
        place = where or self.where
        self.found.append(Problem(text, SourceRef(place.path, place.line, option)))


def _check_words(options: MappingOptions, problems: _Problems) -> None:
    named = {"constants": options.constants, "translate": options.translate, "multi": options.multi}
    for option, keys in named.items():
        for key in sorted(set(keys) - set(FIELDS)):
            problems.add(option, f"no field '{key}'{near(key, FIELDS)}")
    for key in sorted(set(options.multi) & set(FIELDS) - set(NODE_FIELDS)):
        problems.add("multi", f"a record has one {key}; only {', '.join(NODE_FIELDS)} may be many")
    for key, constant in options.constants.items():
        if not constant.strip():
            problems.add("constants", f"the text of {key} is empty")
    told = {options.constants.get("mode", MODES[0]), *options.translate.get("mode", {}).values()}
    for word in sorted(told - {*MODES}):
        problems.add("mode", f"'{word}' is neither {' nor '.join(MODES)}")
    for key, separator in options.multi.items():
        if not separator:
            problems.add("multi", f"the separator of {key} is empty")
    for key in sorted(set(options.translate) & {*DATE_FIELDS, *FLAG_FIELDS}):
        problems.add("translate", f"{key} is not a text; use date_format, or true and false")


def _check_columns(columns: Mapping[str, Column], problems: _Problems) -> None:
    for field, column in columns.items():
        if not column.sources:
            problems.add(f"columns.{field}", "names no column", where=column.where)
        if column.column is not None and column.columns:
            text = "has both column and columns; state one"
            problems.add(f"columns.{field}", text, where=column.where)
        if (column.true or column.false) and field not in FLAG_FIELDS:
            flags = ", ".join(FLAG_FIELDS)
            problems.add(f"columns.{field}", f"true and false are for {flags}", where=column.where)


def _check_matrix(
    matrix: Matrix | None,
    columns: Mapping[str, Column],
    options: MappingOptions,
    problems: _Problems,
) -> None:
    if matrix is None:
        return
    place = matrix.where
    for option, field in (("header", matrix.header), ("cells", matrix.cells)):
        if field is None:
            continue
        if field not in NODE_FIELDS:
            problems.add(
                f"matrix.{option}", f"'{field}' is none of {', '.join(NODE_FIELDS)}", where=place
            )
        elif field in columns or field in options.constants:
            problems.add(
                f"matrix.{option}", f"{field} has a column or constant of its own", where=place
            )
    if matrix.header == matrix.cells:
        problems.add("matrix.cells", "header and cells give the same field", where=place)
    if bool(matrix.marks) == (matrix.cells is not None):
        problems.add(
            "matrix", "state either marks (the texts that mean yes) or cells (a field)", where=place
        )
    if "account" in {matrix.header, matrix.cells} and set(columns) & set(ACCOUNT_FIELDS):
        problems.add(
            "matrix", "accounts across the table cannot share one record's own columns", where=place
        )


def _relation(options: MappingOptions, given: set[str], problems: _Problems) -> Relation | None:
    if options.relation is not None:
        return options.relation
    nodes = frozenset(given & set(NODE_FIELDS) - {"resource"})
    implied = _IMPLIED.get(nodes)
    if implied is None:
        listed = ", ".join(sorted(nodes)) or "nothing"
        known = ", ".join(Relation)
        problems.add(
            "columns",
            f"a record of {listed} does not say what it states; name a relation ({known}), "
            "and give each statement a source entry of its own",
            where=options.columns.where,
        )
    return implied


def _check_relation(
    relation: Relation, given: set[str], options: MappingOptions, problems: _Problems
) -> None:
    needs = NEEDS[relation]
    for field in needs:
        if field in given:
            continue
        text = f"relation {relation} needs a column or constant for {field}"
        if field == "resource":
            text += '; if every right covers the whole system, say constants: {resource: "*"}'
        problems.add("columns", text, where=options.columns.where)
    for field in sorted(given & set(FIELDS) - _allowed(relation)):
        problems.add(
            "columns",
            f"relation {relation} has no place for {field}; "
            "state it in a source entry of its own, or leave it out",
            where=options.columns.where,
        )
    _check_systems(relation, options, problems)


def _allowed(relation: Relation) -> frozenset[str]:
    """The fields that have a place in the relation."""
    needs = NEEDS[relation]
    return frozenset(
        (
            *needs,
            *(ACCOUNT_FIELDS if "account" in needs else ()),
            *(GROUP_FIELDS if "group" in needs else ()),
            *(("mode",) if "permission" in needs else ()),
            *(GRANT_FIELDS if relation is not Relation.ACCOUNTS else ()),
        )
    )


def _check_systems(relation: Relation, options: MappingOptions, problems: _Problems) -> None:
    becoming = relation in {Relation.USES, Relation.CONTROLS}
    if becoming and options.identity_system is None:
        problems.add("identity_system", f"relation {relation} needs the people's system")
    if options.identity_system is not None and not becoming:
        problems.add("identity_system", f"relation {relation} names no people")
    if options.group_system is not None and "group" not in NEEDS[relation]:
        problems.add("group_system", f"relation {relation} names no group")
