"""What a person declares about one table of files: the object in `tables.yaml` and in a connection's settings."""

import codecs
import re
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from queryflow.domain.storable import is_storable
from queryflow.domain.suggestions import did_you_mean, listed

ENCODINGS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1250", "cp1251", "cp1252", "cp1253", "cp1254"),
    *("cp1257", "cp437", "cp850", "iso8859-2", "iso8859-15", "mac-roman", "koi8-r", "shift_jis", "cp932", "euc_jp"),
    *("euc_kr", "gbk", "gb18030", "big5"),
)
"""The encodings that a file may be in, by Python's names; other names of theirs are known too."""
_PLAIN_TYPES = {
    **dict.fromkeys(("BOOLEAN", "BOOL"), "BOOLEAN"),
    "TINYINT": "TINYINT",
    "SMALLINT": "SMALLINT",
    "INTEGER": "INTEGER",
    "INT": "INTEGER",
    "BIGINT": "BIGINT",
    "UTINYINT": "UTINYINT",
    "USMALLINT": "USMALLINT",
    "UINTEGER": "UINTEGER",
    "UBIGINT": "UBIGINT",
    "FLOAT": "FLOAT",
    "REAL": "FLOAT",
    "DOUBLE": "DOUBLE",
    **dict.fromkeys(("VARCHAR", "TEXT", "STRING"), "VARCHAR"),
    "DATE": "DATE",
    "TIME": "TIME",
    "UUID": "UUID",
    "JSON": "JSON",
    **dict.fromkeys(("TIMESTAMP", "DATETIME", "TIMESTAMP WITHOUT TIME ZONE"), "TIMESTAMP"),
    **dict.fromkeys(("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE"), "TIMESTAMP WITH TIME ZONE"),
    "DECIMAL": "DECIMAL(18,3)",
    "NUMERIC": "DECIMAL(18,3)",
}
_DECIMAL = re.compile(r"(?:DECIMAL|NUMERIC)\s*\(\s*(\d{1,2})\s*(?:,\s*(\d{1,2})\s*)?\)")
_TYPES_SAID = "BOOLEAN, BIGINT, DECIMAL(18,2), DOUBLE, VARCHAR, DATE, TIME, TIMESTAMP, TIMESTAMPTZ"
MOST_TABLES = 10_000
LONGEST_NAME = 1_000


def _file(word: str) -> str:
    path = PurePosixPath(word)
    if not word or path.is_absolute() or ".." in path.parts or not is_storable(word):
        raise ValueError("is the name of a file or folder below this folder")
    return word


def _one_character(word: str) -> str:
    if len(word) != 1 or not word.isascii() or word in '\r\n\0"':
        raise ValueError("is one character, such as ';' or '\\t'")
    return word


def _delimiter(word: object) -> object:
    return "\t" if word in {"\\t", "tab"} else word


def _quote(word: str) -> str:
    if len(word) > 1 or not word.isascii() or word in {"\r", "\n", "\0"}:
        raise ValueError("is one character, or '' where nothing is quoted")
    return word


def _sign(word: str) -> str:
    if len(word) != 1 or word.isalnum() or word in '+-\r\n\0"':
        raise ValueError("is one sign, such as ',' or '.'")
    return word


def _encoding(word: str) -> str:
    try:
        found = codecs.lookup(word).name
    except (LookupError, ValueError):
        found = ""
    known = {codecs.lookup(each).name: each for each in ENCODINGS}
    if found not in known:
        near = did_you_mean(word, ENCODINGS)
        raise ValueError(f"is {word}, no known encoding; {f'{near}?' if near else listed(ENCODINGS)}")
    return known[found]


def _type(word: str) -> str:
    """DuckDB's own word for the type, which a file's column can be turned into and a result can hold."""
    name = " ".join(word.upper().split())
    if name in _PLAIN_TYPES:
        return _PLAIN_TYPES[name]
    if found := _DECIMAL.fullmatch(name):
        digits, scale = int(found[1]), int(found[2] or 0)
        if 1 <= digits <= 38 and scale <= digits:
            return f"DECIMAL({digits},{scale})"
        raise ValueError(f"is {word}: give it 1 to 38 digits, and no more of them after the point than in all")
    near = did_you_mean(name, _PLAIN_TYPES)
    raise ValueError(f"is {word}, no type here; {f'{near}?' if near else f'types are {_TYPES_SAID}'}")


Text = Annotated[str, Field(max_length=LONGEST_NAME)]
ColumnName = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]


class TableOptions(BaseModel):
    """How the files of a table are read; what is not declared is found by the rules."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    file: Annotated[Text, AfterValidator(_file)] | None = None
    """The file or subfolder below the folder, or a pattern such as `2026-*.csv`; without it the table's own name."""
    delimiter: Annotated[str, BeforeValidator(_delimiter), AfterValidator(_one_character)] | None = None
    """What stands between fields."""
    quote: Annotated[str, AfterValidator(_quote)] | None = None
    """What stands around a field, `"` unless declared; '' where quotes mean nothing."""
    header: bool | tuple[ColumnName, ...] = True
    """Whether the first line has the names; a list gives them, and the file then has no such line."""
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    """How the letters are written, such as cp1252; utf-8 unless declared."""
    decimal: Annotated[str, AfterValidator(_sign)] = "."
    """What stands before a number's fraction."""
    thousands: Annotated[str, AfterValidator(_sign)] | None = None
    """What may stand between each three digits before the fraction."""
    nulls: tuple[Text, ...] = ()
    """Fields that mean NULL, quoted or not, beside the empty one."""
    date_format: Text | None = None
    """How dates are written, in strptime's words: `%d.%m.%Y`."""
    types: dict[ColumnName, Annotated[str, AfterValidator(_type)]] = Field(default_factory=dict)
    """DuckDB's type by column."""
    skip: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Lines before the header, which are no part of the table."""
    allow_uneven: bool = False
    """Whether a row may have fewer fields than the header; those that are missing are NULL."""

    @model_validator(mode="after")
    def _signs_differ(self) -> "TableOptions":
        if self.thousands == self.decimal:
            raise ValueError("thousands and decimal are different signs")
        if self.delimiter is not None and self.delimiter == self.quote:
            raise ValueError("delimiter and quote are different characters")
        return self

    def document(self) -> dict[str, Any]:
        """The options as JSON, without what is default."""
        return self.model_dump(mode="json", exclude_defaults=True)
