"""The tables a person declares: `tables.yaml` in a folder, and the same object in a connection's settings.

A table that is declared wrongly is kept with what is wrong, for only the queries that read it fail.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from queryflow.domain.errors import Invalid, Problem
from queryflow.domain.files.table_options import MOST_TABLES, TableOptions
from queryflow.domain.flow.document import join, json_problems
from queryflow.domain.flow.yaml_reader import read_yaml
from queryflow.domain.suggestions import did_you_mean

TABLES_FILE = "tables.yaml"
KNOWN_KEYS = tuple(TableOptions.model_fields)
_ABOVE = ("tables", "queryflow", "kind")


@dataclass(frozen=True, slots=True)
class DeclaredTables:
    """What is declared of tables, by `table_key` of their names."""

    options: Mapping[str, TableOptions] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """The names as they were written."""
    wrong: Mapping[str, Invalid] = field(default_factory=dict)
    """What is wrong with a table's declaration."""
    broken: Invalid | None = None
    """Why nothing of it can be read: then no table's declaration is known."""

    def of(self, name: str) -> TableOptions:
        """The options of the table, those of an undeclared one if it is none; Invalid if they are wrong."""
        if self.broken is not None:
            raise self.broken
        key = table_key(name)
        if key in self.wrong:
            raise self.wrong[key]
        return self.options.get(key, TableOptions())

    def under(self, other: "DeclaredTables") -> "DeclaredTables":
        """These, but a table that the other declares is as it says: the settings of a connection win over a file."""
        if other.broken is not None:
            return other
        theirs = {*other.options, *other.wrong}
        return DeclaredTables(
            {**{key: each for key, each in self.options.items() if key not in theirs}, **other.options},
            {**self.names, **other.names},
            {**{key: each for key, each in self.wrong.items() if key not in theirs}, **other.wrong},
            self.broken,
        )


def table_key(name: str) -> str:
    """What two names share that SQL takes for one: the case of letters and how an accent is composed do not count."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def read_tables(text: str, file: str = TABLES_FILE) -> DeclaredTables:
    """The tables that the text of a `tables.yaml` declares; `file` is its name for people."""
    try:
        document = read_yaml(text)
    except Invalid as error:
        return DeclaredTables(broken=_broken(file, error.problems))
    if document is None:
        return DeclaredTables()
    problems = list(_problems_above(document))
    if problems:
        return DeclaredTables(broken=_broken(file, problems))
    return declared_tables(document.get("tables"), file)


def declared_tables(tables: object, where: str = "settings") -> DeclaredTables:
    """The tables of the object `tables` (name → options); `where` says for people where it stands."""
    if tables is None:
        return DeclaredTables()
    if problems := _problems_of_all(tables):
        return DeclaredTables(broken=_broken(where, problems))
    return _declared(dict(tables) if isinstance(tables, Mapping) else {}, where)


def _declared(tables: dict[str, Any], where: str) -> DeclaredTables:
    options: dict[str, TableOptions] = {}
    names: dict[str, str] = {}
    wrong: dict[str, Invalid] = {}
    for name, body in tables.items():
        key = table_key(name)
        if key in names:
            wrong[key] = _wrong(where, name, [_twice(name, names[key])])
        read = _options(body)
        if isinstance(read, TableOptions):
            options[key] = read
        else:
            wrong[key] = _wrong(where, name, read)
        names[key] = name
    return DeclaredTables(options, names, wrong)


def table_problems(tables: object, path: str = "settings.tables") -> list[Problem]:
    """Everything that is wrong with the object `tables` (name → options), with where it stands below `path`."""
    found = _problems_of_all(tables)
    if found or not isinstance(tables, Mapping):
        return [Problem(each.code, join(path, each.path) if each.path else path, each.message) for each in found]
    problems: list[Problem] = []
    names: dict[str, str] = {}
    for name, body in tables.items():
        read = _options(body)
        own = [] if isinstance(read, TableOptions) else read
        if table_key(name) in names:
            own = [_twice(name, names[table_key(name)]), *own]
        names[table_key(name)] = name
        problems += (Problem(each.code, join(join(path, name), each.path).rstrip("."), each.message) for each in own)
    return problems


def _problems_of_all(tables: object) -> list[Problem]:
    if not isinstance(tables, Mapping):
        return [Problem("WRONG_TYPE", "", "tables is a mapping from the names of tables to how they are read.")]
    if len(tables) > MOST_TABLES:
        return [Problem("TOO_MANY", "", f"At most {MOST_TABLES:,} tables are declared.")]
    return json_problems(tables)


def _problems_above(document: object) -> Iterator[Problem]:
    if not isinstance(document, Mapping):
        yield Problem("WRONG_TYPE", "", "the file is a mapping with the key tables: `tables: {sales: {delimiter: ;}}`.")
        return
    for key in document:
        if key not in _ABOVE:
            yield Problem("UNKNOWN_FIELD", str(key), _unknown(str(key), _ABOVE))


def _options(body: object) -> TableOptions | list[Problem]:
    """The options, or all that is wrong with them."""
    if body is None:
        return TableOptions()
    if not isinstance(body, Mapping):
        return [Problem("WRONG_TYPE", "", "a table is a mapping from options to values, such as {delimiter: ;}.")]
    try:
        return TableOptions.model_validate_json(json.dumps(body))
    except ValidationError as error:
        found = [_problem(each) for each in error.errors(include_url=False, include_context=False)]
        return list({each.path: each for each in found}.values())


def _problem(error: ErrorDetails) -> Problem:
    location = [str(part) for part in error["loc"]]
    path = ".".join(location[:1] if location[:1] == ["header"] else location)
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        return Problem("UNKNOWN_FIELD", path, _unknown(path, KNOWN_KEYS))
    if path == "header":
        return Problem("WRONG_VALUE", path, "header is true, false, or a list with a name for every column.")
    if error["type"] == "value_error":
        return Problem("WRONG_VALUE", path, f"{path} {message}{'' if message.endswith('?') else '.'}".lstrip())
    _, _, rest = message.partition(" should ")
    code = "WRONG_TYPE" if error["type"].endswith("_type") else "WRONG_VALUE"
    return Problem(code, path, f"{path} should {rest}." if rest else f"{path}: {message}.")


def _unknown(key: str, known: tuple[str, ...]) -> str:
    near = did_you_mean(key, known)
    return f"{key} is not known here; " + (f"{near}?" if near else f"known are {', '.join(known)}.")


def _twice(name: str, other: str) -> Problem:
    return Problem("DUPLICATE_KEY", "", f"{name} and {other} are one name to SQL; keep one of the two.")


def _wrong(where: str, name: str, problems: list[Problem]) -> Invalid:
    sentences = " ".join(each.message for each in problems)
    return Invalid(f"{where} declares the table {name} in a way that cannot be read: {sentences}", problems)


def _broken(where: str, problems: "list[Problem] | tuple[Problem, ...]") -> Invalid:
    placed = (each.message if each.line is None else f"Line {each.line}: {each.message}" for each in problems)
    sentences = " ".join(placed)
    return Invalid(f"{where} cannot be read: {sentences}", problems)
